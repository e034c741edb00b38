"""Cases: how the domain is cut by the signs of subjects until every choice is decided."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, Final

from backproof.domains import Context, Domain
from backproof.errors import DomainError
from backproof.kernel.normal import Normal
from backproof.kernel.ring import Generator, Quotient, Restart, Table, TooBig
from backproof.terms import ONE, ZERO, Term, add, div, idx, mul, names, neg, num, postorder, relation, sub, sym

MAX_RESTARTS: Final = 64
MAX_FACTS: Final = 8


@dataclass(frozen=True, slots=True)
class Case:
    """Part of the domain: names that have become terms in positive parameters, and signs that hold there.

    ``places`` says which free indices are equal to others.
    """

    values: dict[str, Term] = field(default_factory=dict)
    positive: frozenset[str] = frozenset()
    facts: tuple[tuple[Term, int], ...] = ()
    assumed: tuple[Term, ...] = ()
    places: dict[str, Term] = field(default_factory=dict)
    node: dict[str, Any] = field(default_factory=dict, compare=False)

    def parameter(self) -> Term:
        """Return a positive parameter that is not in use."""
        return sym(f"_{len(self.positive)}")

    def let(self, name: str, value: Term) -> Case:
        fresh = [n for n in names(value) if is_parameter(n)]
        return replace(self, values={**self.values, name: value}, positive=self.positive.union(fresh))


def is_parameter(name: str) -> bool:
    """Say whether a name is one of the kernel's own; the language has no such names."""
    return name.startswith("_")


def initial_cases(
    context: Context, free: Iterable[str], assumed: tuple[Term, ...], tree: dict[str, Any] | None = None
) -> list[Case]:
    """Return the cases that cover the domains of the free names; together they are the whole domain.

    ``tree`` is filled in with how the cases came about, for the certificate.
    """
    cases, is_whole = [Case(assumed=assumed, node={} if tree is None else tree)], bool(context.shapes)
    for name in free:
        domain = context.domain(name)
        shape = context.shapes.get(name, ())
        cases = [made for case in cases for made in _grown(case, name, _cover(case, name, domain, shape, is_whole))]
    return cases


def _grown(case: Case, name: str, children: Iterable[Case]) -> list[Case]:
    """Return the children with nodes of their own, which the case's node names."""
    made = [replace(child, node={}) for child in children]
    case.node["parts"] = [(("name", name, child.values.get(name)), child.node) for child in made]
    return made


def _solved_name(case: Case, child: Case) -> str:
    return next(name for name in child.values if name not in case.values)


def _cover(case: Case, name: str, domain: Domain, shape: tuple[str, ...], is_whole: bool) -> Iterator[Case]:
    """Yield the parts of a domain: its closed ends and the inside, or in one where ``is_whole``, for integers."""
    low, high = domain.low, domain.high
    if shape:
        yield _cover_entries(case, name, domain, shape)
        return
    if domain.integer and is_whole:
        yield _between_ends(case, name, domain)
        return
    if low is not None and not domain.low_open:
        yield case.let(name, num(low))
    if high is not None and not domain.high_open and high != low:
        yield case.let(name, num(high))
    if low is not None and low == high:
        return
    inside = _inside(case.parameter(), domain)
    if inside is None or domain.integer:
        yield case if not domain.integer or (low or 0) < 0 else _at_least(case, name, domain)
    else:
        yield case.let(name, inside)


def _cover_entries(case: Case, name: str, domain: Domain, shape: tuple[str, ...]) -> Case:
    """Put every entry of an array into its open interval; closed ends are left to the atom's own sign."""
    is_open = domain.low_open and domain.high_open and not (domain.integer or domain.constraint)
    entry = sym(case.parameter().data, *(idx(axis) for axis in shape))
    inside = _inside(entry, domain) if is_open else None
    return case if inside is None else case.let(name, inside)


def _between_ends(case: Case, name: str, domain: Domain) -> Case:
    """Leave an integer as it is, such as the stride of a window; its sign is asked for where it decides."""
    above = [] if domain.low is None else [sub(sym(name), num(domain.low))]
    below = [] if domain.high is None else [sub(num(domain.high), sym(name))]
    known = tuple(relation("ge", gap, ZERO) for gap in (*above, *below))
    return replace(case, assumed=(*case.assumed, *known))


