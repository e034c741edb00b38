"""The colours of derive blocks: a Pygments lexer, for Sphinx, MkDocs and everything else that uses Pygments."""

from __future__ import annotations

from typing import ClassVar

from pygments.lexer import RegexLexer, words
from pygments.token import Comment, Keyword, Name, Number, Operator, Punctuation, Text

from backproof.language.grammar import REDUCTION_WORDS
from backproof.terms import FUNCTIONS

_FUNCTIONS = (*FUNCTIONS, *REDUCTION_WORDS.values(), "where", "size", "D")


class DeriveLexer(RegexLexer):
    """Words, numbers and reasons of the language of derivations."""

    name = "derive"
    aliases: ClassVar = ["derive"]
    filenames: ClassVar[list[str]] = []
    url = ""
    tokens: ClassVar = {
        "root": [
            (r"\s+", Text),
            (r"--.*$", Comment.Single),
            (words(("node", "graph", "at", "example", "given", "claim"), prefix="^[ \t]*", suffix=r"\b"), Keyword),
            (words(("and", "or", "not"), suffix=r"\b"), Operator.Word),
            (words(_FUNCTIONS, suffix=r"(?=\s*[\[(])"), Name.Function),
            (r"(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d+)?", Number),
            (r"[A-Za-z]\w*'*", Name),
            (r"->|[-+*/^=<>!]+", Operator),
            (r".", Punctuation),
        ],
    }
