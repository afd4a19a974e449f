"""Find the subject of a picture as a mask, from colour and position alone."""

from __future__ import annotations

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

from ..drawing.colour import Size, levels

_SIDE = 224  # pixels of the longer side at which regions are grown


def subject_mask(image: Image.Image) -> Image.Image:
    """Return the opacity of the subject (mode L) at the size of the picture: white is subject.

    The mask is the alpha channel if the picture has transparency, else the outline attached to the
    picture if there is one. For other pictures, colours that are more common near the border than
    in the middle count as background. The remaining regions that reach the middle are the subject,
    and their holes are filled.
    """
    if "A" in image.getbands():
        alpha = image.getchannel("A")
        if any(alpha.histogram()[:250]):
            return alpha
    known = image.info.get("outline")
    if isinstance(known, Image.Image):
        return _refined(image, known)
    rgb = image.convert("RGB")
    small = rgb.resize(_small(rgb.size), Image.Resampling.BOX).filter(ImageFilter.MedianFilter(3))
    likely = _likelihood(small)
    cut = _otsu(likely)
    solid = likely.point([255 if i > cut else 0 for i in range(256)])
    solid = solid.filter(ImageFilter.MedianFilter(3))
    region = _filled(_kept(solid))
    if not 0.01 < _share(region) < 0.93:
        region = _middle(small.size)
    return _refined(rgb, region)


def _small(size: Size) -> Size:
    k = _SIDE / max(size)
    return max(16, round(size[0] * k)), max(16, round(size[1] * k))


def _share(mask: Image.Image) -> float:
    return mask.histogram()[255] / (mask.width * mask.height)


def _middle(size: Size) -> Image.Image:
    """Return an oval in the middle, the fallback if no subject stands out."""
    dome = Image.radial_gradient("L").resize(size)
    return dome.point([255 if i < 128 else 0 for i in range(256)])


def _likelihood(small: Image.Image) -> Image.Image:
    """Score each pixel by how much more common its colour is in the middle (mode L)."""
    w, h = small.size
    few = small.quantize(64, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    near, far = _zones(small.size)
    inside, outside = few.histogram(near), few.histogram(far)
    in_area, out_area = sum(inside) or 1, sum(outside) or 1
    table = []
    for colour in range(256):
        a, b = inside[colour] / in_area, outside[colour] / out_area
        table.append(round(255 * a / (a + 1.6 * b + 0.0015)))
    scores = Image.frombytes("L", (w, h), few.tobytes()).point(table)
    return scores.filter(ImageFilter.MedianFilter(3)).filter(ImageFilter.GaussianBlur(1))


def _zones(size: Size) -> tuple[Image.Image, Image.Image]:
    """Return masks of the usual subject area and of the usual background area.

    The background area excludes the bottom centre, because a bust may extend past the bottom edge.
    """
    w, h = size
    near, far = Image.new("L", size), Image.new("L", size, 255)
    ImageDraw.Draw(near).ellipse((w * 0.24, h * 0.2, w * 0.76, h * 0.96), fill=255)
    draw = ImageDraw.Draw(far)
    draw.ellipse((w * 0.1, h * 0.08, w * 0.9, h * 1.1), fill=0)
    draw.rectangle((w * 0.12, h * 0.8, w * 0.88, h), fill=0)
    return near, far


def _otsu(grey: Image.Image) -> int:
    """Return the threshold that best separates the two classes of a histogram (Otsu 1979)."""
    counts = grey.histogram()
    total, mass = sum(counts), sum(i * n for i, n in enumerate(counts))
    best, cut, weight, part = 0.0, 127, 0, 0
    for level, n in enumerate(counts):
        weight += n
        part += level * n
        rest = total - weight
        if not weight or not rest:
            continue
        gap = part / weight - (mass - part) / rest
        if weight * rest * gap * gap > best:
            best, cut = weight * rest * gap * gap, level
    return cut


def _grown(seed: Image.Image, within: Image.Image) -> Image.Image:
    """Return the parts of `within` that are connected to the seed (both are 0 or 255)."""
    now = ImageChops.darker(seed, within)
    for _ in range(2 * _SIDE):
        wider = ImageChops.darker(now.filter(ImageFilter.MaxFilter(3)), within)
        if wider.tobytes() == now.tobytes():
            break
        now = wider
    return now


def _kept(solid: Image.Image) -> Image.Image:
    """Return the regions that reach the middle, or all regions if these are too small."""
    w, h = solid.size
    seed = Image.new("L", solid.size)
    seed.paste(255, (round(w * 0.36), round(h * 0.3), round(w * 0.64), round(h * 0.8)))
    found = _grown(seed, solid)
    return found if found.histogram()[255] > 0.3 * solid.histogram()[255] else solid


def _filled(region: Image.Image) -> Image.Image:
    """Fill the holes of a region: all pixels that the outside cannot reach."""
    room = ImageOps.expand(ImageOps.invert(region), 1, 255)
    seed = Image.new("L", room.size)
    seed.paste(255, (0, 0, room.width, 1))
    outside = _grown(seed, room).crop((1, 1, room.width - 1, room.height - 1))
    return ImageOps.invert(outside)


def _refined(image: Image.Image, region: Image.Image) -> Image.Image:
    """Scale the small mask to the size of the picture, with a smooth, narrow edge."""
    soft = region.filter(ImageFilter.GaussianBlur(1)).resize(image.size, Image.Resampling.BICUBIC)
    return levels(soft.filter(ImageFilter.GaussianBlur(max(image.size) / 600)), 0.35, 0.65)
