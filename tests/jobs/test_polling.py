"""How late the end of a job is seen, and after how many calls: simulated, with fixed seeds."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from statistics import fmean, median, quantiles

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from segmind_widgets.jobs import polling
from segmind_widgets.jobs.polling import (
    FASTEST,
    FIRST_POLL,
    LONGEST_SHARE,
    POLL_COST,
    SLOWEST,
    UNKNOWN_PAUSE,
    estimated_progress,
    next_poll,
)
from segmind_widgets.types import UsualTime

USUAL = [0.7, 1.2, 2.1, 3.4, 5, 9.8, 16, 27, 55, 120, 300]  # seconds
JOBS = 40  # of each usual time
POLLS = 10_000
Pause = Callable[[float, int], float]  # age of the job, polls already made


def watched(duration: float, pause: Pause) -> tuple[int, float]:
    """Calls made, and seconds from the end of the job to the call that sees it."""
    age = 0.0
    for calls in range(1, POLLS):
        age += pause(age, calls - 1)
        if age >= duration:
            return calls, age - duration
    raise AssertionError("it never ends")


def paced(usual: float | None, trust: float = 0.7, *, economical: bool = False) -> Pause:
    time = UsualTime(usual, trust=trust) if usual else None
    return lambda age, polls: next_poll(age, time, polls=polls, economical=economical)


@cache
def durations(usual: float, factor: float, spread: float, *, cold: bool = False) -> list[float]:
    """Jobs whose median is `factor` of the usual time; of cold ones, a third starts a machine."""
    dice = random.Random(f"{usual} {factor} {spread} {cold}")
    times = [usual * factor * dice.lognormvariate(0, spread) for _ in range(JOBS)]
    return [time + dice.uniform(20, 90) * (cold and dice.random() < 1 / 3) for time in times]


@pytest.mark.parametrize("trust", [0.7, 0.85])
@pytest.mark.parametrize("cold", [False, True], ids=["warm", "cold"])
@pytest.mark.parametrize("spread", [0.1, 0.25, 0.5])
@pytest.mark.parametrize("factor", [0.2, 0.5, 1.0, 2.0, 5.0])
def test_every_end_is_seen_soon_with_at_most_one_call_a_second(
    factor: float, spread: float, trust: float, *, cold: bool
) -> None:
    for usual in USUAL:
        times = durations(usual, factor, spread, cold=cold)
        seen = [watched(time, paced(usual, trust)) for time in times]
        calls, late = [call for call, _ in seen], [late for _, late in seen]
        pairs = list(zip(times, late, strict=True))
        assert median(seconds - 0.12 * time for time, seconds in pairs) <= 0.75, usual
        worst = quantiles([seconds - 0.25 * time for time, seconds in pairs], n=20)[-1]
        assert worst <= 1.0, usual
        for time, seconds, count in zip(times, late, calls, strict=True):
            assert count <= 1 + time + seconds


@pytest.mark.parametrize("trust", [0.7, 0.85])
def test_jobs_of_the_usual_time_are_seen_as_soon_as_by_polls_around_it_alone(trust: float) -> None:
    """Neither the wide distribution nor the bounds cost much where the usual time is right."""
    for usual in USUAL:
        times = durations(usual, 1.0, 0.25)
        ours = [watched(time, paced(usual, trust)) for time in times]
        best = fmean(watched(time, around(usual))[1] for time in times)
        calls = fmean(calls for calls, _ in ours)
        assert fmean(late for _, late in ours) <= 1.2 * best + 0.06 * calls, usual


def around(usual: float) -> Pause:
    """The optimum for one narrow distribution, without bounds on the pause."""
    time = UsualTime(usual)
    longest = max(usual, SLOWEST)
    return lambda age, _: max(FASTEST, polling._optimal(age, time, 1.0, POLL_COST, longest))


@pytest.mark.parametrize("trust", [0.7, 0.85])
def test_fewer_calls_than_a_loop_of_two_seconds_and_no_later(trust: float) -> None:
    times = [(usual, time) for usual in USUAL for time in durations(usual, 1.0, 0.25)]
    ours = [watched(time, paced(usual, trust)) for usual, time in times]
    loop = [watched(time, lambda age, polls: 2.0) for _, time in times]
    assert fmean(calls for calls, _ in ours) <= 0.8 * fmean(calls for calls, _ in loop)
    assert fmean(late for _, late in ours) <= fmean(late for _, late in loop)


def test_economical_half_as_late_as_a_loop_of_seven_seconds_with_no_more_calls() -> None:
    times = [(usual, time) for usual in USUAL for time in durations(usual, 1.0, 0.25)]
    ours = [watched(time, paced(usual, economical=True)) for usual, time in times]
    loop = [watched(time, lambda age, polls: 7.0) for _, time in times]
    assert fmean(late for _, late in ours) <= fmean(late for _, late in loop) / 2
    assert fmean(calls for calls, _ in ours) <= fmean(calls for calls, _ in loop)
    usually = fmean(watched(time, paced(usual))[0] for usual, time in times)
    assert fmean(calls for calls, _ in ours) <= usually / 2


ages, counts = st.floats(0, 1e6), st.integers(0, 1000)
usual_times = st.none() | st.builds(
    UsualTime, st.floats(-1, 1e5), st.floats(0.05, 1.0), st.sampled_from([0.7, 0.8, 0.85, 1.0])
)


@example(age=3301.0, usual=UsualTime(5.7e-306), polls=0, economical=False)
@given(age=ages, usual=usual_times, polls=counts, economical=st.booleans())
def test_every_pause_is_within_its_bounds(
    age: float, usual: UsualTime | None, polls: int, *, economical: bool
) -> None:
    pause = next_poll(age, usual, polls=polls, economical=economical)
    assert pause >= FASTEST
    if usual is None or usual.seconds < 0.001:
        assert pause <= SLOWEST
    elif economical:
        assert pause <= max(SLOWEST, usual.seconds)
    else:
        assert pause <= max(1.0, age * LONGEST_SHARE, polls - age) + 1e-9


@given(usual_times)
def test_the_first_poll_is_within_the_first_second(usual: UsualTime | None) -> None:
    assert next_poll(0.0, usual) <= (FIRST_POLL if usual and usual.seconds >= 0.001 else 1.0)


@pytest.mark.parametrize("usual", [5.0, 20.0, 60.0])
def test_a_queued_job_is_polled_as_one_that_starts_now(usual: float) -> None:
    time = UsualTime(usual)
    here, queued = (next_poll(30.0, time, queued=at, polls=8) for at in (0.0, 30.0))
    assert queued >= min(here, usual / 4)
    assert queued <= 30 * LONGEST_SHARE


@given(st.floats(0, 1e5), st.sampled_from([None, UsualTime(0.0)]))
def test_an_unknown_model_is_asked_every_second_at_most(
    age: float, usual: UsualTime | None
) -> None:
    assert UNKNOWN_PAUSE == 1.0
    assert next_poll(age, usual) >= 1.0


@pytest.mark.parametrize("economical", [True, False])
@pytest.mark.parametrize("interval", [7.0, 2.0, 1.0], ids=["workflow", "APIMart", "v2"])
def test_a_job_of_unknown_time_is_asked_at_most_twenty_times_in_its_first_minute(
    interval: float, *, economical: bool
) -> None:
    moments = [0.0]
    while moments[-1] < 60:
        moments.append(moments[-1] + next_poll(moments[-1], None, interval, economical=economical))
    pauses = [after - before for before, after in pairwise(moments)]
    assert len([moment for moment in moments[1:] if moment <= 60]) <= 20
    later = [
        pause
        for moment, pause in zip(moments[:-1], pauses, strict=True)
        if moment >= 10 or economical
    ]
    assert min(later) >= interval, "the page's own interval"
    if not economical:
        assert pauses[:10] == [1.0] * 10


@given(st.floats(0, 1e6), st.floats(0.1, 1e4))
def test_an_estimate_grows_and_never_says_done(elapsed: float, usual: float) -> None:
    share = estimated_progress(elapsed, usual)
    assert 0 <= share < 0.99
    assert share <= estimated_progress(elapsed * 1.1, usual)
