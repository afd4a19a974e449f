"""Create errors from replies: code, body in any form, and time to wait."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from segmind_widgets.errors import (
    ErrorDetails,
    Forbidden,
    GatewayError,
    InsufficientCredits,
    MethodNotAllowed,
    ModelRetired,
    Moderated,
    NotAcceptable,
    NotFound,
    RateLimited,
    Rejected,
    SegmindError,
    ServerError,
    TeamLimit,
    TooLarge,
    Unauthorized,
)
from segmind_widgets.providers._facts import HEADERS, header
from segmind_widgets.providers._reasons import (
    is_about_a_team,
    is_about_content_type,
    is_about_money,
    is_moderation,
    words,
)
from segmind_widgets.schemas import is_mapping

_BY_STATUS: dict[int, type[SegmindError]] = {
    400: Rejected,
    401: Unauthorized,
    402: InsufficientCredits,
    403: Forbidden,
    404: NotFound,
    405: MethodNotAllowed,
    406: NotAcceptable,
    410: ModelRetired,
    413: TooLarge,
    415: Rejected,
    422: Rejected,
    429: RateLimited,
    502: GatewayError,
    503: GatewayError,
    504: GatewayError,
}

_OF_TEAMS = (402, 403, 406)
_LONGEST_DATE = 100  # characters
_LONGEST_WAIT = 86_400.0  # seconds: a later time must be a misread date

_TYPE = re.compile(r"(?=.{1,40}$)[a-z]+(_[a-z]+)*")


def from_reply(status: int, headers: Mapping[str, str], body: bytes) -> SegmindError:
    """Return the error for a reply with an error code, including the server's message.

    Args:
        status: the HTTP code.
        headers: lower-case names.
        body: JSON, HTML or text; it may be incomplete or empty.
    """
    text = body.decode("utf-8", "replace")
    message, field = words(text)
    kind = _BY_STATUS.get(status, ServerError if status >= 500 else Rejected)
    is_refusal = kind in (Rejected, ServerError)
    if status in _OF_TEAMS and is_about_a_team(message):
        kind = TeamLimit
    elif kind is NotAcceptable:
        kind = _not_acceptable(message)
    elif kind is Forbidden and "user_quota" in text:  # of APIMart
        kind = InsufficientCredits
    elif is_refusal and is_moderation(message):
        kind = Moderated
    elif kind is ServerError and "build_request_failed" in message:
        kind = Rejected  # APIMart reports a bad parameter as a 500
    details: ErrorDetails = {
        "status": status,
        "body": text[:2000],
        "request_id": header(headers, "id"),
        "field": field,
        "type": _type(text),
    }
    message = message or _phrase(status)
    if kind is RateLimited:
        return RateLimited(message, retry_after=retry_after(headers), **details)
    return kind(message, **details)


def _not_acceptable(message: str) -> type[SegmindError]:
    """Return the class of a 406 with this message."""
    if not message or is_about_money(message):
        return InsufficientCredits
    if is_about_content_type(message):
        return NotAcceptable
    return Moderated if is_moderation(message) else Rejected


def _type(text: str) -> str | None:
    """Return the `type` of an error, which APIMart adds to its message.

    Only plain words are accepted, because the type is displayed and a service may repeat a key in
    it.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    error = value.get("error") if is_mapping(value) else None
    kind = error.get("type") if is_mapping(error) else None
    return kind if isinstance(kind, str) and _TYPE.fullmatch(kind) else None


def _phrase(status: int) -> str:
    try:
        return f"The service answered {status} {HTTPStatus(status).phrase} without a message."
    except ValueError:
        return f"The service answered {status} without a message."


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Return the seconds to wait by the headers of `_facts.HEADERS["reset"]`, or None.

    Each may be seconds (`12`, `1m30s`, `500ms`), epoch seconds, an HTTP date, ISO 8601, or the text
    of a time in Go or Python (Segmind documents no form).
    """
    now = now or datetime.now(timezone.utc)
    for name in HEADERS["reset"]:
        value = headers.get(name, "")[:_LONGEST_DATE].strip()
        if re.fullmatch(r"\d{1,20}(\.\d+)?", value):
            seconds = float(value) / (1000 if float(value) > 1e11 else 1)  # epoch milliseconds
            seconds -= now.timestamp() if seconds > 1e9 else 0
        elif parts := _DURATION.fullmatch(value):
            seconds = sum(
                float(part or 0) * unit for part, unit in zip(parts.groups(), _UNITS, strict=True)
            )
        elif when := _date(value):
            seconds = (when - now).total_seconds()
        else:
            continue
        return min(max(0.0, seconds), _LONGEST_WAIT)
    return None


_DURATION = re.compile(
    r"(?=\d)(?:(\d{1,4})h)?(?:(\d{1,6})m(?!s))?(?:(\d{1,9}(?:\.\d+)?)s)?(?:(\d{1,9}(?:\.\d+)?)ms)?"
)
_UNITS = (3600.0, 60.0, 1.0, 0.001)
_UTC_NAME = re.compile(r"(?: [+]0000)? (?:UTC|GMT)$")  # `2026-11-27 20:12:53 +0000 UTC`


def _iso_date(value: str) -> datetime:
    text = _UTC_NAME.sub("+00:00", value.replace("Z", "+00:00"))
    return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))


def _date(value: str) -> datetime | None:
    for read in (_iso_date, parsedate_to_datetime):
        try:
            when = read(value)
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
        return when if when.tzinfo else when.replace(tzinfo=timezone.utc)
    return None
