"""The position of XMP packets in PNG, JPEG and WebP files. No picture is decoded.

PNG: an iTXt chunk (PNG, third edition, 11.3.3.4; XMP part 3, 1.1.5). JPEG: an APP1 segment (XMP
part 3, 1.1.3). WebP: an XMP chunk, announced by VP8X (RFC 9649, 2.7). All other bytes stay
unchanged. Signed files (C2PA) get no packet, since any change would break their signature.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from mmap import mmap
from typing import NamedTuple

from segmind_widgets.assets.xmp import PACKET_LIMIT

Data = bytes | mmap

_PNG_KEYWORD = b"XML:com.adobe.xmp\0"
_JPEG_HEADER = b"http://ns.adobe.com/xap/1.0/\0"
_JPEG_LIMIT = 65_502  # bytes of a packet, by XMP part 3; a segment has 64 KiB with its header
_PART_COUNT_LIMIT = 200_000  # chunks or segments: a 1 GB PNG has fewer
_XMP_FLAG = 4  # of VP8X


class Edit(NamedTuple):
    """A replacement of the bytes from `start` to `end` by `new`."""

    start: int
    end: int
    new: bytes


class Container:
    """A picture file.

    `packet` is its XMP packet, empty where there is none. `is_fixed`: the packet cannot be
    changed, since the file is signed or has packets in an unknown form.

    Raises:
        ValueError, IndexError, struct.error: it is another format, or broken.
    """

    packet: bytes = b""
    is_fixed: bool = False

    def __init__(self, data: Data) -> None:
        raise NotImplementedError

    def edits(self, packet: bytes) -> list[Edit]:
        """Return the edits that insert a packet, in the file's order; none if it does not fit.

        Args:
            packet: replaces the present packet; empty bytes remove it.
        """
        raise NotImplementedError

    def _take(self, packet: bytes) -> None:
        self.is_fixed = self.is_fixed or bool(self.packet) or len(packet) > PACKET_LIMIT
        self.packet = self.packet or (packet if len(packet) <= PACKET_LIMIT else b"")


def container_of(data: Data) -> Container | None:
    """Return the container of these bytes; None for other formats and broken files."""
    return next(filter(None, (_parsed(kind, data) for kind in (_Png, _Jpeg, _Webp))), None)


def _parsed(kind: type[Container], data: Data) -> Container | None:
    try:
        return kind(data)
    except (ValueError, IndexError, struct.error):
        return None


class _Png(Container):
    def __init__(self, data: Data) -> None:
        if data[:8] != b"\x89PNG\r\n\x1a\n" or data[12:16] != b"IHDR":
            raise ValueError("not PNG")
        slot: tuple[int, int] | None = None
        pixels = 0
        for kind, start, end in self._chunks(data):
            if kind == b"IDAT":
                pixels = pixels or start
            elif kind == b"caBX":
                self.is_fixed = True
            elif kind in (b"iTXt", b"tEXt", b"zTXt") and data[start + 8 : end - 4].startswith(
                _PNG_KEYWORD
            ):
                slot = start, end
                self._take(_png_text(kind, data[start + 8 + len(_PNG_KEYWORD) : end - 4]))
        if not pixels:
            raise ValueError("no image data")
        self._slot = slot or (pixels, pixels)

    @staticmethod
    def _chunks(data: Data) -> Iterator[tuple[bytes, int, int]]:
        at = 8
        for _ in range(_PART_COUNT_LIMIT):
            size, kind = struct.unpack_from(">I4s", data, at)
            end = at + 12 + size
            if end > len(data):
                raise ValueError("incomplete")
            yield kind, at, end
            if kind == b"IEND":
                return
            at = end
        raise ValueError("too many chunks")

    def edits(self, packet: bytes) -> list[Edit]:
        if self.is_fixed or len(packet) > PACKET_LIMIT:
            return []
        body = b"iTXt" + _PNG_KEYWORD + bytes(4) + packet  # not packed, no language
        chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
        return [Edit(*self._slot, chunk if packet else b"")]


def _png_text(kind: bytes, text: bytes) -> bytes:
    """Return the decompressed text after the keyword; other programs may compress it."""
    packed = kind == b"zTXt" or (kind == b"iTXt" and text[:1] == b"\1")
    if kind == b"zTXt":
        text = text[1:]
    elif kind == b"iTXt":
        text = text[2:].split(b"\0", 2)[-1]
    if packed:
        try:
            text = zlib.decompressobj().decompress(text, PACKET_LIMIT + 1)
        except zlib.error:
            text = b""
    return text


class _Jpeg(Container):
    def __init__(self, data: Data) -> None:
        if data[:2] != b"\xff\xd8":
            raise ValueError("not JPEG")
        slot: tuple[int, int] | None = None
        place = 2  # after JFIF and EXIF, which must be first
        has_index = False
        for marker, start, end in self._segments(data):
            head = data[start + 4 : start + 4 + len(_JPEG_HEADER)]
            if marker == 0xE1 and head == _JPEG_HEADER:
                slot = start, end
                self._take(data[start + 4 + len(_JPEG_HEADER) : end])
                self.is_fixed = self.is_fixed or has_index
            elif start == place and (marker == 0xE0 or head[:6] == b"Exif\0\0"):
                place = end
            elif marker == 0xE2 and head[:4] == b"MPF\0":
                has_index = True  # of further pictures, as offsets from here
            elif marker == 0xEB and head[:2] == b"JP" and b"c2pa" in data[start:end]:
                self.is_fixed = True
        self._slot = slot or (place, place)

    @staticmethod
    def _segments(data: Data) -> Iterator[tuple[int, int, int]]:
        """Yield marker, start and end of each segment before the picture's own data."""
        at = 2
        for _ in range(_PART_COUNT_LIMIT):
            if data[at] != 0xFF:
                raise ValueError("no marker where one must be")
            marker = data[at + 1]
            if marker == 0xFF:  # a fill byte
                at += 1
                continue
            if marker == 0xDA:
                if data.rfind(b"\xff\xd9", at) < 0:
                    raise ValueError("incomplete")
                return
            end = at + 2 + struct.unpack_from(">H", data, at + 2)[0]
            if end < at + 4 or end > len(data) or marker < 0xC0 or 0xD0 <= marker <= 0xD9:
                raise ValueError("not a segment")
            yield marker, at, end
            at = end
        raise ValueError("too many segments")

    def edits(self, packet: bytes) -> list[Edit]:
        if self.is_fixed or len(packet) > _JPEG_LIMIT:
            return []
        body = _JPEG_HEADER + packet
        segment = b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body
        return [Edit(*self._slot, segment if packet else b"")]


