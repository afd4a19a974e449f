"""Finding what a picture is of: a mask of its subject, from colour and position alone."""

from __future__ import annotations

from PIL import Image, ImageChops, ImageFilter, ImageOps

from .colour import Size, levels

_SIDE = 192  # pixels: the size at which regions are grown


def subject_mask(image: Image.Image) -> Image.Image:
    """Opacity (mode L) of the subject: white where it is, in the picture's own size.

    A picture that has transparency already keeps its own. Otherwise colours that are common at
    the border count as background; the largest other region near the middle is the subject, its
    holes filled.
    """
    if "A" in image.getbands():
        alpha = image.getchannel("A")
        if alpha.getextrema()[0] < 250:
            return alpha
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
    """Where nothing stands out: an oval in the middle."""
    dome = Image.radial_gradient("L").resize(size)
    return dome.point([255 if i < 128 else 0 for i in range(256)])


def _likelihood(small: Image.Image) -> Image.Image:
    """How much each pixel's colour belongs to the middle rather than the border."""
    few = small.quantize(48, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    w, h = small.size
    edge = Image.new("L", small.size, 255)
    rim = max(2, round(min(w, h) * 0.07))
    edge.paste(0, (rim, rim, w - rim, h))  # subjects often run out of the bottom edge
    edge.paste(255, (0, h - rim, round(w * 0.16), h))
    edge.paste(255, (round(w * 0.84), h - rim, w, h))
    border, whole = few.histogram(edge), few.histogram()
    rim_total = sum(border) or 1
    table = []
    for colour in range(256):
        outside = border[colour] / rim_total
        inside = max(0, whole[colour] - border[colour]) / max(1, w * h - rim_total)
        table.append(round(255 * inside / (inside + 2.2 * outside + 1e-9)))
    scores = Image.frombytes("L", small.size, few.tobytes()).point(table)
    far = ImageChops.difference(small, _backdrop(small, edge))
    bands = far.split()
    distance = ImageChops.lighter(ImageChops.lighter(bands[0], bands[1]), bands[2])
    blend = ImageChops.add(scores, levels(distance, 0.02, 0.22), 2)
    dome = Image.radial_gradient("L").resize(small.size).point([255 - max(0, i - 60) * 3 // 4 for i in range(256)])
    return ImageChops.multiply(blend.filter(ImageFilter.GaussianBlur(1.2)), dome)


def _backdrop(small: Image.Image, edge: Image.Image) -> Image.Image:
    """The border's colours run smoothly over the whole picture."""
    premultiplied = Image.composite(small, Image.new("RGB", small.size), edge)
    weight = edge.convert("L")
    out = small.copy()
    for radius in (60, 30, 14):
        soft = premultiplied.filter(ImageFilter.GaussianBlur(radius))
        share = weight.filter(ImageFilter.GaussianBlur(radius))
        table = Image.merge("RGB", (share,) * 3)
        bright = _divide(soft, table)
        out = bright if radius == 60 else Image.composite(bright, out, levels(share, 0.05, 0.3))
    return out


def _divide(top: Image.Image, below: Image.Image) -> Image.Image:
    """top / below, as colours; 0 where below is nothing."""
    image, share = top.tobytes(), below.tobytes()
    return Image.frombytes("RGB", top.size, bytes(min(255, a * 255 // b) if b else 0 for a, b in zip(image, share, strict=True)))


def _otsu(grey: Image.Image) -> int:
    """The threshold that parts a histogram best (Otsu 1979)."""
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
    """Everything in `within` that touches the seed (both 0 or 255)."""
    now = ImageChops.darker(seed, within)
    for _ in range(2 * _SIDE):
        wider = ImageChops.darker(now.filter(ImageFilter.MaxFilter(3)), within)
        if wider.tobytes() == now.tobytes():
            break
        now = wider
    return now


def _kept(solid: Image.Image) -> Image.Image:
    """The regions that reach the middle; if none does, all."""
    w, h = solid.size
    seed = Image.new("L", solid.size)
    seed.paste(255, (round(w * 0.36), round(h * 0.3), round(w * 0.64), round(h * 0.8)))
    found = _grown(seed, solid)
    return found if found.histogram()[255] > 0.3 * solid.histogram()[255] else solid


def _filled(region: Image.Image) -> Image.Image:
    """Holes closed: all that the outside cannot reach."""
    room = ImageOps.expand(ImageOps.invert(region), 1, 255)
    seed = Image.new("L", room.size)
    seed.paste(255, (0, 0, room.width, 1))
    outside = _grown(seed, room).crop((1, 1, room.width - 1, room.height - 1))
    return ImageOps.invert(outside)


def _refined(image: Image.Image, region: Image.Image) -> Image.Image:
    """The small region at full size, its edge drawn where the picture's own edge is."""
    soft = region.filter(ImageFilter.GaussianBlur(1)).resize(image.size, Image.Resampling.BICUBIC)
    return levels(soft.filter(ImageFilter.GaussianBlur(max(image.size) / 600)), 0.35, 0.65)
