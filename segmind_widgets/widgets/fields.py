"""Form fields for the inputs of a model: the kind of control, and conversion of values.

A control has a `raw` JSON value: None if nothing is set, else a number, a choice, or the typed
text. `Field.read` converts it to the input, and `Field.write` converts back.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from segmind_widgets.catalog.catalog import media_type
from segmind_widgets.catalog.validation import Schema, scalar, types
from segmind_widgets.errors import InputError, SegmindError
from segmind_widgets.types import Model
from segmind_widgets.widgets.values import from_scalar, from_yaml, to_scalar, to_yaml

UNKNOWN: Schema = {  # for models without a schema: common inputs, none required
    "type": "object",
    "properties": {
        "prompt": {"type": "string", "description": "A description of what you want."},
        "image": {
            "type": "string", "format": "uri", "contentMediaType": "image/*",
            "description": "An input image, if the model takes one.",
        },
        "seed": {
            "type": "integer", "minimum": -1,
            "description": "The same seed gives the same result; -1 chooses a new one each time.",
        },
    },
}  # fmt: skip
_PROMPT_NAME = re.compile(r"prompt|text|lyrics", re.IGNORECASE)
_UNITS = {
    "pixels": "px", "seconds": "s", "milliseconds": "ms", "per cent": "%", "percent": "%",
    "%": "%", "tokens": "tokens", "frames": "frames", "degrees": "°", "minutes": "min",
}  # fmt: skip
_UNIT = re.compile(rf"\bin ({'|'.join(_UNITS)})(?!\w)", re.IGNORECASE)
_LABEL_WORDS = {"cfg": "CFG", "img": "image", "ip": "IP", "id": "ID", "fps": "FPS", "url": "URL"}
_MAX_SLIDER_STEPS = 10_000  # above this a slider cannot be set to an exact value


@dataclass(frozen=True)
class Field:
    """One input of a model: its name, its JSON Schema, and whether it is required."""

    name: str
    schema: Schema
    required: bool = False

    @cached_property
    def kind(self) -> str:
        """Return the kind of control.

        One of media, choice, open (a choice that also takes other values), switch, number, text
        (multi-line), line, lines (one item a line), messages, value (a YAML scalar) or yaml
        (multi-line).
        """
        schema, kinds = self.schema, set(types(self.schema)) - {"null"}
        if media_type(schema):
            return "media"
        if "enum" in schema:
            return "choice"
        if kinds == {"boolean"}:
            return "switch" if "default" in schema else "choice"
        if kinds and kinds <= {"integer", "number"}:
            return "number"
        if kinds == {"array"}:
            return self._list_kind()
        if "string" in kinds and (schema.get("x-prompt") or _PROMPT_NAME.search(self.name)):
            return "text"
        if kinds == {"string"}:
            return "open" if len(schema.get("examples", ())) > 1 else "line"
        return "yaml" if not kinds or kinds & {"array", "object"} else "value"

    def _list_kind(self) -> str:
        items = self.schema.get("items", {})
        if self.name == "messages" or {"role", "content"} <= set(items.get("properties", {})):
            return "messages"
        return "lines" if types(items) == ["string"] else "yaml"

    @property
    def label(self) -> str:
        """Return the title, else the name split into words."""
        if "title" in self.schema:
            return self.schema["title"]
        name = re.sub(r"_urls$", "s", self.name).replace("ss", "s") if self.kind == "media" else ""
        words = re.sub(r"_url$", "", name or self.name).split("_")
        label = " ".join(_LABEL_WORDS.get(word, word) for word in words if word) or self.name
        return label[0].upper() + label[1:]

    @property
    def is_prompt(self) -> bool:
        """Return whether this is a prompt, which a form shows first."""
        return self.kind in ("text", "messages") and not self.schema.get("x-advanced")

    @property
    def unit(self) -> str:
        """Return the unit (px, s, %, …) if the description has one and the name does not."""
        match = _UNIT.search(self.schema.get("description", ""))
        if match is None or match[1].lower() in self.name or self.kind == "text":
            return ""
        return _UNITS[match[1].lower()]

    @property
    def choices(self) -> list[Any]:
        """Return the values to choose from."""
        if "boolean" in types(self.schema) and "enum" not in self.schema:
            return [True, False]
        return list(self.schema.get("enum") or self.schema.get("examples", ()))

    @property
    def step(self) -> float:
        """Return the step: `multipleOf`, 1 for integers, else about 1 % of the range."""
        if step := self.schema.get("multipleOf"):
            return step
        if "number" not in types(self.schema):
            return 1
        low, high = self.schema.get("minimum"), self.schema.get("maximum")
        if low is None or high is None or high <= low:
            return 0.1
        return 10.0 ** (math.floor(math.log10(high - low)) - 2)

    @property
    def slider(self) -> bool:
        """Return whether the range is bounded and coarse enough for a slider."""
        low, high = self.schema.get("minimum"), self.schema.get("maximum")
        if low is None or high is None or self.name == "seed":
            return False
        return 0 < (high - low) / self.step <= _MAX_SLIDER_STEPS

    def spec(self) -> dict[str, Any]:
        """Return the description of the control for the browser; JSON."""
        schema = self.schema
        spec: dict[str, Any] = {
            "name": self.name,
            "label": self.label,
            "kind": self.kind,
            "unit": self.unit,
            "tip": " · ".join(filter(None, [schema.get("description", ""), self.name])),
            "required": self.required,
            "advanced": bool(schema.get("x-advanced")),
            "hint": self._hint(),
        }
        if self.kind in ("choice", "open"):
            spec["choices"] = [[_label(value), value] for value in self.choices]
        if self.kind == "number":
            bounds = {"min": schema.get("minimum"), "max": schema.get("maximum"), "step": self.step}
            spec |= {**bounds, "slider": self.slider, "seed": self.name == "seed"}
        if "default" in schema:
            spec["default"] = schema["default"]
        return spec

    def _hint(self) -> str:
        """Return the placeholder of an empty control: the default, else a description."""
        schema = self.schema
        if self.name == "seed" and schema.get("default", -1) == -1:
            return "new each time" if schema.get("minimum", -1) <= -1 else ""
        if "default" in schema:
            return _label(schema["default"])
        if self.kind in ("text", "messages"):
            return schema.get("description", "")
        if self.kind == "lines":
            return "one per line"
        if self.kind in ("yaml", "value"):
            return "YAML"
        if self.kind == "number" and "minimum" in schema and "maximum" in schema:
            return f"{scalar(schema['minimum'])}–{scalar(schema['maximum'])}"
        if self.kind == "number":
            return "" if self.required else "default"
        return next(map(str, schema.get("examples", ())), "")

    # values

    def read(self, raw: Any, names: Mapping[str, Any]) -> Any:
        """Convert a control's value to the input; None if nothing is set.

        Raises:
            CellError: the YAML cannot be parsed; `field` names this input.
        """
        if raw is None or (isinstance(raw, str) and not raw.strip()):
            return None
        if self.kind == "lines":
            return [line.strip() for line in raw.splitlines() if line.strip()]
        if self.kind == "messages":
            is_list = raw.lstrip().startswith("[{")
            return from_yaml(raw, names, self.name) if is_list else [_from_user(raw)]
        if self.kind == "yaml":
            return from_yaml(raw, names, self.name)
        return from_scalar(raw, names, self.name) if self.kind == "value" else raw

    def write(self, value: Any) -> Any:
        """Convert an input to the control's value.

        Raises:
            ValueError: the control cannot show the value.
            CellError: the value has no text form.
        """
        if self.kind in ("yaml", "value"):
            write = to_scalar if self.kind == "value" else to_yaml
            return write(value, self.name)
        if self.kind == "messages" and isinstance(value, (list, tuple)):
            text = value[0].get("content") if value and isinstance(value[0], Mapping) else None
            is_single = isinstance(text, str) and list(value) == [_from_user(text)]
            return text if is_single else to_yaml(value, self.name)
        if self.kind == "lines" and isinstance(value, (list, tuple)):
            if all(isinstance(item, str) and "\n" not in item for item in value):
                return "\n".join(value)
        elif isinstance(value, _VALUE_TYPES.get(self.kind, str)) and _is_plain(value, self.kind):
            return value
        raise ValueError(f"{self.name} cannot show {value!r}")


_VALUE_TYPES: dict[str, Any] = {"number": (int, float), "switch": bool, "choice": (str, int, float)}


def _is_plain(value: Any, kind: str) -> bool:
    """Return whether the value is finite, as JSON requires, and not a bool in a number control."""
    return not isinstance(value, float | bool) or (
        kind != "number" if isinstance(value, bool) else math.isfinite(value)
    )


def _label(value: Any) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else scalar(value)


def _from_user(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


def fields_of(model: Model) -> Iterator[Field]:
    """Yield the fields of a model in the schema's order; the fields of `UNKNOWN` if it has none.

    A schema that is only a hint limits no field: its choices are offered, and others are taken.
    """
    schema = model.schema or UNKNOWN
    required = schema.get("required", ())
    is_hint = model.schema_source == "hint"
    for name, inner in schema.get("properties", {}).items():
        yield Field(name, _without_limits(inner) if is_hint else inner, name in required)


def _without_limits(schema: Schema) -> Schema:
    """Return a schema whose choices are examples, and whose numbers have no bounds."""
    choices = [*schema.get("enum", ()), *schema.get("examples", ())]
    kept = {k: v for k, v in schema.items() if k not in ("enum", "minimum", "maximum", "maxItems")}
    return {**kept, "examples": list(dict.fromkeys(choices))} if choices else kept


def normalize_inputs(inputs: Mapping[str, Any], fields: Mapping[str, Field]) -> dict[str, Any]:
    """Drop inputs that are None, and rename `prompt` to the model's own name for the prompt."""
    result = {name: value for name, value in inputs.items() if value is not None}
    prompt_name = next(
        (name for name, field in fields.items() if field.schema.get("x-prompt")), None
    )
    if prompt_name and prompt_name not in result and "prompt" in result and "prompt" not in fields:
        result[prompt_name] = result.pop("prompt")
    return result


def refused_input(error: SegmindError, names: Iterable[str]) -> str | None:
    """Return the input named by an error, else the longest input name in its message, else None."""
    by_length = sorted(names, key=len, reverse=True)
    if error.field in by_length:
        return error.field
    words = re.findall(r"\w+", error.message) if isinstance(error, InputError) else []
    return next((name for name in by_length if name in words), None)
