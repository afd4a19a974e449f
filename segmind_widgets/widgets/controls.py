"""The fields of a form, except files, as one widget with native controls in the browser.

A separate ipywidget for each field would need three models (control, Layout, Style), could not show
an empty number, and could not link a message to its control for screen readers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from traitlets import Dict, Int, List

from segmind_widgets.nested import transform
from segmind_widgets.widgets.browser import STATIC, Browser
from segmind_widgets.widgets.fields import Field
from segmind_widgets.widgets.sizes import presets
from segmind_widgets.widgets.values import from_scalar, to_scalar

ROWS = ""  # the key in `values` for rows of any name: a list of [name, text]


class Controls(Browser):
    """Fields with their labels, values and messages.

    Args:
        fields: the fields in order; those marked x-advanced are drawn in the "Advanced" section.
        clean: returns a text without API keys; applied to typed values before they are stored in a
            trait.
        rows: whether inputs of any name can be added.
        folded: whether the rows for these inputs are also in the "Advanced" section.
    """

    _esm = STATIC / "controls.js"

    fields = List(Dict()).tag(sync=True)
    """See `Field.spec`."""
    values = Dict().tag(sync=True)
    """Raw values by name; missing or None means not set."""
    notes = Dict().tag(sync=True)
    """Messages under the fields, by name: {text, error}."""
    shapes = Dict(None, allow_none=True).tag(sync=True)
    """See `presets`."""
    rows = Dict(None, allow_none=True).tag(sync=True)
    """{folded: bool} if rows of any name can be added, else None."""
    last_seed = Int(None, allow_none=True).tag(sync=True)
    """The seed of the last run; the seed's field offers to keep it."""

    def __init__(
        self,
        fields: Iterable[Field] = (),
        *,
        clean: Callable[[str], str] = str,
        rows: bool = False,
        folded: bool = True,
    ) -> None:
        self._clean = clean
        self.field_by_name = {field.name: field for field in fields}
        super().__init__(
            {"values": self._on_values},
            fields=[field.spec() for field in self.field_by_name.values()],
            shapes=presets(self.field_by_name),
            rows={"folded": folded} if rows else None,
        )

    def _on_values(self, content: dict[str, Any], _: list[Any]) -> None:
        """Receive changed values from the browser, as a message because a trait would be saved."""
        changes = transform(content["changes"], self._without_keys)
        values = {**self.values, **changes}
        self.values = {name: value for name, value in values.items() if value is not None}
        self._post({"type": "taken"})

    def _without_keys(self, value: Any) -> Any:
        return self._clean(value) if isinstance(value, str) else value

    def read(self, names: Mapping[str, Any]) -> dict[str, Any]:
        """Return the inputs that are set; a required input with a default is treated as set.

        Raises:
            CellError: a YAML value cannot be parsed; `field` names the input.
        """
        inputs: dict[str, Any] = {}
        for name, field in self.field_by_name.items():
            value = field.read(self.values.get(name), names)
            if value is None and field.required:
                value = field.schema.get("default")
            if value is not None and value != []:
                inputs[name] = value
        for name, text in self.values.get(ROWS, ()):
            if name.strip() and text.strip():
                inputs[name.strip()] = from_scalar(text, names, name.strip())
        return inputs

    def write(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Show exactly these inputs; return those that no control can show.

        Free rows can show every input.

        Raises:
            CellError: a value has no text form.
        """
        values: dict[str, Any] = {}
        rest: dict[str, Any] = {}
        for name, value in inputs.items():
            try:
                values[name] = self.field_by_name[name].write(value)
            except (KeyError, ValueError):  # noqa: PERF203 - few inputs
                rest[name] = value
        if self.rows is not None and rest:
            values[ROWS] = [[name, to_scalar(value, name)] for name, value in rest.items()]
            rest = {}
        self.values = values
        return rest
