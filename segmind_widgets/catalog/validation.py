"""Inputs held against a model's JSON Schema: what is wrong, what looks wrong, and what to send.

Nothing that the service might accept is refused without a reason in the schema, and no value
changes its meaning on the way: "5" becomes 5 where a number is wanted, and that is about all.
"""

from __future__ import annotations

import json
import math
import numbers
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePath
from typing import Any, NamedTuple

from segmind_widgets import schemas
from segmind_widgets.errors import InputError
from segmind_widgets.nested import transform
from segmind_widgets.schemas import Path, Schema, Violation
from segmind_widgets.types import Model

_WHOLE = r"[-+]?[0-9]{1,18}"
_REAL = r"[-+]?(?:[0-9]{1,18}(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]{1,2})?"
_ADDRESS = r"(?i:data:|(?!file:)[a-z][a-z0-9+.-]*://)"
_SENT = " It is sent as it is."
_BASE64 = r"[A-Za-z0-9+/_-]{60}[A-Za-z0-9+/=_\s-]*"


class InputNote(NamedTuple):
    """A sentence about one input."""

    field: str
    message: str

    def __str__(self) -> str:
        return self.message


class ValidationResult(NamedTuple):
    """The inputs to send, and what there is to say about them.

    `problems` are certain: the service would refuse. `warnings` are not.
    """

    inputs: dict[str, Any]
    problems: tuple[InputNote, ...] = ()
    warnings: tuple[InputNote, ...] = ()

    def raise_for_problems(self) -> None:
        """Raise an InputError with all the problems, if there are any."""
        if self.problems:
            doubts = [str(note).removesuffix(_SENT) for note in self.warnings]
            raise InputError(
                " ".join(map(str, self.problems)),
                hint=" ".join([*doubts, "Nothing was sent."]),
                field=self.problems[0].field,
            )


def check(model: Model, inputs: Mapping[str, Any]) -> ValidationResult:
    """Hold inputs against the model's schema; without one, everything passes as it is.

    Files in any form (Assets, Paths, images, bytes, jobs) are left alone: they fit media fields
    and nothing else.
    """
    if not model.schema:
        return ValidationResult(dict(inputs))
    known = model.schema.get("properties", {})
    sent = {
        name: _coerce(value, known.get(name, {}))
        for name, value in _with_prompt_in_its_place(inputs, known).items()
    }
    said = {name: _misplaced(name, value, known.get(name, {})) for name, value in sent.items()}
    problems = [InputNote(name, message) for name, message in said.items() if message]
    for path, message in _describe_all(
        schemas.iter_input_violations(transform(sent, _without_object), model.schema)
    ):
        name = str(path[0])
        if not said.get(name):
            problems.append(InputNote(name, f"`{format_path(path)}` {message}"))
    strange = [name for name in sent if name not in known]
    warnings = [
        InputNote(
            name,
            f"`{name}` is not a known parameter of {model.slug}"
            f"{did_you_mean(name, known) or '.'}{_SENT}",
        )
        for name in strange
    ]
    return ValidationResult(sent, tuple(problems), tuple(warnings))


