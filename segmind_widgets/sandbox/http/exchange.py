"""One HTTP exchange: the request as the routes see it, and the answer they give."""

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

_IN_MEMORY = 1024 * 1024  # bytes; a larger body goes to an unnamed file


@dataclass(frozen=True)
class Answer:
    """What to reply. A mapping or list is JSON, a path is that file's content."""

    body: Any = b""
    status: int = 200
    media_type: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    def encoded(self) -> tuple[bytes, str]:
        """The body's bytes and its media type."""
        if isinstance(self.body, bytes):
            return self.body, self.media_type or "application/octet-stream"
        if isinstance(self.body, Path):
            return self.body.read_bytes(), self.media_type
        if isinstance(self.body, str):
            return self.body.encode(), self.media_type or "text/plain; charset=utf-8"
        return json.dumps(self.body).encode(), self.media_type or "application/json"


class Refusal(Exception):
    """A route's way to say no: `status`, and the words for the service's own error form."""

    def __init__(self, status: int, words: str = "", **headers: str) -> None:
        super().__init__(words)
        self.status = status
        self.words = words
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class RequestBody:
    """The bytes of a request, which may be many: kept in memory while small, else in a file."""

    def __init__(self, length: int | None, limit: int) -> None:
        small = length is not None and length <= _IN_MEMORY
        self._file = io.BytesIO() if small else tempfile.TemporaryFile()  # noqa: SIM115 - close()
        self._limit = limit
        self.size = 0

    @property
    def too_large(self) -> bool:
        return self.size > self._limit

    def write(self, chunk: bytes) -> None:
        self.size += len(chunk)
        if not self.too_large:
            self._file.write(chunk)

    def read(self) -> bytes:
        self._file.seek(0)
        return self._file.read()

    @contextmanager
    def view(self) -> Iterator[bytes | mmap.mmap]:
        """The bytes for finding and slicing, without a copy in memory of those in a file."""
        if isinstance(self._file, io.BytesIO) or not self.size:
            yield self.read()
            return
        self._file.flush()
        with mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ) as view:
            yield view

    def close(self) -> None:
        self._file.close()


@dataclass
class Request:
    """`args` are what the route's pattern captured; `billed` is set by a route that bills."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]  # any case
    body: RequestBody
    fault: Fault | None = None
    args: tuple[str, ...] = ()
    billed: bool = False

    def failing(self, kind: str) -> Fault | None:
        """The scripted failure of this kind, where there is one."""
        return self.fault if self.fault and self.fault.kind == kind else None

    def json_object(self) -> dict[str, Any]:
        """The body as a JSON object.

        Raises:
            Refusal: 400, it is not.
        """
        try:
            value = json.loads(self.body.read() or b"{}")
        except ValueError:
            raise Refusal(400, "Malformed JSON in the request body") from None
        if not isinstance(value, dict):
            raise Refusal(400, "The request body must be a JSON object")
        return value


def phrase(status: int) -> str:
    """The code in words: "Not Found"."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return f"Status {status}"
