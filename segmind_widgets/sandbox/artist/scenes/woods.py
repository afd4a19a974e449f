"""Vegetation: hills, single trees, conifer forests, meadows."""

from __future__ import annotations

import math
from random import Random

from PIL import Image

from ..drawing.colour import gradient, mix
from ..drawing.pen import Stencil
from ..drawing.shapes import Outline, curve
from .land import rolling, slab, tone
from .stage import Scene


def hills(st: Scene, count: int, top: float, bottom: float, start: float = 0.2) -> None:
    """Draw rolling hills; the nearest hill is the ground."""
    for i in range(count):
        near = start + (1 - start) * i / max(1, count - 1)
        base = top + (bottom - top) * i / max(1, count - 1)
        swell = st.h * (0.035 + 0.03 * near)
        line = rolling(st.rng, st.w, base, swell, 0.5 + 0.5 * st.rng.random())
        grass = mix(mix(st.palette.far, st.palette.ground, min(1, 0.3 + near)), st.palette.near,
                    0.28 * near)  # fmt: skip
        slab(st, line, [mix(grass, st.palette.glow, 0.22), grass, mix(grass, st.palette.near, 0.5)],
             0.15 + 0.5 * near)  # fmt: skip
        if 0 < i < count - 1 or count == 1:
            coppice(st, line, near)


def coppice(st: Scene, line: Outline, near: float) -> None:
    """Draw a few round trees along a skyline."""
    for _ in range(st.rng.randint(2, 5)):
        x, y = line[st.rng.randrange(4, len(line) - 4)]
        for _ in range(st.rng.randint(1, 4)):
            size = st.unit * (1.4 + 3.2 * near) * st.rng.uniform(0.7, 1.3)
            x += size * st.rng.uniform(-1.3, 1.3)
            box = round(size * 2.4), round(size * 3.2)
            mask = Stencil(box, 3)
            mask.box(box[0] / 2 - size * 0.12, size * 1.6, box[0] / 2 + size * 0.12, box[1])
            mask.disc(box[0] / 2, size * 1.25, size * 0.85, size * 1.2)
            leaf = mix(tone(st, 0.25 + 0.6 * near), st.palette.ground, 0.25)
            st.put(gradient(box, [mix(leaf, st.palette.glow, 0.3), leaf]), mask.done(),
                   (x - box[0] / 2, y - box[1] + size * 0.5), 0.15 + 0.5 * near)  # fmt: skip


def pine(rng: Random, x: float, foot: float, tall: float) -> Outline:
    """Return the outline of a conifer."""
    tiers = max(5, min(9, round(tall / 9)))
    left, right = [], []
    for i in range(tiers):
        y = foot - tall + tall * 0.98 * (i + 1) / tiers
        reach = tall * 0.24 * ((i + 1) / tiers) ** 0.85 * rng.uniform(0.85, 1.15)
        rise = tall * 0.035
        left += [(x - reach, y + rise * 0.4), (x - reach * 0.45, y - rise)]
        right += [(x + reach, y + rise * 0.4), (x + reach * 0.45, y - rise)]
    trunk = tall * 0.025
    foot_line = [(x + trunk, foot - tall * 0.05), (x + trunk, foot + 6), (x - trunk, foot + 6),
                 (x - trunk, foot - tall * 0.05)]  # fmt: skip
    return [(x, foot - tall), *right, *foot_line, *left[::-1]]


