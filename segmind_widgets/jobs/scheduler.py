"""The threads: one clock for all jobs, and a few senders.

The clock thread keeps the times at which steps are due. A due step that sends a request waits in a
queue for the rate limit. It acquires a slot only when a sender is free, so that the request is sent
immediately. Steps that may take long (v1 runs, downloads) have separate senders, so that they never
delay a poll. The number of threads does not depend on the number of jobs; each job is one entry in
a heap. All threads are daemons, started at the first job: a kernel or a script can end at any
moment, and the journal has the next call of each job.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import math
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from queue import PriorityQueue

from segmind_widgets.jobs.queue import StepQueue
from segmind_widgets.jobs.runner import JobRunner
from segmind_widgets.network.rate_limit import RateLimit

_log = logging.getLogger(__name__)

SENDERS = 6
SLOW_SENDERS = 8
TICKS_PER_SECOND = 10.0  # over all jobs
TICK_PAUSE = 0.25  # seconds between two ticks of one job, unless there are many
SUBMIT_PATIENCE = 2.0  # seconds that `close` waits for replies to submits
_MIN_NOTED_DELAY = 1.0  # seconds; a shorter delay is not shown
_RATE_LIMITED = "waiting for the rate limit"
_Queue = PriorityQueue[
    tuple[int, int, "JobRunner | None"]
]  # the smallest first; None ends a thread


class _SenderPool:
    """Some threads with one queue; `load` counts queued and running steps."""

    def __init__(self, name: str, threads: int) -> None:
        self.name = name
        self.threads = threads
        self.load = 0
        self.queue: _Queue = PriorityQueue()


class Scheduler:
    """Run job runners until they end.

    Args:
        senders: threads for short steps, and `slow_senders` for those that may take long.
    """

    def __init__(self, senders: int = SENDERS, slow_senders: int = SLOW_SENDERS) -> None:
        self._wake = threading.Condition()
        self._has_news = False  # set if something changed since the clock's last pass
        self._due: list[tuple[float, int, bool, JobRunner]] = []
        self._live: OrderedDict[JobRunner, None] = OrderedDict()  # the next one to tick first
        self._next_tick = 0.0
        self._count = itertools.count()
        self._quick = _SenderPool("sender", senders)
        self._slow = _SenderPool("slow sender", slow_senders)
        self._queues: dict[
            tuple[RateLimit, _SenderPool], StepQueue[JobRunner]
        ] = {}  # used by the clock thread alone
        self._submits = 0  # in flight
        self._started = self._closed = False

    @property
    def live(self) -> list[JobRunner]:
        """Return the runners that have not ended."""
        with self._wake:
            return list(self._live)

    def add(self, runner: JobRunner, delay: float = 0.0) -> None:
        """Schedule the next step of a runner after `delay` seconds."""
        with self._wake:
            if not self._started:
                self._start()
            now = time.monotonic()
            if runner not in self._live:
                if not self._live:
                    self._next_tick = now + TICK_PAUSE
                self._live[runner] = None
            heapq.heappush(self._due, (now + delay, next(self._count), not delay, runner))
            self._notify()

    def close(self) -> None:
        """End the threads, each after its current step; no further step is run.

        Waits two seconds for replies to submits, since the job's id is lost without one.
        """
        with self._wake:
            self._closed = True
            self._wake.notify_all()
            self._wake.wait_for(lambda: not self._submits, SUBMIT_PATIENCE)
        for senders in (self._quick, self._slow):
            for _ in range(senders.threads):
                senders.queue.put((2, next(self._count), None))

    def _start(self) -> None:
        self._started = True
        threads: list[tuple[str, Callable[..., None], tuple[_SenderPool, ...]]] = [
            ("clock", self._clock, ())
        ]
        for senders in (self._quick, self._slow):
            threads += [(senders.name, self._sender, (senders,))] * senders.threads
        for name, target, args in threads:
            threading.Thread(target=target, args=args, name=f"segmind {name}", daemon=True).start()

    def _notify(self) -> None:
        self._has_news = True
        self._wake.notify()

    # the clock's thread

    def _clock(self) -> None:
        while not self._closed:
            self._queue_due()
            moment = self._release_queued()
            self._tick()
            with self._wake:
                if self._closed or self._has_news:
                    continue
                if self._due:
                    moment = min(moment, self._due[0][0])
                if self._live:
                    moment = min(moment, self._next_tick)
                pause = moment - time.monotonic()
                if pause > 0:
                    self._wake.wait(None if math.isinf(pause) else pause)

    def _queue_due(self) -> None:
        """Move due steps to a sender, or into the queue for their rate limit."""
        with self._wake:
            self._has_news = False
            now = time.monotonic()
            due: list[tuple[float, bool, JobRunner]] = []
            while self._due and self._due[0][0] <= now:
                moment, _, immediate, runner = heapq.heappop(self._due)
                due.append((moment, immediate, runner))
        for moment, immediate, runner in due:
            limit, senders = runner.limit, self._slow if runner.slow else self._quick
            if limit is None:
                self._hand_over(runner, senders)
                continue
            queue = self._queues.setdefault((limit, senders), StepQueue())
            queue.add(runner, moment, immediate=immediate)
            limit.waiting += 1
            if runner.is_submit and limit.delay > _MIN_NOTED_DELAY:
                runner.job.publish(message=_RATE_LIMITED)

    def _release_queued(self) -> float:
        """Hand queued steps to free senders as slots allow; return the time of the next pass."""
        moment = math.inf
        # one from each queue in turn, so that no queue waits until another is empty
        waiting = deque(self._queues)
        while waiting:
            limit, senders = key = waiting.popleft()
            queue = self._queues[key]
            if queue and queue.first.job.done:
                self._hand_over(queue.drop(), senders)
            elif queue and senders.load < senders.threads:
                if wait := limit.acquire(queued=True):
                    moment = min(moment, time.monotonic() + wait)
                    continue
                self._hand_over(queue.pop(), senders)
            else:  # the queue is empty, or the end of a step wakes the clock
                if not queue:
                    del self._queues[key]
                continue
            limit.waiting -= 1
            waiting.append(key)
        return moment

    def _hand_over(self, runner: JobRunner, senders: _SenderPool) -> None:
        with self._wake:
            senders.load += 1
        senders.queue.put((0 if runner.is_submit else 1, next(self._count), runner))

    def _tick(self) -> None:
        """Update the elapsed time of one job, at most `TICKS_PER_SECOND` times a second in all."""
        with self._wake:
            now = time.monotonic()
            if now < self._next_tick or not self._live:
                return
            runner = next(iter(self._live))
            self._live.move_to_end(runner)
            self._next_tick = now + max(TICK_PAUSE / len(self._live), 1 / TICKS_PER_SECOND)
        runner.tick()

    # the senders' threads

    def _sender(self, senders: _SenderPool) -> None:
        while self._run_next(senders):
            pass

    def _run_next(self, senders: _SenderPool) -> bool:
        """Wait for a step and run it; return False at the end. No variable outlives the step."""
        runner = senders.queue.get()[2]
        if runner is None:
            return False
        delay = self._step(runner)
        with self._wake:
            senders.load -= 1
            if delay is None:
                self._live.pop(runner, None)
                self._notify()
            else:
                self.add(runner, delay)
        return True

    def _step(self, runner: JobRunner) -> float | None:
        submits = int(runner.is_submit)
        with self._wake:
            self._submits += submits
        try:
            return runner.step()
        except Exception:  # noqa: BLE001 - a watch never raises; if one does, others go on
            _log.exception("The runner of %r broke", runner.job.id)
            return None
        finally:
            if submits:
                with self._wake:
                    self._submits -= submits
                    self._wake.notify_all()
