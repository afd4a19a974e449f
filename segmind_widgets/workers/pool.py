"""Workers elsewhere that run the rows of a batch, through any `concurrent.futures.Executor`.

What a row needs next is known here, as for a local one: the very same `JobRunner` reads the
replies, keeps the journal, and takes a place in the account's rate limit before each request. Only
the requests themselves and the downloads are done by workers, each as one short task (`tasks`). So
the pace is kept exactly however many workers there are, no worker waits while a job runs, results
and ledger are those of a local run, and a lost worker loses no more than the task it was at.

Files among the inputs are uploaded by the driver, once each, before their rows go out: workers get
URLs. Files of results never pass through the executor: they are in the folder, where also a reply
goes that is a file itself (v1). Beside a folder that is a URL the driver keeps a copy of each, so
that galleries and sheets show them as they show all others.
"""

from __future__ import annotations

import os
import threading
import uuid
from asyncio import CancelledError
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segmind_widgets.assets.asset import Asset
from segmind_widgets.assets.recipes import FACTS
from segmind_widgets.errors import InputError, StoreError, WorkersLost
from segmind_widgets.jobs.downloads import Downloader
from segmind_widgets.jobs.job import Job
from segmind_widgets.jobs.runner import JobRunner
from segmind_widgets.jobs.scheduler import Scheduler
from segmind_widgets.network.endpoints import Endpoint
from segmind_widgets.network.rate_limit import RateLimit
from segmind_widgets.planning.plan import Plan
from segmind_widgets.storage.records import assets_from_row
from segmind_widgets.storage.records import output_to_row as plain_output
from segmind_widgets.storage.store import Store
from segmind_widgets.types import Call, Output, Reply
from segmind_widgets.workers import tasks
from segmind_widgets.workers.shared_folder import opened, plain
from segmind_widgets.workers.tasks import (
    Answer,
    Notes,
    ResultFiles,
    outcome,
    recipe,
    refused,
    unpacked,
)

if TYPE_CHECKING:
    from segmind_widgets.session import Session

TRIES = 3  # of a task whose worker was lost
_SOME = 8  # workers, where nobody tells how many there are
_MOST = 64  # tasks of one kind at once, however many workers there are
_NOTICED = 3.0  # seconds of waiting that a person is told about
_LOST = (Exception, CancelledError)  # whatever an executor raises in the place of an answer


