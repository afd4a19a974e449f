"""What a run may cost before it is sent: a range, and who says so.

Own runs say it best: their costs are what the service really billed. Where there are few, the
directory's average does; where nobody knows, the range is empty.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from segmind_widgets.formatting import money
from segmind_widgets.network.endpoints import Endpoint
from segmind_widgets.storage.store import Store

USD_TOLERANCE = 1e-9  # USD: sums of prices are not exact
MIN_OWN_RUNS = 3  # own runs that say more than a directory's average
MAX_OWN_RUNS = 12  # own runs: prices change
_MAX_ROWS = 60  # looked through for them
_COUNT_INPUTS = (
    "n",
    "samples",
    "max_images",
    "num_images",
    "num_outputs",
)  # how many outputs are wanted


@dataclass(frozen=True)
class Estimate:
    """USD for one run. All three are None where nobody knows; `source` says who does, in words."""

    low: float | None = None
    usual: float | None = None
    high: float | None = None
    source: str = "no average in the directory, and no run of yours"
    is_unreported: bool = False  # there were own runs, and the service did not say what they cost

    @property
    def remedy(self) -> str:
        """What makes an unknown cost known, in a sentence."""
        if self.is_unreported:
            return "The service does not say what it costs; %segmind_status shows your balance."
        return "One run without a limit may tell what it costs."

    def times(self, runs: int) -> Estimate:
        """USD of so many runs together."""
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
        between = f", usually {usual}" if usual not in (low, high) else ""
        return f"{low} to {high}{between} ({self.source})"


def estimate(average: float | None, runs: Sequence[float | None], outputs: int = 1) -> Estimate:
    """The range from the directory's average and from what own runs cost, the newest first.

    Args:
        average: USD for one output.
        runs: USD of each own run of this target that asked for as many outputs, None where the
            service did not tell.
        outputs: how many the inputs ask for; some services bill each.
    """
    own = [cost for cost in runs if cost is not None][:MAX_OWN_RUNS]
    mine = f"your last {len(own)} runs" if len(own) > 1 else "your last run"
    if len(own) >= MIN_OWN_RUNS or (own and average is None):
        return Estimate(min(own), median(own), max(own), mine)
    if average is None:
        source = "the service does not say what your runs cost"
        return Estimate(source=source, is_unreported=True) if runs else Estimate()
    told = [average, average * outputs, *own]
    source = "directory average"
    source += f", {outputs} outputs" if outputs > 1 else ""
    source += f", and {mine}" if own else ""
    return Estimate(min(told), average * outputs, max(told), source)


def output_count(inputs: Mapping[str, Any]) -> int:
    """How many outputs the inputs ask for, at most."""
    asked = [inputs.get(name) for name in _COUNT_INPUTS]
    return max([1, *(n for n in asked if isinstance(n, int) and not isinstance(n, bool))])


class OwnRuns:
    """The newest completed runs of a model or workflow at a place, as the journal has them."""

    def __init__(self, store: Store, target: str, endpoint: Endpoint) -> None:
        rows = store.jobs(_MAX_ROWS, target=target, status="completed")
        self._rows = [row for row in rows if is_at(row, endpoint)]

    def costs(self, outputs: int) -> list[float | None]:
        """USD of each that asked for as many outputs, None where untold; the newest first."""
        return [row["cost"] for row in self._rows if output_count(row["inputs"]) == outputs]

    def seconds(self) -> float | None:
        """How long they usually take; None where there are too few to say."""
        took = [row["seconds"] for row in self._rows if row["seconds"]][:20]
        return median(took) if len(took) >= MIN_OWN_RUNS else None


def is_at(row: Mapping[str, Any], endpoint: Endpoint) -> bool:
    """A row's job ran at this place. All sandboxes of kernels are one: each has its own address."""
    return row["place"] == endpoint.address or bool(endpoint.sandbox and row["sandbox"])
