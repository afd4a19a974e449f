"""PNG, JPEG and WebP as bytes: where a note is, and where it goes. Nothing is decoded.

PNG: iTXt chunks (PNG, third edition, 11.3.3.4). JPEG: EXIF in an APP1 segment (Exif 2.32, 4.7.2).
WebP: an EXIF chunk, announced by VP8X (RFC 9649, 2.7). Every other byte stays as it is, so files
that were signed as they are (C2PA) take no note: it would break their signature.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from mmap import mmap
from typing import NamedTuple

from segmind_widgets.assets.exif import OURS, Note, find_note, with_note

Data = bytes | mmap
KEYWORD = "segmind_widgets"  # of PNG's chunk

_TEXT_LIMIT = 1_000_000  # bytes: a longer text is none of ours
_SEGMENT_LIMIT = 0xFFFF - 2 - 6  # bytes of EXIF that a JPEG segment holds
_MOST_PARTS = 200_000  # chunks or segments: a 1 GB PNG has fewer
_EXIF = b"Exif\0\0"


class Edit(NamedTuple):
    """The bytes from `start` to `end` become `new`."""

    start: int
    end: int
    new: bytes


class Container:
    """A picture file. Raises ValueError, IndexError, struct.error where it is none or broken."""

    def __init__(self, data: Data) -> None:
        raise NotImplementedError

    def note(self) -> str | None:
        """The text of our note."""
        raise NotImplementedError

    def edits(self, note: Note) -> list[Edit]:
        """What puts a note in, in the file's order; nothing where it has no room."""
        raise NotImplementedError


def find(data: Data) -> Container | None:
    """The container of these bytes; None where they are none of the three, or broken."""
    found = (_parsed(kind, data) for kind in (_Png, _Jpeg, _Webp))
    return next(filter(None, found), None)


def _parsed(kind: type[Container], data: Data) -> Container | None:
    try:
        return kind(data)
    except (ValueError, IndexError, struct.error):
        return None


class _Png(Container):
    def __init__(self, data: Data) -> None:
        if data[:8] != b"\x89PNG\r\n\x1a\n" or data[12:16] != b"IHDR":
            raise ValueError("not PNG")
        self._texts: dict[str, tuple[int, int, str]] = {}
        self._place = 0
        self._signed = False
        for kind, start, end in self._chunks(data):
            if kind == b"IDAT":
                self._place = self._place or start
            elif kind == b"caBX":
                self._signed = True
            elif kind in (b"iTXt", b"tEXt", b"zTXt") and end - start <= _TEXT_LIMIT:
                keyword, text = _png_text(kind, data[start + 8 : end - 4])
                self._texts[keyword] = start, end, text
        if not self._place:
            raise ValueError("no picture in it")

    @staticmethod
    def _chunks(data: Data) -> Iterator[tuple[bytes, int, int]]:
        at = 8
        for _ in range(_MOST_PARTS):
            size, kind = struct.unpack_from(">I4s", data, at)
            end = at + 12 + size
            if end > len(data):
                raise ValueError("cut off")
            yield kind, at, end
            if kind == b"IEND":
                return
            at = end
        raise ValueError("too many chunks")

    def note(self) -> str | None:
        return self._texts[KEYWORD][2] if KEYWORD in self._texts else None

    def edits(self, note: Note) -> list[Edit]:
        if self._signed:
            return []
        texts = {KEYWORD: note.text}
        lines = {"Description": note.description, "Software": note.software}
        software = self._texts.get("Software")
        ours = software is not None and software[2].startswith(OURS)
        texts |= {name: line for name, line in lines.items() if ours or name not in self._texts}
        new = b"".join(_png_chunk(name, text) for name, text in texts.items())
        old = [Edit(*self._texts[name][:2], b"") for name in texts if name in self._texts]
        return sorted([*old, Edit(self._place, self._place, new)])


def _png_chunk(keyword: str, text: str) -> bytes:
    body = b"iTXt" + keyword.encode() + b"\0\0\0\0\0" + text.encode("utf-8", "replace")
    return struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))


def _png_text(kind: bytes, body: bytes) -> tuple[str, str]:
    """Keyword and text; other programs that save the picture again may choose other kinds."""
    keyword, _, text = body.partition(b"\0")
    packed = kind == b"zTXt" or (kind == b"iTXt" and text[:1] == b"\1")
    if kind == b"zTXt":
        text = text[1:]
    elif kind == b"iTXt":
        text = text[2:].split(b"\0", 2)[-1]
    if packed:
        try:
            text = zlib.decompressobj().decompress(text, _TEXT_LIMIT)
        except zlib.error:
            text = b""
    return keyword.decode("latin-1"), text.decode("utf-8", "replace")


class _Exif(Container):
    """What JPEG and WebP share: the note is in a block of EXIF."""

    _block = b""
    _fixed = False  # signed, or in several parts: nothing can go in

    def note(self) -> str | None:
        try:
            return find_note(self._block) if self._block else None
        except (ValueError, struct.error):  # an offset out of the block, or other signs than ASCII
            return None

    def _with(self, note: Note, limit: int) -> bytes:
        """The new block; empty where there is no room."""
        try:
            block = None if self._fixed else with_note(self._block, note)
        except (ValueError, struct.error):  # what others wrote is broken: they may still read it
            return b""
        return block if block and len(block) <= limit else b""


