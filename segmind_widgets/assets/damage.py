"""Say in a sentence why a file cannot be used as a picture, sound or video, and what to do.

Each `asset` is an `Asset`, whose module imports this one.
"""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING, Any

from segmind_widgets.assets import decoding
from segmind_widgets.errors import AssetError

if TYPE_CHECKING:
    from mmap import mmap

_WITH_SIGNATURE = frozenset(  # a file of these types begins in a known way
    f"image/{name}" for name in ("jpeg", "png", "webp", "gif", "bmp", "tiff", "avif", "heic")
)
_DECODED = _WITH_SIGNATURE | {"image/jp2", "image/mpo", "image/x-portable-pixmap", "image/x-icon"}
_LIBRARIES = {"image/webp": "webp", "image/avif": "avif", "image/jp2": "jpg_2000"}
_TEXTUAL = ("json", "xml", "javascript", "yaml", "ndjson", "html")
_NOUNS = {"image": "an image", "audio": "an audio file", "video": "a video"}
_CUT_OFF = "is damaged: the end of the image is missing"
_PAGE_STARTS = (b"<!doctype html", b"<html", b"<head", b"<body")
_AGAIN = "Choose another file, or download or save it again."


def check_content(asset: Any) -> None:
    """Check that a file on this machine is what its name or its declared type says.

    Raises:
        AssetError: it is empty, holds something else, or is a picture that is cut off.
    """
    if problem := content_problem(asset):
        raise AssetError(f"{asset.filename} {problem}.", hint=_AGAIN)


def content_problem(asset: Any) -> str:
    """Return why the content cannot be used, as the rest of a sentence; "" where it can."""
    if not asset.local:
        return ""
    if asset.size == 0:
        return "is empty"
    main = asset.media_type.partition("/")[0]
    if asset.recognised is None and main in _NOUNS:
        if _is_text(next(asset.pieces(4096), b"")):
            return f"is not {_NOUNS[main]}: it holds text"
        if asset.media_type in _WITH_SIGNATURE:
            return "is damaged, or not an image"
    is_cut_off = _may_be_cut_off(asset) and not _decodes(asset, too_large=False)
    return _CUT_OFF if is_cut_off else ""


def result_problem(asset: Any, announced: str | None) -> str:
    """Return why a file cannot be a result, as the rest of a sentence; "" where it can.

    Args:
        asset: the file; its declared type is `announced`.
        announced: the type by the service's reply or by the address, None where unknown. The
            Content-Type is no announcement: a page that is sent in the place of a file has one.
    """
    if asset.size == 0:
        return "is empty"
    if announced and _is_textual(announced):
        return ""
    head = next(asset.pieces(4096), b"").removeprefix(b"\xef\xbb\xbf").lstrip()
    if head[:100].lower().startswith(_PAGE_STARTS):
        return "is a web page, and not the file"
    if announced and head[:1] in (b"{", b"[") and _is_text(head):
        return "is a JSON text, and not the file"
    if asset.media_type == "image/svg+xml" and b"<svg" in head:
        return ""
    if problem := content_problem(asset):
        return problem
    is_damaged = _has_decoder(asset.media_type) and not _decodes(asset, too_large=True)
    return "is damaged" if is_damaged else ""


def cut_off(filename: str) -> AssetError:
    """Return the error of a picture whose end is missing."""
    return AssetError(f"{filename} {_CUT_OFF}.", hint=_AGAIN)


def no_picture(asset: Any) -> AssetError:
    """Return the error of a file that cannot be opened as a picture."""
    try:
        check_content(asset)
    except AssetError as error:
        return error
    if asset.media_type == "image/svg+xml":
        return AssetError(
            f"{asset.filename} is an SVG drawing, which has no pixels.",
            hint="Export it as PNG in a drawing program or a browser, and use that file.",
        )
    if asset.media_type in _WITH_SIGNATURE:
        return AssetError(f"{asset.filename} is a damaged image that cannot be read.", hint=_AGAIN)
    return AssetError(
        f"{asset.filename} is {asset.media_type}, not an image that can be read.",
        hint="Use a JPEG, PNG or WebP image.",
    )


def _is_text(head: bytes) -> bool:
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:  # else a letter that the piece cuts
            return False
        text = head[: error.start].decode("utf-8")
    return all(letter.isprintable() or letter in "\t\r\n\ufeff" for letter in text)


def _may_be_cut_off(asset: Any) -> bool:
    """Whether the mark of a picture's end is missing; many such files are whole nevertheless."""
    if asset.media_type not in ("image/jpeg", "image/png", "image/webp", "image/gif"):
        return False
    with asset.mapped() as data:
        return not _has_end(data, asset.media_type)


def _has_end(data: bytes | mmap, media_type: str) -> bool:
    if media_type == "image/jpeg":
        return data.rfind(b"\xff\xd9") > data.rfind(b"\xff\xda")
    if media_type == "image/png":
        return data.rfind(b"IEND") > 0
    if media_type == "image/gif":
        return data[-1:] == b";"
    return len(data) >= 8 + struct.unpack_from("<I", data, 4)[0]


def _is_textual(media_type: str) -> bool:
    """Return whether files of this type are texts, so that a page may be one."""
    subtype = media_type.partition("/")[2].partition(";")[0].strip().lower()
    if media_type.startswith(("image/", "audio/", "video/")):
        return False
    return media_type.startswith("text/") or re.split(r"[+-]", subtype)[-1] in _TEXTUAL


def _has_decoder(media_type: str) -> bool:
    """Return whether pictures of this type can be decoded here."""
    from PIL import features

    if media_type in decoding.HEIF_TYPES:
        return decoding.can_read_heif()
    library = _LIBRARIES.get(media_type)
    return media_type in _DECODED and (not library or bool(features.check(library)))


def _decodes(asset: Any, *, too_large: bool) -> bool:
    """Return whether a picture can be decoded; `too_large` for one that has too many pixels."""
    try:
        with decoding.opened(asset.source, asset.media_type) as picture:
            if picture.size[0] * picture.size[1] > decoding.MAX_PIXELS:
                return too_large
            picture.load()
    except AssetError:  # a HEIC picture of too many pixels
        return too_large
    except Exception:  # noqa: BLE001 - every format's reader has errors of its own
        return False
    return True
