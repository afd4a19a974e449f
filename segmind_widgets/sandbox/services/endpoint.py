"""The tornado handler of the services: it reads bodies, logs requests and applies failures."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Mapping
from functools import partial
from typing import Any

from tornado.iostream import StreamClosedError
from tornado.web import RequestHandler, stream_request_body

from segmind_widgets.sandbox.http import wire
from segmind_widgets.sandbox.http.exchange import Answer, Request, RequestBody
from segmind_widgets.sandbox.http.faults import Fault, silence
from segmind_widgets.sandbox.http.log import Record
from segmind_widgets.sandbox.services.service import Service

_LOGGED_JSON = 64 * 1024  # bytes; the log omits larger bodies
_SECRET = ("x-api-key", "authorization", "cookie")
_DRIP_SECONDS = 3.0
_PAUSE = 0.05  # seconds between two bytes of an endless reply


@stream_request_body
class ServiceHandler(RequestHandler):
    """Handles all requests to one service."""

    def initialize(self, service: Service) -> None:
        """Store the service and create the event that ends delays."""
        self.service = service
        self.over = asyncio.Event()  # set when the client disconnects or the failures are released

    def set_default_headers(self) -> None:
        """Mark replies as those of the sandbox, and hide tornado's version."""
        self.set_header("X-Sandbox", "segmind-widgets")
        self.clear_header("Server")

    def compute_etag(self) -> None:
        """Return no ETag, to avoid hashing every reply."""

    def prepare(self) -> None:
        """Create the store for the request's body."""
        headers = self.request.headers
        chunked = "Transfer-Encoding" in headers  # the length is unknown
        length = None if chunked else int(headers.get("Content-Length", 0))
        self.body = RequestBody(length, self.service.context.settings.max_body)

    def data_received(self, chunk: bytes) -> None:
        """Store a chunk of the body."""
        self.body.write(chunk)

    def on_connection_close(self) -> None:
        """End any delay of the reply."""
        self.over.set()

    def on_finish(self) -> None:
        """Release the request's body."""
        self.body.close()

    async def respond(self, *_args: str) -> None:
        """Answer a request whose body is complete."""
        context = self.service.context
        method, path = self.request.method or "", self.request.path
        query = {name: values[-1].decode() for name, values in self.request.arguments.items()}
        with context.faults.applied(f"{method} {path}", self.over) as fault:
            request = Request(method, path, query, self.request.headers, self.body, fault)
            number = context.log.open(self._record(request))
            try:
                with contextlib.suppress(StreamClosedError):  # the client disconnected
                    await self._exchange(request, fault, number)
            finally:
                self.body.close()

    get = post = put = patch = delete = head = options = respond

    async def _exchange(self, request: Request, fault: Fault | None, number: int) -> None:
        """Process a request, and send its reply with the effects of a failure."""
        log = self.service.context.log
        if fault and fault.kind == "reset_before":
            return wire.reset(self)
        answer = await self._answer(request, fault)
        if fault and fault.kind in ("reset_after", "silence"):
            log.update(number, billed=request.billed)
            if fault.kind == "reset_after":
                return wire.reset(self)
            await silence(self.over, fault.seconds)
        log.update(number, billed=request.billed, status=answer.status)
        if fault and fault.kind == "cut":
            return await wire.cut(self, answer)
        if fault and fault.kind == "slow_drip":
            return await wire.drip(self, answer, fault.seconds or _DRIP_SECONDS)
        if fault and fault.kind == "endless":
            pause = partial(self._pause, fault.seconds or _PAUSE)
            return await wire.endless(self, answer, pause)
        return await wire.send(self, wire.spoiled(answer, fault) if fault else answer)

    async def _pause(self, seconds: float) -> bool:
        """Wait, and return whether the reply should continue."""
        await silence(self.over, seconds)
        return not self.over.is_set()

    async def _answer(self, request: Request, fault: Fault | None) -> Answer:
        """Return the reply of the service, or of a failure that replaces it."""
        if fault is None:
            return await self.service.answer(request)
        if isinstance(fault.kind, int):
            error = self.service.error(fault.kind, "", fault.headers)
            return (
                error if fault.body is None else Answer(fault.body, fault.kind, "", fault.headers)
            )
        elsewhere = f"{self.service.context.origins['files']}{request.path}"
        return wire.early(fault, elsewhere) or await self.service.answer(request)

    def _record(self, request: Request) -> Record:
        """Create the log record of a request, without its keys."""
        headers = {name.lower(): value for name, value in self.request.headers.get_all()}
        return Record(
            service=self.service.name,
            method=request.method,
            path=request.path,
            time=time.monotonic(),
            query=self.request.query,
            headers={name: value for name, value in headers.items() if name not in _SECRET},
            key_seen="x-api-key" in headers or "authorization" in headers,
            size=self.body.size,
            json=_small_json(headers, self.body),
            fault=str(request.fault.kind) if request.fault else "",
        )

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """Print nothing: stderr appears in the user's cell, and `write_error` reports the error."""

    def write_error(self, status_code: int, **details: Any) -> None:
        """Report an error of the sandbox itself in the reply."""
        problem = details.get("exc_info", (None, None))[1]
        answer = self.service.error(status_code, f"The sandbox itself failed: {problem!r}")
        body, media_type = answer.encoded()
        self.set_header("Content-Type", media_type)
        self.finish(body)


def _small_json(headers: Mapping[str, str], body: RequestBody) -> Any:
    """Parse the body if it is JSON of at most 64 KiB, else return None."""
    if body.size > _LOGGED_JSON or "json" not in headers.get("content-type", ""):
        return None
    try:
        return json.loads(body.read())
    except ValueError:
        return None
