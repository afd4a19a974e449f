"""Write a WebM file of VP8 key frames, which are taken from lossy WebP pictures.

A lossy WebP holds exactly one VP8 key frame (RFC 9649, chunk "VP8 "), and a WebM video track of
codec V_VP8 is a sequence of VP8 frames (https://www.webmproject.org/docs/container/), so no
encoder other than Pillow is needed. The element numbers are those of the Matroska specification
(RFC 9559).
"""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence

from PIL import Image

_CLUSTER = 12  # frames per cluster


def vp8_frame(image: Image.Image, quality: int) -> bytes:
    """Return the VP8 key frame of a picture.

    Raises:
        ValueError: Pillow wrote a WebP without a "VP8 " chunk.
    """
    sink = io.BytesIO()
    image.convert("RGB").save(sink, "WEBP", quality=quality, method=2)
    data, at = sink.getvalue(), 12
    while at + 8 <= len(data):
        name, size = data[at : at + 4], struct.unpack("<I", data[at + 4 : at + 8])[0]
        if name == b"VP8 ":
            return data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2
    raise ValueError("This WebP picture holds no VP8 frame.")


def _size(length: int) -> bytes:
    """Encode an EBML length in as few bytes as possible."""
    for width in range(1, 9):
        if length < (1 << 7 * width) - 1:
            return (length | 1 << 7 * width).to_bytes(width, "big")
    raise ValueError(f"{length} bytes are too many for one element.")


def _element(number: int, body: bytes) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big") + _size(len(body)) + body


def _uint(number: int, value: int) -> bytes:
    return _element(number, value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big"))


def _text(number: int, value: str) -> bytes:
    return _element(number, value.encode())


def webm(frames: Sequence[Image.Image], rate: int, writer: str, budget: int = 520_000) -> bytes:
    """Encode the frames, all of one size, as a silent WebM film; `rate` is frames per second.

    The quality is the highest of six at which the estimated size is within `budget` bytes, or the
    lowest of them.
    """
    first = frames[0]
    samples = frames[:: max(1, len(frames) // 3)]
    for quality in (70, 58, 46, 34, 22, 12):
        guess = sum(len(vp8_frame(i, quality)) for i in samples) / len(samples) * len(frames)
        if guess <= budget:
            break
    payloads = [vp8_frame(i, quality) for i in frames]
    times = [round(1000 * k / rate) for k in range(len(payloads) + 1)]
    head = _element(0x1A45DFA3, b"".join((
        _uint(0x4286, 1), _uint(0x42F7, 1), _uint(0x42F2, 4), _uint(0x42F3, 8),
        _text(0x4282, "webm"), _uint(0x4287, 2), _uint(0x4285, 2),
    )))  # fmt: skip
    info = _element(0x1549A966, b"".join((
        _uint(0x2AD7B1, 1_000_000), _element(0x4489, struct.pack(">d", float(times[-1]))),
        _text(0x4D80, writer), _text(0x5741, writer),
    )))  # fmt: skip
    video = _element(0xE0, _uint(0xB0, first.width) + _uint(0xBA, first.height))
    track = _element(0xAE, b"".join((
        _uint(0xD7, 1), _uint(0x73C5, 1), _uint(0x9C, 0), _uint(0x83, 1),
        _text(0x86, "V_VP8"), _uint(0x23E383, round(1e9 / rate)), video,
    )))  # fmt: skip
    tracks = _element(0x1654AE6B, track)
    clusters = []
    for start in range(0, len(payloads), _CLUSTER):
        blocks = [_uint(0xE7, times[start])]
        for k in range(start, min(start + _CLUSTER, len(payloads))):
            head_of_block = b"\x81" + struct.pack(">hB", times[k] - times[start], 0x80)
            blocks.append(_element(0xA3, head_of_block + payloads[k]))
        clusters.append(_element(0x1F43B675, b"".join(blocks)))
    cues = _cues(info + tracks, clusters, times)
    return head + _element(0x18538067, info + tracks + cues + b"".join(clusters))


def _cues(before: bytes, clusters: list[bytes], times: list[int]) -> bytes:
    """Encode the index of cluster positions, counted from the segment's first byte.

    The positions have a fixed width, so the size of the index is known before its content.
    """

    def table(own: int) -> bytes:
        points, at = [], len(before) + own
        for k, cluster in enumerate(clusters):
            place = _uint(0xF7, 1) + _element(0xF1, at.to_bytes(4, "big"))
            points.append(_element(0xBB, _uint(0xB3, times[k * _CLUSTER]) + _element(0xB7, place)))
            at += len(cluster)
        return _element(0x1C53BB6B, b"".join(points))

    return table(len(table(0)))
