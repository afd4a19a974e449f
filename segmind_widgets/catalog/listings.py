"""Parsers of the services' lists of models.

Segmind has a page of Markdown tables without parameters; APIMart has records with JSON Schemas.
Entries that cannot be parsed are left out; nothing here raises.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from segmind_widgets import schemas
from segmind_widgets.printable import printable
from segmind_widgets.schemas import is_list, is_mapping
from segmind_widgets.types import Model

_LONGEST_NAME = 200  # characters of a slug and of an input's name
_SLUG = re.compile(rf"[A-Za-z0-9][A-Za-z0-9_.-]{{0,{_LONGEST_NAME - 1}}}")
_LINK = re.compile(r"/models/([^/\s)]+)/")
_NUMBER = re.compile(r"[0-9]{1,30}(?:\.[0-9]*)?(?:[eE][-+]?[0-9]{1,2})?")
_TYPES = {
    "str": "string", "text": "string", "int": "integer", "float": "number", "double": "number",
    "bool": "boolean", "list": "array", "dict": "object", "string": "string", "null": "null",
    "integer": "integer", "number": "number", "boolean": "boolean", "array": "array",
    "object": "object",
}  # fmt: skip
_FILE = re.compile(r"(?:^|_)(image|video|audio|mask)s?(?:_(?:url|input|file)s?)?$")


def parse_directory(text: str) -> list[Model]:
    """Parse https://www.segmind.com/llms.txt: Markdown tables with one model a row, no schemas.

    A row is name, slug, description, modality, cost, time, link; cells may contain line breaks and
    pipes. A cost or time that cannot be parsed is None; all text outside of rows is skipped.
    """
    models: dict[str, Model] = {}
    for chunk in re.split(r"^(?=\|)", text, flags=re.MULTILINE):
        row = re.split(r"\n[ \t]*#", chunk, maxsplit=1)[0]
        cells = re.split(r"(?<!\\)\|", row)[1:-1]
        if model := _row([" ".join(cell.replace("\\|", "|").split()) for cell in cells]):
            models.setdefault(model.slug, model)
    return list(models.values())


def _row(cells: list[str]) -> Model | None:
    link = _LINK.search(cells[-1]) if cells else None
    candidates = [i for i, cell in enumerate(cells) if i and _SLUG.fullmatch(cell)]
    first = candidates[0] if candidates else 0
    index = next((i for i in candidates if link and cells[i] == link[1]), first)
    if not index or cells[index].lower() == "slug" or len(cells) < index + 6:
        return None
    *description, modality, cost, seconds, _ = cells[index + 1 :]
    return Model(
        slug=cells[index],
        name=printable(" | ".join(cells[:index])),
        modality=printable(modality),
        description=printable(" | ".join(description)),
        cost=_number(cost.removeprefix("$")),
        seconds=_number(seconds.removesuffix("s")),
    )


def _number(text: str) -> float | None:
    return float(text) if _NUMBER.fullmatch(text) else None


def parse_parameters(record: Mapping[str, Any]) -> Model | None:
    """Parse a record of APIMart's `GET /v1/models?expand=parameters`; return None without an id.

    The inputs are in `parameters.input_schema.properties`. Entries that are not JSON Schema are
    left out, and inputs whose names denote files (`image_urls`) are marked as media.
    """
    slug = record.get("id")
    if not isinstance(slug, str) or not 0 < len(slug) <= _LONGEST_NAME:
        return None
    inner = record.get("parameters")
    parameters: Mapping[str, Any] = inner if is_mapping(inner) else {}
    schema = reduce_schema(parameters.get("input_schema"))
    return Model(
        slug=slug,
        provider="apimart",
        name=_text(record, "name", "display_name"),
        modality=_text(record, "category", "modality", "type"),
        description=_text(record, "description"),
        schema=schema,
        schema_source="service" if schema else "page",
        endpoint=_text(parameters, "endpoint"),
        operation=_text(parameters, "operation"),
    )


def _text(record: Mapping[str, Any], *keys: str) -> str:
    return printable(next((t for key in keys if isinstance(t := record.get(key), str)), ""))


def reduce_schema(source: Any) -> dict[str, Any] | None:
    """Reduce a service's schema of inputs to valid JSON Schema; return None if it has none."""
    properties = source.get("properties") if is_mapping(source) else None
    if not is_mapping(properties):
        return None
    inputs = {
        str(name): _input(str(name), schema)
        for name, schema in properties.items()
        if is_mapping(schema) and len(str(name)) <= _LONGEST_NAME
    }
    names = source.get("required")
    required = [
        name
        for name in inputs
        if (is_list(names) and name in names) or properties[name].get("required") is True
    ]
    return {"type": "object", "required": required, "properties": inputs} if inputs else None


def _is_text(value: object) -> bool:
    return isinstance(value, str)


_KEYWORDS: Mapping[str, Callable[[object], bool]] = {  # keyword: a check whether its value is valid
    # a service's "pattern" is left out: a regular expression may take any time
    **{k: fits for k, fits in schemas.RULES.items() if k not in ("type", "enum", "pattern")},
    "title": _is_text, "description": _is_text, "format": _is_text,
    "contentMediaType": _is_text, "contentEncoding": _is_text,
    "examples": lambda value: is_list(value),
    "default": lambda value: value is not None,
}  # fmt: skip


def _input(name: str, source: Mapping[str, Any]) -> dict[str, Any]:
    """Reduce the schema of an input to valid JSON Schema."""
    names = source.get("type")
    names = names if is_list(names) else [names]
    kinds = [_TYPES.get(kind.lower()) for kind in names if isinstance(kind, str)]
    kinds = [kind for kind in dict.fromkeys(kinds) if kind]
    schema: dict[str, Any] = {"type": kinds[0] if len(kinds) == 1 else kinds} if kinds else {}
    schema |= {
        key: source[key] for key, fits in _KEYWORDS.items() if key in source and fits(source[key])
    }
    choices, items, file = source.get("enum"), source.get("items"), _FILE.search(name)
    if is_list(choices) and choices:
        schema["enum"] = [c.get("value") if is_mapping(c) else c for c in choices]
    elif kinds == ["array"] and (file or is_mapping(items)):
        # the schema may describe the items of `image_urls` as {"url": …}, and URLs are sent
        schema["items"] = _input(name, {"type": "string"} if file else items or {})
    elif kinds == ["string"] and file:
        kind = "image" if file[1] == "mask" else file[1]
        schema = {"format": "uri", "contentMediaType": f"{kind}/*", **schema}
    return schema
