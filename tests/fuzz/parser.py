"""``python -m tests.fuzz.parser --runs 20000``: texts that atheris makes up are read, or refused with their place.

What is read as an expression is written and read again, and is the same.  It starts from the derivations and the
rejected files, and ends with 1 at the first text that breaks a promise, which it leaves in ``crash-…``.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["backproof"]):
    from backproof.errors import SourceError
    from backproof.language import parse_document, parse_expression, to_source

ROOT = Path(__file__).parents[2]
SECONDS = 1.0


class Broken(Exception):
    """A promise of the parser that a text has broken."""


def read(text: str) -> None:
    """Read ``text`` as a document, as the inside of a block, and as an expression."""
    start = time.process_time()
    for parse, given in (
        (parse_document, text),
        (parse_document, f"```derive\nnode f(x)\n{text}\n```\n"),
        (parse_expression, text),
    ):
        try:
            found = parse(given)
        except SourceError as refused:
            if refused.line < 1 or refused.column < 1 or not refused.message or "\n" in refused.message:
                raise Broken(f"no place or no message: {refused!r}") from refused
            continue
        if parse is parse_expression and parse_expression(to_source(found)) is not found:
            raise Broken(f"written as {to_source(found)}, it is another expression")
    if time.process_time() - start > SECONDS:
        raise Broken(f"it took {time.process_time() - start:.1f} seconds")


def one_input(data: bytes) -> None:
    read(data.decode("utf-8", "replace"))


def seeds(folder: Path) -> None:
    """Put what the parser should learn from into ``folder``: whole files, blocks and single lines."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(ROOT.glob("derivations/*.md"))]
    texts += [path.read_text(encoding="utf-8") for path in sorted(ROOT.glob("tests/rejected/*.md"))]
    texts += sorted({line.strip() for text in texts for line in text.splitlines() if "=" in line})
    for number, text in enumerate(texts):
        (folder / f"{number:05d}").write_text(text, encoding="utf-8")


WORDS = [
    "node ", "graph ", "claim ", "given ", "example ", "at ", "where(", "D(", "sum[k](", "max[k](", "size(n)",
    "onehot(k)",
    "simplex(k)", "```derive\\x0a", "```\\x0a", " -- ", " -> ", "exp(", "log(", "logsumexp[k](", "positive", "integer",
    "(0, inf)", "1e400", "0.5", "!=", "<=", " and ", " or ", "not ", "[i = j]", "pi", "dy", "dx = ", "^-1",
]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.parser", description=__doc__)
    parser.add_argument("--runs", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "seeds").mkdir()
        seeds(Path(folder) / "seeds")
        words = Path(folder) / "words"
        words.write_text("\n".join(f'"{word}"' for word in WORDS), encoding="utf-8")
        options = [f"-runs={chosen.runs}", f"-seed={chosen.seed}", "-max_len=4096", "-timeout=10", f"-dict={words}"]
        atheris.Setup([sys.argv[0], *options, str(Path(folder) / "seeds")], one_input)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
