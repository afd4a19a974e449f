"""Rate states of accounts, shared by all kernels with the same home folder.

The rows are in `storage.rate_limits`. While another kernel has the file locked, or the file is not
usable, the caller uses its own state.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple

from segmind_widgets.network.rate_limit import RateState
from segmind_widgets.storage.rate_limits import RateLimitTable, Row


class SharedRateLimits:
    """A `rate_limit.Share` over the table of a store."""

    def __init__(self, table: RateLimitTable) -> None:
        self._table = table

    def change(
        self, account: str, work: Callable[[RateState], float]
    ) -> tuple[float, RateState] | None:
        """Apply `work` to the account's state; return its result and the state, or None if busy."""

        def on_row(row: Row | None) -> tuple[float, Row]:
            state = RateState(*row) if row else RateState()
            return work(state), astuple(state)

        changed = self._table.change(account, on_row)
        return None if changed is None else (changed[0], RateState(*changed[1]))
