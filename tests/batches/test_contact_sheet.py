"""The contact sheet: what is on it, where, and how large it is."""

from __future__ import annotations

import io
import random

import pytest
from PIL import Image, ImageFont

from segmind_widgets.batches import contact_sheet
from segmind_widgets.batches.contact_sheet import MAX_BYTES, MAX_TILES, Tile, is_grid, sheet
from segmind_widgets.batches.sweeps import Axis
from tests.shells import picture


def opened(data: bytes) -> Image.Image:
    assert data.startswith(b"\xff\xd8")
    assert len(data) <= MAX_BYTES
    return Image.open(io.BytesIO(data)).convert("RGB")


def near(found: object, wanted: tuple[int, int, int]) -> bool:
    assert isinstance(found, tuple)
    return all(abs(a - b) < 30 for a, b in zip(found, wanted, strict=True))


RED, GREEN, BLUE = (250, 10, 10), (10, 250, 10), (10, 10, 250)
COLORS = [RED, GREEN, BLUE, (250, 250, 10), (10, 250, 250), (250, 10, 250)]
TILES = [Tile(i, f"tile {i}", picture((300, 300), color)) for i, color in enumerate(COLORS)]
AXES = (Axis("seed", (1, 2)), Axis("steps", (4, 8, 16)))


def squares(page: Image.Image) -> list[tuple[int, tuple[int, int]]]:
    """The colors as they are met line by line, with the place of each first pixel."""
    found: dict[int, tuple[int, int]] = {}
    for y in range(0, page.height, 4):
        for x in range(0, page.width, 4):
            pixel = page.getpixel((x, y))
            for index, color in enumerate(COLORS):
                if index not in found and near(pixel, color):
                    found[index] = x, y
    return list(found.items())


def test_two_axes_are_lines_and_columns() -> None:
    page = opened(sheet(TILES, AXES))
    found = squares(page)
    assert [index for index, _ in found] == [0, 1, 2, 3, 4, 5]
    tops = [y for _, (_, y) in found]
    lefts = [x for _, (x, _) in found]
    assert len(set(tops[:3])) == len(set(tops[3:])) == 1
    assert tops[0] < tops[3]
    assert lefts[:3] == lefts[3:]


def test_a_row_that_is_missing_leaves_its_place_free() -> None:
    whole, part = (
        dict(squares(opened(sheet(tiles, AXES)))) for tiles in (TILES, TILES[:2] + TILES[3:])
    )
    assert 2 not in part
    assert all(part[index] == whole[index] for index in part)


def test_other_sheets_are_wrapped_in_order() -> None:
    page = opened(sheet(TILES))
    assert [index for index, _ in squares(page)] == [0, 1, 2, 3, 4, 5]
    more = opened(sheet(TILES, more=940))
    assert more.height > page.height
    assert page.width == more.width <= 1000


def test_labels_are_written() -> None:
    blank = [Tile(t.number, "", t.picture) for t in TILES]
    assert opened(sheet(TILES)).tobytes() != opened(sheet(blank)).tobytes()
    named = (Axis("seed", (1, 2)), Axis("steps", (4, 8, 99)))
    assert opened(sheet(TILES, AXES)).tobytes() != opened(sheet(TILES, named)).tobytes()


def test_letters_that_no_font_has_are_no_boxes(monkeypatch: pytest.MonkeyPatch) -> None:
    own = contact_sheet._fonts(12)[:1]
    monkeypatch.setattr(contact_sheet, "_fonts", lambda _: own)
    texts = {"un café": "un cafe", "狐 fox": "fox", "狐": "…", "plain": "plain"}
    assert [contact_sheet._choose_font(text, 12) for text in texts] == [
        (own[0], t) for t in texts.values()
    ]


def test_letters_come_from_a_font_that_has_them(monkeypatch: pytest.MonkeyPatch) -> None:
    own, other = ImageFont.load_default(12), ImageFont.load_default(14)
    monkeypatch.setattr(contact_sheet, "_fonts", lambda _: [own, other])
    monkeypatch.setattr(contact_sheet, "_draws", lambda font, c: font is other or c.isascii())
    assert contact_sheet._choose_font("лиса", 12) == (other, "лиса")
    assert contact_sheet._choose_font("fox", 12) == (own, "fox")


@pytest.mark.parametrize("said", ["failed", "a long text " * 40, "", "x" * 300])
def test_what_has_no_picture_says_why(said: str) -> None:
    assert opened(sheet([Tile(0, "one", text=said), Tile(1, "two", b"no picture", "image")]))


def test_sixty_loud_pictures_stay_small() -> None:
    dice = random.Random(7)
    noise = Image.frombytes("RGB", (320, 320), dice.randbytes(320 * 320 * 3))
    out = io.BytesIO()
    noise.save(out, "JPEG", quality=95)
    tiles = [Tile(i, f"row {i}", out.getvalue()) for i in range(MAX_TILES)]
    assert opened(sheet(tiles, more=12_345)).width > 500


def test_a_grid_has_to_have_room() -> None:
    def axes(down: int, across: int) -> tuple[Axis, Axis]:
        return Axis("a", tuple(range(down))), Axis("b", tuple(range(across)))

    assert is_grid(axes(6, 10), 60)
    assert not is_grid(axes(7, 9), 63)
    assert not is_grid(axes(2, 20), 40)
    assert not is_grid(axes(2, 2)[:1], 2)


def test_no_rows_at_all() -> None:
    assert opened(sheet([])).width > 0
