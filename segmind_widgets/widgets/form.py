"""A form made from a model's JSON Schema, with the same inputs as YAML beside it.

The fields are drawn in at most three parts: what is said in words, files (first, where the schema
begins with one), and all the rest, where what is advanced is folded.
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
from segmind_widgets.widgets.base import Announcement, free, error_text
from segmind_widgets.widgets.controls import ROWS, Controls
from segmind_widgets.widgets.fields import fields_of, normalize_inputs, refused_input
from segmind_widgets.widgets.host import Host
from segmind_widgets.widgets.media_field import MediaField, to_assets


class Form(widgets.VBox):
    """The inputs of a model.

    Args:
        model: with its schema; without one, there are the usual fields and free rows.
        panel: gives the client, the notebook's names, and shows what goes wrong.
        inputs: what the form starts with.
    """

    changes = Int(0, help="How many times the inputs changed. Follow it to hear of changes.")

    def __init__(self, model: Model, panel: Host, inputs: Mapping[str, Any] | None = None) -> None:
        super().__init__()
        self.add_class("sw-form")
        self.model = model
        self._panel = panel
        self._validates = False  # whether to judge what is typed: not before the first attempt
        self._silent = False
        self.fields = {field.name: field for field in fields_of(model)}
        self.files = {
            name: MediaField(field, panel, self._on_change)
            for name, field in self.fields.items()
            if field.kind == "media"
        }
        self._rest, *words = self._make_controls()
        self._controls = [*words, self._rest]
        for part in self._controls:
            part.observe(self._on_change, "values")
        self._body = widgets.VBox(self._parts())
        self._yaml: widgets.Textarea | None = None
        self._yaml_box = widgets.VBox()  # its place: an insertion would draw what follows anew
        self._line = Announcement()
        self._toggle = widgets.ToggleButton(
            description="As YAML", tooltip="The same inputs as the text of a cell"
        )
        for name in ("sw-button", "sw-quiet"):
            self._toggle.add_class(name)
        self._toggle.observe(self._on_toggle, "value")
        self.children = [self._body, self._yaml_box, self._line, self._toggle]
        if inputs:
            self._fill(inputs)

    def _make_controls(self) -> list[Controls]:
        """The plain fields, what is said in words first; that part is alone where files follow it.

        The last part comes first, with the free rows.
        """
        plain = [field for field in self.fields.values() if field.kind != "media"]
        words = [field for field in plain if field.is_prompt]
        others = [field for field in plain if not field.is_prompt]
        first = next(iter(self.fields.values()), None)
        apart = bool(words and self.files and first and first.kind != "media")
        rest = Controls(
            others if apart else words + others, rows=True, folded=bool(self.model.schema)
        )
        return [rest, Controls(words)] if apart else [rest]

    def _parts(self) -> list[widgets.Widget]:
        if not self.files:
            return list(self._controls)
        files = widgets.VBox(list(self.files.values()))
        files.add_class("sw-files")
        return [*self._controls[:-1], files, self._rest]

    # the inputs

    @property
    def inputs(self) -> dict[str, Any]:
        """What is set, in the schema's order; a required input with a default counts as set.

        Files are Assets, or the text of a URL.

        Raises:
            CellError: YAML that cannot be read; `field` names the input where one is meant.
        """
        return self._yaml_inputs() if self._toggle.value else self._field_inputs()

    @inputs.setter
    def inputs(self, inputs: Mapping[str, Any]) -> None:
        """Show these and no others; those without a fitting control become free rows.

        Raises:
            CellError: a value has no text form.
        """
        self._fill(inputs)
        if self._toggle.value and self._yaml is not None:
            self._set_silently(self._yaml, "value", cells.dump(self._field_inputs()))
        self._on_change()

    @property
    def last_seed(self) -> int | None:
        """The seed of the last run; once set, the seed's field offers to keep it."""
        return self._rest.last_seed

    @last_seed.setter
    def last_seed(self, seed: int | None) -> None:
        self._rest.last_seed = seed

    def _field_inputs(self) -> dict[str, Any]:
        found = {name: field.value for name, field in self.files.items()}
        for part in self._controls:
            found |= part.read(self._panel.names)
        order = [*self.fields, *(name for name in found if name not in self.fields)]
        return {name: found[name] for name in order if found.get(name) is not None}

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
                given = rest.pop(name, None)
                try:
                    field.value = given
                except ValueError:
                    field.value = None
                    rest[name] = given
            for part in self._controls:
                rest = part.write(rest)
        finally:
            self._silent = silent

    def _set_silently(self, widget: widgets.Widget, name: str, value: Any) -> None:
        """Set a trait without counting it as a change of the reader's."""
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

    # what is wrong

    def check(self) -> tuple[InputNote, ...]:
        """Hold the inputs against the schema; the problems, each shown under its field.

        From now on every change is checked.
        """
        self._validates = True
        return self._validate()

    def show_error(self, error: SegmindError) -> bool:
        """Show a refusal under the field that it names; False where it names none of them."""
        rows = [name for name, _ in self._rest.values.get(ROWS, ()) if name]
        name = refused_input(error, [*self.fields, *rows])
        if name is None:
            return False
        self._validates = True
        self._show_notes([(InputNote(name, error_text(error)), True)])
        return True

    def _validate(self) -> tuple[InputNote, ...]:
        try:
            checked = check(self.model, self.inputs)
        except CellError as error:
            problem = InputNote(error.field or "", error_text(error))
            self._show_notes([(problem, True)])
            return (problem,)
        said = [(note, True) for note in checked.problems]
        self._show_notes([*((note, False) for note in checked.warnings), *said])
        return checked.problems

    def _show_notes(self, said: Sequence[tuple[InputNote, bool]]) -> None:
        """Each note under its field, as an error or plain; in the YAML view all in one line."""
        by_name = {note.field: (note.message, error) for note, error in said}
        if self._toggle.value:
            text = " ".join(text for text, _ in by_name.values())
            self._line.say(text, error=any(error for _, error in by_name.values()))
            return
        notes = {name: {"text": text, "error": error} for name, (text, error) in by_name.items()}
        for part in self._controls:
            part.notes = notes
        for name, field in self.files.items():
            text, error = by_name.get(name, ("", False))
            field.say(text, error=error)
        text, error = by_name.get("", ("", False))
        self._line.say(text, error=error)

    # as YAML

    def _check_yaml(self) -> bool:
        """Whether the YAML can be read; says why not."""
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
        text = self._toggle.value
        self._toggle.description = "As fields" if text else "As YAML"
        self._body.layout.display = "none" if text else None
        if self._yaml is not None:
            self._yaml.layout.display = None if text else "none"
        self._line.say("")
        if self._validates:
            self._validate()

    def _show_yaml(self, text: str) -> None:
        if self._yaml is None:
            self._yaml = widgets.Textarea(
                description="Inputs as YAML", rows=10, continuous_update=False
            )
            self._yaml.add_class("sw-mono")
            self._yaml.observe(self._on_change, "value")
            self._yaml_box.children = [self._yaml]
        self._set_silently(self._yaml, "value", text)

    def close(self) -> None:
        """Free all models."""
        if self.comm is None:
            return
        parts = (*self.children, self.layout)
        super().close()
        free(*parts)
