"""Wait for a condition while the kernel handles our widgets' messages, as all waits do."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

TICK = 0.2  # maximum seconds until a wait notices an interrupt or a click on one of our buttons


class MessageServer(Protocol):
    """Handles the messages of our widgets while a cell waits; see `notebook/kernel_messages.py`."""

    def serve(self) -> None:
        """Handle the messages that have arrived."""

    def stop(self) -> None:
        """Leave all further messages to the kernel."""

    def serve_on_arrival(self) -> AbstractContextManager[None]:
        """Handle messages as they arrive, in a block that lets the kernel's event loop run."""
        ...


class _Process:
    """The server of this process, if any, and whether the main thread is serving.

    A handler that waits serves nothing.
    """

    server: MessageServer | None = None
    is_serving = False


def set_server(server: MessageServer | None) -> None:
    """Set the server of this process; None if there is no kernel."""
    _Process.server = server


def serve() -> None:
    """Handle our widgets' messages once, in a cell that works in the kernel's main thread."""
    wait_for(lambda _: False, 0.0)


def wait_for(is_done: Callable[[float], object], timeout: float | None = None) -> bool:
    """Wait until a condition holds; a kernel's main thread handles our widgets meanwhile.

    Args:
        is_done: blocks for at most the given seconds and returns whether the condition holds; for
            example `threading.Event.wait`.
        timeout: seconds; None waits forever.

    Returns:
        Whether the condition held before the timeout.
    """
    server = _Process.server
    if server is None or _Process.is_serving or not _is_main():
        return _wait(is_done, timeout, lambda: None)
    _Process.is_serving = True
    try:
        return _wait(is_done, timeout, server.serve)
    finally:
        try:
            server.stop()
        finally:
            _Process.is_serving = False


def pause(seconds: float) -> None:
    """Wait for some seconds. An interrupt ends it at once."""
    wait_for(threading.Event().wait, seconds)


async def wait_async(is_done: Callable[[], object]) -> None:
    """Wait until a condition holds, in an `await` cell; serve our widgets meanwhile.

    A kernel whose cell awaits runs its event loop, but handles no other message on ipykernel 6 and
    7.0.
    """
    server = _Process.server
    with server.serve_on_arrival() if server is not None and _is_main() else nullcontext():
        while not is_done():
            await asyncio.sleep(TICK)


def _is_main() -> bool:
    return threading.current_thread() is threading.main_thread()


def _wait(
    is_done: Callable[[float], object], timeout: float | None, serve: Callable[[], None]
) -> bool:
    deadline = None if timeout is None else time.monotonic() + timeout
    while True:
        seconds = TICK if deadline is None else min(TICK, max(0.0, deadline - time.monotonic()))
        if is_done(seconds):
            return True
        serve()
        if deadline is not None and time.monotonic() >= deadline:
            return False
