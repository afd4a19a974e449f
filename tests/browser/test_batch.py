"""A batch as a person sees it: it fills, a click opens a job, it stops, and one sheet stays."""

from __future__ import annotations

from typing import Any

import nbformat

from tests.browser.lab import Lab
from tests.browser.pages import ERRORS, finished, opened, run_all, shot

BEGIN = """%load_ext segmind_widgets
from segmind_widgets import SegmindClient
client = SegmindClient.instance()
client.sandbox_speed = 0.8"""
GRID = """%%segmind_run fast-flux-schnell --sweep seed=1,2,3 -b
prompt: a red fox in the snow
aspect_ratio: {sweep: ['1:1', '16:9', '9:16', '4:3']}"""
WIDE = """%%segmind_run fast-flux-schnell -b
prompt: {sweep: [a red fox that looks over the hills and far away, a cat]}
seed: {sweep: [1, 2, 3, 4, 5, 6, 7, 8, 9]}"""
MIXED = """import json, pathlib
rows = [{"prompt": f"{what} at dawn", "seed": 5} for what in ("an owl", "a lake", "a mill")]
text = "\\n".join(map(json.dumps, [*rows, {"prompt": "a boat", "aspect_ratio": "7:3"}, {}]))
_ = pathlib.Path("rows.jsonl").write_text(text)
mixed = client.map("fast-flux-schnell", "rows.jsonl")
mixed"""
SLOW = """import threading
def rows():
    for number in range(40):
        yield {"prompt": f"a tree, number {number}", "seed": number}
        if number >= 3:
            threading.Event().wait(0.5)
slow = client.map("fast-flux-schnell", rows())
slow"""


def started(browser: Any, lab: Lab, *cells: str, **size: int) -> Any:
    book = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell) for cell in (BEGIN, *cells)],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    nbformat.write(book, lab.folder / "batch.ipynb")
    page = opened(browser, lab, "batch.ipynb", **size)
    run_all(page)
    finished(page)
    assert page.locator(ERRORS).count() == 0
    return page


def some_are_there(page: Any, number: int) -> None:
    page.wait_for_function(
        "n => [...document.querySelectorAll('.sw-sheet img')].filter(i => i.naturalWidth)"
        ".length >= n",
        arg=number,
    )


def test_a_grid_fills_and_one_sheet_stays(browser: Any, lab: Lab) -> None:
    # slowly, so that a busy machine sees it half full, too
    page = started(browser, lab, "client.sandbox_speed = 0.25", GRID, height=1000)
    page.wait_for_selector(".sw-grid")
    some_are_there(page, 1)
    shot(page, "batch-grid")
    places = page.evaluate(
        "[...document.querySelectorAll('.sw-grid .sw-thumb')].map(t => {"
        " const b = t.getBoundingClientRect(); return [Math.round(b.left), Math.round(b.top)]; })"
    )
    assert len(places) == 12
    assert len({left for left, _ in places}) == 4
    assert len({top for _, top in places}) == 3
    page.locator(".sw-sheet .sw-thumb:has(img)").first.click()
    page.locator(".sw-details >> text=a red fox in the snow").wait_for()
    page.wait_for_selector("figure img", timeout=60_000)
    assert page.locator(".sw-sheet").count() == 0
    assert page.locator("figure td img").count() == 12
    said = page.locator("figcaption").inner_text()
    assert "12 of 12 done" in said
    assert "sandbox" in said
    page.locator("figure").scroll_into_view_if_needed()
    shot(page, "batch-grid-sheet")


def test_a_wide_grid_has_room_where_there_is_little(browser: Any, lab: Lab) -> None:
    page = started(browser, lab, "client.sandbox_speed = 0.25", WIDE, width=400, height=1000)
    page.wait_for_selector(".sw-grid .sw-thumb >> nth=17")
    shot(page, "batch-wide-narrow")
    sides, lines, tops, wide = page.evaluate(
        "(() => { const boxes = s => [...document.querySelectorAll(s)].map("
        "e => e.getBoundingClientRect());"
        " const thumbs = boxes('.sw-grid .sw-thumb'), middle = b => (b.top + b.bottom) / 2;"
        " const panel = document.querySelector('.sw-panel');"
        " return [thumbs.map(b => b.width), boxes('.sw-down > div').map(middle),"
        " [thumbs[0], thumbs[9]].map(middle), panel.scrollWidth - panel.clientWidth]; })()"
    )
    assert min(sides) >= 40
    assert all(abs(line - top) < 10 for line, top in zip(lines, tops, strict=True))
    assert wide <= 0


def test_in_the_dark_when_narrow_with_failures_by_cause(browser: Any, dark_lab: Lab) -> None:
    page = started(browser, dark_lab, SLOW, MIXED, height=1300)
    some_are_there(page, 2)
    page.locator(".sw-causes li").first.wait_for()
    shot(page, "batch-dark")
    assert page.locator(".sw-causes").inner_text().count("×") >= 1
    page.set_viewport_size({"width": 400, "height": 1100})
    page.locator(".sw-panel").first.scroll_into_view_if_needed()
    shot(page, "batch-narrow")
    wide = "[...document.querySelectorAll('.sw-panel')].every(p => p.scrollWidth <= p.clientWidth)"
    assert page.evaluate(wide)
    page.get_by_role("button", name="Stop", exact=True).first.click()
    page.wait_for_selector("figure >> nth=1", timeout=60_000)
    assert "You stopped the batch" in page.locator("figcaption").first.inner_text()
    page.locator("figure").first.scroll_into_view_if_needed()
    shot(page, "batch-narrow-sheet")
    page.set_viewport_size({"width": 1200, "height": 1300})
    page.locator("figure").first.scroll_into_view_if_needed()
    shot(page, "batch-dark-sheet")
