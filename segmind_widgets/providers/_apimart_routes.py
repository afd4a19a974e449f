"""The address of APIMart to which a model's request goes.

In this order: the address that the user names, that of the service's list of models
(`parameters.endpoint`, `parameters.operation`), the list's category, and the family of the name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from segmind_widgets.errors import InputError
from segmind_widgets.types import RunRequest

IMAGES, VIDEOS = "/v1/images/generations", "/v1/videos/generations"
CHAT, SPEECH = "/v1/chat/completions", "/v1/audio/speech"
TRANSCRIPTION = "/v1/audio/transcriptions"
_OPERATIONS = {
    "image_generation": IMAGES, "image_edit": IMAGES, "image_to_image": IMAGES,
    "text_to_image": IMAGES, "video_generation": VIDEOS, "text_to_video": VIDEOS,
    "image_to_video": VIDEOS, "chat": CHAT, "chat_completion": CHAT, "chat_completions": CHAT,
    "text_generation": CHAT, "speech": SPEECH, "speech_generation": SPEECH,
    "text_to_speech": SPEECH, "tts": SPEECH, "transcription": TRANSCRIPTION,
    "speech_to_text": TRANSCRIPTION,
}  # fmt: skip
_CATEGORIES = {"video": VIDEOS, "image": IMAGES, "chat": CHAT, "llm": CHAT, "text": CHAT}
_FAMILIES = (  # the first that is found in a name decides
    (re.compile(r"transcri|whisper|(?:^|[-_])stt"), TRANSCRIPTION),
    (re.compile(r"(?:^|[-_])tts|speech"), SPEECH),
    (re.compile(r"image|imagine|imagen|banana|seedream|flux|midjourney|dall-e|ideogram|recraft"
                r"|stable-diffusion|qwen-edit"), IMAGES),
    (re.compile(r"video|kling|veo-?\d|sora|seedance|hailuo|vidu|pixverse|runway|luma|(?:^|[-_])wan"),
     VIDEOS),
    (re.compile(r"^(?:gpt-|chatgpt|o\d|claude|gemini|deepseek|qwen|grok|llama|mistral|glm|kimi"
                r"|minimax-m)"), CHAT),
)  # fmt: skip
_HINT = "--endpoint PATH (in Python: endpoint=) names the address, such as /v1/images/generations."


def route(request: RunRequest, base: str) -> str:
    """Return the path to which a request goes.

    Args:
        request: `endpoint` is the address of the user or of the list of models.
        base: the provider's address, without `/v1`.

    Raises:
        InputError: the address is elsewhere, or of a kind that is not supported here.
    """
    path = _own_path(request.endpoint, base) if request.endpoint else _by_list_or_name(request)
    if path.rstrip("/").endswith("/transcriptions") or path.rstrip("/").endswith("/translations"):
        raise InputError(
            f"{request.target} takes an audio file as a form, which is not supported here.",
            hint="Nothing was sent. Segmind has models that transcribe: %segmind_models transcribe",
        )
    return path


def _own_path(endpoint: str, base: str) -> str:
    parts, own = urlsplit(endpoint.strip()), urlsplit(base)
    if parts.netloc and (parts.scheme, parts.netloc.lower()) != (own.scheme, own.netloc.lower()):
        raise InputError(
            f"{endpoint} is not an address of APIMart; nothing was sent there.",
            hint=_HINT,
            field="endpoint",
        )
    path = f"/{parts.path.lstrip('/')}"
    if len(path) == 1 or ".." in path or any(map(str.isspace, path)):
        raise InputError(
            f"{endpoint!r} is not the path of an address.", hint=_HINT, field="endpoint"
        )
    return path


def _by_list_or_name(request: RunRequest) -> str:
    operation = re.sub(r"\W+", "_", request.operation.strip().lower())
    if operation in _OPERATIONS:
        return _OPERATIONS[operation]
    if "messages" in request.inputs:
        return CHAT
    category = request.modality.strip().lower()
    named = next((path for name, path in _CATEGORIES.items() if name in category), None)
    if named:
        return named
    name = request.target.lower().rpartition("/")[2]
    by_name = next((path for pattern, path in _FAMILIES if pattern.search(name)), None)
    if by_name:
        return by_name
    if "audio" in category or "music" in category:
        raise InputError(
            f"The address of APIMart's audio model {request.target} is not known.",
            hint=f"Nothing was sent. {_HINT}",
        )
    return IMAGES


def body_for(path: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inputs in the names of an address: a `prompt` is a message, or the text to speak.

    No inputs at all are those of a request that is only checked.

    Raises:
        InputError: a chat or a speech without any text.
    """
    body = dict(inputs)
    if not body:
        return body
    if path == CHAT and "messages" not in body:
        text = _text(body, "a chat needs `messages` or a `prompt`")
        body["messages"] = [{"role": "user", "content": text}]
    elif path == SPEECH and "input" not in body:
        body["input"] = _text(body, "speech needs `input`, the text to speak, or a `prompt`")
    return body


def _text(body: dict[str, Any], need: str) -> Any:
    if not body.get("prompt"):
        raise InputError(f"The inputs are incomplete: {need}.", hint="Nothing was sent.")
    return body.pop("prompt")
