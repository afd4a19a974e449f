"""The rules for repeating a call, and sending with repeats from the calling thread."""

from __future__ import annotations

import math
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
from segmind_widgets.waiting import pause


def retry_delay(call: Call, outcome: Reply | SegmindError, tries: int) -> float | None:
    """Return the seconds after which a call may be repeated, or None if it must not be repeated.

    GETs repeat after every temporary failure; a POST only if nothing was accepted (refused
    connection, 429), and one that is never billed once on 502 and 503. What else follows the answer
    to a submit is in the table of `providers._submits`. `tries` is the number of earlier repeats.
    """
    safe = call.method in ("GET", "HEAD")
    backoff = min(30.0, 2.0**tries)
    if isinstance(outcome, Unreachable):
        most = 8 if safe else 0 if isinstance(outcome, ReplyLost) else 2
        return backoff if tries < most else None
    if isinstance(outcome, SegmindError):
        return None
    if outcome.status == 429:
        seconds = retry_after(outcome.headers)
        return (
            (max(0.5, seconds) if seconds is not None else max(2.0, backoff)) if tries < 8 else None
        )
    if outcome.status in (502, 503) and not call.billed:
        named = retry_after({"retry-after": outcome.headers.get("retry-after", "")})
        return max(backoff, named or 0.0) if tries < (8 if safe else 1) else None
    if outcome.status in (500, 504) and safe:
        return backoff if tries < (1 if outcome.status == 500 else 8) else None
    return None


GET_DEADLINE = 16.0  # seconds: a person waits for the answer


def send_with_retries(
    transport: Transport, call: Call, get_deadline: float = GET_DEADLINE
) -> Reply:
    """Send a call from this thread, repeat it by the rules of `retry_delay`, and return the reply.

    For uploads, credits and lists; job runners schedule their own repeats. The reply may have any
    status code. A keyboard interrupt ends a wait at once. A GET is repeated for at most
    `get_deadline` seconds.

    Raises:
        SegmindError: no complete reply arrived.
        RateLimited: a GET would have to wait beyond its deadline.
    """
    deadline = time.monotonic() + (get_deadline if call.method == "GET" else math.inf)
    tries = 0
    while True:
        _acquire(transport.limit, deadline)
        try:
            outcome: Reply | SegmindError = transport.send(call)
        except SegmindError as error:
            outcome = error
        delay = retry_delay(call, outcome, tries)
        if delay is not None and isinstance(outcome, Reply) and outcome.status == 429:
            transport.limit.back_off(delay)
        if delay is None or time.monotonic() + delay > deadline:
            if isinstance(outcome, SegmindError):
                raise outcome
            return outcome
        pause(delay)
        tries += 1


def _acquire(limit: RateLimit, deadline: float) -> None:
    with limit.interactive():
        while wait := limit.acquire():
            if time.monotonic() + wait > deadline:
                raise RateLimited(f"The rate limit allows the next request in {wait:.0f} s.")
            pause(wait)
