"""Find location, serial numbers and owner in files, and give the bytes that take their place.

Every replacement has the length of what it replaces, so nothing moves, nothing is decoded, and a
file on disk can be sent with the replacements as it is read. EXIF (TIFF 6.0 and CIPA DC-008): the
entries are taken out of their directories and their values become zeros. XMP (part 1, 7): the
properties become spaces. MP4 and MOV: the location boxes of `moov` become `free`.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from mmap import mmap

from segmind_widgets.assets.streams import boxes

Data = bytes | mmap
Replacement = tuple[int, bytes]  # a position, and the bytes that stand there instead

_GPS, _EXIF, _MAKE, _MAKER_NOTE = 0x8825, 0x8769, 0x010F, 0x927C
_OWN_TAGS = {
    0xA430,  # camera owner
    0xA431,  # body serial number
    0xA435,  # lens serial number
    0xC62F,  # camera serial number, of DNG
}
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_DIRECTORY_LIMIT = 8  # directories of one EXIF block
_JPEG_EXIF = re.compile(rb"\xff\xe1(..)Exif\0\0(?=II\*\0|MM\0\*)", re.DOTALL)
_JPEG_XMP = re.compile(
    rb"\xff\xe1(..)http://ns\.adobe\.com/(?:xap/1\.0|xmp/extension)/\0", re.DOTALL
)
_NAMES = (
    rb"(?:exif:GPS\w+|aux:(?:Serial|LensSerial)Number|aux:OwnerName"
    rb"|exifEX:(?:Body|Lens)SerialNumber|exifEX:CameraOwnerName)"
)
_XMP_PROPERTY = re.compile(
    rb"\s" + _NAMES + rb"\s*=\s*(?:\"[^\"]*\"|'[^']*')"
    rb"|<(" + _NAMES + rb")(?:\s[^>]*)?(?:/>|>.*?</\1\s*>)",
    re.DOTALL,
)
_RAW_PROFILE = re.compile(rb"Raw profile type (?:exif|APP1|xmp)\0")  # ImageMagick's
_LOCATION_BOXES = (b"\xa9xyz", b"loci")
_LOCATION_KEY = b"com.apple.quicktime.location."


def private_data(data: Data, media_type: str) -> list[Replacement]:
    """Return the replacements that free a file of location and serial numbers; none for others."""
    find = {
        "image/jpeg": _in_jpeg,
        "image/png": _in_png,
        "image/webp": _in_webp,
        "video/mp4": _in_moov,
        "video/quicktime": _in_moov,
        "video/3gpp": _in_moov,
        "audio/mp4": _in_moov,
    }.get(media_type)
    try:
        return list(find(data)) if find else []
    except (struct.error, IndexError):  # a broken file goes as it is
        return []


def replaced(pieces: Iterator[bytes], replacements: list[Replacement]) -> Iterator[bytes]:
    """Yield the pieces of a file with the replacements in them."""
    at = 0
    for piece in pieces:
        end, changed = at + len(piece), bytearray(piece)
        for start, new in replacements:
            low, high = max(start, at), min(start + len(new), end)
            if low < high:
                changed[low - at : high - at] = new[low - start : high - start]
        yield bytes(changed)
        at = end


def _in_jpeg(data: Data) -> Iterator[Replacement]:
    """Search the pictures behind the first one, too: compressed pixels hold no such marker."""
    for match in _JPEG_EXIF.finditer(data):
        (size,) = struct.unpack(">H", match[1])
        block = data[match.end() : match.start() + 2 + size]
        if (clean := _clean_exif(block)) != block:
            yield match.end(), clean
    for match in _JPEG_XMP.finditer(data):
        (size,) = struct.unpack(">H", match[1])
        block = data[match.end() : match.start() + 2 + size]
        if (clean := _clean_xmp(block)) != block:
            yield match.end(), clean


def _in_png(data: Data) -> Iterator[Replacement]:
    at = 8
    while at + 12 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        if kind in (b"eXIf", b"iTXt", b"tEXt", b"zTXt") and at + 12 + size <= len(data):
            block = data[at + 8 : at + 8 + size]
            name, clean = _clean_chunk(kind, block)
            if clean != block:
                body = name + clean
                yield at + 4, body + struct.pack(">I", zlib.crc32(body))
        at += 12 + size


def _clean_chunk(kind: bytes, block: bytes) -> tuple[bytes, bytes]:
    """Return name and content of a chunk; a compressed text with private data becomes empty."""
    if kind == b"eXIf":
        return kind, _clean_exif(block)
    if _RAW_PROFILE.match(block):
        return b"tEXt", _blank_text(len(block))
    if kind != b"iTXt" or not block.startswith(b"XML:com.adobe.xmp\0"):
        return kind, block
    if block[18] == 0:
        return kind, _clean_xmp(block)
    packed = block[20:].split(b"\0", 2)[-1]
    try:
        text = zlib.decompressobj().decompress(packed, 1 << 24)
    except zlib.error:
        return kind, block
    is_private = _XMP_PROPERTY.search(text) is not None
    return (b"tEXt", _blank_text(len(block))) if is_private else (kind, block)


def _blank_text(size: int) -> bytes:
    return b"Comment\0".ljust(size, b" ")[:size]


def _in_webp(data: Data) -> Iterator[Replacement]:
    at = 12
    while at + 8 <= len(data):
        kind, size = struct.unpack_from("<4sI", data, at)
        block = data[at + 8 : at + 8 + size]
        clean = block
        if kind == b"EXIF":
            skip = 6 if block.startswith(b"Exif\0\0") else 0
            clean = block[:skip] + _clean_exif(block[skip:])
        elif kind == b"XMP ":
            clean = _clean_xmp(block)
        if clean != block:
            yield at + 8, clean
        at += 8 + size + size % 2


def _clean_xmp(block: bytes) -> bytes:
    return _XMP_PROPERTY.sub(lambda match: b" " * len(match[0]), block)


# EXIF


def _clean_exif(block: bytes) -> bytes:
    """Return an EXIF block, which begins as TIFF does, without the private entries."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(block[:4])
    if not order:
        return block
    clean = bytearray(block)
    try:
        (at,) = struct.unpack_from(f"{order}I", clean, 4)
        for _ in range(_DIRECTORY_LIMIT):
            if not at:
                break
            at = _clean_directory(clean, order, at)
    except struct.error:  # cut off: what was found is gone
        pass
    return bytes(clean)


