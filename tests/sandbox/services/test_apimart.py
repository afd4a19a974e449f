"""APIMart: uploads, generations, tasks in each form, balance, models, errors."""

from __future__ import annotations

import base64
import io
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image

from tests.sandbox.conftest import picture

MODEL = "gemini-3-pro-image-preview"
RUN = {"model": MODEL, "prompt": "a red boat"}
CLIP = {
    "apimart": {
        "clip-1": {
            "modality": "Text-to-Video Generation",
            "cost": 0.5,
            "seconds": 30,
            "schema": {"type": "object", "required": ["prompt"], "properties": {"prompt": {}}},
        }
    }
}


def upload(apimart, data, name="photo.jpg", field="file"):
    return apimart.post("/v1/uploads/images", files={field: (name, data)})


def refused(reply, status, message, kind, code=None):
    expected = {"message": message, "type": kind} | ({"code": code} if code else {})
    assert (reply.status_code, reply.json()) == (status, {"error": expected})


# uploads


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "WEBP"])
def test_upload_goes_by_content_not_by_name(apimart, sandbox, anyone, form):
    data = picture(form=form)
    body = upload(apimart, data, "some photo.bin").json()
    assert body["content_type"] == f"image/{form.lower()}"
    assert (body["filename"], body["bytes"]) == ("some photo.bin", len(data))
    assert abs(body["created_at"] - time.time()) < 5
    assert body["url"].startswith(f"{sandbox.url('files')}/f/image/")
    assert body["url"].endswith("-some_photo.bin")
    assert anyone.get(body["url"]).content == data
    assert body.keys() == {"url", "filename", "content_type", "bytes", "created_at"}


@pytest.mark.parametrize("form", ['filename="bücher.png"', "filename*=utf-8''b%C3%BCcher.png"])
def test_file_names_in_both_ways_of_writing(apimart, form):
    head = f'--edge\r\nContent-Disposition: form-data; name="file"; {form}\r\n\r\n'
    data = head.encode() + picture() + b"\r\n--edge--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=edge"}
    body = apimart.post("/v1/uploads/images", data=data, headers=headers).json()
    assert (body["filename"], body["bytes"]) == ("bücher.png", len(picture()))


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"%PDF-1.7 ...", "application/pdf"),
        (picture(form="BMP"), "image/bmp"),
        (b"hello", "text/plain; charset=utf-8"),
        (b"\xff\xfe\x00", "application/octet-stream"),
    ],
)
def test_upload_of_another_type_is_400(apimart, data, kind):
    message = f"unsupported image type: {kind}, allowed: jpeg, png, gif, webp"
    refused(upload(apimart, data), 400, message, "invalid_request_error")


def test_upload_without_the_field_is_400(apimart):
    message = "missing or invalid file field: http: no such file"
    refused(upload(apimart, picture(), field="image"), 400, message, "invalid_request_error")
    refused(apimart.post("/v1/uploads/images"), 400, message, "invalid_request_error")
    no_file = apimart.post("/v1/uploads/images", files={"file": (None, "text")})
    refused(no_file, 400, message, "invalid_request_error")


def test_upload_may_have_exactly_20_mib(apimart):
    limit = 20_971_520
    largest = picture() + b"\0" * (limit - len(picture()))
    assert upload(apimart, largest).json()["bytes"] == limit
    message = f"file size {limit + 1} exceeds maximum {limit} bytes"
    refused(upload(apimart, largest + b"\0"), 413, message, "invalid_request_error")


def test_file_is_found_among_other_fields(apimart):
    files = {"note": (None, 'name="file"'), "file": ("a.png", picture()), "more": (None, "x")}
    reply = apimart.post("/v1/uploads/images", files=files)
    assert reply.json()["bytes"] == len(picture())


# generations and tasks


def test_task_goes_from_submitted_to_completed(apimart, sandbox, anyone):
    reply = apimart.post("/v1/images/generations", json=RUN)
    assert reply.headers["x-sandbox"] == "segmind-widgets"
    [entry] = reply.json()["data"]
    assert reply.json()["code"] == 200
    assert entry["status"] == "submitted"
    assert entry["task_id"].startswith("task_")
    task = apimart.until(f"/v1/tasks/{entry['task_id']}", "completed").json()["data"]
    assert (task["id"], task["progress"], task["cost"]) == (entry["task_id"], 100, 0.05)
    [result] = task["result"]["images"]
    assert 23 * 3600 < result["expires_at"] - time.time() < 25 * 3600
    [url] = result["url"]
    assert Image.open(io.BytesIO(anyone.get(url).content)).format == "PNG"
    assert sandbox.balance == 9.95
    assert reply.json()["id"] == entry["task_id"]
    by_page = apimart.get(f"/v1/images/generations/{entry['task_id']}").json()
    assert by_page == {"id": entry["task_id"], "status": "completed", "url": url}


