"""Say in a sentence why a file cannot be used as a picture, sound or video, and what to do.

Each `asset` is an `Asset`, whose module imports this one.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from segmind_widgets.assets import decoding
from segmind_widgets.errors import AssetError

if TYPE_CHECKING:
    from mmap import mmap

_WITH_SIGNATURE = frozenset(  # a file of these types begins in a known way
    f"image/{name}" for name in ("jpeg", "png", "webp", "gif", "bmp", "tiff", "avif", "heic")
)
_NOUNS = {"image": "an image", "audio": "an audio file", "video": "a video"}
_AGAIN = "Choose another file, or download or save it again."


def check_content(asset: Any) -> None:
    """Check that a file on this machine is what its name or its declared type says.

    Raises:
        AssetError: it is empty, holds something else, or is a picture that is cut off.
    """
    if not asset.local:
        return
    if asset.size == 0:
        raise AssetError(f"{asset.filename} is empty.", hint=_AGAIN)
    main = asset.media_type.partition("/")[0]
    if asset.recognised is None and main in _NOUNS:
        holds_text = _is_text(next(asset.pieces(4096), b""))
        if holds_text:
            raise AssetError(f"{asset.filename} is not {_NOUNS[main]}: it holds text.", hint=_AGAIN)
        if asset.media_type in _WITH_SIGNATURE:
            raise AssetError(f"{asset.filename} is damaged, or not an image.", hint=_AGAIN)
    if _may_be_cut_off(asset) and not _is_whole(asset):
        raise cut_off(asset.filename)


def cut_off(filename: str) -> AssetError:
    """Return the error of a picture whose end is missing."""
    return AssetError(f"{filename} is damaged: the end of the image is missing.", hint=_AGAIN)


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


def _is_whole(asset: Any) -> bool:
    try:
        with decoding.opened(asset.source, asset.media_type) as picture:
            picture.load()
    except Exception:  # noqa: BLE001 - every format's reader has errors of its own
        return False
    return True
