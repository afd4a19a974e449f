"""The sky: sun and moon, stars, clouds, northern lights, nebulae, weather."""

from __future__ import annotations

import math

from PIL import Image, ImageChops, ImageFilter

from ..drawing.colour import BLACK, WHITE, clouds, fade, gradient, halo, levels, mix, noise, scale
from ..drawing.pen import Stencil
from .stage import Scene


def sky(st: Scene, horizon: float | None = None) -> None:
    """Draw the gradient down to the horizon, with a glow at the position of the sun."""
    line = round(st.horizon if horizon is None else horizon)
    st.put(gradient((st.w, max(2, line)), st.palette.sky))
    if line < st.h:
        st.put(gradient((st.w, st.h - line), [st.palette.haze, st.palette.haze]), at=(0, line))
    glow(st, st.sun[0], st.sun[1], max(st.h, st.w * 0.7), 0.55, 1.6)


def glow(st: Scene, x: float, y: float, radius: float, strength: float, soft: float = 2) -> None:
    """Draw light around a point; `soft` is the exponent of the falloff."""
    side = max(4, round(radius * 2))
    st.put(st.palette.glow, halo(side, soft, strength), (x - side / 2, y - side / 2))


def luminary(st: Scene, size: float = 0) -> None:
    """Draw the sun, or the moon if the palette is a night; size 0 is random."""
    r = size or st.rng.uniform(6, 11) * st.unit
    if st.palette.night:
        moon(st, r * 0.8)
    else:
        sun(st, r)


def sun(st: Scene, r: float) -> None:
    """Draw the sun with a glow, sometimes with rings as on a poster."""
    x, y = st.sun
    glow(st, x, y, r * 6, 0.75)
    if st.rng.random() < 0.45:  # rings, as on a poster
        for ring in (3.4, 2.5, 1.7):
            _disc(st, st.palette.sun, x, y, r * ring, 0.13)
    _disc(st, st.palette.sun, x, y, r, 1, drift=-0.05)


def moon(st: Scene, r: float) -> None:
    """Draw a full moon with spots, or a crescent."""
    x, y = st.sun
    glow(st, x, y, r * 9, 0.45)
    glow(st, x, y, r * 3.2, 0.6)
    side = round(r * 2) + 2
    disc = Stencil((side, side), 3)
    disc.disc(side / 2, side / 2, r)
    face = Image.new("RGB", (side, side), st.palette.sun)
    if st.rng.random() < 0.4:
        bite = Stencil((side, side), 3)
        bite.disc(side / 2, side / 2, r)
        turn = st.rng.choice((-1, 1))
        bite.disc(side / 2 + turn * r * 0.5, side / 2 - r * 0.18, r * 0.93, level=0)
        st.put(face, bite.done(), (x - side / 2, y - side / 2))
        return
    spots = Stencil((side, side), 3)
    for _ in range(9):
        a, d, s = st.rng.uniform(0, 6.3), st.rng.uniform(0, 0.75), st.rng.uniform(0.06, 0.22)
        spots.disc(side / 2 + math.cos(a) * d * r, side / 2 + math.sin(a) * d * r, s * r, level=46)
    face.paste(mix(st.palette.sun, st.palette.sky[0], 0.75), mask=spots.done())
    dusk = fade((side, side), 0.0, 0.3)
    face.paste(st.palette.sky[1], mask=dusk)
    st.put(face, disc.done(), (x - side / 2, y - side / 2))


def _disc(
    st: Scene, colour: tuple[int, int, int], x: float, y: float, r: float, level: float,
    drift: float = 0,
) -> None:  # fmt: skip
    side = round(r * 2) + 2
    mask = Stencil((side, side), 3)
    mask.disc(side / 2, side / 2, r, level=round(255 * level))
    st.put(colour, mask.done(), (x - side / 2, y - side / 2), drift=(0, drift * st.h))


def stars(st: Scene, amount: float = 1, bottom: float | None = None) -> None:
    """Draw stars that become sparser towards the horizon."""
    bottom = st.horizon if bottom is None else bottom
    mask = Stencil((st.w, round(bottom)), 2)
    for _ in range(round(260 * amount * st.w / st.h)):
        y = bottom * st.rng.random() ** 1.5
        r = st.unit * st.rng.choice((0.07, 0.07, 0.1, 0.1, 0.14, 0.22))
        dim = 1 - 0.75 * y / bottom
        mask.disc(st.rng.random() * st.w, y, r, level=round(st.rng.uniform(90, 255) * dim))
    st.put(mix(WHITE, st.palette.sun, 0.4), mask.done())
    for _ in range(st.rng.randint(4, 8)):  # a few bright stars
        x, y = st.rng.random() * st.w, st.rng.random() * bottom * 0.7
        side = round(st.unit * st.rng.uniform(2.2, 4.5)) | 1
        st.put(WHITE, halo(side, 3.2, 0.9), (x - side / 2, y - side / 2))
    if st.rng.random() < 0.3:
        _shooting_star(st, bottom)


