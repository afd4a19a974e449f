"""A job as traits: set by threads, followed by widgets, waited for without owning it."""

from __future__ import annotations

import asyncio
import logging
import re
import subprocess
import sys
import threading
import time
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from traitlets import Float, HasTraits, dlink

from segmind_widgets.assets.asset import Asset
from segmind_widgets.errors import AssetError, JobFailed, SegmindError, StillRunning
from segmind_widgets.formatting import file_size, money
from segmind_widgets.jobs import job as module
from segmind_widgets.jobs.job import Job
from segmind_widgets.types import Status


class Clock:
    """`time.monotonic`, moved by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(module, "time", found)
    return found


def job(**traits: Any) -> Job:
    return Job(**{"id": "req-1", "model": "seedream-4.5", "inputs": {"prompt": "a cat"}, **traits})


def told(one: Job, name: str) -> list[Any]:
    """What an observer of a trait is told, from now on."""
    seen: list[Any] = []
    one.observe(lambda change: seen.append(change.new), name)
    return seen


# publishing


def test_at_most_ten_updates_a_second_and_the_newest_wins(clock: Clock) -> None:
    one = job()
    seen = told(one, "progress")
    for step in range(1000):
        clock.now += 0.01
        one.publish(progress=step / 1000)
    assert 90 <= len(seen) <= 101
    one.publish(progress=0.9995)
    one.publish(last=True, status=Status.COMPLETED)
    assert one.progress == 0.9995  # what was held back comes with the last
    assert one.status is Status.COMPLETED


def test_an_update_is_whole_when_it_is_told(clock: Clock) -> None:
    one = job()
    seen: list[tuple[Any, ...]] = []
    one.observe(lambda _: seen.append((one.status, one.cost, one.outputs)), ["status", "cost"])
    asset = Asset(data=b"1")
    one.publish(last=True, status=Status.COMPLETED, cost=0.04, outputs=(asset,))
    assert seen == [(Status.COMPLETED, 0.04, (asset,))] * 2


def test_an_observer_that_raises_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    one = job()

    def broken(change: Any) -> None:
        raise RuntimeError("mine")

    one.observe(broken, "status")
    with caplog.at_level(logging.ERROR):
        one.publish(last=True, status=Status.COMPLETED)
    assert one.status is Status.COMPLETED
    assert one.wait(0) is one
    assert "An observer" in caplog.text


def test_an_update_may_come_from_many_threads() -> None:
    one = job()
    threads = [
        threading.Thread(target=lambda: [one.publish(elapsed=float(n)) for n in range(200)])
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    one.publish(last=True, elapsed=5.0)
    assert one.elapsed == 5.0
    assert not one.watching


def test_what_comes_after_a_stop_is_still_told(clock: Clock) -> None:
    one = job(id="local-1")
    one.stop()
    one.publish(id="req-7")  # the reply to the submit was under way
    assert one.id == "req-7"
    assert isinstance(one.error, StillRunning)
    assert not one.watching


# the clock


def test_a_tick_moves_the_clock_and_the_estimate(clock: Clock) -> None:
    one = job(expected_seconds=10.0, status=Status.PROCESSING)
    clock.now += 5
    one.tick()
    assert (one.elapsed, one.progress, one.estimated) == (5.0, pytest.approx(0.45), True)
    clock.now += 1000
    one.tick()
    assert 0.9 < one.progress < 1
    assert "starting up" in one.message


def test_the_services_own_figure_is_never_replaced_by_an_estimate(clock: Clock) -> None:
    one = job(expected_seconds=10.0)
    one.publish(status=Status.PROCESSING)
    one.publish(progress=0.7, estimated=False)  # held back: too soon after the one before
    clock.now += 1
    one.tick()
    assert (one.progress, one.estimated) == (0.7, False)


def test_without_a_usual_time_nothing_is_estimated(clock: Clock) -> None:
    one = job()
    clock.now += 1
    one.tick()
    assert (one.elapsed, one.progress, one.indeterminate) == (1.0, 0.0, True)


@pytest.mark.parametrize("status", [Status.QUEUED, Status.PROCESSING])
def test_without_a_usual_time_the_line_names_the_cold_start_after_20_s(
    clock: Clock, status: Status
) -> None:
    one = job(status=status)
    clock.now += 19
    one.tick()
    assert one.message == ""
    clock.now += 2
    one.tick()
    assert "several minutes" in one.message
    assert "loaded" in one.message


def test_a_tick_after_the_end_changes_nothing(clock: Clock) -> None:
    one = job(expected_seconds=10.0)
    one.publish(last=True, progress=1.0, elapsed=3.0)
    clock.now += 100
    one.tick()
    assert (one.progress, one.elapsed) == (1.0, 3.0)


# waiting


def test_waiting_ends_and_the_job_goes_on() -> None:
    one = job()
    with pytest.raises(StillRunning, match=r"0\.01 s; the job req-1 continues") as raised:
        one.wait(0.01)
    assert "--resume req-1" in raised.value.hint
    assert one.watching
    assert not one.done


def test_waiting_notices_the_end_in_another_thread() -> None:
    one = job()
    threading.Timer(0.02, lambda: one.publish(last=True, outputs=(Asset(data=b"1"),))).start()
    [asset] = one.result(5)
    assert asset.content == b"1"


def test_result_raises_what_failed_and_wait_does_not() -> None:
    one = job()
    one.publish(last=True, status=Status.FAILED, error=JobFailed("no"))
    assert one.wait(1) is one
    with pytest.raises(JobFailed, match="no"):
        one.result()
    with pytest.raises(JobFailed, match="no"):
        one.save()


def test_a_job_can_be_awaited() -> None:
    async def main() -> Job:
        one = job()
        asyncio.get_running_loop().call_later(0.01, lambda: one.publish(last=True))
        return await one

    assert asyncio.run(main()).done

    async def failing() -> None:
        one = job()
        one.publish(last=True, error=JobFailed("no"))
        await one

    with pytest.raises(JobFailed):
        asyncio.run(failing())


@pytest.mark.alone
def test_stop_ends_the_watching_once() -> None:
    one = job()
    one.stop()
    error = one.error
    one.stop()
    assert one.error is error
    with pytest.raises(StillRunning, match="You stopped watching"):
        one.result()
    began = time.monotonic()
    one.wait()
    assert time.monotonic() - began < 0.1


# results


def test_the_results(tmp_path: Path) -> None:
    one = job(outputs=(Asset(data=b"some text", declared_type="text/plain", name="a"),))
    assert one.text == "some text"
    assert one.image is None
    [path] = one.save(tmp_path / "new")
    assert path.read_bytes() == b"some text"
    (tmp_path / "file").write_text("")
    with pytest.raises(AssetError, match="cannot be created"):
        one.save(tmp_path / "file" / "below")


def test_a_rerun_needs_somebody_who_can_submit() -> None:
    one = job()
    with pytest.raises(SegmindError) as raised:
        one.rerun()
    assert raised.value.hint
    other = job()
    one.resubmit = lambda changes: other if changes == {"seed": 2} else one
    assert one.rerun(seed=2) is other


# how it shows


@pytest.mark.parametrize(
    ("usd", "text"),
    [
        (0, "$0.00"),
        (0.04, "$0.04"),
        (0.0012, "$0.0012"),
        (0.1, "$0.10"),
        (1, "$1.00"),
        (12.5, "$12.50"),
    ],
)
def test_money(usd: float, text: str) -> None:
    assert money(usd) == text


def test_the_line_and_the_caption() -> None:
    one = job(elapsed=12.34, cost=0.04, seed=7, sandbox=True, status=Status.COMPLETED)
    assert one.caption == "seedream-4.5 · 12.3 s · $0.04 · seed 7 · req-1"
    assert one.line == f"completed · sandbox · {one.caption}"
    assert repr(one) == "<Job req-1 seedream-4.5 completed>"


def test_html_escapes_what_came_from_outside() -> None:
    evil = "<script>alert(1)</script>"
    one = job(id=evil, model=evil, inputs={"prompt": f'"{evil}'})
    one.publish(last=True, status=Status.FAILED, error=JobFailed(evil))
    assert "<script>" not in one._repr_mimebundle_()["text/html"]
    named = Asset(data=b"\x1aE\xdf\xa3", name=evil)
    two = job(id=evil, model=evil, inputs={"prompt": f'"{evil}'}, outputs=(named, named))
    assert "<script>" not in two._repr_mimebundle_()["text/html"]


def test_the_sandbox_says_so() -> None:
    assert "sandbox" in job(sandbox=True)._repr_mimebundle_()["text/html"]
    assert "sandbox" not in job()._repr_mimebundle_()["text/html"]


def test_texts_are_shown_as_text() -> None:
    one = job(outputs=(Asset(data=b"A cat.", declared_type="text/plain"),))
    assert one._repr_mimebundle_()["text/plain"].startswith("A cat.\n\n")


IN_A_KERNEL = """
from ipykernel.zmqshell import ZMQInteractiveShell
ZMQInteractiveShell.instance()
from segmind_widgets.assets.asset import Asset
from segmind_widgets.jobs.job import Job
for kind in ("text/plain", "application/json"):
    job = Job(id="1", outputs=(Asset(data=b"A cat.", declared_type=kind),))
    print(sum("A cat." in form for form in job._repr_mimebundle_().values()))
