"""Where the rows of a batch are: counted, not kept. Threads change it, and wait on it."""

from __future__ import annotations

import threading
import time
from array import array
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from segmind_widgets.jobs.job import Job
from segmind_widgets.types import Status

UNSENT = 8  # submits on their way at once: more would only wait in a longer line
RATE_WINDOW_COUNT = 128  # ends that the rate is told from
MIN_RATE_SAMPLES = 3  # of them
_WINDOW = 60.0  # seconds
_TICK = 0.1  # seconds: how soon a submit that went out is noticed


@dataclass(frozen=True)
class Counts:
    """Numbers of rows, and USD. `before` of those that are done were done by an earlier run."""

    seen: int = 0  # rows that were looked at: done, failed or running
    done: int = 0
    failed: int = 0
    reused: int = 0
    running: int = 0
    spent: float = 0.0  # as the services told
    unpriced: int = 0  # rows that ended without a figure from the service, and may be billed
    unbilled: float = 0.0  # what those may have cost
    reserved: float = 0.0  # what the running ones may cost


@dataclass(eq=False)
class _Flight:
    job: Job
    usd: float
    paid: bool


class BatchProgress:
    """Rows in flight by their numbers; of those that ended, eight bytes each.

    Args:
        changed: called after each change, from any thread.
    """

    def __init__(self, changed: Callable[[], object]) -> None:
        self.counts = Counts()
        self.ended: array[int] = array("q")  # numbers, in the order of their ends
        self._changed = changed
        self._moved = threading.Condition()
        self._flights: dict[int, _Flight] = {}
        self._unsent: set[int] = set()
        self._ends: deque[float] = deque(maxlen=RATE_WINDOW_COUNT)
        self._producers: set[object] = set()
        self._began = 0.0
        self._version = 0

    # rows

    def add_producer(self, producer: object) -> None:
        """It begins to bring rows."""
        with self._moved:
            self._producers.add(producer)
            self._began = time.monotonic()

    def remove_producer(self, producer: object) -> None:
        """It brings no more; it may say so twice."""
        with self._moved:
            self._producers.discard(producer)
        self.wake()

    @property
    def has_producers(self) -> bool:
        """Somebody brings rows."""
        with self._moved:
            return bool(self._producers)

    @property
    def idle(self) -> bool:
        """No row is on its way, and none is to come."""
        with self._moved:
            return not self._producers and not self._flights

    def track(
        self,
        number: int,
        job: Job,
        usd: float,
        *,
        fresh: bool,
        over: Callable[[Job], object],
        paid: bool = False,
    ) -> None:
        """Count a job until it ends; then `over` is told, once, and the job is let go.

        A `fresh` one may still wait to be sent. `usd` is what it may cost. Of a `paid` one, which
        an earlier run completed, only the files are fetched once more.
        """
        flight = _Flight(job, 0.0 if paid else usd, paid)

        def end(_: object = None) -> None:
            if job.watching:
                return
            with self._moved:
                if self._flights.get(number) is not flight:
                    return
            over(job)  # before it counts as ended: who waits for that sees what it says
            with self._moved:
                if self._flights.get(number) is flight:
                    del self._flights[number]
                    self._count_end(number, flight)
            job.unobserve(end, "watching")
            self.wake()

        with self._moved:
            self._flights[number] = flight
            if fresh:
                self._unsent.add(number)
            counts = self.counts
            self.counts = replace(
                counts,
                seen=counts.seen + 1,
                running=counts.running + 1,
                reserved=counts.reserved + flight.usd,
            )
        job.observe(end, "watching")
        end()
        self.wake()

    def _count_end(self, number: int, flight: _Flight) -> None:
        job, counts = flight.job, self.counts
        well = job.status is Status.COMPLETED
        cost = 0.0 if flight.paid else job.cost
        billed = cost is None and (well or job.status is Status.UNKNOWN)
        self.counts = replace(
            counts,
            running=counts.running - 1,
            reserved=sum(other.usd for other in self._flights.values()),
            spent=counts.spent + (cost or 0.0),
            unpriced=counts.unpriced + billed,
            unbilled=counts.unbilled + flight.usd * billed,
            done=counts.done + well,
            reused=counts.reused + (well and flight.paid),
            failed=counts.failed + (not well),
        )
        self._unsent.discard(number)
        self.ended.append(number)
        self._ends.append(time.monotonic())

    def record(self, number: int, *, well: bool) -> None:
        """Count a row that ended without running here: it was done before, or was refused."""
        with self._moved:
            counts = self.counts
            self.counts = replace(
                counts,
                seen=counts.seen + 1,
                done=counts.done + well,
                reused=counts.reused + well,
                failed=counts.failed + (not well),
            )
            self.ended.append(number)
        self.wake()

    def reopen(self, failed: int) -> None:
        """So many of the failed rows are tried again."""
        with self._moved:
            counts = self.counts
            self.counts = replace(counts, failed=counts.failed - failed, seen=counts.seen - failed)

    # waiting

    def wake(self) -> None:
        """Have everybody look again: those who wait, and those who show."""
        self.notify()
        self._changed()

    def notify(self) -> None:
        """Have those look again who wait."""
        with self._moved:
            self._version += 1
            self._moved.notify_all()

    def wait(self, fits: Callable[[], bool], timeout: float) -> bool:
        """Wait until it is so, at most `timeout` seconds; whether it is."""
        with self._moved:
            return self._moved.wait_for(fits, timeout)

    def await_room(self, most: int, stopped: Callable[[], bool]) -> None:
        """Wait until another row may go out, or it is stopped.

        A row goes out when few are in flight and the submits before it left: one that waits for
        the rate limit keeps those behind it here, where they cost nothing.
        """
        while not stopped():
            version = self._version
            if self._has_room(most):
                return
            with self._moved:
                if version == self._version:
                    self._moved.wait(_TICK)

    def _has_room(self, most: int) -> bool:
        with self._moved:
            if len(self._flights) >= most:
                return False
            unsent = {number: self._flights[number].job for number in self._unsent}
        waiting = False
        for number, job in unsent.items():  # without the lock: who publishes holds the job's
            latest = job.latest(("status", "message"))
            if latest["status"] is Status.SUBMITTING:
                waiting = waiting or bool(latest["message"])
            else:
                with self._moved:
                    self._unsent.discard(number)
        return not waiting and len(self._unsent) < UNSENT

    # figures

    @property
    def per_minute(self) -> float | None:
        """Rows that ended a minute, of late; None while they are too few to tell."""
        with self._moved:
            ends, began = list(self._ends), self._began
        now = time.monotonic()
        since = max(began, now - _WINDOW)
        if len(ends) == RATE_WINDOW_COUNT:
            since = max(since, ends[0])
        recent = sum(end >= since for end in ends)
        return recent / max(now - since, 1e-3) * 60 if recent >= MIN_RATE_SAMPLES else None

    def numbers(self) -> set[int]:
        """The rows that run now."""
        with self._moved:
            return set(self._flights)
