"""A pool of workers that run the rows of a batch, through any `concurrent.futures.Executor`.

The driver (this kernel) runs each row's `JobRunner`, as for a local row: it submits and polls,
writes the journal and acquires a slot of the account's rate limit before each request. A worker has
one task a row: it downloads the results into the folder. Only a v1 run, whose reply is the result,
is sent by a worker (see `tasks`). So the rate limit holds for any number of workers, no worker
waits while a job runs, results and costs equal those of a local run, and a lost worker loses only
its current task.

The driver uploads input files, once each, before it submits their rows: workers get URLs. Result
files do not pass through the executor: workers write them to the shared folder, as they do with a
reply that is itself a file (v1). If the folder is a URL, the driver keeps a local copy of each
file for galleries and contact sheets.
"""

from __future__ import annotations

import os
import threading
import uuid
from asyncio import CancelledError
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future, wait
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from segmind_widgets.assets.asset import Asset
from segmind_widgets.assets.recipes import FACTS
from segmind_widgets.errors import DownloadError, InputError, StoreError, WorkersLost
from segmind_widgets.file_modes import PRIVATE, SHARED
from segmind_widgets.jobs.downloads import Downloader
from segmind_widgets.jobs.job import Job
from segmind_widgets.jobs.runner import SLOW_TIMEOUT, JobRunner
from segmind_widgets.jobs.scheduler import Scheduler
from segmind_widgets.network.endpoints import Endpoint
from segmind_widgets.network.rate_limit import RateLimit
from segmind_widgets.planning.plan import Plan
from segmind_widgets.storage.records import assets_from_row, output_to_row
from segmind_widgets.storage.store import Store
from segmind_widgets.types import Call, Output, Reply
from segmind_widgets.workers import tasks
from segmind_widgets.workers.shared_folder import open_folder, safe_name
from segmind_widgets.workers.tasks import (
    Answer,
    Notes,
    ResultFiles,
    error_from_json,
    is_refused,
    recipe,
    reply_from_answer,
)

if TYPE_CHECKING:
    from segmind_widgets.session import Session

MAX_TRIES = 3  # of a task whose worker was lost
_DEFAULT_SLOTS = 8  # for executors that do not tell their number of workers
_MAX_TASKS = 64  # concurrent tasks of one kind
_WAIT_MESSAGE_DELAY = 3.0  # seconds until the job shows that it waits for a worker
_EXECUTOR_ERRORS = (Exception, CancelledError)  # executors may raise exceptions of any class


