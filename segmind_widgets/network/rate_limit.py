"""The rate limit of one account, and its reaction to HTTP 429.

**The limit.** The services do not document how they count a minute: by the clock, or over any sixty
seconds. So there must be at most n requests, the limit, in any sixty seconds. Requests are spaced
by the generic cell rate algorithm (ITU-T I.371), a token bucket stored as one time: the next
request is due at `ready`, each request advances `ready` by T, and may be up to a tolerance τ early.
Then fewer than (60 + τ) / T + 1 fall into any sixty seconds; T = (60 + τ + slack) / n keeps that to
n, with some slack for different network delays. The largest burst is τ / T + 1: one request at 60 a
minute, two at 120. Tolerance and slack cost less than 2 % of the limit, from the first minute on.

**A 429** means that the account's limit is lower than the setting, or that another machine uses the
account, too. Nothing is sent before the time given in the reply. Then the rate is halved
(multiplicative decrease) and rises by the same amount every second, back to the limit after a
minute (additive increase). It is the only linear rule with which independent senders converge to
equal shares of an unknown limit (Chiu and Jain 1989).
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
RECOVERY = 60.0  # seconds from half the rate to the full rate
BACK_OFF_LIFETIME = 600.0  # seconds after which a 429 is forgotten if no limit is set
MIN_MEASURED_RATE = 2.0  # requests a second: the lowest rate that a 429 halves if no limit is set
MIN_RATE = 1 / 60  # requests a second: the lowest rate after any number of 429s
YIELD_DELAY = 0.05  # seconds that queued jobs wait for an interactive call
_SPEED_TIME_CONSTANT = 10.0  # seconds


@dataclass
class RateState:
    """The rate state of an account. Times are monotonic seconds.

    `time.monotonic` counts from the machine's start on Linux, macOS and Windows, so all kernels of
    a machine agree on it. A state from before the last start is reset.
    """

    ready: float = 0.0  # when the next request is due
    until: float = 0.0  # nothing is sent before this time, because of a 429
    halved: float = 0.0  # requests a second at `until`; 0 without a 429
    rise: float = 0.0  # increase of that rate each second
    speed: float = 0.0  # requests a second, an average over some seconds
    newest_request: float = 0.0  # when the newest request was sent

    def rate(self, now: float, most: float) -> float:
        """Return the allowed requests a second: `most`, or less after a 429."""
        if not self.halved or (math.isinf(most) and now > self.until + BACK_OFF_LIFETIME):
            return most
        return min(most, self.halved + self.rise * max(0.0, now - self.until))

    def acquire(self, now: float, most: float) -> float:
        """Try to acquire a slot. Return 0 on success, else the seconds to wait."""
        self._reset_if_stale(now)
        if now < self.until:
            return self.until - now
        rate = self.rate(now, most)
        if math.isfinite(rate):
            interval = (1 + TOLERANCE + SLACK) / rate
            early = now + TOLERANCE * WINDOW
            if early < self.ready - 1e-6:  # a rounding error must not cause a second wait
                return self.ready - early
            self.ready = max(self.ready, now) + interval
        decay = math.exp((self.newest_request - now) / _SPEED_TIME_CONSTANT)
        self.speed = self.speed * decay + 1 / _SPEED_TIME_CONSTANT
        self.newest_request = now
        return 0.0

    def slow_down(self, now: float, seconds: float, most: float) -> None:
        """Halve the rate after a 429 that asks for `seconds`. Concurrent 429s count once."""
        self._reset_if_stale(now)
        if now >= self.until:
            before = min(self.rate(now, most), max(self.speed, MIN_MEASURED_RATE))
            self.halved = max(MIN_RATE, before / 2)
            whole = most if math.isfinite(most) else max(before, self.rise * 2 * RECOVERY)
            self.rise = whole / 2 / RECOVERY
        self.until = max(self.until, now + seconds)
        self.newest_request = max(self.newest_request, now)

    def _reset_if_stale(self, now: float) -> None:
        if self.newest_request > now + 1:
            vars(self).update(vars(RateState()))


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
        per_minute: requests a minute; 0 for no limit except after a 429.
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
        return self.waiting / state.rate(now, self._most) + max(0.0, state.until - now)

    def _apply(self, work: Callable[[RateState], float]) -> float:
        shared = self._share.change(self._account(), work) if self._share else None
        if shared is None:
            return work(self._state)
        wait, state = shared
        self._state = replace(state)
        return wait
