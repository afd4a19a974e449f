"""Balance and rate limit of an account."""

from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta, timezone


class Account:
    """A balance in USD: reserved on submission, spent on completion, refunded on failure."""

    def __init__(self, credits: float) -> None:  # noqa: A002 - the services' term
        self._lock = threading.Lock()
        self._balance = credits
        self._used = 0.0

    @property
    def balance(self) -> float:
        """Return the available balance in USD, without reserved amounts."""
        return round(self._balance, 6)

    @property
    def used(self) -> float:
        """Return the amount spent, in USD."""
        return round(self._used, 6)

    def reserve(self, cost: float) -> bool:
        """Reserve `cost`; return False if the balance is too small."""
        with self._lock:
            if cost > self._balance + 1e-9:
                return False
            self._balance -= cost
            return True

    def spend(self, cost: float) -> None:
        """Record a reserved `cost` as spent."""
        with self._lock:
            self._used += cost

    def give_back(self, cost: float) -> None:
        """Return a reserved `cost` to the balance."""
        with self._lock:
            self._balance += cost


class RateLimit:
    """At most `limit` requests in each window of `seconds`; None means no limit."""

    def __init__(self, limit: int | None, seconds: float) -> None:
        self._limit = limit
        self._seconds = seconds
        self._ends = 0.0
        self._count = 0

    def take(self) -> float:
        """Count a request; return 0 if it is allowed, else the seconds until the window ends."""
        now = time.monotonic()
        if now >= self._ends:
            self._ends, self._count = now + self._seconds, 0
        if self._limit is not None and self._count >= self._limit:
            return self._ends - now
        self._count += 1
        return 0.0


def utc(seconds: float = 0.0) -> datetime:
    """Return the current time in UTC, shifted by `seconds`."""
    return datetime.now(timezone.utc) + timedelta(seconds=seconds)
