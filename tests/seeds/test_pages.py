"""Every statement of the services' pages, against a server that answers only what the pages say."""

from __future__ import annotations

import base64
import io
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from segmind_widgets import errors
from segmind_widgets.catalog.catalog import Catalog
from segmind_widgets.client import SegmindClient
from segmind_widgets.providers.apimart import APIMart
from segmind_widgets.providers.segmind import Segmind
from segmind_widgets.types import Call, Reply, RunRequest, Status
from tests.seeds.pages import APIMART_KEY, SEGMIND_KEY, WORKFLOW, Pages, serve
from tests.shells import Shell, open_shell, picture

GEMINI = "gemini-3-pro-image-preview"
says = pytest.mark.statement
pytestmark = pytest.mark.filterwarnings("ignore:.*sent unchanged")


def encoded(form: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (48, 32), "teal").save(out, form)
    return out.getvalue()


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[tuple[Shell, Pages]]:
    """A shell whose client reaches the pages alone."""
    with serve(Pages()) as pages, open_shell(tmp_path, pages) as opened:
        yield opened, pages


# S: Segmind Storage


@says("S-1", "S-3", "S-4", "S-5", "S-6", "S-7", "S-8", "S-10", "S-19")
def test_storage_takes_a_data_url_and_gives_a_url(client: SegmindClient, pages: Pages) -> None:
    asset = client.upload(picture())
    (post,) = pages.posts()
    assert post.path == "/upload-asset"
    assert Segmind().upload_url == "https://workflows-api.segmind.com/upload-asset"
    assert post.headers["accept"] == "application/json, text/plain, */*"
    assert post.headers["content-type"] == "application/json"
    assert post.headers["x-api-key"] == SEGMIND_KEY
    data = base64.b64encode(picture()).decode()
    assert post.json == {"data_urls": [f"data:image/png;base64,{data}"]}
    assert asset.url == f"{pages.base}/files/asset-0.png"


@says("S-9")
def test_storage_takes_several_files_at_once(client: SegmindClient, pages: Pages) -> None:
    files = [picture(color=color) for color in ("red", "blue")]
    assets = client.upload(files)
    (post,) = pages.posts()
    assert [base64.b64decode(url.partition(",")[2]) for url in post.json["data_urls"]] == files
    assert [asset.url for asset in assets] == [f"{pages.base}/files/asset-{n}.png" for n in (0, 1)]


@says("S-2", "S-21", "S-25")
def test_storage_is_given_each_content_once(client: SegmindClient, pages: Pages) -> None:
    first = client.upload(picture())
    client.close()
    client.clear_instance()
    assert SegmindClient.instance().upload(picture()).url == first.url
    assert len(pages.posts()) == 1


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        pytest.param("a.jpg", encoded("JPEG"), "image/jpeg", marks=says("S-11"), id="S-11"),
        pytest.param("a.png", encoded("PNG"), "image/png", marks=says("S-12"), id="S-12"),
        pytest.param("a.webp", encoded("WEBP"), "image/webp", marks=says("S-13"), id="S-13"),
        pytest.param("a.mp3", b"ID3\x04" + bytes(99), "audio/mpeg", marks=says("S-14"), id="mp3"),
        pytest.param("a.pdf", b"%PDF-1.4", "application/pdf", marks=says("S-14"), id="pdf"),
        pytest.param("a.png", encoded("JPEG"), "image/jpeg", marks=says("S-27"), id="S-27"),
    ],
)
def test_storage_is_told_the_type_by_content(
    client: SegmindClient, pages: Pages, tmp_path: Path, name: str, data: bytes, kind: str
) -> None:
    (tmp_path / name).write_bytes(data)
    client.upload(tmp_path / name)
    assert pages.posts()[0].json["data_urls"][0].startswith(f"data:{kind};base64,")


@says("S-26")
def test_storage_gets_base64_that_decodes_to_the_file(client: SegmindClient, pages: Pages) -> None:
    data = bytes(range(256)) * 19_532  # a length that three does not divide
    client.upload(data)
    url = pages.posts()[0].json["data_urls"][0]
    assert base64.b64decode(url.partition(",")[2], validate=True) == data


