"""Sends the rows of a batch, one after the other, as there is room; what was sent before is kept.

One thread does it. It ends when there are no more rows, when it is stopped, or when no row could
be sent any more: the budget is used up, the account refuses, the disk is full.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from segmind_widgets.batches.plan import AT_ONCE
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
    StoreError,
    Unauthorized,
    WorkersLost,
)
from segmind_widgets.formatting import money
from segmind_widgets.jobs.job import Job
from segmind_widgets.network.endpoints import Endpoint
from segmind_widgets.planning.plan import Plan
from segmind_widgets.storage.batch_rows import BatchRows, shown
from segmind_widgets.storage.records import assets_from_row
from segmind_widgets.types import Status

if TYPE_CHECKING:
    from segmind_widgets.session import Session

_log = logging.getLogger(__name__)
ENDS = (  # for all rows
    InsufficientCredits,
    KeyMissing,
    LimitError,
    StoreError,
    Unauthorized,
    WorkersLost,
)
NOWHERE = (MethodNotAllowed, ModelRetired, NotFound)  # so are these, of a row that got no id


class RowRunner(Protocol):
    """Who runs rows: the session, or a `workers.pool.WorkerPool` that has workers do it."""

    def start(self, plan: Plan, *, batch: str, row: int) -> Job:
        """As `session.start`."""
        ...

    def resume(self, job_id: str) -> Job:
        """As `session.resume`."""
        ...


class RowWorkers(RowRunner, Protocol):
    """A runner that ends with its batch: a `workers.pool.WorkerPool`."""

    def close(self) -> None:
        """Follow nothing any more."""
        ...


class BatchFeeder:
    """One pass over the rows.

    `error` is why it ended before the last row, None where it did not.

    Args:
        tally: is told of each row.
        max_cost: USD that the rows of this pass may cost; None: the session's budget alone.
        only: the numbers of the rows that are meant; None: all.
        runner: who runs them; None: the session.
    """

    def __init__(
        self,
        session: Session,
        source: RowSource,
        target: RowPlanner,
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
        self._target = target
        self._rows = rows
        self._progress = progress
        self._max_cost = max_cost
        self._only = only
        self._stopped = False
        self._reading = False
        self.through = False  # all rows were read
        self.error: SegmindError | None = None
        self.number = -1  # of the row that was looked at last

    @property
    def stopped(self) -> bool:
        """No further row is sent."""
        return self._stopped

    def stop(self, error: SegmindError | None = None) -> None:
        """Send no further row; `error` says why."""
        if error is not None:  # said of the row that it met, and now of all
            error = error.with_hint(error.hint.removeprefix("Nothing was sent.").strip())
        self.error = self.error or error
        self._stopped = True
        if self._reading:  # for a row that will not be sent, it may be for ever
            self._progress.remove_producer(self)
        self._progress.wake()

    def run(self) -> None:
        """Send them. Never raises: `error` tells."""
        try:
            for row in self._rows_read():
                if self._only is None or row.number in self._only:
                    self.number = row.number
                    self._one(row)
            if self._stopped:
                return
            if self._only is None:
                self._rows.end_at(self.number + 1)
                self.through = True
        except ENDS as error:
            self.stop(error)
        except BaseException as error:  # noqa: BLE001 - whatever a generator of rows raises
            _log.debug("The rows of a batch broke", exc_info=True)
            said = f"The rows broke after row {self.number + 1:,}: {error!r}."
            self.stop(error if isinstance(error, SegmindError) else SegmindError(said))

    def _rows_read(self) -> Iterator[Row]:
        """The rows until it is stopped.

        Here `_reading` is set before `_stopped` is looked at, in `stop` the other way round, so
        that no row is yielded of which `stop` has told the tally that it does not come.
        """
        rows = iter(self._source.read())
        self._reading = True
        while not self._stopped and (row := next(rows, None)):
            self._reading = False
            if self._stopped:
                return
            yield row
            self._reading = True

    def _one(self, row: Row) -> None:
        try:
            if row.error:
                raise row.error
            plan = self._target.plan(row.inputs, text=self._source.text)
            if self._earlier(row.number, plan):
                return
            self._progress.await_room(AT_ONCE, lambda: self._stopped)
            if self._stopped:
                return
            self._check_cost(plan)
            job = self._runner.start(plan, batch=self._rows.batch, row=row.number)
        except ENDS:
            raise
        except SegmindError as error:
            self._refuse(row, error)
            return
        self._follow(row.number, job, plan, fresh=True)

    # what an earlier run has done

    def _earlier(self, number: int, plan: Plan) -> bool:
        """The row was sent before: count it or go on with it, and never pay it twice."""
        found = self._rows.take(number, plan.fingerprint)
        if found is None:
            return False
        if found["status"] == Status.COMPLETED and len(assets_from_row(found)) == len(
            found["outputs"]
        ):
            self._progress.record(number, well=True)
            return True
        if _is_gone(found, plan.endpoint):
            self._rows.release(number)
            return False
        try:
            job = self._runner.resume(found["key"])
        except JobCancelled:
            self._rows.release(number)
            return False
        except SegmindError:  # it may be billed, or another kernel follows it: its row says so
            self._progress.record(number, well=False)
            return True
        if job.watching:
            paid = found["status"] == Status.COMPLETED
            self._follow(number, job, plan, fresh=False, paid=paid)
        else:
            self._progress.record(number, well=job.status is Status.COMPLETED)
        return True

    def _follow(self, number: int, job: Job, plan: Plan, **how: bool) -> None:
        usd = plan.estimate.high or 0.0
        self._progress.track(number, job, usd, over=self._over, **how)

    def _over(self, job: Job) -> None:
        if job.status is Status.COMPLETED:
            return
        nowhere = isinstance(job.error, NOWHERE) and job.id.startswith("local-")
        if nowhere or isinstance(job.error, ENDS):
            self.stop(job.error)

    # what is not sent

    def _check_cost(self, plan: Plan) -> None:
        if self._max_cost is None:
            return
        high, counts = plan.estimate.high, self._progress.counts
        if high is None:
            plan.within(self._max_cost)
            return
        gone = counts.spent + counts.unbilled
        if gone + counts.reserved + high > self._max_cost + 1e-9:
            raise LimitError(
                f"The next row may cost {money(high)}; of the {money(self._max_cost)} that you"
                f" allow, {money(gone)} is spent and {money(counts.reserved)} in flight.",
                hint="Raise max_cost to send the others.",
            )

    def _refuse(self, row: Row, error: SegmindError) -> None:
        """Write down a row that cannot be sent: the others go on."""
        self._rows.release(row.number)
        endpoint = self._endpoint()
        self._session.store.add(
            provider=endpoint.provider.name,
            place=endpoint.address,
            sandbox=endpoint.sandbox,
            kind=self._target.options["kind"],
            target=self._target.name,
            inputs=shown(row.inputs),
            status=str(Status.FAILED),
            error=error.message,
            batch=self._rows.batch,
            row=row.number,
        )
        self._progress.record(row.number, well=False)

    def _endpoint(self) -> Endpoint:
        return self._session.endpoints.choose(self._target.options["provider"])


def _is_gone(row: Mapping[str, Any], endpoint: Endpoint) -> bool:
    """It was begun on a kernel's own sandbox that ended with its kernel; that money is play."""
    begun = row["status"] != Status.COMPLETED
    return bool(begun and row["sandbox"] and endpoint.sandbox and row["place"] != endpoint.address)
