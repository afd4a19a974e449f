"""Previews of files: small pictures and HTML elements for notebooks."""

from __future__ import annotations

import io
from typing import Any

from segmind_widgets import markup
from segmind_widgets.assets.decoding import eight_bit
from segmind_widgets.markup import Html

PREVIEW_SIDE = 1024  # pixels: the longest side of a picture in a notebook
PREVIEW_BYTES = 52_000  # so that a notebook with twenty pictures stays under 1.5 MB
_MIN_SIDE = 160  # pixels
INLINE_BYTES = 2 * 1024 * 1024  # a video or sound up to this size is embedded in the notebook


CHEQUERBOARD = (  # mid greys, that differ from the page of a light and of a dark theme
    # 16 x 16 pixels as a PNG: JupyterLab removes other forms where a notebook is not trusted
    "background-color:#8c8c8c;background-image:url(data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAA"
    "ABAAAAAQAQMAAAAlPW0iAAAABlBMVEWMjIympqYFkQUcAAAAFUlEQVR42mNg+M/EwICJGP4zYBUHAEeLAhsNln6jAAAA"
    "AElFTkSuQmCC)"
)


def backdrop(source: str) -> str:
    """Return the style of an image that makes transparency visible; "" where there is none.

    Our previews are PNG only where they are transparent.
    """
    return f";{CHEQUERBOARD}" if source.startswith("data:image/png;") else ""


def encode(picture: Any, side: int, max_bytes: int | None) -> tuple[bytes, str]:
    """Return an upright `PIL.Image.Image` as a small file: bytes, media type.

    See `Asset.preview`.
    """
    picture = eight_bit(picture)
    picture.thumbnail((side, side))
    clear = picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info
    picture = picture.convert("RGBA" if clear else "RGB")
    encoder = _png if clear else _jpeg
    data = encoder(picture)
    if max_bytes and clear and len(data) > max_bytes:
        encoder = _png_of_few_colours
        data = encoder(picture)
    while max_bytes and len(data) > max_bytes and max(picture.size) > _MIN_SIDE:
        # the number of bytes is proportional to the area
        share = max(0.5, 0.95 * (max_bytes / len(data)) ** 0.5)
        picture = picture.resize([max(1, round(length * share)) for length in picture.size])
        data = encoder(picture)
    return data, "image/png" if clear else "image/jpeg"


def _jpeg(picture: Any) -> bytes:
    return _to_bytes(picture, "JPEG", quality=82, optimize=True)


def _png(picture: Any) -> bytes:
    return _to_bytes(picture, "PNG")


def _png_of_few_colours(picture: Any) -> bytes:
    from PIL import Image

    return _png(picture.quantize(256, method=Image.Quantize.FASTOCTREE))


def _to_bytes(picture: Any, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def element(kind: str, source: str, label: str, filename: str) -> Html:
    """Return an HTML element that shows a file: a picture, a player, a link, or only the label.

    A link downloads the file under its name.
    """
    style = "max-width:100%;max-height:640px;height:auto;border-radius:6px;display:block"
    style += backdrop(source)
    if not source:
        return markup.element("p", label)
    if kind == "image":
        return markup.element("img", src=source, alt=label, style=style)
    if kind == "video":
        return markup.element(
            "video", controls=True, loop=True, src=source, title=label, style=style
        )
    if kind == "audio":
        return markup.element(
            "audio", controls=True, src=source, title=label, style="max-width:100%"
        )
    return markup.element("a", label, href=source, download=filename)
