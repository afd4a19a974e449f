"""APIMart: what is sent, and what every known form of reply means."""

from __future__ import annotations

import json
import time
from datetime import datetime, timedelta, timezone
from email import message_from_bytes
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from segmind_widgets import errors
from segmind_widgets.assets.asset import Asset
from segmind_widgets.providers import APIMart
from segmind_widgets.providers._apimart_uploads import BYTES as UPLOAD_BYTES
from segmind_widgets.types import Call, Reply, RunRequest
from tests.providers.recorded import call_in, check, meaning, outcome, recorded, reply_in

BASE = "https://api.apimart.ai"
APIMART = APIMart()
PICTURE = BytesIO()
Image.new("L", (1, 1)).save(PICTURE, "PNG")
PNG = PICTURE.getvalue()


@pytest.mark.parametrize("path", recorded("apimart"), ids=lambda path: path.stem)
def test_each_recorded_reply_means_what_was_noted(path: Path) -> None:
    record = json.loads(path.read_text(encoding="utf-8"))
    assert meaning(APIMART, call_in(record, BASE), reply_in(record)) == record["means"]


def test_submit_names_the_model_and_an_idempotency_key() -> None:
    request = RunRequest("gemini-3-pro-image-preview", {"prompt": "a", "image_urls": ["https://b"]})
    first, second = APIMART.submit(request), APIMART.submit(request)
    assert first.url == f"{BASE}/v1/images/generations"
    assert first.json == {"model": request.target, "prompt": "a", "image_urls": ["https://b"]}
    assert first.billed
    assert len(first.headers["Idempotency-Key"]) == 36
    assert first.headers != second.headers


def test_videos_have_an_address_of_their_own() -> None:
    request = RunRequest("veo", {}, modality="Image-to-Video")
    assert APIMART.submit(request).url == f"{BASE}/v1/videos/generations"


@pytest.mark.parametrize("image_objects", [True, False])
def test_image_urls_that_a_person_wrote_go_out_as_written(*, image_objects: bool) -> None:
    request = RunRequest("m", {"image_urls": ["https://b", {"url": "https://c"}]})
    call = APIMart(image_objects=image_objects).submit(request)
    assert call.json["image_urls"] == ["https://b", {"url": "https://c"}]
    assert call.form == ""


@pytest.mark.parametrize("image_objects", [True, False])
def test_the_form_of_uploads_is_learnt(*, image_objects: bool) -> None:
    provider = APIMart(image_objects=image_objects)
    request = RunRequest("m", {"image_urls": ["https://b"]}, file_lists=frozenset({"image_urls"}))
    strings, objects = ["https://b"], [{"url": "https://b"}]
    first = provider.submit(request)
    assert first.json["image_urls"] == (objects if image_objects else strings)
    body = {"error": {"message": "image_urls[0] has another type"}}
    second = provider.parse(first, Reply(400, body=json.dumps(body).encode())).next
    assert second is not None
    assert second.json["image_urls"] == (strings if image_objects else objects)
    assert second.headers["Idempotency-Key"] != first.headers["Idempotency-Key"]
    with pytest.raises(errors.Rejected):
        provider.parse(second, Reply(400, body=json.dumps(body).encode()))
    provider.learn(second)
    assert provider.submit(request).json == second.json


def test_a_refused_form_that_a_person_wrote_names_the_other_one() -> None:
    call = APIMART.submit(RunRequest("m", {"image_urls": [{"url": "https://b"}]}))
    body = {"error": {"message": "image_urls: expected a string"}}
    with pytest.raises(errors.Rejected) as raised:
        APIMART.parse(call, Reply(400, body=json.dumps(body).encode()))
    assert '["https://…"]' in raised.value.hint
    assert "image_objects" in raised.value.hint
    assert raised.value.field == "image_urls"


@pytest.mark.parametrize("request_", [RunRequest("w", kind="workflow"), RunRequest("m", api="v1")])
def test_what_apimart_does_not_have(request_: RunRequest) -> None:
    with pytest.raises(errors.InputError):
        APIMART.submit(request_)


@pytest.mark.parametrize("base", [BASE, f"{BASE}/", f"{BASE}/v1", f"{BASE}/v1/"])
def test_an_address_with_v1_on_it_works(base: str) -> None:
    assert APIMart({"APIMART_API_URL": base}).credits_call().url == f"{BASE}/v1/balance"


def test_the_key_goes_as_bearer() -> None:
    assert APIMART.authorize(Call("GET", BASE), "k") == {
        "Authorization": "Bearer k",
        "X-APIMart-Response-Version": "2026-07-27",
    }


# files


def test_an_upload_is_a_form_with_one_file() -> None:
    progress: list[int] = []
    asset = Asset(data=PNG, url='https://a.example/my "cat" é.png')
    [(call, count)] = APIMART.upload_calls([asset], progress.append)
    body = b"".join(call.body)
    assert len(body) == len(call.body) == progress[-1]
    head = f"Content-Type: {call.headers['Content-Type']}\r\n\r\n".encode()
    message = message_from_bytes(head + body)
    [part] = message.get_payload()  # type: ignore[misc]
    assert part.get_payload(decode=True) == PNG
    assert part.get_content_type() == "image/png"
    assert part.get_param("name", header="content-disposition") == "file"
    assert (count, call.billed) == (1, False)


@pytest.mark.parametrize("data", [b"%PDF-1.4", b"text", b"\0\0\0\x18ftypisom"])
def test_other_files_are_refused_before_anything_is_sent(data: bytes) -> None:
    with pytest.raises(errors.AssetError, match="unsupported image type"):
        APIMART.check_upload(Asset(data=data))


