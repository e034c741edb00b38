"""Every page opens in a browser without an error, a request or an overflow; a walk shows right numbers."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import pytest

from backproof import catalogue
from tests.site.test_pages import LONG

PAGES = (*catalogue.names(), "index")
OVERFLOW = """
const wide = document.documentElement.scrollWidth;
return wide > window.innerWidth ? `${wide} in ${window.innerWidth}` : "";
"""
LABELS = """
return [...document.querySelectorAll("svg .edge")].flatMap((edge) => {
  const path = edge.querySelector("path.e").getBBox();
  return [...edge.querySelectorAll("text")].filter((text) => {
    const box = text.getBBox();
    return box.width > 0 && (box.x < path.x - 2 || box.x + box.width > path.x + path.width + 2);
  }).map((text) => text.textContent);
});
"""
# A character that no font has is drawn as the font's own box: all such characters look the same.
BOXES = """
const draw = (character, family) => {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 48;
  const context = canvas.getContext("2d");
  context.font = `32px ${family}`;
  context.fillText(character, 4, 36);
  return canvas.toDataURL();
};
await document.fonts.ready;
const found = new Map();
for (const element of document.querySelectorAll("math *, p, li, td, th, h1, h2, h3, text, tspan, summary, code")) {
  const family = getComputedStyle(element).fontFamily;
  for (const node of element.childNodes) {
    if (node.nodeType !== Node.TEXT_NODE) continue;
    for (const character of node.textContent) {
      if (character > "~" && !/\\s|[\\u2061-\\u2064]/.test(character)) found.set(character, family);
    }
  }
}
const missing = (family) => draw("\\u{10fffd}", family);
return [...found].filter(([character, family]) => draw(character, family) === missing(family)).map(([c]) => c);
"""
FLAT = """
const isFlat = (each) => each.checkVisibility() && each.getBoundingClientRect().height < 4;
return [...document.querySelectorAll("math")].filter(isFlat).map((each) => each.outerHTML);
"""


def opened(browser: Any, site: Path, name: str, width: int = 1280, scheme: str = "light") -> Any:
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    media = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": media})
    browser.get((site / f"{name}.html").as_uri())
    return browser


def requested(browser: Any) -> set[str]:
    """Schemes of everything that was asked for since the last call."""
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    urls = [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]
    return {url.partition(":")[0] for url in urls}


# ------------------------------------------------------------------ every page


@pytest.mark.parametrize("name", PAGES)
def test_a_page_opens_without_an_error_or_a_request(browser: Any, site: Path, name: str) -> None:
    browser.get_log("browser"), requested(browser)
    opened(browser, site, name)
    assert browser.get_log("browser") == []
    assert requested(browser) <= {"file", "data"}


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_does_not_overflow(browser: Any, site: Path, name: str, width: int) -> None:
    opened(browser, site, name, width)
    browser.execute_script("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    assert browser.execute_script(OVERFLOW) == ""


@pytest.mark.parametrize("name", PAGES)
def test_every_character_of_a_page_has_a_shape(browser: Any, site: Path, name: str) -> None:
    assert opened(browser, site, name).execute_script(BOXES) == []


@pytest.mark.parametrize("name", PAGES)
def test_every_formula_of_a_page_is_drawn(browser: Any, site: Path, name: str) -> None:
    assert opened(browser, site, name).execute_script(FLAT) == []


@pytest.mark.parametrize("name", PAGES)
def test_labels_stay_on_their_edges(browser: Any, site: Path, name: str) -> None:
    assert opened(browser, site, name).execute_script(LABELS) == []


def test_a_missing_character_would_be_found(browser: Any, site: Path) -> None:
    opened(browser, site, "index")
    browser.execute_script("document.querySelector('h1').append(String.fromCodePoint(0x10fffe))")
    assert browser.execute_script(BOXES) == ["\U0010fffe"]


def test_the_font_of_the_site_is_used(browser: Any, site: Path) -> None:
    script = 'return document.fonts.ready.then(() => document.fonts.check("16px \\"Backproof Math\\""))'
    assert opened(browser, site, "sigmoid").execute_script(script) is True


# ------------------------------------------------------------------ the walk


def walk(browser: Any, times: int) -> None:
    for _ in range(times):
        browser.find_element("css selector", 'button[data-move="on"]').click()


def walk_to_the_end(browser: Any) -> None:
    walk(browser, len(browser.find_elements("css selector", ".walk-steps li")))


def texts(browser: Any, css: str) -> list[str]:
    return [element.text for element in browser.find_elements("css selector", css) if element.is_displayed()]


def numbers(text: str) -> list[float]:
    return [float(each) for each in re.findall(r"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?", text.replace("−", "-"))]


WRITTEN = re.compile(r'<output data-(?:value|part)="[^"]*">([^<]*)</output>')


@pytest.mark.parametrize("name", sorted({*catalogue.names()} - LONG))
def test_the_script_computes_the_numbers_of_the_page(browser: Any, site: Path, name: str) -> None:
    written = WRITTEN.findall((site / f"{name}.html").read_text(encoding="utf-8"))
    script = "return [...document.querySelectorAll('.walk-steps output')].map((each) => each.textContent)"
    computed = opened(browser, site, name).execute_script(script)
    assert len(computed) == len(written) > 0
    pairs = zip(map(numbers, computed), map(numbers, written), strict=True)
    close = [len(a) == len(b) and all(map(lambda x, y: math.isclose(x, y, rel_tol=1e-3), a, b)) for a, b in pairs]
    assert all(close)


def test_the_walk_begins_with_the_inputs_alone(browser: Any, site: Path) -> None:
    opened(browser, site, "fruit")
    assert set(texts(browser, ".walk svg text.f")) == {"100", "2", "150", "3", "1.1"}
    assert texts(browser, ".walk svg text.g") == []


def test_the_walk_through_fruit_ends_with_the_book_s_numbers(browser: Any, site: Path) -> None:
    opened(browser, site, "fruit")
    walk_to_the_end(browser)
    assert set(texts(browser, ".walk svg text.f")) == {"100", "2", "150", "3", "1.1", "200", "450", "650", "715"}
    assert set(texts(browser, ".walk svg text.g")) == {"2.2", "110", "3.3", "165", "650", "1.1", "1"}
    assert not browser.find_element("css selector", 'button[data-move="on"]').is_enabled()


def test_the_current_step_of_sigmoid_shows_upstream_local_and_product(browser: Any, site: Path) -> None:
    opened(browser, site, "sigmoid")
    walk(browser, 5)
    assert texts(browser, ".walk-steps .current output") == ["2", "−0.53445", "−1.0689"]
    lit = browser.find_elements("css selector", ".walk .operation.lit")
    assert [each.get_attribute("data-name") for each in lit] == ["y"]


def test_the_walk_through_sigmoid_ends_with_the_gradient(browser: Any, site: Path) -> None:
    opened(browser, site, "sigmoid")
    walk_to_the_end(browser)
    assert texts(browser, ".walk svg text.f") == ["1", "−1", "0.36788", "1.3679", "0.73106"]
    assert texts(browser, ".walk svg text.g") == ["0.39322", "−0.39322", "−1.0689", "−1.0689", "2"]


def test_the_walk_through_softmax_goes_entry_by_entry(browser: Any, site: Path) -> None:
    opened(browser, site, "softmax")
    found = []
    for _ in range(7):
        walk(browser, 1)
        found.append([numbers(text) for text in texts(browser, ".walk-steps .current output")])
    y = [[1 / 3] * 3, [0.0900, 0.2447, 0.6652]]
    forward = [[1, 1, 1, 1, 2.718, 7.389], [3, 11.11], [*y[0], *y[1]]]
    assert [pytest.approx(values, abs=6e-4) for values in forward] == [step[0] for step in found[:3]]
    products = {
        "ds": [0, -0.0081],
        "de": [1 / 3, 2 / 3, -1, 0.0900, 0, 0],
        "de again": [0, 0, 0, -0.0081, -0.0081, -0.0081],
        "dx": [1 / 3, 2 / 3, -1, 0.0819, -0.0220, -0.0599],
    }
    assert [pytest.approx(values, abs=6e-4) for values in products.values()] == [step[2] for step in found[3:]]
    assert found[3][1] == pytest.approx([-1 / 9] * 3 + [-0.0081, -0.0220, -0.0599], abs=6e-4)
    assert not browser.find_element("css selector", 'button[data-move="on"]').is_enabled()


def test_the_arrow_keys_walk(browser: Any, site: Path) -> None:
    keys = pytest.importorskip("selenium.webdriver").common.keys.Keys
    opened(browser, site, "sigmoid")
    body = browser.find_element("css selector", "body")
    body.send_keys(keys.ARROW_RIGHT, keys.ARROW_RIGHT, keys.ARROW_LEFT)
    assert browser.find_element("css selector", ".place").text.startswith("step 1 of ")


def move(browser: Any, slider: str, value: float) -> None:
    browser.execute_script(
        f"const s = document.querySelector('{slider}'); s.value = {value}; s.dispatchEvent(new Event('input'));"
    )


def test_a_slider_changes_every_number(browser: Any, site: Path) -> None:
    opened(browser, site, "sigmoid")
    browser.find_element("css selector", 'button[data-move="end"]').click()
    move(browser, "input[data-name=x]", 0)
    assert texts(browser, ".walk svg text.f") == ["0", "0", "1", "2", "0.5"]
    assert texts(browser, ".walk svg text.g")[:1] == ["0.5"]


def test_a_slider_changes_one_entry_of_an_array(browser: Any, site: Path) -> None:
    opened(browser, site, "softmax")
    browser.find_element("css selector", 'button[data-move="end"]').click()
    move(browser, 'input[data-name=x][data-at="0,1"]', math.log(2))
    (y,) = (numbers(text) for text in texts(browser, '.walk-steps output[data-value="y"]'))
    assert y[:3] == pytest.approx([0.25, 0.5, 0.25], abs=6e-3)
    assert y[3:] == pytest.approx([0.0900, 0.2447, 0.6652], abs=6e-4)


def test_the_walk_needs_no_script_to_be_read(browser: Any, site: Path) -> None:
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        opened(browser, site, "softmax")
        shown = texts(browser, ".walk-steps output")
        buttons = texts(browser, ".walk button")
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    assert (len(shown), all(shown), buttons) == (15, True, [])


# ------------------------------------------------------------------ the index, and everybody


def test_the_search_hides_what_does_not_fit(browser: Any, site: Path) -> None:
    opened(browser, site, "index")
    browser.find_element("id", "query").send_keys("apples oranges")
    assert texts(browser, ".index li a") == ["Buying apples and oranges"]


def test_a_copy_button_takes_the_whole_text(browser: Any, site: Path) -> None:
    opened(browser, site, "sigmoid")
    browser.find_element("css selector", "button.copied").click()
    assert browser.find_element("css selector", "button.copied").text == "Copied"
    assert "class Sigmoid" in browser.execute_script("return getSelection().toString()")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("name", ["index", "batch-norm", "sigmoid", "softmax", "binary-cross-entropy-with-logits"])
def test_axe_finds_nothing_serious(browser: Any, site: Path, axe: str, name: str, width: int, scheme: str) -> None:
    opened(browser, site, name, width, scheme).execute_script(axe)
    found = browser.execute_async_script("const done = arguments[0]; axe.run().then((r) => done(r.violations));")
    serious = [each for each in found if each["impact"] in ("serious", "critical")]
    assert [(each["id"], each["nodes"][0]["html"]) for each in serious] == []
