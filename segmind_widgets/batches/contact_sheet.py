"""Contact sheets: many small, labelled pictures in one JPEG, for storage in a notebook."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from segmind_widgets.batches.sweeps import Axis

MAX_TILES = 60
MAX_BYTES = 150_000
_WIDTH = 1000  # pixels
_MIN_SIDE, _MAX_SIDE = 96, 220  # pixels of a picture
_GAP = 8  # pixels
_BACKGROUND, _FRAME = "#ffffff", "#ececec"
_TEXT_COLOR, _MUTED_COLOR, _ERROR_COLOR = "#222222", "#6b6b6b", "#a52714"
_FONT_SIZE, _SMALL_FONT_SIZE = 13, 12  # pixels
_LINE_HEIGHT = 17  # pixels
_MIN_QUALITY = 30  # of the JPEG
_FONTS = (  # on Linux, macOS and Windows; Pillow's own font covers ASCII only
    "DejaVuSans.ttf",
    "NotoSansCJK-Regular.ttc",
    "Arial Unicode.ttf",
    "arial.ttf",
    "msyh.ttc",
)
_MISSING_GLYPH = "\U0010ffff"  # a character that every font draws as its replacement box
_KIND_LABELS = {"audio": "sound", "video": "video", "file": "file", "text": "text"}


@dataclass(frozen=True)
class Tile:
    """A row on the sheet: number, title, and a picture or a text instead of it."""

    number: int
    title: str
    picture: bytes = b""
    kind: str = "image"
    text: str = ""


def sheet(tiles: Sequence[Tile], axes: Sequence[Axis] = (), *, more: int = 0) -> bytes:
    """Draw the tiles on a JPEG of at most `MAX_BYTES` bytes.

    Args:
        tiles: in order; in a grid the number of a tile is its position.
        axes: two axes make a grid with their values as labels.
        more: the number of rows that are not on the sheet.
    """
    grid = is_grid(axes, len(tiles) + more)
    return _jpeg(_grid(tiles, axes) if grid else _flow(tiles, more))


def is_grid(axes: Sequence[Axis], count: int) -> bool:
    """Return whether there are two axes whose combinations all fit on one sheet."""
    if len(axes) != 2:
        return False
    across = len(axes[1].values)
    return across * _MIN_SIDE <= _WIDTH and max(count, len(axes[0].values) * across) <= MAX_TILES


def _grid(tiles: Sequence[Tile], axes: Sequence[Axis]) -> Image.Image:
    down, across = axes
    margin = min(200, max(_length(text, _FONT_SIZE) for text in (down.name, *down.labels)) + _GAP)
    side = _side(_WIDTH - margin - _GAP, len(across.values))
    top = 2 * _LINE_HEIGHT + _GAP
    size = (
        margin + len(across.values) * (side + _GAP) + _GAP,
        top + len(down.values) * (side + _GAP),
    )
    page = Image.new("RGB", size, _BACKGROUND)
    pen = ImageDraw.Draw(page)
    _write(pen, (margin, 2), across.name, size[0] - margin, _MUTED_COLOR)
    _write(pen, (2, 2 + _LINE_HEIGHT), down.name, margin - _GAP, _MUTED_COLOR)
    for column, text in enumerate(across.labels):
        _write(pen, (margin + column * (side + _GAP), 2 + _LINE_HEIGHT), text, side)
    for line, text in enumerate(down.labels):
        y = top + line * (side + _GAP) + (side - _LINE_HEIGHT) // 2
        _write(pen, (2, y), text, margin - _GAP)
    for tile in tiles:
        line, column = divmod(tile.number, len(across.values))
        corner = margin + column * (side + _GAP), top + line * (side + _GAP)
        _draw_tile(page, pen, tile, corner, side)
    return page


def _flow(tiles: Sequence[Tile], more: int) -> Image.Image:
    count = max(1, len(tiles))
    columns = min(count, next((n for n in (4, 6, 8) if n * n >= count), 10))
    side = _side(_WIDTH - _GAP, columns)
    height = side + _LINE_HEIGHT + _GAP
    lines = -(-count // columns)
    rest = _LINE_HEIGHT + _GAP if more else 0
    size = columns * (side + _GAP) + _GAP, lines * height + _GAP + rest
    page = Image.new("RGB", size, _BACKGROUND)
    pen = ImageDraw.Draw(page)
    for index, tile in enumerate(tiles):
        line, column = divmod(index, columns)
        corner = _GAP + column * (side + _GAP), _GAP + line * height
        _draw_tile(page, pen, tile, corner, side)
        _write(pen, (corner[0], corner[1] + side + 1), tile.title, side, size=_SMALL_FONT_SIZE)
    if more:
        _write(pen, (_GAP, lines * height + _GAP), f"and {more:,} more", size[0] - 2 * _GAP)
    return page


def _side(room: int, columns: int) -> int:
    return min(_MAX_SIDE, room // columns - _GAP)


def _draw_tile(
    page: Image.Image, pen: ImageDraw.ImageDraw, tile: Tile, corner: tuple[int, int], side: int
) -> None:
    """Draw a tile's picture in the middle of its square, or its text."""
    x, y = corner
    pen.rectangle((x, y, x + side - 1, y + side - 1), _FRAME)
    picture = _read_picture(tile.picture, side)
    if picture is not None:
        page.paste(picture, (x + (side - picture.width) // 2, y + (side - picture.height) // 2))
        return
    text = tile.text or _KIND_LABELS.get(tile.kind, "no image")
    color = _ERROR_COLOR if tile.text in ("failed", "unknown", "cancelled") else _MUTED_COLOR
    words, bottom = text.split(), y + side
    x, y = x + 6, y + 6
    while words and y + _LINE_HEIGHT <= bottom:
        line = words.pop(0)
        while words and _length(f"{line} {words[0]}", _SMALL_FONT_SIZE) <= side - 12:
            line = f"{line} {words.pop(0)}"
        _write(pen, (x, y), line, side - 12, color, _SMALL_FONT_SIZE)
        y += _LINE_HEIGHT


def _read_picture(data: bytes, side: int) -> Image.Image | None:
    """Return the picture on the background, at most `side` pixels; None if it is not readable."""
    if not data:
        return None
    try:
        with Image.open(io.BytesIO(data)) as image:
            small = image.convert("RGBA")
    except (OSError, ValueError):
        return None
    small.thumbnail((side, side), Image.Resampling.LANCZOS)
    background = Image.new("RGBA", small.size, _BACKGROUND)
    return Image.alpha_composite(background, small).convert("RGB")


def _write(
    pen: ImageDraw.ImageDraw,
    corner: tuple[int, int],
    text: str,
    room: int,
    color: str = _TEXT_COLOR,
    size: int = _FONT_SIZE,
) -> None:
    """Write a line of text, truncated to `room` pixels."""
    font, text = _choose_font(text, size)
    if _length(text, size) > room:
        while text and _length(f"{text}…", size) > room:
            text = text[:-1]
        text = f"{text.rstrip()}…"
    pen.text(corner, text, color, font)


def _length(text: str, size: int) -> int:
    font, text = _choose_font(text, size)
    return round(font.getlength(text))


def _choose_font(text: str, size: int) -> tuple[Any, str]:
    """Return the font that covers most of the letters, and the text without the other letters."""
    font = max(_fonts(size)[: 1 if text.isascii() else None], key=lambda f: _count(f, text))
    if _count(font, text) < len(text):
        decomposed = unicodedata.normalize("NFKD", text)  # é as e and an accent
        text = "".join(c for c in decomposed if _draws(font, c)).strip() or "…"
    return font, text


@lru_cache
def _fonts(size: int) -> list[Any]:
    fonts: list[Any] = [ImageFont.load_default(size)]
    for name in _FONTS:
        with suppress(OSError):
            fonts.append(ImageFont.truetype(name, size))
    return fonts


def _count(font: Any, text: str) -> int:
    return sum(_draws(font, character) for character in text)


@lru_cache(maxsize=4096)
def _draws(font: Any, character: str) -> bool:
    return bytes(font.getmask(character)) != bytes(font.getmask(_MISSING_GLYPH))


def _jpeg(page: Image.Image) -> bytes:
    """Encode the page with the best quality, then the largest size, that fits `MAX_BYTES`."""
    quality = 82
    while True:
        out = io.BytesIO()
        page.save(out, "JPEG", quality=quality, optimize=True, progressive=True)
        if out.tell() <= MAX_BYTES:
            return out.getvalue()
        if quality > _MIN_QUALITY:
            quality -= 13
        else:
            size = round(page.width * 0.85), round(page.height * 0.85)
            page = page.resize(size, Image.Resampling.LANCZOS)
