"""Segmind's refusals: codes and body forms, each before anything is billed."""

from __future__ import annotations

import base64

import pytest

from tests.sandbox.conftest import picture

CLOSED = [
    ("POST", "/v1/seedream-4.5"),
    ("POST", "/v2/seedream-4.5"),
    ("GET", "/v2/requests/x"),
    ("POST", "/upload-asset"),
    ("GET", "/v1/get-user-credits"),
    ("GET", "/inference-request/request-history"),
    ("GET", "/inference-model-information/list"),
    ("POST", "/workflows/product-photo"),
]


@pytest.fixture(autouse=True)
def _nothing_is_billed(sandbox):
    yield
    assert sandbox.credits == 10
    assert sandbox.billed_posts == []


@pytest.mark.parametrize(("method", "path"), CLOSED)
def test_missing_key_is_401(calling, sandbox, method, path):
    reply = calling(sandbox, headers={}).request(method, path, json={})
    assert reply.status_code == 401
    assert reply.json() == {"error": "Missing Authorization or x-api-key in header"}
    assert sandbox.log[0].key_seen is False


@pytest.mark.parametrize(("method", "path"), CLOSED)
def test_wrong_key_is_401(calling, sandbox, method, path):
    reply = calling(sandbox, headers={"x-api-key": "SG_0"}).request(method, path, json={})
    assert reply.status_code == 401
    assert reply.json()["error"].startswith("Unauthorized. API key is invalid")


@pytest.mark.parametrize(("method", "path"), CLOSED[:-1])
def test_bearer_is_refused_but_by_workflows(calling, sandbox, method, path):
    key = sandbox.environ["SEGMIND_API_KEY"]
    bearer = calling(sandbox, headers={"Authorization": f"Bearer {key}"})
    assert bearer.request(method, path, json={}).status_code == 401


@pytest.mark.parametrize("path", ["/v1/seedream-4.5", "/v2/seedream-4.5", "/upload-asset"])
def test_wrong_verb_is_405_in_html(segmind, path):
    reply = segmind.get(path)
    assert reply.status_code == 405
    assert reply.headers["content-type"].startswith("text/html")
    assert "<h1>Method Not Allowed</h1>" in reply.text


def test_unknown_model_is_404(segmind):
    reply = segmind.post("/v2/no-such-model", json={"prompt": "x"})
    assert (reply.status_code, reply.json()) == (404, {"error": "Model no-such-model not found"})


def test_unknown_address_is_404(segmind):
    reply = segmind.post("/v3/seedream-4.5/x", json={})
    assert (reply.status_code, reply.json()) == (404, {"error": "Not Found"})


@pytest.mark.parametrize("inputs", [{}, {"prompt": ""}, {"prompt": None}])
@pytest.mark.parametrize("api", ["v1", "v2"])
def test_missing_field_is_422_and_named(segmind, api, inputs):
    reply = segmind.post(f"/{api}/seedream-4.5", json=inputs)
    assert reply.status_code == 422
    assert reply.json() == {"error": "'prompt' is a required field"}


@pytest.mark.parametrize(
    ("slug", "inputs", "words"),
    [
        ("flux-schnell", {"steps": 99}, "'steps' must be at most 8"),
        ("flux-schnell", {"steps": 0}, "'steps' must be at least 1"),
        ("flux-schnell", {"steps": "4"}, "'steps' must be of type integer"),
        ("flux-schnell", {"width": 1001}, "'width' must be a multiple of 8"),
        ("seedream-4.5", {"size": "9K"}, "'size' must be one of 2K, 4K, custom"),
        ("seedream-4.5", {"image_input": "x"}, "'image_input' must be of type array"),
        ("seedream-4.5", {"image_input": [5]}, "'image_input.0' must be of type string"),
        ("seedream-4.5", {"image_input": ["cat.png"]}, "'image_input' must be a valid URL"),
        ("sd1.5-inpainting", {"image": "data:image/png;base64,AA==", "mask": "AA=="}, "'image' is"),
        ("sd1.5-inpainting", {"image": "https://a.b/c", "mask": "AA=="}, "'image' is not valid"),
    ],
)
def test_bad_value_is_422_and_named(segmind, slug, inputs, words):
    reply = segmind.post(f"/v2/{slug}", json={"prompt": "x", **inputs})
    assert reply.status_code == 422
    assert reply.json()["error"].startswith(words)
    assert "status" not in reply.json()  # it is no job that failed


