"""A real server on the loopback that answers each connection as a test scripts it."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

Script = Callable[[socket.socket, "Wire"], None]
_READ = 1 << 16


@dataclass
class Received:
    """One request as it came: names of headers in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes = field(repr=False)
    length: int = 0


class Wire:
    """Answers the first connection by the first script, and so on; the last one stays."""

    def __init__(self, *scripts: Script, keep: bool = True) -> None:
        self.scripts = list(scripts)
        self.received: list[Received] = []
        self.over = threading.Event()
        self._keep = keep
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._threads: list[threading.Thread] = []
        self._begin(self._accept)

    def _begin(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self.over.is_set():
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            script = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
            self._begin(self._serve, connection, script)

    def _serve(self, connection: socket.socket, script: Script) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(20)
            script(connection, self)

    def read(self, connection: socket.socket) -> Received:
        """One whole request."""
        data = b""
        while b"\r\n\r\n" not in data:
            data += self._more(connection)
        head, _, body = data.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in lines)}
        length = len(body)
        while length < int(headers.get("content-length", 0)):
            piece = self._more(connection)
            length += len(piece)
            body += piece if self._keep else b""
        method, path, _ = first.split(" ")
        found = Received(method, path, headers, body, length)
        self.received.append(found)
        return found

    @staticmethod
    def _more(connection: socket.socket) -> bytes:
        piece = connection.recv(_READ)
        if not piece:
            raise OSError("closed")
        return piece

    def close(self) -> None:
        """Let go of everything that waits."""
        self.over.set()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for thread in self._threads:
            thread.join(5)


@contextlib.contextmanager
def wire(*scripts: Script, keep: bool = True) -> Iterator[Wire]:
    """A server for as long as the block."""
    server = Wire(*scripts, keep=keep)
    try:
        yield server
    finally:
        server.close()


def answer(
    status: int = 200,
    body: bytes = b"{}",
    headers: Mapping[str, str] | None = None,
    *,
    cut: int = 0,
) -> Script:
    """Read the request and answer; `cut` is the number of bytes that never come."""

    def script(connection: socket.socket, server: Wire) -> None:
        server.read(connection)
        lines = {"Content-Length": str(len(body)), "Connection": "close", **(headers or {})}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        connection.sendall(f"HTTP/1.1 {status} Word\r\n{head}\r\n".encode("latin-1"))
        connection.sendall(body[: len(body) - cut])

    return script


def raw(data: bytes) -> Script:
    """Read the request and send these bytes, whatever they are."""

    def script(connection: socket.socket, server: Wire) -> None:
        server.read(connection)
        connection.sendall(data)

    return script


def silent(*, read: bool = True) -> Script:
    """Say nothing until the test is over."""

    def script(connection: socket.socket, server: Wire) -> None:
        if read:
            server.read(connection)
        server.over.wait(20)

    return script


def reset(*, read: bool) -> Script:
    """Break the connection, before or after reading the request."""

    def script(connection: socket.socket, server: Wire) -> None:
        if read:
            server.read(connection)
        else:
            connection.recv(1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return script


def drip(body: bytes, pause: float) -> Script:
    """One byte at a time."""

    def script(connection: socket.socket, server: Wire) -> None:
        server.read(connection)
        connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode())
        for byte in body:
            connection.sendall(bytes([byte]))
            server.over.wait(pause)

    return script


def refused() -> str:
    """An address where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"http://127.0.0.1:{server.getsockname()[1]}"
