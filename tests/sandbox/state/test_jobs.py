"""How long the sandbox's jobs take."""

from __future__ import annotations

import math
from statistics import fmean, stdev

import pytest

from segmind_widgets.sandbox.server import Sandbox
from segmind_widgets.sandbox.state.jobs import Jobs


@pytest.mark.parametrize("spread", [0.0, 0.1, 0.5])
def test_durations_have_the_median_and_spread_of_the_settings(spread: float) -> None:
    jobs = Jobs(speed=4.0, life=1, spread=spread)
    logs = [math.log(jobs.duration(10.0, number)) for number in range(500)]
    assert fmean(logs) == pytest.approx(math.log(2.5), abs=0.1)
    assert stdev(logs) == pytest.approx(spread, rel=0.15)


def test_equal_content_takes_equal_time() -> None:
    jobs = Jobs(speed=1.0, life=1)
    assert jobs.duration(10.0, {"a": 1}) == jobs.duration(10.0, {"a": 1})
    assert jobs.duration(10.0, {"a": 1}) != jobs.duration(10.0, {"a": 2})


@pytest.mark.parametrize("wrong", [{"duration_factor": 0.0}, {"duration_spread": -0.1}])
def test_a_duration_that_cannot_be_is_refused_by_name(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Sandbox(**wrong)
