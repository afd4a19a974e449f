"""Point 7: the quickstart's cut-out is whole, and shown on a chequerboard."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from PIL import Image

from segmind_widgets.assets.asset import Asset
from segmind_widgets.notebook import listings
from tests.browser.lab import Lab
from tests.browser.pages import ERRORS, finished, is_trusted, opened, received, run_all, shot
from tests.browser.test_progress import written

QUICKSTART = Path(__file__).parents[2] / "notebooks" / "quickstart.ipynb"
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
    return [*chain, "%segmind_jobs --last 1", "%segmind_panel jobs", "%segmind_panel gallery"]


def on_a_chequerboard(image: Any) -> None:
    image.scroll_into_view_if_needed()
    assert re.match(r"url\(.data:image/png|repeating-conic-gradient", image.evaluate(BACKGROUND))
    corner, share = image.evaluate(CLEAR)
    assert corner == 0
    assert 0.03 < share < 0.3  # the fox alone


THEMES = {"light": "lab", "dark": "dark_lab"}
every_theme = pytest.mark.parametrize("theme", sorted(THEMES))


@every_theme
def test_point_7_the_cut_out_is_whole_and_on_a_chequerboard(
    request: pytest.FixtureRequest, browser: Any, theme: str
) -> None:
    lab: Lab = request.getfixturevalue(THEMES[theme])
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
    for name, selector in (("jobs", ".sw-job-picture"), ("gallery", ".sw-thumb")):
        page.locator(selector).first.scroll_into_view_if_needed()  # images load when seen
        page.locator(f"{selector} img.sw-clear").wait_for()
        on_a_chequerboard(page.locator(f"{selector} img.sw-clear"))
        shot(page, f"cutout-{name}-{theme}")
    page.set_viewport_size({"width": 400, "height": 900})
    cut_out.scroll_into_view_if_needed()
    shot(page, f"cutout-narrow-{theme}")


@every_theme
def test_the_chequerboard_is_there_in_a_notebook_that_is_not_trusted(
    request: pytest.FixtureRequest, browser: Any, theme: str
) -> None:
    lab: Lab = request.getfixturevalue(THEMES[theme])
    cut_out = Image.new("RGBA", (300, 200), "#0000")
    cut_out.paste("#d2691e", (60, 60, 140, 140))
    out = io.BytesIO()
    cut_out.save(out, "PNG")
    asset = Asset(data=out.getvalue())
    shown = asset, listings.uploads([asset], Asset.preview)
    received(lab, "received.ipynb", *(each._repr_mimebundle_() for each in shown))
    page = opened(browser, lab, "received.ipynb")
    assert not is_trusted(page)
    on_a_chequerboard(page.locator("figure img"))
    on_a_chequerboard(page.locator("td img"))
    shot(page, f"cutout-untrusted-{theme}")
