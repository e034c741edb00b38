"""The cache gives back what was rendered, and ignores what is broken or foreign."""

from __future__ import annotations

import json

import pytest

from backproof import cache


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
    (cache.folder() / "name.json").write_text(content)
    assert cache.look_up("name") is None


def test_an_entry_that_was_cut_short_is_ignored():
    cache.keep("name", "a text of some length")
    place = cache.folder() / "name.json"
    place.write_text(place.read_text()[:-5])
    assert cache.look_up("name") is None


def test_a_changed_text_is_ignored():
    cache.keep("name", "1 - y")
    place = cache.folder() / "name.json"
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
