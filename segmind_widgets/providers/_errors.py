"""Create errors from replies: code, body in any form, and time to wait."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

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
    TooLarge,
    Unauthorized,
)
from segmind_widgets.schemas import is_list, is_mapping

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

_LONGEST_DATE = 100  # characters
_LONGEST_WAIT = 86_400.0  # seconds: a later time must be a misread date

# Segmind's API reference has 406 "Not Acceptable" for too few credits, so these words add no
# information
_MONEY = re.compile(r"credit|balance|insufficient|quota|funds|^not acceptable\W*$", re.IGNORECASE)

_TYPE = re.compile(r"(?=.{1,40}$)[a-z]+(_[a-z]+)*")

_HIDDEN = ("script", "style", "head")

_MODERATION = re.compile(
    r"moderat|nsfw|safety|content polic|content rule|sensitive|prohibited", re.IGNORECASE
)


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
    if kind is NotAcceptable and _MONEY.search(message or "credits"):
        kind = InsufficientCredits
    elif kind is Rejected and _MODERATION.search(message):
        kind = Moderated
    elif kind is ServerError and "build_request_failed" in message:
        kind = Rejected  # APIMart reports a bad parameter as a 500
    details: ErrorDetails = {
        "status": status,
        "body": text[:2000],
        "request_id": headers.get("x-request-id") or None,
        "field": field,
        "type": _type(text),
    }
    message = message or _phrase(status)
    if kind is RateLimited:
        return RateLimited(message, retry_after=retry_after(headers), **details)
    return kind(message, **details)


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


def words(text: str) -> tuple[str, str | None]:
    """Return the message in a reply's body, and the input that it names, or None."""
    try:
        message, field = _from_json(json.loads(text))
    except (ValueError, RecursionError):
        message, field = _from_markup(text), None
    message, field = _whole(" ".join(message.split())[:500]), _whole(field or "")
    cut = message[:1] in ("{", "[")  # incomplete JSON: its keys are not inputs
    return message, field or (None if cut else _named_field(message))


def _whole(text: str) -> str:
    """Return the text with "?" for unpaired surrogates, which files and databases cannot store."""
    return text.encode("utf-8", "replace").decode()


def _from_json(value: Any) -> tuple[str, str | None]:
    if isinstance(value, str):
        return value, None
    if is_list(value):
        parts = [_from_json(item) for item in value]
        fields = [field for _, field in parts if field]
        return "; ".join(message for message, _ in parts if message), fields[0] if fields else None
    if not is_mapping(value):
        return "", None
    if "msg" in value:  # FastAPI's: {"loc": ["body", "steps"], "msg": "…"}
        loc = value.get("loc") or [None]
        field = str(loc[-1]) if is_list(loc) and loc[-1] is not None else None
        return f"{field}: {value['msg']}" if field else str(value["msg"]), field
    for name in ("error", "error_message", "message", "detail", "error_description", "fail_reason"):
        if value.get(name):
            message, field = _from_json(value[name])
            if message:
                param = value[name].get("param") if is_mapping(value[name]) else None
                return message, field or (param if isinstance(param, str) else None)
    return "", None


def _from_markup(text: str) -> str:
    """Return the words of a page without its tags, scripts and styles; linear in its length."""
    pieces: list[str] = []
    small, at = text.lower(), 0
    if len(small) != len(text):  # a few letters have two in lower case
        text = small
    while (start := text.find("<", at)) >= 0:
        pieces.append(text[at:start])
        at = text.find(">", _end_of_hidden(small, start)) + 1 or len(text)
    return html.unescape(" ".join([*pieces, text[at:]]))


def _end_of_hidden(page: str, start: int) -> int:
    """Return where the end tag of a script, a style or a head begins; for other tags `start`."""
    name = next((name for name in _HIDDEN if page.startswith(name, start + 1)), "")
    if not name or page[start + 1 + len(name) : start + 2 + len(name)].isalnum():
        return start
    end = page.find(f"</{name}", start)
    return end if end >= 0 else len(page)


def _named_field(message: str) -> str | None:
    match = re.search(r"[`'\"]([A-Za-z_]\w*)[`'\"]", message)
    return match[1] if match else None


def _phrase(status: int) -> str:
    try:
        return f"The service answered {status} {HTTPStatus(status).phrase} without a message."
    except ValueError:
        return f"The service answered {status} without a message."


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Return the seconds given by `Retry-After` or `x-rate-limit-reset-at-utc`, or None.

    Both may be seconds, epoch seconds, an HTTP date or ISO 8601 (Segmind documents no form).
    """
    now = now or datetime.now(timezone.utc)
    for name in ("retry-after", "x-rate-limit-reset-at-utc"):
        value = headers.get(name, "")[:_LONGEST_DATE].strip()
        if re.fullmatch(r"\d{1,20}(\.\d+)?", value):
            seconds = float(value) / (1000 if float(value) > 1e11 else 1)  # epoch milliseconds
            seconds -= now.timestamp() if seconds > 1e9 else 0
        elif when := _date(value):
            seconds = (when - now).total_seconds()
        else:
            continue
        return min(max(0.0, seconds), _LONGEST_WAIT)
    return None


def _iso_date(value: str) -> datetime:
    return datetime.fromisoformat(value.replace("Z", "+00:00"))


def _date(value: str) -> datetime | None:
    for read in (_iso_date, parsedate_to_datetime):
        try:
            when = read(value)
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
        return when if when.tzinfo else when.replace(tzinfo=timezone.utc)
    return None