@pytest.mark.parametrize(
    ("form", "other"),
    [("task", "images/generations"), ("info", "images/generations"), ("seed", "tasks")],
)
def test_one_form_alone_has_one_address(start, calling, form, other):
    apimart = calling(start(apimart_form=form), "apimart")
    reply = apimart.post("/v1/images/generations", json=RUN).json()
    task = reply.get("id") or (
        reply["data"][0]["task_id"] if form == "task" else reply["data"]["id"]
    )
    assert ("id" in reply) == (form == "seed")
    assert apimart.get(f"/v1/{other}/{task}").status_code == 404


@pytest.mark.parametrize("form", ["either", "strings", "objects"])
def test_the_form_of_image_urls(start, calling, form):
    sandbox = start(image_form=form)
    apimart = calling(sandbox, "apimart")
    url = upload(apimart, picture()).json()["url"]
    for name, images in {"strings": [url], "objects": [{"url": url}]}.items():
        reply = apimart.post("/v1/images/generations", json={**RUN, "image_urls": images})
        assert reply.status_code == (200 if form in (name, "either") else 400)
        assert reply.ok or "image_urls" in reply.json()["error"]["message"]


def test_progress_grows(start, calling):
    apimart = calling(start(speed=60), "apimart")  # some 0.5 s
    task = apimart.post("/v1/images/generations", json=RUN).json()["data"][0]["task_id"]
    seen = []
    while not seen or seen[-1]["status"] != "completed":
        seen.append(apimart.get(f"/v1/tasks/{task}").json()["data"])
    figures = [state["progress"] for state in seen]
    assert figures == sorted(figures)
    assert {0, 100} <= set(figures)
    assert len(set(figures)) > 5
    words = list(dict.fromkeys(state["status"] for state in seen))
    assert words == ["submitted", "processing", "completed"]
    assert seen[0]["estimated_time"] > 0


def test_several_pictures_cost_as_often(apimart, sandbox):
    task = apimart.post("/v1/images/generations", json={**RUN, "n": 3}).json()["data"][0]["task_id"]
    result = apimart.until(f"/v1/tasks/{task}", "completed").json()["data"]["result"]
    assert len(set(result["images"][0]["url"])) == 3
    assert sandbox.balance == 9.85


def test_the_form_of_the_upload_page(start, calling):
    sandbox = start(apimart_form="seed")
    apimart = calling(sandbox, "apimart")
    body = apimart.post("/v1/images/generations", json=RUN).json()
    assert body.keys() == {"id"}
    done = apimart.until(f"/v1/images/generations/{body['id']}", "completed").json()
    assert done["url"].startswith(sandbox.url("files"))
    assert apimart.get(f"/v1/tasks/{body['id']}").status_code == 404
    body = apimart.post("/v1/images/generations", json={**RUN, "n": 2}).json()
    done = apimart.until(f"/v1/images/generations/{body['id']}", "completed").json()
    assert len(done["url"]) == 2
    sandbox.faults.add("POST .*", "job_failed", words="No.")
    body = apimart.post("/v1/images/generations", json=RUN).json()
    failed = apimart.until(f"/v1/images/generations/{body['id']}", "failed").json()
    assert failed["fail_reason"] == "No."


def test_the_form_with_task_info(start, calling):
    apimart = calling(start(apimart_form="info"), "apimart")
    data = apimart.post("/v1/images/generations", json=RUN).json()["data"]
    assert data["task_info"].keys() == {"can_cancel", "estimated_time"}
    apimart.until(f"/v1/tasks/{data['id']}", "completed")


def test_failure_is_told_and_given_back(apimart, sandbox):
    sandbox.faults.add("POST .*", "job_failed", words="Content policy.")
    task = apimart.post("/v1/images/generations", json=RUN).json()["data"][0]["task_id"]
    reply = apimart.until(f"/v1/tasks/{task}", "failed")
    assert reply.status_code == 200
    assert reply.json()["data"]["error"]["message"] == "Content policy."
    assert sandbox.balance == 10


def test_pictures_are_addresses_or_objects_with_one(apimart, artist):
    url = upload(apimart, picture(5)).json()["url"]
    for urls in ([url], [{"url": url}]):
        reply = apimart.post("/v1/images/generations", json={**RUN, "image_urls": urls})
        task = reply.json()["data"][0]["task_id"]
        apimart.until(f"/v1/tasks/{task}", "completed")
        assert artist.asked[-1]["media"] == {"image_urls": [picture(5)]}


@pytest.mark.parametrize("bare", [False, True])
def test_base64_pictures_are_refused(apimart, sandbox, bare):
    text = base64.b64encode(picture()).decode()
    value = text if bare else f"data:image/png;base64,{text}"
    reply = apimart.post("/v1/images/generations", json={**RUN, "image_urls": [value]})
    assert reply.status_code == 400
    assert "base64" in reply.json()["error"]["message"]
    assert sandbox.billed_posts == []


