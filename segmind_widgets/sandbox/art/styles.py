"""Finishes: the same picture as a watercolour, an etching, a poster, pixels and so on."""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random

from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from .colour import RGB, WHITE, Size, clouds, levels, mix, noise, scale

PAPER: RGB = (250, 245, 234)
INK: RGB = (30, 33, 56)


def finish(image: Image.Image, style: str, rng: Random) -> Image.Image:
    """The picture in that style; "" is the plain one, with a little grain. The size is kept."""
    return STYLES.get(style, plain)(image, rng)


def plain(image: Image.Image, rng: Random) -> Image.Image:
    """Soft grain, so that gradients do not band, and corners a shade darker."""
    return _vignette(grain(image, rng, 0.07), 0.16)


def grain(image: Image.Image, rng: Random, amount: float) -> Image.Image:
    """Film grain: neutral on average."""
    speck = noise(rng, image.size)
    dust = Image.merge("RGB", (speck, speck, speck))
    return Image.blend(image, ImageChops.overlay(image, dust), amount)


def _vignette(image: Image.Image, amount: float) -> Image.Image:
    shade = Image.radial_gradient("L").point([round(max(0, i - 110) * amount * 1.7) for i in range(256)])
    out = image.copy()
    out.paste((12, 10, 30), mask=shade.resize(image.size, Image.Resampling.BICUBIC))
    return out


def _unit(image: Image.Image) -> float:
    return min(image.size) / 100


def _fit(image: Image.Image, side: int) -> Image.Image:
    """The picture brought down so that its short side is at most `side`."""
    k = side / min(image.size)
    if k >= 1:
        return image.copy()
    return image.resize((round(image.width * k), round(image.height * k)), Image.Resampling.BOX)


def watercolour(image: Image.Image, rng: Random) -> Image.Image:
    """Washes with dark rims, paper that shows through, an untidy edge."""
    size = image.size
    small = _fit(image, 640)
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
    """The picture pushed about a little, as a wet brush would."""
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
    """A mask with a ragged margin."""
    unit = min(size) / 100
    inner = Image.new("L", size)
    pad = round(unit * border)
    inner.paste(255, (pad, pad, size[0] - pad, size[1] - pad))
    soft = inner.filter(ImageFilter.BoxBlur(unit * 2.4))
    rough = clouds(rng, size, (26 * size[0] / size[1], 26), 3)
    return levels(Image.blend(soft, rough, 0.36), 0.42, 0.5)


def oil(image: Image.Image, rng: Random) -> Image.Image:
    """Brush strokes, broad ones first, that follow slow currents."""
    size = image.size
    canvas = _fit(image, 900).filter(ImageFilter.GaussianBlur(2))
    source = _fit(image, 220)
    pixels = ImageEnhance.Color(source).enhance(1.25).load()
    current = clouds(rng, source.size, (3, 3), 2).load()
    if pixels is None or current is None:
        return image
    draw, k = ImageDraw.Draw(canvas), canvas.width / source.width
    for count, length, width in ((2600, 34, 15), (4200, 20, 8), (8000, 10, 4)):
        for _ in range(count):
            x, y = rng.randrange(source.width), rng.randrange(source.height)
            turn = current[x, y] / 255 * math.tau * 1.5  # type: ignore[operator]
            dx, dy = math.cos(turn) * length / 2, math.sin(turn) * length / 2
            light = rng.randint(-14, 14)
            colour = tuple(min(255, max(0, v + light)) for v in pixels[x, y])  # type: ignore[union-attr]
            cx, cy = x * k, y * k
            draw.line((cx - dx, cy - dy, cx + dx, cy + dy), fill=colour, width=width)
    relief = canvas.convert("L").filter(ImageFilter.EMBOSS)
    ridge = Image.merge("RGB", (relief, relief, relief))
    canvas = Image.blend(canvas, ImageChops.soft_light(canvas, ridge), 0.6)
    # where there is much detail, such as a face, the strokes give way
    detail = _fit(image, 300).convert("L").filter(ImageFilter.FIND_EDGES).filter(ImageFilter.GaussianBlur(4))
    canvas = canvas.resize(size, Image.Resampling.BICUBIC)
    canvas.paste(image, mask=levels(detail, 0.03, 0.2, 0.62).resize(size, Image.Resampling.BICUBIC))
    return _vignette(canvas, 0.2)


