"""Interiors: a photographer's studio, and a room whose window shows a view."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from PIL import Image, ImageFilter

from ..drawing.colour import RGB, WHITE, fade, gradient, halo, mix, scale
from ..drawing.pen import Stencil
from ..drawing.shapes import band, oval
from .stage import Scene


def studio(st: Scene) -> None:
    """Draw a studio: a seamless backdrop, a spotlight, geometric shapes, a plinth."""
    rng = st.rng
    base = rng.choice(st.palette.accents)
    base = (
        mix(base, st.palette.near, 0.62)
        if st.palette.night
        else mix(base, mix(st.palette.haze, WHITE, 0.3), 0.5)
    )
    light = mix(base, WHITE, 0.2 if st.palette.night else 0.42)
    st.horizon = st.h * rng.uniform(0.66, 0.74)
    st.put(gradient((st.w, st.h), [mix(base, st.palette.near, 0.2), base, mix(base, WHITE, 0.12)]))
    st.sun = st.w * rng.choice((0.2, 0.8)), st.h * 0.1
    side = round(st.unit * 130)
    st.put(light, halo(side, 1.5, 0.8), (st.w / 2 - side / 2, st.h * 0.42 - side / 2))
    _shapes(st, base)
    floor = st.h - round(st.horizon)
    sheet = gradient((st.w, floor), [mix(base, WHITE, 0.2), mix(base, st.palette.near, 0.18)])
    st.put(sheet, fade((st.w, floor), 0.1, 1), (0, st.horizon), 0.3)
    st.floor = st.h * 0.86
    _plinth(st, base)


def _shapes(st: Scene, base: RGB) -> None:
    rng, kind = st.rng, st.rng.choice(("disc", "arch", "arcs", "blocks"))
    second = mix(rng.choice([c for c in st.palette.accents if c != base]), base, 0.3)
    mask = Stencil((st.w, st.h))
    cx, foot, r = st.w / 2, st.horizon, st.unit * rng.uniform(29, 34)
    if kind == "disc":
        mask.disc(cx, st.h * 0.44, r)
    elif kind == "arch":
        mask.disc(cx, foot - r * 1.15, r)
        mask.box(cx - r, foot - r * 1.15, cx + r, st.h * 0.86)
    elif kind == "arcs":
        for k in range(4):
            mask.disc(cx, foot, r * (1.35 - 0.3 * k), level=0 if k % 2 else 255)
    else:
        mask.box(cx - r * 1.2, st.h * 0.3, cx - r * 0.1, st.h * 0.86, 150)
        mask.box(cx - r * 0.2, st.h * 0.16, cx + r * 1.1, st.h * 0.86, 255)
    st.put(
        gradient((st.w, st.h), [mix(second, WHITE, 0.15), second, mix(second, base, 0.6)]),
        mask.done(),
        depth=0.15,
    )


def _plinth(st: Scene, base: RGB) -> None:
    wide, flat, tall = st.unit * 40, st.unit * 6.5, st.unit * 12
    size = round(wide * 2), round(tall + flat * 2)
    side, top = Stencil(size, 2), Stencil(size, 2)
    cx = size[0] / 2
    side.disc(cx, flat + tall, wide, flat)
    side.box(cx - wide, flat, cx + wide, flat + tall)
    side.disc(cx, flat, wide, flat)
    top.disc(cx, flat, wide, flat)
    at = st.w / 2 - cx, st.floor - flat
    shadow = Stencil((size[0] * 2, round(flat * 4)), 1)
    shadow.disc(size[0], flat * 2, wide * 1.15, flat)
    soft = scale(shadow.done().filter(ImageFilter.GaussianBlur(st.unit * 3)), 0.4)
    st.put(mix(st.palette.near, (0, 0, 0), 0.2), soft, (st.w / 2 - size[0], at[1] + tall), 0.3)
    stone = mix(base, WHITE, 0.45 if not st.palette.night else 0.2)
    left = 1 if st.sun[0] < st.w / 2 else -1
    shades = [
        mix(stone, WHITE, 0.15),
        stone,
        mix(stone, base, 0.8),
        mix(base, st.palette.near, 0.35),
    ]
    st.put(gradient(size, shades[::left], across=True), side.done(), at, 0.3)
    st.put(gradient(size, [mix(stone, WHITE, 0.25), mix(stone, WHITE, 0.55)]), top.done(), at, 0.3)


def window_room(st: Scene, views: Mapping[str, Callable[[Scene], None]]) -> None:
    """Draw a room: a wall, a large window, a picture, a table top in front, a plant."""
    rng = st.rng
    wall = mix(rng.choice(st.palette.accents), st.palette.haze, 0.5)
    wall = mix(wall, st.palette.near, 0.72 if st.palette.night else 0.1)
    st.put(gradient((st.w, st.h), [mix(wall, st.palette.near, 0.15), wall]))
    st.sun, st.horizon = (st.w * 0.5, st.h * 0.3), st.h * 0.78
    _window(st, wall, rng.choice([views[name] for name in sorted(views)]))
    _picture(st, wall)
    table = st.h - round(st.horizon)
    wood = mix(
        mix(st.palette.accents[1], (120, 70, 40), 0.6),
        st.palette.near,
        0.5 if st.palette.night else 0.12,
    )
    st.put(gradient((st.w, table), [mix(wood, st.palette.glow, 0.3), wood,
        mix(wood, st.palette.near, 0.35)]),
           Image.new("L", (st.w, table), 255), (0, st.horizon), 0.5)  # fmt: skip
    edge = Image.new("L", (st.w, max(1, round(st.unit * 0.8))), 120)
    st.put(mix(wood, WHITE, 0.5), edge, (0, st.horizon), 0.5)
    plant(st, st.w * rng.choice((0.1, 0.9)), st.horizon + st.unit * 5, st.unit * 40)
    st.floor = st.horizon + table * 0.5


def _window(st: Scene, wall: RGB, paint: Callable[[Scene], None]) -> None:
    rng = st.rng
    size = round(min(st.w * 0.62, st.unit * 82)), round(st.h * 0.58)
    x, y = st.w * rng.choice((0.4, 0.5, 0.6)) - size[0] / 2, st.h * 0.1
    view = Scene(size, rng, st.palette)
    paint(view)
    frame = mix(wall, WHITE, 0.6) if not st.palette.night else mix(wall, st.palette.near, 0.5)
    pad = round(st.unit * 1.8)
    st.put(
        frame, Image.new("L", (size[0] + 2 * pad, size[1] + 2 * pad), 255), (x - pad, y - pad), 0.15
    )
    st.put(view.canvas, Image.new("L", size, 255), (x, y), 0.1)
    bar = max(2, round(st.unit * 1.1))
    for k in (1, 2):
        st.put(frame, Image.new("L", (bar, size[1]), 255), (x + size[0] * k / 3 - bar / 2, y), 0.15)
    st.put(frame, Image.new("L", (size[0], bar), 255), (x, y + size[1] * 0.32), 0.15)
    sill = round(size[0] + 6 * pad), round(pad * 1.4)
    st.put(mix(frame, WHITE, 0.3), Image.new("L", sill, 255), (x - 3 * pad, y + size[1] + pad), 0.2)
    beam = Stencil((st.w, st.h), 1)
    beam.fill([(x, y), (x + size[0], y), (x + size[0] * 1.25, st.h), (x + size[0] * 0.1, st.h)])
    soft = beam.done().filter(ImageFilter.BoxBlur(st.unit * 3))
    st.put(st.palette.glow, scale(soft, 0.05 if st.palette.night else 0.1), depth=0.2)


def _picture(st: Scene, wall: RGB) -> None:
    size = round(st.unit * 14), round(st.unit * 18)
    art = gradient(size, [mix(wall, WHITE, 0.5), mix(wall, WHITE, 0.3)])
    dots = Stencil(size, 3)
    dots.disc(size[0] * 0.5, size[1] * 0.4, size[0] * 0.22)
    dots.disc(size[0] * 0.5, size[1] * 0.95, size[0] * 0.5, size[1] * 0.28)
    art.paste(st.palette.accents[0], mask=dots.done())
    x = st.w * (0.04 if st.rng.random() < 0.5 else 0.96) - size[0] / 2
    st.put(
        mix(wall, st.palette.near, 0.6),
        Image.new("L", (size[0] + 6, size[1] + 6), 255),
        (x - 3, st.h * 0.22 - 3),
        0.15,
    )
    st.put(art, Image.new("L", size, 255), (x, st.h * 0.22), 0.15)


def plant(st: Scene, x: float, foot: float, tall: float) -> None:
    """Draw a pot with broad leaves."""
    size = round(tall * 1.1), round(tall)
    s, cx = tall / 100, size[0] / 2
    leaves, veins, pot = Stencil(size, 2), Stencil(size, 2), Stencil(size, 2)
    for k in range(11):
        a = math.radians(-160 + 14 * k + st.rng.uniform(-6, 6))
        reach = s * st.rng.uniform(34, 62)
        tip = cx + math.cos(a) * reach * 0.72, 72 * s + math.sin(a) * reach
        leaves.fill(band([(cx, 74 * s), tip], 1.6 * s, 1 * s))
        leaves.fill(oval(*tip, 13 * s, 5.4 * s, math.degrees(a)))
        veins.fill(band([(tip[0] - math.cos(a) * 12 * s, tip[1] - math.sin(a) * 12 * s),
                         (tip[0] + math.cos(a) * 12 * s, tip[1] + math.sin(a) * 12 * s)], 0.8 * s,
                             0.3 * s))  # fmt: skip
    pot.fill(
        [(cx - 15 * s, 72 * s), (cx + 15 * s, 72 * s), (cx + 11 * s, 99 * s), (cx - 11 * s, 99 * s)]
    )
    pot.box(cx - 17 * s, 70 * s, cx + 17 * s, 76 * s)
    green = mix(
        mix((64, 140, 96), st.palette.ground, 0.4),
        st.palette.near,
        0.6 if st.palette.night else 0.1,
    )
    at = x - cx, foot - tall
    st.put(
        gradient(size, [mix(green, st.palette.glow, 0.25), mix(green, st.palette.near, 0.35)]),
        leaves.done(),
        at,
        0.6,
    )
    st.put(mix(green, WHITE, 0.3), veins.done(), at, 0.6)
    clay = mix(st.palette.accents[0], st.palette.near, 0.5 if st.palette.night else 0.1)
    st.put(
        gradient(size, [mix(clay, WHITE, 0.2), clay, mix(clay, st.palette.near, 0.4)], across=True),
        pot.done(),
        at,
        0.6,
    )
