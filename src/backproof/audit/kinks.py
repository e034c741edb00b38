"""Whether a stated convention is one: only where the derivative does not exist may a value be chosen."""

from __future__ import annotations

from backproof.audit.findings import shorten
from backproof.domains import Context
from backproof.kernel import Kind, judge
from backproof.language import to_source
from backproof.language.document import Kink, Node
from backproof.terms import derivative, mul, sym, where


def check_kink(node: Node, kink: Kink, plain: Context) -> str:
    """Return why ``kink`` is no convention, or nothing.

    ``plain`` has the forward definitions of ``node`` and its domains, but no gradient.
    """
    output = sym(node.lines[-1].name)
    upstream = sym(f"d{output.data}")
    true = mul(upstream, derivative(output, sym(kink.gradient.removeprefix("d"))))
    verdict = judge(where(kink.condition, true, kink.value), kink.value, plain)
    both_defined = "undefined" not in (verdict.left, verdict.right)
    if verdict.kind is not Kind.REFUTED or not both_defined:
        return ""
    place = ", ".join(f"{name} = {value}" for name, value in verdict.point)
    return (
        f"the derivative exists at {place}: {kink.gradient} is {shorten(verdict.left)} there, "
        f"not {to_source(kink.value)}"
    )
