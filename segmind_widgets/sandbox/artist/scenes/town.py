"""Buildings as a backdrop: skylines, rows of houses, streets."""

from __future__ import annotations

from random import Random

from PIL import Image, ImageFilter

from ..drawing.colour import RGB, WHITE, fade, gradient, halo, mix, scale
from ..drawing.pen import Stencil
from .land import tone
from .stage import Scene


def skyline(st: Scene, base: float, rows: int = 3) -> None:
    """Draw rows of towers with windows; nearer rows are darker."""
    for i in range(rows):
        near = (i + 0.6) / rows
        _row(st, base, near, 0.1 + 0.35 * near)
        if i < rows - 1:
            haze = fade((st.w, round(st.h * 0.3)), 0, 0.45 - 0.2 * near)
            st.put(mix(st.palette.haze, st.palette.glow, 0.3), haze, (0, base - st.h * 0.3), 0.1)


def _row(st: Scene, base: float, near: float, depth: float) -> None:
    rng = st.rng
    high = round(min(base - st.h * 0.03, st.h * 0.62))
    top = round(base) - high
    size = st.w, high
    body, side, lit, dim = (Stencil(size) for _ in range(4))
    x = -st.unit * 4.0
    while x < st.w:
        wide = st.unit * rng.uniform(5, 12) * (0.7 + 0.5 * near)
        centre = 1 - abs((x + wide / 2) / st.w - 0.5) * 1.1
        tall = high * rng.uniform(0.22, 0.95) ** (0.7 + near * 1.1) * centre
        tall = max(tall, high * 0.12)
        _tower(rng, body, side, x, wide, tall, high, st.unit)
        if near > 0.25:
            _windows(rng, lit, dim, x, wide, tall, high, st)
        x += wide * rng.uniform(0.82, 1.25)
    colour = tone(st, 0.12 + 0.85 * near)
    foot = mix(colour, mix(st.palette.haze, st.palette.glow, 0.3), 0.5 - 0.25 * near)
    mask = body.done()
    st.put(gradient(size, [colour, colour, foot]), mask, (0, top), depth)
    st.put(mix(colour, st.palette.glow, 0.22), scale(side.done(), 0.7), (0, top), depth)
    st.put(
        mix(colour, st.palette.haze, 0.2 if not st.palette.night else 0.12),
        dim.done(),
        (0, top),
        depth,
    )
    warm = lit.done()
    if st.palette.night:
        glow = warm.filter(ImageFilter.GaussianBlur(st.unit * 0.6))
        st.put(st.palette.accents[0], scale(glow, 0.6), (0, top), depth)
    st.put(
        mix(st.palette.accents[0], (255, 226, 150), 0.6),
        scale(warm, 0.5 + 0.5 * near),
        (0, top),
        depth,
    )


def _tower(
    rng: Random, body: Stencil, side: Stencil, x: float, wide: float, tall: float, high: int,
    unit: float,
) -> None:  # fmt: skip
    top, kind = high - tall, rng.random()
    body.box(x, top, x + wide, high)
    side.box(x + wide * 0.72, top, x + wide, high)
    if kind < 0.2:  # stepped
        body.box(x + wide * 0.18, top - wide * 0.35, x + wide * 0.82, top)
        body.box(x + wide * 0.36, top - wide * 0.7, x + wide * 0.64, top)
    elif kind < 0.34:  # pointed
        body.fill([(x, top + 1), (x + wide / 2, top - wide * 0.75), (x + wide, top + 1)])
        side.fill(
            [(x + wide * 0.72, top + 1), (x + wide / 2, top - wide * 0.75), (x + wide, top + 1)]
        )
    elif kind < 0.48:  # slanted
        body.fill([(x, top + 1), (x + wide, top - wide * 0.5), (x + wide, top + 1)])
    elif kind < 0.58:  # domed
        body.disc(x + wide / 2, top + 1, wide / 2, wide * 0.42)
    if rng.random() < 0.3:
        mast = x + wide / 2
        body.box(mast - unit * 0.14, top - tall * 0.14 - wide * 0.6, mast + unit * 0.14, top)


def _windows(
    rng: Random, lit: Stencil, dim: Stencil, x: float, wide: float, tall: float, high: int,
    st: Scene,
) -> None:  # fmt: skip
    share = 0.42 if st.palette.night else 0.16
    style = rng.random()
    step = st.unit * rng.uniform(1.1, 1.6)
    columns = max(2, int(wide * 0.82 / step))
    gap = wide * 0.82 / columns
    pane = gap * (0.92 if style < 0.25 else 0.55)
    rows = int((tall - step) / (step * 1.25))
    for r in range(rows):
        y = high - tall + step * (0.8 + 1.25 * r)
        for c in range(columns):
            on = rng.random() < share
            if not on and style > 0.8:
                continue
            left = x + wide * 0.09 + c * gap
            (lit if on else dim).box(left, y, left + pane, y + step * 0.62, 255 if on else 70)


