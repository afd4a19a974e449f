"""Where a job of the journal runs, as far as that can be reached from here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from segmind_widgets.errors import NotFound
from segmind_widgets.network.endpoints import Place, Places
from segmind_widgets.storage.store import Store
from segmind_widgets.types import Status


class Origins:
    """The places of rows."""

    def __init__(self, store: Store, places: Places) -> None:
        self._store = store
        self._places = places

    def name(self, row: Mapping[str, Any]) -> str:
        """What `-p` names it by."""
        own = row["provider"] == "segmind" and self._own_sandbox(row)
        return "sandbox" if own else row["provider"]

    def place(self, row: Mapping[str, Any]) -> Place:
        """Where a row's job runs.

        Raises:
            NotFound: it ran on a sandbox that is gone (an unfinished job ends with it), or at
                another address than the one that is set.
        """
        place = self._places.at(row["provider"], sandbox=self._own_sandbox(row))
        if place.address == row["place"]:
            return place
        known = row["id"] or row["key"]
        if row["sandbox"]:
            error = NotFound(
                f"The job {known} ran on a sandbox that is gone: they end with their kernels.",
                hint="Run it again; on the sandbox that costs nothing.",
            )
            if not Status(row["status"]).final:
                told = {"status": str(Status.UNKNOWN), "next": None, "error": error.message}
                self._store.update(row["key"], **told)
            raise error
        raise NotFound(
            f"The job {known} runs at {row['place']}, not {place.address}.",
            hint="Set the address back to that and resume again.",
        )

    def _own_sandbox(self, row: Mapping[str, Any]) -> bool:
        """It ran on a kernel's own sandbox, not at the address that is set for its provider."""
        if not row["sandbox"]:
            return False
        return row["place"] != self._places.at(row["provider"], sandbox=False).address
