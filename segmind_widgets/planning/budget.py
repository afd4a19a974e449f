"""The budget of a session: checked before a request, reserved until the service reports the cost.

A session is one client, so one kernel. Real money and sandbox credits have separate budgets.
"""

from __future__ import annotations

import math
import threading
import time
import weakref
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

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


class Reservation:
    """A request for which `usd` is reserved until the service reports the cost of its job.

    It keeps neither the plan nor the job: both may hold files and pictures.

    Args:
        plan: the request. Reads its files.

    Attributes:
        usd: the highest cost of the request.
        sandbox: whether the endpoint is a sandbox.
        runs_on_sandbox: whether the job runs on one, as far as its replies have said.
        job_id: the id of the job when it was assigned, by which the journal has it; "" before.
        target: the model or workflow.
        fingerprint: the digest of the request.
    """

    def __init__(self, plan: Plan) -> None:
        self.usd = plan.estimate.high or 0.0
        self.sandbox = self.runs_on_sandbox = plan.endpoint.sandbox
        self.target, self.fingerprint = plan.request.target, plan.fingerprint
        self.job_id = ""
        self._plan: weakref.ref[Plan] = weakref.ref(plan)
        self._job: Callable[[], PaidJob | None] = lambda: None
        self._started = time.monotonic()

    def assign(self, job: PaidJob) -> None:
        """Set the job of the request; the request may be sent from then on."""
        self.job_id, self._job = job.id, weakref.ref(job)

    def is_of(self, plan: Plan) -> bool:
        """Return whether this plan, and no equal one, was reserved."""
        return self._plan() is plan

    @property
    def job(self) -> PaidJob | None:
        """Return the job while anything else holds it, such as the threads that watch it."""
        return self._job()

    @property
    def age(self) -> float:
        """Return its age in seconds."""
        return time.monotonic() - self._started


class CostFacts(NamedTuple):
    """What a job has cost and may still cost."""

    id: str
    status: Status
    cost: float | None
    sandbox: bool
    is_watched: bool = False

    @property
    def may_grow(self) -> bool:
        """Return whether it may have a cost that is not reported yet."""
        is_open = self.is_watched or not self.status.final
        return is_open or (self.status is Status.UNKNOWN and self.cost is None)


@dataclass(frozen=True)
class SessionSpend:
    """USD that this session's jobs have cost and may still cost: real money or sandbox credits."""

    spent: float = 0.0
    in_flight: float = 0.0


class Budget:
    """The requests of one client.

    Args:
        find_row: returns the journal's row of a job by its id, for jobs that have ended or are no
            longer watched.
    """

    def __init__(self, find_row: Callable[[str], Mapping[str, Any]]) -> None:
        self._find_row = find_row
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
            AssetError: a file of the plan cannot be read.
        """
        entry = Reservation(plan)
        with self._lock:  # otherwise two concurrent requests would both be allowed
            self._recent = [entry for entry in self._recent if entry.age <= REPEAT_WINDOW]
            if not plan.again:
                self._refuse_repeat(entry)
            self._refuse_beyond(plan, limit)
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
                if not entry.job_id:
                    self._entries.remove(entry)
                    self._recent = [other for other in self._recent if other is not entry]
            raise

    def job_id_of(self, plan: Plan) -> str:
        """Return the id of the job that was just started from a plan; "" if none was."""
        with self._lock:
            return next((entry.job_id for entry in self._recent if entry.is_of(plan)), "")

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
            flying = (e.usd for e in self._entries if e.runs_on_sandbox == sandbox)
            return SessionSpend(spent, sum(flying))

    def _refuse_repeat(self, request: Reservation) -> None:
        for entry in reversed(self._recent):
            if (entry.target, entry.fingerprint) != (request.target, request.fingerprint):
                continue
            facts = self._facts(entry)
            if facts is not None and facts.status in (Status.FAILED, Status.CANCELLED):
                continue
            label = f": job {facts.id}" if facts is not None else ""
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
            facts = self._facts(entry)
            if facts is not None:
                entry.runs_on_sandbox = facts.sandbox
            if facts is None or facts.may_grow:
                remaining.append(entry)
                continue
            cost = facts.cost if facts.cost is not None else entry.usd
            billed = cost if facts.status is Status.COMPLETED else facts.cost or 0.0
            kind = entry.sandbox, facts.sandbox
            self._spent[kind] = self._spent.get(kind, 0.0) + billed
        self._entries = remaining

    def _facts(self, entry: Reservation) -> CostFacts | None:
        """Return the facts of a request's job; None if it has none or the journal fails.

        A job that is no longer watched may have been resumed since, as another object or in another
        kernel, so the journal is asked.
        """
        job = entry.job
        if job is not None:
            facts = CostFacts(job.id, job.status, job.cost, job.sandbox, not job.done)
            if facts.is_watched or not facts.may_grow:
                return facts
        with suppress(SegmindError):
            if entry.job_id:
                row = self._find_row(entry.job_id)
                status, sandbox = Status(row["status"]), bool(row["sandbox"])
                return CostFacts(row["id"] or row["key"], status, row["cost"], sandbox)
        return None


def _ago(seconds: float) -> str:
    return f"{seconds:.0f} s ago" if seconds >= 1 else "a moment ago"


def _round_up(usd: float) -> str:
    """Return a budget that allows the cost, rounded up to few digits."""
    steps = 100 if usd >= 1 else 10_000
    return f"{math.ceil(usd * steps - 1e-6) / steps:g}"
