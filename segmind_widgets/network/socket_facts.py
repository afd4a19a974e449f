"""Count how far a request came on its socket: connected, tunnel, TLS handshake, bytes written.

Whether a paid request may be sent again depends on these values alone. The names of exceptions
mislead: behind a proxy, urllib3 raises the same `ProxyError` before a connection and after the
request was read.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from queue import Empty, Full
from typing import TYPE_CHECKING, Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection

from segmind_widgets.network.addresses import PrivateAddress, is_private_ip

if TYPE_CHECKING:
    _Connection = HTTPConnection
else:
    _Connection = object


@dataclass
class SocketFacts:
    """How far one request came.

    `is_connected` is about the peer of the socket, which is the proxy if there is one. `has_tunnel`
    and `has_tls` stay False where none is needed.
    """

    is_connected: bool = False
    has_tunnel: bool = False
    has_tls: bool = False
    bytes_written: int = 0

    @property
    def may_have_arrived(self) -> bool:
        """Return whether the service may have received any part of the request."""
        return self.bytes_written > 0

    def write(self, socket: Any, data: memoryview) -> int:
        """Send a part of the data, count it, and return the number of its bytes.

        Everything counts as written until the socket answers, because an interrupt may come between
        its answer and the count.
        """
        self.bytes_written += len(data)
        send = getattr(socket, "send", None)
        if send is None:  # of pyOpenSSL, whose `sendall` does not tell how far it came
            socket.sendall(data)
            return len(data)
        try:
            count = send(data)
        except Exception:
            self.bytes_written -= len(data)
            raise
        self.bytes_written -= len(data) - count
        return count


_current: ContextVar[SocketFacts | None] = ContextVar("socket_facts", default=None)
only_public: ContextVar[bool] = ContextVar("only_public", default=False)
"""Whether no connection may be made to a private address, whatever the name of its host."""


@contextmanager
def counted_request() -> Generator[SocketFacts, None, None]:
    """Yield the facts of the one request that this thread sends inside the block."""
    facts = SocketFacts()
    token = _current.set(facts)
    try:
        yield facts
    finally:
        _current.reset(token)


class CountingAdapter(HTTPAdapter):
    """An adapter that never repeats a request, and whose connections count its progress."""

    def __init__(self, pool_size: int) -> None:
        self._lock = threading.Lock()
        super().__init__(pool_connections=pool_size, pool_maxsize=pool_size, max_retries=0)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """Make the pools of connections without a proxy."""
        super().init_poolmanager(*args, **options)
        _count(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        """Return the pools of connections through a proxy."""
        with self._lock:  # no other thread may use them before they count
            manager = super().proxy_manager_for(proxy, **options)
            _count(manager)
            return manager

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Refuse a pool that does not count; nothing is sent through it."""
        if not issubclass(conn.ConnectionCls, _CountingConnection):
            raise TypeError(f"{conn.ConnectionCls.__name__} does not count what it sends")
        super().cert_verify(conn, url, verify, cert)


class _CountingConnection(_Connection):
    """Counts the progress of the request that the current thread sends on this connection."""

    _in_connect = False

    @property
    def _facts(self) -> SocketFacts:
        return _current.get() or SocketFacts()

    def _new_conn(self) -> Any:
        connection = super()._new_conn()
        if only_public.get() and getattr(self, "proxy", None) is None:
            peer = connection.getpeername()[0]
            if is_private_ip(str(peer)):
                connection.close()
                raise PrivateAddress(f"{peer} is in a private network")
        self._facts.is_connected = True
        return connection

    def _tunnel(self) -> None:
        super()._tunnel()
        self._facts.has_tunnel = True

    def connect(self) -> None:
        """Connect, with the proxy's tunnel and the TLS handshake where they are needed."""
        self._in_connect = True
        try:
            super().connect()
        finally:
            self._in_connect = False
        self._facts.has_tls = isinstance(self, HTTPSConnection)

    def request(self, *args: Any, **options: Any) -> None:
        """Send a request, perhaps on a connection that an earlier request opened."""
        if self.sock is not None:
            facts = self._facts
            facts.is_connected = True
            facts.has_tunnel = self._tunnel_host is not None
            facts.has_tls = isinstance(self, HTTPSConnection)
        super().request(*args, **options)

    def send(self, data: Any) -> None:
        """Write bytes, and count those of the request, but not those that open a tunnel.

        A loop in the place of `sendall`, which cannot tell how much was written before it failed.
        """
        if self._in_connect:
            super().send(data)
            return
        if self.sock is None:
            self.connect()
        facts, rest = self._facts, memoryview(data).cast("B")
        while rest:
            rest = rest[facts.write(self.sock, rest) :]


class IdleConnections:
    """The idle connections of a pool, the last one first, in the place of `queue.LifoQueue`.

    Each operation is atomic, without a lock. An interrupt in that class may leave its lock taken,
    because `threading.Condition` is written in Python; every later request would then wait forever.

    Args:
        maxsize: how many are kept.
    """

    def __init__(self, maxsize: int) -> None:
        self._maxsize = maxsize
        self._connections: deque[Any] = deque()

    def qsize(self) -> int:
        """Return the number of connections."""
        return len(self._connections)

    def get(self, block: bool = False, timeout: float | None = None) -> Any:  # noqa: ARG002 - urllib3 gives them
        """Return a connection, or None in its place. Raises queue.Empty; never waits."""
        try:
            return self._connections.pop()
        except IndexError:
            raise Empty from None

    def put(self, connection: Any, block: bool = False) -> None:  # noqa: ARG002 - urllib3 gives them
        """Keep a connection. Raises queue.Full; never waits."""
        if len(self._connections) >= self._maxsize:
            raise Full
        self._connections.append(connection)


def _count(manager: Any) -> None:
    """Make the connections of a pool manager count; one that counts already stays as it is."""
    pools: dict[str, Any] = manager.pool_classes_by_scheme
    manager.pool_classes_by_scheme = {
        scheme: pool if issubclass(pool.ConnectionCls, _CountingConnection) else _counting(pool)
        for scheme, pool in pools.items()
    }


def _counting(pool: Any) -> Any:
    connection = type("CountingConnection", (_CountingConnection, pool.ConnectionCls), {})
    parts = {"ConnectionCls": connection, "QueueCls": IdleConnections}
    return type(f"Counting{pool.__name__}", (pool,), parts)
