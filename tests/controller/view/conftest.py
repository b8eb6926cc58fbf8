from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.controller.view.pages import CHROMIUM, SOFTWARE


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A Chromium that draws without a graphics card."""
    api = pytest.importorskip("playwright.sync_api")
    with api.sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=CHROMIUM, args=list(SOFTWARE))
        yield chromium
        chromium.close()
