"""The request log: one record per request, readable from any thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True)
class Record:
    """One request and its outcome.

    `headers` have lower-case names and contain no key; `key_seen` is whether a key was sent.
    `json` is the parsed body if it is JSON of at most 64 KiB. `status` is None until the reply is
    determined, and stays None if the request gets no reply. `billed` marks a run whose cost was
    reserved; it stays set if the run fails later and the cost is refunded. `fault` is the kind
    of the scripted failure. `time` is `time.monotonic()` when the request was complete.
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
    """The records in order of arrival."""

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
        """Return the matching records; `path_contains` matches any part of the path."""
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
        """Return the records of billed runs."""
        return [record for record in self.requests("POST") if record.billed]

    def wait_for(self, predicate: Callable[[Log], Any], timeout: float = 10.0) -> list[Record]:
        """Block until `predicate(log)` is true, and return the records.

        Raises:
            TimeoutError: it is still false after `timeout` seconds; the message lists the requests.
        """
        with self._changed:
            if self._changed.wait_for(lambda: predicate(self), timeout):
                return self.requests()
            lines = "\n".join(f"  {r.method} {r.path} → {r.status}" for r in self._records)
        raise TimeoutError(f"The sandbox did not see it within {timeout} s. It saw:\n{lines}")

    def open(self, record: Record) -> int:
        """Add a record, and return its number."""
        with self._changed:
            self._records.append(record)
            self._changed.notify_all()
            return len(self._records) - 1

    def update(self, number: int, **changes: Any) -> None:
        """Replace fields of a record."""
        with self._changed:
            self._records[number] = replace(self._records[number], **changes)
            self._changed.notify_all()
