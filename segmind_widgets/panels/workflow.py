"""Paste a PixelFlow workflow, fill in its inputs, run it, see its named outputs."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

import ipywidgets as widgets

from segmind_widgets.errors import InputError
from segmind_widgets.panels._run_base import RunsPanel
from segmind_widgets.syntax import snippets
from segmind_widgets.types import Model
from segmind_widgets.widgets.base import row


class WorkflowPanel(RunsPanel):
    """Any workflow. `argument` is its id or URL, or the Python snippet of its API page."""

    title = "Run a workflow"
    kind = "workflow"

    def choice(self, argument: str) -> Sequence[widgets.Widget]:
        """A place to paste what names the workflow."""
        self.source = widgets.Textarea(
            argument,
            rows=4,
            description="Workflow",
            placeholder="Its id or URL; or paste the Python code of its API page, which tells its"
            " inputs too.",
            continuous_update=False,
        )
        self.source.add_class("sw-code")
        read = self.button("Show its inputs", self.read, tooltip="Read what was pasted")
        self.source.observe(self._on_paste, "value")
        self.facts = widgets.HTML()
        if argument:
            self.read()
        return [self.source, row(read, self.provider), self.facts]

    def _on_paste(self, _: Any) -> None:
        self.guard(self.read)

    def read(self) -> None:
        """Read what was pasted, and ask for the inputs that it names. Raises InputError."""
        try:
            found = snippets.parse(self.source.value)
        except InputError:
            self._hide_form()
            raise
        target, name = found.target, found.name
        if not target:  # inputs alone are for the workflow that is shown
            if self.form is None:
                raise InputError("These are inputs alone.", hint="Paste the workflow's id first.")
            target, name = self.model.slug, self.model.name
        address = "" if name == target else f' <span class="sw-hint">{html.escape(target)}</span>'
        self.facts.value = f"<b>{html.escape(name)}</b>{address}"
        self.show_form(Model(target, name=name, schema=found.schema), found.inputs)
        self.say("" if found.schema else _NO_SCHEMA)

    def _hide_form(self) -> None:
        """Offer no run of a workflow that is no longer the one above."""
        self.facts.value = ""
        self.can_run(yes=False)


_NO_SCHEMA = (
    "An id tells nothing about the inputs: name them above, or paste the code of the API page."
    " What you leave out keeps the workflow's own default."
)
