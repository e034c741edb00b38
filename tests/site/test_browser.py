"""Every page opens in a browser without an error, a request or an overflow; the walk-through shows right numbers."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from backproof import catalogue
from backproof.site import build
from backproof.site.building import sources

webdriver = pytest.importorskip("selenium.webdriver")
BROWSER, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(not (BROWSER and DRIVER), reason="needs chromium and chromedriver")

NAMES = ("fruit", "sigmoid", "softmax", "elu", "huber", "binary-cross-entropy-with-logits")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
OVERFLOW = """
const wide = document.documentElement.scrollWidth;
return wide > window.innerWidth ? `${wide} in ${window.innerWidth}` : "";
"""
BOXES = """
return [...document.querySelectorAll("svg .edge")].flatMap((edge) => {
  const path = edge.querySelector("path.e").getBBox();
  return [...edge.querySelectorAll("text")].filter((text) => {
    const box = text.getBBox();
    return box.width > 0 && (box.x < path.x - 2 || box.x + box.width > path.x + path.width + 2);
  }).map((text) => text.textContent);
});
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("browsed") / "site"
    build(sources([catalogue.path_of(name) for name in NAMES if name in catalogue.names()]), folder)
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    profile = tempfile.mkdtemp()
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    yield driver
    driver.quit()
    shutil.rmtree(profile, ignore_errors=True)


def opened(browser: Any, site: Path, name: str, width: int = 1280) -> Any:
    params = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", params)
    browser.get((site / f"{name}.html").as_uri())
    return browser


def requested(browser: Any) -> set[str]:
    """Schemes of everything that was asked for since the last call."""
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    urls = [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]
    return {url.partition(":")[0] for url in urls}


PAGES = (*(name for name in NAMES if name in catalogue.names()), "index")


@pytest.mark.parametrize("name", PAGES)
def test_a_page_opens_without_an_error_or_a_request(browser: Any, site: Path, name: str) -> None:
    browser.get_log("browser"), requested(browser)
    opened(browser, site, name)
    assert browser.get_log("browser") == []
    assert requested(browser) <= {"file", "data"}


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_does_not_overflow(browser: Any, site: Path, name: str, width: int) -> None:
    assert opened(browser, site, name, width).execute_script(OVERFLOW) == ""


@pytest.mark.parametrize("name", PAGES)
def test_labels_stay_on_their_edges(browser: Any, site: Path, name: str) -> None:
    assert opened(browser, site, name).execute_script(BOXES) == []


def test_the_font_of_the_site_is_used(browser: Any, site: Path) -> None:
    script = 'return document.fonts.ready.then(() => document.fonts.check("16px \\"Backproof Math\\""))'
    assert opened(browser, site, "sigmoid").execute_script(script) is True


def walk(browser: Any, times: int) -> None:
    for _ in range(times):
        browser.find_element("css selector", 'button[data-move="on"]').click()


def texts(browser: Any, css: str) -> list[str]:
    return [element.text for element in browser.find_elements("css selector", css) if element.is_displayed()]


def test_the_walk_begins_with_the_inputs_alone(browser: Any, site: Path) -> None:
    opened(browser, site, "fruit")
    assert set(texts(browser, ".walk svg text.f")) == {"100", "2", "150", "3", "1.1"}
    assert texts(browser, ".walk svg text.g") == []


def test_the_walk_through_fruit_ends_with_the_book_s_numbers(browser: Any, site: Path) -> None:
    opened(browser, site, "fruit")
    count = len(browser.find_elements("css selector", ".walk-steps li"))
    walk(browser, count)
    assert set(texts(browser, ".walk svg text.f")) == {"100", "2", "150", "3", "1.1", "200", "450", "650", "715"}
    assert set(texts(browser, ".walk svg text.g")) == {"2.2", "110", "3.3", "165", "650", "1.1", "1"}
    assert not browser.find_element("css selector", 'button[data-move="on"]').is_enabled()


def test_the_current_step_of_sigmoid_shows_upstream_local_and_product(browser: Any, site: Path) -> None:
    opened(browser, site, "sigmoid")
    walk(browser, 5)
    assert texts(browser, ".walk-steps .current output") == ["2", "−0.53445", "−1.0689"]
    lit = browser.find_elements("css selector", ".walk .operation.lit")
    assert [each.get_attribute("data-name") for each in lit] == ["y"]


def test_the_arrow_keys_walk(browser: Any, site: Path) -> None:
    opened(browser, site, "sigmoid")
    keys = webdriver.common.keys.Keys
    body = browser.find_element("css selector", "body")
    body.send_keys(keys.ARROW_RIGHT, keys.ARROW_RIGHT, keys.ARROW_LEFT)
    assert browser.find_element("css selector", ".place").text.startswith("step 1 of ")


def test_a_slider_changes_every_number(browser: Any, site: Path) -> None:
    opened(browser, site, "sigmoid")
    browser.find_element("css selector", 'button[data-move="end"]').click()
    browser.execute_script(
        "const s = document.querySelector('input[data-name=x]'); s.value = 0; s.dispatchEvent(new Event('input'));"
    )
    assert texts(browser, ".walk svg text.f") == ["0", "0", "1", "2", "0.5"]
    assert texts(browser, ".walk svg text.g")[:1] == ["0.5"]


def test_the_search_hides_what_does_not_fit(browser: Any, site: Path) -> None:
    opened(browser, site, "index")
    browser.find_element("id", "query").send_keys("apples oranges")
    assert texts(browser, ".index li a") == ["Buying apples and oranges"]


AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"


@pytest.mark.skipif(not AXE.is_file(), reason="needs axe-core from npm")
@pytest.mark.parametrize("name", ["index", "sigmoid", "fruit"])
def test_axe_finds_nothing_serious(browser: Any, site: Path, name: str) -> None:
    opened(browser, site, name).execute_script(AXE.read_text(encoding="utf-8"))
    found = browser.execute_async_script("const done = arguments[0]; axe.run().then((r) => done(r.violations));")
    assert [each["id"] for each in found if each["impact"] in ("serious", "critical")] == []
