"""What a batch is going to be, before anything of it is sent: how many, how long, how much."""

from __future__ import annotations

import hashlib
import html
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from segmind_widgets.batches.row_planner import RowPlanner
from segmind_widgets.batches.row_sources import Row, RowSource
from segmind_widgets.batches.sweeps import Axis
from segmind_widgets.errors import InputError, LimitError
from segmind_widgets.formatting import _MINUTE, duration, money
from segmind_widgets.jobs.queue import POLLS_PER_SUBMIT
from segmind_widgets.planning.estimates import Estimate

AT_ONCE = 256  # rows in flight at most
_TOLD = 5  # causes that an error names, and rows of each


@dataclass(frozen=True)
class BatchPlan:
    """A batch that was looked at, and of which nothing was sent.

    `rows` is how many there are (None: a stream, nobody knows), `done` of them were finished
    before, and `unfinished` begun; those are not paid again. `low`, `usual` and `high` are USD for
    the rows to send, None where nobody knows; `per_minute` the jobs that the rate limit lets
    through, None for as many as there are; `seconds` how long it takes, None where nobody knows.
    `kept` says that the same can be found again: a generator without a name cannot.
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
    kept: bool = True

    @property
    def to_send(self) -> int | None:
        """Rows that were not begun before; None where nobody knows."""
        return None if self.rows is None else max(0, self.rows - self.done - self.unfinished)

    def within(self, usd: float) -> None:
        """Check the whole against USD that it may cost.

        Raises:
            LimitError: it may cost more, or nobody knows.
        """
        if self.to_send == 0 or (self.high is not None and self.high <= usd + 1e-9):
            return
        if self.high is None:
            said = f"Nobody knows what {self._many} of {self.target} cost"
            raise LimitError(
                f"{said}, and you allow {money(usd)}.",
                hint=f"Nothing was sent. {self.each.remedy}",
            )
        raise LimitError(
            f"{self._many} may cost {money(self.high)}, more than the {money(usd)} that you allow.",
            hint="Nothing was sent. Raise --max-cost, or take fewer rows.",
        )

    @property
    def _many(self) -> str:
        many = self.to_send
        return f"{many:,} job{'s' * (many != 1)}" if many is not None else "the jobs of a stream"

    @property
    def cost(self) -> str:
        """USD in words, with the range where there is one."""
        if self.to_send == 0:
            return "nothing to pay"
        if self.usual is None or self.low is None or self.high is None:
            told = self.each
            return f"each {told}" if told.usual is not None else str(told)
        if self.low == self.high:
            return money(self.usual)
        return f"{money(self.usual)} ({money(self.low)} to {money(self.high)})"

    def __str__(self) -> str:
        pace = f", {self.per_minute:.2g} a minute" if self.per_minute else ""
        long = f"about {duration(self.seconds)}" if self.seconds else "time unknown"
        told = [f"{self._many}{pace}: {long}, {self.cost}"] if self.to_send != 0 else []
        if self.done or self.unfinished:
            begun = f", {self.unfinished:,} begun" if self.unfinished else ""
            told.append(f"{self.done:,} done before{begun}: not paid again")
        axes = " × ".join(f"{len(axis.values)} {axis.name}" for axis in self.axes)
        return "; ".join([*told, *([axes] if axes else []), f"{self.target} {self.where}"])

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text("…" if cycle else "\n".join([f"{self}; nothing was sent.", *self.notes]))

    def _repr_html_(self) -> str:
        notes = "".join(f"<div>{html.escape(note)}</div>" for note in self.notes)
        return (
            '<div style="font-size:13px;font-family:var(--jp-ui-font-family,system-ui,sans-serif)">'
            f"<b>{html.escape(str(self))}</b>; nothing was sent.{notes}</div>"
        )


class ValidatedRows:
    """The rows of a list, each planned and none of them sent.

    Raises:
        InputError: rows are certainly wrong; they are named by their numbers.
    """

    def __init__(self, source: RowSource, target: RowPlanner) -> None:
        self.fingerprints: list[str] = []
        self.notes: dict[str, None] = {}
        self._prices: list[Estimate] = []
        wrong: dict[str, list[int]] = {}
        for row in source.read():
            error = row.error or self._wrong(row, source, target)
            if error:
                wrong.setdefault(error.message, []).append(row.number)
        if wrong:
            said = [f"{_rows(numbers)}: {cause}" for cause, numbers in wrong.items()]
            more = sum(map(len, wrong.values())) - sum(map(len, [*wrong.values()][:_TOLD]))
            said[_TOLD:] = [f"And {more:,} more."] if more else []
            raise InputError(" ".join(said), hint="Nothing was sent.")

    def _wrong(self, row: Row, source: RowSource, target: RowPlanner) -> InputError | None:
        try:
            plan = target.plan(row.inputs, text=source.text)
        except InputError as error:
            return error
        self.fingerprints.append(plan.fingerprint)
        self.notes |= dict.fromkeys(plan.notes)
        self._prices.append(plan.estimate)
        return None

    @property
    def digest(self) -> str:
        """What tells lists apart: the order and the content of all rows."""
        return hashlib.sha256("\n".join(self.fingerprints).encode()).hexdigest()

    def known(self, before: Mapping[str, Counter[str]]) -> tuple[list[Estimate], int, int]:
        """What the rows to send cost each, how many were done before, and how many begun."""
        left = {name: Counter(found) for name, found in before.items()}
        fresh, counts = [], Counter[str]()
        for fingerprint, price in zip(self.fingerprints, self._prices, strict=True):
            there = next((name for name in left if left[name][fingerprint] > 0), None)
            if there is None:
                fresh.append(price)
            else:
                left[there][fingerprint] -= 1
                counts[there] += 1
        return fresh, counts["completed"], counts["unfinished"]


def _rows(numbers: list[int]) -> str:
    """Rows by their numbers; people count from 1."""
    told = ", ".join(f"{number + 1:,}" for number in numbers[:_TOLD])
    more = f" and {len(numbers) - _TOLD:,} more" if len(numbers) > _TOLD else ""
    return f"Row{'s' * (len(numbers) > 1)} {told}{more}"


def total(prices: list[Estimate]) -> dict[str, float | None]:
    """USD of all together: low, usual and high; None where nobody knows one of them."""
    found: dict[str, float | None] = {}
    for name in ("low", "usual", "high"):
        each = [getattr(price, name) for price in prices]
        found[name] = None if None in each else sum(each)
    return found


def jobs_a_minute(limit: float, *, polled: bool = True) -> float | None:
    """How many jobs a minute so many requests a minute let through; None for no limit.

    Where more wants to go than may, a submit is followed by `lines.POLLS` polls.
    """
    return limit / (1 + POLLS_PER_SUBMIT * polled) if limit else None


def time_for(jobs: int, usual: float | None, per_minute: float | None) -> float | None:
    """Seconds that so many jobs take; None where nobody knows."""
    if not jobs or (usual is None and per_minute is None):
        return None
    waves = -(-jobs // AT_ONCE) * (usual or 0.0)
    paced = (jobs - 1) / per_minute * _MINUTE + (usual or 0.0) if per_minute else 0.0
    return max(waves, paced)
