"""The batches of a client: looked at before they start, begun, and found again by their names."""

from __future__ import annotations

import hashlib
import uuid
import weakref
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from segmind_widgets.batches.batch import Batch
from segmind_widgets.batches.feeder import RowWorkers
from segmind_widgets.batches.plan import BatchPlan, ValidatedRows, jobs_a_minute, time_for, total
from segmind_widgets.batches.row_planner import RowPlanner
from segmind_widgets.batches.row_sources import RowSource, source
from segmind_widgets.errors import InputError, StillRunning
from segmind_widgets.network.endpoints import Endpoint
from segmind_widgets.planning.estimates import Estimate, OwnRuns, estimate
from segmind_widgets.storage.batch_rows import BatchRows
from segmind_widgets.storage.locks import BatchLock
from segmind_widgets.types import Model

if TYPE_CHECKING:
    from segmind_widgets.session import Session


@dataclass(frozen=True)
class PreparedBatch:
    """A batch that was looked at: what `Batches.start` sends."""

    source: RowSource
    target: RowPlanner
    rows: BatchRows
    plan: BatchPlan
    named: bool  # by the person


class BatchRegistry:
    """The batches that this kernel runs, among those of the journal."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._live: weakref.WeakValueDictionary[str, Batch] = weakref.WeakValueDictionary()
        self._locks: weakref.WeakValueDictionary[str, BatchLock] = weakref.WeakValueDictionary()

    def prepare(
        self, name: str, rows: Any, *, batch: str | None, again: bool, options: Mapping[str, Any]
    ) -> PreparedBatch:
        """Read what can be read twice, check it, and see what an earlier run has done.

        Raises:
            InputError: rows of a list are certainly wrong, or there are none of any form.
            KeyMissing: the provider has no key.
        """
        session = self._session
        for word, known in (("kind", ("model", "workflow")), ("api", ("auto", "v1", "v2"))):
            if options[word] not in known:
                raise InputError(
                    f"There is no {word} {options[word]!r}.", hint=f"There are {', '.join(known)}."
                )
        endpoint = session.endpoints.choose(options["provider"])
        found = source(rows)
        target = RowPlanner(
            session.plan, lambda slug: self._model(slug, options, endpoint), name, options
        )
        checked = ValidatedRows(found, target) if found.listed else None
        if batch is not None and not batch.strip():
            raise InputError("A batch's name is not empty.", hint='Such as name="portraits".')
        known = batch or _name(name, found, checked, endpoint, options["kind"])
        at = session.store.batch(known)
        plan = self._plan(name, found, checked, endpoint, options, None if again else at)
        plan = replace(plan, kept=bool(batch or checked or found.digest))
        return PreparedBatch(found, target, at, plan, batch is not None)

    def start(
        self,
        prepared: PreparedBatch,
        *,
        again: bool,
        max_cost: float | None,
        pool: RowWorkers | None = None,
    ) -> Batch:
        """Send it, or go on with it; the one that runs here already, where it is the very same.

        Raises:
            StillRunning: it runs here or in another kernel, and this would be another run of it.
            LimitError: it may cost more than `max_cost` USD.
        """
        name = prepared.rows.batch
        live = self._live.get(name)
        if live is not None and (live.sending or (again and not live.finished)):
            if live.stopped and not again:
                live.halt()
            elif prepared.named or again:
                raise StillRunning(
                    f"The batch {name} still runs here.",
                    hint="Wait for it with batch.wait(), or stop it with batch.stop().",
                )
            else:
                return live
        if max_cost is not None and prepared.source.total is not None:
            prepared.plan.within(max_cost)
        lock = self._locks.setdefault(
            name, BatchLock(self._session.store.home, f"The batch {name}")
        )
        made = Batch(
            self._session,
            prepared.source,
            prepared.target,
            prepared.rows,
            prepared.plan,
            lock,
            max_cost=max_cost,
            pool=pool,
        )
        self._live[name] = made
        return made.start(afresh=again)

    def close(self) -> None:
        """Send no further rows."""
        for batch in list(self._live.values()):
            batch.halt()

    def _model(self, slug: str, options: Mapping[str, Any], endpoint: Endpoint) -> Model | None:
        return self._session.directory.find(slug, endpoint) if options["kind"] == "model" else None

    def _plan(
        self,
        name: str,
        found: RowSource,
        checked: ValidatedRows | None,
        endpoint: Endpoint,
        options: Mapping[str, Any],
        at: BatchRows | None,
    ) -> BatchPlan:
        """What is to be sent, of it what the journal at `at` does not have."""
        model = self._model(name, options, endpoint)
        own = OwnRuns(self._session.store, name, endpoint)
        each = estimate(model.cost if model else None, own.costs(1))
        usual = own.seconds() or (model.seconds if model else None)
        before = at.known() if at else {}
        if checked:
            prices, done, begun = checked.known(before)
        else:
            counts = {word: there.total() for word, there in before.items()}
            done, begun = counts.get("completed", 0), counts.get("unfinished", 0)
            prices = [each] * max(0, (found.total or 0) - done - begun)
        usd: Any = total(prices) if found.total is not None else {}
        limit = endpoint.transport.limit.per_minute
        per_minute = jobs_a_minute(limit, polled=options["api"] != "v1")
        return BatchPlan(
            name,
            "on the sandbox" if endpoint.sandbox else f"at {endpoint.provider.title}",
            found.total,
            done,
            begun,
            **usd,
            each=_one(prices) or each,
            per_minute=per_minute,
            seconds=time_for(len(prices), usual, per_minute),
            notes=tuple(checked.notes) if checked else (),
            axes=found.axes,
            sandbox=endpoint.sandbox,
        )


def _one(prices: list[Estimate]) -> Estimate | None:
    """The estimate that says most of what nobody knows, or the first."""
    return next((price for price in prices if price.high is None), next(iter(prices), None))


def _name(
    name: str, found: RowSource, checked: ValidatedRows | None, endpoint: Endpoint, kind: str
) -> str:
    """A name made of the content, so that the same content is the same batch."""
    content = checked.digest if checked else found.digest
    if not content:
        return f"{name}-{uuid.uuid4().hex[:12]}"
    said = "\n".join([endpoint.provider.name, str(endpoint.sandbox), kind, name, content])
    return f"{name}-{hashlib.sha256(said.encode()).hexdigest()[:12]}"