@says("S-20", "S-23", "S-24")
def test_storage_urls_are_inputs_of_models_and_workflows(
    client: SegmindClient, pages: Pages
) -> None:
    asset = client.upload(picture())
    client.run(WORKFLOW, {"background": asset}, kind="workflow")
    made = client.run("esrgan", {"image": asset}, api="v1")
    client.run("esrgan", {"image": made, "scale": 2}, api="v1")  # a chain
    workflow, first, second = (post.json for post in pages.posts() if "upload" not in post.path)
    assert workflow["background"] == first["image"] == asset.url
    assert second["image"] == f"{pages.base}/files/asset-0.png"


@says("S-22")
def test_storage_urls_of_several_pictures_go_through_a_model(
    client: SegmindClient, pages: Pages
) -> None:
    rows = [{"image": picture(color=color)} for color in ("red", "blue", "green")]
    batch = client.map("esrgan", rows, api="v1").wait(30)
    assert batch.done == 3
    assert len(pages.posts("/v1/esrgan")) == 3


@says("S-30", "S-31", "X-39", "A-83")
@pytest.mark.parametrize("provider", ["segmind", "apimart"])
def test_a_refused_upload_is_sent_again_after_the_wait(
    client: SegmindClient, pages: Pages, provider: str
) -> None:
    body = {"error": {"code": 429, "message": "Rate limit exceeded.", "type": "rate_limit_error"}}
    pages.refusals.append(("upload", 429, body, {"Retry-After": "1"}))
    began = time.monotonic()
    assert client.upload(picture(), provider=provider).url
    assert time.monotonic() - began >= 1
    assert len(pages.posts("upload")) == 2


# X: documentation index


@says("X-35", "W-129", "W-130", "W-131", "W-132", "W-137", "W-139", "W-141", "W-142", "W-143",
      "W-146", "C-171")  # fmt: skip
def test_a_workflow_is_sent_and_polled_as_its_page_says(
    client: SegmindClient, pages: Pages
) -> None:
    job = client.run(WORKFLOW, {"product_prompt": "a shoe"}, kind="workflow")
    (post,) = pages.posts()
    assert post.path == f"/workflows/{WORKFLOW}"
    assert post.headers["authorization"] == f"Bearer {SEGMIND_KEY}"
    assert post.headers["content-type"] == "application/json"
    assert post.json == {"product_prompt": "a shoe"}
    polls = [r for r in pages.requests if r.method == "GET" and "polls" in r.path]
    assert {poll.headers["authorization"] for poll in polls} == {f"Bearer {SEGMIND_KEY}"}
    assert [asset.name for asset in job.outputs] == ["Poster"]
    assert job.status is Status.COMPLETED


@says("X-36", "R-112", "R-113", "R-114", "R-115", "R-111", "R-104", "R-106")
@pytest.mark.parametrize("api", ["v1", "v2"])
def test_a_model_runs_on_v1_and_on_v2(client: SegmindClient, pages: Pages, api: Any) -> None:
    job = client.submit("sdxl1.0-newreality-lightning", {"prompt": "a fox"}, api=api)
    post = pages.wait_for_post()
    assert post.path == f"/{api}/sdxl1.0-newreality-lightning"
    assert post.headers["x-api-key"] == SEGMIND_KEY
    assert post.headers["content-type"] == "application/json"
    call = Segmind().submit(RunRequest("m", {}, api="v1"))
    assert call.url == "https://api.segmind.com/v1/m"
    assert call.timeout >= 180
    job.stop()


@says("X-37", "X-47", "X-48", "S-32", "R-103", "R-126", "X-45")
def test_the_status_shows_credits_and_the_services_pages(shell: tuple[Shell, Pages]) -> None:
    table = repr(shell[0].run("%segmind_status"))
    assert "1.00 USD and 0.02 free" in table
    for words in (
        "https://cloud.segmind.com/console/api-keys",
        "https://docs.segmind.com/readme/pricing-and-billing#billing-on-api-errors",
        "Rate Limits (docs.segmind.com)",
        "Dedicated Endpoints (docs.segmind.com)",
        "SEGMIND_API_URL",
        "two hours",
    ):
        assert words in " ".join(table.split())


