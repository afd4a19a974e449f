"""Let only one kernel at a time watch a job, so that no job is fetched or billed twice."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from segmind_widgets.errors import StillRunning
from segmind_widgets.storage.locks import KernelLock
from segmind_widgets.storage.store import Store

_CHECK_INTERVAL = 1.0  # seconds


class JobOwnership:
    """This kernel's claims on the jobs of a store; they end when the kernel ends."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.kernel = KernelLock(store.home)
        self._checks: dict[str, tuple[float, bool]] = {}  # owner → time, whether it was alive

    @property
    def owner(self) -> str | None:
        """Return the `owner` of this kernel's rows; None if the disk has no locks."""
        return self.kernel.id

    def elsewhere(self, row: Mapping[str, Any]) -> bool:
        """Return whether another live kernel follows the job, checked once a second."""
        owner = row["owner"]
        if owner is None or owner == self.owner:
            return False
        when, alive = self._checks.get(owner, (0.0, False))
        if time.monotonic() - when > _CHECK_INTERVAL:
            alive = self.kernel.alive(owner)
            self._checks[owner] = time.monotonic(), alive
        return alive

    def take(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Claim a row's job for this kernel and return the row.

        Raises:
            StillRunning: another kernel follows it.
        """
        while row["owner"] == self.owner or not self.kernel.alive(row["owner"]):
            claimed = self._store.claim(row["key"], self.owner, row["owner"])
            if claimed is not None:
                return claimed
            row = self._store.job(row["key"])  # a stopped run gave it back, or another was first
        raise followed(row)

    def close(self) -> None:
        """Release all claims."""
        self.kernel.close()


def followed(row: Mapping[str, Any]) -> StillRunning:
    """Return the error of a job that another kernel follows."""
    return StillRunning(
        f"The job {row['id'] or row['key']} is being watched by another kernel.",
        hint="%segmind_jobs shows its progress, and its results when it is done.",
    )
