"""Tell containers of sound, video and pictures apart: ISO BMFF, Matroska and WebM, Ogg.

ISO BMFF (ISO/IEC 14496-12): by the brands of `ftyp` and, where these leave it open, the handlers
of the tracks in `moov`. Matroska (RFC 9559): by DocType and the types of the tracks. Ogg (RFC
3533): by the first packet of each stream. Nothing is decoded.
"""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Iterator
from mmap import mmap
from pathlib import Path
from typing import BinaryIO

_PICTURE_BRANDS = {
    b"avif": "image/avif",
    b"avis": "image/avif",
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis"), "image/heic"),
    **dict.fromkeys((b"hevc", b"hevx", b"hevm", b"hevs"), "image/heic-sequence"),
    b"crx ": "image/x-canon-cr3",
}
_PICTURE_FAMILIES = {b"mif1": "image/heif", b"msf1": "image/heif-sequence"}  # of any codec
_SOUND_BRANDS = (b"M4A ", b"M4B ", b"M4P ")
_OLD_QUICKTIME = (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")  # has no ftyp
_BOX_LIMIT = 1_000  # boxes at one level
_MOOV_LIMIT = 16 * 1024 * 1024  # bytes

_EBML_MAGIC = b"\x1aE\xdf\xa3"
_DOC_TYPE, _SEGMENT, _TRACKS, _TRACK, _TRACK_TYPE = 0x4282, 0x18538067, 0x1654AE6B, 0xAE, 0x83

_OGG_FIRST_PAGE = re.compile(rb"OggS\0[\2\3\6\7].{20}(.)", re.DOTALL)
_VIDEO_IN_OGG = (b"\x80theora", b"BBCD\0", b"\x01video", b"OVP80")


def stream_type(source: Path | bytes, head: bytes) -> str | None:
    """Return the media type of a file in one of these containers; None for any other.

    Args:
        source: the file, or all of its bytes.
        head: its first bytes.
    """
    if head[4:8] == b"ftyp" or (head[4:8] in _OLD_QUICKTIME and _is_box(head)):
        return _iso_type(source, head)
    if head.startswith(_EBML_MAGIC):
        return _matroska_type(head)
    if head.startswith(b"OggS"):
        return _ogg_type(head)
    return None


# ISO BMFF


def _is_box(head: bytes) -> bool:
    """Whether a size that a box may have stands before its name."""
    (size,) = struct.unpack_from(">I", head)
    return size in (0, 1) or 8 <= size < 1 << 31


def _iso_type(source: Path | bytes, head: bytes) -> str:
    if head[4:8] != b"ftyp":
        return "video/quicktime"
    (size,) = struct.unpack_from(">I", head)
    major, compatible = head[8:12], [head[at : at + 4] for at in range(16, min(size, 256), 4)]
    brands = [major, *compatible]
    if major in _PICTURE_BRANDS:
        return _PICTURE_BRANDS[major]
    if major in _PICTURE_FAMILIES:
        types = (_PICTURE_BRANDS[brand] for brand in compatible if brand in _PICTURE_BRANDS)
        return next(types, _PICTURE_FAMILIES[major])
    if major == b"qt  ":
        return "video/quicktime"
    if major in _SOUND_BRANDS:
        return "audio/mp4"
    main = "audio" if _is_sound(source, brands) else "video"
    mobile = {b"3gp": "3gpp", b"3ge": "3gpp", b"3gr": "3gpp", b"3gs": "3gpp", b"3g2": "3gpp2"}
    return f"{main}/{mobile.get(major[:3], 'mp4')}"


def _is_sound(source: Path | bytes, brands: list[bytes]) -> bool:
    """Whether there is sound and no video, by the tracks or, without tracks, by the brands."""
    handlers = _handlers(source)
    if handlers:
        return b"vide" not in handlers and b"soun" in handlers
    return b"M4V " not in brands and any(brand in _SOUND_BRANDS for brand in brands)


def _handlers(source: Path | bytes) -> set[bytes]:
    """Return the kinds of the tracks, such as `vide`; none where they are not found."""
    try:
        with source.open("rb") if isinstance(source, Path) else io.BytesIO(source) as file:
            moov = _moov(file)
    except OSError:
        return set()
    places = [(0, len(moov))]
    for name in (b"trak", b"mdia", b"hdlr"):
        places = [
            (begin, end)
            for start, stop in places
            for kind, begin, end in boxes(moov, start, stop)
            if kind == name
        ]
    return {moov[begin + 8 : begin + 12] for begin, _ in places}


def _moov(file: BinaryIO) -> bytes:
    """Return the content of `moov`; empty where there is none."""
    at = 0
    for _ in range(_BOX_LIMIT):
        file.seek(at)
        head = file.read(16)
        if len(head) < 8:
            return b""
        size, kind = struct.unpack_from(">I4s", head)
        skip = 8
        if size == 1 and len(head) == 16:
            (size,), skip = struct.unpack_from(">Q", head, 8), 16
        if kind == b"moov":
            file.seek(at + skip)
            return file.read(min(size - skip, _MOOV_LIMIT) if size >= skip else _MOOV_LIMIT)
        if size < skip:  # 0: the box goes to the end
            return b""
        at += size
    return b""


def boxes(data: bytes | mmap, start: int, stop: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, start and end of the content of each box."""
    for _ in range(_BOX_LIMIT):
        if start + 8 > min(stop, len(data)):
            return
        size, kind = struct.unpack_from(">I4s", data, start)
        skip = 8
        if size == 1 and start + 16 <= min(stop, len(data)):
            (size,), skip = struct.unpack_from(">Q", data, start + 8), 16
        if size < skip:
            return
        yield kind, start + skip, min(start + size, stop)
        start += size


# Matroska and WebM


def _matroska_type(head: bytes) -> str:
    """Return the type by DocType and tracks; where no track is found, it counts as video."""
    body, kinds, family = 0, set[int](), "webm"
    for number, start, stop in _elements(head, 0, len(head)):
        if number == _SEGMENT:
            body = start
            break
        for inner, begin, end in _elements(head, start, stop):
            if inner == _DOC_TYPE and head[begin:end].rstrip(b"\0") == b"matroska":
                family = "x-matroska"
    for number, start, stop in _elements(head, body, len(head)) if body else ():
        if number == _TRACKS:
            kinds = set(_track_kinds(head, start, stop))
            break
    return f"{'audio' if kinds and 1 not in kinds and 2 in kinds else 'video'}/{family}"


def _track_kinds(head: bytes, start: int, stop: int) -> Iterator[int]:
    """Yield the type of each track: 1 is video, 2 is sound."""
    for number, begin, end in _elements(head, start, stop):
        for inner, at, after in _elements(head, begin, end) if number == _TRACK else ():
            if inner == _TRACK_TYPE:
                yield int.from_bytes(head[at:after], "big")


def _elements(head: bytes, start: int, stop: int) -> Iterator[tuple[int, int, int]]:
    """Yield number, start and end of the content of each EBML element."""
    while start < min(stop, len(head)):
        number_length = _length(head[start])
        at = start + number_length
        if at >= len(head):
            return
        size_length = _length(head[at])
        number = int.from_bytes(head[start:at], "big")
        begin = at + size_length
        value = int.from_bytes(head[at:begin], "big") & ((1 << 7 * size_length) - 1)
        unknown = value == (1 << 7 * size_length) - 1  # a live stream's size
        end = stop if unknown else min(begin + value, stop)
        yield number, begin, end
        start = max(end, begin)


def _length(first: int) -> int:
    """Return the length of a variable-length number by its first byte."""
    return 9 - first.bit_length() if first else 8


# Ogg


def _ogg_type(head: bytes) -> str:
    """Return the type by the first packets, which all stand before the streams' content."""
    at = 0
    while (
        match := re.compile(rb"OggS\0([\2\3\6\7]).{20}(.)", re.DOTALL).match(head, at)
    ) is not None:
        count = match[2][0]
        begin = at + 27 + count
        if any(head.startswith(mark, begin) for mark in _VIDEO_IN_OGG):
            return "video/ogg"
        at = begin + sum(head[at + 27 : begin])
    return "audio/ogg"
