"""The sandbox watermark, and the encoding of finished pictures."""

from __future__ import annotations

import io
import zlib

from PIL import Image, ImageDraw, ImageFont, PngImagePlugin

from . import outline

SOFTWARE = "segmind-widgets sandbox"
MARK = "sandbox"
_SOFTWARE_TAG = 0x0131  # Exif 2.3, "Software"
_LARGE = 4_000_000  # pixels from which a PNG takes seconds unless it is packed lightly
_SMALL = {"compress_level": 3}
_TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp"}


def stamp(size: tuple[int, int]) -> tuple[Image.Image, tuple[int, int]]:
    """Return the watermark as a mask, and its upper left corner in a picture of that size."""
    height = max(9, round(min(size) * 0.019))
    font = ImageFont.load_default(height)
    left, top, right, bottom = (round(v) for v in font.getbbox(MARK))
    mask = Image.new("L", (right - left + 2, bottom - top + 2))
    ImageDraw.Draw(mask).text((1 - left, 1 - top), MARK, fill=255, font=font)
    pad = max(3, round(min(size) * 0.022))
    return mask, (size[0] - mask.width - pad, size[1] - mask.height - pad)


def marked(image: Image.Image) -> Image.Image:
    """Draw the small watermark in the lower right corner, pale on dark or dark on pale.

    The watermark changes tones by less than half, so a mask remains usable as a mask.
    """
    mask, at = stamp(image.size)
    box = (*at, at[0] + mask.width, at[1] + mask.height)
    under = image.crop(box)
    tone = under.convert("RGBA").resize((1, 1), Image.Resampling.BOX).convert("L").tobytes()[0]
    out = image.copy()
    if image.mode == "L":
        out.paste(70 if tone < 128 else 185, box, mask)
        return out
    clear = "A" in image.getbands() and under.getchannel("A").tobytes().count(0) > mask.width
    ink = (120, 120, 128) if clear else (255, 255, 255) if tone < 170 else (30, 30, 44)
    if image.mode == "RGBA":
        sheet = Image.new("RGBA", mask.size, (*ink, 0))
        sheet.putalpha(mask.point([round(i * 0.62) for i in range(256)]))
        out.alpha_composite(sheet, at)
        return out
    out.paste(ink, box, mask.point([round(i * 0.55) for i in range(256)]))
    return out


def encoded(
    image: Image.Image, form: str, quality: int, figure: Image.Image | None = None
) -> tuple[bytes, str]:
    """Encode a picture; return its bytes and media type.

    The metadata of every format names the sandbox. `figure` is a mask of the subject, which is
    also stored in the metadata.
    """
    sink = io.BytesIO()
    exif = Image.Exif()
    exif[_SOFTWARE_TAG] = SOFTWARE
    if figure is not None:
        outline.write(exif, figure)
    if form == "PNG":
        text = PngImagePlugin.PngInfo()
        text.add_text("Software", SOFTWARE)
        is_large = image.width * image.height > _LARGE
        packing = {"compress_level": 1, "compress_type": zlib.Z_RLE} if is_large else _SMALL
        image.save(sink, "PNG", pnginfo=text, exif=exif, **packing)
    elif form == "WEBP":
        image.save(sink, "WEBP", quality=quality, method=1, exif=exif)
    else:
        image.convert("RGB").save(
            sink, "JPEG", quality=min(95, quality), subsampling=0 if quality > 90 else 2, exif=exif
        )
    return sink.getvalue(), _TYPES[form]
