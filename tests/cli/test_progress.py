"""The progress bar: on a terminal only, after a second only, and never in the way of a line."""

from __future__ import annotations

import io
from types import SimpleNamespace

import pytest

from backproof.cli import progress
from backproof.cli.progress import Bar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch):
    """A stderr that is a terminal, and a clock that is past the first second."""
    monkeypatch.setattr(progress, "PATIENCE_SECONDS", 0.0)
    stderr = Terminal()
    monkeypatch.setattr(progress, "sys", SimpleNamespace(stderr=stderr))
    return stderr


def test_it_says_how_many_are_done(terminal):
    bar = Bar(8, wanted=True)
    bar.show(2)
    assert terminal.getvalue().startswith("\r\x1b[Kchecking")
    assert "2/8" in terminal.getvalue()


def test_what_has_not_changed_is_not_drawn_again(terminal):
    bar = Bar(8, wanted=True)
    bar.show(2)
    drawn = terminal.getvalue()
    bar.show(2)
    assert terminal.getvalue() == drawn


def test_its_line_is_left_empty_for_other_text(terminal):
    bar = Bar(8, wanted=True)
    bar.show(2)
    bar.clear()
    assert terminal.getvalue().endswith("\r\x1b[K")


def test_it_waits_for_a_second(terminal, monkeypatch):
    monkeypatch.setattr(progress, "PATIENCE_SECONDS", 1.0)
    Bar(8, wanted=True).show(2)
    assert terminal.getvalue() == ""


def test_nothing_is_drawn_where_nothing_is_wanted(terminal):
    Bar(8, wanted=False).show(2)
    assert terminal.getvalue() == ""


def test_nothing_is_drawn_where_stderr_is_no_terminal(monkeypatch):
    monkeypatch.setattr(progress, "PATIENCE_SECONDS", 0.0)
    stderr = io.StringIO()
    monkeypatch.setattr(progress, "sys", SimpleNamespace(stderr=stderr))
    Bar(8, wanted=True).show(2)
    assert stderr.getvalue() == ""