def _shooting_star(st: Scene, bottom: float) -> None:
    length, way = st.unit * st.rng.uniform(12, 22), st.rng.choice((-1, 1))
    size = round(length), round(length * 0.45)
    mask = Stencil(size, 3)
    x0, x1 = (0, size[0]) if way > 0 else (size[0], 0)
    w = st.unit * 0.25
    mask.fill([(x0, 0), (x1, size[1] - w), (x1, size[1])])
    tail = scale(mask.done(), 0.85)
    at = st.rng.uniform(0.1, 0.7) * st.w, st.rng.uniform(0.03, 0.25) * bottom
    st.put(WHITE, tail, at)


def cloud_bank(st: Scene, kind: str = "") -> None:
    """Draw a few clouds of one kind: "streaks", "puffs" or "soft" ("" is random)."""
    kind = kind or st.rng.choice(("streaks", "puffs", "soft", "puffs"))
    {"streaks": _streaks, "puffs": _puffs, "soft": _soft}[kind](st)


def _streaks(st: Scene) -> None:
    for _ in range(st.rng.randint(3, 6)):
        y = st.horizon * st.rng.uniform(0.15, 0.8)
        width = st.w * st.rng.uniform(0.18, 0.42)
        thick = st.unit * st.rng.uniform(1.1, 2.2)
        rows = st.rng.randint(2, 4)
        size = round(width), round(thick * rows * 1.3) + 2
        mask = Stencil(size, 2)
        for i in range(rows):
            inset = width * st.rng.uniform(0.02, 0.38)
            span = (width - inset) * st.rng.uniform(0.5, 1)
            top = i * thick * 1.08
            box = [v * 2 for v in (inset, top, min(width, inset + span), top + thick)]
            mask.draw.rounded_rectangle(box, thick, fill=255)
        tone = mix(st.palette.glow, st.palette.sky[-2], 0.25 + 0.3 * y / st.horizon)
        at = st.rng.uniform(-0.1, 0.95) * st.w - width / 2, y
        st.put(tone, scale(mask.done(), 0.62), at, 0.1, (st.unit * st.rng.uniform(3, 8), 0))


def _puffs(st: Scene) -> None:
    for _ in range(st.rng.randint(3, 5)):
        nearness = st.rng.uniform(0.35, 1)
        width, high = st.w * 0.36 * nearness, st.unit * 15 * nearness
        size = round(width), round(high)
        mask = Stencil(size, 2)
        for _ in range(16):
            x = st.rng.gauss(0.5, 0.17)
            tall = max(0.12, 0.62 * math.exp(-((x - 0.5) ** 2) / 0.035)) * st.rng.uniform(0.6, 1)
            r = high * (0.12 + 0.24 * tall)
            mask.disc(min(max(x, 0.15), 0.85) * width, high - r * 0.8 - tall * high * 0.42, r)
        mask.draw.rectangle((0, 0, size[0] * 2, 1), fill=0)
        soft = Image.new("L", size)
        soft.paste(mask.done(), mask=fade(size, 1, 0.12))
        top = mix(st.palette.glow, WHITE, 0.55 if not st.palette.night else 0.05)
        low = mix(st.palette.sky[-1], st.palette.sky[-2], 0.5)
        y = st.horizon * (0.1 + 0.62 * (1 - nearness)) + st.unit * st.rng.uniform(-3, 6)
        drift = st.unit * 9 * nearness, 0
        at = st.rng.uniform(-0.1, 1.0) * st.w - width / 2, y
        fill = gradient(size, [mix(top, low, 0.25 if st.palette.night else 0), low])
        st.put(fill, scale(soft, 0.5 if st.palette.night else 0.94), at, 0.12, drift)


def _soft(st: Scene) -> None:
    size = st.w, max(4, round(st.horizon))
    lumps = clouds(st.rng, size, (2.6 * st.w / st.h, 5), 5)
    mask = Image.new("L", size)
    mask.paste(levels(lumps, 0.5, 0.82, 0.8), mask=fade(size, 1, 0.25))
    tone = mix(st.palette.glow, WHITE, 0.1 if st.palette.night else 0.5)
    dim = 0.35 if st.palette.night else 0.9
    st.put(tone, scale(mask, dim), depth=0.05, drift=(st.unit * 4, 0))


def aurora(st: Scene) -> None:
    """Draw northern lights as curtains that are brightest at the lower edge."""
    colours = [st.palette.accents[1], (96, 255, 190), (170, 120, 255)]
    w, h = 320, 200
    for i in range(3):
        sheet = Image.new("L", (w, h))
        phase, base = st.rng.uniform(0, 6.3), h * st.rng.uniform(0.45, 0.8)
        rays = clouds(st.rng, (w, 2), (40, 1), 3)
        power = rays.tobytes()
        for x in range(w):
            y = base + h * 0.13 * math.sin(x / w * 5 + phase) + h * 0.05 * math.sin(x / 19 + phase)
            tall = h * (0.25 + 0.45 * power[x] / 255)
            ray = fade((1, round(tall)), 0, 0.25 + 0.6 * power[x] / 255)
            sheet.paste(ray, (x, round(y - tall)))
        big = sheet.filter(ImageFilter.GaussianBlur(2.2)).resize(
            (st.w, round(st.horizon)), Image.Resampling.BICUBIC
        )
        st.put(colours[i], scale(big, 0.62), drift=(st.unit * (i - 1) * 8, 0))


