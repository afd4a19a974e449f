"""Work on a given picture: enlarge, cut out, repaint a part, make a sticker, lay out several."""

from __future__ import annotations

import math
from collections.abc import Sequence
from random import Random

from PIL import Image, ImageChops, ImageEnhance, ImageFilter, ImageOps

from .brief import Brief, Wanted
from .colour import RGB, WHITE, Size, clouds, fade, gradient, levels, mix, noise, scale
from .compose import compose, cut, lit
from .cutout import subject_mask
from .palettes import Palette

LARGEST = 4096  # pixels a side of an enlarged picture
BACKGROUNDS: dict[str, RGB] = {
    "white": (255, 255, 255), "green": (0, 177, 64), "black": (0, 0, 0), "blue": (0, 71, 187),
    "yellow": (255, 221, 0), "red": (220, 20, 40),
}  # fmt: skip


def enlarged(image: Image.Image, factor: float, clarity: float = 0.35) -> Image.Image:
    """The picture `factor` times as large, sharpened; no side longer than 4096 pixels.

    `clarity` (0 to 1) is how much local contrast is added.
    """
    k = min(factor, LARGEST / max(image.size))
    size = max(1, round(image.width * k)), max(1, round(image.height * k))
    alpha = image.getchannel("A").resize(size, Image.Resampling.BICUBIC) if image.mode == "RGBA" else None
    big = image.convert("RGB").resize(size, Image.Resampling.LANCZOS)
    big = big.filter(ImageFilter.UnsharpMask(max(1.0, k * 0.8), round(70 + 80 * clarity), 2))
    if clarity > 0:
        local = big.resize((max(1, size[0] // 8), max(1, size[1] // 8))).filter(ImageFilter.GaussianBlur(3))
        soft = local.resize(size, Image.Resampling.BICUBIC)
        detail = ImageChops.add(ImageChops.subtract(big, soft, 2, 128), Image.new("RGB", size), 1)
        big = Image.blend(big, ImageChops.overlay(big, detail), 0.3 * clarity)
    if alpha:
        big.putalpha(alpha)
    return big


def background(image: Image.Image, kind: str, custom: str) -> Image.Image:
    """The picture without its background, as bg-removal-v2's `type` and `custom_color` say.

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
    raise ValueError(f"custom_color must be three numbers from 0 to 255, as in 255,128,0, not {text!r}.")


def trimmed(image: Image.Image) -> Image.Image:
    """The subject alone, cropped to its edges (RGBA)."""
    out = image.convert("RGB")
    out.putalpha(subject_mask(image))
    box = out.getchannel("A").point([255 if i > 40 else 0 for i in range(256)]).getbbox()
    return out.crop(box) if box else out


def restyled(image: Image.Image, brief: Brief, rng: Random, strength: float) -> Image.Image:
    """The picture in the prompt's light and colours; its shapes stay."""
    rgb = image.convert("RGB")
    place = brief.place(rng)
    if brief.moods or brief.colours or not brief.styles:
        palette = brief.palette(rng, place)
        rgb = graded(rgb, palette, strength)
    if "mono" in brief.moods:
        rgb = ImageOps.grayscale(rgb).convert("RGB")
    return rgb


def graded(image: Image.Image, palette: Palette, strength: float) -> Image.Image:
    """The picture's lights and darks in the palette's colours, mixed with its own."""
    shadow, light = palette.near, palette.sun
    middle = mix(palette.sky[len(palette.sky) // 2], palette.sky[-1], 0.3)
    grey = ImageOps.autocontrast(image.convert("L"), cutoff=1)
    toned = ImageOps.colorize(grey, shadow, light, middle)
    if palette.night:
        toned = ImageEnhance.Brightness(toned).enhance(0.82)
    mixed = Image.blend(image, toned, 0.62 * strength)
    tinted = ImageChops.soft_light(mixed, gradient(image.size, palette.sky))
    return Image.blend(mixed, tinted, 0.4 * strength)


def onto_scene(
    image: Image.Image, brief: Brief, size: Size, rng: Random
) -> tuple[Image.Image, Image.Image | None]:
    """The picture's subject, cut out, on the scene the prompt describes; and where it is."""
    scene = compose(Brief(brief.prompt, [], brief.places, brief.moods, colours=brief.colours), size, rng)
    figure = trimmed(image)
    bust = "backcloth" in brief.places or subject_mask(image).crop((0, image.height - 2, *image.size)).getextrema()[1] > 128
    share = 0.86 if bust else 0.66
    k = min(size[0] * share / figure.width, size[1] * share / figure.height)
    figure = figure.resize((max(1, round(figure.width * k)), max(1, round(figure.height * k))), Image.Resampling.LANCZOS)
    figure = lit(figure, scene.palette, scene.sun[0] > size[0] / 2, rng)
    at = (size[0] - figure.width) / 2, size[1] * (1.0 if bust else 0.96) - figure.height
    scene.put(figure, at=at)
    scene.trace(figure.getchannel("A"), at)
    return scene.canvas, scene.figure


def with_subjects(image: Image.Image, wanted: Sequence[Wanted], palette: Palette, rng: Random) -> Image.Image:
    """The picture with the subjects added in its lower corners."""
    out = image.convert("RGB")
    for index, item in enumerate(wanted[:3]):
        tall = min(out.size) * item.subject.size * 0.8
        tile = lit(cut(item, tall, palette, rng, flip=bool(index % 2)), palette, index % 2 == 0, rng)
        x = out.width * (0.74, 0.24, 0.5)[index] - tile.width / 2
        high = 0.45 if item.subject.stand in ("air", "orbit") else 0.97
        y = out.height * high - tile.height
        shadow = tile.getchannel("A").filter(ImageFilter.GaussianBlur(min(out.size) / 70))
        out.paste((10, 8, 24), (round(x), round(y + min(out.size) / 90)), scale(shadow, 0.35))
        out.paste(tile.convert("RGB"), (round(x), round(y)), tile.getchannel("A"))
    return out


def repainted(
    image: Image.Image, mask: Image.Image, brief: Brief, rng: Random, strength: float
) -> Image.Image:
    """The picture with what the prompt says where the mask is white; nothing else is touched.

    The mask is brought to the picture's size; its soft edges blend inwards.
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


def _placed(paint: Image.Image, brief: Brief, box: tuple[int, int, int, int], rng: Random) -> Image.Image:
    palette = brief.palette(rng, brief.place(rng))
    wanted = brief.subjects[0]
    wide, high = box[2] - box[0], box[3] - box[1]
    tall = min(high * 0.94, wide * 0.94 / wanted.subject.wide)
    tile = cut(wanted, tall, palette, rng)
    at = round((box[0] + box[2] - tile.width) / 2), round(box[3] - high * 0.03 - tile.height)
    paint.paste(tile.convert("RGB"), at, tile.getchannel("A"))
    return paint


def _healed(image: Image.Image, hole: Image.Image, rng: Random) -> Image.Image:
    """The hole filled from its surroundings: ever wider blurs of what is known."""
    small_size = tuple(max(8, round(v * min(1.0, 256 / max(image.size)))) for v in image.size)
    small = image.resize(small_size, Image.Resampling.BOX)  # type: ignore[arg-type]
    gap = hole.resize(small.size, Image.Resampling.BOX).point([255 if i > 8 else 0 for i in range(256)])
    known = ImageOps.invert(gap)
    out = small.copy()
    radius = 1.5
    while known.getextrema()[0] == 0 and radius < 400:
        colour = Image.composite(out, Image.new("RGB", small.size), known).filter(ImageFilter.BoxBlur(radius))
        share = known.filter(ImageFilter.BoxBlur(radius))
        ready = ImageChops.darker(share.point([255 if i > 24 else 0 for i in range(256)]), ImageOps.invert(known))
        if ready.getbbox():
            out.paste(_unpremultiplied(colour, share), mask=ready)
            known = ImageChops.lighter(known, ready)
        radius *= 1.6
    smooth = Image.composite(out.filter(ImageFilter.GaussianBlur(5)), out, gap)
    filled = smooth.resize(image.size, Image.Resampling.BICUBIC)
    speck = noise(rng, image.size).point([118 + i * 20 // 255 for i in range(256)])
    filled = Image.blend(filled, ImageChops.overlay(filled, Image.merge("RGB", (speck,) * 3)), 0.5)
    return Image.composite(filled, image, hole)


def _unpremultiplied(colour: Image.Image, share: Image.Image) -> Image.Image:
    """Colours divided by their weight, with Pillow's own RGBa arithmetic."""
    merged = Image.merge("RGBa", (*colour.split(), share))
    return merged.convert("RGBA").convert("RGB")


def sticker(image: Image.Image, size: Size, clear: bool) -> Image.Image:
    """The subject with a thick white edge and a soft shadow, slightly flattened."""
    figure = trimmed(image)
    if max(figure.size) > 800:
        figure.thumbnail((800, 800), Image.Resampling.LANCZOS)
    flat = ImageEnhance.Color(ImageOps.posterize(figure.convert("RGB").filter(ImageFilter.MedianFilter(3)), 4)).enhance(1.35)
    flat = Image.blend(flat, figure.convert("RGB"), 0.35)
    flat.putalpha(figure.getchannel("A"))
    k = min(size[0] * 0.8 / flat.width, size[1] * 0.8 / flat.height)
    flat = flat.resize((max(1, round(flat.width * k)), max(1, round(flat.height * k))), Image.Resampling.LANCZOS)
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


def collage(images: Sequence[Image.Image], palette: Palette, size: Size, rng: Random) -> Image.Image:
    """Several pictures as prints on one table, each a little askew."""
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
        left = (size[0] - in_row * cell[0]) / 2
        centre = left + (index % columns + 0.5) * cell[0], (row + 0.5) * cell[1]
        _print(sheet, image, centre, min(cell) * 0.86, rng.uniform(-7, 7))
    return sheet


def _print(sheet: Image.Image, image: Image.Image, centre: tuple[float, float], side: float, angle: float) -> None:
    k = side * 0.9 / max(image.size)
    photo = image.convert("RGB").resize((max(1, round(image.width * k)), max(1, round(image.height * k))), Image.Resampling.LANCZOS)
    pad = max(2, round(side * 0.035))
    card = Image.new("RGBA", (photo.width + 2 * pad, photo.height + 2 * pad), (252, 250, 245, 255))
    card.paste(photo, (pad, pad))
    card = card.rotate(angle, Image.Resampling.BICUBIC, expand=True)
    at = round(centre[0] - card.width / 2), round(centre[1] - card.height / 2)
    margin = round(side * 0.08)
    shade = ImageOps.expand(card.getchannel("A"), margin).filter(ImageFilter.GaussianBlur(side * 0.022))
    sheet.paste((16, 12, 30), (at[0] - margin, at[1] - margin + round(side * 0.02)), scale(shade, 0.45))
    sheet.paste(card.convert("RGB"), at, card.getchannel("A"))


def softened(image: Image.Image) -> Image.Image:
    """A light from above, for a picture that is only to be finished."""
    out = image.convert("RGB")
    out.paste(WHITE, mask=fade(out.size, 0.12, 0.0))
    return out
