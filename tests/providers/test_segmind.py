"""Segmind: what is sent, and what every known form of reply means."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmind_widgets import errors
from segmind_widgets.assets.asset import Asset
from segmind_widgets.errors import InputError
from segmind_widgets.providers import Segmind
from segmind_widgets.types import Call, Reply, RunRequest
from tests.providers.recorded import call_in, check, meaning, outcome, recorded, reply_in

BASE = "https://api.segmind.com"
SEGMIND = Segmind()


@pytest.mark.parametrize("path", recorded("segmind"), ids=lambda path: path.stem)
def test_each_recorded_reply_means_what_was_noted(path: Path) -> None:
    record = json.loads(path.read_text(encoding="utf-8"))
    assert meaning(SEGMIND, call_in(record, BASE), reply_in(record)) == record["means"]


# what is sent


@pytest.mark.parametrize(
    ("request_", "path"),
    [
        (RunRequest("seedream-4.5", {"prompt": "a"}), "/v2/seedream-4.5"),
        (RunRequest("seedream-4.5", {"prompt": "a"}, api="v2"), "/v2/seedream-4.5"),
        (RunRequest("flux-schnell", {"prompt": "a"}, api="v1"), "/v1/flux-schnell"),
        (RunRequest(" https://www.segmind.com/models/flux/api?tab=1 ", {}), "/v2/flux"),
        (RunRequest("https://www.segmind.com/models/flux/", {}), "/v2/flux"),
        (
            RunRequest("65c9c7f641c340d7ef2f7134-v1", {}, "workflow"),
            "/workflows/65c9c7f641c340d7ef2f7134-v1",
        ),
        (
            RunRequest(f"{BASE}/workflows/65c9c7f641c340d7ef2f7134-v12/", {}, "workflow"),
            "/workflows/65c9c7f641c340d7ef2f7134-v12",
        ),
        (RunRequest("my-flow", {}, "workflow"), "/workflows/v2/my-flow"),
        (RunRequest(f"{BASE}/workflows/v2/my-flow", {}, "workflow"), "/workflows/v2/my-flow"),
    ],
)
def test_submit_is_one_billed_post_of_the_flat_inputs(request_: RunRequest, path: str) -> None:
    call = SEGMIND.submit(request_)
    assert (call.method, call.url, call.billed) == ("POST", BASE + path, True)
    assert call.json == dict(request_.inputs)
    assert call.timeout >= (180 if "/v1/" in path else 30)
    assert "key" not in json.dumps(call.to_dict()).lower()


@pytest.mark.parametrize("kind", ["model", "workflow"])
@pytest.mark.parametrize("target", ["", "..", "a b", "/", "é à"])
def test_targets_that_no_address_can_hold(target: str, kind: Any) -> None:
    with pytest.raises(InputError) as raised:
        SEGMIND.submit(RunRequest(target, {}, kind))
    assert raised.value.hint


def test_the_key_goes_as_the_call_says() -> None:
    assert SEGMIND.authorize(Call("GET", BASE), "k") == {"x-api-key": "k"}
    assert SEGMIND.authorize(Call("GET", BASE, auth="bearer"), "k") == {"Authorization": "Bearer k"}


def test_addresses_are_settings() -> None:
    provider = Segmind({"SEGMIND_API_URL": "http://127.0.0.1:8000/v1/", "SEGMIND_STORAGE_URL": ""})
    assert provider.submit(RunRequest("m")).url == "http://127.0.0.1:8000/v2/m"
    assert provider.upload_url == "https://workflows-api.segmind.com/upload-asset"
    assert provider.origins == {
        "http://127.0.0.1:8000",
        "https://workflows-api.segmind.com:443",
        "https://api.spotprod.segmind.com:443",
    }


@pytest.mark.parametrize(
    "url", ["api.segmind.com", "ftp://a", "http://[", "http://a:b", "https://"]
)
def test_an_address_that_is_none_is_named(url: str) -> None:
    with pytest.raises(InputError, match="SEGMIND_API_URL"):
        Segmind({"SEGMIND_API_URL": url})


def test_a_job_known_by_its_id_alone() -> None:
    assert SEGMIND.find("a/b").url == f"{BASE}/v2/requests/a%2Fb/status"


def test_a_poll_elsewhere_is_asked_by_its_id_at_the_provider() -> None:
    record = json.loads(
        Path(__file__)
        .with_name("replies")
        .joinpath("segmind", "workflow-submitted-elsewhere.json")
        .read_text()
    )
    following = SEGMIND.parse(call_in(record, BASE), reply_in(record)).next
    assert following is not None
    assert any(following.url.startswith(one.rpartition(":")[0]) for one in SEGMIND.origins)


# files


def sent(call: Call) -> Any:
    body = b"".join(call.body)
    assert len(body) == len(call.body)
    assert b"".join(call.body) == body  # a second time, for a repeated request
    return json.loads(body)


@pytest.mark.parametrize("size", [0, 1, 2, 3, 1000, 3 * 256 * 1024, 3 * 256 * 1024 + 1])
def test_an_upload_streams_data_urls(size: int) -> None:
    progress: list[int] = []
    content = bytes(range(256)) * (size // 256 + 1)
    assets = [Asset(data=content[:size], declared_type="text/plain"), Asset(data=b"GIF89a")]
    [(call, count)] = SEGMIND.upload_calls(assets, progress.append)
    assert (count, call.billed, call.headers["content-type"]) == (2, False, "application/json")
    first, second = sent(call)["data_urls"]
    assert base64.b64decode(first.removeprefix("data:text/plain;base64,")) == content[:size]
    assert base64.b64decode(second.partition(",")[2]) == b"GIF89a"
    assert progress[-1] == progress[len(progress) // 2 - 1] == len(call.body)


def test_large_files_go_in_several_uploads() -> None:
    sizes = [10, 10, 2, 18, 2]
    assets = [Asset(data=bytes(n * 1024 * 1024), declared_type="video/mp4") for n in sizes]
    assert [count for _, count in SEGMIND.upload_calls(assets)] == [1, 2, 1, 1]


@pytest.mark.parametrize("key", ["urls", "file_urls"])
def test_both_forms_of_storage_replies(key: str) -> None:
    reply = Reply(
        200, {}, json.dumps({key: ["https://a/1", "https://a/2"], "message": "x"}).encode()
    )
    assert [found.url for found in SEGMIND.parse_upload(reply, 2)] == ["https://a/1", "https://a/2"]


@pytest.mark.parametrize(
    "body", ["{}", '{"urls": [null, "x"]}', '{"urls": "x"}', "[]", "", "<html>"]
)
def test_storage_replies_without_urls(body: str) -> None:
    with pytest.raises(errors.ReplyError):
        SEGMIND.parse_upload(Reply(200, {}, body.encode()), 2)


# the account


def test_credits() -> None:
    found = SEGMIND.parse_credits(Reply(200, {}, b'{"credits": 1.5, "free-credits": "0.02"}'))
    assert (found.balance, found.free) == (1.5, 0.02)
    assert SEGMIND.credits_call().url == f"{BASE}/v1/get-user-credits"
    with pytest.raises(errors.Unauthorized):
        SEGMIND.parse_credits(Reply(401, {}, b"{}"))
    with pytest.raises(errors.ReplyError):
        SEGMIND.parse_credits(Reply(200, {}, b'{"credits": "many"}'))


def test_a_404_about_credits_is_a_balance_of_nothing_and_no_other_404_is() -> None:
    body = b'{"error": "No credits found for the user"}'
    assert SEGMIND.parse_credits(Reply(404, {}, body)).balance == 0
    for body in (b'{"detail": "Not Found"}', b"<html>Not found</html>", b""):
        with pytest.raises(errors.NotFound):
            SEGMIND.parse_credits(Reply(404, {}, body))


# whatever comes

WORDS = st.sampled_from(
    ["QUEUED", "PROCESSING", "COMPLETED", "FAILED", "CANCELLED", "NEW", "https://a.example/x.png",
     "data:image/png;base64,AAAA", "data:image/png;base64,A", "file:///etc/passwd", "[1", '"{}"',
     "1e999", "NaN", "42"]
)  # fmt: skip
NAMES = st.sampled_from(
    ["status", "output", "images", "image", "url", "content_type", "error", "error_message",
     "metrics", "cost", "remaining_credits", "seed", "request_id", "poll_url", "status_url",
     "choices", "message", "content", "text", "candidates", "parts", "keyname", "value", "data",
     "urls", "file_urls", "credits", "free-credits", "generation_url", "model_status"]
)  # fmt: skip
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | WORDS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(NAMES | st.text(), inner, max_size=6)
    ),
    max_leaves=12,
)
BODIES = st.one_of(
    st.binary(),
    VALUES.map(lambda value: json.dumps(value).encode()),
    st.dictionaries(NAMES, VALUES | VALUES.map(json.dumps)).map(
        lambda value: json.dumps(value).encode()
    ),
)
CALLS = st.sampled_from(
    [
        Call("POST", f"{BASE}/v1/m", billed=True),
        Call("POST", f"{BASE}/v2/m", billed=True),
        Call("POST", f"{BASE}/workflows/m", billed=True),
        Call("GET", f"{BASE}/v2/requests/r/status"),
        Call("GET", f"{BASE}/v2/requests/r"),
        Call("GET", f"{BASE}/v1/requests/r", auth="bearer"),
        Call("GET", "https://api.spotprod.segmind.com/inference-request/request-history/r"),
    ]
)
STATUSES = st.sampled_from([200, 200, 200, 201, 204, 304, 400, 401, 404, 406, 422, 429, 500, 504])
HEADERS = st.dictionaries(
    st.sampled_from(["content-type", "x-request-id", "x-cost", "x-seed-value", "retry-after"]),
    st.text() | st.sampled_from(["application/json", "image/png", "text/html", "nan", "1e400"]),
)


@given(CALLS, STATUSES, HEADERS, BODIES)
def test_any_reply_is_a_state_or_an_error(
    call: Call, status: int, headers: dict[str, str], body: bytes
) -> None:
    check(outcome(lambda: SEGMIND.parse(call, Reply(status, headers, body))))


@given(STATUSES, HEADERS, BODIES)
def test_any_reply_about_files_and_credits_is_a_value_or_an_error(
    status: int, headers: dict[str, str], body: bytes
) -> None:
    reply = Reply(status, headers, body)
    assert outcome(lambda: SEGMIND.parse_upload(reply, 1))
    assert outcome(lambda: SEGMIND.parse_credits(reply))
    assert isinstance(outcome(lambda: SEGMIND.parse_models(reply)), errors.ReplyError)


@pytest.mark.parametrize("depth", [100, 900, 100_000])
@pytest.mark.parametrize("path", ["/v1/m", "/v2/m"])
def test_an_absurdly_nested_reply(path: str, depth: int) -> None:
    call = Call("POST", BASE + path, billed=True)
    for body in (b"[" * depth + b"]" * depth, b'{"output": ' * depth + b"1" + b"}" * depth):
        check(outcome(lambda body=body: SEGMIND.parse(call, Reply(200, {}, body))))
