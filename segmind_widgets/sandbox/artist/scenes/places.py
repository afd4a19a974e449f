"""Places: each function draws a scene from the sky to the ground under a subject."""

from __future__ import annotations

from collections.abc import Callable

from ..drawing.colour import WHITE, gradient, mix
from .backcloth import backcloth
from .garden import beds, hedge
from .indoors import studio, window_room
from .japan import japan
from .land import dunes, mesas, peaks, ridges, rolling, slab
from .orbs import craters, world
from .sea import below, island, open_water, palms, shore, swell
from .sky import aurora, birds, cloud_bank, glow, luminary, mist, nebula, sky, snowfall, stars
from .stage import Scene
from .town import lamps, pavement, quay, skyline, terrace
from .woods import framing, hills, meadow, pines


def _heavens(st: Scene, horizon: float, clouds: str = "") -> None:
    st.horizon = st.h * horizon
    st.sun = st.w * st.rng.choice((0.26, 0.36, 0.64, 0.74)), st.horizon * st.rng.uniform(0.32, 0.72)
    sky(st)
    if st.palette.night:
        stars(st, 1.8 if "stars" in st.wishes else 1)
    if "aurora" in st.wishes:
        aurora(st)
    luminary(st)
    cloud_bank(st, clouds)


def mountain(st: Scene) -> None:
    """Draw snowy mountains behind a forest and a dark meadow."""
    _heavens(st, st.rng.uniform(0.6, 0.7))
    birds(st)
    ridges(st, st.rng.randint(3, 4), st.h * 0.42, st.h * 0.78, snow=True)
    mist(st, st.h * 0.8, st.h * 0.22)
    pines(st, st.h * 0.86, st.unit * 9, 0.72, 0.6)
    meadow(st, st.h * 0.9, flowers=False, dark=0.7)
    if st.rng.random() < 0.45:
        st.front.append(lambda: framing(st))


def lake(st: Scene) -> None:
    """Draw a mountain lake with conifers on the far shore."""
    shore_line = st.rng.uniform(0.58, 0.66)
    _heavens(st, shore_line)
    ridges(st, 3, st.h * (shore_line - 0.24), st.h * (shore_line + 0.02), snow=True)
    mist(st, st.h * shore_line, st.h * 0.14, 0.6)
    pines(st, st.h * (shore_line - 0.01), st.unit * 6, 0.7, 0.4, gap=0.25)
    open_water(st, st.h * (shore_line + 0.012), clear=0.78, ripple=0.55)
    _near_shore(st, lambda: meadow(st, st.h * 0.92, flowers=False, dark=0.75))
    if st.rng.random() < 0.55:
        st.front.append(lambda: framing(st))


def _near_shore(st: Scene, lay: Callable[[], None]) -> None:
    """Draw the land nearest to the viewer.

    If a subject floats, the land is drawn in front of it, to cover its reflection.
    """
    if st.wishes & {"water", "leap"}:
        st.floor = st.h * 0.86
        st.front.append(lay)
    else:
        lay()


def sea(st: Scene) -> None:
    """Draw the open sea with an island."""
    _heavens(st, st.rng.uniform(0.52, 0.62))
    birds(st)
    x = st.w * (0.8 if st.sun[0] < st.w / 2 else 0.2)
    island(st, st.horizon + 1, x, st.w * st.rng.uniform(0.25, 0.45), 0.3)
    open_water(st, st.horizon, clear=0.45)
    if st.wishes & {"ground", "table"}:
        shore(st, st.h * 0.82)
        return
    st.floor = st.h * 0.82
    base = st.h * 0.8
    st.front.append(lambda: swell(st, base, 3))


def beach(st: Scene) -> None:
    """Draw a beach with palms and an island."""
    _heavens(st, st.rng.uniform(0.48, 0.56))
    island(st, st.horizon + 1, st.w * st.rng.uniform(0.1, 0.9), st.w * 0.3, 0.25)
    open_water(st, st.horizon, clear=0.4)
    _near_shore(st, lambda: shore(st, st.h * 0.8))
    palms(st)


def forest(st: Scene) -> None:
    """Draw layers of conifers in mist."""
    _heavens(st, 0.72, "soft")
    for i in range(4):
        near = 0.1 + 0.27 * i
        tall = st.unit * (16 + 13 * i)
        pines(st, st.h * (0.6 + 0.09 * i), tall, near, 0.15 + 0.2 * i, gap=0.24 + 0.05 * i)
        mist(st, st.h * (0.66 + 0.09 * i), st.h * 0.2, 0.75 - 0.15 * i)
    meadow(st, st.h * 0.9, flowers=True, dark=0.72)


def country(st: Scene) -> None:
    """Draw rolling hills with a meadow."""
    _heavens(st, st.rng.uniform(0.56, 0.64), "puffs")
    peaks(st, st.horizon + st.h * 0.03, st.h * 0.16, 0.1, False, 0.1)
    hills(st, 4, st.horizon, st.h * 0.84)
    meadow(st, st.h * 0.87, dark=0.2)


