"""True steps to start from, mutations of them, and random steps made by rewriting, some rewritings being wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from random import Random

from backproof.domains import NAMED, Context, Domain
from backproof.language import parse_document
from backproof.terms import (
    RELATIONS,
    Term,
    add,
    call,
    derivative,
    div,
    make,
    mul,
    neg,
    num,
    postorder,
    power,
    relation,
    sub,
    substitute,
    sym,
    symbols,
    where,
)

CORPUS = Path(__file__).parent.parent / "corpus"


@dataclass(frozen=True)
class Trial:
    """An equality with the domains of its variables."""

    left: Term
    right: Term
    context: Context
    origin: str = ""


def corpus_steps(path: Path) -> Iterator[Trial]:
    """Yield every step of the claims of one corpus file."""
    document = parse_document(path.read_text(), path.name)
    for claim in document.claims:
        context = Context({}, {given.name: given.domain for given in claim.given})
        for step in claim.chain.steps:
            yield Trial(step.left, step.right, context, f"{path.name}:{step.span.line}")


def all_corpus_steps() -> list[Trial]:
    return [step for path in sorted(CORPUS.glob("*.md")) for step in corpus_steps(path)]


# Mutations --------------------------------------------------------------------------------------

SWAPS = {
    "exp": ("log", "exp", "tanh", "sinh"), "log": ("exp", "sqrt"), "sqrt": ("abs", "log"), "sin": ("cos", "tan"),
    "cos": ("sin",), "tan": ("sin", "atan"), "atan": ("tan", "tanh"), "sinh": ("cosh", "sin"),
    "cosh": ("sinh", "cos"), "tanh": ("sinh", "atan", "erf"), "erf": ("tanh",), "abs": ("sign", "sqrt"),
    "sign": ("abs",), "max": ("min",), "min": ("max",), "add": ("mul",), "mul": ("add",),
}  # fmt: skip


def mutated(term: Term, random: Random) -> Term:
    """Return ``term`` with one small change somewhere."""
    places = list(postorder(term))
    for _ in range(20):
        place = random.choice(places)
        if place.head in ("idx", "size") or (place.head in RELATIONS and random.random() < 0.5):
            continue
        change = random.choice(CHANGES)(place, random)
        if change is not None and change is not place and _is_lawful(place, term):
            return substitute(term, {place: change})
    return neg(term)


def _is_lawful(place: Term, root: Term) -> bool:
    """Refuse to replace the symbol of a derivative by something that is no symbol."""
    return not any(t.head == "D" and (t.args[1] is place or t is place) for t in postorder(root))


def _flip_sign(term: Term, random: Random) -> Term | None:
    return None if _is_condition(term) else neg(term)


def _drop(term: Term, random: Random) -> Term | None:
    if term.head in ("add", "mul"):
        i = random.randrange(len(term.args))
        kept = term.args[:i] + term.args[i + 1 :]
        return {"add": add, "mul": mul}[term.head](*kept)
    return term.args[0] if term.head in ("neg", "abs", "sqrt") else None


def _number(term: Term, random: Random) -> Term | None:
    if term.head != "num":
        return None
    step = random.choice((1, 2, Fraction(1, 2), -1, Fraction(1, 10**30)))
    return num(term.data + step if term.data + step >= 0 else term.data)


def _rename(term: Term, random: Random) -> Term | None:
    if term.head == "sym" and not term.args:
        return sym(random.choice("xwpk"))
    return None


def _swap_head(term: Term, random: Random) -> Term | None:
    if term.head in SWAPS:
        return make(random.choice(SWAPS[term.head]), term.args, term.data)
    if term.head in RELATIONS:
        return make(random.choice(sorted(RELATIONS)), term.args)
    return None


def _swap_args(term: Term, random: Random) -> Term | None:
    if term.head in ("div", "pow"):
        return make(term.head, term.args[::-1])
    return make("where", (term.args[0], term.args[2], term.args[1])) if term.head == "where" else None


def _exponent(term: Term, random: Random) -> Term | None:
    if _is_condition(term) or term.head == "num":
        return None
    return power(term, num(random.choice((0, 2, 3, -1, Fraction(1, 2)))))


def _is_condition(term: Term) -> bool:
    return term.head in RELATIONS or term.head in ("and", "or", "not")


def _wrap(term: Term, random: Random) -> Term | None:
    if _is_condition(term):
        return None
    other = sym(random.choice("xw"))
    return random.choice(
        [
            call("abs", term),
            call("sqrt", power(term, 2)),
            div(mul(term, other), other),
            call("exp", call("log", term)),
            power(call("sqrt", term), 2),
            call("max", term, num(0)),
            mul(term, power(other, num(0))),
            where(relation("ge", other, num(0)), term, neg(term)),
        ]
    )


CHANGES: tuple[Callable[[Term, Random], Term | None], ...] = (
    _flip_sign, _drop, _number, _rename, _swap_head, _swap_args, _exponent, _wrap,
)  # fmt: skip


# Random terms and rewritings ---------------------------------------------------------------------

UNARY = ("exp", "log", "sqrt", "abs", "sign", "tanh", "sin", "cos", "atan", "erf", "sinh", "cosh")


def random_term(random: Random, depth: int, symbols_used: str = "xw") -> Term:
    if depth == 0 or random.random() < 0.12:
        return random.choice([*(sym(name) for name in symbols_used), num(random.randint(0, 3)), sym("x")])
    inner = [random_term(random, depth - 1, symbols_used) for _ in range(2)]
    kind = random.randrange(12)
    if kind < 3:
        return call(random.choice(UNARY), inner[0])
    if kind == 3:
        return power(inner[0], num(random.choice((2, 3, Fraction(1, 2), Fraction(3, 2), 0))))
    if kind == 4:
        condition = relation(random.choice(sorted(RELATIONS)), *inner)
        return where(condition, *(random_term(random, depth - 1, symbols_used) for _ in range(2)))
    if kind == 5:
        return call(random.choice(("max", "min")), *inner)
    if kind == 6 and depth > 1:
        return derivative(inner[0], sym("x"))
    return (add(*inner), sub(*inner), mul(*inner), mul(*inner), div(*inner), neg(inner[0]))[kind % 6]


def rewritten(term: Term, random: Random) -> Term:
    """Return ``term`` with one rewriting applied somewhere; many of them are false on part of the domain."""
    places = [place for place in postorder(term) if _is_lawful(place, term)]
    for _ in range(12):
        if not places:
            break
        place = random.choice(places)
        change = REWRITES.get(place.head)
        if change is not None:
            options = change(place, *place.args)
            if options:
                return substitute(term, {place: random.choice(options)})
    return term


def _rewrite_mul(t: Term, *args: Term) -> list[Term]:
    a, b = args[0], mul(*args[1:])
    found = [mul(b, a), mul(call("sqrt", power(a, 2)), b)]
    if b.head == "add":
        found.append(add(*(mul(a, part) for part in b.args)))
    if a.head == b.head == "sqrt":
        found.append(call("sqrt", mul(a.args[0], b.args[0])))
    if a.head == b.head == "exp":
        found.append(call("exp", add(a.args[0], b.args[0])))
    return found


def _rewrite_log(t: Term, a: Term) -> list[Term]:
    found = [neg(call("log", div(num(1), a))), div(call("log", power(a, 2)), num(2))]
    if a.head == "mul":
        found.append(add(*(call("log", part) for part in a.args)))
    if a.head == "div":
        found.append(sub(*(call("log", part) for part in a.args)))
    if a.head == "exp":
        found.append(a.args[0])
    if a.head == "pow":
        found.append(mul(a.args[1], call("log", a.args[0])))
    return found


def _rewrite_sqrt(t: Term, a: Term) -> list[Term]:
    found = [power(a, num(Fraction(1, 2))), div(a, t), call("exp", div(call("log", a), num(2)))]
    if a.head == "mul":
        found.append(mul(*(call("sqrt", part) for part in a.args)))
    if a.head == "div":
        found.append(div(*(call("sqrt", part) for part in a.args)))
        found.append(div(call("sqrt", mul(*a.args)), a.args[1]))
    if a.head == "pow":
        found += [power(call("sqrt", a.args[0]), a.args[1]), a.args[0], call("abs", a.args[0])]
    return found


def _rewrite_pow(t: Term, a: Term, n: Term) -> list[Term]:
    found = [mul(power(a, sub(n, num(1))), a), power(power(a, 2), div(n, num(2)))]
    if a.head == "mul":
        found.append(mul(*(power(part, n) for part in a.args)))
    if a.head == "pow":
        found.append(power(a.args[0], mul(a.args[1], n)))
    return found


def _rewrite_derivative(t: Term, f: Term, x: Term) -> list[Term]:
    if f.head == "add":
        return [add(*(derivative(part, x) for part in f.args))]
    if f.head == "mul" and len(f.args) == 2:
        a, b = f.args
        return [add(mul(derivative(a, x), b), mul(a, derivative(b, x)))]
    rules: dict[str, Callable[[Term], Term]] = {
        "exp": lambda u: call("exp", u),
        "log": lambda u: div(num(1), u),
        "sqrt": lambda u: div(num(1), mul(num(2), call("sqrt", u))),
        "abs": lambda u: call("sign", u),
        "sign": lambda u: num(0),
        "tanh": lambda u: sub(num(1), power(call("tanh", u), 2)),
        "sin": lambda u: call("cos", u),
        "neg": lambda u: num(-1),
    }
    if f.head in rules:
        return [mul(rules[f.head](f.args[0]), derivative(f.args[0], x))]
    if f.head == "where":
        return [where(f.args[0], derivative(f.args[1], x), derivative(f.args[2], x))]
    if f.head in ("max", "min"):
        heads = {"max": "ge", "min": "le"}
        choice = relation(heads[f.head], *f.args)
        return [where(choice, derivative(f.args[0], x), derivative(f.args[1], x))]
    if f.head == "pow":
        u, n = f.args
        return [mul(n, power(u, sub(n, num(1))), derivative(u, x))]
    return [num(1)] if f is x else []


REWRITES: dict[str, Callable[..., list[Term]]] = {
    "mul": _rewrite_mul,
    "log": _rewrite_log,
    "sqrt": _rewrite_sqrt,
    "pow": _rewrite_pow,
    "D": _rewrite_derivative,
    "add": lambda t, *args: [add(*args[::-1]), sub(args[0], neg(add(*args[1:])))],
    "neg": lambda t, a: [mul(num(-1), a), sub(num(0), a)],
    "div": lambda t, a, b: [mul(a, power(b, num(-1))), div(mul(a, b), power(b, 2)), div(neg(a), neg(b))],
    "exp": lambda t, a: [div(num(1), call("exp", neg(a))), power(call("exp", div(a, num(2))), 2)],
    "abs": lambda t, a: [call("sqrt", power(a, 2)), mul(a, call("sign", a)), call("max", a, neg(a)), a],
    "sign": lambda t, a: [div(a, call("abs", a)), call("sign", mul(a, num(2)))],
    "tanh": lambda t, a: [div(call("sinh", a), call("cosh", a)), neg(call("tanh", neg(a)))],
    "sin": lambda t, a: [neg(call("sin", neg(a))), mul(call("tan", a), call("cos", a))],
    "cos": lambda t, a: [call("cos", neg(a)), sub(num(1), mul(num(2), power(call("sin", div(a, num(2))), 2)))],
    "max": lambda t, *a: [neg(call("min", *(neg(u) for u in a))), call("max", *a[::-1])],
    "min": lambda t, *a: [neg(call("max", *(neg(u) for u in a))), call("min", *a[::-1])],
    "where": lambda t, c, a, b: [where(make("not", (c,)), b, a)],
}

DOMAINS = (
    *NAMED.values(), Domain(), Domain(), Domain(Fraction(0), Fraction(1)), Domain(Fraction(-1), Fraction(1)),
    Domain(Fraction(0), Fraction(1), False, False), Domain(Fraction(1), None),
    Domain(None, Fraction(-1, 2), True, False),
    Domain(Fraction(-2), Fraction(2), False, False),
)  # fmt: skip


def random_context(random: Random) -> Context:
    return Context({}, {name: random.choice(DOMAINS) for name in "xwpk"})


def trial(number: int, seed: int, base: list[Trial]) -> Trial:
    """Return the trial with this number: a mutant of a true step, or a random term against a rewriting of it."""
    random = Random(f"{seed}:{number}")
    if number % 3:
        step = random.choice(base)
        sides = [step.left, step.right]
        for _ in range(random.choice((1, 1, 1, 2, 3))):
            i = random.randrange(2)
            sides[i] = mutated(sides[i], random)
        context = step.context
        if random.random() < 0.3:
            names = {t.data for side in sides for t in symbols(side)}
            domains = {**context.domains, random.choice(sorted(names | {"x"})): random.choice(DOMAINS)}
            domains.pop("pi", None)
            context = replace(context, domains=domains)
        return Trial(sides[0], sides[1], context, step.origin)
    left = random_term(random, random.choice((2, 3, 3, 4)))
    right = left
    for _ in range(random.randint(1, 3)):
        right = rewritten(right, random)
    if random.random() < 0.2:
        right = mutated(right, random)
    return Trial(left, right, random_context(random), "random")
