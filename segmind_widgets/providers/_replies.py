"""Check a reply before it is read: its code, its page or JSON, and an error under a good code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from segmind_widgets.assets.asset import Asset
from segmind_widgets.errors import ReplyError, SegmindError, SubmitUnknown
from segmind_widgets.providers._errors import from_reply
from segmind_widgets.providers._facts import header
from segmind_widgets.providers._outputs import from_json
from segmind_widgets.providers._reasons import code_of, excerpt, words
from segmind_widgets.providers._submits import Answer, answer_of, is_page
from segmind_widgets.schemas import is_mapping
from segmind_widgets.types import Call, Output, Reply


def refusal(reply: Reply) -> str | None:
    """Return the message of a refusal in the service's JSON; None for any other page."""
    try:
        value = from_json(reply.body)
    except ValueError:
        return None
    return words(excerpt(reply.body))[0] or None if is_mapping(value) else None


def checked(call: Call, reply: Reply) -> Reply:
    """Return the reply if its code means success; parsers call this first.

    Raises:
        SubmitUnknown: a billed call may be running although it has an error code.
        SegmindError: the error for the code and the body.
    """
    if reply.status < 300:
        return reply
    if call.billed and answer_of(reply) is Answer.HIDDEN:
        raise hidden_submit(reply)
    raise from_reply(reply.status, reply.headers, reply.body)


def hidden_submit(reply: Reply) -> SubmitUnknown:
    """Return the error for a reply that may hide a running job; it keeps the reply's words."""
    error = from_reply(reply.status, reply.headers, reply.body)
    if reply.status == 504:
        cause = "The service's gateway timed out"
    elif reply.status < 400:
        place = reply.headers.get("location", "").partition("?")[0].partition("#")[0][:200]
        cause = f"The reply redirects to another address ({place or 'none is given'})"
    elif is_page(reply):
        cause = "A page of a proxy, gateway or login portal came instead of a reply"
    else:
        cause = "The reply does not show whether the request was accepted"
    return SubmitUnknown(
        f"{cause}: {error.message}",
        hint=page_hint(reply, SubmitUnknown),
        status=reply.status,
        body=error.body,
        request_id=error.request_id,
    )


def json_object(call: Call, reply: Reply) -> dict[str, Any]:
    """Return the reply's JSON object, whatever its code.

    Raises:
        SubmitUnknown: the reply to a billed call has a code of success but is not valid.
        ReplyError: the same for any other call.
    """
    try:
        value = from_json(reply.body)
    except ValueError:
        value = None
    if is_mapping(value):
        return dict(value)
    text = excerpt(reply.body)
    kind = SubmitUnknown if call.billed else ReplyError
    raise kind(
        f"The reply of {urlsplit(reply.url or call.url).netloc} is not a JSON object: "
        f"{' '.join(text.split())[:80] or 'nothing'}",
        hint=page_hint(reply, kind),
        status=reply.status,
        body=text,
        request_id=header(reply.headers, "id"),
    )


def page_hint(reply: Reply, kind: type[SegmindError]) -> str:
    """Return the hint for a page, or a redirect, in the place of the service's reply; "" if none.

    The network's login portal, or a proxy, sends them.
    """
    if not (is_page(reply) or 300 <= reply.status < 400):
        return ""
    network = (
        "If this network has a login page, sign in there with a browser; else check the proxy and"
        " the URL settings."
    )
    return f"{network} {kind.hint}" if kind is SubmitUnknown else network


def check_envelope(body: Mapping[str, Any], reply: Reply) -> None:
    """Raise the error that a reply with a code of success tells in its body, in any envelope.

    An error is `{"success": false}`, a code of 400 or more, or `error` without a result.
    """
    if code := code_of(body):
        failed = replace(reply, status=code)
        raise from_reply(failed.status, failed.headers, failed.body)


def media_in(reply: Reply) -> list[Output]:
    """Return the picture, video or sound that a reply's body is, by its first bytes."""
    if reply.status >= 300 or reply.body.lstrip()[:1] in (b"{", b"["):
        return []
    output = whole_body(reply)
    is_media = (output.media_type or "").partition("/")[0] in ("image", "video", "audio")
    return [output] if is_media else []


def whole_body(reply: Reply) -> Output:
    """Return a reply's body, in memory or on disk, as an output of the type of its first bytes."""
    data = None if reply.file else reply.body
    media_type = Asset(reply.file, data=data).media_type
    return Output(data=data, file=reply.file, media_type=media_type)