class _Webp(Container):
    def __init__(self, data: Data) -> None:
        if data[:4] != b"RIFF" or data[8:12] != b"WEBP":
            raise ValueError("not WebP")
        self._size = struct.unpack_from("<I", data, 4)[0]
        stop = 8 + self._size
        self._slot, self._extended = (stop, stop), b""
        for kind, start, end in self._chunks(data, stop):
            if start == 12:
                self._extended = _vp8x(kind, data[20 : min(end, 38)])
                self._has_vp8x = kind == b"VP8X"
            if kind == b"XMP ":
                size = struct.unpack_from("<I", data, start + 4)[0]
                self._slot = start, end
                self._take(data[start + 8 : start + 8 + size])
            elif kind == b"C2PA":
                self.is_fixed = True
        if not self._extended:
            raise ValueError("no image data")

    @staticmethod
    def _chunks(data: Data, stop: int) -> Iterator[tuple[bytes, int, int]]:
        at = 12
        if stop > len(data):
            raise ValueError("incomplete")
        for _ in range(_PART_COUNT_LIMIT):
            if at == stop:
                return
            kind, size = struct.unpack_from("<4sI", data, at)
            end = at + 8 + size + size % 2
            if end > stop:
                raise ValueError("a chunk is incomplete")
            yield kind, at, end
            at = end
        raise ValueError("too many chunks")

    def edits(self, packet: bytes) -> list[Edit]:
        if self.is_fixed or len(packet) > PACKET_LIMIT:
            return []
        chunk = b"XMP " + struct.pack("<I", len(packet)) + packet + bytes(len(packet) % 2)
        flags = self._extended[0] | _XMP_FLAG if packet else self._extended[0] & ~_XMP_FLAG
        head = bytes([flags]) + self._extended[1:]
        if self._has_vp8x:
            first = Edit(20, 21, head[:1])
        else:
            first = Edit(12, 12, b"VP8X" + struct.pack("<I", 10) + head)
        edits = [first, Edit(*self._slot, chunk if packet else b"")]
        growth = sum(len(edit.new) - (edit.end - edit.start) for edit in edits)
        return [Edit(4, 8, struct.pack("<I", self._size + growth)), *edits]


def _vp8x(kind: bytes, head: bytes) -> bytes:
    """Return the content of a VP8X chunk, from the first chunk (RFC 9649, 2.7)."""
    if kind == b"VP8X":
        return head[:10]
    flags = 0
    if kind == b"VP8 " and head[3:6] == b"\x9d\x01\x2a":
        width, height = (number & 0x3FFF for number in struct.unpack_from("<HH", head, 6))
    elif kind == b"VP8L" and head[:1] == b"\x2f":
        bits = struct.unpack_from("<I", head, 1)[0]
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        flags |= 16 * (bits >> 28 & 1)  # transparency
    else:
        raise ValueError("no image data")
    sides = ((side - 1).to_bytes(3, "little") for side in (width, height))
    return bytes([flags, 0, 0, 0]) + b"".join(sides)
