"""Contact sheets: many small, labelled pictures as HTML, for storage in a notebook.

Texts have the colour of the page. Only styles are used that JupyterLab keeps where a notebook is
not trusted.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from segmind_widgets.assets.preview import CHEQUERBOARD
from segmind_widgets.batches.sweeps import Axis
from segmind_widgets.markup import Html, element, fragment, scroller

MAX_TILES = 60
MAX_BYTES = 150_000  # of all pictures
_WIDTH = 1000  # pixels
_MIN_SIDE, _MAX_SIDE = 96, 220  # pixels of a picture
_LEAST = 64  # pixels of a picture in a grid on a narrow page
_GAP = 8  # pixels
_LABEL_WIDTH = 140  # pixels
_QUALITY, _MIN_QUALITY = 80, 30  # of a picture as WebP
_KIND_LABELS = {"audio": "sound", "video": "video", "file": "file", "text": "text"}
_FAILURES = ("failed", "unknown", "cancelled")
_FRAME = "background-color:rgba(128,128,128,0.12);text-align:center;vertical-align:middle;padding:0"
_SMALL = "font-size:12px;line-height:1.35"
_LABEL = "padding:0 8px 0 0;font-size:13px;font-weight:normal;word-wrap:break-word"
_LINES = "overflow:hidden;max-height:48px;word-wrap:break-word"  # at most three


@dataclass(frozen=True)
class Tile:
    """A row on the sheet: number, title, and a picture or a text instead of it."""

    number: int
    title: str
    picture: bytes = b""
    kind: str = "image"
    text: str = ""


def sheet(tiles: Sequence[Tile], axes: Sequence[Axis] = (), *, more: int = 0) -> Html:
    """Return the tiles as HTML with pictures of at most `MAX_BYTES` bytes.

    Args:
        tiles: in order; in a grid the number of a tile is its position.
        axes: two axes make a grid with their values as labels.
        more: the number of rows that are not on the sheet.
    """
    max_bytes = MAX_BYTES // max(1, len(tiles))
    if is_grid(axes, len(tiles) + more):
        return _grid({tile.number: tile for tile in tiles}, axes, max_bytes)
    return _flow(tiles, more, max_bytes)


def is_grid(axes: Sequence[Axis], count: int) -> bool:
    """Return whether there are two axes whose combinations all fit on one sheet."""
    if len(axes) != 2:
        return False
    across = len(axes[1].values)
    return across * _MIN_SIDE <= _WIDTH and max(count, len(axes[0].values) * across) <= MAX_TILES


def _grid(tiles: dict[int, Tile], axes: Sequence[Axis], max_bytes: int) -> Html:
    down, across = axes
    count = len(across.values)
    side = _side(_WIDTH - _LABEL_WIDTH, count)
    space = f"height:{_LEAST}px;min-width:{_LEAST}px;width:{side}px;{_FRAME}"
    rows = [
        _row(element("td"), _heading(across.name, "col", colspan=count, muted=True)),
        _row(
            _heading(down.name, "col", muted=True),
            *(_heading(label, "col", width=side) for label in across.labels),
        ),
    ]
    for line, label in enumerate(down.labels):
        numbers = range(line * count, (line + 1) * count)
        pieces = (_content(tiles.get(n), side, max_bytes, alt=True) for n in numbers)
        cells = [element("td", piece, style=space) for piece in pieces]
        rows.append(_row(_heading(label, "row"), *cells))
    style = f"border-collapse:separate;border-spacing:{_GAP}px;margin:0"
    label = f"Results by {down.name} and {across.name}"
    return scroller(element("table", *rows, style=style), label=label)


def _row(*cells: Html) -> Html:
    return element("tr", *cells, style="background-color:transparent")  # front ends have stripes


def _heading(
    text: str,
    scope: str,
    *,
    width: int = _LABEL_WIDTH,
    colspan: int | None = None,
    muted: bool = False,
) -> Html:
    style = f"{_LABEL};text-align:left;max-width:{width}px{';opacity:0.75' if muted else ''}"
    return element("th", text, scope=scope, colspan=colspan, style=style)


def _flow(tiles: Sequence[Tile], more: int, max_bytes: int) -> Html:
    count = max(1, len(tiles))
    columns = min(count, next((n for n in (4, 6, 8) if n * n >= count), 10))
    side = _side(_WIDTH, columns)
    space = f"display:table-cell;height:{side}px;width:{side}px;{_FRAME}"
    box = f"display:inline-block;width:{side}px;margin:0 {_GAP}px {_GAP}px 0;vertical-align:top"
    pieces = [
        element(
            "div",
            element("div", _content(tile, side, max_bytes, alt=False), style=space),
            element("div", tile.title, title=tile.title, style=f"{_SMALL};{_LINES}"),
            style=box,
        )
        for tile in tiles
    ]
    rest = element("div", f"and {more:,} more", style=_SMALL) if more else ""
    return element("div", *pieces, rest)


def _side(room: int, columns: int) -> int:
    return min(_MAX_SIDE, room // columns - _GAP)


def _content(tile: Tile | None, side: int, max_bytes: int, *, alt: bool) -> Html:
    """Return a tile's picture or its text; `alt`: the title is not written below it."""
    if tile is None:
        return fragment()
    image = _open(tile.picture)
    if image is not None:
        return _picture(image, tile.title if alt else "", side, max_bytes)
    text = tile.text or _KIND_LABELS.get(tile.kind, "no image")
    weight = "bold" if tile.text in _FAILURES else "normal"
    style = f"max-height:{side}px;max-width:{side}px;overflow:hidden;padding:6px"
    style += f";{_SMALL};box-sizing:border-box;word-wrap:break-word;font-weight:{weight}"
    return element("div", text, style=style)


def _picture(image: Image.Image, title: str, side: int, max_bytes: int) -> Html:
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    width, height = image.size
    is_clear = image.getchannel("A").getextrema() != (255, 255)
    data = _encode(image if is_clear else image.convert("RGB"), max_bytes)
    style = "display:inline-block;vertical-align:middle;margin:0;max-width:100%;height:auto"
    return element(
        "img",
        src=f"data:image/webp;base64,{base64.b64encode(data).decode()}",
        alt=title,
        title=title or None,
        width=width,
        height=height,
        style=f"{style};{CHEQUERBOARD}" if is_clear else style,
    )


def _open(data: bytes) -> Image.Image | None:
    """Return a picture with its transparency; None if it is not readable."""
    if not data:
        return None
    try:
        with Image.open(io.BytesIO(data)) as image:
            return image.convert("RGBA")
    except (OSError, ValueError):
        return None


def _encode(image: Image.Image, max_bytes: int) -> bytes:
    """Encode with the best quality, then the largest size, that fits `max_bytes`."""
    quality = _QUALITY
    while True:
        out = io.BytesIO()
        image.save(out, "WEBP", quality=quality)
        if out.tell() <= max_bytes or max(image.size) <= 8:
            return out.getvalue()
        if quality > _MIN_QUALITY:
            quality -= 10
        else:
            size = [max(1, round(length * 0.85)) for length in image.size]
            image = image.resize((size[0], size[1]), Image.Resampling.LANCZOS)
