"""How late an end is seen and how many status calls that takes, beside fixed intervals.

Simulated: nothing sleeps. The jobs come from other distributions than the policy assumes: narrower
and wider ones, a usual time that is wrong, machines that have to be started first. A peer polls
every second as the official SDK does (`segmind` 1.3.0: `DEFAULT_POLL_INTERVAL_S`), or, for
`economical`, every 7 s as the page of workflows recommends.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from statistics import fmean, median, quantiles

from table import Row, show

from segmind_widgets.jobs.polling import next_poll
from segmind_widgets.types import UsualTime

# seconds, as models usually take: quick pictures, large ones, edits, sound, films
USUAL = [
    *(0.7, 0.9, 1.2, 1.6, 2.1, 2.8, 3.4, 4.2, 5.0, 6.1, 7.3, 8.5, 9.8, 11, 12.5, 14, 16, 18, 20),
    *(22, 24, 27, 30, 34, 38, 43, 48, 55, 62, 70, 80, 92, 105, 120, 145, 175, 210, 270, 380, 600),
]
SDK, PAGE = 1.0, 7.0  # seconds between two polls
# name, usual time of the directory relative to the jobs', σ of the logarithm, share of cold starts
LOADS = [
    ("", 1.0, 0.25, 0.0),
    (", σ 0.1", 1.0, 0.1, 0.0),
    (", σ 0.5", 1.0, 0.5, 0.0),
    (", usual ×0.5", 0.5, 0.25, 0.0),
    (", usual ×2", 2.0, 0.25, 0.0),
    (", usual ×5", 5.0, 0.25, 0.0),
    (", cold and warm", 1.0, 0.25, 0.3),
    (", unknown", 0.0, 0.25, 0.0),
]
Pause = Callable[[float, int], float]  # age of a job, polls made → seconds to the next poll
Seen = tuple[float, int, float]  # seconds that a job took, polls, seconds late


def rows(*, tiny: bool = False) -> list[Row]:
    """Return the calls a job, and its lateness relative to the aims.

    These are 0.75 s + 12 % of a job's own time in the middle, 1 s + 25 % in 95 of 100 jobs, and at
    most one call a second after the first.
    """
    count = 3 if tiny else 100
    found: list[Row] = []
    for label, factor, spread, cold in LOADS:
        jobs = list(_jobs(count, spread, cold))
        ours = [_seen(_paced(usual * factor), end) for usual, end in jobs]
        sdk = [_seen(lambda _, __: SDK, end) for _, end in jobs]
        found += _compared(f"pacing default{label}", ours, f"every {SDK:g} s", sdk, aims=factor > 0)
        if label:
            continue
        ours = [_seen(_paced(usual, economical=True), end) for usual, end in jobs]
        page = [_seen(lambda _, __: PAGE, end) for _, end in jobs]
        found += _compared(f"pacing economical{label}", ours, f"every {PAGE:g} s", page, aims=False)
    return found


def _jobs(count: int, spread: float, cold: float) -> Iterable[tuple[float, float]]:
    dice = random.Random(1)
    for usual in USUAL:
        for _ in range(count):
            start = dice.uniform(20, 90) if dice.random() < cold else 0.0
            yield usual, usual * dice.lognormvariate(0, spread) + start


def _paced(usual: float, *, economical: bool = False) -> Pause:
    time = UsualTime(usual) if usual else None
    return lambda age, polls: next_poll(age, time, polls=polls, economical=economical)


def _seen(pause: Pause, end: float) -> Seen:
    age, calls = 0.0, 0
    while age < end or not calls:
        age += pause(age, calls)
        calls += 1
    return end, calls, age - end


def _compared(
    name: str, ours: list[Seen], peer: str, theirs: list[Seen], *, aims: bool
) -> list[Row]:
    aim = 1.0 if aims else None
    return [
        Row(name, unit, figure(ours), peer, figure(theirs), aim if unit != CALLS else None)
        for unit, figure in FIGURES.items()
    ]


CALLS = "calls a job"
FIGURES: dict[str, Callable[[list[Seen]], float]] = {
    CALLS: lambda seen: fmean(calls for _, calls, _ in seen),
    "calls a s after the first": lambda seen: max(
        (calls - 1) / (end + late) for end, calls, late in seen
    ),
    "median late / (0.75 s + 12 %)": lambda seen: median(
        late / (0.75 + 0.12 * end) for end, _, late in seen
    ),
    "p95 late / (1 s + 25 %)": lambda seen: quantiles(
        [late / (1 + 0.25 * end) for end, _, late in seen], n=20
    )[-1],
}


if __name__ == "__main__":
    show(rows())
