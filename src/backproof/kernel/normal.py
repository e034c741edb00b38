"""Normal forms: every term as an exact quotient of polynomials, within one case."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from math import gcd, lcm
from typing import Final

from flint import fmpq_mpoly, fmpz

from backproof.domains import Context, Definition, Domain
from backproof.kernel import sums
from backproof.kernel.indices import axis_of, for_every, freshen, reindex, runs_over
from backproof.kernel.ring import Monomial, Quotient, Restart, Ring, Table, TooBig
from backproof.kernel.signs import Signs, factors_of_quotient
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
    call,
    div,
    make,
    mul,
    names,
    neg,
    num,
    power,
    reduction,
    relation,
    size,
    sym,
)

MAX_EXPONENT: Final = 512


#: Derivatives: total ones, and those in which every other name is held (the local derivative of one line).
SLOPES: Final = frozenset({"D", "partial"})


class Split(Exception):
    """The sign of ``subject`` decides, and it is not known in this case."""

    def __init__(self, subject: Term) -> None:
        super().__init__(subject)
        self.subject = subject


class IndexDecides(Exception):
    """The sign of a subject depends on an index, so there are no cases to cut."""


class Undefined(Exception):
    """The term has no value anywhere in this case; ``condition`` fails throughout it."""

    def __init__(self, condition: Term) -> None:
        super().__init__(condition)
        self.condition = condition


class Beyond(Exception):
    """The kernel has no rule for this term; the step is left unknown."""


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
            return sums.without_choice(term)

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
            raise IndexDecides if sums.depends_on_index(decisive) else Split(decisive)
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
            if sums.depends_on_index(term.args[0]):
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

    # exp, log, roots ----------------------------------------------------------------------------

    def exponential(self, value: Quotient) -> Quotient:
        """Return exp(value) as a product of generators, one for each monomial of the exponent."""
        whole, rest = divmod(value.numerator, value.denominator)
        result = self.ring.one
        for top, bottom in ((whole, None), (rest, value.denominator)):
            for monomial, coefficient in self.ring.monomials(top):
                result *= self.exponential_part(monomial, coefficient, bottom)
        return result

    def exponential_part(self, monomial: Monomial, coefficient: Fraction, bottom: fmpq_mpoly | None) -> Quotient:
        ring = self.ring
        if bottom is None and len(monomial) == 1 and monomial[0][1] == 1:
            generator = ring.generators[monomial[0][0]]
            if generator.head == "log":
                return self.rational_power(generator.argument[0], coefficient)
        plain = ring.monomial_term(monomial)
        subject = plain if bottom is None else div(plain, ring.term(bottom))
        times, unit = self.in_units(call("exp", subject), coefficient)
        argument = ring.quotient(ring.monomial(monomial)) * ring.constant(unit)
        if bottom is not None:
            argument = argument / ring.quotient(bottom)
        shown = call("exp", subject if unit == 1 else mul(num(unit), subject))
        return ring.generator(shown, "exp", shown, sign=1, argument=(argument,)) ** times

    def in_units(self, key: Term, coefficient: Fraction) -> tuple[int, Fraction]:
        """Return the coefficient as an integer times the unit agreed for ``key``."""
        units = self.ring.table.units
        unit = units.setdefault(key, abs(coefficient))
        times = coefficient / unit
        if times.denominator != 1:
            units[key] = _common_unit(unit, coefficient)
            raise Restart
        return int(times), unit

    def logarithm(self, value: Quotient) -> Quotient:
        """Return log(value), split over the factors whose signs are known; the caller has seen to value > 0."""
        lead, factors = factors_of_quotient(value)
        total, rest = self.ring.zero, self.ring.constant(lead)
        for factor, times in factors:
            sign = self.signs.of_polynomial(factor)
            if sign:
                total += self.log_factor(factor if sign > 0 else -factor) * self.ring.constant(times)
                rest *= self.ring.constant(sign ** abs(times))
            elif times % 2 == 0:
                half = self.log_generator(self.ring.quotient(factor * factor))
                total += half * self.ring.constant(times // 2)
            else:
                rest *= self.ring.quotient(factor) ** times
        return total + self.log_rest(rest)

    def log_rest(self, rest: Quotient) -> Quotient:
        number = rest.as_fraction()
        if number is None or number <= 0:
            return self.log_generator(rest)
        total = self.ring.zero
        for side, sign in ((number.numerator, 1), (number.denominator, -1)):
            for prime, times in _prime_factors(side):
                logarithm = self.log_generator(self.ring.constant(prime))
                total += logarithm * self.ring.constant(sign * times)
        return total

    def log_factor(self, factor: fmpq_mpoly) -> Quotient:
        if len(factor) == 1:
            ((monomial, coefficient),) = self.ring.monomials(factor)
            if len(monomial) == 1 and coefficient == 1:
                generator = self.ring.generators[monomial[0][0]]
                if generator.head == "exp":
                    exponent: Quotient = generator.argument[0]
                    return exponent * self.ring.constant(monomial[0][1])
                if generator.head == "root":
                    degree, radicand = generator.argument
                    inner = self.logarithm(radicand)
                    return inner * self.ring.constant(Fraction(monomial[0][1], degree))
        return self.log_generator(self.ring.quotient(factor))

    def log_generator(self, value: Quotient) -> Quotient:
        term = call("log", value.term())
        known = self.ring.find(term)
        if known is not None:
            return known
        above = value - self.ring.one
        sign, is_nonnegative = self.signs.of(above) or None, self.signs.is_nonnegative(above)
        return self.ring.generator(term, "log", term, sign=sign, is_nonnegative=is_nonnegative, argument=(value,))

    def rational_power(self, base: Quotient, exponent: Fraction) -> Quotient:
        """Return base**exponent; the caller has seen to base >= 0 (> 0 below the fraction bar)."""
        if exponent.denominator == 1:
            return base ** _bounded(int(exponent))
        return self.root(base, exponent.denominator) ** _bounded(exponent.numerator)

    def whole_power(self, base: Quotient, exponent: Quotient, term: Term) -> Quotient:
        """Return base**exponent for an integer exponent that varies: by the sign of the base."""
        sign = self.signs.of(base)
        if sign is None:
            raise Split(self.split_subject(base, term.args[0]))
        if sign == 0 and self.signs.of(exponent) == 1:
            return self.ring.zero
        if sign == 0:
            raise Undefined(relation("ne", term.args[0], ZERO))
        if sign == 1:
            return self.exponential(exponent * self.logarithm(base))
        return self.parity(exponent) * self.exponential(exponent * self.logarithm(-base))

    def parity(self, exponent: Quotient) -> Quotient:
        """Return (-1)**exponent for an integer exponent, one generator for each monomial that may be odd."""
        result = self.ring.one
        for monomial, coefficient in self.ring.monomials(exponent.numerator):
            if coefficient % 2 and not monomial:
                result = -result
            elif coefficient % 2:
                shown = power(neg(ONE), self.ring.monomial_term(monomial))
                result *= self.ring.generator(shown, "parity", shown, is_nonzero=True)
                self.ring.relate(self.ring.numbers[shown], 2, self.ring.one.numerator)
        return result.lowest()

    def root(self, value: Quotient, degree: int) -> Quotient:
        """Return the real root of a value that is at least zero.

        A factor leaves the root with its absolute value, so its sign must be known; what stays below the root
        is at least zero wherever no factor that left is zero.
        """
        if value.is_zero():
            return value
        lead, factors = factors_of_quotient(value)
        result = self.root_of_number(abs(lead), degree)
        rest = self.ring.constant(1 if lead > 0 else -1)
        hazards: list[fmpq_mpoly] = []
        for factor, times in factors:
            outer, inner = divmod(times, degree)
            sign = self.signs.of_polynomial(factor)
            if sign == 0 and times > 0:
                return self.ring.zero
            side = sign or self.signs.span(factor)
            if side is None and outer % 2:
                raise Split(self.ring.term(factor))
            positive = -factor if side == -1 else factor
            result *= self.ring.quotient(positive) ** outer
            rest *= self.ring.constant((side or 1) ** (times % 2))
            if sign and inner:
                result *= self.root_factor(positive, degree) ** inner
            elif inner:
                rest *= self.ring.quotient(positive) ** inner
            if outer and not self.signs.is_nonzero_polynomial(factor):
                hazards.append(factor)
        return result * self.root_of_rest(rest, degree, hazards)

    def root_of_rest(self, rest: Quotient, degree: int, hazards: list[fmpq_mpoly]) -> Quotient:
        """Return the root of what no sign is known of; where a factor that left may be zero, ask for its sign."""
        if rest.as_fraction() == 1:
            return self.ring.one
        if hazards and not self.signs.is_nonnegative(rest):
            raise Split(self.ring.term(hazards[0]))
        return self.root_factor(rest.numerator, degree)

    def root_of_number(self, number: Fraction, degree: int) -> Quotient:
        result = self.ring.one
        for prime, times in _prime_factors(number.numerator * number.denominator ** (degree - 1)):
            constant = self.ring.context.constant(prime)
            result *= self.root_factor(constant, degree) ** times
        return result / self.ring.constant(number.denominator)

    def root_factor(self, radicand: fmpq_mpoly, degree: int) -> Quotient:
        """Return the generator of a root; an atom is replaced by a power of its own root."""
        ring = self.ring
        for number in [i for i, d in enumerate(radicand.degrees()) if d]:
            generator = ring.generators[number]
            if radicand == ring.polynomials[number] and generator.sign == 1:
                if generator.head == "atom":
                    return self.root_of_atom(generator.number, degree)
                if generator.head == "exp":
                    return self.exponential(generator.argument[0] * ring.constant(Fraction(1, degree)))
        term = ring.term(radicand)
        units = ring.table.units
        key = call("sqrt", term)
        finest = int(units.setdefault(key, Fraction(degree)))
        if finest % degree:
            units[key] = Fraction(lcm(finest, degree))
            raise Restart
        shown = root_term(term, finest)
        sign = self.signs.of_polynomial(radicand)
        argument = (finest, ring.quotient(radicand))
        made = ring.generator(shown, "root", shown, sign=sign or None, is_nonnegative=True, argument=argument)
        ring.relate(ring.numbers[shown], finest, radicand)
        return made ** (finest // degree)

    def root_of_atom(self, number: int, degree: int) -> Quotient:
        atom = next(key for key, n in self.ring.numbers.items() if n == number)
        have = int(self.ring.table.units.get(atom, 1))
        self.ring.table.units[atom] = Fraction(have * degree)
        raise Restart

    # Circular functions -------------------------------------------------------------------------

    def circular(self, value: Quotient) -> tuple[Quotient, Quotient]:
        """Return (cos, sin) of a sum by the addition theorem, one pair of generators for each monomial."""
        whole, rest = divmod(value.numerator, value.denominator)
        cosine, sine = self.ring.one, self.ring.zero
        for top, bottom in ((whole, None), (rest, value.denominator)):
            for monomial, coefficient in self.ring.monomials(top):
                c, s = self.circular_part(monomial, coefficient, bottom)
                cosine, sine = cosine * c - sine * s, sine * c + cosine * s
        return cosine, sine

    def circular_part(
        self, monomial: Monomial, coefficient: Fraction, bottom: fmpq_mpoly | None
    ) -> tuple[Quotient, Quotient]:
        ring = self.ring
        plain = ring.monomial_term(monomial)
        subject = plain if bottom is None else div(plain, ring.term(bottom))
        times, unit = self.in_units(call("cos", subject), coefficient)
        if abs(times) > 32:
            raise TooBig(f"the angle {times} times a unit")
        angle = subject if unit == 1 else mul(num(unit), subject)
        value = ring.quotient(ring.monomial(monomial)) * ring.constant(unit)
        argument = (value if bottom is None else value / ring.quotient(bottom),)
        c1 = ring.generator(call("cos", angle), "cos", call("cos", angle), argument=argument)
        s1 = ring.generator(call("sin", angle), "sin", call("sin", angle), argument=argument)
        ring.relate(ring.numbers[call("sin", angle)], 2, 1 - c1.numerator**2)
        cosine, sine = ring.one, ring.zero
        for _ in range(abs(times)):
            cosine, sine = cosine * c1 - sine * s1, sine * c1 + cosine * s1
        return cosine, sine if times > 0 else -sine

    def odd(self, head: str, value: Quotient) -> Quotient:
        """Return the generator of an odd increasing function, its argument's leading coefficient positive."""
        if value.is_zero():
            return value
        flipped = value.numerator.leading_coefficient() < 0
        inner = -value if flipped else value
        term = call(head, inner.term())
        made = self.ring.generator(term, head, term, sign=self.signs.of(inner) or None, argument=(inner,))
        return -made if flipped else made


