"""The one client: notebooks, panels and plain Python all use it.

Importing this is cheap: what is heavy is imported by the first call that needs it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from traitlets import Any as AnyTrait
from traitlets import TraitType

from segmind_widgets.errors import InputError
from segmind_widgets.session import OnFirstUse, Session
from segmind_widgets.settings import Settings

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from typing_extensions import Unpack

    from segmind_widgets.assets.asset import Asset
    from segmind_widgets.assets.sources import FileSource
    from segmind_widgets.batches.batch import Batch
    from segmind_widgets.batches.plan import BatchPlan
    from segmind_widgets.batches.registry import BatchRegistry, PreparedBatch
    from segmind_widgets.catalog.catalog import Catalog
    from segmind_widgets.jobs.job import Job
    from segmind_widgets.planning.budget import SessionSpend
    from segmind_widgets.planning.estimates import Estimate
    from segmind_widgets.planning.plan import Plan
    from segmind_widgets.storage.cleanup import Cleaned
    from segmind_widgets.storage.spending import By, SpendRow
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

_log = logging.getLogger(__name__)


class SegmindClient(Settings):
    """Uploads, runs, resumes and remembers. `SegmindClient.instance()` is the notebook's own."""

    newest: TraitType[Job | None, Job | None] = AnyTrait(
        None, help="The job begun or resumed last here. Follow it to see each."
    )

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.session = Session(self, self._set_newest)
        self.lock = self.session.lock

    @OnFirstUse
    def batches(self) -> BatchRegistry:
        """The batches that run here."""
        from segmind_widgets.batches.registry import BatchRegistry

        return BatchRegistry(self.session)

    def _set_newest(self, job: Job) -> None:
        try:
            self.newest = job
        except Exception:  # noqa: BLE001 - an observer's fault must not cost the job
            _log.exception("An observer of the newest job failed")

    def close(self) -> None:
        """Stop watching, close connections and the journal; jobs go on at their services."""
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
            source: what `Asset.of` takes, or a list of it. A URL is given back as it is.
            provider: segmind, apimart or sandbox.
            force: upload again what was uploaded before.
            progress: told bytes sent so far and in all.

        Returns:
            An Asset with its `url`; a list of them for a list.

        Raises:
            AssetError: no such file, or one that the provider refuses; nothing was sent.
            SegmindError: what the service said.
        """
        return self.session.upload(source, provider=provider, force=force, progress=progress)

    def recent_uploads(self, last: int = 12, *, provider: str | None = None) -> list[Asset]:
        """What was uploaded before and still lives there, newest first."""
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
        max_cost: float | None = None,
        again: bool = True,
    ) -> Plan:
        """Check a run without sending anything.

        Without `again`, `start` refuses the very same request within ten seconds.

        Raises:
            InputError: an input is certainly wrong; the field is named.
            LimitError: it may cost more than `max_cost` USD, or nobody knows what it costs.
            KeyMissing: the provider has no key.
        """
        return self.session.plan(
            target,
            inputs,
            kind=kind,
            provider=provider,
            api=api,
            max_cost=max_cost,
            again=again,
        )

    def expected(
        self, model: Model, *, provider: str | None = None
    ) -> tuple[Estimate, float | None]:
        """What a run of it may cost, and the seconds it usually takes, None where nobody knows.

        Raises:
            KeyMissing: the provider has no key.
        """
        return self.session.expected(model, provider=provider)

    def start(self, plan: Plan, progress: Progress | None = None, **facts: Any) -> Job:
        """Send a plan: upload its files, write the journal, submit. The job, at once.

        `facts` are the batch that it is of, and its row there.

        Raises:
            LimitError: the budget does not allow it; nothing was sent, also no file.
            SegmindError: an upload failed, or the journal cannot be written; nothing was billed.
        """
        return self.session.start(plan, progress, **facts)

    def earlier(self, plan: Plan) -> Job | None:
        """The newest finished job that asked for the very same, with its files; None for none.

        Raises:
            InputError: the plan takes a new seed each time, so that no two are the same.
        """
        return self.session.earlier(plan)

    def submit(
        self,
        model: str,
        inputs: Mapping[str, Any] | None = None,
        **options: Unpack[RunOptions],
    ) -> Job:
        """Start a model; the job, at once. Options: provider, api, max_cost, again.

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
        """Start a PixelFlow workflow, by id, slug or URL; the job, at once."""
        return self.submit(workflow, inputs, kind="workflow", **options)

    def run(
        self,
        model: str,
        inputs: Mapping[str, Any] | None = None,
        *,
        timeout: float | None = None,
        **options: Unpack[RunOptions],
    ) -> Job:
        """Start a model and wait; the finished job.

        Raises:
            SegmindError: what failed; StillRunning after `timeout` seconds (the job goes on).
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
        """Start a model for each row of inputs; the batch, at once.

        The same batch again, in this kernel or another one, goes on where it stopped: no finished
        row is paid twice. It is the same by its name, or by its content.

        Args:
            model: the model's slug, or the workflow's id.
            rows: a list of mappings, a `Sweep`, a DataFrame, a CSV or JSONL file, a generator. A
                list is checked whole before anything is sent; of a stream no more than a row is
                held, and a generator without a name is new each time.
            name: what the batch is found by.
            again: begin afresh; every row is sent, and paid.
            max_cost: USD that the rows may cost; what may go beyond is not sent.
            executor: any `concurrent.futures.Executor`, such as Dask's `Client.get_executor()`:
                its workers send, ask and download, with keys of their own environment.
            folder: where they write results: a path or an fsspec URL that this machine and all
                workers can use. None: the folder of results here.
            options: kind (model or workflow), provider, api.

        Raises:
            InputError: rows of a list are certainly wrong; they are named, and nothing is sent.
            LimitError: it may cost more than `max_cost`.
            StillRunning: another kernel runs this batch.
        """
        if folder is not None and executor is None:
            raise InputError(
                "`folder` is where workers write, and there is no executor.",
                hint="Leave it out, and copy the results with batch.save(folder).",
                field="folder",
            )
        prepared = self.prepared(model, rows, name=name, again=again, **options)
        pool = None
        if executor is not None:
            from segmind_widgets.workers.pool import WorkerPool

            pool = WorkerPool(self.session, executor, folder or self.session.store.results)
        return self.batches.start(prepared, again=again, max_cost=max_cost, pool=pool)

    def plan_map(self, model: str, rows: Any, **options: Unpack[BatchOptions]) -> BatchPlan:
        """What `map` would do: how many jobs, how long, how much. Nothing is sent.

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
    ) -> PreparedBatch:
        """A batch that was looked at, for `batches.start`; its `plan` says what it would do."""
        options = {"kind": kind, "provider": provider, "api": api}
        return self.batches.prepare(model, rows, batch=name, again=again, options=options)

    # what was started before

    def resume(self, job_id: str) -> Job:
        """Go on with a job of this or an earlier kernel, or with one known by its id alone.

        A finished job comes back with its files. Nothing is ever submitted again.

        Raises:
            NotFound: nobody knows the job, or its sandbox is gone.
            StillRunning: another kernel follows it.
            JobCancelled: it was never sent.
            SubmitUnknown: it stopped between the submit and the reply, and the service keeps no
                history of such requests; where it does, the job looks there.
        """
        return self.session.jobs.resume(job_id)

    def resume_all(self) -> list[Job]:
        """Go on with every unfinished job; those that cannot are shown with their error."""
        return self.session.jobs.resume_all()

    def job(self, job_id: str) -> Job:
        """A job of the journal as it is; `resume` goes on with it. Raises NotFound."""
        return self.session.jobs.job(job_id)

    def jobs(self, last: int = 20, **filters: Unpack[PageFilters]) -> list[Job]:
        """The newest jobs of the journal, this kernel's live ones among them.

        Filters: offset, unfinished, model and text (parts of them), status (one or several),
        since and until (datetimes), with_outputs, sandbox, batch, target (the model's whole name),
        here (only those begun or resumed in this kernel).
        """
        return self.session.jobs.jobs(last, **filters)

    def count(self, **filters: Unpack[JobFilters]) -> int:
        """How many jobs the journal has in all; the filters of `jobs`, without an offset."""
        return self.session.jobs.count(**filters)

    def clean(self, older_days: float, *, dry_run: bool = True) -> Cleaned:
        """Free disk: remove the results of jobs that ended and are older than that.

        What is unfinished is never touched, and rows stay, so the ledger does not change. With
        `dry_run` nothing is removed; the answer says how much it would be.

        Raises:
            InputError: `older_days` is negative.
        """
        from segmind_widgets.storage.cleanup import clean

        return clean(self.session.store, older_days, dry_run=dry_run)

    # money

    def spend(self, by: By = "model", since: datetime | str | None = None) -> list[SpendRow]:
        """What jobs cost, as the services told it; real money first. See `spending.SpendRow`.

        Args:
            by: model, day, notebook or job.
            since: only jobs begun then or later; a datetime, or ISO 8601 in UTC.

        Raises:
            InputError: `by` is none of these.
        """
        return self.session.store.spend(by, since)

    def session_spend(self, *, sandbox: bool = False) -> SessionSpend:
        """What this session's jobs have cost, and may cost still: real money, or play money."""
        return self.session.budget.session(sandbox=sandbox)

    def thumbnail(self, asset: Asset, side: int = 320) -> tuple[bytes, str]:
        """A small picture of an asset, kept on disk; see `Thumbnails.get`."""
        return self.session.thumbnail(asset, side)

    def from_image(self, source: FileSource) -> Job:
        """The job that made a picture, from the recipe in it, ready for `rerun` with changes.

        It takes the seed that was used; what was made on the sandbox runs there again.

        Raises:
            AssetError: the picture carries no recipe.
        """
        return self.session.from_image(source)

    def export(self, source: Plan | Job, form: str) -> str:
        """Text that makes a run again: "cell", "client" (Python with this), "python" or "curl".

        Nothing is sent, and no key is in it: the scripts read it from the environment.

        Raises:
            InputError: there is no such form, or a file among the inputs is only in memory.
        """
        return self.session.export(source, form)

    # the account, the models

    def credits(self, provider: str | None = None) -> Credits:
        """The balance. Free, and so the way to see whether a key is right."""
        from segmind_widgets.network.retry import send_with_retries

        endpoint = self.session.endpoints.choose(provider)
        call = endpoint.provider.credits_call()
        if call is None:
            raise InputError(f"{endpoint.provider.title} does not report a balance.")
        return endpoint.provider.parse_credits(send_with_retries(endpoint.transport, call))

    def catalog(self, provider: str | None = None) -> Catalog:
        """All known models, the live directory's among them."""
        session = self.session
        return session.directory.catalog(session.endpoints.choose(provider))

    def models(self, query: str = "", modality: str | None = None) -> list[Model]:
        """Models that fit, best first. `modality`: image, video, audio, text, edit, …"""
        return self.catalog().search(query, modality)
