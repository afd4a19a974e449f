"""Point 7 of pictures: the comparison moves wherever a notebook is read."""

from __future__ import annotations

import re
from random import Random
from typing import Any

import nbformat
import pytest
from nbconvert import HTMLExporter
from PIL import Image, ImageFilter

from segmind_widgets.assets.compare import compare
from tests.browser.lab import Lab
from tests.browser.pages import (
    ERRORS,
    finished,
    is_trusted,
    opened,
    opened_in_notebook,
    received,
    run_all,
    shot,
)
from tests.browser.test_progress import written

CELL = """\
from PIL import Image, ImageDraw, ImageOps
from segmind_widgets.assets.compare import compare
photo = Image.merge("RGB", [Image.linear_gradient("L").resize((1500, 1000))] * 3)
ImageDraw.Draw(photo).ellipse((500, 250, 1000, 750), fill="orange")
compare(photo, ImageOps.posterize(ImageOps.mirror(photo), 2), ("Photo", "Result"))"""
STAGE = ".segmind-compare > div"
PARTS = """() => {  // what is seen of both pictures, in pixels of the page
    const seen = element => {
        const { left, top, width, height } = element.getBoundingClientRect();
        return { left, top, width, height };
    };
    const [before, after] = document.querySelectorAll('figure img');
    const box = before.parentElement;
    return { before: seen(before), box: seen(box), after: seen(after) };
}"""


def pair() -> tuple[Image.Image, Image.Image]:
    grain = Image.frombytes("RGB", (500, 334), Random(1).randbytes(500 * 334 * 3))
    photo = grain.resize((1500, 1000)).filter(ImageFilter.GaussianBlur(12))
    grey = photo.convert("L").convert("RGB")
    return photo, grey


def bundle() -> dict[str, str]:
    return compare(*pair(), ("Photo", "Result"))._repr_mimebundle_()


def lies_on_the_other(page: Any) -> dict[str, Any]:
    """Return the places of both pictures, which must cover each other."""
    page.wait_for_function(
        "[...document.querySelectorAll('figure img')].filter(img => img.complete).length === 2"
    )
    parts = page.evaluate(PARTS)
    for side in ("left", "top", "width", "height"):
        assert abs(parts["before"][side] - parts["after"][side]) <= 1, side
    assert parts["after"]["width"] > 200
    return parts


def moves_by_keys(page: Any) -> None:
    slider = page.locator(".segmind-compare input")
    before = lies_on_the_other(page)
    assert abs(before["box"]["width"] / before["after"]["width"] - 0.5) < 0.01
    slider.focus()
    for _ in range(20):
        page.keyboard.press("ArrowRight")
    after = page.evaluate(PARTS)
    share = after["box"]["width"] / after["after"]["width"]
    assert 0.6 < share <= 0.95
    page.keyboard.press("Home")
    assert page.evaluate(PARTS)["box"]["width"] < 4
    page.keyboard.press("End")
    assert page.evaluate(PARTS)["box"]["width"] > after["after"]["width"] - 4
    page.keyboard.press("PageDown")
    assert lies_on_the_other(page)["box"]["width"] < after["after"]["width"] - 20


@pytest.mark.parametrize("server", ["lab", "dark_lab", "notebook7"])
def test_a_live_comparison_moves_by_keys_and_mouse(
    request: pytest.FixtureRequest, browser: Any, server: str
) -> None:
    place: Lab = request.getfixturevalue(server)
    written(place, "compare.ipynb", CELL, "1 + 1")
    page = (opened_in_notebook if server == "notebook7" else opened)(
        browser, place, "compare.ipynb"
    )
    run_all(page)
    finished(page)
    assert page.locator(ERRORS).count() == 0
    moves_by_keys(page)
    page.locator(".segmind-compare input").click(position={"x": 200, "y": 14})
    share = (found := page.evaluate(PARTS))["box"]["width"] / found["after"]["width"]
    assert 0.1 < share < 0.45
    shot(page, f"compare-{server}")
    page.set_viewport_size({"width": 400, "height": 900})
    page.wait_for_function("document.querySelectorAll('figure img')[1].width < 400")
    lies_on_the_other(page)
    shot(page, f"compare-{server}-narrow")


def test_an_untrusted_comparison_moves_by_its_corner(browser: Any, lab: Lab) -> None:
    received(lab, "untrusted.ipynb", bundle())
    page = opened(browser, lab, "untrusted.ipynb")
    assert not is_trusted(page)
    assert not page.locator(".segmind-compare input").is_visible()
    before = lies_on_the_other(page)
    box = before["box"]
    shot(page, "compare-untrusted")
    corner = box["left"] + box["width"] - 5, box["top"] + box["height"] - 5
    page.mouse.move(*corner)
    page.mouse.down()
    page.mouse.move(corner[0] - 150, corner[1], steps=5)
    page.mouse.up()
    after = lies_on_the_other(page)
    assert abs(after["box"]["width"] - (box["width"] - 150)) < 4
    shot(page, "compare-untrusted-moved")


def test_a_comparison_in_a_page_of_nbconvert_moves(browser: Any, lab: Lab) -> None:
    received(lab, "page.ipynb", bundle())
    book = nbformat.read(lab.folder / "page.ipynb", 4)
    html, _ = HTMLExporter(embed_images=True).from_notebook_node(book)
    page = browser.new_page(viewport={"width": 1200, "height": 1000})
    (lab.home / "page.html").write_text(html)
    page.goto((lab.home / "page.html").as_uri())
    moves_by_keys(page)
    shot(page, "compare-nbconvert")


def test_without_style_and_script_two_pictures_have_captions(browser: Any) -> None:
    html = re.sub(r"<style.*?</style>|<input[^>]*>", "", bundle()["text/html"], flags=re.DOTALL)
    bare = re.sub(r' (style|class|on\w+|aria-\w+|role|data-\w[\w-]*)="[^"]*"', "", html)
    page = browser.new_page(viewport={"width": 800, "height": 1400})
    page.set_content(bare)
    page.wait_for_function("[...document.images].every(image => image.complete)")
    order = page.evaluate("""() => {
        const top = node => node.getBoundingClientRect().top;
        const label = text => [...document.querySelectorAll('div')].find(
            one => one.textContent === text && !one.children.length);
        const [before, after] = document.images;
        return [before, label('Photo'), after, label('Result')].map(top);
    }""")
    assert order == sorted(order)
    assert len(set(order)) == 4
    shot(page, "compare-bare")
