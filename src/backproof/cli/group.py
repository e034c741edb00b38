"""``derive WORD …``: a first word that is not a command is a name, an expression or a file."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem

from backproof.cli.output import note
from backproof.errors import BackproofError, in_words
from backproof.terminal import write_anyway

FALLBACK = "show"
#: The exit code of a run that was ended by Ctrl-C, as shells have it.
INTERRUPTED = 130
_OWN_OPTIONS = frozenset({"--help", "-h", "--version"})


def complete_names(incomplete: str) -> list[CompletionItem]:
    """Return the names of the catalogue that begin with ``incomplete``, then files."""
    from backproof import catalogue

    found = [name for name in catalogue.names() if name.startswith(incomplete.replace("_", "-"))]
    return [*map(CompletionItem, found), CompletionItem(incomplete, type="file")]


class WordGroup(click.Group):
    """A group whose fallback command takes every line that starts with no command's name."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in _OWN_OPTIONS:
            args = protect_negative([FALLBACK, *args])
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; a mistake of the user is one message and exit code 2."""
        write_anyway()
        try:
            return super().invoke(ctx)
        except (BackproofError, OSError, UnicodeError) as mistake:
            if isinstance(mistake, BrokenPipeError):
                raise
            note(f"derive: {in_words(mistake)}")
            ctx.exit(2)
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the options of the fallback with the group's own, then the commands."""
        shown = self.commands[FALLBACK].get_params(ctx)
        options = [p for p in shown if isinstance(p, click.Option) and "--help" not in p.opts]
        params = [*options, *self.get_params(ctx)]
        rows = [row for param in params if (row := param.get_help_record(ctx)) is not None]
        with formatter.section("Options"):
            formatter.write_dl(rows)
        self.format_commands(ctx, formatter)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        options = self.commands[FALLBACK].shell_complete(ctx, incomplete)
        return [*super().shell_complete(ctx, incomplete), *options, *complete_names(incomplete)]


def protect_negative(args: list[str]) -> list[str]:
    """Put an expression that starts with a minus sign behind ``--``, where it is no option."""
    is_option = ("--", "-o", "-h")
    negative = [arg for arg in args if len(arg) > 1 and arg[0] == "-" and not arg.startswith(is_option)]
    if "--" in args or not negative:
        return args
    return [*(arg for arg in args if arg not in negative), "--", *negative]
