"""Wait for a condition while the kernel handles our widgets' messages, as all waits do."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

TICK = 0.2  # maximum seconds until a wait notices an interrupt or a click on one of our buttons


class MessageServer(Protocol):
    """Handles the messages of our widgets while a cell waits; see `notebook/kernel_messages.py`."""

    def serve(self) -> None:
        """Handle the messages that have arrived."""

    def stop(self) -> None:
        """Leave all further messages to the kernel."""


_server: MessageServer | None = None
_is_serving = False  # of the main thread: while a handler waits, no messages are handled


def set_server(server: MessageServer | None) -> None:
    """Set the server of this process; None if there is no kernel."""
    global _server
    _server = server


def serve() -> None:
    """Handle our widgets' messages once, in a cell that works in the kernel's main thread."""
    wait_for(lambda _: True)


def wait_for(is_done: Callable[[float], object], timeout: float | None = None) -> bool:
    """Wait until a condition holds; a kernel's main thread handles our widgets meanwhile.

    Args:
        is_done: blocks for at most the given seconds and returns whether the condition holds; for
            example `threading.Event.wait`.
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
