"""The command behind `--sweep`, `{sweep: […]}` and `--rows`: plan, confirm, run, show a batch."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from segmind_widgets.batches.batch import Batch
from segmind_widgets.batches.plan import BatchPlan
from segmind_widgets.batches.registry import PreparedBatch
from segmind_widgets.batches.row_table import RowTable, read_table
from segmind_widgets.batches.sweeps import Sweep
from segmind_widgets.client import SegmindClient
from segmind_widgets.errors import CellError, LimitError, SegmindError, StillRunning
from segmind_widgets.formatting import money
from segmind_widgets.notebook.consent import agrees, check_files
from segmind_widgets.notebook.display import CellDisplay
from segmind_widgets.syntax.cells import parse_line, parse_variable

TERMINAL_WIDTH = 100  # characters
PROGRESS_TRAITS = ["done", "failed", "running", "eta", "message"]


class SweepCommand:
    """Runs sweeps and tables in one shell, and shows batches.

    Args:
        client: plans and starts the batches.
        display: the outputs of the shell.
        names: the notebook's variables.
    """

    def __init__(self, client: SegmindClient, display: CellDisplay, names: dict[str, Any]) -> None:
        self._client = client
        self._display = display
        self._names = names

    def table(self, word: str, *, allow_files: bool = False) -> RowTable:
        """Return the table that `--rows` names: a file, or the value of a $variable.

        Asks once whether it may name files outside its own folder.

        Raises:
            CellError, InputError: there is no such file or variable, or it is no table; or it names
                such files, and nobody allows it.
        """
        table = self._read_table(word)
        if table.access:
            check_files(table.access, allow_files=allow_files)
        return table

    def _read_table(self, word: str) -> RowTable:
        if word[:1] == "$":
            return read_table(parse_variable(word, self._names), word)
        path = word.removeprefix("file:").strip()
        if word in self._names and not Path(word).suffix:
            raise CellError(f"There is no file {word}.", hint=f"For the variable: --rows ${word}.")
        return read_table(path)

    def run(
        self,
        kind: Any,
        options: Namespace,
        inputs: Mapping[str, Any],
        table: RowTable | None = None,
    ) -> Batch | BatchPlan:
        """Run all combinations, or all rows of a table; return the Batch, or a dry run's plan.

        Raises:
            CellError, InputError: the text or the inputs are wrong; nothing was sent.
            LimitError: the size was not confirmed, or the budget is used up.
        """
        for word in ("reuse", "export", "endpoint"):
            if getattr(options, word, None):
                raise CellError(
                    f"--{word} works only with a single run.",
                    hint="A batch resumes automatically: finished rows are not paid again.",
                )
        rows = table.source(inputs) if table else Sweep(inputs, self._axes(options.sweep))
        prepared = self._client.prepared(
            options.target,
            rows,
            kind=kind,
            provider=options.provider,
            api=getattr(options, "api", "auto"),
            again=options.again,
        )
        plan = prepared.plan
        if options.dry_run:
            self._note_refusal(plan, options)
            return plan
        if options.max_cost is not None:
            plan.within(options.max_cost)
        self._confirm(plan, options)
        return self._start(prepared, options)

    def _axes(self, texts: Sequence[str]) -> dict[str, Any]:
        """Parse `NAME=V1,V2` texts by the rules of cells; a `$name` may be a list of values."""
        axes: dict[str, Any] = {}
        for text in texts:
            name, sign, values = text.partition("=")
            if not (name and sign):
                raise CellError(
                    f"--sweep {text} does not have the form NAME=V1,V2.", hint="--sweep seed=1,2,3"
                )
            if name in axes:
                raise CellError(f"`{name}` is swept twice.", hint="Remove one of them.", field=name)
            axis = self._list_value(name, values)
            if axis is None:
                axis = parse_line([f"{name}=[{values}]"], self._names)[name]
            axes[name] = axis
        return axes

    def _list_value(self, name: str, text: str) -> Any:
        """Return the values of a text that is only `$name`, `${expr}` or `[…]`, else None."""
        if text[:1] not in ("$", "["):
            return None
        value = parse_line([f"{name}={text}"], self._names)[name]
        many = hasattr(value, "__iter__") and not isinstance(value, (str, bytes, Mapping))
        return value if many else None

    # confirmation

    def _reason_to_ask(self, plan: BatchPlan) -> str:
        """Return why the plan needs a confirmation, or "" if it needs none."""
        client = self._client
        count = plan.to_send or 0
        if count > client.ask_above:
            return f"This is more than {client.ask_above} jobs at once"
        if not (count and client.budget):
            return ""
        session = client.session_spend(sandbox=plan.sandbox)
        rest = max(0.0, client.budget - session.spent - session.in_flight)
        if plan.high is None or plan.high > rest + 1e-9:
            return f"{money(rest)} of the session's budget is left, and the batch would stop there"
        return ""

    def _confirm(self, plan: BatchPlan, options: Namespace) -> None:
        reason = "" if options.yes else self._reason_to_ask(plan)
        if not reason:
            return
        answer = agrees(f"{plan}. {reason}. Send them?")
        if not answer:
            cannot_ask = f"{reason}, and this front end cannot ask for confirmation."
            why = cannot_ask if answer is None else "You did not confirm."
            raise LimitError(
                f"{plan}. {why}",
                hint="Nothing was sent. --yes sends without confirmation; %config "
                "SegmindClient.ask_above sets the number of jobs that need no confirmation.",
            )

    def _note_refusal(self, plan: BatchPlan, options: Namespace) -> None:
        """Display a note if the plan would be refused, or needs a confirmation."""
        try:
            if options.max_cost is not None:
                plan.within(options.max_cost)
        except SegmindError as error:
            self._display.note(f"This batch would be refused: {error.message}")
        if reason := self._reason_to_ask(plan):
            self._display.note(f"{reason}: confirmation is required; use --yes.")

    # running

    def _start(self, prepared: PreparedBatch, options: Namespace) -> Batch:
        if not options.quiet:
            for note in prepared.plan.notes:
                self._display.note(note)
        client = self._client
        batch = client.batches.start(prepared, again=options.again, max_cost=options.max_cost)
        if options.output:
            self._names[options.output] = batch
        if options.save:
            recipe = client.recipes
            _when_finished(batch, lambda: batch.save(options.save, recipe=recipe))
        if options.background:
            self.show_in_background(batch, quiet=options.quiet)
            return batch
        self.follow(batch, options.timeout, quiet=options.quiet)
        if batch.error is not None:
            raise batch.error
        return batch

    def follow(self, batch: Batch, timeout: float | None = None, *, quiet: bool = False) -> None:
        """Show a batch until it ends, then its contact sheet.

        Raises:
            StillRunning: Stop was pressed, and no further row is sent; or `timeout` passed.
        """
        if quiet or not self._display.live:
            self._in_terminal(batch, timeout, quiet=quiet)
            return
        finish = self._show_live(batch)
        try:
            batch.wait(timeout)
        except StillRunning:
            _when_finished(batch, finish)
            raise
        except KeyboardInterrupt:
            _when_finished(batch, finish)
            raise _stop(batch) from None
        finish()

    def show_in_background(self, batch: Batch, *, quiet: bool = False) -> None:
        """Show a batch that the cell does not wait for."""
        self._display.hide(batch)
        if self._display.live and not quiet:
            _when_finished(batch, self._show_live(batch))

    def show(self, batch: Batch) -> None:
        """Display a batch for IPython's formatter: live while it runs, and once per cell.

        Raises:
            NotImplementedError: IPython is to display the batch.
        """
        if batch.finished or not self._display.live:
            self._display.is_shown(batch)
        elif not self._display.shows(batch):
            self.show_in_background(batch)

    def _show_live(self, batch: Batch) -> Callable[[], None]:
        """Show a batch while it runs; return the function that puts its sheet there."""
        self._display.hide(batch)
        in_line = self._display.is_html or self._display.is_captured
        show = self._show_line if in_line else self._show_panel
        replace = show(batch)
        return lambda: self._display.in_cell(lambda: replace(batch._repr_mimebundle_()))

    def _show_panel(self, batch: Batch) -> Callable[[dict[str, str]], None]:
        from segmind_widgets.panels._batch import BatchView

        return self._display.show_view(BatchView(batch, client=self._client))

    def _show_line(self, batch: Batch) -> Callable[[dict[str, str]], None]:
        from segmind_widgets.widgets.job_view import batch_line

        output = self._display.new_output()
        output.on_press = batch.stop

        def show(_: Any = None) -> None:
            output.show(batch_line(batch))

        batch.observe(show, PROGRESS_TRAITS)
        show()
        return output.finish

    def _in_terminal(self, batch: Batch, timeout: float | None, *, quiet: bool) -> None:
        def show(_: Any = None) -> None:
            sys.stdout.write(f"\r{batch.caption[:TERMINAL_WIDTH]:<{TERMINAL_WIDTH}}")
            sys.stdout.flush()

        self._display.hide(batch) if quiet else batch.observe(show, PROGRESS_TRAITS)
        try:
            if not quiet:
                print(batch.plan)  # noqa: T201 - a terminal
                show()
            batch.wait(timeout)
        except KeyboardInterrupt:
            raise _stop(batch) from None
        finally:
            if not quiet:
                batch.unobserve(show, PROGRESS_TRAITS)
                sys.stdout.write("\r" + " " * TERMINAL_WIDTH + "\r")
                sys.stdout.flush()


def _stop(batch: Batch) -> StillRunning:
    """Stop the batch, so that no further row is paid; return the error for the cell to raise."""
    batch.stop()
    ended = batch.done + batch.failed
    of = f" of {batch.total:,}" if batch.total is not None else ""
    return StillRunning(
        f"You stopped the batch: {ended:,}{of} rows ended, {batch.running:,} running"
        " continue, and no further row is sent.",
        hint="Run the same cell again to resume it.",
    )


def _when_finished(batch: Batch, work: Callable[[], object]) -> None:
    """Call `work` once when the batch has ended, in any thread."""
    calls = iter([work])  # the first thread takes the call

    def ended(_: Any = None) -> None:
        if batch.finished:
            for each in calls:
                each()

    batch.observe(ended, "finished")
    ended()
