"""A reply that was too long for memory: read from its file in pieces, and never as a whole.

Providers parse replies in memory. So each long text in the JSON of such a reply is written to a
file of its own (decoded, if it is base64), and shortened in the JSON to its beginning and a random
mark. The beginning tells the type of the file. An output that ends with a mark gets the file.
"""

from __future__ import annotations

import codecs
import json
import re
import secrets
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from segmind_widgets.assets.base64_codec import base64_codec
from segmind_widgets.file_modes import PRIVATE
from segmind_widgets.network.bodies import MAX_REPLY
from segmind_widgets.types import JobState, Output, Reply

LONG_TEXT = 256 * 1024  # bytes; a longer text in JSON is written to a file
_HEAD = 12 * 1024  # bytes of the beginning that stay, a multiple of 12
_PIECE = 1024 * 1024  # bytes, a multiple of 4
_CONTENT = re.compile(rb'[^"\\]*(?:\\.[^"\\]*)*', re.DOTALL)  # of a text in JSON
_ESCAPED = re.compile(r"[^\\]*(?:\\(?:u[0-9a-fA-F]{4}|[^u])[^\\]*)*")
_FIRST_SURROGATE = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\Z")
_DATA_URI = re.compile(rb"data:[^,]{0,200};base64,", re.IGNORECASE)
_BASE64 = re.compile(rb"(?:[A-Za-z0-9+/_=-]|\s|\\[nrt/])*")
_FOLDS = re.compile(rb"\s|\\[nrt]")


def shorten(reply: Reply) -> Reply:
    """Return a reply whose body has the beginning of each long text, and whose parts are files.

    Raises:
        OSError: a part cannot be written. The parts are removed, and the reply's file stays.
    """
    if reply.file is None:
        return reply
    if reply.body.lstrip()[:1] not in (b"{", b"["):
        mark = _new_mark()
        return replace(reply, body=reply.body[:_HEAD] + mark, parts={mark: reply.file})
    parts: dict[bytes, Path] = {}
    try:
        with reply.file.open("rb") as file:
            spans = list(_long_texts(file))
            pieces: list[bytes] = []
            at = 0
            for number, (start, end) in enumerate(spans):
                mark, path = _new_mark(), reply.file.with_suffix(f".{number}.part")
                parts[mark] = path
                PRIVATE.touch(path)
                pieces += [_between(file, at, start), _extract(file, start, end, path, mark)]
                at = end
            pieces.append(_between(file, at, at + MAX_REPLY))
    except BaseException:
        discard(replace(reply, file=None, parts=parts))
        raise
    return replace(reply, body=b"".join(pieces), parts=parts)


def with_files(state: JobState, reply: Reply) -> JobState:
    """Return a state whose outputs have the files in the place of their beginnings."""
    if not reply.parts:
        return state
    return replace(state, outputs=tuple(_with_file(one, reply) for one in state.outputs))


def is_complete(state: JobState, reply: Reply) -> bool:
    """Return whether each part of a reply is an output."""
    return set(reply.parts.values()) <= {output.file for output in state.outputs}


def discard(reply: Reply, results: Collection[str] = ()) -> None:
    """Remove the file of a reply and its parts, except those that are `results` (file: URLs)."""
    for path in filter(None, (reply.file, *reply.parts.values())):
        if path.as_uri() not in results:
            with suppress(OSError):
                path.unlink(missing_ok=True)


def _with_file(output: Output, reply: Reply) -> Output:
    data = output.data or b""
    for mark, path in reply.parts.items():
        at = data.find(mark)
        if at < 0:
            continue
        if at <= _HEAD and not data[at + len(mark) :].strip():
            return replace(output, data=None, file=path)
        # one of several texts that a model's answer joins
        data = data[: max(0, at - _HEAD)] + path.read_bytes() + data[at + len(mark) :]
    return replace(output, data=data) if output.data else output


def _new_mark() -> bytes:
    """Return a mark that no service can know, as ASCII of a length that base64 keeps."""
    return secrets.token_hex(24).encode()


