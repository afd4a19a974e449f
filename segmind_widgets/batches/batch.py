"""A batch: many runs of one model or workflow, which any kernel can resume."""

from __future__ import annotations

import contextvars
import re
import threading
import time
from collections.abc import Callable, Collection, Generator, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from traitlets import Bool, Float, Instance, Int, TraitType, Unicode

from segmind_widgets.background import Throttle, run_in_background
from segmind_widgets.batches.feeder import BatchFeeder, RowWorkers
from segmind_widgets.batches.plan import BatchPlan
from segmind_widgets.batches.progress import BatchProgress, Counts
from segmind_widgets.batches.results import BatchResults
from segmind_widgets.batches.row_planner import RowPlanner
from segmind_widgets.batches.row_sources import Row, RowSource
from segmind_widgets.errors import SegmindError, StillRunning
from segmind_widgets.formatting import abbreviate_home, cost_text, duration
from segmind_widgets.jobs.job import Job
from segmind_widgets.markup import Html, badge, figure, fragment
from segmind_widgets.observers import Observable
from segmind_widgets.printable import printable
from segmind_widgets.stopping import stoppable
from segmind_widgets.storage.batch_rows import BatchRows, unsendable
from segmind_widgets.storage.locks import BatchLock
from segmind_widgets.types import Status
from segmind_widgets.waiting import wait_async, wait_for

if TYPE_CHECKING:
    from segmind_widgets.session import Session

UPDATE_INTERVAL = 0.2  # seconds, the least time between two updates of the traits
_HALT_TIMEOUT = 5.0  # seconds
_MAX_CAUSES = 5  # in a view
_ID_PATTERN = re.compile(r"local-\w+|\b[0-9a-f][0-9a-f-]{7,}\b")
_UNFINISHED = (
    "This row is not finished, and this kernel does not watch it: run the same batch again."
)
_RESUMES = "finished rows are not repeated."
_RUN_AGAIN = f"Run the same batch again: {_RESUMES}"
_NOT_RESUMABLE = "A generator can only be resumed if the batch has a name (name=…)."


class BatchFailures:
    """The jobs of the rows that ended without success, in the order of the rows.

    Each use reads the journal.
    """

    def __init__(self, batch: Batch) -> None:
        self._batch = batch

    def __len__(self) -> int:
        return sum(1 for _ in self._batch.failed_rows())

    def __iter__(self) -> Iterator[Job]:
        return (self._batch.job(number) for number, _ in self._batch.failed_rows())

    def __repr__(self) -> str:
        return printable(f"<{len(self):,} failures of {self._batch.name}>")

    def by_cause(self) -> dict[str, list[int]]:
        """Group the row numbers (from 0) by error message, the most frequent message first."""
        numbers: dict[str, list[int]] = {}
        for number, message in self._batch.failed_rows():
            numbers.setdefault(_ID_PATTERN.sub("…", message), []).append(number)
        return dict(sorted(numbers.items(), key=lambda item: -len(item[1])))

    def retry(self) -> Batch:
        """Run these rows again and return the batch, running.

        A row that may already be billed is looked up at the service and not submitted again.

        Raises:
            StillRunning: the batch has not ended yet.
        """
        return self._batch.retry()


