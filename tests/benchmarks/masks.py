"""Operations on masks and parts of pictures of 24 MP, beside the least that Pillow can do."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable
from random import Random

from PIL import Image, ImageFilter
from table import Row, show

from segmind_widgets.assets.mask_operations import Operation, draw, validated
from segmind_widgets.assets.masks import CHECKPOINT_STEPS, MaskHistory
from segmind_widgets.assets.regions import region
from segmind_widgets.sandbox.artist.editing.repaint import repainted
from segmind_widgets.sandbox.artist.prompt.brief import read

FLOOR = "Image.new + paste"


def rows(*, tiny: bool = False) -> list[Row]:
    """Milliseconds an operation, medians."""
    size, count = ((60, 40), 1) if tiny else ((6000, 4000), 7)
    box = (size[0] // 4, size[1] // 4, size[0] // 2, size[1] // 2)
    ring = _ring(size, 600)

    def floor() -> None:
        Image.new("L", size).paste(255, (0, 0, *size))

    plain = _median(floor, count)
    empty = Image.new("L", size)
    drawn = draw(empty.copy(), ring)
    found = []
    for what, mask, operation, factor in (
        ("rectangle", empty, {"kind": "rectangle", "paint": True, "box": list(box)}, 3),
        ("stroke of 600 points", empty, ring, 30),
        ("fill", drawn, {"kind": "fill", "paint": True, "at": [1, 1]}, 100),
        ("grow by 8", drawn, {"kind": "grow", "by": 8}, 300),
        ("invert", drawn, {"kind": "invert"}, 30),
    ):
        step = validated(operation)
        ours = _median(lambda m=mask, s=step: draw(m.copy(), s), count)
        found.append(
            Row(
                f"{what}, mask of 24 MP", "ms", ours, FLOOR, plain, None if tiny else factor * plain
            )
        )
    return [*found, _undo(size, count, tiny=tiny), *_parts(size, tiny=tiny)]


def _undo(size: tuple[int, int], count: int, *, tiny: bool) -> Row:
    """Undo with 200 operations, beside drawing those after the last checkpoint."""
    history, step = MaskHistory(size), _ring(size, 40)
    for _ in range(200):
        history.apply(step)

    def undo() -> None:
        history.undo()
        history.redo()

    def replay() -> None:
        mask = Image.new("L", size)
        for _ in range(CHECKPOINT_STEPS):
            mask = draw(mask, step)

    ours, replayed = _median(undo, count), _median(replay, count)
    peer = "replay from the checkpoint"
    return Row("undo of 200 strokes", "ms", ours, peer, replayed, None if tiny else 3 * replayed)


def _parts(size: tuple[int, int], *, tiny: bool) -> list[Row]:
    """A part of a photo repainted, beside one blur of the whole."""
    photo = Image.merge("RGB", [Image.linear_gradient("L").resize(size)] * 3)
    mask = Image.new("L", size)
    mask.paste(255, (size[0] // 3, size[1] // 3, size[0] // 2, size[1] // 2))
    brief = read("a cat")

    def paste() -> None:
        part = region(photo, mask)
        part.paste(part.image)

    blur = _median(lambda: photo.filter(ImageFilter.GaussianBlur(20)), 3)
    return [
        Row(what, "ms", _median(call, 3), "GaussianBlur(20)", blur, None if tiny else 3 * blur)
        for what, call in (
            ("region sent and pasted, photo of 24 MP", paste),
            (
                "inpainting in the sandbox, photo of 24 MP",
                lambda: repainted(photo, mask, brief, Random(1), 1),
            ),
        )
    ]


def _ring(size: tuple[int, int], count: int) -> Operation:
    points = [
        [
            round(size[0] * (0.5 + 0.4 * math.cos(math.tau * at / count))),
            round(size[1] * (0.5 + 0.4 * math.sin(math.tau * at / count))),
        ]
        for at in range(count + 1)
    ]
    return {"kind": "stroke", "paint": True, "width": max(1, size[0] // 100), "points": points}


def _median(call: Callable[[], object], count: int) -> float:
    times = []
    for _ in range(count):
        begin = time.perf_counter()
        call()
        times.append(time.perf_counter() - begin)
    return statistics.median(times) * 1000


if __name__ == "__main__":
    show(rows())
