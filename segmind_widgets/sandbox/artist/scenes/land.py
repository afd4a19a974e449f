"""Terrain: skylines, mountains, dunes and mesas."""

from __future__ import annotations

import math
from itertools import pairwise
from random import Random

from PIL import Image

from ..drawing.colour import RGB, WHITE, fade, gradient, mix
from ..drawing.pen import Stencil
from ..drawing.shapes import Outline, Point, curve
from .stage import Scene


def rough_line(rng: Random, a: Point, b: Point, jag: float, depth: int = 5) -> Outline:
    """Return a jagged line between two points, by midpoint displacement.

    The end point `b` is not included.
    """
    line = [a, b]
    for level in range(depth):
        out = []
        for p, q in pairwise(line):
            span = math.dist(p, q) * jag
            out += [p, ((p[0] + q[0]) / 2 + rng.uniform(-span, span) * 0.3,
                        (p[1] + q[1]) / 2 + rng.uniform(-span, span))]  # fmt: skip
        line = [*out, b]
        jag *= 0.92 if level else 1
    return line[:-1]


def rolling(rng: Random, width: float, base: float, swell: float, waves: float) -> Outline:
    """Return a smooth skyline: a sum of sines with random frequency and phase."""
    parts = [(rng.uniform(0.6, 1.4) * waves * k, rng.uniform(0, 6.3), 1 / k) for k in (1, 1.9, 3.4)]
    steps = 90
    return [
        (x * width / steps,
         base - swell * sum(a * math.sin(f * x / steps * math.tau + p) for f, p, a in parts) / 2)
        for x in range(-1, steps + 2)
    ]  # fmt: skip


def slab(st: Scene, line: Outline, fill: list[RGB], depth: float) -> tuple[float, float]:
    """Fill the area from a skyline to the bottom of the picture.

    Returns the smallest and the largest y of the skyline, its highest and lowest point.
    """
    top, low = min(p[1] for p in line), max(p[1] for p in line)
    start, end = max(0, math.floor(top)), min(st.h, math.ceil(low) + 1)
    if start >= st.h:
        return top, low
    height = st.h - start
    paint = gradient((st.w, height), fill)
    if end > start:
        mask = Stencil((st.w, end - start))
        mask.fill([*[(x, y - start) for x, y in line], (st.w + 5, end), (-5, end)])
        st.put(paint.crop((0, 0, st.w, end - start)), mask.done(), (0, start), depth)
    if end < st.h:
        lower = paint.crop((0, end - start, st.w, height))
        st.put(lower, Image.new("L", lower.size, 255), (0, end), depth)
    return top, low


def tone(st: Scene, nearness: float) -> RGB:
    """Return the colour of land at `nearness` (0 far, 1 near)."""
    return mix(st.palette.far, st.palette.near, nearness)


def ridges(st: Scene, count: int, top: float, bottom: float, snow: bool, start: float = 0) -> None:
    """Draw mountain ranges one behind another; more distant ones are paler."""
    for i in range(count):
        near = start + (1 - start) * (i / max(1, count - 1)) * 0.8
        base = top + (bottom - top) * ((i + 1) / count) ** 0.9
        tall = (bottom - top) * (1.15 - 0.62 * i / count)
        peaks(st, base, tall, near, snow and i < 2, depth=0.08 + 0.4 * near)


def peaks(st: Scene, base: float, tall: float, near: float, snow: bool, depth: float) -> None:
    """Draw one range of peaks with a sunny and a shaded side."""
    rng = st.rng
    step = tall * rng.uniform(1.1, 1.9)
    side = 1 if st.sun[0] > st.w / 2 else -1
    x = -step * rng.random()
    summits = []
    while x < st.w + step:
        summits.append((x, tall * rng.uniform(0.45, 1)))
        x += step * rng.uniform(0.55, 1.1)
    rng.shuffle(summits)
    summits.sort(key=lambda s: -s[1])
    top = max(0, math.floor(base - tall * 1.1))
    size = st.w, min(st.h, math.ceil(base + 2)) - top
    if size[1] < 4:
        return
    body, lit, white = Stencil(size), Stencil(size), Stencil(size)
    for cx, high in summits:
        apex = cx, base - high - top
        foot = base - top + 4
        half = high * rng.uniform(0.85, 1.6)
        left = rough_line(rng, (cx - half, foot), apex, 0.11)
        right = rough_line(rng, apex, (cx + half, foot), 0.11)
        outline = [*left, *right, (cx + half, foot)]
        body.fill(outline)
        for other in (lit, white):
            other.fill(outline, 0)
        spine = rough_line(rng, apex, (cx - side * half * rng.uniform(0.05, 0.3), foot), 0.2)
        edge = right if side > 0 else left[::-1]
        lit.fill([apex, *edge, *spine[::-1]])
        if snow:
            _snow(rng, white, left, right, apex, high)
    colour = tone(st, near)
    foggy = mix(colour, st.palette.haze, 0.5 - 0.3 * near)
    mask = body.done()
    at = (0, top)
    st.put(gradient(size, [colour, colour, foggy]), mask, at, depth)
    sunny = mix(colour, st.palette.glow, 0.33)
    light = Image.new("L", size)
    light.paste(lit.done(), mask=fade(size, 0.95, 0.1))
    st.put(sunny, light, at, depth)
    if snow:
        cap = white.done()
        bright = mix(WHITE, st.palette.haze, 0.15 if not st.palette.night else 0.6)
        st.put(mix(bright, colour, 0.42), cap, at, depth)
        sunlit = Image.new("L", size)
        sunlit.paste(cap, mask=lit.done())
        st.put(mix(bright, st.palette.sun, 0.4), sunlit, at, depth)
    if base + 2 < st.h:
        rest = st.w, st.h - size[1] - top
        st.put(foggy, Image.new("L", rest, 255), (0, top + size[1]), depth)


