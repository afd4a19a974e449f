"""Shared parts of the styles: paper and ink colours, grain, outlines."""

from __future__ import annotations

from random import Random

from PIL import Image, ImageChops, ImageFilter, ImageOps

from ..drawing.colour import RGB, levels, noise

PAPER: RGB = (250, 245, 234)
INK: RGB = (30, 33, 56)


def grain(image: Image.Image, rng: Random, amount: float) -> Image.Image:
    """Add film grain that does not change the average tone."""
    speck = noise(rng, image.size)
    dust = Image.merge("RGB", (speck, speck, speck))
    return Image.blend(image, ImageChops.overlay(image, dust), amount)


def vignette(image: Image.Image, amount: float) -> Image.Image:
    """Darken the corners."""
    shade = Image.radial_gradient("L").point(
        [round(max(0, i - 110) * amount * 1.7) for i in range(256)]
    )
    out = image.copy()
    out.paste((12, 10, 30), mask=shade.resize(image.size, Image.Resampling.BICUBIC))
    return out


def unit_of(image: Image.Image) -> float:
    """Return a hundredth of the short side in pixels."""
    return min(image.size) / 100


def fit(image: Image.Image, side: int) -> Image.Image:
    """Scale the picture down so that its short side is at most `side`."""
    k = side / min(image.size)
    if k >= 1:
        return image.copy()
    return image.resize((round(image.width * k), round(image.height * k)), Image.Resampling.BOX)


def lines_of(image: Image.Image, fine: float, low: float, high: float) -> Image.Image:
    """Return a mask of the outlines (255), from the difference of two blurs."""
    grey = ImageOps.autocontrast(image.convert("L"), cutoff=1)
    near = grey.filter(ImageFilter.GaussianBlur(fine))
    far = grey.filter(ImageFilter.GaussianBlur(fine * 1.9))
    return levels(ImageChops.subtract(far, near), low, high)
