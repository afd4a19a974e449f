"""A scene after old woodblock prints: a large sun, a snow-capped volcano, waves, a gate."""

from __future__ import annotations

from ..drawing.colour import RGB, WHITE, gradient, mix
from ..drawing.pen import Stencil
from .garden import blossom
from .land import rough_line
from .sky import cloud_bank, mist, sky, stars
from .stage import Scene
from .woods import hills


def japan(st: Scene) -> None:
    """Draw a volcano behind a lake with a gate in the water."""
    st.horizon = st.h * 0.66
    centre = st.w * st.rng.choice((0.4, 0.5, 0.6))
    st.sun = centre + st.w * st.rng.uniform(-0.14, 0.14), st.h * st.rng.uniform(0.24, 0.34)
    sky(st)
    if st.palette.night:
        stars(st)
    r = st.unit * st.rng.uniform(15, 20)
    disc = Stencil((round(r * 2) + 2, round(r * 2) + 2), 3)
    disc.disc(r + 1, r + 1, r)
    red = st.palette.sun if st.palette.night else mix((214, 48, 49), st.palette.accents[0], 0.35)
    st.put(
        gradient(disc.done().size, [red, mix(red, st.palette.glow, 0.45)]),
        disc.done(),
        (st.sun[0] - r, st.sun[1] - r),
    )
    cone(st, centre, st.horizon, st.h * 0.4)
    cloud_bank(st, "streaks")
    mist(st, st.horizon, st.h * 0.18)
    hills(st, 2, st.h * 0.63, st.h * 0.66, start=0.35)
    _water(st, st.h * 0.67)
    gate(st, st.w - centre + st.w * st.rng.uniform(-0.06, 0.06), st.h * 0.8, st.h * 0.26)
    st.floor = st.h * 0.93
    st.front.append(lambda: blossom(st, mix((255, 176, 198), st.palette.glow, 0.2)))


def _water(st: Scene, top: float) -> None:
    st.mirror(top, st.h, 0.45, 0.5)
    scales(st, top + st.h * 0.12)


def scales(st: Scene, top: float) -> None:
    """Draw waves as overlapping rings (seigaiha), larger towards the viewer."""
    y, row = top, 0
    while y < st.h + st.unit * 8:
        near = (y - top) / (st.h - top)
        r = st.unit * (3.5 + 4 * near)
        deep = mix(st.palette.water, st.palette.sky[0], 0.35 + 0.4 * near)
        size = st.w, round(r * 2)
        for k, share in enumerate((1.0, 0.82, 0.62, 0.42, 0.2)):
            mask = Stencil(size)
            x = -r + (r if row % 2 else 0)
            while x < st.w + r:
                mask.disc(x, r, r * share)
                x += r * 2
            st.put(
                mix(deep, WHITE, 0.62) if k % 2 else deep, mask.done(), (0, y - r), 0.3 + 0.5 * near
            )
        y, row = y + r * 0.55, row + 1


def cone(st: Scene, x: float, base: float, tall: float) -> None:
    """Draw a volcano with a snow cap."""
    wide = tall * 1.5
    size = round(wide * 2), round(tall) + 2
    left, right = [], []
    for k in range(41):
        u = k / 40
        reach = wide * (0.07 + 0.93 * u**1.7)
        left.append((wide - reach, tall * u))
        right.append((wide + reach, tall * u))
    body, snow, side = Stencil(size), Stencil(size), Stencil(size)
    body.fill([*left[::-1], *right])
    line = 13
    hem, at = [], right[line][0]
    span = at - left[line][0]
    while at > left[line][0] + span * 0.12:
        step = span * st.rng.uniform(0.12, 0.3)
        tip = right[line][1] + tall * st.rng.uniform(0.04, 0.2)
        hem += [
            (at - step * 0.5, tip),
            (at - step, right[line][1] - tall * st.rng.uniform(-0.01, 0.05)),
        ]
        at -= step
    cap = [*left[line::-1], *right[: line + 1], *hem]
    snow.fill(cap)
    way = 1 if st.sun[0] > x else -1
    spine = rough_line(st.rng, (wide, 0), (wide - way * wide * 0.3, tall), 0.08)
    side.fill([*spine, *((left if way > 0 else right)[::-1])])
    colour = mix(st.palette.far, st.palette.near, 0.35)
    corner = x - wide, base - tall
    st.put(gradient(size, [colour, mix(colour, st.palette.haze, 0.45)]), body.done(), corner, 0.1)
    st.put(mix(WHITE, st.palette.haze, 0.25), snow.done(), corner, 0.1)
    dusk = side.done().point([round(i * 0.3) for i in range(256)])
    st.put(mix(st.palette.near, st.palette.sky[0], 0.4), dusk, corner, 0.1)


def gate(st: Scene, x: float, foot: float, tall: float) -> None:
    """Draw a torii that stands in the water."""
    red: RGB = mix((200, 52, 40), st.palette.near, 0.5 if st.palette.night else 0.12)
    wide = tall * 1.16
    size = round(wide * 1.2), round(tall * 1.02)
    s, cx = tall / 100, size[0] / 2
    mask, dark, wet = Stencil(size, 3), Stencil(size, 3), Stencil((size[0], round(tall * 0.4)), 2)
    for way in (-1, 1):
        mask.fill(
            [
                (cx + way * 33 * s, 14 * s),
                (cx + way * 40 * s, 14 * s),
                (cx + way * 45 * s, 100 * s),
                (cx + way * 36.5 * s, 100 * s),
            ]
        )
        dark.fill(
            [
                (cx + way * 35 * s, 90 * s),
                (cx + way * 46 * s, 90 * s),
                (cx + way * 46 * s, 100 * s),
                (cx + way * 35 * s, 100 * s),
            ]
        )
        wet.fill(
            [
                (cx + way * 36 * s, 0),
                (cx + way * 45 * s, 0),
                (cx + way * 44 * s, 40 * s),
                (cx + way * 37 * s, 40 * s),
            ]
        )
    mask.box(cx - 48 * s, 26 * s, cx + 48 * s, 32 * s)
    mask.box(cx - 4 * s, 14 * s, cx + 4 * s, 27 * s)
    mask.fill(
        [
            (cx - 57 * s, 8 * s),
            (cx, 11.5 * s),
            (cx + 57 * s, 8 * s),
            (cx + 53 * s, 15 * s),
            (cx, 17.5 * s),
            (cx - 53 * s, 15 * s),
        ]
    )
    dark.fill([(cx - 62 * s, 1 * s), (cx - 30 * s, 5.4 * s), (cx, 6 * s), (cx + 30 * s, 5.4 * s),
        (cx + 62 * s, 1 * s),
               (cx + 57 * s, 8.5 * s), (cx, 12 * s), (cx - 57 * s, 8.5 * s)])  # fmt: skip
    at = x - cx, foot - tall
    st.put(
        gradient(size, [mix(red, st.palette.glow, 0.15), red, mix(red, st.palette.near, 0.45)]),
        mask.done(),
        at,
        0.45,
    )
    st.put(mix(st.palette.near, (30, 20, 30), 0.4), dark.done(), at, 0.45)
    st.put(
        mix(red, st.palette.water, 0.35),
        wet.done().point([i // 2 for i in range(256)]),
        (x - cx, foot),
        0.45,
    )