@says("X-38", "R-122", "W-153")
@pytest.mark.parametrize("kind", ["model", "workflow"])
def test_a_submit_is_sent_again_after_a_429(client: SegmindClient, pages: Pages, kind: Any) -> None:
    path = "/v1/flux-dev" if kind == "model" else WORKFLOW
    pages.refusals.append((path, 429, {"error": "Too many requests"}, {"Retry-After": "1"}))
    api = {"api": "v1"} if kind == "model" else {}
    job = client.run("flux-dev" if kind == "model" else WORKFLOW, {}, kind=kind, **api)
    assert job.status is Status.COMPLETED
    assert len(pages.posts()) == 2


@says("X-41", "X-44")
def test_a_job_has_an_hour_and_notes_its_time(client: SegmindClient) -> None:
    assert client.watch_limit >= 600
    job = client.run("flux-dev", {"prompt": "x"}, api="v1")
    assert job.created
    assert job.elapsed > 0


@says("X-42")
def test_the_usual_time_comes_from_own_runs(client: SegmindClient) -> None:
    for _ in range(3):
        client.run("flux-dev", {"prompt": "x"}, api="v1", again=True)
    usual = client.plan("flux-dev", {"prompt": "x"}).expected_seconds
    assert usual is not None
    assert usual < 5, "these replies come at once"


@says("X-46")
def test_requests_and_their_costs_are_counted(client: SegmindClient, pages: Pages) -> None:
    pages.headers = {"x-cost": "0.02"}
    client.run("flux-dev", {"prompt": "x"}, api="v1")
    (row,) = client.spend("model")
    assert (row.key, row.jobs, row.usd) == ("flux-dev", 1, pytest.approx(0.02))


@says("X-49", "X-52")
def test_a_new_seed_is_asked_for_unless_one_is_set(client: SegmindClient, pages: Pages) -> None:
    client.run("flux-dev", {"prompt": "x"}, api="v1")
    client.run("flux-dev", {"prompt": "x", "seed": 7}, api="v1")
    assert [post.json["seed"] for post in pages.posts()] == [-1, 7]


@says("X-50", "X-51")
@pytest.mark.parametrize("api", ["v1", "v2"])
def test_the_seed_that_was_used_comes_from_the_header(
    client: SegmindClient, pages: Pages, api: str
) -> None:
    reply = Reply(200, {"x-seed-value": "4242", "content-type": "image/png"}, picture())
    if api == "v2":
        body = {"status": "COMPLETED", "request_id": "r-1", "output": "https://a.b/c.png"}
        reply = Reply(200, {"x-seed-value": "4242"}, json.dumps(body).encode())
    base = "https://api.segmind.com"
    call = Call("POST", f"{base}/v1/m", billed=True)
    call = call if api == "v1" else Call("GET", f"{base}/v2/requests/r-1")
    assert Segmind().parse(call, reply).seed == 4242
    pages.headers = {"x-seed-value": "4242"}
    job = client.run("flux-dev", {"prompt": "x"}, api="v1")
    assert job.seed == 4242
    assert "4242" in job.export("cell")


@says("X-53", "X-54", "X-55")
def test_premium_models_are_known_by_name_and_by_their_condition(
    client: SegmindClient, shell: tuple[Shell, Pages]
) -> None:
    names = [model.slug for model in Catalog() if model.premium]
    assert len(names) == 16
    table = repr(shell[0].run("%segmind_models gpt-4-turbo"))
    assert "subscription" in table
    assert "$5" in table
    assert "closed source" in table


@says("X-40")
def test_a_cold_start_is_named_where_the_usual_time_is_unknown() -> None:
    from segmind_widgets.jobs.job import Job

    job = Job(id="1", model="m", status=Status.PROCESSING, elapsed=21.0)
    job.tick()
    assert "loaded first" in job.message
    assert "several minutes" in job.message