def nebula(st: Scene) -> None:
    """Draw a band of coloured gas across the stars."""
    size = st.w, st.h
    lean = st.rng.uniform(-35, 35)
    wide = max(size) * 2
    belt = Image.new("L", (64, 64))
    belt.paste(255, (0, 24, 64, 40))
    belt = belt.filter(ImageFilter.GaussianBlur(7)).rotate(lean, Image.Resampling.BICUBIC)
    belt = belt.resize((wide, wide), Image.Resampling.BICUBIC)
    left, top = (wide - st.w) // 2, (wide - st.h) // 2 + round(st.h * st.rng.uniform(-0.2, 0.2))
    belt = belt.crop((left, top, left + st.w, top + st.h))
    belt = belt.point([60 + i * 195 // 255 for i in range(256)])
    for colour in st.rng.sample(st.palette.accents, 3):
        gas = levels(clouds(st.rng, size, (2.4 * st.w / st.h, 2.4), 6), 0.42, 0.85, 0.75)
        st.put(mix(colour, st.palette.sky[-1], 0.3), ImageChops.multiply(gas, belt), depth=0.03)
    dust = levels(clouds(st.rng, size, (3 * st.w / st.h, 3), 6), 0.55, 0.9, 0.6)
    st.put(mix(st.palette.sky[0], BLACK, 0.5), dust)
    fine = noise(st.rng, (st.w // 2 + 1, st.h // 2 + 1)).point([0] * 253 + [90, 150, 230])
    fine = fine.resize(size, Image.Resampling.BICUBIC)
    st.put(WHITE, ImageChops.multiply(fine, belt), depth=0.02)


def snowfall(st: Scene, amount: float = 1) -> None:
    """Draw snowflakes; near ones are large and soft."""
    for depth, count, r in ((0.3, 150, 0.3), (0.6, 70, 0.55), (1.0, 22, 1.0)):
        mask = Stencil((st.w, st.h), 1 if r > 0.5 else 2)
        for _ in range(round(count * amount * st.w / st.h)):
            size = st.unit * r * st.rng.uniform(0.5, 1.2)
            at = st.rng.random() * st.w, st.rng.random() * st.h
            mask.disc(*at, max(0.7, size), level=st.rng.randint(140, 240))
        flakes = mask.done()
        if r > 0.5:
            flakes = flakes.filter(ImageFilter.GaussianBlur(st.unit * r * 0.3))
        st.put(WHITE, flakes, depth=depth, drift=(st.unit * 4, st.unit * 16 * depth))


def rain(st: Scene) -> None:
    """Draw slanted streaks of rain over a veil."""
    mask = Stencil((st.w, st.h), 2)
    for _ in range(round(240 * st.w / st.h)):
        x, y = st.rng.random() * st.w * 1.1, st.rng.uniform(-0.1, 1) * st.h
        run = st.unit * st.rng.uniform(3, 9)
        mask.line([(x, y), (x - run * 0.22, y + run)], st.unit * 0.14, st.rng.randint(40, 120))
    st.put(mix(st.palette.haze, BLACK, 0.25), Image.new("L", (st.w, st.h), 34))
    st.put(mix(WHITE, st.palette.sky[1], 0.25), mask.done(), drift=(-st.unit * 5, st.unit * 22))


def mist(st: Scene, y: float, height: float, strength: float = 0.8) -> None:
    """Draw a bank of haze that is densest at its lower edge."""
    size = st.w, max(4, round(height))
    lumps = levels(clouds(st.rng, size, (3 * st.w / st.h, 1.6), 4), 0.2, 0.75, strength)
    bank = Image.new("L", size)
    bank.paste(lumps, mask=fade(size, 0, 1))
    st.put(mix(st.palette.haze, st.palette.glow, 0.25), bank, (0, y - height * 0.7), 0.25)


def birds(st: Scene) -> None:
    """Draw a distant, loose flock of birds."""
    cx, cy = st.rng.uniform(0.2, 0.8) * st.w, st.rng.uniform(0.2, 0.5) * st.horizon
    size = round(st.unit * 26), round(st.unit * 16)
    mask = Stencil(size, 3)
    for _ in range(st.rng.randint(4, 9)):
        x, y = st.rng.random() * size[0], st.rng.uniform(0.1, 0.9) * size[1]
        s = st.unit * st.rng.uniform(0.7, 1.5)
        lift = s * st.rng.uniform(0.25, 0.6)
        w = s * 0.16
        mask.fill([(x - s, y - lift), (x - s * 0.4, y - lift - w), (x, y),
            (x + s * 0.4, y - lift - w),
                   (x + s, y - lift), (x + s * 0.45, y - lift + w), (x, y + w * 2),
                   (x - s * 0.45, y - lift + w)])  # fmt: skip
    tone = mix(st.palette.near, st.palette.haze, 0.25)
    st.put(tone, mask.done(), (cx - size[0] / 2, cy), 0.2, (st.unit * 10, -st.unit * 2))
