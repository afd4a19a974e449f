"""The jobs of this and earlier kernels: live ones, and rows of the journal."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from functools import partial
from typing import Any, Protocol

from segmind_widgets.errors import (
    JobCancelled,
    NotFound,
    SegmindError,
    StillRunning,
    SubmitUnknown,
)
from segmind_widgets.formatting import provider_option
from segmind_widgets.jobs.answers import next_repeat
from segmind_widgets.jobs.history_search import HistorySearch
from segmind_widgets.jobs.job import Job
from segmind_widgets.jobs.runner import (
    JobRunner,
    assets_from_row,
    call_from_row,
    outputs_from_row,
    traits_from_row,
)
from segmind_widgets.jobs.scheduler import Scheduler
from segmind_widgets.jobs.submission import Submission
from segmind_widgets.network.endpoints import Endpoint, Endpoints
from segmind_widgets.network.retry import send_with_retries
from segmind_widgets.storage import replies
from segmind_widgets.storage.locks import KernelLock
from segmind_widgets.storage.ownership import JobOwnership, followed
from segmind_widgets.storage.records import files_from_row, results_from_row
from segmind_widgets.storage.store import Store, new_key
from segmind_widgets.types import Call, Kind, RunRequest, Status, UsualTime

_UNKNOWN_MODEL = "unknown"  # the model of a job that is not in the journal
_MIN_ID_LENGTH = (
    16  # minimum length in characters; a shorter text is the beginning of an id, or a typing error
)


class JobFollower(Protocol):
    """An object that watches jobs instead of this kernel's threads: a `workers.pool.WorkerPool`."""

    def follow(
        self, job: Job, endpoint: Endpoint, key: str, call: Call | None, **options: Any
    ) -> None:
        """Follow a job; the options are those of a `JobRunner`."""
        ...

    def find_submit(self, row: Mapping[str, Any], endpoint: Endpoint) -> Call | None:
        """Return the submit of a row if a worker has its reply, else None."""
        ...

    def close(self) -> None:
        """Stop following all jobs."""
        ...


