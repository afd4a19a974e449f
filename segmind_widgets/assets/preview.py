"""Previews of files: small pictures and HTML elements for notebooks."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import cache
from typing import Any

from segmind_widgets import markup
from segmind_widgets.assets.base64_codec import base64_codec
from segmind_widgets.assets.decoding import eight_bit
from segmind_widgets.markup import Html

PREVIEW_SIDE = 1024  # pixels: the longest side of a picture in a notebook
PREVIEW_BYTES = 52_000  # so that a notebook with twenty pictures stays under 1.5 MB
_MIN_SIDE = 160  # pixels
INLINE_BYTES = 2 * 1024 * 1024  # a video or sound up to this size is embedded in the notebook


_STYLE = "max-width:100%;max-height:640px;height:auto;border-radius:6px;display:block"
CHEQUERBOARD = (  # mid greys, that differ from the page of a light and of a dark theme
    # 16 x 16 pixels as a PNG: JupyterLab removes other forms where a notebook is not trusted
    "background-color:#8c8c8c;background-image:url(data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAA"
    "ABAAAAAQAQMAAAAlPW0iAAAABlBMVEWMjIympqYFkQUcAAAAFUlEQVR42mNg+M/EwICJGP4zYBUHAEeLAhsNln6jAAAA"
    "AElFTkSuQmCC)"
)


def backdrop(source: str) -> str:
    """Return the style of an image that makes transparency visible; "" where there is none.

    Our previews are JPEG only where they are opaque.
    """
    is_clear = source.startswith(("data:image/webp;", "data:image/png;"))
    return f";{CHEQUERBOARD}" if is_clear else ""


def encode(picture: Any, side: int, max_bytes: int | None) -> tuple[bytes, str]:
    """Return an upright `PIL.Image.Image` as a small file: bytes, media type.

    See `Asset.preview`.
    """
    picture = eight_bit(picture)
    picture.thumbnail((side, side))
    clear = picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info
    picture = picture.convert("RGBA" if clear else "RGB")
    encoder, media_type = _encoder_of_clear() if clear else (_jpeg, "image/jpeg")
    data = encoder(picture)
    while max_bytes and len(data) > max_bytes and max(picture.size) > _MIN_SIDE:
        # the number of bytes is proportional to the area
        share = max(0.5, 0.95 * (max_bytes / len(data)) ** 0.5)
        picture = picture.resize([max(1, round(length * share)) for length in picture.size])
        data = encoder(picture)
    return data, media_type


def _jpeg(picture: Any) -> bytes:
    return _to_bytes(picture, "JPEG", quality=82, optimize=True)


def _encoder_of_clear() -> tuple[Callable[[Any], bytes], str]:
    """Return the encoder of transparent pictures and its media type: WebP where Pillow has it.

    A PNG of all colours takes ten times as long to write, and is several times as large.
    """
    from PIL import features

    return (_webp, "image/webp") if features.check("webp") else (_png, "image/png")


def _webp(picture: Any) -> bytes:
    return _to_bytes(picture, "WEBP", quality=82, method=0)  # transparency itself is lossless


def _png(picture: Any) -> bytes:
    from PIL import Image

    return _to_bytes(picture.quantize(256, method=Image.Quantize.FASTOCTREE), "PNG")


def _to_bytes(picture: Any, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


@cache
def video_still() -> str:
    """Return a drawn frame with a play sign, 640 × 360, as a data URL.

    It stands for a video that is too long for a notebook: Pillow reads no videos.
    """
    from PIL import Image, ImageDraw

    picture = Image.new("L", (640, 360), 34)
    draw = ImageDraw.Draw(picture)
    draw.ellipse((260, 120, 380, 240), fill=90)
    draw.polygon([(302, 150), (302, 210), (352, 180)], fill=240)
    for left in range(12, 640, 48):  # the perforation of a film
        for top in (10, 334):
            draw.rounded_rectangle((left, top, left + 24, top + 16), 4, fill=70)
    data = _to_bytes(picture, "PNG", optimize=True)
    return f"data:image/png;base64,{base64_codec().b64encode(data).decode()}"


def too_long(kind: str, label: str, name: str) -> Html:
    """Return what a saved notebook shows of a file above `INLINE_BYTES`: its name and size.

    For a video with a still above them, whose text is `label`.
    """
    note = markup.element("div", name, style="font-size:12px;opacity:.75;margin-top:2px")
    if kind != "video":
        return note
    still = markup.element("img", src=video_still(), alt=f"Video: {label}", style=_STYLE)
    return markup.element("div", still, note)


def element(kind: str, source: str, label: str, filename: str) -> Html:
    """Return an HTML element that shows a file: a picture, a player, a link, or only the label.

    A link downloads the file under its name.
    """
    style = _STYLE + backdrop(source)
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