def root_term(term: Term, degree: int) -> Term:
    if degree == 1:
        return term
    return call("sqrt", term) if degree == 2 else power(term, div(ONE, num(degree)))


def _sign_of_domain(domain: Domain) -> int | None:
    if domain.low is not None and (domain.low > 0 or (domain.low == 0 and domain.low_open)):
        return 1
    if domain.high is not None and (domain.high < 0 or (domain.high == 0 and domain.high_open)):
        return -1
    return None


def _common_unit(left: Fraction, right: Fraction) -> Fraction:
    bottom = lcm(left.denominator, right.denominator)
    return Fraction(gcd(int(left * bottom), int(right * bottom)), bottom)


def _bounded(exponent: int) -> int:
    if abs(exponent) > MAX_EXPONENT:
        raise TooBig(f"the exponent {exponent}")
    return exponent


def _prime_factors(value: int) -> list[tuple[int, int]]:
    if value > 10**18:
        raise TooBig("the prime factors of a number above 10^18")
    return [(int(p), int(times)) for p, times in fmpz(value).factor()] if value > 1 else []


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


def _power(normal: Normal, term: Term, args: list[Quotient]) -> Quotient:
    base, exponent = args
    value = exponent.as_fraction()
    if value is None and normal.is_whole(exponent):
        return normal.whole_power(base, exponent, term)
    if value is None:
        normal.require_positive(base, term.args[0])
        logarithm = normal.done.setdefault(call("log", term.args[0]), normal.logarithm(base))
        return normal.exponential(exponent * logarithm)
    if value < 0:
        normal.require_nonzero(base, term.args[0])
    if value.denominator != 1:
        normal.require_nonnegative(base, term.args[0])
    return normal.rational_power(base, value)


