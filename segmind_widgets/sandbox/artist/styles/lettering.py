"""Lettering: text that the prompt puts in quotation marks."""

from __future__ import annotations

from PIL import Image, ImageDraw, ImageFilter, ImageFont

from ..drawing.colour import luminance, scale


def lettered(image: Image.Image, title: str) -> Image.Image:
    """Draw the title in capitals across the upper part; short titles have wide letter spacing."""
    text = " ".join(title.upper()) if len(title) <= 14 else title.upper()
    size = image.height * 0.11
    font = ImageFont.load_default(size)
    wide = font.getlength(text)
    if wide > image.width * 0.84:
        font = ImageFont.load_default(max(8.0, size * image.width * 0.84 / wide))
    left, top, right, bottom = font.getbbox(text)
    mask = Image.new("L", image.size)
    x, y = (image.width - (right - left)) / 2 - left, image.height * 0.1 - top
    weight = max(0, round((bottom - top) * 0.02))
    ImageDraw.Draw(mask).text((x, y), text, fill=255, font=font, stroke_width=weight)
    box = (0, round(image.height * 0.08), image.width, round(image.height * 0.24))
    under = image.crop(box).resize((1, 1), Image.Resampling.BOX).tobytes()
    dark = luminance((under[0], under[1], under[2])) < 0.62
    out = image.copy()
    shadow = mask.filter(ImageFilter.GaussianBlur(min(image.size) / 90))
    out.paste((10, 8, 24) if dark else (255, 255, 255), mask=scale(shadow, 0.45))
    out.paste((255, 250, 238) if dark else (28, 26, 44), mask=mask)
    return out
