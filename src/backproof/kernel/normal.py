"""Normal forms: every term as an exact quotient of polynomials, within one case."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Final

from backproof.domains import Context, Definition, Domain
from backproof.kernel import sums
from backproof.kernel.circular import circular, odd, tan_rule
from backproof.kernel.indicators import delta_rule, depends_on_index, positive_rule, without_choice
from backproof.kernel.indices import axis_of, for_every, freshen, reindex, runs_over
from backproof.kernel.interruptions import Beyond, IndexDecides, Split, Undefined
from backproof.kernel.powers import exponential, hyperbolic_rule, log_rule, power_rule, root_term, sqrt_rule
from backproof.kernel.ring import Quotient, Restart, Ring, Table, TooBig
from backproof.kernel.signs import Signs
from backproof.kernel.slopes import (
    CHOICES,
    NotDifferentiable,
    choose,
    differentiate,
    instantiate,
    interior,
    sides,
    unfold,
)
from backproof.terms import (
    ONE,
    REDUCTIONS,
    ZERO,
    Term,
    as_fraction,
    make,
    names,
    reduction,
    relation,
    size,
    sym,
)

#: Derivatives: total ones, and those in which every other name is held (the local derivative of one line).
SLOPES: Final = frozenset({"D", "partial"})


class Normal:
    """Evaluates terms to normal form in one case; collects the conditions under which they are defined."""

    def __init__(self, context: Context, table: Table, values: Mapping[str, Term], positive: frozenset[str]) -> None:
        self.context = context
        self.ring = Ring(table)
        self.signs = Signs(self.ring)
        self.values = values
        self.positive = positive
        self.conditions: dict[Term, None] = {}
        self.done: dict[Term, Quotient] = {}

    def __call__(self, root: Term) -> Quotient:
        """Return the normal form of ``root``; choices and names are looked up when they are met."""
        stack = [root]
        while stack:
            term = stack[-1]
            if term in self.done:
                stack.pop()
                continue
            needed = self.needed(term)
            missing = [arg for arg in needed if arg not in self.done]
            if missing:
                stack.extend(missing)
                continue
            stack.pop()
            self.done[term] = self.combine(term, needed)
        return self.done[root]

    def needed(self, term: Term) -> tuple[Term, ...]:
        """Return the terms whose normal forms give that of ``term``."""
        if term.head == "sym":
            meaning = self.meaning(term)
            return () if meaning is None else (meaning,)
        if term.head in CHOICES:
            return (self.chosen(term),)
        if term.head in SLOPES:
            return self.slope(term)
        return () if term.head in REDUCTIONS or term.head == "unique" else term.args

    def chosen(self, term: Term) -> Term:
        """Return the branch that a choice takes; indicators where an index decides."""
        try:
            return choose(term, self.sign)
        except IndexDecides:
            return without_choice(term)

    def meaning(self, term: Term) -> Term | None:
        definition = self.context.definitions.get(term.data)
        if term.data in self.values:
            definition = Definition(term.data, self.values[term.data], self.context.shapes.get(term.data, ()))
        return None if definition is None else instantiate(definition, term)

    def combine(self, term: Term, needed: tuple[Term, ...]) -> Quotient:
        if term.head == "sym":
            return self.done[needed[0]] if needed else self.atom(term)
        if term.head in CHOICES or term.head in SLOPES:
            return self.done[needed[0]]
        if term.head in REDUCTIONS:
            return sums.reduce(self, term)
        rule = RULES.get(term.head)
        if rule is None:
            raise Beyond(f"the kernel has no rule for {term.head}")
        return rule(self, term, [self.done[arg] for arg in needed])

    def sign(self, subject: Term) -> int:
        """Return the sign of a subject, or raise Split where it is not known in this case."""
        value = self(subject)
        sign = self.signs.of(value)
        if sign is None:
            decisive = self.split_subject(value, subject)
            raise IndexDecides if depends_on_index(decisive) else Split(decisive)
        return sign

    def split_subject(self, value: Quotient, subject: Term) -> Term:
        factor = self.signs.open_factor(value)
        return subject if factor is None else self.ring.term(factor)

    def slope(self, term: Term) -> tuple[Term, ...]:
        """Return the derivative as a term, and the functions, whose own conditions count as well."""
        variable = term.args[1]
        inner = self.unfolded(term.args[0], variable) if term.head == "D" else freshen(term.args[0])
        function = reindex(inner, {}, avoid=variable.axes)
        try:
            every = sides(function, variable, self.sign, self.plain_subject)
            crossed = [join for join in every.joins if self.is_crossed(join, variable)]
            beside = every.beside(crossed)
            slopes = [differentiate(side, variable) for side in beside]
        except NotDifferentiable as problem:
            raise Beyond(str(problem)) from None
        functions = [*((side, variable) for side in beside), *every.inner]
        for base, exponent in interior(functions):
            if not self.is_whole(self(exponent)):
                self.require_positive(self(base), base)
        if every.joins and not (self.agree([function, *beside]) and self.agree(slopes)):
            raise Undefined(relation("ne", every.joins[0], ZERO))
        return (slopes[0], function, *(each for each, _ in functions))

    def unfolded(self, root: Term, variable: Term) -> Term:
        """Return a function down to the variable; what the whole context defines must not be taken for a constant."""
        function = unfold(root, self.context.definitions, variable)
        if self.context.whole is not None:
            open_names = {*names(function)} & self.context.whole.definitions.keys() - {variable.data}
            if open_names:
                raise Beyond(f"a derivative through {min(open_names)}, which is left open")
        return function

    def is_crossed(self, join: Term, variable: Term) -> bool:
        """Say whether a subject that is zero here certainly has a slope that is not."""
        return self.signs.is_nonzero(self(differentiate(join, variable)))

    def plain_subject(self, subject: Term) -> tuple[Term, int]:
        """Return one term for all subjects that differ by a rational factor, and the sign of that factor."""
        known = self.ring.table.plain
        if subject not in known:
            known[subject] = self.without_factor(subject)
        return known[subject]

    def without_factor(self, subject: Term) -> tuple[Term, int]:
        try:
            value = Normal(self.context, Table(), {}, frozenset())(subject)
        except (Restart, Split, Undefined, Beyond, TooBig):
            return subject, 1
        if value.is_zero():
            return subject, 1
        lead = value.numerator.leading_coefficient()
        return Quotient(value.ring, value.numerator / lead, value.denominator).term(), 1 if lead > 0 else -1

    def is_whole(self, exponent: Quotient) -> bool:
        """Say whether a value is certainly an integer."""
        if not exponent.denominator.is_one():
            return False
        terms = list(self.ring.monomials(exponent.numerator))
        used = {number for monomial, _ in terms for number, _ in monomial}
        return all(c.denominator == 1 for _, c in terms) and all(self.ring.generators[i].is_integer for i in used)

    def agree(self, terms: Sequence[Term]) -> bool:
        first = self(terms[0])
        return all(self.signs.vanishes(self(other) - first) for other in terms[1:])

    # What makes a term defined ------------------------------------------------------------------

    def require_nonzero(self, value: Quotient, term: Term) -> None:
        while term.head == "pow" and as_fraction(term.args[1]):
            term = term.args[0]
        if value.is_zero():
            raise Undefined(relation("ne", term, ZERO))
        if not self.signs.is_nonzero(value):
            self.record("ne", term)

    def assume(self, condition: Term) -> bool:
        """Learn that a recorded condition holds; return False where it certainly does not."""
        if condition.head == "eq":
            return True
        value = self(condition.args[0])
        known = self.signs.of(value)
        if condition.head == "gt":
            self.signs.learn(value, 1)
            return known in (None, 1)
        if condition.head == "ge":
            self.signs.learn_nonnegative(value)
            return known in (None, 0, 1)
        self.signs.learn_nonzero(value)
        return known != 0

    def record(self, head: str, term: Term) -> None:
        """Record a side condition; where a bound index occurs it is meant for every value of the index."""
        self.conditions[relation(head, for_every(term), ZERO)] = None

    def require_positive(self, value: Quotient, term: Term) -> None:
        sign = self.signs.of(value)
        if sign is None and self.signs.is_nonnegative(value):
            self.require_nonzero(value, term)
            return
        if sign in (0, -1):
            raise Undefined(relation("gt", term, ZERO))
        if sign is None:
            self.record("gt", term)

    def require_nonnegative(self, value: Quotient, term: Term) -> None:
        if self.signs.of(value) == -1:
            raise Undefined(relation("ge", term, ZERO))
        if not self.signs.is_nonnegative(value):
            self.record("ge", term)

    # Atoms --------------------------------------------------------------------------------------

    def atom(self, term: Term) -> Quotient:
        if term.args:
            term = sym(term.data, *(self(arg).term() for arg in term.args))
        domain = self.context.domain(term.data)
        is_pi = term.data == "pi" and "pi" not in self.context.domains
        low = domain.low if not domain.constraint else Fraction(0)
        shape = self.context.shapes.get(term.data, ())
        inside = all(runs_over(place, axis) for place, axis in zip(term.args, shape, strict=False))
        sign = 1 if is_pi or term.data in self.positive else _sign_of_domain(domain)
        known = {
            "sign": sign if inside else None,
            "is_integer": domain.integer,
            "is_nonzero": domain.nonzero and inside,
            "is_nonnegative": low is not None and low >= 0,
        }
        degree = int(self.ring.table.units.get(term, 1))
        atom = self.ring.generator(term, "atom", root_term(term, degree), **known)
        self.ring.atoms[self.ring.numbers[term]] = (term.data, degree)
        return atom**degree

    def index(self, term: Term) -> Quotient:
        """Return the generator of a running index or of a size; sizes are positive."""
        plain = term if term.head == "idx" else size(axis_of(term.data))
        sign = 1 if term.head == "size" else None
        degree = int(self.ring.table.units.get(plain, 1))
        shown = root_term(plain, degree)
        made = self.ring.generator(plain, "atom", shown, sign=sign, is_integer=True, is_nonnegative=True)
        self.ring.atoms[self.ring.numbers[plain]] = (plain.data, degree)
        return made**degree

    def joined(self, term: Term, value: Quotient) -> Quotient:
        """Return 0: away from the join a choice has a slope; at the join it has none."""
        if not self.signs.is_nonzero(value):
            if depends_on_index(term.args[0]):
                self.record("ne", term.args[0])
            elif self.sign(term.args[0]) == 0:
                raise Undefined(relation("ne", term.args[0], ZERO))
        return self.ring.zero

    def unique(self, term: Term) -> Quotient:
        """Return 1, recording that the extreme value is reached by one entry only."""
        extreme = term.args[0]
        reached = make("bracket", (relation("eq", extreme.args[0], extreme),))
        self.conditions[relation("eq", for_every(reduction("sum", extreme.data, reached)), ONE)] = None
        return self.ring.one


def _sign_of_domain(domain: Domain) -> int | None:
    if domain.low is not None and (domain.low > 0 or (domain.low == 0 and domain.low_open)):
        return 1
    if domain.high is not None and (domain.high < 0 or (domain.high == 0 and domain.high_open)):
        return -1
    return None


# The rules, by head ------------------------------------------------------------------------------

Rule = Callable[[Normal, Term, list[Quotient]], Quotient]


def _sum(normal: Normal, term: Term, args: list[Quotient]) -> Quotient:
    while len(args) > 1:
        args = [sum(args[i + 1 : i + 2], args[i]) for i in range(0, len(args), 2)]
    return args[0]


def _product(normal: Normal, term: Term, args: list[Quotient]) -> Quotient:
    result = args[0]
    for other in args[1:]:
        result *= other
    return result


def _quotient(normal: Normal, term: Term, args: list[Quotient]) -> Quotient:
    normal.require_nonzero(args[1], term.args[1])
    return args[0] / args[1]


RULES: Final[dict[str, Rule]] = {
    "idx": lambda normal, term, args: normal.index(term),
    "size": lambda normal, term, args: normal.index(term),
    "positive": positive_rule,
    "delta": delta_rule,
    "join": lambda normal, term, args: normal.joined(term, args[0]),
    "unique": lambda normal, term, args: normal.unique(term),
    "num": lambda normal, term, args: normal.ring.constant(term.data),
    "add": _sum,
    "neg": lambda normal, term, args: -args[0],
    "mul": _product,
    "div": _quotient,
    "pow": power_rule,
    "exp": lambda normal, term, args: exponential(normal, args[0]),
    "log": log_rule,
    "sqrt": sqrt_rule,
    "sin": lambda normal, term, args: circular(normal, args[0])[1],
    "cos": lambda normal, term, args: circular(normal, args[0])[0],
    "tan": tan_rule,
    "sinh": hyperbolic_rule,
    "cosh": hyperbolic_rule,
    "tanh": hyperbolic_rule,
    "atan": lambda normal, term, args: odd(normal, "atan", args[0]),
    "erf": lambda normal, term, args: odd(normal, "erf", args[0]),
}
