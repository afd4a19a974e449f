"""Styles: render a picture as a watercolour, an ink drawing, an oil painting and so on."""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random
from typing import Any

from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from ..drawing.colour import WHITE, Size, clouds, levels, mix, noise, scale
from .prints import comic, mosaic, pixel, polygon, poster
from .tone import INK, PAPER, fit, grain, lines_of, unit_of, vignette


def finish(image: Image.Image, style: str, rng: Random) -> Image.Image:
    """Render a picture in a style, at the same size.

    "" and unknown names give the plain style, with a little grain.
    """
    return STYLES.get(style, plain)(image, rng)


def plain(image: Image.Image, rng: Random) -> Image.Image:
    """Add soft grain, so that gradients do not band, and darken the corners slightly."""
    return vignette(grain(image, rng, 0.07), 0.16)


def watercolour(image: Image.Image, rng: Random) -> Image.Image:
    """Render washes with dark rims, visible paper and an uneven edge."""
    size = image.size
    small = fit(image, 640)
    wash = small.filter(ImageFilter.MedianFilter(7)).filter(ImageFilter.MedianFilter(5))
    wash = _wobble(wash, rng, 4)
    rim = wash.convert("L").filter(ImageFilter.GaussianBlur(1.2)).filter(ImageFilter.FIND_EDGES)
    wash = ImageEnhance.Color(ImageEnhance.Brightness(wash).enhance(1.08)).enhance(1.12)
    wash = Image.blend(wash, Image.new("RGB", wash.size, WHITE), 0.12)
    wash.paste(INK, mask=levels(rim, 0.05, 0.9, 0.4))
    bloom = clouds(rng, wash.size, (5 * wash.width / wash.height, 5), 5)
    wash.paste(WHITE, mask=levels(bloom, 0.5, 0.85, 0.42))
    wash.paste(mix(INK, (90, 60, 120), 0.5), mask=levels(ImageChops.invert(bloom), 0.55, 0.9, 0.2))
    wash = wash.resize(size, Image.Resampling.BICUBIC)
    tooth = noise(rng, size).filter(ImageFilter.GaussianBlur(1.1))
    paper = Image.merge("RGB", (levels(tooth, 0.2, 0.8),) * 3)
    wash = Image.blend(wash, ImageChops.soft_light(wash, paper), 0.3)
    sheet = Image.new("RGB", size, PAPER)
    sheet.paste(ImageChops.multiply(wash, sheet), mask=_torn(rng, size, 4.5))
    return sheet


