"""How long a batch takes, from a thousand rows to a million: simulated on the package's own rules.

    python tests/benchmarks/scale.py          # the table of docs/scale.md, about two minutes
    python tests/benchmarks/scale.py --write  # into the page

The limit's pace, the order of the line and the moments of polls are the package's own code, on a
clock that jumps. A job takes about ten seconds (log-normal, σ 0.25, so as `pacing` assumes), and a
request a fifth of a second; a kernel has six senders, and 256 jobs in flight, as a batch has. It is
all drawn from one seed: the same table each time.
"""

from __future__ import annotations

import heapq
import itertools
import math
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from segmind_widgets.batches.plan import MAX_IN_FLIGHT
from segmind_widgets.jobs.polling import next_poll
from segmind_widgets.jobs.queue import StepQueue
from segmind_widgets.jobs.scheduler import SENDERS
from segmind_widgets.network.rate_limit import WINDOW, RateState
from segmind_widgets.types import UsualTime

ROWS = (1_000, 10_000, 100_000, 1_000_000)
LIMITS = (5, 60, 120, 600, 1000)  # requests a minute; services name such figures
USUAL = 10.0  # seconds
LATENCY = 0.2  # seconds a request
CROWDED = 1.0  # seconds, as in watch.py
MARKS = "<!-- simulated: begin -->", "<!-- simulated: end -->"


@dataclass
class Job:
    """A row: first its submit is due, then polls, then its result."""

    is_submit: bool = True
    sent: float = 0.0
    ends: float = 0.0
    seen: bool = False


@dataclass
class Found:
    """What became of a batch."""

    seconds: float
    requests: int
    late: float  # seconds from a job's end to its result, mean

    def cells(self, rows: int) -> Iterator[str]:
        yield duration(self.seconds)
        yield f"{self.requests / rows:.2f}"
        yield f"{self.late:.1f} s"


def simulate(rows: int, per_minute: float, kernels: int = 1, seed: int = 1) -> Found:
    """A batch of so many rows. `per_minute` 0 is without a limit; `kernels` send in parallel."""
    dice = random.Random(seed)
    most = per_minute / WINDOW if per_minute else math.inf
    pace, line, count = RateState(), StepQueue[Job](), itertools.count()
    due: list[tuple[float, int, bool, Job]] = []  # when a step is due, immediate
    senders = [0.0] * SENDERS * kernels  # when each is free
    now = late = 0.0
    begun = ended = requests = 0
    while ended < rows:
        while due and due[0][0] <= now:
            moment, _, immediate, job = heapq.heappop(due)
            line.add(job, moment, immediate=immediate)
        while begun < rows and begun - ended < MAX_IN_FLIGHT * kernels:
            line.add(Job(), now)
            begun += 1
        if not line:
            now = due[0][0]
            continue
        if senders[0] > now:
            now = senders[0]
            continue
        if wait := pace.acquire(now, most):
            now += wait
            continue
        job = line.pop()
        requests += 1
        answered = now + LATENCY
        heapq.heapreplace(senders, answered)
        if job.seen:
            ended += 1
            late += answered - job.ends
            continue
        if job.is_submit:
            job.is_submit, job.sent = False, answered
            job.ends = answered + USUAL * dice.lognormvariate(0, UsualTime.spread)
        job.seen = now >= job.ends
        crowded = len(line) > CROWDED * most
        pause = 0.0 if job.seen else _pause(round(answered - job.sent, 1), crowded)
        heapq.heappush(due, (answered + pause, next(count), job.seen, job))
    return Found(max(senders), requests, late / rows)


@lru_cache(maxsize=100_000)
def _pause(age: float, economical: bool) -> float:
    return next_poll(age, UsualTime(USUAL), polls=int(age > 0), economical=economical)


def duration(seconds: float) -> str:
    """In words, with two digits."""
    for unit, size in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.{0 if seconds >= 10 * size else 1}f} {unit}"
    return f"{seconds:.0f} s"


def lines(sizes: tuple[int, ...] = ROWS) -> Iterator[str]:
    """The table, Markdown."""
    yield "| rows | requests a minute | time | requests a row | from a job's end to its result |"
    yield "|---:|---:|---:|---:|---:|"
    ways = [*((limit, 1) for limit in LIMITS), (0, 1), (0, 4)]
    for rows in sizes:
        for limit, kernels in ways:
            name = f"{limit:,}" if limit else f"no limit, {kernels} kernel{'s' * (kernels > 1)}"
            cells = simulate(rows, limit, kernels).cells(rows)
            yield f"| {rows:,} | {name} | {' | '.join(cells)} |"


def main() -> None:
    if "--write" not in sys.argv[1:]:
        print("\n".join(lines()))
        return
    page = Path(__file__).parents[2] / "docs" / "scale.md"
    before, _, rest = page.read_text(encoding="utf-8").partition(MARKS[0])
    after = rest.partition(MARKS[1])[2]
    table = "\n".join([MARKS[0], *lines(), MARKS[1]])
    page.write_text(f"{before}{table}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
