"""Models from the package's data file, and the validation of inputs by their schemas."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from segmind_widgets.schemas import Violation, iter_input_violations

_DATA = Path(__file__).parents[2] / "catalog" / "models.json"
_USUAL_SECONDS = 30.0  # for models without a time in the data file
_USUAL_COST = 0.05  # USD, for models without a cost in the data file


@dataclass(frozen=True)
class Model:
    """A model.

    `cost` is in USD per run, `seconds` is the usual duration at speed 1, and `schema` is the JSON
    Schema of the inputs.
    """

    slug: str
    name: str
    modality: str
    description: str
    cost: float
    seconds: float
    schema: Mapping[str, Any]

    @property
    def kind(self) -> str:
        """Return the kind of the results: text, video, audio or image."""
        return next(
            (kind for kind in ("video", "audio") if f"to-{kind}" in self.modality.lower()),
            "text" if "LLM" in self.modality else "image",
        )

    def with_defaults(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Return the inputs together with the schema's defaults for missing ones."""
        properties = self.schema.get("properties", {})
        defaults = {name: p["default"] for name, p in properties.items() if "default" in p}
        return {**defaults, **inputs}

    def with_enum_types(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Return the inputs with the schema's own type for choices such as 5 and "5"."""
        properties = self.schema.get("properties", {})

        def choice(name: str, value: Any) -> Any:
            choices = properties.get(name, {}).get("enum", ())
            return next((c for c in choices if str(c) == str(value)), value)

        return {name: choice(name, value) for name, value in inputs.items()}


class Models:
    """The models of the data file, and those of a directory and of `extra`.

    Args:
        extra: models in the form of the data file; an existing slug is replaced.
        directory: models of Segmind in this form; an existing slug is kept.
    """

    def __init__(
        self,
        extra: Mapping[str, Mapping[str, Any]] | None = None,
        directory: Mapping[str, Any] | None = None,
    ) -> None:
        self._extra = extra or {}
        self._directory = {"segmind": directory or {}}

    @cached_property
    def _all(self) -> dict[str, dict[str, Model]]:
        """Load the models by service and slug."""
        data = json.loads(_DATA.read_text(encoding="utf-8"))
        return {
            service: {
                slug: _model(slug, entry)
                for slug, entry in {
                    **self._directory.get(service, {}),
                    **data.get(service, {}),
                    **self._extra.get(service, {}),
                }.items()
            }
            for service in ("segmind", "apimart")
        }

    def of(self, service: str) -> list[Model]:
        """Return all models of a service."""
        return list(self._all[service].values())

    def get(self, service: str, slug: str) -> Model | None:
        """Return a model of a service, or None."""
        return self._all[service].get(slug)


def _model(slug: str, entry: Mapping[str, Any]) -> Model:
    """Create a model from an entry of the data file."""
    cost, seconds = entry.get("cost"), entry.get("seconds")
    return Model(
        slug=slug,
        name=entry.get("name", slug),
        modality=entry.get("modality", ""),
        description=entry.get("description", ""),
        cost=_USUAL_COST if cost is None else cost,
        seconds=_USUAL_SECONDS if seconds is None else seconds,
        schema=entry.get("schema", {}),
    )


def missing_field(schema: Mapping[str, Any], inputs: Mapping[str, Any]) -> str | None:
    """Return the name of the first required input that is missing, null or empty, or None."""
    for name in schema.get("required", ()):
        if inputs.get(name) in (None, ""):
            return name
    return None


def invalid_field(schema: Mapping[str, Any], inputs: Mapping[str, Any]) -> str | None:
    """Return a message about the first invalid value, with its name; None if all are valid.

    Like the services, it ignores inputs that the schema does not define.
    """
    for violation in iter_input_violations(inputs, schema):
        return _describe(violation)
    for name, definition in schema.get("properties", {}).items():
        value = inputs.get(name)
        if definition.get("contentEncoding") == "base64" and isinstance(value, str):
            try:
                base64.b64decode(value)
            except ValueError:
                return f"'{name}' is not valid"
    return None


def _describe(violation: Violation) -> str:
    """Return a message without the value, which may be an image in base64."""
    path = ".".join(map(str, violation.path))
    limit: Any = violation.schema[violation.rule]
    problem = {
        "required": "is required",
        "type": f"must be of type {limit}",
        "enum": f"must be one of {', '.join(map(str, limit)) if isinstance(limit, list) else ''}",
        "minimum": f"must be at least {limit}",
        "maximum": f"must be at most {limit}",
        "multipleOf": f"must be a multiple of {limit}",
        "maxItems": f"must have at most {limit} items",
        "minItems": f"must have at least {limit} items",
        "minLength": f"must have at least {limit} characters",
        "maxLength": f"must have at most {limit} characters",
    }.get(violation.rule, f"does not fit its {violation.rule}")
    return f"'{path}' {problem}"
