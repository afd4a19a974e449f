"""Fewer calls and less lateness than asking at fixed intervals: simulated, with fixed seeds."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from segmind_widgets.jobs.polling import (
    FASTEST,
    SLOWEST,
    UNKNOWN_PAUSE,
    estimated_progress,
    next_poll,
)

USUAL = [
    1, 1.5, 2, 2.5, 3, 3.4, 4, 5, 5.5, 6, 7, 8, 9, 10, 10.4, 11, 12, 13, 15, 17, 20, 22, 25, 28, 32,
    36, 40, 45, 52, 60, 65, 75, 90, 110, 130, 160, 200, 240, 300, 360, 420, 480, 540, 600,
]  # fmt: skip
POLLS = 10_000


def watched(
    duration: float, usual: float, pause: Callable[[float, float], float]
) -> tuple[int, float]:
    """Calls made, and seconds from the end of the job to the call that sees it."""
    age = 0.0
    for calls in range(1, POLLS):
        age += pause(age, usual)
        if age >= duration:
            return calls, age - duration
    raise AssertionError("it never ends")


def simulated(pause: Callable[[float, float], float], seed: int) -> tuple[float, float]:
    """Mean calls and mean lateness over jobs that vary as real ones do (σ of ln T: 0.25)."""
    dice = random.Random(seed)
    seen = [
        watched(usual * dice.lognormvariate(0, 0.25), usual, pause)
        for usual in USUAL
        for _ in range(10)
    ]
    return sum(calls for calls, _ in seen) / len(seen), sum(late for _, late in seen) / len(seen)


def fixed(seconds: float) -> Callable[[float, float], float]:
    return lambda age, usual: seconds


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_half_the_calls_of_a_loop_of_two_seconds_and_no_later(seed: int) -> None:
    calls, late = simulated(next_poll, seed)
    loop_calls, loop_late = simulated(fixed(2.0), seed)
    assert calls <= loop_calls / 2
    assert late <= loop_late


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_economical_half_as_late_as_a_loop_of_seven_seconds_with_no_more_calls(seed: int) -> None:
    calls, late = simulated(lambda a, u: next_poll(a, u, economical=True), seed)
    loop_calls, loop_late = simulated(fixed(7.0), seed)
    assert calls <= loop_calls
    assert late <= loop_late / 2


@pytest.mark.parametrize("usual", [10.0, 60.0, 600.0])
def test_nothing_is_asked_while_it_cannot_be_ready(usual: float) -> None:
    assert next_poll(0.0, usual) > usual / 3


@pytest.mark.parametrize("usual", [20.0, 60.0, 600.0])
def test_dense_around_the_usual_time_and_backing_off_after(usual: float) -> None:
    near, early, late = (next_poll(share * usual, usual) for share in (1.0, 0.2, 5.0))
    assert near < early
    assert near < late
    assert next_poll(20 * usual, usual) >= next_poll(5 * usual, usual)


@example(age=3301.0, usual=5.7e-306, economical=False)
@given(st.floats(0, 1e6), st.none() | st.floats(-1, 1e5), st.booleans())
def test_every_wait_is_between_the_fastest_and_a_bearable_one(
    age: float, usual: float | None, economical: bool
) -> None:
    wait = next_poll(age, usual, economical=economical)
    assert wait >= FASTEST
    known = usual is not None and usual >= 0.001
    assert wait <= (max(SLOWEST, usual or 0) * 1.2 + SLOWEST if known else SLOWEST)


@given(st.floats(0, 1e5), st.sampled_from([None, 0.0]))
def test_an_unknown_model_is_asked_every_second_at_most(age: float, usual: float | None) -> None:
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


def test_economical_is_never_denser() -> None:
    for usual in USUAL:
        for share in (0, 0.5, 0.9, 1.0, 1.5):
            age = usual * share
            assert next_poll(age, usual, economical=True) >= next_poll(age, usual) - 1e-9


@given(st.floats(0, 1e6), st.floats(0.1, 1e4))
def test_an_estimate_grows_and_never_says_done(elapsed: float, usual: float) -> None:
    share = estimated_progress(elapsed, usual)
    assert 0 <= share < 0.99
    assert share <= estimated_progress(elapsed * 1.1, usual)
