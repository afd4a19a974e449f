"""Threads: one that keeps the time for all jobs, and a few that send.

The clock thread holds what is due when; due steps go to the senders, submits before polls. Steps
that may take long (v1 runs, downloads) have senders of their own, so that they never hold up a
poll. All are daemons, started at the first job: a kernel or a script can end at any moment, and
the journal knows where to go on.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import copy_context
from queue import PriorityQueue
from typing import TypeVar

from segmind_widgets.errors import SegmindError
from segmind_widgets.transport import Transport, repeat_after
from segmind_widgets.types import Call, Reply
from segmind_widgets.watch import Watch

_log = logging.getLogger(__name__)

SENDERS = 6
SLOW_SENDERS = 8
UPDATES = 10.0  # ticks a second, over all jobs
FRAME = 0.25  # seconds between two ticks of one job, where there are few
PATIENCE = 2.0  # seconds
_Queue = PriorityQueue[tuple[int, int, "Watch | None"]]  # the least first; None ends a thread


def exchange(transport: Transport, call: Call) -> Reply:
    """Send one call from this thread, wait and repeat as the rules say; the reply, whatever code.

    Stop ends the waiting at once. For uploads, credits and lists; jobs have their watches.

    Raises:
        SegmindError: no whole reply came.
    """
    pause = threading.Event()  # never set: waiting on it can be interrupted
    tries = 0
    while True:
        while wait := transport.limit.take(poll=False):
            pause.wait(wait)
        try:
            outcome: Reply | SegmindError = transport.send(call)
        except SegmindError as error:
            outcome = error
        again = repeat_after(call, outcome, tries)
        if again is None:
            if isinstance(outcome, SegmindError):
                raise outcome
            return outcome
        if isinstance(outcome, Reply) and outcome.status == 429:
            transport.limit.block(again)
        pause.wait(again)
        tries += 1


T = TypeVar("T")


def meanwhile(work: Callable[[], T]) -> Callable[[], T]:
    """Do `work` in a thread of its own, from now on; what is returned waits for its value.

    The value's function raises what `work` raised. Widgets that `work` sets are told as if the
    caller had set them: ipykernel finds the way by the caller's context.
    """
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 - raised where the value is asked for
            future.set_exception(error)

    context = copy_context()
    threading.Thread(target=context.run, args=(run,), name="segmind meanwhile", daemon=True).start()
    return future.result


class Throttle:
    """Does `work` soon after each call, at most once in `pause` seconds; no call is lost.

    In a thread, which lives while there are calls. For views of many jobs: each change calls it,
    and each frame shows what is so by then.
    """

    def __init__(self, work: Callable[[], object], pause: float) -> None:
        self._work = work
        self._pause = pause
        self._lock = threading.Lock()
        self._working = threading.RLock()
        self._closed = threading.Event()
        self._called = self._running = False
        self._context = copy_context()  # ipykernel finds the cell by it

    def __call__(self) -> None:
        """Have it done."""
        with self._lock:
            self._called = True
            if self._running or self._closed.is_set():
                return
            self._running = True
        run = self._context.copy().run
        threading.Thread(target=run, args=(self._run,), name="segmind frames", daemon=True).start()

    def close(self) -> None:
        """Do it no more: what is being done now has ended when this returns."""
        self._closed.set()
        with self._working:
            pass

    def _run(self) -> None:
        while self._is_wanted():
            with self._working:
                self._do()
            self._closed.wait(self._pause)

    def _do(self) -> None:
        try:
            if not self._closed.is_set():
                self._work()
        except Exception:  # noqa: BLE001 - a view's fault must not end the frames
            _log.exception("A view could not be updated")

    def _is_wanted(self) -> bool:
        with self._lock:
            self._running = self._called and not self._closed.is_set()
            self._called = False
            return self._running


class Scheduler:
    """Runs watches until they end."""

    def __init__(self) -> None:
        self._wake = threading.Condition()
        self._due: list[tuple[float, int, Watch]] = []
        self._live: dict[Watch, float] = {}  # watch → when its next tick is due
        self._count = itertools.count()
        self._quick: _Queue = PriorityQueue()
        self._slow: _Queue = PriorityQueue()
        self._submits = 0  # that are on their way
        self._started = self._closed = False

    @property
    def live(self) -> list[Watch]:
        """The watches that have not ended."""
        with self._wake:
            return list(self._live)

    def add(self, watch: Watch, delay: float = 0.0) -> None:
        """Have a watch's next step done after `delay` seconds."""
        with self._wake:
            if not self._started:
                self._start()
            self._live.setdefault(watch, time.monotonic() + FRAME)
            heapq.heappush(self._due, (time.monotonic() + delay, next(self._count), watch))
            self._wake.notify()

    def close(self) -> None:
        """End the threads, each after what it is doing. Nothing that is due is done any more.

        Replies to submits are awaited for two seconds: without one, the job's id would be lost.
        """
        with self._wake:
            self._closed = True
            self._wake.notify_all()
            self._wake.wait_for(lambda: not self._submits, PATIENCE)
        for queue, threads in ((self._quick, SENDERS), (self._slow, SLOW_SENDERS)):
            for _ in range(threads):
                queue.put((2, next(self._count), None))

    def _start(self) -> None:
        self._started = True
        names = [(self._clock, (), "clock")]
        names += [(self._sender, (self._quick,), "sender")] * SENDERS
        names += [(self._sender, (self._slow,), "slow sender")] * SLOW_SENDERS
        for target, args, name in names:
            threading.Thread(target=target, args=args, name=f"segmind {name}", daemon=True).start()

    def _clock(self) -> None:
        while not self._closed:
            with self._wake:
                now = time.monotonic()
                while self._due and self._due[0][0] <= now:
                    self._hand_over(heapq.heappop(self._due)[2])
                ticks = self._ticks_due(now)
            for watch in ticks:
                watch.job.tick()
            with self._wake:
                if not self._closed:
                    self._wake.wait(self._pause())

    def _hand_over(self, watch: Watch) -> None:
        queue = self._slow if watch.slow else self._quick
        queue.put((0 if watch.urgent else 1, next(self._count), watch))

    def _ticks_due(self, now: float) -> list[Watch]:
        frame = max(FRAME, len(self._live) / UPDATES)
        due = [watch for watch, at in self._live.items() if at <= now]
        for watch in due:
            self._live[watch] = now + frame
        return due

    def _pause(self) -> float | None:
        moments = [self._due[0][0]] if self._due else []
        if self._live:
            moments.append(min(self._live.values()))
        return max(0.0, min(moments) - time.monotonic()) if moments else None

    def _sender(self, queue: _Queue) -> None:
        while (watch := queue.get()[2]) is not None:
            delay = self._step(watch)
            if delay is not None:
                self.add(watch, delay)
                continue
            with self._wake:
                self._live.pop(watch, None)

    def _step(self, watch: Watch) -> float | None:
        submits = int(watch.urgent)
        with self._wake:
            self._submits += submits
        try:
            return watch.step()
        except Exception:  # noqa: BLE001 - a watch never raises; if one does, others go on
            _log.exception("The watch of %s broke", watch.job.id)
            return None
        finally:
            with self._wake:
                self._submits -= submits
                self._wake.notify_all()
