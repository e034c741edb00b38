"""How Sphinx builds the documentation: ``python -m sphinx -W -b html docs docs/_build``."""

from __future__ import annotations

from pathlib import Path

from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx

from backproof import __version__, catalogue
from backproof.highlighting import DeriveLexer
from backproof.language.document import Prose

project = "backproof"
version = release = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "backproof.sphinx_ext"]
myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = "backproof"
html_math_renderer = "backproof"
autodoc_typehints = "description"
exclude_patterns = ["_build"]

PAGE = """\
# {title}

{prose}

```{{computational-graph}} {name}
```

```{{derivation}} {name}
:parts: all
```

## The file

```derive
{source}
```
"""


def write_catalogue(app: Sphinx) -> None:
    """Write one page for each derivation of the catalogue, and their index, where they are not there already."""
    folder = Path(app.srcdir) / "catalogue"
    folder.mkdir(exist_ok=True)
    pages = {f"{name}.md": page_of(name) for name in catalogue.names()}
    listed = "\n".join(catalogue.names())
    pages["index.md"] = f"# The catalogue\n\n```{{toctree}}\n:maxdepth: 1\n\n{listed}\n```\n"
    for path in folder.glob("*.md"):
        if path.name not in pages:
            path.unlink()
    for name, text in pages.items():
        path = folder / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def page_of(name: str) -> str:
    """Return the page of a derivation: its prose, its graph, its steps, and the blocks of its file."""
    document = catalogue.load(name)
    prose = "\n\n".join(block.text for block in document.blocks if isinstance(block, Prose))
    heading = f"# {document.title}"
    blocks, inside = [], False
    for line in document.text.splitlines():
        if line.startswith("```"):
            inside = line == "```derive"
            blocks += [""] if inside and blocks else []
        elif inside:
            blocks.append(line)
    return PAGE.format(
        title=document.title, name=name, prose=prose.strip().removeprefix(heading).strip(), source="\n".join(blocks)
    )


def setup(app: Sphinx) -> None:
    """Have the catalogue written before the pages are looked for; name the blocks that tests tell apart."""
    for name, lexer in (("trees", TextLexer), ("message", TextLexer), ("wrong", DeriveLexer)):
        app.add_lexer(name, lexer)
    app.connect("builder-inited", write_catalogue)
