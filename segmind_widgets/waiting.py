"""Wait for something while the kernel serves our widgets; the one way to wait in a cell."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

TICK = 0.2  # seconds until a wait notices a Stop, or a click on one of our buttons


class MessageServer(Protocol):
    """Handles the messages of our widgets while a cell waits; see `notebook/kernel_messages.py`."""

    def serve(self) -> None:
        """Handle the messages that have arrived."""

    def stop(self) -> None:
        """Leave all further messages to the kernel."""


_server: MessageServer | None = None
_is_serving = False  # of the main thread: a handler that waits serves nothing


def set_server(server: MessageServer | None) -> None:
    """Set the server of this process; None where no kernel runs."""
    global _server
    _server = server


def serve() -> None:
    """Serve our widgets once, in a cell that works in the main thread of a kernel."""
    wait_for(lambda _: True)


def wait_for(is_done: Callable[[float], object], timeout: float | None = None) -> bool:
    """Wait until a condition holds; in the main thread of a kernel, serve our widgets meanwhile.

    Args:
        is_done: blocks at most the seconds that it is given, and returns whether the condition
            holds, such as `threading.Event.wait`.
        timeout: seconds; None waits forever.

    Returns:
        Whether the condition held before the timeout.
    """
    global _is_serving
    server = _server
    if server is None or _is_serving or threading.current_thread() is not threading.main_thread():
        return _wait(is_done, timeout, lambda: None)
    _is_serving = True
    try:
        return _wait(is_done, timeout, server.serve)
    finally:
        try:
            server.stop()
        finally:
            _is_serving = False


def _wait(
    is_done: Callable[[float], object], timeout: float | None, serve: Callable[[], None]
) -> bool:
    deadline = None if timeout is None else time.monotonic() + timeout
    while True:
        left = TICK if deadline is None else min(TICK, max(0.0, deadline - time.monotonic()))
        if is_done(left):
            return True
        serve()
        if deadline is not None and time.monotonic() >= deadline:
            return False
