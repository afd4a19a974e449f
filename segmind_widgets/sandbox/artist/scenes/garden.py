"""A garden: a clipped hedge, flower beds, a flowering branch."""

from __future__ import annotations

import math

from PIL import Image

from ..drawing.colour import RGB, WHITE, fade, gradient, mix
from ..drawing.pen import Stencil
from ..drawing.shapes import band, curve, oval, turned
from .stage import Scene


def hedge(st: Scene, base: float) -> None:
    """Draw two rows of round bushes, sunlit from above."""
    rng = st.rng
    for row in range(2):
        x = -st.unit * 6
        while x < st.w:
            r = st.unit * rng.uniform(5, 10) * (0.75 + 0.35 * row)
            size = round(r * 2.2), round(r * 1.7)
            mask, light = Stencil(size, 2), Stencil(size, 2)
            for _ in range(14):
                a, d = rng.uniform(math.pi, math.tau), rng.uniform(0.2, 0.75)
                cx, cy = size[0] / 2 + math.cos(a) * d * r, size[1] + math.sin(a) * d * r * 1.1
                s = r * rng.uniform(0.22, 0.36)
                mask.disc(cx, cy, s)
                light.disc(cx - s * 0.2, cy - s * 0.25, s * 0.6, level=rng.randint(30, 120))
            mask.disc(size[0] / 2, size[1], r * 0.8, r * 0.95)
            leaf = mix(st.palette.ground, st.palette.near, 0.35 + 0.3 * row)
            at = x, base - size[1] + st.unit * (2 + row * 3)
            st.put(gradient(size, [mix(leaf, st.palette.glow, 0.15),
                mix(leaf, st.palette.near, 0.4)]), mask.done(),
                   at, 0.35 + 0.1 * row)  # fmt: skip
            st.put(mix(leaf, st.palette.glow, 0.35), light.done(), at, 0.35 + 0.1 * row)
            x += r * rng.uniform(0.9, 1.5)


def beds(st: Scene, base: float) -> None:
    """Draw rows of flowers from far to near, the nearest in front of the subject."""
    for i in range(4):
        near = i / 3
        y = base + (st.h - base) * (0.12 + 0.82 * near)
        if i < 2:
            _row(st, y, near)
        else:
            st.front.append(lambda y=y, near=near: _row(st, y + st.unit * 6, near))
    st.floor = base + (st.h - base) * 0.55


def _row(st: Scene, y: float, near: float) -> None:
    rng = st.rng
    tall = st.unit * (4 + 9 * near)
    size = st.w, round(tall * 2.3)
    stems = Stencil(size)
    heads: dict[RGB, Stencil] = {}
    hearts = Stencil(size, 2)
    x = 0.0
    while x < st.w:
        colour = rng.choice(st.palette.accents[:3])
        head = heads.setdefault(colour, Stencil(size, 2))
        for _ in range(rng.randint(2, 6)):
            top = size[1] - tall * rng.uniform(0.6, 1.6)
            lean = tall * rng.uniform(-0.15, 0.15)
            stems.fill(
                band(
                    [(x, size[1]), (x + lean * 0.3, (top + size[1]) / 2), (x + lean, top)],
                    tall * 0.05,
                    tall * 0.03,
                )
            )
            stems.fill(
                oval(
                    x + lean * 0.3 + tall * 0.13,
                    (top + size[1] * 1.4) / 2.4,
                    tall * 0.16,
                    tall * 0.05,
                    -35,
                )
            )
            _bloom(
                head,
                hearts,
                x + lean,
                top,
                tall * rng.uniform(0.14, 0.24),
                rng.choice((5, 6, 8, 0)),
            )
            x += tall * rng.uniform(0.15, 0.4)
        x += tall * rng.uniform(0.1, 0.9)
    depth = 0.5 + 0.5 * near
    at = 0, y - size[1]
    stem = mix(st.palette.ground, st.palette.near, 0.55)
    st.put(stem, stems.done(), at, depth)
    for colour, head in heads.items():
        shade = mix(colour, st.palette.near, 0.3 if st.palette.night else 0.0)
        st.put(gradient(size, [mix(shade, WHITE, 0.2), shade]), head.done(), at, depth)
    st.put(mix(st.palette.sun, (255, 200, 60), 0.5), hearts.done(), at, depth)


def _bloom(head: Stencil, heart: Stencil, x: float, y: float, r: float, petals: int) -> None:
    if not petals:  # a tulip
        head.fill(curve((x - r * 0.7, y - r), (x - r * 0.75, y + r * 0.2), (x, y + r * 0.8),
            (x + r * 0.75, y + r * 0.2),
                        (x + r * 0.7, y - r), (x + r * 0.3, y - r * 0.3), (x, y - r * 1.1),
                            (x - r * 0.3, y - r * 0.3),
                        closed=True, steps=5))  # fmt: skip
        return
    for k in range(petals):
        head.fill(
            turned(oval(x, y - r * 0.62, r * 1.5 / petals, r * 0.5), 360 / petals * k, (x, y))
        )
    heart.disc(x, y, r * 0.27)


def blossom(st: Scene, colour: RGB) -> None:
    """Draw flowering branches that reach in from an upper corner."""
    rng = st.rng
    way = rng.choice((-1, 1))
    wood, petals, pale = (Stencil((st.w, st.h)) for _ in range(3))

    def at(x: float, y: float) -> tuple[float, float]:
        return (x if way > 0 else st.w - x), y

    for _ in range(3):
        y0 = st.h * rng.uniform(0.02, 0.2)
        path = [
            at(st.unit * 17 * k - 4, y0 + st.unit * rng.uniform(-4, 5) + k * st.unit * 1.5)
            for k in range(5)
        ]
        line = curve(*path)
        wood.fill(band(line, st.unit * 1.6, st.unit * 0.3, smooth=False))
        for px, py in line[6::2]:
            for _ in range(rng.randint(1, 3)):
                x, y = px + rng.gauss(0, 2.6) * st.unit, py + rng.gauss(0, 2.4) * st.unit
                r = st.unit * rng.uniform(0.7, 1.5)
                for k in range(5):
                    a = k * math.tau / 5 + x
                    (petals if k % 2 else pale).disc(
                        x + math.cos(a) * r * 0.6, y + math.sin(a) * r * 0.6, r * 0.55
                    )
    for _ in range(26):
        petals.fill(
            oval(
                rng.random() * st.w,
                rng.random() * st.h,
                st.unit * 0.6,
                st.unit * 0.35,
                rng.uniform(0, 90),
            )
        )
    st.put(mix(st.palette.near, st.palette.accents[3], 0.2), wood.done(), depth=0.8)
    st.put(colour, petals.done(), depth=0.8, drift=(st.unit * 2, st.unit * 3))
    soft = Image.new("L", (st.w, st.h))
    soft.paste(pale.done(), mask=fade((st.w, st.h), 1, 0.7))
    st.put(mix(colour, WHITE, 0.45), soft, depth=0.8, drift=(st.unit * 2, st.unit * 3))
