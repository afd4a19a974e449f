"""Scripted failures: what goes wrong, at which request, and how often."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

BEFORE = {  # the request is not processed, and nothing is billed
    "reset_before": "the connection is reset",
    "redirect": "307 to another host (location, or the files' origin)",
    "html_502": "a gateway's HTML page under 502",
}
INSIDE = {  # the service itself says so
    "job_failed": "the job is accepted and ends as failed (words)",
    "expired": "the record or file is gone",
}
AFTER = {  # the request is processed, and a run is billed; the reply suffers
    "reset_after": "the connection is reset in the place of a reply",
    "silence": "no reply until faults.release(), or until seconds are over",
    "cut": "the body stops half-way to its Content-Length",
    "slow_drip": "the body comes in small pieces over seconds (3)",
    "endless": "a space every few seconds (0.05), and never the body, until faults.release()",
    "late_504": "a gateway's HTML page under 504, while a run goes on",
    "bad_json": "half of the JSON",
    "not_utf8": "JSON with bytes that are no UTF-8",
    "empty": "the same code with an empty body",
    "wrong_type": "the right body under a wrong Content-Type",
}
KINDS = {**BEFORE, **INSIDE, **AFTER}


@dataclass(frozen=True)
class Fault:
    """One failure.

    Args:
        match: a regular expression that must match all of "METHOD /path".
        kind: a name from `KINDS`, or an HTTP code (with `headers` and `body` if given, else in
            the service's own words).
        times: how often; None is always.
        after: how many matching requests are served properly first.
        headers: further headers of the reply, for a code or `wrong_type`.
        body: the reply's body, for a code: text, bytes, or a mapping (JSON).
        words: what a failed job says.
        seconds: how long `silence` or `slow_drip` takes (None is for ever, and 3 s), and the
            pause between two bytes of `endless` (0.05 s).
        location: where `redirect` leads.
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
        known = self.kind in KINDS if isinstance(self.kind, str) else 200 <= self.kind <= 599
        if not known:
            raise ValueError(
                f"kind={self.kind!r} is not a failure; take an HTTP code or one of"
                f" {', '.join(KINDS)}."
            )

    @classmethod
    def parse(cls, text: str) -> Fault:
        """`PATTERN=KIND[,OPTION=VALUE…]`, as in `POST /v2/.*=503,times=2`.

        Options are times (a number or always), after, words, seconds, location.

        Raises:
            ValueError: the text has another form; the message says which part.
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
                raise ValueError(f"{name!r} is no option of a fault; take {', '.join(readers)}.")
            values[name] = readers[name](value)
        return cls(match.strip(), int(kind) if kind.isdigit() else kind, **values)


class Faults:
    """The failures in force. All methods may be called from any thread, at any time."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._lock = threading.RLock()
        self._entries: list[_Entry] = []
        self._held: dict[asyncio.Event, asyncio.AbstractEventLoop] = {}
        for fault in faults:
            self.add(fault)

    def add(self, fault: Fault | str, kind: str | int | None = None, **options: Any) -> Fault:
        """Add a `Fault`, or make one: `add("POST /v2/.*", 503, times=2)`."""
        if isinstance(fault, str):
            if kind is None:
                raise ValueError(
                    f"kind is missing; take an HTTP code or one of {', '.join(KINDS)}."
                )
            fault = Fault(fault, kind, **options)
        with self._lock:
            self._entries.append(_Entry(fault))
        return fault

    def clear(self) -> None:
        """Forget all failures, and let the silenced requests have their replies."""
        with self._lock:
            self._entries.clear()
        self.release()

    def release(self) -> None:
        """Let every request that is kept in silence have its reply now."""
        with self._lock:
            held = list(self._held.items())
        for over, loop in held:
            loop.call_soon_threadsafe(over.set)

    def take(self, line: str) -> Fault | None:
        """The failure for the request "METHOD /path", counted as used; None where there is none."""
        with self._lock:
            return next((entry.fault for entry in self._entries if entry.applies(line)), None)

    @contextmanager
    def applied(self, line: str, over: asyncio.Event) -> Iterator[Fault | None]:
        """As `take`, for as long as the request lasts: `release` sets its `over`, in this loop."""
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
    """Wait until the event, or until the seconds are over."""
    with suppress(asyncio.TimeoutError, TimeoutError):  # two classes on Python 3.10
        await asyncio.wait_for(over.wait(), seconds)


@dataclass
class _Entry:
    fault: Fault
    seen: int = 0
    used: int = 0

    def applies(self, line: str) -> bool:
        fault = self.fault
        if (fault.times is not None and self.used >= fault.times) or not re.fullmatch(
            fault.match, line
        ):
            return False
        self.seen += 1
        if self.seen <= fault.after:
            return False
        self.used += 1
        return True