def desert(st: Scene) -> None:
    """Draw dunes in front of mesas."""
    _heavens(st, st.rng.uniform(0.55, 0.64), "streaks")
    mesas(st, st.horizon + st.h * 0.02)
    dunes(st, 4, st.horizon + st.h * 0.02, st.h * 0.86)
    st.floor = st.h * 0.9


def city(st: Scene) -> None:
    """Draw a city skyline behind water."""
    _heavens(st, st.rng.uniform(0.66, 0.72), "streaks")
    skyline(st, st.horizon + 1)
    open_water(st, st.horizon, clear=0.7, ripple=0.9)
    st.floor = st.h * 0.94
    if st.wishes & {"ground", "table"}:
        quay(st, st.h * 0.85)


def street(st: Scene) -> None:
    """Draw a street with old houses and lamps."""
    base = st.h * 0.74
    _heavens(st, 0.6)
    skyline(st, base, 1)
    terrace(st, base)
    pavement(st, base)
    lamps(st, base + (st.h - base) * 0.2)


def snowland(st: Scene) -> None:
    """Draw a snowy landscape, with an aurora at night."""
    _heavens(st, st.rng.uniform(0.58, 0.66))
    if st.palette.night and "aurora" not in st.wishes:
        aurora(st)
    ridges(st, 3, st.h * 0.42, st.h * 0.7, snow=True)
    pines(st, st.h * 0.7, st.unit * 10, 0.62, 0.4)
    white = mix(WHITE, st.palette.haze, 0.75 if st.palette.night else 0.25)
    for i in range(3):
        line = rolling(st.rng, st.w, st.h * (0.73 + 0.08 * i), st.h * 0.035, 0.6)
        cool = mix(white, mix(st.palette.water, st.palette.far, 0.5), 0.5 + 0.1 * i)
        slab(
            st, line, [mix(white, st.palette.sun, 0.3), mix(white, cool, 0.5), cool], 0.4 + 0.2 * i
        )
    st.floor = st.h * 0.92
    if not st.palette.night or st.rng.random() < 0.4:
        st.front.append(lambda: snowfall(st, 0.7))


def space(st: Scene) -> None:
    """Draw stars, a nebula and two planets."""
    st.sun = st.w * st.rng.choice((0.2, 0.8)), st.h * st.rng.uniform(0.15, 0.4)
    st.put(gradient((st.w, st.h), st.palette.sky))
    nebula(st)
    stars(st, 1.2, st.h)
    planet(st)
    st.horizon, st.floor = st.h * 0.8, st.h * 0.85


def planet(st: Scene) -> None:
    """Draw a large planet and a small one on the side of the sun."""
    x = st.w - st.sun[0] + st.rng.uniform(-0.08, 0.08) * st.w
    world(
        st,
        x,
        st.h * st.rng.uniform(0.6, 0.85),
        st.unit * st.rng.uniform(20, 34),
        st.palette.accents[0],
    )
    world(
        st, st.sun[0], st.sun[1], st.unit * st.rng.uniform(5, 8), st.palette.accents[1], ring=False
    )


def moonscape(st: Scene) -> None:
    """Draw cratered ground under a sky of stars with a planet."""
    st.sun = st.w * st.rng.choice((0.25, 0.75)), st.h * 0.28
    st.put(gradient((st.w, st.h), st.palette.sky))
    nebula(st)
    stars(st, 1.2, st.h * 0.8)
    world(
        st,
        st.sun[0],
        st.sun[1],
        st.unit * st.rng.uniform(12, 18),
        st.palette.accents[2],
        ring=False,
    )
    craters(st)


def underwater(st: Scene) -> None:
    """Draw an underwater scene."""
    st.sun = st.w * st.rng.uniform(0.3, 0.7), 0
    below(st)


def garden(st: Scene) -> None:
    """Draw a garden with a hedge and flower beds."""
    _heavens(st, 0.58, "puffs")
    hills(st, 2, st.horizon, st.h * 0.68, start=0.1)
    hedge(st, st.h * 0.72)
    meadow(st, st.h * 0.76, dark=0.1)
    beds(st, st.h * 0.8)


def room(st: Scene) -> None:
    """Draw a room whose window shows one of `VIEWS`."""
    window_room(st, VIEWS)


def islands(st: Scene) -> None:
    """Draw mountain peaks that rise from fog like islands."""
    from .sky import mist as fog

    _heavens(st, 0.7, "soft")
    for i in range(4):
        near = 0.1 + 0.25 * i
        y = st.h * (0.5 + 0.1 * i)
        peaks(st, y, st.h * 0.2 * (1 - 0.15 * i), near, False, near * 0.5)
        fog(st, y + st.h * 0.06, st.h * 0.2, 0.9)
    glow(st, *st.sun, st.h * 0.4, 0.3)
    meadow(st, st.h * 0.92, False, 0.7)


# Views for a window: places that are complete without the `front` layers.
VIEWS: dict[str, Callable[[Scene], None]] = {
    "mountain": mountain, "lake": lake, "city": city, "country": country,
}  # fmt: skip

PLACES: dict[str, Callable[[Scene], None]] = {
    place.__name__: place
    for place in (
        mountain, lake, sea, beach, forest, country, desert, city, street, snowland, space,
        moonscape, underwater, garden, studio, room, japan, islands, backcloth,
    )
}  # fmt: skip
