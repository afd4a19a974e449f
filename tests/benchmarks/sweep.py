"""A sweep of 64 with one shared picture of 10 MB, beside the loop that people paste.

That loop uploads the picture for each run and asks every 7 s, one run after the other, as the code
on a workflow's API page does. It makes 8 runs; its time is given for 64. The sandbox is 20 times
faster than life, and so is the loop's pause.
"""

from __future__ import annotations

import base64
import json
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import requests
from PIL import Image
from table import Row, measured, show

from segmind_widgets import SegmindClient
from segmind_widgets.batches.sweeps import Sweep
from segmind_widgets.sandbox import Sandbox

MODEL = "clarity-upscaler"  # 18 s
SPEED = 20
PAUSE = 7 / SPEED  # seconds
OTHERS = 8  # runs of the loop


def rows(*, tiny: bool = False, quick: bool = False) -> list[Row]:
    side = 3 if tiny else 8
    count, others = side * side, 2 if tiny else OTHERS
    picture = _picture(0.2 if tiny else 10)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "shared.png")
        path.write_bytes(picture)
        ours, sent = _measured("ours", path, side, folder)
        theirs, _ = _measured("loop", path, others, folder)
    what = f"sweep of {count}, one picture of {len(picture) / 1e6:.1f} MB"
    return [
        Row(what, "s", ours, "the pasted loop", theirs * count / others),
        Row(what, "uploads", sent, "the pasted loop", count, 1.0),
    ]


def _measured(way: str, path: Path, count: int, folder: str) -> tuple[float, int]:
    with Sandbox(speed=SPEED, artist=_painted, credits=1000) as sandbox:
        env = {**os.environ, **sandbox.environ, "SEGMIND_WIDGETS_HOME": f"{folder}/{way}"}
        said = measured(__file__, way, path, count, env=env)
        return said["seconds"], len(sandbox.requests("POST", "/upload-asset"))


def _painted(
    model: str, modality: str, inputs: Mapping[str, Any], seed: int, media: Any
) -> list[tuple[bytes, str]]:
    return [(_picture(0.01), "image/png")]


def _picture(megabytes: float) -> bytes:
    import io

    side = int((megabytes * 1e6) ** 0.5)
    out = io.BytesIO()
    Image.effect_noise((side, side), 90).save(out, "PNG", compress_level=0)
    return out.getvalue()


def _ours(path: Path, side: int) -> None:
    steps = [round(0.1 + 0.8 * step / side, 3) for step in range(side)]
    axes = {"creativity": steps, "resemblance": steps}
    client = SegmindClient.instance()
    batch = client.map(MODEL, Sweep({"image": path}, axes)).wait()
    if batch.done != side * side:
        raise RuntimeError(f"Not all rows ran: {batch}, {batch.failures.by_cause()}")
    client.close()


def _loop(path: Path, count: int) -> None:
    key = {"x-api-key": os.environ["SEGMIND_API_KEY"]}
    storage, api = os.environ["SEGMIND_STORAGE_URL"], os.environ["SEGMIND_API_URL"]
    for number in range(count):
        data = "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode()
        body = {"data_urls": [data]}
        sent = requests.post(f"{storage}/upload-asset", json=body, headers=key, timeout=60).json()
        inputs = {"image": sent["urls"][0], "creativity": number / count}
        begun = requests.post(f"{api}/v2/{MODEL}", json=inputs, headers=key, timeout=60).json()
        request = f"{api}/v2/requests/{begun['request_id']}"
        while True:
            told = requests.get(f"{request}/status", headers=key, timeout=60).json()
            if told["status"] == "COMPLETED":
                break
            time.sleep(PAUSE)
        result = requests.get(request, headers=key, timeout=60).json()
        url = json.dumps(result).partition('"http')[2].partition('"')[0]
        path.with_name(f"{number}.png").write_bytes(requests.get(f"http{url}", timeout=60).content)


if __name__ == "__main__":
    if len(sys.argv) > 2:
        began = time.perf_counter()
        {"ours": _ours, "loop": _loop}[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3]))
        print(json.dumps({"seconds": time.perf_counter() - began}))
    else:
        show(rows())
