"""Compose a picture from a brief: the place, the subjects in its light, the weather."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from PIL import Image, ImageChops, ImageFilter

from ..drawing.colour import BLACK, RGB, WHITE, Size, fade, mix, multiply, noise, scale
from ..drawing.pen import Coat, Pen, Stencil
from ..prompt.brief import Brief, Wanted
from ..prompt.palettes import Palette
from ..subjects.subjects import Subject
from .abstract import abstract
from .garden import blossom
from .places import PLACES
from .sky import birds, mist, rain, snowfall
from .stage import Scene

_AFLOAT = {"sea", "lake", "beach", "city", "japan"}
_WEIGHTLESS = {"space", "underwater"}


@dataclass(frozen=True)
class Spot:
    """The position of a subject: foot and height in pixels, and how the subject stands."""

    x: float
    foot: float
    tall: float
    stand: str


def compose(brief: Brief, size: Size, rng: Random, margin: int = 0) -> Scene:
    """Draw the scene of a brief.

    A stage with a margin (in pixels) can be filmed.
    """
    place = brief.place(rng)
    st = Scene(size, rng, brief.palette(rng, place), margin)
    st.wishes = frozenset(w.subject.stand for w in brief.subjects) | frozenset(brief.weather)
    if place == "abstract":
        abstract(st)
    else:
        PLACES[place](st)
    _populate(st, brief, place)
    for lay in st.front:
        lay()
    _weather(st, brief, place)
    return st


def _weather(st: Scene, brief: Brief, place: str) -> None:
    if place in ("room", "studio", "space", "underwater", "abstract"):
        return
    if "snow" in brief.weather and place != "snowland":
        snowfall(st)
    if "rain" in brief.weather:
        rain(st)
    if "fog" in brief.weather and place != "islands":
        mist(st, st.h * 0.9, st.h * 0.5, 0.7)
    if "petals" in brief.weather and place != "japan":
        blossom(st, mix((255, 176, 198), st.palette.glow, 0.2))
    if "birds" in brief.weather and not brief.subjects:
        birds(st)


def _populate(st: Scene, brief: Brief, place: str) -> None:
    cast = [
        w
        for w in brief.subjects
        for _ in range(w.count if len(brief.subjects) == 1 else min(w.count, 2))
    ][:6]
    if not cast:
        return
    if brief.riding and len(cast) > 1:
        _ride(st, cast[0], cast[1], place)
        return
    crowd = {1: 1.0, 2: 0.82, 3: 0.66}.get(len(cast), 0.55)
    for index, item in enumerate(cast):
        spot = _spot(st, item.subject, place, index, len(cast), crowd)
        perform(st, item, spot, flip=st.rng.random() < 0.5, place=place)


def _ride(st: Scene, rider: Wanted, mount: Wanted, place: str) -> None:
    below = _spot(st, mount.subject, place, 0, 1, 1.15)
    tall = below.tall * 0.55
    above = Spot(below.x, below.foot - below.tall * 0.42, tall, "ride")
    perform(st, mount, below, flip=False, place=place)
    perform(st, rider, above, flip=False, place=place)


def _spot(st: Scene, subject: Subject, place: str, index: int, count: int, crowd: float) -> Spot:
    rng = st.rng
    tall = subject.size * st.unit * 100 * crowd * rng.uniform(0.92, 1.08)
    aside = (
        0.5
        if place in ("studio", "backcloth", "room")
        else (0.62 if st.sun[0] < st.w / 2 else 0.38)
    )
    x = st.w * (aside + rng.uniform(-0.06, 0.06))
    stand = subject.stand
    if count > 1:
        share = min(0.86, tall * subject.wide * count * 0.95 / st.w)
        share = min(share, 0.7 * st.unit * 100 / st.w) if place == "studio" else share
        x = st.w * (0.5 + share * ((index + 0.5) / count - 0.5)) + rng.uniform(-0.02, 0.02) * st.w
    if stand == "portrait":
        if place in _WEIGHTLESS | {"moonscape"}:
            return Spot(x, st.h * 0.9, tall * 0.7, "air")
        return Spot(st.w / 2 if count == 1 else x, st.h * 1.01, min(tall, st.h * 0.92), "bust")
    if place in ("studio", "room") or stand == "table":
        foot = st.floor + (0 if place == "studio" else rng.uniform(0, 0.02) * st.h)
        return Spot(
            x if count > 1 else st.w * 0.5,
            foot,
            tall * (0.95 if place == "studio" else 0.8),
            "ground",
        )
    if (
        place in _WEIGHTLESS
        or stand in ("air", "orbit", "perch")
        or (stand == "below" and place != "beach")
    ):
        middle = 0.4 if stand in ("air", "orbit") and place not in _WEIGHTLESS else 0.5
        if stand == "ground" and place == "underwater":
            return Spot(x, st.floor, tall * 0.8, "ground")
        y = st.h * (middle + rng.uniform(-0.06, 0.06)) + tall / 2
        return Spot(x, y + (index % 2) * tall * 0.25, tall, "air")
    if stand in ("water", "leap") and place in _AFLOAT:
        shoreline = st.horizon + (min(st.floor, st.h * 0.9) - st.horizon) * rng.uniform(0.45, 0.7)
        return Spot(x, shoreline, tall, stand)
    step = (index % 2) * st.h * 0.02
    return Spot(x, min(st.floor + step, st.h * 0.97), min(tall, st.h * 0.8), "ground")


def perform(st: Scene, item: Wanted, spot: Spot, flip: bool, place: str) -> None:
    """Draw a subject on the stage, in the light of the stage."""
    tile = lit(
        cut(item, spot.tall, st.palette, st.rng, flip), st.palette, st.sun[0] > spot.x, st.rng
    )
    w, h = tile.size
    box = tile.getbbox()
    left, top = spot.x - w / 2, spot.foot - (box[3] if box else h)
    if spot.stand in ("ground", "ride"):
        if spot.stand == "ground":
            _shadow(st, spot, w)
        st.put(tile, at=(left, top), depth=0.7)
        st.trace(tile.getchannel("A"), (left, top))
    elif spot.stand in ("water", "leap"):
        _float(st, tile, left, spot)
    elif spot.stand == "bust":
        st.put(tile, at=(left, spot.foot - h), depth=0.5)
        st.trace(tile.getchannel("A"), (left, spot.foot - h))
    else:
        angle = st.rng.uniform(-14, 14) if place == "space" else 0
        turned = tile.rotate(angle, Image.Resampling.BICUBIC, expand=True) if angle else tile
        at = spot.x - turned.width / 2, spot.foot - turned.height
        st.put(turned, at=at, depth=0.5, drift=(st.unit * 3, -st.unit * 2), bob=1.2)
        st.trace(turned.getchannel("A"), at)


def cut(
    item: Wanted, tall: float, palette: Palette, rng: Random, flip: bool = False
) -> Image.Image:
    """Draw a subject alone on a transparent background, `tall` pixels high."""
    subject = item.subject
    main = item.colour or rng.choice(subject.coats)
    accent: RGB = rng.choice([a for a in palette.accents if a != main] or list(palette.accents))
    side = max(8, round(tall))
    fine = 3 if side < 500 else 2
    pen = Pen((max(8, round(side * subject.wide)), side), fine=fine)
    subject.draw(pen, Coat(main, accent))
    tile = pen.done()
    return tile.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if flip else tile


def lit(tile: Image.Image, palette: Palette, from_right: bool, rng: Random) -> Image.Image:
    """Light a subject for the scene: tint, a grainy shadow side, a bright rim."""
    alpha = tile.getchannel("A")
    face = multiply(tile.convert("RGB"), palette.light, 0.75 if palette.night else 0.6)
    ramp = fade(tile.size, 0.0, 0.42, across=True)
    if from_right:
        ramp = ramp.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    grain = ImageChops.multiply(
        ramp, noise(rng, tile.size).point([150 + i * 105 // 255 for i in range(256)])
    )
    face.paste(mix(palette.sky[0], BLACK, 0.25), mask=grain.filter(ImageFilter.BoxBlur(0.5)))
    reach = max(1, round(tile.height * 0.008))
    shifted = ImageChops.offset(alpha, -reach if from_right else reach, reach)
    rim = ImageChops.subtract(alpha, shifted).filter(ImageFilter.BoxBlur(reach * 0.4))
    face.paste(
        mix(palette.sun, palette.glow, 0.3), mask=scale(ImageChops.multiply(rim, alpha), 0.55)
    )
    face.putalpha(alpha)
    return face


def _shadow(st: Scene, spot: Spot, width: int) -> None:
    wide, flat = width * 0.42, max(2.0, spot.tall * 0.035)
    size = round(width * 1.4), round(flat * 6)
    mask = Stencil(size, 1)
    lean = width * (0.06 if st.sun[0] < spot.x else -0.06)
    mask.disc(size[0] / 2 + lean, size[1] / 2, wide, flat)
    soft = mask.done().filter(ImageFilter.GaussianBlur(flat * 0.7))
    at = spot.x - size[0] / 2, spot.foot - size[1] / 2
    st.put(mix(st.palette.near, BLACK, 0.45), scale(soft, 0.5), at, 0.7)


def _float(st: Scene, tile: Image.Image, left: float, spot: Spot) -> None:
    """Draw a floating subject: its lowest part is under water, the rest is reflected."""
    w, h = tile.size
    sunk = round(h * (0.9 if spot.stand == "water" else 0.8))
    above = tile.crop((0, 0, w, sunk))
    image = above.transpose(Image.Transpose.FLIP_TOP_BOTTOM).resize((w, max(2, sunk * 2 // 3)))
    image = image.filter(ImageFilter.BoxBlur((st.unit * 0.9, st.unit * 0.2)))
    dim = ImageChops.multiply(image.getchannel("A"), fade(image.size, 0.55, 0.0))
    st.put(
        multiply(image.convert("RGB"), st.palette.water, 0.45), dim, (left, spot.foot), 0.5, bob=0.3
    )
    st.put(above, at=(left, spot.foot - sunk), depth=0.5, bob=0.3)
    st.trace(above.getchannel("A"), (left, spot.foot - sunk))
    foam = Stencil((w, max(4, round(h * 0.05))), 2)
    for k in range(9):
        foam.disc(w * (0.12 + 0.095 * k), foam.image.height / 4, w * 0.07, h * 0.006 * (1 + k % 3))
    st.put(
        mix(WHITE, st.palette.haze, 0.35),
        scale(foam.done(), 0.7),
        (left, spot.foot - h * 0.022),
        0.5,
    )
