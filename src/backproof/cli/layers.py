"""``derive check mylayers.py``: the options, the words and the printing for code; no mathematics."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from backproof.checking.findings import FileReport

Command = TypeVar("Command", bound=Callable[..., Any])
_CODE = re.compile(r"\.(py|ipynb)(::\w+)*$|::\w+$")
_MODULE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+")
#: The options of ``derive check`` that concern code.
OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option("--as", "node", default="", metavar="NODE", help="For code: the node it is meant to be."),
    click.option("--forward", default="", metavar="F", help="For code: the function of the forward pass."),
    click.option("--backward", default="", metavar="G", help="For code: the function of the backward pass."),
    click.option("--only", default="", metavar="CHECK,…", help="For code: only these checks (value, …)."),
    click.option("--skip", default="", metavar="CHECK,…", help="For code: not these checks."),
    click.option("--seed", type=int, default=0, show_default=True, help="For code: the seed of the samples."),
    click.option("--prove", is_flag=True, help="For code: judge entries of a small run by the kernel."),
    click.option("--limit", type=click.FloatRange(min=0.1), default=60.0, show_default=True, help="For code: seconds."),
    click.option("--junit", "writer", flag_value="junit", help="For code: the report as JUnit XML."),
    click.option("--github", "writer", flag_value="github", help="For code: the report as annotations for a forge."),
    click.option("--latex", "writer", flag_value="latex", help="For code: the report as LaTeX, formulas typeset."),
    click.option("--standalone", is_flag=True, help="With --latex: a whole document."),
    click.option("--sarif", "writer", flag_value="sarif", help="For code: the report as SARIF."),
)  # fmt: skip


def layer_options(command: Command) -> Command:
    """Return the command with the options for code."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def split_words(words: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the words that name documents or nodes, and those that name code."""
    code = tuple(word for word in words if is_code(word))
    return tuple(word for word in words if word not in code), code


def is_code(word: str) -> bool:
    """Say whether a word names Python: a file, a notebook, ``path.py::Name``, or a dotted module."""
    is_module = _MODULE.fullmatch(word) is not None and not word.endswith(".md")
    return bool(_CODE.search(word)) or (is_module and not Path(word).exists() and "/" not in word)


@dataclass(frozen=True)
class Checked:
    """What was found in code: the exit code, and the reports as data where one JSON document is to hold them all."""

    exit_code: int = 0
    data: tuple[dict[str, Any], ...] = ()


def check_code(
    words: tuple[str, ...],
    documents: tuple[str, ...],
    asked: dict[str, Any],
    as_json: bool,
    quiet: bool,
    no_color: bool,
) -> Checked:
    """Check every file of code and print the report; beside documents, JSON is left to be printed with theirs."""
    _known(asked, documents)
    if not words:
        return Checked()
    from backproof.checking.discovery import Options
    from backproof.checking.report import exit_code, file_text, plain, summary
    from backproof.checking.runner import check_path
    from backproof.terminal import wants_colour

    options = Options(
        node=asked["node"], forward=asked["forward"], backward=asked["backward"], only=_names(asked["only"]),
        skip=_names(asked["skip"]), seed=asked["seed"], time_limit=asked["limit"], prove=asked["prove"],
    )  # fmt: skip
    colour = wants_colour(no_color)
    writer = "json" if as_json else asked["writer"]
    reports = []
    for word in words:
        reports.append(check_path(word, options))
        if not writer:
            click.echo(file_text(reports[-1], _paint if colour else plain, quiet, _width()), color=colour)
    if as_json and documents:
        return Checked(exit_code(reports), tuple(report.as_data() for report in reports))
    click.echo(_written(reports, writer, asked["standalone"]) if writer else summary(reports))
    return Checked(exit_code(reports))


def _written(reports: list[FileReport], writer: str, standalone: bool) -> str:
    """Return the reports in the format of an option."""
    if writer == "latex":
        from backproof.checking.report_latex import as_latex

        return as_latex(reports, standalone)
    from backproof.checking.report import WRITERS

    return WRITERS[writer](reports)


def _paint(text: str, colour: str) -> str:
    return click.style(text, fg=colour)


def _width() -> int:
    """Return how many columns the terminal has; 0 where the text goes elsewhere."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else 0


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _known(asked: dict[str, Any], documents: tuple[str, ...]) -> None:
    """Refuse checks and nodes that do not exist, and formats that hold no documents; raises UsageError."""
    from backproof import catalogue
    from backproof.checking.aliases import meant
    from backproof.checking.names import CHECK_NAMES
    from backproof.errors import UnknownName

    for option in ("only", "skip"):
        unknown = [name for name in _names(asked[option]) if name not in CHECK_NAMES]
        if unknown:
            raise click.UsageError(f"--{option}: no check is called {unknown[0]!r}; there are {', '.join(CHECK_NAMES)}")
    if asked["node"] and not meant(asked["node"]):
        raise click.UsageError(f"--as: {UnknownName(asked['node'], catalogue.nearest(asked['node']))}")
    if asked["writer"] and documents:
        raise click.UsageError(f"--{asked['writer']} is for code alone, and {documents[0]} is none")
    if asked["standalone"] and asked["writer"] != "latex":
        raise click.UsageError("--standalone goes with --latex")
    if bool(asked["forward"]) != bool(asked["backward"]):
        raise click.UsageError("--forward and --backward go together")
