"""All results on this disk: view, search, download, and use as inputs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ipywidgets as widgets
from traitlets import Any as AnyTrait

from segmind_widgets.assets.asset import Asset
from segmind_widgets.background import Throttle
from segmind_widgets.catalog.catalog import Catalog, media_type
from segmind_widgets.errors import NotFound, SegmindError
from segmind_widgets.formatting import MANY, count_text, money
from segmind_widgets.jobs.job import Job
from segmind_widgets.markup import element
from segmind_widgets.panels._base import Panel
from segmind_widgets.panels._run_base import RunsPanel
from segmind_widgets.panels.run import RunPanel
from segmind_widgets.widgets.archive import make_archive
from segmind_widgets.widgets.base import free, row
from segmind_widgets.widgets.job_details import Details
from segmind_widgets.widgets.results import ACTIONS, ResultPictures, assets_by_key
from segmind_widgets.widgets.search import Search

PAGE = 24  # jobs
_RELOAD_INTERVAL = 0.25  # seconds between two reloads
_SIDE = 180  # pixels
DELETE = {"name": "delete", "label": "Delete", "title": "Delete this result and its file (Delete)"}


class ResultGrid(ResultPictures):
    """Results with their prompts as captions; without a prompt, the model and the file name."""

    def job_items(self, job: Job) -> list[dict[str, Any]]:
        """Return a job's outputs as items with the prompt, the model and the cost as caption."""
        items = super().job_items(job)
        return [{**item, "caption": item["alt"], "note": _note(job)} for item in items]


def _note(job: Job) -> str:
    return job.model if job.cost is None else f"{job.model} · {money(job.cost)}"


def _model_for(kind: str, catalog: Catalog) -> str | None:
    """Return a model with a field for files of this kind; one that takes words, too, first."""
    fitting = [
        (name not in model.schema.get("required", ()), model.slug)
        for model in catalog
        if model.schema and model.listed
        for name, schema in model.schema.get("properties", {}).items()
        if media_type(schema).split("/")[0] in ("*", kind)
    ]
    prompts = [slug for optional, slug in fitting if optional]  # these take words as well
    return next(iter(prompts or [slug for _, slug in fitting]), None)


