"""What a reply about an ended run gives: its outputs, or the error that stands in their place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from segmind_widgets.errors import JobFailed, Moderated, SegmindError
from segmind_widgets.nested import walk
from segmind_widgets.providers._facts import header, id_of
from segmind_widgets.providers._names import ENVELOPE, WORD_NAMES, is_fact, role_of
from segmind_widgets.providers._outputs import data_output, from_json, parsed, text_output
from segmind_widgets.providers._places import iter_values, lone_addresses, results
from segmind_widgets.providers._reasons import excerpt, is_moderation, reason
from segmind_widgets.providers._statuses import word_of
from segmind_widgets.providers._texts import ModelAnswer, model_answer
from segmind_widgets.schemas import is_list, is_mapping
from segmind_widgets.types import Output, Reads, Reply

_RAISE_TOKENS = (
    "The run was billed. Raise `max_tokens` (or the model's own limit of its answer), or ask for"
    " less."
)


def unwrapped(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a reply whose job is inside `data` or `task` with the job's members on top."""
    for name in ("data", "task", "request"):
        inner = body.get(name)
        inner = inner[0] if is_list(inner) and len(inner) == 1 else inner
        if is_mapping(inner) and (id_of(inner) or inner.get("status")):
            return {**{key: value for key, value in body.items() if key != name}, **inner}
    return body


def names_a_status(reply: Reply) -> bool:
    """Return whether a reply describes a job."""
    try:
        value = from_json(reply.body)
    except ValueError:
        return False
    return is_mapping(value) and bool(word_of(unwrapped(value)))


def outputs_of(
    body: Mapping[str, Any],
    reply: Reply,
    reads: Reads,
    *,
    is_whole: bool,
    is_last: bool = True,
    has_words: bool = True,
) -> tuple[Output, ...]:
    """Return the outputs in the reply to a run that has ended well; () if there are none.

    Words come first: of a language model's reply, and of a run that `reads` text, nothing is
    searched for addresses.

    Args:
        body: the reply's JSON object.
        reply: the reply, for the error.
        reads: what the run makes, if that is known.
        is_whole: whether the reply is the result itself, and not an envelope around it.
        is_last: whether no further reply follows, so that a lone address counts.
        has_words: whether words that are no language model's can be the result.

    Raises:
        Moderated: a language model refused to answer.
        JobFailed: the limit of tokens ended the answer before its first word.
    """
    for value in iter_values(body):
        answer = model_answer(value)
        if answer and answer.outputs:
            return answer.outputs
        if answer:
            return _without_words(answer, value, reply)
    if reads != "text":
        found = results(body, is_whole=is_whole, is_media=reads == "files")
        if found.outputs:
            return (*found.outputs, *_beside(found.rest))
        if is_last and (lone := lone_addresses(body)):
            return tuple(lone)
    return _words(body if is_whole else _inside(body)) if has_words else ()


def _beside(rest: Any) -> list[Output]:
    """Return the data beside files as one output, with the name of a single value."""
    if rest is None:
        return []
    if is_mapping(rest) and len(rest) == 1:
        name, value = next(iter(rest.items()))
        return [data_output(value, None if role_of(name) == "" else name)]
    return [data_output(rest, "data")]


def _without_words(answer: ModelAnswer, value: Any, reply: Reply) -> tuple[Output, ...]:
    """Return the reply of a language model that wrote no text, such as the call of a tool."""
    body, request_id = excerpt(reply.body), header(reply.headers, "id")
    if answer.is_refused:
        raise Moderated(
            answer.refusal or f"The model refused to answer ({answer.end}).",
            hint="Change the prompt: the model refused it. The run may be billed.",
            body=body,
            request_id=request_id,
        )
    if answer.is_cut:
        raise JobFailed(
            f"The model used up its tokens before it wrote an answer ({answer.end}).",
            hint=_RAISE_TOKENS,
            body=body,
            request_id=request_id,
        )
    return (data_output(value),)


def _inside(body: Mapping[str, Any]) -> Any:
    """Return what stands at the place of the result in an envelope."""
    return next((body[name] for name in ENVELOPE if not _has_nothing(body.get(name))), None)


def _has_nothing(value: Any) -> bool:
    return all(leaf is None or leaf == "" for _, leaf in walk(value))


def _words(value: Any) -> tuple[Output, ...]:
    """Return a value that holds no file as a text or as data."""
    if _has_nothing(value):
        return ()
    if isinstance(value, str):
        inner = parsed(value)
        return (text_output(value) if inner is None else data_output(inner),)
    if is_list(value) and value and all(map(is_mapping, value)):
        parts = [_words(item) for item in value]
        if all(len(part) == 1 and part[0].media_type == "text/plain" for part in parts):
            return tuple(output for part in parts for output in part)
    if is_mapping(value):
        return _words_of_record(value)
    return (data_output(value),)


def _words_of_record(value: Mapping[str, Any]) -> tuple[Output, ...]:
    """Return a mapping as the text that is its only content, or as data."""
    texts = [name for name in value if name in WORD_NAMES and isinstance(value[name], str)]
    others = [name for name in value if name not in texts and not is_fact(name)]
    if len(texts) == 1 and all(_has_nothing(value[name]) for name in others):
        return (text_output(value[texts[0]]),)
    if not texts and len(value) == 1:
        name, inner = next(iter(value.items()))
        if name in ENVELOPE:
            return _words(inner)
    return (data_output(value),)


def failure(body: Mapping[str, Any], reply: Reply, job_id: str | None) -> SegmindError:
    """Return the error of a job that failed, with the service's words."""
    message, field = reason(body)
    kind = Moderated if is_moderation(message) else JobFailed
    return kind(
        message or "The job failed; the service gave no reason.",
        status=reply.status if reply.status != 200 else None,
        body=excerpt(reply.body),
        request_id=job_id,
        field=field,
    )


def says_why(body: Mapping[str, Any]) -> bool:
    """Return whether a reply names an error."""
    return any(body.get(name) for name in ("error", "error_message", "fail_reason"))
