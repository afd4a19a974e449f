"""The stage of a scene: layers from far to near, as one picture or as a film."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Protocol

from PIL import Image, ImageChops, ImageFilter

from ..drawing.colour import RGB, Size, fade, gradient, mix
from ..prompt.palettes import Palette


class Layer(Protocol):
    """A part of the scene that paints itself for a given time of the film (0 to 1)."""

    def paint(self, canvas: Image.Image, time: float, span: float) -> None:
        """Paint the layer on the canvas.

        `span` is the distance in pixels that a layer of depth 1 moves during the film.
        """


@dataclass(frozen=True)
class Patch:
    """A colour or picture seen through a mask.

    `depth` is the share of the camera movement: 0 does not move, 1 moves fastest.
    """

    fill: RGB | Image.Image
    mask: Image.Image | None
    at: tuple[int, int]
    depth: float
    drift: tuple[float, float]
    bob: float

    def paint(self, canvas: Image.Image, time: float, span: float) -> None:
        """Paint the patch at its position at that time."""
        x = self.at[0] + (0.5 - time) * span * self.depth + self.drift[0] * (time - 0.5)
        y = self.at[1] + self.drift[1] * (time - 0.5) + self.bob * math.sin(time * math.tau)
        if self.mask is not None:
            place = round(x), round(y)
            box = (*place, place[0] + self.mask.width, place[1] + self.mask.height)
            canvas.paste(self.fill, box, self.mask)
        elif isinstance(self.fill, Image.Image):
            canvas.paste(self.fill, (round(x), round(y)))


@dataclass(frozen=True)
class Mirror:
    """Still water that shows the scene above the line `top` upside down.

    The reflection is rippled and dimmed by `tint`.
    """

    top: int
    bottom: int
    tint: Image.Image
    mask: Image.Image
    ripple: float

    def paint(self, canvas: Image.Image, time: float, span: float) -> None:
        """Paint the reflection of the current canvas."""
        del span  # water does not move with the camera
        width, height = canvas.width, self.bottom - self.top
        source = canvas.crop((0, max(0, self.top - height), width, self.top))
        flipped = source.transpose(Image.Transpose.FLIP_TOP_BOTTOM).resize((width, height))
        flipped = flipped.filter(ImageFilter.BoxBlur((self.ripple * 2, self.ripple * 0.6)))
        y, row = 0, 0
        while y < height:
            thick = max(1, round(height * (0.004 + 0.014 * y / height)))
            swing = math.sin(row * 1.9 + time * math.tau) + math.sin(row * 0.7 - time * 4)
            shift = round(swing * self.ripple * (0.4 + 1.6 * y / height))
            strip = flipped.crop((0, y, width, min(height, y + thick)))
            canvas.paste(strip, (shift, self.top + y))
            if shift:
                edge = strip.crop(
                    (0, 0, 1, strip.height) if shift > 0 else (width - 1, 0, width, strip.height)
                )
                gap = abs(shift), strip.height
                canvas.paste(edge.resize(gap), (0 if shift > 0 else width + shift, self.top + y))
            y, row = y + thick, row + 1
        canvas.paste(self.tint, (0, self.top), self.mask)


class Scene:
    """A scene that is painted layer by layer; with a margin, the layers are stored for a film.

    `w` and `h` are the stage's size in pixels (the frame plus the margin); `unit` is a hundredth of
    the frame's short side. Scenery sets the position of the light (`sun`), the height in pixels
    where a subject may stand (`floor`) and the drawing functions that run after the subjects
    (`front`). `wishes` contains the weather and sky objects named in the prompt, and the positions
    (`stand`) of its subjects.
    """

    def __init__(self, size: Size, rng: Random, palette: Palette, margin: int = 0) -> None:
        self.size, self.rng, self.palette, self.margin = size, rng, palette, margin
        self.w, self.h = size[0] + margin, size[1]
        self.unit = min(size) / 100
        self.canvas = Image.new("RGB", (self.w, self.h), palette.sky[-1])
        self.layers: list[Layer] = []
        self.figure: Image.Image | None = None  # mask of the subjects (mode L)
        self.sun = (rng.uniform(0.2, 0.8) * self.w, self.h * 0.3)
        self.horizon = self.h * 0.62
        self.floor = self.h * 0.9
        self.wishes: frozenset[str] = frozenset()
        self.front: list[Callable[[], None]] = []

    def add(self, layer: Layer) -> None:
        """Paint a layer over the current canvas."""
        layer.paint(self.canvas, 0.5, 0)
        if self.margin:
            self.layers.append(layer)

    def put(
        self,
        fill: RGB | Image.Image,
        mask: Image.Image | None = None,
        at: tuple[float, float] = (0, 0),
        depth: float = 0.0,
        drift: tuple[float, float] = (0, 0),
        bob: float = 0.0,
    ) -> None:
        """Add a patch; an RGBA picture without a mask is its own mask."""
        if mask is None and isinstance(fill, Image.Image) and fill.mode == "RGBA":
            fill, mask = fill.convert("RGB"), fill.getchannel("A")
        place = round(at[0]), round(at[1])
        self.add(Patch(fill, mask, place, depth, drift, bob * self.unit))

    def trace(self, alpha: Image.Image, at: tuple[float, float]) -> None:
        """Add the shape of a subject to the mask of subjects (`figure`)."""
        sheet = Image.new("L", (self.w, self.h))
        sheet.paste(alpha, (round(at[0]), round(at[1])))
        self.figure = ImageChops.lighter(self.figure, sheet) if self.figure else sheet

    def mirror(self, top: float, bottom: float, clear: float = 0.5, ripple: float = 0.8) -> None:
        """Draw water between two heights that reflects the canvas painted so far."""
        t, b = round(top), round(bottom)
        if b - t < 2:
            return
        tint = gradient(
            (self.w, b - t),
            [
                mix(self.palette.water, self.palette.haze, 0.45),
                self.palette.water,
                mix(self.palette.water, self.palette.near, 0.35),
            ],
        )
        mask = fade((self.w, b - t), 1 - clear, 1 - clear * 0.25)
        self.add(Mirror(t, b, tint, mask, ripple * self.unit))

    def frame(self, time: float) -> Image.Image:
        """Return the film's picture at a time from 0 to 1; requires a margin."""
        canvas = Image.new("RGB", (self.w, self.h))
        for layer in self.layers:
            layer.paint(canvas, time, self.margin)
        left = self.margin // 2
        return canvas.crop((left, 0, left + self.size[0], self.h))
