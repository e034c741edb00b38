"""How Sphinx builds the documentation: ``python -m sphinx -W -b html docs docs/_build``."""

from __future__ import annotations

from pathlib import Path

from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx

from backproof import __version__, catalogue
from backproof.highlighting import DeriveLexer

project = "backproof"
version = release = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "backproof.sphinx_ext"]
myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = "backproof"
html_show_copyright = False
html_math_renderer = "backproof"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88
exclude_patterns = ["_build"]

PAGE = """\
# {title}

{summary}

```{{derivation}} {name}
:parts: all
```

## The file

`derivations/{name}.md`

{file}
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
    """Return the page of a derivation: what it is for, its graph, its steps, and its file."""
    document = catalogue.load(name)
    text = document.text.strip().removeprefix(f"# {document.title}").strip()
    summary, fence, rest = text.partition("```derive")
    return PAGE.format(title=document.title, name=name, summary=summary.strip(), file=f"{fence}{rest}")


def setup(app: Sphinx) -> None:
    """Have the catalogue written before the pages are looked for; name the blocks that tests tell apart."""
    for name, lexer in (("trees", TextLexer), ("message", TextLexer), ("wrong", DeriveLexer)):
        app.add_lexer(name, lexer)
    app.connect("builder-inited", write_catalogue)
