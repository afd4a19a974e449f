"""Antialiased drawing: surfaces are supersampled and reduced at the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageDraw

from .colour import RGB, WHITE, Size, mix
from .shapes import Outline, Point, oval


@dataclass(frozen=True)
class Coat:
    """The colours of a subject."""

    main: RGB
    accent: RGB
    lamp: RGB = (255, 214, 130)  # lights: windows, headlights
    dark: RGB = (38, 34, 52)
    pale: RGB = (250, 243, 232)

    @property
    def deep(self) -> RGB:
        """Return the shadow tone of the main colour."""
        return mix(self.main, (24, 16, 56), 0.32)

    @property
    def light(self) -> RGB:
        """Return the highlight tone of the main colour."""
        return mix(self.main, (255, 246, 226), 0.38)


class Pen:
    """A transparent picture with a coordinate system of `box` units.

    Outlines are given in these units. `fine` is the supersampling factor.
    """

    def __init__(self, size: Size, box: tuple[float, float] = (100, 100), fine: int = 3) -> None:
        self.size, self.fine = size, fine
        self.kx, self.ky = size[0] * fine / box[0], size[1] * fine / box[1]
        self.image = Image.new("RGBA", (size[0] * fine, size[1] * fine), (0, 0, 0, 0))
        self.draw = ImageDraw.Draw(self.image)

    def _scaled(self, outline: Sequence[Point]) -> Outline:
        return [(x * self.kx, y * self.ky) for x, y in outline]

    def fill(self, outline: Sequence[Point], colour: RGB) -> None:
        """Fill the outline with an opaque colour."""
        self.draw.polygon(self._scaled(outline), fill=(*colour, 255))

    def shade(self, outline: Sequence[Point], colour: RGB, amount: float = 1.0) -> None:
        """Tint the outline, but only on pixels that are already painted.

        Shadows and patterns use it: the alpha channel does not change.
        """
        points = self._scaled(outline)
        xs, ys = [p[0] for p in points], [p[1] for p in points]
        left, top = max(0, int(min(xs))), max(0, int(min(ys)))
        right = min(self.image.width, int(max(xs)) + 2)
        bottom = min(self.image.height, int(max(ys)) + 2)
        if right <= left or bottom <= top:
            return
        mask = Image.new("L", (right - left, bottom - top))
        moved = [(x - left, y - top) for x, y in points]
        ImageDraw.Draw(mask).polygon(moved, fill=round(255 * amount))
        under = self.image.crop((left, top, right, bottom))
        alpha = under.getchannel("A")
        under.paste(colour, mask=ImageChops.multiply(mask, alpha))
        under.putalpha(alpha)
        self.image.paste(under, (left, top))

    def erase(self, outline: Sequence[Point]) -> None:
        """Make the outline transparent."""
        self.draw.polygon(self._scaled(outline), fill=(0, 0, 0, 0))

    def eye(self, x: float, y: float, radius: float, colour: RGB = (28, 22, 38)) -> None:
        """Draw a round eye with a highlight."""
        self.fill(oval(x, y, radius, radius * 1.12), colour)
        self.fill(oval(x + radius * 0.3, y - radius * 0.38, radius * 0.34), WHITE)

    def done(self) -> Image.Image:
        """Return the picture at its final size."""
        return self.image.reduce(self.fine)


class Stencil:
    """A mask that is drawn like a `Pen` picture: white where painted.

    Coordinates are pixels of the final mask. `fine` is the supersampling factor.
    """

    def __init__(self, size: Size, fine: int = 2) -> None:
        self.fine = fine
        self.image = Image.new("L", (max(1, size[0]) * fine, max(1, size[1]) * fine))
        self.draw = ImageDraw.Draw(self.image)

    def fill(self, outline: Sequence[Point], level: int = 255) -> None:
        """Fill the outline with the opacity `level` (0 to 255)."""
        f = self.fine
        self.draw.polygon([(x * f, y * f) for x, y in outline], fill=level)

    def box(self, x0: float, y0: float, x1: float, y1: float, level: int = 255) -> None:
        """Fill a rectangle, which is the fastest shape."""
        f = self.fine
        if x1 > x0 and y1 > y0:  # fill at least one supersampled pixel
            right, bottom = max(x0 * f, x1 * f - 1), max(y0 * f, y1 * f - 1)
            self.draw.rectangle((x0 * f, y0 * f, right, bottom), fill=level)

    def disc(
        self, x: float, y: float, rx: float, ry: float | None = None, level: int = 255
    ) -> None:
        """Fill an ellipse with horizontal and vertical axes; `ry` defaults to `rx`."""
        f, ry = self.fine, rx if ry is None else ry
        self.draw.ellipse(((x - rx) * f, (y - ry) * f, (x + rx) * f, (y + ry) * f), fill=level)

    def line(self, points: Sequence[Point], width: float, level: int = 255) -> None:
        """Draw a line of `width` pixels."""
        f = self.fine
        path = [(x * f, y * f) for x, y in points]
        self.draw.line(path, fill=level, width=max(1, round(width * f)), joint="curve")

    def done(self) -> Image.Image:
        """Return the mask at its final size."""
        return self.image.reduce(self.fine)
