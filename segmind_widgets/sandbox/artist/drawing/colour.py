"""Colours as RGB triples, and the gradients and masks built from them."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from PIL import Image, ImageChops

RGB = tuple[int, int, int]
Size = tuple[int, int]

WHITE: RGB = (255, 255, 255)
BLACK: RGB = (0, 0, 0)


def rgb(text: str) -> RGB:
    """Return the colour of six hex digits, with or without a leading #."""
    value = int(text.lstrip("#"), 16)
    return value >> 16, value >> 8 & 255, value & 255


def mix(a: RGB, b: RGB, t: float) -> RGB:
    """Interpolate from colour `a` to colour `b`; `t` is the fraction (0 to 1)."""
    t = min(1.0, max(0.0, t))
    r, g, b_ = (round(x + (y - x) * t) for x, y in zip(a, b, strict=True))
    return r, g, b_


def luminance(colour: RGB) -> float:
    """Return the perceived lightness of a colour, 0 to 1 (ITU-R BT.601 weights)."""
    return (0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]) / 255


def ramp(stops: Sequence[RGB], t: float) -> RGB:
    """Return the colour at `t` (0 to 1) along evenly spaced stops."""
    place = min(1.0, max(0.0, t)) * (len(stops) - 1)
    index = min(int(place), len(stops) - 2)
    return mix(stops[index], stops[index + 1], place - index)


def gradient(size: Size, stops: Sequence[RGB], across: bool = False) -> Image.Image:
    """Return an RGB picture that is a linear gradient through the stops.

    The gradient runs from top to bottom, or from left to right if `across`.
    """
    if len(stops) == 1:
        return Image.new("RGB", size, stops[0])
    length = max(2, size[0] if across else size[1])
    row = bytes(v for i in range(length) for v in ramp(stops, i / (length - 1)))
    line = Image.frombytes("RGB", (length, 1) if across else (1, length), row)
    return line.resize(size, Image.Resampling.NEAREST)


def fade(size: Size, start: float, end: float, across: bool = False) -> Image.Image:
    """Return a mask whose opacity changes linearly from `start` to `end` (0 to 1).

    The opacity changes from top to bottom, or from left to right if `across`.
    """
    length = max(2, size[0] if across else size[1])
    row = bytes(round(255 * (start + (end - start) * i / (length - 1))) for i in range(length))
    line = Image.frombytes("L", (length, 1) if across else (1, length), row)
    return line.resize(size, Image.Resampling.NEAREST)


def halo(side: int, softness: float = 2.0, strength: float = 1.0) -> Image.Image:
    """Return a round mask, densest at the centre and empty at the rim.

    `softness` is the exponent of the falloff, `strength` the opacity at the centre (0 to 1).
    """
    # Pillow's radial gradient is 180 at the middle of each edge and 255 in the corners.
    curve = [round(255 * strength * max(0.0, 1 - i / 180) ** softness) for i in range(256)]
    return Image.radial_gradient("L").point(curve).resize((side, side), Image.Resampling.BICUBIC)


def noise(rng: Random, size: Size) -> Image.Image:
    """Return white noise (mode L).

    The result depends only on `rng`, unlike that of Pillow's `effect_noise`.
    """
    side = 256
    tile = Image.frombytes("L", (side, side), rng.randbytes(side * side))
    out = Image.new("L", size)
    for x in range(0, size[0], side):
        for y in range(0, size[1], side):
            out.paste(tile, (x, y))
    return out


def clouds(rng: Random, size: Size, cells: tuple[float, float], octaves: int = 4) -> Image.Image:
    """Return smooth fractal noise (mode L) with `cells` lumps across and down."""
    shrink = max(1, max(size) // 400)
    small = max(2, size[0] // shrink), max(2, size[1] // shrink)
    out = Image.new("L", small, 128)
    weight = total = 1.0
    for octave in range(octaves):
        grid = [max(2, round(c * 2**octave) + 1) for c in cells]
        lumps = Image.frombytes("L", (grid[0], grid[1]), rng.randbytes(grid[0] * grid[1]))
        total = weight if octave == 0 else total + weight
        out = Image.blend(out, lumps.resize(small, Image.Resampling.BICUBIC), weight / total)
        weight /= 2
    return out.resize(size, Image.Resampling.BICUBIC)


def levels(mask: Image.Image, low: float, high: float, top: float = 1.0) -> Image.Image:
    """Stretch a mask so that `low` (0 to 1) becomes 0 and `high` becomes `top`."""
    span = max(1e-6, high - low)
    return mask.point(
        [round(255 * top * min(1.0, max(0.0, (i / 255 - low) / span))) for i in range(256)]
    )


def scale(mask: Image.Image, factor: float) -> Image.Image:
    """Multiply the opacity of a mask by `factor` (0 to 1)."""
    return mask.point([round(i * factor) for i in range(256)])


def multiply(image: Image.Image, colour: RGB, amount: float = 1.0) -> Image.Image:
    """Tint an RGB picture as if light of `colour` fell on it; `amount` is 0 to 1."""
    return ImageChops.multiply(image, Image.new("RGB", image.size, mix(WHITE, colour, amount)))
