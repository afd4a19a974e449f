"""How a job goes on after an answer that is no state: pure rules for submits and polls.

What follows each answer to a submit is in the table of `providers._submits`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone

from segmind_widgets.errors import (
    Forbidden,
    ForeignHost,
    NotFound,
    SegmindError,
    Unauthorized,
    Unreachable,
)
from segmind_widgets.providers._errors import from_reply, retry_after
from segmind_widgets.providers._submits import Answer, answer_of, is_own, is_page
from segmind_widgets.types import Call, Reply

MAX_REPEATS = 5  # of a submit with its Idempotency-Key
KEY_LIFE = timedelta(hours=1)  # after the first try
REPEAT_PAUSES = (2.0, 8.0, 30.0)  # seconds; the others are left for resume
RECORD_LIFE = 3600.0  # seconds for which a service keeps the record of a job
MAX_POLL_PAUSE = 60.0  # seconds between polls that are not answered with a state
NAMED_FAILURES = 3  # failed polls in a row, after which the job's line names the answer


@dataclass(frozen=True)
class Unsettled:
    """A submit that is looked up: what follows if the history does not have it.

    Args:
        call: the submit to send once more; None: the job has failed with `error`.
        not_before: monotonic seconds, from `Retry-After`.
    """

    call: Call | None
    error: SegmindError
    not_before: float


def submit_answer(outcome: Reply | SegmindError) -> Answer:
    """Return the kind of answer that a submit has got."""
    return answer_of(outcome) if isinstance(outcome, Reply) else Answer.LOST


def enveloped(reply: Reply, error: SegmindError) -> Reply:
    """Return a reply with the code of the error that was read from its body.

    A service may report an error in the body of a reply with the code 200.
    """
    return replace(reply, status=error.status or reply.status)


def error_of(outcome: Reply | SegmindError) -> SegmindError:
    """Return the error of an answer without success."""
    if isinstance(outcome, SegmindError):
        return outcome
    return from_reply(outcome.status, outcome.headers, outcome.body)


def next_repeat(call: Call, sent: str | None, pause: float = 0.0) -> Call | None:
    """Return a submit for another try with the same Idempotency-Key, or None if it may not be.

    Args:
        call: the submit as it was sent last.
        sent: the time of the first try, UTC, ISO 8601.
        pause: seconds until the other try.
    """
    if not call.billed or not sent or call.repeats >= MAX_REPEATS:
        return None
    end = datetime.fromisoformat(sent) + KEY_LIFE
    if datetime.now(timezone.utc) + timedelta(seconds=pause) > end:
        return None
    return replace(call, repeats=call.repeats + 1)


def is_proof_of_arrival(call: Call, outcome: Reply | SegmindError) -> bool:
    """Return whether the answer to a repeat says that an earlier try arrived."""
    return call.repeats > 0 and isinstance(outcome, Reply) and outcome.status == 409


def wait_of(outcome: Reply | SegmindError) -> float:
    """Return the seconds to wait that an answer with an error code names, else 0."""
    if not isinstance(outcome, Reply) or outcome.status < 400:
        return 0.0
    headers = outcome.headers
    if outcome.status != 429:  # the other header is about the account's limit
        headers = {"retry-after": headers.get("retry-after", "")}
    return retry_after(headers) or 0.0


def is_end_of_polling(error: SegmindError, outcome: Reply | SegmindError) -> bool:
    """Return whether a poll's answer concerns the account or this kernel, so that polling stops.

    Every other answer is repeated, because a proxy or a gateway may have given it.
    """
    if not isinstance(outcome, Reply):
        is_redirect = isinstance(error, ForeignHost) and error.status is not None
        return not (is_redirect or isinstance(error, Unreachable))
    if isinstance(error, Forbidden):
        return bool(outcome.body.strip()) and is_own(outcome) and not is_page(outcome)
    return isinstance(error, Unauthorized)


def is_expired(error: SegmindError, outcome: Reply | SegmindError, age: float) -> bool:
    """Return whether the service no longer has the record of an old job."""
    if not isinstance(outcome, Reply) or not isinstance(error, NotFound):
        return False
    return age > RECORD_LIFE and is_own(outcome) and not is_page(outcome)


def poll_pause(failures: int, outcome: Reply | SegmindError) -> float:
    """Return the seconds before the next poll after this number of failed ones in a row."""
    backoff = min(MAX_POLL_PAUSE, 2.0 ** min(failures - 1, 10))
    if isinstance(outcome, Reply) and outcome.status == 429:
        return max(wait_of(outcome) or 2.0, backoff)
    return max(wait_of(outcome), backoff)


def remedy_of(error: SegmindError) -> str:
    """Return the remedy of a failed poll; "" where the error has only the hint of its class."""
    return "" if error.hint == type(error).hint else error.hint


def summarize(error: SegmindError, outcome: Reply | SegmindError) -> str:
    """Return in a few words what was answered."""
    words = error.message.rstrip(".")[:200]
    code = outcome.status if isinstance(outcome, Reply) else error.status
    return f"HTTP {code}: {words}" if code else words
