"""The operations that paint a mask: JSON values in, pixels out.

Coordinates are whole numbers in pixels of the upright source, from its upper left corner; they may
lie outside the picture, where nothing is painted. `paint` is true for white and false for black.
An operation is a mapping with its `kind` and the fields of that kind:

| kind | fields | what is painted |
|---|---|---|
| rectangle | paint, box | left ≤ x < right and top ≤ y < bottom of [left, top, right, bottom] |
| stroke | paint, width, points, pressure? | a disc at each point, a quadrilateral between two |
| lasso | paint, points | the polygon with its edge; where it overlaps itself twice, nothing |
| fill | paint, at | the pixels of one value that are connected to [x, y] by their sides |
| invert | | every pixel gets the other value |
| all | paint | every pixel |
| grow | by | all within a square of `by` pixels of white; of black where it is negative |

`width` is the diameter in pixels, and `pressure` has for each point the part of it in per cent. A
mask has mode L and only the levels 0 and 255; the same operations give the same bytes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from segmind_widgets.errors import InputError
from segmind_widgets.schemas import is_list, is_mapping

if TYPE_CHECKING:
    from PIL.Image import Image

Point: TypeAlias = tuple[int, int]
Box: TypeAlias = tuple[int, int, int, int]
Operation: TypeAlias = Mapping[str, Any]

MAX_POINTS = 10_000  # of one operation
MAX_WIDTH = 10_000  # pixels
_MAX_COORDINATE = 1_000_000  # pixels, beyond any picture
_BLUR_STEP = 100  # pixels: above 127 a single white pixel is lost in the mean of a blur


def validated(operation: Any) -> dict[str, Any]:
    """Return an operation with all that it needs, and nothing else.

    Raises:
        InputError: there is no such kind, or a field is wrong; `field` names it.
    """
    given = dict(operation) if is_mapping(operation) else {}
    kind = given.pop("kind", None)
    if not isinstance(kind, str) or kind not in _FIELDS:
        kinds = ", ".join(_FIELDS)
        raise InputError(f"An operation of a mask is one of {kinds}, not {kind!r:.40}.")
    required = {"kind": kind, **{name: given.pop(name, None) for name in _FIELDS[kind]}}
    for name, value in required.items():
        if name != "kind":
            _check(kind, name, value)
    if kind == "stroke" and (pressure := given.pop("pressure", None)) is not None:
        _check_pressure(pressure, len(required["points"]))
        required["pressure"] = pressure
    for name in given:
        raise InputError(f"The operation {kind} takes no `{name}`.", field=name)
    return required


def _check(kind: str, name: str, value: Any) -> None:
    test, words = _TESTS[name]
    if not test(value):
        raise InputError(f"`{name}` of the operation {kind} must be {words}.", field=name)
    if kind == "lasso" and name == "points" and len(value) < 3:
        raise InputError("A lasso takes at least three points.", field=name)


def _check_pressure(pressure: Any, count: int) -> None:
    if not (
        is_list(pressure)
        and len(pressure) == count
        and all(_is_whole(one, 0, 100) for one in pressure)
    ):
        raise InputError(
            f"`pressure` of the operation stroke must be {count} whole numbers from 0 to 100, one"
            " for each point.",
            field="pressure",
        )


def _is_whole(value: Any, low: int = -_MAX_COORDINATE, high: int = _MAX_COORDINATE) -> bool:
    return type(value) is int and low <= value <= high


def _is_whole_list(value: Any, length: int) -> bool:
    return is_list(value) and len(value) == length and all(map(_is_whole, value))


def _is_box(value: Any) -> bool:
    return _is_whole_list(value, 4) and value[0] < value[2] and value[1] < value[3]


def _is_points(value: Any) -> bool:
    return (
        is_list(value)
        and 0 < len(value) <= MAX_POINTS
        and all(_is_whole_list(point, 2) for point in value)
    )


_TESTS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "paint": (lambda value: isinstance(value, bool), "true or false"),
    "box": (_is_box, "[left, top, right, bottom], with left < right and top < bottom"),
    "points": (_is_points, f"1 to {MAX_POINTS} points [x, y] in whole pixels"),
    "width": (
        lambda value: _is_whole(value, 1, MAX_WIDTH),
        f"a whole number from 1 to {MAX_WIDTH}",
    ),
    "at": (lambda value: _is_whole_list(value, 2), "a point [x, y] in whole pixels"),
    "by": (
        lambda value: _is_whole(value, -MAX_WIDTH, MAX_WIDTH),
        f"a whole number from -{MAX_WIDTH} to {MAX_WIDTH}",
    ),
}
_FIELDS: Mapping[str, tuple[str, ...]] = {
    "rectangle": ("paint", "box"),
    "stroke": ("paint", "width", "points"),
    "lasso": ("paint", "points"),
    "fill": ("paint", "at"),
    "invert": (),
    "all": ("paint",),
    "grow": ("by",),
}


def draw(mask: Image, operation: Operation) -> Image:
    """Return the mask after a validated operation; the given one may be changed."""
    fields = {name: value for name, value in operation.items() if name != "kind"}
    if "paint" in fields:
        fields["level"] = 255 if fields.pop("paint") else 0
    return _DRAW[operation["kind"]](mask, **fields)


def _rectangle(mask: Image, *, level: int, box: Box) -> Image:
    left, top, right, bottom = box
    mask.paste(level, (left, top, right, bottom))
    return mask


def _stroke(
    mask: Image,
    *,
    level: int,
    width: int,
    points: list[Point],
    pressure: list[int] | None = None,
) -> Image:
    from PIL import ImageDraw

    pen = ImageDraw.Draw(mask)
    widths = [max(1, round(width * part / 100)) for part in pressure or [100] * len(points)]
    previous = None
    for (x, y), size in zip(points, widths, strict=True):
        left, top = x - size // 2, y - size // 2
        pen.ellipse((left, top, left + size - 1, top + size - 1), fill=level)
        # the middle of a disc of even width lies between two pixels
        disc = (left + (size - 1) / 2, top + (size - 1) / 2, (size - 1) / 2)
        if previous is not None and previous[:2] != disc[:2]:
            _connect(pen, previous, disc, level)
        previous = disc
    return mask


def _connect(
    pen: Any, one: tuple[float, float, float], other: tuple[float, float, float], level: int
) -> None:
    """Paint the quadrilateral between two discs of (x, y, radius)."""
    (x, y, radius), (x2, y2, radius2) = one, other
    pen.line((x, y, x2, y2), fill=level)  # a thin quadrilateral has gaps
    length = math.hypot(x2 - x, y2 - y)
    across, down = (y - y2) / length, (x2 - x) / length
    corners = (
        (x + across * radius, y + down * radius),
        (x2 + across * radius2, y2 + down * radius2),
        (x2 - across * radius2, y2 - down * radius2),
        (x - across * radius, y - down * radius),
    )
    # Pillow cuts fractions off
    pen.polygon([(round(right), round(below)) for right, below in corners], fill=level)


def _lasso(mask: Image, *, level: int, points: list[Point]) -> Image:
    from PIL import ImageDraw

    ImageDraw.Draw(mask).polygon([*map(tuple, points)], fill=level)
    return mask


def _fill(mask: Image, *, level: int, at: Point) -> Image:
    """Fill run by run; `find` and `rfind` search the bytes of a row as fast as memory is read."""
    from PIL import Image

    (x, y), (width, height) = at, mask.size
    if not (0 <= x < width and 0 <= y < height) or mask.getpixel((x, y)) == level:
        return mask
    data, old = bytearray(mask.tobytes()), 255 - level
    waiting = [(y, x, x + 1)]  # row, and the columns in which a run begins or goes on
    while waiting:
        row, start, end = waiting.pop()
        first, last = row * width, (row + 1) * width
        position = data.find(old, first + start, first + end)
        while position >= 0:
            left = data.rfind(level, first, position) + 1 or first
            right = data.find(level, position, last)
            right = last if right < 0 else right
            data[left:right] = bytes([level]) * (right - left)
            columns = left - first, right - first
            waiting += [(other, *columns) for other in (row - 1, row + 1) if 0 <= other < height]
            position = data.find(old, right, first + end)
    return Image.frombytes("L", mask.size, bytes(data))


def _invert(mask: Image) -> Image:
    from PIL import ImageChops

    return ImageChops.invert(mask)


def _all(mask: Image, *, level: int) -> Image:
    mask.paste(level, (0, 0, *mask.size))
    return mask


def _grow(mask: Image, *, by: int) -> Image:
    if by < 0:
        return _invert(_grow(_invert(mask), by=-by))
    bounds = mask.getbbox()
    if bounds is None:
        return mask
    left, top, right, bottom = bounds
    box = (max(0, left - by), max(0, top - by), *_corner(right + by, bottom + by, mask.size))
    part = mask.crop(box)
    for step in [_BLUR_STEP] * (by // _BLUR_STEP) + [by % _BLUR_STEP]:
        part = _wider(_wider(part, (step, 0)), (0, step))
    mask.paste(part, box[:2])
    return mask


def _corner(right: int, bottom: int, size: tuple[int, int]) -> tuple[int, int]:
    return min(size[0], right), min(size[1], bottom)


def _wider(mask: Image, radius: tuple[int, int]) -> Image:
    """Return white where the mean over `radius` pixels in one direction is above 0."""
    from PIL import ImageFilter

    return mask.filter(ImageFilter.BoxBlur(radius)).point([0] + [255] * 255)


_DRAW: Mapping[str, Callable[..., Image]] = {
    "rectangle": _rectangle,
    "stroke": _stroke,
    "lasso": _lasso,
    "fill": _fill,
    "invert": _invert,
    "all": _all,
    "grow": _grow,
}
