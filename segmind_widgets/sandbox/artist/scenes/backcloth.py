"""The background of a portrait: plain colour, a large disc, leaves on both sides."""

from __future__ import annotations

import math

from ..drawing.colour import WHITE, gradient, mix
from ..drawing.pen import Stencil
from ..drawing.shapes import Outline, band, blob, oval, turned
from .sky import stars
from .stage import Scene


def backcloth(st: Scene) -> None:
    """Draw a portrait background: plain colour, a large disc, leaves on both sides."""
    rng = st.rng
    st.sun = st.w * rng.choice((0.22, 0.78)), st.h * 0.25
    st.horizon, st.floor = st.h * 0.8, st.h * 1.0
    sky = st.palette.sky
    st.put(gradient((st.w, st.h), [mix(sky[0], sky[1], 0.5), sky[len(sky) // 2], sky[-1]]))
    if st.palette.night:
        stars(st, 0.7, st.h)
    _disc(st)
    kind = rng.choice(("fern", "monstera", "oval", "oval"))
    for way in (-1, 1):
        for back in (True, False):
            _spray(st, way, kind, back)


def _disc(st: Scene) -> None:
    r = st.unit * st.rng.uniform(33, 38)
    size = round(r * 2) + 2
    disc = Stencil((size, size), 3)
    disc.disc(r + 1, r + 1, r)
    colour = st.rng.choice(st.palette.accents)
    top = mix(colour, st.palette.sun, 0.6)
    at = st.w / 2 - r, st.h * 0.44 - r
    st.put(gradient((size, size), [top, colour]), disc.done(), at, 0.1)
    ring = Stencil((size * 2, size * 2), 2)
    for k, level in ((1.16, 70), (1.13, 0), (1.3, 45), (1.28, 0)):
        ring.disc(size, size, r * k, level=level)
    st.put(mix(st.palette.sun, WHITE, 0.3), ring.done(), (st.w / 2 - size, st.h * 0.44 - size), 0.1)


def _spray(st: Scene, way: int, kind: str, back: bool) -> None:
    """Draw leaves that fan out from a lower corner."""
    rng = st.rng
    mask, veins = Stencil((st.w, st.h)), Stencil((st.w, st.h))
    root = st.w / 2 + way * max(st.w * 0.42, st.unit * 42) * (1 if back else 1.16), st.h * 1.04
    for k in range(5 if back else 4):
        reach = st.unit * rng.uniform(30, 58) * (1.15 if back else 0.6)
        angle = math.radians(-90 + way * (-22 + 19 * k) + rng.uniform(-6, 6))
        tip = root[0] + math.cos(angle) * reach, root[1] + math.sin(angle) * reach
        turn = math.degrees(angle) + 90
        mask.fill(band([root, tip], st.unit * 0.8, st.unit * 0.4))
        size = st.unit * rng.uniform(7, 10)
        for outline in _leaves(kind, size):
            mask.fill([(x + tip[0], y + tip[1]) for x, y in turned(outline, turn, (0, 0))])
        rib = [
            (x + tip[0], y + tip[1])
            for x, y in turned([(0, size * 1.6), (0, -size * 1.8)], turn, (0, 0))
        ]
        veins.fill(band(rib, st.unit * 0.35, st.unit * 0.1))
    leaf = mix(st.palette.near, st.palette.ground, 0.3 if back else 0.06)
    leaf = mix(leaf, st.palette.far, 0.35) if back else leaf
    depth = 0.4 if back else 0.8

    def lay() -> None:
        st.put(
            gradient((st.w, st.h), [mix(leaf, st.palette.glow, 0.25), leaf]),
            mask.done(),
            depth=depth,
        )
        st.put(mix(leaf, st.palette.glow, 0.35), veins.done(), depth=depth)

    if back:
        lay()
    else:
        st.front.append(lay)


def _leaves(kind: str, size: float) -> list[Outline]:
    if kind == "fern":
        return [
            turned(oval(0, -size * 0.55, size * 0.2, size * 0.62), way * 62, (0, 0))
            if k == 0
            else [
                (x, y + size * (1.5 - k * 0.55))
                for x, y in turned(
                    oval(0, -size * 0.6, size * 0.2, size * (0.75 - 0.07 * k)),
                    way * (64 - 4 * k),
                    (0, 0),
                )
            ]
            for k in range(6)
            for way in (-1, 1)
        ]
    if kind == "monstera":
        heart = blob((0, size * 0.9), (-size * 0.9, size * 0.7), (-size * 1.15, -size * 0.2),
            (-size * 0.6, -size * 1.2), (0, -size * 1.8),
                     (size * 0.6, -size * 1.2), (size * 1.15, -size * 0.2),
                         (size * 0.9, size * 0.7))  # fmt: skip
        return [heart]
    return [oval(0, 0, size * 0.72, size * 1.75)]
