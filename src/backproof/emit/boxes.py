"""The layout engine's matter: boxes of pieces, glued on one line and parted where a line may turn."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import cached_property
from typing import Final

from backproof.emit.names import Name

#: A box wider than this (in ems or columns) is shown as an ellipsis: no reader follows it.
ELISION: Final = 3000.0


class Level(IntEnum):
    """How tightly the outermost construct of a box binds, loosest first."""

    LOGIC = 0
    RELATION = 1
    SUM = 2
    NEGATIVE = 3
    BIG = 4
    PRODUCT = 5
    QUOTIENT = 6
    POWER = 7
    APPLIED = 8
    ATOM = 9


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a line.

    ``glue`` joins it to the piece before it; where the line turns instead, the next line starts with ``turn``.
    ``cost`` is that of the operator; turning inside brackets, which pieces open and close, costs more.
    ``rows`` are the cases of a format measured in columns, as (value, condition or None): such a piece is
    several lines high where nothing stands around it.
    """

    text: str
    width: float
    glue: str = ""
    glue_width: float = 0.0
    turn: str = ""
    cost: int = 0
    opens: int = 0
    closes: int = 0
    rows: tuple[tuple[Box, Box | None], ...] = ()


@dataclass(frozen=True)
class Box:
    """A typeset term.  ``lead`` and ``trail`` say what stands at its ends, ``height`` is in lines."""

    pieces: tuple[Piece, ...]
    level: Level = Level.ATOM
    height: float = 1.0
    lead: str = "letter"
    trail: str = "letter"

    @property
    def text(self) -> str:
        """The box on one line."""
        return "".join(piece.glue + piece.text for piece in self.pieces)

    @cached_property
    def width(self) -> float:
        """The width of the box on one line."""
        return sum(piece.width + piece.glue_width for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class Construct:
    """What a format writes before, between and after the parts of a construct, and the width of its marks."""

    before: str
    between: str = ""
    after: str = ""
    pad: float = 0.0


@dataclass(frozen=True, slots=True)
class Joint:
    """An operator between two boxes: on the line, at the start of a turned line, and its width.

    ``tail`` stays at the end of the line that turns, as a comma does.
    """

    glue: str
    turn: str
    width: float
    tail: str = ""


@dataclass(frozen=True, slots=True)
class Style:
    """A format of mathematics as tables; ``stacked`` says whether a fraction may stand on two levels.

    ``fences`` are what makes a pair of brackets high enough, by height, the lowest first; ``widest`` is what an
    unbreakable part may measure; ``raises`` says whether e to the power of a box reads well; ``turned`` breaks a
    cell of a list of cases into lines no wider than ``widest``.
    """

    constructs: Mapping[str, Construct]
    joints: Mapping[str, Joint]
    words: Mapping[str, str]
    fences: tuple[tuple[float, str, str], ...]
    name: Callable[[Name], str]
    name_width: Callable[[Name], float]
    measure: Callable[[str], float]
    script: Callable[[Box], Construct]
    raises: Callable[[Box], bool]
    turned: Callable[[Box], list[str]]
    stacked: bool
    widest: float


def atom(text: str, width: float, kind: str = "letter", height: float = 1.0) -> Box:
    """Return a box of one piece."""
    return Box((Piece(text, width),), Level.ATOM, height, kind, kind)


def _flat(piece: Piece) -> Piece:
    return replace(piece, rows=(), width=float(len(piece.text))) if piece.rows else piece


def with_ends(pieces: tuple[Piece, ...], before: str, after: str, pad: float) -> tuple[Piece, ...]:
    """Return ``pieces`` with text added at both ends, as brackets around them."""
    first, *rest = pieces
    first = _flat(first)
    first = replace(first, text=before + first.text, width=first.width + pad / 2, opens=first.opens + 1)
    *inner, last = [first, *rest]
    last = _flat(last)
    last = replace(last, text=last.text + after, width=last.width + pad / 2, closes=last.closes + 1)
    return (*inner, last)


def join(boxes: Iterable[tuple[Joint | None, Box]], cost: int) -> tuple[Piece, ...]:
    """Return the pieces of boxes set in a row, each after its joint."""
    pieces: list[Piece] = []
    for joint, box in boxes:
        first, *rest = box.pieces
        if joint is not None:
            first = replace(first, glue=joint.glue, glue_width=joint.width, turn=joint.turn, cost=cost)
            if joint.tail:
                pieces[-1] = replace(_flat(pieces[-1]), text=pieces[-1].text + joint.tail)
        pieces += [first, *rest]
    return tuple(pieces)


def enclose(construct: Construct, box: Box) -> tuple[Piece, ...]:
    """Return the pieces of ``box`` between the construct's ends; it may still be broken."""
    return with_ends(box.pieces, construct.before, construct.after, construct.pad)


def fuse(construct: Construct, boxes: Iterable[Box], *, stacked: bool = False) -> Piece:
    """Return one unbreakable piece of the construct's parts, side by side or stacked."""
    parts = tuple(boxes)
    widths = [sum(_flat(piece).width + piece.glue_width for piece in box.pieces) for box in parts]
    text = construct.before + construct.between.join(box.text for box in parts) + construct.after
    return Piece(text, construct.pad + (max(widths) if stacked else sum(widths)))


#: What may stand at the end of a factor and at the start of the next, and how the two are joined.
#: The first row that fits decides; a product is written without a dot only where nothing can be misread.
_ANY: Final = frozenset(
    {"digit", "letter", "word", "group", "signed", "function", "fraction", "gradient", "slash", "big"}
)
JOINING: Final[tuple[tuple[frozenset[str], frozenset[str], str], ...]] = (
    (_ANY, frozenset({"digit", "word", "slash", "signed"}), "dot"),
    (frozenset({"word", "slash"}), _ANY, "dot"),
    (frozenset({"digit"}), frozenset({"fraction"}), "dot"),
    (frozenset({"fraction", "gradient"}), frozenset({"fraction", "gradient"}), "dot"),
    (frozenset({"digit"}), frozenset({"letter", "group"}), "tight"),
    (frozenset({"digit", "fraction", "gradient", "function"}), _ANY, "thin"),
    (_ANY, frozenset({"fraction", "gradient", "function", "big"}), "thin"),
    (_ANY, _ANY, "space"),
)


def joint_name(trail: str, lead: str) -> str:
    """Return the joint between a factor that ends in ``trail`` and one that starts with ``lead``."""
    return next(joint for ends, starts, joint in JOINING if trail in ends and lead in starts)
