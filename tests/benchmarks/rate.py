"""How much of a rate limit is used, and what is refused: 50 a minute, minutes of 12 seconds.

The service counts every request, in any minute. Jobs are five times as fast, too. Two kernels of
one home are measured beside one, and the official SDK in 64 threads.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from load import POOL
from services import services
from table import Row, measured, show
from thousand import LOAD

from segmind_widgets.network.shared_rate_limit import SharedRateLimits

LIMIT, WINDOW, SPEED = 50, 12.0, 5


def rows(*, tiny: bool = False, quick: bool = False) -> list[Row]:
    """Per cent of the limit left, requests refused (the SDK's in all), jobs lost; and µs."""
    minutes = 2 if quick else 3
    count, window = (6, 1.5) if tiny else (LIMIT * minutes // 3 + 10, WINDOW)
    with ThreadPoolExecutor(2) as pool:  # a few requests a second each: they do not disturb
        ways = [(1, count), (2, count // 2)]
        one, two = pool.map(lambda way: _measured("ours", *way, window, minutes), ways)
    sdk = _measured("sdk", 1, 6 if tiny else POOL, window, minutes)
    peer = f"official SDK, {POOL} threads"
    found = []
    for kernels, ours in (("one kernel", one), ("two kernels", two)):
        what = f"{LIMIT} requests a minute, {kernels}"
        aims = (None, None, None) if tiny else (3.0, 0.0, 0.0)
        found += [
            Row(what, "% of the limit left", ours["left"], "none left", 0.0, aims[0]),
            Row(what, "429s after 1 min", ours["later"], peer, sdk["refused"], aims[1]),
            Row(what, "jobs lost, %", ours["lost"], peer, sdk["lost"], aims[2]),
            Row(what, "polls a job", ours["polls"], "status and result", 2.0),
        ]
    shared, own = measured(__file__, "--cost", 50 if tiny else 2000)
    cost = "a place in the limit, shared by kernels"
    found.append(Row(cost, "µs", shared, "this kernel's own", own, 300.0))
    return found


def _measured(way: str, kernels: int, count: int, window: float, minutes: int) -> dict[str, float]:
    options = {} if way == "sdk" else {"per_minute": LIMIT, "window": window}
    with (
        tempfile.TemporaryDirectory() as home,
        services(speed=SPEED, rate_limit=LIMIT, rate_window=window) as running,
        ThreadPoolExecutor(kernels) as pool,
    ):
        environ = {**os.environ, **running.environ, "LOAD_HOME": home}
        found = list(
            pool.map(
                lambda _: measured(LOAD, way, count, json.dumps(options), env=environ),
                range(kernels),
            )
        )
        seen = running.finish()
    begin = max(one["begin"] for one in found)
    return _figures(seen, begin, window, minutes) | {
        "lost": 100 * sum(one["lost"] for one in found) / (count * kernels),
        "polls": sum(seen["counts"].get(kind, 0) for kind in ("status", "results"))
        / (count * kernels),
    }


def _figures(seen: dict[str, Any], begin: float, window: float, minutes: int) -> dict[str, float]:
    passed = sum(begin <= moment < begin + minutes * window for moment in seen["passed"])
    return {
        "left": 100 * max(0.0, 1 - passed / (LIMIT * minutes)),
        "refused": len(seen["refused"]),
        "later": sum(moment > begin + window for moment in seen["refused"]),
    }


def _cost(count: int) -> tuple[float, float]:
    """Microseconds to take a place, medians: through the store, and in this process alone."""
    from segmind_widgets.network.rate_limit import RateLimit
    from segmind_widgets.storage.store import Store

    with tempfile.TemporaryDirectory() as home:
        store = Store(Path(home))
        found = []
        for limit in (
            RateLimit(6e9, SharedRateLimits(store.rate_limits), lambda: "account"),
            RateLimit(6e9),
        ):
            took = []
            for _ in range(count):
                start = time.perf_counter()
                limit.acquire()
                took.append(time.perf_counter() - start)
            found.append(statistics.median(took) * 1e6)
        store.close()
    return found[0], found[1]


if __name__ == "__main__":
    if sys.argv[1:2] == ["--cost"]:
        print(json.dumps(_cost(int(sys.argv[2]))))
    else:
        show(rows(quick="--quick" in sys.argv[1:]))