# A: APIMart upload page


@says("A-58", "A-61", "A-62", "A-63", "A-64", "A-65", "A-66", "A-70", "A-72", "A-73", "A-74",
      "A-75", "A-93", "A-95", "A-96", "A-97", "A-99")  # fmt: skip
def test_apimart_uploads_first_and_generates_with_the_url(
    client: SegmindClient, pages: Pages, tmp_path: Path
) -> None:
    pages.created_at = int(time.time())
    (tmp_path / "image.png").write_bytes(picture())
    inputs = {"prompt": "a variation", "image_urls": [tmp_path / "image.png"]}
    job = client.run(GEMINI, inputs, provider="apimart")
    assert pages.polled["t-1"] == 2, "in_progress, then completed"
    upload, post = pages.posts()
    assert upload.path == "/v1/uploads/images"
    assert APIMart().upload_url == "https://api.apimart.ai/v1/uploads/images"
    assert upload.headers["content-type"].startswith("multipart/form-data; boundary=")
    (part,) = upload.parts
    assert part.get_payload(decode=True) == picture(), "raw bytes"
    assert part.get_filename() == "image.png"
    assert post.path == "/v1/images/generations"
    assert post.headers["content-type"] == "application/json"
    assert post.json["model"] == GEMINI
    assert post.json["image_urls"] == [f"{pages.base}/files/upload.png"]
    for request in pages.requests:
        if "/v1/" in request.path:
            assert request.headers["authorization"] == f"Bearer {APIMART_KEY}"
            assert "x-api-key" not in request.headers
    assert job.outputs[0].image.size == (48, 32)
    client.run(GEMINI, {**inputs, "prompt": "another"}, provider="apimart")
    assert len(pages.posts("uploads")) == 1


@says("A-57")
def test_apimart_models_come_from_its_list(client: SegmindClient) -> None:
    assert client.catalog("apimart").find(GEMINI, "apimart") is not None
    assert APIMart().models_call().url.startswith("https://api.apimart.ai/v1/models")


@says("A-60")
@pytest.mark.parametrize("nest", [lambda u: [u], lambda u: [{"url": u}]], ids=["text", "object"])
def test_apimart_gets_no_base64(client: SegmindClient, pages: Pages, nest: Any) -> None:
    url = f"data:image/png;base64,{base64.b64encode(picture()).decode()}"
    client.run(GEMINI, {"prompt": "x", "image_urls": nest(url)}, provider="apimart")
    assert b"base64" not in pages.posts("generations")[0].body


@says("A-71", "A-94")
def test_apimart_gets_its_own_payload_as_written(client: SegmindClient, pages: Pages) -> None:
    inputs = {"prompt": "x", "image_urls": [{"url": "https://a.b/c.png"}], "size": "16:9"}
    client.run(GEMINI, inputs, provider="apimart")
    assert pages.posts("generations")[0].json == {"model": GEMINI, **inputs}


@says("A-76", "A-77", "A-78", "A-79", "A-92")
def test_apimart_replies_are_read_with_their_facts(client: SegmindClient) -> None:
    asset = client.upload(picture(), provider="apimart")
    assert asset.expires_at == "2025-04-03T16:00:00+00:00", "created_at and 72 hours"
    body = {"url": "https://a.b/c.jpg", "filename": "photo.jpg", "content_type": "image/jpeg",
            "bytes": 235680, "created_at": 1743436800}  # fmt: skip
    (uploaded,) = APIMart().parse_upload(Reply(200, {}, json.dumps(body).encode()))
    assert (uploaded.filename, uploaded.media_type, uploaded.size) == (
        "photo.jpg",
        "image/jpeg",
        235680,
    )


