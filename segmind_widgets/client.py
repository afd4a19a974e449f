"""The client that notebooks, panels and Python programs use.

The import is cheap: heavy modules are imported by the first call that needs them.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast, overload

from traitlets import TraitType

from segmind_widgets.errors import InputError, NotFound
from segmind_widgets.observers import WeakTrait
from segmind_widgets.session import Session
from segmind_widgets.session_parts import OnFirstUse
from segmind_widgets.settings import Settings
from segmind_widgets.stopping import stoppable_class

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from typing_extensions import Self, Unpack

    from segmind_widgets.assets.asset import Asset
    from segmind_widgets.assets.sources import FileSource
    from segmind_widgets.batches.batch import Batch
    from segmind_widgets.batches.plan import BatchPlan
    from segmind_widgets.batches.registry import BatchRegistry, PreparedBatch
    from segmind_widgets.catalog.catalog import Catalog
    from segmind_widgets.jobs.deletion import Deleted
    from segmind_widgets.jobs.job import Job
    from segmind_widgets.planning.budget import SessionSpend
    from segmind_widgets.planning.estimates import Estimate
    from segmind_widgets.planning.plan import Plan
    from segmind_widgets.storage.cleanup import Cleaned
    from segmind_widgets.storage.spending import By, SpendRow
    from segmind_widgets.syntax.snippets import Pasted
    from segmind_widgets.types import (
        Api,
        BatchOptions,
        Credits,
        JobFilters,
        Kind,
        Model,
        PageFilters,
        Progress,
        RowOptions,
        RunOptions,
        WorkflowOptions,
    )
    from segmind_widgets.workers.pool import WorkerPool


_log = logging.getLogger(__name__)
_INSTANCE_LOCK = threading.RLock()  # otherwise two threads would have a budget each


@stoppable_class
class SegmindClient(Settings):
    """The public API: upload, run, resume, export. A notebook uses `SegmindClient.instance()`."""

    newest: TraitType[Job | None, Job | None] = WeakTrait(
        help="The job that this client started or resumed last, as long as anything else holds it."
    )

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.session = Session(self, self._set_newest)

    @classmethod
    def instance(cls, *args: Any, **settings: Any) -> Self:
        """Return the client of this kernel; the first call, in whatever thread, makes it."""
        with _INSTANCE_LOCK:
            return super().instance(*args, **settings)

    @property
    def lock(self) -> threading.RLock:
        """Return the lock that is held while a part is created; a forked process has its own."""
        return self.session.lock

    @OnFirstUse
    def batches(self) -> BatchRegistry:
        """Return the registry of the batches that run here."""
        from segmind_widgets.batches.registry import BatchRegistry

        return BatchRegistry(self.session)

    def _set_newest(self, job: Job) -> None:
        try:
            self.newest = job
        except Exception:  # noqa: BLE001 - an observer's fault must not cost the job
            _log.exception("An observer of the newest job failed")

    def close(self) -> None:
        """Stop watching, close connections and the journal; jobs continue at their services."""
        with self.lock:
            batches = vars(self).pop("batches", None)
        if batches is not None:
            batches.close()
        self.session.close()

    # files

    @overload
    def upload(
        self,
        source: list[Any] | tuple[Any, ...],
        *,
        provider: str | None = None,
        force: bool = False,
        progress: Progress | None = None,
    ) -> list[Asset]: ...
    @overload
    def upload(
        self,
        source: FileSource | Job,
        *,
        provider: str | None = None,
        force: bool = False,
        progress: Progress | None = None,
    ) -> Asset: ...

    def upload(
        self,
        source: Any,
        *,
        provider: str | None = None,
        force: bool = False,
        progress: Progress | None = None,
    ) -> Asset | list[Asset]:
        """Upload a file, or each of a list; the same content is uploaded once.

        Args:
            source: a file in any form that `Asset.of` takes, or a list. A URL stays as it is.
            provider: segmind, apimart or sandbox.
            force: upload again, even if the content was uploaded before.
            progress: called with bytes sent so far and in all.

        Returns:
            An Asset with its `url`; a list of them for a list.

        Raises:
            AssetError: no such file, or one that the provider refuses; nothing was sent.
            SegmindError: the service refused or did not answer.
        """
        upload = cast("Callable[..., Asset | list[Asset]]", self.session.upload)
        return upload(source, provider=provider, force=force, progress=progress)

    def recent_uploads(self, last: int = 12, *, provider: str | None = None) -> list[Asset]:
        """Return earlier uploads whose URLs still work, newest first."""
        session = self.session
        return session.uploads.recent(session.endpoints.choose(provider), last)

    # runs

    def plan(
        self,
        target: str,
        inputs: Mapping[str, Any] | None = None,
        *,
        kind: Kind = "model",
        provider: str | None = None,
        api: Api = "auto",
        endpoint: str = "",
        max_cost: float | None = None,
        again: bool = True,
        as_written: bool = False,
        needs_price: bool = True,
    ) -> Plan:
        """Check a run without sending anything.

        `endpoint` is the path of an address of APIMart, where its list of models names another.
        Without `again`, `start` refuses the same request within ten seconds. With `as_written` no
        seed is added to the inputs. With `needs_price` it waits up to two seconds for the list of
        models, where the price is not known here.

        Raises:
            InputError: an input is certainly wrong; the field is named.
            LimitError: it may cost more than `max_cost` USD, or its cost is unknown.
            KeyMissing: the provider has no key.
        """
        return self.session.plan(
            target,
            inputs,
            kind=kind,
            provider=provider,
            api=api,
            endpoint=endpoint,
            max_cost=max_cost,
            again=again,
            as_written=as_written,
            needs_price=needs_price,
        )

    def expected(
        self, model: Model, *, provider: str | None = None
    ) -> tuple[Estimate, float | None]:
        """Return the cost of a run and its usual seconds, None where unknown.

        Raises:
            KeyMissing: the provider has no key.
        """
        return self.session.expected(model, provider=provider)

    def start(self, plan: Plan, progress: Progress | None = None, **facts: Any) -> Job:
        """Send a plan: upload its files, write the journal, submit; return the job at once.

        `facts` are the batch and the row of the job, if it belongs to a batch.

        Raises:
            LimitError: the budget does not allow it; nothing was sent, not even a file.
            SegmindError: an upload failed, or the journal cannot be written; nothing was billed.
        """
        return self.session.start(plan, progress, **facts)

    def earlier(self, plan: Plan) -> Job | None:
        """Return the newest finished job of an equal request, with its files; None for none.

        Raises:
            InputError: the plan takes a new seed each time, so no two requests are equal.
        """
        return self.session.earlier(plan)

    def submit(
        self,
        model: str,
        inputs: Mapping[str, Any] | None = None,
        **options: Unpack[RunOptions],
    ) -> Job:
        """Start a model; return the job at once.

        Options: kind, provider, api, endpoint, max_cost, again.

        Raises:
            InputError, LimitError, KeyMissing, SegmindError: see `plan` and `start`.
        """
        return self.session.submit(model, inputs, **options)

    def submit_workflow(
        self,
        workflow: str,
        inputs: Mapping[str, Any] | None = None,
        **options: Unpack[WorkflowOptions],
    ) -> Job:
        """Start a PixelFlow workflow, by id, slug or URL; return the job at once."""
        return self.submit(workflow, inputs, kind="workflow", **options)

    def run(
        self,
        model: str,
        inputs: Mapping[str, Any] | None = None,
        *,
        timeout: float | None = None,
        **options: Unpack[RunOptions],
    ) -> Job:
        """Start a model, wait, and return the finished job.

        Raises:
            SegmindError: the job failed; StillRunning after `timeout` seconds (the job goes on).
        """
        job = self.submit(model, inputs, **options)
        job.result(timeout)
        return job

    # many at once

    def map(
        self,
        model: str,
        rows: Any,
        *,
        name: str | None = None,
        again: bool = False,
        max_cost: float | None = None,
        executor: Executor | None = None,
        folder: str | Path | None = None,
        **options: Unpack[RowOptions],
    ) -> Batch:
        """Start a model for each row of inputs; return the batch at once.

        The same batch, by name or by content, continues where it stopped, in any kernel: no
        finished row is paid twice.

        Args:
            model: the model's slug, or the workflow's id.
            rows: a list of mappings, a `Sweep`, a DataFrame, a CSV or JSONL file, a generator. All
                rows of a list are checked before anything is sent, and those of more than 2,000
                after this has returned: what is wrong is then in `batch.error`. A stream is read
                row by row, and a generator without a name is a new batch each time.
            name: the name to find the batch by.
            again: start over; every row is sent, and paid.
            max_cost: USD that the rows may cost; rows beyond it are not sent.
            executor: any `concurrent.futures.Executor`, such as Dask's `Client.get_executor()`:
                its workers download the results, which needs no key. With `api="v1"` they also send
                the runs, with the key of their own environment.
            folder: where they write results: a path or an fsspec URL that this machine and all
                workers can use. None: the folder of results here.
            options: kind (model or workflow), provider, api; allow_files: whether a CSV or JSONL
                file may name files (`file:PATH`) that are not in its own folder.

        Raises:
            InputError: rows of a list are certainly wrong; they are named, and nothing is sent. Or
                a table names files outside its folder, and `allow_files` is not set.
            LimitError: it may cost more than `max_cost`.
            StillRunning: another kernel runs this batch.
        """
        _check_folder(executor, folder)
        prepared = self.prepared(model, rows, name=name, again=again, defer=True, **options)
        pool = None if executor is None else self._pool(executor, folder)
        return self.batches.start(prepared, again=again, max_cost=max_cost, pool=pool)

    def _pool(self, executor: Executor, folder: str | Path | None) -> WorkerPool:
        from segmind_widgets.workers.pool import WorkerPool

        return WorkerPool(self.session, executor, folder or self.session.store.results)

    def plan_map(self, model: str, rows: Any, **options: Unpack[BatchOptions]) -> BatchPlan:
        """Return the number of jobs, the time and the cost of `map`, without sending anything.

        Options: name, again, kind, provider, api.
        """
        return self.prepared(model, rows, **options).plan

    def prepared(
        self,
        model: str,
        rows: Any,
        *,
        name: str | None = None,
        again: bool = False,
        kind: Kind = "model",
        provider: str | None = None,
        api: Api = "auto",
        allow_files: bool = False,
        defer: bool = False,
    ) -> PreparedBatch:
        """Return a checked batch for `batches.start`, with its `plan`.

        With `defer` a list of more than 2,000 rows is checked when it runs.
        """
        options = {"kind": kind, "provider": provider, "api": api}
        return self.batches.prepare(
            model,
            rows,
            batch=name,
            again=again,
            options=options,
            allow_files=allow_files,
            defer=defer,
        )

    # what was started before

    def resume(self, job_id: str) -> Job:
        """Resume a job of this or an earlier kernel, or one that is known only by the service's id.

        A finished job is returned with its files. Nothing is ever submitted again.

        Raises:
            NotFound: no journal or service has the job, or its sandbox is gone.
            StillRunning: another kernel follows it.
            JobCancelled: it was never sent.
            SubmitUnknown: it stopped between the submit and the reply, and the service keeps no
                history of such requests; if it does, the history is searched.
        """
        return self.session.jobs.resume(job_id)

    def resume_all(self) -> list[Job]:
        """Resume every unfinished job; a job that cannot be resumed has its error."""
        return self.session.jobs.resume_all()

    def job(self, job_id: str) -> Job:
        """Return a job of the journal without resuming it. Raises NotFound."""
        return self.session.jobs.job(job_id)

    def jobs(self, last: int = 20, **filters: Unpack[PageFilters]) -> list[Job]:
        """Return the newest jobs of the journal, including this kernel's live ones.

        Filters: offset, unfinished, model and text (parts of them), status (one or several),
        since and until (datetimes), with_outputs, sandbox, batch, target (the model's whole name),
        provider, here (only those started or resumed in this kernel).
        """
        return self.session.jobs.jobs(last, **filters)

    def count(self, most: int | None = None, **filters: Unpack[JobFilters]) -> int:
        """Count the jobs of the journal; the filters are those of `jobs`, without an offset.

        With `most` it counts only so far, which takes as long over a million jobs as over few.
        """
        return self.session.jobs.count(most, **filters)

    def clean(self, older_days: float, *, dry_run: bool = True) -> Cleaned:
        """Remove the results of finished jobs that are older than `older_days`, to free disk.

        Unfinished jobs are never touched, and rows stay, so the ledger does not change. With
        `dry_run` nothing is removed; the returned size is that of a real run.

        Raises:
            InputError: `older_days` is negative.
        """
        from segmind_widgets.storage.cleanup import clean

        return clean(self.session.store, older_days, dry_run=dry_run)

    def delete(self, job: Job | str, output: Asset | None = None) -> Deleted:
        """Delete the results of a finished job, or only one, with files, thumbnails and row.

        Only files in the results folder are deleted; copies elsewhere stay. What was paid is still
        counted. `undo()` of the returned value brings it back, until this session ends.

        Args:
            job: a job or its id.
            output: one of `job.outputs`; None for all.

        Raises:
            NotFound: there is no such job or output, or it was deleted before.
            StillRunning, StoreError: it has not ended, or a file cannot be moved.
        """
        path = None if output is None else output.path
        if output is not None and path is None:
            raise NotFound("This output has no file on this disk.")
        job_id = job if isinstance(job, str) else job.id
        return self.session.deletions.delete(job_id, path)

    # money

    def spend(self, by: By = "model", since: datetime | str | None = None) -> list[SpendRow]:
        """Return the cost of jobs as the services billed it, real money first.

        Args:
            by: model, day, notebook or job.
            since: only jobs that started then or later; a datetime, or ISO 8601 in UTC.

        Raises:
            InputError: `by` is none of these.
        """
        return self.session.store.spend(by, since)

    def session_spend(self, *, sandbox: bool = False) -> SessionSpend:
        """Return the USD that this session's jobs have cost and may still cost."""
        return self.session.budget.session(sandbox=sandbox)

    def thumbnail(self, asset: Asset, side: int = 320) -> tuple[bytes, str]:
        """Return a small picture of an asset, cached on disk; see `Thumbnails.get`."""
        return self.session.thumbnail(asset, side)

    def from_image(self, source: FileSource) -> Job:
        """Return the job that made a picture, from the recipe in it, ready for `rerun`.

        A rerun uses the seed of the picture; for a picture of the sandbox it runs on the sandbox.

        Raises:
            AssetError: the picture carries no recipe.
        """
        return self.session.from_image(source)

    def read(self, text: str, *, allow_files: bool = False) -> Pasted:
        """Return the meaning of pasted text: a name, an address, code, an API page, or inputs.

        Code in Python, curl and JavaScript is read, not run, and API keys are cut out of it. The
        result has `kind`, `target`, `provider`, `api`, `inputs` (a Path for each file), `schema`,
        and `unread`, the names of the inputs that could not be read without running the code.

        Args:
            text: what was pasted.
            allow_files: whether code may name files outside the notebook's folder.

        Raises:
            InputError: the text has neither a target nor inputs; JavaScript without the extra
                `paste`; or it names such files, and `allow_files` is not set.
        """
        return self.session.read(text, allow_files=allow_files)

    def export(self, source: Plan | Job, form: str) -> str:
        """Export a run as code: "cell", "client", "python", "curl" or "javascript".

        "client" is Python with this package; the scripts in the last three do not need it.

        Nothing is sent, and the code contains no key: scripts read it from the environment.

        Raises:
            InputError: there is no such form, or a file among the inputs is only in memory.
        """
        return self.session.export(source, form)

    # the account, the models

    def credits(self, provider: str | None = None) -> Credits:
        """Return the balance of the account. The request is free, and also checks the key."""
        from segmind_widgets.network.account import fetch_credits

        return fetch_credits(self.session.endpoints.choose(provider))

    def catalog(self, provider: str | None = None) -> Catalog:
        """Return all known models, including those of the live directory."""
        session = self.session
        return session.directory.catalog(session.endpoints.choose(provider))

    def models(
        self, query: str = "", modality: str | None = None, provider: str | None = None
    ) -> list[Model]:
        """Return the models of one provider that match, best first.

        Args:
            query: words of the name, the description or the task, such as "upscale".
            modality: one such as image or video.
            provider: segmind, apimart or sandbox; without it that of the settings. Where none is
                set and it has no such model, those of the others.
        """
        return self.session.models(query, modality, provider)


def _check_folder(executor: Executor | None, folder: str | Path | None) -> None:
    """Raise InputError for a folder without an executor."""
    if folder is not None and executor is None:
        raise InputError(
            "`folder` is for workers, but no `executor` was given.",
            hint="Leave it out, and copy the results with batch.save(folder).",
            field="folder",
        )
