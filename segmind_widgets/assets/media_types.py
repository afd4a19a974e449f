"""Media types: parse a declared one, detect one by a file's first bytes, and give its suffix."""

from __future__ import annotations

import mimetypes
import re
import string
from pathlib import Path

from segmind_widgets.assets.decoding import opened
from segmind_widgets.assets.streams import stream_type

_MAGIC = (  # formats that Pillow does not read, from their specifications
    (rb"RIFF.{4}WAVE", "audio/wav"),
    (rb"RIFF.{4}AVI ", "video/x-msvideo"),
    (rb"RIFF.{4}WEBP", "image/webp"),  # Pillow does not open one that is cut off
    (rb"ID3|\xff[\xfb\xfa\xf3\xf2]", "audio/mpeg"),
    (rb"\xff[\xf1\xf9]", "audio/aac"),
    (rb"fLaC", "audio/flac"),
    (rb"%PDF", "application/pdf"),
    (rb"glTF", "model/gltf-binary"),
    (rb"\0\0\0\x0cJXL \r\n\x87\n|\xff\x0a", "image/jxl"),
    (rb"(?:\xef\xbb\xbf)?\s*(?:<(?:\?xml|!--|!DOCTYPE)[^<]*)*<svg[\s>]", "image/svg+xml"),
)
_SUFFIXES = {  # missing from `mimetypes` in some Python versions and systems
    "image/webp": ".webp",
    "image/avif": ".avif",
    "image/heic": ".heic",
    "image/heif": ".heif",
    "image/jxl": ".jxl",
    "image/x-canon-cr3": ".cr3",
    "image/svg+xml": ".svg",
    "audio/wav": ".wav",
    "audio/mp4": ".m4a",
    "audio/flac": ".flac",
    "audio/ogg": ".ogg",
    "audio/aac": ".aac",
    "audio/webm": ".weba",
    "audio/3gpp": ".3gp",
    "audio/x-matroska": ".mka",
    "video/webm": ".webm",
    "video/ogg": ".ogv",
    "video/3gpp": ".3gp",
    "video/3gpp2": ".3g2",
    "video/x-matroska": ".mkv",
    "video/x-msvideo": ".avi",
    "model/gltf-binary": ".glb",
}
_TYPES = {ending: kind for kind, ending in _SUFFIXES.items() if ending != ".3gp"} | {
    ".3gp": "video/3gpp"
}

UNKNOWN = "application/octet-stream"
_NAME_CHARACTERS = frozenset(string.ascii_lowercase + string.digits + "!#$&-^_.+")
_LONGEST_NAME = 127  # characters, as the other rules of names: RFC 6838, 4.2


def parse(declared: object) -> str | None:
    """Return the `type/subtype` of a Content-Type in lower case; None for any other text.

    A service chooses this text, and it becomes a part of addresses, captions and the journal.
    """
    if not isinstance(declared, str):
        return None
    main, _, subtype = declared.partition(";")[0].strip().lower().partition("/")
    return f"{main}/{subtype}" if _is_name(main) and _is_name(subtype) else None


def _is_name(text: str) -> bool:
    return (
        0 < len(text) <= _LONGEST_NAME and text[0].isalnum() and _NAME_CHARACTERS.issuperset(text)
    )


def sniff(source: Path | bytes, head: bytes) -> str | None:
    """Return the media type of a file from its content; None if it is not recognised.

    Args:
        source: the file, or all of its bytes.
        head: the first bytes of the file.
    """
    return stream_type(source, head) or _picture_type(source) or _magic_type(head)


def suffix(media_type: str) -> str:
    """Return the file suffix for a media type, with its dot; empty where there is none."""
    return _SUFFIXES.get(media_type) or mimetypes.guess_extension(media_type) or ""


def suffix_of_address(url: str) -> str:
    """Return the suffix of the file at an address, cut to letters and digits."""
    ending = "".join(filter(str.isalnum, Path(url.partition("?")[0]).suffix[:8]))
    return f".{ending}" if ending else ""


def type_of_name(name: str) -> str | None:
    """Return the media type that a file's name stands for; None for no known suffix."""
    ending = Path(name).suffix.lower()
    return _TYPES.get(ending) or mimetypes.guess_type(name)[0]


def _picture_type(source: Path | bytes) -> str | None:
    from PIL import Image

    try:
        with opened(source) as picture:
            return Image.MIME.get(picture.format or "")
    except Exception:  # noqa: BLE001 - every format's reader has errors of its own
        return None


def _magic_type(head: bytes) -> str | None:
    return next((kind for pattern, kind in _MAGIC if re.match(pattern, head, re.DOTALL)), None)
