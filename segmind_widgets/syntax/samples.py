"""Infer the JSON Schema of inputs from example values or from the text of an API page."""

from __future__ import annotations

import json
import mimetypes
import re
from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import Any
from urllib.parse import unquote, urlsplit

from segmind_widgets.schemas import is_list
from segmind_widgets.syntax.pasted.values import Unknown

_TYPES = {
    "string": "string", "str": "string", "text": "string", "integer": "integer", "int": "integer",
    "number": "number", "float": "number", "boolean": "boolean", "bool": "boolean",
    "object": "object", "array": "array",
}  # fmt: skip
_SECTION = re.compile(
    r"^[ \t]*Parameters[ \t]*$(.*?)(?=^[ \t]*(?:Response Format|Common Error Codes)[ \t]*$|\Z)",
    re.MULTILINE | re.DOTALL,
)
_HEAD = re.compile(  # `backgroundoptional`, then `string (uri)`
    rf"^[ \t]*([A-Za-z_][\w-]*?)\s*(optional|required)[^\S\n]*\n\s*({'|'.join(_TYPES)})(\[\])?"
    r"[ \t]*(?:\((\w+)\))?[ \t]*$",
    re.MULTILINE,
)
_DEFAULT = re.compile(r"Default:\s*(.+)")
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
    properties = {name: _of_value(name, value) for name, value in sample.items()}
    return {"type": "object", "required": [], "properties": properties}


def parse_parameters(text: str, sample: Mapping[str, Any]) -> dict[str, Any] | None:
    """Parse the "Parameters" section of an API page's text; return None without one.

    Inputs that are only in the example follow those of the page.
    """
    section = _SECTION.search(text)
    entries = list(_entries(section[1])) if section else []
    if not entries:
        return None
    properties = {name: schema for name, schema, _ in entries}
    for name, value in sample.items():
        properties.setdefault(name, _of_value(name, value))
    required = [name for name, _, is_required in entries if is_required]
    return {"type": "object", "required": required, "properties": properties}


def _entries(section: str) -> Iterator[tuple[str, dict[str, Any], bool]]:
    """Yield name, schema and whether it is required for each input of the page."""
    heads = list(_HEAD.finditer(section))
    for head, after in zip_longest(heads, heads[1:]):
        end = after.start() if after else len(section)
        name, need, kind, many, form = head.groups()
        body = section[head.end() : end]
        schema = _item(name, _TYPES[kind], form, default := _default(body, _TYPES[kind]))
        if many:
            schema = {"type": "array", "items": schema}
        lines = [line.strip() for line in _DEFAULT.sub("", body).split("\n") if line.strip()]
        schema["title"] = lines[0] if lines else _title(name)
        if len(lines) > 1:
            schema["description"] = " ".join(lines[1:])
        if default is not None:
            schema["default"] = default
        yield name, schema, need == "required"


def _default(body: str, kind: str) -> Any:
    """Return the default on the page, which is JSON, or unquoted text for a string."""
    match = _DEFAULT.search(body)
    if not match:
        return None
    try:
        return json.loads(match[1])
    except ValueError:
        return match[1].strip() if kind == "string" else None


def _item(name: str, kind: str, form: str | None, default: Any) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": kind}
    if kind == "string" and (form == "uri" or (not form and _is_file(name, default))):
        schema |= _file(name, default)
    elif form:
        schema["format"] = form
    return schema


def _of_value(name: str, value: Any) -> dict[str, Any]:
    schema: dict[str, Any] = {"title": _title(name)}
    if is_list(value):
        items = [_of_value(name, item) for item in value]
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
        schema |= _item(name, "string", None, value)
    elif isinstance(value, Unknown) and _is_file(name, None):
        schema |= {"type": "string", **_file(name, None)}
    return schema if value is None or isinstance(value, Unknown) else {**schema, "default": value}


def _title(name: str) -> str:
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
