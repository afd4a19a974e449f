"""The base of the run and workflow panels: a form, its runs, their outputs, and their code."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Literal

import ipywidgets as widgets
from traitlets import dlink

from segmind_widgets.batches.registry import PreparedBatch
from segmind_widgets.batches.row_table import RowTable
from segmind_widgets.errors import InputError, SegmindError
from segmind_widgets.exports import export
from segmind_widgets.formatting import seconds
from segmind_widgets.jobs.job import Job
from segmind_widgets.markup import fragment
from segmind_widgets.panels._base import Panel
from segmind_widgets.panels._rows import TableRuns
from segmind_widgets.planning.estimates import Estimate
from segmind_widgets.syntax.snippets import Pasted
from segmind_widgets.types import Api, Model, Status
from segmind_widgets.widgets.base import free, provider_choice, row
from segmind_widgets.widgets.copy_button import CopyButton
from segmind_widgets.widgets.form import Form
from segmind_widgets.widgets.insert_button import InsertButton
from segmind_widgets.widgets.results import ResultPictures
from segmind_widgets.widgets.text_box import PasteBox, TextBox

MAX_RUNS = 16


class RunsPanel(Panel):
    """A model or workflow with a form.

    A subclass implements `choice`, the widgets that choose the model or workflow, and calls
    `show_form` after a choice.
    """

    kind: Literal["model", "workflow"] = "model"

    def build(self, argument: str) -> Sequence[widgets.Widget]:
        """Return the choice, the form, the buttons, the running jobs and their outputs."""
        self.form: Form | None = None
        self.api: Api = "auto"  # the version in pasted code
        self.as_written = False  # whether the inputs are those of pasted code
        self.notes: list[str] = []  # about the current runs; they stay after the runs' end
        # whether an error of the current runs is shown and must not be cleared
        self.has_error = False
        self._uploading = False
        self.provider = provider_choice()
        self.count = widgets.BoundedIntText(1, min=1, max=MAX_RUNS, description="Number of runs")
        self.count.add_class("sw-small")
        self.go = self.button("Run", self.run, primary=True, tooltip="Submit the job")
        self.cost = widgets.HTML()
        self.cost.add_class("sw-hint")
        for field in (self.count, self.provider):
            field.observe(lambda _: self.form is not None and self._show_cost(), "value")
        self.form_box = widgets.VBox()
        self.code = widgets.VBox()
        self.outputs = ResultPictures(self)
        as_cell = self.button("As a cell", self.as_cell, tooltip="Show this run as a notebook cell")
        as_python = self.button("As Python", self.as_python, tooltip="Show this run as Python code")
        self.act = row(self.go, self.count, self.cost, as_cell, as_python)
        self.act.add_class("sw-act")
        self.table = TableRuns(self, self._prepare_rows, self._fixed_inputs)
        self.act.layout.display = self.table.layout.display = "none"
        choice = self.choice(argument)
        return [*choice, *self._below()]

    def _below(self) -> list[widgets.Widget]:
        """Return the widgets below the choice."""
        results = (self.code, self.jobs, self.outputs)
        return [self.form_box, self.act, self.table, self.line, *results]

    def _fixed_inputs(self) -> dict[str, Any]:
        """Return the inputs of the form, which are the same for all rows of a table."""
        return {} if self.form is None else self.form.inputs

    def _prepare_rows(self, table: RowTable, fixed: Mapping[str, Any]) -> PreparedBatch:
        """Check and price the rows of a table for the form's model or workflow."""
        where = {"provider": self.provider.value or None, "api": self.api}
        rows = table.source(fixed)
        self.client.catalog(where["provider"])  # the plan shows its prices and times
        return self.client.prepared(self.model.slug, rows, kind=self.kind, **where)

    def choice(self, argument: str) -> Sequence[widgets.Widget]:
        """Return the widgets that choose the model or workflow; `argument` is the start value."""
        raise NotImplementedError

    def show_form(self, model: Model, inputs: Mapping[str, Any] | None = None) -> None:
        """Show the form of a model or workflow."""
        before = self.form_box.children
        self.form = Form(model, self, inputs)
        self.form_box.children = (self.form,)
        free(*before)
        self._close_code()
        self.can_run(yes=True)
        self.model, self.api, self.as_written = model, "auto", False
        self._show_cost()

    def take_input(self, asset: Any) -> str:
        """Put a file into an empty field of its kind, else into the first one that takes it."""
        fields = [] if self.form is None else list(self.form.files.values())
        fitting = [field for field in fields if field.takes(asset.kind)]
        if not fitting:
            return ""
        field = next((one for one in fitting if one.many or one.value is None), fitting[0])
        field.put(asset)
        return f"{field.field.label} of {self.model.slug}"

    def paste_box(self, description: str, placeholder: str, rows: int = 1) -> PasteBox:
        """Return a box for code and addresses, whose text is passed to `read` and then removed."""
        box = PasteBox(
            lambda text: self.guard(lambda: self.read(text)),
            description=description,
            placeholder=placeholder,
            rows=rows,
            button="Read",
        )
        box.add_class("sw-code")
        return box

    def read(self, text: str) -> None:
        """Read pasted text, and show its form. Raises InputError."""
        pasted = self.client.read(text, allow_files=True)
        refusal, pasted = pasted.access.refusal, pasted.without_outside_files()
        self.check_kind(pasted)
        if not pasted.target:  # inputs without a name belong to the current form
            if self.form is None:
                raise InputError(
                    f"The text has inputs but no {self.kind} id.",
                    hint=f"Choose or paste the {self.kind} first.",
                )
            pasted = replace(pasted, target=self.model.slug)
        if pasted.provider and self.provider.value != "sandbox":
            self.provider.value = pasted.provider
        note = self.show_pasted(pasted)
        self.api, self.as_written = pasted.api, bool(pasted.language)
        self.say(f"{pasted.summary if pasted.language else ''} {note}".strip())
        if refusal:
            raise refusal.with_hint("Choose these files in the form, if they are to be sent.")
        pasted.check()

    def check_kind(self, pasted: Pasted) -> None:
        """Refuse code that uploads, or that is for the other kind of target. Raises InputError."""
        if pasted.kind == "upload":
            raise InputError("This code uploads a file.", hint="Use %segmind_panel upload.")
        if pasted.kind and pasted.kind != self.kind:
            word = "run" if pasted.kind == "model" else "workflow"
            raise InputError(
                f"This code is for the {pasted.kind} {pasted.target}, not for a {self.kind}.",
                hint=f"Use %segmind_panel {word} {pasted.target}.",
            )

    def show_pasted(self, pasted: Pasted) -> str:
        """Show the form for pasted text whose target is of this panel's kind; return a note."""
        raise NotImplementedError

    def can_run(self, *, yes: bool) -> None:
        """Show the form and its buttons, or hide them; typed values stay."""
        visibility = "" if yes else "none"
        for box in (self.form_box, self.act, self.table):
            box.layout.display = visibility

    def _show_cost(self, _: Any = None) -> None:
        """Show the estimated cost, computed from the journal in a thread."""
        model, runs = self.model, self.count.value
        provider = self.provider.value or None

        def show(estimate: tuple[Estimate, float | None]) -> None:
            cost, time = estimate
            duration = f" · about {seconds(time)}" if time else ""
            if self.model is model:
                self.cost.value = fragment(f"{cost.times(runs)}{duration}")

        self.background(lambda: self.client.expected(model, provider=provider), show)

    # running

    def run(self) -> None:
        """Validate the form, and submit the chosen number of runs."""
        form = self.form
        if form is None or self.go.disabled:  # a second click while the first is being submitted
            return
        if form.check() and not self.as_written:
            self.line.say("Some inputs are not valid: see the messages above.", error=True)
            self.head.focus_error()
            return
        inputs = self._inputs_by_run(form.inputs, self.count.value)
        self.go.disabled, self.has_error = True, False
        self.notes = []
        self._uploading = False
        for line in self.jobs.children:  # errors of earlier runs
            if line.job.status is Status.FAILED:
                self.unfollow(line.job)
        self.say("Sending…")
        options = {
            "kind": self.kind,
            "provider": self.provider.value or None,
            "api": self.api,
            "as_written": self.as_written,
        }
        self.background(lambda: self._submit(self.model.slug, inputs, options))

    @property
    def _running(self) -> bool:
        return any(line.job.watching for line in self.jobs.children)

    def _inputs_by_run(self, inputs: dict[str, Any], runs: int) -> list[dict[str, Any]]:
        """Return the inputs of each run; a fixed seed is incremented, so that results differ."""
        seed = inputs.get("seed")
        if not isinstance(seed, int) or seed < 0:
            return [dict(inputs) for _ in range(runs)]
        return [{**inputs, "seed": seed + i} for i in range(runs)]

    def _submit(self, target: str, runs: list[dict[str, Any]], options: dict[str, Any]) -> None:
        is_idle = not self._running
        try:
            for number, inputs in enumerate(runs):
                again = number > 0 or is_idle  # otherwise an equal run may be a double click
                plan = self.client.plan(target, inputs, again=again, **options)
                self.notes = list(dict.fromkeys([*plan.notes, *self.notes]))
                job = self.client.start(plan, self._show_upload)
                if not self.has_error:
                    self.say(" ".join(self.notes))
                self.follow(job)
        finally:
            self.go.disabled = False

    def _show_upload(self, count: int, total: int) -> None:
        """Announce the start and the end of an upload; the figures in between are only shown."""
        before, self._uploading = self._uploading, count < total
        if not self._uploading:
            self.say("Uploaded. Sending…")
        elif not before:
            self.say(f"Uploading {total / 1e6:.1f} MB…")
        else:
            self.line.progress(f"Uploading: {count / 1e6:.1f} of {total / 1e6:.1f} MB")

    def on_job_end(self, job: Job) -> None:
        """Replace the job's line by its outputs, or show its error, below the input if possible."""
        self.keep(job)
        if job.outputs:
            self.outputs.add(job)
            self.unfollow(job)
            if not self.has_error and not self._running:
                done = ["Done."] if job.status is Status.COMPLETED else []
                self.say(" ".join([*done, *self.notes]))
            if self.form is not None and job.seed is not None:
                self.form.last_seed = job.seed
        elif job.error is not None and not self._show_in_form(job.error):
            self.line.say("The job failed: see the message below.", error=True)

    def fail(self, error: Exception) -> None:
        """Show an error below the input that it names, else in the panel's line."""
        if isinstance(error, SegmindError):
            error = error.without(self.without_keys)
        if not self._show_in_form(error):
            super().fail(error)

    def _show_in_form(self, error: Exception) -> bool:
        """Show an error under the input that it names; return False if it names none."""
        self.has_error = True
        if self.form is None or not isinstance(error, SegmindError):
            return False
        if not self.form.show_error(error):
            return False
        self.line.say("The service refused an input: see the message at its field.", error=True)
        self.head.focus_error(politely=True)
        return True

    # code

    def as_cell(self) -> None:
        """Show a cell that does the same run."""
        options = f"-p {self.provider.value}" if self.provider.value else ""
        self._show_code("Cell code for this run", partial(export.cell, options=options))

    def as_python(self) -> None:
        """Show Python code that does the same run."""
        options = {"provider": self.provider.value} if self.provider.value else {}
        self._show_code("Python code for this run", partial(export.client_code, **options))

    def _show_code(self, title: str, export: Callable[..., str]) -> None:
        if self.form is None:
            return
        text = export(self.model.slug, self.form.inputs, self.kind)
        rows = min(16, text.count("\n") + 2)
        area = TextBox(self.without_keys, text, description=title, rows=rows)
        area.add_class("sw-code")
        copy = CopyButton("Copy", self._report_copy, title="Copy the code", text=text)
        dlink((area, "value"), (copy, "text"))
        buttons: list[widgets.Widget] = [copy]
        if text.startswith("%%"):
            insert = InsertButton(
                self.model_id, lambda: self.say("Inserted below this cell."), text=text
            )
            dlink((area, "value"), (insert, "text"))
            buttons.append(insert)
        self._close_code()
        close = self.button("Close", self._close_code)
        self.code.children = (area, row(*buttons, close))

    def _report_copy(self, done: bool) -> None:
        self.say("The code was copied." if done else "Select the text and copy it.")

    def _close_code(self) -> None:
        before, self.code.children = self.code.children, ()
        free(*before)
