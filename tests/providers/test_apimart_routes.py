"""The address of APIMart to which a request goes: by the user, the list of models, or the name."""

from __future__ import annotations

from typing import Any

import pytest

from segmind_widgets import errors
from segmind_widgets.catalog.listings import parse_parameters
from segmind_widgets.providers import APIMart, Segmind
from segmind_widgets.providers._apimart_routes import CHAT, IMAGES, SPEECH, VIDEOS
from segmind_widgets.types import RunRequest

BASE = "https://api.apimart.ai"
APIMART = APIMart()


def path(target: str = "m", inputs: dict[str, Any] | None = None, **more: Any) -> str:
    """Return the path of the submit."""
    call = APIMART.submit(RunRequest(target, inputs or {"prompt": "a"}, **more))
    return call.url.removeprefix(BASE)


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("kling-v2-6", VIDEOS),
        ("veo3.1-fast", VIDEOS),
        ("sora-2", VIDEOS),
        ("doubao-seedance-1-5-pro", VIDEOS),
        ("wan2.6", VIDEOS),
        ("MiniMax-Hailuo-02", VIDEOS),
        ("gpt-4o", CHAT),
        ("gpt-5", CHAT),
        ("claude-sonnet-4-5", CHAT),
        ("gemini-2.5-pro", CHAT),
        ("deepseek-v3", CHAT),
        ("gpt-4o-mini-tts", SPEECH),
        ("gpt-4o-image", IMAGES),
        ("gemini-3-pro-image-preview", IMAGES),
        ("doubao-seedream-4-5", IMAGES),
        ("flux-kontext-pro", IMAGES),
        ("unknown", IMAGES),
    ],
)
def test_the_family_of_a_name_decides_without_the_list(name: str, address: str) -> None:
    assert path(name) == address


@pytest.mark.parametrize(
    ("record", "address"),
    [
        ({"operation": "video_generation", "endpoint": "/v1/videos/generations"}, VIDEOS),
        ({"operation": "video_generation"}, VIDEOS),
        ({"operation": "Image-Generation"}, IMAGES),
        ({"endpoint": f"{BASE}/v1/other/generations"}, "/v1/other/generations"),
        ({"endpoint": "v1/audio/generations"}, "/v1/audio/generations"),
        ({"operation": "chat"}, CHAT),
        ({}, IMAGES),
    ],
)
def test_the_list_of_models_decides(record: dict[str, str], address: str) -> None:
    model = parse_parameters({"id": "m", "parameters": record})
    assert model
    more = {"modality": model.modality, "endpoint": model.endpoint, "operation": model.operation}
    assert path(**more) == address


@pytest.mark.parametrize(
    ("category", "address"), [("image", IMAGES), ("video", VIDEOS), ("chat", CHAT)]
)
def test_a_category_decides_before_the_name(category: str, address: str) -> None:
    assert path("kling-or-gpt", modality=category) == address


def test_messages_are_a_chat() -> None:
    assert path("m", {"messages": [{"role": "user", "content": "a"}]}) == CHAT


def test_the_user_names_the_address() -> None:
    assert path("gpt-4o", endpoint="/v1/responses") == "/v1/responses"


@pytest.mark.parametrize(
    "endpoint",
    ["https://evil.example/v1/images/generations", "//evil.example/a", "/", "/a/../b", "/a b"],
)
def test_an_address_elsewhere_is_refused(endpoint: str) -> None:
    with pytest.raises(errors.InputError) as raised:
        path(endpoint=endpoint)
    assert raised.value.field == "endpoint"


@pytest.mark.parametrize("name", ["whisper-1", "gpt-4o-transcribe"])
def test_a_transcription_is_refused_before_anything_is_sent(name: str) -> None:
    with pytest.raises(errors.InputError, match="audio file"):
        path(name)


def test_an_audio_model_without_an_address_is_refused() -> None:
    with pytest.raises(errors.InputError, match="not known"):
        path("sound-maker", modality="audio")


@pytest.mark.parametrize("name", ["gpt-4o", "gpt-4o-mini-tts"])
def test_a_chat_or_a_speech_needs_a_text(name: str) -> None:
    with pytest.raises(errors.InputError, match="incomplete"):
        path(name, {"temperature": 1})


def test_a_prompt_is_a_message_and_the_text_to_speak() -> None:
    chat = APIMART.submit(RunRequest("gpt-4o", {"prompt": "a", "temperature": 1}))
    assert chat.json == {
        "model": "gpt-4o",
        "temperature": 1,
        "messages": [{"role": "user", "content": "a"}],
    }
    assert chat.reads == "text"
    speech = APIMART.submit(RunRequest("m-tts", {"prompt": "a", "voice": "alloy"}))
    assert speech.json == {"model": "m-tts", "voice": "alloy", "input": "a"}


def test_segmind_has_no_endpoint() -> None:
    with pytest.raises(errors.InputError, match="--api"):
        Segmind().submit(RunRequest("m", {}, endpoint="/v1/x"))
