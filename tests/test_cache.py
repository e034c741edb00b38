"""The cache gives back what was rendered, and ignores what is broken or foreign."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from backproof import __main__, cache
from backproof.cli import main


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def test_what_is_kept_is_found():
    cache.keep("name", "∂L")
    assert cache.look_up("name") == "∂L"


def test_what_was_never_kept_is_not_found():
    assert cache.look_up("name") is None


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"text": "x"}', '{"schema": 1, "digest": "", "text": "x"}', "\x00"]
)
def test_a_broken_or_foreign_entry_is_ignored(content):
    cache.keep("name", "x")
    (Path(cache.folder()) / "name.json").write_text(content)
    assert cache.look_up("name") is None


def test_an_entry_that_was_cut_short_is_ignored():
    cache.keep("name", "a text of some length")
    place = Path(cache.folder()) / "name.json"
    place.write_text(place.read_text()[:-5])
    assert cache.look_up("name") is None


def test_a_changed_text_is_ignored():
    cache.keep("name", "1 - y")
    place = Path(cache.folder()) / "name.json"
    place.write_text(json.dumps({**json.loads(place.read_text()), "text": "1 + y"}))
    assert cache.look_up("name") is None


def test_other_options_have_other_keys():
    assert cache.key(["sigmoid", "latex"]) != cache.key(["sigmoid", "text"])


def test_clearing_removes_everything():
    cache.keep("name", "x")
    assert cache.clear() == 1
    assert cache.look_up("name") is None


def test_a_folder_that_cannot_be_made_is_no_mistake(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    cache.keep("name", "x")
    assert cache.look_up("name") is None


def test_no_name_keeps_nothing():
    cache.keep("", "x")
    assert cache.look_up("") is None


def test_what_a_killed_run_left_half_written_is_swept():
    cache.keep("name", "x")
    stale = Path(cache.folder()) / ".name.123"
    stale.write_text("{")
    os.utime(stale, (0, stale.stat().st_mtime - 2 * cache.STALE_SECONDS))
    cache.keep("other", "y")
    assert not stale.exists()


def test_nothing_is_cleared_where_nothing_was_kept():
    assert cache.clear() == 0


# ------------------------------------------------------------------ derive WORD


def write(monkeypatch, capsys, *arguments: str) -> str | None:
    """Return what the command writes without its commands, or None where it needs them."""
    monkeypatch.setattr(sys, "argv", ["derive", *arguments])
    monkeypatch.setattr("backproof.cli.main", lambda prog_name: print("the commands were asked"))
    __main__.main()
    shown = capsys.readouterr().out
    return None if shown == "the commands were asked\n" else shown


@pytest.mark.parametrize("arguments", [("mul", "--latex"), ("--markdown", "mul"), ("mul",), ("x*exp(x)", "--json")])
def test_what_was_rendered_before_is_shown_without_the_commands(monkeypatch, capsys, arguments):
    first = CliRunner().invoke(main, arguments, prog_name="derive").stdout
    assert write(monkeypatch, capsys, *arguments) == first


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("mul", "add"),
        ("mul", "--latex", "--json"),
        ("mul", "-o", "x"),
        ("--help",),
        ("mul", "--no-cache"),
        ("list",),
    ],
)
def test_all_else_is_for_the_commands(monkeypatch, capsys, arguments):
    CliRunner().invoke(main, ["mul", "--latex"], prog_name="derive")
    assert write(monkeypatch, capsys, *arguments) is None


NOTES = "```derive\nnode f(x)\ny = 2*x\ndx = {}*dy\n```\n"


def test_a_file_that_changed_is_rendered_anew(monkeypatch, capsys, tmp_path):
    file = tmp_path / "notes.md"
    file.write_text(NOTES.format(2))
    CliRunner().invoke(main, [str(file), "--latex"], prog_name="derive")
    assert write(monkeypatch, capsys, str(file), "--latex")
    file.write_text(NOTES.format(3))
    assert write(monkeypatch, capsys, str(file), "--latex") is None


def test_what_has_findings_is_not_kept(tmp_path):
    (tmp_path / "notes.md").write_text(NOTES.format(3))
    assert [CliRunner().invoke(main, [str(tmp_path / "notes.md")]).exit_code for _ in range(2)] == [1, 1]


@pytest.mark.skipif(os.name != "posix", reason="such pipes are of POSIX systems")
def test_a_pipe_is_read_once_and_never_kept(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert cache.name_of(str(tmp_path / "pipe"), "latex", False, False) == ""


def test_a_check_takes_nothing_from_the_cache(tmp_path, monkeypatch):
    """A false file is refuted whatever stands in the cache under every name that is asked for."""
    file = tmp_path / "notes.md"
    file.write_text(NOTES.format(3))
    monkeypatch.setattr(cache, "look_up", lambda name: pytest.fail("the cache was asked"))
    assert CliRunner().invoke(main, ["check", str(file)]).exit_code == 1
