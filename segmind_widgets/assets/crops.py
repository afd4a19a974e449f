"""Crops: boxes of a ratio of width to height, and the ratios that a model takes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from segmind_widgets.errors import InputError
from segmind_widgets.schemas import is_list, is_mapping

Box = tuple[int, int, int, int]
Size = tuple[int, int]

_RATIOS = ("1:1", "4:3", "3:4", "3:2", "2:3", "16:9", "9:16")
_RATIO = re.compile(r"(\d{1,4}(?:\.\d+)?)\s*[:/]\s*(\d{1,4}(?:\.\d+)?)")
_SIZE = re.compile(r"(\d{2,5})\s*[x×*]\s*(\d{2,5})", re.IGNORECASE)


@dataclass(frozen=True)
class Preset:
    """A shape that a picture can be cropped to.

    `label` is the text of the model's own choice, `ratio` width divided by height, and `size` the
    width and height in pixels that the result is scaled to, or None.
    """

    label: str
    ratio: float
    size: Size | None = None


def parse_ratio(value: Any) -> float:
    """Return width divided by height of "16:9", "1024x768" or a number.

    Raises:
        InputError: it is none of these, or wider than 20 to 1.
    """
    preset = _preset(value)
    ratio = preset.ratio if preset else value
    if isinstance(ratio, (int, float)) and type(ratio) is not bool and 1 / 20 <= ratio <= 20:
        return float(ratio)
    raise InputError(
        f"`ratio` must be width to height, not {value!r:.40}.",
        hint='Such as "16:9", "1024x768" or 1.5; at most 20 to 1.',
        field="ratio",
    )


def presets(schema: Mapping[str, Any] | None = None) -> list[Preset]:
    """Return the ratios and sizes that a model takes, from the JSON Schema of its inputs.

    For a model that names none, and without a schema, these are the usual ratios.
    """
    properties = (schema or {}).get("properties", {})
    choices = [choice for one in properties.values() for choice in _choices(one)]
    found = dict.fromkeys(preset for choice in choices if (preset := _preset(choice)))
    return list(found) or [preset for ratio in _RATIOS if (preset := _preset(ratio))]


def _choices(schema: Any) -> Iterator[Any]:
    if is_mapping(schema) and schema.get("type") == "string":
        for keyword in ("enum", "examples"):
            values = schema.get(keyword)
            yield from values if is_list(values) else ()


def _preset(value: Any) -> Preset | None:
    if not isinstance(value, str):
        return None
    text = value.strip()
    if size := _SIZE.fullmatch(text):
        width, height = int(size[1]), int(size[2])
        return Preset(text, width / height, (width, height)) if width and height else None
    ratio = _RATIO.fullmatch(text)
    if not ratio or not float(ratio[1]) or not float(ratio[2]):
        return None
    return Preset(text, float(ratio[1]) / float(ratio[2]))


def crop_box(size: Size, ratio: float, centre: tuple[float, float] = (0.5, 0.5)) -> Box:
    """Return the largest box of a ratio within a picture, as near to `centre` as it can be.

    `centre` is a point of the picture, each coordinate from 0 to 1.
    """
    width = max(1, min(size[0], round(size[1] * ratio)))
    height = max(1, min(size[1], round(size[0] / ratio)))
    left = _between(round(size[0] * centre[0] - width / 2), size[0] - width)
    top = _between(round(size[1] * centre[1] - height / 2), size[1] - height)
    return left, top, left + width, top + height


def _between(value: int, highest: int) -> int:
    return min(highest, max(0, value))


def widened(box: Box, padding: float, ratio: float | None, size: Size) -> Box:
    """Return a box with space around it, and with a ratio, moved into the picture.

    Args:
        box: left, top, right, bottom in pixels.
        padding: on each side, as a part of the longer side of the box.
        ratio: width divided by height; None keeps that of the box. A picture that is too small for
            the ratio gives a box that ends at its edges.
        size: of the picture.
    """
    width, height = box[2] - box[0], box[3] - box[1]
    margin = padding * max(width, height)
    sides = width + 2 * margin, height + 2 * margin
    if ratio is not None:
        sides = max(sides[0], sides[1] * ratio), max(sides[1], sides[0] / ratio)
    spans = [
        _span(start, end, round(side), whole)
        for start, end, side, whole in zip(box[:2], box[2:], sides, size, strict=True)
    ]
    return spans[0][0], spans[1][0], spans[0][1], spans[1][1]


def _span(start: int, end: int, length: int, whole: int) -> tuple[int, int]:
    """Return a span of a length around another one, within a whole."""
    length = min(whole, max(length, end - start))
    first = min(start, _between((start + end - length) // 2, whole - length))
    return first, first + length
