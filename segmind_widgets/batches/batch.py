"""Many runs as one thing: a batch of rows that goes on where it stopped, in any kernel."""

from __future__ import annotations

import asyncio
import base64
import contextvars
import html
import re
import threading
import time
from collections.abc import Collection, Generator, Iterator
from typing import TYPE_CHECKING, Any, cast

from traitlets import Bool, Float, HasTraits, Instance, Int, TraitType, Unicode

from segmind_widgets.background import Throttle, run_in_background
from segmind_widgets.batches.feeder import BatchFeeder, RowWorkers
from segmind_widgets.batches.plan import BatchPlan
from segmind_widgets.batches.progress import BatchProgress
from segmind_widgets.batches.results import BatchResults
from segmind_widgets.batches.row_planner import RowPlanner
from segmind_widgets.batches.row_sources import Row, RowSource
from segmind_widgets.errors import SegmindError, StillRunning
from segmind_widgets.formatting import abbreviate_home, duration, figure, money
from segmind_widgets.jobs.job import Job
from segmind_widgets.storage.batch_rows import BatchRows, unsendable
from segmind_widgets.storage.locks import BatchLock
from segmind_widgets.types import Status

if TYPE_CHECKING:
    from segmind_widgets.session import Session

UPDATE = 0.2  # seconds at least between two updates of the traits
_TICK = 0.2  # seconds: how soon waiting notices a Stop
_PATIENCE = 5.0  # seconds
_CAUSES = 5  # that are shown
_IDS = re.compile(r"local-\w+|\b[0-9a-f][0-9a-f-]{7,}\b")
_OPEN = "It is not done, and nobody here follows it: run the same again."
_GOES_ON = "it goes on where it stopped."
_ON = f"Run the same again: {_GOES_ON}"
_LOST = "With a name (name=…) a generator could go on where it stopped."


class BatchFailures:
    """The rows of a batch that neither completed nor run: their jobs, in the order of the rows.

    Each use reads the journal.
    """

    def __init__(self, batch: Batch) -> None:
        self._batch = batch

    def __len__(self) -> int:
        return sum(1 for _ in self._batch.failed_rows())

    def __iter__(self) -> Iterator[Job]:
        return (self._batch.job(number) for number, _ in self._batch.failed_rows())

    def __repr__(self) -> str:
        return f"<{len(self):,} failures of {self._batch.name}>"

    def by_cause(self) -> dict[str, list[int]]:
        """Group the row numbers (from 0) by error message, the most frequent message first."""
        numbers: dict[str, list[int]] = {}
        for number, message in self._batch.failed_rows():
            numbers.setdefault(_IDS.sub("…", message), []).append(number)
        return dict(sorted(numbers.items(), key=lambda item: -len(item[1])))

    def retry(self) -> Batch:
        """Run these rows again and return the batch, running.

        A row that may be billed already is looked up at the service, not submitted again.

        Raises:
            StillRunning: the batch has not ended yet.
        """
        return self._batch.retry()


