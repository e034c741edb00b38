"""``derive list``: every node of the catalogue with the first sentence of its prose."""

from __future__ import annotations

import json
import shutil

import click

from backproof import catalogue
from backproof.emit.prose import to_text

NAME_WIDTH = 22


def list_catalogue(as_json: bool) -> None:
    """Print the names and descriptions of the whole catalogue."""
    rows = [(name, to_text(catalogue.describe(catalogue.load(name)))) for name in catalogue.names()]
    if as_json:
        nodes = [{"name": name, "description": text} for name, text in rows]
        click.echo(json.dumps({"schema": 1, "nodes": nodes}, ensure_ascii=False, indent=2))
        return
    width = min(shutil.get_terminal_size((80, 24)).columns, 100)
    formatter = click.HelpFormatter(width=width)
    formatter.write_dl(rows, col_max=NAME_WIDTH)
    click.echo(formatter.getvalue(), nl=False)
