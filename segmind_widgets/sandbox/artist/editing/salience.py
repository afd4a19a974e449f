"""Find where the main subject of a picture is, from colour and position alone.

Two measures are multiplied, since each alone is high in places that are no subject:

- how much a colour differs from those at the left and right end of its rows. It is low in skies,
  seas and grounds whatever their gradient, and high in a sun or its glow;
- how strong the edges are on the way to the border of the picture (a geodesic distance). It is low
  in all that blends with the surroundings, as a glow does.

Both work on a small copy of the picture, in which noise and the blocks of a JPEG are below the
smallest difference that counts.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator

from PIL import Image, ImageChops, ImageFilter, ImageStat

from ..drawing.colour import Size
from .regions import filled, hard, regions

_SIDE = 144  # pixels of the small copy's longer side
_NOISE = 6.0  # a difference of neighbours that is no edge
_STEP = 4  # colours of the border are rounded to this
_WIDTH = 0.1  # of the picture: the left and right ends of the rows
_FEWEST = 0.004  # of the picture's area: the smallest subject
_CUTS = (0.5, 0.75, 1.0, 1.35, 1.7)  # thresholds that are tried, as parts of Otsu's

Colour = tuple[int, int, int]  # YCbCr


def main_region(image: Image.Image) -> Image.Image | None:
    """Return the rough region of the main subject as a small mask; None if nothing stands out.

    Of the regions at several thresholds, that one is taken which differs most from the pixels
    around it, is large and compact, and lies near the middle or below.
    """
    small = _reduced(image)
    score = _score(small)
    if not any(score.histogram()[128:]):
        return None
    cut = otsu(score)
    candidates = [
        filled(region)
        for part in _CUTS
        for region in regions(hard(score, min(240.0, cut * part)))
        if _share(region) >= _FEWEST
    ]
    return max(candidates, key=lambda region: _worth(region, score), default=None)


def otsu(grey: Image.Image) -> int:
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


def _reduced(image: Image.Image) -> Image.Image:
    k = _SIDE / max(image.size)
    size = max(16, round(image.width * k)), max(16, round(image.height * k))
    small = image.resize(size, Image.Resampling.BOX).filter(ImageFilter.MedianFilter(3))
    return small.convert("YCbCr")


def _pixels(small: Image.Image) -> list[Colour]:
    data = small.tobytes()
    return list(zip(data[::3], data[1::3], data[2::3], strict=True))


def _share(region: Image.Image) -> float:
    return region.histogram()[255] / (region.width * region.height)


def _worth(region: Image.Image, score: Image.Image) -> float:
    box = region.getbbox() or (0, 0, 1, 1)
    across = (box[0] + box[2]) / 2 / region.width
    down = (box[1] + box[3]) / 2 / region.height
    share = _share(region)
    compact = share * region.width * region.height / ((box[2] - box[0]) * (box[3] - box[1]))
    around = ImageChops.subtract(_wider(region, 4), _wider(region, 1))
    contrast = max(0.0, _mean(score, region) - _mean(score, around))
    place = (1 - abs(across - 0.5)) * (0.4 + min(down, 0.6))
    return contrast * min(share, 0.25) ** 0.4 * place * compact**0.5


def _wider(region: Image.Image, radius: int) -> Image.Image:
    return hard(region.filter(ImageFilter.BoxBlur(radius)), 4)


def _mean(score: Image.Image, region: Image.Image) -> float:
    return ImageStat.Stat(score, region).mean[0] if region.getbbox() else 0.0


def _score(small: Image.Image) -> Image.Image:
    """Score each pixel by both measures (mode L), as the geometric mean of the two."""
    pixels = _pixels(small)
    values = [
        (a * b) ** 0.5
        for a, b in zip(
            _differences(pixels, small.size), _distances(pixels, small.size), strict=True
        )
    ]
    top = max(12.0, sorted(values)[int(len(values) * 0.985)])
    data = bytes(min(255, round(255 * value / top)) for value in values)
    return Image.frombytes("L", small.size, data).filter(ImageFilter.GaussianBlur(0.7))


def _difference(a: Colour, b: Colour) -> float:
    """Return the distance of two colours; brightness, which light and shade change, counts less."""
    return (0.5 * (a[0] - b[0]) ** 2 + 2 * (a[1] - b[1]) ** 2 + 2 * (a[2] - b[2]) ** 2) ** 0.5


def _rounded(colour: Colour) -> Colour:
    y, cb, cr = (value // _STEP * _STEP + _STEP // 2 for value in colour)
    return y, cb, cr


def _differences(pixels: list[Colour], size: Size) -> Iterator[float]:
    """Yield how much each pixel differs from the ends of its row and of two rows on each side."""
    width, height = size
    band = max(2, round(width * _WIDTH))
    rows = [pixels[y * width : (y + 1) * width] for y in range(height)]
    ends = [{_rounded(colour) for colour in (*row[:band], *row[-band:])} for row in rows]
    for y, row in enumerate(rows):
        near = set().union(*ends[max(0, y - 2) : y + 3])
        scores: dict[Colour, float] = {}
        for colour in map(_rounded, row):
            if colour not in scores:
                scores[colour] = 2 * min(_difference(colour, other) for other in near)
            yield scores[colour]


def _distances(pixels: list[Colour], size: Size) -> list[float]:
    """Return the sum of the edges on the smoothest way from each pixel to the border.

    The middle of the bottom is no border, since a bust may extend past it.
    """
    width, height = size
    queue = [(0.0, at) for at in _border(size)]
    best = [float("inf")] * len(pixels)
    for _, at in queue:
        best[at] = 0.0
    while queue:
        so_far, at = heapq.heappop(queue)
        if so_far > best[at]:
            continue
        for other in _neighbours(at, width, height):
            cost = so_far + max(0.0, _difference(pixels[at], pixels[other]) - _NOISE)
            if cost < best[other]:
                best[other] = cost
                heapq.heappush(queue, (cost, other))
    return best


def _border(size: Size) -> list[int]:
    width, height = size
    bottom = [x for x in range(width) if not 0.15 * width < x < 0.85 * width]
    return [
        *range(width),
        *((height - 1) * width + x for x in bottom),
        *(y * width for y in range(1, height)),
        *(y * width + width - 1 for y in range(1, height)),
    ]


def _neighbours(at: int, width: int, height: int) -> Iterator[int]:
    x = at % width
    if x:
        yield at - 1
    if x < width - 1:
        yield at + 1
    if at >= width:
        yield at - width
    if at < width * (height - 1):
        yield at + width
