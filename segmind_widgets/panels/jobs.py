"""Jobs of this kernel as they move, earlier ones on demand; what can be done with each."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any

import ipywidgets as widgets

from segmind_widgets.background import Throttle
from segmind_widgets.errors import NotFound
from segmind_widgets.jobs.job import Job
from segmind_widgets.panels._base import Panel
from segmind_widgets.widgets.job_details import Details
from segmind_widgets.widgets.job_table import JobTable, facts
from segmind_widgets.widgets.results import Results
from segmind_widgets.widgets.search import Search

PAGE = 20  # lines
UPDATE_INTERVAL = 0.25  # seconds between two updates of all lines
_SIDE = 120  # pixels of a line's picture: 60 on the screen, and screens that are twice as fine
_STATES = (
    ("every state", ""), ("running", "running"), ("completed", "completed"), ("failed", "failed"),
    ("cancelled", "cancelled"), ("unknown", "unknown"),
)  # fmt: skip
_OBSERVED_TRAITS = (
    "id", "status", "message", "progress", "elapsed", "expected_seconds", "cost", "sandbox",
    "outputs", "error", "watching",
)  # fmt: skip


class JobsPanel(Panel):
    """`argument`: words that the jobs' inputs contain."""

    title = "Jobs"

    def build(self, argument: str) -> Sequence[widgets.Widget]:
        """A search, the lines, and the job that was opened."""
        self._limit = PAGE
        self._jobs_by_key: dict[str, Job] = {}  # what is shown, by the line's key
        self._numbers = count()
        self._stale = False  # other lines may have to be shown
        self._update_later = Throttle(lambda: self.guard(self._update), UPDATE_INTERVAL)
        self.status = widgets.Dropdown(options=_STATES, description="State")
        self.status.add_class("sw-small")
        self.earlier = widgets.Checkbox(False, description="Earlier ones too", indent=False)
        self.search = Search(argument, self._on_search, self.status, self.earlier)
        self.table = JobTable(self._act, self._picture, self.background)
        self.more = self.button("Show more", self._show_more)
        self.pictures = Results(self, side=220, label="What it made")
        close = self.button("Close", lambda: self._open(None), tooltip="Hide the details")
        self.details = Details(self, close, pictures=self.pictures)
        self.observing(self.client, lambda _: self._reload_soon(), "newest")
        self._reload()
        return [self.search, self.table, self.more, self.details]

    def close(self) -> None:
        """Follow no job any more, and free all models."""
        self._update_later.close()
        self._set_jobs({})
        super().close()

    # which lines

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
        chosen = {"unfinished": True} if state == "running" else {"status": state or None}
        return {**self.search.filters, **chosen, "here": not self.earlier.value}

    def _reload(self) -> None:
        filters = self._filters()
        self._total = self.client.count(**filters)
        keys = {job: key for key, job in self._jobs_by_key.items()}
        found = self.client.jobs(self._limit, **filters)
        self._set_jobs({keys.get(job) or str(next(self._numbers)): job for job in found})
        self.search.set_models([spent.key for spent in self.client.session.store.spend("model")])
        self.more.layout.display = "" if self._total > len(found) else "none"
        self.table.empty = self._empty_text()
        self._show()

    def _set_jobs(self, lines: dict[str, Job]) -> None:
        before, self._jobs_by_key = self._jobs_by_key, lines
        for key, job in before.items():
            if key not in lines:
                job.unobserve(self._on_change, _OBSERVED_TRAITS)
        for key, job in lines.items():
            if key not in before:
                job.observe(self._on_change, _OBSERVED_TRAITS)

    def _empty_text(self) -> str:
        if self.search.is_active or self.status.value:
            return "No job fits."
        if self.earlier.value:
            return 'No jobs yet. Try: %segmind_run flux-schnell prompt="a fox in the snow"'
        return "This kernel has begun no job yet. Earlier ones too? Tick the box above."

    # as they move

    def _on_change(self, _: Any) -> None:  # called by the scheduler's threads, and often
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
        told = f"{len(rows)} of {self._total:,} jobs" + (f", {running} running" if running else "")
        before = self._states()
        self.table.show(rows, told)
        if self._states() != before:
            self._refresh()

    def _states(self) -> dict[str, Any]:
        return {row["key"]: (row["status"], row["live"]) for row in self.table.content["rows"]}

    def _refresh(self) -> None:
        """After an end: the opened job in full, and only lines that still fit."""
        opened = self.details.job
        if opened is not None:
            same = (job for job in self._jobs_by_key.values() if job.id == opened.id)
            self._show_details(next(same, opened))
        if self.status.value:
            self._reload_soon()

    # what can be done

    def _job(self, key: str) -> Job:
        if key not in self._jobs_by_key:
            raise NotFound("This job is not shown any more.")
        return self._jobs_by_key[key]

    def _picture(self, key: str) -> tuple[bytes, str]:
        shown = (asset for asset in self._job(key).outputs if asset.kind == "image")
        asset = next(shown, None)
        return (b"", "") if asset is None else self.client.thumbnail(asset, _SIDE)

    def _act(self, name: str, key: str) -> None:
        self.guard(lambda: self._do(name, self._job(key)))

    def _do(self, name: str, job: Job) -> None:
        self.say("")
        if name == "open":
            self._open(job)
        elif name == "stop":
            job.stop()
            self.say(f"The job {job.id} goes on; Resume gets it back.")
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
        opened = (key for key, shown in self._jobs_by_key.items() if shown is job)
        self.table.open_key = next(opened, "")