class GalleryPanel(Panel):
    """A gallery of results. `argument`: search words for the jobs' inputs."""

    title = "Gallery"

    input_asset: Any = AnyTrait(None, help="The last Asset for which 'Use as input' was clicked.")

    def build(self, argument: str) -> Sequence[widgets.Widget]:
        """Return the search, a page of pictures, and the details of the selected one."""
        self._first = 0  # index of the page's first job in the search result
        self._page_jobs: list[Job] = []
        self._running_jobs: set[Job] = set()  # unfinished jobs of this kernel
        self._new_count = 0  # the number of jobs that ended while an older page was shown
        self._zips: list[Path] = []
        self._reload_later = Throttle(lambda: self.guard(self._reload), _RELOAD_INTERVAL)
        self.search = Search(self.without_keys, argument, self._on_search)
        self.newer = self.button("‹ Newer", lambda: self._turn(-PAGE))
        self.older = self.button("Older ›", lambda: self._turn(PAGE))
        self.page_label = widgets.HTML()
        self.page_label.add_class("sw-hint")
        self.news = self.button("", self._show_newest)
        self.news.layout.display = "none"
        self.undo_text = widgets.HTML()
        self.undo_text.add_class("sw-hint")
        self.undo = self.button("Undo", self._undo, tooltip="Restore the deleted result")
        self.undo_row = row(self.undo_text, self.undo)
        self.results_box = self._build_results()
        self.form_box = widgets.VBox()
        self.zip_page = self.button("Zip of this page", self._zip_page)
        self.zip_all = self.button("Zip of all", self._zip_all)
        self.observing(self.client, lambda change: self._observe_job(change.new), "newest")
        for job in self.client.jobs(1_000_000, unfinished=True, here=True):
            self._observe_job(job)
        self._reload()
        self._show_undo()
        self.background(self.client.session.deletions.purge)
        pages = row(self.newer, self.page_label, self.older, self.news, self.zip_page, self.zip_all)
        return [self.search, pages, self.undo_row, self.results_box, self.line, self.form_box]

    def _build_results(self) -> widgets.Widget:
        """Return the grid, with the details that open in it."""
        self.pictures = ResultGrid(
            self,
            side=_SIDE,
            selectable=True,
            label="Results",
            actions=[*ACTIONS, DELETE],
            on_action=lambda _, key: self.guard(lambda: self._delete(key)),
        )
        self.pictures.add_class("sw-gallery")
        self.pictures.observe(lambda _: self.guard(self._show_selected), "selected")
        self.use = self.button(
            "Use as input", self._on_use, tooltip="Put it into an open form, or a new one"
        )
        save = self.button("Download", self._download, tooltip="Save the whole file")
        delete = self.button(
            DELETE["label"], lambda: self._delete(self.pictures.selected), tooltip=DELETE["title"]
        )
        close = self.button("Close", self._close_details, tooltip="Hide the details")
        close.add_class("sw-close")
        self.details = Details(self, self.use, save, delete, close)
        box = widgets.VBox([self.pictures, self.details])
        box.add_class("sw-has-details")
        return box

    def close(self) -> None:
        """Stop observing jobs, close all models, and delete the zips."""
        self._reload_later.close()
        for job in list(self._running_jobs):
            job.unobserve(self._on_end, "watching")
        self._running_jobs.clear()
        for path in self._zips:
            path.unlink(missing_ok=True)
        self._zips.clear()
        super().close()

    # the page

    def _filters(self) -> dict[str, Any]:
        return {**self.search.filters, "with_outputs": True}

    def _on_search(self) -> None:
        self._first = 0
        self._reload_later()

    def _turn(self, by: int) -> None:
        self._first = max(0, self._first + by)
        self._reload()

    def _show_newest(self) -> None:
        self._first = 0
        self._reload()

    def _reload(self) -> None:
        filters = self._filters()
        total = self.client.count(max(MANY, self._first + PAGE) + 1, **filters)
        self._first = min(self._first, max(0, (total - 1) // PAGE * PAGE))
        self._page_jobs = self.client.jobs(PAGE, offset=self._first, **filters)
        if not self._first:
            self._new_count = 0
        self.search.set_models(self.client.session.store.models(completed=True))
        self.pictures.empty = (
            "No results match. Try other words."
            if self.search.is_active
            else 'No results yet. Try: %segmind_run flux-schnell prompt="a fox in the snow"'
        )
        self.pictures.show(self._page_jobs)
        self._show_position(total)
        self._show_selected()

    def _show_position(self, total: int) -> None:
        last = self._first + len(self._page_jobs)
        pages = f"{self._first + 1:,} to {last:,} of {count_text(total)}"
        position = pages if total > 1 else "1 result" if total else ""
        self.page_label.value = element("div", position, role="status")
        self.newer.disabled = self._first == 0
        self.older.disabled = last >= total
        for button in (self.newer, self.older, self.zip_page):
            button.layout.display = "" if total > PAGE else "none"
        self.zip_all.layout.display = "" if total else "none"
        self.zip_all.description = f"Zip of all {count_text(total)}" if total > 1 else "Zip"
        self.news.layout.display = "" if self._new_count else "none"
        self.news.description = f"{self._new_count} new: show"

    # jobs of this kernel

    def _observe_job(self, job: Job) -> None:
        self._running_jobs.add(job)
        job.observe(self._on_end, "watching")
        if not job.watching:  # the job ended before it was observed
            self._on_end({"owner": job})

    def _on_end(self, change: Any) -> None:  # called in the scheduler's threads
        job = change["owner"]
        if job.watching or not job.status.final or job not in self._running_jobs:
            return  # a detached job may be resumed
        self._running_jobs.discard(job)
        job.unobserve(self._on_end, "watching")
        if job.outputs:
            self._new_count += 1
            self._reload_later()

    # the selected result

    def _show_selected(self) -> None:
        self.details.show(self._job_of(self.pictures.selected))

    def _job_of(self, key: str) -> Job | None:
        return next((job for job in self._page_jobs if key.rpartition("/")[0] == job.id), None)

    def _close_details(self) -> None:
        self.pictures.selected = ""

    def _on_use(self) -> None:
        """Fill a form that is open, the newest run first, else a new one under the gallery."""
        self.input_asset = asset = self.pictures.asset(self.pictures.selected)
        panels = [panel for panel in Panel.opened if panel is not self and panel.is_shown]
        panels.sort(key=lambda panel: (isinstance(panel, RunsPanel), panel.serial), reverse=True)
        for panel in (*self.form_box.children, *panels):
            if label := panel.take_input(asset):
                self.say(f"{asset.filename} is in {label}: see the panel “{panel.title}”.")
                return
        self._new_form(asset)

    def _new_form(self, asset: Asset) -> None:
        model = _model_for(asset.kind, Catalog())
        if model is None:
            raise NotFound(f"No model here takes a file of the kind {asset.kind}.")
        before = self.form_box.children
        panel = RunPanel(model, client=self.client, names=self.names)
        self.form_box.children = (panel,)
        free(*before)
        label = panel.take_input(asset)
        self.say(f"{asset.filename} is in {label}, below. Other models are in its list.")

    def _download(self) -> None:
        path = self.pictures.asset(self.pictures.selected).path
        if path is None or not path.is_file():
            raise NotFound("The file is no longer on this disk.")
        self.pictures.download(path)

    # deletions

    def _delete(self, key: str) -> None:
        """Delete a result; "Undo" gets the focus."""
        job = self._job_of(key)
        try:
            if job is None:
                raise NotFound("This result is no longer shown.")
            self.client.delete(job, self.pictures.asset(key))
        except SegmindError:
            self._reload()
            self.pictures.focus_item(key)
            raise
        if self.pictures.selected == key:
            self.pictures.selected = ""
        self.say("")
        self._reload()
        self._show_undo()
        self.undo.focus()

    def _undo(self) -> None:
        """Bring back what was deleted last; its tile gets the focus."""
        undoable = self.client.session.deletions.undoable
        try:
            if not undoable:
                raise NotFound("There is nothing to undo.")
            job = undoable[0].undo()
        finally:
            self._reload()
            self._show_undo()
        names = {path.name for path in undoable[0].files}
        assets = assets_by_key(job).items()
        key = next((k for k, asset in assets if asset.filename in names), f"{job.id}/0")
        self.say(f"{', '.join(sorted(names)) or job.model} was restored.")
        self.pictures.focus_item(key)

    def _show_undo(self) -> None:
        undoable = self.client.session.deletions.undoable
        self.undo_row.layout.display = "" if undoable else "none"
        if undoable:
            more = f" {len(undoable) - 1} more can be restored after it." * (len(undoable) > 1)
            text = f"{undoable[0]} Copies that you saved elsewhere stay.{more}"
            self.undo_text.value = element("div", text, role="status")

    # zips

    def _zip_page(self) -> None:
        jobs = self._page_jobs
        self._zip(lambda: jobs)

    def _zip_all(self) -> None:
        filters = self._filters()
        self._zip(lambda: self.client.jobs(1_000_000, **filters))

    def _zip(self, find: Any) -> None:
        self.say("Packing…")

        def pack() -> Path:
            files = [asset.path for job in find() for asset in job.outputs if asset.path]
            return make_archive(files, self.client.session.store.home / "downloads")

        self.background(pack, self._download_zip)

    def _download_zip(self, path: Path) -> None:
        self._zips.append(path)
        self.say("")  # the pictures say how far it came
        self.pictures.download(path, "segmind-results.zip")
