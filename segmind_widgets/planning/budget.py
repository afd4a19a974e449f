"""The budget of a session: checked before a request, reserved until the service reports the cost.

A session is one client, so one kernel. Real money and sandbox credits have separate budgets.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

from segmind_widgets.errors import LimitError, SegmindError
from segmind_widgets.formatting import money
from segmind_widgets.planning.estimates import USD_TOLERANCE
from segmind_widgets.planning.plan import Plan
from segmind_widgets.types import Status

REPEAT_WINDOW = 10.0  # seconds; an equal request within them is refused
_SETTLE_COUNT = 64  # reservations


class PaidJob(Protocol):
    """The attributes of a `jobs.job.Job` that determine its cost."""

    id: Any
    status: Any
    cost: Any
    sandbox: Any

    @property
    def done(self) -> bool:
        """Return whether the job has ended, with or without success, or is no longer watched."""
        ...

    def still_running(self, why: str) -> SegmindError:
        """Return the error that ends a wait while the job continues."""
        ...


@dataclass(eq=False)
class Reservation:
    """A request for which `usd` is reserved until the service reports the cost of its `job`."""

    plan: Plan
    usd: float
    sandbox: bool
    job: PaidJob | None = None
    started: float = field(default_factory=time.monotonic)

    def assign(self, job: PaidJob) -> None:
        """Set the job of the request; the request may be sent from then on."""
        self.job = job

    @property
    def age(self) -> float:
        """Return its age in seconds."""
        return time.monotonic() - self.started


@dataclass(frozen=True)
class SessionSpend:
    """USD that this session's jobs have cost and may still cost: real money or sandbox credits."""

    spent: float = 0.0
    in_flight: float = 0.0


class Budget:
    """The requests of one client.

    Args:
        find_job: `client.job`, for jobs that are no longer followed.
    """

    def __init__(self, find_job: Callable[[str], PaidJob]) -> None:
        self._find_job = find_job
        self._lock = threading.Lock()
        self._entries: list[Reservation] = []  # without a cost from the service
        self._recent: list[Reservation] = []
        self._settle_at = _SETTLE_COUNT
        self._spent: dict[
            tuple[bool, bool], float
        ] = {}  # by (the endpoint is a sandbox, the job ran on a sandbox)

    @contextmanager
    def reserve(self, plan: Plan, limit: float) -> Generator[Reservation]:
        """Reserve a plan's highest cost while it is sent; release it if no job was started.

        The code that sends the request assigns the job to the reservation. `limit` is the budget in
        USD, 0 for none.

        Raises:
            LimitError: the budget does not allow it, or the same request was just sent.
        """
        with self._lock:  # otherwise two concurrent requests would both be allowed
            self._recent = [entry for entry in self._recent if entry.age <= REPEAT_WINDOW]
            if not plan.again:
                self._refuse_repeat(plan)
            self._refuse_beyond(plan, limit)
            entry = Reservation(plan, plan.estimate.high or 0.0, plan.endpoint.sandbox)
            self._entries.append(entry)
            self._recent.append(entry)
            # a batch has thousands, so drop those that ended
            if len(self._entries) > self._settle_at:
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
        """Return the job that was just started from a plan; None if nothing was submitted."""
        with self._lock:
            return next((entry.job for entry in self._recent if entry.plan is plan), None)

    def check(self, plan: Plan, limit: float) -> None:
        """Raise the LimitError that sending the plan would raise now."""
        with self._lock:
            self._refuse_beyond(plan, limit)

    def session(self, *, sandbox: bool) -> SessionSpend:
        """Return the cost of this session's jobs, by whether they ran on the sandbox."""
        with self._lock:
            self._settle()
            spent = sum(
                usd for (_, of_sandbox), usd in self._spent.items() if of_sandbox == sandbox
            )
            flying = [e for e in self._entries if _is_sandbox(e) == sandbox]
            return SessionSpend(spent, sum(entry.usd for entry in flying))

    def _refuse_repeat(self, plan: Plan) -> None:
        for entry in reversed(self._recent):
            job = entry.job
            if job is not None and job.status in (Status.FAILED, Status.CANCELLED):
                continue
            if entry.plan.equals(plan):
                label = f": job {job.id}" if job is not None else ""
                raise LimitError(
                    f"The same request was sent {_ago(entry.age)}{label}.",
                    hint="Nothing was sent this time. To run it again, and pay again, wait ten "
                    "seconds, or add --again in a cell or again=True in Python.",
                )

    def _refuse_beyond(self, plan: Plan, limit: float) -> None:
        if not limit:
            return
        currency = " in sandbox credits" if plan.endpoint.sandbox else ""
        high, target = plan.estimate.high, plan.request.target
        if high is None:
            raise LimitError(
                f"The cost of {target} is unknown, and there is a budget of"
                f" {money(limit)}{currency}.",
                hint=f"Nothing was sent. {plan.estimate.remedy} To run it anyway, set %config "
                "SegmindClient.budget = 0",
            )
        self._settle()
        spent = sum(usd for (kind, _), usd in self._spent.items() if kind == plan.endpoint.sandbox)
        flying = sum(e.usd for e in self._entries if e.sandbox == plan.endpoint.sandbox)
        if spent + flying + high <= limit + USD_TOLERANCE:
            return
        underway = f" and {money(flying)} reserved for running jobs" if flying else ""
        raise LimitError(
            f"{target} may cost {money(high)}; of this session's budget of"
            f" {money(limit)}{currency}, {money(spent)} is spent{underway}.",
            hint="Nothing was sent. Raise it with %config SegmindClient.budget ="
            f" {_round_up(spent + flying + high)}, or set it to 0 for no limit.",
        )

    def _settle(self) -> None:
        """Count ended jobs as spent. The cost of jobs that may still be billed stays reserved."""
        remaining: list[Reservation] = []
        for entry in self._entries:
            job = entry.job
            if job is not None and job.done and _may_cost_more(job):
                with suppress(SegmindError):  # it may have been resumed since
                    job = self._find_job(job.id)
            if job is None or not job.done or _may_cost_more(job):
                remaining.append(entry)
                continue
            cost = job.cost if job.cost is not None else entry.usd
            billed = cost if job.status is Status.COMPLETED else job.cost or 0.0
            kind = entry.sandbox, job.sandbox
            self._spent[kind] = self._spent.get(kind, 0.0) + billed
        self._entries = remaining


def _may_cost_more(job: PaidJob) -> bool:
    """Return whether it may have a cost that is not reported yet."""
    return not job.status.final or (job.status is Status.UNKNOWN and job.cost is None)


def _is_sandbox(entry: Reservation) -> bool:
    return entry.job.sandbox if entry.job is not None else entry.sandbox


def _ago(seconds: float) -> str:
    return f"{seconds:.0f} s ago" if seconds >= 1 else "a moment ago"


def _round_up(usd: float) -> str:
    """Return a budget that allows the cost, rounded up to few digits."""
    steps = 100 if usd >= 1 else 10_000
    return f"{math.ceil(usd * steps - 1e-6) / steps:g}"
