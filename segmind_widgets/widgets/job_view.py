"""A live job as one line: progress bar, status, times, cost, and a button to stop watching."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets

from segmind_widgets.formatting import cost_text, duration, money, seconds
from segmind_widgets.jobs.job import Job
from segmind_widgets.markup import element, fragment, join
from segmind_widgets.types import Status
from segmind_widgets.widgets.base import error_text, free
from segmind_widgets.widgets.live import Line
from segmind_widgets.widgets.served import serve

_STYLES = {Status.COMPLETED: "success", Status.FAILED: "danger", Status.UNKNOWN: "warning"}
_BAR_COLOR = "var(--jp-brand-color1, #1976d2)"
_OBSERVED_TRAITS = (
    "status",
    "elapsed",
    "expected_seconds",
    "cost",
    "message",
    "error",
    "sandbox",
    "watching",
    "progress",
    "indeterminate",
    "observer_error",
)


def bar_value(source: Any, elapsed: float) -> float:
    """Return the value of a bar, which moves back and forth while the progress is unknown.

    Args:
        source: a job or a batch.
        elapsed: the elapsed seconds.
    """
    return 0.9 - 0.8 * abs((elapsed % 4) / 2 - 1) if source.indeterminate else source.progress


def job_facts(job: Job) -> list[str]:
    """Return the state of a job, as text or HTML: status, model, time, cost, and a message."""
    facts: list[str] = [element("b", str(job.status)), job.model]
    has_usual_time = job.expected_seconds and not job.status.final
    usual = (
        f" of about {seconds(job.expected_seconds)}"
        if has_usual_time and job.expected_seconds
        else ""
    )
    facts.append(f"{job.elapsed:.1f} s{usual}")
    if job.cost is not None:
        facts.append(money(job.cost))
    if job.sandbox:
        facts.append("sandbox")
    message = job.message if job.error is None else error_text(job.error)
    facts += [element("i", text) for text in (message, job.observer_error) if text]
    return facts


def batch_facts(batch: Any) -> list[str]:
    """Return the state of a batch, as text or HTML: rows, cost, rate, time left."""
    total = f" of {batch.total:,}" if batch.total is not None else ""
    facts: list[str] = [element("b", f"{batch.done:,}{total} done")]
    facts += [f"{batch.reused:,} done earlier (not billed again)"] if batch.reused else []
    failed = element("span", f"{batch.failed:,} failed", class_="sw-error")
    facts += [failed] if batch.failed else []
    facts += [f"{batch.running:,} running"] if batch.running else []
    facts += [cost_text(batch.cost, batch.unpriced)]
    facts += [f"{batch.rate:.3g} a minute"] if batch.rate and batch.running else []
    if batch.eta and not batch.finished:
        facts.append(f"about {duration(batch.eta)} left")
    facts += ["sandbox"] if batch.sandbox else []
    return facts + ([element("i", batch.observer_error)] if batch.observer_error else [])


def job_line(job: Job) -> Line:
    """Return the live line of a job."""
    command = f"%segmind_jobs --resume {job.id}"
    watching = job.watching and not job.done
    fetches = " fetches its result, also after a restart."
    continues = f"The job {job.id} continues without this notebook. "
    if job.sandbox:
        fetches = " fetches its result while the sandbox runs."
        continues = f"The job {job.id} is on the sandbox; the built-in one ends with its kernel. "
    return Line(
        text=join(" · ", job_facts(job)),
        sentence=fragment(continues, element("code", command), fetches),
        plain=f"{job.status} · {job.caption}\n{command}{fetches}",
        announced=f"{job.model}: {job.status}",
        share=-1.0 if job.indeterminate else job.progress,
        look=_STYLES.get(job.status, ""),
        button="Stop watching" if watching else "",
        hint=f"The job continues; {command} fetches its result",
    )


def batch_sentence(batch: Any) -> str:
    """Return the sentence that stands for a running batch in a saved notebook."""
    return (
        f"The batch {batch.name} ({batch.model}) was running when this notebook was saved. Run the"
        " cell again to continue it: finished rows are not paid again."
    )


STOP_HINT = "Send no further row; rows that were sent continue"


def batch_line(batch: Any) -> Line:
    """Return the live line of a batch, where no panel can be shown."""
    sentence = batch_sentence(batch)
    stops = not (batch.finished or batch.stopped)
    return Line(
        text=join(" · ", batch_facts(batch)),
        sentence=fragment(sentence),
        plain=f"{batch.caption}\n{sentence}",
        announced=batch.model,
        share=-1.0 if batch.indeterminate else batch.progress,
        button="Stop" if stops else "",
        hint=STOP_HINT,
    )


def upload_line(files: int, count: int, total: int) -> Line:
    """Return the live line of an upload, with `count` of `total` bytes sent."""
    noun = f"{files} file{'s' * (files > 1)}"
    sizes = f"{count / 1e6:.1f} of {total / 1e6:.1f} MB"
    return Line(
        text=join(" · ", [element("b", "uploading"), noun, sizes]),
        sentence=fragment(
            "This upload was in progress when the notebook was saved. Run the cell again."
        ),
        plain=f"uploading · {noun} · {sizes}",
        announced=f"uploading {noun}",
        share=count / total if total else 1.0,
    )


class ProgressLine(widgets.HBox):
    """A progress bar with a line of text: the base of `JobView` and `JobProgress`."""

    def __init__(self, *more: widgets.Widget, label: str) -> None:
        self.bar = widgets.FloatProgress(
            min=0.0, max=1.0, layout={"width": "160px", "height": "18px", "flex": "0 0 auto"}
        )
        self.bar.style.bar_color = _BAR_COLOR
        self.text = widgets.HTML(layout={"flex": "1 1 220px", "min_width": "0"})
        self._fallback = label
        super().__init__(
            [self.bar, self.text, *more],
            layout={
                "flex_flow": "row wrap",
                "align_items": "center",
                "grid_gap": "4px 8px",
                "width": "100%",
            },
        )
        serve(self)

    def say(self, text: str) -> None:
        """Show text or HTML next to the bar."""
        style = "font-size:13px;line-height:1.5;overflow-wrap:anywhere"
        content = element("div", text, style=style)
        if self.text.value != content:
            self.text.value = content

    def color(self, style: str) -> None:
        """Color the bar: "success", "warning", "danger", or "" while it runs."""
        if self.bar.bar_style != style:
            self.bar.bar_style = style
            self.bar.style.bar_color = None if style else _BAR_COLOR

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        """Return the widget, with a text for notebooks that are opened without a kernel."""
        data: dict[str, Any] = super()._repr_mimebundle_(**options) or {}
        data["text/plain"] = self._fallback
        data["text/html"] = element("p", self._fallback)
        return data

    def close(self) -> None:
        """Close every model with its Layout and Style, which would stay in the saved notebook."""
        if self.comm is None:
            return  # ipywidgets calls close again when the object is deleted
        parts = (*self.children, self.layout)
        super().close()
        free(*parts)


class JobView(ProgressLine):
    """One live job. Observes the job's traits and never sets them.

    Args:
        job: the job, observed until `close`.
    """

    def __init__(self, job: Job) -> None:
        self.stop = widgets.Button(
            description="Stop watching",
            tooltip="The job continues; %segmind_jobs --resume fetches its result",
            layout={"width": "auto", "flex": "0 0 auto"},
        )
        self.stop.add_class("sw-button")  # the style of other buttons, inside a panel
        super().__init__(
            self.stop,
            label=f"The job {job.id} ({job.model}) was running when this notebook was saved. "
            f"%segmind_jobs --resume {job.id} fetches its result.",
        )
        self.job = job
        self.stop.on_click(self._stop)
        job.observe(self._show, list(_OBSERVED_TRAITS))
        self._show()

    def close(self) -> None:
        """Stop observing the job, and close all models."""
        if self.comm is None:
            return
        self.job.unobserve(self._show, list(_OBSERVED_TRAITS))
        super().close()

    def _stop(self, _: widgets.Button) -> None:
        self.job.stop()

    def _show(self, _: Any = None) -> None:
        job = self.job
        self.bar.value = bar_value(job, job.elapsed)
        self.color(_STYLES.get(job.status, ""))
        if job.done or not job.watching:
            self.stop.layout.display = "none"
        self.say(join(" · ", job_facts(self.job)))


class JobProgress(ProgressLine):
    """A progress bar and a line of text for a job or a batch, driven only by its traits.

    Args:
        source: the job or the batch, observed until `close`.
    """

    def __init__(self, source: Any) -> None:
        super().__init__(label=f"{source.model} was running when this notebook was saved.")
        self.source = source
        self._is_batch = source.has_trait("total")
        source.observe(self._show)
        self._show()

    def close(self) -> None:
        """Stop observing, and close all models."""
        if self.comm is None:
            return
        self.source.unobserve(self._show)
        super().close()

    def _show(self, _: Any = None) -> None:
        source = self.source
        self.bar.value = bar_value(source, source.elapsed if source.has_trait("elapsed") else 1.0)
        self.color(_batch_style(source) if self._is_batch else _STYLES.get(source.status, ""))
        facts = batch_facts(source) if self._is_batch else job_facts(source)
        if self._is_batch and source.message:
            facts.append(element("i", source.message))
        self.say(join(" · ", facts))


def _batch_style(batch: Any) -> str:
    if not batch.finished:
        return ""
    return "warning" if batch.failed or batch.error else "success"
