"""Read the body of a reply: a long file to disk, everything else into memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path

from segmind_widgets.errors import StoreError
from segmind_widgets.file_modes import PRIVATE

SPOOL_BYTES = 2 * 1024 * 1024  # a longer body that is no text is written to disk
HEAD_BYTES = 64 * 1024  # of such a body that are also kept in memory
_TEXT_STARTS = (b"{", b"[", b"<")  # as `providers.segmind` reads JSON and pages


def read_body(
    pieces: Iterator[bytes], new_file: Callable[[], Path] | None
) -> tuple[bytes, Path | None]:
    """Return a body and None; of a long file its first bytes, and the file on disk.

    Args:
        pieces: the body; its errors are raised.
        new_file: returns a path for the file, or raises StoreError; None keeps all in memory. Where
            the disk cannot be written, the body, which may be paid for, stays in memory.
    """
    head: list[bytes] = []
    count = 0
    for piece in pieces:
        head.append(piece)
        count += len(piece)
        if new_file is not None and count > SPOOL_BYTES:
            if head[0].startswith(_TEXT_STARTS):
                break
            return _to_disk(head, pieces, new_file)
    return b"".join(chain(head, pieces)), None


def _to_disk(
    head: list[bytes], pieces: Iterator[bytes], new_file: Callable[[], Path]
) -> tuple[bytes, Path | None]:
    try:
        path = new_file()
        PRIVATE.touch(path)
        file = path.open("rb+", buffering=0)
    except (OSError, StoreError):
        return b"".join(chain(head, pieces)), None
    start = b"".join(head)
    count = 0
    try:
        with file:
            for piece in chain([start], pieces):
                if not _is_written(file.write, piece):
                    file.seek(0)
                    body = b"".join(chain([file.read(count), piece], pieces))
                    break
                count += len(piece)
            else:
                return start[:HEAD_BYTES], path
    except BaseException:
        _remove(path)
        raise
    _remove(path)
    return body, None


def _is_written(write: Callable[[bytes], int], piece: bytes) -> bool:
    with suppress(OSError):
        return write(piece) == len(piece)
    return False


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink()