def with_seed(model: Model, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs with seed -1 (a new one each time), where the model takes one and none is set.

    Segmind's pages often default to a fixed seed, which would give the same picture again.
    """
    seed = ((model.schema or {}).get("properties") or {}).get("seed", {})
    takes = {"integer", "number"}.intersection(types(seed)) and seed.get("minimum", -1) <= -1
    return {**inputs, "seed": -1} if takes and inputs.get("seed") is None else dict(inputs)


def _with_prompt_in_its_place(inputs: Mapping[str, Any], known: Schema) -> Mapping[str, Any]:
    """A cell of plain text is a `prompt`; some models have another name for it ("x-prompt")."""
    place = next((name for name, schema in known.items() if schema.get("x-prompt")), None)
    if not place or place in inputs or "prompt" in known or "prompt" not in inputs:
        return inputs
    prompt = inputs["prompt"]
    if "array" in types(known[place]) and not isinstance(prompt, list):
        prompt = [{"role": "user", "content": prompt}]
    return {place: prompt, **{name: inputs[name] for name in inputs if name != "prompt"}}


def _coerce(value: Any, schema: Schema) -> Any:
    """The value in the schema's own type, where it means the same there."""
    if isinstance(value, numbers.Real) and type(value) not in (bool, int, float):  # numpy's
        value = int(value) if isinstance(value, numbers.Integral) else float(value)
    value = list(value) if isinstance(value, tuple) else value
    kinds = types(schema)
    if value is not None and "array" in kinds and not any(is_a(value, kind) for kind in kinds):
        value = [value]
    if isinstance(value, list):
        return [_coerce(item, schema.get("items", {})) for item in value]
    if isinstance(value, Mapping):
        inner = schema.get("properties", {})
        return {name: _coerce(item, inner.get(name, {})) for name, item in value.items()}
    for choice in schema.get("enum", ()):
        if scalar(choice) == scalar(value):
            return choice
    if media_type(schema) or any(is_a(value, kind) for kind in kinds):
        return value
    converted = (_converted(value, kind) for kind in kinds)
    return next((found for found in converted if found is not None), value)


def _converted(value: Any, kind: str) -> Any:
    """The same value as another JSON type; None where it has no such form."""
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


def _is_object(value: Any) -> bool:
    return not isinstance(value, (str, int, float, list, Mapping, type(None)))


def _without_object(value: Any) -> Any:
    """The value with an address in the place of each file, for the schema to judge the rest."""
    return "https://a.file" if _is_object(value) else value


def _misplaced(name: str, value: Any, schema: Schema) -> str:
    """What is wrong that JSON Schema cannot see: nothing, files, and text in their place."""
    if value is None and types(schema) and "null" not in types(schema):
        return f"`{name}` is empty: give it a value, or leave it out."
    if isinstance(value, list) and "array" in types(schema):
        items = schema.get("items", {})
        said = (_misplaced(f"{name}[{i}]", item, items) for i, item in enumerate(value))
        return next(filter(None, said), "")
    if isinstance(value, float) and not math.isfinite(value):
        return f"`{name}` must be a number that ends, not {value}."
    media = media_type(schema)
    if _is_object(value) and types(schema) and not (media and _fits(value, media)):
        return f"`{name}` takes {describe_schema(schema)}, not {describe_value(value)}."
    if media and isinstance(value, str) and not _is_address(value, schema):
        shown = value[:60] + "…" * (len(value) > 60)
        return (
            f"`{name}` takes {describe_schema(schema)} or its URL, not the text `{shown}`. For a"
            f" file of yours write `file:{shown.removeprefix('file:')}` in a cell, or upload it"
            " first."
        )
    return ""


def _is_address(text: str, schema: Schema) -> bool:
    bare = schema.get("contentEncoding") == "base64" and re.fullmatch(_BASE64, text)
    return bool(bare or re.match(_ADDRESS, text))


def _fits(value: Any, media: str) -> bool:
    """False only where a file is known to be of another kind."""
    return media.split("/")[0] in ("*", file_kind(value)) or not file_kind(value)


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
    "minimum": "at least",
    "maximum": "at most",
    "exclusiveMinimum": "more than",
    "exclusiveMaximum": "less than",
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


def describe_schema(schema: Schema) -> str:
    """What a schema takes, in words: "a whole number", "an image"."""
    if "array" not in types(schema) and (media := media_type(schema)):
        return _MEDIA.get(media.split("/")[0], "a file")
    return " or ".join(_TYPES[kind][1] for kind in types(schema)) or "another value"


def describe_value(value: Any) -> str:
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


def format_path(where: Path) -> str:
    """Where a value is, as one would write it: messages[0].role."""
    steps = [f"[{step}]" if isinstance(step, int) else f".{step}" for step in where]
    return "".join(steps).removeprefix(".")


def iter_errors(value: Any, schema: Schema) -> Iterator[tuple[Path, str]]:
    """Yield path and sentence of each error of a value: `(), "must be at most 8, not 9."`."""
    return _describe_all(schemas.iter_violations(value, schema))


def _describe_all(violations: Iterable[Violation]) -> Iterator[tuple[Path, str]]:
    return ((one.path, message) for one in violations if (message := _describe_violation(one)))


def _describe_violation(violation: Violation) -> str:
    """Return the sentence for a broken rule, without its subject; "" where it is to be excused."""
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
    """Return the sentence for a number between two steps; "" where rounding may be the cause."""
    if abs(value) > 1e15 * step:  # beyond, floats cannot tell
        return ""
    steps = value / step
    if abs(steps - round(steps)) <= 1e-9:  # 0.1 + 0.2 is meant as a multiple of 0.1
        return ""
    near = scalar(round(round(steps) * step, 9))
    return f"must be a multiple of {scalar(step)}, not {scalar(value)}; {near} is near."


def did_you_mean(text: str, names: Iterable[str], mark: str = "`") -> str:
    """The clause `; did you mean …?` for the nearest of the names; "" where none is near."""
    import difflib  # here: only a mistake needs it

    by_lower = {name.lower(): name for name in names}
    near = difflib.get_close_matches(text.lower(), by_lower, n=1, cutoff=0.6)
    return f"; did you mean {mark}{by_lower[near[0]]}{mark}?" if near else ""
