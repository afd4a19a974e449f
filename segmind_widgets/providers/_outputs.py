"""One value of a reply: JSON, an address, the bytes of a file in base64, or text."""

from __future__ import annotations

import json
import re
from typing import Any

from segmind_widgets.assets.asset import Asset
from segmind_widgets.assets.base64_codec import base64_codec
from segmind_widgets.assets.media_types import UNKNOWN, parse, type_of_name
from segmind_widgets.nested import transform
from segmind_widgets.schemas import is_list, is_mapping
from segmind_widgets.types import Output

_DATA_URI = re.compile(r"data:(?P<kind>[\w.+-]+/[\w.+-]+)?(?P<more>(;[\w=.+-]+)*),", re.IGNORECASE)
_ADDRESS = re.compile(
    r"https?://|(s3|gs|r2|az|oss|cos|ftp)://[^\s/]+/\S|//[\w-]+(\.[\w-]+)+(:\d+)?/\S",
    re.IGNORECASE,
)
_BASE64 = re.compile(r"[A-Za-z0-9+/_\-\s]+={0,2}\s*", re.ASCII)
_TO_STANDARD = str.maketrans({"-": "+", "_": "/", **dict.fromkeys(" \t\r\n")})
_SHORTEST_FILE = 24  # characters of base64; no file is shorter
_DEEPEST = 60  # levels; the known replies have six


def from_json(text: str | bytes) -> Any:
    """Return the value of a JSON text. Raises ValueError if it is invalid or nested too deeply."""
    try:
        value = json.loads(text)
    except RecursionError:
        raise ValueError("nested too deep") from None
    level = [value]
    for _ in range(_DEEPEST):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return transform(value, _whole, _whole)
    raise ValueError("nested too deep")


def _whole(value: Any) -> Any:
    """Replace unpaired surrogates, as of a cut emoji, by "?": databases cannot store them."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    return value


def _inside(value: Any) -> Any:
    return value.values() if is_mapping(value) else value if is_list(value) else ()


def parsed(text: str) -> Any:
    """Return the list or the mapping that a text holds as JSON, or None."""
    if text.strip()[:1] not in ("[", "{", '"'):
        return None
    try:
        value = from_json(text)
    except ValueError:
        return None
    if isinstance(value, str):
        return parsed(value)
    return value if is_list(value) or is_mapping(value) else None


def address_of(text: str) -> str:
    """Return the address that a text is; "" for any other text.

    An address may have spaces if it names a file, and no scheme if it names a host. One that only
    its owner's programs can fetch (`s3://`) is an address, too: the download says so.
    """
    if not _ADDRESS.match(text) or any(c in "\r\n\t" for c in text):
        return ""
    if any(c.isspace() for c in text):
        path = text.partition("?")[0]
        if "://" in path[8:] or not type_of_name(path.rpartition("/")[2]):
            return ""  # a sentence that begins with an address
    return f"https:{text}" if text.startswith("//") else text


def file_of(text: str, kind: str = "") -> Output | None:
    """Return the file that a text is: an address, a data URI or base64; None for other texts.

    Args:
        text: a string of a reply. Base64 may be wrapped or in the alphabet for URLs.
        kind: the media type by the name of its place, such as `image/png` for `image`. Where there
            is none, base64 counts only if its bytes are those of a known type.
    """
    text = text.strip()
    if address := address_of(text):
        return Output(url=address)
    declared = None
    if match := _DATA_URI.match(text[:200]):
        if not match["more"].lower().endswith(";base64"):
            return _of_plain_data_uri(text)
        declared, text = parse(match["kind"]), text[match.end() :]
        kind = kind or declared or UNKNOWN
    is_short = declared is None and len(text) < _SHORTEST_FILE
    data = None if is_short else _decoded(text)
    if data is None:
        return None
    asset = Asset(data=data, declared_type=declared)
    if asset.recognised is None and not kind:
        return None
    return Output(data=data, media_type=asset.recognised or declared or kind)


def _of_plain_data_uri(text: str) -> Output | None:
    from segmind_widgets.errors import AssetError

    try:
        asset = Asset.of(text)
    except AssetError:
        return None
    return Output(data=asset.content, media_type=asset.media_type)


def _decoded(text: str) -> bytes | None:
    if not _BASE64.fullmatch(text):
        return None
    text = text.translate(_TO_STANDARD).rstrip("=")
    try:
        return base64_codec().b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        return None


def text_output(text: str, name: str | None = None) -> Output:
    """Return an output that is a text."""
    return Output(data=text.encode("utf-8", "replace"), media_type="text/plain", name=name)


def data_output(value: object, name: str | None = None) -> Output:
    """Return an output that is data: a text for a string or a number, else JSON."""
    if isinstance(value, (str, int, float)):
        return text_output(str(value), name)
    data = json.dumps(value, ensure_ascii=False, indent=2).encode("utf-8", "replace")
    return Output(data=data, media_type="application/json", name=name)