@says("A-76", "A-77", "A-78")
@pytest.mark.parametrize(
    ("facts", "text"),
    [
        ({}, ""),
        ({"filename": "photo-1.png"}, "stored as photo-1.png"),
        ({"content_type": "image/webp"}, "stored as image/webp"),
        ({"bytes": 235680}, "stored as 235,680 bytes"),
        ({"filename": "b.gif", "content_type": "image/gif"}, "stored as b.gif, image/gif"),
        ({"filename": None, "content_type": 7, "bytes": "many"}, ""),
    ],
    ids=["same", "filename", "content_type", "bytes", "two", "unreadable"],
)
def test_apimart_facts_that_differ_are_shown(
    client: SegmindClient, pages: Pages, facts: dict[str, Any], text: str
) -> None:
    if facts:
        body = {"url": f"{pages.base}/files/upload.png", **facts}
        pages.refusals.append(("uploads", 200, body, {}))
    asset = client.upload(picture(), provider="apimart")
    assert asset.note == text
    assert text in str(asset)
    assert text in asset._repr_mimebundle_()["text/html"]


@pytest.mark.parametrize(
    ("status", "message", "kind", "error"),
    [
        pytest.param(400, "missing or invalid file field: http: no such file",
                     "invalid_request_error", errors.Rejected, marks=says("A-80")),
        pytest.param(413, "file size 25165824 exceeds maximum 20971520 bytes",
                     "invalid_request_error", errors.TooLarge, marks=says("A-82")),
        pytest.param(500, "failed to upload image", "server_error", errors.ServerError,
                     marks=says("A-84")),
    ],
)  # fmt: skip
@says("A-85")
def test_apimart_errors_are_told_in_its_words(
    client: SegmindClient, pages: Pages, status: int, message: str, kind: str, error: Any
) -> None:
    body = {"error": {"message": message, "type": kind}}
    pages.refusals.append(("uploads", status, body, {}))
    with pytest.raises(error) as raised:
        client.upload(picture(), provider="apimart")
    assert raised.value.message == message
    assert raised.value.type == kind
    assert kind in str(raised.value)
    assert len(pages.posts()) == 1


@says("A-81")
def test_apimart_is_not_sent_another_type(client: SegmindClient, pages: Pages) -> None:
    words = "unsupported image type: application/pdf, allowed: jpeg, png, gif, webp"
    with pytest.raises(errors.AssetError, match=words):
        client.upload(b"%PDF-1.4", provider="apimart")
    assert not pages.posts()


@says("A-82", "A-91")
def test_apimart_is_not_sent_more_than_20_mb(client: SegmindClient, pages: Pages) -> None:
    data = picture() + bytes(20_971_520)
    with pytest.raises(errors.AssetError, match="exceeds maximum 20971520 bytes"):
        client.upload(data, provider="apimart")
    assert not pages.posts()
    assert "20 MB" in client.session.upload_limits("apimart"), "said before, too"


@pytest.mark.parametrize(
    ("form", "kind"),
    [
        pytest.param("JPEG", "image/jpeg", marks=says("A-87"), id="A-87"),
        pytest.param("PNG", "image/png", marks=says("A-88"), id="A-88"),
        pytest.param("WEBP", "image/webp", marks=says("A-89"), id="A-89"),
        pytest.param("GIF", "image/gif", marks=says("A-90"), id="A-90"),
    ],
)
def test_apimart_takes_four_formats(
    client: SegmindClient, pages: Pages, form: str, kind: str
) -> None:
    assert client.upload(encoded(form), provider="apimart").url
    assert pages.posts()[0].parts[0].get_content_type() == kind


