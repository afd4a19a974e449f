"""Abstract pictures: ribbons, paper layers, arcs, tiles, soft colour, orbits."""

from __future__ import annotations

import math
from collections.abc import Callable

from PIL import Image, ImageFilter

from ..drawing.colour import BLACK, RGB, WHITE, clouds, fade, gradient, levels, mix, scale
from ..drawing.pen import Stencil
from ..drawing.shapes import Outline, blob
from .stage import Scene
from .tiles import tiles


def abstract(st: Scene) -> None:
    """Draw an abstract picture of a random kind."""
    st.rng.choice(KINDS)(st)
    st.horizon, st.floor = st.h * 0.75, st.h * 0.88


def _colours(st: Scene) -> list[RGB]:
    base = [*st.palette.sky, *st.palette.accents]
    st.rng.shuffle(base)
    return base


def _ground(st: Scene) -> None:
    sky = st.palette.sky
    st.put(
        gradient(
            (st.w, st.h),
            [sky[0], sky[len(sky) // 2], sky[-1]] if st.rng.random() < 0.6 else list(sky[::-1]),
        )
    )


def ribbons(st: Scene) -> None:
    """Draw ribbons of silk that flow across the picture, lit along one edge."""
    rng = st.rng
    _ground(st)
    count, colours = rng.randint(7, 10), [*st.palette.sky, *st.palette.accents]
    phase, bend = rng.uniform(0, 6.3), rng.uniform(0.7, 1.25)
    tilt = rng.uniform(-0.35, 0.35)
    for i in range(count):
        u = i / (count - 1)
        base = st.h * (0.12 + 0.95 * u)
        line = []
        for k in range(-2, 63):
            x = k / 60
            wave = math.sin(x * bend * math.tau + phase + u * 2.4) + 0.4 * math.sin(
                x * bend * 9 + phase * 2 + u * 4
            )
            line.append((x * st.w, base + st.h * (0.1 * wave + tilt * (x - 0.5))))
        colour = colours[(i * 2 + 1) % len(colours)]
        _sheet(st, line, colour, 0.15 + 0.7 * u)


def _sheet(st: Scene, line: Outline, colour: RGB, depth: float) -> None:
    """Fill the area below the line, with a soft shadow above its edge."""
    mask = Stencil((st.w, st.h))
    mask.fill([*line, (st.w + 9, st.h + 9), (-9, st.h + 9)])
    edge = mask.done()
    small = edge.resize((max(1, st.w // 4), max(1, st.h // 4)))
    shadow = small.filter(ImageFilter.GaussianBlur(st.unit * 0.75)).resize((st.w, st.h))
    st.put(mix(st.palette.near, BLACK, 0.4), scale(shadow, 0.34), (0, -st.unit * 0.9), depth)
    top = min(p[1] for p in line)
    height = max(4, round(st.h * 0.55))
    fill = Image.new("RGB", (st.w, st.h), mix(colour, st.palette.near, 0.42))
    fill.paste(
        gradient(
            (st.w, height), [mix(colour, WHITE, 0.3), colour, mix(colour, st.palette.near, 0.42)]
        ),
        (0, round(top)),
    )
    st.put(fill, edge, (0, 0), depth)


def paper(st: Scene) -> None:
    """Draw layers of cut paper with nested holes, each sheet with a shadow."""
    rng = st.rng
    stops = (
        list(st.palette.sky)
        if rng.random() < 0.5
        else [st.palette.accents[1], *st.palette.accents[:1], *st.palette.sky[::-1][:3]]
    )
    count = 7
    cx, cy = st.w * rng.uniform(0.35, 0.65), st.h * rng.uniform(0.38, 0.62)
    wobble = [(rng.uniform(0.08, 0.2), rng.randint(2, 5), rng.uniform(0, 6.3)) for _ in range(3)]
    st.put(Image.new("RGB", (st.w, st.h), mix(stops[0], st.palette.near, 0.35)))
    reach = max(st.w, st.h) * 0.12
    for i in range(count, -1, -1):
        hole = Stencil((st.w, st.h))
        hole.box(0, 0, st.w, st.h)
        points = []
        for k in range(40):
            a = k * math.tau / 40
            r = (
                reach
                * (0.6 + (count - i) * 0.62)
                * (1 + sum(s * math.sin(n * a + p + i * 0.33) for s, n, p in wobble))
            )
            points.append((cx + math.cos(a) * r * 1.12, cy + math.sin(a) * r))
        hole.fill(blob(*points), 0)
        if i == count:
            _glow_disc(st, cx, cy, reach * 0.55)
        tone = stops[min(len(stops) - 1, int((count - i) / count * (len(stops) - 0.01)))]
        _cut(st, hole.done(), tone, 0.1 + 0.11 * (count - i))


def _glow_disc(st: Scene, x: float, y: float, r: float) -> None:
    side = round(r * 2) + 2
    disc = Stencil((side, side), 3)
    disc.disc(side / 2, side / 2, r)
    st.put(
        gradient((side, side), [st.palette.sun, st.palette.glow]),
        disc.done(),
        (x - side / 2, y - side / 2),
        0.05,
    )


def _cut(st: Scene, mask: Image.Image, colour: RGB, depth: float) -> None:
    small = mask.resize((max(1, st.w // 4), max(1, st.h // 4)))
    shadow = small.filter(ImageFilter.GaussianBlur(st.unit * 0.6)).resize((st.w, st.h))
    st.put(BLACK, scale(shadow, 0.4), (st.unit * 0.6, st.unit * 1.4), depth)
    st.put(
        gradient(
            (st.w, st.h), [mix(colour, WHITE, 0.1), colour, mix(colour, st.palette.near, 0.18)]
        ),
        mask,
        (0, 0),
        depth,
    )


def arcs(st: Scene) -> None:
    """Draw a sun and concentric arcs in the style of the 1970s."""
    rng = st.rng
    paper_tone = (
        mix(st.palette.haze, WHITE, 0.3)
        if not st.palette.night
        else mix(st.palette.sky[0], BLACK, 0.15)
    )
    st.put(gradient((st.w, st.h), [paper_tone, mix(paper_tone, st.palette.sky[-2], 0.25)]))
    colours = [*st.palette.accents, st.palette.far, st.palette.sky[0]]
    r = st.unit * rng.uniform(14, 20)
    disc = Stencil((round(r * 2) + 2, round(r * 2) + 2), 3)
    disc.disc(r + 1, r + 1, r)
    sun = rng.choice(st.palette.accents[:2])
    at = st.w * rng.uniform(0.25, 0.75) - r, st.h * rng.uniform(0.2, 0.32) - r
    st.put(gradient(disc.done().size, [mix(sun, st.palette.sun, 0.45), sun]), disc.done(), at, 0.05)
    for n in range(rng.randint(3, 4)):
        cx, foot = st.w * (0.12 + 0.3 * n + rng.uniform(-0.05, 0.05)), st.h * rng.uniform(0.7, 1.02)
        r = st.unit * rng.uniform(26, 46)
        rng.shuffle(colours)
        rings = rng.randint(4, 6)
        for k in range(rings):
            size = round(r * 2) + 2
            mask = Stencil((size, size), 2)
            share = r * (1 - k / rings)
            mask.disc(r + 1, r + 1, share)
            mask.box(r + 1 - share, r + 1, r + 1 + share, size)
            tone = (
                colours[k % len(colours)]
                if k % 2 == 0 or k == rings - 1
                else mix(colours[k % len(colours)], WHITE, 0.35)
            )
            st.put(
                gradient((size, size), [mix(tone, WHITE, 0.12), tone]),
                mask.done(),
                (cx - r, foot - r),
                0.2 + 0.15 * n,
            )
    phase = rng.uniform(0, 6.3)
    for k in range(3):
        base = st.h * (0.84 + 0.06 * k)
        line = [
            (x * st.w / 40, base + st.unit * 2.4 * math.sin(x * 0.28 + phase + k * 1.3))
            for x in range(-1, 42)
        ]
        _sheet(st, line, mix(colours[k % len(colours)], st.palette.near, 0.2), 0.6 + 0.15 * k)


def mesh(st: Scene) -> None:
    """Draw patches of soft colour under floating glass discs."""
    rng = st.rng
    colours = _colours(st)
    small = Image.new("RGB", (96, 96), colours[0])
    for i in range(9):
        mask = Stencil((96, 96), 1)
        mask.disc(rng.uniform(0, 96), rng.uniform(0, 96), rng.uniform(18, 40), rng.uniform(14, 34))
        small.paste(colours[i % len(colours)], mask=mask.done().filter(ImageFilter.GaussianBlur(9)))
    small = small.filter(ImageFilter.GaussianBlur(5))
    st.put(small.resize((st.w, st.h), Image.Resampling.BICUBIC))
    folds = clouds(rng, (st.w, st.h), (2.5, 1.2), 3)
    st.put(WHITE, levels(folds, 0.55, 0.8, 0.22))
    for i in range(rng.randint(3, 5)):
        r = st.unit * rng.uniform(9, 27)
        x, y = st.w * rng.uniform(0.15, 0.85), st.h * rng.uniform(0.15, 0.85)
        size = round(r * 2) + 2
        disc = Stencil((size, size), 3)
        disc.disc(r + 1, r + 1, r)
        glass = Image.new("L", (size, size))
        glass.paste(disc.done(), mask=fade((size, size), 0.7, 0.06))
        st.put(
            gradient((size, size), [WHITE, colours[i % len(colours)]]),
            glass,
            (x - r, y - r),
            0.2 + 0.15 * i,
        )


def orbits(st: Scene) -> None:
    """Draw thin arcs and beads around a centre, like a model of planetary orbits."""
    rng = st.rng
    dark = mix(st.palette.sky[0], BLACK, 0.35)
    st.put(gradient((st.w, st.h), [dark, mix(st.palette.sky[0], st.palette.sky[1], 0.5)]))
    cx, cy = st.w * rng.uniform(0.32, 0.68), st.h * rng.uniform(0.35, 0.65)
    lines, beads = Stencil((st.w, st.h)), []
    r = st.unit * 9
    while r < max(st.w, st.h) * 0.75:
        flat = 1.0
        turn = rng.uniform(0, math.tau)
        arc = [
            (cx + math.cos(turn + a * 0.05) * r, cy + math.sin(turn + a * 0.05) * r * flat)
            for a in range(rng.randint(60, 126))
        ]
        lines.line(arc, st.unit * rng.choice((0.15, 0.15, 0.3, 0.6)), rng.randint(70, 200))
        for _ in range(rng.randint(1, 3)):
            a = rng.uniform(0, math.tau)
            beads.append(
                (
                    cx + math.cos(a) * r,
                    cy + math.sin(a) * r,
                    st.unit * rng.choice((0.8, 1.2, 2, 3.6)),
                )
            )
        r += st.unit * rng.uniform(2.2, 6.5)
    st.put(mix(st.palette.sun, st.palette.glow, 0.5), lines.done(), depth=0.15)
    for x, y, size in beads:
        side = round(size * 2) + 2
        bead = Stencil((side, side), 3)
        bead.disc(side / 2, side / 2, size)
        tone = rng.choice([*st.palette.accents, st.palette.sky[-1]])
        st.put(
            gradient((side, side), [mix(tone, WHITE, 0.4), tone, mix(tone, dark, 0.5)]),
            bead.done(),
            (x - side / 2, y - side / 2),
            0.4,
        )
    _glow_disc(st, cx, cy, st.unit * rng.uniform(5, 7))


KINDS: tuple[Callable[[Scene], None], ...] = (ribbons, paper, arcs, tiles, mesh, orbits)
