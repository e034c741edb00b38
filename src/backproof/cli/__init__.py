"""The command ``derive``: parse the arguments, call, print, exit.  It holds no mathematics."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from backproof import __version__
from backproof.cli.group import WordGroup, complete_names
from backproof.cli.layers import check_code, layer_options, split_words
from backproof.cli.output import FORMATS

HELP = """Derive, prove and typeset backward passes.

WORD is a node of the catalogue, an expression, or a Markdown file with derive blocks.

\b
Examples:
  derive sigmoid                        the derivation, in the terminal
  derive sigmoid --latex                the same as a LaTeX fragment
  derive 'x*exp(-x^2)' --latex          any expression
  derive softmax --code numpy           a layer with both passes
  derive notes.md                       any file with derive blocks
  derive mul --latex --standalone -o mul.tex
  derive check                          verify the whole catalogue
  derive check notes.md                 verify a file of yours
  derive list                           the catalogue
  derive graph fruit -o fruit.svg       the computational graph as a picture
  derive docs -o site                   the whole catalogue as web pages

\b
Exit codes:
  0  everything is verified
  1  something is wrong
  2  misuse, or input that cannot be read
  3  something could not be decided
"""

LIBRARIES = ("numpy", "torch", "jax")
PATH = click.Path(path_type=Path)
CONTEXT = {"help_option_names": ["-h", "--help"]}


@contextmanager
def no_collection() -> Iterator[None]:
    """Import without garbage collection: SymPy's modules are no garbage, and it saves a fifth of the start."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _complete_word(_: click.Context, __: click.Parameter, incomplete: str) -> list[object]:
    return list(complete_names(incomplete))


@click.group(
    cls=WordGroup,
    help=HELP,
    context_settings=CONTEXT,
    no_args_is_help=True,
    subcommand_metavar="WORD | COMMAND [ARGS]…",
)
@click.version_option(__version__, prog_name="derive", message="%(prog)s %(version)s")
def main() -> None:
    """Run the command line."""


@main.command(hidden=True, context_settings=CONTEXT)
@click.argument("word", shell_complete=_complete_word)
@click.option("--text", "form", flag_value="text", help="For the terminal (the default).")
@click.option("--latex", "form", flag_value="latex", help="LaTeX, for article with amsmath.")
@click.option("--markdown", "form", flag_value="markdown", help="Markdown with TeX mathematics.")
@click.option("--json", "form", flag_value="json", help="JSON, every step with its verdict.")
@click.option("--html", "form", flag_value="html", help="HTML with MathML.")
@click.option("--svg", "form", flag_value="svg", help="The graph as SVG (also --tikz, --dot).")
@click.option("--tikz", "form", flag_value="tikz", hidden=True, help="The graph as TikZ.")
@click.option("--dot", "form", flag_value="dot", hidden=True, help="The graph for Graphviz.")
@click.option("--code", type=click.Choice(LIBRARIES), help="A layer with both passes, as Python code.")
@click.option("--standalone", is_flag=True, help="With --latex or --html: a whole document.")
@click.option("--beamer", "style", flag_value="beamer", help="With --latex: slides, one step at a time.")
@click.option("--aligned", "style", flag_value="aligned", help="With --latex: the steps alone, as aligned.")
@click.option("-o", "--output", type=PATH, help="Write to a file, whole or not at all.")
@click.option("--no-color", is_flag=True, help="Write no colour (so does NO_COLOR).")
@click.option("--no-cache", "use_cache", is_flag=True, flag_value=False, default=True, help="Derive again.")
def show(
    word: str,
    form: str | None,
    code: str | None,
    standalone: bool,
    style: str | None,
    output: Path | None,
    no_color: bool,
    use_cache: bool,
) -> None:
    """Show the derivation of a node, an expression or a file."""
    if code is not None:
        if form or standalone or style:
            raise click.UsageError("--code goes with no other format")
        from backproof.cli.cached import judging_strangers

        with judging_strangers(word):
            with no_collection():
                from backproof.cli.show import show_code
            raise SystemExit(show_code(word, code, output))
    if style and (standalone or form not in (None, "latex")):
        raise click.UsageError(f"--{style} goes with --latex alone")
    known = FORMATS.get(output.suffix, "text") if output else "text"
    form = style or form or ("latex" if standalone else known)
    if standalone and form not in ("latex", "html"):
        raise click.UsageError("--standalone goes with --latex and --html")
    from backproof.cli.cached import show_anew, show_cached

    shown = show_cached if use_cache else show_anew
    raise SystemExit(shown(word, form, standalone, output, no_color))


