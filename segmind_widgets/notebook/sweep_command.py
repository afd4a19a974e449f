"""What a cell with `--sweep` or `{sweep: […]}` does: plan, ask, run all combinations, show them."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Mapping, Sequence
from typing import Any

from IPython.core.error import StdinNotImplementedError

from segmind_widgets.batches.batch import Batch
from segmind_widgets.batches.plan import BatchPlan
from segmind_widgets.batches.registry import PreparedBatch
from segmind_widgets.batches.sweeps import Sweep
from segmind_widgets.client import SegmindClient
from segmind_widgets.errors import CellError, LimitError, SegmindError, StillRunning
from segmind_widgets.formatting import money
from segmind_widgets.notebook.display import CellDisplay
from segmind_widgets.syntax.cells import parse_line

_YES = ("y", "yes")
_WIDTH = 100  # characters of a terminal's line
_MOVING = ["done", "failed", "running", "eta"]


class SweepCommand:
    """Sweeps of one shell, and batches as values of its cells.

    Args:
        names: the notebook's variables.
    """

    def __init__(self, client: SegmindClient, display: CellDisplay, names: dict[str, Any]) -> None:
        self._client = client
        self._display = display
        self._names = names

    def run(self, kind: Any, options: Namespace, inputs: Mapping[str, Any]) -> Batch | BatchPlan:
        """The Batch of all combinations, or its plan for a dry run.

        Raises:
            CellError, InputError: what is wrong with the text or the inputs; nothing was sent.
            LimitError: it is too much, and nobody said yes; or the budget is used up.
        """
        for word in ("reuse", "export"):
            if getattr(options, word):
                raise CellError(
                    f"--{word} goes with a single run.",
                    hint="A sweep goes on by itself: what is done already is not paid again.",
                )
        axes = self._axes(options.sweep)
        prepared = self._client.prepared(
            options.target,
            Sweep(inputs, axes),
            kind=kind,
            provider=options.provider,
            api=getattr(options, "api", "auto"),
            again=options.again,
        )
        plan = prepared.plan
        if options.dry_run:
            self._foresee(plan, options)
            return plan
        if options.max_cost is not None:
            plan.within(options.max_cost)
        self._sure(plan, options)
        return self._start(prepared, options)

    def _axes(self, texts: Sequence[str]) -> dict[str, Any]:
        """Names and values of `NAME=V1,V2`, each read as a cell reads it; `$name` is a list."""
        axes: dict[str, Any] = {}
        for text in texts:
            name, sign, values = text.partition("=")
            if not (name and sign):
                raise CellError(f"--sweep {text} is no NAME=V1,V2.", hint="--sweep seed=1,2,3")
            if name in axes:
                raise CellError(f"`{name}` is swept twice.", hint="Leave one out.", field=name)
            found = self._alone(name, values)
            if found is None:
                found = parse_line([f"{name}=[{values}]"], self._names)[name]
            axes[name] = found
        return axes

    def _alone(self, name: str, text: str) -> Any:
        """What `$name`, `${expr}` or `[…]` alone stands for, where that is many values."""
        if text[:1] not in ("$", "["):
            return None
        found = parse_line([f"{name}={text}"], self._names)[name]
        many = hasattr(found, "__iter__") and not isinstance(found, (str, bytes, Mapping))
        return found if many else None

    # is it too much?

    def _doubt(self, plan: BatchPlan) -> str:
        """Why somebody should be asked; "" where it is neither many nor dear."""
        client = self._client
        many = plan.to_send or 0
        if many > client.ask_above:
            return f"That is more than {client.ask_above} at once"
        if not (many and client.budget):
            return ""
        session = client.session_spend(sandbox=plan.sandbox)
        rest = max(0.0, client.budget - session.spent - session.in_flight)
        if plan.high is None or plan.high > rest + 1e-9:
            return f"Of the session's budget {money(rest)} is left, and it would stop there"
        return ""

    def _sure(self, plan: BatchPlan, options: Namespace) -> None:
        doubt = "" if options.yes else self._doubt(plan)
        if not doubt:
            return
        try:
            said = input(f"{plan}. {doubt}. Send them? [y/N] ")
            why = "You did not say yes."
        except (StdinNotImplementedError, EOFError, OSError):
            said, why = "", f"{doubt}, and nobody can be asked here."
        if said.strip().lower() not in _YES:
            raise LimitError(
                f"{plan}. {why}",
                hint="Nothing was sent. --yes sends without a question;"
                " %config SegmindClient.ask_above sets from how many on it is asked.",
            )

    def _foresee(self, plan: BatchPlan, options: Namespace) -> None:
        """Tell what would keep it from being sent."""
        try:
            if options.max_cost is not None:
                plan.within(options.max_cost)
        except SegmindError as error:
            self._display.note(f"It would be refused: {error.message}")
        if doubt := self._doubt(plan):
            self._display.note(f"{doubt}: you would be asked, or say --yes.")

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
            _when_finished(batch, lambda: batch.save(options.save))
        if options.background:
            self.leave(batch, quiet=options.quiet)
            return batch
        self.follow(batch, options.timeout, quiet=options.quiet)
        if batch.error is not None:
            raise batch.error
        return batch

    def follow(self, batch: Batch, timeout: float | None = None, *, quiet: bool = False) -> None:
        """Show a batch until it ends, and its sheet after that.

        Raises:
            StillRunning: Stop was pressed, so that no further row is sent; or time was up.
        """
        if quiet or not self._display.widgets:
            self._in_terminal(batch, timeout, quiet=quiet)
            return
        finish = self._view(batch)
        try:
            batch.wait(timeout)
        except StillRunning:
            _when_finished(batch, lambda: self._display.in_cell(lambda: finish(True)))
            raise
        except KeyboardInterrupt:
            _when_finished(batch, lambda: self._display.in_cell(lambda: finish(True)))
            raise _stopped(batch) from None
        finish(False)

    def leave(self, batch: Batch, *, quiet: bool = False) -> None:
        """Show a batch that the cell does not wait for."""
        self._display.hide(batch)
        if self._display.widgets and not quiet:
            finish = self._view(batch)
            _when_finished(batch, lambda: self._display.in_cell(lambda: finish(True)))

    def show(self, batch: Batch) -> None:
        """IPython's display of a batch: live while it runs, nothing where the cell shows it.

        Raises:
            NotImplementedError: IPython's word for "show it as you would".
        """
        if batch.finished or not self._display.widgets:
            self._display.is_shown(batch)
        elif not self._display.shows(batch):
            self.leave(batch)

    def _view(self, batch: Batch) -> Any:
        from segmind_widgets.panels._batch import BatchView

        def lasting(_left: bool) -> dict[str, str]:
            return batch._repr_mimebundle_()

        return self._display.live(batch, BatchView(batch, client=self._client), lasting)

    def _in_terminal(self, batch: Batch, timeout: float | None, *, quiet: bool) -> None:
        def show(_: Any = None) -> None:
            sys.stdout.write(f"\r{batch.caption[:_WIDTH]:<{_WIDTH}}")
            sys.stdout.flush()

        self._display.hide(batch) if quiet else batch.observe(show, _MOVING)
        try:
            if not quiet:
                print(batch.plan)  # noqa: T201 - a terminal
                show()
            batch.wait(timeout)
        except KeyboardInterrupt:
            raise _stopped(batch) from None
        finally:
            if not quiet:
                batch.unobserve(show, _MOVING)
                sys.stdout.write("\r" + " " * _WIDTH + "\r")
                sys.stdout.flush()


def _stopped(batch: Batch) -> StillRunning:
    """Stop was pressed: nothing further is paid for."""
    batch.stop()
    ended = batch.done + batch.failed
    of = f" of {batch.total:,}" if batch.total is not None else ""
    return StillRunning(
        f"You stopped it: {ended:,}{of} rows ended, {batch.running:,} on their way go on, and no"
        " further one is sent.",
        hint="Run the same cell again: it goes on where it stopped.",
    )


def _when_finished(batch: Batch, work: Any) -> None:
    """Do it once when the batch has ended, from whichever thread tells it."""
    todo = iter([work])

    def ended(_: Any = None) -> None:
        if batch.finished:
            for each in todo:
                each()

    batch.observe(ended, "finished")
    ended()
