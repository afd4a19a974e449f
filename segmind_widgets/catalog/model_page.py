"""Parse a model's page for programs, `/models/{slug}/llms.txt`: parameters, usual cost and time.

The service does not document the form of these pages. So this reads every usual one: JSON,
Markdown tables, lists and headings, and the text of an API page. What it finds are hints: nothing
is refused for them. Nothing here raises, and the time is linear in the length of the text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from segmind_widgets.catalog.page_blocks import Entry, headings, lists, tables
from segmind_widgets.catalog.page_json import documents, entries_in, sample_in, schema_in
from segmind_widgets.syntax.api_pages import parse_parameters
from segmind_widgets.syntax.page_facts import usual_cost, usual_seconds
from segmind_widgets.syntax.parameter_words import input_schema, sections
from segmind_widgets.syntax.samples import infer_schema
from segmind_widgets.types import Model

MAX_PAGE = 256 * 1024  # characters of a page that are read
MAX_INPUTS = 200


@dataclass(frozen=True)
class ModelPage:
    """The facts of a page; each is None if the page does not have it."""

    schema: Mapping[str, Any] | None = None
    cost: float | None = None  # USD for a run
    seconds: float | None = None

    def complete(self, model: Model) -> Model:
        """Return a model with these facts where its own are not known.

        A schema of the model is kept: it is the service's, or a person typed it from a page.
        """
        has_schema = model.schema is not None or self.schema is None
        return replace(
            model,
            cost=self.cost if model.cost is None else model.cost,
            seconds=self.seconds if model.seconds is None else model.seconds,
            schema=model.schema if has_schema else self.schema,
            schema_source=model.schema_source if has_schema else "hint",
        )


def parse_model_page(text: str) -> ModelPage:
    """Return the facts of a page; a text in no known form has none."""
    text = text[:MAX_PAGE]
    try:
        return ModelPage(_parameters(text), usual_cost(text), usual_seconds(text))
    except RecursionError:  # JSON that is nested too deeply
        return ModelPage()


def _parameters(text: str) -> Mapping[str, Any] | None:
    """Return the schema of the first form that the page has; inputs of its example follow."""
    found, sample = list(documents(text)), sample_in(text)
    schema = schema_in(found) or _of_entries(entries_in(found))
    for read in (tables, headings, lists):
        schema = schema or _of_entries(read(text))
    schema = schema or parse_parameters(text, sample)
    example: dict[str, Any] = (infer_schema(sample) or {}).get("properties", {})
    stated: dict[str, Any] = schema["properties"] if schema else {}
    required: set[str] = set((schema or {}).get("required", ()))
    properties = {
        name: _without_sample(value, is_required=name in required or name not in stated)
        for name, value in [*stated.items(), *example.items()][:MAX_INPUTS]
        if name not in stated or value is stated[name]
    }
    names = [name for name in properties if name in required]
    return {"type": "object", "required": names, "properties": properties} if properties else None


def _without_sample(schema: Mapping[str, Any], *, is_required: bool) -> Mapping[str, Any]:
    """Make an example of the default of a required input or of a file: it stands for no value."""
    if "default" not in schema or not (is_required or schema.get("format") == "uri"):
        return schema
    kept = {key: value for key, value in schema.items() if key not in ("default", "examples")}
    return {**kept, "examples": [schema["default"], *schema.get("examples", ())]}


def _of_entries(entries: Iterable[Entry]) -> dict[str, Any] | None:
    properties: dict[str, Any] = {}
    required: list[str] = []
    for entry in entries:
        if entry.name in properties or len(properties) >= MAX_INPUTS:
            continue
        properties[entry.name] = input_schema(
            entry.name, entry.kind, {**sections(entry.text), **entry.facts}, entry.values
        )
        required += [entry.name] if entry.required else []
    return (
        {"type": "object", "required": required, "properties": properties} if properties else None
    )
