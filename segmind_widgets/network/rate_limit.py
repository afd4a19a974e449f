"""How many requests a minute go to one account, and what a 429 makes of that.

**The limit.** Nobody says how a service counts a minute: by the clock, or over any sixty seconds.
So any sixty seconds must hold at most the limit of n. Requests are spaced by the generic cell rate
algorithm (ITU-T I.371), a token bucket kept as one moment: the next is due at `ready`, each moves
`ready` on by T, and may come up to a tolerance τ early. Then fewer than (60 + τ) / T + 1 fall into
any sixty seconds; T = (60 + τ + slack) / n keeps that to n, with some slack for requests that are
longer on their way than others. The burst is τ / T + 1: one at 60 a minute, two at 120. What the
tolerance and the slack cost is under 2 % of the limit, from the first minute on.

**A 429** tells that the account's limit is smaller than ours, or that others use the account, too:
another machine, a colleague. Nothing goes before the moment that it names. Then the rate is half
of what it was (multiplicative decrease) and rises by the same amount every second until it is back
after a minute (additive increase). Of the simple rules this one alone brings several senders, who
do not know of each other, to equal shares of a limit that none of them knows (Chiu and Jain 1989).
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Protocol

WINDOW = 60.0  # seconds that a service counts
EARLY = 0.01  # the tolerance, in windows
SLACK = 1 / 120  # in windows: how much two requests' ways may differ
RECOVERY = 60.0  # seconds from half the rate to the whole
FORGET = 600.0  # seconds after which a 429 is forgotten where no limit is set
LEAST = 2.0  # requests a second: a 429 at fewer of them, without a limit, halves this
SLOWEST = 1 / 60  # requests a second, however many 429s
SOON = 0.05  # seconds
_AVERAGED = 10.0  # seconds


@dataclass
class RateState:
    """What there is to know of an account's requests. Moments are monotonic seconds.

    `time.monotonic` counts from the machine's start on Linux, macOS and Windows, so all kernels of
    a machine mean the same by it. A pace from before the machine's start is forgotten.
    """

    ready: float = 0.0  # when the next request is due
    until: float = 0.0  # nothing before: a 429 asked for it
    halved: float = 0.0  # requests a second from `until` on; 0: there was no 429
    rise: float = 0.0  # by how much that rises each second
    speed: float = 0.0  # requests a second, an average over some seconds
    seen: float = 0.0  # when the newest request went

    def rate(self, now: float, most: float) -> float:
        """Requests a second that may go; `most` without a 429, infinite where there is no limit."""
        if not self.halved or (math.isinf(most) and now > self.until + FORGET):
            return most
        return min(most, self.halved + self.rise * max(0.0, now - self.until))

    def acquire(self, now: float, most: float) -> float:
        """Seconds to wait; at 0 the place is taken."""
        self._renew(now)
        if now < self.until:
            return self.until - now
        rate = self.rate(now, most)
        if math.isfinite(rate):
            interval = (1 + EARLY + SLACK) / rate
            early = now + EARLY * WINDOW
            if early < self.ready - 1e-6:  # who waited as told must not wait for a rounding
                return self.ready - early
            self.ready = max(self.ready, now) + interval
        past = math.exp((self.seen - now) / _AVERAGED)
        self.speed = self.speed * past + 1 / _AVERAGED
        self.seen = now
        return 0.0

    def slow_down(self, now: float, seconds: float, most: float) -> None:
        """A 429 that asks for so many seconds. Those who were on their way with it are one."""
        self._renew(now)
        if now >= self.until:
            before = min(self.rate(now, most), max(self.speed, LEAST))
            self.halved = max(SLOWEST, before / 2)
            whole = most if math.isfinite(most) else max(before, self.rise * 2 * RECOVERY)
            self.rise = whole / 2 / RECOVERY
        self.until = max(self.until, now + seconds)
        self.seen = max(self.seen, now)

    def _renew(self, now: float) -> None:
        if self.seen > now + 1:
            vars(self).update(vars(RateState()))


class Share(Protocol):
    """Where kernels share paces: `shared_rate_limit.SharedRateLimits`."""

    def change(
        self, account: str, work: Callable[[RateState], float]
    ) -> tuple[float, RateState] | None:
        """Do `work` on an account's pace while nobody else can; None where that cannot be now."""
        ...


class RateLimit:
    """The pace of one account, shared by all that this kernel sends there, and by other kernels.

    Args:
        per_minute: requests a minute; 0 for none but what a 429 asks for.
        share: where other kernels see it; without, or while that is busy, this kernel's own serves.
        account: names the account there; asked each time, for a login may change it.
    """

    def __init__(
        self,
        per_minute: float = 0,
        share: Share | None = None,
        account: Callable[[], str] = str,
    ) -> None:
        self.per_minute = per_minute
        self.waiting = 0  # steps of jobs that wait here: the scheduler's count
        self._most = per_minute / WINDOW if per_minute else math.inf
        self._share, self._account = share, account
        self._lock = threading.Lock()
        self._pace = RateState()
        self._asking = 0
        self._asked = False  # the newest place went to somebody who asks

    def acquire(self, *, queued: bool = False, now: float | None = None) -> float:
        """Seconds to wait; at 0 the place is taken. `now` is monotonic seconds.

        `queued` is for the queue of jobs: it leaves every other place to those who wait within
        `interactive`.
        """
        now = time.monotonic() if now is None else now
        with self._lock:
            if queued and self._asking and not self._asked:
                return SOON
            wait = self._changed(lambda pace: pace.acquire(now, self._most))
            if not wait:
                self._asked = not queued
            return wait

    def back_off(self, seconds: float, now: float | None = None) -> None:
        """The service said 429, and asks for so many seconds. `now` is monotonic seconds."""
        now = time.monotonic() if now is None else now

        def work(pace: RateState) -> float:
            pace.slow_down(now, seconds, self._most)
            return 0.0

        with self._lock:
            self._changed(work)

    @contextmanager
    def interactive(self) -> Iterator[None]:
        """Whoever waits within goes before the queue of jobs, at every other place."""
        with self._lock:
            self._asking += 1
        try:
            yield
        finally:
            with self._lock:
                self._asking -= 1

    @property
    def delay(self) -> float:
        """Seconds until the last of those that wait now may go; 0 without a limit."""
        now = time.monotonic()
        pace = self._pace
        return self.waiting / pace.rate(now, self._most) + max(0.0, pace.until - now)

    def _changed(self, work: Callable[[RateState], float]) -> float:
        shared = self._share.change(self._account(), work) if self._share else None
        if shared is None:
            return work(self._pace)
        answer, pace = shared
        self._pace = replace(pace)
        return answer
