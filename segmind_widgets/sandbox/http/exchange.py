"""Requests and replies of one HTTP exchange, as routes receive and return them."""

from __future__ import annotations

import io
import json
import mmap
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

from segmind_widgets.sandbox.http.faults import Fault

_IN_MEMORY = 1024 * 1024  # bytes; larger bodies are stored in a temporary file


@dataclass(frozen=True)
class Answer:
    """A reply. A mapping or list is sent as JSON, a path as the content of that file."""

    body: Any = b""
    status: int = 200
    media_type: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    def encoded(self) -> tuple[bytes, str]:
        """Return the bytes of the body and its media type."""
        if isinstance(self.body, bytes):
            return self.body, self.media_type or "application/octet-stream"
        if isinstance(self.body, Path):
            return self.body.read_bytes(), self.media_type
        if isinstance(self.body, str):
            return self.body.encode(), self.media_type or "text/plain; charset=utf-8"
        return json.dumps(self.body).encode(), self.media_type or "application/json"


class Refusal(Exception):
    """An error reply raised by a route.

    The service formats `status` and `words` as its own errors. Underscores in the names of
    `headers` stand for hyphens.
    """

    def __init__(self, status: int, words: str = "", **headers: str) -> None:
        super().__init__(words)
        self.status = status
        self.words = words
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class RequestBody:
    """The bytes of a request: in memory up to 1 MiB, otherwise in a temporary file."""

    def __init__(self, length: int | None, limit: int) -> None:
        small = length is not None and length <= _IN_MEMORY
        self._file = io.BytesIO() if small else tempfile.TemporaryFile()  # noqa: SIM115 - close()
        self._limit = limit
        self.size = 0

    @property
    def too_large(self) -> bool:
        """Return whether the body exceeds the limit."""
        return self.size > self._limit

    def write(self, chunk: bytes) -> None:
        """Append a chunk; only count its size once the body exceeds the limit."""
        self.size += len(chunk)
        if not self.too_large:
            self._file.write(chunk)

    def read(self) -> bytes:
        """Return the whole body."""
        self._file.seek(0)
        return self._file.read()

    @contextmanager
    def view(self) -> Iterator[bytes | mmap.mmap]:
        """Yield the bytes for searching and slicing; a file is mapped instead of read."""
        if isinstance(self._file, io.BytesIO) or not self.size:
            yield self.read()
            return
        self._file.flush()
        with mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ) as view:
            yield view

    def close(self) -> None:
        """Release the memory or the temporary file."""
        self._file.close()


@dataclass
class Request:
    """A request. `args` are the groups of the route's pattern; routes that bill set `billed`."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]  # case-insensitive names
    body: RequestBody
    fault: Fault | None = None
    args: tuple[str, ...] = ()
    billed: bool = False

    def failing(self, kind: str) -> Fault | None:
        """Return the scripted failure if it is of this kind, else None."""
        return self.fault if self.fault and self.fault.kind == kind else None

    def json_object(self) -> dict[str, Any]:
        """Parse the body as a JSON object.

        Raises:
            Refusal: 400, the body is not a JSON object.
        """
        try:
            value = json.loads(self.body.read() or b"{}")
        except ValueError:
            raise Refusal(400, "Malformed JSON in the request body") from None
        if not isinstance(value, dict):
            raise Refusal(400, "The request body must be a JSON object")
        return value


def phrase(status: int) -> str:
    """Return the reason phrase of a status code, such as "Not Found"."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return f"Status {status}"
