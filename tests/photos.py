"""Photos as cameras and phones write them."""

from __future__ import annotations

import io

import pillow_heif
from PIL import Image


def heic(brand: bytes = b"heic", orientation: int = 1) -> bytes:
    """Return a HEIC picture of 64×32 with a red quarter at its top left."""
    picture = Image.new("RGB", (64, 32), "black")
    picture.paste((255, 0, 0), (0, 0, 32, 16))
    exif = Image.Exif()
    exif[0x0112] = orientation
    out = io.BytesIO()
    pillow_heif.from_pillow(picture).save(out, quality=90, exif=exif.tobytes())
    return out.getvalue().replace(b"ftypheic", b"ftyp" + brand, 1)
