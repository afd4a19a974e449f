"""What follows each reply to a submit, per kind of service: one table, which the docs print.

A paid POST is sent again only where the table says so. Nothing here sends or waits.
"""

from __future__ import annotations

from enum import Enum
from http import HTTPStatus
from typing import Any

from segmind_widgets.providers._outputs import from_json
from segmind_widgets.providers._reasons import excerpt, is_moderation, words
from segmind_widgets.schemas import is_mapping
from segmind_widgets.types import Reply


class Answer(str, Enum):
    """The kinds of answers to a submit, in the words of the table."""

    SUCCESS = "a code of success"
    REFUSAL = "4xx with the service's own JSON error (but 408, 409, 499)"
    RATE_LIMIT = "429"
    HIDDEN = (
        "408, 409, 499, 504, 520–524, 529, a redirect (3xx), another code without the service's own"
        " error, or any code with a page of a proxy, gateway or login portal"
    )
    SERVER_ERROR = "500"
    GATEWAY = "502, 503"
    LOST = "no reply, though a byte of the request may have been written"


class Action(str, Enum):
    """What follows an answer, in the words of the table."""

    READ = "its body is read"
    FAIL = "failed, not billed"
    WAIT = "sent again after the wait that it names"
    LOOK_UP = "unknown: looked up, never repeated"
    LOOK_UP_OR_FAIL = "looked up; if the history does not have it: failed, with the service's words"
    LOOK_UP_OR_REPEAT = (
        "looked up; if the history does not have it: sent again, once, after `Retry-After`"
    )
    SAME_KEY = "the identical request with the same `Idempotency-Key`"


class Service(str, Enum):
    """The columns of the table: what a service offers for a submit whose fate is not known."""

    HISTORY = "Segmind v1, v2"
    NOTHING = "workflows"
    KEY = "APIMart"


_ALL = {
    Answer.SUCCESS: Action.READ,
    Answer.REFUSAL: Action.FAIL,
    Answer.RATE_LIMIT: Action.WAIT,
}
TABLE: dict[Service, dict[Answer, Action]] = {
    Service.HISTORY: {
        **_ALL,
        Answer.HIDDEN: Action.LOOK_UP,
        Answer.SERVER_ERROR: Action.LOOK_UP_OR_FAIL,
        Answer.GATEWAY: Action.LOOK_UP_OR_REPEAT,
        Answer.LOST: Action.LOOK_UP,
    },
    Service.NOTHING: {
        **_ALL,
        Answer.HIDDEN: Action.LOOK_UP,
        Answer.SERVER_ERROR: Action.LOOK_UP_OR_FAIL,
        Answer.GATEWAY: Action.LOOK_UP,
        Answer.LOST: Action.LOOK_UP,
    },
    Service.KEY: {
        **_ALL,
        Answer.HIDDEN: Action.SAME_KEY,
        Answer.SERVER_ERROR: Action.SAME_KEY,
        Answer.GATEWAY: Action.SAME_KEY,
        Answer.LOST: Action.SAME_KEY,
    },
}
NOTES = (
    "A 500 that names `build_request_failed` or rules for content is a refusal. 401 of workflows,"
    " 404 of v2 (in the service's own JSON) and a 400 that names `image_urls` have one more try in"
    " the other documented form. If no byte of the request was written, it is sent again, at most"
    " twice."
    " A request is repeated with the same `Idempotency-Key` at most five times in the hour after"
    " the first try: by the running job, by `%segmind_jobs --resume` and by the same cell run"
    " again. A 409 to such a repeat means that the first request arrived."
)
_HIDING = {408, 409, 499}  # codes below 500 that may come although the request was accepted


def answer_of(reply: Reply) -> Answer:
    """Return the kind of a reply to a submit."""
    status = reply.status
    if status < 300:
        return Answer.SUCCESS
    if status < 400 or is_page(reply) or status in _HIDING:
        return Answer.HIDDEN
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Answer.RATE_LIMIT
    if status < 500:
        return Answer.REFUSAL if is_own(reply) else Answer.HIDDEN
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        return Answer.REFUSAL if _is_refusal(reply) else Answer.SERVER_ERROR
    if status in (HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE):
        return Answer.GATEWAY
    return Answer.HIDDEN


def _is_refusal(reply: Reply) -> bool:
    """Return whether a 500 is about the request: a bad parameter, or rules for content."""
    if b"build_request_failed" in reply.body:
        return True
    return is_mapping(_json(reply.body)) and is_moderation(words(excerpt(reply.body))[0])


def is_page(reply: Reply) -> bool:
    """Return whether a reply is a web page, which no service sends in the place of JSON."""
    media_type = reply.headers.get("content-type", "").lower()
    return "html" in media_type or reply.body.lstrip()[:1] == b"<"


def is_own(reply: Reply) -> bool:
    """Return whether an error is the service's own: a JSON object, or without a body."""
    if not reply.body.strip():
        return True
    return is_mapping(_json(reply.body))


def _json(body: bytes) -> Any:
    try:
        return from_json(body)
    except ValueError:
        return None


def markdown() -> str:
    """Return the table as Markdown."""
    lines = [
        "| reply to a paid POST | " + " | ".join(service.value for service in Service) + " |",
        "|---|" + "---|" * len(Service),
    ]
    for answer in Answer:
        cells = [TABLE[service][answer].value for service in Service]
        lines.append(f"| {answer.value} | " + " | ".join(cells) + " |")
    return "\n".join(lines)