def _long_texts(file: BinaryIO) -> Iterator[tuple[int, int]]:
    """Yield where the content of each long text of a JSON file starts and ends."""
    start, at, skip = -1, 0, 0  # start -1: outside of texts
    while piece := file.read(_PIECE):
        index, skip = skip, 0  # skip 1: a backslash ended the piece before
        while index < len(piece):
            if start < 0:
                index = piece.find(b'"', index) + 1 or len(piece) + 1
                start = at + index if index <= len(piece) else -1
                continue
            index = _end(_CONTENT, piece, index)
            if piece[index : index + 1] == b'"':
                if at + index - start >= LONG_TEXT:
                    yield start, at + index
                index, start = index + 1, -1
            elif index < len(piece):
                index, skip = len(piece), 1
        at += len(piece)


def _end(pattern: re.Pattern[bytes], data: bytes, start: int) -> int:
    match = pattern.match(data, start)
    return match.end() if match else start


def _between(file: BinaryIO, start: int, end: int) -> bytes:
    file.seek(start)
    return file.read(min(end - start, MAX_REPLY))


def _extract(file: BinaryIO, start: int, end: int, path: Path, mark: bytes) -> bytes:
    """Write a text of a JSON file to `path`; return its beginning with the mark."""
    head = _between(file, start, min(end, start + _HEAD))
    uri = _DATA_URI.match(head)
    prefix = uri[0] if uri else b""
    if _BASE64.fullmatch(head, len(prefix)):
        with suppress(ValueError):
            _write(path, _decoded(_pieces(file, start + len(prefix), end)))
            folded = _folded(head[len(prefix) :])
            mark_as_sent = base64_codec().b64encode(mark)
            return prefix + folded[: len(folded) // 4 * 4] + mark_as_sent
    _write(path, _unescaped(_pieces(file, start, end)))
    beginning = next(_unescaped(iter([head])), b"") + mark
    return json.dumps(beginning.decode("utf-8", "replace"))[1:-1].encode()


def _pieces(file: BinaryIO, start: int, end: int) -> Iterator[bytes]:
    file.seek(start)
    while start < end and (piece := file.read(min(_PIECE, end - start))):
        start += len(piece)
        yield piece


def _write(path: Path, pieces: Iterator[bytes]) -> None:
    with PRIVATE.create(path) as file:
        for piece in pieces:
            file.write(piece)


def _folded(text: bytes) -> bytes:
    """Return base64 as one line of the standard alphabet, from a text with JSON's escapes."""
    return _FOLDS.sub(b"", text).replace(b"\\/", b"/").translate(bytes.maketrans(b"-_", b"+/"))


def _decoded(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the bytes of base64. Raises ValueError: it is not base64."""
    decode, rest = base64_codec().b64decode, b""
    for piece in pieces:
        text = rest + piece
        cut = len(text) - text.endswith(b"\\")  # of an escape
        line = _folded(text[:cut])
        whole = len(line.rstrip(b"=")) // 4 * 4
        yield decode(line[:whole].decode("ascii"), validate=True)
        rest = line[whole:] + text[cut:]
    end = rest.rstrip(b"=").decode("ascii")
    yield decode(end + "=" * (-len(end) % 4), validate=True)


def _unescaped(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the UTF-8 of the content of a JSON text; an escape may be cut by the pieces."""
    decoder, rest = codecs.getincrementaldecoder("utf-8")("replace"), ""
    for piece in pieces:
        text = rest + decoder.decode(piece)
        cut = _end_of_escapes(text)
        yield _from_json(text[:cut])
        rest = text[cut:]
    yield _from_json(rest)


def _end_of_escapes(text: str) -> int:
    """Return where an escape, or a pair of surrogates, begins that the text cuts; else its end."""
    match = _ESCAPED.match(text)
    end = match.end() if match else 0
    first = _FIRST_SURROGATE.search(text, max(0, end - 6), end)
    if first and (first.start() - len(text[: first.start()].rstrip("\\"))) % 2 == 0:
        return first.start()
    return end


def _from_json(content: str) -> bytes:
    try:
        text: str = json.loads(f'"{content}"', strict=False)
    except ValueError:  # an unknown escape
        text = content
    return text.encode("utf-8", "replace")
