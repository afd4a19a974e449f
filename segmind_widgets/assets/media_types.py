"""Media types: detect one by a file's first bytes, and give its suffix."""

from __future__ import annotations

import io
import mimetypes
import re
from pathlib import Path
from typing import Any

_MAGIC = (  # formats that Pillow does not read, from their specifications
    (rb".{4}ftyp(qt|M4A)?", {b"qt": "video/quicktime", b"M4A": "audio/mp4", None: "video/mp4"}),
    (rb"\x1aE\xdf\xa3", "video/webm"),
    (rb"RIFF.{4}WAVE", "audio/wav"),
    (rb"RIFF.{4}AVI ", "video/x-msvideo"),
    (rb"ID3|\xff[\xfb\xf3\xf2]", "audio/mpeg"),
    (rb"OggS", "audio/ogg"),
    (rb"fLaC", "audio/flac"),
    (rb"%PDF", "application/pdf"),
    (rb"glTF", "model/gltf-binary"),
)
_SUFFIXES = {  # missing from `mimetypes` in some Python versions and systems
    "image/webp": ".webp",
    "image/avif": ".avif",
    "audio/wav": ".wav",
    "audio/mp4": ".m4a",
    "audio/flac": ".flac",
    "audio/ogg": ".ogg",
    "video/x-msvideo": ".avi",
    "model/gltf-binary": ".glb",
}


def sniff(source: Path | bytes, head: bytes) -> str | None:
    """Return the media type of a file from its content; None if it is not recognised.

    Args:
        source: the file, or all of its bytes.
        head: the first bytes of the file.
    """
    return _picture_type(source) or _magic_type(head)


def suffix(media_type: str) -> str:
    """Return the file suffix for a media type, with its dot; empty where there is none."""
    return _SUFFIXES.get(media_type) or mimetypes.guess_extension(media_type) or ""


def _picture_type(source: Path | bytes) -> str | None:
    from PIL import Image

    try:
        file: Any = Image.open(io.BytesIO(source) if isinstance(source, bytes) else source)
        with file as picture:
            return Image.MIME.get(picture.format or "")
    except Exception:  # noqa: BLE001 - every format's reader has errors of its own
        return None


def _magic_type(head: bytes) -> str | None:
    for pattern, kind in _MAGIC:
        match = re.match(pattern, head, re.DOTALL)
        if match and isinstance(kind, dict):
            return kind.get(match[1], kind[None])
        if match and isinstance(kind, str):
            return kind
    return None
