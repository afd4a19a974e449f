"""The time of the next poll. Pure.

For a job whose usual time is known, the end is modelled as a random time T with a log-normal
distribution around the usual time. With n(t) polls a second at age t, the expected lateness is ∫
f(t) / 2n(t) dt and the expected number of polls ∫ S(t) n(t) dt (f the density, S the survival
function). If one poll is worth c seconds of lateness (`poll_cost`), the optimal n(t) is sqrt(h(t) /
2c), where h = f / S is the hazard rate: no polls while the job cannot be ready, frequent polls
around the expected end. After twice the usual time the estimate was evidently wrong, and the polls
become less frequent.
"""

from __future__ import annotations

import math

LOG_SIGMA = 0.25  # σ of ln T, as measured for jobs of one model
FASTEST = 0.5  # seconds between two polls, independent of the model
SLOWEST = 15.0
# seconds between polls in the first seconds of a job whose usual time is unknown
UNKNOWN_PAUSE = 1.0
UNKNOWN_FIRST_SECONDS = 10.0
UNKNOWN_SHARE = 1 / 4  # fraction of the job's age, after those seconds
POLL_COST = 0.06  # seconds of lateness that one poll may save
ECONOMICAL_POLL_COST = 0.25
_MIN_EXPECTED = 0.001  # seconds; a shorter time counts as unknown


def next_poll(
    age: float,
    expected_seconds: float | None,
    interval: float = 1.0,
    *,
    economical: bool = False,
) -> float:
    """Return the seconds before the next poll of a job that has run for `age` seconds.

    Args:
        age: seconds since its submit, or since the last poll that found it queued.
        expected_seconds: seconds that such a job usually takes, None where unknown. Less than a
            millisecond counts as unknown.
        interval: seconds between two polls that the service's documentation recommends: 7 for a
            workflow. If no usual time is known, a job is not polled more often than this after its
            first ten seconds.
        economical: fewer polls, for a small rate limit.
    """
    if expected_seconds is None or expected_seconds < _MIN_EXPECTED:
        if age < UNKNOWN_FIRST_SECONDS and not economical:
            return UNKNOWN_PAUSE
        return max(UNKNOWN_PAUSE, interval, min(SLOWEST, age * UNKNOWN_SHARE))
    poll_cost = ECONOMICAL_POLL_COST if economical else POLL_COST
    remaining, moment = 1.0, max(age, 0.0)
    while True:  # until the integral of the poll rate is one
        step = max(expected_seconds / 100, 0.05, moment / 100)
        rate = _rate(moment + step / 2, expected_seconds, poll_cost)
        if rate * step >= remaining:
            moment += remaining / rate
            break
        remaining -= rate * step
        moment += step
        if moment - age > max(expected_seconds, SLOWEST):
            break
    return max(FASTEST, moment - age)


def _rate(t: float, expected_seconds: float, poll_cost: float) -> float:
    """Return the optimal number of polls a second at age t."""
    rate = math.sqrt(_hazard(t, expected_seconds) / (2 * poll_cost))
    late = t / (2 * expected_seconds)
    return max(rate / late if late > 1 else rate, 1 / SLOWEST if late > 1 else 0.0)


def _hazard(t: float, expected_seconds: float) -> float:
    z = math.log(max(t, 1e-9) / expected_seconds) / LOG_SIGMA
    if z > 6:  # the limit for the tail, where the quotient below loses precision
        return z / (LOG_SIGMA * t)
    survival = 0.5 * math.erfc(z / math.sqrt(2))
    density = math.exp(-z * z / 2) / (math.sqrt(2 * math.pi) * LOG_SIGMA * t)
    return density / survival


def estimated_progress(elapsed: float, expected_seconds: float) -> float:
    """Return the progress, 0 to 1, that elapsed time suggests. It never reaches 1."""
    share = elapsed / expected_seconds
    return 0.9 * share if share <= 1 else 0.98 - 0.08 / share
