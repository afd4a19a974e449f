"""Validation of inputs against a model's JSON Schema: problems, warnings, and the values to send.

No input is refused without a reason in the schema, and no value changes its meaning: "5" becomes
5 where the schema has a number.
"""

from __future__ import annotations

import json
import math
import numbers
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePath
from typing import Any, NamedTuple, TypeGuard

from segmind_widgets import likeness, schemas
from segmind_widgets.errors import InputError
from segmind_widgets.likeness import misspelt, nearest
from segmind_widgets.nested import transform
from segmind_widgets.schemas import Path, Schema, Violation, is_list, is_mapping
from segmind_widgets.types import Model

_WHOLE = r"[-+]?[0-9]{1,18}"
_REAL = r"[-+]?(?:[0-9]{1,18}(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]{1,2})?"
_ADDRESS = r"(?i:data:|(?!file:)[a-z][a-z0-9+.-]*://)"
_SENT = " It is sent unchanged."
UNCHECKED = 'Nothing was sent. To send it unchanged: %config SegmindClient.check_inputs = "warn"'
_BASE64 = r"[A-Za-z0-9+/_-]{60}[A-Za-z0-9+/=_\s-]*"


class InputNote(NamedTuple):
    """A sentence about one input."""

    field: str
    message: str

    def __str__(self) -> str:
        return self.message


class ValidationResult(NamedTuple):
    """The inputs to send, with notes about them.

    `problems` are certain: the service would refuse the inputs. `warnings` are not. `misspelt` are
    those of the warnings about an input that has a near name without a value.
    """

    inputs: dict[str, Any]
    problems: tuple[InputNote, ...] = ()
    warnings: tuple[InputNote, ...] = ()
    misspelt: tuple[InputNote, ...] = ()

    def raise_for_problems(self) -> None:
        """Raise an InputError that lists all problems; do nothing where there is none."""
        if self.problems:
            warnings = [str(note).removesuffix(_SENT) for note in self.warnings]
            raise InputError(
                " ".join(map(str, self.problems)),
                hint=" ".join([*warnings, "Nothing was sent."]),
                field=self.problems[0].field,
            )

    def raise_for_misspelt(self) -> None:
        """Raise an InputError for names that are misspelt; do nothing where there is none.

        A service may ignore an unknown input, run the model without it, and bill the run.
        """
        if self.misspelt:
            raise InputError(
                " ".join(str(note).removesuffix(_SENT) for note in self.misspelt),
                hint=UNCHECKED,
                field=self.misspelt[0].field,
            )


def check(model: Model, inputs: Mapping[str, Any]) -> ValidationResult:
    """Validate inputs against the model's schema; without a schema all inputs pass unchanged.

    Files in any form (Assets, Paths, images, bytes, jobs) stay as they are: they are valid only in
    media fields.
    """
    if not model.schema:
        return ValidationResult(dict(inputs))
    properties = _properties(model)
    values = {
        name: _coerce(value, properties.get(name, {}))
        for name, value in _with_renamed_prompt(inputs, properties).items()
    }
    plain = {name: _without_objects(v, properties.get(name, {})) for name, v in values.items()}
    misfits = {
        name: _misfit(name, value, properties.get(name, {})) for name, value in plain.items()
    }
    problems = [InputNote(name, message) for name, message in misfits.items() if message]
    for path, message in _describe_all(
        schemas.iter_input_violations(transform(plain, _with_address), model.schema)
    ):
        name = str(path[0])
        if not misfits.get(name):
            problems.append(InputNote(name, f"`{format_path(path)}` {message}"))
    warnings = [
        InputNote(
            name,
            f"`{name}` is not a known parameter of {model.slug}"
            f"{did_you_mean(name, properties) or '.'}{_SENT}",
        )
        for name in values
        if name not in properties
    ]
    misspelt_names = [note for note in warnings if _is_misspelt(note.field, values, model)]
    return ValidationResult(values, tuple(problems), tuple(warnings), tuple(misspelt_names))


