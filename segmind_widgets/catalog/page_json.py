"""Find the inputs of a model in the JSON of a page: a schema, a list of inputs, an example."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from segmind_widgets.catalog.listings import reduce_schema
from segmind_widgets.catalog.page_blocks import Entry
from segmind_widgets.schemas import is_list, is_mapping
from segmind_widgets.syntax.parameter_words import is_name

_MAX_NODES = 5_000  # of a document
_REQUEST_WORDS = ("input", "request", "parameters", "body")
_SAMPLES = ("--data", "-d '", "data = {", "payload = {", "json={", "json = {", "stringify({")
_MAX_SAMPLE = 8_000  # characters
# each alternative begins with another character, so none is tried twice at a place
_TOKEN = re.compile(r""""(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[{}\[\],]|[^"'{}\[\],]+""", re.DOTALL)


def documents(text: str) -> Iterator[Any]:
    """Yield the JSON documents: the whole text, or the blocks between fences."""
    blocks = [text] if text.lstrip()[:1] in ("{", "[") else text.split("```")[1::2]
    for block in blocks:
        first, _, rest = block.partition("\n")
        block = block if first.lstrip()[:1] in ("{", "[") else rest
        if block.lstrip()[:1] in ("{", "["):
            try:
                yield json.loads(block)
            except ValueError:
                continue


def _walk(document: Any) -> Iterator[tuple[str, Any]]:
    """Yield the mappings and lists of a document with the names that lead to them."""
    queue: list[tuple[str, Any]] = [("", document)]
    for path, value in queue:
        if len(queue) > _MAX_NODES:
            return
        yield path, value
        if is_mapping(value):
            queue += [(f"{path[-200:]}.{name}".lower(), item) for name, item in value.items()]
        elif is_list(value):
            queue += [(path, item) for item in value]


def schema_in(found: list[Any]) -> dict[str, Any] | None:
    """Return the JSON Schema of the inputs: at best one under a name such as `input_schema`."""
    schemas = [
        (not any(word in path for word in _REQUEST_WORDS), schema)
        for document in found
        for path, value in _walk(document)
        if "response" not in path and "output" not in path
        if (schema := reduce_schema(value)) is not None
    ]
    return min(schemas, key=lambda one: one[0])[1] if schemas else None


def entries_in(found: list[Any]) -> Iterator[Entry]:
    """Yield the inputs of `[{"name": …, "type": …}]` or `{name: {"type": …}}`."""
    for document in found:
        for path, value in _walk(document):
            if "response" in path or "output" in path:
                continue
            if is_list(value):
                entries = [
                    _of_record(str(one.get("name", "")), one) for one in value if is_mapping(one)
                ]
            elif is_mapping(value):
                entries = [_of_record(name, one) for name, one in value.items() if is_mapping(one)]
            else:
                continue
            if entries and all(entries):
                yield from (entry for entry in entries if entry)
                return


def _of_record(name: str, record: Mapping[str, Any]) -> Entry | None:
    kind = record.get("type")
    if not (name and is_name(name) and isinstance(kind, str)):
        return None
    names = {
        "default": "default", "min": "min", "minimum": "min", "max": "max", "maximum": "max",
        "range": "range", "description": "text",
    }  # fmt: skip
    facts = {
        label: value if isinstance(value, str) else json.dumps(value)
        for key, label in names.items()
        if (value := record.get(key)) is not None
    }
    listed = (record.get(key) for key in ("enum", "options", "allowed_values", "choices", "values"))
    choices = next((value for value in listed if is_list(value)), None)
    if choices:
        facts["choices"] = "\n".join(str(choice) for choice in choices)
    return Entry(name, kind, record.get("required") is True, facts=facts)


def sample_in(text: str) -> dict[str, Any]:
    """Return the inputs in the first example request, which is JSON or a Python literal."""
    starts = sorted(start for mark in _SAMPLES if (start := text.find(mark)) >= 0)
    for start in starts:
        brace = text.find("{", start, start + 200)
        sample = _object_at(text[brace : brace + _MAX_SAMPLE]) if brace >= 0 else {}
        if sample and all(map(is_name, sample)):
            return {name: item for name, item in sample.items() if name != "model"}
    return {}


def _object_at(text: str) -> dict[str, Any]:
    """Return the object at the start of a text; {} if it does not end, or has other code in it."""
    pieces, depth, end = list[str](), 0, 0
    while token := _TOKEN.match(text, end):
        piece, end = token[0], token.end()
        if piece[0] in "\"'":
            piece = json.dumps(piece[1:-1]) if piece[0] == "'" else piece
        elif piece in "]}":
            while pieces and pieces[-1].strip() in ("", ","):  # Python takes a comma at the end
                pieces.pop()
        else:
            for word, value in (("True", "true"), ("False", "false"), ("None", "null")):
                piece = piece.replace(word, value)
        pieces.append(piece)
        depth += (piece in "[{") - (piece in "]}")
        if not depth:
            break
    try:
        value: Any = json.loads("".join(pieces), strict=False)
    except (ValueError, RecursionError):
        return {}
    return {str(name): item for name, item in value.items()} if is_mapping(value) else {}