"""


def test_a_notebook_has_a_text_once() -> None:
    command = [sys.executable, "-c", IN_A_KERNEL]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert ran.stdout.split() == ["1", "1"]


@pytest.mark.parametrize("kind", ["text/plain", "application/json"])
@pytest.mark.parametrize("in_memory", [False, True])
def test_a_long_text_is_shown_once_in_part_with_the_path_of_the_whole(
    tmp_path: Path, kind: str, in_memory: bool
) -> None:
    path = tmp_path / "text.txt"
    path.write_text("ä long text\n" * 1_000_000, encoding="utf-8")
    data = path.read_bytes() if in_memory else None
    asset = Asset(path=None if in_memory else path, data=data, declared_type=kind)
    one = job(outputs=(asset,))
    tracemalloc.start()
    try:
        bundle = one._repr_mimebundle_()
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()
    assert "long text" not in bundle["text/plain"]
    [shown] = [form for name, form in bundle.items() if name != "text/plain"]
    assert 4_000 < shown.count("long text") <= 64_000 / 13 + 1
    assert len(shown.encode()) < 300_000
    words = re.sub(r"<[^>]*>", "", shown)
    where = "in memory" if in_memory else f"in {path}"
    assert f"{file_size(64_000)} of {file_size(13_000_000)}; the whole text is {where}" in words


def test_a_text_that_was_removed_still_shows_its_job(tmp_path: Path) -> None:
    path = tmp_path / "said.txt"
    path.write_text("a cat", encoding="utf-8")
    one = job(status=Status.COMPLETED, outputs=(Asset.of(path),))
    path.unlink()
    bundle = one._repr_mimebundle_()
    assert "said.txt" in bundle["text/plain"]
    assert "said.txt was removed" in bundle["text/html"]


# bound by people


class Gauge(HasTraits):
    """The side of a link that a widget has, without a browser."""

    value = Float(0.0)


def test_progress_is_a_float_that_never_falls(clock: Clock) -> None:
    one = job(expected_seconds=10.0, status=Status.PROCESSING)
    figures: list[float] = []
    gauge = Gauge()
    gauge.observe(lambda change: figures.append(change["new"]), "value")
    dlink((one, "progress"), (gauge, "value"))
    for moment in range(12):
        clock.now += 1
        one.tick()
        if moment == 6:
            one.publish(progress=0.2, estimated=False, indeterminate=False)
    one.publish(last=True, progress=1.0)
    assert figures == sorted(figures)
    assert figures[-1] == 1.0
    assert one.eta is None


def test_a_job_of_unknown_time_is_indeterminate_until_it_ends(clock: Clock) -> None:
    one = job(status=Status.PROCESSING)
    clock.now += 3
    one.tick()
    assert (one.progress, one.indeterminate, one.eta) == (0.0, True, None)
    one.publish(last=True, status=Status.COMPLETED, progress=1.0)
    assert (one.progress, one.indeterminate) == (1.0, False)


def test_the_time_left_is_the_usual_time_without_the_elapsed(clock: Clock) -> None:
    one = job(expected_seconds=10.0, status=Status.PROCESSING)
    clock.now += 4
    one.tick()
    assert (one.eta, one.indeterminate) == (6.0, False)
    clock.now += 40
    one.tick()
    assert one.eta == 0.0


def test_an_observer_that_fails_ends_neither_the_job_nor_other_observers(
    caplog: pytest.LogCaptureFixture,
) -> None:
    one = job()
    calls: list[Any] = []

    def broken(change: Any) -> None:
        raise ValueError("no access for SG_0123456789abcdef")  # such words may hold a key

    one.observe(broken, "status")
    one.observe(calls.append, "status")
    one.publish(last=True, status=Status.COMPLETED)
    assert [change["new"] for change in calls] == [Status.COMPLETED]
    assert one.done
    assert one.observer_error.startswith("A callback failed: ValueError in broken, line ")
    assert "test_job.py" in caplog.text
    assert "SG_0123456789" not in caplog.text + one.observer_error + one.to_html()
    one.unobserve(broken, "status")
    one.observer_error = ""
    one.status = Status.FAILED
    assert one.observer_error == ""


def test_a_job_makes_no_widget() -> None:
    code = "import sys, segmind_widgets.jobs.job; sys.exit('ipywidgets' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
