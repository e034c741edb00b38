"""The site of the whole catalogue, and one browser for all tests that need one.

``BACKPROOF_SITE`` names a folder where the site may stand already; what is new in it is rendered there.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from backproof.site import build
from backproof.site.building import sources

from .. import browsing


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = Path(os.environ.get("BACKPROOF_SITE") or tmp_path_factory.mktemp("catalogue") / "site")
    build(sources([]), folder, jobs=2)
    return folder


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    if not browsing.IS_HERE:
        pytest.skip("needs selenium, chromium and chromedriver")
    with browsing.chromium() as opened:
        yield opened


@pytest.fixture(scope="session")
def axe() -> str:
    """The script of axe-core, which looks for barriers on a page."""
    path = browsing.axe()
    if path is None:
        pytest.skip("needs axe-core-python")
    return path.read_text(encoding="utf-8")
