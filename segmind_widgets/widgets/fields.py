"""Inputs of a model as fields of a form: which control each gets, and its value there and back.

A control holds a `raw` JSON value: None where the reader set nothing, else a number, a choice, or
the text as typed. `Field.read` makes the input of it, `Field.write` the other way round.
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

UNKNOWN: Schema = {  # a model that nobody described: what most take, and none must have
    "type": "object",
    "properties": {
        "prompt": {"type": "string", "description": "What you want, in words."},
        "image": {
            "type": "string", "format": "uri", "contentMediaType": "image/*",
            "description": "A picture to work on, if the model takes one.",
        },
        "seed": {
            "type": "integer", "minimum": -1,
            "description": "The same number gives the same result; -1 picks a new one each time.",
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
_MAX_SLIDER_STEPS = 10_000  # a slider with more of them hits no value that one wants


@dataclass(frozen=True)
class Field:
    """One input of a model: its name, its JSON Schema, and whether the model must have it."""

    name: str
    schema: Schema
    required: bool = False

    @cached_property
    def kind(self) -> str:
        """The control: media, choice, open (a choice that takes others), switch, number, text (an
        area), line, lines (one each), messages, value (a YAML scalar) or yaml (an area).
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
        """The name as one would say it."""
        if "title" in self.schema:
            return self.schema["title"]
        name = re.sub(r"_urls$", "s", self.name).replace("ss", "s") if self.kind == "media" else ""
        words = re.sub(r"_url$", "", name or self.name).split("_")
        said = " ".join(_LABEL_WORDS.get(word, word) for word in words if word) or self.name
        return said[0].upper() + said[1:]

    @property
    def is_prompt(self) -> bool:
        """What the model is told in words, and so the first thing one wants to write."""
        return self.kind in ("text", "messages") and not self.schema.get("x-advanced")

    @property
    def unit(self) -> str:
        """px, s, %, …, where the description names one and the name does not."""
        found = _UNIT.search(self.schema.get("description", ""))
        if found is None or found[1].lower() in self.name or self.kind == "text":
            return ""
        return _UNITS[found[1].lower()]

    @property
    def choices(self) -> list[Any]:
        """The values to choose from."""
        if "boolean" in types(self.schema) and "enum" not in self.schema:
            return [True, False]
        return list(self.schema.get("enum") or self.schema.get("examples", ()))

    @property
    def step(self) -> float:
        """What one step of a number is: `multipleOf`, 1 for whole ones, else about 1 %."""
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
        """Whether a slider can reach every value that one might want."""
        low, high = self.schema.get("minimum"), self.schema.get("maximum")
        if low is None or high is None or self.name == "seed":
            return False
        return 0 < (high - low) / self.step <= _MAX_SLIDER_STEPS

    def spec(self) -> dict[str, Any]:
        """All that the browser needs to draw the control; JSON."""
        schema = self.schema
        said: dict[str, Any] = {
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
            said["choices"] = [[_label(value), value] for value in self.choices]
        if self.kind == "number":
            bounds = {"min": schema.get("minimum"), "max": schema.get("maximum"), "step": self.step}
            said |= {**bounds, "slider": self.slider, "seed": self.name == "seed"}
        if "default" in schema:
            said["default"] = schema["default"]
        return said

    def _hint(self) -> str:
        """What stands in an empty control: the default, else what belongs there."""
        schema = self.schema
        if self.name == "seed" and schema.get("default", -1) == -1:
            return "new each time" if schema.get("minimum", -1) <= -1 else ""
        if "default" in schema:
            return _label(schema["default"])
        if self.kind in ("text", "messages"):
            return schema.get("description", "")
        if self.kind == "lines":
            return "one a line"
        if self.kind in ("yaml", "value"):
            return "YAML"
        if self.kind == "number" and "minimum" in schema and "maximum" in schema:
            return f"{scalar(schema['minimum'])}–{scalar(schema['maximum'])}"
        if self.kind == "number":
            return "" if self.required else "default"
        return next(map(str, schema.get("examples", ())), "")

    # values

    def read(self, raw: Any, names: Mapping[str, Any]) -> Any:
        """The input that a control's value means; None where nothing is set.

        Raises:
            CellError: YAML that cannot be read; `field` names this one.
        """
        if raw is None or (isinstance(raw, str) and not raw.strip()):
            return None
        if self.kind == "lines":
            return [line.strip() for line in raw.splitlines() if line.strip()]
        if self.kind == "messages":
            talk = raw.lstrip().startswith("[{")
            return from_yaml(raw, names, self.name) if talk else [_from_user(raw)]
        if self.kind == "yaml":
            return from_yaml(raw, names, self.name)
        return from_scalar(raw, names, self.name) if self.kind == "value" else raw

    def write(self, value: Any) -> Any:
        """What the control shows for an input.

        Raises:
            ValueError: the control has no way to show it.
            CellError: the value has no text form.
        """
        if self.kind in ("yaml", "value"):
            write = to_scalar if self.kind == "value" else to_yaml
            return write(value, self.name)
        if self.kind == "messages" and isinstance(value, (list, tuple)):
            text = value[0].get("content") if value and isinstance(value[0], Mapping) else None
            alone = isinstance(text, str) and list(value) == [_from_user(text)]
            return text if alone else to_yaml(value, self.name)
        if self.kind == "lines" and isinstance(value, (list, tuple)):
            if all(isinstance(item, str) and "\n" not in item for item in value):
                return "\n".join(value)
        elif isinstance(value, _VALUE_TYPES.get(self.kind, str)) and _is_plain(value, self.kind):
            return value
        raise ValueError(f"{self.name} cannot show {value!r}")


_VALUE_TYPES: dict[str, Any] = {"number": (int, float), "switch": bool, "choice": (str, int, float)}


def _is_plain(value: Any, kind: str) -> bool:
    """Whether JSON has the value, and a control of numbers shows no True."""
    return not isinstance(value, float | bool) or (
        kind != "number" if isinstance(value, bool) else math.isfinite(value)
    )


def _label(value: Any) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else scalar(value)


def _from_user(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


def fields_of(model: Model) -> Iterator[Field]:
    """The fields of a model, in the schema's order; those of `UNKNOWN` where it has none."""
    schema = model.schema or UNKNOWN
    required = schema.get("required", ())
    for name, inner in schema.get("properties", {}).items():
        yield Field(name, inner, name in required)


def normalize_inputs(inputs: Mapping[str, Any], fields: Mapping[str, Field]) -> dict[str, Any]:
    """The inputs without what is None, `prompt` under the model's own name for it."""
    given = {name: value for name, value in inputs.items() if value is not None}
    prompt_name = next(
        (name for name, field in fields.items() if field.schema.get("x-prompt")), None
    )
    if prompt_name and prompt_name not in given and "prompt" in given and "prompt" not in fields:
        given[prompt_name] = given.pop("prompt")
    return given


def refused_input(error: SegmindError, names: Iterable[str]) -> str | None:
    """The input that a refusal is about: the one it names, or the longest name in its words."""
    known = sorted(names, key=len, reverse=True)
    if error.field in known:
        return error.field
    words = re.findall(r"\w+", error.message) if isinstance(error, InputError) else []
    return next((name for name in known if name in words), None)