def _snow(
    rng: Random, white: Stencil, left: Outline, right: Outline, apex: Point, high: float
) -> None:
    line = apex[1] + high * rng.uniform(0.26, 0.42)
    west = [p for p in left if p[1] < line]
    east = [p for p in right if p[1] < line]
    if not west or not east:
        return
    shares = [rng.uniform(0.5, 1.5) for _ in range(rng.randint(3, 6))]  # tongues of snow
    hem, x, span = [], east[-1][0], (west[0][0] - east[-1][0]) / sum(shares)
    for share in shares:
        tip = x + span * share * rng.uniform(0.3, 0.7), line + high * rng.uniform(0.02, 0.15)
        x += span * share
        hem += [tip, (x, line - high * rng.uniform(0.0, 0.08))]
    white.fill([*west, *east, *hem])


def dunes(st: Scene, count: int, top: float, bottom: float) -> None:
    """Draw sand dunes, each with a crest between its sunny and its shaded side."""
    rng = st.rng
    side = 1 if st.sun[0] > st.w / 2 else -1
    for i in range(count):
        near = i / max(1, count - 1)
        base = top + (bottom - top) * near
        tall = st.h * (0.05 + 0.12 * near) * rng.uniform(0.8, 1.2)
        peak = st.w * rng.uniform(0.15, 0.85)
        line = curve((-st.w * 0.1, base + tall * 0.2), (peak - st.w * 0.4, base - tall * 0.05),
                     (peak, base - tall), (peak + st.w * 0.3, base - tall * 0.15),
                     (st.w * 1.3, base + tall * 0.3), steps=24)  # fmt: skip
        sand = mix(
            mix(st.palette.far, st.palette.ground, 0.4 + 0.6 * near), st.palette.near, 0.15 * near
        )
        depth = 0.15 + 0.5 * near
        slab(
            st,
            line,
            [mix(sand, st.palette.glow, 0.45), sand, mix(sand, st.palette.near, 0.35)],
            depth,
        )
        crest = min(line, key=lambda p: p[1])
        away = [p for p in line if (p[0] - crest[0]) * -side >= 0]
        if side > 0:
            away.reverse()
        foot = crest[0] + side * st.w * 0.1 * rng.uniform(0.4, 1), min(st.h, base + tall * 2.4)
        spine = curve(foot, (crest[0] - side * tall * 0.1, crest[1] + tall * 1.3),
                      (crest[0] + side * tall * 0.35, crest[1] + tall * 0.45), crest)  # fmt: skip
        y0 = math.floor(crest[1])
        end = away[-1]
        shadow = Stencil((st.w, max(4, math.ceil(foot[1]) - y0)))
        shadow.fill([(x, y - y0) for x, y in [*spine, *away, (end[0], foot[1])]])
        mask = Image.new("L", shadow.done().size)
        mask.paste(shadow.done(), mask=fade(mask.size, 0.62, 0.0))
        st.put(mix(sand, st.palette.near, 0.62), mask, (0, y0), depth)


def mesas(st: Scene, base: float) -> None:
    """Draw table mountains with strata."""
    for near in (0.15, 0.45):
        for _ in range(st.rng.randint(2, 3)):
            tall = st.h * st.rng.uniform(0.1, 0.24) * (0.7 + near)
            wide = tall * st.rng.uniform(0.5, 1.9)
            size = round(wide * 1.5), round(tall)
            mask = Stencil(size)
            x0, x1 = size[0] * 0.2, size[0] * 0.8
            west = rough_line(st.rng, (0, size[1]), (x0 * 0.7, size[1] * 0.6), 0.08, 3)
            west += rough_line(st.rng, (x0 * 0.85, size[1] * 0.58), (x0, 0), 0.06, 3)
            east = rough_line(st.rng, (x1, 0), (x1 + x0 * 0.2, size[1] * 0.58), 0.06, 3)
            east += rough_line(st.rng, (x1 + x0 * 0.3, size[1] * 0.6), (size[0], size[1]), 0.08, 3)
            mask.fill([*west, (x0, 1), *east, (size[0], size[1])])
            rock = tone(st, near)
            fill = gradient(
                size, [mix(rock, st.palette.glow, 0.25), rock, mix(rock, st.palette.haze, 0.4)]
            )
            for k in range(1, 6):
                band = Image.new("L", (size[0], max(1, round(size[1] * 0.025))), 60)
                fill.paste(st.palette.near, (0, round(size[1] * k / 6.5)), band)
            at = st.rng.uniform(-0.05, 0.9) * st.w, base - tall + 3
            st.put(fill, mask.done(), at, 0.15 + 0.3 * near)
