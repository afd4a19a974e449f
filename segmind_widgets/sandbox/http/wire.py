"""Send replies, and damage or delay them as scripted failures require."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import struct
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, cast

from tornado.iostream import IOStream, StreamClosedError

from segmind_widgets.sandbox.http.exchange import Answer, phrase
from segmind_widgets.sandbox.http.faults import Fault

if TYPE_CHECKING:
    from tornado.web import RequestHandler

_GATEWAY = """<html>
<head><title>{0}</title></head>
<body><center><h1>{0}</h1></center><hr><center>nginx</center></body>
</html>
"""
_PIECE = 1024 * 1024  # bytes of a file that are read at once
_DRIPS = 20  # pieces of a slow reply
_NEVER = 1024 * 1024  # announced bytes that are never sent


def early(fault: Fault, elsewhere: str) -> Answer | None:
    """Return the reply of a failure that replaces the processing; None for other failures.

    `elsewhere` is the default target of a redirect.
    """
    if fault.kind == "html_502":
        return _gateway(502)
    if fault.kind == "redirect":
        return Answer(status=307, headers={"Location": fault.location or elsewhere})
    return None


def _gateway(status: int) -> Answer:
    """Return the HTML error page of a gateway."""
    return Answer(_GATEWAY.format(f"{status} {phrase(status)}"), status, "text/html")


def spoiled(answer: Answer, fault: Fault) -> Answer:
    """Return the reply with its content damaged by the failure."""
    body, media_type = answer.encoded()
    headers = {**answer.headers}
    if fault.kind == "late_504":
        return _gateway(504)
    if fault.kind == "empty":
        body = b""
    elif fault.kind == "bad_json":
        body = body[: len(body) // 2] or b"{"
    elif fault.kind == "not_utf8":
        body = b'{"status": "\xff\xfe\xe9", ' + body[1:]
    elif fault.kind == "wrong_type":
        headers.update(fault.headers)
        media_type = headers.pop("Content-Type", "text/html; charset=utf-8")
    return Answer(body, answer.status, media_type, headers)


async def send(handler: RequestHandler, answer: Answer) -> None:
    """Send an undamaged reply; files are sent in pieces, with support for `Range`."""
    handler.set_status(answer.status, phrase(answer.status))
    for name, value in answer.headers.items():
        handler.set_header(name, value)
    if isinstance(answer.body, Path):
        handler.set_header("Content-Type", answer.media_type)
        await _send_file(handler, answer.body)
        return
    body, media_type = answer.encoded()
    handler.set_header("Content-Type", media_type)
    await handler.finish(body)


async def _send_file(handler: RequestHandler, path: Path) -> None:
    """Send a file or the requested range of it."""
    size = path.stat().st_size
    start, end = _range(handler.request.headers.get("Range", ""), size)
    handler.set_header("Accept-Ranges", "bytes")
    if (start, end) != (0, size):
        handler.set_status(206)
        handler.set_header("Content-Range", f"bytes {start}-{end - 1}/{size}")
    handler.set_header("Content-Length", str(end - start))
    with path.open("rb") as file:
        file.seek(start)
        while start < end and handler.request.method != "HEAD":
            piece = file.read(min(_PIECE, end - start))
            start += len(piece)
            handler.write(piece)
            await handler.flush()
    await handler.finish()


def _range(header: str, size: int) -> tuple[int, int]:
    """Return start and end of a single range `bytes=a-b`; for other headers the whole file."""
    first, dash, last = header.removeprefix("bytes=").partition("-")
    if not header.startswith("bytes=") or not dash or not (first + last).isdigit():
        return 0, size
    if not first:
        return max(0, size - int(last)), size
    start, end = int(first), min(size, int(last) + 1 if last else size)
    return (start, end) if start < end else (0, size)


def reset(handler: RequestHandler) -> None:
    """Close the connection with a reset (RST) instead of an orderly end."""
    stream = _stream(handler)
    if stream.socket:
        linger = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
        stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    stream.close()


async def cut(handler: RequestHandler, answer: Answer) -> None:
    """Announce the whole body, send its first half, and close the connection."""
    body, head = _whole(answer)
    stream = _stream(handler)
    await _written(stream, head + body[: len(body) // 2])
    stream.close()


async def drip(handler: RequestHandler, answer: Answer, seconds: float) -> None:
    """Send the body in small pieces over `seconds`, then close the connection."""
    body, head = _whole(answer)
    stream = _stream(handler)
    size = max(1, -(-len(body) // _DRIPS))
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    for piece in [head, *pieces]:
        await _written(stream, piece)
        await asyncio.sleep(seconds / _DRIPS)
    stream.close()


async def endless(
    handler: RequestHandler, answer: Answer, pause: Callable[[], Awaitable[bool]]
) -> None:
    """Announce a body, and send a space after each pause until `pause` returns False."""
    _, head = _whole(Answer(bytes(_NEVER), answer.status, answer.encoded()[1]))
    stream = _stream(handler)
    await _written(stream, head)
    while await pause() and not stream.closed():
        await _written(stream, b" ")
    stream.close()


def _whole(answer: Answer) -> tuple[bytes, bytes]:
    """Return the body and the response head with its length."""
    body, media_type = answer.encoded()
    lines = [
        f"HTTP/1.1 {answer.status} {phrase(answer.status)}",
        f"Content-Type: {media_type}",
        f"Content-Length: {len(body)}",
        "X-Sandbox: segmind-widgets",
        "Connection: close",
        *(f"{name}: {value}" for name, value in answer.headers.items()),
    ]
    return body, ("\r\n".join(lines) + "\r\n\r\n").encode()


def _stream(handler: RequestHandler) -> IOStream:
    """Detach the connection from tornado, for direct writing."""
    return cast(IOStream, handler.detach())


async def _written(stream: IOStream, data: bytes) -> None:
    """Write data; a closed connection is not an error."""
    with contextlib.suppress(StreamClosedError):
        await cast(Awaitable[None], stream.write(data))
