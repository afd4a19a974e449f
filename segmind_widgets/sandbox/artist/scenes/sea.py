"""Water: lakes and seas, sunlight on water, surf, and underwater scenery."""

from __future__ import annotations

import math

from PIL import Image, ImageFilter

from ..drawing.colour import BLACK, WHITE, clouds, fade, gradient, levels, mix, scale
from ..drawing.pen import Stencil
from ..drawing.shapes import band, curve, oval
from .land import rolling, rough_line, slab, tone
from .stage import Scene


def open_water(st: Scene, top: float, clear: float = 0.35, ripple: float = 0.8) -> None:
    """Draw water from a shoreline to the bottom, with reflected light."""
    st.mirror(top, st.h, clear, ripple)
    shimmer(st, top)
    glitter(st, top)


def shimmer(st: Scene, top: float) -> None:
    """Draw long pale and dark strokes, wider towards the viewer."""
    size = st.w, max(4, round(st.h - top))
    light, dark = Stencil(size), Stencil(size)
    for i in range(90):
        y = size[1] * st.rng.random() ** 1.4
        near = y / size[1]
        wide, thick = (
            st.w * (0.02 + 0.11 * near) * st.rng.uniform(0.4, 1.5),
            st.unit * (0.1 + 0.45 * near),
        )
        (light if i % 2 else dark).disc(
            st.rng.random() * st.w, y, wide, thick, level=round(60 + 50 * near)
        )
    st.put(mix(st.palette.haze, st.palette.glow, 0.4), scale(light.done(), 0.7), (0, top), 0.2)
    st.put(mix(st.palette.water, st.palette.near, 0.5), scale(dark.done(), 0.8), (0, top), 0.25)


def glitter(st: Scene, top: float) -> None:
    """Draw the path of light on the water under the sun or moon."""
    high = st.h - top
    size = round(st.unit * 60), max(4, round(high))
    mask = Stencil(size)
    for _ in range(150):
        y = size[1] * st.rng.random() ** 1.25
        near = y / size[1]
        spread = st.unit * (3 + 10 * near)
        x = size[0] / 2 + st.rng.gauss(0, 0.55) * spread
        wide = st.unit * (0.7 + 3.4 * near) * st.rng.uniform(0.3, 1.2)
        mask.disc(x, y, wide, st.unit * (0.09 + 0.3 * near), level=st.rng.randint(90, 255))
    shine = Image.new("L", size)
    shine.paste(mask.done(), mask=fade(size, 0.95, 0.35))
    st.put(mix(st.palette.sun, st.palette.glow, 0.35), shine, (st.sun[0] - size[0] / 2, top), 0.02)


def swell(st: Scene, top: float, rows: int = 4) -> None:
    """Draw rows of waves, each lit along its crest and with foam."""
    rng = st.rng
    for i in range(rows):
        near = (i + 1) / rows
        y = top + (st.h - top) * (i / rows) ** 1.2 + st.unit * 2
        length, high = st.w * (0.16 + 0.22 * near), st.unit * (0.9 + 1.6 * near)
        phase, other = rng.uniform(0, 6.3), rng.uniform(0, 6.3)
        line = []
        for k in range(-2, 130):
            x = k * st.w / 124
            turn = x / length * math.tau
            crest = math.sin(turn + phase + 0.5 * math.sin(turn + phase)) + 0.4 * math.sin(
                turn * 1.7 + other
            )
            line.append((x, y - high * crest))
        colour = mix(
            st.palette.water, mix(st.palette.sky[0], st.palette.near, 0.4), 0.2 + 0.45 * near
        )
        crest_light = mix(colour, mix(st.palette.haze, st.palette.glow, 0.4), 0.42)
        depth = 0.3 + 0.5 * near
        slab(st, line, [crest_light, mix(crest_light, colour, 0.75), colour, colour], depth)
        tall = max(4, round(high * 6))
        foam = Stencil((st.w, tall))
        lift = [(x, py - y + tall / 2) for x, py in line]
        for _ in range(rng.randint(5, 9)):
            start, span = rng.randrange(len(lift) - 12), rng.randint(5, 22)
            part = [(x, py + st.unit * 0.3) for x, py in lift[start : start + span]]
            if len(part) > 2:
                foam.fill(band(part, 0.1, st.unit * (0.2 + 0.3 * near), 0.1, smooth=False))
        st.put(mix(WHITE, st.palette.haze, 0.35), scale(foam.done(), 0.5), (0, y - tall / 2), depth)


