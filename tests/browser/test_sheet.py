"""The sheet of a batch in a notebook that is not trusted: in both themes, wide and narrow."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image, ImageDraw

from segmind_widgets.batches.contact_sheet import Tile, sheet
from segmind_widgets.batches.sweeps import Axis
from segmind_widgets.markup import figure
from tests.browser.lab import Lab
from tests.browser.pages import is_trusted, opened, received, shot

THEMES = {"light": "lab", "dark": "dark_lab"}
AXES = (
    Axis("prompt", ("a red fox that looks over the hills and far away", "an owl")),
    Axis("aspect_ratio", ("1:1", "16:9", "9:16", "4:3")),
)
CONTRASTS = """() => {  // of each text on a sheet with the page behind it
    const numbers = color => color.match(/[\\d.]+/g).map(Number);
    const luminance = color => color.slice(0, 3).map(c => c / 255).map(
        c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4
    ).reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
    const over = (top, below) => top.slice(0, 3).map(
        (c, i) => c * (top[3] ?? 1) + below[i] * (1 - (top[3] ?? 1)));
    const texts = [...document.querySelectorAll('figure th, figure div')].filter(
        e => [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()));
    return texts.map(text => {
        const chain = [];
        for (let e = text; e; e = e.parentElement) chain.unshift(e);
        let page = [255, 255, 255], opacity = 1;
        for (const e of chain) {
            page = over(numbers(getComputedStyle(e).backgroundColor), page);
            opacity *= getComputedStyle(e).opacity;
        }
        const ink = over([...numbers(getComputedStyle(text).color).slice(0, 3), opacity], page);
        const [a, b] = [luminance(ink), luminance(page)];
        return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    });
}"""


def drawn(number: int) -> bytes:
    """A picture; each third one is a transparent cut-out."""
    size = ((300, 300), (400, 225), (225, 400), (400, 300))[number % 4]
    back = "#0000" if number % 3 == 2 else f"hsl({40 * number}, 60%, 70%)"
    image = Image.new("RGBA", size, back)
    pen = ImageDraw.Draw(image)
    pen.ellipse([size[0] // 4, size[1] // 4, 3 * size[0] // 4, 3 * size[1] // 4], "#d2691e")
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def sheets() -> list[str]:
    tiles = [Tile(n, f"{n + 1} · a fox in the snow, number {n}", drawn(n)) for n in range(8)]
    failed, sound = Tile(5, "6 · a boat", text="failed"), Tile(6, "7 · waves", kind="audio")
    some = [*tiles[:5], failed, sound]
    caption = "fast-flux-schnell · 7 of 8 done · 1 failed · $0.04", "1 × It was refused."
    return [figure(sheet(some, AXES), *caption), figure(sheet(some, more=12), *caption)]


@pytest.mark.parametrize("theme", sorted(THEMES))
def test_a_sheet_follows_the_theme_also_where_it_is_not_trusted(
    request: pytest.FixtureRequest, browser: Any, theme: str
) -> None:
    lab: Lab = request.getfixturevalue(THEMES[theme])
    received(lab, "sheet.ipynb", *({"text/html": html, "text/plain": "…"} for html in sheets()))
    page = opened(browser, lab, "sheet.ipynb", width=1280, height=1100)
    assert not is_trusted(page)
    page.wait_for_function(
        "[...document.querySelectorAll('figure img')].filter(i => i.naturalWidth).length === 10"
    )
    shot(page, f"sheet-{theme}")
    contrasts = page.evaluate(CONTRASTS)
    assert len(contrasts) == 20
    assert min(contrasts) >= 4.5
    boxes = [box.bounding_box() for box in page.locator("figure td").all()[1:]]
    assert len({round(box["x"]) for box in boxes}) == 4
    assert len({round(box["y"]) for box in boxes}) == 2
    assert len({round(box["width"]) for box in boxes}) == 1
    page.set_viewport_size({"width": 400, "height": 1100})
    shot(page, f"sheet-{theme}-narrow")
    widths = [image.bounding_box()["width"] for image in page.locator("figure td img").all()]
    assert 24 < min(widths) <= max(widths) < 100, "all columns are seen"
    page.locator("figure").last.scroll_into_view_if_needed()
    shot(page, f"sheet-{theme}-narrow-rows")
    outputs = page.locator(".jp-OutputArea-output").all()
    assert all(o.evaluate("e => e.scrollWidth <= e.clientWidth") for o in outputs)