class WorkerPool:
    """The workers of one batch, as a `feeder.RowRunner`.

    At most one short task and one long one (a v1 run, a download) a worker are out at once.

    Args:
        session: the driver's.
        executor: where tasks go. It is the caller's: nothing here shuts it down.
        folder: a path or an fsspec URL that the driver and all workers can read and write.

    Raises:
        InputError: it is no executor, or a folder that nothing here can open.
    """

    def __init__(self, session: Session, executor: Executor, folder: str | Path) -> None:
        if not isinstance(executor, Executor):
            raise InputError(
                f"`executor` is a {type(executor).__name__}, and no concurrent.futures.Executor.",
                hint="Such as ProcessPoolExecutor(), or get_executor() of Dask's Client.",
                field="executor",
            )
        self._session, self._executor = session, executor
        text = os.fspath(folder)
        self.url = text if "://" in text else str(Path(text).expanduser().resolve())
        self.folder = opened(self.url)
        self._lock = threading.Lock()
        self._scheduler: Scheduler | None = None
        self._futures: set[Future[Answer]] = set()
        self._replies: dict[str, Answer] = {}  # to submits of an earlier driver
        self.closed = False

    # rows

    def start(self, plan: Plan, *, batch: str, row: int) -> Job:
        """As `session.start`; the requests are sent by workers."""
        return self._session.start(plan, batch=batch, row=row, pool=self)

    def resume(self, job_id: str) -> Job:
        """As `session.resume`; what workers noted of it is known, too."""
        return self._session.jobs.resume(job_id, self)

    def follow(
        self, job: Job, endpoint: Endpoint, key: str, call: Call | None, **options: Any
    ) -> None:
        """Have workers do what a job needs, until it ends."""
        store = self._session.store
        errands = Errands(self, job, endpoint, store.job(key), self._replies.pop(key, None))
        if call and call.billed:
            errands.hand_out()
        with self._lock:
            if self._scheduler is None:
                most = min(_MOST, slots(self._executor))
                self._scheduler, self.closed = Scheduler(most, most), False
            self._scheduler.add(RowJobRunner(store, errands, key, call, **options))

    def sent(self, row: Mapping[str, Any], endpoint: Endpoint) -> Call | None:  # noqa: ARG002 - as asked
        """The submit of a row whose driver was lost, where a worker noted the reply.

        Where no worker sent it, none will from now on, and its row says so.
        """
        notes = Notes(self.folder, row["batch"] or "", row["key"])
        if not notes.handed_out:  # a local run began it, or workers with another folder
            return None
        attempt, note = notes.last()
        if note is None or refused(note) or note["status"] == "given up":
            if notes.give_up(attempt if note is None else attempt + 1):
                self._session.store.update(row["key"], sent=None)
                return None
            attempt, note = notes.last()  # a worker was quicker, just now
        if not note or "reply" not in note:
            return None
        self._replies[row["key"]] = {"reply": note["reply"]}
        return Call(**note["call"])

    def close(self) -> None:
        """Follow nothing any more. What workers are at they end, and note; the rest is not done."""
        with self._lock:
            scheduler, self._scheduler = self._scheduler, None
            self.closed = True
        if scheduler:
            scheduler.close()
        for future in list(self._futures):
            future.cancel()

    # tasks

    def do(self, work: Callable[[tasks.Task], Answer], task: tasks.Task, job: Job) -> Answer:
        """What a worker answers.

        Raises:
            WorkersLost: the worker, or the whole executor, is no more; or the task was taken back.
        """
        try:
            _check_open(self._executor)
            future = self._executor.submit(work, {**task, "task": uuid.uuid4().hex})
            self._futures.add(future)
            try:
                while not wait([future], _NOTICED).done:
                    _check_open(self._executor)
                    job.publish(message="waiting for a worker's answer")
                return future.result()
            finally:
                self._futures.discard(future)
        except _LOST as error:
            said = f"The workers did not do it: {str(error) or type(error).__name__}"
            raise WorkersLost(f"{said[:300].rstrip('.')}.") from None


class Errands:
    """A `transport.Sender` that has workers send, and fetch, for one row.

    Args:
        row: the journal's.
        reply: what a worker of an earlier driver noted as the reply to the submit.
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
        self._pool, self._reply, self._attempt = pool, reply, 0
        self._notes = Notes(pool.folder, row["batch"] or "", row["key"])
        self._task = {
            "provider": endpoint.provider.name,
            "urls": dict(endpoint.provider.urls),
            "sandbox": endpoint.sandbox,
            "folder": pool.url,
            "batch": row["batch"] or "",
            "row": row["row"] or 0,
            "key": row["key"],
        }

    def hand_out(self) -> None:
        """Note that workers are given the submit. Raises StoreError: the folder is not usable."""
        self._notes.hand_out(self._task["row"])

    @property
    def limit(self) -> RateLimit:
        """The account's, which the driver keeps for all."""
        return self.endpoint.transport.limit

    def send(self, call: Call) -> Reply:
        """As `Transport.send`."""
        if call.billed:
            return self._submit(call)
        try:
            answer = self._done(tasks.send, {"call": call.to_dict()})
        except WorkersLost:  # asking costs nothing, and can be done from here
            if self._pool.closed:
                raise self.job.left("The batch was closed") from None
            return self.endpoint.transport.send(call)
        return outcome(answer, self._pool.folder)

    def download(self, url: str, path: Any, progress: Any = None) -> str | None:
        """As `Transport.download`, by the driver itself."""
        return self.endpoint.transport.download(url, path, progress)

    @property
    def result_dir(self) -> ResultFiles | None:
        """Where the driver itself puts this row's files; None for its store, beside a URL."""
        if "://" in self._pool.url:
            return None
        return ResultFiles(Path(self._pool.url) / plain(self._task["batch"]), self._task["row"])

    def fetch(self, outputs: Sequence[Output]) -> list[dict[str, Any]]:
        """Have a worker bring the outputs to the folder; what it says of the files.

        Raises:
            DownloadError: one cannot be fetched.
            WorkersLost: no worker does it.
        """
        said = recipe(self.job.latest(FACTS))
        more = {"outputs": [plain_output(one) for one in outputs], "recipe": said}
        answer = self._done(tasks.fetch, {**more, "target": self.job.model})
        if "error" in answer:
            raise unpacked(answer["error"])
        return answer["files"]

    def bring(self, kept: str, path: Callable[[], Path]) -> Path:
        """A file that a worker took to the folder, on this machine: there, or a copy at `path`."""
        return self._pool.folder.bring(kept, path)

    def _done(
        self, work: Callable[[tasks.Task], Answer], more: Mapping[str, Any], tries: int = TRIES
    ) -> Answer:
        try:
            return self._pool.do(work, {**self._task, **more}, self.job)
        except WorkersLost:
            if self._pool.closed or tries <= 1:
                raise
        return self._done(work, more, tries - 1)

    def _submit(self, call: Call) -> Reply:
        """Have it sent once. Whoever is lost, the note says how far it came."""
        reply, self._reply = self._reply, None
        more = {"call": call.to_dict(), "attempt": self._attempt}
        try:
            answer = reply or self._done(tasks.send, more)
        except WorkersLost:
            if self._notes.give_up(self._attempt):
                raise
            answer = self._notes.answer(self._attempt)
        self._attempt += 1  # what was refused may be sent again
        return outcome(answer, self._pool.folder)


