"""A mask: operations with undo and redo, drawn at the size of the picture.

A mask is a `PIL.Image.Image` of mode L with only 0 and 255, the form that Segmind's inpainting
models take: white is repainted. It has the size of the upright picture (`Asset.pixels`).
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

from segmind_widgets.assets.mask_operations import Operation, draw, validated
from segmind_widgets.errors import AssetError, InputError

if TYPE_CHECKING:
    from PIL.Image import Image

THRESHOLD = 128  # of 255: grey from here on is white
CHECKPOINT_STEPS = 20  # operations between two checkpoints: so many at most are drawn for an undo
_MAX_BYTES = 64 * 1024 * 1024  # of all checkpoints and operations; the oldest ones are dropped
_POINT_BYTES = 120  # of a list of two Python integers, and its place in a list


class MaskHistory:
    """A mask and the operations that made it.

    All of the mask after each `CHECKPOINT_STEPS` operations is kept, compressed, so that an undo
    draws few operations. Above 64 MB the oldest operations can no longer be undone.
    """

    def __init__(self, size: tuple[int, int], start: Image | None = None) -> None:
        """Begin with a black mask of `size`, or with `start`, a mask as `threshold` returns it.

        Raises:
            AssetError: `start` has another size, or is not a mask.
        """
        from PIL import Image

        if start is not None and not (start.size == size and is_mask(start)):
            raise AssetError(
                f"The mask to start from must have {_pixels(size)} pixels, only black and white.",
                hint="Use masks.threshold(image, size).",
            )
        self._size = size
        self._image = Image.new("L", size) if start is None else start.copy()
        self._checkpoints = [_compressed(self._image)]
        self._operations: list[Operation] = []
        self._position = 0  # operations that are drawn; those after it were undone

    @property
    def image(self) -> Image:
        """Return a copy of the mask."""
        return self._image.copy()

    @property
    def operations(self) -> tuple[Operation, ...]:
        """Return the operations that can be undone, the oldest first."""
        return tuple(self._operations[: self._position])

    @property
    def undone(self) -> tuple[Operation, ...]:
        """Return the operations that can be redone, the next one first."""
        return tuple(self._operations[self._position :])

    @property
    def share(self) -> float:
        """Return the part of the picture that is white, 0 to 1."""
        return self._image.histogram()[255] / (self._size[0] * self._size[1])

    def apply(self, operation: Any) -> None:
        """Draw an operation, see `mask_operations`; those that were undone are dropped.

        Raises:
            InputError: it is not a valid operation.
        """
        step = validated(operation)
        del self._operations[self._position :]
        del self._checkpoints[1 + self._position // CHECKPOINT_STEPS :]
        self._operations.append(step)
        self._draw_next()
        if self._position % CHECKPOINT_STEPS == 0:
            self._checkpoints.append(_compressed(self._image))
            self._drop_oldest()

    def undo(self) -> bool:
        """Undo the last operation; return False where there is none."""
        if not self._position:
            return False
        target = self._position - 1
        number = target // CHECKPOINT_STEPS
        self._image = _restored(self._checkpoints[number], self._size)
        self._position = number * CHECKPOINT_STEPS
        while self._position < target:
            self._draw_next()
        return True

    def redo(self) -> bool:
        """Draw the operation again that was undone last; return False where there is none."""
        if self._position == len(self._operations):
            return False
        self._draw_next()
        return True

    def _draw_next(self) -> None:
        self._image = draw(self._image, self._operations[self._position])
        self._position += 1

    def _drop_oldest(self) -> None:
        """Drop the operations before the second checkpoint as long as all take too much memory."""
        points = sum(len(step.get("points", ())) + 5 for step in self._operations)
        used = points * _POINT_BYTES + sum(map(len, self._checkpoints))
        while used > _MAX_BYTES and len(self._checkpoints) > 2:
            oldest = self._operations[:CHECKPOINT_STEPS]
            used -= sum(len(step.get("points", ())) + 5 for step in oldest) * _POINT_BYTES
            used -= len(self._checkpoints.pop(0))
            del self._operations[:CHECKPOINT_STEPS]
            self._position -= CHECKPOINT_STEPS


def is_mask(picture: Image) -> bool:
    """Return whether a picture has mode L and only the levels 0 and 255."""
    return picture.mode == "L" and not any(picture.histogram()[1:255])


def threshold(picture: Image, size: tuple[int, int], *, fit: bool = False) -> Image:
    """Return a picture as a mask: white where it is at least as bright as `THRESHOLD`.

    Transparent areas are black.

    Args:
        picture: a mask of any origin, such as grey or with transparency.
        size: width and height that the mask must have.
        fit: whether a mask of another size is stretched.

    Raises:
        AssetError: it has another size, and `fit` is false.
    """
    if picture.size != size and not fit:
        raise AssetError(
            f"The mask has {_pixels(picture.size)} pixels, and its image {_pixels(size)}.",
            hint="Give a mask of that size, or stretch this one to it with fit.",
        )
    grey = _on_black(picture)
    if grey.size != size:
        grey = grey.resize(size)
    return _hard(grey)


def from_transparency(picture: Image) -> Image:
    """Return a mask that is white where a picture is transparent: more than half.

    Raises:
        AssetError: nothing of it is transparent.
    """
    alpha = picture.convert("RGBA").getchannel("A") if picture.has_transparency_data else None
    mask = None if alpha is None else alpha.point([255] * THRESHOLD + [0] * (256 - THRESHOLD))
    if mask is None or mask.getbbox() is None:
        raise AssetError(
            "Nothing of the image is transparent, so no mask follows from it.",
            hint="Paint the mask, or give an image with a transparent area (PNG or WebP).",
        )
    return mask


def feather(mask: Image, width: int) -> Image:
    """Return a mask whose edges are grey ramps, `width` pixels to each side; no pixel beyond.

    Raises:
        InputError: `width` is not a number of pixels from 0 to 1,000.
    """
    from PIL import ImageFilter

    _check_feather(width)
    # the reach of two means after each other is the sum of their radii, unlike that of a Gaussian
    for radius in (width // 2, width - width // 2):
        mask = mask.filter(ImageFilter.BoxBlur(radius))
    return mask


def fade(mask: Image, width: int) -> Image:
    """Return a mask that is white where it was, and fades to black over `width` pixels around it.

    Raises:
        InputError: `width` is not a number of pixels from 0 to 1,000.
    """
    from PIL import ImageChops

    _check_feather(width)
    wider = draw(mask.copy(), {"kind": "grow", "by": width // 2})
    return ImageChops.lighter(feather(wider, width - width // 2), mask)


def _check_feather(width: Any) -> None:
    if type(width) is not int or not 0 <= width <= 1000:
        raise InputError("`feather` must be 0 to 1000 whole pixels.", field="feather")


def _hard(grey: Image) -> Image:
    return grey.point([0] * THRESHOLD + [255] * (256 - THRESHOLD))


def _on_black(picture: Image) -> Image:
    from PIL import Image

    from segmind_widgets.assets.decoding import eight_bit

    if not picture.has_transparency_data:
        return eight_bit(picture).convert("L")
    layer = picture.convert("RGBA")
    grey = Image.new("L", picture.size)
    grey.paste(layer.convert("L"), mask=layer.getchannel("A"))
    return grey


def _compressed(mask: Image) -> bytes:
    from PIL import Image

    bits = mask.convert("1", dither=Image.Dither.NONE)
    return zlib.compress(bits.tobytes(), 1)


def _restored(data: bytes, size: tuple[int, int]) -> Image:
    from PIL import Image

    return Image.frombytes("1", size, zlib.decompress(data)).convert("L")


def _pixels(size: tuple[int, int]) -> str:
    return f"{size[0]}×{size[1]}"