def with_seed(model: Model, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Add seed -1 (a new seed for each run) where the model takes it and none is set.

    Many of Segmind's models have a fixed default seed, which would give the same picture each time.
    """
    seed = _properties(model).get("seed", {})
    takes_seed = {"integer", "number"}.intersection(types(seed)) and seed.get("minimum", -1) <= -1
    return {**inputs, "seed": -1} if takes_seed and inputs.get("seed") is None else dict(inputs)


def _properties(model: Model) -> Mapping[str, Schema]:
    """Return the schemas of a model's inputs by their names; none where they are unknown."""
    schema: Schema = model.schema or {}
    return schema.get("properties") or {}


def _is_misspelt(name: str, values: Mapping[str, Any], model: Model) -> bool:
    """Return whether an unknown input is meant as one that has no value."""
    schema: Schema = model.schema or {}
    unset = [other for other in _properties(model) if other not in values]
    required = [other for other in schema.get("required", ()) if other not in values]
    return bool(misspelt(name, unset) or nearest(name, required))


def _with_renamed_prompt(
    inputs: Mapping[str, Any], properties: Mapping[str, Schema]
) -> Mapping[str, Any]:
    """Give the `prompt` of a plain-text cell the model's own name for it ("x-prompt")."""
    name = next((name for name, schema in properties.items() if schema.get("x-prompt")), None)
    if not name or name in inputs or "prompt" in properties or "prompt" not in inputs:
        return inputs
    prompt = inputs["prompt"]
    if "array" in types(properties[name]) and not is_list(prompt):
        prompt = [{"role": "user", "content": prompt}]
    return {name: prompt, **{other: inputs[other] for other in inputs if other != "prompt"}}


def _coerce(value: Any, schema: Schema) -> Any:
    """Convert a value to the schema's type if its meaning stays the same."""
    is_plain = type(value) in (bool, int, float)
    if isinstance(value, numbers.Real) and not is_plain:  # numpy's
        value = int(value) if isinstance(value, numbers.Integral) else float(value)
    value = list(value) if _is_tuple(value) else value
    kinds = types(schema)
    if value is not None and "array" in kinds and not any(is_a(value, kind) for kind in kinds):
        value = [value]
    if is_list(value):
        return [_coerce(item, schema.get("items", {})) for item in value]
    if is_mapping(value):
        inner = schema.get("properties", {})
        return {name: _coerce(item, inner.get(name, {})) for name, item in value.items()}
    for choice in schema.get("enum", ()):
        if scalar(choice) == scalar(value):
            return choice
    if media_type(schema) or any(is_a(value, kind) for kind in kinds):
        return value
    conversions = (_convert(value, kind) for kind in kinds)
    return next((result for result in conversions if result is not None), value)


def _convert(value: Any, kind: str) -> Any:
    """Return the value as another JSON type; None if it cannot be converted."""
    if isinstance(value, str):
        if kind in ("integer", "number") and re.fullmatch(_WHOLE, value):
            return int(value)
        if kind == "number" and re.fullmatch(_REAL, value):
            return float(value)
        if kind == "boolean":
            return {"true": True, "false": False}.get(value.lower())
    elif kind == "integer" and isinstance(value, float) and value.is_integer():
        return int(value)
    elif kind == "string" and is_a(value, "number"):
        return scalar(value)
    return None


def _without_objects(value: Any, schema: Schema) -> Any:
    """Replace `{"url": address}`, the other form of a file input, by the address."""
    if is_list(value):
        return [_without_objects(item, schema) for item in value]
    is_object = media_type(schema) and is_mapping(value) and set(value) == {"url"}
    return value["url"] if is_object else value


def _is_tuple(value: object) -> TypeGuard[tuple[Any, ...]]:
    return isinstance(value, tuple)


def _is_object(value: Any) -> bool:
    return not isinstance(value, (str, int, float, list, Mapping, type(None)))


def _with_address(value: Any) -> Any:
    """Replace a file by an address, so that the rest can be validated."""
    return "https://a.file" if _is_object(value) else value


def _misfit(name: str, value: Any, schema: Schema) -> str:
    """Describe a problem that JSON Schema has no rule for: an empty value, a file, a bad URL."""
    if value is None and types(schema) and "null" not in types(schema):
        return f"`{name}` is empty: give it a value, or leave it out."
    if is_list(value) and "array" in types(schema):
        items = schema.get("items", {})
        misfits = (_misfit(f"{name}[{i}]", item, items) for i, item in enumerate(value))
        return next(filter(None, misfits), "")
    if isinstance(value, float) and not math.isfinite(value):
        return f"`{name}` must be a finite number, not {value}."
    media = media_type(schema)
    if _is_object(value) and types(schema) and not (media and _fits(value, media)):
        return f"`{name}` takes {describe_schema(schema)}, not {describe_value(value)}."
    if media and isinstance(value, str) and not _is_address(value, schema):
        text = value[:60] + "…" * (len(value) > 60)
        return (
            f"`{name}` takes {describe_schema(schema)} or its URL, not the text `{text}`. For"
            f" your own file, write `file:{text.removeprefix('file:')}` in a cell, or upload it"
            " first."
        )
    return ""


def _is_address(text: str, schema: Schema) -> bool:
    bare = schema.get("contentEncoding") == "base64" and re.fullmatch(_BASE64, text)
    return bool(bare or re.match(_ADDRESS, text))


def _fits(value: Any, media: str) -> bool:
    """Return False only for a file of another kind; a file of unknown kind fits."""
    return media.split("/")[0] in ("*", file_kind(value)) or not file_kind(value)


_TYPES = {  # type in JSON Schema: type in Python, and a name for people
    "string": (str, "text"),
    "integer": (int, "a whole number"),
    "number": ((int, float), "a number"),
    "boolean": (bool, "true or false"),
    "array": (list, "a list"),
    "object": (Mapping, "a mapping"),
    "null": (type(None), "nothing"),
}

_MEDIA = {"image": "an image", "video": "a video", "audio": "an audio file", "*": "a file"}

_BOUNDS = {
    "minimum": "at least",
    "maximum": "at most",
    "exclusiveMinimum": "more than",
    "exclusiveMaximum": "less than",
}


def types(schema: Schema) -> list[str]:
    """Return the JSON types that a schema allows; none means any."""
    names: str | list[str] = schema.get("type", [])
    return [names] if isinstance(names, str) else list(names)


def is_a(value: Any, kind: str) -> bool:
    """Return whether a value is of a JSON type. True is not a number, and 5.0 is not an integer."""
    return isinstance(value, _TYPES[kind][0]) and (kind == "boolean" or not isinstance(value, bool))


def media_type(schema: Schema) -> str:
    """Return the type of files an input takes: "image/*", "video/*", "audio/*", "*/*", else "".

    `schema` is the input's own; for a list of files, that of the list.
    """
    schema = schema.get("items", {}) if "array" in types(schema) else schema
    return schema.get("contentMediaType", "*/*" if schema.get("format") == "uri" else "")


def file_kind(value: Any) -> str:
    """Return "image", "video" or "audio" for a Python object that holds one; else ""."""
    kind = str(getattr(value, "media_type", "")).split("/")[0]
    if any(base.__module__.startswith("PIL.") for base in type(value).__mro__):
        kind = "image"
    return kind if kind in _MEDIA else ""


def scalar(value: Any) -> str:
    """Return a scalar as it is written in a cell: true, text without quotes, 5 for 5.0."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, str) else json.dumps(value, default=repr)


def describe_schema(schema: Schema) -> str:
    """Return a description of the values that a schema takes: "a whole number", "an image"."""
    if "array" not in types(schema) and (media := media_type(schema)):
        return _MEDIA.get(media.split("/")[0], "a file")
    return " or ".join(_TYPES[kind][1] for kind in types(schema)) or "another value"


def describe_value(value: Any) -> str:
    """Return a description of a value for readers who do not know Python."""
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


def format_path(path: Path) -> str:
    """Return a path as text: messages[0].role."""
    steps = [f"[{step}]" if isinstance(step, int) else f".{step}" for step in path]
    return "".join(steps).removeprefix(".")


def iter_errors(value: Any, schema: Schema) -> Iterator[tuple[Path, str]]:
    """Yield path and sentence of each error of a value: `(), "must be at most 8, not 9."`."""
    return _describe_all(schemas.iter_violations(value, schema))


def _describe_all(violations: Iterable[Violation]) -> Iterator[tuple[Path, str]]:
    return ((one.path, message) for one in violations if (message := _describe_violation(one)))


def _describe_violation(violation: Violation) -> str:
    """Return the sentence for a violation without its subject; "" for a rounding error."""
    rule, value, schema = violation.rule, violation.value, violation.schema
    limit = schema[rule]
    if rule == "required":
        return "is required."
    if rule == "type":
        return f"takes {describe_schema(schema)}, not {describe_value(value)}."
    if rule == "enum":
        return _describe_choices(value, limit)
    if rule == "pattern":
        example = next(iter(schema.get("examples", ())), "")
        form = f"look like {example}" if example else f"match {limit}"
        return f"must {form}, not {describe_value(value)}."
    if rule == "multipleOf":
        return _describe_step(value, limit)
    if rule in _BOUNDS:
        return f"must be {_BOUNDS[rule]} {scalar(limit)}, not {scalar(value)}."
    bound = "at least" if rule.startswith("min") else "at most"
    unit = "characters" if rule.endswith("Length") else "entries"
    return f"takes {bound} {scalar(limit)} {unit}, not {len(value)}."


def _describe_choices(value: Any, choices: Iterable[Any]) -> str:
    words = [scalar(choice) for choice in choices]
    listing = ", ".join(words[:20]) + (", …" if len(words) > 20 else "")
    near = did_you_mean(scalar(value), words, mark="")
    return f"must be one of {listing}, not {scalar(value)[:40]}{near or '.'}"


def _describe_step(value: float, step: float) -> str:
    """Return the sentence for a number between two steps; "" if rounding may cause it."""
    if abs(value) > 1e15 * step:  # larger floats are not precise enough
        return ""
    steps = value / step
    if abs(steps - round(steps)) <= 1e-9:  # 0.1 + 0.2 is meant as a multiple of 0.1
        return ""
    near = scalar(round(round(steps) * step, 9))
    return f"must be a multiple of {scalar(step)}, not {scalar(value)}; {near} is near."


def did_you_mean(text: str, names: Iterable[str], mark: str = "`") -> str:
    """Return the clause `; did you mean …?` for the nearest name; "" where none is near."""
    return likeness.did_you_mean(text, names, f"; did you mean {mark}{{}}{mark}?")
