"""Handle the messages of our widgets, and no others, while a cell waits.

A kernel handles messages one by one, so a click normally has to wait until the running cell ends.
While one of our cells waits, it reads arriving messages, handles those of our widgets, and passes
all others to the kernel, which handles them after the cell in the original order.

Tested with ipykernel 6.17, 6.31, 7.0 and 7.4 (`tests/kernels/matrix.py`).
"""

from __future__ import annotations

import signal
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import comm
import zmq

Message = list[Any]  # the frames of one message, with the identities of its sender


class KernelMessages:
    """The messages of our widgets in one kernel; see `waiting.MessageServer`.

    Args:
        kernel: a `Kernel` of ipykernel 6 or 7.
    """

    def __init__(self, kernel: Any) -> None:
        self._kernel = kernel
        self._messages: deque[Message] = deque()  # ours, not handled yet
        self._awaiting = 0  # cells, or tasks, that wait in the event loop
        self._receive: Any = None  # the kernel's own receiver, while one of them waits

    def serve(self) -> None:
        """Handle our messages that have arrived; called in the main thread by waiting cells."""
        self._read()
        while self._messages:
            self._handle(self._messages.popleft())

    def stop(self) -> None:
        """Let the kernel read its channel again."""
        self.serve()
        # arriving messages wake the loop, so none may be left in the socket
        self._kernel.io_loop.add_callback(self._stream.flush, zmq.POLLIN)

    @contextmanager
    def serve_on_arrival(self) -> Iterator[None]:
        """Handle our messages as the event loop receives them."""
        stream = self._stream
        if not self._awaiting:
            self._receive = stream._recv_callback  # noqa: SLF001 - no version names it otherwise
            stream.on_recv(self._sort, copy=False)
        self._awaiting += 1
        try:
            yield
        finally:
            self._awaiting -= 1
            if not self._awaiting:
                stream.on_recv(self._receive, copy=False)

    def _sort(self, message: Message) -> Any:
        """Handle a message of ours; pass others on, and return the awaitable of ipykernel 7."""
        return self._handle(message) if self._is_ours(message) else self._receive(message)

    @property
    def _stream(self) -> Any:
        """Return the stream from which the main thread reads its messages."""
        thread = getattr(self._kernel, "shell_channel_thread", None)  # from ipykernel 7 on
        if thread is None:
            return self._kernel.shell_stream
        return thread.manager.get_shell_channel_to_subshell_pair(None).to_stream

    def _read(self) -> None:
        stream = self._stream
        with _deferred_interrupt():  # otherwise a message that was already read would be lost
            while True:
                try:
                    message = stream.socket.recv_multipart(zmq.NOBLOCK, copy=False)
                except zmq.Again:
                    return
                if self._is_ours(message):
                    self._messages.append(message)
                else:
                    receive = stream._recv_callback  # noqa: SLF001
                    self._kernel.io_loop.add_callback(receive, message)

    def _is_ours(self, message: Message) -> bool:
        served = sys.modules.get("segmind_widgets.widgets.served")
        if served is None:  # none of our widgets exists
            return False
        session = self._kernel.session
        try:
            _, frames = session.feed_identities(message, copy=False)
            head = session.deserialize(frames, content=False, copy=False)
            if head["header"]["msg_type"] != "comm_msg":
                return False
            return served.is_served(session.unpack(head["content"])["comm_id"])
        except Exception:  # noqa: BLE001 - a bad message is the kernel's to report
            return False

    def _handle(self, message: Message) -> None:
        """Handle a message of one of our widgets, as the kernel does.

        A front end sends the next change of a widget after the "idle" message for the previous one.
        The cell stays the parent of everything that it prints and displays.
        """
        kernel = self._kernel
        idents, frames = kernel.session.feed_identities(message, copy=False)
        content = kernel.session.deserialize(frames, content=True, copy=False)
        cell = kernel.get_parent("shell")
        self._publish("busy", content)
        try:
            comm.get_comm_manager().comm_msg(kernel.shell_stream, idents, content)
        finally:
            self._publish("idle", content)
            self._publish("busy", cell)  # it still runs

    def _publish(self, state: str, parent: Any) -> None:
        kernel = self._kernel
        kernel.session.send(
            kernel.iopub_socket, "status", {"execution_state": state}, parent=parent
        )


@contextmanager
def _deferred_interrupt() -> Iterator[None]:
    """Defer an interrupt to the end of the block."""
    stops: list[Any] = []
    before = signal.signal(signal.SIGINT, lambda *stop: stops.append(stop))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if stops:
        raise KeyboardInterrupt
