"""The details of a job: outputs, inputs, errors, and buttons to save it or run it again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from segmind_widgets.errors import SegmindError
from segmind_widgets.formatting import date_and_time, money, seconds
from segmind_widgets.jobs.job import Job
from segmind_widgets.markup import Html, element, fragment
from segmind_widgets.types import Status
from segmind_widgets.widgets.base import row
from segmind_widgets.widgets.copy_button import CopyButton
from segmind_widgets.widgets.host import Host
from segmind_widgets.widgets.text_box import TextBox


class Details(widgets.VBox):
    """The details of one job.

    Args:
        panel: the panel around the details.
        more: additional buttons.
        pictures: a widget above the list of facts; None if the outputs are shown elsewhere.
    """

    def __init__(
        self, panel: Host, *more: widgets.Widget, pictures: widgets.Widget | None = None
    ) -> None:
        self._panel = panel
        self.job: Job | None = None
        self.facts = widgets.HTML()
        self.folder = TextBox(
            panel.without_keys, description="Save to", placeholder=str(Path.cwd()), live=True
        )
        self.folder.add_class("sw-wide")
        self.save = panel.button("Save", self._save, tooltip="Copy the files into the folder")
        self.rerun_button = panel.button(
            "Run again", self._confirm_rerun, tooltip="Start a new job with the same inputs"
        )
        self.copy_id = CopyButton("Copy id", self._on_copy, title="Copy the job's id")
        self.saving = row(self.folder, self.save)
        self.question = widgets.HTML()
        yes = panel.button("Run", self._rerun, primary=True)
        no = panel.button("Cancel", self._hide_question)
        self.confirm = row(self.question, yes, no)
        top = [] if pictures is None else [pictures]
        actions = row(*more, self.rerun_button, self.copy_id)
        super().__init__([*top, self.facts, actions, self.confirm, self.saving])
        self.add_class("sw-details")
        self.show(None)

    def show(self, job: Job | None) -> None:
        """Show a job; None hides the details."""
        if job is not self.job or job is None:
            self._hide_question()
        self.job = job
        self.layout.display = "none" if job is None else ""
        if job is None:
            return
        self.facts.value = job_html(job)
        self.copy_id.text = job.id
        self.saving.layout.display = "" if job.outputs else "none"
        self.rerun_button.layout.display = "" if job.resubmit is not None else "none"

    def _on_copy(self, done: bool) -> None:
        text = "The id was copied." if done else f"Copy this text manually: {self.copy_id.text}"
        self._panel.say(text)

    def _save(self) -> None:
        job = self.job
        if job is not None:
            folder = self.folder.value.strip() or "."
            self._panel.background(lambda: job.save(folder), self._on_save)

    def _on_save(self, paths: list[Path]) -> None:
        files = paths[0].name if len(paths) == 1 else f"{len(paths)} files"
        self._panel.say(f"Saved {files} in {paths[0].parent.resolve()}.")

    def _confirm_rerun(self) -> None:
        job = self.job
        if job is not None:
            self._panel.background(
                lambda: self._price_text(job), lambda price: self._show_question(job, price)
            )

    def _price_text(self, job: Job) -> str:
        if job.sandbox:
            return "The sandbox is free."
        if job.cost is not None:
            return f"The last run cost {money(job.cost)}."
        model = self._panel.client.catalog(job.provider).find(job.model, job.provider)
        if model is None or model.cost is None:
            return "The cost is not known."
        return f"The typical cost is {money(model.cost)}."

    def _show_question(self, job: Job, price: str) -> None:
        self.question.value = element(
            "div", f"Run {job.model} again with the same inputs? {price}", role="status"
        )
        self.confirm.layout.display = ""

    def _hide_question(self) -> None:
        self.confirm.layout.display = "none"

    def _rerun(self) -> None:
        self._hide_question()
        if self.job is not None:
            self._panel.background(
                self.job.rerun, lambda _: self._panel.say("The job was submitted.")
            )


def job_html(job: Job) -> Html:
    """Return a job as HTML: a heading, the error with its hint, and a list of facts."""
    pill = fragment(" ", element("span", "sandbox", class_="sw-pill")) if job.sandbox else ""
    title = f"{job.model} · {job.status}"
    error = ""
    if job.error is not None:
        hint = job.error.hint if isinstance(job.error, SegmindError) else ""
        kind = "sw-hint" if job.status is Status.COMPLETED else "sw-error"
        error = element("div", f"{job.error} {hint}".strip(), class_=kind)
    facts = {
        **{name: _plain(value) for name, value in job.inputs.items()},
        "duration": seconds(job.elapsed) if job.elapsed else "",
        "cost": money(job.cost) if job.cost is not None else "",
        "seed used": "" if job.seed in (None, job.inputs.get("seed")) else str(job.seed),
        "started": date_and_time(job.created),
        "id": job.id,
        "file" if len(job.outputs) == 1 else "files": "\n".join(
            str(asset.path or asset.url) for asset in job.outputs
        ),
    }
    items = (
        fragment(element("dt", name), element("dd", text)) for name, text in facts.items() if text
    )
    return fragment(
        element("h4", title, pill, class_="sw-details-title"),
        error,
        element("dl", *items, class_="sw-facts"),
    )


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
