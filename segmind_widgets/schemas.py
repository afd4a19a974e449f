"""Check values against JSON Schema, for the client and for the sandbox.

`fastjsonschema` compiles the schema of an input to Python code once and keeps it in a bounded
cache. Client and sandbox write their own messages from the violated rule and the path of the value.

Only the keywords in `RULES` and `properties`, `items` and `required` are compiled. All others are
treated as annotations, including two that the library would act on: `$ref` (it fetches URLs) and
`contentEncoding` (it decodes the value). `pattern` is for our own schemas: `catalog.listings` drops
that of a service.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple, TypeGuard

Schema = Mapping[str, Any]
Path = tuple[str | int, ...]  # the names and indices that lead to a value

TYPES = frozenset({"string", "integer", "number", "boolean", "array", "object", "null"})

# A repetition or a choice inside a group that is repeated itself, as in `(a+)+b`: Python's `re`
# may need exponential time for it. Some harmless patterns look alike and are not checked either.
_SLOW_PATTERN = re.compile(r"\([^)]*[*+{|].*\)[*+{]", re.DOTALL)
_ESCAPE_OR_SET = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)


def is_mapping(value: object) -> TypeGuard[Mapping[str, Any]]:
    """Return whether a value is a mapping; in JSON, keys are text."""
    return isinstance(value, Mapping)


def is_list(value: object) -> TypeGuard[list[Any]]:
    """Return whether a value is a list."""
    return isinstance(value, list)


def _is_number(value: object) -> bool:
    """Return whether a value is a finite number and not a boolean."""
    return type(value) is int or (type(value) is float and math.isfinite(value))


def _is_count(value: object) -> bool:
    return isinstance(value, int) and type(value) is int and value >= 0


def _is_step(value: object) -> bool:
    return isinstance(value, (int, float)) and _is_number(value) and value > 0


def _is_pattern(value: object) -> bool:
    if not isinstance(value, str):
        return False
    try:
        re.compile(value)
    except (re.error, RecursionError, OverflowError):
        return False
    return not _SLOW_PATTERN.search(_ESCAPE_OR_SET.sub("x", value))


def _is_type(value: object) -> bool:
    names: list[object] = value if is_list(value) else [value]
    return bool(names) and all(isinstance(name, str) and name in TYPES for name in names)


RULES: Mapping[str, Callable[[object], bool]] = {  # keyword: a check whether its value is valid
    "type": _is_type,
    "enum": lambda value: is_list(value),
    "minLength": _is_count, "maxLength": _is_count, "pattern": _is_pattern,
    "minItems": _is_count, "maxItems": _is_count,
    "minimum": _is_number, "maximum": _is_number,
    "exclusiveMinimum": _is_number, "exclusiveMaximum": _is_number,
    "multipleOf": _is_step,
}  # fmt: skip
_NUMERIC = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
_DECISIVE = ("type", "enum")  # after a wrong type or choice no other rule is reported


class Violation(NamedTuple):
    """A rule of a schema that a value breaks.

    `path` leads to `value`, and `schema[rule]` is the rule's definition. For the rule `required`,
    `path` ends with the missing key, and `value` is the mapping that lacks it.
    """

    path: Path
    rule: str
    value: Any
    schema: Schema


def iter_input_violations(inputs: Mapping[str, Any], schema: Schema) -> Iterator[Violation]:
    """Yield all violations of a model's inputs, each input checked by its own compiled schema."""
    for name in schema.get("required", ()):
        if name not in inputs:
            yield Violation((name,), "required", inputs, schema)
    for name, inner in schema.get("properties", {}).items():
        if name in inputs:
            yield from iter_violations(inputs[name], inner, (name,))


def iter_violations(value: Any, schema: Schema, path: Path = ()) -> Iterator[Violation]:
    """Yield all violations of a value of JSON's types.

    The compiled check of the whole schema stops at the first violation. Only if there is one is
    each rule checked separately, and then the values inside a list or mapping.
    """
    if is_valid(value, schema):
        return
    for rule in RULES:
        if isinstance(value, bool) and rule in _NUMERIC:
            continue  # before 2.22.3 the library treats True as 1
        if rule in schema and not is_valid(value, {rule: schema[rule]}):
            yield Violation(path, rule, value, schema)
            if rule in _DECISIVE:
                return
    if is_mapping(value):
        for violation in iter_input_violations(value, schema):
            yield violation._replace(path=(*path, *violation.path))
    elif is_list(value) and "items" in schema:
        for index, item in enumerate(value):
            yield from iter_violations(item, schema["items"], (*path, index))


def is_valid(value: Any, schema: Schema) -> bool:
    """Return whether a value matches a schema; a schema that cannot be compiled matches all."""
    try:
        key = _ENCODER.encode(schema)
    except (TypeError, ValueError, RecursionError):
        return True
    return _compile(key)(value)


def _to_json(value: object) -> object:
    return dict(value) if is_mapping(value) else repr(value)


_ENCODER = json.JSONEncoder(default=_to_json)


@lru_cache(1024)
def _compile(text: str) -> Callable[[Any], bool]:
    """Compile a schema, given as JSON, to a function that checks whether a value matches."""
    # imported here: it takes most of 10 ms, which would delay loading the extension
    import fastjsonschema

    try:
        check = fastjsonschema.compile(
            _assertions(json.loads(text)),
            use_default=False,
            use_formats=False,
            detailed_exceptions=False,  # halves the code; `iter_violations` finds the rule
        )
    except Exception:  # noqa: BLE001 - the library lets errors of `re`, `exec` and its own pass
        return lambda _: True

    def fits(value: Any) -> bool:
        try:
            check(value)
        except fastjsonschema.JsonSchemaValueException:
            return False
        except (ArithmeticError, ValueError, RecursionError):
            return True  # the value or the step is NaN or too large for a float
        return True

    return fits


def _assertions(schema: object) -> dict[str, Any]:
    """Reduce a schema to the supported keywords with valid values."""
    if not is_mapping(schema):
        return {}
    rules: dict[str, Any] = {
        rule: schema[rule] for rule, fits in RULES.items() if rule in schema and fits(schema[rule])
    }
    if is_list(names := schema.get("required")):
        rules["required"] = list(dict.fromkeys(name for name in names if isinstance(name, str)))
    if is_mapping(properties := schema.get("properties")):
        rules["properties"] = {name: _assertions(inner) for name, inner in properties.items()}
    if is_mapping(items := schema.get("items")):
        rules["items"] = _assertions(items)
    return rules