def shore(st: Scene, base: float) -> None:
    """Draw a beach with the last wave on the sand."""
    high = st.h - base
    lean = st.rng.choice((-1, 1)) * high * 0.3
    edge = curve((-10, base + lean), (st.w * 0.3, base + lean * 0.2 - high * 0.1),
                 (st.w * 0.65, base - lean * 0.4 + high * 0.1), (st.w + 10, base - lean),
                     steps=20)  # fmt: skip
    pale = mix(st.palette.water, WHITE, 0.55)
    sand = mix(st.palette.ground, st.palette.glow, 0.25)
    slab(st, [(x, y - high * 0.16) for x, y in edge], [mix(pale, st.palette.water, 0.4), pale], 0.6)
    slab(st, [(x, y - high * 0.03) for x, y in edge], [mix(WHITE, pale, 0.15), WHITE], 0.62)
    slab(st, edge, [mix(sand, st.palette.near, 0.3), sand], 0.64)
    slab(
        st, [(x, y + high * 0.12) for x, y in edge], [sand, mix(sand, st.palette.near, 0.18)], 0.66
    )
    st.floor = min(st.h * 0.94, base + high * 0.6)


def island(st: Scene, base: float, x: float, wide: float, near: float) -> None:
    """Draw a rocky island with a lower ridge in front of a higher one."""
    rng = st.rng
    tall = wide * rng.uniform(0.2, 0.36)
    for share, tone_share, shift in ((1.0, 0.0, 0.0), (0.55, 0.3, rng.uniform(-0.18, 0.18))):
        size = round(wide * (1.0 if share == 1 else 0.9)), max(4, round(tall * share * 1.15))
        mask = Stencil(size)
        peak = size[0] * rng.uniform(0.35, 0.65), size[1] * 0.12
        knee = size[0] * rng.uniform(0.72, 0.84), size[1] * rng.uniform(0.55, 0.7)
        line = rough_line(rng, (0, size[1]), peak, 0.1) + rough_line(rng, peak, knee, 0.1)
        line += rough_line(rng, knee, (size[0], size[1]), 0.1)
        mask.fill([*line, (size[0], size[1])])
        colour = mix(tone(st, near), st.palette.near, tone_share)
        fill = gradient(
            size, [mix(colour, st.palette.glow, 0.14), mix(colour, st.palette.haze, 0.25)]
        )
        st.put(fill, mask.done(), (x + shift * wide - size[0] / 2, base - size[1] + 1), near * 0.4)


def palms(st: Scene) -> None:
    """Draw two or three palms that lean in from one side."""
    left = st.sun[0] < st.w / 2  # subjects stand on the other side
    colour = mix(st.palette.near, st.palette.sky[0], 0.15)
    mask = Stencil((st.w, st.h))
    for i in range(st.rng.randint(2, 3)):
        tall = st.h * st.rng.uniform(0.42, 0.62)
        x = st.w * (0.02 + 0.09 * i + st.rng.uniform(0, 0.04))
        top = x + tall * st.rng.uniform(0.12, 0.34), st.h * 0.98 - tall
        trunk = curve((x, st.h * 1.02), (x + (top[0] - x) * 0.25, st.h - tall * 0.45), top)
        shape = [band(trunk, st.unit * 2.4, st.unit * 1.2, smooth=False)]
        for k in range(11):
            a = math.radians(-212 + k * 24.5 + st.rng.uniform(-7, 7))
            reach = tall * st.rng.uniform(0.3, 0.42)
            mid = (
                top[0] + math.cos(a) * reach * 0.55,
                top[1] + math.sin(a) * reach * 0.5 - reach * 0.1,
            )
            tip = top[0] + math.cos(a) * reach, top[1] + math.sin(a) * reach * 0.4 + reach * 0.3
            shape.append(_frond(curve(top, mid, tip, steps=14), reach * 0.16))
        for outline in shape:
            mask.fill(outline if left else [(st.w - px, py) for px, py in outline])
    st.front.append(lambda: st.put(colour, mask.done(), depth=0.9))


def _frond(rib: list[tuple[float, float]], hang: float) -> list[tuple[float, float]]:
    """Return the outline of a palm leaf: a rib with hanging blades."""
    fringe, last = [], len(rib) - 1
    for j, (x, y) in enumerate(rib):
        swell = math.sin(math.pi * (j + 0.6) / (last + 1.2)) ** 0.6 * hang
        fringe.append((x + (rib[-1][0] - rib[0][0]) * 0.05, y + swell))
        if j < last:
            fringe.append(((x + rib[j + 1][0]) / 2, (y + rib[j + 1][1]) / 2 + swell * 0.42))
    return [*rib, *fringe[::-1]]


