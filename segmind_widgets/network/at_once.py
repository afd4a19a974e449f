"""Run several calls at once, while the calling thread shows their progress."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import TypeVar

from segmind_widgets.background import start
from segmind_widgets.waiting import wait_for

STOP_SECONDS = 2.0  # for functions that run when the user stops
TICK_SECONDS = 0.1
T = TypeVar("T")


def run_at_once(
    works: Iterable[Callable[[], T]],
    most: int,
    tick: Callable[[], object],
    stop: Callable[[], object],
) -> list[T]:
    """Run functions in threads, at most `most` at once; return their values in order.

    Args:
        works: read in this thread, each one when it can begin.
        most: at least 1.
        tick: called in this thread, when a function begins, several times a second, and after the
            last one.
        stop: called at an interrupt, so that running functions end early.

    Raises:
        Exception: the first error of `works`, `tick` or a function. No other function begins, and
            those that run are waited for.
        KeyboardInterrupt: after at most `STOP_SECONDS` for those that run.
    """
    running: list[Future[T]] = []
    try:
        _run(works, most, tick, running)
    except KeyboardInterrupt:
        stop()
        wait_for(lambda left: not wait(running, left).not_done, STOP_SECONDS)
        raise
    return [one.result() for one in running]


def _run(
    works: Iterable[Callable[[], T]],
    most: int,
    tick: Callable[[], object],
    running: list[Future[T]],
) -> None:
    try:
        for work in works:
            running.append(start(work))
            tick()
            _wait(running, most - 1, tick)
            if any(one.done() and one.exception() for one in running):
                break
        _wait(running, 0, tick)
        tick()
    except Exception:
        wait_for(lambda left: not wait(running, left).not_done)
        raise


def _wait(futures: list[Future[T]], most: int, tick: Callable[[], object]) -> None:
    """Wait until at most `most` of the futures run."""
    while len(running := [one for one in futures if not one.done()]) > most:
        wait_for(lambda left: wait(running, left, FIRST_COMPLETED).done, TICK_SECONDS)
        tick()
