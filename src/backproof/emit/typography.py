"""Which construct shows each head of a term, and where brackets, fractions and multiplication signs stand.

The decisions are the same for every format; a format is a :class:`~backproof.emit.boxes.Style`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise, zip_longest
from typing import Final

from backproof.emit.arrays import array_box
from backproof.emit.boxes import (
    ELISION,
    Box,
    Construct,
    Level,
    Piece,
    Style,
    atom,
    enclose,
    fuse,
    join,
    joint_name,
    with_ends,
)
from backproof.emit.modes import DISPLAY, LINE, NESTED, Need, case_rows, needs
from backproof.emit.names import Scope
from backproof.language.printer import decimal
from backproof.terms import REDUCTIONS, RELATIONS, Term, make, transform

#: The functions whose positive powers are written tanh²(x).
POWERED: Final = frozenset({"sin", "cos", "tan", "sinh", "cosh", "tanh"})
Rule = Callable[["Typesetter", Term, int], Box]


def pull_signs(root: Term) -> Term:
    """Return ``root`` with the sign of a numerator or of a first factor in front, as a person writes it."""

    def pulled(term: Term) -> Term:
        if term.head not in ("div", "mul") or term.args[0].head != "neg":
            return term
        return make("neg", (make(term.head, (term.args[0].args[0], *term.args[1:])),))

    return transform(root, pulled)


class Typesetter:
    """Boxes of terms in one style and one scope, each term in each mode set once, without recursion."""

    def __init__(self, style: Style, scope: Scope) -> None:
        self.style = style
        self.scope = scope
        self._boxes: dict[Need, Box] = {}

    def __call__(self, term: Term, mode: int = DISPLAY) -> Box:
        """Return the box of ``term``."""
        mode = mode if self.style.stacked else LINE
        stack = [(term, mode)]
        while stack:
            need = stack[-1]
            if need in self._boxes:
                stack.pop()
                continue
            missing = [want for want in self._needs(*need) if want not in self._boxes]
            if missing:
                stack.extend(missing)
            else:
                self._boxes[need] = self._limited(_RULES.get(need[0].head, _apply)(self, *need))
                stack.pop()
        return self._boxes[term, mode]

    def inner(self, term: Term, mode: int) -> Box:
        """Return the box of an argument, which stands ready."""
        return self._boxes[term, mode if self.style.stacked else LINE]

    def _needs(self, term: Term, mode: int) -> list[Need]:
        wanted = needs(term, mode)
        return wanted if self.style.stacked else [(inner, LINE) for inner, _ in wanted]

    def _limited(self, box: Box) -> Box:
        return box if box.width <= ELISION else atom(self.style.words["elided"], 1.0, "word")

    def fenced(self, box: Box, level: Level) -> Box:
        """Return ``box``, in parentheses unless it binds at least as tightly as ``level``."""
        return box if box.level >= level else self.parenthesised(box)

    def parenthesised(self, box: Box) -> Box:
        """Return ``box`` in parentheses of its height."""
        kind = "signed" if box.lead == "sign" else "group"
        return Box(enclose(self.fence(box), box), Level.ATOM, box.height, kind, "group")

    def fence(self, box: Box, name: str = "group") -> Construct:
        """Return the construct's two marks, as high as ``box``."""
        fences = self.style.fences
        _, opening, closing = next((f for f in fences if box.height <= f[0]), fences[-1])
        marks = self.style.constructs[name]
        return Construct(opening + marks.before, "", closing + marks.after, marks.pad)

    def single(self, name: str, *boxes: Box, level: Level = Level.ATOM, kind: str = "letter") -> Box:
        """Return an unbreakable construct."""
        piece = fuse(self.style.constructs[name], boxes)
        return Box((piece,), level, max(box.height for box in boxes), kind, kind)

    def listed(self, boxes: list[Box], joint: str, level: Level, cost: int = 4) -> Box:
        """Return the boxes in a row with one joint between them."""
        between = self.style.joints[joint]
        pieces = join([(between if i else None, box) for i, box in enumerate(boxes)], cost)
        height = max(box.height for box in boxes)
        return Box(pieces, level, height, boxes[0].lead, boxes[-1].trail)

    def applied(self, function: Box, arguments: list[Box]) -> Box:
        """Return a function's name followed by its arguments in parentheses."""
        inside = self.listed(arguments, "comma", Level.LOGIC)
        group = self.parenthesised(inside)
        pieces = with_ends(group.pieces, function.text, "", function.width)
        return Box(pieces, Level.APPLIED, inside.height, "function", "function")


