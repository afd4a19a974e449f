"""Paste a PixelFlow workflow, fill in its inputs, run it, and see its named outputs."""

from __future__ import annotations

from collections.abc import Sequence

import ipywidgets as widgets

from segmind_widgets.errors import InputError
from segmind_widgets.markup import element, fragment
from segmind_widgets.panels._run_base import RunsPanel
from segmind_widgets.syntax.snippets import Pasted
from segmind_widgets.types import Model
from segmind_widgets.widgets.base import row


class WorkflowPanel(RunsPanel):
    """A form for any workflow. `argument`: its id or URL, or the Python code of its API page."""

    title = "Run a workflow"
    kind = "workflow"

    def choice(self, argument: str) -> Sequence[widgets.Widget]:
        """Return a box for the workflow's id, URL or code."""
        self.source = self.paste_box(
            "Workflow",
            "ID or URL, or the code of the workflow's API page (it also fills in the inputs).",
            rows=4,
        )
        self.facts = widgets.HTML()
        if argument:
            self.guard(lambda: self.read(argument))
        return [self.source, row(self.provider), self.facts]

    def read(self, text: str) -> None:
        """Parse the pasted text, and show a form for its inputs. Raises InputError."""
        try:
            super().read(text)
        except InputError as error:
            if error.field is None:  # otherwise the form shows which input is missing
                self._hide_form()
            raise

    def show_pasted(self, pasted: Pasted) -> str:
        """Show the form of a workflow; return a note where its inputs are not known."""
        target, name = pasted.target, pasted.name
        if self.form is not None and target == self.model.slug:
            name = self.model.name
        address = "" if name == target else element("span", f" {target}", class_="sw-hint")
        self.facts.value = fragment(element("b", name), address)
        workflow = Model(target, name=name, schema=pasted.schema, cost=pasted.cost)
        self.show_form(workflow, pasted.inputs)
        return "" if pasted.schema else _NO_SCHEMA

    def _hide_form(self) -> None:
        """Hide the form of the previous workflow, which can no longer be run."""
        self.facts.value = ""
        self.can_run(yes=False)


_NO_SCHEMA = (
    "The inputs of this workflow are not known: add them by name above, or paste the code of "
    "its API page. Inputs that you leave out keep the workflow's defaults."
)
