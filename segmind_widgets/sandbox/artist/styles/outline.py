"""The outline of a picture's subject, stored in the metadata.

Separating a subject from its background by colour alone often fails on illustrations. Pictures
drawn here therefore carry a small mask of their subject, which makes cutting it out exact.
"""

from __future__ import annotations

import zlib

from PIL import Image

from ..drawing.colour import Size

_SIDE = 384  # pixels of the small mask's longer side; about 1 KB compressed
_PREFIX = b"outline1"
_EXIF_IFD, _MAKER_NOTE = 0x8769, 0x927C  # Exif 2.3
_MOST = 1 << 20  # bytes: the limit of decompression; a valid mask is smaller


def write(exif: Image.Exif, mask: Image.Image) -> None:
    """Store the mask (mode L, any size) in the Exif data."""
    k = _SIDE / max(mask.size)
    size = max(1, round(mask.width * k)), max(1, round(mask.height * k))
    small = mask.resize(size, Image.Resampling.BOX).convert("1", dither=Image.Dither.NONE)
    head = _PREFIX + bytes((size[0] >> 8, size[0] & 255, size[1] >> 8, size[1] & 255))
    exif.get_ifd(_EXIF_IFD)[_MAKER_NOTE] = head + zlib.compress(small.tobytes(), 9)


def find(image: Image.Image, size: Size) -> Image.Image | None:
    """Return the mask stored in an opened picture, scaled to `size`; None if there is none."""
    note = image.getexif().get_ifd(_EXIF_IFD).get(_MAKER_NOTE)
    if not isinstance(note, bytes) or not note.startswith(_PREFIX):
        return None
    numbers = note[len(_PREFIX) : len(_PREFIX) + 4]
    small = numbers[0] << 8 | numbers[1], numbers[2] << 8 | numbers[3]
    if 0 in small or abs(small[0] / small[1] - size[0] / size[1]) > 0.03:
        return None  # the picture was cropped after the mask was stored
    try:
        bits = zlib.decompressobj().decompress(note[len(_PREFIX) + 4 :], _MOST)
        return Image.frombytes("1", small, bits).convert("L").resize(size, Image.Resampling.BICUBIC)
    except (zlib.error, ValueError):
        return None
