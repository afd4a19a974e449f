"""Values of fields as text and back: YAML where it must be, bare words where they can be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from textwrap import indent
from typing import Any

from segmind_widgets.errors import CellError
from segmind_widgets.syntax import cells
from segmind_widgets.syntax.yaml_values import parse_scalar

_LINE_PREFIX = re.compile(r"^Line \d+(?:, `.*?`,)? ")
_STRUCTURED = re.compile(r"[\[{\"'$]|file:")  # what plain YAML text cannot begin with


def from_yaml(text: str, names: Mapping[str, Any], name: str) -> Any:
    """The value of a YAML text, `$name` and `file:…` among it. Raises CellError about `name`."""
    try:
        return cells.parse_body(f"value:\n{indent(text.strip(), '  ')}", names)["value"]
    except CellError as error:
        said = _LINE_PREFIX.sub(
            f"`{name}` ", error.message
        )  # its lines are not those of the reader
        raise CellError(said, hint=error.hint, field=name) from None


def from_scalar(text: str, names: Mapping[str, Any], name: str) -> Any:
    """The value of one line: YAML's where it begins like a list, quotes or `$name`, else plain."""
    text = text.strip()
    return from_yaml(text, names, name) if _STRUCTURED.match(text) else parse_scalar(text)


def prompt_text(inputs: Mapping[str, Any]) -> str:
    """What a model was told, in words: its prompt, else the last of a conversation, else ""."""
    for name in ("prompt", "text", "lyrics"):
        if isinstance(inputs.get(name), str):
            return inputs[name]
    messages = inputs.get("messages")
    last = messages[-1] if isinstance(messages, (list, tuple)) and messages else None
    content = last.get("content") if isinstance(last, Mapping) else None
    return content if isinstance(content, str) else ""


def to_yaml(value: Any, name: str) -> str:
    """A value as one line of YAML. Raises CellError about `name` where it has no text form."""
    cells.dump({name: value})  # only for its error, which says the name
    return cells.dump({"value": [value]}).removeprefix("value: [").removesuffix("]\n")


def to_scalar(value: Any, name: str) -> str:
    """A value as `from_scalar` reads it, without quotes where it can be. Raises as `to_yaml`."""
    if isinstance(value, str) and value == value.strip() and "\n" not in value and value:
        bare = not _STRUCTURED.match(value) and parse_scalar(value) == value
        return value if bare else to_yaml(value, name)
    return to_yaml(value, name)
