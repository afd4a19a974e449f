"""The threads: submits before polls, few of them, and none that an error ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from segmind_widgets.jobs import scheduler
from segmind_widgets.jobs.job import Job
from segmind_widgets.jobs.runner import JobRunner
from segmind_widgets.jobs.scheduler import Scheduler
from segmind_widgets.network import rate_limit
from segmind_widgets.network.rate_limit import RateLimit
from segmind_widgets.network.transport import Transport
from segmind_widgets.providers import Segmind
from segmind_widgets.sandbox import Sandbox
from segmind_widgets.secret import Secret
from segmind_widgets.storage.store import Store
from segmind_widgets.types import RunRequest, Status


class Stub:
    """A watch whose steps a test writes."""

    def __init__(self, step: Callable[[], float | None], *, slow: bool = False) -> None:
        self.job = Job(id="j")
        self.step = step
        self.slow = slow
        self.is_submit = False
        self.limit: RateLimit | None = None

    def tick(self) -> None:
        self.job.tick()


@pytest.fixture
def line() -> Iterator[Scheduler]:
    others = set(ours())
    made = Scheduler()
    yield made
    made.close()
    for thread in set(ours()) - others:
        thread.join(5)


def ours() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("segmind ")]


def add(to: Scheduler, stub: Stub, delay: float = 0.0) -> None:
    to.add(stub, delay)  # type: ignore[arg-type]


def test_submits_go_before_polls_and_slow_steps_hold_up_nobody(
    line: Scheduler,
) -> None:
    line._quick.threads = 1
    gate, busy = threading.Event(), threading.Event()
    order: list[str] = []
    done = threading.Semaphore(0)

    def named(name: str) -> Stub:
        def step() -> None:
            order.append(name)
            done.release()

        return Stub(step)

    def hold() -> None:
        busy.set()
        gate.wait(10)

    add(line, Stub(hold))
    assert busy.wait(60)
    polls = [named(f"poll {n}") for n in range(3)]
    submit = named("submit")
    submit.is_submit = True
    slow = named("slow")
    slow.slow = True
    for stub in polls:
        add(line, stub)
    add(line, submit)
    add(line, slow)
    assert done.acquire(timeout=60)
    assert order == ["slow"]  # it has senders of its own
    while line._quick.queue.qsize() < 4:
        gate.wait(0.001)
    gate.set()
    for _ in range(4):
        assert done.acquire(timeout=60)
    assert order == ["slow", "submit", "poll 0", "poll 1", "poll 2"]


# places in the rate limit


class Asking(Stub):
    """A job of one submit and some polls, the last of which brings the result."""

    def __init__(self, limit: RateLimit, log: list[str], polls: int, ended: Any) -> None:
        super().__init__(self._do)
        self.limit, self.is_submit = limit, True
        self._log, self._left, self._ended = log, polls, ended

    def _do(self) -> float | None:
        self._log.append("submit" if self.is_submit else "poll")
        if self.is_submit:
            self.is_submit = False
            return 0.01
        self._left -= 1
        if self._left:
            return 0.01
        self._ended.release()
        return None


def at_full_rate(per_minute: float) -> RateLimit:
    """A limit after many minutes without a 429; an account begins with 50 requests a minute."""
    limit = RateLimit(per_minute)
    limit._state.rate = per_minute / 60
    return limit


def test_where_places_are_few_jobs_begin_as_fast_as_others_end(
    line: Scheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    """40 jobs, of which each would ask 4 times: neither all submits first, nor polls alone."""
    monkeypatch.setattr(rate_limit, "TOLERANCE", 0.0)  # no burst
    limit, log, ended = at_full_rate(12_000), [], threading.Semaphore(0)
    for _ in range(40):
        add(line, Asking(limit, log, 4, ended))
    for _ in range(40):
        assert ended.acquire(timeout=10)
    assert log[0] == "submit"
    assert log.count("submit") == 40
    for taken in range(20, 100, 10):  # a third, while there are submits and polls
        assert taken * 0.25 <= log[:taken].count("submit") <= taken * 0.4 + 2
    assert limit.waiting == 0


@pytest.mark.alone
def test_all_together_keep_the_limit_and_a_job_that_was_stopped_needs_no_place(
    line: Scheduler,
) -> None:
    limit, log, ended = at_full_rate(1200), [], threading.Semaphore(0)
    began = time.monotonic()
    for _ in range(500):
        stopped = Stub(lambda: ended.release())
        stopped.limit = limit
        stopped.job.publish(last=True)
        add(line, stopped)
    for _ in range(10):
        add(line, Asking(limit, log, 2, ended))
    for _ in range(510):
        assert ended.acquire(timeout=10)
    took = time.monotonic() - began
    assert took > (30 - 14) / 20 * 0.97  # the burst of 1200 a minute is 13
    assert took < 5


def test_a_submit_is_told_that_it_waits_and_nothing_is_sent_while_a_429_blocks(
    line: Scheduler,
) -> None:
    limit, log, told = RateLimit(), [], threading.Event()
    limit.back_off(60)
    stub = Asking(limit, log, 2, threading.Semaphore(0))
    stub.job.observe(lambda change: told.set(), "message")
    add(line, stub)
    assert told.wait(60)
    assert stub.job.message == "waiting for the rate limit"
    assert limit.waiting == 1
    assert not log


def test_long_steps_take_a_place_only_when_a_sender_is_free(line: Scheduler) -> None:
    limit, gate = at_full_rate(60_000), threading.Event()
    begun = threading.Semaphore(0)

    def run() -> None:
        begun.release()
        gate.wait(10)

    for _ in range(20):
        stub = Stub(run, slow=True)
        stub.limit, stub.is_submit = limit, True
        add(line, stub)
    for _ in range(scheduler.SLOW_SENDERS):
        assert begun.acquire(timeout=60)
    assert not begun.acquire(timeout=0.05)
    assert limit.waiting == 20 - scheduler.SLOW_SENDERS
    polled = threading.Event()
    poll = Stub(lambda: polled.set())
    poll.limit = limit
    add(line, poll)
    assert polled.wait(60), "others go on meanwhile"
    gate.set()
    for _ in range(20 - scheduler.SLOW_SENDERS):
        assert begun.acquire(timeout=60)


@pytest.mark.alone
def test_ten_ticks_a_second_however_many_jobs(line: Scheduler) -> None:
    ticks: list[Stub] = []
    stubs = [Stub(lambda: 60.0) for _ in range(300)]
    for stub in stubs:
        stub.tick = lambda stub=stub: ticks.append(stub)
        add(line, stub)
    threading.Event().wait(1.0)
    assert 5 <= len(ticks) <= 11
    assert len(set(map(id, ticks))) == len(ticks), "in turns"


def test_steps_are_done_when_they_are_due(line: Scheduler) -> None:
    ended = threading.Event()
    moments: list[float] = []

    def step() -> float | None:
        moments.append(time.monotonic())
        if len(moments) == 3:
            ended.set()
            return None
        return 0.05

    began = time.monotonic()
    add(line, Stub(step), 0.05)
    assert ended.wait(60)
    gaps = [after - before for before, after in zip([began, *moments], moments, strict=False)]
    assert all(0.045 <= gap < 1 for gap in gaps)


def test_an_error_in_a_step_ends_no_thread(
    line: Scheduler, caplog: pytest.LogCaptureFixture
) -> None:
    ended = threading.Event()

    def broken() -> None:
        raise RuntimeError("ours")

    before = len(ours())
    for _ in range(scheduler.SENDERS + 2):
        add(line, Stub(broken))
    add(line, Stub(lambda: ended.set()))
    assert ended.wait(60)
    assert len(ours()) == before + 1 + scheduler.SENDERS + scheduler.SLOW_SENDERS
    assert "ours" in caplog.text


def test_ticks_reach_live_jobs_and_an_observer_that_raises_stops_none(line: Scheduler) -> None:
    moved = threading.Event()
    first, second = Stub(lambda: 30.0), Stub(lambda: 30.0)

    def broken(change: Any) -> None:
        raise RuntimeError("mine")

    first.job.observe(broken, "elapsed")
    second.job.observe(lambda change: change.new > 0.3 and moved.set(), "elapsed")
    add(line, first)
    add(line, second)
    assert moved.wait(60)
    assert first.job.elapsed > 0


def test_one_scheduler_has_at_most_fifteen_threads_and_none_before_the_first_job(
    line: Scheduler,
) -> None:
    before = len(ours())
    assert len(ours()) == before
    ended = threading.Semaphore(0)
    for _ in range(100):
        add(line, Stub(lambda: ended.release()))
    for _ in range(100):
        assert ended.acquire(timeout=60)
    assert len(ours()) - before <= 15
    assert all(thread.daemon for thread in ours())


def test_closing_ends_the_threads_and_takes_no_more(line: Scheduler) -> None:
    others = set(ours())
    ended = threading.Event()
    add(line, Stub(lambda: ended.set()))
    assert ended.wait(60)
    mine = set(ours()) - others
    assert len(mine) == 15
    line.close()
    for thread in mine:
        thread.join(5)
        assert not thread.is_alive()


def test_many_jobs_run_to_their_end_on_the_sandbox(
    line: Scheduler, sandbox: Sandbox, tmp_path: Path
) -> None:
    urls = {name: url for name, url in sandbox.environ.items() if name.endswith("_URL")}
    provider, store = Segmind(urls), Store(tmp_path / "journal")
    transport = Transport(provider, lambda: Secret(sandbox.environ["SEGMIND_API_KEY"]))
    jobs = []
    for number in range(6):
        inputs = {"prompt": f"a cat {number}", "width": 512, "height": 512}
        request = RunRequest("flux-schnell", inputs)
        key = store.add(
            provider="segmind", place="here", sandbox=True, kind="model", target="flux-schnell",
            inputs=inputs, status="submitting",
        )  # fmt: skip
        jobs.append(Job(id=key, model="flux-schnell", inputs=inputs))
        call = provider.submit(request)
        line.add(JobRunner(jobs[-1], provider, transport, store, key, call))
    for job in jobs:
        job.result(60)
    assert {job.status for job in jobs} == {Status.COMPLETED}
    assert len({job.id for job in jobs}) == 6
    assert all(job.outputs[0].path.is_file() for job in jobs)
    assert store.jobs(unfinished=True) == []
    transport.close()
    store.close()
