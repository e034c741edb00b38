"""The fence for Python-Markdown: a derivation in the page, and a warning for what is false."""

from __future__ import annotations

import logging

import pytest

from backproof.markdown_ext import fence

markdown = pytest.importorskip("markdown")
pytest.importorskip("pymdownx")

FALSE = "```derivation\nnode f(x)\ny = x^2\ndx = dy*x\n```\n"


def page(text: str) -> str:
    fences = [{"name": "derivation", "class": "derivation", "format": fence}]
    settings = {"pymdownx.superfences": {"custom_fences": fences}}
    return str(markdown.markdown(text, extensions=["attr_list", "pymdownx.superfences"], extension_configs=settings))


def test_a_fence_names_a_derivation() -> None:
    html = page("# Notes\n\n```derivation\nsigmoid\n```\n\nThe end.\n")
    assert html.count('<table class="steps"') == 1
    assert html.endswith("<p>The end.</p>")


def test_a_fence_holds_a_derivation() -> None:
    assert "<math" in page("```derivation\nnode f(x)\ny = 3*x\n```\n")


def test_the_style_comes_once() -> None:
    assert page("```derivation\nsigmoid\n```\n\n" * 2).count("<style>") == 1


def test_no_id_stands_twice() -> None:
    html = page("```derivation\nrelu\n```\n\n" * 2)
    assert html.count('id="relu-m') == len({part.split('"')[0] for part in html.split('id="relu-m')[1:]})


def test_the_parts_are_chosen_beside_the_name() -> None:
    assert "Backward pass" in page('```{ .derivation parts="graph backward" }\nsigmoid\n```\n')


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        (FALSE, "<derivation>:3:6: step 1 of dx is false"),
        ("```derivation\nsigmoyd\n```\n", "unknown name 'sigmoyd'"),
        ("```derivation\nnode f(x)\ny = 2*\n```\n", "<derivation>:2:7: expected an expression"),
        ('```{ .derivation parts="story" }\nsigmoid\n```\n', "'story' is no part of a derivation"),
    ],
)
def test_what_is_false_or_wrong_is_a_warning(text: str, warning: str, caplog: pytest.LogCaptureFixture) -> None:
    page(text)
    assert [(record.levelno, record.getMessage()[: len(warning)]) for record in caplog.records] == [
        (logging.WARNING, warning)
    ]


def test_a_mistake_is_shown_as_it_was_written() -> None:
    assert "<pre><code>a &lt; b</code></pre>" in page("```derivation\na < b\n```\n")
