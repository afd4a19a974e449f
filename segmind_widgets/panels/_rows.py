"""A table in a run or workflow panel: chosen or dropped, its plan, and its batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from segmind_widgets.batches.registry import PreparedBatch
from segmind_widgets.batches.row_table import RowTable, read_table
from segmind_widgets.errors import SegmindError
from segmind_widgets.markup import Html, element, fragment, lines, scroller
from segmind_widgets.panels._base import Panel
from segmind_widgets.panels._batch import BatchView
from segmind_widgets.widgets.base import error_text, free, row
from segmind_widgets.widgets.drop import Drop

_ACCEPT = ".csv,.tsv,.jsonl"
_FIRST_ROWS = 3
_MAX_TEXT = 80  # characters of a value


class TableRuns(widgets.VBox):
    """Runs the panel's model once for each row of a table.

    Args:
        panel: the panel around it; errors are shown there.
        prepare: checks and prices the rows for the panel's model; takes the table and the inputs
            of the form that are the same for all rows.
        fixed: returns those inputs.
    """

    def __init__(
        self,
        panel: Panel,
        prepare: Callable[[RowTable, Mapping[str, Any]], PreparedBatch],
        fixed: Callable[[], Mapping[str, Any]],
    ) -> None:
        self._panel, self._prepare, self._fixed = panel, prepare, fixed
        self.table: RowTable | None = None
        self._plan_text = ""  # the plan that the person has seen
        self.drop = Drop(
            self._on_files,
            folder=panel.incoming,
            accept=_ACCEPT,
            multiple=False,
            label="Choose a table (CSV, JSONL) to run once for each row, or drop it here",
            compact=True,
        )
        self.plan = widgets.HTML()
        self.go = panel.button(
            "Run all rows", self.run, primary=True, tooltip="Submit a job for each row"
        )
        self.check = panel.button(
            "Update the plan", self.show, tooltip="Check the rows again with the form's inputs"
        )
        self.remove = panel.button("Remove", self.clear, tooltip="Remove the table")
        self._act = row(self.go, self.check, self.remove)
        self._act.layout.display = "none"
        self._batches = widgets.VBox()
        super().__init__([self.drop, self.plan, self._act, self._batches])

    def _on_files(self, paths: list[Path]) -> None:
        self.table = read_table(paths[0], folder=Path.cwd())
        self._act.layout.display = ""
        self.show()

    def clear(self) -> None:
        """Remove the table; a batch that runs goes on."""
        self.table, self._plan_text, self.plan.value = None, "", ""
        self._act.layout.display = "none"
        self.drop.say("")

    def show(self) -> None:
        """Check the rows, and show their plan."""
        self._work(self._show)

    def run(self) -> None:
        """Start the batch, where its plan is the one that was shown."""
        self._work(self._start)

    def _work(self, then: Callable[[RowTable, PreparedBatch], None]) -> None:
        table = self.table
        if table is None or self.go.disabled:
            return
        columns = table.columns
        fixed = {n: value for n, value in self._fixed().items() if n not in columns}
        self._panel.say("Checking the rows…")
        self.drop.say("")
        self.go.disabled = True

        def work() -> None:
            try:
                prepared = self._prepare(table, fixed)
                self._panel.say("")
                then(table, prepared)
            except SegmindError as error:  # of the table, not of the form
                self._plan_text, self.plan.value = "", ""
                self._panel.say("")
                self.drop.say(self._panel.without_keys(error_text(error)), error=True)
            finally:
                self.go.disabled = False

        self._panel.background(work)

    def _show(self, table: RowTable, prepared: PreparedBatch) -> None:
        if table is self.table:
            self._plan_text = str(prepared.plan)
            self.plan.value = _plan(table, prepared)

    def _start(self, table: RowTable, prepared: PreparedBatch) -> None:
        if str(prepared.plan) != self._plan_text:
            self._show(table, prepared)
            self._panel.say("The plan has changed. Look at it, then run all rows.")
            return
        client = self._panel.client
        batch = client.batches.start(prepared, again=False, max_cost=None)
        before = self._batches.children
        self._batches.children = (BatchView(batch, client=client),)
        free(*before)
        self.clear()

    def close(self) -> None:
        """Close all models."""
        parts = (*self.children, self.layout)
        super().close()
        free(*parts)


def _plan(table: RowTable, prepared: PreparedBatch) -> Html:
    """Return the plan, and the first rows as a table."""
    columns = list(table.columns)
    head = element("tr", *(element("th", name, scope="col") for name in ("row", *columns)))
    body = [
        element(
            "tr",
            element("th", str(one.number + 1), scope="row"),
            *(element("td", _text(one.inputs.get(name))) for name in columns),
        )
        for one in table.rows[:_FIRST_ROWS]
    ]
    more = len(table.rows) - len(body)
    label = f"First rows of {table.label}"
    return fragment(
        lines(element("b", f"{table.label}: {prepared.plan}"), *prepared.plan.notes),
        scroller(element("table", head, *body, class_="sw-table-rows"), label=label),
        element("div", f"and {more:,} more", class_="sw-hint") if more else "",
    )


def _text(value: Any) -> str:
    text = "" if value is None else value.name if isinstance(value, Path) else str(value)
    return text if len(text) <= _MAX_TEXT else f"{text[: _MAX_TEXT - 1]}…"
