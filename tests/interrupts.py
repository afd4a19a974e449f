"""Interrupt a call at a chosen line, wherever that line is: here, in a library, in Python's own."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from types import FrameType
from typing import Any

from segmind_widgets import secret, stopping

UNCOUNTED = {__file__, secret.__file__, stopping.__file__}  # around the calls


class Interrupter:
    """Counts the lines that its thread runs, and raises KeyboardInterrupt at one of them."""

    def __init__(self, line: int = -1) -> None:
        self.line, self.count = line, 0

    def __enter__(self) -> Interrupter:
        self._before = sys.gettrace()
        sys.settrace(self._trace)
        return self

    def __exit__(self, *_: object) -> None:
        sys.settrace(self._before)

    def _trace(self, frame: FrameType, event: str, _arg: Any) -> Any:
        code = frame.f_code
        if code.co_name == "<genexpr>":  # CPython may crash where C code runs the generator
            return None
        if event == "line" and code.co_filename not in UNCOUNTED:
            self.count += 1
            if self.count == self.line:
                raise KeyboardInterrupt
        return self._trace


def interrupted(call: Callable[[], Any], line: int) -> BaseException | None:
    """What a call raises that is interrupted at a line, in a thread of its own.

    An exception of a trace function may leave the thread with an error that it still handles, or
    without the lock that a join waits for: nobody waits for its end.
    """
    outcome: Future[BaseException | None] = Future()
    work = lambda: outcome.set_result(caught(call, Interrupter(line)))  # noqa: E731
    threading.Thread(target=work, daemon=True).start()
    return outcome.result(60)


def caught(call: Callable[[], Any], around: Any) -> BaseException | None:
    """What a call raises, with its traceback from the call on; None if it returns."""
    try:
        with around:
            call()
    except BaseException as error:
        return error
    return None
