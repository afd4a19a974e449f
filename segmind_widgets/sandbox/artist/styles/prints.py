"""Print styles: pixels, screen print, halftone dots, facets, tiles."""

from __future__ import annotations

import math
from random import Random
from typing import Any

from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from ..drawing.colour import levels, mix, noise
from .tone import INK, PAPER, fit, grain, lines_of, unit_of


def pixel(image: Image.Image, _rng: Random) -> Image.Image:
    """Render the picture as square pixels with few colours."""
    cell = max(2, round(min(image.size) / 112))
    small = image.resize(
        (max(1, image.width // cell), max(1, image.height // cell)), Image.Resampling.BOX
    )
    small = ImageEnhance.Color(ImageEnhance.Contrast(small).enhance(1.08)).enhance(1.2)
    few = small.quantize(28, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).convert("RGB")
    return few.resize(image.size, Image.Resampling.NEAREST)


def poster(image: Image.Image, rng: Random) -> Image.Image:
    """Render the picture as a screen print: few flat colours, texture, a paper margin."""
    unit, size = unit_of(image), image.size
    flat = fit(image, 900).filter(ImageFilter.MedianFilter(3))
    flat = (
        ImageEnhance.Color(flat)
        .enhance(1.25)
        .quantize(14, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    )
    flat = (
        flat.convert("RGB")
        .filter(ImageFilter.MedianFilter(3))
        .resize(size, Image.Resampling.BICUBIC)
    )
    rough = noise(rng, size).filter(ImageFilter.GaussianBlur(0.7))
    flat.paste(PAPER, mask=levels(rough, 0.72, 0.86, 0.35))
    sheet = Image.new("RGB", size, PAPER)
    pad = round(unit * 4)
    sheet.paste(flat.crop((pad, pad, size[0] - pad, size[1] - pad)), (pad, pad))
    return grain(sheet, rng, 0.05)


def comic(image: Image.Image, _rng: Random) -> Image.Image:
    """Render the picture with flat colours, halftone dots in the shadows, heavy outlines."""
    unit, size = unit_of(image), image.size
    flat = (
        fit(image, 800).filter(ImageFilter.MedianFilter(3)).resize(size, Image.Resampling.BICUBIC)
    )
    flat = ImageEnhance.Color(ImageOps.posterize(ImageOps.autocontrast(flat, cutoff=1), 3)).enhance(
        1.3
    )
    flat = ImageEnhance.Brightness(flat).enhance(1.1)
    cell = max(5, round(unit * 1.1))
    dot = ImageChops.invert(Image.radial_gradient("L").resize((cell, cell)))
    row = Image.new("L", (size[0] + cell, cell))
    for x in range(0, row.width, cell):
        row.paste(dot, (x, 0))
    screen = Image.new("L", size)
    for i, y in enumerate(range(0, size[1], cell)):
        screen.paste(row, (-(cell // 2) * (i % 2), y))
    dark = ImageChops.invert(image.convert("L"))
    dots = levels(ImageChops.add(screen, dark, 2), 0.55, 0.6, 0.5)
    flat.paste(mix(INK, (90, 20, 90), 0.4), mask=dots)
    flat.paste((18, 16, 28), mask=lines_of(image, max(1, unit * 0.2), 0.02, 0.07))
    return flat


def polygon(image: Image.Image, rng: Random) -> Image.Image:
    """Render the picture as triangular facets."""
    columns = max(10, round(42 * image.width / min(image.size)))
    rows = max(10, round(42 * image.height / min(image.size)))
    fine = 2 if max(image.size) <= 1100 else 1
    w, h = image.width * fine, image.height * fine
    tint: Any = image.resize((columns * 2, rows * 2), Image.Resampling.BOX).load()
    canvas = image.resize((w, h))
    draw = ImageDraw.Draw(canvas)

    def knot(c: int, r: int) -> tuple[float, float]:
        loose = Random(c * 7919 + r * 104729 + columns)
        dx, dy = (loose.uniform(-0.38, 0.38) for _ in range(2))
        return ((c + dx * (0 < c < columns)) * w / columns, (r + dy * (0 < r < rows)) * h / rows)

    for r in range(rows):
        for c in range(columns):
            a, b, d, e = knot(c, r), knot(c + 1, r), knot(c + 1, r + 1), knot(c, r + 1)
            light = rng.randint(-9, 9)
            halves = (
                (((a, b, d), (1, 0)), ((a, d, e), (0, 1)))
                if (r + c) % 2
                else (((a, b, e), (0, 0)), ((b, d, e), (1, 1)))
            )
            for points, (ox, oy) in halves:
                base = tint[c * 2 + ox, r * 2 + oy]
                colour = tuple(min(255, max(0, v + light)) for v in base)
                draw.polygon(points, fill=colour)
    return canvas.reduce(fine) if fine > 1 else canvas


def mosaic(image: Image.Image, rng: Random) -> Image.Image:
    """Render the picture as small glazed tiles with grout between them."""
    cell = max(6, round(min(image.size) / 64))
    columns, rows = math.ceil(image.width / cell), math.ceil(image.height / cell)
    full = columns * cell, rows * cell
    tint = ImageOps.fit(image, full).resize((columns, rows), Image.Resampling.BOX)
    shine = noise(rng, (columns, rows)).point([112 + i * 32 // 255 for i in range(256)])
    tint = ImageChops.overlay(
        ImageEnhance.Brightness(ImageEnhance.Color(tint).enhance(1.2)).enhance(1.22),
        Image.merge("RGB", (shine,) * 3),
    )
    big = tint.resize(full, Image.Resampling.NEAREST)
    tile = Image.new("L", (cell, cell), 70)
    edge = max(1, round(cell * 0.07))
    face = (
        Image.linear_gradient("L")
        .resize((cell - 2 * edge, cell - 2 * edge))
        .point([255 - i // 4 for i in range(256)])
    )
    tile.paste(face, (edge, edge))
    sheet = Image.new("L", full)
    for x in range(0, full[0], cell):
        sheet.paste(tile, (x, 0))
    top = sheet.crop((0, 0, full[0], cell))
    for y in range(cell, full[1], cell):
        sheet.paste(top, (0, y))
    return ImageChops.multiply(big, Image.merge("RGB", (sheet,) * 3)).crop((0, 0, *image.size))
