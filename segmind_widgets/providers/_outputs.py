"""The outputs in a service's reply, whatever their shape: files, data URIs, text, names."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from segmind_widgets.assets.asset import Asset
from segmind_widgets.assets.media_types import type_of_name
from segmind_widgets.errors import AssetError
from segmind_widgets.nested import transform
from segmind_widgets.schemas import is_list, is_mapping
from segmind_widgets.types import Output

_DATA_URI = re.compile(r"data:[\w.+-]+/[\w.+-]+(;[\w=.+-]+)*,")
_ADDRESS = re.compile(
    r"https?://|(s3|gs|r2|az|oss|cos|ftp)://[^\s/]+/\S|//[\w-]+(\.[\w-]+)+(:\d+)?/\S",
    re.IGNORECASE,
)
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


def collect(value: object, name: str | None = None) -> list[Output]:
    """Return every output in a service's `output`, whatever its shape, with its name.

    Strings that contain JSON are parsed. URLs and data URIs become files; other text becomes a text
    output if nothing else is found. Known shapes: a URL, a list of URLs, `{"image": url}`, `{"url":
    …}`, `[{"keyname": …, "value": {"data": …, "type": …}}]`, the reply of a language model.
    """
    value = _unpacked(value)
    outputs = list(_files(value, name))
    if outputs:
        return _unique(outputs)
    text = text_of_model(value)
    if text is None and value not in (None, "", [], {}):
        text = value if isinstance(value, str) else None
        if text is None:
            data = json.dumps(value, ensure_ascii=False, indent=2).encode()
            return [Output(data=data, media_type="application/json", name=name)]
    return [Output(data=text.encode(), media_type="text/plain", name=name)] if text else []


def text_of_model(value: Any) -> str | None:
    """Return the text in a language model's reply: OpenAI's, Anthropic's or Gemini's form."""
    try:
        if is_list(value.get("choices")):
            choice = value["choices"][0]
            content = choice.get("message", choice).get("content", choice.get("text"))
            return content if isinstance(content, str) else _joined(content)
        if is_list(value.get("content")):
            return _joined(value["content"])
        if is_list(value.get("candidates")):
            return _joined(value["candidates"][0]["content"]["parts"])
    except (AttributeError, KeyError, IndexError, TypeError):
        return None
    return None


def _joined(parts: Any) -> str:
    return "".join(part["text"] for part in parts if isinstance(part.get("text"), str))


def _unpacked(value: object) -> object:
    if isinstance(value, str) and value.strip()[:1] in ("[", "{", '"'):
        try:
            return _unpacked(from_json(value))
        except ValueError:
            return value
    return value


_PLAIN = {"data", "url", "urls", "value", "output", "outputs", "result", "results", "items"}


def _files(value: object, name: str | None, depth: int = 0) -> Iterator[Output]:
    if depth > 12:
        return
    if isinstance(value, str):
        yield from _file(value, name)
    elif is_list(value):
        for item in value:
            yield from _files(item, name, depth + 1)
    elif is_mapping(value) and isinstance(value.get("keyname"), str):
        yield from _named(value, depth)
    elif is_mapping(value):
        for key, item in value.items():
            inner = name if str(key) in _PLAIN else str(key)
            yield from _files(_unpacked(item), inner, depth + 1)


def _named(value: Mapping[str, Any], depth: int) -> Iterator[Output]:
    """Yield outputs of a workflow's `{"keyname": …, "value": {"data": …, "type": …}}`."""
    name = value["keyname"]
    inner = _unpacked(value.get("value"))
    files = list(_files(inner, name, depth + 1))
    data = inner.get("data") if is_mapping(inner) else inner
    if files:
        yield from files
    elif isinstance(data, (str, int, float)):
        yield Output(data=str(data).encode(), media_type="text/plain", name=name)


def _file(text: str, name: str | None) -> Iterator[Output]:
    text = text.strip()
    if address := address_of(text):
        yield Output(url=address, name=name)
    elif _DATA_URI.match(text):
        with suppress(AssetError):  # incomplete JSON: treat it as text
            asset = Asset.of(text)
            yield Output(data=asset.content, media_type=asset.media_type, name=name)


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


def _unique(outputs: list[Output]) -> list[Output]:
    unique: dict[object, Output] = {}
    for output in outputs:
        unique.setdefault(output.url or id(output), output)
    return list(unique.values())