def _log(normal: Normal, term: Term, args: list[Quotient]) -> Quotient:
    normal.require_positive(args[0], term.args[0])
    return normal.logarithm(args[0])


def _sqrt(normal: Normal, term: Term, args: list[Quotient]) -> Quotient:
    normal.require_nonnegative(args[0], term.args[0])
    return normal.root(args[0], 2)


def _tan(normal: Normal, term: Term, args: list[Quotient]) -> Quotient:
    cosine, sine = normal.circular(args[0])
    normal.require_nonzero(cosine, call("cos", term.args[0]))
    return sine / cosine


def _hyperbolic(normal: Normal, term: Term, args: list[Quotient]) -> Quotient:
    up = normal.done.setdefault(call("exp", term.args[0]), normal.exponential(args[0]))
    down = up.inverse()
    half = normal.ring.constant(Fraction(1, 2))
    sinh, cosh = (up - down) * half, (up + down) * half
    return {"sinh": sinh, "cosh": cosh}[term.head] if term.head != "tanh" else sinh / cosh


RULES: Final[dict[str, Rule]] = {
    "idx": lambda normal, term, args: normal.index(term),
    "size": lambda normal, term, args: normal.index(term),
    "positive": lambda normal, term, args: sums.positive_rule(normal, term, args),
    "delta": lambda normal, term, args: sums.delta_rule(normal, term, args),
    "join": lambda normal, term, args: normal.joined(term, args[0]),
    "unique": lambda normal, term, args: normal.unique(term),
    "num": lambda normal, term, args: normal.ring.constant(term.data),
    "add": _sum,
    "neg": lambda normal, term, args: -args[0],
    "mul": _product,
    "div": _quotient,
    "pow": _power,
    "exp": lambda normal, term, args: normal.exponential(args[0]),
    "log": _log,
    "sqrt": _sqrt,
    "sin": lambda normal, term, args: normal.circular(args[0])[1],
    "cos": lambda normal, term, args: normal.circular(args[0])[0],
    "tan": _tan,
    "sinh": _hyperbolic,
    "cosh": _hyperbolic,
    "tanh": _hyperbolic,
    "atan": lambda normal, term, args: normal.odd("atan", args[0]),
    "erf": lambda normal, term, args: normal.odd("erf", args[0]),
}
