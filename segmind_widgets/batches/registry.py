"""The batches of a session: checked and priced, started, and found by name."""

from __future__ import annotations

import hashlib
import threading
import uuid
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from segmind_widgets.batches.batch import Batch
from segmind_widgets.batches.feeder import RowWorkers
from segmind_widgets.batches.plan import BatchPlan, ValidatedRows, pace, time_for, total
from segmind_widgets.batches.row_planner import RowPlanner
from segmind_widgets.batches.row_sources import RowSource, open_source
from segmind_widgets.errors import InputError, StillRunning
from segmind_widgets.network.endpoints import Endpoint
from segmind_widgets.planning.estimates import Estimate, estimate, usual_time
from segmind_widgets.planning.model_input import refuse_swept_model
from segmind_widgets.storage.batch_rows import BatchRows
from segmind_widgets.storage.locks import BatchLock
from segmind_widgets.types import CheckInputs, Model, RunRequest

if TYPE_CHECKING:
    from segmind_widgets.session import Session


MAX_CHECKED_AT_ONCE = 2_000  # rows that `map` checks before it returns, in about a second


@dataclass(frozen=True)
class PreparedBatch:
    """A checked batch that `BatchRegistry.start` can send; `named` if the user chose its name.

    Where `check` is given, its rows are still to be checked and priced by it before any is sent,
    and `plan` knows only their number.
    """

    source: RowSource
    planner: RowPlanner
    rows: BatchRows
    plan: BatchPlan
    named: bool
    check: Callable[[], BatchPlan] | None = None


