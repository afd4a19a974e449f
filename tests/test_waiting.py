"""Waiting with and without a server of messages, in the main thread and in others."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from segmind_widgets import waiting


class Server:
    """Counts its calls; `then` runs at each one."""

    def __init__(self) -> None:
        self.served = self.stopped = 0
        self.on_arrival: list[str] = []
        self.then = lambda: None

    def serve(self) -> None:
        self.served += 1
        self.then()

    def stop(self) -> None:
        self.stopped += 1

    @contextmanager
    def serve_on_arrival(self) -> Iterator[None]:
        self.on_arrival.append("begin")
        yield
        self.on_arrival.append("end")


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    waiting.set_server(made)
    yield made
    waiting.set_server(None)


def test_without_a_kernel_it_waits_for_the_condition_alone() -> None:
    event = threading.Event()
    assert not waiting.wait_for(event.wait, 0.01)
    event.set()
    assert waiting.wait_for(event.wait, 0.01)
    assert waiting.wait_for(event.wait)


def test_a_handler_of_a_message_ends_the_wait(server: Server) -> None:
    event = threading.Event()
    server.then = event.set  # as "Stop watching" does
    assert waiting.wait_for(event.wait, 30)
    assert (server.served, server.stopped) == (1, 1)


def test_a_handler_that_waits_serves_nothing(server: Server) -> None:
    event = threading.Event()

    def handler() -> None:
        assert not waiting.wait_for(threading.Event().wait, 0.01)
        event.set()

    server.then = handler
    assert waiting.wait_for(event.wait, 30)
    assert (server.served, server.stopped) == (1, 1)


def test_a_stop_leaves_the_messages_to_the_kernel(server: Server) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    server.then = interrupt
    with pytest.raises(KeyboardInterrupt):
        waiting.wait_for(threading.Event().wait, 30)
    assert server.stopped == 1


def test_a_cell_that_works_may_serve_between_two_steps(server: Server) -> None:
    waiting.serve()
    assert (server.served, server.stopped) == (1, 1)


def test_another_thread_serves_nothing(server: Server) -> None:
    event = threading.Event()
    thread = threading.Thread(target=lambda: waiting.wait_for(event.wait, 0.01))
    thread.start()
    thread.join()
    assert server.served == server.stopped == 0


def test_an_await_serves_on_arrival_until_its_end(server: Server) -> None:
    event = threading.Event()

    async def cell() -> None:
        asyncio.get_running_loop().call_soon(event.set)
        await waiting.wait_async(event.is_set)

    asyncio.run(cell())
    assert server.on_arrival == ["begin", "end"]
