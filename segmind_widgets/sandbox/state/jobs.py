"""Jobs and their states over time: queued, processing, completed or failed."""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import time
import uuid
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from segmind_widgets.sandbox.state.account import Account, utc
from segmind_widgets.sandbox.state.files import StoredFile

_QUEUED = 0.15  # of a job's time
_SPREAD = 0.2  # σ of the log-normal distribution of times
_HISTORY_TEXT = 20_000  # characters of one input that the history keeps


@dataclass(frozen=True)
class Output:
    """A result: a file, or a text. `label` is a workflow's name for it."""

    file: StoredFile | None = None
    text: str = ""
    label: str = ""

    @property
    def value(self) -> str:
        """The address of the file, or the text."""
        return self.file.url if self.file else self.text


@dataclass
class Job:
    """One run of a Segmind model or workflow, or an APIMart task.

    `seconds` is how long it takes; `failing` is what it is scripted to fail with.
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

    @property
    def elapsed(self) -> float:
        return (self.ended or time.monotonic()) - self.submitted

    @property
    def progress(self) -> int:
        """Per cent; 100 only when it is completed."""
        if self.status == "COMPLETED":
            return 100
        return 0 if self.started is None else min(99, int(100 * self.elapsed / self.seconds))

    @property
    def times(self) -> dict[str, float]:
        """Seconds in the queue, at work, and in all, so far."""
        queue = self.elapsed if self.started is None else self.started - self.submitted
        return {
            "inference_time": round(self.elapsed - queue, 3),
            "queue_time": round(queue, 3),
            "total_time": round(self.elapsed, 3),
        }


class Jobs:
    """All jobs of one sandbox. Used on its loop only."""

    def __init__(self, speed: float, life: float) -> None:
        self._speed = speed
        self._life = life
        self._jobs: dict[str, Job] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def duration(self, seconds: float, content: object) -> float:
        """How long a run takes here: about `seconds` / speed, the same for the same content."""
        text = json.dumps(content, sort_keys=True, default=str)
        dice = random.Random(hashlib.sha256(text.encode()).digest())
        return max(1e-3, seconds / self._speed * dice.lognormvariate(0, _SPREAD))

    def start(self, job: Job, account: Account, work: Awaitable[Sequence[Output]]) -> Job:
        """Let a job live. Its cost must be reserved; `work` begins at once, to be ready in time."""
        self._jobs[job.id] = job
        drawing = asyncio.ensure_future(work)
        # an error that nobody asks for any more, after stop(), is not to be printed
        drawing.add_done_callback(lambda done: done.cancelled() or done.exception())
        task = asyncio.get_running_loop().create_task(self._live(job, account, drawing))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return job

    async def _live(
        self, job: Job, account: Account, drawing: asyncio.Future[Sequence[Output]]
    ) -> None:
        try:
            await asyncio.sleep(_QUEUED * job.seconds)
            job.status, job.started = "PROCESSING", time.monotonic()
            await asyncio.sleep(job.submitted + job.seconds - time.monotonic())
            try:
                outputs = await drawing
            except Exception as error:  # noqa: BLE001 - whatever the artist does, the job must end
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
        """The job while its record lives: until about an hour after its end."""
        job = self.find(kind, job_id)
        expired = job and job.ended is not None and time.monotonic() > job.ended + self._life
        return None if expired else job

    def find(self, kind: str, job_id: str) -> Job | None:
        """The job however old."""
        job = self._jobs.get(job_id)
        return job if job and job.kind == kind else None

    def all(self, kind: str) -> list[Job]:
        """Every job of a kind, newest first."""
        return [job for job in reversed(self._jobs.values()) if job.kind == kind]

    async def stop(self) -> None:
        """End all that lives."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for job in self._jobs.values():
            if not job.done.is_set():  # a v1 request may be waiting for it
                job.status, job.error = "FAILED", "The sandbox was stopped."
                job.ended = time.monotonic()
                job.done.set()


def _short(value: Any) -> Any:
    """A base64 picture need not stay in memory for the history."""
    if isinstance(value, str) and len(value) > _HISTORY_TEXT:
        return f"{value[:100]}… ({len(value)} characters)"
    return value
