"""How late the end of a job is seen by ours and by the public clients, on one scripted server.

    python clients.py               the table
    python clients.py WAY JOBS      one client on jobs in JSON: [[name, model, seconds], …]

Each client uses its own loop with its own defaults: `segmind` 1.3 polls every second, `replicate`
every half second, `fal-client` every 0.1 s. All jobs of a client run at once. The jobs are drawn
from other distributions than ours assumes; no model has run before, so that ours knows only the
directory's time, which is right, too short, too long or missing.
"""

from __future__ import annotations

import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from statistics import fmean, median
from typing import Any

from queue_server import queues
from table import Row, measured, show

# model: the directory's seconds (0: none), median of the jobs' own seconds
MODELS = {
    "listed-rightly": (4.0, 4.0),
    "quicker-than-listed": (10.1, 2.0),
    "slower-than-listed": (2.0, 4.0),
    "not-listed": (0.0, 3.0),
}
SPREAD = 0.35  # σ of the logarithm
PEERS = ("segmind", "replicate", "fal")
Job = tuple[str, str, float]  # name, model, seconds


def rows(*, tiny: bool = False) -> list[Row]:
    """Return the seconds late in the middle and the status calls, ours beside each peer."""
    jobs = _jobs(1 if tiny else 8, speed=20 if tiny else 1)
    listed = {model: times[0] for model, times in MODELS.items()}
    found = {way: _seen(way, jobs, listed) for way in ("ours", *PEERS)}
    table: list[Row] = []
    for model in MODELS:
        late, calls = found["ours"][model]
        taken = median(seconds for _, its, seconds in jobs if its == model)
        for peer in PEERS:
            aim = None if tiny or peer != PEERS[0] or model == "not-listed" else 0.75 + 0.12 * taken
            what, (theirs, their_calls) = f"{model} ({taken:.1f} s)", found[peer][model]
            table.append(Row(what, "s late, median", late, peer, theirs, aim))
            table.append(Row(what, "status calls a job", calls, peer, their_calls))
    return table


def _jobs(count: int, speed: float) -> list[Job]:
    dice = random.Random(7)
    return [
        (f"{model} {number}", model, own * dice.lognormvariate(0, SPREAD) / speed)
        for model, (_, own) in MODELS.items()
        for number in range(count)
    ]


def _seen(way: str, jobs: list[Job], listed: dict[str, float]) -> dict[str, tuple[float, float]]:
    """Return per model the median of the seconds late and the mean of the status calls."""
    with queues(listed) as server, tempfile.TemporaryDirectory() as home:
        environ = {
            **os.environ,
            "HOME": home,
            "SEGMIND_WIDGETS_HOME": home,
            "SEGMIND_API_URL": server.origin,
            "SEGMIND_SITE_URL": server.origin,
            "SEGMIND_API_KEY": "SG_key",
            "FAL_KEY": "key",
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        }
        seen = measured(__file__, way, json.dumps(jobs), env=environ)
        ends = server.finish()
    found: dict[str, tuple[float, float]] = {}
    for model in listed:
        names = [name for name, its, _ in jobs if its == model]
        late = median(seen[name] - ends[name][0] for name in names)
        found[model] = late, fmean(ends[name][1] for name in names)
    return found


def _ours(origin: str) -> Callable[[Job], None]:
    from segmind_widgets import SegmindClient

    client = SegmindClient(provider="segmind", rate_limit=0)
    client.models()  # as in a kernel that has run for a second: the directory is at hand

    def run(job: Job) -> None:
        name, model, seconds = job
        client.run(model, {"prompt": name, "seconds": seconds}, api="v2")

    return run


def _segmind(origin: str) -> Callable[[Job], None]:
    import segmind

    client = segmind.SegmindClient("SG_key", base_url=f"{origin}/v1")

    def run(job: Job) -> None:
        name, model, seconds = job
        client.submit_async(model, prompt=name, seconds=seconds).wait()

    return run


def _replicate(origin: str) -> Callable[[Job], None]:
    from replicate.client import Client

    client = Client(api_token="key", base_url=origin)

    def run(job: Job) -> None:
        name, model, seconds = job
        inputs = {"prompt": name, "seconds": seconds}
        client.models.predictions.create(f"owner/{model}", inputs).wait()

    return run


def _fal(origin: str) -> Callable[[Job], None]:
    import fal_client.client as fal

    fal.QUEUE_URL_FORMAT = f"{origin}/"  # it is https in the client
    client = fal.SyncClient(key="key")

    def run(job: Job) -> None:
        name, model, seconds = job
        client.submit(f"owner/{model}", {"prompt": name, "seconds": seconds}).get()

    return run


def _measure(way: str, jobs: list[Job]) -> dict[str, float]:
    """Return when each job was returned, in monotonic seconds."""
    ways = {"ours": _ours, "segmind": _segmind, "replicate": _replicate, "fal": _fal}
    run = ways[way](os.environ["SEGMIND_API_URL"])
    done: dict[str, float] = {}

    def one(job: Job) -> None:
        run(job)
        done[job[0]] = time.monotonic()

    with ThreadPoolExecutor(len(jobs)) as pool:
        list(pool.map(one, jobs))
    return done


if __name__ == "__main__":
    if len(sys.argv) > 1:
        found: Any = _measure(sys.argv[1], [tuple(job) for job in json.loads(sys.argv[2])])
        print(json.dumps(found))
    else:
        show(rows())
