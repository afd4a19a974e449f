"""Rows by four Dask workers beside the same rows by one kernel: time, results and ledger.

The sandbox is in this process, its jobs take no time, and its pictures are of one colour for each
seed; the kernel is another process, and the workers are four more.
"""

from __future__ import annotations

import io
import json
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from typing import Any

from PIL import Image
from table import Row, measured, show

from segmind_widgets.batches.batch import Batch
from segmind_widgets.client import SegmindClient
from segmind_widgets.sandbox import Sandbox

MODEL = "fast-flux-schnell"
WORKERS = 4
LEDGER = ("row", "target", "inputs", "status", "cost", "estimate", "seed", "fingerprint")


def rows(*, tiny: bool = False, quick: bool = False) -> list[Row]:
    count = 8 if tiny else 100 if quick else 500
    with tempfile.TemporaryDirectory() as home, Sandbox(speed=1e6, artist=_painted) as sandbox:
        env = {**os.environ, **sandbox.environ, "SEGMIND_WIDGETS_HOME": home}
        said = measured(__file__, count, env=env)
        twice = len(sandbox.billed_posts) - 2 * (count + WORKERS)
    what = f"{count} rows by {WORKERS} Dask workers"
    return [
        Row(what, "s", said["far"], "one kernel", said["local"], 1.3 * said["local"]),
        Row(what, "results that differ", said["results"], "of", count, 0),
        Row(what, "ledger rows that differ", said["ledger"], "of", count, 0),
        Row(what, "POSTs too many", twice, "of", 2 * count, 0),
    ]


def _painted(
    model: str, modality: str, inputs: Mapping[str, Any], seed: int, media: Any
) -> list[tuple[bytes, str]]:
    out = io.BytesIO()
    Image.new("RGB", (512, 512), (seed % 256, seed // 256, 90)).save(out, "PNG")
    return [(out.getvalue(), "image/png")]


def _measure(count: int) -> dict[str, float]:
    from distributed import Client, LocalCluster

    client = SegmindClient.instance()
    given = [{"prompt": f"a fox, {seed}", "seed": seed} for seed in range(count)]
    options: dict[str, Any] = {"processes": True, "dashboard_address": None}
    with (
        LocalCluster(n_workers=WORKERS, threads_per_worker=2, **options) as cluster,
        Client(cluster) as dask,
    ):
        pool = dask.get_executor()
        took, made = {}, {}
        for name, more in {"local": {}, "far": {"executor": pool}}.items():
            client.map(MODEL, given[:WORKERS], name=f"warm {name}", **more).wait()
            began = time.perf_counter()
            made[name] = client.map(MODEL, given, name=name, **more).wait()
            took[name] = time.perf_counter() - began
            if made[name].done != count:
                raise RuntimeError(
                    f"Not all rows ran: {made[name]}, {made[name].failures.by_cause()}"
                )
    return {
        **took,
        "results": _differ(*map(_results, made.values())),
        "ledger": _differ(*(_ledger(client, name) for name in made)),
    }


def _results(batch: Batch) -> list[Any]:
    return [
        (job.status, job.seed, [(a.media_type, a.image.tobytes()) for a in job.outputs])
        for job in batch.jobs
    ]


def _ledger(client: SegmindClient, name: str) -> list[Any]:
    found = client.session.store.jobs(10**6, batch=name)
    return sorted(tuple(str(row[column]) for column in LEDGER) for row in found)


def _differ(ours: list[Any], theirs: list[Any]) -> int:
    pairs = zip(ours, theirs, strict=False)
    return abs(len(ours) - len(theirs)) + sum(one != other for one, other in pairs)


if __name__ == "__main__":
    if len(sys.argv) == 2:
        print(json.dumps(_measure(int(sys.argv[1]))))
    else:
        show(rows())
