"""Parse an API page as a browser copies it: a line `promptrequired`, then its type and text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from segmind_widgets.schemas import is_mapping
from segmind_widgets.syntax.parameter_words import TYPES, input_schema, is_name, sections
from segmind_widgets.syntax.samples import value_schema

_ENDS = ("response", "response format", "response type", "common error codes")
_NEEDS = ("required", "optional")
_ITEMS = "Array items:"


@dataclass
class _Entry:
    """An input of the page, with the lines below its type."""

    name: str
    required: bool
    kind: str
    lines: list[str] = field(default_factory=list[str])
    items: list[_Entry] = field(default_factory=lambda: list[_Entry]())


def parse_parameters(text: str, sample: Mapping[str, Any]) -> dict[str, Any] | None:
    """Parse the "Parameters" section of an API page's text; return None without one.

    Inputs that are only in the example follow those of the page. Below "Array items:" are the
    properties of a list's items, up to the next input that is in the example.
    """
    entries = _nested(list(_entries(_section(text))), sample)
    if not entries:
        return None
    schema = _object(entries)
    for name, value in sample.items():
        schema["properties"].setdefault(name, value_schema(name, value))
    return schema


def _section(text: str) -> list[str]:
    """Return the lines between "Parameters" and the end of the section."""
    lines = [line.strip() for line in text.split("\n")]
    if "Parameters" not in lines:
        return []
    lines = lines[lines.index("Parameters") + 1 :]
    end = next((i for i, line in enumerate(lines) if line.lower() in _ENDS), len(lines))
    return lines[:end]


def _entries(lines: Sequence[str]) -> Iterator[_Entry]:
    entry: _Entry | None = None
    rest = iter(lines)
    for line in rest:
        need = next((word for word in _NEEDS if line.endswith(word)), "")
        name = line.removesuffix(need).strip()
        if need and name and is_name(name):
            kind = next(filter(None, rest), "")
            if kind.partition("(")[0].strip().removesuffix("[]") in TYPES:
                if entry is not None:
                    yield entry
                entry = _Entry(name, need == "required", kind)
                continue
            line = f"{line}\n{kind}"  # not the head of an input
        if entry is not None:
            entry.lines.append(line)
    if entry is not None:
        yield entry


def _nested(entries: Sequence[_Entry], sample: Mapping[str, Any]) -> list[_Entry]:
    """Put the properties of items below their list; without an example, all are inputs."""
    inputs: list[_Entry] = []
    parent: _Entry | None = None
    for entry in entries:
        if parent is not None and sample and entry.name not in sample:
            parent.items.append(entry)
        else:
            inputs.append(entry)
            parent = entry if _ITEMS in entry.lines else None
    return inputs


def _object(entries: Sequence[_Entry]) -> dict[str, Any]:
    required = [entry.name for entry in entries if entry.required]
    properties = {entry.name: _schema(entry) for entry in entries}
    return {"type": "object", "required": required, "properties": properties}


def _schema(entry: _Entry) -> dict[str, Any]:
    facts = sections("\n".join(line for line in entry.lines if line not in ("", _ITEMS)))
    lines = [line for line in facts["text"].split("\n") if line]
    schema = input_schema(entry.name, entry.kind, {**facts, "text": "\n".join(lines[1:])})
    if lines:
        schema["title"] = lines[0][:200]
    if entry.items and is_mapping(schema.get("items")):
        schema["items"] = {**schema["items"], **_object(entry.items)}
    return schema
