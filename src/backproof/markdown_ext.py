"""Python-Markdown, MkDocs and Zensical: a custom fence for SuperFences that shows a derivation.

In ``mkdocs.yml``::

    markdown_extensions:
      - attr_list
      - pymdownx.superfences:
          custom_fences:
            - name: derivation
              class: derivation
              format: !!python/name:backproof.markdown_ext.fence
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from html import escape
from itertools import count
from pathlib import Path
from typing import Any, Final

from backproof.audit.findings import Finding
from backproof.embedding import PARTS, USUAL, derivations_of, embed, inline_document, named_document
from backproof.emit.html import ASSETS
from backproof.errors import BackproofError
from backproof.language.document import Document

#: Warnings of loggers below this one end a strict build of MkDocs.
logger: Final = logging.getLogger("mkdocs.plugins.backproof")
_serial: Final = count()


def fence(source: str, language: str, css_class: str, options: Mapping[str, Any], md: Any, **more: Any) -> str:
    """Return the HTML of a fence that holds a derivation, the name of one, or the path of a file.

    ``{ .derivation parts="graph steps" }`` chooses what is shown.  A false step is a warning, and shown as
    false; a mistake is a warning, and the source is shown as it stands.
    """
    asked = dict(more.get("attrs") or {}) | dict(options)
    parts = tuple(str(asked.get("parts", " ".join(USUAL))).split())
    try:
        found, findings = derivations_of(_document(source), str(asked.get("node", "")))
        _warn(findings)
        shown = "".join(embed(each, _known(parts), f"{each.node.name}-m{next(_serial)}").html for each in found)
    except (BackproofError, OSError, ValueError) as mistake:
        logger.warning("%s", mistake)
        return f"<pre><code>{escape(source)}</code></pre>"
    return _style(md) + f'<div class="{escape(css_class)}">\n{shown}</div>'


def _document(source: str) -> Document:
    if "\n" in source.strip():
        return inline_document(source, "<derivation>", 1)
    return named_document(source.strip(), Path.cwd())[0]


def _known(parts: tuple[str, ...]) -> tuple[str, ...]:
    if parts == ("all",):
        return tuple(PARTS)
    for part in parts:
        if part not in PARTS:
            raise ValueError(f"{part!r} is no part of a derivation; choose from {', '.join(PARTS)}, all")
    return parts


def _warn(findings: Iterable[Finding]) -> None:
    for found in findings:
        logger.warning("%s", found)


def _style(md: Any) -> str:
    """Return the style for the first derivation of a page, and nothing for the others."""
    if getattr(md, "backproof_is_styled", False):
        return ""
    md.backproof_is_styled = True
    return f"<style>\n{(ASSETS / 'embedded.css').read_text(encoding='utf-8')}</style>\n"
