"""The time of the next poll. Pure.

The end of a job whose usual time is known is modelled as a random time T: a mixture of two
log-normal distributions around the usual time. The narrow one has the spread of such jobs; the wide
one (σ = 1) has the share of those whose usual time is wrong: the directory's averages include cold
starts and large pictures. With n(t) polls a second at age t, the expected lateness is
∫ f(t) / 2n(t) dt and the expected number of polls ∫ S(t) n(t) dt (f the density, S the survival
function). If one poll is worth c seconds of lateness (`POLL_COST`), the optimal n(t) is
sqrt(h(t) / 2c), where h = f / S is the hazard rate: few polls while the job is probably not ready,
frequent ones around the expected end.

The model may be wrong, so bounds go before it: the first poll is made within the first second, a
pause is at most a fifth of the job's age or one second, and there is at most one poll a second on
average. Thus a job that is quicker than its usual time is seen at most a fifth of its time late.
"""

from __future__ import annotations

import math

from segmind_widgets.types import UsualTime

FASTEST = 0.5  # seconds between two polls, independent of the model
SLOWEST = 15.0
FIRST_POLL = 0.75  # seconds after the submit
LONGEST_SHARE = 1 / 5  # longest pause as a fraction of the job's age, if that is above a second
# seconds between polls in the first seconds of a job whose usual time is unknown
UNKNOWN_PAUSE = 1.0
UNKNOWN_FIRST_SECONDS = 10.0
UNKNOWN_SHARE = 1 / 4  # fraction of the job's age, after those seconds
POLL_COST = 0.06  # seconds of lateness that one poll may save
ECONOMICAL_POLL_COST = 0.25
_WIDE_SPREAD = 1.0  # σ of ln T where the usual time is wrong
_MIN_USUAL = 0.001  # seconds; a shorter time counts as unknown
_STEPS = 32  # of the numerical integral


def next_poll(
    age: float,
    usual: UsualTime | None,
    interval: float = 1.0,
    *,
    queued: float = 0.0,
    polls: int = 0,
    economical: bool = False,
) -> float:
    """Return the seconds before the next poll of a job that was submitted `age` seconds ago.

    Args:
        age: seconds since its submit.
        usual: how long such a job usually runs, None where unknown. Less than a millisecond counts
            as unknown.
        interval: seconds between two polls that the service's documentation recommends: 7 for a
            workflow. If no usual time is known, a job is not polled more often than this after its
            first ten seconds.
        queued: the age at which a poll last found it queued.
        polls: the number of polls already made.
        economical: fewer polls, for a small rate limit: those of the narrow distribution alone.
    """
    if usual is None or usual.seconds < _MIN_USUAL:
        if age < UNKNOWN_FIRST_SECONDS and not economical:
            return UNKNOWN_PAUSE
        return max(UNKNOWN_PAUSE, interval, min(SLOWEST, age * UNKNOWN_SHARE))
    running = max(age - queued, 0.0)
    if economical:
        longest = max(usual.seconds, SLOWEST)
        return max(FASTEST, _optimal(running, usual, 1.0, ECONOMICAL_POLL_COST, longest))
    longest = max(1.0, age * LONGEST_SHARE)
    if not polls and age < FIRST_POLL:
        longest = FIRST_POLL - age
    pause = _optimal(running, usual, usual.trust, POLL_COST, longest)
    return max(FASTEST, polls - age, pause)


def _optimal(age: float, usual: UsualTime, trust: float, poll_cost: float, longest: float) -> float:
    """Return the pause after which the integral of the optimal poll rate is one."""
    step, integral = longest / _STEPS, 0.0
    for number in range(_STEPS):
        moment = age + (number + 0.5) * step
        added = step * _rate(moment, usual, trust, poll_cost)
        if integral + added >= 1:
            return number * step + step * (1 - integral) / added
        integral += added
    return longest


def _rate(t: float, usual: UsualTime, trust: float, poll_cost: float) -> float:
    """Return the optimal number of polls a second at age t."""
    rate = math.sqrt(_hazard(t, usual, trust) / (2 * poll_cost))
    late = t / (2 * usual.seconds)  # from twice the usual time on, the estimate was evidently wrong
    return max(rate / late, 1 / SLOWEST) if late > 1 else rate


def _hazard(t: float, usual: UsualTime, trust: float) -> float:
    """Return the hazard rate of the mixture at age t."""
    density = survival = 0.0
    for share, spread in ((trust, usual.spread), (1 - trust, _WIDE_SPREAD)):
        z = math.log(max(t, 1e-9) / usual.seconds) / spread
        survival += share * 0.5 * math.erfc(z / math.sqrt(2))
        density += share * math.exp(-z * z / 2) / (math.sqrt(2 * math.pi) * spread * t)
    if survival > _MIN_SURVIVAL:
        return density / survival
    spread = _WIDE_SPREAD if trust < 1 else usual.spread  # the limit for the tail
    return math.log(t / usual.seconds) / (spread * spread * t)


_MIN_SURVIVAL = 1e-9  # below it, the quotient loses precision


def estimated_progress(elapsed: float, expected_seconds: float) -> float:
    """Return the progress, 0 to 1, that elapsed time suggests. It never reaches 1."""
    share = elapsed / expected_seconds
    return 0.9 * share if share <= 1 else 0.98 - 0.08 / share
