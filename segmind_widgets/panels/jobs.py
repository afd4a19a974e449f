"""A table of running jobs, and of earlier ones on demand."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any

import ipywidgets as widgets

from segmind_widgets.background import Throttle
from segmind_widgets.errors import NotFound
from segmind_widgets.formatting import MANY, count_text
from segmind_widgets.jobs.job import Job
from segmind_widgets.panels._base import Panel
from segmind_widgets.types import Status
from segmind_widgets.widgets.job_details import Details
from segmind_widgets.widgets.job_table import JobTable, facts
from segmind_widgets.widgets.results import ResultPictures
from segmind_widgets.widgets.search import Search

PAGE = 20  # rows
UPDATE_INTERVAL = 0.25  # seconds between two updates of the table
_SIDE = 120  # pixels of a row's thumbnail: 60 CSS pixels, for screens with two pixels for each
_STATES = (
    ("any", ""), ("running", "running"), ("completed", "completed"), ("failed", "failed"),
    ("cancelled", "cancelled"), ("unknown", "unknown"),
)  # fmt: skip
_OBSERVED_TRAITS = (
    "id", "status", "message", "progress", "elapsed", "expected_seconds", "cost", "sandbox",
    "outputs", "error", "watching",
)  # fmt: skip


class JobsPanel(Panel):
    """A table of jobs. `argument`: search words for the jobs' inputs."""

    title = "Jobs"

    def build(self, argument: str) -> Sequence[widgets.Widget]:
        """Return the search, the table, and the details of the opened job."""
        self._limit = PAGE
        self._jobs_by_key: dict[str, Job] = {}  # the rows
        self._numbers = count()
        self._stale = False  # whether the rows must be read again
        self._update_later = Throttle(lambda: self.guard(self._update), UPDATE_INTERVAL)
        self.status = widgets.Dropdown(options=_STATES, description="Status")
        self.status.add_class("sw-small")
        self.earlier = widgets.Checkbox(False, description="Include earlier sessions", indent=False)
        self.search = Search(
            self.without_keys, argument, self._on_search, self.status, self.earlier
        )
        self.table = JobTable(self._act, self._picture, self.background)
        self.more = self.button("Show more", self._show_more)
        self.pictures = ResultPictures(self, side=220, label="Outputs of the job")
        close = self.button("Close", lambda: self._open(None), tooltip="Hide the details")
        close.add_class("sw-close")
        self.details = Details(self, close, pictures=self.pictures)
        self.table_box = widgets.VBox([self.table, self.details])
        self.table_box.add_class("sw-has-details")
        self.observing(self.client, lambda _: self._reload_soon(), "newest")
        self._reload()
        return [self.search, self.table_box, self.more]

    def close(self) -> None:
        """Stop observing jobs, and close all models."""
        self._update_later.close()
        self._set_jobs({})
        super().close()

    # rows

    def _on_search(self) -> None:
        self._limit = PAGE
        self._reload_soon()

    def _show_more(self) -> None:
        self._limit += PAGE
        self._reload_soon()

    def _reload_soon(self) -> None:
        self._stale = True
        self._update_later()

    def _filters(self) -> dict[str, Any]:
        state = self.status.value
        status = {"unfinished": True} if state == "running" else {"status": state or None}
        return {**self.search.filters, **status, "here": not self.earlier.value}

    def _reload(self) -> None:
        filters = self._filters()
        self._total = self.client.count(max(MANY, self._limit) + 1, **filters)
        keys = {job: key for key, job in self._jobs_by_key.items()}
        jobs = self.client.jobs(self._limit, **filters)
        self._set_jobs({keys.get(job) or str(next(self._numbers)): job for job in jobs})
        self.search.set_models(self.client.session.store.models())
        self.more.layout.display = "" if self._total > len(jobs) else "none"
        self.table.empty = self._empty_text()
        self._show()

    def _set_jobs(self, jobs: dict[str, Job]) -> None:
        before, self._jobs_by_key = self._jobs_by_key, jobs
        for key, job in before.items():
            if key not in jobs:
                job.unobserve(self._on_change, _OBSERVED_TRAITS)
        for key, job in jobs.items():
            if key not in before:
                job.observe(self._on_change, _OBSERVED_TRAITS)

    def _empty_text(self) -> str:
        if self.search.is_active or self.status.value:
            return "No jobs match."
        if self.earlier.value:
            return 'No jobs yet. Try: %segmind_run flux-schnell prompt="a fox in the snow"'
        return "No jobs of this kernel yet. Tick “Include earlier sessions” to see others."

    # updates

    def _on_change(self, _: Any) -> None:  # called often, in the scheduler's threads
        self._update_later()

    def _update(self) -> None:
        if self._stale:
            self._stale = False
            self._reload()
        else:
            self._show()

    def _show(self) -> None:
        rows = [{"key": key, **facts(job)} for key, job in self._jobs_by_key.items()]
        running = sum(row["live"] for row in rows)
        summary = f"{len(rows)} of {count_text(self._total)} jobs" + (
            f", {running} running" if running else ""
        )
        before = self._states()
        self.table.show(rows, summary)
        if self._states() != before:
            self._refresh()

    def _states(self) -> dict[str, Any]:
        return {row["key"]: (row["status"], row["live"]) for row in self.table.content["rows"]}

    def _refresh(self) -> None:
        """Update the details, and remove rows whose job no longer matches the status filter."""
        current = self.details.job
        if current is not None:
            same = (job for job in self._jobs_by_key.values() if job.id == current.id)
            self._show_details(next(same, current))
        if self.status.value:
            self._reload_soon()

    # actions

    def _job(self, key: str) -> Job:
        if key not in self._jobs_by_key:
            raise NotFound("This job is no longer shown.")
        return self._jobs_by_key[key]

    def _picture(self, key: str) -> tuple[bytes, str]:
        pictures = (asset for asset in self._job(key).outputs if asset.kind == "image")
        asset = next(pictures, None)
        return (b"", "") if asset is None else self.client.thumbnail(asset, _SIDE)

    def _act(self, name: str, key: str) -> None:
        self.guard(lambda: self._do(name, self._job(key)))

    def _do(self, name: str, job: Job) -> None:
        self.say("")
        if name == "open":
            self._open(job)
        elif name == "stop":
            job.stop()
            withdrawn = job.status is Status.CANCELLED
            goes_on = f"The job {job.id} continues; click Resume to watch it again."
            self.say(str(job.error) if withdrawn else goes_on)
        elif name == "resume":
            self.say("Resuming…")
            self.background(lambda: self.client.resume(job.id), lambda _: self.say("Resumed."))

    def _open(self, job: Job | None) -> None:
        self.pictures.show([] if job is None else [job])
        self._show_details(job)

    def _show_details(self, job: Job | None) -> None:
        if job is not None and len(job.outputs) != len(self.pictures.items):
            self.pictures.show([job])
        self.details.show(job)
        keys = (key for key, other in self._jobs_by_key.items() if other is job)
        self.table.open_key = next(keys, "")