def test_files_that_are_too_large_are_refused_before_anything_is_sent() -> None:
    APIMART.check_upload(Asset(data=PNG + bytes(UPLOAD_BYTES - len(PNG))))
    with pytest.raises(errors.AssetError, match="exceeds maximum 20971520 bytes"):
        APIMART.check_upload(Asset(data=PNG + bytes(UPLOAD_BYTES - len(PNG) + 1)))


@pytest.mark.parametrize("wrap", [False, True])
def test_an_upload_lives_for_72_hours(wrap: bool) -> None:
    made = int(time.time()) - 3600
    body: dict[str, Any] = {"url": "https://u/1", "filename": "a", "bytes": 3, "created_at": made}
    reply = Reply(200, {}, json.dumps({"data": body} if wrap else body).encode())
    [found] = APIMART.parse_upload(reply)
    assert found.url == "https://u/1"
    assert found.expires_at == datetime.fromtimestamp(made + 72 * 3600, timezone.utc).isoformat()


@pytest.mark.parametrize("made", [None, "soon", 1e300, 4102444800000])
def test_an_upload_made_at_no_sensible_time_was_made_now(made: object) -> None:
    body = json.dumps({"url": "https://u/1", "created_at": made}).encode()
    [found] = APIMART.parse_upload(Reply(200, {}, body))
    until = datetime.fromisoformat(found.expires_at or "")
    assert abs(until - datetime.now(timezone.utc) - timedelta(hours=72)) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (
            400,
            {"error": {"message": "missing file field"}},
            errors.Rejected,
        ),
        (413, {"error": {"message": "file size 25165824 exceeds"}}, errors.TooLarge),
        (429, {"error": {"code": 429, "message": "Rate limit exceeded"}}, errors.RateLimited),
        (500, {"error": {"message": "failed to upload"}}, errors.ServerError),
        (200, {"error": {"message": "no"}}, errors.Rejected),
        (200, {"url": ""}, errors.ReplyError),
        (200, [], errors.ReplyError),
    ],
)
def test_refused_uploads(status: int, body: object, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        APIMART.parse_upload(Reply(status, {}, json.dumps(body).encode()))


# the account, the models


def test_the_balance() -> None:
    body = {"success": True, "remain_balance": "3.5", "used_balance": 1, "unlimited_quota": False}
    found = APIMART.parse_credits(Reply(200, {}, json.dumps(body).encode()))
    assert (found.balance, found.used, found.unlimited) == (3.5, 1.0, False)
    found = APIMART.parse_credits(Reply(200, {}, b'{"success": true, "unlimited_quota": true}'))
    assert found.unlimited


def test_a_balance_that_fails_under_200() -> None:
    with pytest.raises(errors.Unauthorized, match="invalid token"):
        APIMART.parse_credits(Reply(200, {}, b'{"success": false, "message": "invalid token"}'))
    with pytest.raises(errors.ReplyError):
        APIMART.parse_credits(Reply(200, {}, b'{"success": true}'))


def test_models_with_their_schemas() -> None:
    schema = {"properties": {"prompt": {"type": "string", "required": True}}}
    records = [
        {"id": "veo3", "category": "video", "parameters": {"input_schema": schema}},
        {"id": ""},
        "nonsense",
        {"id": "plain"},
    ]
    models = APIMART.parse_models(Reply(200, {}, json.dumps({"data": records}).encode()))
    assert [model.slug for model in models] == ["veo3", "plain"]
    assert models[0].schema is not None
    assert list(models[0].schema["properties"]) == ["prompt"]
    assert models[1].schema is None
    with pytest.raises(errors.ReplyError):
        APIMART.parse_models(Reply(200, {}, b"{}"))


# whatever comes

NAMES = st.sampled_from(
    ["code", "data", "id", "task_id", "status", "progress", "cost", "result", "images", "videos",
     "url", "expires_at", "error", "message", "fail_reason", "estimated_time", "task_info",
     "success", "remain_balance", "created_at", "parameters", "input_schema", "properties"]
)  # fmt: skip
WORDS = st.sampled_from(
    ["completed", "failed", "submitted", "cancelled", "https://a.example/x.png", "file:///etc/passwd",
     "data:image/png;base64,A", "NaN", "1e999", "1e17"]
)  # fmt: skip
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | WORDS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(NAMES | st.text(), inner, max_size=6)
    ),
    max_leaves=12,
)
BODIES = st.one_of(
    st.binary(),
    VALUES.map(lambda value: json.dumps(value).encode()),
    st.dictionaries(NAMES, VALUES).map(lambda value: json.dumps(value).encode()),
    st.fixed_dictionaries({"data": st.dictionaries(NAMES, VALUES)}).map(
        lambda value: json.dumps(value).encode()
    ),
)
CALLS = st.sampled_from(
    [
        Call("POST", f"{BASE}/v1/images/generations", billed=True),
        Call("GET", f"{BASE}/v1/tasks/t"),
        Call("GET", f"{BASE}/v1/images/generations/t"),
    ]
)
STATUSES = st.sampled_from([200, 200, 200, 400, 401, 404, 429, 500, 504])


@given(CALLS, STATUSES, BODIES)
def test_any_reply_is_a_state_or_an_error(call: Call, status: int, body: bytes) -> None:
    check(outcome(lambda: APIMART.parse(call, Reply(status, {}, body))))


@given(STATUSES, BODIES)
def test_any_reply_about_files_balance_and_models_is_a_value_or_an_error(
    status: int, body: bytes
) -> None:
    reply = Reply(status, {}, body)
    assert outcome(lambda: APIMART.parse_upload(reply))
    assert outcome(lambda: APIMART.parse_credits(reply))
    assert outcome(lambda: APIMART.parse_models(reply)) is not None
