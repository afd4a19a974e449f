"""A note in a block of EXIF: added without touching what else is there, and found again.

The block is a TIFF structure (Exif 2.32, section 4.5). What is new goes to its end, with new
copies of the two directories that point at it, so thumbnails, maker notes and texts stay byte for
byte; Pillow would write them anew, drop some and turn text into ASCII.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

MARK = '{"segmind_widgets":'  # how a note's text begins: what tells it from others' comments
OURS = "segmind-widgets"  # how `Note.software` begins

_DESCRIPTION, _SOFTWARE, _DETAILS = 0x010E, 0x0131, 0x8769  # tags of the first directory
_COMMENT, _MAKER = 0x9286, 0x927C  # tags of the details, the Exif directory
_ASCII, _LONG, _UNDEFINED = 2, 4, 7  # types of values
_CHARSET = b"ASCII\0\0\0"  # how a UserComment names its encoding
_NOTHING = b"II*\0\0\0\0\0"  # a block without directories


class Note(NamedTuple):
    """What a picture carries: ASCII `text` for us to read again, and two lines for people."""

    text: str
    description: str
    software: str


def find_note(block: bytes) -> str | None:
    """The text of our note. Raises ValueError, struct.error: the block is broken."""
    tiff = _Tiff(block)
    details = tiff.directory(tiff.pointer(tiff.directory(tiff.first), _DETAILS))
    for tag in (_COMMENT, _MAKER):
        value = tiff.value(details.get(tag))
        if _is_ours(value):
            return value.removeprefix(_CHARSET).rstrip(b"\0 ").decode("ascii")
    return None


def with_note(block: bytes, note: Note) -> bytes | None:
    """The block with our note, the former one replaced; None where others take its places.

    Args:
        block: TIFF, without the `Exif` in front; may be empty.
        note: its description and software are written where there are none of others.

    Raises:
        ValueError, struct.error: the block is broken.
    """
    tiff = _Tiff(block or _NOTHING)
    root = tiff.directory(tiff.first)
    offset = tiff.pointer(root, _DETAILS)
    details = tiff.directory(offset)
    tag = next((tag for tag in (_COMMENT, _MAKER) if _is_free(tiff.value(details.get(tag)))), None)
    if tag is None:
        return None
    ours = tiff.value(root.get(_SOFTWARE)).startswith(OURS.encode())
    for line, text in ((_DESCRIPTION, note.description), (_SOFTWARE, note.software)):
        if ours or line not in root:
            root[line] = tiff.entry(line, _ASCII, text.encode("utf-8", "replace") + b"\0")
    details[tag] = tiff.entry(tag, _UNDEFINED, _CHARSET + note.text.encode("ascii"))
    root[_DETAILS] = tiff.entry(_DETAILS, _LONG, tiff.number(tiff.add(details, offset)))
    return tiff.ending_with(root)


def _is_ours(value: bytes) -> bool:
    return value.startswith(_CHARSET + MARK.encode())


def _is_free(value: bytes) -> bool:
    """Nothing but ours, or the blanks and zeros that cameras leave in the comment."""
    return _is_ours(value) or not value[8:].strip(b"\0 ")


class _Tiff:
    """A TIFF block that grows at its end. Entries are kept as their 12 bytes."""

    def __init__(self, block: bytes) -> None:
        orders = {b"II*\0": "<", b"MM\0*": ">"}
        if block[:4] not in orders:
            raise ValueError("not TIFF")
        self._order = orders[block[:4]]
        self._block = bytearray(block)
        self.first = self._read("I", 4)

    def _read(self, form: str, at: int) -> int:
        return struct.unpack_from(self._order + form, self._block, at)[0]

    def number(self, value: int) -> bytes:
        return struct.pack(self._order + "I", value)

    def directory(self, at: int) -> dict[int, bytes]:
        """The entries by their tags; none for the offset 0."""
        if not at:
            return {}
        starts = range(at + 2, self._end(at), 12)
        return {self._read("H", start): bytes(self._block[start : start + 12]) for start in starts}

    def _end(self, at: int) -> int:
        end = at + 2 + 12 * self._read("H", at)
        if at < 8 or end > len(self._block):
            raise ValueError("a directory is cut off")
        return end

    def pointer(self, entries: dict[int, bytes], tag: int) -> int:
        """The offset that an entry holds; 0 where there is none."""
        entry = entries.get(tag)
        return struct.unpack_from(self._order + "I", entry, 8)[0] if entry else 0

    def value(self, entry: bytes | None) -> bytes:
        """The bytes of a value whose items are bytes; none of another's."""
        if entry is None:
            return b""
        _, kind, count, at = struct.unpack(self._order + "HHII", entry)
        if kind not in (1, _ASCII, _UNDEFINED):
            return entry[8:]
        return bytes(self._block[at : at + count]) if count > 4 else entry[8 : 8 + count]

    def entry(self, tag: int, kind: int, value: bytes) -> bytes:
        """A new entry; a long value goes to the block's end."""
        count = 1 if kind == _LONG else len(value)
        held = value.ljust(4, b"\0") if len(value) <= 4 else self.number(self._append(value))
        return struct.pack(self._order + "HHI", tag, kind, count) + held

    def add(self, entries: dict[int, bytes], before: int) -> int:
        """Write a directory that takes the place of the one at `before`; its offset."""
        following = bytes(self._block[self._end(before) :][:4]) if before else b""
        body = b"".join(entries[tag] for tag in sorted(entries))
        count = struct.pack(self._order + "H", len(entries))
        return self._append(count + body + following.ljust(4, b"\0"))

    def ending_with(self, root: dict[int, bytes]) -> bytes:
        """The block with this first directory."""
        self._block[4:8] = self.number(self.add(root, self.first))
        return bytes(self._block)

    def _append(self, data: bytes) -> int:
        self._block += bytes(len(self._block) % 2)  # TIFF wants even offsets
        self._block += data
        return len(self._block) - len(data)