def terrace(st: Scene, base: float) -> None:
    """Draw a row of old houses with gables, windows and doors."""
    rng = st.rng
    walls = [mix(c, st.palette.haze, 0.25) for c in st.palette.accents]
    walls.append(mix(st.palette.ground, WHITE, 0.4))
    x, last = -st.unit * rng.uniform(2, 12), None
    while x < st.w:
        wide = st.unit * rng.uniform(15, 22)
        tall = min(wide * rng.uniform(1.5, 2.5), base * 0.72)
        colour = rng.choice([c for c in walls if c != last])
        last = colour
        _house(st, x, base, wide, tall, _lit(st, colour))
        x += wide


def _lit(st: Scene, colour: RGB) -> RGB:
    r, g, b = (c * k // 255 for c, k in zip(colour, st.palette.light, strict=True))
    return mix((r, g, b), st.palette.near, 0.45 if st.palette.night else 0.0)


def _house(st: Scene, x: float, base: float, wide: float, tall: float, wall: RGB) -> None:
    rng = st.rng
    roof_high = wide * rng.uniform(0.4, 0.62)
    size = round(wide) + 1, round(tall + roof_high)
    at, eaves = (x, base - size[1]), roof_high
    roof, front, trim, lit, dark = (Stencil(size, 3) for _ in range(5))
    shape = rng.choice(("gable", "stepped", "mansard"))
    if shape == "gable":
        roof.fill([(0, eaves + 1), (wide / 2, wide * 0.06), (wide, eaves + 1)])
    elif shape == "mansard":
        roof.fill(
            [
                (0, eaves + 1),
                (wide * 0.16, eaves * 0.35),
                (wide * 0.84, eaves * 0.35),
                (wide, eaves + 1),
            ]
        )
    else:
        for k in range(4):
            front.box(
                wide * 0.125 * k, eaves - eaves * 0.23 * (k + 1), wide - wide * 0.125 * k, eaves
            )
    chimney = wide * rng.choice((0.2, 0.72))
    roof.box(chimney, eaves * 0.25, chimney + wide * 0.09, eaves)
    front.box(0, eaves, size[0], size[1])
    trim.box(0, eaves - wide * 0.02, wide, eaves + wide * 0.035)
    trim.box(0, size[1] - wide * 0.5, wide, size[1] - wide * 0.47)
    columns = rng.choice((2, 3))
    gap, pane = wide / columns, wide / columns * 0.46
    rows = max(1, int((tall - wide * 0.55) / (pane * 2.0)))
    for r in range(rows):
        for c in range(columns):
            left, y = gap * c + (gap - pane) / 2, eaves + pane * (0.55 + 2.0 * r)
            trim.box(
                left - wide * 0.025,
                y - wide * 0.025,
                left + pane + wide * 0.025,
                y + pane * 1.45 + wide * 0.025,
            )
            on = rng.random() < (0.6 if st.palette.night else 0.15)
            for target, level in ((lit, 255 if on else 0), (dark, 0 if on else 255)):
                target.box(left, y, left + pane, y + pane * 1.45, level)
                target.box(left + pane * 0.46, y, left + pane * 0.54, y + pane * 1.45, 0)
                target.box(left, y + pane * 0.6, left + pane, y + pane * 0.67, 0)
    door = wide * rng.choice((0.14, 0.6))
    dark.box(door, size[1] - wide * 0.36, door + wide * 0.2, size[1])
    lit.box(wide - door - wide * 0.32, size[1] - wide * 0.34, wide - door, size[1] - wide * 0.12)
    tile = mix(mix(wall, st.palette.near, 0.55), st.palette.accents[0], 0.12)
    depth = 0.4
    st.put(gradient(size, [mix(tile, st.palette.glow, 0.2), tile]), roof.done(), at, depth)
    st.put(gradient(size, [mix(wall, st.palette.glow, 0.15), wall,
        mix(wall, st.palette.near, 0.18)]),
           front.done(), at, depth)  # fmt: skip
    st.put(mix(wall, WHITE, 0.45 if not st.palette.night else 0.15), trim.done(), at, depth)
    st.put(mix(mix(wall, st.palette.near, 0.72), st.palette.sky[0], 0.3), dark.done(), at, depth)
    warm = lit.done()
    st.put(
        (255, 214, 130), scale(warm.filter(ImageFilter.GaussianBlur(st.unit * 0.8)), 0.5), at, depth
    )
    st.put((255, 222, 148), warm, at, depth)
    edge = Image.new("L", (max(1, round(wide * 0.03)), size[1] - round(eaves)), 46)
    st.put(st.palette.near, edge, (x, base - edge.height), depth)


def pavement(st: Scene, base: float) -> None:
    """Draw the street in front of the houses: pavement, kerb, road and lane marks."""
    high = round(st.h - base)
    stone = mix(st.palette.near, st.palette.haze, 0.42)
    road = mix(st.palette.near, st.palette.haze, 0.14)
    st.put(gradient((st.w, high), [mix(stone, st.palette.glow, 0.2), stone]),
        Image.new("L", (st.w, high), 255),
           (0, base), 0.45)  # fmt: skip
    kerb = round(high * 0.34)
    st.put(
        mix(stone, WHITE, 0.25),
        Image.new("L", (st.w, max(1, round(high * 0.035))), 255),
        (0, base + kerb),
        0.5,
    )
    low = gradient(
        (st.w, high - kerb),
        [mix(road, st.palette.near, 0.3), road, mix(road, st.palette.near, 0.6)],
    )
    st.put(low, Image.new("L", low.size, 255), (0, base + kerb + high * 0.035), 0.6)
    dashes = Stencil((st.w, high))
    step = st.w / 6
    for k in range(-1, 8):
        dashes.fill([(k * step, high * 0.7), (k * step + step * 0.5, high * 0.7),
                     (k * step + step * 0.47, high * 0.735),
                         (k * step - step * 0.03, high * 0.735)])  # fmt: skip
    st.put(mix(st.palette.sun, road, 0.35), scale(dashes.done(), 0.7), (0, base), 0.65)
    st.floor = base + high * 0.62


def lamps(st: Scene, base: float) -> None:
    """Draw street lamps, lit at night."""
    tall = st.unit * 30
    for k in range(round(st.w / st.unit / 45) + 1):
        x = st.w * 0.1 + k * st.unit * 45
        mask = Stencil((round(st.unit * 8), round(tall)), 3)
        mid = st.unit * 4
        mask.box(mid - st.unit * 0.3, st.unit * 3, mid + st.unit * 0.3, tall)
        mask.box(mid - st.unit * 0.9, tall - st.unit * 2, mid + st.unit * 0.9, tall)
        mask.fill(
            [(mid - st.unit * 1.4, st.unit * 1.2), (mid, 0), (mid + st.unit * 1.4, st.unit * 1.2)]
        )
        mask.fill([(mid - st.unit * 1.2, st.unit * 1.4), (mid + st.unit * 1.2, st.unit * 1.4),
                   (mid + st.unit * 0.7, st.unit * 4), (mid - st.unit * 0.7, st.unit * 4)],
                       120)  # fmt: skip
        st.put(mix(st.palette.near, (0, 0, 0), 0.3), mask.done(), (x - mid, base - tall), 0.5)
        if st.palette.night:
            side = round(st.unit * 22)
            st.put(
                (255, 220, 150),
                halo(side, 2.4, 0.8),
                (x - side / 2, base - tall + st.unit * 2.6 - side / 2),
                0.5,
            )


def quay(st: Scene, base: float) -> None:
    """Draw a promenade with a railing, between the viewer and the water."""
    high = round(st.h - base)
    stone = mix(st.palette.near, st.palette.haze, 0.22)
    rail, posts = st.unit * 7, Stencil((st.w, round(st.unit * 7)))
    for y in (0.0, 0.42):
        posts.box(0, rail * y, st.w, rail * y + st.unit * (0.5 if y == 0 else 0.28))
    for k in range(round(st.w / st.unit / 6) + 1):
        posts.box(k * st.unit * 6, 0, k * st.unit * 6 + st.unit * 0.4, rail)
    st.put(mix(st.palette.near, (0, 0, 0), 0.25), posts.done(), (0, base - rail + 1), 0.55)
    fill = gradient(
        (st.w, high), [mix(stone, st.palette.glow, 0.3), stone, mix(stone, st.palette.near, 0.5)]
    )
    st.put(fill, Image.new("L", fill.size, 255), (0, base), 0.6)
    edge = Image.new("L", (st.w, max(1, round(st.unit * 0.5))), 200)
    st.put(mix(stone, st.palette.glow, 0.5), edge, (0, base), 0.6)
    st.floor = base + high * 0.55
