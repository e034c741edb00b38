"""The first page: every derivation with a sentence about it, and a field to search them."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING

from backproof.emit.html_text import inline
from backproof.site.frame import framed

if TYPE_CHECKING:
    from backproof.site.building import Entry


def index(entries: Iterable[Entry], title: str) -> str:
    """Return the page; without JavaScript it is the plain list."""
    items = "\n".join(map(_item, entries))
    body = f"""<h1>{escape(title)}</h1>
<p>Each page derives a backward pass step by step. A tick says that the step is proved.</p>
<search class="search" hidden><label for="query">Search</label>
<input id="query" type="search" autocomplete="off" spellcheck="false">
<output for="query" aria-live="polite"></output></search>
<ul class="index">
{items}
</ul>"""
    return framed(title, body, scripts=("search.js",))


def _item(entry: Entry) -> str:
    words = " ".join((entry.name, *entry.nodes, entry.title, entry.description)).lower()
    status = f'<span class="status">{escape(entry.status)}</span>'
    return (
        f'<li data-words="{escape(words)}"><a href="{escape(entry.name)}.html">{escape(entry.title)}</a> {status}'
        f"<p>{inline(entry.description)}</p></li>"
    )
