"""Paste a PixelFlow workflow, fill in its inputs, run it, and see its named outputs."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

import ipywidgets as widgets

from segmind_widgets.errors import InputError
from segmind_widgets.panels._run_base import RunsPanel
from segmind_widgets.types import Model
from segmind_widgets.widgets.base import row


class WorkflowPanel(RunsPanel):
    """A form for any workflow. `argument`: its id or URL, or the Python code of its API page."""

    title = "Run a workflow"
    kind = "workflow"

    def choice(self, argument: str) -> Sequence[widgets.Widget]:
        """Return a text area for the workflow's id, URL or code."""
        self.source = widgets.Textarea(
            argument,
            rows=4,
            description="Workflow",
            placeholder="Its id or URL; or paste the Python code of its API page, which also has"
            " its inputs.",
            continuous_update=False,
        )
        self.source.add_class("sw-code")
        read = self.button("Show its inputs", self.read, tooltip="Read the pasted text")
        self.source.observe(self._on_paste, "value")
        self.facts = widgets.HTML()
        if argument:
            self.read()
        return [self.source, row(read, self.provider), self.facts]

    def _on_paste(self, _: Any) -> None:
        self.guard(self.read)

    def read(self) -> None:
        """Parse the pasted text, and show a form for its inputs. Raises InputError."""
        try:
            snippet = self.client.read(self.source.value)
        except InputError:
            self._hide_form()
            raise
        target, name = snippet.target, snippet.name
        if not target:  # inputs without an id belong to the current workflow
            if self.form is None:
                raise InputError(
                    "The text has inputs, but no workflow id.",
                    hint="Paste the workflow's id first.",
                )
            target, name = self.model.slug, self.model.name
        address = "" if name == target else f' <span class="sw-hint">{html.escape(target)}</span>'
        self.facts.value = f"<b>{html.escape(name)}</b>{address}"
        self.show_form(Model(target, name=name, schema=snippet.schema), snippet.inputs)
        self.say("" if snippet.schema else _NO_SCHEMA)

    def _hide_form(self) -> None:
        """Hide the form of the previous workflow, which can no longer be run."""
        self.facts.value = ""
        self.can_run(yes=False)


_NO_SCHEMA = (
    "The inputs of this id are not known: name them above, or paste the code of the API page."
    " Inputs that you leave out keep the workflow's defaults."
)
