"""JSON values as Python source, laid out like a formatter's output."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import cast

from segmind_widgets.exports.request import File

_WIDTH = 88
_SHORT_ESCAPES = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}


def literal(value: object, indent: str = "", column: int = 0) -> str:
    """Return a value as Python source in a formatter's layout. A File becomes a call.

    Args:
        value: JSON, with a File for each file. A mapping at column 0 has a line for each item.
        indent: the indentation of the line on which the value begins.
        column: the number of columns before the value on that line.
    """
    whole: object = value  # `isinstance` below narrows `value` to a container of unknown elements
    line = _on_one_line(value)
    fits = column + _width(line) < _WIDTH  # a comma follows
    if not value or (fits and not (isinstance(value, Mapping) and column == 0)):
        return line
    inner = f"{indent}    "
    if isinstance(value, Mapping):
        keys = ((f"{inner}{quoted(str(key))}: ", item) for key, item in _items(whole))
        items = [f"{key}{literal(item, inner, _width(key))}" for key, item in keys]
        return _on_lines("{", items, "}", indent)
    if isinstance(value, (list, tuple)):
        items = [f"{inner}{literal(item, inner, len(inner))}" for item in _elements(whole)]
        return _on_lines("[", items, "]", indent)
    if isinstance(value, File):
        return _call_on_lines(value, indent)
    if isinstance(value, str) and len(pieces := _pieces(value, _WIDTH - len(inner))) > 1:
        return "\n".join(["(", *(f"{inner}{piece}" for piece in pieces), f"{indent})"])
    return line


def _on_one_line(value: object) -> str:
    whole: object = value
    if isinstance(value, Mapping):
        items = (f"{quoted(str(key))}: {_on_one_line(item)}" for key, item in _items(whole))
        return f"{{{', '.join(items)}}}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_on_one_line, _elements(whole)))}]"
    if isinstance(value, File):
        return f"{value.use}({', '.join(_arguments(value))})"
    return quoted(value) if isinstance(value, str) else repr(value)


def _elements(values: object) -> Iterable[object]:
    return cast("Iterable[object]", values)


def _items(mapping: object) -> Iterable[tuple[object, object]]:
    return cast("Mapping[object, object]", mapping).items()


def _on_lines(start: str, items: list[str], end: str, indent: str) -> str:
    return "\n".join([start, *(f"{item}," for item in items), f"{indent}{end}"])


def _arguments(file: File) -> list[str]:
    return [quoted(file), *([quoted(file.media_type)] if file.use == "upload" else [])]


def _call_on_lines(file: File, indent: str) -> str:
    """Return a call with all arguments on one separate line, or on one line each."""
    inner = f"{indent}    "
    line = f"{inner}{', '.join(_arguments(file))}"
    if _width(line) <= _WIDTH:
        return f"{file.use}(\n{line}\n{indent})"
    path, *others = _arguments(file)
    pieces = _pieces(file, _WIDTH - len(inner) - 1)
    path = f"\n{inner}".join(pieces)
    return _on_lines(f"{file.use}(", [f"{inner}{item}" for item in (path, *others)], ")", indent)


def _pieces(text: str, width: int) -> list[str]:
    """Return a text as adjacent string literals, split after spaces if possible."""
    pieces = [""]
    for word in re.findall(r"\S+\s*|\s+", text):
        if _width(quoted(pieces[-1] + word)) <= width:
            pieces[-1] += word
        elif _width(quoted(word)) <= width:
            pieces.append(word)
        else:
            for character in word:
                if _width(quoted(pieces[-1] + character)) > width:
                    pieces.append("")
                pieces[-1] += character
    return [quoted(piece) for piece in pieces if piece]


def _width(text: str) -> int:
    """Return the columns that a text takes in a fixed-width font."""
    if text.isascii():
        return len(text)
    return sum(1 + (unicodedata.east_asian_width(c) in "WF") for c in text)


def quoted(text: str) -> str:
    """Return a string as Python source, with the kind of quotes that needs fewer escapes."""
    quote = "'" if text.count('"') > text.count("'") else '"'
    return quote + "".join(_escaped(character, quote) for character in text) + quote


def _escaped(character: str, quote: str) -> str:
    if character in "\"'":
        return f"\\{character}" if character == quote else character
    if character.isprintable():
        return json.dumps(character, ensure_ascii=False)[1:-1]
    return _SHORT_ESCAPES.get(character) or _escape(character)


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
