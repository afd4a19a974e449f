"""Circles, quarter circles and leaves on a grid."""

from __future__ import annotations

import math
from collections.abc import Callable

from ..drawing.colour import BLACK, WHITE, gradient, mix
from ..drawing.pen import Stencil
from .stage import Scene


def tiles(st: Scene) -> None:
    """Draw circles, quarter circles and leaves on a grid, in the Bauhaus style."""
    rng = st.rng
    cell = min(st.w, st.h) / rng.choice((3, 4, 5))
    columns, rows = math.ceil(st.w / cell), math.ceil(st.h / cell)
    colours = [*st.palette.accents, st.palette.sky[0], st.palette.sky[-1], st.palette.near]
    left, top = (st.w - columns * cell) / 2, (st.h - rows * cell) / 2
    for c in range(columns):
        for r in range(rows):
            back, front, dot = rng.sample(colours, 3)
            x, y = round(left + c * cell), round(top + r * cell)
            size = round(left + (c + 1) * cell) - x, round(top + (r + 1) * cell) - y
            st.put(gradient(size, [mix(back, WHITE, 0.06), mix(back, BLACK, 0.06)]), at=(x, y))
            mask, small = Stencil(size, 3), Stencil(size, 3)
            rng.choice(_MOTIFS)(mask, small, *size)
            spin = rng.choice((0, 90, 180, 270))
            for stencil, colour in ((mask, front), (small, dot)):
                st.put(
                    gradient(size, [mix(colour, WHITE, 0.14), colour]),
                    stencil.done().rotate(spin).resize(size),
                    (x, y),
                )


Motif = Callable[[Stencil, Stencil, float, float], None]


def _target(mask: Stencil, small: Stencil, w: float, h: float) -> None:
    mask.disc(w / 2, h / 2, w * 0.42, h * 0.42)
    small.disc(w / 2, h / 2, w * 0.2, h * 0.2)


def _quarter(mask: Stencil, small: Stencil, w: float, h: float) -> None:
    mask.disc(0, 0, w, h)
    small.disc(0, 0, w * 0.5, h * 0.5)


def _ripple(mask: Stencil, _small: Stencil, w: float, h: float) -> None:
    for k, level in ((1.0, 255), (0.8, 0), (0.6, 255), (0.4, 0), (0.2, 255)):
        mask.disc(0, h, w * k, h * k, level)


def _corner(mask: Stencil, small: Stencil, w: float, h: float) -> None:
    mask.fill([(0, 0), (w, 0), (0, h)])
    small.disc(w * 0.68, h * 0.68, w * 0.18, h * 0.18)


def _leaf(mask: Stencil, _small: Stencil, w: float, h: float) -> None:
    turns = [math.pi / 2 * k / 16 for k in range(17)]
    upper = [(w * (1 - math.cos(a)), h * math.sin(a)) for a in turns]
    lower = [(w * math.sin(a), h * (1 - math.cos(a))) for a in reversed(turns)]
    mask.fill([*upper, *lower])


def _halves(mask: Stencil, small: Stencil, w: float, h: float) -> None:
    mask.disc(w / 2, 0, w / 2, h / 2)
    small.disc(w / 2, h, w / 2, h / 2)


def _bars(mask: Stencil, _small: Stencil, w: float, h: float) -> None:
    for k in range(4):
        mask.box(w * (0.06 + 0.25 * k), 0, w * (0.19 + 0.25 * k), h)


def _dots(mask: Stencil, _small: Stencil, w: float, h: float) -> None:
    for k in range(9):
        mask.disc(w * (k % 3 + 0.5) / 3, h * (k // 3 + 0.5) / 3, w * 0.1, h * 0.1)


_MOTIFS: tuple[Motif, ...] = (_target, _quarter, _ripple, _corner, _leaf, _halves, _bars, _dots)
