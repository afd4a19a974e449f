"""What the sandbox saw: one record a request, readable from any thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True)
class Record:
    """One request and what became of it.

    `headers` have lower-case names and no key in them; `key_seen` tells whether one was sent.
    `json` is the parsed body where it is JSON of at most 64 KiB. `status` is None until an answer
    is decided, and stays None where none is given. `billed` marks a run that was accepted against
    payment; a run that fails later is given back, and stays marked. `fault` names the scripted
    failure that was applied. `time` is `time.monotonic()` when the request was complete.
    """

    service: str
    method: str
    path: str
    time: float
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    key_seen: bool = False
    size: int = 0
    json: Any = None
    status: int | None = None
    billed: bool = False
    fault: str = ""


class Log:
    """The records in the order in which the requests came."""

    def __init__(self) -> None:
        self._records: list[Record] = []
        self._changed = threading.Condition()  # holds an RLock: a predicate may read the log

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[Record]:
        return iter(self.requests())

    def __getitem__(self, index: int) -> Record:
        return self.requests()[index]

    def requests(
        self,
        method: str | None = None,
        path_contains: str | None = None,
        *,
        service: str | None = None,
    ) -> list[Record]:
        """The records so far that fit: method and service are exact, the path's part is not."""
        with self._changed:
            return [
                record
                for record in self._records
                if (method is None or record.method == method)
                and (path_contains is None or path_contains in record.path)
                and (service is None or record.service == service)
            ]

    @property
    def billed_posts(self) -> list[Record]:
        """The runs that were accepted against payment."""
        return [record for record in self.requests("POST") if record.billed]

    def wait_for(self, predicate: Callable[[Log], Any], timeout: float = 10.0) -> list[Record]:
        """Block until `predicate(log)` is true, and give the records.

        Raises:
            TimeoutError: it was not within `timeout` seconds; the message lists the requests.
        """
        with self._changed:
            if self._changed.wait_for(lambda: predicate(self), timeout):
                return self.requests()
            seen = "\n".join(f"  {r.method} {r.path} → {r.status}" for r in self._records)
        raise TimeoutError(f"The sandbox did not see it within {timeout} s. It saw:\n{seen}")

    def open(self, record: Record) -> int:
        """Add a record, and give its number."""
        with self._changed:
            self._records.append(record)
            self._changed.notify_all()
            return len(self._records) - 1

    def update(self, number: int, **changes: Any) -> None:
        with self._changed:
            self._records[number] = replace(self._records[number], **changes)
            self._changed.notify_all()