class WorkerPool:
    """The workers of one batch, as a `feeder.RowRunner`.

    Each worker has at most one task (a v1 run, a download) at a time.

    Args:
        session: the session of the driver.
        executor: runs the tasks. The caller owns it: the pool does not shut it down.
        folder: a path or an fsspec URL that the driver and all workers can read and write.

    Raises:
        InputError: `executor` is not an executor, or the folder cannot be opened.
    """

    def __init__(self, session: Session, executor: Executor, folder: str | Path) -> None:
        if not isinstance(executor, Executor):
            raise InputError(
                "`executor` must be a concurrent.futures.Executor, not a"
                f" {type(executor).__name__}.",
                hint="Such as ProcessPoolExecutor(), or get_executor() of Dask's Client.",
                field="executor",
            )
        self._session, self._executor = session, executor
        text = os.fspath(folder)
        self.url = text if "://" in text else str(Path(text).expanduser().resolve())
        home = session.store.home.resolve()
        self.is_private = "://" not in text and Path(self.url).is_relative_to(home)
        self.folder = open_folder(self.url, PRIVATE if self.is_private else SHARED)
        self._lock = threading.Lock()
        self._scheduler: Scheduler | None = None
        self._futures: dict[Future[Answer], Job] = {}
        self._cancelled: WeakSet[Job] = WeakSet()
        self._replies: dict[str, Answer] = {}  # replies to submits of an earlier driver, by row key
        self._is_folder_checked = False
        self.closed = False

    # rows

    def start(
        self, plan: Plan, *, batch: str, row: int, assign: Callable[[Job], object] | None = None
    ) -> Job:
        """Submit the plan as `session.start` does, with its results downloaded by workers."""
        return self._session.start(plan, batch=batch, row=row, assign=assign, pool=self)

    def resume(self, job_id: str) -> Job:
        """Resume a job as `session.resume` does, and use the workers' notes on it."""
        return self._session.jobs.resume(job_id, self)

    def follow(
        self, job: Job, endpoint: Endpoint, key: str, call: Call | None, **options: Any
    ) -> None:
        """Watch a job until it ends; workers download its results, and send it if it is of v1."""
        store = self._session.store
        errands = Errands(self, job, endpoint, store.job(key), self._replies.pop(key, None))
        errands.recipes = options.get("recipes", True)
        if call and is_for_workers(call):
            errands.announce()
            if call.repeats:
                errands.continue_attempts()
        elif call and call.billed and not self._is_folder_checked:
            errands.check_folder()
            self._is_folder_checked = True
        with self._lock:
            if self._scheduler is None:
                threads = min(_MAX_TASKS, slots(self._executor))
                self._scheduler, self.closed = Scheduler(slow_senders=threads), False
            self._scheduler.add(
                JobRunner(
                    job,
                    endpoint.provider,
                    errands,
                    store,
                    key,
                    call,
                    downloader=lambda stamp: RowDownloader(errands, store, key, stamp),
                    **options,
                )
            )

    def find_submit(self, row: Mapping[str, Any], endpoint: Endpoint) -> Call | None:  # noqa: ARG002 - JobFollower
        """Return the submit of a row of a lost driver, if a worker has noted the reply.

        If no worker has sent it, block it for all workers and mark the row as not sent.
        """
        notes = Notes(self.folder, row["batch"] or "", row["key"])
        if not notes.exists:  # a local run submitted it, or workers with another folder
            return None
        attempt, note = notes.last()
        if note is None or is_refused(note) or note["status"] == "given up":
            if notes.give_up(attempt if note is None else attempt + 1):
                self._session.store.update(row["key"], sent=None)
                return None
            attempt, note = notes.last()  # a worker has sent it in the meantime
        if not note or "reply" not in note:
            return None
        self._replies[row["key"]] = {"reply": note["reply"]}
        return Call(**note["call"])

    def close(self) -> None:
        """Stop following jobs and cancel waiting tasks; running tasks end and write their notes."""
        with self._lock:
            scheduler, self._scheduler = self._scheduler, None
            self.closed = True
        if scheduler:
            scheduler.close()
        for future in list(self._futures):
            future.cancel()

    # tasks

    def cancel(self, job: Job) -> None:
        """Cancel the tasks of a job that no worker has begun."""
        self._cancelled.add(job)  # before the read: its task may be about to be submitted
        for future, other in list(self._futures.items()):
            if other is job:
                future.cancel()

    def run_task(
        self, function: Callable[[tasks.Task], Answer], task: tasks.Task, job: Job
    ) -> Answer:
        """Run a task on a worker and return its answer.

        Raises:
            WorkersLost: the worker or the executor is lost, or the task was cancelled.
        """
        try:
            _check_open(self._executor)
            future = self._executor.submit(function, {**task, "task": uuid.uuid4().hex})
            self._futures[future] = job
            if job in self._cancelled:  # after the write: `cancel` may have missed it
                future.cancel()
            try:
                while not wait([future], _WAIT_MESSAGE_DELAY).done:
                    _check_open(self._executor)
                    job.publish(message="waiting for a worker's reply")
                return future.result()
            finally:
                self._futures.pop(future, None)
        except _EXECUTOR_ERRORS as error:
            message = f"The workers did not run the task: {str(error) or type(error).__name__}"
            raise WorkersLost(f"{message[:300].rstrip('.')}.") from None