class JobRegistry:
    """Starts, finds and resumes jobs.

    Args:
        submit: `client.submit`, for `job.rerun`.
        on_begin: called with each job that is started or resumed.
        export: `client.export`, for `job.export`.
        watch_options: returns `economical`, `watch_limit` and `recipes` for a `JobRunner`.
        usual_time: returns how long a model or workflow usually runs at an endpoint, or None.
    """

    def __init__(
        self,
        store: Store,
        endpoints: Endpoints,
        submit: Callable[..., Job],
        watch_options: Callable[[], Mapping[str, Any]],
        on_begin: Callable[[Job], object],
        export: Callable[[Job, str], str],
        usual_time: Callable[[str, Kind, Endpoint], UsualTime | None],
    ) -> None:
        self._store = store
        self._endpoints = endpoints
        self._submit = submit
        self._watch_options = watch_options
        self._on_begin = on_begin
        self._export = export
        self._usual_time = usual_time
        self._own: set[str] = set()  # keys of the jobs started or resumed here
        self._ownership = JobOwnership(store)
        self._lock = threading.RLock()  # two resumes of one job return the same object
        self._live_lock = threading.Lock()  # held from the check of `_live` to its change
        self._scheduler = Scheduler()
        self._live: weakref.WeakValueDictionary[str, Job] = weakref.WeakValueDictionary()
        self._runners: weakref.WeakValueDictionary[str, JobRunner] = weakref.WeakValueDictionary()
        self._pools: weakref.WeakSet[JobFollower] = weakref.WeakSet()

    def begin(
        self,
        call: Call,
        request: RunRequest,
        inputs: Mapping[str, Any],
        endpoint: Endpoint,
        usual: UsualTime | None,
        pool: JobFollower | None = None,
        assign: Callable[[Job], object] | None = None,
        **facts: Any,
    ) -> Job:
        """Write a new job to the journal, then submit it.

        Args:
            call: the submit.
            request: the request with the inputs for the journal: as sent, with placeholders for
                long ones.
            inputs: the inputs before files became URLs, for `rerun`.
            endpoint: where it runs.
            usual: how long it usually takes, None where unknown.
            pool: watches the job; None: this kernel's own threads.
            assign: called with the job before it can be sent, even if this method is interrupted.
            facts: additional columns of its row: estimate (USD), fingerprint, batch, row.
        """
        key, name = new_key(), endpoint.provider.name
        expected = usual.seconds if usual else None
        job = self._job(key, request, name, sandbox=endpoint.sandbox, expected_seconds=expected)
        job.resubmit = partial(self._rerun, request, inputs, endpoint.option)
        job.original_inputs = dict(inputs)
        job.submission = Submission(self._store, key, request.target)
        self._register(key, job)  # before its row, which another thread may resume at once
        self._add(
            endpoint,
            request,
            key=key,
            status=str(Status.SUBMITTING),
            notebook=os.getenv("JPY_SESSION_NAME"),
            **facts,
        )
        if assign:
            assign(job)
        self._watch(job, endpoint, key, call, pool, usual=usual)
        return job

    def resume(self, job_id: str, pool: JobFollower | None = None) -> Job:
        """Resume a job; see `client.resume`."""
        try:
            row = self._store.job(job_id)
        except NotFound:
            if len(job_id) < _MIN_ID_LENGTH or job_id.startswith("local-"):
                raise
            return self._adopt(job_id)
        with self._lock:
            row = self._store.job(row["key"])  # the row as the previous holder of the lock wrote it
            if row["deleted"] and not row["outputs"]:
                from segmind_widgets.storage.trash import deleted_for_good

                raise deleted_for_good(row["id"] or row["key"])
            live = self._live.get(row["key"])
            if live is not None and (live.watching or _is_ahead(live, row)):
                return live
            runner = self._runners.get(row["key"])
            if (
                runner is not None and runner.follow_again()
            ):  # it was stopped while a call was running
                self._live[row["key"]] = runner.job
                self._on_begin(runner.job)
                return runner.job
            if not Status(row["status"]).final:
                return self._resume_here(row, pool)
            if not _may_recover(row):
                return self._from_row(row)
            try:
                return self._resume_here(row, pool)
            except (NotFound, SubmitUnknown) as error:
                job = self._from_row(row)
                if job.status is Status.COMPLETED:
                    job.note = error.message  # why its files cannot be fetched again
                return job

    def ask_again(self, fingerprint: str, endpoint: Endpoint) -> Job | None:
        """Resume an equal request whose reply was lost, if its Idempotency-Key still holds.

        Returns None if there is none: then the request is a new job.
        """
        row = self._store.lost(fingerprint)
        if row is None or row["place"] != endpoint.address or self.is_watched(row["key"]):
            return None
        call = call_from_row(row)
        if call is None or next_repeat(call, row["sent"]) is None:
            return None
        try:
            return self.resume(row["key"])
        except StillRunning:  # another kernel asks
            return None

    def _resume_here(self, row: dict[str, Any], pool: JobFollower | None) -> Job:
        endpoint = self._endpoint_of(row)
        before, row = row, self._ownership.take(row)
        if row["status"] != before["status"] and Status(row["status"]).final:
            return self._from_row(row)
        call, outputs = call_from_row(row), outputs_from_row(row)
        if call and call.billed:  # the submit itself, with its Idempotency-Key
            call = next_repeat(call, row["sent"])
        if pool and row["sent"] and not (call or outputs or row["id"]):
            call = pool.find_submit(row, endpoint)
            row = self._store.job(row["key"])
        unsent = bool(before["owner"]) and not row["sent"]  # older versions did not record owners
        lost = None if call or outputs else self._lost_error(row, endpoint, unsent=unsent)
        usual = self._usual_time(row["target"], row["kind"], endpoint) if call else None
        job = self._job_to_follow(row, _clock(row, usual) if call else {})
        files = files_from_row(row) if outputs and not call else {}
        options = {"outputs": outputs, "files": files, "lost": lost, "usual": usual}
        self._watch(job, endpoint, row["key"], call, pool, **options)
        return job

    def _job_to_follow(self, row: Mapping[str, Any], clock: Mapping[str, Any]) -> Job:
        """Return the job of a row: the existing object if a variable or a view still has it."""
        live = self._live.get(row["key"])
        if live is None:
            return self._from_row(row, watching=True, **clock)
        traits = {**traits_from_row(row, watching=True), **clock}
        live.publish(**traits | {"watching": False, "outputs": (), "message": "", "note": ""})
        live.follow()
        return live

    def _lost_error(
        self, row: Mapping[str, Any], endpoint: Endpoint, *, unsent: bool
    ) -> SubmitUnknown:
        """Return the error of a row without a next call, which is then searched for in the history.

        Raises:
            JobCancelled: it was never sent.
            SubmitUnknown: it may have been accepted, and the service has no history.
        """
        before = row["error"] if row["status"] == Status.UNKNOWN else None
        unknown = SubmitUnknown(
            before
            or f"The kernel stopped while {row['target']} was being submitted; its id is unknown."
        )
        status, error = Status.UNKNOWN, unknown
        if unsent:
            text = (
                f"{row['target']} was never sent, because its kernel stopped. Nothing was billed."
            )
            status, error = Status.CANCELLED, JobCancelled(text)
        elif row["id"] or HistorySearch(endpoint.provider, self._store, row["key"]).call:
            return unknown
        self._store.update(row["key"], status=str(status), error=str(error), owner=None)
        raise error

    def resume_all(self) -> list[Job]:
        """Resume all unfinished jobs; see `client.resume_all`."""
        return [self._resume_row(row) for row in self._store.jobs(1_000_000, unfinished=True)]

    def job(self, job_id: str) -> Job:
        """Return a job without resuming it. Raises NotFound."""
        return self._job_of(self._store.job(job_id))

    def jobs(self, last: int, **filters: Any) -> list[Job]:
        """Return jobs of the journal; see `client.jobs`."""
        return [self._job_of(row) for row in self._store.jobs(last, **self._keys(**filters))]

    def count(self, most: int | None = None, **filters: Any) -> int:
        """Count jobs of the journal; see `client.count`."""
        return self._store.count(most, **self._keys(**filters))

    def _keys(self, *, here: bool = False, **filters: Any) -> dict[str, Any]:
        return filters | ({"keys": sorted(self._own)} if here else {})

    @property
    def kernel(self) -> KernelLock:
        """Return the lock of this kernel."""
        return self._ownership.kernel

    def is_watched(self, key: str) -> bool:
        """Return whether this kernel watches the job of a row."""
        live = self._live.get(key)
        return live is not None and live.watching

    def refresh(self, key: str) -> Job:
        """Return the job of a row whose results were deleted or restored."""
        row = self._store.job(key)
        live = self._live.get(key)
        if live is None:
            return self._from_row(row)
        live.publish(**{"note": "", **results_from_row(row)})
        return live

    def close(self) -> None:
        """Stop watching; jobs continue at their services."""
        for job in list(self._live.values()):
            job.stop()
        for pool in list(self._pools):
            pool.close()
        self._scheduler.close()
        self._ownership.close()

    def _job_of(self, row: Mapping[str, Any]) -> Job:
        live = self._live.get(row["key"])
        fewer = live is not None and len(live.outputs) > len(row["outputs"])
        if live is not None and not live.watching and fewer and row["deleted"]:  # elsewhere, too
            return self.refresh(row["key"])
        if live is not None and (
            live.watching or live.status == row["status"] or _is_ahead(live, row)
        ):
            return live
        return self._from_row(row)  # a view may still hold a job that another kernel has finished

    def _resume_row(self, row: Mapping[str, Any]) -> Job:
        try:
            return self.resume(row["key"])
        except SegmindError as error:
            job = self._from_row(self._store.job(row["key"]))
            job.error = error
            return job

    def _add(self, endpoint: Endpoint, request: RunRequest, **row: Any) -> str:
        return self._store.add(
            provider=endpoint.provider.name,
            place=endpoint.address,
            sandbox=endpoint.sandbox,
            kind=request.kind,
            target=request.target,
            inputs=request.inputs,
            owner=self._ownership.owner,
            **row,
        )

    def _job(self, key: str, request: RunRequest, provider: str, **traits: Any) -> Job:
        facts = {"id": key, "provider": provider, "model": request.target, "kind": request.kind}
        job = Job(**facts | {"inputs": dict(request.inputs)} | traits)
        job.render_export, job.find_upload = self._export, self._store.uploaded_file
        job.read_reply = lambda paths: replies.read(replies.find(self._store.results, key, paths))
        return job

    def _register(self, key: str, job: Job) -> Job:
        """Make it the job of a row, unless another thread has begun to watch one; return that."""
        with self._live_lock:
            live = self._live.get(key)
            if live is not None and live.watching:
                return live
            self._live[key] = job
            return job

    def _rerun(
        self, request: RunRequest, inputs: Mapping[str, Any], where: str, changes: Mapping[str, Any]
    ) -> Job:
        options = {"kind": request.kind, "api": request.api, "provider": where}
        more = {"endpoint": request.endpoint} if request.endpoint else {}
        return self._submit(request.target, {**inputs, **changes}, **options, **more)

    def _watch(
        self,
        job: Job,
        endpoint: Endpoint,
        key: str,
        call: Call | None,
        pool: JobFollower | None = None,
        **more: Any,
    ) -> None:
        options = {**more, **self._watch_options()}
        if pool:
            self._pools.add(pool)
            pool.follow(job, endpoint, key, call, **options)
        else:
            to = endpoint.provider, endpoint.transport, self._store
            runner = self._runners[key] = JobRunner(job, *to, key, call, **options)
            self._scheduler.add(runner)
        self._own.add(key)
        self._on_begin(job)

    def _from_row(self, row: Mapping[str, Any], *, watching: bool = False, **more: Any) -> Job:
        """Return a job made from its row, with its files if they are on disk."""
        request = RunRequest(row["target"], row["inputs"], row["kind"])
        traits = traits_from_row(row, watching=watching) | more
        if not watching and not traits["status"].final:
            traits["error"] = (
                followed(row) if self._ownership.elsewhere(row) else _not_followed(row)
            )
        job = self._job(row["key"], request, row["provider"], **traits)
        if row["target"] != _UNKNOWN_MODEL:
            job.resubmit = partial(self._rerun, request, row["inputs"], self._provider_option(row))
        if not watching:
            job.publish(last=True)
        return self._register(row["key"], job)

    def _provider_option(self, row: Mapping[str, Any]) -> str:
        """Return the provider as `-p` takes it."""
        return provider_option(row["provider"], sandbox=self._own_sandbox(row))

    def _endpoint_of(self, row: Mapping[str, Any]) -> Endpoint:
        """Return the endpoint of a row's job.

        Raises:
            NotFound: it ran on a sandbox that no longer exists (which ends its unfinished jobs), or
                at an address other than the present one.
        """
        endpoint = self._endpoints.at(row["provider"], sandbox=self._own_sandbox(row))
        if endpoint.address == row["place"]:
            return endpoint
        job_id = row["id"] or row["key"]
        if row["sandbox"]:
            error = NotFound(
                f"The job {job_id} ran on a sandbox that no longer exists: a sandbox ends with "
                "its kernel.",
                hint="Run it again; on the sandbox that costs nothing.",
            )
            if not Status(row["status"]).final:
                columns = {"status": str(Status.UNKNOWN), "next": None, "error": error.message}
                self._store.update(row["key"], **columns)
            raise error
        raise NotFound(
            f"The job {job_id} runs at {row['place']}, not {endpoint.address}.",
            hint="Change the address back to it and resume again.",
        )

    def _own_sandbox(self, row: Mapping[str, Any]) -> bool:
        """Return whether it ran on a kernel's own sandbox, not at an address from the settings."""
        if not row["sandbox"]:
            return False
        return row["place"] != self._endpoints.at(row["provider"], sandbox=False).address

    def _adopt(self, job_id: str) -> Job:
        """Return a job that is not in this journal, by the service's id.

        Raises:
            NotFound: the service does not have it either.
            SegmindError: the service refused or did not answer.
        """
        endpoint = self._endpoints.choose()
        call = endpoint.provider.find(job_id)
        try:
            state = endpoint.provider.parse(call, send_with_retries(endpoint.transport, call))
            while state.next and state.now:
                state = endpoint.provider.parse(
                    state.next, send_with_retries(endpoint.transport, state.next)
                )
            if isinstance(state.error, NotFound):
                raise state.error
        except NotFound as error:
            hint = f"Neither this journal nor {endpoint.provider.title} has a job with this id."
            raise error.with_hint(hint) from error.__cause__
        request, key = RunRequest(_UNKNOWN_MODEL), new_key()
        job = self._job(key, request, endpoint.provider.name, sandbox=endpoint.sandbox)
        job.publish(id=job_id, status=Status.QUEUED)
        self._register(key, job)
        facts = {"id": job_id, "status": str(Status.QUEUED), "next": call.to_dict()}
        try:
            self._add(endpoint, request, key=key, **facts)
        except StillRunning:  # another thread or kernel was first
            return self.resume(job_id)
        self._watch(job, endpoint, key, call)
        return job


