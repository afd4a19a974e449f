"""Find the usual cost and time of a run on a page: `~$0.2724`, `Avg Cost: $0.04`, `~12.5s`."""

from __future__ import annotations

import re
from collections.abc import Iterator

_PRICE = re.compile(r"\$\s?(\d{1,6}(?:\.\d{1,20})?)")
_SECONDS = re.compile(r"(\d{1,6}(?:\.\d{1,20})?) ?(?:s\b|sec)")
_COST_WORDS = ("cost", "price", "pricing")
_TIME_WORDS = ("latency", "time")
_MAX_LINE = 200  # characters: a longer line is code or prose
_MARKS = " \t-*•>`|"


def usual_cost(text: str) -> float | None:
    """Return USD for a run; the highest of a range, None if the page has no price."""
    for line in _lines(text):
        if line.startswith(("~$", "$")) or line.lower().startswith(_labels(_COST_WORDS)):
            prices = [float(price) for price in _PRICE.findall(line)]
            if prices:
                return max(prices)
    return None


def usual_seconds(text: str) -> float | None:
    """Return the usual seconds of a run; None if the page has no time, or zero."""
    for line in _lines(text):
        is_time = line.startswith("~") and line.endswith("s")
        if is_time or line.lower().startswith(_labels(_TIME_WORDS)):
            match = _SECONDS.search(line)
            if match and float(match[1]) > 0:
                return float(match[1])
    return None


def _labels(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(before + word for word in words for before in ("", "avg ", "average ", "usual "))


def _lines(text: str) -> Iterator[str]:
    return (line.strip(_MARKS) for line in text.split("\n") if len(line) <= _MAX_LINE)
