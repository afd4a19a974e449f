"""Jobs and their states: queued, processing, completed or failed."""

from __future__ import annotations

import asyncio
import hashlib
import json
import math
import random
import time
import uuid
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from segmind_widgets.sandbox.state.account import Account, utc
from segmind_widgets.sandbox.state.files import StoredFile

_QUEUED = 0.15  # share of a job's duration
_HISTORY_TEXT = 20_000  # characters; longer inputs are shortened in the history


@dataclass(frozen=True)
class Output:
    """A result: a file or a text. `label` is its name in a workflow."""

    file: StoredFile | None = None
    text: str = ""
    label: str = ""

    @property
    def value(self) -> str:
        """Return the address of the file, or the text."""
        return self.file.url if self.file else self.text


@dataclass
class Job:
    """One run of a Segmind model or workflow, or an APIMart task.

    `seconds` is its duration; `failing` is the error message of a scripted failure, or empty.
    """

    kind: Literal["model", "workflow", "task"]
    model: str
    inputs: Mapping[str, Any]
    seed: int
    cost: float
    seconds: float
    failing: str = ""
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    status: str = "QUEUED"
    outputs: Sequence[Output] = ()
    error: str = ""
    created: datetime = field(default_factory=utc)
    done: asyncio.Event = field(default_factory=asyncio.Event)
    submitted: float = field(default_factory=time.monotonic)
    started: float | None = None
    ended: float | None = None
    polled: float = -math.inf  # the time of the last poll

    @property
    def elapsed(self) -> float:
        """Return the seconds from submission until now or the end."""
        return (self.ended or time.monotonic()) - self.submitted

    @property
    def progress(self) -> int:
        """Return the progress in per cent; 100 only after completion."""
        if self.status == "COMPLETED":
            return 100
        return 0 if self.started is None else min(99, int(100 * self.elapsed / self.seconds))

    @property
    def times(self) -> dict[str, float]:
        """Return the seconds in the queue, in processing, and in total."""
        queue = self.elapsed if self.started is None else self.started - self.submitted
        return {
            "inference_time": round(self.elapsed - queue, 3),
            "queue_time": round(queue, 3),
            "total_time": round(self.elapsed, 3),
        }


class Jobs:
    """All jobs of one sandbox. Not thread-safe: use it only in the sandbox's event loop."""

    def __init__(self, speed: float, life: float, spread: float = 0.2) -> None:
        self._speed, self._life, self._spread = speed, life, spread
        self._jobs: dict[str, Job] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def duration(self, seconds: float, content: object) -> float:
        """Return a random duration near `seconds` / speed, equal for equal content."""
        text = json.dumps(content, sort_keys=True, default=str)
        dice = random.Random(hashlib.sha256(text.encode()).digest())
        return max(1e-3, seconds / self._speed * dice.lognormvariate(0, self._spread))

    def start(self, job: Job, account: Account, work: Awaitable[Sequence[Output]]) -> Job:
        """Start a job whose cost is reserved.

        `work` begins at once, so that its result is available when the job's duration is over.
        """
        self._jobs[job.id] = job
        drawing = asyncio.ensure_future(work)
        # retrieve the exception, so that asyncio does not print it after stop()
        drawing.add_done_callback(lambda future: future.cancelled() or future.exception())
        task = asyncio.get_running_loop().create_task(self._live(job, account, drawing))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return job

    async def _live(
        self, job: Job, account: Account, drawing: asyncio.Future[Sequence[Output]]
    ) -> None:
        """Move a job through its states, then spend or refund its cost."""
        try:
            await asyncio.sleep(_QUEUED * job.seconds)
            job.status, job.started = "PROCESSING", time.monotonic()
            await asyncio.sleep(job.submitted + job.seconds - time.monotonic())
            try:
                outputs = await drawing
            except Exception as error:  # noqa: BLE001 - the job must end on any error
                job.failing = job.failing or f"The sandbox could not draw this: {error!r}"
                outputs = ()
        finally:
            drawing.cancel()
        if job.failing:
            job.status, job.error = "FAILED", job.failing
            account.give_back(job.cost)
        else:
            job.status, job.outputs = "COMPLETED", outputs
            account.spend(job.cost)
        job.ended = time.monotonic()
        job.inputs = {name: _short(value) for name, value in job.inputs.items()}
        job.done.set()

    def get(self, kind: str, job_id: str) -> Job | None:
        """Return the job, or None if its record is missing or expired (an hour after its end)."""
        job = self.find(kind, job_id)
        expired = job and job.ended is not None and time.monotonic() > job.ended + self._life
        return None if expired else job

    def find(self, kind: str, job_id: str) -> Job | None:
        """Return the job regardless of its age, or None."""
        job = self._jobs.get(job_id)
        return job if job and job.kind == kind else None

    def all(self, kind: str) -> list[Job]:
        """Return all jobs of a kind, newest first."""
        return [job for job in reversed(self._jobs.values()) if job.kind == kind]

    async def stop(self) -> None:
        """Cancel all running jobs and mark them as failed."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for job in self._jobs.values():
            if not job.done.is_set():  # a v1 request may wait for the event
                job.status, job.error = "FAILED", "The sandbox was stopped."
                job.ended = time.monotonic()
                job.done.set()


def _short(value: Any) -> Any:
    """Shorten a long text, such as a base64 image, to save memory."""
    if isinstance(value, str) and len(value) > _HISTORY_TEXT:
        return f"{value[:100]}… ({len(value)} characters)"
    return value