def _at_least(case: Case, name: str, domain: Domain) -> Case:
    if domain.low is None:
        return case
    return replace(case, facts=(*case.facts, (sub(sym(name), num(domain.low)), 1)))


def _inside(p: Term, domain: Domain) -> Term | None:
    """Return the open interval as a term in p > 0; None where the name itself will do."""
    low, high = domain.low, domain.high
    if low is not None and high is not None:
        return div(add(num(low), mul(num(high), p)), add(ONE, p))
    if low is not None:
        return add(num(low), p) if low else None if domain.low_open else p
    if high is not None:
        return sub(num(high), p) if high else None if domain.high_open else neg(p)
    return None


def evaluator(context: Context, case: Case, table: Table) -> Normal | None:
    """Return an evaluator that knows the facts of the case; None where they contradict each other."""
    normal = case.node["normal"] = Normal(context, table, case.values, case.positive)
    for fact, sign in case.facts:
        value = normal(fact)
        if contradicts(normal, value, sign):
            return None
        normal.signs.learn(value, sign)
    for condition in case.assumed:
        if not normal.assume(condition):
            return None
    return normal


def contradicts(normal: Normal, value: Quotient, sign: int) -> bool:
    """Say whether ``value`` certainly does not have ``sign`` anywhere in the case."""
    known = normal.signs.of(value)
    if known is not None:
        return known != sign
    if sign == 0:
        return normal.signs.is_nonzero(value)
    return normal.signs.is_nonnegative(-value if sign == 1 else value)


def narrowed(context: Context, condition: Term) -> Context | None:
    """Return the context in which the condition is part of a name's domain; None where it is not that simple."""
    subject, bound = condition.args
    if subject.head != "sym" or not _is_generic(subject) or bound is not ZERO or subject.data in context.definitions:
        return None
    try:
        better = _narrowed_domain(context.domain(subject.data), condition.head)
    except DomainError:
        return None
    return replace(context, domains={**context.domains, subject.data: better})


def _narrowed_domain(domain: Domain, head: str) -> Domain:
    if head == "ne":
        return replace(domain, nonzero=True)
    if domain.low is None or domain.low < 0:
        return replace(domain, low=Fraction(0), low_open=head == "gt")
    return replace(domain, low_open=True) if head == "gt" and domain.low == 0 else domain


def _is_generic(entry: Term) -> bool:
    """Say whether a symbol is read at distinct plain indices, so that a condition on it is one on every entry."""
    return all(arg.head == "idx" for arg in entry.args) and len(set(entry.args)) == len(entry.args)


def split(context: Context, case: Case, subject: Term, table: Table) -> list[Case]:
    """Return the three cases in which the subject is positive, zero and negative."""
    if len(case.facts) >= MAX_FACTS:
        raise TooBig(f"more than {MAX_FACTS} signs that must be known at once")
    normal = settled(context, replace(case, assumed=()), table, subject)
    if normal is None:
        return []
    solved = _solve(normal, normal(subject), case)
    if not solved:
        made = [_with_fact(replace(case, node={}), subject, sign) for sign in (1, 0, -1)]
        parts = zip((1, 0, -1), made, strict=True)
        case.node["parts"] = [(("sign", subject, sign), child.node) for sign, child in parts]
        return made
    made = [replace(solved[sign], node={}) for sign in (1, 0, -1)]
    names_solved = [_solved_name(case, child) for child in made]
    case.node["parts"] = [
        (("let", subject, sign, name, child.values[name]), child.node)
        for sign, name, child in zip((1, 0, -1), names_solved, made, strict=True)
    ]
    return made


def split_by_index(case: Case, name: str, place: Term) -> list[Case]:
    """Return the two cases in which a free index is the same as another one, and in which it is not."""
    places = {old: place if at is idx(name) else at for old, at in case.places.items()}
    apart = relation("ne", sub(idx(name), place), ZERO)
    together = replace(case, places={**places, name: place}, node={})
    made = [together, replace(case, assumed=(*case.assumed, apart), node={})]
    case.node["parts"] = [(("index", name, place), child.node) for child in made]
    return made


