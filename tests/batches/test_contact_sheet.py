"""The contact sheet: what is on it, where, and how large it is."""

from __future__ import annotations

import base64
import io
import random
import re

import pytest
from PIL import Image

from segmind_widgets.batches.contact_sheet import MAX_BYTES, MAX_TILES, Tile, is_grid, sheet
from segmind_widgets.batches.sweeps import Axis
from tests.page import text_of
from tests.shells import picture

RED, GREEN, BLUE = (250, 10, 10), (10, 250, 10), (10, 10, 250)
COLORS = [RED, GREEN, BLUE, (250, 250, 10), (10, 250, 250), (250, 10, 250)]
TILES = [Tile(i, f"tile {i}", picture((300, 300), color)) for i, color in enumerate(COLORS)]
AXES = (Axis("seed", (1, 2)), Axis("steps", (4, 8, 16)))


def pictures(html: str) -> list[Image.Image]:
    """The pictures of a sheet, which are small in all."""
    found = re.findall(r'src="data:image/webp;base64,([^"]+)"', html)
    data = [base64.b64decode(one) for one in found]
    assert sum(map(len, data)) <= MAX_BYTES
    return [Image.open(io.BytesIO(one)) for one in data]


def colors(html: str) -> list[int]:
    """The number of the nearest color in the middle of each picture."""
    middles = [p.convert("RGB").getpixel((p.width // 2, p.height // 2)) for p in pictures(html)]

    def distance(index: int, pixel: object) -> int:
        assert isinstance(pixel, tuple)
        return sum(abs(a - b) for a, b in zip(COLORS[index], pixel, strict=True))

    return [min(range(len(COLORS)), key=lambda i: distance(i, middle)) for middle in middles]


def lines(html: str) -> list[list[str]]:
    """The text of each cell of a table, and "picture" for a picture."""
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", html)
    cells = [re.findall(r"<t[hd]\b[^>]*>(.*?)</t[hd]>", row) for row in rows]
    return [["picture" if "<img" in c else text_of(c) for c in row] for row in cells]


def test_two_axes_are_lines_and_columns() -> None:
    html = sheet(TILES, AXES)
    assert colors(html) == [0, 1, 2, 3, 4, 5]
    assert lines(html) == [
        ["", "steps"],
        ["seed", "4", "8", "16"],
        ["1", *["picture"] * 3],
        ["2", *["picture"] * 3],
    ]
    assert re.findall(r'alt="([^"]*)"', html) == [tile.title for tile in TILES]


def test_a_row_that_is_missing_leaves_its_place_free() -> None:
    html = sheet(TILES[:2] + TILES[3:], AXES)
    assert colors(html) == [0, 1, 3, 4, 5]
    assert lines(html)[2:] == [["1", "picture", "picture", ""], ["2", *["picture"] * 3]]


def test_other_sheets_are_wrapped_in_order() -> None:
    html = sheet(TILES)
    assert colors(html) == [0, 1, 2, 3, 4, 5]
    assert text_of(html) == "".join(tile.title for tile in TILES)
    assert text_of(sheet(TILES, more=940)) == text_of(html) + "and 940 more"


def test_titles_are_text() -> None:
    title = "狐 <b> $5 and $10"
    assert text_of(sheet([Tile(0, title)])).endswith(title)
    assert title in text_of(sheet(TILES, (Axis("prompt", (title, "b")), AXES[1])))


@pytest.mark.parametrize(
    ("tile", "text"),
    [
        (Tile(0, "one", text="failed"), "failed"),
        (Tile(0, "one", text="a long text " * 40), "a long text " * 40),
        (Tile(0, "one", kind="audio"), "sound"),
        (Tile(0, "one", b"no picture"), "image"),
    ],
)
def test_what_has_no_picture_says_why(tile: Tile, text: str) -> None:
    html = sheet([tile])
    assert not pictures(html)
    assert text in text_of(html)


@pytest.mark.parametrize(("mode", "is_clear"), [("RGB", False), ("RGBA", True)])
def test_transparency_stays_and_is_on_a_chequerboard(mode: str, is_clear: bool) -> None:
    out = io.BytesIO()
    Image.new(mode, (40, 30), 0).save(out, "PNG")
    html = sheet([Tile(0, "one", out.getvalue())])
    (found,) = pictures(html)
    assert found.mode == mode
    assert ("background-image" in html) == is_clear


def test_sixty_loud_pictures_stay_small() -> None:
    dice = random.Random(7)
    noise = Image.frombytes("RGB", (320, 320), dice.randbytes(320 * 320 * 3))
    out = io.BytesIO()
    noise.save(out, "JPEG", quality=95)
    html = sheet([Tile(i, f"row {i}", out.getvalue()) for i in range(MAX_TILES)], more=12_345)
    assert min(found.width for found in pictures(html)) > 50
    assert len(html) < 1.5 * MAX_BYTES + 60 * 700


def test_a_grid_has_to_have_room() -> None:
    def axes(down: int, across: int) -> tuple[Axis, Axis]:
        return Axis("a", tuple(range(down))), Axis("b", tuple(range(across)))

    assert is_grid(axes(6, 10), 60)
    assert not is_grid(axes(7, 9), 63)
    assert not is_grid(axes(2, 20), 40)
    assert not is_grid(axes(2, 2)[:1], 2)


def test_no_rows_at_all() -> None:
    assert text_of(sheet([])) == ""