class _Jpeg(_Exif):
    def __init__(self, data: Data) -> None:
        if data[:2] != b"\xff\xd8":
            raise ValueError("not JPEG")
        self._slot = 2, 2
        for marker, start, end in self._segments(data):
            head = data[start + 4 : start + 10]
            if marker == 0xE0 and self._slot == (start, start):
                self._slot = end, end
            elif marker == 0xE1 and head == _EXIF:
                self._fixed = self._fixed or bool(self._block)
                self._slot, self._block = (start, end), data[start + 10 : end]
            elif marker == 0xEB and head[:2] == b"JP" and b"c2pa" in data[start:end]:
                self._fixed = True

    @staticmethod
    def _segments(data: Data) -> Iterator[tuple[int, int, int]]:
        """Marker, start and end of each segment before the picture's own data."""
        at = 2
        for _ in range(_MOST_PARTS):
            if data[at] != 0xFF:
                raise ValueError("no marker where one must be")
            marker = data[at + 1]
            if marker == 0xFF:  # a filling byte
                at += 1
                continue
            if marker == 0xDA:
                if data.rfind(b"\xff\xd9", at) < 0:
                    raise ValueError("cut off")
                return
            end = at + 2 + struct.unpack_from(">H", data, at + 2)[0]
            if end < at + 4 or end > len(data) or marker < 0xC0 or 0xD0 <= marker <= 0xD9:
                raise ValueError("not a segment")
            yield marker, at, end
            at = end
        raise ValueError("too many segments")

    def edits(self, note: Note) -> list[Edit]:
        block = self._with(note, _SEGMENT_LIMIT)
        size = len(block) + len(_EXIF) + 2
        new = b"\xff\xe1" + struct.pack(">H", size) + _EXIF + block if block else b""
        return [Edit(*self._slot, new)] if new else []


class _Webp(_Exif):
    def __init__(self, data: Data) -> None:
        if data[:4] != b"RIFF" or data[8:12] != b"WEBP":
            raise ValueError("not WebP")
        self._size = struct.unpack_from("<I", data, 4)[0]
        stop = 8 + self._size
        self._slot, self._extended = (stop, stop), b""
        for kind, start, end in self._chunks(data, stop):
            if start == 12:
                self._extended = _vp8x(kind, data[20 : min(end, 38)])
                self._flags = data[20] if kind == b"VP8X" else None
            if kind == b"EXIF":
                self._fixed = self._fixed or bool(self._block)
                size = struct.unpack_from("<I", data, start + 4)[0]
                self._slot = start, end
                self._block = data[start + 8 : start + 8 + size].removeprefix(_EXIF)
            elif kind == b"XMP " and self._slot == (stop, stop):
                self._slot = start, start
            elif kind == b"C2PA":
                self._fixed = True
        if not self._extended:
            raise ValueError("no picture in it")

    @staticmethod
    def _chunks(data: Data, stop: int) -> Iterator[tuple[bytes, int, int]]:
        at = 12
        if stop > len(data):
            raise ValueError("cut off")
        for _ in range(_MOST_PARTS):
            if at == stop:
                return
            kind, size = struct.unpack_from("<4sI", data, at)
            end = at + 8 + size + size % 2
            if end > stop:
                raise ValueError("a chunk is cut off")
            yield kind, at, end
            at = end
        raise ValueError("too many chunks")

    def edits(self, note: Note) -> list[Edit]:
        block = self._with(note, _TEXT_LIMIT)
        if not block:
            return []
        chunk = b"EXIF" + struct.pack("<I", len(block)) + block + bytes(len(block) % 2)
        if self._flags is None:
            first = Edit(12, 12, b"VP8X" + struct.pack("<I", 10) + self._extended)
        else:
            first = Edit(20, 21, self._extended[:1])
        edits = [first, Edit(*self._slot, chunk)]
        grown = sum(len(edit.new) - (edit.end - edit.start) for edit in edits)
        return [Edit(4, 8, struct.pack("<I", self._size + grown)), *edits]


def _vp8x(kind: bytes, head: bytes) -> bytes:
    """The content of the VP8X chunk that announces EXIF, from the first chunk (RFC 9649, 2.7)."""
    if kind == b"VP8X":
        return bytes([head[0] | 8]) + head[1:10]
    flags = 8
    if kind == b"VP8 " and head[3:6] == b"\x9d\x01\x2a":
        width, height = (number & 0x3FFF for number in struct.unpack_from("<HH", head, 6))
    elif kind == b"VP8L" and head[:1] == b"\x2f":
        bits = struct.unpack_from("<I", head, 1)[0]
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        flags |= 16 * (bits >> 28 & 1)  # transparency
    else:
        raise ValueError("no picture in it")
    sides = ((side - 1).to_bytes(3, "little") for side in (width, height))
    return bytes([flags, 0, 0, 0]) + b"".join(sides)
