"""The quickstart where people read it besides JupyterLab: Notebook 7, and a page of Voilà."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from tests.browser.lab import Lab
from tests.browser.pages import (
    BAR,
    ERRORS,
    bar_moved,
    finished,
    opened_in_notebook,
    run_all,
    shot,
)

QUICKSTART = Path(__file__).parents[2] / "notebooks" / "quickstart.ipynb"
DECODED = "[...document.querySelectorAll('figure img')].map(i => i.naturalWidth)"


def test_notebook_7_shows_the_bar_and_then_the_picture(browser: Any, notebook7: Lab) -> None:
    shutil.copy(QUICKSTART, notebook7.folder)
    page = opened_in_notebook(browser, notebook7, QUICKSTART.name)
    run_all(page)
    bar_moved(page)
    shot(page, "notebook7-running")
    finished(page)
    page.locator("figure").first.scroll_into_view_if_needed()
    shot(page, "notebook7-picture")
    widths = page.evaluate(DECODED)
    assert len(widths) >= 5
    assert all(widths)
    assert page.locator(BAR).count() == 0
    assert page.locator(ERRORS).count() == 0


def test_voila_shows_the_pictures_and_no_code(browser: Any, voila: Lab) -> None:
    shutil.copy(QUICKSTART, voila.folder)
    page = browser.new_page(viewport={"width": 1200, "height": 1000})
    page.goto(f"{voila.url}/voila/render/{QUICKSTART.name}", timeout=120_000)
    page.wait_for_function(f"{DECODED}.filter(Boolean).length >= 5", timeout=120_000)
    shot(page, "voila-top")
    page.locator("figure").first.scroll_into_view_if_needed()
    shot(page, "voila-picture")
    page.locator("table").last.scroll_into_view_if_needed()
    shot(page, "voila-table")
    assert page.locator(BAR).count() == 0
    assert page.locator(ERRORS).count() == 0
    assert "%%segmind_run" not in page.locator("body").inner_text()