class Errands:
    """A `transport.Sender` for one row that sends v1 runs and downloads through workers.

    Args:
        pool: runs the tasks.
        job: shows messages.
        endpoint: receives the requests.
        row: the journal's row.
        reply: the reply to the submit that a worker of an earlier driver has noted, if any.
    """

    def __init__(
        self,
        pool: WorkerPool,
        job: Job,
        endpoint: Endpoint,
        row: Mapping[str, Any],
        reply: Answer | None,
    ) -> None:
        self.job, self.endpoint = job, endpoint
        self.recipes = True  # whether workers write recipes into pictures
        self._pool, self._reply, self._attempt = pool, reply, 0
        self._is_announced = False  # whether the notes say that workers get the submit
        self._notes = Notes(pool.folder, row["batch"] or "", row["key"])
        self._task = {
            "provider": endpoint.provider.name,
            "urls": dict(endpoint.provider.urls),
            "sandbox_key": endpoint.sandbox_key,
            "folder": pool.url,
            "private": pool.is_private,
            "batch": row["batch"] or "",
            "row": row["row"] or 0,
            "key": row["key"],
        }

    def check_folder(self) -> None:
        """Write a file, so that nothing is paid for that no worker could keep.

        Raises:
            StoreError: the folder is not usable.
        """
        self._pool.folder.write(f"{safe_name(self._task['batch'])}/notes/driver.json", b"{}")

    def announce(self) -> None:
        """Note that workers will get the submit.

        Raises:
            StoreError: the folder is not usable.
        """
        self._notes.announce(self._task["row"])
        self._is_announced = True

    def continue_attempts(self) -> None:
        """Go on after the attempts of an earlier driver; read the last one if it succeeded."""
        attempt, note = self._notes.last()
        is_answered = bool(note) and note.get("reply", {}).get("status", 500) < 300
        self._attempt = attempt if note is None or is_answered else attempt + 1

    @property
    def limit(self) -> RateLimit:
        """Return the account's rate limit, which the driver keeps for all workers."""
        return self.endpoint.transport.limit

    def send(self, call: Call) -> Reply:
        """Send a call as `Transport.send` does: from this kernel, except a v1 run."""
        return self._submit(call) if is_for_workers(call) else self.endpoint.transport.send(call)

    def download(self, url: str, path: Any, progress: Any = None) -> str | None:
        """Download in the driver, as `Transport.download` does."""
        return self.endpoint.transport.download(url, path, progress)

    @property
    def result_dir(self) -> ResultFiles | None:
        """Return the folder for files the driver downloads; None (its store) if it is a URL."""
        if "://" in self._pool.url:
            return None
        folder = Path(self._pool.url) / safe_name(self._task["batch"])
        return ResultFiles(folder, self._task["row"], self._pool.folder.modes)

    def fetch(self, outputs: Sequence[Output]) -> list[dict[str, Any]]:
        """Let a worker download the outputs to the folder; return its list of files.

        Raises:
            DownloadError: an output cannot be downloaded.
            WorkersLost: no worker ran the task.
        """
        fields = {
            "outputs": [output_to_row(output) for output in outputs],
            "recipe": recipe(self.job.latest(FACTS)),
            "stamp": self.recipes,
            "target": self.job.model,
        }
        answer = self._run(tasks.fetch, fields)
        if "error" in answer:
            raise error_from_json(answer["error"])
        return answer["files"]

    def local_path(self, location: str, new_path: Callable[[], Path]) -> Path:
        """Return the path of a worker's file on this machine, copied to `new_path()` if remote."""
        return self._pool.folder.local_path(location, new_path)

    def _run(
        self,
        function: Callable[[tasks.Task], Answer],
        fields: Mapping[str, Any],
        tries: int = MAX_TRIES,
    ) -> Answer:
        try:
            return self._pool.run_task(function, {**self._task, **fields}, self.job)
        except WorkersLost:
            if self._pool.closed or tries <= 1:
                raise
        return self._run(function, fields, tries - 1)

    def _submit(self, call: Call) -> Reply:
        """Submit at most once; the notes show how far a lost worker got."""
        reply, self._reply = self._reply, None
        submission = self.job.submission
        if not self._is_announced:  # after a refusal of the other form, which this kernel sent
            self.announce()
        if submission is not None:
            submission.recall = partial(self._recall, self._attempt)
        try:
            if submission is not None and submission.is_unwanted and submission.withdraw():
                raise WorkersLost("The submit was withdrawn before a worker began it.")
            return self._submit_once(call, reply)
        finally:
            if submission is not None:
                submission.recall = None

    def _recall(self, attempt: int) -> bool:
        """Take the submit back; return False where a worker has begun it."""
        if not self._notes.give_up(attempt):
            return False
        self._pool.cancel(self.job)
        return True

    def _submit_once(self, call: Call, reply: Answer | None) -> Reply:
        fields = {"call": call.to_dict(), "attempt": self._attempt}
        try:
            answer = reply or self._run(tasks.send, fields)
        except WorkersLost:
            if self._notes.give_up(self._attempt):
                raise
            answer = self._notes.answer(self._attempt)
        self._attempt += 1  # after a refusal the runner may send again
        return reply_from_answer(answer, self._pool.folder)