class BatchRegistry:
    """The batches that run in this kernel."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._lock = threading.RLock()  # held from the check for a running batch to the new one
        self._live: weakref.WeakValueDictionary[str, Batch] = weakref.WeakValueDictionary()
        self._locks: weakref.WeakValueDictionary[str, BatchLock] = weakref.WeakValueDictionary()

    def prepare(
        self,
        name: str,
        rows: Any,
        *,
        batch: str | None,
        again: bool,
        options: Mapping[str, Any],
        allow_files: bool = False,
        defer: bool = False,
    ) -> PreparedBatch:
        """Check and price the rows, and compare them with earlier runs. Generators stay unread.

        With `defer` a list of more than `MAX_CHECKED_AT_ONCE` rows is checked when it runs.

        Raises:
            InputError: rows of a list are certainly wrong, `rows` has no known form, or an option
                is unknown.
            KeyMissing: the provider has no key.
        """
        _check_options(options, batch)
        name, endpoint, options = self._locate(name, options)
        row_source = open_source(rows, allow_files=allow_files)
        planner = RowPlanner(
            self._session.plan,
            partial(self._session.basis, name, kind=options["kind"], provider=options["provider"]),
            lambda slug: self._model(slug, options, endpoint),
            name,
            options,
        )
        self._check_columns(row_source, planner, name, options, endpoint)
        validated = ValidatedRows(row_source, planner) if row_source.listed else None
        batch_name = batch or _content_name(name, row_source, validated, endpoint, options["kind"])
        journal = self._session.store.batch(batch_name)
        earlier = None if again else journal

        def check() -> BatchPlan:
            plan = self._plan(planner, row_source, validated, earlier)
            return replace(plan, resumable=bool(batch or validated or row_source.digest))

        if defer and validated and (row_source.total or 0) > MAX_CHECKED_AT_ONCE:
            plan = BatchPlan(name, _place(endpoint), row_source.total, sandbox=endpoint.sandbox)
            return PreparedBatch(row_source, planner, journal, plan, batch is not None, check)
        return PreparedBatch(row_source, planner, journal, check(), batch is not None)

    def _locate(
        self, name: str, options: Mapping[str, Any]
    ) -> tuple[str, Endpoint, Mapping[str, Any]]:
        """Return the name and the endpoint of a target, and the options with its API and place."""
        kind = options["kind"]
        name, endpoint, _ = self._session.locate(name, kind=kind, provider=options["provider"])
        request = endpoint.provider.normalize(RunRequest(name, kind=kind, api=options["api"]))
        options = {**options, "api": request.api, "provider": endpoint.option}
        return request.target, endpoint, options

    def _check_columns(
        self,
        row_source: RowSource,
        planner: RowPlanner,
        name: str,
        options: Mapping[str, Any],
        endpoint: Endpoint,
    ) -> None:
        """Check the swept inputs and the columns of a table against the inputs that are known.

        Raises:
            InputError: one is not an input, or a sweep is over models.
        """
        model = self._model(name, options, endpoint)
        if options["kind"] == "model":
            refuse_swept_model(name, [axis.name for axis in row_source.axes], model)
        if row_source.table:
            if options["kind"] == "workflow":
                model = self._session.workflows.model(name, planner.basis.own_runs)
            mode = cast("CheckInputs", self._session.settings.check_inputs)
            row_source.table.check_columns(model, mode)

    def start(
        self,
        prepared: PreparedBatch,
        *,
        again: bool,
        max_cost: float | None,
        pool: RowWorkers | None = None,
    ) -> Batch:
        """Start or resume a batch; return the running one if it has the same rows.

        Raises:
            StillRunning: a batch of this name runs here or in another kernel.
            LimitError: the batch may cost more than `max_cost` USD.
        """
        live = self._live.get(prepared.rows.batch)
        if live is not None and live.sending and live.stopped and not again:
            live.halt()
        with self._lock:
            running = self._running(prepared, again=again)
            if running is not None:
                return running
            if not prepared.check:
                _check_cost(prepared.plan, max_cost)
            return self._start(prepared, afresh=again, max_cost=max_cost, pool=pool)

    def _running(self, prepared: PreparedBatch, *, again: bool) -> Batch | None:
        """Return the batch of this name that still runs; None where the new one can start.

        Raises:
            StillRunning: it runs and its rows may differ, or it is being stopped, or `again` was
                given.
        """
        name = prepared.rows.batch
        live = self._live.get(name)
        if live is None or not (live.sending or (again and not live.finished)):
            return None
        if prepared.named or again or live.stopped:
            raise StillRunning(
                f"The batch {name} still runs here.",
                hint="Wait for it with batch.wait(), or stop it with batch.stop().",
            )
        return live

    def _start(
        self,
        prepared: PreparedBatch,
        *,
        afresh: bool,
        max_cost: float | None,
        pool: RowWorkers | None,
    ) -> Batch:
        name = prepared.rows.batch
        lock = self._locks.get(name) or BatchLock(self._session.store.home, f"The batch {name}")
        self._locks[name] = lock

        def check() -> BatchPlan:
            plan = prepared.check() if prepared.check else prepared.plan
            _check_cost(plan, max_cost)
            return plan

        started = Batch(
            self._session,
            prepared.source,
            prepared.planner,
            prepared.rows,
            prepared.plan,
            lock,
            max_cost=max_cost,
            pool=pool,
            check=check,
        ).start(afresh=afresh)
        self._live[name] = started
        return started

    def close(self) -> None:
        """Stop all batches: no further row is sent."""
        for batch in list(self._live.values()):
            batch.halt()

    def _model(self, slug: str, options: Mapping[str, Any], endpoint: Endpoint) -> Model | None:
        if options["kind"] != "model":
            return None
        return self._session.directory.find(slug, endpoint, needs_price=True)

    def _plan(
        self,
        planner: RowPlanner,
        row_source: RowSource,
        validated: ValidatedRows | None,
        earlier: BatchRows | None,
    ) -> BatchPlan:
        """Price the rows that no earlier run in the journal has."""
        name, options, endpoint = planner.name, planner.options, planner.basis.endpoint
        model = self._model(name, options, endpoint)
        own = planner.basis.own_runs(name)
        each = estimate(model.cost if model else None, own.costs(1))
        usual = usual_time(own, model)
        usual_seconds = usual.seconds if usual else None
        requests = earlier.requests() if earlier else []
        if validated:
            prices, done, unfinished = validated.compare(requests)
        else:
            done = sum(request.is_completed for request in requests)
            unfinished = len(requests) - done
            prices = [each] * max(0, (row_source.total or 0) - done - unfinished)
        usd: Any = total(prices) if row_source.total is not None else {}
        sending, per_minute = pace(
            len(prices), endpoint.transport.limit, polled=options["api"] != "v1"
        )
        return BatchPlan(
            name,
            _place(endpoint),
            row_source.total,
            done,
            unfinished,
            **usd,
            each=_representative(prices) or each,
            per_minute=per_minute,
            seconds=time_for(len(prices), usual_seconds, sending, sandbox=endpoint.sandbox),
            notes=tuple(validated.notes) if validated else (),
            axes=row_source.axes,
            sandbox=endpoint.sandbox,
        )


def _check_options(options: Mapping[str, Any], batch: str | None) -> None:
    """Raise InputError for an unknown option, or for an empty name of a batch."""
    for option, choices in (("kind", ("model", "workflow")), ("api", ("auto", "v1", "v2"))):
        if options[option] not in choices:
            raise InputError(
                f"There is no {option} {options[option]!r}.",
                hint=f"Choose one of {', '.join(choices)}.",
            )
    if batch is not None and not batch.strip():
        raise InputError("The name of a batch must not be empty.", hint='Such as name="portraits".')


def _check_cost(plan: BatchPlan, max_cost: float | None) -> None:
    if max_cost is not None and plan.rows is not None:
        plan.within(max_cost)


def _place(endpoint: Endpoint) -> str:
    return "on the sandbox" if endpoint.sandbox else f"at {endpoint.provider.title}"


def _representative(prices: list[Estimate]) -> Estimate | None:
    """Return the first estimate without an upper bound, else the first."""
    return next((price for price in prices if price.high is None), next(iter(prices), None))


def _content_name(
    name: str,
    row_source: RowSource,
    validated: ValidatedRows | None,
    endpoint: Endpoint,
    kind: str,
) -> str:
    """Derive a name from the content, so that equal rows resume the same batch."""
    content = validated.digest if validated else row_source.digest
    if not content:
        return f"{name}-{uuid.uuid4().hex[:12]}"
    text = "\n".join([endpoint.provider.name, str(endpoint.sandbox), kind, name, content])
    return f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