def _wobble(image: Image.Image, rng: Random, reach: float) -> Image.Image:
    """Distort the picture slightly, like the strokes of a wet brush."""
    columns, rows = 22, 22
    w, h = image.size
    knots = [
        [(w * c / columns + rng.uniform(-reach, reach) * (0 < c < columns),
          h * r / rows + rng.uniform(-reach, reach) * (0 < r < rows)) for c in range(columns + 1)]
        for r in range(rows + 1)
    ]  # fmt: skip
    cells = []
    for r in range(rows):
        for c in range(columns):
            box = (w * c // columns, h * r // rows, w * (c + 1) // columns, h * (r + 1) // rows)
            corners = (knots[r][c], knots[r + 1][c], knots[r + 1][c + 1], knots[r][c + 1])
            cells.append((box, tuple(v for corner in corners for v in corner)))
    return image.transform(image.size, Image.Transform.MESH, cells, Image.Resampling.BILINEAR)


def _torn(rng: Random, size: Size, border: float) -> Image.Image:
    """Return a mask with a ragged margin."""
    unit = min(size) / 100
    inner = Image.new("L", size)
    pad = round(unit * border)
    inner.paste(255, (pad, pad, size[0] - pad, size[1] - pad))
    soft = inner.filter(ImageFilter.BoxBlur(unit * 2.4))
    rough = clouds(rng, size, (26 * size[0] / size[1], 26), 3)
    return levels(Image.blend(soft, rough, 0.36), 0.42, 0.5)


def oil(image: Image.Image, rng: Random) -> Image.Image:
    """Render brush strokes along smooth random directions, broad strokes first."""
    size = image.size
    canvas = fit(image, 900).filter(ImageFilter.GaussianBlur(2))
    source = fit(image, 220)
    pixels: Any = ImageEnhance.Color(source).enhance(1.25).load()
    current: Any = clouds(rng, source.size, (3, 3), 2).load()
    draw, k = ImageDraw.Draw(canvas), canvas.width / source.width
    for count, length, width in ((2600, 34, 15), (4200, 20, 8), (8000, 10, 4)):
        for _ in range(count):
            x, y = rng.randrange(source.width), rng.randrange(source.height)
            turn = current[x, y] / 255 * math.tau * 1.5
            dx, dy = math.cos(turn) * length / 2, math.sin(turn) * length / 2
            light = rng.randint(-14, 14)
            colour = tuple(min(255, max(0, v + light)) for v in pixels[x, y])
            cx, cy = x * k, y * k
            draw.line((cx - dx, cy - dy, cx + dx, cy + dy), fill=colour, width=width)
    relief = canvas.convert("L").filter(ImageFilter.EMBOSS)
    ridge = Image.merge("RGB", (relief, relief, relief))
    canvas = Image.blend(canvas, ImageChops.soft_light(canvas, ridge), 0.6)
    # keep the original picture where there is much detail, such as in a face
    detail = (
        fit(image, 300)
        .convert("L")
        .filter(ImageFilter.FIND_EDGES)
        .filter(ImageFilter.GaussianBlur(4))
    )
    canvas = canvas.resize(size, Image.Resampling.BICUBIC)
    canvas.paste(image, mask=levels(detail, 0.02, 0.14, 0.8).resize(size, Image.Resampling.BICUBIC))
    return vignette(canvas, 0.2)


def ink(image: Image.Image, _rng: Random) -> Image.Image:
    """Render outlines, with hatching in dark areas."""
    size, unit = image.size, unit_of(image)
    sheet = Image.new("RGB", size, PAPER)
    grey = ImageOps.autocontrast(image.convert("L"), cutoff=2).filter(
        ImageFilter.GaussianBlur(unit * 0.25)
    )
    for level, angle, gap in ((0.5, 45, 1.15), (0.3, -45, 1.15), (0.16, 90, 0.95)):
        dark = levels(ImageChops.invert(grey), 1 - level, 1 - level + 0.1, 0.8)
        sheet.paste(INK, mask=ImageChops.multiply(dark, _hatch(size, unit * gap, angle)))
    sheet.paste(INK, mask=lines_of(image, max(0.8, unit * 0.13), 0.012, 0.06))
    return sheet


def _hatch(size: Size, gap: float, angle: float) -> Image.Image:
    side = round(math.hypot(*size)) + 4
    strip = Image.new("L", (side, 1))
    x = 0.0
    while x < side:
        strip.paste(255, (round(x), 0, round(x + max(1, gap * 0.28)), 1))
        x += gap
    sheet = strip.resize((side, side)).rotate(angle, Image.Resampling.BICUBIC)
    left, top = (side - size[0]) // 2, (side - size[1]) // 2
    return sheet.crop((left, top, left + size[0], top + size[1]))


def pencil(image: Image.Image, rng: Random) -> Image.Image:
    """Render soft grey tones, fine outlines and the texture of paper."""
    unit = unit_of(image)
    grey = ImageOps.autocontrast(image.convert("L"), cutoff=1)
    tone = levels(grey, -0.1, 0.85).point([round(120 + i * 0.53) for i in range(256)])
    tooth = levels(noise(rng, image.size).filter(ImageFilter.GaussianBlur(0.8)), 0.25, 0.75)
    tone = Image.blend(tone, ImageChops.overlay(tone, tooth), 0.2)
    strokes = scale(_hatch(image.size, unit * 0.7, 38), 0.22)
    tone.paste(70, mask=ImageChops.multiply(strokes, ImageChops.invert(grey)))
    tone.paste(40, mask=lines_of(image, max(0.8, unit * 0.1), 0.008, 0.07))
    return ImageOps.colorize(tone, (44, 42, 50), (252, 248, 240))


def film(image: Image.Image, rng: Random) -> Image.Image:
    """Render a photographic look: soft-focus background, bloom, grain, dark corners."""
    unit, size = unit_of(image), image.size
    focus = Image.radial_gradient("L").resize(size, Image.Resampling.BICUBIC)
    out = image.copy()
    out.paste(image.filter(ImageFilter.GaussianBlur(unit * 0.5)), mask=levels(focus, 0.4, 0.85))
    out = ImageEnhance.Contrast(glow(out, rng)).enhance(1.08)
    warm = Image.new("RGB", size, (255, 236, 214))
    out = Image.blend(out, ImageChops.multiply(out, warm), 0.5)
    return vignette(grain(out, rng, 0.13), 0.34)


def glow(image: Image.Image, _rng: Random) -> Image.Image:
    """Add bloom around bright areas."""
    small = fit(image, 300)
    light = ImageEnhance.Color(
        small.point([max(0, i - 110) * 255 // 145 for i in range(256)] * 3)
    ).enhance(1.4)
    light = light.filter(ImageFilter.GaussianBlur(7)).resize(image.size, Image.Resampling.BICUBIC)
    return Image.blend(image, ImageChops.screen(image, light), 0.55)


STYLES: dict[str, Callable[[Image.Image, Random], Image.Image]] = {
    f.__name__: f
    for f in (watercolour, oil, ink, pencil, pixel, poster, comic, polygon, film, glow, mosaic)
}
