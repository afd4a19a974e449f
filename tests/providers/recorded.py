"""Replies kept as files, and what a provider makes of them, in the same plain form.

A file: `about`, `call` (method, path, auth, billed), `reply` (status, headers, and json, text or
base64), `means`: everything of the `JobState` that is not its default, or the error that is raised.
"""

from __future__ import annotations

import base64
import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from segmind_widgets.errors import SegmindError
from segmind_widgets.providers import Provider
from segmind_widgets.types import Call, JobState, Output, Reply, Status

REPLIES = Path(__file__).with_name("replies")


def recorded(provider: str) -> list[Any]:
    """Every file of a provider's folder."""
    return sorted((REPLIES / provider).glob("*.json"))


def call_in(record: dict[str, Any], base: str) -> Call:
    """The call that was answered."""
    given = dict(record["call"])
    url = given.pop("url", None) or base + given.pop("path")
    return Call(given.pop("method"), url, **given)


def reply_in(record: dict[str, Any]) -> Reply:
    """The reply as it came."""
    given = record["reply"]
    if "json" in given:
        body = json.dumps(given["json"]).encode()
    elif "base64" in given:
        body = base64.b64decode(given["base64"])
    else:
        body = given.get("text", "").encode()
    return Reply(given["status"], given.get("headers", {}), body)


def meaning(provider: Provider, call: Call, reply: Reply) -> dict[str, Any]:
    """What the provider reads in it."""
    try:
        return told(provider.parse(call, reply))
    except SegmindError as error:
        return {"raises": _error(error)}


def told(state: JobState) -> dict[str, Any]:
    """A state in plain form, without what is as it is by default."""
    found: dict[str, Any] = {"status": str(state.status)}
    for field in dataclasses.fields(state):
        value = getattr(state, field.name)
        if field.name == "status" or value == field.default:
            continue
        if isinstance(value, Call):
            plain = {"method": value.method, "url": value.url}
            second = value.form if value.form == "second" else ""
            more = {"auth": value.auth, "form": second, "billed": value.billed}
            value = plain | {name: said for name, said in more.items() if said}
        elif isinstance(value, SegmindError):
            value = _error(value)
        elif field.name == "outputs":
            value = [_output(output) for output in value]
        found[field.name] = value
    return found


def _output(output: Output) -> dict[str, Any]:
    plain = {k: v for k, v in dataclasses.asdict(output).items() if v is not None and k != "data"}
    if output.data is None:
        return plain
    if (output.media_type or "").startswith(("text/", "application/json")):
        return plain | {"text": output.data.decode()}
    return plain | {"bytes": len(output.data)}


def _error(error: SegmindError) -> dict[str, Any]:
    facts = {"status": error.status, "request_id": error.request_id, "field": error.field}
    found = {name: value for name, value in facts.items() if value is not None}
    return {"kind": type(error).__name__, "message": error.message, **found}


def outcome(parse: Callable[[], Any]) -> Any:
    """What it gives, or the SegmindError it raises; any other exception is a fault."""
    try:
        return parse()
    except SegmindError as error:
        return error


def check(state: JobState | SegmindError) -> None:
    """An error says something; a state can be written to the journal and told to a Job."""
    if isinstance(state, SegmindError):
        assert state.message
        return
    assert isinstance(state.status, Status)
    assert state.id is None or isinstance(state.id, str)
    assert isinstance(state.provider_status, str)
    for number in (state.cost, state.credits, state.progress, state.expected):
        assert number is None or (isinstance(number, float) and abs(number) < float("inf"))
    assert state.seed is None or (isinstance(state.seed, int) and abs(state.seed) < 2**63)
    assert (state.next is None) or not state.outputs
    if state.next:
        json.dumps(state.next.to_dict())
    if state.status is Status.COMPLETED and state.next is None:
        assert state.outputs
    for output in state.outputs:
        assert (output.url is None) != (output.data is None)
        assert output.url is None or output.url.startswith(("http://", "https://"))
        for text in (output.media_type, output.name, output.expires_at):
            assert text is None or isinstance(text, str)
