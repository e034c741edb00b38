"""Whether a stated convention is one: only where the derivative does not exist may a value be chosen."""

from __future__ import annotations

from dataclasses import replace

from backproof.audit.findings import shorten
from backproof.calculus.fields import context_with_axes, entry, has_axes
from backproof.domains import Context
from backproof.judgement import judge
from backproof.kernel import Kind
from backproof.language import to_source
from backproof.language.document import Kink, Node
from backproof.terms import Term, derivative, mul, sym, where


def check_kink(node: Node, kink: Kink, plain: Context) -> str:
    """Return why ``kink`` is no convention, or nothing.

    ``plain`` has the forward definitions of ``node`` and its domains, but no gradient.
    """
    true, plain = _without_convention(node, kink.gradient, plain)
    verdict = judge(where(kink.condition, true, kink.value), kink.value, plain)
    both_defined = "undefined" not in (verdict.left, verdict.right)
    if verdict.kind is not Kind.REFUTED or not both_defined:
        return ""
    place = ", ".join(f"{name} = {value}" for name, value in verdict.point)
    return (
        f"the derivative exists at {place}: {kink.gradient} is {shorten(verdict.left)} there, "
        f"not {to_source(kink.value)}"
    )


def _without_convention(node: Node, gradient: str, plain: Context) -> tuple[Term, Context]:
    """Return the gradient as it is without any convention, and what is in force for it."""
    if has_axes(node):
        context = context_with_axes(replace(node, kinks=()))
        return entry(gradient, context.shapes[gradient]), context
    output = sym(node.lines[-1].name)
    return mul(sym(f"d{output.data}"), derivative(output, sym(gradient.removeprefix("d")))), plain
