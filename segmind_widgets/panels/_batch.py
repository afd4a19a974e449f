"""A running batch: progress, cost, a growing contact sheet, and failures by cause."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from segmind_widgets.batches.batch import Batch
from segmind_widgets.batches.contact_sheet import MAX_TILES, is_grid
from segmind_widgets.client import SegmindClient
from segmind_widgets.errors import NotFound
from segmind_widgets.markup import Html, element, fragment, join
from segmind_widgets.panels._base import Panel
from segmind_widgets.widgets.base import row
from segmind_widgets.widgets.job_details import Details
from segmind_widgets.widgets.job_view import STOP_HINT, bar_value, batch_facts, batch_sentence
from segmind_widgets.widgets.pictures import Pictures, display_kind

_OBSERVED_TRAITS = [
    "done",
    "failed",
    "running",
    "finished",
    "eta",
    "total",
    "message",
    "observer_error",
]
_SIDE = 112  # pixels of a thumbnail
_GRID_SIDE = 200  # largest size in a grid, where thumbnails share the width


class BatchView(Panel):
    """A running batch. Observes the batch's traits, which change at most five times a second."""

    def __init__(self, batch: Batch, *, client: SegmindClient | None = None) -> None:
        self.batch = batch
        self.title = f"{batch.model} × {batch.total or '…'}"
        super().__init__("", client=client)

    def build(self, argument: str) -> Sequence[widgets.Widget]:  # noqa: ARG002 - the batch replaces it
        """Return the progress bar, the sheet, the failures and the details of a job."""
        self.bar = widgets.FloatProgress(min=0.0, max=1.0)
        self.bar.style.bar_color = "var(--jp-brand-color1, #1976d2)"
        self.text = widgets.HTML()
        self.stop = self.button("Stop", self.batch.stop, tooltip=STOP_HINT)
        head = row(self.bar, self.text, self.stop)
        head.add_class("sw-batch-head")
        self.plan = widgets.HTML(fragment(str(self.batch.plan)))
        self.plan.add_class("sw-hint")
        self.causes = widgets.HTML()
        self._counts: tuple[int, ...] = ()
        self._failure_count = 0
        self.grid = is_grid(self.batch.axes, self.batch.total or 0)
        self.pictures = Pictures(
            self._load,
            whole=self._whole,
            background=self.background,
            side=_GRID_SIDE if self.grid else _SIDE,
            selectable=True,
            label="Results; a click opens the job",
        )
        self.pictures.add_class("sw-sheet")
        self.pictures.observe(lambda change: self._open(change["new"]), "selected")
        close = self.button("Close", lambda: self._open(""), tooltip="Hide the details")
        self.details = Details(self, close)
        self.observing(self.batch, lambda _: self.guard(self.show), _OBSERVED_TRAITS)
        self.show()
        return [self.plan, head, self._sheet(), self.causes, self.details]

    def _sheet(self) -> widgets.Widget:
        """Return the pictures; for a sweep over two axes, with the values as labels."""
        if not self.grid:
            return self.pictures
        down, across = self.batch.axes
        name = f"sw-grid-{self.model_id}"
        style = element("style", f".{name}{{--sw-columns:{len(across.values)}}}")
        corner = widgets.HTML(fragment(style, element("div", down.name, class_="sw-hint")))
        top = element("div", across.name, class_="sw-hint")
        grid = widgets.Box(
            [
                corner,
                widgets.HTML(fragment(top, _labels(across.labels, "sw-across"))),
                widgets.HTML(_labels(down.labels, "sw-down")),
                self.pictures,
            ]
        )
        grid.add_class("sw-grid")
        grid.add_class(name)
        return grid

    # progress

    def show(self) -> None:
        """Show the current state of the batch."""
        batch = self.batch
        self.bar.value = bar_value(batch, 1.0)
        if batch.finished:
            self.bar.bar_style = "warning" if batch.failed or batch.error else "success"
            self.bar.style.bar_color = None
        if batch.finished or batch.stopped:
            self.stop.layout.display = "none"
        self._show_text(join(" · ", batch_facts(batch)))
        counts = (batch.done, batch.failed, batch.running)
        if counts != self._counts:
            self._counts = counts
            self.pictures.items = self._items()
        if batch.failed != self._failure_count:
            self._failure_count = batch.failed
            self._show_causes()
        ended = f"Finished: {batch.caption}. " if batch.finished else ""
        self.say(f"{ended}{batch.message}".strip())

    @property
    def placeholder(self) -> str:
        """Return the sentence that stands for the view in a file without its kernel."""
        return batch_sentence(self.batch)

    def _show_text(self, text: Html) -> None:
        content = element("div", text)
        if self.text.value != content:
            self.text.value = content

    def _items(self) -> list[dict[str, Any]]:
        """Return the items of the first rows; of many rows, those that ended last."""
        total = self.batch.total
        few = total is not None and total <= MAX_TILES
        numbers: Iterable[int] = range(total or 0) if few else self.batch.newest(MAX_TILES)
        return [self._item(number) for number in numbers]

    def _item(self, number: int) -> dict[str, Any]:
        summary = self.batch.summary(number)
        if summary is None:
            return {"key": str(number), "alt": f"Row {number + 1}, not sent yet", "kind": "file"}
        item = {"key": f"{number}/{summary.key}/{len(summary.assets)}", "caption": summary.title}
        if summary.assets:
            return {**item, "alt": summary.title, "kind": display_kind(summary.assets[0])}
        running = summary.status not in ("failed", "cancelled", "unknown", "completed")
        word = summary.status if not running else "running"
        bad = {} if running else {"error": word}
        return {**item, "alt": f"{summary.title}: {word}", "kind": "file", "busy": running, **bad}

    def _show_causes(self) -> None:
        causes = self.batch.causes()
        items = (element("li", f"{len(rows):,} × {cause}") for cause, rows in causes)
        self.causes.value = element("ul", *items, class_="sw-causes") if causes else ""

    # thumbnails and details

    def _load(self, key: str, side: int) -> tuple[bytes, str]:
        summary = self.batch.summary(_number(key))
        if summary is None or not summary.assets:
            return b"", ""
        return self.client.thumbnail(summary.assets[0], side)

    def _whole(self, key: str) -> Path:
        summary = self.batch.summary(_number(key))
        path = summary.assets[0].path if summary and summary.assets else None
        if path is None:
            raise NotFound("This row has no file on this disk.")
        return path

    def _open(self, key: str) -> None:
        if not key or self.batch.summary(_number(key)) is None:
            self.details.show(None)
            return
        self.guard(lambda: self.details.show(self.batch.job(_number(key))))


def _labels(texts: Sequence[str], name: str) -> Html:
    return element("div", *(element("div", text) for text in texts), class_=name)


def _number(key: str) -> int:
    return int(key.partition("/")[0])
