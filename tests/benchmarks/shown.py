"""From the last byte of a result to the output of its cell, beside the decoding of the same file.

Results of 2K from both of Segmind's forms: v1 replies with the file, v2 with its address. Each
measurement runs one job against the sandbox in another process; beside a video is a copy of it.
"""

from __future__ import annotations

import io
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image, ImageChops
from table import Row, measured, show
from upload import peak_memory

from segmind_widgets.sandbox import Sandbox

KINDS = ("JPEG", "PNG", "WebP", "transparent", "video")
APIS = ("v1", "v2")
MODEL = "fast-flux-schnell"
MIB = 1024 * 1024


def rows(*, tiny: bool = False) -> list[Row]:
    """Milliseconds, medians; the forms take turns, so that a busy moment meets all of them."""
    side = 256 if tiny else 2048
    files = {kind: _file(kind, side) for kind in KINDS}
    took: dict[tuple[str, str], list[dict[str, float]]] = {}
    with (
        tempfile.TemporaryDirectory() as home,
        Sandbox(speed=500, artist=lambda _m, _k, inputs, *_: [files[inputs["prompt"]]]) as sandbox,
    ):
        env = {**os.environ, **sandbox.environ, "SEGMIND_WIDGETS_HOME": home}
        for _ in range(1 if tiny else 5):
            for kind in KINDS:
                for api in APIS:
                    found = measured(__file__, kind, api, env=env)
                    took.setdefault((kind, api), []).append(found)
    found = [row for (kind, api), runs in took.items() for row in _rows(kind, api, runs)]
    return [*found, *_memory(20 if tiny else 200)]


def _memory(size: int) -> list[Row]:
    """MiB that a long video adds to the most that a kernel had, after a small one."""
    video, small = (_video(count * MIB) for count in (size, 1))
    found = []
    with (
        tempfile.TemporaryDirectory() as home,
        Sandbox(
            speed=500, artist=lambda _m, _k, inputs, *_: [small, video][inputs["steps"] :][:1]
        ) as sandbox,
    ):
        env = {**os.environ, **sandbox.environ, "SEGMIND_WIDGETS_HOME": home}
        for api in APIS:
            more = measured(__file__, "--memory", api, env=env)
            found += [Row(f"video of {size} MiB, {api}", "MiB more", more, "its size", size, 32.0)]
    return found


def _rows(kind: str, api: str, runs: list[dict[str, float]]) -> list[Row]:
    middle = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
    floor, peer = middle["floor"], "a copy" if kind == "video" else "its decoding"
    found = [Row(f"last byte → output, {kind}, {api}", "ms", middle["output"], peer, floor)]
    if kind == "transparent":
        found += [Row(f"{kind} 2K as HTML, {api}", "ms", middle["html"], peer, floor, 2.5 * floor)]
    return found


def _file(kind: str, side: int) -> tuple[bytes, str]:
    """Return a picture with soft shapes and some grain, or the bytes of a video."""
    if kind == "video":
        return _video(8 * MIB)
    soft = Image.effect_noise((side // 32, side // 32), 120).resize((side, side))
    ramp = Image.linear_gradient("L").resize((side, side))
    grain = Image.effect_noise((side, side), 8)
    colours = (soft, ImageChops.blend(ramp, grain, 0.2), ImageChops.blend(soft, ramp, 0.5))
    picture = Image.merge("RGB", colours)
    if kind == "transparent":
        picture.putalpha(Image.radial_gradient("L").resize((side, side)))
    out = io.BytesIO()
    encoding = "PNG" if kind == "transparent" else kind
    picture.save(out, encoding)
    return out.getvalue(), f"image/{encoding.lower()}"


def _video(size: int) -> tuple[bytes, str]:
    head = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"
    rest = size - len(head)
    return head + rest.to_bytes(4, "big") + b"mdat" + os.urandom(rest - 8), "video/mp4"


def _measure_memory(api: Any) -> float:
    from segmind_widgets.client import SegmindClient

    client = SegmindClient.instance()
    peaks = []
    for steps in range(2):
        Path("/proc/self/clear_refs").write_text("5")  # reset the peak
        job = client.submit(MODEL, {"prompt": "x", "steps": steps}, api=api)
        job.wait()
        job._repr_mimebundle_()
        peaks.append(peak_memory())
    return peaks[1] - peaks[0]


def _measure(kind: str, api: Any) -> Mapping[str, float]:
    from segmind_widgets.client import SegmindClient
    from segmind_widgets.network.transport import Transport

    ends: list[float] = []

    def noted(method: Any) -> Any:
        def call(*args: Any, **options: Any) -> Any:
            try:
                return method(*args, **options)
            finally:
                ends.append(time.perf_counter())

        return call

    for name in ("send", "download"):
        setattr(Transport, name, noted(getattr(Transport, name)))
    client = SegmindClient.instance()
    for _ in range(2):  # the first one imports
        job = client.submit(MODEL, {"prompt": kind}, api=api)
        job.wait()
        job._repr_mimebundle_()
        output = (time.perf_counter() - ends[-1]) * 1000
    begin = time.perf_counter()
    job.outputs[0].to_html()
    html = (time.perf_counter() - begin) * 1000
    return {"output": output, "html": html, "floor": _floor(job.outputs[0].path)}


def _floor(path: Path) -> float:
    times = []
    for _ in range(3):
        begin = time.perf_counter()
        if path.suffix == ".mp4":
            path.with_suffix(".copy").write_bytes(path.read_bytes())
        else:
            Image.open(path).load()
        times.append((time.perf_counter() - begin) * 1000)
    return statistics.median(times)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--memory"]:
        print(json.dumps(_measure_memory(sys.argv[2])))
    elif len(sys.argv) == 3:
        print(json.dumps(_measure(*sys.argv[1:])))
    else:
        show(rows())
