"""Find the subject of a picture as a mask."""

from __future__ import annotations

from PIL import Image, ImageChops, ImageFilter

from ..drawing.colour import Size, levels
from .regions import filled, hard, largest
from .salience import main_region

_SIDE = 400  # pixels of the longer side at which the region takes on the subject's shape
_FINE = 1024  # and at which its edge is drawn
_ROUNDS = 4
_COLOURS = 160

Box = tuple[int, int, int, int]


def subject_mask(image: Image.Image) -> Image.Image:
    """Return the opacity of the subject (mode L) at the size of the picture: white is subject.

    The mask is the alpha channel if the picture has transparency, else the outline attached to the
    picture if there is one. In other pictures, such as photographs and drawings that were saved
    again, the subject is the region that stands out most (`salience`), and its shape is that of
    its colours. It is one region without holes, with a smooth edge.
    """
    if "A" in image.getbands():
        alpha = image.getchannel("A")
        if any(alpha.histogram()[:250]):
            return alpha
    outline = image.info.get("outline")
    if isinstance(outline, Image.Image):
        return _smooth(outline, image.size)
    rgb = image.convert("RGB")
    small = _reduced(rgb, _SIDE).filter(ImageFilter.MedianFilter(3))
    rough = main_region(rgb)
    region = _shaped(small, rough) if rough else None
    if region is None or not 0.004 < _share(region) < 0.93:
        return _smooth(_middle(small.size), image.size)
    return _edged(rgb, region)


def _reduced(image: Image.Image, side: int) -> Image.Image:
    k = side / max(image.size)
    size = max(16, round(image.width * k)), max(16, round(image.height * k))
    return image.resize(size, Image.Resampling.BOX if k < 1 else Image.Resampling.BICUBIC)


def _share(mask: Image.Image) -> float:
    return mask.histogram()[255] / (mask.width * mask.height)


def _middle(size: Size) -> Image.Image:
    """Return an oval in the middle, the fallback if no subject stands out."""
    return hard(Image.radial_gradient("L").resize(size).point(lambda level: 255 - level))


def _shaped(small: Image.Image, rough: Image.Image) -> Image.Image:
    """Let the rough region take on the shape of the colours that are more common in it.

    After each round the colours of the new region count, as in GrabCut (Rother et al. 2004).
    """
    soft = rough.resize(small.size, Image.Resampling.BICUBIC)
    region = hard(soft.filter(ImageFilter.GaussianBlur(1.5)))
    for number in range(_ROUNDS):
        bounds = region.getbbox()
        if bounds is None:
            break
        span = max(bounds[2] - bounds[0], bounds[3] - bounds[1])
        box = padded(bounds, round(0.3 * span) + 4, small.size)
        reach = max(2.0, 0.06 * span) / (1 if number < _ROUNDS / 2 else 2)
        part = _round(small.crop(box), region.crop(box), reach)
        region = Image.new("L", small.size)
        region.paste(part, box[:2])
    return region


def padded(box: Box, by: int, size: Size) -> Box:
    """Return a box widened by a number of pixels, within a picture of that size."""
    left, top, right, bottom = box
    return max(0, left - by), max(0, top - by), min(size[0], right + by), min(size[1], bottom + by)


def _round(part: Image.Image, region: Image.Image, reach: float) -> Image.Image:
    """Return the region with its edge moved by at most about `reach` pixels."""
    outer = wider(region, reach)
    inner = _narrower(region, reach / 2)
    chance = _chance(part, inner if inner.getbbox() else region, ImageChops.invert(outer))
    chance = chance.filter(ImageFilter.GaussianBlur(max(1.0, reach / 7)))
    mask = hard(Image.blend(chance, region.filter(ImageFilter.GaussianBlur(reach)), 0.45))
    mask = ImageChops.lighter(ImageChops.darker(mask, outer), _narrower(region, reach))
    return filled(largest(mask.filter(ImageFilter.MedianFilter(5))))


def _chance(part: Image.Image, inside: Image.Image, outside: Image.Image) -> Image.Image:
    """Score each pixel by how much more common its colour is inside (mode L)."""
    few = part.quantize(_COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    near, far = few.histogram(inside), few.histogram(outside)
    near_area, far_area = sum(near) or 1, sum(far) or 1
    table = []
    for a, b in zip(near, far, strict=True):
        x, y = a / near_area + 0.0005, b / far_area + 0.0005  # else one pixel decides
        table.append(round(255 * x / (x + y)))
    return Image.frombytes("L", part.size, few.tobytes()).point(table)


def wider(mask: Image.Image, by: float) -> Image.Image:
    """Return the mask grown by about a number of pixels."""
    return hard(mask.filter(ImageFilter.BoxBlur(by)), 4)


def _narrower(mask: Image.Image, by: float) -> Image.Image:
    return hard(mask.filter(ImageFilter.BoxBlur(by)), 250)


def _edged(image: Image.Image, region: Image.Image) -> Image.Image:
    """Draw the edge of the region where the colours change, from the colours on both sides."""
    fine = _reduced(image, min(_FINE, max(image.size)))
    rough = region.resize(fine.size, Image.Resampling.BICUBIC)
    reach = max(1.5, max(fine.size) / 170)
    soft = rough.filter(ImageFilter.GaussianBlur(reach / 2))
    subject = _spread(fine, _narrower(hard(soft), reach), reach * 2)
    ground = _spread(fine, ImageChops.invert(wider(hard(soft), reach)), reach * 2)
    likely = _nearer(fine, subject, ground).filter(ImageFilter.GaussianBlur(reach / 4))
    mixed = Image.blend(likely, soft, 0.5)
    mask = filled(largest(hard(mixed).filter(ImageFilter.MedianFilter(5))))
    return _smooth(mask, image.size)


def _smooth(region: Image.Image, size: Size) -> Image.Image:
    """Scale the mask to the size of the picture, with a smooth, narrow edge."""
    soft = region.filter(ImageFilter.GaussianBlur(1)).resize(size, Image.Resampling.BICUBIC)
    return levels(soft.filter(ImageFilter.GaussianBlur(max(size) / 600)), 0.35, 0.65)


def _spread(image: Image.Image, where: Image.Image, radius: float) -> Image.Image:
    """Return the mean colour around each pixel of those pixels that are in the mask (RGBA)."""
    part = image.convert("RGBA")
    part.putalpha(where)
    return part.convert("RGBa").filter(ImageFilter.GaussianBlur(radius)).convert("RGBA")


def _nearer(image: Image.Image, subject: Image.Image, ground: Image.Image) -> Image.Image:
    """Score each pixel by how much nearer its colour is to the subject's (mode L)."""
    to_subject, to_ground = (
        ImageChops.difference(image, other.convert("RGB")).convert("L")
        for other in (subject, ground)
    )
    return ImageChops.add(to_ground, ImageChops.invert(to_subject), 1, -127).point(
        [min(255, max(0, round(127 + (level - 128) * 4))) for level in range(256)]
    )
