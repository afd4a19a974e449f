"""Replies of Segmind as states: v1, whose reply is the result, v2, workflows, the history."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Any
from urllib.parse import urljoin

from segmind_widgets.assets import media_types
from segmind_widgets.errors import ReplyError, SegmindError, SubmitUnknown
from segmind_widgets.providers._base import origin
from segmind_widgets.providers._completion import failure, outputs_of, says_why, unwrapped
from segmind_widgets.providers._errors import from_reply
from segmind_widgets.providers._facts import Facts, facts_of, header, id_of, number
from segmind_widgets.providers._outputs import from_json, text_output
from segmind_widgets.providers._places import results
from segmind_widgets.providers._reasons import excerpt
from segmind_widgets.providers._replies import (
    check_envelope,
    checked,
    json_object,
    media_in,
    page_hint,
    whole_body,
)
from segmind_widgets.providers._statuses import is_open, status_of, word_of
from segmind_widgets.providers._submits import is_page
from segmind_widgets.providers._texts import from_stream, is_stream
from segmind_widgets.schemas import is_list, is_mapping
from segmind_widgets.types import Call, HistoryEntry, JobState, Output, Reply, Status

_ADDRESSES = ("status_url", "statusUrl", "poll_url", "pollUrl", "response_url", "responseUrl")
_NOT_ABOUT_A_JOB = (401, 403, 404, 407, 408, 429)  # codes whose body is never a job's status


@dataclass(frozen=True)
class Ways:
    """How a provider asks for a job.

    Args:
        find: returns the call that polls a job by its id.
        origins: scheme://host:port of each address that may see the key.
    """

    find: Callable[[str], Call]
    origins: Collection[str]


def read_run(call: Call, reply: Reply, ways: Ways) -> JobState:
    """Return the state of a v1 run, whose reply is the result, or the receipt of v2.

    Raises:
        SubmitUnknown: the reply has no result.
        SegmindError: the reply tells an error under a code of success.
    """
    outputs = media_in(reply)
    body: Mapping[str, Any] = {}
    if not outputs and not is_page(reply):
        value = _value_in(reply)
        if is_mapping(value):
            body = unwrapped(value)
            if _is_receipt(body):
                return read_job(call, reply, ways)
            check_envelope(body, reply)
            if says_why(body) and not results(body, is_whole=True, is_media=False).outputs:
                return _ended(Status.FAILED, body, reply, header(reply.headers, "id"))
        outputs = _outputs_of_run(value, reply, call)
    if not outputs:
        raise SubmitUnknown(
            "The reply reports success, but has no result.",
            hint=page_hint(reply, SubmitUnknown),
            status=reply.status,
            body=excerpt(reply.body),
            request_id=header(reply.headers, "id"),
        )
    facts = facts_of(body, reply.headers)
    return JobState(
        Status.COMPLETED, id=header(reply.headers, "id"), outputs=tuple(outputs), **facts
    )


def _value_in(reply: Reply) -> Any:
    """Return the JSON in a body, also of server-sent events; None for other bodies."""
    media_type = media_types.parse(reply.headers.get("content-type")) or ""
    if is_stream(reply.body, media_type):
        return from_stream(reply.body)
    if media_type.endswith("json") or reply.body.lstrip()[:1] in (b"{", b"["):
        try:
            return from_json(reply.body)
        except ValueError:
            return None
    return None


def _is_receipt(body: Mapping[str, Any]) -> bool:
    """Return whether a reply only says that a job was accepted, or that it failed."""
    word = word_of(body)
    status = status_of(word)
    if status in (Status.FAILED, Status.CANCELLED):
        return bool(id_of(body))
    has_address = any(isinstance(body.get(name), str) for name in _ADDRESSES)
    return (has_address or (is_open(word) and bool(id_of(body)))) and not _has_result(body)


def _has_result(body: Mapping[str, Any]) -> bool:
    return bool(results(body, is_whole=False, is_media=False).outputs)


def _outputs_of_run(value: Any, reply: Reply, call: Call) -> list[Output]:
    """Return the outputs of a v1 reply that is no medium by its first bytes."""
    if value is not None:
        body = value if is_mapping(value) else {"output": value}
        return list(outputs_of(body, reply, call.reads, is_whole=True))
    media_type = media_types.parse(reply.headers.get("content-type")) or ""
    if not reply.body.strip() or media_type.endswith("json"):  # it was cut off
        return []
    if media_type.startswith("text/") or reply.body[:1] in (b"{", b"["):
        text = reply.body.decode("utf-8", "replace")
        return list(outputs_of({"output": text}, reply, call.reads, is_whole=False)) or [
            text_output(text)
        ]
    output = whole_body(reply)
    return [replace(output, media_type=media_type or output.media_type)]


def read_job(call: Call, reply: Reply, ways: Ways) -> JobState:
    """Return the state of a v2 run or a workflow. A failed job may come with any code.

    Raises:
        SegmindError: the service refused the call, or told an error that is no job's.
    """
    if not _is_about_a_job(call, reply):
        checked(call, reply)
    if outputs := media_in(reply):
        facts = facts_of({}, reply.headers)
        job_id = id_in(call.url) or header(reply.headers, "id")
        return JobState(Status.COMPLETED, id=job_id, outputs=tuple(outputs), **facts)
    body = unwrapped(json_object(call, reply))
    word = word_of(body) or ("QUEUED" if call.method == "POST" else "")
    status = Status.FAILED if not word and reply.status >= 300 else status_of(word)
    job_id = id_of(body) or id_in(call.url)
    if status is Status.FAILED and call.method == "POST" and not id_of(body) and reply.status < 300:
        raise _refusal(body, reply)
    if status in (Status.FAILED, Status.CANCELLED):
        return _ended(status, body, reply, job_id)
    if not word_of(body):
        check_envelope(body, reply)
    state = JobState(
        status, id=job_id, provider_status=word_of(body), **facts_of(body, reply.headers)
    )
    if status is Status.COMPLETED:
        return _completed(call, body, reply, state, ways)
    following = replace(call) if call.method == "GET" else _following(call, body, ways)
    return replace(state, status=status, next=following)


def _refusal(body: Mapping[str, Any], reply: Reply) -> SegmindError:
    """Return the error of a submit whose body says that it failed, without the id of a job."""
    try:
        check_envelope({**body, "status": None, "success": False}, reply)
    except SegmindError as error:
        return error
    return from_reply(400, reply.headers, reply.body)


def _is_about_a_job(call: Call, reply: Reply) -> bool:
    """Return whether a reply with an error code describes a job that ended, and not the call."""
    if reply.status < 300:
        return True
    if reply.status in _NOT_ABOUT_A_JOB or is_page(reply):
        return False
    try:
        value = from_json(reply.body)
    except ValueError:
        return False
    if not is_mapping(value):
        return False
    body = unwrapped(value)
    word = word_of(body)
    if status_of(word) in (Status.FAILED, Status.CANCELLED):
        is_plain = word.lower() != "error"  # a gateway's own word
        return bool(id_of(body)) or reply.status == 422 or (call.method == "GET" and is_plain)
    return call.method == "GET" and reply.status == 422 and not word and says_why(body)


def _ended(status: Status, body: Mapping[str, Any], reply: Reply, job_id: str | None) -> JobState:
    """Return the state of a job that failed or was cancelled."""
    # the cost of a failed job was only reserved and is refunded
    facts: Facts = {**facts_of(body, reply.headers), "cost": None}
    error = failure(body, reply, job_id) if status is Status.FAILED else None
    return JobState(status, id=job_id, provider_status=word_of(body), error=error, **facts)


def _completed(
    call: Call, body: Mapping[str, Any], reply: Reply, state: JobState, ways: Ways
) -> JobState:
    """Return the state of a completed job: its outputs, its error, or the call for its result."""
    is_status = call.method == "POST" or call.url.endswith("/status")
    try:
        outputs = outputs_of(body, reply, call.reads, is_whole=False, is_last=not is_status)
    except SegmindError as error:  # of a language model that wrote nothing
        return replace(state, status=Status.FAILED, error=error)
    if outputs:
        return replace(state, outputs=outputs)
    if says_why(body):
        return replace(state, status=Status.FAILED, error=failure(body, reply, state.id), cost=None)
    if not is_status:
        raise empty("The job is completed, but the reply has no output.", reply, state.id)
    if call.method == "GET":
        following = _own(call, body.get("response_url"), ways) or call.url.removesuffix("/status")
        call = replace(call, url=following)
    else:
        call = _following(call, body, ways)
    return replace(state, status=Status.PROCESSING, next=call, now=True)


def _following(call: Call, body: Mapping[str, Any], ways: Ways) -> Call:
    """Return the call that polls an accepted job: at an address of the reply, else by its id.

    An address elsewhere is not used, because the key must not go there.

    Raises:
        SubmitUnknown: the reply has neither.
    """
    names = _ADDRESSES if "/workflows/" not in call.url else ("poll_url", *_ADDRESSES)
    poll = Call("GET", "", auth=call.auth, form="first", reads=call.reads)
    for name in names:
        if address := _own(call, body.get(name), ways):
            return replace(poll, url=address)
    elsewhere = (id_in(body[name]) for name in names if isinstance(body.get(name), str))
    job_id = id_of(body) or next(filter(None, elsewhere), "")
    if job_id:
        return replace(poll, url=ways.find(job_id).url)
    raise SubmitUnknown(
        "Segmind accepted the request, but its reply has no address to poll.",
        body=json.dumps(dict(body))[:2000],
    )


def _own(call: Call, address: object, ways: Ways) -> str:
    """Return an address of a reply, complete, if it is at the provider's own hosts; else ""."""
    if not isinstance(address, str) or not address.strip():
        return ""
    try:
        url = urljoin(call.url, address.strip())
    except ValueError:
        return ""
    return url if origin(url) in ways.origins else ""


