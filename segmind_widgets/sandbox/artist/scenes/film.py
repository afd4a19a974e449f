"""Films: a camera drive past a scene, or a slow pan across an input picture."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from random import Random

from PIL import Image, ImageOps

from ..drawing.colour import Size
from ..prompt.brief import Brief
from ..prompt.frame import LONGEST
from ..styles.imprint import marked
from .compose import compose

RATE = 12  # frames per second
TALLEST = 480  # pixels: the greatest height


def film_size(shape: float, side: int = TALLEST) -> Size:
    """Return an even width and height with the ratio `shape` (width over height).

    The height is at most 480 pixels.
    """
    high = min(TALLEST, side) if shape >= 1 else TALLEST
    wide = min(LONGEST, high * shape)
    return max(32, round(wide / 2) * 2), max(32, round(high / 2) * 2)


def drive(brief: Brief, size: Size, rng: Random, seconds: float) -> Iterator[Image.Image]:
    """Render a drive past the scene of the prompt; near layers move faster than far ones."""
    stage = compose(brief, size, rng, margin=round(size[0] * 0.16 / 2) * 2)
    backwards = rng.random() < 0.5
    for time in _times(seconds):
        yield marked(stage.frame(1 - time if backwards else time))


def pan(
    images: Sequence[Image.Image], size: Size, rng: Random, seconds: float
) -> Iterator[Image.Image]:
    """Render a slow zoom into the first picture with a pan across it.

    If there are several pictures, the film blends into the last one.
    """
    sheets = [
        ImageOps.fit(i.convert("RGB"), (size[0] * 2, size[1] * 2), Image.Resampling.LANCZOS)
        for i in images
    ]
    start, end = sheets[0], sheets[-1]
    dx, dy = rng.uniform(-1, 1), rng.uniform(-0.6, 0.6)
    for time in _times(seconds):
        eased = 0.5 - 0.5 * math.cos(math.pi * time)
        zoom = 1 + 0.18 * eased
        view = _view(start, size, zoom, dx * eased, dy * eased)
        if end is not start:
            arriving = _view(end, size, 1.18 - 0.18 * eased, -dx * (1 - eased), -dy * (1 - eased))
            view = Image.blend(view, arriving, min(1.0, max(0.0, eased * 2 - 0.5)))
        yield marked(view)


def _view(sheet: Image.Image, size: Size, zoom: float, dx: float, dy: float) -> Image.Image:
    w, h = sheet.width / zoom, sheet.height / zoom
    left = (sheet.width - w) / 2 * (1 + dx)
    top = (sheet.height - h) / 2 * (1 + dy)
    return sheet.resize(
        size, Image.Resampling.BILINEAR, (left, top, left + w, top + h), reducing_gap=2
    )


def _times(seconds: float) -> list[float]:
    count = max(2, round(seconds * RATE))
    return [k / (count - 1) for k in range(count)]
