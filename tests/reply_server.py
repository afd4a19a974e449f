"""A service that answers each address as a recorded reply says, and keeps a log of requests.

A record in `tests/replies/` is a JSON object:

    about, case: what it shows; the row of the cases of users, if it is one
    request: {"provider", "target", "inputs", "kind", "api", "endpoint", "modality"}; all but the
        first may lack
    reply: "METHOD /path" → {"status", "headers", "json" | "text" | "base64"}, or a list of these,
        of which the last one stays
    outcome: {"status", "outputs": [{"type", "name", "text", "json"}], "error": {"kind", "words",
        "hint"}, "id", "cost", "seed", "provider_status", "credits", "note"}
    requests: the log, in its order

In texts `{base}` is the service's address; `{png}`, `{png lines}` and `{png url-safe}` are the
base64 of a picture, of its wrapped form and of its form for URLs. Addresses under `/files/` hold a
file of the type by their suffix.
"""

from __future__ import annotations

import base64
import io
import json
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from socket import socket
from typing import Any

from PIL import Image

from tests.wire import Wire, wire

REPLIES = Path(__file__).with_name("replies")
_FILES = Path(__file__).parent / "assets" / "files"
_PAGE = b"<!DOCTYPE html><html><body>A page</body></html>"
_ASIDE = ("/llms.txt", "/models/", "/v1/models", "/v1/get-user-credits", "/v1/balance")  # pages


def _picture() -> bytes:
    pixels = random.Random(3).randbytes(24 * 24 * 3)
    out = io.BytesIO()
    Image.frombytes("RGB", (24, 24), pixels).save(out, "PNG")
    return out.getvalue()


PNG = _picture()
_FILES_BY_SUFFIX: dict[str, tuple[str, bytes]] = {
    ".png": ("image/png", PNG),
    ".mp4": ("video/mp4", (_FILES / "video.mp4").read_bytes()),
    ".html": ("text/html", _PAGE),
    ".json": ("application/json", b'{"a": 1}'),
    "": ("text/html", _PAGE),
}


class ReplyServer:
    """The service of one record.

    Args:
        server: answers the connections.
        reply: the record's `reply`.
        modality: that of the model `m` in the directory; "": the service has no directory.
    """

    def __init__(self, server: Wire, reply: Mapping[str, Any], modality: str = "") -> None:
        self._server, self._modality = server, modality
        self._replies = {
            key: list(value) if isinstance(value, list) else [value] for key, value in reply.items()
        }
        self.url = server.url

    @property
    def log(self) -> list[str]:
        """The requests but those of pages about models, without queries."""
        paths = [(one.method, one.path.partition("?")[0]) for one in self._server.received]
        return [f"{method} {path}" for method, path in paths if not path.startswith(_ASIDE)]

    def answer(self, connection: socket, server: Wire) -> None:
        """Answer one connection."""
        request = server.read(connection)
        path = request.path.partition("?")[0]
        status, headers, body = self._reply(f"{request.method} {path}", path)
        lines = {"Content-Length": str(len(body)), "Connection": "close", **headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        connection.sendall(f"HTTP/1.1 {status} Word\r\n{head}\r\n".encode() + body)

    def _reply(self, key: str, path: str) -> tuple[int, dict[str, str], bytes]:
        if key in self._replies:
            replies = self._replies[key]
            reply = replies.pop(0) if len(replies) > 1 else replies[0]
            return reply.get("status", 200), self._headers(reply), self._body(reply)
        if path.startswith("/files/"):
            kind, body = _FILES_BY_SUFFIX[Path(path).suffix]
            return 200, {"Content-Type": kind}, body
        if path == "/llms.txt" and self._modality:
            row = f"| M | m | A model | {self._modality} | $0.01 | 1.0s | x |"
            head = "| Model | Slug | Description | Modality | Avg Cost | Avg Latency | API Docs |"
            return 200, {}, f"# Models\n\n{head}\n|---|---|---|---|---|---|---|\n{row}\n".encode()
        return 404, {"Content-Type": "application/json"}, b'{"error": "Not found"}'

    @staticmethod
    def _headers(reply: Mapping[str, Any]) -> dict[str, str]:
        kind = {"Content-Type": "application/json"} if "json" in reply else {}
        return {**kind, **reply.get("headers", {})}

    def _body(self, reply: Mapping[str, Any]) -> bytes:
        if "base64" in reply:
            return base64.b64decode(fill(reply["base64"], self.url))
        text = json.dumps(reply["json"]) if "json" in reply else reply.get("text", "")
        return fill(text, self.url).encode()


def fill(text: str, base: str) -> str:
    """Put the address and the pictures into a text of JSON."""
    data = base64.b64encode(PNG).decode()
    lines = "\\n".join(data[at : at + 60] for at in range(0, len(data), 60))
    safe = data.replace("+", "-").replace("/", "_").rstrip("=")
    pairs = {"{base}": base, "{png lines}": lines, "{png url-safe}": safe, "{png}": data}
    for mark, value in pairs.items():
        text = text.replace(mark, value)
    return text


@contextmanager
def reply_server(reply: Mapping[str, Any], modality: str = "") -> Iterator[ReplyServer]:
    """Serve a record's replies for as long as the block."""
    with wire(lambda connection, server: service.answer(connection, server)) as server:
        service = ReplyServer(server, reply, modality)
        yield service
