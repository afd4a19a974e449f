"""Infer the JSON Schema of inputs from example values."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from segmind_widgets.schemas import is_list
from segmind_widgets.syntax.pasted.values import Unknown

_WORDS = {
    "image": re.compile(r"image|img|photo|picture|background|mask|face|portrait|logo|selfie|pose"),
    "video": re.compile(r"video|clip|footage|movie|film"),
    "audio": re.compile(r"audio|voice|sound|music|speech|song"),
}
_FILE_NAME = re.compile(r"(?:.*_)?(image|video|audio|mask)s?(?:_(?:url|input|file)s?)?")


def infer_schema(sample: Mapping[str, Any]) -> dict[str, Any] | None:
    """Infer a schema from example inputs, which become its defaults; return None for {}."""
    if not sample:
        return None
    properties = {name: value_schema(name, value) for name, value in sample.items()}
    return {"type": "object", "required": [], "properties": properties}


def item_schema(name: str, kind: str, form: str | None, default: Any) -> dict[str, Any]:
    """Return the schema of a value that is no list; `form` is its format, such as "uri"."""
    schema: dict[str, Any] = {"type": kind}
    if kind == "string" and (form == "uri" or (not form and _is_file(name, default))):
        schema |= _file(name, default)
    elif form:
        schema["format"] = form
    return schema


def value_schema(name: str, value: Any) -> dict[str, Any]:
    """Return the schema of an input with an example value, which becomes its default."""
    schema: dict[str, Any] = {"title": title(name)}
    if is_list(value):
        items = [value_schema(name, item) for item in value]
        alike = items and all(item.get("type") == items[0].get("type") for item in items)
        keys = {"type", "format", "contentMediaType"}.intersection(items[0] if alike else ())
        schema |= {"type": "array"} | ({"items": {k: items[0][k] for k in keys}} if keys else {})
    elif isinstance(value, dict):
        schema["type"] = "object"
    elif isinstance(value, bool):
        schema["type"] = "boolean"
    elif isinstance(value, (int, float)):
        schema["type"] = "integer" if isinstance(value, int) else "number"
    elif isinstance(value, str):
        schema |= item_schema(name, "string", None, value)
    elif isinstance(value, Unknown) and _is_file(name, None):
        schema |= {"type": "string", **_file(name, None)}
    return schema if value is None or isinstance(value, Unknown) else {**schema, "default": value}


def title(name: str) -> str:
    """Return the name of an input as words: "Product Prompt" for `product_prompt`."""
    return " ".join(re.findall(r"[^\W_]+", name)).title() or name


def _is_file(name: str, value: Any) -> bool:
    """Return whether the value is an address, or is empty and the name denotes a file."""
    if isinstance(value, str) and value:
        return re.match(r"(?:https?://|data:\w+/)\S+$", value) is not None
    return not value and _FILE_NAME.fullmatch(name.lower()) is not None


def _file(name: str, default: Any) -> dict[str, str]:
    """Return `format: uri`, with the kind of file from the example or else from the name."""
    kind = _kind_of_url(default) if isinstance(default, str) else ""
    words = re.findall(r"[a-z]+", re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower())
    kinds = (k for k, word in _WORDS.items() if any(word.fullmatch(w.rstrip("s")) for w in words))
    kind = kind or next(kinds, "")
    return {"format": "uri"} | ({"contentMediaType": f"{kind}/*"} if kind else {})


def _kind_of_url(url: str) -> str:
    try:
        path = unquote(urlsplit(url).path)
    except ValueError:
        return ""
    media = path if url.startswith("data:") else mimetypes.guess_type(path)[0] or ""
    kind = media.partition("/")[0]
    return kind if kind in _WORDS else ""
