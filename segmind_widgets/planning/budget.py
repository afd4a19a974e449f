"""What this session may spend: checked before a request, counted until the service told a figure.

A session is one client, so one kernel. Real money and a sandbox's play money have a budget each.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

from segmind_widgets.errors import LimitError, SegmindError
from segmind_widgets.formatting import money
from segmind_widgets.planning.estimates import USD_TOLERANCE
from segmind_widgets.planning.plan import Plan
from segmind_widgets.types import Status

REPEAT_WINDOW = 10.0  # seconds between two equal requests that nobody doubts
_SETTLE_COUNT = 64  # entries


class PaidJob(Protocol):
    """The attributes of a `jobs.job.Job` that tell what it costs."""

    id: Any
    status: Any
    cost: Any
    sandbox: Any

    @property
    def done(self) -> bool:
        """It ended, well or badly, or is no longer watched."""
        ...

    def left(self, why: str) -> SegmindError:
        """The error that says that the job goes on."""
        ...


@dataclass(eq=False)
class Reservation:
    """A request: `usd` is put aside for it, until its `job` is told what it cost."""

    plan: Plan
    usd: float
    sandbox: bool
    job: PaidJob | None = None
    started: float = field(default_factory=time.monotonic)

    def assign(self, job: PaidJob) -> None:
        """It becomes this job, which may be sent from now on."""
        self.job = job

    @property
    def age(self) -> float:
        """Seconds since it was made."""
        return time.monotonic() - self.started


@dataclass(frozen=True)
class SessionSpend:
    """USD that this session's jobs have cost, and may cost still, of one kind of money."""

    spent: float = 0.0
    in_flight: float = 0.0


class Budget:
    """The requests of one client.

    Args:
        look: `client.job`, for jobs that are no longer followed by who began them.
    """

    def __init__(self, look: Callable[[str], PaidJob]) -> None:
        self._find_job = look
        self._lock = threading.Lock()
        self._entries: list[Reservation] = []  # without a figure from the service
        self._recent: list[Reservation] = []
        self._settle_at = _SETTLE_COUNT
        self._spent: dict[tuple[bool, bool], float] = {}  # by the place's kind, and the job's

    @contextmanager
    def reserve(self, plan: Plan, limit: float) -> Iterator[Reservation]:
        """Put a plan's highest cost aside while it is sent; given back where no job was begun.

        Whoever sends it tells the entry its job. `limit` is the budget in USD, 0 for none.

        Raises:
            LimitError: the budget does not allow it, or it was sent a moment ago.
        """
        with self._lock:  # or two at once would both fit
            self._recent = [entry for entry in self._recent if entry.age <= REPEAT_WINDOW]
            if not plan.again:
                self._refuse_repeat(plan)
            self._refuse_beyond(plan, limit)
            entry = Reservation(plan, plan.estimate.high or 0.0, plan.endpoint.sandbox)
            self._entries.append(entry)
            self._recent.append(entry)
            if len(self._entries) > self._settle_at:  # a batch has thousands: what ended is let go
                self._settle()
                self._settle_at = 2 * len(self._entries) + _SETTLE_COUNT
        try:
            yield entry
        except BaseException:
            with self._lock:
                if entry.job is None:
                    self._entries.remove(entry)
                    self._recent = [other for other in self._recent if other is not entry]
            raise

    def job_of(self, plan: Plan) -> PaidJob | None:
        """The job that a plan became just now; None where nothing was submitted."""
        with self._lock:
            return next((entry.job for entry in self._recent if entry.plan is plan), None)

    def check(self, plan: Plan, limit: float) -> None:
        """Raise the LimitError that sending the plan would raise now."""
        with self._lock:
            self._refuse_beyond(plan, limit)

    def session(self, *, sandbox: bool) -> SessionSpend:
        """What this session's jobs have cost, as the jobs' own mark tells real from play money."""
        with self._lock:
            self._settle()
            spent = sum(usd for (_, play), usd in self._spent.items() if play == sandbox)
            flying = [e for e in self._entries if _is_sandbox(e) == sandbox]
            return SessionSpend(spent, sum(entry.usd for entry in flying))

    def _refuse_repeat(self, plan: Plan) -> None:
        for entry in reversed(self._recent):
            job = entry.job
            if job is not None and job.status in (Status.FAILED, Status.CANCELLED):
                continue
            if entry.plan.equals(plan):
                known = f": job {job.id}" if job is not None else ""
                raise LimitError(
                    f"The very same request was sent {_ago(entry.age)}{known}.",
                    hint="Nothing was sent now. To have it made, and paid, twice, wait ten seconds;"
                    " in a cell --again, and in Python again=True, say it at once.",
                )

    def _refuse_beyond(self, plan: Plan, limit: float) -> None:
        if not limit:
            return
        play = " of play money" if plan.endpoint.sandbox else ""
        high, target = plan.estimate.high, plan.request.target
        if high is None:
            raise LimitError(
                f"Nobody knows what {target} costs, and there is a budget of {money(limit)}{play}.",
                hint=f"Nothing was sent. {plan.estimate.remedy} To run it all the same, set"
                " %config SegmindClient.budget = 0",
            )
        self._settle()
        spent = sum(usd for (kind, _), usd in self._spent.items() if kind == plan.endpoint.sandbox)
        flying = sum(e.usd for e in self._entries if e.sandbox == plan.endpoint.sandbox)
        if spent + flying + high <= limit + USD_TOLERANCE:
            return
        underway = f" and {money(flying)} in flight" if flying else ""
        raise LimitError(
            f"{target} may cost {money(high)}; of this session's budget of {money(limit)}{play},"
            f" {money(spent)} is spent{underway}.",
            hint="Nothing was sent. Raise it with %config SegmindClient.budget ="
            f" {_round_up(spent + flying + high)}, or set it to 0 for no limit.",
        )

    def _settle(self) -> None:
        """Count what ended as spent. What may still run, and be billed, stays put aside."""
        left = []
        for entry in self._entries:
            job = entry.job
            if job is not None and job.done and _may_cost_more(job):
                with suppress(SegmindError):  # it was resumed since, perhaps
                    job = self._find_job(job.id)
            if job is None or not job.done or _may_cost_more(job):
                left.append(entry)
                continue
            told = job.cost if job.cost is not None else entry.usd
            billed = told if job.status is Status.COMPLETED else job.cost or 0.0
            kind = entry.sandbox, job.sandbox
            self._spent[kind] = self._spent.get(kind, 0.0) + billed
        self._entries = left


def _may_cost_more(job: PaidJob) -> bool:
    """It may still cost something that nobody has told."""
    return not job.status.final or (job.status is Status.UNKNOWN and job.cost is None)


def _is_sandbox(entry: Reservation) -> bool:
    return entry.job.sandbox if entry.job is not None else entry.sandbox


def _ago(seconds: float) -> str:
    return f"{seconds:.0f} s ago" if seconds >= 1 else "a moment ago"


def _round_up(usd: float) -> str:
    """A budget that allows it, in few digits."""
    steps = 100 if usd >= 1 else 10_000
    return f"{math.ceil(usd * steps - 1e-6) / steps:g}"
