"""A part of a picture to be repainted on its own, and a picture on a larger canvas.

A service takes longer and costs more for a photo of 24 MP than for the part of it that changes; it
also gives the whole of it back, encoded again. Here only the part is sent, and its result is pasted
into the original, of which no other pixel changes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil
from typing import TYPE_CHECKING, Any

from segmind_widgets.assets.asset import Asset
from segmind_widgets.assets.crops import Box, Size, parse_ratio, widened
from segmind_widgets.assets.decoding import has_too_many_pixels
from segmind_widgets.assets.masks import fade, is_mask
from segmind_widgets.errors import AssetError, InputError

if TYPE_CHECKING:
    from PIL.Image import Image

_STEP = 8  # pixels: diffusion models take sides that are multiples of it


@dataclass(frozen=True, eq=False)
class Region:
    """A part of a picture with its mask, both as they are sent to an inpainting model.

    `box` is (left, top, right, bottom) in pixels of the picture.
    """

    image: Image
    mask: Image
    box: Box
    _picture: Image = field(repr=False)
    _picture_mask: Image = field(repr=False)

    def paste(self, result: Any, feather: int = 12) -> Image:
        """Return the picture with a result of the model in place of what was painted.

        No pixel changes that is further than `feather` pixels from the mask.

        Args:
            result: a picture of any size: a `PIL.Image.Image`, an Asset or a job.
            feather: pixels around the mask in which the result fades into the picture, 0 to 1,000.

        Raises:
            AssetError: the result is not a picture.
            InputError: `feather` is not such a number.
        """
        left, top, right, bottom = self.box
        picture = result if hasattr(result, "resize") else Asset.of(result).image
        part = picture.convert(self._picture.mode).resize((right - left, bottom - top))
        opacity = fade(self._picture_mask.crop(self.box), feather)
        whole = self._picture.copy()
        whole.paste(part, (left, top), opacity)
        return whole


def region(
    picture: Image,
    mask: Image,
    *,
    side: int | None = 1024,
    padding: float = 0.25,
    ratio: str | float | None = None,
) -> Region:
    """Return the part of a picture around its mask.

    Args:
        picture: the upright picture.
        mask: of the same size, see `masks`.
        side: pixels of the longer side to which the part is scaled; both sides are multiples of 8.
            None keeps its size.
        padding: space around the mask on each side, as a part of its longer side, for the model to
            see; 0 to 10.
        ratio: width to height of the part, such as "16:9"; None takes that of the mask.

    Raises:
        AssetError: nothing is painted, or the mask does not belong to the picture.
        InputError: an argument is out of range.
    """
    from PIL import Image

    if mask.size != picture.size or not is_mask(mask):
        raise AssetError(
            "A mask must have the size of its image, and only black and white.",
            hint="Use masks.threshold(mask, image.size).",
        )
    _check("padding", padding, 0, 10)
    bounds = mask.getbbox()
    if bounds is None:
        raise AssetError("Nothing is painted.", hint="Paint the area that is to change white.")
    shape = None if ratio is None else parse_ratio(ratio)
    box = widened(bounds, padding, shape, picture.size)
    picture = _in_colour(picture)
    size = _scaled(box, side)
    # white wherever a white pixel was, so that no thin line is lost
    part = mask.crop(box).resize(size, Image.Resampling.BOX).point([0] + [255] * 255)
    return Region(picture.crop(box).resize(size), part, box, picture, mask)


def _scaled(box: Box, side: int | None) -> Size:
    sides = box[2] - box[0], box[3] - box[1]
    if side is None:
        return sides
    _check("side", side, _STEP, 8192)
    width, height = (max(_STEP, round(side * one / max(sides) / _STEP) * _STEP) for one in sides)
    return width, height


def expand(
    picture: Image,
    left: int = 0,
    top: int = 0,
    right: int = 0,
    bottom: int = 0,
    *,
    ratio: str | float | None = None,
) -> Region:
    """Return a picture on a larger canvas, to which it is continued, and the mask of the new area.

    The canvas shows the picture mirrored at its edges, so that an inpainting model sees how it goes
    on. `paste` puts the model's result around the original.

    Args:
        picture: the upright picture.
        left: pixels to add on the left; `top`, `right` and `bottom` likewise.
        top: see `left`.
        right: see `left`.
        bottom: see `left`.
        ratio: in place of the four, width to height of the canvas, such as "16:9": the smallest
            one that holds the picture, in its middle.

    Raises:
        InputError: nothing is added, or an argument is out of range.
        AssetError: the canvas has too many pixels.
    """
    from PIL import Image

    margins = _margins(picture.size, (left, top, right, bottom), ratio)
    size = (picture.width + margins[0] + margins[2], picture.height + margins[1] + margins[3])
    if has_too_many_pixels(size):
        raise AssetError(
            f"The canvas would have {size[0]} × {size[1]} pixels, too many.",
            hint="Add fewer pixels, or make the image smaller first.",
        )
    picture = _in_colour(picture)
    canvas, mask = _continued(picture, size, margins[:2]), Image.new("L", size, 255)
    mask.paste(0, (*margins[:2], margins[0] + picture.width, margins[1] + picture.height))
    return Region(canvas, mask, (0, 0, *size), canvas, mask)


def _margins(size: Size, margins: Box, ratio: str | float | None) -> Box:
    """Return the pixels to add on each side: the given ones, or those that lead to a ratio."""
    if ratio is not None:
        if any(margins):
            raise InputError("Give `ratio` or pixels to add, not both.", field="ratio")
        margins = _margins_to(size, parse_ratio(ratio))
    for name, pixels in zip(("left", "top", "right", "bottom"), margins, strict=True):
        if type(pixels) is not int or pixels < 0:
            raise InputError(f"`{name}` must be pixels to add, 0 or more.", field=name)
    if not any(margins):
        raise InputError("Nothing is added.", hint="Give left, top, right, bottom or a ratio.")
    return margins


def _margins_to(size: Size, ratio: float) -> Box:
    width = max(size[0], round(size[1] * ratio))
    height = max(size[1], round(size[0] / ratio))
    left, top = (width - size[0]) // 2, (height - size[1]) // 2
    return left, top, width - size[0] - left, height - size[1] - top


def _in_colour(picture: Image) -> Image:
    if picture.mode in ("RGB", "RGBA"):
        return picture
    return picture.convert("RGBA" if picture.has_transparency_data else "RGB")


def _continued(picture: Image, size: Size, at: tuple[int, int]) -> Image:
    """Tile a canvas with a picture, each other one mirrored; one of them lies `at` a point."""
    from PIL import Image, ImageOps

    row = Image.new(picture.mode, (size[0], picture.height))
    for number, left in _tiles(at[0], picture.width, size[0]):
        row.paste(ImageOps.mirror(picture) if number % 2 else picture, (left, 0))
    canvas = Image.new(picture.mode, size)
    for number, top in _tiles(at[1], picture.height, size[1]):
        canvas.paste(ImageOps.flip(row) if number % 2 else row, (0, top))
    return canvas


def _tiles(start: int, length: int, whole: int) -> list[tuple[int, int]]:
    """Return the number and the beginning of each tile; number 0 begins at `start`."""
    numbers = range(-ceil(start / length), ceil((whole - start) / length))
    return [(number, start + number * length) for number in numbers]


def _check(name: str, value: Any, low: float, high: float) -> None:
    if type(value) not in (int, float) or not low <= value <= high:
        raise InputError(f"`{name}` must be a number from {low} to {high}.", field=name)
