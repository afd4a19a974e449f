"""Planets with bands, shadow and rings, and cratered ground."""

from __future__ import annotations

from PIL import Image, ImageChops, ImageFilter

from ..drawing.colour import BLACK, RGB, WHITE, clouds, gradient, levels, mix, scale
from ..drawing.pen import Stencil
from .land import rolling, slab
from .stage import Scene


def world(st: Scene, x: float, y: float, r: float, colour: RGB, ring: bool | None = None) -> None:
    """Draw a planet lit from the side of the sun; `ring` None decides at random."""
    rng = st.rng
    side = round(r * 2) + 2
    second = mix(rng.choice(st.palette.accents), colour, 0.25)
    face = gradient(
        (side, side), [mix(colour, WHITE, 0.25), colour, mix(colour, second, 0.5), second]
    )
    stripes = clouds(rng, (side, side), (1.6, rng.uniform(4, 11)), 4)
    face.paste(mix(colour, WHITE, 0.55), mask=levels(stripes, 0.52, 0.75, 0.6))
    face.paste(mix(second, BLACK, 0.35), mask=levels(ImageChops.invert(stripes), 0.55, 0.8, 0.5))
    face = face.rotate(rng.uniform(-25, 25), Image.Resampling.BICUBIC, fillcolor=second)
    way = 1 if st.sun[0] > x else -1
    shadow = Stencil((side, side), 1)
    shadow.box(0, 0, side, side)
    shadow.disc(side * (0.5 + way * 0.2), side * 0.36, r * 0.92, level=0)
    dusk = scale(shadow.done().filter(ImageFilter.GaussianBlur(r * 0.26)), 0.86)
    face.paste(mix(st.palette.sky[0], BLACK, 0.45), mask=dusk)
    disc = Stencil((side, side), 3)
    disc.disc(side / 2, side / 2, r)
    ringed = (rng.random() < 0.6) if ring is None else ring
    air = Stencil((side * 2, side * 2), 1)
    air.disc(side, side, r * 1.02)
    halo = air.done().filter(ImageFilter.GaussianBlur(r * 0.14))
    st.put(mix(colour, WHITE, 0.4), scale(halo, 0.5), (x - side, y - side), 0.2)
    rings = _rings(r, rng.uniform(0.16, 0.3)) if ringed else None
    tilt = rng.uniform(-24, 24)
    if rings:
        _lay(st, rings, mix(second, WHITE, 0.5), x, y, tilt, behind=True)
    st.put(face, disc.done(), (x - side / 2, y - side / 2), 0.2)
    if rings:
        _lay(st, rings, mix(second, WHITE, 0.5), x, y, tilt, behind=False)


def _rings(r: float, flat: float) -> Image.Image:
    size = round(r * 4.4), round(r * 4.4)
    mask = Stencil(size, 2)
    for outer, level in ((2.1, 120), (1.92, 0), (1.88, 210), (1.6, 90), (1.5, 170), (1.34, 0)):
        mask.disc(size[0] / 2, size[1] / 2, r * outer, r * outer * flat, level)
    return mask.done()


def _lay(
    st: Scene, rings: Image.Image, colour: RGB, x: float, y: float, tilt: float, behind: bool
) -> None:
    half = rings.copy()
    middle = rings.height // 2
    half.paste(0, (0, middle, rings.width, rings.height) if behind else (0, 0, rings.width, middle))
    turned = half.rotate(tilt, Image.Resampling.BICUBIC)
    st.put(colour, scale(turned, 0.85), (x - rings.width / 2, y - rings.height / 2), 0.2)


def craters(st: Scene) -> None:
    """Draw cratered ground."""
    rng = st.rng
    for i in range(3):
        near = i / 2
        base = st.h * (0.68 + 0.1 * i)
        dust = mix(mix(st.palette.far, WHITE, 0.25), mix(st.palette.near, WHITE, 0.18), near)
        line = rolling(rng, st.w, base, st.h * 0.035, 0.8)
        slab(
            st,
            line,
            [mix(dust, WHITE, 0.28), dust, mix(dust, st.palette.near, 0.5)],
            0.3 + 0.25 * i,
        )
        for _ in range(5):
            x, y = rng.random() * st.w, base + st.h * rng.uniform(0.05, 0.14)
            wide = st.unit * rng.uniform(1.5, 5) * (0.6 + near)
            _crater(st, x, y, wide, dust, 0.3 + 0.25 * i)
    st.horizon, st.floor = st.h * 0.68, st.h * 0.9


def _crater(st: Scene, x: float, y: float, wide: float, dust: RGB, depth: float) -> None:
    size = round(wide * 2.4) + 2, round(wide * 0.9) + 2
    cx, cy = size[0] / 2, size[1] / 2
    rim, pit = Stencil(size, 3), Stencil(size, 3)
    rim.disc(cx, cy, wide, wide * 0.32)
    pit.disc(cx, cy - wide * 0.03, wide * 0.88, wide * 0.25)
    st.put(mix(dust, WHITE, 0.3), rim.done(), (x - cx, y - cy), depth)
    st.put(gradient(size, [mix(dust, st.palette.near, 0.75), mix(dust, st.palette.near, 0.25)]),
        pit.done(),
           (x - cx, y - cy), depth)  # fmt: skip
