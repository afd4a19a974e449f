"""The rate limit of one account, and its reaction to HTTP 429.

**The limit.** The services do not document how they count a minute: by the clock, or over any sixty
seconds. So there must be at most n requests, the limit, in any sixty seconds. Requests are spaced
by the generic cell rate algorithm (ITU-T I.371), a token bucket stored as one time: the next
request is due at `ready`, each request advances `ready` by T, and may be up to a tolerance τ early.
Then fewer than (60 + τ) / T + 1 fall into any sixty seconds; T = (60 + τ + slack) / n keeps that to
n, with some slack for different network delays. The largest burst is τ / T + 1: one request at 60 a
minute, two at 120. Tolerance and slack cost less than 2 % of the rate.

**The rate.** The services' pages name limits from 5 to 1,000 requests a minute, so an account
begins with 50. A minute of requests without a 429 raises the rate by a tenth, up to the limit; a
pause counts as one minute at most, since it shows nothing. A 429 means that the account's limit is
lower, or that another machine uses the account, too: nothing is sent before the time given in the
reply, and the rate is halved, down to 5 a minute. Further 429s of the same minute count once, as
in TCP those of one round trip: the service still counts the requests sent before the first one.

**Without a limit** nothing waits before the first 429. That one halves the measured rate, which
rises as above, until no 429 came for ten minutes.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Protocol

WINDOW = 60.0  # seconds over which a service counts requests
TOLERANCE = 0.01  # τ, as a fraction of the window
SLACK = 1 / 120  # as a fraction of the window: the variation of network delays
START = 50  # requests in a window, of an account without a rate
RISE = 1.1  # factor of the rate after a window without a 429
LEAST = 5  # requests in a window, after any number of 429s
BACK_OFF_LIFETIME = 600.0  # seconds after which a 429 is forgotten if no limit is set
MIN_MEASURED_RATE = 2.0  # requests a second: the lowest rate that a 429 halves if no limit is set
YIELD_DELAY = 0.05  # seconds that queued jobs wait for an interactive call
_SPEED_TIME_CONSTANT = 10.0  # seconds


@dataclass
class RateState:
    """The rate state of an account. Times are monotonic seconds.

    `time.monotonic` counts from the machine's start on Linux, macOS and Windows, so all kernels of
    a machine agree on it. Of a state from before the last start, only the rate is kept.
    """

    ready: float = 0.0  # when the next request is due
    until: float = 0.0  # nothing is sent before this time, because of a 429
    halved: float = -math.inf  # when a 429 last halved the rate
    rate: float = 0.0  # requests a second at the newest request; 0 before it, or without a limit
    speed: float = 0.0  # requests a second as sent, weighted by age; see `_measured`
    since: float = 0.0  # when `speed` began to be measured
    newest_request: float = 0.0  # when the newest request was sent

    def rate_at(self, now: float, most: float) -> float:
        """Return the allowed requests a second: at most `most`, which is infinite if not set."""
        if math.isinf(most) and (not self.rate or now > self.halved + BACK_OFF_LIFETIME):
            return most
        rate = self.rate or START / WINDOW
        used = max(0.0, now - max(self.newest_request, self.until)) if self.rate else 0.0
        return min(most, rate * RISE ** min(1.0, used / WINDOW))

    def acquire(self, now: float, most: float) -> float:
        """Try to acquire a slot. Return 0 on success, else the seconds to wait."""
        self._reset_if_stale(now)
        if now < self.until:
            return self.until - now
        rate = self.rate_at(now, most)
        if math.isfinite(rate):
            interval = (1 + TOLERANCE + SLACK) / rate
            early = now + TOLERANCE * WINDOW
            if early < self.ready - 1e-6:  # a rounding error must not cause a second wait
                return self.ready - early
            self.ready = max(self.ready, now) + interval
        # kept where the limit is lower: it may be raised again
        self.rate = max(rate, self.rate or START / WINDOW) if math.isfinite(rate) else 0.0
        self._measure(now)
        return 0.0

    def slow_down(self, now: float, seconds: float, most: float) -> None:
        """Halve the rate after a 429 that asks for `seconds`; once for all 429s of a window."""
        self._reset_if_stale(now)
        if now >= self.until and now >= self.halved + WINDOW:
            rate = self.rate_at(now, most)
            before = rate if math.isfinite(rate) else max(self._measured(now), MIN_MEASURED_RATE)
            self.rate = max(min(LEAST / WINDOW, most), before / 2)
            self.halved = now
        self.until = max(self.until, now + seconds)
        self.newest_request = max(self.newest_request, now)

    def _measure(self, now: float) -> None:
        """Count a request in the measured speed, which begins anew after a pause."""
        gap = now - self.newest_request
        if gap > _SPEED_TIME_CONSTANT:
            self.since, self.speed = now, 0.0
        else:
            self.speed *= math.exp(-gap / _SPEED_TIME_CONSTANT)
            self.speed += 1 / _SPEED_TIME_CONSTANT
        self.newest_request = now

    def _measured(self, now: float) -> float:
        """Return the requests a second, an average over some seconds or since the last pause.

        An exponential average that began at 0 is too low by the weight of the time before it began.
        """
        decay = math.exp(-max(0.0, now - self.newest_request) / _SPEED_TIME_CONSTANT)
        weight = 1 - math.exp(-max(0.0, now - self.since) / _SPEED_TIME_CONSTANT)
        return self.speed * decay / weight if weight else 0.0

    def _reset_if_stale(self, now: float) -> None:
        if self.newest_request > now + 1:
            vars(self).update(vars(RateState(rate=self.rate, newest_request=now)))


class Share(Protocol):
    """The interface of rate states that kernels share: `shared_rate_limit.SharedRateLimits`."""

    def change(
        self, account: str, work: Callable[[RateState], float]
    ) -> tuple[float, RateState] | None:
        """Apply `work` to an account's state exclusively; return None while that is impossible."""
        ...


