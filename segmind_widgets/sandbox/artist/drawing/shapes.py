"""Outlines as lists of points: ovals, smooth blobs, tapering bands."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

Point = tuple[float, float]
Outline = list[Point]


def oval(cx: float, cy: float, rx: float, ry: float | None = None, turn: float = 0) -> Outline:
    """Return an ellipse; `turn` is in degrees, clockwise because y points down."""
    ry = rx if ry is None else ry
    cos, sin = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    out = []
    for i in range(72):
        x, y = rx * math.cos(i * math.tau / 72), ry * math.sin(i * math.tau / 72)
        out.append((cx + x * cos - y * sin, cy + x * sin + y * cos))
    return out


def curve(*points: Point, closed: bool = False, steps: int = 10) -> Outline:
    """Return a smooth line through the points (a uniform Catmull-Rom spline)."""
    n = len(points)
    out: Outline = []
    for i in range(n if closed else n - 1):
        a, b, c, d = (
            points[(i + k) % n] if closed else points[min(max(i + k, 0), n - 1)]
            for k in (-1, 0, 1, 2)
        )
        for s in range(steps):
            t = s / steps
            x, y = (
                0.5
                * (
                    2 * b[k]
                    + (c[k] - a[k]) * t
                    + (2 * a[k] - 5 * b[k] + 4 * c[k] - d[k]) * t * t
                    + (3 * b[k] - a[k] - 3 * c[k] + d[k]) * t**3
                )
                for k in (0, 1)
            )
            out.append((x, y))
    if not closed:
        out.append(points[-1])
    return out


def blob(*points: Point) -> Outline:
    """Return a smooth closed outline through the points."""
    return curve(*points, closed=True)


def band(points: Sequence[Point], *widths: float, smooth: bool = True) -> Outline:
    """Return the outline of a stroke with round ends along the points.

    The width of the stroke is interpolated through `widths` from start to end.
    """
    line = curve(*points) if smooth and len(points) > 2 else list(points)
    spans = [math.dist(p, q) for p, q in pairwise(line)]
    total = sum(spans) or 1.0
    left, right, done = [], [], 0.0
    sizes = list(widths) if len(widths) > 1 else [*widths, *widths]
    ends: list[tuple[Point, float, float]] = []
    for i, (x, y) in enumerate(line):
        before, after = line[max(i - 1, 0)], line[min(i + 1, len(line) - 1)]
        angle = math.atan2(after[1] - before[1], after[0] - before[0])
        at = min(done / total, 1.0) * (len(sizes) - 1)
        k = min(int(at), len(sizes) - 2)
        half = (sizes[k] + (sizes[k + 1] - sizes[k]) * (at - k)) / 2
        left.append((x + half * math.sin(angle), y - half * math.cos(angle)))
        right.append((x - half * math.sin(angle), y + half * math.cos(angle)))
        if i in (0, len(line) - 1):
            ends.append(((x, y), half, angle))
        done += spans[i] if i < len(spans) else 0
    return left + _cap(*ends[-1], -90) + right[::-1] + _cap(*ends[0], 90)


def _cap(centre: Point, radius: float, angle: float, start: float) -> Outline:
    turns = [angle + math.radians(start + 15 * i) for i in range(1, 12)]
    return [(centre[0] + radius * math.cos(t), centre[1] + radius * math.sin(t)) for t in turns]


def rounded(x0: float, y0: float, x1: float, y1: float, radius: float) -> Outline:
    """Return a rectangle with round corners."""
    radius = min(radius, abs(x1 - x0) / 2, abs(y1 - y0) / 2)
    out: Outline = []
    corners = (
        (x1 - radius, y0 + radius, -90),
        (x1 - radius, y1 - radius, 0),
        (x0 + radius, y1 - radius, 90),
        (x0 + radius, y0 + radius, 180),
    )
    for cx, cy, start in corners:
        for i in range(0, 91, 10):
            turn = math.radians(start + i)
            out.append((cx + radius * math.cos(turn), cy + radius * math.sin(turn)))
    return out


def arch(x0: float, y0: float, x1: float, y1: float) -> Outline:
    """Return a door or window outline: straight sides and a semicircular top."""
    r = (x1 - x0) / 2
    top = [
        (x0 + r - r * math.cos(math.radians(i)), y0 + r - r * math.sin(math.radians(i)))
        for i in range(0, 181, 10)
    ]
    return [(x0, y1), *top, (x1, y1)]


def star(cx: float, cy: float, outer: float, inner: float, points: int = 5) -> Outline:
    """Return a star whose first point is at the top."""
    out = []
    for i in range(points * 2):
        r, turn = (inner if i % 2 else outer), math.pi * i / points - math.pi / 2
        out.append((cx + r * math.cos(turn), cy + r * math.sin(turn)))
    return out


def mirror(outline: Sequence[Point], axis: float = 50) -> Outline:
    """Reflect the outline at the vertical line x = `axis`."""
    return [(2 * axis - x, y) for x, y in outline]


def move(outline: Sequence[Point], dx: float, dy: float, zoom: float = 1.0) -> Outline:
    """Scale the outline about the origin by `zoom`, then translate it."""
    return [(x * zoom + dx, y * zoom + dy) for x, y in outline]


def turned(outline: Sequence[Point], degrees: float, about: Point = (50, 50)) -> Outline:
    """Rotate the outline clockwise about a point."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    ax, ay = about
    return [
        (ax + (x - ax) * cos - (y - ay) * sin, ay + (x - ax) * sin + (y - ay) * cos)
        for x, y in outline
    ]
