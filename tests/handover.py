"""Let a thread stop between a check and its act, and let others run there."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

PATIENCE = 0.7  # seconds in which the others get past an act that nothing guards


class Handover:
    """The first thread that returns from `function` stops there until `go`.

    Args:
        function: the check.
        caller: the name of the function that calls it; "" for any.
        before: stop before it begins instead.
    """

    def __init__(
        self, function: Callable[..., Any], caller: str = "", *, before: bool = False
    ) -> None:
        self._code = function.__code__
        self._caller = caller
        self._event = "call" if before else "return"
        self._lock = threading.Lock()
        self._reached = threading.Event()
        self._go = threading.Event()
        self._over = threading.Event()
        self._stopped: threading.Thread | None = None

    def trace(self, frame: FrameType, event: str, _: Any) -> Any:
        """Follow a thread, as a function for `sys.settrace`."""
        if frame.f_code is not self._code:
            return None
        caller = frame.f_back.f_code.co_name if frame.f_back else ""
        if event == self._event and self._caller in ("", caller):
            self._stop()
        if event == "return" and threading.current_thread() is self._stopped:
            self._over.set()
        return self.trace

    @contextmanager
    def in_new_threads(self) -> Iterator[None]:
        """Follow each thread that begins within the block."""
        threading.settrace(self.trace)
        try:
            yield
        finally:
            threading.settrace(None)  # type: ignore[arg-type]  # it takes None

    def _stop(self) -> None:
        with self._lock:
            if self._reached.is_set():
                return
            self._stopped = threading.current_thread()
            self._reached.set()
        assert self._go.wait(30)

    def wait(self) -> None:
        """Wait until a thread has stopped."""
        assert self._reached.wait(30)

    def go(self) -> None:
        """Let it go on; wait until it has returned from the function."""
        self._go.set()
        assert self._over.wait(30)


class Task(threading.Thread):
    """A thread with the value, or the error, of its work."""

    def __init__(self, work: Callable[[], Any], handover: Handover | None = None) -> None:
        super().__init__(daemon=True)
        self._work, self._handover = work, handover
        self._value: Any = None
        self.start()

    def run(self) -> None:
        if self._handover:
            sys.settrace(self._handover.trace)
        try:
            self._value = self._work()
        except Exception as error:
            self._value = error
        finally:
            sys.settrace(None)

    def value(self) -> Any:
        """Wait for the end; return what was returned or raised."""
        self.join(60)
        assert not self.is_alive()
        return self._value


def meet(handover: Handover, *works: Callable[[], Any]) -> list[Any]:
    """Stop the first work at the hand-over, run the others there, then let it go on.

    Returns:
        The value or the error of each. Where a lock keeps the others waiting, they end after it.
    """
    first = Task(works[0], handover)
    handover.wait()
    others = [Task(work) for work in works[1:]]
    for other in others:
        other.join(PATIENCE)
    handover.go()
    return [first.value(), *(other.value() for other in others)]
