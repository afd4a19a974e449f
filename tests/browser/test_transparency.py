"""Point 7: the quickstart's cut-out is whole, and shown on a chequerboard."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.browser.lab import Lab
from tests.browser.pages import ERRORS, finished, opened, run_all, shot
from tests.browser.test_progress import written

QUICKSTART = Path(__file__).parents[2] / "notebooks" / "quickstart.ipynb"
TRUSTED = """() => {
    const { model } = window.jupyterapp.shell.currentWidget.content;
    return [...model.cells].filter(cell => cell.type === 'code').every(cell => cell.trusted);
}"""
BACKGROUND = "image => getComputedStyle(image).backgroundImage"
CLEAR = """image => {  // the share of clear pixels in the corner and of opaque ones in all
    const canvas = Object.assign(document.createElement('canvas'),
        { width: image.naturalWidth, height: image.naturalHeight });
    const context = canvas.getContext('2d');
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    let opaque = 0;
    for (let i = 3; i < data.length; i += 4) opaque += data[i] > 250;
    return [data[3], opaque / (data.length / 4)];
}"""


def cells() -> list[str]:
    """Return the quickstart's cells that lead to the cut-out, and lists that show it small."""
    code = [c.source for c in nbformat.read(QUICKSTART, 4).cells if c.cell_type == "code"]
    first = ("%load_ext", "%%segmind_run seedream", "fox.image.convert", "%%segmind_run bg-removal")
    chain = [one for one in code if one.startswith(first)]
    assert len(chain) == len(first)
    return [*chain, "%segmind_jobs --last 1", "%segmind_panel gallery"]


def on_a_chequerboard(image: Any) -> None:
    image.scroll_into_view_if_needed()
    assert "repeating-conic-gradient" in image.evaluate(BACKGROUND)
    corner, share = image.evaluate(CLEAR)
    assert corner == 0
    assert 0.03 < share < 0.3  # the fox alone


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_point_7_the_cut_out_is_whole_and_on_a_chequerboard(
    request: pytest.FixtureRequest, browser: Any, theme: str
) -> None:
    lab: Lab = request.getfixturevalue("lab" if theme == "light" else "dark_lab")
    written(lab, "cutout.ipynb", *cells())
    page = opened(browser, lab, "cutout.ipynb")
    run_all(page)
    finished(page)
    assert page.locator(ERRORS).count() == 0
    photo, cut_out = page.locator("figure img").first, page.locator("figure img").last
    assert photo.evaluate(BACKGROUND) == "none"
    on_a_chequerboard(cut_out)
    shot(page, f"cutout-{theme}")
    on_a_chequerboard(page.locator("td img").first)
    for name, selector in (("gallery", ".sw-thumb"),):
        page.locator(selector).first.scroll_into_view_if_needed()  # images load when seen
        page.locator(f"{selector} img.sw-clear").wait_for()
        on_a_chequerboard(page.locator(f"{selector} img.sw-clear"))
        shot(page, f"cutout-{name}-{theme}")
    page.set_viewport_size({"width": 400, "height": 900})
    cut_out.scroll_into_view_if_needed()
    shot(page, f"cutout-narrow-{theme}")
