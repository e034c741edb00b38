"""The README and the documentation say what is true: their commands and their derivations run."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner

from backproof.audit.files import check_file
from backproof.audit.findings import exit_code
from backproof.cli import main

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^(`{3,})(\w+)\n(.*?)^\1$", re.MULTILINE | re.DOTALL)


class Example(NamedTuple):
    """A command of a page, what the page says that it prints, and the files shown before it."""

    page: Path
    command: str
    output: str
    files: dict[str, str]


#: The names under which commands know what a page shows in these languages.
FILES = {"markdown": "notes.md", "python": "mylayers.py"}


def examples_of(page: Path) -> list[Example]:
    found, files = [], {}
    for _, language, body in FENCE.findall(page.read_text(encoding="utf-8")):
        if language in FILES:
            files[FILES[language]] = body
        if language == "console":
            command, output = body.removeprefix("$ ").split("\n", 1)
            found.append(Example(page, command, output, dict(files)))
    return found


EXAMPLES = [example for page in PAGES for example in examples_of(page)]


def pattern(output: str) -> str:
    """Return a regular expression for ``output``, in which a line ``⋮`` stands for any lines."""
    return "(?:.*\n)*?".join(map(re.escape, output.split("⋮\n")))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{example.page.stem}: {example.command}")
def test_a_command_prints_what_the_page_shows(
    example: Example, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    [(tmp_path / name).write_text(text, encoding="utf-8") for name, text in example.files.items()]
    program, *arguments = shlex.split(example.command)
    done = CliRunner().invoke(main, arguments, prog_name=program)
    assert re.fullmatch(pattern(example.output), done.stdout), done.stdout


@pytest.mark.parametrize("page", [ROOT / "docs" / "conventions.md"], ids=lambda page: page.name)
def test_the_derivations_of_a_page_are_verified(page: Path) -> None:
    report = check_file(page)
    assert [str(finding) for finding in report.findings] == []
    assert exit_code(report.findings) == 0


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    prose = re.sub(r"`[^`\n]+`", "", FENCE.sub("", page.read_text(encoding="utf-8")))
    links = re.findall(r"\]\(([^)#:]+)\)", prose)
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_readme_has_exactly_two_set_up_commands() -> None:
    found = re.findall(r"<!-- set-up: \w+ -->\n```sh\n(.*?)\n```", README.read_text(encoding="utf-8"))
    assert found == ["pip install . && derive sigmoid --latex", "pip install '.[test]' && pytest"]


def test_the_readme_is_short() -> None:
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 120