def id_in(url: str) -> str | None:
    """Return the job's id in the address of a poll, or None."""
    match = re.search(r"/requests/([^/?]+)", url)
    return match[1] if match else None


# history


def read_history(reply: Reply, find: Callable[[str], Call]) -> list[HistoryEntry]:
    """Return the requests on a page of the history.

    Raises:
        ReplyError: the reply has no list.
    """
    call = Call("GET", reply.url)
    rows = json_object(call, checked(call, reply)).get("data")
    if not is_list(rows):
        raise ReplyError("The reply has no list of requests.", body=excerpt(reply.body))
    entries = [_dict(row) for row in rows]
    return [_entry(row, reply, find) for row in entries if _text(row.get("request_id"))]


def _entry(row: dict[str, Any], reply: Reply, find: Callable[[str], Call]) -> HistoryEntry:
    job_id = _text(row["request_id"])
    state = _state_of_row(row, reply)
    if not (state.status.final and (state.outputs or state.error)):
        # it is running, or its results are texts, which the history omits
        state = replace(state, status=Status.PROCESSING, next=find(job_id), now=True)
    created = _moment(row.get("model_created"))
    return HistoryEntry(job_id, _dict(row.get("request_body")), created, state)


def read_history_row(call: Call, reply: Reply) -> JobState:
    """Return the state of a request in the history.

    Raises:
        ReplyError: it is completed, and no file is listed.
    """
    state = _state_of_row(json_object(call, reply), reply)
    if state.status is Status.COMPLETED and not state.outputs:
        raise empty(
            "The request is completed in the history, but no file is listed.", reply, state.id
        )
    return state if state.status.final else replace(state, next=call)