class RowDownloader(Downloader):
    """A downloader that lets workers write the files to the shared folder."""

    def __init__(
        self, errands: Errands, store: Store, key: str, stamp: Callable[[Asset], Asset]
    ) -> None:
        super().__init__(errands.result_dir or store, errands, errands.job.model, key, stamp)
        self._errands = errands

    def fetch(self, outputs: Sequence[Output]) -> None:
        """Download the outputs through a worker, else as `Downloader.fetch` does.

        The driver itself stores files that are part of the reply, and continues its own partial
        downloads. It also fetches what is there of several outputs where a worker could not fetch
        all of them.

        Raises:
            DownloadError: an output cannot be downloaded.
            StoreError: a worker cannot write to the folder, or this machine cannot see its file.
        """
        local = any(
            output.data is not None or (output.url or "").startswith("file:") for output in outputs
        )
        if self.files or local:
            super().fetch(outputs)
            return
        try:
            files = self._errands.fetch(outputs)
        except (WorkersLost, DownloadError) as error:
            if isinstance(error, DownloadError) and len(outputs) == 1:
                raise
            super().fetch(outputs)
            return
        self.files = {index: self._row_asset(index, file) for index, file in enumerate(files)}

    def _row_asset(self, index: int, file: dict[str, Any]) -> Asset:
        location = file["path"]
        path = self._errands.local_path(
            location, lambda: self._path(index, file["media_type"], location)
        )
        assets = assets_from_row({"outputs": [{**file, "path": str(path)}]})
        if not assets:
            raise StoreError(
                f"A worker wrote {path}, but this machine cannot see that file.",
                hint="Choose a folder that this machine and all workers have at the same path.",
            )
        return assets[0]


def is_for_workers(call: Call) -> bool:
    """Return whether a worker sends a call: a run that lasts as long as the call."""
    return call.billed and call.timeout > SLOW_TIMEOUT


def slots(executor: Executor) -> int:
    """Return how many tasks an executor runs at once; `_DEFAULT_SLOTS` if unknown."""
    dask: Any = getattr(executor, "_client", None)
    if dask is not None:
        return (
            _DEFAULT_SLOTS if _is_closed(dask) else sum(dask.nthreads().values()) or _DEFAULT_SLOTS
        )
    return (
        getattr(executor, "_max_workers", None) or _DEFAULT_SLOTS
    )  # of the standard library and ipyparallel


def _check_open(executor: Executor) -> None:
    """Raise for a closed Dask client: its futures would never end."""
    if _is_closed(getattr(executor, "_client", None)):
        raise RuntimeError("Dask's client is closed")


def _is_closed(dask: Any) -> bool:
    return getattr(dask, "status", None) in ("closing", "closed")
