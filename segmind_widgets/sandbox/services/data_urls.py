"""Uploads to Segmind Storage: base64 data URLs in JSON of up to hundreds of MiB."""

from __future__ import annotations

import base64
import binascii
import json
import mmap
import re
import secrets
from collections.abc import Iterator
from typing import Any

from segmind_widgets.sandbox.http.exchange import Refusal, RequestBody
from segmind_widgets.sandbox.state.files import Files

_HEAD = re.compile(rb"data:([\w.+-]+/[\w.+-]+)(?:;[\w=.+-]+)*;base64,")
_PIECE = 256 * 1024  # base64 characters per step, a multiple of 4; decoding holds the GIL
Buffer = bytes | mmap.mmap


def keep_data_urls(body: RequestBody, files: Files) -> list[str]:
    """Store the files of `{"data_urls": [...]}`, and return their addresses in the same order.

    Slow: call it in a thread. Memory use does not grow with the body: the JSON is parsed without
    its data URLs, which are decoded in pieces directly from the body.

    Raises:
        Refusal: 400 for malformed JSON or an invalid data URL, with its number.
    """
    with body.view() as view:
        value, spans = _without_data_urls(view)
        urls = value.get("data_urls") if isinstance(value, dict) else None
        if not isinstance(urls, list) or not urls:
            raise Refusal(400, "'data_urls' is required: an array of data URLs")
        bounds = [spans.get(url) if isinstance(url, str) else None for url in urls]
        return [_keep(view, span, number, files) for number, span in enumerate(bounds)]


def _without_data_urls(view: Buffer) -> tuple[Any, dict[str, tuple[int, int]]]:
    """Parse the JSON with a marker for each data URL, and map markers to start and end."""
    parts: list[bytes] = []
    spans: dict[str, tuple[int, int]] = {}
    token, at = secrets.token_hex(8), 0
    while (start := view.find(b'"data:', at)) >= 0 and (end := view.find(b'"', start + 1)) >= 0:
        mark = f"{token}-{len(spans)}"
        spans[mark] = (start + 1, end)
        parts += [view[at:start], json.dumps(mark).encode()]
        at = end + 1
    parts.append(view[at:])
    try:
        return json.loads(b"".join(parts)), spans
    except ValueError:
        raise Refusal(400, "Malformed JSON in the request body") from None


def _keep(view: Buffer, span: tuple[int, int] | None, number: int, files: Files) -> str:
    """Store one data URL, and return the address of its file."""
    start, end = span or (0, 0)
    if view.find(b"\\", start, end) >= 0:  # some encoders write "/" as "\/" in JSON
        view = json.loads(b'"' + view[start:end] + b'"').encode()
        start, end = 0, len(view)
    head = _HEAD.match(view[start : min(end, start + 200)])
    try:
        if head is None:
            raise ValueError
        pieces = _decoded(view, start + head.end(), end)
        return files.add(pieces, head[1].decode().lower(), "assets").url
    except (binascii.Error, ValueError):
        raise Refusal(
            400,
            f"Invalid data URL at 'data_urls'[{number}]: it must be"
            " data:<mime-type>;base64,<base64-encoded-content>",
        ) from None


def _decoded(view: Buffer, start: int, end: int) -> Iterator[bytes]:
    """Decode base64 in pieces; empty content is an error."""
    if start == end:
        raise ValueError
    for at in range(start, end, _PIECE):
        yield base64.b64decode(view[at : min(end, at + _PIECE)], validate=True)