def _chunks(setter: Typesetter, text: str, kind: str) -> Box:
    """Return digits that may be broken anywhere, if they are too many for a line."""
    most = 24
    parts = [text[at : at + most] for at in range(0, len(text), most)]
    pieces = tuple(Piece(part, setter.style.measure(part), cost=9) for part in parts)
    return Box(pieces, Level.ATOM, 1.0, kind, kind)


def _number(setter: Typesetter, term: Term, _mode: int) -> Box:
    mantissa, _, exponent = decimal(term.data).partition("e")
    digits = _chunks(setter, mantissa, "digit")
    if not exponent:
        return digits
    style = setter.style
    raised = exponent.replace("-", style.constructs["negative"].before)
    script = style.script(atom(raised, style.measure(exponent)))
    ten = atom("10", style.measure("10"))
    pieces = enclose(script, ten)
    if mantissa == "1":
        return Box(pieces, Level.POWER, 1.2, "digit", "word")
    pieces = join([(None, digits), (style.joints["scientific"], replace(ten, pieces=pieces))], 9)
    return Box(pieces, Level.QUOTIENT, 1.2, "digit", "word")


def _named(setter: Typesetter, name: str) -> Box:
    parts = setter.scope.name(name)
    kind = "word" if parts.is_word else "letter"
    return atom(setter.style.name(parts), setter.style.name_width(parts), kind)


#: How large letters below the line are, beside those on it.
_SMALL: Final = 0.72


def _indexed(setter: Typesetter, name: str, term: Term, mode: int) -> Box:
    bare = _named(setter, name)
    if not term.args:
        return bare
    simple = all(arg.head == "idx" and len(arg.data.rstrip("'")) == 1 for arg in term.args)
    joint = "index" if simple else "comma"
    indices = setter.listed([setter.inner(arg, mode) for arg in term.args], joint, Level.LOGIC)
    if setter.style.stacked:
        indices = atom(indices.text, _SMALL * indices.width)
    constructs = setter.style.constructs
    plain = constructs["index"]
    index = constructs.get("index of a subscript", plain) if setter.scope.name(name).subscript else plain
    piece = fuse(index, (bare, indices))
    return Box((piece,), Level.ATOM, 1.2, bare.lead, "letter")


def _symbol(setter: Typesetter, term: Term, mode: int) -> Box:
    variable = setter.scope.gradient_of(term.data)
    if variable is None:
        return _indexed(setter, term.data, term, mode)
    words = setter.style.words
    loss = words["loss" if setter.scope.is_loss_free else "other loss"]
    return _ratio(setter, atom(loss, setter.style.measure(loss)), _indexed(setter, variable, term, mode), mode)


def _ratio(setter: Typesetter, above: Box, below: Box, mode: int) -> Box:
    """Return ∂above/∂below."""
    if setter.style.stacked and mode == DISPLAY:
        return _stack(setter, "partial", above, below, "gradient")
    return setter.single("partial on a line", above, below, level=Level.QUOTIENT, kind="slash")


def _stack(setter: Typesetter, name: str, above: Box, below: Box, kind: str = "fraction") -> Box:
    piece = fuse(setter.style.constructs[name], (above, below), stacked=True)
    height = above.height + below.height + 0.2
    return Box((piece,), Level.QUOTIENT, height, kind, kind)


def _axis(setter: Typesetter, term: Term, _mode: int) -> Box:
    return _named(setter, term.data)


def _size(setter: Typesetter, term: Term, _mode: int) -> Box:
    letter = term.data.upper()
    if len(letter) == 1 and letter not in setter.scope.shown:
        return atom(letter, setter.style.measure(letter))
    return setter.single("size", _named(setter, term.data), kind="word")


def _sum(setter: Typesetter, term: Term, mode: int) -> Box:
    joints = setter.style.joints
    row = [(None, setter.fenced(setter.inner(term.args[0], mode), Level.NEGATIVE))]
    rest = []
    for arg in term.args[1:]:
        negative = arg.head == "neg"
        box = setter.inner(arg.args[0] if negative else arg, mode)
        rest.append((joints["minus" if negative else "plus"], setter.fenced(box, Level.BIG)))
    pieces = join([*row, *rest], 0)
    height = max(box.height for _, box in [*row, *rest])
    return Box(pieces, Level.SUM, height, row[0][1].lead, rest[-1][1].trail)


def _negative(setter: Typesetter, term: Term, mode: int) -> Box:
    inner = setter.fenced(setter.inner(term.args[0], mode), Level.BIG)
    sign = setter.style.constructs["negative"]
    first, *rest = inner.pieces
    if first.rows:
        pieces = (Piece(sign.before, sign.pad), replace(first, cost=9), *rest)
    else:
        first = replace(first, text=sign.before + first.text, width=first.width + sign.pad)
        pieces = (first, *rest)
    return Box(pieces, Level.NEGATIVE, inner.height, "sign", inner.trail)


