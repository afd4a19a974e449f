"""Presets that set width and height with one click, for common aspect ratios."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from segmind_widgets.widgets.fields import Field

_RATIOS = ("1:1", "3:4", "4:3", "16:9", "9:16")
_DEFAULT_SIDE = 1024  # px


def presets(fields: Mapping[str, Field]) -> dict[str, Any] | None:
    """Return size presets if a form has numeric fields for width and height, else None.

    {"names": [width, height], "sizes": [["1:1", 1024, 1024], …]}, in pixels.
    """
    for name in fields:
        other = re.sub("width$", "height", name)
        pair = [fields[name], fields[other]] if other != name and other in fields else []
        if pair and all(field.kind == "number" for field in pair):
            sizes = [[ratio, *_size(ratio, *pair)] for ratio in _RATIOS]
            return {"names": [name, other], "sizes": sizes}
    return None


def _size(ratio: str, width: Field, height: Field) -> list[int]:
    """Return width and height with this ratio and about the default area, within the bounds."""
    across, down = map(int, ratio.split(":"))
    area = (width.schema.get("default") or _DEFAULT_SIDE) * (
        height.schema.get("default") or _DEFAULT_SIDE
    )
    sides = [math.sqrt(area * across / down), math.sqrt(area * down / across)]
    both = list(zip(sides, (width, height), strict=True))
    grow = max(1.0, *(field.schema.get("minimum", 0) / side for side, field in both))
    shrink = min(1.0, *(field.schema.get("maximum", math.inf) / side for side, field in both))
    return [_fit(side * (shrink if grow == 1 else grow), field) for side, field in both]


def _fit(side: float, field: Field) -> int:
    step = int(field.schema.get("multipleOf") or 8)
    low, high = field.schema.get("minimum", step), field.schema.get("maximum", math.inf)
    return int(min(max(round(side / step) * step, low), high))
