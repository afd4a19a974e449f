"""Turn pictures and arrays in memory, and data URLs, into the bytes of a file."""

from __future__ import annotations

import io
import re
from typing import Any
from urllib.parse import unquote_to_bytes

from segmind_widgets.assets.base64_codec import base64_codec
from segmind_widgets.errors import AssetError

_PNG_MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")
_WITH_ALPHA = ("PA", "La", "RGBa")
_DATA = re.compile(r"data:", re.IGNORECASE)
_ARRAY_HINT = "Give height × width (× 3 or 4) of uint8, 0 to 255."


def is_data_url(text: str) -> bool:
    """Return whether a text begins as a data URL does."""
    return _DATA.match(text) is not None


def from_data_url(text: str) -> tuple[bytes, str]:
    """Return the bytes and the media type ("" for none) of a data URL.

    Raises:
        AssetError: it is cut off, or not base64.
    """
    head, comma, rest = text.partition(",")
    media_type, *parameters = head[5:].split(";")
    try:
        if not comma:
            raise ValueError
        if "base64" not in (parameter.strip().lower() for parameter in parameters):
            return unquote_to_bytes(rest), media_type
        text = "".join(rest.split())  # Python's `encodebytes` folds lines
        return base64_codec().b64decode(text, validate=True), media_type
    except ValueError:
        raise AssetError(
            "A data URL is incomplete or not valid base64.",
            hint="It is written data:image/png;base64,… and must be whole.",
        ) from None


def from_array(array: Any) -> Any:
    """Return an array of uint8 as a `PIL.Image.Image`.

    Raises:
        AssetError: it has another shape or type.
    """
    from PIL import Image

    try:
        if len(array.__array_interface__["shape"]) < 2:  # Pillow would make a picture of one row
            raise ValueError
        picture = Image.fromarray(array)
        if picture.mode == "F":  # 0 to 1 or 0 to 255: nothing says which
            raise ValueError
    except (TypeError, ValueError, KeyError):
        shape, kind = getattr(array, "shape", "?"), getattr(array, "dtype", "?")
        raise AssetError(
            f"An array of shape {shape} and type {kind} is not an image.", hint=_ARRAY_HINT
        ) from None
    return picture


def to_png(picture: Any) -> bytes:
    """Return the current frame of a `PIL.Image.Image` as the bytes of a PNG file, upright.

    Raises:
        AssetError: its numbers do not fit a PNG.
    """
    from PIL import ImageOps

    if picture.format:  # as it was opened; Pillow's own edits forget the format
        picture = ImageOps.exif_transpose(picture)
    if picture.mode in ("I", "F"):
        picture = _of_numbers(picture)
    elif picture.mode not in _PNG_MODES:
        picture = picture.convert("RGBA" if picture.mode in _WITH_ALPHA else "RGB")
    out = io.BytesIO()
    picture.save(out, "PNG", compress_level=1)
    return out.getvalue()


def _of_numbers(picture: Any) -> Any:
    """Return a picture of 32-bit numbers with the 8 or 16 bits that it needs."""
    low, high = picture.getextrema()
    if picture.mode == "F" or low < 0 or high > 65_535:
        raise AssetError(
            f"An image with numbers from {low:g} to {high:g} cannot be sent unchanged.",
            hint=_ARRAY_HINT,
        )
    return picture.convert("L" if high <= 255 else "I;16")
