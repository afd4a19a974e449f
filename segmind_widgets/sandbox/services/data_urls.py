"""Segmind Storage's uploads: base64 data URLs in JSON, which may be hundreds of MiB together."""

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
_PIECE = 256 * 1024  # base64 characters at once, a multiple of 4; decoding holds the GIL
Buffer = bytes | mmap.mmap


def keep_data_urls(body: RequestBody, files: Files) -> list[str]:
    """Keep the files of `{"data_urls": [...]}`, and give their addresses in the same order.

    Slow: call it in a thread. It needs little memory however large the body is: the JSON is read
    without its data URLs, and these are decoded in pieces straight from the body.

    Raises:
        Refusal: 400, naming the data URL that is wrong.
    """
    with body.view() as view:
        value, cut = _without_data_urls(view)
        urls = value.get("data_urls") if isinstance(value, dict) else None
        if not isinstance(urls, list) or not urls:
            raise Refusal(400, "'data_urls' is required: an array of data URLs")
        bounds = [cut.get(url) if isinstance(url, str) else None for url in urls]
        return [_keep(view, place, number, files) for number, place in enumerate(bounds)]


def _without_data_urls(view: Buffer) -> tuple[Any, dict[str, tuple[int, int]]]:
    """The JSON with a mark for each data URL, and where each of these starts and ends."""
    parts: list[bytes] = []
    cut: dict[str, tuple[int, int]] = {}
    token, at = secrets.token_hex(8), 0
    while (start := view.find(b'"data:', at)) >= 0 and (end := view.find(b'"', start + 1)) >= 0:
        mark = f"{token}-{len(cut)}"
        cut[mark] = (start + 1, end)
        parts += [view[at:start], json.dumps(mark).encode()]
        at = end + 1
    parts.append(view[at:])
    try:
        return json.loads(b"".join(parts)), cut
    except ValueError:
        raise Refusal(400, "Malformed JSON in the request body") from None


def _keep(view: Buffer, place: tuple[int, int] | None, number: int, files: Files) -> str:
    start, end = place or (0, 0)
    if view.find(b"\\", start, end) >= 0:  # "\/" is how some write a slash in JSON
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
    if start == end:
        raise ValueError
    for at in range(start, end, _PIECE):
        yield base64.b64decode(view[at : min(end, at + _PIECE)], validate=True)