def settled(context: Context, case: Case, table: Table, *subjects: Term) -> Normal | None:
    """Return an evaluator that has seen the subjects, with units that settled; None where the case is empty."""
    for _ in range(MAX_RESTARTS):
        try:
            normal = evaluator(context, case, table)
            if normal is not None:
                for subject in subjects:
                    normal(subject)
        except Restart:
            continue
        return normal
    raise TooBig("the units of exponents and roots do not settle")


def _with_fact(case: Case, subject: Term, sign: int) -> Case:
    return replace(case, facts=(*case.facts, (subject, sign)))


def _solve(normal: Normal, value: Quotient, case: Case) -> dict[int, Case]:
    """Return the cases in which a variable of the subject can be replaced by a term in a parameter."""
    ring, polynomial = normal.ring, value.numerator
    if not value.denominator.is_constant():
        return {}
    degrees = polynomial.degrees()
    for generator in ring.generators:
        if degrees[generator.number] != 1 or not _is_free(generator):
            continue
        slope = polynomial.derivative(generator.number)
        if not slope.is_constant() or _occurs_elsewhere(normal, generator, polynomial):
            continue
        rest = ring.quotient(polynomial - slope * ring.polynomials[generator.number])
        lead = ring.quotient(slope).as_fraction()
        if lead:
            return _replacements(case, generator, lead, rest)
    return {}


def _is_free(generator: Generator) -> bool:
    return (
        generator.head == "atom"
        and generator.term.head == "sym"
        and not (
            generator.is_integer
            or generator.is_nonzero
            or generator.sign == -1
            or generator.term.args
            or generator.term.data == "pi"
        )
    )


def _occurs_elsewhere(normal: Normal, generator: Generator, polynomial: object) -> bool:
    used = [g for g in normal.ring.generators if polynomial.degrees()[g.number]]  # type: ignore[attr-defined]
    return any(generator.term in set(postorder(g.term)) for g in used if g is not generator)


def _replacements(case: Case, generator: Generator, lead: Fraction, rest: Quotient) -> dict[int, Case]:
    name, p, constant = generator.term.data, case.parameter(), rest.as_fraction()
    at = _scaled(neg(rest.term()), lead)
    if generator.sign is None:
        steps = {1: add(at, _scaled(p, lead)), 0: at, -1: sub(at, _scaled(p, lead))}
        return {sign: case.let(name, term) for sign, term in steps.items()}
    if constant is None:
        return _replacements_of_pair(case, generator, lead, rest)
    if -constant / lead <= 0:
        return {}
    root = num(-constant / lead)
    up, down = add(root, p), mul(root, div(p, add(ONE, p)))
    above = 1 if lead > 0 else -1
    return {above: case.let(name, up), 0: case.let(name, root), -above: case.let(name, down)}


def _replacements_of_pair(case: Case, generator: Generator, lead: Fraction, rest: Quotient) -> dict[int, Case]:
    """Compare two positive names: whichever is larger becomes the other plus a positive parameter."""
    terms = list(rest.ring.monomials(rest.numerator))
    if len(terms) != 1 or len(terms[0][0]) != 1 or terms[0][0][0][1] != 1:
        return {}
    other, ratio = rest.ring.generators[terms[0][0][0][0]], -terms[0][1] / lead
    if not _is_free(other) or other.sign != 1 or ratio <= 0:
        return {}
    p, above = case.parameter(), 1 if lead > 0 else -1
    name, other_name = generator.term.data, other.term.data
    at = mul(num(ratio), other.term)
    return {
        above: case.let(name, add(at, p)),
        0: case.let(name, at),
        -above: case.let(other_name, mul(num(1 / ratio), add(generator.term, p))),
    }


def _scaled(term: Term, lead: Fraction) -> Term:
    if lead == 1:
        return term
    return neg(term) if lead == -1 else div(term, num(lead))
