"""How late an end is noticed and how many status calls that takes, beside fixed intervals.

Simulated: nothing sleeps. A job ends at a log-normal time around the usual one; polls are due as
`next_poll` says, and the first poll at or after the end notices it.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from functools import partial
from statistics import fmean

from table import Row, show

from segmind_widgets.jobs.polling import next_poll

SIGMA = 0.25
# seconds, as models usually take: quick pictures, large ones, edits, sound, films
USUAL = [
    *(0.7, 0.9, 1.2, 1.6, 2.1, 2.8, 3.4, 4.2, 5.0, 6.1, 7.3, 8.5, 9.8, 11, 12.5, 14, 16, 18, 20),
    *(22, 24, 27, 30, 34, 38, 43, 48, 55, 62, 70, 80, 92, 105, 120, 145, 175, 210, 270, 380, 600),
]
Wait = Callable[[float], float]  # age of a job → seconds to the next poll


def rows(*, tiny: bool = False) -> list[Row]:
    """Calls a job, and seconds late, means over all jobs. All see the same jobs."""
    dice = random.Random(1)
    count = 3 if tiny else 200
    jobs = [(u, u * math.exp(dice.gauss(0, SIGMA))) for u in USUAL for _ in range(count)]
    fixed = {every: _mean(jobs, lambda _, every=every: lambda _: every) for every in (7, 2, 1)}
    found = []
    for label, factor in {
        "": 1.0,
        ", usual ×0.5": 0.5,
        ", usual ×2": 2.0,
        ", unknown": 0.0,
    }.items():
        for economical in (False, True):
            ours = _mean(jobs, partial(_paced, factor, economical))
            name = f"{'economical' if economical else 'default'}{label}"
            for every in (7,) if economical else (2, 1):
                theirs, calls, late = fixed[every], None, None
                if every != 1 and not label:
                    calls = theirs[0] * (1 if economical else 0.5)
                    late = theirs[1] * (0.5 if economical else 1)
                peer = f"every {every} s"
                found += [
                    Row(f"pacing {name}", "calls a job", ours[0], peer, theirs[0], calls),
                    Row(f"pacing {name}", "s late", ours[1], peer, theirs[1], late),
                ]
    return found


def _paced(factor: float, economical: bool, usual: float) -> Wait:
    return lambda age: next_poll(age, usual * factor or None, economical=economical)


def _mean(jobs: list[tuple[float, float]], wait_of: Callable[[float], Wait]) -> tuple[float, float]:
    runs = [_run(wait_of(usual), end) for usual, end in jobs]
    return fmean(calls for calls, _ in runs), fmean(late for _, late in runs)


def _run(wait: Wait, end: float) -> tuple[int, float]:
    """Polls made, and seconds from the end to the poll that saw it."""
    age, calls = 0.0, 0
    while age < end or not calls:
        age += wait(age)
        calls += 1
    return calls, age - end


if __name__ == "__main__":
    show(rows())
