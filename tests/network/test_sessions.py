"""Sessions over real sockets: no interrupt of one thread blocks the requests of the others."""

from __future__ import annotations

import io
import queue
import random
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import Any

import pytest

from segmind_widgets.network.socket_facts import IdleConnections
from segmind_widgets.network.transport import Transport
from segmind_widgets.providers import Segmind
from segmind_widgets.secret import Secret
from segmind_widgets.types import Call
from tests.interrupts import Interrupter, caught, interrupted
from tests.wire import Wire, wire

MOMENTS = 1000  # of each request, at most
REQUESTS: dict[str, Callable[[Transport, str], Any]] = {
    "send": lambda transport, url: transport.send(Call("GET", url, timeout=5.0)),
    "download": lambda transport, url: transport.download(url, io.BytesIO()),
    "page": lambda transport, url: transport.page(url),
}


def answers(connection: socket.socket, server: Wire) -> None:
    """Answer all requests of a connection, as long as it is open."""
    while True:
        server.read(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")


@pytest.mark.no_cover  # its trace function replaces that of coverage
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # a lost socket
@pytest.mark.parametrize("name", REQUESTS)
def test_an_interrupt_at_any_line_leaves_other_threads_their_connections(name: str) -> None:
    request = REQUESTS[name]
    with wire(answers) as server, ThreadPoolExecutor(1) as others:
        transport = Transport(
            Segmind({"SEGMIND_API_URL": server.url}), lambda: Secret("SG_0123456789abcdef")
        )
        url = f"{server.url}/v1/x"
        run = lambda: request(transport, url)  # noqa: E731
        caught(run, nullcontext())  # imports and a first connection
        counter = Interrupter()
        assert caught(run, counter) is None
        lines = random.Random(name).sample(range(1, counter.count + 1), min(MOMENTS, counter.count))
        interrupts = 0
        for line in lines:
            interrupts += isinstance(interrupted(run, line), KeyboardInterrupt)
            assert others.submit(caught, run, nullcontext()).result(20) is None, line
        assert interrupts > len(lines) / 2
        transport.close()


def test_idle_connections_are_a_bounded_stack_that_never_waits() -> None:
    idle = IdleConnections(2)
    for connection in ("a", None):
        idle.put(connection)
    with pytest.raises(queue.Full):
        idle.put("c", block=True)
    assert (idle.qsize(), idle.get(block=True), idle.get(timeout=1.0)) == (2, None, "a")
    with pytest.raises(queue.Empty):
        idle.get(block=True)