class RateLimit:
    """The rate limit of one account, shared by all calls of this kernel and by other kernels.

    Args:
        per_minute: requests a minute at most; 0 for no limit except after a 429.
        share: the states that kernels share; without it, or while it is busy, this kernel uses its
            own state.
        account: returns the name of the account in `share`; called each time, because a login may
            change it.
    """

    def __init__(
        self,
        per_minute: float = 0,
        share: Share | None = None,
        account: Callable[[], str] = str,
    ) -> None:
        self.per_minute = per_minute
        self.waiting = 0  # steps of jobs that wait for a slot; the scheduler counts them
        self._most = per_minute / WINDOW if per_minute else math.inf
        self._share, self._account = share, account
        self._lock = threading.Lock()
        self._state = RateState()
        self._interactive_callers = 0
        self._last_interactive = False  # the newest slot went to an interactive call

    def acquire(self, *, queued: bool = False, now: float | None = None) -> float:
        """Try to acquire a slot. Return 0 on success, else the seconds to wait.

        `now` is monotonic seconds. With `queued`, every second slot is left to callers within
        `interactive`.
        """
        now = time.monotonic() if now is None else now
        with self._lock:
            if queued and self._interactive_callers and not self._last_interactive:
                return YIELD_DELAY
            wait = self._apply(lambda state: state.acquire(now, self._most))
            if not wait:
                self._last_interactive = not queued
            return wait

    def back_off(self, seconds: float, now: float | None = None) -> None:
        """Slow down after a 429 that asks for `seconds`. `now` is monotonic seconds."""
        now = time.monotonic() if now is None else now

        def work(state: RateState) -> float:
            state.slow_down(now, seconds, self._most)
            return 0.0

        with self._lock:
            self._apply(work)

    @contextmanager
    def interactive(self) -> Generator[None]:
        """Give callers within this context every second slot, ahead of queued jobs."""
        with self._lock:
            self._interactive_callers += 1
        try:
            yield
        finally:
            with self._lock:
                self._interactive_callers -= 1

    @property
    def delay(self) -> float:
        """Return the seconds until the last waiting step may be sent; 0 without a limit."""
        now = time.monotonic()
        state = self._state
        return self.waiting / state.rate_at(now, self._most) + max(0.0, state.until - now)

    @property
    def present_rate(self) -> float | None:
        """Return the requests a minute that are allowed now; None without a limit."""
        rate = self._state.rate_at(time.monotonic(), self._most)
        return rate * WINDOW if math.isfinite(rate) else None

    def seconds_for(self, requests: float) -> float:
        """Return the seconds in which so many requests may be sent, if no 429 comes."""
        now = time.monotonic()
        rate = self._state.rate_at(now, self._most)
        if math.isinf(rate):
            return 0.0
        rise = math.log(RISE) / WINDOW  # the rate grows by this fraction each second
        climb = math.log(self._most / rate) / rise if math.isfinite(self._most) else math.inf
        climb = min(climb, math.log1p(requests * rise / rate) / rise)
        rest = requests - rate * math.expm1(climb * rise) / rise
        return climb + max(0.0, rest / self._most)

    def _apply(self, work: Callable[[RateState], float]) -> float:
        shared = self._share.change(self._account(), work) if self._share else None
        if shared is None:
            return work(self._state)
        wait, state = shared
        self._state = replace(state)
        return wait