def _lines(image: Image.Image, fine: float, low: float, high: float) -> Image.Image:
    """Where outlines are (255), from the difference of two blurs."""
    grey = ImageOps.autocontrast(image.convert("L"), cutoff=1)
    near = grey.filter(ImageFilter.GaussianBlur(fine))
    far = grey.filter(ImageFilter.GaussianBlur(fine * 1.9))
    return levels(ImageChops.subtract(far, near), low, high)


def ink(image: Image.Image, _rng: Random) -> Image.Image:
    """Pen and ink: outlines, and hatching where it is dark."""
    size, unit = image.size, _unit(image)
    sheet = Image.new("RGB", size, PAPER)
    grey = ImageOps.autocontrast(image.convert("L"), cutoff=2).filter(ImageFilter.GaussianBlur(unit * 0.25))
    for level, angle, gap in ((0.62, 45, 1.15), (0.42, -45, 1.15), (0.24, 90, 0.95)):
        dark = levels(ImageChops.invert(grey), 1 - level, 1 - level + 0.1, 0.8)
        sheet.paste(INK, mask=ImageChops.multiply(dark, _hatch(size, unit * gap, angle)))
    sheet.paste(INK, mask=_lines(image, max(0.8, unit * 0.13), 0.012, 0.06))
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
    """Graphite: soft tone, fine outlines, the tooth of the paper."""
    unit = _unit(image)
    grey = ImageOps.autocontrast(image.convert("L"), cutoff=1)
    tone = levels(grey, -0.1, 0.85).point([round(120 + i * 0.53) for i in range(256)])
    tooth = levels(noise(rng, image.size).filter(ImageFilter.GaussianBlur(0.8)), 0.25, 0.75)
    tone = Image.blend(tone, ImageChops.overlay(tone, tooth), 0.2)
    strokes = scale(_hatch(image.size, unit * 0.7, 38), 0.22)
    tone.paste(70, mask=ImageChops.multiply(strokes, ImageChops.invert(grey)))
    tone.paste(40, mask=_lines(image, max(0.8, unit * 0.1), 0.008, 0.07))
    return ImageOps.colorize(tone, (44, 42, 50), (252, 248, 240))


