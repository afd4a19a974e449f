"""Previews of files as a notebook shows and keeps them."""

from __future__ import annotations

import io
from typing import Any

PREVIEW_SIDE = 1024  # pixels: what a notebook keeps of a picture
PREVIEW_BYTES = 52_000  # so that a notebook with twenty pictures stays under 1.5 MB
_LEAST_SIDE = 160  # pixels: no smaller for the sake of bytes
INLINE_BYTES = 2 * 1024 * 1024  # a video or sound up to this size is kept in the notebook whole


def encoded(picture: Any, side: int, most: int | None) -> tuple[bytes, str]:
    """A loaded `PIL.Image.Image` as a small file: bytes and media type; see `Asset.preview`."""
    from PIL import ImageOps

    picture = ImageOps.exif_transpose(picture)
    picture.thumbnail((side, side))
    clear = picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info
    picture = picture.convert("RGBA" if clear else "RGB")
    encode = _png if clear else _jpeg
    data = encode(picture)
    if most and clear and len(data) > most:
        encode = _png_of_few_colours
        data = encode(picture)
    while most and len(data) > most and max(picture.size) > _LEAST_SIDE:
        share = max(0.5, 0.95 * (most / len(data)) ** 0.5)  # bytes go with the area
        picture = picture.resize([max(1, round(length * share)) for length in picture.size])
        data = encode(picture)
    return data, "image/png" if clear else "image/jpeg"


def _jpeg(picture: Any) -> bytes:
    return _encoded(picture, "JPEG", quality=82, optimize=True)


def _png(picture: Any) -> bytes:
    return _encoded(picture, "PNG")


def _png_of_few_colours(picture: Any) -> bytes:
    from PIL import Image

    return _png(picture.quantize(256, method=Image.Quantize.FASTOCTREE))


def _encoded(picture: Any, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def element(kind: str, source: str, label: str) -> str:
    """An HTML element that shows a file of that kind; `source` and `label` are HTML already."""
    style = 'style="max-width:100%;max-height:640px;height:auto;border-radius:6px;display:block"'
    if not source:
        return f"<p>{label}</p>"
    if kind == "image":
        return f'<img src="{source}" alt="{label}" {style}>'
    if kind == "video":
        return f'<video controls loop src="{source}" title="{label}" {style}></video>'
    if kind == "audio":
        return f'<audio controls src="{source}" title="{label}" style="max-width:100%"></audio>'
    return f'<a href="{source}" download>{label}</a>'
