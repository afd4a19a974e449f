"""When a call is sent again, and sending with those repeats from the calling thread."""

from __future__ import annotations

import math
import threading
import time

from segmind_widgets.errors import (
    RateLimited,
    ReplyLost,
    SegmindError,
    Unreachable,
)
from segmind_widgets.network.rate_limit import RateLimit
from segmind_widgets.network.transport import Transport
from segmind_widgets.providers._errors import retry_after
from segmind_widgets.types import Call, Reply


def retry_delay(call: Call, outcome: Reply | SegmindError, tries: int) -> float | None:
    """Seconds after which the same call may be sent again; None: it must not, or need not.

    GETs repeat on every failure that passes; a POST, billed or not, only where nothing was accepted
    (refused connection, 429) and once on 502 and 503. `tries` counts the earlier repeats.
    """
    safe = call.method in ("GET", "HEAD")
    backoff = min(30.0, 2.0**tries)
    if isinstance(outcome, Unreachable):
        most = 8 if safe else 0 if isinstance(outcome, ReplyLost) else 2
        return backoff if tries < most else None
    if isinstance(outcome, SegmindError):
        return None
    if outcome.status == 429:
        named = retry_after(outcome.headers)
        return (max(0.5, named) if named is not None else max(2.0, backoff)) if tries < 8 else None
    if outcome.status in (502, 503):
        return backoff if tries < (8 if safe else 1) else None
    if outcome.status in (500, 504) and safe:
        return backoff if tries < (1 if outcome.status == 500 else 8) else None
    return None


QUESTION = 16.0  # seconds that somebody who asks is kept waiting by repeats


def send_with_retries(transport: Transport, call: Call) -> Reply:
    """Send one call from this thread, wait and repeat as the rules say; the reply, whatever code.

    Stop ends the waiting at once. For uploads, credits and lists; jobs have their watches. A
    question (GET) is repeated for `QUESTION` seconds only: somebody waits for the answer.

    Raises:
        SegmindError: no whole reply came; RateLimited: a question would have to wait for long.
    """
    pause = threading.Event()  # never set: waiting on it can be interrupted
    most = time.monotonic() + (QUESTION if call.method == "GET" else math.inf)
    tries = 0
    while True:
        _acquire(transport.limit, pause, most)
        try:
            outcome: Reply | SegmindError = transport.send(call)
        except SegmindError as error:
            outcome = error
        again = retry_delay(call, outcome, tries)
        if again is not None and isinstance(outcome, Reply) and outcome.status == 429:
            transport.limit.back_off(again)
        if again is None or time.monotonic() + again > most:
            if isinstance(outcome, SegmindError):
                raise outcome
            return outcome
        pause.wait(again)
        tries += 1


def _acquire(limit: RateLimit, pause: threading.Event, most: float) -> None:
    with limit.interactive():
        while wait := limit.acquire():
            if time.monotonic() + wait > most:
                raise RateLimited(f"The rate limit lets nothing through for another {wait:.0f} s.")
            pause.wait(wait)
