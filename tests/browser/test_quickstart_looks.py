"""The quickstart cell by cell, light and dark, wide and narrow, for a person to look at."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.browser.lab import SCREENSHOTS, Lab
from tests.browser.pages import BAR, ERRORS, finished, opened, run_all

QUICKSTART = Path(__file__).parents[2] / "notebooks" / "quickstart.ipynb"
LOADED = "[...document.querySelectorAll('.jp-OutputArea img')].every(i => i.complete)"
TOO_WIDE = """() => [...document.querySelectorAll('.jp-Notebook, .jp-Cell, figure, .sw-panel')]
    .filter(one => one.scrollWidth > one.clientWidth + 1).map(one => one.className)"""


@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_each_cell_of_the_quickstart(
    browser: Any, request: pytest.FixtureRequest, theme: str, width: int
) -> None:
    lab: Lab = request.getfixturevalue({"light": "lab", "dark": "dark_lab"}[theme])
    shutil.copy(QUICKSTART, lab.folder)
    page = opened(browser, lab, QUICKSTART.name, width=width)
    run_all(page)
    finished(page)
    page.locator(".sw-panel").scroll_into_view_if_needed()
    page.wait_for_function(LOADED)
    folder = SCREENSHOTS / f"quickstart-{theme}-{width}"
    shutil.rmtree(folder, ignore_errors=True)
    cells = page.locator(".jp-Notebook .jp-Cell")
    tallest = max(cells.nth(index).bounding_box()["height"] for index in range(cells.count()))
    page.set_viewport_size({"width": width, "height": round(tallest) + 200})  # else it is cut
    for index in range(cells.count()):
        cells.nth(index).scroll_into_view_if_needed()
        cells.nth(index).screenshot(path=str(folder / f"{index:02}.png"))
    assert len(list(folder.iterdir())) == cells.count() > 20
    assert page.locator(ERRORS).count() == 0
    assert page.locator(f".jp-OutputArea {BAR}:visible").count() == 0
    assert page.evaluate(TOO_WIDE) == []
