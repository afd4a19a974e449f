"""The page of a model for programs, `/models/{slug}/llms.txt`, in several forms.

The directory names these pages, but their form is not documented. So the sandbox serves each that
is usual: `Sandbox(page_form=…)` chooses.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from segmind_widgets.sandbox.state.models import Model

Field = tuple[str, Mapping[str, Any], bool]  # name, schema, and whether it is required


def model_page(model: Model, endpoint: str, seconds: float, form: str) -> str:
    """Return the page.

    Args:
        model: with its parameters.
        endpoint: the address of a run.
        seconds: the usual duration of a run.
        form: a key of `FORMS`.
    """
    head = [
        f"# {model.name}",
        "",
        f"> {model.description}",
        "",
        f"- **Endpoint**: `POST {endpoint}`",
        f"- **Avg Cost**: ${model.cost:.10g}",
        f"- **Avg Latency**: {seconds:.5f}s",
        "",
    ]
    return "\n".join([*head, *FORMS[form](model, endpoint)]) + "\n"


def _fields(model: Model) -> list[Field]:
    needed = model.schema.get("required", ())
    properties: Mapping[str, Mapping[str, Any]] = model.schema.get("properties", {})
    return [(name, schema, name in needed) for name, schema in properties.items()]


def _table(model: Model, endpoint: str) -> Iterator[str]:
    del endpoint
    yield from ("## Parameters", "", "| Name | Required | Type | Default | Values | Description |")
    yield f"|{' --- |' * 6}"
    for name, schema, is_required in _fields(model):
        cells = (
            name,
            "yes" if is_required else "no",
            _type(schema),
            _default(schema),
            _choices(schema, ", ") or _range(schema, " to "),
            schema.get("description", ""),
        )
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _list(model: Model, endpoint: str) -> Iterator[str]:
    del endpoint
    yield from ("## Parameters", "")
    for name, schema, is_required in _fields(model):
        need = "required" if is_required else "optional"
        yield f"- **{name}** ({_type(schema)}, {need}): {schema.get('description', '')}"
        yield from (f"  - {fact}" for fact in _facts(schema))


def _headings(model: Model, endpoint: str) -> Iterator[str]:
    del endpoint
    yield from ("## Parameters", "")
    for name, schema, is_required in _fields(model):
        yield from (f"### {name}", "", f"- **Type**: {_type(schema)}")
        yield f"- **Required**: {'yes' if is_required else 'no'}"
        yield from (f"- {fact}" for fact in _facts(schema))
        yield f"- **Description**: {schema.get('description', '')}"


def _json(model: Model, endpoint: str) -> Iterator[str]:
    document = {"endpoint": endpoint, "method": "POST", "input_schema": model.schema}
    yield from ("## Schema", "", "```json", json.dumps(document, indent=2), "```")


def _text(model: Model, endpoint: str) -> Iterator[str]:
    """Yield the lines of the page for people as a browser copies it."""
    yield from ("API Endpoint", "", f"POST{endpoint}", "", "Parameters", "")
    for name, schema, is_required in _fields(model):
        yield from (f"{name}{'required' if is_required else 'optional'}", _type(schema), "")
        yield from (schema.get("description", ""), "", *_facts(schema, quote='"'))
    yield from ("Response Type", "", "Returns: Image")


def _code(model: Model, endpoint: str) -> Iterator[str]:
    """Yield a request without any description: then only names and types can be read."""
    samples = {"string": "text", "integer": 1, "number": 0.5, "boolean": True, "array": []}
    data = {
        name: schema.get("default", samples.get(str(schema.get("type")), {}))
        for name, schema, _ in _fields(model)
    }
    yield from ("```python", f'url = "{endpoint}"', f"data = {data!r}", "```")


FORMS: Mapping[str, Callable[[Model, str], Iterator[str]]] = {  # the default is the first
    "table": _table, "list": _list, "headings": _headings, "json": _json, "text": _text,
    "code": _code,
}  # fmt: skip


def _type(schema: Mapping[str, Any]) -> str:
    """Describe the type of a parameter as the API pages do."""
    kind = schema.get("type", "any")
    if kind == "array" and schema.get("items"):
        return f"{_type(schema.get('items', {}))}[]"
    kind = " or ".join(kind) if isinstance(kind, list) else kind
    return f"{kind}{' (uri)' if schema.get('format') == 'uri' else ''}"


def _default(schema: Mapping[str, Any]) -> str:
    value = schema.get("default", "")
    return value if isinstance(value, str) else json.dumps(value)


def _facts(schema: Mapping[str, Any], quote: str = "") -> Iterator[str]:
    if "default" in schema:
        yield f"Default: {json.dumps(schema['default'])}"
    if choices := _choices(schema, f"{quote}{quote}" or ", "):
        is_text = isinstance(schema["enum"][0], str)
        yield (
            f"Allowed values: {quote}{choices}{quote}" if is_text else f"Allowed values: {choices}"
        )
    elif span := _range(schema, " - "):
        yield f"Range: {span}"


def _choices(schema: Mapping[str, Any], between: str) -> str:
    choices = schema.get("enum", ())
    is_text = all(isinstance(choice, str) for choice in choices)
    return (between if is_text else ", ").join(map(str, choices))


def _range(schema: Mapping[str, Any], between: str) -> str:
    bounds = [schema[key] for key in ("minimum", "maximum") if key in schema]
    return between.join(map(str, bounds)) if len(bounds) == 2 else ""