def pixel(image: Image.Image, _rng: Random) -> Image.Image:
    """Square pixels and few colours."""
    cell = max(2, round(min(image.size) / 112))
    small = image.resize((max(1, image.width // cell), max(1, image.height // cell)), Image.Resampling.BOX)
    small = ImageEnhance.Color(ImageEnhance.Contrast(small).enhance(1.08)).enhance(1.2)
    few = small.quantize(28, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).convert("RGB")
    return few.resize(image.size, Image.Resampling.NEAREST)


def poster(image: Image.Image, rng: Random) -> Image.Image:
    """A screen print: few flat colours, texture, a paper margin."""
    unit, size = _unit(image), image.size
    flat = _fit(image, 900).filter(ImageFilter.MedianFilter(3))
    flat = ImageEnhance.Color(flat).enhance(1.25).quantize(14, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    flat = flat.convert("RGB").filter(ImageFilter.MedianFilter(3)).resize(size, Image.Resampling.BICUBIC)
    rough = noise(rng, size).filter(ImageFilter.GaussianBlur(0.7))
    flat.paste(PAPER, mask=levels(rough, 0.72, 0.86, 0.35))
    sheet = Image.new("RGB", size, PAPER)
    pad = round(unit * 4)
    sheet.paste(flat.crop((pad, pad, size[0] - pad, size[1] - pad)), (pad, pad))
    return grain(sheet, rng, 0.05)


def comic(image: Image.Image, _rng: Random) -> Image.Image:
    """Flat colour, a screen of dots in the shadows, heavy outlines."""
    unit, size = _unit(image), image.size
    flat = _fit(image, 800).filter(ImageFilter.MedianFilter(3)).resize(size, Image.Resampling.BICUBIC)
    flat = ImageEnhance.Color(ImageOps.posterize(ImageOps.autocontrast(flat, cutoff=1), 3)).enhance(1.3)
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
    flat.paste((18, 16, 28), mask=_lines(image, max(1, unit * 0.2), 0.02, 0.07))
    return flat


def polygon(image: Image.Image, rng: Random) -> Image.Image:
    """Facets."""
    columns = max(10, round(42 * image.width / min(image.size)))
    rows = max(10, round(42 * image.height / min(image.size)))
    fine = 2 if max(image.size) <= 1100 else 1
    w, h = image.width * fine, image.height * fine
    tint = image.resize((columns * 2, rows * 2), Image.Resampling.BOX).load()
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
            halves = (((a, b, d), (1, 0)), ((a, d, e), (0, 1))) if (r + c) % 2 else (((a, b, e), (0, 0)), ((b, d, e), (1, 1)))
            for points, (ox, oy) in halves:
                base = tint[c * 2 + ox, r * 2 + oy] if tint else (0, 0, 0)
                colour = tuple(min(255, max(0, v + light)) for v in base)  # type: ignore[union-attr]
                draw.polygon(points, fill=colour)
    return canvas.reduce(fine) if fine > 1 else canvas


def film(image: Image.Image, rng: Random) -> Image.Image:
    """A photograph's manner: the background a little out of focus, bloom, grain, dark corners."""
    unit, size = _unit(image), image.size
    focus = Image.radial_gradient("L").resize(size, Image.Resampling.BICUBIC)
    out = image.copy()
    out.paste(image.filter(ImageFilter.GaussianBlur(unit * 0.5)), mask=levels(focus, 0.4, 0.85))
    out = ImageEnhance.Contrast(glow(out, rng)).enhance(1.08)
    warm = Image.new("RGB", size, (255, 236, 214))
    out = Image.blend(out, ImageChops.multiply(out, warm), 0.5)
    return _vignette(grain(out, rng, 0.13), 0.34)


def glow(image: Image.Image, _rng: Random) -> Image.Image:
    """Light that spills over."""
    small = _fit(image, 300)
    light = ImageEnhance.Color(small.point([max(0, i - 110) * 255 // 145 for i in range(256)] * 3)).enhance(1.4)
    light = light.filter(ImageFilter.GaussianBlur(7)).resize(image.size, Image.Resampling.BICUBIC)
    return Image.blend(image, ImageChops.screen(image, light), 0.55)


def mosaic(image: Image.Image, rng: Random) -> Image.Image:
    """Small glazed tiles with grout between them."""
    cell = max(6, round(min(image.size) / 64))
    columns, rows = math.ceil(image.width / cell), math.ceil(image.height / cell)
    full = columns * cell, rows * cell
    tint = ImageOps.fit(image, full).resize((columns, rows), Image.Resampling.BOX)
    shine = noise(rng, (columns, rows)).point([112 + i * 32 // 255 for i in range(256)])
    tint = ImageChops.overlay(ImageEnhance.Brightness(ImageEnhance.Color(tint).enhance(1.2)).enhance(1.22), Image.merge("RGB", (shine,) * 3))
    big = tint.resize(full, Image.Resampling.NEAREST)
    tile = Image.new("L", (cell, cell), 70)
    edge = max(1, round(cell * 0.07))
    face = Image.linear_gradient("L").resize((cell - 2 * edge, cell - 2 * edge)).point([255 - i // 4 for i in range(256)])
    tile.paste(face, (edge, edge))
    sheet = Image.new("L", full)
    for x in range(0, full[0], cell):
        sheet.paste(tile, (x, 0))
    top = sheet.crop((0, 0, full[0], cell))
    for y in range(cell, full[1], cell):
        sheet.paste(top, (0, y))
    return ImageChops.multiply(big, Image.merge("RGB", (sheet,) * 3)).crop((0, 0, *image.size))


STYLES: dict[str, Callable[[Image.Image, Random], Image.Image]] = {
    f.__name__: f
    for f in (watercolour, oil, ink, pencil, pixel, poster, comic, polygon, film, glow, mosaic)
}
