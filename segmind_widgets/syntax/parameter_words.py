"""Interpret the words with which a page describes one input: type, default, range, choices.

The words come from a server. No pattern here has an unbounded repetition that another one may
follow, so the time is linear in the length of the text.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from segmind_widgets.printable import printable
from segmind_widgets.schemas import is_list, is_mapping
from segmind_widgets.syntax.samples import item_schema, title

TYPES = {
    "string": "string", "str": "string", "text": "string", "enum": "string", "uri": "string",
    "url": "string", "image": "string", "video": "string", "audio": "string", "file": "string",
    "integer": "integer", "int": "integer", "number": "number", "float": "number",
    "double": "number", "boolean": "boolean", "bool": "boolean", "object": "object",
    "dict": "object", "map": "object", "array": "array", "list": "array",
}  # fmt: skip
MAX_NAME = 64  # characters of an input's name
_MAX_TEXT = 500  # characters of a description
_MAX_CHOICE = 60  # characters of a choice
_MAX_CHOICES = 100
_FILES = ("uri", "url", "image", "video", "audio", "file")
_LABELS = {  # label on a page: what it introduces
    "default": "default", "default value": "default", "range": "range", "value range": "range",
    "allowed values": "choices", "allowed": "choices", "possible values": "choices",
    "supported values": "choices", "available values": "choices", "options": "choices",
    "available options": "choices", "choices": "choices", "one of": "choices", "enum": "choices",
    "values": "choices", "min": "min", "minimum": "min", "max": "max", "maximum": "max",
    "type": "type", "required": "required", "description": "text", "example": "example",
}  # fmt: skip
_LABEL = re.compile(
    rf"(?i)(?<![a-z])({'|'.join(sorted(_LABELS, key=len, reverse=True))})\*{{0,2}}[ \t]{{0,2}}"
    r"(?:\(\d{1,3} total\)[ \t]{0,2})?:\*{0,2}"
)
_NUMBER = re.compile(r"(?<![\d.])-?\d{1,20}(?:\.\d{1,20})?")
_SPAN = re.compile(r"\bto\b|\band\b|\d ?[-–—] ?-?\d|\.\.|between", re.IGNORECASE)
_MORE = "\0more"  # stands for the choices that a page does not list
_MARKS = " \t\n`*\"'“”"


def is_name(text: str) -> bool:
    """Return whether a text may be the name of an input: `prompt`, `x-seed`, `image2`."""
    plain = text.replace("_", "").replace("-", "")
    return len(text) <= MAX_NAME and plain.isascii() and plain.isalnum() and not text[0].isdigit()


def parse_type(text: str) -> tuple[str, bool, str]:
    """Return the JSON type in a text, whether it is a list of them, and the kind of file.

    "string (uri)[]" is ("string", True, "uri"), "list of images" is ("string", True, "image"); the
    type is "" for other words.
    """
    words = re.findall(r"[a-z]{1,12}", text[:_MAX_TEXT].lower())
    kinds = [kind for word in words if (kind := TYPES.get(word) or TYPES.get(word.rstrip("s")))]
    plain = [kind for kind in kinds if kind != "array"]
    files = (word.rstrip("s") for word in words)
    file = next((word for word in files if word in _FILES), "") if "string" in plain[:1] else ""
    many = "[]" in text or kinds[:1] == ["array"]
    return (plain or ["" if kinds[:1] == ["array"] else "".join(kinds[:1])])[0], many, file


def sections(text: str) -> dict[str, str]:
    """Split a description at its labels: {"text": …, "default": …, "choices": …, "min": …}."""
    found: dict[str, str] = {}
    heads = _heads(text)
    ends = [head.start() for head in heads] + [len(text)]
    found["text"] = text[: ends[0]]
    for head, end in zip(heads, ends[1:], strict=True):
        label, words = _LABELS[head[1].lower()], text[head.end() : end].strip(" \t\n*")
        if not found.get(label, "").strip():
            found[label] = words
    return found


def _heads(text: str) -> list[re.Match[str]]:
    """Return the labels, without those inside the first default if that is quoted."""
    heads = list(_LABEL.finditer(text))
    default = next((head for head in heads if head[1].lower().startswith("default")), None)
    if default is None:
        return heads
    start = default.end() + len(text[default.end() :]) - len(text[default.end() :].lstrip(" \t"))
    if not text.startswith('"', start):
        return heads
    try:
        _, end = json.JSONDecoder().raw_decode(text, start)
    except ValueError:
        return heads
    return [head for head in heads if not start < head.start() < end]


def input_schema(
    name: str, kind: str, facts: Mapping[str, str], values: str = ""
) -> dict[str, Any]:
    """Return the JSON Schema of an input.

    Args:
        name: of the input.
        kind: the words for its type.
        facts: what a page says, by the keys of `sections`.
        values: a table's cell with a range or choices.
    """
    type_, many, file = parse_type(kind)
    default = parse_value(facts.get("default", "").split("\n")[0], type_, many=many)
    schema: dict[str, Any] = {}
    if type_:
        schema = item_schema(name, type_, "uri" if file else None, None if many else default)
        if file in ("image", "video", "audio"):
            schema["contentMediaType"] = f"{file}/*"
    limits = _limits(facts, values, type_) | _choices(facts, values, type_, default)
    schema |= {key: value for key, value in limits.items() if "format" not in schema}
    if many:
        schema = {"type": "array", **({"items": schema} if schema else {})}
    text = " ".join(facts.get("text", "").split())[:_MAX_TEXT]
    schema = {**schema, "title": title(name)} | ({"description": printable(text)} if text else {})
    return schema if default is None else {**schema, "default": default}


def parse_value(text: str, kind: str, *, many: bool = False) -> Any:
    """Return the value that a page writes for a type; None where it writes none of this type."""
    text = text.strip().removesuffix(".").strip(" \t`*")
    if text.endswith(")") and "(" not in text:
        text = text[:-1].rstrip()
    if text.lower() in ("", "-", "—", "none", "null", "n/a", "undefined"):
        return None
    try:
        value: Any = json.loads(text)
    except (ValueError, RecursionError):
        value = {"true": True, "false": False}.get(text.lower(), text)
    if many or kind in ("array", "object"):
        fits = is_mapping(value) if kind == "object" and not many else is_list(value)
        return value if fits else None
    if kind == "string":
        return value if isinstance(value, str) else text
    if kind == "boolean":
        return value if isinstance(value, bool) else None
    if kind in ("integer", "number"):
        return _number(value, kind)
    return value


def _number(value: Any, kind: str) -> float | None:
    if isinstance(value, str):
        value = value.strip(_MARKS)
        if not (match := _NUMBER.fullmatch(value)):
            return None
        value = float(match[0]) if "." in value else int(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    if kind == "integer":
        return int(value) if value == int(value) else None
    return value


def _limits(facts: Mapping[str, str], values: str, kind: str) -> dict[str, float]:
    """Return minimum and maximum; a range without sense, or without the default, is none."""
    if kind not in ("integer", "number"):
        return {}
    span = facts.get("range", "") or (values if _SPAN.search(values) else "")
    numbers = [_number(match, kind) for match in _NUMBER.findall(span[:_MAX_TEXT])]
    found = dict(zip(("minimum", "maximum"), numbers, strict=False)) if len(numbers) == 2 else {}
    for key, label in (("minimum", "min"), ("maximum", "max")):
        match = _NUMBER.search(facts.get(label, "")[:_MAX_TEXT])
        found |= {key: _number(match[0], kind)} if match else {}
    limits = {key: limit for key, limit in found.items() if limit is not None}
    default = _number(facts.get("default", "").split("\n")[0].strip(" .)"), kind)
    low, high = limits.get("minimum", -math.inf), limits.get("maximum", math.inf)
    return limits if low <= (high if default is None else default) <= high else {}


def _choices(
    facts: Mapping[str, str], values: str, kind: str, default: Any
) -> dict[str, list[Any]]:
    """Return `enum`, or `examples` where the list is cut or lacks the default."""
    text = facts.get("choices", "")
    if not text and kind in ("integer", "number") and _SPAN.search(values):
        return {}
    text = (text or values)[: _MAX_CHOICES * _MAX_CHOICE].strip()
    if kind in ("boolean", "object", "array") or not text:
        return {}
    found = list(dict.fromkeys(_pieces(text)))[:_MAX_CHOICES]
    is_cut = found[-1:] == [_MORE]
    choices = [parse_value(piece, kind) for piece in found[: len(found) - is_cut]]
    if len(choices) < 2 or None in choices:
        return {}
    is_whole = not is_cut and default in (None, *choices)
    return {"enum" if is_whole else "examples": choices}


def _pieces(text: str) -> Iterator[str]:
    """Yield the choices in `"a""b"`, `[a, b]`, `a | b`, or one a line."""
    quoted = text.lstrip("[( ").startswith('"')
    if quoted:
        parts = text.split('"')
        yield from parts[1::2]
        if "more" in parts[-1]:
            yield _MORE
        return
    text = text.strip("[](){} .")
    separator = next((mark for mark in ("\n", "|", ",", ";", " / ", " or ") if mark in text), "\n")
    for piece in text.split(separator):
        plain = piece.strip().lstrip("-•+ ").split(" - ")[0].split(" (")[0]
        plain = plain.removeprefix("or ").removesuffix(".").strip(_MARKS)
        if plain and len(plain) <= _MAX_CHOICE:
            yield plain
