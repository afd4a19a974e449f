"""1,000 jobs of 5 to 20 s at once, with no rate limit, beside the official SDK in 64 threads.

The asyncio clients of Replicate and fal run the same jobs on a server that speaks their queues.
`--quick` runs 100. The peers run fewer, four rounds of its pool: its figures do not depend on how
many there are, but for the seconds, which are given for 1,000.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from load import POOL
from queue_server import queues
from services import services
from table import Row, measured, show

LOAD = os.path.join(os.path.dirname(__file__), "load.py")  # noqa: PTH118, PTH120 - for `measured`


def rows(*, tiny: bool = False, quick: bool = False) -> list[Row]:
    """Ours beside the SDK; then as a batch with its view, and with a view of each job."""
    count, others, speed = (
        (12, 12, 20) if tiny else (100, POOL, 1) if quick else (1000, 4 * POOL, 1)
    )
    ours = _measured("ours", count, speed)
    theirs = _measured("sdk", others, speed)
    views = _measured("ours", count, speed, views=True)
    one_view = _measured("batch", count, speed)
    what, peer = f"{count:,} jobs of 5 to 20 s", f"official SDK, {POOL} threads"
    others = 12 if tiny else 4 * POOL
    queued = {f"{way}, asyncio": _queued(way, others, speed) for way in ("replicate", "fal")}
    aims = None if tiny else {"threads": 16.0, "MiB more": 64.0, "ms main pause, p99": 50.0}
    found = [
        Row(what, unit, ours[name], peer, theirs[name], (aims or {}).get(unit))
        for name, unit in (
            ("threads", "threads"),
            ("memory", "MiB more"),
            ("pause", "ms main pause, p99"),
            ("status", "status calls a job"),
            ("work", "ms of work a job"),
            ("lost", "jobs lost"),
        )
    ]
    found += [
        Row(what, unit, ours[name], way, seen[name])
        for way, seen in queued.items()
        for name, unit in (
            ("memory", "MiB more"),
            ("pause", "ms main pause, p99"),
            ("work", "ms of work a job"),
        )
    ]
    if count == 1000:  # with fewer the last job's own time is most of it
        found.append(Row(what, "s for 1,000", ours["thousand"], peer, theirs["thousand"]))
    peer = "a JobView each"
    most = None if tiny else 20.0
    found += [
        Row(
            f"{what}, as a batch", "messages/s", one_view["messages"], peer, views["messages"], most
        ),
        Row(f"{what}, as a batch", "ms main pause, p99", one_view["pause"], peer, views["pause"]),
        Row(f"{what}, as a batch", "MiB more", one_view["memory"], peer, views["memory"]),
    ]
    shown = f"{what}, a JobView each"
    found.append(Row(shown, "messages/s", views["messages"], "no view", ours["messages"]))
    found.append(Row(shown, "ms main pause, p99", views["pause"], "no view", ours["pause"]))
    return found


def _measured(way: str, count: int, speed: float, **options: Any) -> dict[str, float]:
    with services(speed=speed) as running:
        environ = {**os.environ, **running.environ}
        found = measured(LOAD, way, count, json.dumps(options), env=environ)
        found["status"] = running.finish()["counts"]["status"] / count
    found["thousand"] = found["seconds"] * 1000 / count
    return found


def _queued(way: str, count: int, speed: float) -> dict[str, float]:
    """Measure an asyncio client at its own queue."""
    with queues({}) as running:
        environ = {**os.environ, "LOAD_QUEUES": running.origin, "LOAD_SPEED": str(speed)}
        return measured(LOAD, way, count, "{}", env=environ)


if __name__ == "__main__":
    show(rows(quick="--quick" in sys.argv[1:]))
