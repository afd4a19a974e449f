"""A form for a model's JSON Schema, with a YAML view of the same inputs.

The form has at most three parts: prompts, files (before the prompts if the schema begins with a
file), and all other inputs, with advanced ones in a collapsed section.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import ipywidgets as widgets
from traitlets import Int

from segmind_widgets.catalog.catalog import InputNote, check
from segmind_widgets.errors import CellError, SegmindError
from segmind_widgets.syntax import cells
from segmind_widgets.types import Model
from segmind_widgets.widgets.base import Announcement, error_text, free
from segmind_widgets.widgets.controls import ROWS, Controls
from segmind_widgets.widgets.fields import fields_of, normalize_inputs, refused_input
from segmind_widgets.widgets.host import Host
from segmind_widgets.widgets.media_field import MediaField, to_assets
from segmind_widgets.widgets.text_box import TextBox


class Form(widgets.VBox):
    """A form for the inputs of a model.

    Args:
        model: the model; without a schema the form has the fields of `UNKNOWN` and free rows.
        panel: the panel around the form.
        inputs: initial inputs.
    """

    changes = Int(0, help="Number of changes of the inputs; observe it to be notified.")

    def __init__(self, model: Model, panel: Host, inputs: Mapping[str, Any] | None = None) -> None:
        super().__init__()
        self.add_class("sw-form")
        self.model = model
        self._panel = panel
        self._validates = False  # whether changes are validated: not before the first run
        self._silent = False
        self.fields = {field.name: field for field in fields_of(model)}
        self.files = {
            name: MediaField(field, panel, self._on_change)
            for name, field in self.fields.items()
            if field.kind == "media"
        }
        self._rest, *prompts = self._make_controls()
        self._controls = [*prompts, self._rest]
        for part in self._controls:
            part.observe(self._on_change, "values")
        self._body = widgets.VBox(self._parts())
        self._yaml: TextBox | None = None
        # a placeholder, since inserting a child later would redraw all following ones
        self._yaml_box = widgets.VBox()
        self._line = Announcement()
        self._toggle = widgets.ToggleButton(
            description="As YAML", tooltip="Show the inputs as YAML, as in a cell"
        )
        for name in ("sw-button", "sw-quiet"):
            self._toggle.add_class(name)
        self._toggle.observe(self._on_toggle, "value")
        self.children = [self._body, self._yaml_box, self._line, self._toggle]
        if inputs:
            self._fill(inputs)

    def _make_controls(self) -> list[Controls]:
        """Create the controls of all fields that are not files, prompts first.

        Prompts get separate controls if files follow them. The controls with rows for any input are
        returned first.
        """
        plain = [field for field in self.fields.values() if field.kind != "media"]
        prompts = [field for field in plain if field.is_prompt]
        others = [field for field in plain if not field.is_prompt]
        first = next(iter(self.fields.values()), None)
        separate = bool(prompts and self.files and first and first.kind != "media")
        clean = self._panel.without_keys
        rest = Controls(
            others if separate else prompts + others,
            clean=clean,
            rows=True,
            folded=bool(self.model.schema),
        )
        return [rest, Controls(prompts, clean=clean)] if separate else [rest]

    def _parts(self) -> list[widgets.Widget]:
        if not self.files:
            return list(self._controls)
        files = widgets.VBox(list(self.files.values()))
        files.add_class("sw-files")
        return [*self._controls[:-1], files, self._rest]

    # the inputs

    @property
    def inputs(self) -> dict[str, Any]:
        """Return the inputs that are set, in the schema's order.

        A required input with a default is treated as set. Files are Assets, or URLs as text.

        Raises:
            CellError: the YAML cannot be parsed; `field` names the input if it is known.
        """
        return self._yaml_inputs() if self._toggle.value else self._field_inputs()

    @inputs.setter
    def inputs(self, inputs: Mapping[str, Any]) -> None:
        """Show exactly these inputs; those without a suitable control get additional rows.

        Raises:
            CellError: a value has no text form.
        """
        self._fill(inputs)
        if self._toggle.value and self._yaml is not None:
            self._set_silently(self._yaml, "value", cells.dump(self._field_inputs()))
        self._on_change()

    @property
    def last_seed(self) -> int | None:
        """Return the seed of the last run; once set, the seed's field offers to keep it."""
        return self._rest.last_seed

    @last_seed.setter
    def last_seed(self, seed: int | None) -> None:
        self._rest.last_seed = seed

    def _field_inputs(self) -> dict[str, Any]:
        values = {name: field.value for name, field in self.files.items()}
        for part in self._controls:
            values |= part.read(self._panel.names)
        order = [*self.fields, *(name for name in values if name not in self.fields)]
        return {name: values[name] for name in order if values.get(name) is not None}

    def _yaml_inputs(self) -> dict[str, Any]:
        inputs = cells.parse_body(self._yaml.value if self._yaml else "", self._panel.names)
        for name in inputs.keys() & self.files.keys():
            inputs[name] = to_assets(inputs[name])
        return inputs

    def _fill(self, inputs: Mapping[str, Any]) -> None:
        rest = normalize_inputs(inputs, self.fields)
        silent, self._silent = self._silent, True
        try:
            for name, field in self.files.items():
                value = rest.pop(name, None)
                try:
                    field.value = value
                except ValueError:
                    field.value = None
                    rest[name] = value
            for part in self._controls:
                rest = part.write(rest)
        finally:
            self._silent = silent

    def _set_silently(self, widget: widgets.Widget, name: str, value: Any) -> None:
        """Set a trait without counting it as a change by the user."""
        silent, self._silent = self._silent, True
        try:
            setattr(widget, name, value)
        finally:
            self._silent = silent

    def _on_change(self, _: Any = None) -> None:
        if self._silent:
            return
        if self._validates:
            self._validate()
        elif self._toggle.value:
            self._line.say("")
            self._check_yaml()
        self.changes += 1

    # validation

    def check(self) -> tuple[InputNote, ...]:
        """Validate the inputs, show each problem under its field, and return the problems.

        Those of a schema that is only a hint are shown, but not returned. After this call, every
        change is validated.
        """
        self._validates = True
        return self._validate()

    def show_error(self, error: SegmindError) -> bool:
        """Show an error below the field that it names; return False if it names none."""
        rows = [name for name, _ in self._rest.values.get(ROWS, ()) if name]
        name = refused_input(error, [*self.fields, *rows])
        if name is None:
            return False
        self._validates = True
        self._show_notes([(InputNote(name, error_text(error)), True)])
        return True

    def _validate(self) -> tuple[InputNote, ...]:
        try:
            result = check(self.model, self.inputs)
        except CellError as error:
            problem = InputNote(error.field or "", error_text(error))
            self._show_notes([(problem, True)])
            return (problem,)
        is_certain = self.model.schema_source != "hint"
        problems = [(note, is_certain) for note in result.problems]
        self._show_notes([*((note, False) for note in result.warnings), *problems])
        return result.problems if is_certain else ()

    def _show_notes(self, notes: Sequence[tuple[InputNote, bool]]) -> None:
        """Show each note below its field, or all in one line in the YAML view."""
        by_name = {note.field: (note.message, error) for note, error in notes}
        if self._toggle.value:
            text = " ".join(text for text, _ in by_name.values())
            self._line.say(text, error=any(error for _, error in by_name.values()))
            return
        by_field = {name: {"text": text, "error": error} for name, (text, error) in by_name.items()}
        for part in self._controls:
            part.notes = by_field
        for name, field in self.files.items():
            text, error = by_name.get(name, ("", False))
            field.say(text, error=error)
        text, error = by_name.get("", ("", False))
        self._line.say(text, error=error)

    # as YAML

    def _check_yaml(self) -> bool:
        """Return whether the YAML can be parsed; if not, show the error."""
        try:
            self._yaml_inputs()
        except CellError as error:
            self._line.say(error_text(error), error=True)
            return False
        return True

    def _on_toggle(self, change: Any) -> None:
        if self._silent:
            return
        try:
            if change["new"]:
                self._show_yaml(cells.dump(self._field_inputs()))
            else:
                self._fill(self._yaml_inputs())
        except CellError as error:
            self._set_silently(self._toggle, "value", change["old"])
            self._line.say(error_text(error), error=True)
            return
        as_text = self._toggle.value
        self._toggle.description = "As fields" if as_text else "As YAML"
        self._body.layout.display = "none" if as_text else None
        if self._yaml is not None:
            self._yaml.layout.display = None if as_text else "none"
        self._line.say("")
        if self._validates:
            self._validate()

    def _show_yaml(self, text: str) -> None:
        if self._yaml is None:
            self._yaml = TextBox(self._panel.without_keys, description="Inputs as YAML", rows=10)
            self._yaml.add_class("sw-mono")
            self._yaml.observe(self._on_change, "value")
            self._yaml_box.children = [self._yaml]
        self._set_silently(self._yaml, "value", text)

    def close(self) -> None:
        """Close all models."""
        if self.comm is None:
            return
        parts = (*self.children, self.layout)
        super().close()
        free(*parts)
