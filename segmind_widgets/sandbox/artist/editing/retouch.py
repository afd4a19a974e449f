"""Edits of an input picture: enlarge, remove the background, recolour, add subjects."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from PIL import Image, ImageChops, ImageEnhance, ImageFilter, ImageOps

from ..drawing.colour import RGB, Size, gradient, mix, multiply, scale
from ..prompt.brief import Brief, Wanted
from ..prompt.palettes import Palette
from ..scenes.compose import compose, cut, lit
from .cutout import subject_mask

LARGEST = 4096  # pixels: the longest side of an enlarged picture
BACKGROUNDS: dict[str, RGB] = {
    "white": (255, 255, 255), "green": (0, 177, 64), "black": (0, 0, 0), "blue": (0, 71, 187),
    "yellow": (255, 221, 0), "red": (220, 20, 40),
}  # fmt: skip


def enlarged(image: Image.Image, factor: float, clarity: float = 0.35) -> Image.Image:
    """Enlarge a picture by `factor` and sharpen it.

    No side exceeds 4096 pixels; a picture that already has more keeps its size.

    `clarity` (0 to 1) is the amount of local contrast added.
    """
    k = max(1.0, min(factor, LARGEST / max(image.size)))
    size = max(1, round(image.width * k)), max(1, round(image.height * k))
    alpha = (
        image.getchannel("A").resize(size, Image.Resampling.BICUBIC)
        if image.mode == "RGBA"
        else None
    )
    big = image.convert("RGB").resize(size, Image.Resampling.LANCZOS)
    big = big.filter(ImageFilter.UnsharpMask(max(1.0, k * 0.8), round(70 + 80 * clarity), 2))
    if clarity > 0:
        local = big.resize((max(1, size[0] // 8), max(1, size[1] // 8))).filter(
            ImageFilter.GaussianBlur(3)
        )
        soft = local.resize(size, Image.Resampling.BICUBIC)
        detail = ImageChops.add(ImageChops.subtract(big, soft, 2, 128), Image.new("RGB", size), 1)
        big = Image.blend(big, ImageChops.overlay(big, detail), 0.3 * clarity)
    if alpha:
        big.putalpha(alpha)
    return big


def background(image: Image.Image, kind: str, custom: str) -> Image.Image:
    """Remove or replace the background of a picture.

    `kind` and `custom` are the fields `type` and `custom_color` of bg-removal-v2.

    Raises:
        ValueError: custom_color is not three numbers from 0 to 255.
    """
    mask = subject_mask(image)
    rgb = image.convert("RGB")
    if kind == "mask":
        return mask
    if kind == "inverted mask":
        return ImageOps.invert(mask)
    if kind == "blur":
        soft = rgb.filter(ImageFilter.GaussianBlur(min(rgb.size) / 40))
        return Image.composite(rgb, soft, mask)
    colour = _custom(custom) if custom else BACKGROUNDS.get(kind)
    if colour:
        return Image.composite(rgb, Image.new("RGB", rgb.size, colour), mask)
    out = rgb.copy()
    out.putalpha(mask)
    return out


def _custom(text: str) -> RGB:
    parts = text.replace("rgb", "").strip(" ()").split(",")
    if len(parts) == 3 and all(p.strip().isdigit() and int(p) < 256 for p in parts):
        return int(parts[0]), int(parts[1]), int(parts[2])
    raise ValueError(
        f"custom_color must be three numbers from 0 to 255, as in 255,128,0, not {text!r}."
    )


def trimmed(image: Image.Image) -> Image.Image:
    """Return the subject alone, cropped to its bounding box (RGBA)."""
    out = image.convert("RGB")
    out.putalpha(subject_mask(image))
    box = out.getchannel("A").point([255 if i > 40 else 0 for i in range(256)]).getbbox()
    return out.crop(box) if box else out


def restyled(image: Image.Image, brief: Brief, rng: Random, strength: float) -> Image.Image:
    """Recolour the picture for the light and colours of the prompt; shapes stay."""
    rgb = image.convert("RGB")
    place = brief.place(rng)
    if brief.moods or brief.colours or not brief.styles:
        palette = brief.palette(rng, place)
        rgb = graded(rgb, palette, strength)
    if "mono" in brief.moods:
        rgb = ImageOps.grayscale(rgb).convert("RGB")
    return rgb


def graded(image: Image.Image, palette: Palette, strength: float) -> Image.Image:
    """Map the shadows and highlights of the picture to the palette.

    `strength` (0 to 1) is the share of the new colours in the result.
    """
    shadow, light = palette.near, palette.sun
    middle = mix(palette.sky[len(palette.sky) // 2], palette.sky[-1], 0.3)
    grey = ImageOps.autocontrast(image.convert("L"), cutoff=1)
    toned = ImageOps.colorize(grey, shadow, light, middle)
    if palette.night:
        toned = ImageEnhance.Brightness(toned).enhance(0.82)
    mixed = Image.blend(image, toned, 0.62 * strength)
    if palette.night:
        mixed = multiply(mixed, palette.light, 0.8 * strength)
    tinted = ImageChops.soft_light(mixed, gradient(image.size, palette.sky))
    return Image.blend(mixed, tinted, 0.4 * strength)


def onto_scene(
    image: Image.Image, brief: Brief, size: Size, rng: Random
) -> tuple[Image.Image, Image.Image | None]:
    """Place the subject of the picture on the scene that the prompt describes.

    Returns the picture and the mask of the subject in it.
    """
    scene = compose(
        Brief(brief.prompt, [], brief.places, brief.moods, colours=brief.colours), size, rng
    )
    figure = trimmed(image)
    foot = subject_mask(image).crop((0, image.height - 2, *image.size))
    bust = "backcloth" in brief.places or any(foot.histogram()[128:])  # cut off by the bottom edge
    share = 0.86 if bust else 0.66
    k = min(size[0] * share / figure.width, size[1] * share / figure.height)
    figure = figure.resize(
        (max(1, round(figure.width * k)), max(1, round(figure.height * k))),
        Image.Resampling.LANCZOS,
    )
    figure = lit(figure, scene.palette, scene.sun[0] > size[0] / 2, rng)
    at = (size[0] - figure.width) / 2, size[1] * (1.0 if bust else 0.96) - figure.height
    scene.put(figure, at=at)
    scene.trace(figure.getchannel("A"), at)
    return scene.canvas, scene.figure


def with_subjects(
    image: Image.Image, items: Sequence[Wanted], palette: Palette, rng: Random
) -> Image.Image:
    """Add up to three subjects near the bottom of the picture.

    Flying subjects are placed at mid-height.
    """
    out = image.convert("RGB")
    for index, item in enumerate(items[:3]):
        tall = min(out.size) * item.subject.size * 0.8
        tile = lit(
            cut(item, tall, palette, rng, flip=bool(index % 2)), palette, index % 2 == 0, rng
        )
        x = out.width * (0.74, 0.24, 0.5)[index] - tile.width / 2
        high = 0.45 if item.subject.stand in ("air", "orbit") else 0.97
        y = out.height * high - tile.height
        shadow = tile.getchannel("A").filter(ImageFilter.GaussianBlur(min(out.size) / 70))
        out.paste((10, 8, 24), (round(x), round(y + min(out.size) / 90)), scale(shadow, 0.35))
        out.paste(tile.convert("RGB"), (round(x), round(y)), tile.getchannel("A"))
    return out
