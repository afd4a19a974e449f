"""A recipe put into a picture of 10 MB, beside a plain copy and beside saving it anew."""

from __future__ import annotations

import io
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from table import Row, show

from segmind_widgets.assets.recipes import Recipe, read, write

RECIPE = Recipe("seedream-4.5", inputs={"prompt": "a red fox in the snow", "seed": 7}, seed=7)


def rows(*, tiny: bool = False) -> list[Row]:
    """Milliseconds a file, medians. The files are in the system's cache, as fresh downloads are."""
    side, count = (64, 3) if tiny else (1900, 25)
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for kind, scale, options in (
            ("PNG", 1, {"compress_level": 1}),
            ("JPEG", 1.6, {"quality": 92}),
        ):
            path, copy = Path(folder, f"a.{kind}"), Path(folder, f"copy.{kind}")
            data = _noise(int(side * scale), kind, **options)
            path.write_bytes(data)
            size = f"{len(data) / 1e6:.0f} MB" if not tiny else f"{len(data)} B"
            what = f"recipe into a {kind} of {size}"
            ours = _median(lambda p=path: write(p, RECIPE), count)
            plain = _median(lambda p=path, c=copy: shutil.copyfile(p, c), count)
            anew = _median(lambda p=path, c=copy: _saved_anew(p, c), 3)
            reading = _median(lambda p=path: read(p), count)
            opening = _median(lambda p=path: _opened(p), count)
            found += [
                Row(what, "ms", ours, "plain copy", plain, None if tiny else 3 * plain + 2),
                Row(what, "ms", ours, "Pillow saves it", anew, None if tiny else anew / 10),
                Row(f"recipe out of a {kind} of {size}", "ms", reading, "Image.open", opening),
            ]
    return found


def _noise(side: int, kind: str, **options: int) -> bytes:
    """A picture that does not compress: the worst case for its size."""
    picture = Image.frombytes("RGB", (side, side), os.urandom(side * side * 3))
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def _saved_anew(path: Path, copy: Path) -> None:
    with Image.open(path) as picture:
        picture.save(copy, picture.format)


def _opened(path: Path) -> None:
    with Image.open(path):
        pass


def _median(act: Callable[[], object], count: int) -> float:
    times = []
    for _ in range(count):
        start = time.perf_counter()
        act()
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1e3


if __name__ == "__main__":
    show(rows())