def _clean_directory(block: bytearray, order: str, at: int, *, is_camera: bool = False) -> int:
    """Take the private entries out of the directory at a position; return the next one's."""
    (count,) = struct.unpack_from(f"{order}H", block, at)
    end = at + 2 + 12 * count
    entries = [bytes(block[start : start + 12]) for start in range(at + 2, end, 12)]
    tail = bytes(block[end : end + 4])
    tags = [struct.unpack(f"{order}H", entry[:2])[0] for entry in entries]
    is_camera = is_camera or _MAKE in tags  # its maker's note may hold the serial number, too
    own = _OWN_TAGS | ({_MAKER_NOTE} if is_camera else set[int]())
    remaining: list[bytes] = []
    for tag, entry in zip(tags, entries, strict=True):
        (value,) = struct.unpack(f"{order}I", entry[8:])
        if tag == _EXIF:
            _clean_directory(block, order, value, is_camera=is_camera)
        if tag == _GPS:
            _erase_directory(block, order, value)
        elif tag in own:
            _erase_value(block, order, entry)
        else:
            remaining.append(entry)
    new = struct.pack(f"{order}H", len(remaining)) + b"".join(remaining) + tail
    block[at : end + len(tail)] = new.ljust(end + len(tail) - at, b"\0")
    return struct.unpack(f"{order}I", tail)[0] if len(tail) == 4 else 0


def _erase_directory(block: bytearray, order: str, at: int) -> None:
    if at + 2 > len(block):
        return
    (count,) = struct.unpack_from(f"{order}H", block, at)
    for start in range(at + 2, min(at + 2 + 12 * count, len(block) - 11), 12):
        _erase_value(block, order, bytes(block[start : start + 12]))
    end = min(at + 2 + 12 * count + 4, len(block))
    block[at:end] = bytes(end - at)


def _erase_value(block: bytearray, order: str, entry: bytes) -> None:
    """Overwrite a value that lies outside its entry."""
    _, kind, count, at = struct.unpack(f"{order}HHII", entry)
    size = _SIZES.get(kind, 1) * count
    if size > 4 and at < len(block):
        end = min(at + size, len(block))
        block[at:end] = bytes(end - at)


# MP4 and MOV


def _in_moov(data: Data) -> Iterator[Replacement]:
    for kind, start, stop in boxes(data, 0, len(data)):
        if kind == b"moov":
            yield from _in_boxes(data, start, stop)


def _in_boxes(data: Data, start: int, stop: int) -> Iterator[Replacement]:
    for kind, begin, end in boxes(data, start, stop):
        if kind in _LOCATION_BOXES:
            yield begin - 4, b"free" + bytes(end - begin)
        elif kind in (b"udta", b"trak"):
            yield from _in_boxes(data, begin, end)
        elif kind == b"meta":
            is_full = data[begin : begin + 4] == bytes(4)  # ISO's has a version, QuickTime's not
            yield from _in_meta(data, begin + 4 if is_full else begin, end)


def _in_meta(data: Data, start: int, stop: int) -> Iterator[Replacement]:
    """Blank the values whose key, which stands in another box, names a location."""
    parts = {kind: (begin, end) for kind, begin, end in boxes(data, start, stop)}
    if b"keys" not in parts or b"ilst" not in parts:
        return
    begin, end = parts[b"keys"]
    names = [data[at:after] for _, at, after in boxes(data, begin + 8, end)]
    numbers = {n for n, name in enumerate(names, 1) if name.startswith(_LOCATION_KEY)}
    for item, at, after in boxes(data, *parts[b"ilst"]):
        if int.from_bytes(item, "big") in numbers and after - at > 16:
            yield at + 16, bytes(after - at - 16)
