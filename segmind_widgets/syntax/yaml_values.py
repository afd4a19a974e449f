"""Parse plain YAML 1.2 scalars, and write values as YAML, without PyYAML.

By the core schema of YAML 1.2, `16:9`, `yes`, `007` and dates are text. Here hexadecimal and octal
numbers are text as well. https://yaml.org/spec/1.2.2/#103-core-schema
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, cast

from segmind_widgets.schemas import is_list, is_mapping

_CONSTANTS = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,999})")  # Python refuses to parse very long numbers
_FLOAT = re.compile(r"[-+]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_SAFE_TEXT = re.compile(r"[A-Za-z](?:[\w ,./()!?'-]*[\w./()!?'])?", re.ASCII)
_YAML_1_1_BOOLEANS = {"y", "n", "yes", "no", "on", "off"}
_SAFE_NAME = re.compile(r"[A-Za-z_][\w-]*", re.ASCII)


@cache  # takes 3 ms to compile, and a cell does not need it
def _unprintable() -> re.Pattern[str]:
    return re.compile(
        r"[^ -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
    )


class Verbatim(str):
    """YAML text that `dump` writes unchanged."""

    __slots__ = ()


def parse_scalar(text: str) -> str | int | float | None:
    """Return the value of an unquoted scalar: null, a boolean, a decimal number, or the text."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text) and math.isfinite(number := float(text)):
        return number
    return text


def dump(values: Mapping[str, Any]) -> str:
    """Return a block mapping: multi-line text as block scalars, lists and mappings inline.

    Raises:
        TypeError: a value that is not of JSON's types.
    """
    return "".join(f"{_key(key)}: {_block(value)}\n" for key, value in values.items())


def _key(key: str) -> str:
    if _SAFE_NAME.fullmatch(key) and isinstance(parse_scalar(key), str):
        return key
    return _inline(key)


def _block(value: Any) -> str:
    """Return a value in block context, that is, after `name: `."""
    if not isinstance(value, str) or isinstance(value, Verbatim):
        return _inline(value)
    lines = value.split("\n")
    body = lines[:-1] if lines[-1] == "" else lines
    legible = not any(line.isspace() or _unprintable().search(line) for line in body)
    if len(lines) > 1 and legible and body[0][:1].strip() and body[-1]:
        header = "|-" if body is lines else "|"
        return "\n".join([header, *(f"  {line}" if line else "" for line in body)])
    bare = _SAFE_TEXT.fullmatch(value) and value.lower() not in _YAML_1_1_BOOLEANS
    return value if bare and parse_scalar(value) == value else _inline(value)


def _inline(value: Any) -> str:
    """Return a value in flow context: strings in double quotes, as in JSON."""
    if isinstance(value, Verbatim):
        return value
    if isinstance(value, str):
        return _unprintable().sub(_escape, json.dumps(value, ensure_ascii=False))
    if is_mapping(value):
        return "{" + ", ".join(f"{_inline(k)}: {_inline(v)}" for k, v in value.items()) + "}"
    if is_list(value) or isinstance(value, tuple):
        items = cast("Iterable[Any]", value)
        return "[" + ", ".join(map(_inline, items)) + "]"
    return json.dumps(value, allow_nan=False)


def _escape(character: re.Match[str]) -> str:
    return f"\\u{ord(character[0]):04x}"