@says("A-86")
def test_apimart_keys_are_made_at_its_page(
    client: SegmindClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("APIMART_API_KEY")
    with pytest.raises(errors.KeyMissing) as raised:
        client.upload(picture(), provider="apimart")
    assert "https://apimart.ai/keys" in raised.value.hint


@says("A-98")
def test_apimart_failures_have_a_reason(client: SegmindClient, pages: Pages) -> None:
    pages.failure = "content blocked"
    with pytest.raises(errors.JobFailed, match="content blocked"):
        client.run(GEMINI, {"prompt": "x"}, provider="apimart")


@says("A-100", "W-140")
@pytest.mark.parametrize(("provider", "seconds"), [("apimart", 2.0), ("workflow", 7.0)])
def test_the_pace_of_asking_is_the_pages_own(provider: str, seconds: float) -> None:
    kind = APIMart() if provider == "apimart" else Segmind()
    call = Call("GET", "https://api.segmind.com/workflows/request/1")
    assert kind.poll_interval(call) == seconds


# R: Segmind API reference


@says("R-109", "R-110")
def test_the_page_of_a_model_names_it_and_is_linked(
    client: SegmindClient, shell: tuple[Shell, Pages]
) -> None:
    page = "https://www.segmind.com/models/sdxl1.0-newreality-lightning/api"
    plan = client.plan(page, {"prompt": "x"})
    assert plan.request.target == "sdxl1.0-newreality-lightning"
    assert plan.model is not None
    assert plan.model.schema
    assert page in repr(shell[0].run("%segmind_models sdxl1.0-newreality-lightning"))


CODES = [
    (401, errors.Unauthorized, ["R-117", "W-149"]),
    (403, errors.Forbidden, ["W-150"]),
    (404, errors.NotFound, ["R-118", "W-151"]),
    (405, errors.MethodNotAllowed, ["R-119"]),
    (406, errors.InsufficientCredits, ["R-120", "W-152"]),
    (422, errors.Rejected, ["R-121"]),
    (400, errors.Rejected, ["W-148"]),
    (500, errors.ServerError, ["R-123", "W-154"]),
    (502, errors.SegmindError, ["W-155"]),
    (504, errors.SubmitUnknown, ["W-156"]),
]


@says("R-117", "R-118", "R-119", "R-120", "R-121", "R-123", "R-124", "R-125", "W-147", "W-148",
      "W-149", "W-150", "W-151", "W-152", "W-154", "W-155", "W-156")  # fmt: skip
@pytest.mark.parametrize("kind", ["model", "workflow"])
@pytest.mark.parametrize(("status", "error", "shown"), CODES, ids=[str(c[0]) for c in CODES])
def test_every_code_is_an_error_that_is_not_billed(
    client: SegmindClient, pages: Pages, kind: Any, status: int, error: Any, shown: list[str]
) -> None:
    words = "Not enough credits." if status == 406 else "No cats today."
    for _ in range(4):
        pages.refusals.append(("/flux-dev" if kind == "model" else WORKFLOW, status,
                               {"error": words}, {}))  # fmt: skip
    api = {"api": "v1"} if kind == "model" else {}
    job = client.submit("flux-dev" if kind == "model" else WORKFLOW, {}, kind=kind, **api).wait(30)
    if (kind, status) == ("model", 500):  # it may hide a run; the pages have no history to look in
        error = errors.SubmitUnknown
    assert isinstance(job.error, error)
    assert words.rstrip(".") in str(job.error)
    assert not job.cost
    assert client.session_spend().spent == 0


@says("R-116")
def test_a_200_is_the_result_and_billed(client: SegmindClient, pages: Pages) -> None:
    pages.headers = {"x-cost": "0.01"}
    job = client.run("flux-dev", {"prompt": "x"}, api="v1")
    assert job.cost == 0.01
    assert job.image.size == (48, 32)


# W: workflow API page


@says("W-133", "W-134", "W-135", "W-136")
def test_the_inputs_of_a_workflow_may_be_left_out(client: SegmindClient, pages: Pages) -> None:
    client.run(WORKFLOW, {}, kind="workflow")
    assert pages.posts()[0].json == {}
    page = (Path(__file__).parent / "samples" / "workflow-page.txt").read_text("utf-8")
    pasted = client.read(page)
    properties = (pasted.schema or {})["properties"]
    assert properties["background"]["format"] == "uri"
    assert properties["product_prompt"]["type"] == "string"
    assert all("default" in schema for schema in properties.values())


@says("W-159")
def test_the_address_and_the_parameters_of_the_page_are_enough(client: SegmindClient) -> None:
    page = (Path(__file__).parent / "samples" / "workflow-page.txt").read_text("utf-8")
    pasted = client.read(page[page.index("POSThttps") :])
    assert (pasted.kind, pasted.target) == ("workflow", WORKFLOW)
    assert set((pasted.schema or {})["properties"]) == {"background", "product_prompt"}


@says("W-138")
def test_the_key_follows_no_poll_url_elsewhere(client: SegmindClient, pages: Pages) -> None:
    body = {"poll_url": "https://elsewhere.example/polls/1"}
    pages.refusals.append((WORKFLOW, 200, body, {}))
    job = client.submit(WORKFLOW, {}, kind="workflow").wait(30)
    assert isinstance(job.error, errors.SubmitUnknown)  # accepted, and nowhere to ask for it


@says("W-144", "W-145")
@pytest.mark.parametrize("reason", ["the shoe is missing", ""])
def test_a_failed_workflow_gives_its_reason(
    client: SegmindClient, pages: Pages, reason: str
) -> None:
    pages.failure = reason or " "
    job = client.submit(WORKFLOW, {}, kind="workflow").wait(60)
    assert job.status is Status.FAILED
    assert reason in str(job.error)
    assert str(job.error)


@says("W-145")
def test_a_workflow_with_a_poll_url_alone_is_queued(client: SegmindClient) -> None:
    plan = client.plan(WORKFLOW, {}, kind="workflow")
    call = plan.endpoint.provider.submit(plan.request)
    poll_url = f"{plan.endpoint.address}/workflows/polls/w-1"
    reply = Reply(200, {}, json.dumps({"poll_url": poll_url}).encode(), call.url)
    state = plan.endpoint.provider.parse(call, reply)
    assert state.status is Status.QUEUED
    assert state.next is not None
    assert state.next.url == poll_url


@says("W-161")
@pytest.mark.parametrize("form", ["python", "curl", "javascript"])
def test_an_exported_workflow_reads_poll_url_alone(client: SegmindClient, form: str) -> None:
    text = client.export(client.plan(WORKFLOW, {}, kind="workflow"), form)
    assert "Bearer" in text
    assert "poll_url" in text


# C: the project's promise


@says("C-162", "C-166", "C-167", "C-169", "C-170", "C-173")
def test_the_magics_show_pictures_inline(shell: tuple[Shell, Pages], tmp_path: Path) -> None:
    run = shell[0].run
    (tmp_path / "cat.png").write_bytes(picture())
    uploaded = run(f"%segmind_upload {tmp_path / 'cat.png'}")
    assert "data:image/" in uploaded.to_html()
    job = run("%%segmind_run flux-dev --api v1\na red fox")
    assert "data:image/" in job.to_html()
    assert run("%segmind_jobs").__class__.__name__ == "Table"


@says("C-163", "C-168", "C-174")
def test_the_panels_share_the_client(client: SegmindClient) -> None:
    from segmind_widgets.panels import find

    for name in ("upload", "run", "workflow", "jobs", "gallery"):
        panel = find(name)(client=client)
        assert panel.client is client
        panel.close()


@says("C-164", "C-165", "C-175")
def test_the_project_has_the_parts_that_were_chosen() -> None:
    root = Path(__file__).parents[2]
    project = (root / "pyproject.toml").read_text("utf-8")
    for package in ("ipywidgets", "ipython", "requests", "pillow", "traitlets"):
        assert f'"{package}>=' in project
    for name in ("README.md", "segmind_widgets", "notebooks", "tests", "binder"):
        assert (root / name).exists()
    assert (root / "binder" / "requirements.txt").is_file()


@says("C-172")
def test_a_progress_widget_is_bound_to_a_job(client: SegmindClient) -> None:
    from ipywidgets import FloatProgress
    from traitlets import dlink

    job = client.submit(WORKFLOW, {}, kind="workflow")  # the first run: no usual time
    bar = FloatProgress(max=1.0)
    dlink((job, "progress"), (bar, "value"))
    assert (bar.value, job.indeterminate) == (0.0, True)
    job.wait(30)
    assert bar.value == 1.0