def _product(setter: Typesetter, term: Term, mode: int) -> Box:
    boxes = [setter.fenced(setter.inner(arg, mode), Level.QUOTIENT) for arg in term.args[:-1]]
    last = setter.inner(term.args[-1], mode)
    boxes.append(last if last.level is Level.BIG else setter.fenced(last, Level.QUOTIENT))
    style = setter.style
    joints = [style.joints[joint_name(left.trail, right.lead)] for left, right in pairwise(boxes)]
    pieces = join(zip([None, *joints], boxes, strict=True), 1)
    level = Level.BIG if last.level is Level.BIG else Level.PRODUCT
    height = max(box.height for box in boxes)
    return Box(pieces, level, height, boxes[0].lead, boxes[-1].trail)


def _is_small(setter: Typesetter, box: Box) -> bool:
    return box.level >= Level.POWER and box.width <= setter.style.measure("0000")


def _quotient(setter: Typesetter, term: Term, mode: int) -> Box:
    above, below = (setter.inner(arg, min(mode + 1, LINE)) for arg in term.args)
    small = _is_small(setter, above) and _is_small(setter, below)
    if setter.style.stacked and (mode == DISPLAY or (mode == NESTED and not small)):
        stacked = _stack(setter, "fraction", above, below)
        if stacked.width <= setter.style.widest:
            return stacked
    row = [setter.fenced(above, Level.POWER), setter.fenced(below, Level.POWER)]
    box = setter.listed(row, "slash", Level.QUOTIENT, cost=5)
    return Box(box.pieces, box.level, box.height, "slash", "slash")


def _power(setter: Typesetter, term: Term, mode: int) -> Box:
    base, exponent = term.args
    raised = setter.inner(exponent, LINE)
    if raised.width > setter.style.widest / 2:
        both = [setter.inner(base, mode), raised]
        return setter.applied(_function_name(setter, "pow"), both)
    script = setter.style.script(raised)
    if base.head in POWERED and exponent.head == "num" and exponent.data >= 2:
        name = _function_name(setter, base.head)
        name = atom(name.text + script.after, name.width + script.pad)
        return setter.applied(name, [setter.inner(arg, mode) for arg in base.args])
    bottom = setter.fenced(setter.inner(base, mode), Level.ATOM)
    height = bottom.height + 0.35
    trail = bottom.trail if setter.style.raises(raised) else "word"
    return Box(enclose(script, bottom), Level.POWER, height, bottom.lead, trail)


def _exponential(setter: Typesetter, term: Term, mode: int) -> Box:
    raised = setter.inner(term.args[0], LINE)
    if "e" in setter.scope.shown or not setter.style.raises(raised):
        return setter.applied(_function_name(setter, "exp"), [setter.inner(term.args[0], mode)])
    base = atom(setter.style.words["e"], setter.style.measure("e"))
    return Box(enclose(setter.style.script(raised), base), Level.POWER, 1.35, "letter", "letter")


def _root(setter: Typesetter, term: Term, mode: int) -> Box:
    inner = setter.inner(term.args[0], mode)
    if inner.width > setter.style.widest:
        return setter.applied(_function_name(setter, "sqrt"), [inner])
    construct = "root" if setter.style.stacked or inner.level is Level.ATOM else "root of a group"
    box = setter.single(construct, inner)
    return Box(box.pieces, Level.ATOM, box.height + 0.2, "letter", "group")


def _absolute(setter: Typesetter, term: Term, mode: int) -> Box:
    inner = setter.inner(term.args[0], mode)
    pieces = enclose(setter.fence(inner, "absolute"), inner)
    return Box(pieces, Level.ATOM, inner.height, "group", "group")


def _function_name(setter: Typesetter, name: str) -> Box:
    known = setter.style.words.get(name)
    if known is not None:
        return atom(known, setter.style.measure(known.lstrip("\\")))
    operator = setter.style.constructs["operator"]
    return atom(operator.before + name + operator.after, setter.style.measure(name))


def _apply(setter: Typesetter, term: Term, mode: int) -> Box:
    arguments = [setter.inner(arg, mode) for arg in term.args]
    return setter.applied(_function_name(setter, term.head), arguments)


def _call(setter: Typesetter, term: Term, mode: int) -> Box:
    arguments = [setter.inner(arg, mode) for arg in term.args]
    return setter.applied(_function_name(setter, str(term.data)), arguments)


def _relation(setter: Typesetter, term: Term, mode: int) -> Box:
    sides = [setter.fenced(setter.inner(arg, mode), Level.SUM) for arg in term.args]
    return setter.listed(sides, term.head, Level.RELATION, cost=0)


