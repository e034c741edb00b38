"""Powers, exponentials and logarithms of values, taken apart into generators."""

from __future__ import annotations

from fractions import Fraction

from backproof.verify.polynomials import (
    DOWN,
    NONZERO,
    UNIT,
    UP,
    WEAK,
    Poly,
    Signs,
    constant,
    frozen,
    plus,
    primes,
    require,
    scaled,
)
from backproof.verify.signs import Known


class Algebra(Known):
    """Values and the functions that have laws; each sees to it that it has a value."""

    def need(self, p: Poly, signs: Signs, why: str) -> None:
        require(self.signs(p) <= signs, why)

    def power(self, p: Poly, n: Fraction) -> Poly:
        """Return p^n, having seen to it that it has a value."""
        if n >= 0 and n.denominator == 1:
            return self.raised(p, int(n))
        if n < 0:
            self.need(p, NONZERO, "a division by what may be zero")
        if n.denominator != 1:
            self.need(p, WEAK, "the root of what may be negative")
        if not p:
            return p
        number, parts = self.factors(p)
        result, rest = UNIT, UNIT
        for f, e in parts:
            signs = self.signs(f)
            if n.denominator == 1 or signs <= WEAK or (e % 2 == 0 and e * n % 2 == 0):
                result = self.times(result, self.base(f, e * n))
            elif signs == DOWN and e.denominator == 1:
                number *= (-1) ** (int(e) % 2)
                result = self.times(result, self.base(scaled(f, -1), e * n))
            else:
                rest = self.times(rest, self.base(f, e))
        if rest != UNIT:
            rest = scaled(rest, 1 if number > 0 else -1)
            if not self.signs(rest) <= WEAK:
                return self.base(p, n)
            return self.times(result, self.base(rest, n), self.number(abs(number), n))
        return self.times(result, self.number(number, n))

    def number(self, value: Fraction, n: Fraction) -> Poly:
        if n.denominator == 1:
            return constant(value ** int(n))
        result = UNIT
        for side, turn in ((value.numerator, n), (value.denominator, -n)):
            for p, times in primes(side):
                result = self.times(result, self.base(constant(p), times * turn))
        return result

    def base(self, f: Poly, n: Fraction) -> Poly:
        """Return f^n as a power of a generator."""
        if n >= 0 and n.denominator == 1:
            return self.raised(f, int(n))
        above = self.cleared(f)
        clears = n.denominator == 1 or all(self.own(g) == UP for g, _ in above[1])
        f, below = above if clears else (f, ())
        lifted = self.reduced({g: e * n for g, e in below})
        if len(f) == 1 and set(f.values()) == {1} and f != UNIT:
            ((monomial, _),) = f.items()
            if len(monomial) == 1 and (n.denominator == 1 or self.own(monomial[0][0]) <= WEAK):
                return self.times(self.reduced({monomial[0][0]: monomial[0][1] * n}), lifted)
        if ("base", None, frozen(scaled(f, -1))) in self.numbers and n.denominator == 1:
            return scaled(self.times(self.base(scaled(f, -1), n), lifted), (-1) ** (int(n) % 2))
        return self.times(self.reduced({self.generator("base", None, f): n}), lifted)

    def exponential(self, p: Poly) -> Poly:
        """Return exp(p): a product over the monomials of p, in which c*log(f) gives f^c."""
        result = UNIT
        for monomial, c in self.lowest(p).items():
            g = self.generators[monomial[0][0]] if len(monomial) == 1 and monomial[0][1] == 1 else None
            if g is not None and g.head == "log":
                result = self.times(result, self.power(g.args[0], c))
            else:
                made = self.generator("exp", None, {monomial: Fraction(1)})
                result = self.times(result, {((made, c),): Fraction(1)})
        return result

    def logarithm(self, p: Poly) -> Poly:
        """Return log(p) of what is positive: split over factors of known sign and even powers."""
        self.need(p, UP, "the logarithm of what may not be positive")
        number, parts = self.factors(p)
        total, rest = constant(0), UNIT
        for f, e in parts:
            signs = self.signs(f)
            if signs == UP or (signs == DOWN and e.denominator == 1):
                number *= 1 if signs == UP else (-1) ** (int(e) % 2)
                total = plus(total, self.log_of_factor(f if signs == UP else scaled(f, -1)), e)
            elif e % 2 == 0:
                total = plus(total, self.of("log", None, self.times(f, f)), e / 2)
            else:
                rest = self.times(rest, self.base(f, e))
        if rest != UNIT:
            sign = 1 if number > 0 else -1
            total, number = plus(total, self.of("log", None, scaled(rest, sign))), abs(number)
        for side, turn in ((number.numerator, 1), (number.denominator, -1)):
            for q, times in primes(side):
                total = plus(total, self.of("log", None, constant(q)), turn * times)
        return total

    def log_of_factor(self, f: Poly) -> Poly:
        if len(f) == 1:
            ((monomial, _),) = f.items()
            g = self.generators[monomial[0][0]]
            if g.head == "exp":
                return g.args[0]
            if g.head == "base":
                return self.logarithm(g.args[0])
        return self.of("log", None, f)
