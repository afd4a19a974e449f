"""Inpainting: repaint a part of a picture and leave the rest unchanged."""

from __future__ import annotations

from random import Random

from PIL import Image, ImageChops, ImageFilter, ImageOps

from ..drawing.colour import levels, noise, scale
from ..prompt.brief import Brief
from ..prompt.frame import held
from ..scenes.compose import compose, cut
from .cutout import Box, padded, subject_mask, wider
from .outpaint import outpainted, photo_box
from .regions import hard

_CONTEXT = 0.06  # of the picture's longer side: what is drawn around the mask, and seen by healing


def repainted(
    image: Image.Image, mask: Image.Image, brief: Brief, rng: Random, strength: float
) -> Image.Image:
    """Paint the content of the prompt where the mask is white.

    The mask is scaled to the size of the picture, and only the area around its white part is
    drawn. No pixel outside changes. A canvas around a photo is outpainted; a prompt that removes
    something, or none at all, only heals.
    """
    rgb = image.convert("RGB")
    level = mask.resize(rgb.size, Image.Resampling.BILINEAR) if mask.size != rgb.size else mask
    hole = hard(level)
    bounds = hole.getbbox()
    if bounds is None:
        return rgb
    photo = photo_box(rgb, hole)
    if photo is not None:
        return Image.composite(outpainted(rgb, photo), rgb, hole)
    area = padded(bounds, round(_CONTEXT * max(rgb.size)), rgb.size)
    part, gap = rgb.crop(area), hole.crop(area)
    paint, opacity = _painted(part, gap, brief, rng)
    part.paste(paint, mask=scale(opacity, strength))
    rgb.paste(part, area[:2])
    return rgb


def removed(image: Image.Image, brief: Brief, rng: Random) -> Image.Image:
    """Return the picture healed where its subject is, if the prompt names one to remove."""
    if not brief.subjects:
        return image
    return repainted(image, wider(subject_mask(image), max(image.size) / 60), brief, rng, 1)


def _painted(
    image: Image.Image, hole: Image.Image, brief: Brief, rng: Random
) -> tuple[Image.Image, Image.Image]:
    """Return the content of the hole, and its opacity, which is 0 outside the hole."""
    box = hole.getbbox() or (0, 0, *hole.size)
    if brief.removing or not brief.prompt.strip():
        return _healed(image, hole, rng), hole
    if brief.subjects:
        return _placed(_healed(image, hole, rng), brief, box, rng), hole
    size = box[2] - box[0], box[3] - box[1]
    scene = compose(brief, held(size), rng).canvas
    paint = image.copy()
    paint.paste(scene if scene.size == size else scene.resize(size), box[:2])
    # a soft edge inside the hole
    reach = max(1.0, min(size) / 40)
    edge = levels(hole.filter(ImageFilter.BoxBlur(reach)), 0.45, 0.95)
    return paint, ImageChops.multiply(edge, hole)


def _placed(paint: Image.Image, brief: Brief, box: Box, rng: Random) -> Image.Image:
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
