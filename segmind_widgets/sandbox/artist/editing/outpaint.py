"""Outpainting: continue a photo beyond its edges."""

from __future__ import annotations

from math import ceil

from PIL import Image, ImageChops, ImageFilter, ImageOps, ImageStat

from .cutout import Box

_STRIP = 8  # pixels on each side of an edge that are compared
_EQUAL = 1.0  # mean difference of two equal strips, 0 to 255: JPEG changes them a little
_FLAT = 2.0  # standard deviation of one colour, for the same reason


def photo_box(canvas: Image.Image, mask: Image.Image) -> Box | None:
    """Return where the photo is on a canvas that was made to be outpainted, else None.

    All but one rectangle is white in the mask, and beyond the edges of the rectangle the canvas is
    one colour, or continued from the photo: mirrored or its last pixels repeated.
    """
    box = ImageChops.invert(mask).getbbox()
    if box is None or box == (0, 0, *mask.size):
        return None
    if mask.histogram()[0] != (box[2] - box[0]) * (box[3] - box[1]):
        return None
    return box if all(_is_made(part) for part in _margins(canvas, box)) else None


def _margins(canvas: Image.Image, box: Box) -> list[Image.Image]:
    """Return the strips on both sides of each edge, turned so that the photo is below."""
    left, top, right, bottom = box
    turn = Image.Transpose
    across, down = (min(_STRIP, right - left), min(_STRIP, bottom - top))
    above, below = min(down, top), min(down, canvas.height - bottom)
    before, after = min(across, left), min(across, canvas.width - right)
    strips = (
        (above, (left, top - above, right, top + above), None),
        (below, (left, bottom - below, right, bottom + below), turn.FLIP_TOP_BOTTOM),
        (before, (left - before, top, left + before, bottom), turn.ROTATE_270),
        (after, (right - after, top, right + after, bottom), turn.ROTATE_90),
    )
    return [
        canvas.crop(part) if way is None else canvas.crop(part).transpose(way)
        for size, part, way in strips
        if size
    ]


def _is_made(part: Image.Image) -> bool:
    """Return whether the upper half of a strip is one colour, or made from the lower half."""
    half = part.height // 2
    outside, inside = (part.crop((0, y, part.width, y + half)) for y in (0, half))
    repeated = inside.crop((0, 0, part.width, 1)).resize(outside.size)
    return max(ImageStat.Stat(outside).stddev) <= _FLAT or any(
        difference(outside, other) <= _EQUAL for other in (ImageOps.flip(inside), repeated)
    )


def difference(one: Image.Image, other: Image.Image) -> float:
    """Return the mean absolute difference of two pictures over all channels, 0 to 255."""
    means = ImageStat.Stat(ImageChops.difference(one, other)).mean
    return sum(means) / len(means)


def outpainted(canvas: Image.Image, box: Box) -> Image.Image:
    """Return the canvas with the photo in `box` continued to all sides.

    It is mirrored at its edges, and further away out of focus, which hides that it is mirrored.
    """
    sharp = _mirrored(canvas.crop(box), canvas.size, box[:2])
    small = sharp.reduce(max(1, max(canvas.size) // 512))
    soft = small.filter(ImageFilter.GaussianBlur(max(small.size) / 60))
    margin = max(canvas.width - (box[2] - box[0]), canvas.height - (box[3] - box[1]))
    clear = round(margin * 0.04) + _STRIP
    far = Image.new("L", canvas.size, 255)
    far.paste(0, (box[0] - 2 * clear, box[1] - 2 * clear, box[2] + 2 * clear, box[3] + 2 * clear))
    far = far.filter(ImageFilter.BoxBlur(clear))
    return Image.composite(soft.resize(canvas.size, Image.Resampling.BICUBIC), sharp, far)


def _mirrored(photo: Image.Image, size: tuple[int, int], at: tuple[int, int]) -> Image.Image:
    """Tile a canvas with a photo, of which each other one is mirrored; one of them lies `at`."""
    out = Image.new("RGB", size)
    for row in _tiles(at[1], photo.height, size[1]):
        for column in _tiles(at[0], photo.width, size[0]):
            tile = ImageOps.mirror(photo) if column % 2 else photo
            tile = ImageOps.flip(tile) if row % 2 else tile
            out.paste(tile, (at[0] + column * photo.width, at[1] + row * photo.height))
    return out


def _tiles(start: int, length: int, whole: int) -> range:
    """Return the numbers of the tiles that cover a length; number 0 begins at `start`."""
    return range(-ceil(start / length), ceil((whole - start) / length))
