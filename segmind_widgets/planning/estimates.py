"""Estimate the cost of a run before it is sent: a range, and its source.

The user's own runs are the best source, since their costs were billed. If there are too few, the
directory's average is used; without either, the range is empty.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from segmind_widgets.formatting import money
from segmind_widgets.network.endpoints import Endpoint
from segmind_widgets.storage.store import Store
from segmind_widgets.types import Kind, Model, UsualTime

USD_TOLERANCE = 1e-9  # USD: sums of prices are not exact
MIN_OWN_RUNS = 3  # from this number on they are a better source than the directory's average
MAX_OWN_RUNS = 12  # only the newest: prices change
_MAX_TIMES = 20
_PRIOR_RUNS = 5  # own runs that count as much as the spread of all models
_MAX_ROWS = 60  # of the journal that are searched for own runs
_COUNT_INPUTS = (
    "n",
    "samples",
    "max_images",
    "num_images",
    "num_outputs",
)  # inputs for the number of outputs


@dataclass(frozen=True)
class Estimate:
    """USD for one run; all three are None if unknown. `source` describes the source."""

    low: float | None = None
    usual: float | None = None
    high: float | None = None
    source: str = "no average price is listed, and you have not run it yet"
    is_unreported: bool = False  # there were own runs without a cost from the service

    @property
    def remedy(self) -> str:
        """Return a sentence on how to find out an unknown cost."""
        if self.is_unreported:
            return "The service does not report the cost; %segmind_status shows your balance."
        return "The cost may be known after one run without a limit."

    def times(self, runs: int) -> Estimate:
        """Return the estimate of several runs together."""
        if self.usual is None or self.low is None or self.high is None:
            return self
        low, usual, high = (runs * usd for usd in (self.low, self.usual, self.high))
        return Estimate(low, usual, high, self.source, self.is_unreported)

    def __str__(self) -> str:
        if self.usual is None or self.low is None or self.high is None:
            return f"cost unknown ({self.source})"
        low, usual, high = money(self.low), money(self.usual), money(self.high)
        if low == high:
            return f"about {usual} ({self.source})"
        between = f", typically {usual}" if usual not in (low, high) else ""
        return f"{low} to {high}{between} ({self.source})"


def estimate(
    average: float | None,
    runs: Sequence[float | None],
    outputs: int = 1,
    source: str = "listed average",
) -> Estimate:
    """Estimate from the directory's average and the costs of own runs, the newest first.

    Args:
        average: USD for one output.
        runs: USD of each own run of this target with the same number of outputs; None if the
            service reported none.
        outputs: the number that the inputs request; some services bill each output.
        source: a description of where the average is from.
    """
    own = [cost for cost in runs if cost is not None][:MAX_OWN_RUNS]
    mine = f"your last {len(own)} runs" if len(own) > 1 else "your last run"
    if len(own) >= MIN_OWN_RUNS or (own and average is None):
        return Estimate(min(own), _median(own), max(own), mine)
    if average is None:
        unreported = "the service does not report the cost of your runs"
        return Estimate(source=unreported, is_unreported=True) if runs else Estimate()
    costs = [average, average * outputs, *own]
    source += f", {outputs} outputs" if outputs > 1 else ""
    source += f", and {mine}" if own else ""
    return Estimate(min(costs), average * outputs, max(costs), source)


def output_count(inputs: Mapping[str, Any]) -> int:
    """Return the highest number of outputs that the inputs request."""
    counts = [inputs.get(name) for name in _COUNT_INPUTS]
    return max([1, *(n for n in counts if isinstance(n, int) and not isinstance(n, bool))])


class OwnRuns:
    """The newest completed runs of a model or workflow at an endpoint, from the journal."""

    def __init__(self, store: Store, target: str, endpoint: Endpoint) -> None:
        place = None if endpoint.sandbox else endpoint.address  # each sandbox has its own address
        self._rows = store.own_runs(target, endpoint.provider.name, place, _MAX_ROWS)

        self._costs: dict[int, list[float | None]] = {}
        for row in self._rows:
            self._costs.setdefault(output_count(row.inputs), []).append(row.cost)

    def costs(self, outputs: int) -> list[float | None]:
        """Return USD of each run with this number of outputs, newest first; None: not reported."""
        return self._costs.get(outputs, [])

    def inputs(self, kind: Kind) -> list[Mapping[str, Any]]:
        """Return the inputs of each run of this kind; the oldest first."""
        return [row.inputs for row in reversed(self._rows) if row.kind == kind]

    @cached_property
    def usual_time(self) -> UsualTime | None:
        """The usual time of these runs; None if there are too few.

        The spread of few runs is uncertain, so it counts beside that of all models.
        """
        times = [row.run_seconds for row in self._rows if row.run_seconds][:_MAX_TIMES]
        if len(times) < MIN_OWN_RUNS:
            return None
        middle = _median(times)
        squares = sum(math.log(time / middle) ** 2 for time in times)
        variance = (_PRIOR_RUNS * UsualTime.spread**2 + squares) / (_PRIOR_RUNS + len(times))
        return UsualTime(middle, math.sqrt(variance), trust=0.85)


def usual_time(own: OwnRuns, model: Model | None) -> UsualTime | None:
    """Return the usual time of own runs, or else of the directory; None if both are unknown."""
    listed = UsualTime(model.seconds) if model and model.seconds else None
    return own.usual_time or listed


def is_at(row: Mapping[str, Any], endpoint: Endpoint) -> bool:
    """Return whether a row's job ran here. Sandboxes count as one: each has its own address."""
    is_here = row["place"] == endpoint.address or bool(endpoint.sandbox and row["sandbox"])
    return is_here and row["provider"] == endpoint.provider.name


def _median(values: Sequence[float]) -> float:
    from statistics import median  # slow to import, and a first run has no own runs

    return median(values)
