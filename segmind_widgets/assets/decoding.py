"""Open pictures of every format, upright: the one place that decodes files of unknown origin.

A camera writes its pixels as the sensor was held and notes the turn (EXIF orientation, 1 to 8).
Everything that shows, measures or hands out pixels goes through here, so that all agree with
what browsers and services show.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Generator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

from segmind_widgets.errors import AssetError
from segmind_widgets.formatting import file_size

ORIENTATION = 0x0112  # the EXIF tag
HEIF_TYPES = ("image/heic", "image/heif", "image/heic-sequence", "image/heif-sequence")
MAX_PIXELS = 100_000_000  # of a picture that is decoded; Pillow's own limit is 89 million
_DRAFT_PIXELS = 2_000_000_000  # of a JPEG that is decoded at an eighth of its size
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
    with _open_unchecked(source) as picture:
        yield picture


def _open_unchecked(source: Path | bytes) -> Any:
    """Open as `Image.open` does, but leave the number of pixels to `check_pixels`.

    Pillow's own check writes a warning into the cell, or raises before the size can be shown. Its
    limit is one for all threads.
    """
    from PIL import Image, UnidentifiedImageError

    file: Any = io.BytesIO(source) if isinstance(source, bytes) else source.open("rb")
    try:
        for load_plugins in (Image.preinit, Image.init):
            load_plugins()
            picture = _read_header(file, "" if isinstance(source, bytes) else str(source))
            if picture is not None:
                picture._exclusive_fp = True  # noqa: SLF001 - as `Image.open`: it closes the file
                return picture
        raise UnidentifiedImageError("no format of Pillow fits")
    except BaseException:
        file.close()
        raise


def _read_header(file: Any, filename: str) -> Any:
    """Return the picture of the first format that takes the file, or None."""
    from PIL import Image

    file.seek(0)
    prefix = file.read(16)
    for name in list(Image.ID):
        make, accepts = cast("Any", Image.OPEN[name])
        try:
            answer = not accepts or accepts(prefix)  # a text names a missing library
            if answer and not isinstance(answer, str):
                file.seek(0)
                return make(file, filename)
        except (SyntaxError, IndexError, TypeError, struct.error):
            continue  # as in `Image.open`: it is another format
    return None


def has_too_many_pixels(size: tuple[int, int], limit: float = MAX_PIXELS) -> bool:
    """Return whether a picture of this size is not decoded, unless Pillow's own limit is higher."""
    from PIL import Image

    own: Any = Image.MAX_IMAGE_PIXELS
    return own is not None and size[0] * size[1] > max(limit, own)


def check_pixels(picture: Any) -> None:
    """Check that a picture may be decoded.

    Raises:
        AssetError: it has too many pixels.
    """
    if has_too_many_pixels(picture.size):
        width, height = picture.size
        memory = file_size(width * height * 4)
        raise AssetError(
            f"The image has {width} × {height} pixels, too many to be decoded unasked.",
            hint="Its file is whole: use `path` or save(). To decode it, which takes about"
            f" {memory} of memory: from PIL import Image; Image.MAX_IMAGE_PIXELS = None",
        )


def draft(picture: Any, side: int) -> None:
    """Let a JPEG be decoded at a size a little above `side`; do nothing for other formats.

    A progressive one of very many pixels would be held in memory as a whole nevertheless.
    """
    is_progressive = bool(picture.info.get("progressive"))
    limit = MAX_PIXELS if is_progressive else _DRAFT_PIXELS
    if not has_too_many_pixels(picture.size, limit):
        picture.draft("RGB", (side, side))


def _open_heif(source: Path | bytes) -> Any:
    module: Any = import_module("pillow_heif")  # has no types, and may be missing
    file: Any = module.open_heif(source, convert_hdr_to_8bit=True)
    picture: Any = file[file.primary_index]
    check_pixels(picture)
    module.set_orientation(picture.info)  # libheif has turned the pixels already
    return picture.to_pillow()


def upright(picture: Any) -> Any:
    """Load a picture and turn it upright, in place; return it."""
    from PIL import ImageOps

    check_pixels(picture)
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