def pines(st: Scene, base: float, tall: float, near: float, depth: float, gap: float = 0.3) -> None:
    """Draw a conifer forest and the ground below."""
    rng = st.rng
    line = rolling(rng, st.w, base, tall * 0.3, 0.7)
    colour = tone(st, near)
    low = max(p[1] for p in line)
    top = max(0, math.floor(min(p[1] for p in line) - tall * 1.35))
    size = st.w, max(4, min(st.h, math.ceil(low + 3)) - top)
    mask = Stencil(size)
    x = -tall * 0.3
    while x < st.w + tall * 0.3:
        ground = line[min(len(line) - 1, max(0, round(x / st.w * 90) + 1))][1]
        if rng.random() > 0.08:
            mask.fill(pine(rng, x, ground - top + 2, tall * rng.uniform(0.5, 1.25)))
        x += tall * gap * rng.uniform(0.4, 1.4)
    ground_line = [(px, py - top - tall * 0.06) for px, py in line]  # covers the trees' feet
    mask.fill([*ground_line, (st.w + 5, size[1]), (-5, size[1])])
    lighter = mix(colour, st.palette.haze, 0.36 * (1 - near) + 0.06)
    st.put(
        gradient(size, [colour, mix(colour, lighter, 0.3), lighter]), mask.done(), (0, top), depth
    )
    rest = st.h - top - size[1]
    if rest > 0:
        fill = gradient((st.w, rest), [lighter, colour])
        st.put(fill, Image.new("L", fill.size, 255), (0, top + size[1]), depth)


def framing(st: Scene) -> None:
    """Draw tall conifers at one or both edges, in front of everything."""
    rng, mask = st.rng, Stencil((st.w, st.h))
    for way in rng.choice(((-1,), (1,), (-1, 1))):
        for k in range(rng.randint(2, 4)):
            x = st.w / 2 + way * (st.w * 0.5 - st.unit * (rng.uniform(0, 5) + 7 * k) + st.unit * 3)
            mask.fill(pine(rng, x, st.h * 1.02, st.h * rng.uniform(0.42, 0.78) * (1 - 0.16 * k)))
    dark = mix(st.palette.near, (0, 0, 0), 0.25)
    st.put(gradient((st.w, st.h), [mix(dark, st.palette.haze, 0.12), dark]), mask.done(), depth=1)


def meadow(st: Scene, base: float, flowers: bool = True, dark: float = 0.35) -> None:
    """Draw the ground below a subject, with grass and flowers in front of the subject."""
    line = rolling(st.rng, st.w, base, st.h * 0.02, 0.6)
    grass = mix(st.palette.ground, st.palette.near, dark)
    slab(
        st, line, [mix(grass, st.palette.glow, 0.2), grass, mix(grass, st.palette.near, 0.7)], 0.75
    )
    st.floor = min(st.h * 0.93, base + (st.h - base) * 0.55)
    st.front.append(lambda: tufts(st, flowers))


def tufts(st: Scene, flowers: bool) -> None:
    """Draw sharp, dark blades of grass along the bottom edge, with or without flowers."""
    rng, high = st.rng, round(st.unit * 16)
    mask, petals = Stencil((st.w, high)), []
    for _ in range(round(150 * st.w / st.h)):
        x, tall = rng.random() * st.w, high * rng.uniform(0.15, 0.6)
        lean, w = tall * rng.uniform(-0.4, 0.4), st.unit * rng.uniform(0.25, 0.5)
        tip = x + lean, high - tall
        mask.fill([(x - w, high), *curve((x - w, high),
            (x - w * 0.4 + lean * 0.25, high - tall * 0.6), tip, steps=4),
                   *curve(tip, (x + w * 0.7 + lean * 0.25, high - tall * 0.6), (x + w, high),
                       steps=4)])  # fmt: skip
        if flowers and rng.random() < 0.16:
            petals.append(
                (tip[0], tip[1] - high * rng.uniform(0, 0.2), st.unit * rng.uniform(0.35, 0.95))
            )
    blade = mix(st.palette.near, st.palette.ground, 0.22)
    st.put(gradient((st.w, high), [mix(blade, st.palette.glow, 0.12), blade]), mask.done(),
           (0, st.h - high), 1)  # fmt: skip
    for colour in st.palette.accents[:3]:
        dots = Stencil((st.w, high))
        for x, y, r in petals[::3]:
            for k in range(5):
                a = k * math.tau / 5 + x
                dots.disc(x + math.cos(a) * r * 0.7, y + math.sin(a) * r * 0.7, r * 0.55)
        petals = petals[1:]
        st.put(
            mix(colour, st.palette.near, 0.25 if st.palette.night else 0.05),
            dots.done(),
            (0, st.h - high),
            1,
        )
