"""The feeder of a batch: submits its rows in order, and reuses results of earlier runs.

It runs in one thread, and ends after the last row, when it is stopped, or on an error that every
further row would raise: the budget is used up, the account is refused, the disk is full.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from segmind_widgets.batches.finished import FinishedRows
from segmind_widgets.batches.plan import MAX_IN_FLIGHT
from segmind_widgets.batches.progress import BatchProgress
from segmind_widgets.batches.row_planner import RowPlanner
from segmind_widgets.batches.row_sources import Row, RowSource
from segmind_widgets.errors import (
    InsufficientCredits,
    JobCancelled,
    KeyMissing,
    LimitError,
    MethodNotAllowed,
    ModelRetired,
    NotFound,
    SegmindError,
    StillRunning,
    StoreError,
    TeamLimit,
    Unauthorized,
    WorkersLost,
)
from segmind_widgets.formatting import money
from segmind_widgets.jobs.job import Job
from segmind_widgets.network.endpoints import Endpoint
from segmind_widgets.planning.plan import Plan
from segmind_widgets.storage.batch_rows import BatchRows, with_placeholders
from segmind_widgets.storage.records import assets_from_row
from segmind_widgets.types import Status

if TYPE_CHECKING:
    from segmind_widgets.session import Session

_log = logging.getLogger(__name__)
FATAL_ERRORS = (  # no further row could be submitted
    InsufficientCredits,
    KeyMissing,
    LimitError,
    StoreError,
    TeamLimit,
    Unauthorized,
    WorkersLost,
)
NO_MODEL_ERRORS = (MethodNotAllowed, ModelRetired, NotFound)  # fatal before a row has an id


class RowRunner(Protocol):
    """An object that runs rows: the session, or a `workers.pool.WorkerPool`."""

    def start(
        self, plan: Plan, *, batch: str, row: int, assign: Callable[[Job], object] | None = None
    ) -> Job:
        """Submit the plan, as `session.start` does."""
        ...

    def resume(self, job_id: str) -> Job:
        """Follow a job of the journal, as `session.resume` does."""
        ...


class RowWorkers(RowRunner, Protocol):
    """A runner that is closed with its batch: a `workers.pool.WorkerPool`."""

    def close(self) -> None:
        """Stop following all rows."""
        ...


class BatchFeeder:
    """One pass over the rows; `error` is the reason why it ended before the last row, or None.

    Args:
        progress: counts each row.
        max_cost: USD that the rows of this pass may cost; None: only the session's budget applies.
        only: numbers of the rows to submit; None: all.
        runner: runs the rows; None: the session.
    """

    def __init__(
        self,
        session: Session,
        source: RowSource,
        planner: RowPlanner,
        rows: BatchRows,
        progress: BatchProgress,
        *,
        max_cost: float | None = None,
        only: Collection[int] | None = None,
        runner: RowRunner | None = None,
    ) -> None:
        self._session = session
        self._runner: RowRunner = runner or session
        self._source = source
        self._planner = planner
        self._rows = rows
        self._progress = progress
        self._max_cost = max_cost
        self._only = only
        self._finished = FinishedRows(rows, progress)
        self._stopped = False
        self._reading = False
        self._is_withdrawing = False  # rows that were handed over are not sent either
        self._latest: Job | None = None  # may not be counted yet
        self.exhausted = False  # whether all rows were read
        self.error: SegmindError | None = None
        self.number = -1  # of the latest row

    @property
    def stopped(self) -> bool:
        """Return whether sending was stopped."""
        return self._stopped

    def stop(self, error: SegmindError | None = None) -> None:
        """Send no further row; `error` is the reason.

        Without an error the rows that were handed over, but not sent yet, are withdrawn.
        """
        if error is not None:  # its hint is about one row, but other rows were sent
            error = error.with_hint(error.hint.removeprefix("Nothing was sent.").strip())
        self.error = self.error or error
        self._stopped = True
        if self._reading:  # the source may block for ever, so do not wait for its next row
            self._progress.remove_producer(self)
        if error is None:
            self._is_withdrawing = True
            self._withdraw()
        self._progress.wake()

    def _withdraw(self) -> None:
        if latest := self._latest:
            latest.withdraw()
        for job in self._progress.jobs():
            job.withdraw()

    def _on_start(self, job: Job) -> None:
        """Note a job before it can be sent; withdraw it where `stop` came before it.

        `stop` sets `_is_withdrawing` before it reads `_latest`, and this method does the reverse.
        """
        self._latest = job
        if self._is_withdrawing:
            job.withdraw()

    def run(self) -> None:
        """Submit the rows. Never raises: errors go to `error`."""
        try:
            for row in self._read_rows():
                if self._only is None or row.number in self._only:
                    self.number = row.number
                    source = None if row.error else self._planner.source_of(row, self._source)
                    if not self._finished.has(row.number, source):
                        self._finished.flush()
                        self._submit_or_reuse(row, source)
            self._finished.flush()
            if self._stopped:
                return
            if self._only is None:
                self._rows.end_at(self.number + 1)
                self.exhausted = True
        except FATAL_ERRORS as error:
            self.stop(error)
        except BaseException as error:  # noqa: BLE001 - whatever a generator of rows raises
            _log.debug("Reading the rows of a batch failed", exc_info=True)
            message = f"Reading rows failed after row {self.number + 1:,}: {error!r}."
            self.stop(error if isinstance(error, SegmindError) else SegmindError(message))

    def _read_rows(self) -> Iterator[Row]:
        """Yield the rows until `stop` is called.

        This method sets `_reading` before it checks `_stopped`, and `stop` does the reverse, so no
        row is yielded after `stop` has unregistered this producer.
        """
        rows = iter(self._source.read())
        self._reading = True
        while not self._stopped and (row := next(rows, None)):
            self._reading = False
            if self._stopped:
                return
            yield row
            self._reading = True

    def _submit_or_reuse(self, row: Row, source: str | None) -> None:
        try:
            if row.error:
                raise row.error
            options = {"text": self._source.text, "fixed": self._source.fixed}
            plan = replace(self._planner.plan(row.inputs, **options), source=source)
            if self._reuse_earlier(row.number, plan):
                return
            self._progress.await_room(MAX_IN_FLIGHT, lambda: self._stopped)
            if self._stopped:
                return
            self._check_cost(plan)
            to = {"batch": self._rows.batch, "row": row.number}
            job = self._runner.start(plan, **to, assign=self._on_start)
        except FATAL_ERRORS:
            raise
        except StillRunning:  # another run of the batch was first; its job stays the row's
            self._progress.record(row.number, succeeded=False)
            return
        except SegmindError as error:
            self._refuse(row, error)
            return
        self._follow(row.number, job, plan, fresh=True)

    # results of earlier runs

    def _reuse_earlier(self, number: int, plan: Plan) -> bool:
        """Count or resume the job of an earlier run; return False if the row is to be submitted."""
        row = self._rows.take(number, plan.fingerprint, plan.source)
        if row is None:
            return False
        completed = row["status"] == Status.COMPLETED
        if completed and len(assets_from_row(row)) == len(row["outputs"]):
            self._progress.record(number, succeeded=True)
            return True
        if _is_lost(row, plan.endpoint):
            self._rows.release(number)
            return False
        try:
            job = self._runner.resume(row["key"])
        except JobCancelled:
            self._rows.release(number)
            return False
        except (
            SegmindError
        ):  # it may be billed, or another kernel follows it: do not submit it again
            self._progress.record(number, succeeded=False)
            return True
        if job.watching:
            self._follow(number, job, plan, fresh=False, completed=completed)
        else:
            self._progress.record(number, succeeded=job.status is Status.COMPLETED)
        return True

    def _follow(self, number: int, job: Job, plan: Plan, **options: bool) -> None:
        usd = plan.estimate.high or 0.0
        self._progress.track(number, job, usd, on_done=self._on_done, **options)

    def _on_done(self, job: Job) -> bool:
        """Stop after an error that further rows would meet; return False for a row not sent."""
        if job.status is Status.COMPLETED:
            return True
        if self._is_withdrawing and job.submission is not None and job.submission.is_withdrawn:
            self._rows.detach(job.id)
            return False
        no_model = isinstance(job.error, NO_MODEL_ERRORS) and job.id.startswith("local-")
        if no_model or isinstance(job.error, FATAL_ERRORS):
            self.stop(job.error)
        return True

    # rows that are not sent

    def _check_cost(self, plan: Plan) -> None:
        if self._max_cost is None:
            return
        high, counts = plan.estimate.high, self._progress.counts
        if high is None:
            plan.within(self._max_cost)
            return
        spent = counts.spent + counts.unbilled
        if spent + counts.reserved + high > self._max_cost + 1e-9:
            raise LimitError(
                f"The next row may cost {money(high)}; of your limit of {money(self._max_cost)},"
                f" {money(spent)} is spent and {money(counts.reserved)} is reserved for running"
                " jobs.",
                hint="Raise max_cost to send the others.",
            )

    def _refuse(self, row: Row, error: SegmindError) -> None:
        """Record in the journal a row that cannot be sent; the others go on."""
        self._rows.release(row.number)
        endpoint = self._endpoint()
        self._session.store.add(
            provider=endpoint.provider.name,
            place=endpoint.address,
            sandbox=endpoint.sandbox,
            kind=self._planner.options["kind"],
            target=self._planner.name,
            inputs=with_placeholders(row.inputs),
            status=str(Status.FAILED),
            error=error.message,
            batch=self._rows.batch,
            row=row.number,
        )
        self._progress.record(row.number, succeeded=False)

    def _endpoint(self) -> Endpoint:
        options = self._planner.options
        target, kind = self._planner.name, options["kind"]
        return self._session.locate(target, kind=kind, provider=options["provider"])[1]


def _is_lost(row: Mapping[str, Any], endpoint: Endpoint) -> bool:
    """Return whether the job was unfinished on a sandbox that has ended with its kernel."""
    unfinished = row["status"] != Status.COMPLETED
    on_sandbox = row["sandbox"] and endpoint.sandbox
    return bool(unfinished and on_sandbox and row["place"] != endpoint.address)
