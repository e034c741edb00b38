"""The site of the whole catalogue, and one browser for all tests that need one.

``BACKPROOF_SITE`` names a folder where the site may stand already; what is new in it is rendered there.
``BACKPROOF_AXE`` names axe-core's script, if it is not in ``node_modules``.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from backproof.site import build
from backproof.site.building import sources

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = Path(os.environ.get("BACKPROOF_SITE") or tmp_path_factory.mktemp("catalogue") / "site")
    build(sources([]), folder, jobs=2)
    return folder


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    webdriver = pytest.importorskip("selenium.webdriver")
    binary, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (binary and driver):
        pytest.skip("needs chromium and chromedriver")
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    profile = tempfile.mkdtemp()
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    opened = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    yield opened
    opened.quit()
    shutil.rmtree(profile, ignore_errors=True)


@pytest.fixture(scope="session")
def axe() -> str:
    """The script of axe-core, which looks for barriers on a page."""
    installed = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"
    path = Path(os.environ.get("BACKPROOF_AXE") or installed)
    if not path.is_file():
        pytest.skip("needs axe-core: npm install --no-save axe-core")
    return path.read_text(encoding="utf-8")
