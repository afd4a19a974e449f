"""Scripted failures: their kind, the requests they apply to, and their number."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

# S, W and URL are the values of the options seconds, words and location
BEFORE = {  # the request is neither processed nor billed
    "reset_before": "the connection is reset",
    "redirect": "307 to URL (default: the same path on the files' origin)",
    "html_502": "a gateway's HTML page with status 502",
}
INSIDE = {  # the service reports the failure
    "job_failed": "the job is accepted, then fails with the message W",
    "expired": "the record or file no longer exists",
}
AFTER = {  # the request is processed and billed; only the reply is damaged
    "reset_after": "the connection is reset instead of a reply",
    "silence": "no reply for S seconds, or until faults.release()",
    "cut": "the body ends after half of its Content-Length",
    "slow_drip": "the body arrives in small pieces over S seconds (default: 3)",
    "endless": "only a space every S seconds (default: 0.05), until faults.release()",
    "late_504": "a gateway's HTML page with status 504, while the run continues",
    "bad_json": "only the first half of the JSON",
    "not_utf8": "JSON with bytes that are not valid UTF-8",
    "empty": "the same status code with an empty body",
    "wrong_type": "the correct body with a wrong Content-Type",
}
KINDS = {**BEFORE, **INSIDE, **AFTER}


@dataclass(frozen=True)
class Fault:
    """One scripted failure.

    Args:
        match: regular expression that must match the whole of "METHOD /path".
        kind: a name from `KINDS`, or an HTTP status code; without a `body` the reply is the
            service's own error.
        times: number of requests that fail; None means all.
        after: number of matching requests that are served normally first.
        headers: additional headers of the reply, for a status code or `wrong_type`.
        body: the reply's body for a status code: text, bytes, or a mapping (JSON).
        words: error message of a failed job.
        seconds: duration of `silence` (None: until `release`) or `slow_drip` (None: 3 s), or the
            pause between two bytes of `endless` (None: 0.05 s).
        location: target of `redirect`; by default the same path on the files' origin.

    Raises:
        ValueError: `kind` is neither a known name nor a status code.
        re.error: `match` is not a regular expression.
    """

    match: str
    kind: str | int
    times: int | None = 1
    after: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | bytes | Mapping[str, Any] | None = None
    words: str = "The model could not make anything of these inputs."
    seconds: float | None = None
    location: str = ""

    def __post_init__(self) -> None:
        re.compile(self.match)
        valid = self.kind in KINDS if isinstance(self.kind, str) else 200 <= self.kind <= 599
        if not valid:
            raise ValueError(
                f"kind={self.kind!r} is not a failure; give an HTTP code or one of"
                f" {', '.join(KINDS)}."
            )

    @classmethod
    def parse(cls, text: str) -> Fault:
        """Parse `PATTERN=KIND[,OPTION=VALUE…]`, such as `POST /v2/.*=503,times=2`.

        Options are times (a number or always), after, words, seconds, location.

        Raises:
            ValueError: the text has another form; the message names the invalid part.
        """
        match, equals, rest = text.partition("=")
        if not equals:
            raise ValueError(f"{text!r} needs the form PATTERN=KIND, such as 'POST /v2/.*=503'.")
        kind, *options = rest.split(",")
        readers = {
            "times": lambda value: None if value == "always" else int(value),
            "after": int,
            "words": str,
            "seconds": float,
            "location": str,
        }
        values: dict[str, Any] = {}
        for option in options:
            name, _, value = option.partition("=")
            if name not in readers:
                raise ValueError(
                    f"{name!r} is not an option of a fault; choose {', '.join(readers)}."
                )
            values[name] = readers[name](value)
        return cls(match.strip(), int(kind) if kind.isdigit() else kind, **values)


class Faults:
    """The active failures. All methods are thread-safe."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._lock = threading.RLock()
        self._entries: list[_Entry] = []
        self._held: dict[asyncio.Event, asyncio.AbstractEventLoop] = {}
        for fault in faults:
            self.add(fault)

    def add(self, fault: Fault | str, kind: str | int | None = None, **options: Any) -> Fault:
        """Add a `Fault`, or create one from its arguments: `add("POST /v2/.*", 503, times=2)`.

        Raises:
            ValueError: `kind` is missing or unknown.
        """
        if isinstance(fault, str):
            if kind is None:
                raise ValueError(
                    f"kind is missing; give an HTTP code or one of {', '.join(KINDS)}."
                )
            fault = Fault(fault, kind, **options)
        with self._lock:
            self._entries.append(_Entry(fault))
        return fault

    def clear(self) -> None:
        """Remove all failures, and release the requests that they delay."""
        with self._lock:
            self._entries.clear()
        self.release()

    def release(self) -> None:
        """Let every delayed request continue with its reply."""
        with self._lock:
            requests = list(self._held.items())
        for over, loop in requests:
            loop.call_soon_threadsafe(over.set)

    def take(self, line: str) -> Fault | None:
        """Return the failure for the request "METHOD /path", and count it; None if none applies."""
        with self._lock:
            return next((entry.fault for entry in self._entries if entry.applies(line)), None)

    @contextmanager
    def applied(self, line: str, over: asyncio.Event) -> Iterator[Fault | None]:
        """Yield the result of `take`; meanwhile `release` sets `over` in the current event loop."""
        with self._lock:
            fault = self.take(line)
            if fault:
                self._held[over] = asyncio.get_running_loop()
        try:
            yield fault
        finally:
            with self._lock:
                self._held.pop(over, None)


async def silence(over: asyncio.Event, seconds: float | None) -> None:
    """Wait for the event for at most `seconds`; None means no limit."""
    with suppress(asyncio.TimeoutError, TimeoutError):  # two classes on Python 3.10
        await asyncio.wait_for(over.wait(), seconds)


@dataclass
class _Entry:
    """An active failure with its counters: matching requests and failed requests."""

    fault: Fault
    matches: int = 0
    used: int = 0

    def applies(self, line: str) -> bool:
        """Return whether the request fails, and count it."""
        fault = self.fault
        if (fault.times is not None and self.used >= fault.times) or not re.fullmatch(
            fault.match, line
        ):
            return False
        self.matches += 1
        if self.matches <= fault.after:
            return False
        self.used += 1
        return True
