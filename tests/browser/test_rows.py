"""A table dropped on the run panel: its plan, and its batch, light, dark and narrow."""

from __future__ import annotations

from typing import Any

import nbformat
import pytest

from tests.browser.lab import Lab
from tests.browser.pages import ERRORS, finished, opened, run_all, shot

CELL = """%load_ext segmind_widgets
%config SegmindClient.sandbox_speed = 2
%segmind_panel run fast-flux-schnell"""
DROP = """([selector, name, text]) => {
    const data = new DataTransfer();
    data.items.add(new File([text], name, { type: "text/csv" }));
    const area = [...document.querySelectorAll(selector)].find(
        a => a.getAttribute("aria-label").includes("table"));
    area.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true }));
}"""
CSV = "prompt,seed\na red fox in the snow,1\nan owl for $5 and $10,2\na mill at dawn,3\na lake,4\n"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_dropped_table_shows_its_plan_and_runs(
    browser: Any, request: pytest.FixtureRequest, theme: str
) -> None:
    place: Lab = request.getfixturevalue("dark_lab" if theme == "dark" else "lab")
    book = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(CELL)],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    nbformat.write(book, place.folder / "rows.ipynb")
    page = opened(browser, place, "rows.ipynb", height=1300)
    run_all(page)
    finished(page)
    assert page.locator(ERRORS).count() == 0
    page.locator(".sw-drop[aria-label*=table]").wait_for()
    page.evaluate(DROP, [".sw-drop", "rows.csv", CSV])
    table = page.locator(".sw-table-rows")
    table.wait_for()
    assert "an owl for $5 and $10" in table.inner_text()
    assert page.locator("text=rows.csv: 4 jobs").count() == 1
    table.scroll_into_view_if_needed()
    shot(page, f"rows-plan-{theme}")
    page.set_viewport_size({"width": 400, "height": 1100})
    table.scroll_into_view_if_needed()
    shot(page, f"rows-plan-{theme}-narrow")
    page.set_viewport_size({"width": 1200, "height": 1300})
    page.get_by_role("button", name="Run all rows").click()
    page.locator("text=4 of 4 done").first.wait_for(timeout=60_000)
    page.locator(".sw-sheet").scroll_into_view_if_needed()
    shot(page, f"rows-done-{theme}")
