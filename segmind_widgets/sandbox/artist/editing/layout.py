"""Layouts: a sticker with a white edge, and several pictures arranged as prints on a table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from random import Random

from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from ..drawing.colour import WHITE, Size, clouds, gradient, levels, mix, scale
from ..prompt.palettes import Palette
from .retouch import trimmed


def sticker(image: Image.Image, size: Size, clear: bool) -> Image.Image:
    """Make a sticker of the subject, with a thick white edge and a soft shadow.

    The colours are slightly posterized. The background is transparent if `clear`.
    """
    figure = trimmed(image)
    if max(figure.size) > 800:
        figure.thumbnail((800, 800), Image.Resampling.LANCZOS)
    flat = ImageEnhance.Color(
        ImageOps.posterize(figure.convert("RGB").filter(ImageFilter.MedianFilter(3)), 4)
    ).enhance(1.35)
    flat = Image.blend(flat, figure.convert("RGB"), 0.35)
    flat.putalpha(figure.getchannel("A"))
    k = min(size[0] * 0.8 / flat.width, size[1] * 0.8 / flat.height)
    flat = flat.resize(
        (max(1, round(flat.width * k)), max(1, round(flat.height * k))), Image.Resampling.LANCZOS
    )
    at = (size[0] - flat.width) // 2, (size[1] - flat.height) // 2
    shape = Image.new("L", size)
    shape.paste(flat.getchannel("A"), at)
    edge = levels(shape.filter(ImageFilter.GaussianBlur(min(size) / 46)), 0.06, 0.1)
    edge = edge.filter(ImageFilter.GaussianBlur(min(size) / 500))
    shadow = edge.filter(ImageFilter.GaussianBlur(min(size) / 60))
    sheet = Image.new("RGBA", size, (20, 16, 40, 0))
    drop = Image.new("L", size)
    drop.paste(scale(shadow, 0.4), (0, round(min(size) / 80)))
    sheet.putalpha(drop)
    white = Image.new("RGBA", size, (*WHITE, 0))
    white.putalpha(edge)
    sheet.alpha_composite(white)
    sheet.alpha_composite(flat, at)
    if clear:
        return sheet
    paper = Image.new("RGBA", size, (232, 236, 244, 255))
    paper.alpha_composite(sheet)
    return paper.convert("RGB")


def collage(
    images: Sequence[Image.Image], palette: Palette, size: Size, rng: Random
) -> Image.Image:
    """Arrange the pictures as prints on a table, each at a small random angle."""
    sheet = gradient(size, [mix(palette.sky[-1], WHITE, 0.25), palette.sky[len(palette.sky) // 2]])
    glow = levels(clouds(rng, size, (3, 3), 3), 0.45, 0.9, 0.35)
    sheet.paste(palette.glow, mask=glow)
    count = len(images)
    columns = math.ceil(math.sqrt(count * size[0] / size[1]))
    rows = math.ceil(count / columns)
    cell = size[0] / columns, size[1] / rows
    for index, image in enumerate(images):
        row = index // columns
        in_row = min(columns, count - row * columns)
        start = (size[0] - in_row * cell[0]) / 2
        centre = start + (index % columns + 0.5) * cell[0], (row + 0.5) * cell[1]
        _print(sheet, image, centre, min(cell) * 0.86, rng.uniform(-7, 7))
    return sheet


def _print(
    sheet: Image.Image, image: Image.Image, centre: tuple[float, float], side: float, angle: float
) -> None:
    k = side * 0.9 / max(image.size)
    photo = image.convert("RGB").resize(
        (max(1, round(image.width * k)), max(1, round(image.height * k))), Image.Resampling.LANCZOS
    )
    pad = max(2, round(side * 0.035))
    card = Image.new("RGBA", (photo.width + 2 * pad, photo.height + 2 * pad), (252, 250, 245, 255))
    card.paste(photo, (pad, pad))
    card = card.rotate(angle, Image.Resampling.BICUBIC, expand=True)
    at = round(centre[0] - card.width / 2), round(centre[1] - card.height / 2)
    margin = round(side * 0.08)
    shade = ImageOps.expand(card.getchannel("A"), margin).filter(
        ImageFilter.GaussianBlur(side * 0.022)
    )
    sheet.paste(
        (16, 12, 30), (at[0] - margin, at[1] - margin + round(side * 0.02)), scale(shade, 0.45)
    )
    sheet.paste(card.convert("RGB"), at, card.getchannel("A"))
