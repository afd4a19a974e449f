"""Read the body of a reply: a long file, or very long JSON, to disk, all else into memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path

from segmind_widgets.errors import StoreError
from segmind_widgets.file_modes import PRIVATE
from segmind_widgets.network.bodies import MAX_BILLED_REPLY, MAX_REPLY, ReplyTooLong

SPOOL_BYTES = 2 * 1024 * 1024  # a longer body that is no text is written to disk
HEAD_BYTES = 64 * 1024  # of such a body that are also kept in memory
_JSON_STARTS = (b"{", b"[")  # longer than MAX_REPLY it is written to disk
_TEXT_STARTS = (b"<", b"data:", b"event:")  # of pages and server-sent events


def read_body(
    pieces: Iterator[bytes], new_file: Callable[[], Path] | None
) -> tuple[bytes, Path | None]:
    """Return a body and None; of a long file its first bytes, and the file on disk.

    Args:
        pieces: the body; its errors are raised.
        new_file: returns a path for the file, or raises StoreError; None keeps all in memory. Where
            the disk cannot be written, the body, which may be paid for, stays in memory.

    Raises:
        ReplyTooLong: more than 512 MiB would be in memory.
    """
    if new_file is None:
        return _joined(pieces), None
    head: list[bytes] = []
    count, limit = 0, SPOOL_BYTES
    for piece in pieces:
        head.append(piece)
        count += len(piece)
        if count > limit:
            start = b"".join(head[:2]).lstrip()
            if start.startswith(_JSON_STARTS) and limit < MAX_REPLY:
                limit = MAX_REPLY
            elif start.startswith(_TEXT_STARTS):
                break
            else:
                return _to_disk(head, pieces, new_file)
    return _joined(chain(head, pieces)), None


def _joined(pieces: Iterable[bytes]) -> bytes:
    """Return a body in memory."""
    kept: list[bytes] = []
    count = 0
    for piece in pieces:
        kept.append(piece)
        count += len(piece)
        if count > MAX_BILLED_REPLY:
            raise ReplyTooLong(MAX_BILLED_REPLY)
    return b"".join(kept)


def _to_disk(
    head: list[bytes], pieces: Iterator[bytes], new_file: Callable[[], Path]
) -> tuple[bytes, Path | None]:
    try:
        path = new_file()
        PRIVATE.touch(path)
        file = path.open("rb+", buffering=0)
    except (OSError, StoreError):
        return _joined(chain(head, pieces)), None
    start = b"".join(head[:2])[:HEAD_BYTES]
    count = 0
    try:
        with file:
            for piece in chain(_taken(head), pieces):
                if not _is_written(file.write, piece):
                    file.seek(0)
                    body = _joined(chain([file.read(count), piece], _taken(head), pieces))
                    break
                count += len(piece)
            else:
                return start, path
    except BaseException:
        _remove(path)
        raise
    _remove(path)
    return body, None


def _taken(pieces: list[bytes]) -> Iterator[bytes]:
    """Yield pieces and let go of them."""
    while pieces:
        yield pieces.pop(0)


def _is_written(write: Callable[[bytes], int], piece: bytes) -> bool:
    with suppress(OSError):
        return write(piece) == len(piece)
    return False


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink()
