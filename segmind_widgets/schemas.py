"""JSON Schema in words: how a value breaks its schema, and what it should have been.

Not by `jsonschema`, which takes most of a second to import where its format extras are, as in
JupyterLab. Known are the keywords that a catalogue's schemas use; the tests hold `faults` against
`jsonschema`. https://json-schema.org/draft/2020-12/json-schema-validation
"""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePath
from typing import Any

Schema = Mapping[str, Any]
Where = tuple[Any, ...]  # the names and indices that lead to a value

_TYPES = {  # JSON Schema's word: what Python holds it in, and how to say it
    "string": (str, "text"),
    "integer": (int, "a whole number"),
    "number": ((int, float), "a number"),
    "boolean": (bool, "true or false"),
    "array": (list, "a list"),
    "object": (Mapping, "a mapping"),
    "null": (type(None), "nothing"),
}
_MEDIA = {"image": "an image", "video": "a video", "audio": "a sound file", "*": "a file"}
_BOUNDS = {
    "minimum": (operator.lt, "at least"),
    "maximum": (operator.gt, "at most"),
    "exclusiveMinimum": (operator.le, "more than"),
    "exclusiveMaximum": (operator.ge, "less than"),
}


def types(schema: Schema) -> list[str]:
    """The JSON types that a schema names; none means any."""
    named = schema.get("type", [])
    return [named] if isinstance(named, str) else list(named)


def is_a(value: Any, kind: str) -> bool:
    """Whether a value is of that JSON type. True is no number, and 5.0 no integer."""
    return isinstance(value, _TYPES[kind][0]) and (kind == "boolean" or not isinstance(value, bool))


def media_type(schema: Schema) -> str:
    """What files an input takes: "image/*", "video/*", "audio/*", "*/*", or "" if none.

    `schema` is the input's own; for a list of files, that of the list.
    """
    schema = schema.get("items", {}) if "array" in types(schema) else schema
    return schema.get("contentMediaType", "*/*" if schema.get("format") == "uri" else "")


def file_kind(value: Any) -> str:
    """The kind of a Python object known to hold an image, a video or audio; else ""."""
    kind = str(getattr(value, "media_type", "")).split("/")[0]
    if any(base.__module__.startswith("PIL.") for base in type(value).__mro__):
        kind = "image"
    return kind if kind in _MEDIA else ""


def scalar(value: Any) -> str:
    """A scalar as it is written in a cell: true, text without quotes, 5 for 5.0."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, str) else json.dumps(value, default=repr)


def wanted(schema: Schema) -> str:
    """What a schema takes, in words: "a whole number", "an image"."""
    if "array" not in types(schema) and (media := media_type(schema)):
        return _MEDIA.get(media.split("/")[0], "a file")
    return " or ".join(_TYPES[kind][1] for kind in types(schema)) or "another value"


def given(value: Any) -> str:
    """What a value is, in words that a reader of the notebook knows."""
    if isinstance(value, str):
        return f'the text "{value[:40]}{"…" * (len(value) > 40)}"'
    for kind in ("boolean", "number"):
        if is_a(value, kind):
            return scalar(value)
    for kind in ("array", "object", "null"):
        if is_a(value, kind):
            return _TYPES[kind][1]
    if isinstance(value, PurePath):
        return f"the file {value.name}"
    kind = file_kind(value)
    return _MEDIA[kind] if kind else f"a Python {type(value).__name__}"


def label(where: Where) -> str:
    """Where a value is, as one would write it: messages[0].role."""
    steps = [f"[{step}]" if isinstance(step, int) else f".{step}" for step in where]
    return "".join(steps).removeprefix(".")


def faults(value: Any, schema: Schema, where: Where = ()) -> Iterator[tuple[Where, str]]:
    """Where a value of JSON's types breaks its schema, and how: "must be at most 8, not 9."."""
    kinds = types(schema)
    if kinds and not any(is_a(value, kind) for kind in kinds):
        yield where, f"takes {wanted(schema)}, not {given(value)}."
        return
    if "enum" in schema and not any(_same(value, choice) for choice in schema["enum"]):
        yield where, _not_a_choice(value, schema["enum"])
        return
    for said in _out_of_bounds(value, schema):
        yield where, said
    for step, inner in _parts(value, schema):
        if inner is None:
            yield (*where, step), "is required."
        else:
            yield from faults(value[step], inner, (*where, step))


def _parts(value: Any, schema: Schema) -> Iterator[tuple[Any, Schema | None]]:
    """The places in a list or mapping with their schemas; None for a name that is missing."""
    if isinstance(value, Mapping):
        yield from ((name, None) for name in schema.get("required", ()) if name not in value)
        known = schema.get("properties", {})
        yield from ((name, inner) for name, inner in known.items() if name in value)
    elif isinstance(value, list) and "items" in schema:
        yield from ((index, schema["items"]) for index in range(len(value)))


def _same(value: Any, choice: Any) -> bool:
    return value == choice and isinstance(value, bool) == isinstance(choice, bool)


def _not_a_choice(value: Any, choices: Iterable[Any]) -> str:
    words = [scalar(choice) for choice in choices]
    listed = ", ".join(words[:20]) + (", …" if len(words) > 20 else "")
    near = did_you_mean(scalar(value), words, mark="")
    return f"must be one of {listed}, not {scalar(value)[:40]}{near or '.'}"


def _out_of_bounds(value: Any, schema: Schema) -> Iterator[str]:
    if isinstance(value, str):
        yield from _wrong_length(value, schema, "Length", "characters")
        if "pattern" in schema and not re.search(schema["pattern"], value):
            example = next(iter(schema.get("examples", ())), "")
            form = f"look like {example}" if example else f"match {schema['pattern']}"
            yield f"must {form}, not {given(value)}."
    elif isinstance(value, list):
        yield from _wrong_length(value, schema, "Items", "entries")
    elif is_a(value, "number"):
        for keyword, (breaks, words) in _BOUNDS.items():
            if keyword in schema and breaks(value, schema[keyword]):
                yield f"must be {words} {scalar(schema[keyword])}, not {scalar(value)}."
        yield from _wrong_step(value, schema.get("multipleOf"))


def _wrong_length(value: Any, schema: Schema, of: str, unit: str) -> Iterator[str]:
    if len(value) < schema.get(f"min{of}", 0):
        yield f"takes at least {scalar(schema[f'min{of}'])} {unit}, not {len(value)}."
    if len(value) > schema.get(f"max{of}", len(value)):
        yield f"takes at most {scalar(schema[f'max{of}'])} {unit}, not {len(value)}."


def _wrong_step(value: float, step: float | None) -> Iterator[str]:
    if not step or abs(value) > 1e15 * step:  # beyond, floats cannot tell
        return
    steps = value / step
    if abs(steps - round(steps)) > 1e-9:  # 0.3 is a multiple of 0.1, though not in binary
        near = scalar(round(round(steps) * step, 9))
        yield f"must be a multiple of {scalar(step)}, not {scalar(value)}; {near} is near."


def did_you_mean(text: str, names: Iterable[str], mark: str = "`") -> str:
    """The clause `; did you mean …?` for the nearest of the names; "" where none is near."""
    import difflib  # here: only a mistake needs it

    by_lower = {name.lower(): name for name in names}
    near = difflib.get_close_matches(text.lower(), by_lower, n=1, cutoff=0.6)
    return f"; did you mean {mark}{by_lower[near[0]]}{mark}?" if near else ""
