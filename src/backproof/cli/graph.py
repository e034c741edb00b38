"""``derive graph NAME``: the picture of a computational graph, with symbols or with numbers."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import click

from backproof.audit.documents import derive_node
from backproof.cli.output import deliver
from backproof.cli.words import read
from backproof.derivation import Derivation
from backproof.emit import draw_all
from backproof.emit.picture import Numbers
from backproof.errors import SourceError
from backproof.language import parse_expression
from backproof.terms import as_fraction


def draw_word(
    word: str, form: str, values: str, symbolic: bool, labels: str | None, upto: int | None, output: Path | None
) -> None:
    """Write the pictures of all graphs that ``word`` stands for."""
    document = read(word)
    given = dict(_assignments(values))
    found = [derive_node(document, node) for node in document.nodes]
    if given and len(found) > 1:
        raise click.BadParameter(f"{word} has several graphs", param_hint="--values")
    numbers = None if symbolic or len(found) != 1 else _numbers(found[0], given)
    outlined = {"outlined": _is_outlined(labels)} if form == "svg" else {}
    deliver(draw_all([each for each in found if each.operations], form, upto=upto, numbers=numbers, **outlined), output)


def _is_outlined(labels: str | None) -> bool:
    """Say whether labels become outlines: as asked, else wherever ziamath is there to draw them."""
    can = find_spec("ziamath") is not None
    if labels == "outlines" and not can:
        raise click.BadParameter("outlines need ziamath: pip install 'backproof[svg]'", param_hint="--labels")
    return can if labels is None else labels == "outlines"


def _assignments(text: str) -> Iterator[tuple[str, float]]:
    """Yield the names and numbers of ``x=2,y=1/3``."""
    for part in filter(None, text.split(",")):
        name, sign, value = part.partition("=")
        try:
            number = as_fraction(parse_expression(value)) if sign and value.strip() else None
        except SourceError:
            number = None
        if number is None:
            raise click.BadParameter(f"{part.strip()!r} is not NAME=NUMBER", param_hint="--values")
        yield name.strip(), float(number)


def _numbers(derivation: Derivation, given: dict[str, float]) -> Numbers | None:
    """Return the numbers to show: those given over those of the graph; None where the graph has none."""
    written = {name: as_fraction(term) for name, term in derivation.node.values}
    known = {name: float(value) for name, value in written.items() if value is not None} | given
    if not known:
        return None
    arrays = [declared.name for declared in derivation.node.inputs if declared.axes]
    if arrays:
        raise click.BadParameter(f"{arrays[0]} is an array; numbers are for graphs of numbers", param_hint="--values")
    inputs = [declared.name for declared in derivation.node.inputs]
    output = derivation.node.lines[-1].name
    unknown = [name for name in given if name not in (*inputs, f"d{output}")]
    missing = [name for name in inputs if name not in known]
    if unknown or missing:
        said = f"{unknown[0]} is no input" if unknown else f"no value for {missing[0]}"
        raise click.BadParameter(f"{said} (the inputs are {', '.join(inputs)})", param_hint="--values")
    from backproof.site.walk_numbers import edge_numbers  # what needs no numbers does without

    return edge_numbers(derivation, known)
