"""A contact sheet: many small pictures in one JPEG with their labels, for a notebook to keep."""

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

MOST = 60  # pictures
LARGEST = 150_000  # bytes
_WIDTH = 1000  # pixels
_SIDES = (96, 220)  # pixels of a picture, at least and at most
_GAP = 8
_PAPER, _INK, _FAINT, _FRAME, _BAD = "#ffffff", "#222222", "#6b6b6b", "#ececec", "#a52714"
_TEXT, _SMALL = 13, 12  # pixels
_LINE = 17
_WORST = 30  # JPEG quality
_FONTS = (  # of Linux, macOS and Windows: Pillow's own has the letters of ASCII alone
    "DejaVuSans.ttf",
    "NotoSansCJK-Regular.ttc",
    "Arial Unicode.ttf",
    "arial.ttf",
    "msyh.ttc",
)
_NO_LETTER = "\U0010ffff"  # every font draws its box for it
_SIGNS = {"audio": "sound", "video": "video", "file": "file", "text": "text"}


@dataclass(frozen=True)
class Tile:
    """A row on the sheet: its number, its title, and a picture; else what is said instead."""

    number: int
    title: str
    picture: bytes = b""
    kind: str = "image"
    said: str = ""


def sheet(tiles: Sequence[Tile], axes: Sequence[Axis] = (), *, more: int = 0) -> bytes:
    """A JPEG of at most `LARGEST` bytes.

    Args:
        tiles: what is on it, each at the place that its number says.
        axes: where they are two, rows and columns are labelled with their values.
        more: how many further ones are not on it.
    """
    grid = is_grid(axes, len(tiles) + more)
    return _jpeg(_grid(tiles, axes) if grid else _wrapped(tiles, more))


def is_grid(axes: Sequence[Axis], count: int) -> bool:
    """Two axes whose combinations all have room on one sheet."""
    if len(axes) != 2:
        return False
    across = len(axes[1].values)
    return across * _SIDES[0] <= _WIDTH and max(count, len(axes[0].values) * across) <= MOST


def _grid(tiles: Sequence[Tile], axes: Sequence[Axis]) -> Image.Image:
    down, across = axes
    margin = min(200, max(_length(text, _TEXT) for text in (down.name, *down.labels)) + _GAP)
    side = _side(_WIDTH - margin - _GAP, len(across.values))
    top = 2 * _LINE + _GAP
    size = (
        margin + len(across.values) * (side + _GAP) + _GAP,
        top + len(down.values) * (side + _GAP),
    )
    page = Image.new("RGB", size, _PAPER)
    pen = ImageDraw.Draw(page)
    _write(pen, (margin, 2), across.name, size[0] - margin, _FAINT)
    _write(pen, (2, 2 + _LINE), down.name, margin - _GAP, _FAINT)
    for column, text in enumerate(across.labels):
        _write(pen, (margin + column * (side + _GAP), 2 + _LINE), text, side)
    for line, text in enumerate(down.labels):
        at = top + line * (side + _GAP) + (side - _LINE) // 2
        _write(pen, (2, at), text, margin - _GAP)
    for tile in tiles:
        line, column = divmod(tile.number, len(across.values))
        corner = margin + column * (side + _GAP), top + line * (side + _GAP)
        _place(page, pen, tile, corner, side)
    return page