def _is_ahead(live: Job, row: Mapping[str, Any]) -> bool:
    """Return whether the job ended here, but its results are only in memory."""
    return live.status is Status.COMPLETED and not Status(row["status"]).final


def _may_recover(row: Mapping[str, Any]) -> bool:
    """Return whether the service's history may contain an ended job or its files."""
    if row["status"] == Status.COMPLETED:
        return len(assets_from_row(row)) < len(row["outputs"])
    return row["status"] == Status.UNKNOWN


def _not_followed(row: Mapping[str, Any]) -> StillRunning:
    job_id = row["id"] or row["key"]
    message, hint = f"The job {job_id} is not watched here; it continues.", "Fetch its result with"
    if not (row["id"] or row["next"] or row["outputs"]):
        before = f"The kernel stopped before {row['target']} received a reply"
        if row["sent"]:
            message = f"{before}: it may be running and billed."
            hint = "Search for it (free of charge) with"
        elif row["owner"]:  # without an owner it is unknown whether the kernel stopped
            message = f"{before}, and it was never sent: nothing was billed."
            hint = "Close it with"
    return StillRunning(row["error"] or message, hint=f"{hint} %segmind_jobs --resume {job_id}")


def _clock(row: Mapping[str, Any], usual: UsualTime | None) -> dict[str, Any]:
    """Return the seconds since a job's start, and its usual ones, as traits."""
    if Status(row["status"]).final:
        return {}
    start = datetime.fromisoformat(row["sent"] or row["created"])
    age = (datetime.now(timezone.utc) - start).total_seconds()
    return {"elapsed": max(0.0, age), "expected_seconds": usual.seconds if usual else None}
