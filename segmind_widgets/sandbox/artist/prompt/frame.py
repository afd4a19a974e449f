"""Read the picture size, the picture count and the file format from a request."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from ..drawing.colour import Size

LONGEST = 2048  # pixels: the longest side, also for "4K", to keep the sandbox fast
SHORTEST = 32
MOST = 15  # pictures in one request (the limit of seedream)
_AREAS = {"512PX": 512, "0.5K": 512, "1K": 1024, "2K": 2048, "3K": 2048, "4K": 2048, "HD": 1024}
_NAMED = {
    "square": (1, 1), "square_hd": (1, 1), "landscape": (4, 3), "portrait": (3, 4),
        "landscape_4_3": (4, 3),
    "landscape_16_9": (16, 9), "portrait_4_3": (3, 4), "portrait_16_9": (9, 16),
}  # fmt: skip


def number(value: Any) -> float | None:
    """Convert a value to a finite number, also from text; None for anything else."""
    if isinstance(value, bool):
        return None
    try:
        figure = float(value)
    except (TypeError, ValueError):
        return None
    return figure if math.isfinite(figure) else None


def amount(
    inputs: Mapping[str, Any], *names: str, default: float, low: float, high: float
) -> float:
    """Return the first of the fields that is a number, clamped to `low` and `high`."""
    for name in names:
        figure = number(inputs.get(name))
        if figure is not None:
            return min(high, max(low, figure))
    return default


def count(inputs: Mapping[str, Any]) -> int:
    """Return the number of pictures (1 to 15) from samples, n, max_images or similar."""
    names = (
        "samples",
        "n",
        "max_images",
        "num_images",
        "num_outputs",
        "number_of_images",
        "num_samples",
        "batch_size",
    )
    return round(amount(inputs, *names, default=1, low=1, high=MOST))


def ratio(value: Any) -> float | None:
    """Return width divided by height.

    The value is "16:9", "16/9" or a name such as "portrait"; None for anything else.
    """
    if not isinstance(value, str):
        return None
    if value.lower() in _NAMED:
        wide, high = _NAMED[value.lower()]
        return wide / high
    parts = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*[:/]\s*(\d+(?:\.\d+)?)\s*", value)
    if not parts or not float(parts[1]) or not float(parts[2]):
        return None
    return min(8.0, max(1 / 8, float(parts[1]) / float(parts[2])))


def _pixels(value: Any) -> Size | None:
    """Parse a size such as "1024*768" or "1024x768"."""
    parts = re.fullmatch(r"\s*(\d{2,5})\s*[*x×X]\s*(\d{2,5})\s*", str(value))
    return (int(parts[1]), int(parts[2])) if parts else None


def _area(value: Any) -> int | None:
    """Return the side of the square with the area of "2K", "1080p" or a bare number."""
    text = str(value).strip().upper()
    if text in _AREAS:
        return _AREAS[text]
    lines = re.fullmatch(r"(\d{3,4})P", text)
    if lines:
        return min(LONGEST, round(int(lines[1]) * 4 / 3))
    bare = number(value)
    return round(bare) if bare and bare >= SHORTEST else None


def held(size: tuple[float, float], longest: int = LONGEST) -> Size:
    """Scale a size down without changing its shape, until no side is longer than `longest`."""
    k = min(1.0, longest / max(size))
    return max(SHORTEST, round(size[0] * k)), max(SHORTEST, round(size[1] * k))


def size_of(inputs: Mapping[str, Any], source_size: Size | None, default: int = 1024) -> Size:
    """Return the requested size, at most 2048 pixels a side.

    Width and height in pixels take precedence (unless `size` names a preset, as in seedream). Else
    `size`, `resolution` or `output_resolution` give the area, and `aspect_ratio` (or a ratio in
    `size`) gives the shape. `given` is the size of the input picture: it is used for
    "match_input_image", and as the default if the request gives neither area nor shape.
    """
    preset = inputs.get("size")
    exact = _pixels(preset)
    wide = number(inputs.get("img_width") or inputs.get("width"))
    high = number(inputs.get("img_height") or inputs.get("height"))
    if exact:
        return held(exact)
    if wide and high and (preset in (None, "", "custom") or str(preset).upper() not in _AREAS):
        return held((wide, high))
    shapes = (ratio(inputs.get(n)) for n in ("aspect_ratio", "size", "image_size", "ratio"))
    shape = next((s for s in shapes if s), None)
    areas = (
        _area(inputs.get(n)) for n in ("size", "resolution", "output_resolution", "image_size")
    )
    side = next((a for a in areas if a), None)
    if source_size and shape is None:
        if side is None:
            return held(source_size)
        shape = source_size[0] / source_size[1]
    side, shape = side or default, shape or 1.0
    exact_sides = side * math.sqrt(shape), side / math.sqrt(shape)
    k = min(1.0, LONGEST / max(exact_sides))
    return held(
        (max(1, round(exact_sides[0] * k / 8)) * 8, max(1, round(exact_sides[1] * k / 8)) * 8)
    )


def file_format(inputs: Mapping[str, Any], default: str) -> tuple[str, int]:
    """Return Pillow's name of the requested format, and the quality (1 to 100)."""
    name = str(inputs.get("output_format") or inputs.get("format") or default).lower().strip(". ")
    name = {"jpg": "JPEG", "jpeg": "JPEG", "png": "PNG", "webp": "WEBP"}.get(
        name.removeprefix("image/"), default
    )
    quality = amount(
        inputs, "output_quality", "quality", "image_quality", default=92, low=1, high=100
    )
    return name, round(quality)