@main.group(context_settings=CONTEXT)
def cache() -> None:
    """What was rendered before is kept on disk and shown again at once."""


@cache.command("clear", context_settings=CONTEXT)
def clear_cache() -> None:
    """Remove everything that is kept."""
    from backproof.cache import clear

    click.echo(f"{clear()} entries removed")


@main.command(context_settings=CONTEXT)
@click.argument("paths", nargs=-1, metavar="[PATH]…", shell_complete=_complete_word)
@click.option("--json", "as_json", is_flag=True, help="The report as JSON.")
@click.option("-q", "--quiet", is_flag=True, help="Only findings and the summary.")
@click.option("--no-color", is_flag=True, help="Write no colour (so does NO_COLOR).")
@click.option("--timeout", type=click.FloatRange(min=0.01), default=2.0, show_default=True, help="Seconds for a step.")
@click.option(
    "--jobs", type=click.IntRange(1), help="How many files at once; default: as many as processors, at most 4."
)
@click.option("--certificates", "folder", type=PATH, help="Write the certificate of every step into a folder.")
@layer_options
def check(
    paths: tuple[str, ...],
    as_json: bool,
    quiet: bool,
    no_color: bool,
    timeout: float,
    jobs: int | None,
    folder: Path | None,
    **asked: Any,
) -> None:
    """Verify files, folders or nodes, or the layers in a Python file; without PATH the whole catalogue."""
    documents, layers = split_words(paths)
    found = check_code(layers, documents, asked, as_json, quiet, no_color)
    if layers and not documents:
        raise SystemExit(found.exit_code)
    from backproof.cli.check import Shown, check_paths, worse
    from backproof.terminal import wants_colour

    shown = Shown(as_json, quiet, wants_colour(no_color), found.data, found.exit_code)
    code = check_paths(documents, shown, jobs or min(4, os.cpu_count() or 1), timeout, folder)
    raise SystemExit(worse(code, found.exit_code))


@main.command(context_settings=CONTEXT)
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
def verify(folder: Path) -> None:
    """Re-check the certificates that derive check --certificates wrote, without the kernel."""
    from backproof.cli.trust import verify_folder

    raise SystemExit(verify_folder(folder))


@main.command("list", context_settings=CONTEXT)
@click.option("--json", "as_json", is_flag=True, help="The catalogue as JSON.")
def list_names(as_json: bool) -> None:
    """List the catalogue, one line of description each."""
    from backproof.cli.listing import list_catalogue

    list_catalogue(as_json)


@main.command(context_settings=CONTEXT)
@click.argument("word", shell_complete=_complete_word)
@click.option("--svg", "form", flag_value="svg", help="SVG, light and dark (the default).")
@click.option("--tikz", "form", flag_value="tikz", help="TikZ, for LaTeX.")
@click.option("--dot", "form", flag_value="dot", help="For Graphviz.")
@click.option("--values", default="", metavar="x=2,…", help="Numbers instead of symbols; dy=… is the upstream.")
@click.option("--symbols", "symbolic", is_flag=True, help="Symbols, though the graph has numbers.")
@click.option(
    "--labels", type=click.Choice(["text", "outlines"]), help="In SVG; default: outlines if ziamath is installed."
)
@click.option("--upto", type=click.IntRange(0), metavar="N", help="Only the first N operations of the way back.")
@click.option("-o", "--output", type=PATH, help="Write to a file, whole or not at all.")
def graph(
    word: str, form: str | None, values: str, symbolic: bool, labels: str | None, upto: int | None, output: Path | None
) -> None:
    """Draw the computational graph of a node, an expression or a file."""
    with no_collection():
        from backproof.cli.graph import draw_word

    known = FORMATS.get(output.suffix, "svg") if output else "svg"
    form = form or (known if known in ("svg", "tikz", "dot") else {"latex": "tikz"}.get(known, "svg"))
    draw_word(word, form, values, symbolic, labels, upto, output)


@main.command(context_settings=CONTEXT)
@click.argument("paths", nargs=-1, metavar="[PATH]…")
@click.option("-o", "--output", type=PATH, required=True, help="The folder of the site, replaced as a whole.")
@click.option("--jobs", type=click.IntRange(1), help="How many processes; default: one for each processor.")
@click.option("--title", default="", help="The title of the index.")
def docs(paths: tuple[Path, ...], output: Path, jobs: int | None, title: str) -> None:
    """Write a web site of the catalogue, or of your files and folders."""
    from backproof.cli.docs import write_docs

    raise SystemExit(write_docs([Path(path) for path in paths], output, jobs, title))
