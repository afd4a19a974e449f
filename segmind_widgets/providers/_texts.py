"""The answers of language models: OpenAI's, Anthropic's and Gemini's forms, whole or streamed.

A link in an answer, its citations, grounding or annotations is part of the words. It is never
fetched.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from segmind_widgets.providers._outputs import file_of, from_json, text_output
from segmind_widgets.schemas import is_list, is_mapping
from segmind_widgets.types import Output

_LENGTH = {"length", "max_tokens", "max_output_tokens", "model_length"}
_REFUSALS = {
    "content_filter", "safety", "refusal", "recitation", "blocklist", "prohibited_content", "spii",
    "image_safety", "content_policy", "moderation",
}  # fmt: skip
_ENDS = ("finish_reason", "finishReason", "stop_reason", "native_finish_reason")


@dataclass(frozen=True)
class ModelAnswer:
    """The answer of a language model.

    Args:
        outputs: a text for each choice, and the pictures that are part of the reply.
        end: why the model stopped, in the service's word and lower case.
        refusal: its words if it refused.
    """

    outputs: tuple[Output, ...]
    end: str = ""
    refusal: str = ""

    @property
    def is_cut(self) -> bool:
        """Return whether the limit of tokens ended it."""
        return self.end in _LENGTH

    @property
    def is_refused(self) -> bool:
        """Return whether rules for content ended it."""
        return bool(self.refusal) or self.end in _REFUSALS


def model_answer(value: Any) -> ModelAnswer | None:
    """Return the answer if a value is a language model's reply in a known form, else None."""
    if not is_mapping(value):
        return None
    if is_list(value.get("choices")):
        return _of_choices(value["choices"])
    if is_list(value.get("candidates")) or is_mapping(value.get("promptFeedback")):
        return _of_candidates(value)
    message = value.get("message")
    if is_mapping(message) and ("role" in message or "content" in message):
        return _of_messages([message], value)
    content = value.get("content")
    is_message = "role" in value and isinstance(content, str)
    if is_message or (is_list(content) and all(map(is_mapping, content))):
        return _of_messages([value], value)
    if is_list(output := value.get("output")) and any(_is_message(item) for item in output):
        return _of_messages([item for item in output if _is_message(item)], value)
    return None


def _is_message(item: Any) -> bool:
    return is_mapping(item) and item.get("type") == "message" and is_list(item.get("content"))


def _of_choices(choices: list[Any]) -> ModelAnswer:
    records = [choice for choice in choices if is_mapping(choice)]
    messages = [
        message if is_mapping(message := record.get("message", record.get("delta"))) else record
        for record in records
    ]
    return _of_messages(messages, *records)


def _of_candidates(value: Mapping[str, Any]) -> ModelAnswer:
    candidates = value.get("candidates")
    records = [one for one in candidates if is_mapping(one)] if is_list(candidates) else []
    contents = [one["content"] for one in records if is_mapping(one.get("content"))]
    answer = _of_messages(contents, *records)
    feedback = value.get("promptFeedback")
    reason = feedback.get("blockReason") if is_mapping(feedback) else None
    if not reason:
        return answer
    return ModelAnswer(answer.outputs, answer.end, f"The prompt was refused: {reason}")


def _of_messages(messages: Iterable[Mapping[str, Any]], *records: Mapping[str, Any]) -> ModelAnswer:
    outputs: list[Output] = []
    refusals: list[str] = []
    for message in messages:
        parts = list(_parts(message))
        text = "".join(part for part in parts if isinstance(part, str))
        outputs += [text_output(text)] if text else []
        outputs += [part for part in parts if isinstance(part, Output)]
        refusals += [message["refusal"]] if isinstance(message.get("refusal"), str) else []
    ends = (record[name] for record in records for name in _ENDS if record.get(name))
    return ModelAnswer(tuple(outputs), str(next(ends, "")).lower(), " ".join(refusals))


def _parts(message: Mapping[str, Any]) -> Iterator[str | Output]:
    """Yield the texts of a message, and the pictures that it holds as data."""
    content = message.get("content", message.get("text", message.get("parts")))
    for part in content if is_list(content) else [content]:
        if isinstance(part, str):
            yield part
        elif is_mapping(part):
            text = part.get("text")
            if isinstance(text, str) and not part.get("thought"):
                yield text
            elif picture := _picture(part):
                yield picture
    images = message.get("images")
    for part in images if is_list(images) else []:
        if is_mapping(part) and (picture := _picture(part)):
            yield picture


def _picture(part: Mapping[str, Any]) -> Output | None:
    """Return the picture that a part holds in base64; an address in an answer is not fetched."""
    for name in ("inlineData", "inline_data", "image_url", "source", "image"):
        inner = part.get(name)
        text = (inner.get("data") or inner.get("url")) if is_mapping(inner) else inner
        if isinstance(text, str) and (output := file_of(text)) and output.data:
            return output
    return None


def from_stream(body: bytes) -> Any:
    """Return the reply in a body of server-sent events, as if it had come at once, or None.

    The pieces of a language model's answer are joined; of other events the last one counts.
    """
    events: list[Mapping[str, Any]] = []
    for block in body.decode("utf-8", "replace").replace("\r\n", "\n").split("\n\n"):
        lines = [line[5:].removeprefix(" ") for line in block.split("\n") if line[:5] == "data:"]
        try:
            value = from_json("\n".join(lines))
        except ValueError:
            continue  # `[DONE]`, a comment, or an incomplete last event
        if is_mapping(value):
            events.append(value)
    if not events:
        return None
    pieces = [piece for event in events for piece in _pieces(event)]
    if not pieces:
        return events[-1]
    ends = [end for event in events for end in _ends(event)]
    message = {"role": "assistant", "content": "".join(pieces)}
    return {"choices": [{"message": message, "finish_reason": ends[-1] if ends else ""}]}


def is_stream(body: bytes, media_type: str) -> bool:
    """Return whether a body is server-sent events, by its type or its first bytes."""
    return media_type == "text/event-stream" or body.lstrip()[:6] in (
        b"data: ",
        b"data:{",
        b"event:",
    )


def _pieces(event: Mapping[str, Any]) -> Iterator[str]:
    delta = event.get("delta")
    if is_mapping(delta) and isinstance(delta.get("text"), str):  # Anthropic's
        yield delta["text"]
    elif isinstance(delta, str):  # of OpenAI's Responses
        yield delta
    else:
        answer = model_answer(event)
        outputs = answer.outputs if answer else ()
        yield from (output.data.decode() for output in outputs if output.data is not None
                    and output.media_type == "text/plain")  # fmt: skip


def _ends(event: Mapping[str, Any]) -> Iterator[str]:
    answer = model_answer(event)
    if answer and answer.end:
        yield answer.end
    delta = event.get("delta")
    if is_mapping(delta) and isinstance(delta.get("stop_reason"), str):
        yield delta["stop_reason"]
