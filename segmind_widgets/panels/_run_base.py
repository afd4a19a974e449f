"""What the run and the workflow panel share: a form, its runs, what they made, and their code."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Literal

import ipywidgets as widgets

from segmind_widgets.errors import SegmindError
from segmind_widgets.exports import export
from segmind_widgets.formatting import seconds
from segmind_widgets.jobs.job import Job
from segmind_widgets.panels._base import Panel
from segmind_widgets.planning.estimates import Estimate
from segmind_widgets.types import Model, Status
from segmind_widgets.widgets.base import free, row
from segmind_widgets.widgets.form import Form
from segmind_widgets.widgets.results import Results

MAX_RUNS = 16
PROVIDER_OPTIONS = (("As set", ""), ("Segmind", "segmind"), ("APIMart", "apimart"),
             ("Sandbox", "sandbox"))  # fmt: skip


class RunsPanel(Panel):
    """A target with a form. A subclass gives `choice`, the widgets that choose the target, and
    calls `show_form` when it is chosen.
    """

    kind: Literal["model", "workflow"] = "model"

    def build(self, argument: str) -> Sequence[widgets.Widget]:
        """Where to run, what to run, its form, the runs and what they made."""
        self.form: Form | None = None
        self.has_error = False  # an error of these runs is shown, and stays
        self.provider = widgets.Dropdown(options=PROVIDER_OPTIONS, description="Where")
        self.provider.add_class("sw-small")
        self.count = widgets.BoundedIntText(1, min=1, max=MAX_RUNS, description="How many")
        self.count.add_class("sw-small")
        self.go = self.button("Run", self.run, primary=True, tooltip="Send it")
        self.cost = widgets.HTML()
        self.cost.add_class("sw-hint")
        for decides in (self.count, self.provider):
            decides.observe(lambda _: self.form is not None and self._show_cost(), "value")
        self.form_box = widgets.VBox()
        self.code = widgets.VBox()
        self.outputs = Results(self)
        as_cell = self.button("As a cell", self.as_cell, tooltip="The text of a cell that does it")
        as_python = self.button("As Python", self.as_python, tooltip="The same for a program")
        self.act = row(self.go, self.count, self.cost, as_cell, as_python)
        self.act.add_class("sw-act")
        self.act.layout.display = "none"
        chosen = self.choice(argument)
        return [*chosen, self.form_box, self.act, self.line, self.code, self.jobs, self.outputs]

    def choice(self, argument: str) -> Sequence[widgets.Widget]:
        """The widgets that choose what to run. `argument` is what the panel was started with."""
        raise NotImplementedError

    def show_form(self, model: Model, inputs: Mapping[str, Any] | None = None) -> None:
        """Ask for the inputs of this model or workflow."""
        before = self.form_box.children
        self.form = Form(model, self, inputs)
        self.form_box.children = (self.form,)
        free(*before)
        self._close_code()
        self.can_run(yes=True)
        self.model = model
        self._show_cost()

    def can_run(self, *, yes: bool) -> None:
        """Offer the form, or put it away with what was typed."""
        self.form_box.layout.display = self.act.layout.display = "" if yes else "none"

    def _show_cost(self, _: Any = None) -> None:
        """Own runs say it best, so the journal is asked, beside the kernel."""
        model, runs = self.model, self.count.value
        provider = self.provider.value or None

        def show(expected: tuple[Estimate, float | None]) -> None:
            cost, took = expected
            long = f" · about {seconds(took)}" if took else ""
            if self.model is model:
                self.cost.value = html.escape(f"{cost.times(runs)}{long}")

        self.background(lambda: self.client.expected(model, provider=provider), show)

    # running

    def run(self) -> None:
        """Check the form, and send it as often as wanted."""
        form = self.form
        if form is None or self.go.disabled:  # a second click, while the first is being sent
            return
        if form.check():
            self.line.say("Some inputs need a change first: see above.", error=True)
            return
        many = self._inputs_by_run(form.inputs, self.count.value)
        self.go.disabled, self.has_error = True, False
        for line in self.jobs.children:  # what failed before was read
            if line.job.status is Status.FAILED:
                self.unfollow(line.job)
        self.say("Sending…")
        options = {"kind": self.kind, "provider": self.provider.value or None}
        self.background(lambda: self._submit(self.model.slug, many, options))

    @property
    def _running(self) -> bool:
        return any(line.job.watching for line in self.jobs.children)

    def _inputs_by_run(self, inputs: dict[str, Any], runs: int) -> list[dict[str, Any]]:
        """The same inputs for each run; a seed of yours counts up, or all would be the same."""
        seed = inputs.get("seed")
        if not isinstance(seed, int) or seed < 0:
            return [dict(inputs) for _ in range(runs)]
        return [{**inputs, "seed": seed + i} for i in range(runs)]

    def _submit(self, target: str, many: list[dict[str, Any]], options: dict[str, Any]) -> None:
        notes: list[str] = []
        alone = not self._running
        try:
            for number, inputs in enumerate(many):
                again = number > 0 or alone  # else it may be a double click
                plan = self.client.plan(target, inputs, again=again, **options)
                notes = [note for note in plan.notes if note not in notes] + notes
                job = self.client.start(plan, self._show_upload)
                if not self.has_error:
                    self.say(" ".join(notes))
                self.follow(job)
        finally:
            self.go.disabled = False

    def _show_upload(self, sent: int, total: int) -> None:
        self.say(f"Uploading: {sent / 1e6:.1f} of {total / 1e6:.1f} MB")

    def ended(self, job: Job) -> None:
        """Its pictures take its line's place; why it failed stands where it helps."""
        super().on_job_end(job)
        if job.outputs:
            self.outputs.add(job)
            self.unfollow(job)
            if not self.has_error and not self._running:
                self.say("Done." if job.status is Status.COMPLETED else "")
            if self.form is not None and job.seed is not None:
                self.form.last_seed = job.seed
        elif job.error is not None and not self._show_in_form(job.error):
            self.line.say("It failed: its line says why.", error=True)

    def fail(self, error: Exception) -> None:
        """Beside the field that it is about, where there is one; else in the panel's line."""
        if not self._show_in_form(error):
            super().fail(error)

    def _show_in_form(self, error: Exception) -> bool:
        """Show it beside the field that it is about; False where there is none."""
        self.has_error = True
        named = isinstance(error, SegmindError) and self.form is not None
        if not named or not self.form.show_error(error):  # type: ignore[union-attr,arg-type]
            return False
        self.line.say("An input was refused: see its field.", error=True)
        return True

    # its code

    def as_cell(self) -> None:
        """Show the text of a cell that does the same."""
        where = f"-p {self.provider.value}" if self.provider.value else ""
        self._show_code("A cell that does the same", partial(export.cell, options=where))

    def as_python(self) -> None:
        """Show Python that does the same."""
        where = {"provider": self.provider.value} if self.provider.value else {}
        self._show_code("Python that does the same", partial(export.client_code, **where))

    def _show_code(self, title: str, export: Callable[..., str]) -> None:
        if self.form is None:
            return
        text = export(self.model.slug, self.form.inputs, self.kind)
        area = widgets.Textarea(text, description=title, rows=min(16, text.count("\n") + 2))
        area.add_class("sw-code")
        self._close_code()
        self.code.children = (area, self.button("Close", self._close_code))

    def _close_code(self) -> None:
        before, self.code.children = self.code.children, ()
        free(*before)
