"""The plan of a batch: its number of jobs, time and cost, computed before anything is sent."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from segmind_widgets.batches.row_planner import RowPlanner
from segmind_widgets.batches.row_sources import Row, RowSource
from segmind_widgets.batches.sweeps import Axis
from segmind_widgets.errors import InputError, LimitError
from segmind_widgets.formatting import _MINUTE, duration, money
from segmind_widgets.jobs.queue import POLLS_PER_SUBMIT
from segmind_widgets.markup import element, output
from segmind_widgets.network.rate_limit import RateLimit
from segmind_widgets.planning.estimates import Estimate
from segmind_widgets.planning.plan import Plan
from segmind_widgets.printable import printable
from segmind_widgets.storage.batch_rows import EarlierRequest

MAX_IN_FLIGHT = 256  # rows
SANDBOX_PER_MINUTE = 90.0  # pictures that the sandbox draws on a machine with two cores
_MAX_LISTED = 5  # the number of causes that an error lists, and of rows for each cause


@dataclass(frozen=True)
class BatchPlan:
    """A batch that is checked and priced, but not sent.

    `rows` is the number of rows (None: a stream); of these, earlier runs have completed `done` and
    submitted `unfinished`, which are not paid again. `low`, `usual` and `high` are the USD for the
    rows to send (None: unknown); `per_minute` is the number of jobs that the rate limit allows
    on average (None: no limit); `seconds` is the expected time (None: unknown). `resumable` is
    False for a generator without a name.
    """

    target: str
    where: str
    rows: int | None
    done: int = 0
    unfinished: int = 0
    low: float | None = None
    usual: float | None = None
    high: float | None = None
    each: Estimate = field(default_factory=Estimate)
    per_minute: float | None = None
    seconds: float | None = None
    notes: tuple[str, ...] = ()
    axes: tuple[Axis, ...] = ()
    sandbox: bool = False
    resumable: bool = True

    @property
    def to_send(self) -> int | None:
        """Return the number of rows not submitted before; None for a stream."""
        return None if self.rows is None else max(0, self.rows - self.done - self.unfinished)

    def within(self, usd: float) -> None:
        """Check the highest estimate against a limit in USD.

        Raises:
            LimitError: the batch may cost more than `usd`, or its cost is unknown.
        """
        if self.to_send == 0 or (self.high is not None and self.high <= usd + 1e-9):
            return
        if self.high is None:
            raise LimitError(
                f"The cost of {self._job_count} of {self.target} is unknown, and your limit is "
                f"{money(usd)}.",
                hint=f"Nothing was sent. {self.each.remedy}",
            )
        raise LimitError(
            f"{self._job_count} may cost {money(self.high)}, more than your limit of {money(usd)}.",
            hint="Nothing was sent. Raise --max-cost, or use fewer rows.",
        )

    @property
    def _job_count(self) -> str:
        count = self.to_send
        return f"{count:,} job{'s' * (count != 1)}" if count is not None else "the jobs of a stream"

    @property
    def cost(self) -> str:
        """Return the USD as text, with the range if there is one."""
        if self.to_send == 0:
            return "free"
        if self.usual is None or self.low is None or self.high is None:
            return f"each {self.each}" if self.each.usual is not None else str(self.each)
        if self.low == self.high:
            return money(self.usual)
        return f"{money(self.usual)} ({money(self.low)} to {money(self.high)})"

    def __str__(self) -> str:
        rate = f", {self.per_minute:.2g} a minute" if self.per_minute else ""
        time = f"about {duration(self.seconds)}" if self.seconds else "time unknown"
        parts = [f"{self._job_count}{rate}: {time}, {self.cost}"] if self.to_send != 0 else []
        if self.done or self.unfinished:
            unfinished = f", {self.unfinished:,} started" if self.unfinished else ""
            parts.append(f"{self.done:,} already done{unfinished}: not paid again")
        axes = " × ".join(f"{axis.name}: {len(axis.values)} values" for axis in self.axes)
        whole = [*parts, *([axes] if axes else []), f"{self.target} {self.where}"]
        return printable("; ".join(whole))

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(
            "…" if cycle else printable("\n".join([f"{self}; nothing was sent.", *self.notes]))
        )

    def _repr_html_(self) -> str:
        notes = (element("div", note) for note in self.notes)
        return output(element("b", str(self)), "; nothing was sent.", *notes)


class ValidatedRows:
    """The rows of a list, validated and priced, and not sent.

    Rows that an earlier run has finished or submitted are not planned again, where the digest of
    the row as it is given is enough to know them.
    """

    def __init__(self, source: RowSource, planner: RowPlanner) -> None:
        self._source, self._planner = source, planner
        self.notes: dict[str, None] = {}
        self._faults: dict[str, list[int]] = {}
        self._plans: dict[int, Plan] = {}  # of rows with files or objects
        self._digests = [self._digest(row) for row in source.read()]

    def _digest(self, row: Row) -> str:
        """Return the digest of a row; that of its request where it holds files or objects."""
        known = self._planner.source_of(row, self._source)
        plan = None if known else self._validate(row)
        if plan is not None:
            self._plans[row.number] = plan
        return known or (plan.fingerprint if plan else "")

    @property
    def digest(self) -> str:
        """Return a SHA-256 of the content and order of all rows."""
        return hashlib.sha256("\n".join(self._digests).encode()).hexdigest()

    def compare(self, earlier: Iterable[EarlierRequest]) -> tuple[list[Estimate], int, int]:
        """Compare with the jobs of earlier runs, and validate all other rows.

        Returns the estimate of each row to send, and the numbers of completed and of unfinished
        rows.

        Raises:
            InputError: rows are certainly wrong; the message lists their numbers.
        """
        requests = _EarlierRequests(earlier)
        estimates: list[Estimate] = []
        counts = Counter[bool]()
        for row, digest in zip(self._source.read(), self._digests, strict=True):
            is_completed = None if row.error else requests.take_source(digest)
            plan = None
            if is_completed is None:
                plan = self._plans.pop(row.number, None) or self._validate(row)
            if plan is not None:
                is_completed = requests.take(plan.fingerprint)
            if is_completed is not None:
                counts[is_completed] += 1
            elif plan is not None:
                estimates.append(plan.estimate)
        self._raise_faults()
        return estimates, counts[True], counts[False]

    def _validate(self, row: Row) -> Plan | None:
        """Return the plan of a row; note its error and return None if it is certainly wrong."""
        try:
            if row.error:
                raise row.error
            source = self._source
            plan = self._planner.plan(row.inputs, text=source.text, fixed=source.fixed)
        except InputError as error:
            numbers = self._faults.setdefault(error.message, [])
            if row.number not in numbers[-1:]:  # not a second time
                numbers.append(row.number)
            return None
        self.notes |= dict.fromkeys(plan.notes)
        return plan

    def _raise_faults(self) -> None:
        if not self._faults:
            return
        table = self._source.table
        of = f" of {table.label}" if table else ""
        sentences = [
            f"{_format_rows(numbers)}{of}: {cause}" for cause, numbers in self._faults.items()
        ]
        more = sum(len(numbers) for numbers in [*self._faults.values()][_MAX_LISTED:])
        sentences[_MAX_LISTED:] = [f"And {more:,} more."] if more else []
        below = " Row 1 is the first below the names of the columns."
        counted = below if table and self._source.text else ""
        raise InputError(" ".join(sentences), hint=f"Nothing was sent.{counted}")


class _EarlierRequests:
    """The jobs of earlier runs that no row has taken yet."""

    def __init__(self, requests: Iterable[EarlierRequest]) -> None:
        self._by_fingerprint: dict[str, list[bool]] = {}
        self._by_source: dict[str, str] = {}
        for request in sorted(requests, key=lambda request: request.is_completed):
            self._by_fingerprint.setdefault(request.fingerprint, []).append(request.is_completed)
            if request.source:
                self._by_source[request.source] = request.fingerprint

    def take_source(self, source: str) -> bool | None:
        """Take the job of a row as it is given; see `take`."""
        return self.take(self._by_source.get(source, ""))

    def take(self, fingerprint: str) -> bool | None:
        """Take the job of a request, a completed one first.

        Returns whether it is completed; None if there is none.
        """
        found = self._by_fingerprint.get(fingerprint)
        return found.pop() if found else None


def _format_rows(numbers: list[int]) -> str:
    """Format row numbers for users, who count from 1."""
    listing = ", ".join(f"{number + 1:,}" for number in numbers[:_MAX_LISTED])
    more = f" and {len(numbers) - _MAX_LISTED:,} more" if len(numbers) > _MAX_LISTED else ""
    return f"Row{'s' * (len(numbers) > 1)} {listing}{more}"


def total(prices: list[Estimate]) -> dict[str, float | None]:
    """Sum the estimates in USD: low, usual and high; None if one of the prices is unknown."""
    sums: dict[str, float | None] = {}
    for name in ("low", "usual", "high"):
        each = [getattr(price, name) for price in prices]
        sums[name] = None if None in each else sum(each)
    return sums


def requests_for(jobs: int, *, polled: bool = True) -> int:
    """Return the requests of jobs: under load the step queue makes `queue.POLLS` polls a submit."""
    return jobs * (1 + POLLS_PER_SUBMIT * polled)


def pace(jobs: int, limit: RateLimit, *, polled: bool = True) -> tuple[float, float | None]:
    """Return the seconds to send jobs, from the first to the last, and the jobs a minute.

    Without a limit these are 0 and None.
    """
    sending = limit.seconds_for(requests_for(jobs - 1, polled=polled)) if jobs > 1 else 0.0
    if sending:
        return sending, (jobs - 1) / sending * _MINUTE
    rate = limit.present_rate
    return sending, rate / requests_for(1, polled=polled) if rate else None


def time_for(
    jobs: int, usual: float | None, sending: float, *, sandbox: bool = False
) -> float | None:
    """Return the expected seconds for `jobs` jobs of `usual` seconds each; None if unknown.

    Args:
        jobs: their number.
        usual: seconds of one; None if unknown.
        sending: seconds in which the rate limit allows the requests of all but one; 0 for no limit.
        sandbox: it generates one result after another, however short the usual time is.
    """
    if sandbox:
        sending = max(sending, (jobs - 1) / SANDBOX_PER_MINUTE * _MINUTE)
    if not jobs or (usual is None and not sending):
        return None
    waves = -(-jobs // MAX_IN_FLIGHT) * (usual or 0.0)
    return max(waves, sending + (usual or 0.0))