def test_idempotency_key_is_one_task_and_one_bill(apimart, sandbox):
    key = {"Idempotency-Key": "11111111-2222-4333-8444-555555555555"}
    replies = [
        apimart.post("/v1/images/generations", json=RUN, headers=key).json() for _ in range(2)
    ]
    assert replies[0] == replies[1]
    assert len(sandbox.billed_posts) == 1
    assert sandbox.log[0].headers["idempotency-key"] == key["Idempotency-Key"]
    other = apimart.post("/v1/images/generations", json={**RUN, "n": 2}, headers=key)
    assert other.status_code == 409
    apimart.post("/v1/images/generations", json=RUN)
    assert len(sandbox.billed_posts) == 2


def test_idempotency_key_holds_for_requests_at_once(sandbox, calling):
    def submit(_):
        caller = calling(sandbox, "apimart")
        return caller.post("/v1/images/generations", json=run, headers=key).text

    key = {"Idempotency-Key": "one"}
    run = {**RUN, "image_urls": [f"https://example.com/{n}.png" for n in range(8)]}  # takes a while
    with ThreadPoolExecutor(8) as pool:
        replies = set(pool.map(submit, range(8)))
    assert len(replies) == len(sandbox.billed_posts) == 1


def test_videos_have_their_own_route(start, calling):
    apimart = calling(start(models=CLIP), "apimart")
    run = {"model": "clip-1", "prompt": "waves"}
    task = apimart.post("/v1/videos/generations", json=run).json()["data"][0]["task_id"]
    done = apimart.until(f"/v1/tasks/{task}", "completed").json()["data"]
    assert done["result"]["videos"][0]["url"][0].endswith(".webm")
    message = "The model 'clip-1' is not supported by /v1/images/generations"
    wrong = apimart.post("/v1/images/generations", json=run)
    refused(wrong, 400, message, "invalid_request_error")


# errors


def test_only_bearer_is_taken(sandbox, calling):
    key = sandbox.environ["APIMART_API_KEY"]
    for headers in ({}, {"x-api-key": key}, {"Authorization": "Bearer x"}, {"Authorization": key}):
        caller = calling(sandbox, "apimart", headers=headers)
        message = "Authentication failed, please check your API key"
        for reply in (caller.post("/v1/images/generations", json=RUN), caller.get("/v1/models")):
            refused(reply, 401, message, "authentication_error", 401)


@pytest.mark.parametrize(
    ("inputs", "status", "message"),
    [
        ({"model": None}, 400, "'model' is required"),
        ({"model": "nope"}, 404, "The model 'nope' does not exist"),
        ({"prompt": ""}, 400, "'prompt' is required"),
        ({"n": "two"}, 500, "build_request_failed: 'n' must be of type integer"),
    ],
)
def test_bad_generations_are_refused_unbilled(apimart, sandbox, inputs, status, message):
    reply = apimart.post("/v1/images/generations", json={**RUN, **inputs})
    kind = "server_error" if status == 500 else "invalid_request_error"
    refused(reply, status, message, kind, 404 if status == 404 else None)
    assert sandbox.billed_posts == []
    assert sandbox.balance == 10


def test_unknown_task_is_404(apimart):
    refused(apimart.get("/v1/tasks/x"), 404, "Task x not found", "invalid_request_error", 404)


def test_too_little_balance_is_402(start, calling):
    sandbox = start(credits=0.01)
    reply = calling(sandbox, "apimart").post("/v1/images/generations", json=RUN)
    assert (reply.status_code, reply.json()["error"]["type"]) == (402, "payment_required")
    assert "balance" in reply.json()["error"]["message"]


def test_rate_limit_has_its_form(start, calling):
    apimart = calling(start(rate_limit=1), "apimart")
    apimart.post("/v1/images/generations", json=RUN)
    reply = apimart.post("/v1/images/generations", json=RUN)
    message = "Rate limit exceeded. Please try again later"
    refused(reply, 429, message, "rate_limit_error", 429)
    assert int(reply.headers["retry-after"]) > 0


# account


def test_balance_and_its_failure_under_200(apimart, sandbox, calling):
    apimart.post("/v1/images/generations", json=RUN)
    task = apimart.post("/v1/images/generations", json=RUN).json()["data"][0]["task_id"]
    apimart.until(f"/v1/tasks/{task}", "completed")
    body = apimart.get("/v1/balance").json()
    assert (body["success"], body["unlimited_quota"]) == (True, False)
    assert body["remain_balance"] == 9.9
    stranger = calling(sandbox, "apimart", headers={"Authorization": "Bearer x"})
    reply = stranger.get("/v1/balance")
    assert (reply.status_code, reply.json()["success"]) == (200, False)


def test_models_with_and_without_their_parameters(apimart):
    [record] = [r for r in apimart.get("/v1/models").json()["data"] if r["id"] == MODEL]
    assert record["category"] == "image"
    assert "parameters" not in record
    records = apimart.get("/v1/models?expand=parameters").json()["data"]
    [record] = [r for r in records if r["id"] == MODEL]
    assert "prompt" in record["parameters"]["input_schema"]["properties"]
