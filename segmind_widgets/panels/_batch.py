"""A batch as it goes: one bar, what it costs, a contact sheet that fills, failures by cause."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from segmind_widgets.batches.batch import Batch
from segmind_widgets.batches.contact_sheet import MAX_TILES, is_grid
from segmind_widgets.client import SegmindClient
from segmind_widgets.errors import NotFound
from segmind_widgets.formatting import duration
from segmind_widgets.panels._base import Panel
from segmind_widgets.widgets.base import row
from segmind_widgets.widgets.job_details import Details
from segmind_widgets.widgets.pictures import Pictures, display_kind

_OBSERVED_TRAITS = ["done", "failed", "running", "finished", "eta"]
_SIDE = 112  # pixels of a thumbnail
_GRID_SIDE = 200  # in a grid they share the width, and are this large at most


class BatchView(Panel):
    """A batch, live. It follows the batch's traits, which move at most five times a second."""

    def __init__(self, batch: Batch, *, client: SegmindClient | None = None) -> None:
        self.batch = batch
        self.title = f"{html.escape(batch.model)} × {batch.total or '…'}"
        super().__init__("", client=client)

    def build(self, argument: str) -> Sequence[widgets.Widget]:  # noqa: ARG002 - it has a batch
        """The bar, the sheet, what failed, and the job that was opened."""
        self.bar = widgets.FloatProgress(min=0.0, max=1.0)
        self.bar.style.bar_color = "var(--jp-brand-color1, #1976d2)"
        self.text = widgets.HTML()
        self.stop = self.button(
            "Stop", self.batch.stop, tooltip="Send no further row; those on their way go on"
        )
        head = row(self.bar, self.text, self.stop)
        head.add_class("sw-batch-head")
        self.plan = widgets.HTML(html.escape(str(self.batch.plan)))
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
            label="Results, a click opens the job",
        )
        self.pictures.add_class("sw-sheet")
        self.pictures.observe(lambda change: self._open(change["new"]), "selected")
        close = self.button("Close", lambda: self._open(""), tooltip="Hide the details")
        self.details = Details(self, close)
        self.observing(self.batch, lambda _: self.guard(self.show), _OBSERVED_TRAITS)
        self.show()
        return [self.plan, head, self._sheet(), self.causes, self.details]

    def _sheet(self) -> widgets.Widget:
        """The pictures; of a sweep of two axes with the values at the edges."""
        if not self.grid:
            return self.pictures
        down, across = self.batch.axes
        name = f"sw-grid-{self.model_id}"
        style = f"<style>.{name}{{--sw-columns:{len(across.values)}}}</style>"
        corner = widgets.HTML(f'{style}<div class="sw-hint">{html.escape(down.name)}</div>')
        top = f'<div class="sw-hint">{html.escape(across.name)}</div>'
        made = widgets.Box(
            [
                corner,
                widgets.HTML(f'{top}<div class="sw-across">{_labels(across.labels)}</div>'),
                widgets.HTML(f'<div class="sw-down">{_labels(down.labels)}</div>'),
                self.pictures,
            ]
        )
        made.add_class("sw-grid")
        made.add_class(name)
        return made

    # what is shown

    def show(self) -> None:
        """Move everything to where the batch is now."""
        batch = self.batch
        ended, total = batch.done + batch.failed, batch.total
        self.bar.value = ended / total if total else 0.5 if batch.running else float(batch.finished)
        if batch.finished:
            self.bar.bar_style = "warning" if batch.failed or batch.error else "success"
            self.bar.style.bar_color = None
            self.stop.layout.display = "none"
        self._show_text(" · ".join(self._facts()))
        moved = (batch.done, batch.failed, batch.running)
        if moved != self._counts:
            self._counts = moved
            self.pictures.items = self._items()
        if batch.failed != self._failure_count:
            self._failure_count = batch.failed
            self._show_causes()
        self.say(batch.message)

    def _show_text(self, text: str) -> None:
        shown = f'<div role="status">{text}</div>'
        if self.text.value != shown:
            self.text.value = shown

    def _facts(self) -> list[str]:
        batch = self.batch
        total = f" of {batch.total:,}" if batch.total is not None else ""
        facts = [f"<b>{batch.done:,}{total} done</b>"]
        facts += [f"{batch.reused:,} before, not paid again"] if batch.reused else []
        failed = f'<span class="sw-error">{batch.failed:,} failed</span>'
        facts += [failed] if batch.failed else []
        facts += [f"{batch.running:,} running"] if batch.running else []
        facts += [batch.cost]
        facts += [f"{batch.rate:.3g} a minute"] if batch.rate and batch.running else []
        if batch.eta and not batch.finished:
            facts.append(f"about {duration(batch.eta)} left")
        return facts + (["sandbox"] if batch.sandbox else [])

    def _items(self) -> list[dict[str, Any]]:
        """The first rows, or of many the newest that ended."""
        total = self.batch.total
        few = total is not None and total <= MAX_TILES
        numbers: Iterable[int] = range(total or 0) if few else self.batch.newest(MAX_TILES)
        return [self._item(number) for number in numbers]

    def _item(self, number: int) -> dict[str, Any]:
        found = self.batch.summary(number)
        if found is None:
            return {"key": str(number), "alt": f"Row {number + 1}, not sent yet", "kind": "file"}
        item = {"key": f"{number}/{found.key}/{len(found.assets)}", "caption": found.title}
        if found.assets:
            return {**item, "alt": found.title, "kind": display_kind(found.assets[0])}
        running = found.status not in ("failed", "cancelled", "unknown", "completed")
        word = found.status if not running else "running"
        bad = {} if running else {"error": word}
        return {**item, "alt": f"{found.title}: {word}", "kind": "file", "busy": running, **bad}

    def _show_causes(self) -> None:
        causes = self.batch.causes()
        lines = (f"<li>{len(rows):,} × {html.escape(cause)}</li>" for cause, rows in causes)
        self.causes.value = f'<ul class="sw-causes">{"".join(lines)}</ul>' if causes else ""

    # a click

    def _load(self, key: str, side: int) -> tuple[bytes, str]:
        summary = self.batch.summary(_number(key))
        if summary is None or not summary.assets:
            return b"", ""
        return self.client.thumbnail(summary.assets[0], side)

    def _whole(self, key: str) -> Path:
        summary = self.batch.summary(_number(key))
        path = summary.assets[0].path if summary and summary.assets else None
        if path is None:
            raise NotFound("There is no file of this row on this disk.")
        return path

    def _open(self, key: str) -> None:
        if not key or self.batch.summary(_number(key)) is None:
            self.details.show(None)
            return
        self.guard(lambda: self.details.show(self.batch.job(_number(key))))


def _labels(texts: Sequence[str]) -> str:
    return "".join(f"<div>{html.escape(text)}</div>" for text in texts)


def _number(key: str) -> int:
    return int(key.partition("/")[0])
