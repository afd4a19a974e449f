"""Open pictures of every format, upright: the one place that decodes files of unknown origin.

A camera writes its pixels as the sensor was held and notes the turn (EXIF orientation, 1 to 8).
Everything that shows, measures or hands out pixels goes through here, so that all agree with
what browsers and services show.
"""

from __future__ import annotations

import io
from collections.abc import Generator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from segmind_widgets.errors import AssetError

ORIENTATION = 0x0112  # the EXIF tag
HEIF_TYPES = ("image/heic", "image/heif", "image/heic-sequence", "image/heif-sequence")
_QUARTER_TURNS = (5, 6, 7, 8)  # orientations that swap width and height


def can_read_heif() -> bool:
    """Return whether `pillow-heif`, the extra `heic`, is installed."""
    return find_spec("pillow_heif") is not None


def check_decoder(media_type: str, filename: str) -> None:
    """Check that a picture of this type can be read here.

    Raises:
        AssetError: it is HEIC, and `pillow-heif` is not installed.
    """
    if media_type in HEIF_TYPES and not can_read_heif():
        raise AssetError(
            f"{filename} is a HEIC image, which needs a converter that is not installed.",
            hint="pip install 'segmind-widgets[heic]' and restart the kernel, or save the image"
            " as JPEG (on an iPhone: Settings > Camera > Formats > Most Compatible).",
        )


@contextmanager
def opened(source: Path | bytes, media_type: str = "") -> Generator[Any, None, None]:
    """Open a picture as a `PIL.Image.Image`, which may be loaded later and lies as stored."""
    if media_type in HEIF_TYPES:
        yield _open_heif(source)
        return
    from PIL import Image

    file: Any = Image.open(io.BytesIO(source) if isinstance(source, bytes) else source)
    with file as picture:
        yield picture


def _open_heif(source: Path | bytes) -> Any:
    module: Any = import_module("pillow_heif")  # has no types, and may be missing
    file: Any = module.open_heif(source, convert_hdr_to_8bit=True)
    picture: Any = file[file.primary_index]
    module.set_orientation(picture.info)  # libheif has turned the pixels already
    return picture.to_pillow()


def upright(picture: Any) -> Any:
    """Load a picture and turn it upright, in place; return it."""
    from PIL import ImageOps

    picture.load()
    ImageOps.exif_transpose(picture, in_place=True)
    return picture


def upright_size(picture: Any) -> tuple[int, int]:
    """Return width and height of a picture upright, from its header where the format allows."""
    width, height = picture.size
    if picture.format == "TIFF":  # Pillow gives it upright
        return width, height
    turned = _exif(picture).get(ORIENTATION) in _QUARTER_TURNS
    return (height, width) if turned else (width, height)


def _exif(picture: Any) -> Any:
    from PIL import Image

    plain: Any = Image.Image
    if picture.format == "PNG" and "exif" not in picture.info and not _has_late_exif(picture):
        return plain.getexif(picture)  # PNG's own decodes the pixels to look behind them
    return picture.getexif()


def _has_late_exif(picture: Any) -> bool:
    """Whether a PNG has an eXIf chunk behind its pixels."""
    file = picture.fp
    if file is None:
        return False
    position = file.tell()
    try:
        file.seek(0, io.SEEK_END)
        file.seek(max(0, file.tell() - 128 * 1024))
        return b"eXIf" in file.read()
    finally:
        file.seek(position)


def eight_bit(picture: Any) -> Any:
    """Return a picture of 16 or 32-bit numbers as grey; any other as it is."""
    if not picture.mode.startswith("I"):
        return picture
    high = picture.getextrema()[1]
    if high <= 255:
        return picture.convert("L")
    scale = 1 / 256 if high < 1 << 16 else 255 / high

    def scaled(level: Any) -> Any:
        return level * scale

    return picture.convert("I").point(scaled).convert("L")
