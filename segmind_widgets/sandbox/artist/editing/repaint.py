"""Inpainting: repaint a part of a picture and leave the rest unchanged."""

from __future__ import annotations

from random import Random

from PIL import Image, ImageChops, ImageFilter, ImageOps

from ..drawing.colour import levels, noise, scale
from ..prompt.brief import Brief
from ..scenes.compose import compose, cut


def repainted(
    image: Image.Image, mask: Image.Image, brief: Brief, rng: Random, strength: float
) -> Image.Image:
    """Paint the content of the prompt where the mask is white.

    The mask is scaled to the size of the picture. Its soft edge lies inside the white area, so no
    pixel outside changes.
    """
    rgb = image.convert("RGB")
    level = mask.resize(rgb.size, Image.Resampling.BILINEAR) if mask.size != rgb.size else mask
    hard = level.point([255 if i > 127 else 0 for i in range(256)])
    box = hard.getbbox()
    if box is None:
        return rgb
    reach = max(1.0, min(box[2] - box[0], box[3] - box[1]) / 40)
    soft = ImageChops.multiply(levels(hard.filter(ImageFilter.BoxBlur(reach)), 0.45, 0.95), hard)
    if brief.subjects:
        paint = _healed(rgb, hard, rng)
        paint = _placed(paint, brief, box, rng)
    else:
        paint = rgb.copy()
        size = box[2] - box[0], box[3] - box[1]
        paint.paste(compose(brief, size, rng).canvas, box[:2])
    out = rgb.copy()
    out.paste(paint, mask=scale(soft, strength))
    return out


def _placed(
    paint: Image.Image, brief: Brief, box: tuple[int, int, int, int], rng: Random
) -> Image.Image:
    palette = brief.palette(rng, brief.place(rng))
    item = brief.subjects[0]
    wide, high = box[2] - box[0], box[3] - box[1]
    tall = min(high * 0.94, wide * 0.94 / item.subject.wide)
    tile = cut(item, tall, palette, rng)
    at = round((box[0] + box[2] - tile.width) / 2), round(box[3] - high * 0.03 - tile.height)
    paint.paste(tile.convert("RGB"), at, tile.getchannel("A"))
    return paint


def _healed(image: Image.Image, hole: Image.Image, rng: Random) -> Image.Image:
    """Fill the hole from its surroundings, with blurs of increasing radius."""
    k = min(1.0, 256 / max(image.size))
    small_size = max(8, round(image.width * k)), max(8, round(image.height * k))
    small = image.resize(small_size, Image.Resampling.BOX)
    gap = hole.resize(small.size, Image.Resampling.BOX).point(
        [255 if i > 8 else 0 for i in range(256)]
    )
    covered = ImageOps.invert(gap)
    out = small.copy()
    radius = 1.5
    while covered.getextrema()[0] == 0 and radius < 400:
        colour = Image.composite(out, Image.new("RGB", small.size), covered).filter(
            ImageFilter.BoxBlur(radius)
        )
        share = covered.filter(ImageFilter.BoxBlur(radius))
        ready = ImageChops.darker(
            share.point([255 if i > 24 else 0 for i in range(256)]), ImageOps.invert(covered)
        )
        if ready.getbbox():
            out.paste(_unpremultiplied(colour, share), mask=ready)
            covered = ImageChops.lighter(covered, ready)
        radius *= 1.6
    smooth = Image.composite(out.filter(ImageFilter.GaussianBlur(5)), out, gap)
    filled = smooth.resize(image.size, Image.Resampling.BICUBIC)
    speck = noise(rng, image.size).point([118 + i * 20 // 255 for i in range(256)])
    filled = Image.blend(filled, ImageChops.overlay(filled, Image.merge("RGB", (speck,) * 3)), 0.5)
    return Image.composite(filled, image, hole)


def _unpremultiplied(colour: Image.Image, share: Image.Image) -> Image.Image:
    """Divide colours by their weight, with Pillow's RGBa conversion."""
    merged = Image.merge("RGBa", (*colour.split(), share))
    return merged.convert("RGBA").convert("RGB")