def _logic(setter: Typesetter, term: Term, mode: int) -> Box:
    parts = [setter.fenced(setter.inner(arg, mode), Level.RELATION) for arg in term.args]
    return setter.listed(parts, term.head, Level.LOGIC, cost=0)


def _not(setter: Typesetter, term: Term, mode: int) -> Box:
    inner = setter.parenthesised(setter.inner(term.args[0], mode))
    pieces = enclose(setter.style.constructs["not"], inner)
    return Box(pieces, Level.RELATION, inner.height, "word", "group")


def _cases(setter: Typesetter, term: Term, _mode: int) -> Box:
    rows = tuple(
        (setter.inner(value, NESTED), None if condition is None else setter.inner(condition, LINE))
        for value, condition in case_rows(term)
    )
    style = setter.style
    whole = style.constructs["cases"]
    cells = [line for row in rows for line in _case_lines(style, *row)]
    text = whole.before + whole.between.join(cells) + whole.after
    values = max(min(style.widest, value.width) for value, _ in rows)
    conditions = max(min(style.widest, c.width) if c else 0.0 for _, c in rows)
    width = values + max(conditions + style.constructs["case"].pad, style.constructs["last case"].pad)
    piece = Piece(text, width + whole.pad, rows=() if style.stacked else rows)
    return Box((piece,), Level.BIG, 1.4 * len(cells) if style.stacked else 1.0, "big", "big")


def _case_lines(style: Style, value: Box, condition: Box | None) -> Iterator[str]:
    """Yield the lines of one case; a long value and a long condition turn beside each other."""
    if condition is None:
        between, ends = style.constructs["last case"].after, [""]
    else:
        between, ends = style.constructs["case"].between, style.turned(condition)
    for i, (left, right) in enumerate(zip_longest(style.turned(value), ends, fillvalue="")):
        cell = between + right if i == 0 else style.constructs["next case"].between + right
        yield left + cell if right or i == 0 else left


def _bracket(setter: Typesetter, term: Term, mode: int) -> Box:
    """Return a condition in brackets, which a line leaves whole if it can."""
    inner = setter.inner(term.args[0], mode)
    first, *rest = enclose(setter.style.constructs["bracket"], inner)
    return Box((first, *(replace(piece, cost=piece.cost + 9) for piece in rest)), Level.ATOM, 1.2, "group", "group")


def _head_width(setter: Typesetter, sign: float, axes: float, term: Term, mode: int) -> float:
    """Return how wide a reduction's sign is with its axes: below it where a sum stands alone, else beside it."""
    small = _SMALL * axes if setter.style.stacked else axes
    return max(sign, small) if mode == DISPLAY and term.head in ("sum", "prod") else sign + small


def _reduction(setter: Typesetter, term: Term, mode: int) -> Box:
    style = setter.style
    axes = setter.listed([_named(setter, axis) for axis in term.data], "axes", Level.LOGIC)
    operator = style.constructs[term.head]
    head = atom(operator.before + axes.text + operator.after, _head_width(setter, operator.pad, axes.width, term, mode))
    inner = setter.inner(term.args[0], mode)
    if term.head not in ("sum", "prod"):
        return setter.applied(head, [inner])
    body = setter.fenced(inner, Level.BIG)
    pieces = join([(None, head), (style.joints["operand"], body)], 9)
    return Box(pieces, Level.BIG, max(body.height, 2.1), "big", body.trail)


def _derivative(setter: Typesetter, term: Term, mode: int) -> Box:
    above, below = (setter.inner(arg, min(mode + 1, LINE)) for arg in term.args)
    if term.args[0].head == "sym" and setter.scope.gradient_of(term.args[0].data) is None:
        return _ratio(setter, above, below, mode)
    stacked = setter.style.stacked and mode == DISPLAY
    name = "derivative" if stacked else "derivative on a line"
    operator = fuse(setter.style.constructs[name], (below,))
    return setter.applied(Box((operator,)), [setter.inner(term.args[0], mode)])


_RULES: Final[dict[str, Rule]] = {
    "num": _number, "sym": _symbol, "idx": _axis, "size": _size,
    "add": _sum, "mul": _product, "neg": _negative, "div": _quotient, "pow": _power,
    "exp": _exponential, "sqrt": _root, "abs": _absolute, "call": _call,
    "and": _logic, "or": _logic, "not": _not, "where": _cases, "bracket": _bracket, "list": array_box, "D": _derivative,
    **dict.fromkeys(RELATIONS, _relation), **dict.fromkeys(REDUCTIONS, _reduction),
}  # fmt: skip
