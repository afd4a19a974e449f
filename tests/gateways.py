"""What stands between a client and a service: proxies and TLS, as scripts for a `wire`."""

from __future__ import annotations

import base64
import contextlib
import http.client
import socket
import ssl
import struct
import threading
from pathlib import Path
from urllib.parse import urlsplit

from tests.wire import Script, Wire

TLS = Path(__file__).parent / "tls"
AUTHORITY, OTHER_AUTHORITY = str(TLS / "authority.pem"), str(TLS / "other_authority.pem")
LOGIN_PAGE = b"<html><body>Proxy login required</body></html>"


def relay(*, lose: bool = False, to: str = "") -> Script:
    """Pass one request on to its host, or to `to`; pass the reply back, or lose it by a reset."""

    def script(connection: socket.socket, server: Wire) -> None:
        request = server.read(connection)
        url = urlsplit(request.path)
        host = to or url.netloc or request.headers["host"]
        path = f"{url.path or '/'}{'?' * bool(url.query)}{url.query}"
        backend = http.client.HTTPConnection(host, timeout=20)
        with_body = request.body or (b"" if request.method == "POST" else None)
        backend.request(request.method, path, with_body, request.headers)
        reply = backend.getresponse()
        body = reply.read()
        backend.close()
        if lose:
            hang_up(connection)
            return
        left_out = ("transfer-encoding", "content-length", "connection")
        names = [(k, v) for k, v in reply.getheaders() if k.lower() not in left_out]
        names += [("Content-Length", str(len(body))), ("Connection", "close")]
        head = "".join(f"{name}: {value}\r\n" for name, value in names)
        connection.sendall(f"HTTP/1.1 {reply.status} Word\r\n{head}\r\n".encode("latin-1") + body)

    return script


def tunnel(*, status: int = 200, login: str = "") -> Script:
    """Open a tunnel to the host that the client names, or refuse it with a code.

    `login`: "user:password" that the client must send, else it is refused with 407.
    """

    def script(connection: socket.socket, server: Wire) -> None:
        request = server.read(connection)
        token = base64.b64encode(login.encode()).decode()
        accepted = not login or request.headers.get("proxy-authorization") == f"Basic {token}"
        code = status if accepted else 407
        connection.sendall(f"HTTP/1.1 {code} Word\r\n\r\n".encode())
        if code != 200:
            return
        _, _, port = request.path.rpartition(":")
        with socket.create_connection(("127.0.0.1", int(port)), 20) as other:
            back = threading.Thread(target=_pump, args=(other, connection), daemon=True)
            back.start()
            _pump(connection, other)
            back.join(20)

    return script


def secure(script: Script) -> Script:
    """Speak TLS as `localhost` or `service.test`, and answer as a script does."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / "server.pem")

    def secured(connection: socket.socket, server: Wire) -> None:
        with context.wrap_socket(connection, server_side=True) as inner:
            script(inner, server)

    return secured


def broken_handshake(connection: socket.socket, server: Wire) -> None:
    """Read the client's first message of TLS, and hang up."""
    connection.recv(1)
    hang_up(connection)


def hang_up(connection: socket.socket) -> None:
    """Have the connection reset as soon as it is closed."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while piece := source.recv(1 << 16):
            target.sendall(piece)
    for end in (source, target):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