def _state_of_row(body: Mapping[str, Any], reply: Reply) -> JobState:
    """Return the state of a row of the history (fields as in the SDK 1.3.0)."""
    word = _text(body.get("model_status"))
    outputs = results({"output": body.get("generation_url")}, is_whole=False, is_media=True).outputs
    state = JobState(
        status_of(word),
        id=_text(body.get("request_id")) or None,
        provider_status=word,
        cost=number(body.get("credits_deduction")),
    )
    if state.status is Status.FAILED or (body.get("error") and not outputs):
        error = failure(body, reply, state.id)
        return replace(state, status=Status.FAILED, error=error)
    if outputs:
        return replace(state, status=Status.COMPLETED, outputs=tuple(outputs))
    return state


def empty(message: str, reply: Reply, job_id: str | None) -> ReplyError:
    """Return the error for a completed job without a result."""
    return ReplyError(message, status=reply.status, body=excerpt(reply.body), request_id=job_id)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _dict(value: object) -> dict[str, Any]:
    """Return an object, also from its JSON text; empty for anything else."""
    try:
        parsed = from_json(value) if isinstance(value, (str, bytes)) else value
    except ValueError:
        return {}
    return dict(parsed) if is_mapping(parsed) else {}


def _moment(value: object) -> datetime | None:
    """Return the time of an ISO 8601 text, in UTC without a zone, or None."""
    try:
        moment = datetime.fromisoformat(_text(value).replace("Z", "+00:00"))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