def _wrapped(tiles: Sequence[Tile], more: int) -> Image.Image:
    count = max(1, len(tiles))
    columns = min(count, next((n for n in (4, 6, 8) if n * n >= count), 10))
    side = _side(_WIDTH - _GAP, columns)
    height = side + _LINE + _GAP
    lines = -(-count // columns)
    rest = _LINE + _GAP if more else 0
    size = columns * (side + _GAP) + _GAP, lines * height + _GAP + rest
    page = Image.new("RGB", size, _PAPER)
    pen = ImageDraw.Draw(page)
    for index, tile in enumerate(tiles):
        line, column = divmod(index, columns)
        corner = _GAP + column * (side + _GAP), _GAP + line * height
        _place(page, pen, tile, corner, side)
        _write(pen, (corner[0], corner[1] + side + 1), tile.title, side, size=_SMALL)
    if more:
        _write(pen, (_GAP, lines * height + _GAP), f"and {more:,} more", size[0] - 2 * _GAP)
    return page


def _side(room: int, columns: int) -> int:
    least, most = _SIDES
    return max(min(least, room // columns - _GAP), min(most, room // columns - _GAP))


def _place(
    page: Image.Image, pen: ImageDraw.ImageDraw, tile: Tile, corner: tuple[int, int], side: int
) -> None:
    """A tile's picture in the middle of its square, or what is said in its place."""
    left, top = corner
    pen.rectangle((left, top, left + side - 1, top + side - 1), _FRAME)
    picture = _opened(tile.picture, side)
    if picture is not None:
        at = left + (side - picture.width) // 2, top + (side - picture.height) // 2
        page.paste(picture, at)
        return
    said = tile.said or _SIGNS.get(tile.kind, "no picture")
    color = _BAD if tile.said in ("failed", "unknown", "cancelled") else _FAINT
    words, y = said.split(), top + 6
    while words and y + _LINE <= top + side:
        line = words.pop(0)
        while words and _length(f"{line} {words[0]}", _SMALL) <= side - 12:
            line = f"{line} {words.pop(0)}"
        _write(pen, (left + 6, y), line, side - 12, color, _SMALL)
        y += _LINE


def _opened(data: bytes, side: int) -> Image.Image | None:
    """A picture on paper, at most `side` pixels; None where there is none that can be read."""
    if not data:
        return None
    try:
        with Image.open(io.BytesIO(data)) as found:
            small = found.convert("RGBA")
    except (OSError, ValueError):
        return None
    small.thumbnail((side, side), Image.Resampling.LANCZOS)
    paper = Image.new("RGBA", small.size, _PAPER)
    return Image.alpha_composite(paper, small).convert("RGB")


def _write(
    pen: ImageDraw.ImageDraw,
    at: tuple[int, int],
    text: str,
    room: int,
    color: str = _INK,
    size: int = _TEXT,
) -> None:
    """A line of text, cut to `room` pixels."""
    font, text = _lettered(text, size)
    if _length(text, size) > room:
        while text and _length(f"{text}…", size) > room:
            text = text[:-1]
        text = f"{text.rstrip()}…"
    pen.text(at, text, color, font)


def _length(text: str, size: int) -> int:
    font, text = _lettered(text, size)
    return round(font.getlength(text))


def _lettered(text: str, size: int) -> tuple[Any, str]:
    """The first font that has most of the letters; and the text without those it has not."""
    font = max(_fonts(size)[: 1 if text.isascii() else None], key=lambda f: _count(f, text))
    if _count(font, text) < len(text):
        bare = unicodedata.normalize("NFKD", text)  # é as e
        text = "".join(c for c in bare if _draws(font, c)).strip() or "…"
    return font, text


@lru_cache
def _fonts(size: int) -> list[Any]:
    found: list[Any] = [ImageFont.load_default(size)]
    for name in _FONTS:
        with suppress(OSError):
            found.append(ImageFont.truetype(name, size))
    return found


def _count(font: Any, text: str) -> int:
    return sum(_draws(font, character) for character in text)


@lru_cache(maxsize=4096)
def _draws(font: Any, character: str) -> bool:
    return bytes(font.getmask(character)) != bytes(font.getmask(_NO_LETTER))


def _jpeg(page: Image.Image) -> bytes:
    """As good as fits."""
    quality = 82
    while True:
        out = io.BytesIO()
        page.save(out, "JPEG", quality=quality, optimize=True, progressive=True)
        if out.tell() <= LARGEST:
            return out.getvalue()
        if quality > _WORST:
            quality -= 13
        else:
            size = round(page.width * 0.85), round(page.height * 0.85)
            page = page.resize(size, Image.Resampling.LANCZOS)