def below(st: Scene) -> None:
    """Draw an underwater scene: light from above, rays, sand, seaweed, coral, bubbles."""
    top = mix(st.palette.water, st.palette.glow, 0.5)
    deep = mix(st.palette.water, st.palette.sky[0], 0.75)
    st.put(gradient((st.w, st.h), [top, st.palette.water, mix(st.palette.water, deep, 0.6), deep]))
    _rays(st)
    for near in (0.15, 0.5, 0.9):
        base = st.h * (0.72 + 0.2 * near)
        line = rolling(st.rng, st.w, base, st.h * 0.06, 0.9)
        colour = mix(mix(st.palette.water, deep, 0.5), mix(st.palette.near, deep, 0.4), near)
        slab(st, line, [mix(colour, top, 0.18), colour], 0.3 + 0.5 * near)
        _weed(st, base, near, mix(colour, BLACK, 0.12))
        _coral(st, base, near, colour)
    st.floor, st.horizon = st.h * 0.9, st.h * 0.5
    st.front.append(lambda: _bubbles(st))


def _rays(st: Scene) -> None:
    w, h = 256, round(256 * st.h / st.w)
    mask = Stencil((w, h), 1)
    source = st.sun[0] / st.w * w
    for _ in range(9):
        x, wide = st.rng.uniform(-0.4, 1.4) * w, st.rng.uniform(0.02, 0.1) * w
        start = source + (x - source) * 0.25
        mask.fill([(start - wide * 0.3, -4), (start + wide * 0.3, -4), (x + wide, h),
            (x - wide, h)],
                  st.rng.randint(40, 110))  # fmt: skip
    soft = mask.done().filter(ImageFilter.GaussianBlur(5))
    rays = Image.new("L", (w, h))
    rays.paste(soft, mask=fade((w, h), 0.8, 0))
    st.put(
        mix(st.palette.glow, WHITE, 0.4),
        rays.resize((st.w, st.h), Image.Resampling.BICUBIC),
        drift=(st.unit * 3, 0),
    )
    caustic = levels(clouds(st.rng, (st.w, round(st.h * 0.2) + 4), (9, 3), 3), 0.55, 0.8, 0.35)
    caustic.paste(0, mask=fade(caustic.size, 0, 1))
    st.put(WHITE, caustic)


def _weed(st: Scene, base: float, near: float, colour: tuple[int, int, int]) -> None:
    mask = Stencil((st.w, st.h))
    for _ in range(st.rng.randint(3, 5)):
        x = st.rng.random() * st.w
        for _ in range(st.rng.randint(2, 5)):
            x += st.unit * st.rng.uniform(1, 3.4)
            tall, sway = st.h * (0.08 + 0.16 * near) * st.rng.uniform(0.6, 1.4), st.unit * 2.2
            path = [
                (x + sway * math.sin(k * 1.7 + x), base + st.unit * 3 - tall * k / 5)
                for k in range(6)
            ]
            mask.fill(band(path, st.unit * (0.8 + 1.4 * near), st.unit * 1.3 * (0.3 + near), 0.1))
    st.put(colour, mask.done(), depth=0.3 + 0.5 * near)


def _coral(st: Scene, base: float, near: float, colour: tuple[int, int, int]) -> None:
    for i in range(3):
        size = round(st.unit * (8 + 9 * near) * st.rng.uniform(0.7, 1.2))
        mask = Stencil((size, size), 3)
        _branch(st, mask, size / 2, size, -90, size * 0.34, size * 0.1, 4)
        tint = mix(st.rng.choice(st.palette.accents[:3]), colour, 0.55 - 0.3 * near)
        at = st.w * ((i + st.rng.random()) / 3) - size / 2, base - size * 0.72
        st.put(tint, mask.done(), at, 0.3 + 0.5 * near)


def _branch(
    st: Scene,
    mask: Stencil,
    x: float,
    y: float,
    angle: float,
    length: float,
    wide: float,
    left: int,
) -> None:
    a = math.radians(angle)
    end = x + math.cos(a) * length, y + math.sin(a) * length
    mask.fill(band([(x, y), end], wide, wide * 0.8))
    if left:
        for turn in (-st.rng.uniform(16, 38), st.rng.uniform(16, 38)):
            _branch(st, mask, *end, angle + turn, length * 0.72, wide * 0.76, left - 1)


def _bubbles(st: Scene) -> None:
    for _ in range(3):
        x, y = st.rng.random() * st.w, st.h * st.rng.uniform(0.5, 0.9)
        mask = Stencil((round(st.unit * 12), round(st.unit * 40)), 3)
        for k in range(7):
            r = st.unit * st.rng.uniform(0.35, 1.3)
            cx, cy = st.unit * (6 + 2.5 * math.sin(k * 2 + x)), st.unit * (37 - k * 5.2)
            mask.disc(cx, cy, r, level=110)
            mask.disc(cx, cy, r * 0.82, level=40)
            mask.fill(oval(cx - r * 0.35, cy - r * 0.35, r * 0.2), 255)
        st.put(WHITE, mask.done(), (x, y - st.unit * 40), 0.7, (0, -st.unit * 14))
