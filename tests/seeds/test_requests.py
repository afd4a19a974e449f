"""Requests go out as the pages write them, and the form that a service accepts is learnt."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from segmind_widgets import errors
from segmind_widgets.client import SegmindClient
from segmind_widgets.providers import PROVIDERS
from tests.page import text_of
from tests.seeds.pages import APIMART_KEY, SEGMIND_KEY, WORKFLOW, Pages
from tests.shells import picture

LIGHTNING = "sdxl1.0-newreality-lightning"
GEMINI = "gemini-3-pro-image-preview"


# a model that is in no catalog, and inputs that do not fit a page, are sent with a warning
pytestmark = pytest.mark.filterwarnings("ignore:.*sent unchanged")


def again(client: SegmindClient) -> SegmindClient:
    """Return a client of another kernel over the same home."""
    client.close()
    client.clear_instance()
    return SegmindClient.instance()


# workflows


def test_a_workflow_runs_with_bearer_and_nothing_but_a_poll_url(
    client: SegmindClient, pages: Pages
) -> None:
    job = client.run(WORKFLOW, {"subject": "a fox"}, kind="workflow")
    assert [asset.image.size for asset in job.outputs] == [(48, 32)]
    (post,) = pages.posts("/workflows/")
    assert post.json == {"subject": "a fox"}
    assert post.headers["authorization"] == f"Bearer {SEGMIND_KEY}"
    assert "x-api-key" not in post.headers


@pytest.mark.parametrize(
    ("target", "header"), [(WORKFLOW, "x-api-key"), ("my-flow", "authorization")]
)
def test_the_header_of_a_workflow_is_learnt(
    client: SegmindClient, pages: Pages, target: str, header: str
) -> None:
    pages.workflow_header = header
    client.run(target, {}, kind="workflow")
    first, second = pages.posts("/workflows/")
    assert header not in first.headers
    assert header in second.headers
    client = again(client)
    client.run(target, {}, kind="workflow")
    assert len(pages.posts("/workflows/")) == 3
    assert SEGMIND_KEY.encode() not in (client.session.store.home / "journal.sqlite").read_bytes()


def test_a_workflow_that_takes_neither_header_is_asked_twice(
    client: SegmindClient, pages: Pages
) -> None:
    pages.workflow_header = "x-other"
    with pytest.raises(errors.Unauthorized):
        client.run(WORKFLOW, {}, kind="workflow")
    assert len(pages.posts("/workflows/")) == 2


# models


def test_a_model_on_v1_alone_runs_in_one_job_and_is_remembered(
    client: SegmindClient, pages: Pages
) -> None:
    pages.v1 = frozenset({"old-model"})
    job = client.run("old-model", {"prompt": "a fox"})
    assert job.outputs
    assert [post.path for post in pages.posts()] == ["/v2/old-model", "/v1/old-model"]
    assert len(client.session.store.jobs()) == 1
    client = again(client)
    client.run("old-model", {"prompt": "a fox"}, again=True)
    assert [post.path for post in pages.posts()][2:] == ["/v1/old-model"]
    assert "/v1/old-model" in client.export(client.plan("old-model", {}), "python")


def test_a_remembered_v1_gives_way_to_v2(client: SegmindClient, pages: Pages) -> None:
    pages.v1 = frozenset({"m"})
    client.run("m", {"prompt": "a"})
    pages.v1, pages.v2 = frozenset(), frozenset({"m"})
    client.run("m", {"prompt": "b"})
    client.run("m", {"prompt": "c"})
    assert [post.path for post in pages.posts()][2:] == ["/v1/m", "/v2/m", "/v2/m"]


@pytest.mark.parametrize("api", ["v1", "v2"])
def test_a_forced_api_is_not_changed(client: SegmindClient, pages: Pages, api: Any) -> None:
    pages.v1 = pages.v2 = frozenset({"m"})
    with pytest.raises(errors.NotFound):
        client.run("m", {"prompt": "x"}, api=api)
    assert [post.path for post in pages.posts()] == [f"/{api}/m"]


def test_a_model_that_is_nowhere_is_unknown(client: SegmindClient, pages: Pages) -> None:
    pages.v1 = pages.v2 = frozenset({"m"})
    with pytest.raises(errors.NotFound, match="Unknown model m"):
        client.run("m", {"prompt": "x"})
    assert len(pages.posts()) == 2


@pytest.mark.parametrize(
    ("target", "path"),
    [
        (f"https://api.segmind.com/v1/{LIGHTNING}", f"/v1/{LIGHTNING}"),
        ("https://api.segmind.com/v2/flux-dev", "/v2/flux-dev"),
        (f"https://www.segmind.com/models/{LIGHTNING}/api", f"/v2/{LIGHTNING}"),
        ("https://www.segmind.com/models/flux-dev?tab=api", "/v2/flux-dev"),
        ("black-forest-labs/flux-dev", "/v2/flux-dev"),
        ("FLUX-Dev", "/v2/flux-dev"),
        ("segmind:flux-dev", "/v2/flux-dev"),
    ],
)  # fmt: skip
def test_every_way_to_name_a_model(
    client: SegmindClient, pages: Pages, target: str, path: str
) -> None:
    plan = client.plan(target, {"prompt": "x"})
    assert plan.model is not None
    assert plan.estimate.high
    assert plan.expected_seconds
    assert plan.inputs["seed"] == -1
    job = client.start(plan)
    assert pages.wait_for_post().path == path
    assert job.model == path.rpartition("/")[2]


def test_a_workflow_is_no_model(client: SegmindClient, pages: Pages) -> None:
    for target in (WORKFLOW, f"https://api.segmind.com/workflows/{WORKFLOW}"):
        with pytest.raises(errors.InputError, match="is a workflow") as raised:
            client.run(target, {})
        assert f"%%segmind_workflow {WORKFLOW}" in raised.value.hint
    assert not pages.posts()


@pytest.mark.parametrize("target", ["instantid", "face-to-sticker"])
def test_samples_without_inputs_are_sent_as_they_are(
    client: SegmindClient, pages: Pages, target: str
) -> None:
    client.run(target, {}, api="v1")
    (post,) = pages.posts()
    assert post.json == {}


# APIMart


@pytest.mark.parametrize("form", ["", "strings", "objects"])
def test_the_form_of_image_urls_is_learnt(
    client: SegmindClient, pages: Pages, tmp_path: Path, form: str
) -> None:
    pages.image_form = form
    (tmp_path / "cat.png").write_bytes(picture())
    inputs = {"prompt": "a variation", "image_urls": [tmp_path / "cat.png"]}
    job = client.run(GEMINI, inputs, provider="apimart")
    assert job.outputs
    tries = pages.posts("generations")
    assert len(tries) == (2 if form == "objects" else 1)
    assert len({post.headers["idempotency-key"] for post in tries}) == len(tries)
    client = again(client)
    client.run(GEMINI, {**inputs, "prompt": "another"}, provider="apimart")
    assert len(pages.posts("generations")) == len(tries) + 1


@pytest.mark.parametrize("urls", [["https://a.b/c.png"], [{"url": "https://a.b/c.png"}]])
def test_image_urls_go_out_as_written(client: SegmindClient, pages: Pages, urls: Any) -> None:
    inputs = {"prompt": "Create a variation based on this image", "image_urls": urls}
    plan = client.plan(GEMINI, inputs, provider="apimart")
    assert plan.notes == ()
    client.start(plan).wait(10)
    (post,) = pages.posts("generations")
    assert post.json == {"model": GEMINI, **inputs}
    assert post.headers["authorization"] == f"Bearer {APIMART_KEY}"


def test_a_refused_form_of_a_person_names_the_other(client: SegmindClient, pages: Pages) -> None:
    pages.image_form = "objects"
    inputs = {"prompt": "x", "image_urls": ["https://a.b/c.png"]}
    with pytest.raises(errors.Rejected) as raised:
        client.run(GEMINI, inputs, provider="apimart")
    assert '[{"url": "https://…"}]' in raised.value.hint
    assert "image_objects" in raised.value.hint
    assert len(pages.posts("generations")) == 1


@pytest.mark.parametrize("nest", [lambda u: [u], lambda u: [{"url": u}]])
def test_base64_is_uploaded_first(client: SegmindClient, pages: Pages, nest: Any) -> None:
    url = f"data:image/png;base64,{__import__('base64').b64encode(picture()).decode()}"
    client.check_inputs = "warn"
    client.run(GEMINI, {"prompt": "x", "image_urls": nest(url)}, provider="apimart")
    (upload,) = pages.posts("uploads")
    assert upload.parts[0].get_payload(decode=True) == picture()
    (post,) = pages.posts("generations")
    assert b"base64" not in post.body
    assert post.json["image_urls"] == nest(f"{pages.base}/files/upload.png")


def test_base64_of_another_type_is_refused(client: SegmindClient, pages: Pages) -> None:
    inputs = {"prompt": "x", "image_urls": ["data:application/pdf;base64,JVBERi0xLjQ="]}
    with pytest.raises(errors.AssetError, match="jpeg, png, gif, webp") as raised:
        client.run(GEMINI, inputs, provider="apimart")
    assert raised.value.field == "image_urls"
    assert not pages.posts()


def test_a_model_among_the_inputs_is_the_model_of_the_run(
    client: SegmindClient, pages: Pages
) -> None:
    job = client.run(GEMINI, {"model": GEMINI, "prompt": "x"}, provider="apimart")
    assert job.model == GEMINI
    assert "model" not in job.inputs
    with pytest.raises(errors.InputError, match="`model`") as raised:
        client.run(GEMINI, {"model": "gpt-image-2", "prompt": "x"}, provider="apimart")
    assert raised.value.field == "model"
    assert client.run("", {"model": GEMINI, "prompt": "y"}, provider="apimart").model == GEMINI
    assert [post.json["model"] for post in pages.posts("generations")] == [GEMINI, GEMINI]


# the provider


def test_a_model_known_at_one_provider_runs_there(
    client: SegmindClient, pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SEGMIND_WIDGETS_PROVIDER")
    plan = client.plan(GEMINI, {"prompt": "x"})
    assert plan.endpoint.provider.name == "apimart"
    assert any("APIMart" in note for note in plan.notes)
    assert client.plan("flux-dev", {"prompt": "x"}).endpoint.provider.name == "segmind"
    assert client.plan(f"apimart:{GEMINI}", {"prompt": "x"}).notes == ()


def test_the_setting_goes_before_the_models_provider(client: SegmindClient) -> None:
    with pytest.raises(errors.InputError, match="a model of APIMart") as raised:
        client.plan(GEMINI, {"prompt": "x"})  # the environment says segmind
    assert f"apimart:{GEMINI}" in raised.value.hint
    assert client.plan(GEMINI, {}, provider="apimart").endpoint.provider.name == "apimart"
    with pytest.raises(errors.InputError, match="has the provider"):
        client.plan(f"apimart:{GEMINI}", {}, provider="segmind")


def test_a_batch_runs_where_its_model_is(client: SegmindClient, pages: Pages) -> None:
    batch = client.map(f"apimart:{GEMINI}", [{"prompt": "a"}, {"prompt": "b"}]).wait(20)
    assert batch.done == 2
    assert len(pages.posts("generations")) == 2


# said before


def test_a_model_of_the_index_page_says_that_it_is_not_listed(client: SegmindClient) -> None:
    plan = client.plan("claude-3-opus", {"prompt": "Hello."})
    assert "claude-3-opus is not in Segmind's current list." in plan.notes
    assert plan.inputs["messages"] == [{"role": "user", "content": "Hello."}]
    assert "subscription" in str(plan)
    assert "$5" in text_of(plan._repr_html_())


@pytest.mark.parametrize("status", [400, 404, 406, 413, 500])
@pytest.mark.parametrize("provider", ["segmind", "apimart"])
def test_the_hint_of_a_refused_upload_is_about_files(
    client: SegmindClient, pages: Pages, provider: str, status: int
) -> None:
    pages.upload_status = status
    with pytest.raises(errors.SegmindError) as raised:
        client.upload(picture(), provider=provider)
    title = {"segmind": "Segmind", "apimart": "APIMart"}[provider]
    assert f"{title} takes JPEG, PNG, WebP" in raised.value.hint
    assert "MODEL" not in raised.value.hint


@pytest.mark.parametrize(
    ("name", "data", "hint"),
    [
        ("a.mp3", b"ID3\x04" + bytes(99), "only stores images"),
        ("a.pdf", b"%PDF-1.4" + bytes(99), "only stores images"),
    ],
)
def test_a_file_that_apimart_does_not_take(
    client: SegmindClient, tmp_path: Path, name: str, data: bytes, hint: str
) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(errors.AssetError, match="allowed: jpeg, png, gif, webp") as raised:
        client.upload(tmp_path / name, provider="apimart")
    assert hint in raised.value.hint


def test_pages_are_named_by_the_documents_alone() -> None:
    seeds = Path(__file__).parent / "addresses.txt"
    named = seeds.read_text("utf-8").split()
    for provider in PROVIDERS.values():
        text = " ".join([provider.keys_url, *provider.pages.values()])
        addresses = re.findall(r"https://\S+", text)
        assert set(addresses) <= set(named)
    assert PROVIDERS["segmind"].model_page("sdxl1.0-newreality-lightning") in named
