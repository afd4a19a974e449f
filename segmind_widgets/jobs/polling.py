"""When to ask next. Pure.

For a job whose usual time is known, the moment it ends is a random time T, log-normal around the
usual one. With n(t) polls a second at age t, the expected lateness is ∫ f(t) / 2n(t) dt and the
expected number of polls ∫ S(t) n(t) dt (f the density, S the survival function). A poll being
worth `price` seconds of lateness, the best n(t) is sqrt(h(t) / 2 price), where h = f / S is the
hazard: nothing while the job cannot be ready, dense around the expected end. After twice the
usual time the estimate was wrong, and the polls back off.
"""

from __future__ import annotations

import math

SPREAD = 0.25  # σ of ln T, as seen over jobs of one model
FASTEST = 0.5  # seconds between two polls, whatever the model
SLOWEST = 15.0
UNKNOWN = 1.0  # seconds, for a model nobody knows
PRICE = 0.06  # seconds of lateness that one poll may save
ECONOMICAL_PRICE = 0.25
_LEAST = 0.001  # seconds that a job can usually take


def next_poll(age: float, usual: float | None, *, economical: bool = False) -> float:
    """Seconds to wait before the next poll of a job that has run for `age` seconds.

    Args:
        age: seconds since it was submitted, or since it was last seen in the queue.
        usual: seconds that such a job usually takes; None where nobody knows. Less than a
            millisecond is taken for unknown.
        economical: fewer polls, for a small rate limit.
    """
    if usual is None or usual < _LEAST:
        return min(SLOWEST, max(UNKNOWN * (3 if economical else 1), age / 20))
    price = ECONOMICAL_PRICE if economical else PRICE
    left, at = 1.0, max(age, 0.0)
    while True:  # go on until the polls due add up to one
        step = max(usual / 100, 0.05, at / 100)
        rate = _rate(at + step / 2, usual, price)
        if rate * step >= left:
            at += left / rate
            break
        left -= rate * step
        at += step
        if at - age > max(usual, SLOWEST):
            break
    return max(FASTEST, at - age)


def _rate(t: float, usual: float, price: float) -> float:
    """Polls a second that are best at age t."""
    rate = math.sqrt(_hazard(t, usual) / (2 * price))
    late = t / (2 * usual)
    return max(rate / late if late > 1 else rate, 1 / SLOWEST if late > 1 else 0.0)


def _hazard(t: float, usual: float) -> float:
    z = math.log(max(t, 1e-9) / usual) / SPREAD
    if z > 6:  # the tail's limit; the quotient below loses its digits there
        return z / (SPREAD * t)
    survival = 0.5 * math.erfc(z / math.sqrt(2))
    density = math.exp(-z * z / 2) / (math.sqrt(2 * math.pi) * SPREAD * t)
    return density / survival


def estimate(elapsed: float, usual: float) -> float:
    """How far a job seems to be, 0 to 1, when only its usual time is known. It never says done."""
    share = elapsed / usual
    return 0.9 * share if share <= 1 else 0.98 - 0.08 / share