class Batch(BatchResults, HasTraits):
    """Rows of one model or workflow. Made by `client.map`; traits are set by it, to be followed.

    Nothing of a row that ended is kept here but its number. Waiting never owns the batch.
    """

    name = Unicode(help="What it is found by: the name given, or one made of its content.")
    model = Unicode(help="The model's slug or the workflow's id.")
    sandbox = Bool(False, help="It runs on the local sandbox: nothing is billed.")
    total = Int(None, allow_none=True, help="Rows in all; None while nobody knows.")
    queued = Int(0, help="Rows not looked at yet, where `total` is known.")
    running = Int(0, help="Rows on their way.")
    done = Int(0, help="Rows that are completed, by this run or an earlier one.")
    reused = Int(0, help="Rows of `done` that an earlier run completed; not paid again.")
    failed = Int(0, help="Rows of this run that did not complete; `failures` has their jobs.")
    spent = Float(0.0, help="USD that this run's rows have cost, as the service told.")
    unpriced = Int(0, help="Rows of this run of which nobody told what they cost.")
    rate = cast(
        "TraitType[float | None, float | None]",  # traitlets declares a Float with None as an int
        Float(None, allow_none=True, help="Rows per minute, recently; None: too few ended."),
    )
    eta = cast(
        "TraitType[float | None, float | None]",
        Float(None, allow_none=True, help="Seconds until the batch is done; None: unknown."),
    )
    message = Unicode(help="Why it stopped, and what to do.")
    finished = Bool(False, help="Nothing of it runs or is sent any more.")
    error = cast(
        "TraitType[SegmindError | None, SegmindError | None]",  # pyright infers an unbound T
        Instance(SegmindError, allow_none=True, help="Why rows were not sent; None: all were."),
    )

    def __init__(
        self,
        session: Session,
        source: RowSource,
        target: RowPlanner,
        rows: BatchRows,
        plan: BatchPlan,
        lock: BatchLock,
        *,
        max_cost: float | None = None,
        pool: RowWorkers | None = None,
    ) -> None:
        HasTraits.__init__(
            self, name=rows.batch, model=target.name, sandbox=plan.sandbox, total=source.total
        )
        BatchResults.__init__(self, session, rows, source.axes)
        self.plan = plan
        self.elapsed = 0.0  # seconds that the last pass took
        self._source, self._target, self._batch_lock = source, target, lock
        self._max_cost, self._pool = max_cost, pool
        self._context = contextvars.copy_context()  # ipykernel finds the cell by it
        self._lock = threading.RLock()
        self._progress = BatchProgress(Throttle(self._publish, UPDATE))
        self._feeder = self._feeding(source, None)
        self._began = time.monotonic()
        self._told = False  # the end, to all who follow the traits

    # running

    def start(self, *, afresh: bool = False) -> Batch:
        """Send the rows, in a thread; itself. `client.map` calls it.

        `afresh` leaves what earlier runs made out of account.

        Raises:
            StillRunning: another kernel runs this batch.
        """
        self._batch_lock.acquire()
        if afresh:
            self._rows.set_aside()
        with self._lock:
            self._progress.add_producer(self._feeder)
            self._began = time.monotonic()
            self._told = False
            self._show(finished=False, error=None, message="", eta=self.plan.seconds)
        feeder = self._feeder
        run_in_background(lambda: self._run(feeder))
        return self

    def _feeding(self, source: RowSource, only: Collection[int] | None) -> BatchFeeder:
        made = self._target, self._rows, self._progress
        more = {"max_cost": self._max_cost, "only": only, "runner": self._pool}
        return BatchFeeder(self._session, source, *made, **more)

    def _run(self, feeder: BatchFeeder) -> None:
        try:
            feeder.run()
        finally:
            self._progress.remove_producer(feeder)

    @property
    def sending(self) -> bool:
        """Rows are still read or looked at; after `stop` for a moment only."""
        return self._progress.has_producers

    @property
    def stopped(self) -> bool:
        """No further row is sent by this pass."""
        return self._feeder.stopped

    def stop(self) -> None:
        """Send no further row. Those on their way go on, and are followed to their end.

        The same batch, started again, goes on where it stopped.
        """
        self._feeder.stop()

    def halt(self) -> None:
        """Stop, and wait until the row that is looked at now was sent or not."""
        self.stop()
        self._progress.wait(lambda: not self._progress.has_producers, _PATIENCE)

    def retry(self) -> Batch:
        """Run the failed rows again; see `BatchFailures.retry`."""
        if not self.finished:
            raise StillRunning(f"The batch {self.name} has not ended.", hint="Wait for it first.")
        again = {number for number, _ in self.failed_rows()}
        if again:
            source = self._source
            if not source.repeatable:  # the rows are gone: the journal has what was sent
                source = RowSource(lambda: self._as_sent(again))
            self._feeder = self._feeding(source, again)
            self._progress.reopen(len(again))
            self.start()
        return self

    def _as_sent(self, numbers: Collection[int]) -> Iterator[Row]:
        for row in self._rows.pages():
            if row["row"] in numbers:
                lost = unsendable(row["inputs"]) if row["fingerprint"] is None else None
                yield Row(row["row"], row["inputs"], lost)

    @property
    def failures(self) -> BatchFailures:
        """Return the failed rows: iterable jobs with `len`, `by_cause()` and `retry()`."""
        return BatchFailures(self)

    def failed_rows(self) -> Iterator[tuple[int, str]]:
        """The number of each row that did not end well, and why."""
        running = self._progress.numbers()
        for number, status, error in self._rows.open():
            if number not in running:
                yield number, error or (status if Status(status).final else _OPEN)

    # how it goes

    def _publish(self) -> None:
        """Tell how it goes, at most every `UPDATE` seconds, and that it has ended, once."""
        with self._lock:
            over = self._progress.idle
            if self.finished:
                return
            if over:
                self.elapsed = time.monotonic() - self._began
                self._batch_lock.release()
                if self._pool:
                    self._pool.close()
            self._show(**self._state(over=over))
        if over:
            self._told = True
            self._progress.notify()

    def _state(self, *, over: bool) -> dict[str, Any]:
        counts, feeder = self._progress.counts, self._feeder
        total = counts.seen if self.total is None and feeder.through else self.total
        queued = 0 if total is None else max(0, total - counts.seen)
        missed = queued or total is None or feeder.error  # else it was stopped after its last row
        rate = self._progress.per_minute
        eta = None if counts.done > counts.reused else self.plan.seconds
        if rate and total is not None:
            eta = (queued + counts.running) / rate * 60
        return {
            "total": total,
            "queued": queued,
            "running": counts.running,
            "done": counts.done,
            "reused": counts.reused,
            "failed": counts.failed,
            "spent": counts.spent,
            "unpriced": counts.unpriced,
            "rate": rate,
            "eta": 0.0 if over else eta,
            "error": feeder.error,
            "message": self._words(queued, counts.running) if feeder.stopped and missed else "",
            "finished": over,
        }

    def _words(self, queued: int, running: int) -> str:
        error = self._feeder.error
        said = ["You stopped it."]
        if error:  # a service's own words may have no full stop
            stop = "" if error.message[-1:] in ".!?" else "."
            said = [f"{error.message}{stop} {error.hint}".strip()]
        if queued:
            said.append(f"{queued:,} row{'s were' if queued > 1 else ' was'} not sent.")
        if running:
            said.append(f"{running:,} on their way go on.")
        how = _ON if self.plan.kept else _LOST
        return " ".join(said if error and error.hint.endswith(_GOES_ON) else [*said, how])

    def _show(self, **changes: Any) -> None:
        def set_all() -> None:
            with self.hold_trait_notifications():
                for name, value in changes.items():
                    setattr(self, name, value)

        self._context.copy().run(set_all)

    # waiting

    def wait(self, timeout: float | None = None) -> Batch:
        """Block until it has ended; itself. What failed is in `failed` and `error`.

        Raises:
            StillRunning: `timeout` seconds have passed. The batch goes on.
        """
        until = None if timeout is None else time.monotonic() + timeout
        while not self._progress.wait(lambda: self._told, _TICK):
            if until is not None and time.monotonic() >= until:
                raise StillRunning(
                    f"Not done within {timeout:g} s; the batch {self.name} goes on.",
                    hint="batch.stop() ends it, after what is on its way.",
                )
        return self

    def __await__(self) -> Generator[Any, None, Batch]:
        """`await batch`: as `wait`."""
        return self._awaited().__await__()

    async def _awaited(self) -> Batch:
        while not self.finished:
            await asyncio.sleep(_TICK)
        return self

    def __iter__(self) -> Iterator[Job]:
        """Jobs as they end, each once: those that ended already first, in the order of the ends."""
        ended, at = self._progress.ended, 0
        while at < len(ended) or not self.finished:
            if at < len(ended):
                yield self.job(ended[at])
                at += 1
            else:
                self._progress.wait(lambda at=at: len(ended) > at or self.finished, _TICK)

    # how it shows

    @property
    def caption(self) -> str:
        """Counts, cost and time in one line of text."""
        total = f" of {self.total:,}" if self.total is not None else ""
        before = f" ({self.reused:,} before, not paid again)" if self.reused else ""
        facts = [self.model, f"{self.done:,}{total} done{before}"]
        facts += [f"{self.failed:,} failed"] if self.failed else []
        facts += [f"{self.running:,} running"] if self.running else []
        facts += [self.cost] if self.spent or self.reused < self.done else []
        facts += [duration(self.elapsed)] if self.finished and self.elapsed >= 1 else []
        return " · ".join(facts)

    @property
    def cost(self) -> str:
        """What this run's rows have cost, in words."""
        told = f" and {self.unpriced:,} not told" if self.unpriced else ""
        return f"{money(self.spent)}{told}" if self.spent or not told else "cost not told"

    def causes(self) -> list[tuple[str, list[int]]]:
        """The most frequent causes with the rows that they broke; [] while nothing failed."""
        return list(self.failures.by_cause().items())[:_CAUSES] if self.failed else []

    def newest(self, most: int) -> list[int]:
        """The numbers of the rows that ended last, the last first."""
        return list(dict.fromkeys(reversed(self._progress.ended[-2 * most :])))[:most]

    @property
    def remarks(self) -> list[str]:
        """Why it stopped, and what went wrong how often."""
        causes = self.causes()
        said = [f"{len(rows):,} × {cause}" for cause, rows in causes]
        more = self.failed - sum(len(rows) for _, rows in causes)
        said += [f"{more:,} more failed otherwise."] if more > 0 else []
        return [*([self.message] if self.message else []), *said]

    def __repr__(self) -> str:
        state = "finished" if self.finished else "running"
        return f"<Batch {self.name}: {self.caption}, {state}>"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        where = "sandbox · " if self.sandbox else ""
        text = "\n  ".join([where + self.caption, *self.remarks, *self._folder()])
        return {"text/plain": text, "text/html": self.to_html()}

    def _folder(self) -> list[str]:
        first = next(iter(self.outputs), None)
        return [abbreviate_home(first.path.parent)] if first is not None and first.path else []

    def to_html(self) -> str:
        """The sheet with a caption, what failed and where the files are."""
        badge = '<span style="border:1px solid currentColor;border-radius:8px;padding:0 6px">'
        caption = f"{badge}sandbox</span> " if self.sandbox else ""
        told = map(html.escape, [self.caption, *self.remarks, *self._folder()])
        caption += "<br>".join(told)
        count = self._rows.count()
        if not count:
            return figure("", caption)
        data = base64.b64encode(self.sheet(max(count, self.total or 0))).decode()
        picture = (
            f'<img src="data:image/jpeg;base64,{data}" alt="{html.escape(self.caption)}"'
            ' style="max-width:100%;height:auto">'
        )
        return figure(picture, caption)
