"""Conversion of field values to text and back: plain text where possible, else YAML."""

from __future__ import annotations

import re
from collections.abc import Mapping
from textwrap import indent
from typing import Any

from segmind_widgets.errors import CellError
from segmind_widgets.syntax import cells
from segmind_widgets.syntax.yaml_values import parse_scalar

_LINE_PREFIX = re.compile(r"^Line \d+(?:, `.*?`,)? ")
_STRUCTURED = re.compile(r"[\[{\"'$]|file:")  # the beginnings of lists, quotes and references


def from_yaml(text: str, names: Mapping[str, Any], name: str) -> Any:
    """Parse YAML with `$name` and `file:…`. Raises CellError with `field=name`."""
    try:
        return cells.parse_body(f"value:\n{indent(text.strip(), '  ')}", names)["value"]
    except CellError as error:
        # the line number refers to the wrapped text, so it is replaced by the input's name
        message = _LINE_PREFIX.sub(f"`{name}` ", error.message)
        raise CellError(message, hint=error.hint, field=name) from None


def from_scalar(text: str, names: Mapping[str, Any], name: str) -> Any:
    """Parse one line: as YAML if it begins like a list, quotes or `$name`, else as a scalar."""
    text = text.strip()
    return from_yaml(text, names, name) if _STRUCTURED.match(text) else parse_scalar(text)


def to_yaml(value: Any, name: str) -> str:
    """Format a value as one line of YAML. Raises CellError where it has no text form."""
    cells.dump({name: value})  # for the error message, which names the input
    return cells.dump({"value": [value]}).removeprefix("value: [").removesuffix("]\n")


def to_scalar(value: Any, name: str) -> str:
    """Format a value for `from_scalar`, without quotes where possible. Raises as `to_yaml`."""
    if isinstance(value, str) and value == value.strip() and "\n" not in value and value:
        bare = not _STRUCTURED.match(value) and parse_scalar(value) == value
        return value if bare else to_yaml(value, name)
    return to_yaml(value, name)
