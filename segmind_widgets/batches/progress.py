"""Progress of a batch: counts of its rows, updated by threads that others can wait for."""

from __future__ import annotations

import threading
import time
from array import array
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from segmind_widgets.jobs.job import Job
from segmind_widgets.types import Status

MAX_UNSENT = 8  # concurrent submits; more would only wait for the rate limit
RATE_WINDOW_COUNT = 128  # the latest ends, from which the rate is computed
MIN_RATE_SAMPLES = 3
_RATE_WINDOW = 60.0  # seconds
_SUBMIT_CHECK_INTERVAL = 0.1  # seconds between two checks for finished submits


@dataclass(frozen=True)
class Counts:
    """Numbers of rows, and USD; `reused` rows of `done` were completed by an earlier run."""

    read: int = 0  # rows: done, failed or running
    done: int = 0
    failed: int = 0
    reused: int = 0
    running: int = 0
    spent: float = 0.0  # as reported by the service
    unpriced: int = 0  # ended rows without a reported cost that may be billed
    unbilled: float = 0.0  # the highest estimate for the unpriced rows
    reserved: float = 0.0  # the highest estimate for the running rows


@dataclass(eq=False)
class _RunningRow:
    job: Job
    usd: float
    completed: bool


class BatchProgress:
    """The running rows, by number, and the numbers of the ended rows (8 bytes each).

    Args:
        on_change: called after each change, from any thread.
    """

    def __init__(self, on_change: Callable[[], object]) -> None:
        self.counts = Counts()
        self.ended: array[int] = array("q")  # row numbers, in the order of the ends
        self._on_change = on_change
        self._condition = threading.Condition()
        self._running: dict[int, _RunningRow] = {}
        self._unsent: set[int] = set()
        self._end_times: deque[float] = deque(maxlen=RATE_WINDOW_COUNT)
        self._producers: set[object] = set()
        self._started_at = 0.0
        self._version = 0

    # rows

    def add_producer(self, producer: object) -> None:
        """Register a producer of rows."""
        with self._condition:
            self._producers.add(producer)
            self._started_at = time.monotonic()

    def remove_producer(self, producer: object) -> None:
        """Unregister it; idempotent."""
        with self._condition:
            self._producers.discard(producer)
        self.wake()

    def has_producer(self, producer: object) -> bool:
        """Return whether this producer is registered."""
        with self._condition:
            return producer in self._producers

    @property
    def has_producers(self) -> bool:
        """Return whether any producer is registered."""
        with self._condition:
            return bool(self._producers)

    @property
    def idle(self) -> bool:
        """Return whether no row is running and no producer is registered."""
        with self._condition:
            return not self._producers and not self._running

    def track(
        self,
        number: int,
        job: Job,
        usd: float,
        *,
        fresh: bool,
        on_done: Callable[[Job], bool],
        completed: bool = False,
    ) -> None:
        """Track a job; call `on_done` once when it ends, then drop the reference.

        Args:
            number: the row's number.
            job: its job.
            usd: the highest estimate of its cost.
            fresh: whether the job may not be submitted yet.
            on_done: called from the thread that ends the job; returns whether the row was sent.
            completed: whether the job ran and was paid earlier, so that only its files are fetched.
        """
        entry = _RunningRow(job, 0.0 if completed else usd, completed)

        def end(_: object = None) -> None:
            if not job.watching and self._end(number, entry, on_done):
                job.unobserve(end, "watching")
                self.wake()

        with self._condition:
            self._running[number] = entry
            if fresh:
                self._unsent.add(number)
            self.counts = replace(
                self.counts,
                read=self.counts.read + 1,
                running=self.counts.running + 1,
                reserved=self.counts.reserved + entry.usd,
            )
        job.observe(end, "watching")
        end()
        self.wake()

    def _end(self, number: int, entry: _RunningRow, on_done: Callable[[Job], bool]) -> bool:
        """Count a row as ended; return False if it was already counted."""
        with self._condition:
            if self._running.get(number) is not entry:
                return False
        # before the row counts as ended, so that waiters see its effect
        was_sent = on_done(entry.job)
        with self._condition:
            if self._running.get(number) is entry:
                del self._running[number]
                self._unsent.discard(number)
                if was_sent:
                    self._count_end(number, entry)
                else:
                    self._uncount(entry)
        return True

    def _uncount(self, entry: _RunningRow) -> None:
        """Count a row as not read: it was withdrawn before it was sent."""
        counts = self.counts
        self.counts = replace(
            counts,
            read=counts.read - 1,
            running=counts.running - 1,
            reserved=max(0.0, counts.reserved - entry.usd),
        )

    def _count_end(self, number: int, entry: _RunningRow) -> None:
        job, counts = entry.job, self.counts
        succeeded = job.status is Status.COMPLETED
        cost = 0.0 if entry.completed else job.cost
        unpriced = cost is None and (succeeded or job.status is Status.UNKNOWN)
        self.counts = replace(
            counts,
            running=counts.running - 1,
            reserved=sum(other.usd for other in self._running.values()),
            spent=counts.spent + (cost or 0.0),
            unpriced=counts.unpriced + unpriced,
            unbilled=counts.unbilled + entry.usd * unpriced,
            done=counts.done + succeeded,
            reused=counts.reused + (succeeded and entry.completed),
            failed=counts.failed + (not succeeded),
        )
        self.ended.append(number)
        self._end_times.append(time.monotonic())

    def record(self, *numbers: int, succeeded: bool) -> None:
        """Count rows that need no run, because they were done earlier or were refused."""
        with self._condition:
            counts, done = self.counts, len(numbers) * succeeded
            self.counts = replace(
                counts,
                read=counts.read + len(numbers),
                done=counts.done + done,
                reused=counts.reused + done,
                failed=counts.failed + len(numbers) - done,
            )
            self.ended.extend(numbers)
        self.wake()

    def reopen(self, failed: int) -> None:
        """Uncount `failed` failed rows before they are tried again."""
        with self._condition:
            counts = self.counts
            self.counts = replace(counts, failed=counts.failed - failed, read=counts.read - failed)

    # waiting

    def wake(self) -> None:
        """Wake waiters and schedule a view update."""
        self.notify()
        self._on_change()

    def notify(self) -> None:
        """Wake waiters."""
        with self._condition:
            self._version += 1
            self._condition.notify_all()

    def wait(self, predicate: Callable[[], bool], timeout: float) -> bool:
        """Wait at most `timeout` seconds until `predicate` is true; return its last value."""
        with self._condition:
            return self._condition.wait_for(predicate, timeout)

    def await_room(self, most: int, stopped: Callable[[], bool]) -> None:
        """Wait until another row may be submitted, or until `stopped` returns true.

        That is when fewer than `most` rows are running and no submit waits for the rate limit;
        a row that waits here has no job and no row in the journal yet. A submit whose reply was
        lost does not count: the search for it concerns its own row.
        """
        while not stopped():
            version = self._version
            if self._has_room(most):
                return
            with self._condition:
                if version == self._version:
                    self._condition.wait(_SUBMIT_CHECK_INTERVAL)

    def _has_room(self, most: int) -> bool:
        with self._condition:
            if len(self._running) >= most:
                return False
            unsent = {number: self._running[number].job for number in self._unsent}
        waiting = False
        # outside our lock, because publishers hold the job's lock
        for number, job in unsent.items():
            latest = job.latest(("status", "message"))
            is_lost = job.submission is not None and job.submission.is_lost
            if latest["status"] is Status.SUBMITTING and not is_lost:
                waiting = waiting or bool(latest["message"])
            else:
                with self._condition:
                    self._unsent.discard(number)
        return not waiting and len(self._unsent) < MAX_UNSENT

    # figures

    @property
    def per_minute(self) -> float | None:
        """Return the recently ended rows per minute; None below `MIN_RATE_SAMPLES`."""
        with self._condition:
            end_times, started_at = list(self._end_times), self._started_at
        now = time.monotonic()
        since = max(started_at, now - _RATE_WINDOW)
        if len(end_times) == RATE_WINDOW_COUNT:
            since = max(since, end_times[0])
        recent = sum(end >= since for end in end_times)
        return recent / max(now - since, 1e-3) * 60 if recent >= MIN_RATE_SAMPLES else None

    def jobs(self) -> list[Job]:
        """Return the jobs of the running rows."""
        with self._condition:
            return [entry.job for entry in self._running.values()]

    def numbers(self) -> set[int]:
        """Return the numbers of the running rows."""
        with self._condition:
            return set(self._running)
