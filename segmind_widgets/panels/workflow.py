"""Paste a PixelFlow workflow, fill in its inputs, run it, see its named outputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ipywidgets as widgets

from segmind_widgets import snippets
from segmind_widgets.panels._runs import RunsPanel
from segmind_widgets.panels._widgets import row
from segmind_widgets.types import Model


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
        self.source.observe(self._pasted, "value")
        if argument:
            self.read()
        return [self.source, row(read, self.provider)]

    def _pasted(self, _: Any) -> None:
        self.guarded(self.read)

    def read(self) -> None:
        """Read what was pasted, and ask for the inputs that it names. Raises InputError."""
        found = snippets.parse(self.source.value)
        form = Model(found.target, name=found.name, schema=found.schema)
        self.show_form(form, found.inputs)
        self.say("" if found.schema else _BARE)


_BARE = (
    "An id tells nothing about the inputs: name them below, or paste the code of the API page."
    " What you leave out keeps the workflow's own default."
)
