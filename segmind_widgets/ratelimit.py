"""How many requests a minute go to one account: a bucket, and the pause that a 429 asks for."""

from __future__ import annotations

import threading
import time


class RateLimit:
    """A bucket of requests a minute, shared by all that one provider's account sends.

    `take` gives 0 where the request may go now, else the seconds to ask again after. Polls leave
    one place free for a submit.
    """

    def __init__(self, per_minute: float = 0, now: float | None = None) -> None:
        self._lock = threading.Lock()
        self._per_second = per_minute / 60
        self._most = max(2.0, per_minute / 10)
        self._left = self._most
        self._seen = time.monotonic() if now is None else now
        self._blocked_until = 0.0

    def take(self, *, poll: bool, now: float | None = None) -> float:
        """Seconds to wait; at 0 the place is taken. `now` is monotonic seconds."""
        now = time.monotonic() if now is None else now
        with self._lock:
            if now < self._blocked_until:
                return self._blocked_until - now
            if not self._per_second:
                return 0.0
            self._left = min(self._most, self._left + (now - self._seen) * self._per_second)
            self._seen = now
            need = 2.0 if poll else 1.0
            if self._left >= need - 1e-6:  # who waited as told must not wait for a rounding
                self._left -= 1
                return 0.0
            return (need - self._left) / self._per_second

    def block(self, seconds: float, now: float | None = None) -> None:
        """Nothing more for a while: the service said 429. `now` is monotonic seconds."""
        now = time.monotonic() if now is None else now
        with self._lock:
            self._blocked_until = max(self._blocked_until, now + seconds)