class Batch(BatchResults, Observable):
    """Rows of one model or workflow, as `client.map` returns them; observe the traits to follow it.

    Only the number of an ended row stays in memory. A timeout or an interrupt of `wait` ends the
    waiting, not the batch.
    """

    name = Unicode(help="The name in the journal: chosen by the user, or derived from the rows.")
    model = Unicode(help="The model's slug or the workflow's id.")
    sandbox = Bool(False, help="Whether the batch runs on the local sandbox: nothing is billed.")
    total = Int(None, allow_none=True, help="Number of rows; None while unknown.")
    queued = Int(0, help="Rows not read yet; 0 while `total` is unknown.")
    running = Int(0, help="Rows that are running.")
    done = Int(0, help="Completed rows, of this run and of earlier ones.")
    reused = Int(0, help="The part of `done` that an earlier run completed; not billed again.")
    failed = Int(0, help="Rows of this run that did not complete; `failures` has their jobs.")
    progress = Float(
        0.0,
        min=0.0,
        max=1.0,
        help="The fraction of rows that have ended, 0 to 1; it falls if rows are added.",
    )
    indeterminate = Bool(False, help="`total` is unknown, so `progress` is 0.")
    cost = Float(0.0, help="USD for the rows of this run, as reported by the service.")
    unpriced = Int(0, help="Rows of this run without a reported cost.")
    rate = cast(
        "TraitType[float | None, float | None]",  # traitlets declares a Float with None as an int
        Float(
            None,
            allow_none=True,
            help="Recent rows per minute; None while too few rows have ended.",
        ),
    )
    eta = cast(
        "TraitType[float | None, float | None]",
        Float(None, allow_none=True, help="Seconds until the batch is done; None: unknown."),
    )
    message = Unicode(help="Why sending stopped, and the remedy.")
    finished = Bool(False, help="Whether no row is running and none will be sent.")
    error = cast(
        "TraitType[SegmindError | None, SegmindError | None]",  # pyright infers an unbound T
        Instance(SegmindError, allow_none=True, help="Why rows were not sent; None if all were."),
    )

    def __init__(
        self,
        session: Session,
        source: RowSource,
        planner: RowPlanner,
        rows: BatchRows,
        plan: BatchPlan,
        lock: BatchLock,
        *,
        max_cost: float | None = None,
        pool: RowWorkers | None = None,
        check: Callable[[], BatchPlan] | None = None,
    ) -> None:
        Observable.__init__(
            self,
            name=rows.batch,
            model=planner.name,
            sandbox=plan.sandbox,
            total=source.total,
            indeterminate=source.total is None,
        )
        BatchResults.__init__(self, session, rows, source.axes)
        self.plan = plan
        self.elapsed = 0.0  # seconds of the last run or retry
        self._source, self._planner, self._batch_lock = source, planner, lock
        self._max_cost, self._pool, self._check = max_cost, pool, check
        self._context = contextvars.copy_context()  # ipykernel routes output to a cell by it
        self._lock = threading.RLock()
        self._progress = BatchProgress(Throttle(self._publish, UPDATE_INTERVAL))
        self._feeder = self._new_feeder(source, None)
        self._started_at = time.monotonic()
        self._end_published = False  # after all observers of the traits have run

    # running

    def start(self, *, afresh: bool = False) -> Batch:
        """Submit the rows in a background thread and return the batch; called by `client.map`.

        Args:
            afresh: whether to ignore the results of earlier runs.

        Raises:
            StillRunning: another kernel runs this batch.
        """
        self._claim(self._feeder)
        if afresh:
            self._rows.set_aside()
        self._start(self._feeder)
        return self

    def _claim(self, feeder: BatchFeeder) -> None:
        """Acquire the batch for a feeder. Raises StillRunning where another one sends its rows."""
        with self._batch_lock.acquire(partial(self._progress.has_producer, feeder)):
            self._progress.add_producer(feeder)

    def _start(self, feeder: BatchFeeder) -> None:
        with self._lock:
            self._started_at = time.monotonic()
            self._end_published = False
            self._set_traits(finished=False, error=None, message="", eta=self.plan.seconds)
        run_in_background(lambda: self._run(feeder))

    def _new_feeder(self, source: RowSource, only: Collection[int] | None) -> BatchFeeder:
        return BatchFeeder(
            self._session,
            source,
            self._planner,
            self._rows,
            self._progress,
            max_cost=self._max_cost,
            only=only,
            runner=self._pool,
        )

    def _run(self, feeder: BatchFeeder) -> None:
        try:
            if self._check:
                self.plan, self._check = self._check(), None
            feeder.run()
        except SegmindError as error:  # of a row or the cost: nothing was sent
            feeder.stop(error)
        finally:
            self._progress.remove_producer(feeder)

    @property
    def sending(self) -> bool:
        """Return whether rows are still being read or submitted."""
        return self._progress.has_producers

    @property
    def stopped(self) -> bool:
        """Return whether the current run will send no further row."""
        return self._feeder.stopped

    def stop(self) -> None:
        """Send no further row; submitted rows continue and are watched until they end.

        Rows that wait for the rate limit or for a worker are withdrawn: they are not billed.
        To resume, start the same batch again.
        """
        self._feeder.stop()
        self._publish()  # what is said next counts the rows that go on

    def halt(self) -> None:
        """Stop, and wait at most 5 s until the current row is either submitted or skipped."""
        self.stop()
        self._progress.wait(lambda: not self._progress.has_producers, _HALT_TIMEOUT)

    def retry(self) -> Batch:
        """Run the failed rows again; see `BatchFailures.retry`."""
        with self._lock:  # of two threads, one sends the rows
            if not self.finished:
                raise StillRunning(
                    f"The batch {self.name} has not ended.", hint="Wait for it first."
                )
            numbers = {number for number, _ in self.failed_rows()}
            if numbers:
                source = self._source
                # a generator can be read only once; the journal has the inputs
                if not source.repeatable:
                    source = RowSource(lambda: self._read_journal(numbers))
                feeder = self._new_feeder(source, numbers)
                self._claim(feeder)
                self._feeder = feeder
                self._progress.reopen(len(numbers))
                self._start(feeder)
        return self

    def _read_journal(self, numbers: Collection[int]) -> Iterator[Row]:
        for row in self._rows.pages():
            if row["row"] in numbers:
                error = unsendable(row["inputs"]) if row["fingerprint"] is None else None
                yield Row(row["row"], row["inputs"], error)

    @property
    def failures(self) -> BatchFailures:
        """Return the failed rows: iterable jobs with `len`, `by_cause()` and `retry()`."""
        return BatchFailures(self)

    def failed_rows(self) -> Iterator[tuple[int, str]]:
        """Yield the number and the error of each row that ended without success."""
        running = self._progress.numbers()
        for number, status, error in self._rows.open():
            if number not in running:
                yield number, error or (status if Status(status).final else _UNFINISHED)

    # progress

    def _publish(self) -> None:
        """Update the traits; at the end, release the lock and the workers."""
        with self._lock:
            finished = self._progress.idle
            if self.finished:
                return
            if finished:
                self.elapsed = time.monotonic() - self._started_at
                self._batch_lock.release()
                if self._pool:
                    self._pool.close()
            self._set_traits(**self._state(finished=finished))
        if finished:
            self._end_published = True
            self._progress.notify()

    def _state(self, *, finished: bool) -> dict[str, Any]:
        counts, feeder = self._progress.counts, self._feeder
        total = feeder.number + 1 if self.total is None and feeder.exhausted else self.total
        queued = 0 if total is None else max(0, total - counts.read)
        # otherwise it was stopped after the last row
        incomplete = queued or total is None or feeder.error
        rate = self._progress.per_minute
        eta = None if counts.done > counts.reused else self.plan.seconds
        if rate and total is not None:
            eta = (queued + counts.running) / rate * 60
        stopped = feeder.stopped and incomplete
        return {
            "total": total,
            "queued": queued,
            "running": counts.running,
            "done": counts.done,
            "reused": counts.reused,
            "failed": counts.failed,
            "cost": counts.spent,
            "progress": self._share(counts, total, finished=finished),
            "indeterminate": total is None and not finished,
            "unpriced": counts.unpriced,
            "rate": rate,
            "eta": 0.0 if finished else eta,
            "error": feeder.error,
            "message": self._stop_message(queued, counts.running) if stopped else "",
            "finished": finished,
        }

    @staticmethod
    def _share(counts: Counts, total: int | None, *, finished: bool) -> float:
        """Return the fraction of rows that have ended; 0 while their number is unknown."""
        if not total:
            return float(finished)
        return min(1.0, (counts.done + counts.failed) / total)

    def _stop_message(self, queued: int, running: int) -> str:
        error = self._feeder.error
        sentences = ["You stopped the batch."]
        if error:  # a service's message may lack the full stop
            stop = "" if error.message[-1:] in ".!?" else "."
            sentences = [f"{error.message}{stop} {error.hint}".strip()]
        if queued:
            sentences.append(f"{queued:,} row{'s were' if queued > 1 else ' was'} not sent.")
        if running:
            sentences.append(
                f"{running:,} running row{'s continue' if running > 1 else ' continues'}."
            )
        if not (error and error.hint.endswith(_RESUMES)):
            sentences.append(_RUN_AGAIN if self.plan.resumable else _NOT_RESUMABLE)
        return " ".join(sentences)

    def _set_traits(self, **changes: Any) -> None:
        def set_all() -> None:
            with self.hold_trait_notifications():
                for name, value in changes.items():
                    setattr(self, name, value)

        self._context.copy().run(set_all)

    # waiting

    @stoppable
    def wait(self, timeout: float | None = None) -> Batch:
        """Block until the batch has ended and return it; failed rows do not raise.

        Raises:
            StillRunning: `timeout` seconds have passed. The batch continues.
        """
        progress = self._progress
        if not wait_for(lambda most: progress.wait(lambda: self._end_published, most), timeout):
            raise StillRunning(
                f"Not done within {timeout:g} s; the batch {self.name} continues.",
                hint="batch.stop() ends it once the submitted rows have ended.",
            )
        return self

    def __await__(self) -> Generator[Any, None, Batch]:
        """Wait for the end without blocking the event loop, as `wait` does."""
        return self._awaited().__await__()

    async def _awaited(self) -> Batch:
        await wait_async(lambda: self.finished)
        return self

    def __iter__(self) -> Iterator[Job]:
        """Yield the jobs in the order in which they end, each once; ended ones come at once."""
        ended, count = self._progress.ended, 0

        def has_more(count: int) -> bool:
            return len(ended) > count or self.finished

        while count < len(ended) or not self.finished:
            if count < len(ended):
                yield self.job(ended[count])
                count += 1
            else:
                stoppable(wait_for)(partial(self._progress.wait, partial(has_more, count)))

    # display

    @property
    def caption(self) -> str:
        """Return counts, cost and time in one line of text."""
        total = f" of {self.total:,}" if self.total is not None else ""
        reused = f" ({self.reused:,} before, not paid again)" if self.reused else ""
        facts = [self.model, f"{self.done:,}{total} done{reused}"]
        facts += [f"{self.failed:,} failed"] if self.failed else []
        facts += [f"{self.running:,} running"] if self.running else []
        priced = self.cost or self.reused < self.done
        facts += [cost_text(self.cost, self.unpriced)] if priced else []
        facts += [duration(self.elapsed)] if self.finished and self.elapsed >= 1 else []
        return printable(" · ".join(facts))

    def causes(self) -> list[tuple[str, list[int]]]:
        """Return the most frequent error messages with their rows; [] while no row failed."""
        return list(self.failures.by_cause().items())[:_MAX_CAUSES] if self.failed else []

    def newest(self, most: int) -> list[int]:
        """Return the numbers of the last `most` rows that ended, the newest first."""
        return list(dict.fromkeys(reversed(self._progress.ended[-2 * most :])))[:most]

    @property
    def remarks(self) -> list[str]:
        """Return why sending stopped, then each cause of failure with its count."""
        causes = self.causes()
        remarks = [self.message] if self.message else []
        remarks += [f"{len(rows):,} × {cause}" for cause, rows in causes]
        more = self.failed - sum(len(rows) for _, rows in causes)
        remarks += [f"{more:,} more rows failed for other reasons."] if more > 0 else []
        return remarks + ([self.observer_error] if self.observer_error else [])

    def __repr__(self) -> str:
        state = "finished" if self.finished else "running"
        return printable(f"<Batch {self.name}: {self.caption}, {state}>")

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        prefix = "sandbox · " if self.sandbox else ""
        text = "\n  ".join([prefix + self.caption, *self.remarks, *self._folder()])
        return {"text/plain": printable(text), "text/html": self.to_html()}

    def _folder(self) -> list[str]:
        first = next(iter(self.outputs), None)
        folder = self.saved_in or (first.path.parent if first is not None and first.path else None)
        return [abbreviate_home(folder)] if folder else []

    def to_html(self) -> Html:
        """Return the contact sheet with caption, failures and the folder of the files."""
        first = fragment(badge("sandbox"), " ", self.caption) if self.sandbox else self.caption
        caption = [first, *self.remarks, *self._folder()]
        count = self._rows.count()
        content = self.sheet(max(count, self.total or 0)) if count else ""
        return figure(content, *caption)
