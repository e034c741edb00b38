"""Pages as Chromium shows them: what went wrong, what was asked for, and what is wider than the window."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

BROWSER, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
IS_HERE = bool(BROWSER and DRIVER and find_spec("selenium"))
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
OVERFLOW = """
const wide = document.documentElement.scrollWidth;
return wide > window.innerWidth ? `${wide} in ${window.innerWidth}` : "";
"""
AXE = "const [within, done] = arguments; axe.run(within).then((r) => done(r.violations));"


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser without a window, without a profile and without anything to say to the network."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        for flag in (*FLAGS, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
        driver.get("about:blank")  # what its first tab asks for is not ours
        driver.get_log("performance")
        try:
            yield driver
        finally:
            driver.quit()


def opened(browser: Any, page: Path, width: int = 1280) -> Any:
    """The browser with a page of the disk in a window of this width."""
    resize(browser, width)
    browser.get(page.as_uri())
    return browser


def resize(browser: Any, width: int) -> None:
    """The window is as wide as this from now on."""
    params = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", params)


def overflows(browser: Any, *widths: int) -> list[str]:
    """The widths of the window at which the open page is wider than the window."""
    found = []
    for width in widths:
        resize(browser, width)
        found.append(browser.execute_script(OVERFLOW))
    return [each for each in found if each]


def complaints(browser: Any) -> list[str]:
    """What the console says since the last call."""
    return [entry["message"] for entry in browser.get_log("browser")]


def requested(browser: Any) -> set[str]:
    """Schemes of everything that was asked for since the last call."""
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    urls = [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]
    return {url.partition(":")[0] for url in urls}


def axe() -> Path | None:
    """The script of axe-core, as its Python package ships it."""
    found = find_spec("axe_core_python")
    return Path(str(found.origin)).with_name("axe.min.js") if found else None


def barriers(browser: Any, within: str = "html") -> list[str]:
    """What axe-core finds serious in an element of the open page."""
    browser.execute_script(Path(str(axe())).read_text(encoding="utf-8"))
    found = browser.execute_async_script(AXE, within)
    return [
        f"{each['id']}: {node['html'][:120]}"
        for each in found if each["impact"] in ("serious", "critical") for node in each["nodes"]
    ]  # fmt: skip