def test_bad_value_is_not_repeated_at_length(segmind):
    reply = segmind.post("/v2/flux-schnell", json={"prompt": "x", "steps": "9" * 100_000})
    assert len(reply.content) < 200


@pytest.mark.parametrize("data", [b"not a picture", picture()[:40]])
def test_a_file_that_is_no_picture_is_400(segmind, data):
    url = "data:image/png;base64," + base64.b64encode(data).decode()
    reply = segmind.post("/v2/seedream-4.5", json={"prompt": "x", "image_input": [url]})
    assert reply.status_code == 400
    assert reply.json() == {"error": "'image_input' is not an image that can be read"}


def test_an_own_address_without_a_file_is_400(segmind, sandbox):
    url = f"{sandbox.url('files')}/assets/gone.png"
    reply = segmind.post("/v2/seedream-4.5", json={"prompt": "x", "image_input": [url]})
    assert reply.status_code == 400
    assert reply.json() == {"error": f"Could not fetch 'image_input' from {url}"}


@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"', b"\xff\xfe"])
def test_body_that_is_no_json_object_is_400(segmind, body):
    headers = {"Content-Type": "application/json"}
    reply = segmind.post("/v2/seedream-4.5", data=body, headers=headers)
    assert reply.status_code == 400
    assert "JSON" in reply.json()["error"]


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded"])
def test_other_content_type_is_406_without_a_word_of_money(segmind, kind):
    headers = {"Content-Type": kind} if kind else {}
    reply = segmind.post("/v2/seedream-4.5", data=b'{"prompt": "x"}', headers=headers)
    assert (reply.status_code, reply.json()) == (406, {"error": "Invalid content type"})


def test_too_large_a_body_is_413(start, calling):
    segmind = calling(start(max_body=3 * 1024 * 1024))
    reply = segmind.post("/v2/seedream-4.5", json={"prompt": "x" * 4 * 1024 * 1024})
    assert (reply.status_code, reply.json()) == (413, {"error": "Request entity too large"})


def test_unknown_request_is_404(segmind):
    for path in ("/v2/requests/abc", "/v2/requests/abc/status", "/v1/requests/abc"):
        reply = segmind.get(path)
        assert (reply.status_code, reply.json()) == (404, {"error": "Request abc not found"})


@pytest.mark.parametrize(
    ("option", "known", "unknown"), [("v1_models", "v1", "v2"), ("v2_models", "v2", "v1")]
)
def test_a_model_may_be_on_one_api_alone(start, calling, option, known, unknown):
    segmind = calling(start(**{option: ["seedream-4.5"]}))
    run = {"prompt": "a fox"}
    assert segmind.post(f"/{unknown}/seedream-4.5", json=run).status_code == 404
    assert segmind.post(f"/{known}/seedream-4.5", json=run).status_code == 200
    assert segmind.post(f"/{unknown}/flux-dev", json=run).status_code == 200


@pytest.mark.parametrize(("types", "code"), [("strict", 422), ("loose", 200)])
def test_choices_that_look_like_numbers(start, calling, types, code):
    segmind = calling(start(enum_types=types))
    run = {"image": "https://images.segmind.com/a.png", "scale": "4"}
    assert segmind.post("/v2/esrgan", json=run).status_code == code


@pytest.mark.parametrize("code", ["422", "200"])
def test_the_code_of_a_failed_job(start, calling, code):
    sandbox = start(failed_code=code)
    sandbox.faults.add("POST /v2/.*", "job_failed", words="No cats today.")
    segmind = calling(sandbox)
    job = segmind.post("/v2/flux-dev", json={"prompt": "a cat"}).json()
    reply = segmind.until(f"/v2/requests/{job['request_id']}/status", "FAILED")
    assert reply.status_code == int(code)


def test_polls_may_come_no_sooner_than_the_interval(start, calling):
    segmind = calling(start(poll_interval=30.0))
    job = segmind.post("/v2/flux-dev", json={"prompt": "a cat"}).json()
    codes = [segmind.get(f"/v2/requests/{job['request_id']}/status").status_code for _ in range(2)]
    assert codes == [200, 429]