class RowJobRunner(JobRunner):
    """A row's watch: its files are in the folder, and are brought there by workers."""

    def __init__(
        self, store: Store, errands: Errands, key: str, call: Call | None, **options: Any
    ) -> None:
        super().__init__(
            errands.job, errands.endpoint.provider, errands, store, key, call, **options
        )
        self._results = RowDownloader(errands, store, key, self._with_recipe)


class RowDownloader(Downloader):
    def __init__(
        self, errands: Errands, store: Store, key: str, stamp: Callable[[Asset], Asset]
    ) -> None:
        super().__init__(errands.result_dir or store, errands, errands.job.model, key, stamp)
        self._errands = errands

    def fetch(self, outputs: Sequence[Output]) -> None:
        """As `Downloader.fetch`; bytes of the reply and files that no worker brings are done here.

        Raises:
            DownloadError: one cannot be fetched.
            StoreError: a worker cannot write to the folder, or its file is not to be seen here.
        """
        here = any(one.data is not None or (one.url or "").startswith("file:") for one in outputs)
        if self.assets or here:
            super().fetch(outputs)
            return
        try:
            files = self._errands.fetch(outputs)
        except WorkersLost:
            super().fetch(outputs)
            return
        for index, file in enumerate(files):
            self.assets.append(self._brought(index, file))

    def _brought(self, index: int, file: dict[str, Any]) -> Asset:
        kept = file["path"]
        path = self._errands.bring(kept, lambda: self._path(index, file["media_type"], kept))
        found = assets_from_row({"outputs": [{**file, "path": str(path)}]})
        if not found:
            raise StoreError(
                f"A worker wrote {path}, which is not to be seen here.",
                hint="Give a folder that this machine and all workers have at the same path.",
            )
        return found[0]


def slots(executor: Executor) -> int:
    """How many tasks an executor does at once, where it can be told."""
    dask: Any = getattr(executor, "_client", None)
    if dask is not None:
        return _SOME if _is_closed(dask) else sum(dask.nthreads().values()) or _SOME
    return getattr(executor, "_max_workers", None) or _SOME  # the library's own; ipyparallel's


def _check_open(executor: Executor) -> None:
    """Of a Dask client that was closed, also at the same time, no future ever ends."""
    if _is_closed(getattr(executor, "_client", None)):
        raise RuntimeError("Dask's client is closed")


def _is_closed(dask: Any) -> bool:
    return getattr(dask, "status", None) in ("closing", "closed")
