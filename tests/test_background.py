"""Throttled work: few frames, and no call lost."""

from __future__ import annotations

import itertools
import threading
import time

import pytest

from segmind_widgets.background import Throttle


def test_frames_are_few_and_the_last_call_is_never_lost() -> None:
    seen: list[float] = []
    value = [0]
    last = threading.Event()

    def work() -> None:
        seen.append(time.monotonic())
        if value[0] == 2000:
            last.set()

    throttle = Throttle(work, 0.05)
    start = time.monotonic()
    for number in range(1, 2001):
        value[0] = number
        throttle()
    took = time.monotonic() - start
    assert last.wait(60)
    assert len(seen) <= 2 + took / 0.05
    last.clear()
    throttle()
    assert last.wait(60)  # also after its thread has ended
    assert all(b - a >= 0.05 for a, b in itertools.pairwise(seen))
    throttle.close()


def test_a_view_that_fails_ends_no_frames_and_a_closed_one_has_no_more(
    caplog: pytest.LogCaptureFixture,
) -> None:
    called = threading.Semaphore(0)

    def work() -> None:
        called.release()
        raise RuntimeError("a view is broken")

    throttle = Throttle(work, 0.01)
    for _ in range(2):
        throttle()
        assert called.acquire(timeout=60)
    throttle.close()
    throttle()
    assert not called.acquire(timeout=0.1)
    assert "A view could not be updated" in caplog.text


def test_closing_waits_for_the_frame_that_is_being_made() -> None:
    inside, go = threading.Event(), threading.Event()
    ended: list[str] = []

    def work() -> None:
        inside.set()
        go.wait(5)
        ended.append("frame")

    throttle = Throttle(work, 0.01)
    throttle()
    assert inside.wait(60)
    closing = threading.Thread(target=lambda: (throttle.close(), ended.append("closed")))
    closing.start()
    closing.join(0.1)
    assert ended == []
    go.set()
    closing.join(5)
    assert ended == ["frame", "closed"]
