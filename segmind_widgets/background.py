"""Work for which the kernel does not wait: in threads that live while there is some."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import copy_context
from typing import TypeVar

_log = logging.getLogger(__name__)
T = TypeVar("T")


def run_in_background(work: Callable[[], T]) -> Callable[[], T]:
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
    threading.Thread(
        target=context.run, args=(run,), name="segmind background", daemon=True
    ).start()
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
