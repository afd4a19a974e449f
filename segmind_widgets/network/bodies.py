"""Read the body of a reply piece by piece: bounded, decompressed, and complete or an error.

urllib3 decompresses each piece as a whole, so a few kilobytes may become gigabytes, and it does not
notice that compressed data ends too early. So this module decompresses, a bounded piece at a time.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import requests
import urllib3.exceptions

ENCODINGS = "gzip, deflate"  # the value of Accept-Encoding
MAX_REPLY = 32 * 1024 * 1024  # bytes, decompressed, of a state, a list or a page
MAX_BILLED_REPLY = 512 * 1024 * 1024  # bytes of a reply that may be the result itself
MAX_FILE = 16 * 1024**3  # bytes of a result on disk
MAX_FILE_IN_MEMORY = 512 * 1024**2  # bytes of a result that the disk does not take
_READ_SIZE = 256 * 1024  # bytes
_MIN_BYTES_PER_SECOND = 1024.0  # a slower body is treated as a timeout
_GZIP, _ZLIB, _RAW = zlib.MAX_WBITS | 16, zlib.MAX_WBITS, -zlib.MAX_WBITS
_GZIP_MAGIC = b"\x1f\x8b"


class UnusableBody(requests.RequestException):
    """A body that is not read to its end; the message is the end of a sentence."""


class ReplyTooLong(UnusableBody):
    """A body with more bytes than allowed."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"the reply is longer than {limit // 1024**2:,} MiB")


class DamagedEncoding(UnusableBody):
    """A compressed body that is damaged, cut short, or of an encoding that was not asked for."""


def body_pieces(response: requests.Response, patience: float, limit: int) -> Iterator[bytes]:
    """Yield the decompressed body in pieces of at most 256 KiB, up to its Content-Length.

    A socket's timeout restarts at each byte, so a very slow body would never time out. Therefore
    `patience` is also the number of seconds by which the body may lag behind the minimum rate.

    Raises:
        ReplyTooLong: there are more than `limit` bytes.
        requests.RequestException: the body was cut short, is damaged, or came too slowly.
    """
    count = 0
    encoding = response.headers.get("content-encoding", "").strip().lower()
    for piece in _decoded(_raw_pieces(response, patience), encoding):
        count += len(piece)
        if count > limit:
            raise ReplyTooLong(limit)
        yield piece


def _raw_pieces(response: requests.Response, patience: float) -> Iterator[bytes]:
    deadline = time.monotonic() + patience
    try:
        while piece := response.raw.read1(_READ_SIZE, decode_content=False):
            yield piece
            deadline += len(piece) / _MIN_BYTES_PER_SECOND
            if time.monotonic() > deadline:
                raise requests.ReadTimeout
    except urllib3.exceptions.ReadTimeoutError:
        raise requests.ReadTimeout from None
    except urllib3.exceptions.HTTPError:
        raise requests.ConnectionError from None


def _decoded(pieces: Iterable[bytes], encoding: str) -> Iterable[bytes]:
    if encoding in ("", "identity"):
        return pieces
    if encoding in ("gzip", "x-gzip"):
        return _inflated(pieces, lambda _: _GZIP)
    if encoding == "deflate":  # with the header of zlib or, against the standard, without
        return _inflated(pieces, lambda head: _ZLIB if _has_zlib_header(head) else _RAW)
    raise DamagedEncoding("the reply has an encoding that was not asked for")


def _has_zlib_header(head: bytes) -> bool:
    return head[0] & 15 == 8 and (len(head) == 1 or int.from_bytes(head[:2], "big") % 31 == 0)


def _inflated(pieces: Iterable[bytes], window: Callable[[bytes], int]) -> Iterator[bytes]:
    """Yield the decompressed content. Raises DamagedEncoding if it is damaged or has no end."""
    stream: Any = None
    try:
        for piece in pieces:
            data = piece
            while data:
                if stream is None or stream.eof:
                    if stream is not None and not data.startswith(_GZIP_MAGIC):
                        break  # what follows the end is ignored, as browsers do
                    stream = zlib.decompressobj(window(data))
                if content := stream.decompress(data, _READ_SIZE):
                    yield content
                data = stream.unused_data if stream.eof else stream.unconsumed_tail
    except zlib.error:
        raise DamagedEncoding("its compressed data is damaged") from None
    if stream is not None and not stream.eof:
        raise DamagedEncoding("its compressed data was cut short")
