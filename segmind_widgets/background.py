"""Background threads that each run one function and then end."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from contextvars import copy_context
from typing import Protocol, TypeVar

__all__ = ["NotYet", "Result", "Throttle", "run_in_background", "start"]
_log = logging.getLogger(__name__)
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Result(Protocol[T_co]):
    """A function that waits for the value of some work."""

    def __call__(self, timeout: float | None = None) -> T_co:
        """Return the value, or raise the work's exception.

        Raises:
            NotYet: the work has not ended after `timeout` seconds.
        """
        ...


def run_in_background(work: Callable[[], T]) -> Result[T]:
    """Start `work` in a thread of its own; return a function that waits for its value.

    That function raises the exception of `work`.
    """
    return start(work).result


def start(work: Callable[[], T]) -> Future[T]:
    """Start `work` in a thread of its own; return its future.

    The thread runs in the caller's context, from which ipykernel knows the cell that a widget
    belongs to.
    """
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 - raised where the value is asked for
            future.set_exception(error)

    context = copy_context()
    threading.Thread(
        target=context.run, args=(run,), name="segmind background", daemon=True
    ).start()
    return future


class Throttle:
    """A callable that runs `work` soon after each call, at most once in `pause` seconds.

    After the last call, `work` always runs once more. The thread ends when there are no more calls.
    Views of many jobs use it: every change calls it, and each update shows the latest state.
    """

    def __init__(self, work: Callable[[], object], pause: float) -> None:
        self._work = work
        self._pause = pause
        self._lock = threading.Lock()
        self._work_lock = threading.RLock()
        self._closed = threading.Event()
        self._has_call = self._is_running = False
        self._context = copy_context()  # ipykernel identifies the cell by it

    def __call__(self) -> None:
        """Run the work soon."""
        with self._lock:
            self._has_call = True
            if self._is_running or self._closed.is_set():
                return
            self._is_running = True
        run = self._context.copy().run
        threading.Thread(target=run, args=(self._run,), name="segmind frames", daemon=True).start()

    def close(self) -> None:
        """Stop running the work; wait for a run in progress."""
        self._closed.set()
        with self._work_lock:
            pass

    def _run(self) -> None:
        while self._is_wanted():
            with self._work_lock:
                self._do()
            self._closed.wait(self._pause)

    def _do(self) -> None:
        try:
            if not self._closed.is_set():
                self._work()
        except Exception:  # noqa: BLE001 - an exception of a view must not end the frames
            _log.exception("A view could not be updated")

    def _is_wanted(self) -> bool:
        with self._lock:
            self._is_running = self._has_call and not self._closed.is_set()
            self._has_call = False
            return self._is_running
