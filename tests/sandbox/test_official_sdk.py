"""The official SDK (segmind 1.3.0) against the sandbox.

Its code and its defaults are untouched, addresses included: they are rerouted below it, as a
resolver would, and only the host of a request changes.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator

import httpx
import pytest
import segmind as sdk
from PIL import Image

from segmind_widgets.sandbox import Sandbox

from .conftest import picture

HOSTS = ("api.segmind.com", "workflows-api.segmind.com", "api.spotprod.segmind.com")
RUN = {"prompt": "a red boat"}


class Rerouted(httpx.BaseTransport):
    """Takes requests for Segmind's hosts to the sandbox."""

    def __init__(self, origin: str) -> None:
        self._origin = httpx.URL(origin)
        self._transport = httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.host in HOSTS:
            host, port = self._origin.host, self._origin.port
            request.url = request.url.copy_with(scheme="http", host=host, port=port)
            request.headers["host"] = self._origin.netloc.decode()  # others are refused
        return self._transport.handle_request(request)

    def close(self) -> None:
        self._transport.close()


@pytest.fixture
def connect() -> Iterator[Callable[..., sdk.SegmindClient]]:
    clients: list[sdk.SegmindClient] = []

    def make(sandbox: Sandbox, key: str | None = None) -> sdk.SegmindClient:
        client = sdk.SegmindClient(key or sandbox.environ["SEGMIND_API_KEY"])
        client._client._transport.close()
        client._client._transport = Rerouted(sandbox.url("segmind"))
        clients.append(client)
        return client

    yield make
    for client in clients:
        client._client.close()


@pytest.fixture
def client(connect, sandbox) -> sdk.SegmindClient:
    return connect(sandbox)


def test_it_is_the_version_that_the_facts_are_from(client):
    assert sdk.__version__ == "1.3.0"
    assert client.base_url == "https://api.segmind.com/v1"


def test_run_gives_the_result(client, sandbox):
    result = client.run("seedream-4.5", **RUN)
    assert result["status"] == "COMPLETED"
    assert result["metrics"]["cost"] == 0.04
    assert result["metrics"]["remaining_credits"] == sandbox.credits == 9.96
    content = httpx.get(result["output"]).content
    assert Image.open(io.BytesIO(content)).format == "PNG"
    [submit] = sandbox.billed_posts
    assert submit.json == RUN
    assert submit.headers["user-agent"] == "segmind-python-sdk/1.3.0"


def test_run_sync_gives_the_picture(client):
    response = client.run_sync("seedream-4.5", **RUN, seed=5)
    assert response.content == picture(5)
    assert response.headers["x-seed-value"] == "5"


def test_submit_async_and_its_handle(client):
    job = client.submit_async("flux-schnell", **RUN, samples=2, seed=1)
    assert job.status()["status"] in ("QUEUED", "PROCESSING", "COMPLETED")
    result = job.wait(timeout=20, interval=0.01)
    assert job.result() == result
    assert len(result["images"]) == 2
    assert result["seed"] == "1"


def test_a_failed_job_raises_with_the_words(client, sandbox):
    sandbox.faults.add("POST /v2/.*", "job_failed", words="Too many cats.")
    job = client.submit_async("seedream-4.5", **RUN)
    with pytest.raises(sdk.InferenceFailed) as caught:
        job.wait(interval=0.01)
    assert caught.value.detail == "Too many cats."
    assert job.result()["status"] == "FAILED"


def test_its_time_out_leaves_the_job_running(connect, start):
    sandbox = start(speed=1)
    job = connect(sandbox).submit_async("seedream-4.5", **RUN)
    with pytest.raises(sdk.InferenceTimeout) as caught:
        job.wait(timeout=0.05, interval=0.01)
    assert caught.value.request_id == job.request_id
    assert job.status()["status"] in ("QUEUED", "PROCESSING")


@pytest.mark.parametrize("form", ["urls", "file_urls"])
def test_upload_and_use(connect, start, artist, tmp_path, form):
    client = connect(start(storage_form=form))
    paths = [tmp_path / "one.png", tmp_path / "two.jpg"]
    for number, path in enumerate(paths):
        path.write_bytes(picture(number))
    uploaded = client.files.upload(list(map(str, paths)))
    urls = uploaded[form]
    assert [httpx.get(url).content for url in urls] == [picture(0), picture(1)]
    client.run_sync("seedream-4.5", **RUN, image_input=urls)
    assert artist.asked[-1]["media"] == {"image_input": [picture(0), picture(1)]}


def test_pixelflows_run_parses_the_output(client):
    result = client.pixelflows.run(
        "65c9c7f641c340d7ef2f7134-v1", data={"product_prompt": "a cup"}, poll_interval=0.01
    )
    assert result["status"] == "COMPLETED"
    [output] = result["output"]
    assert output["value"]["type"] == "image"
    assert httpx.get(output["value"]["data"]).headers["content-type"] == "image/png"


def test_pixelflows_step_by_step_and_by_url(client):
    first = client.pixelflows.run(
        workflow_url="https://api.segmind.com/workflows/v2/poster-with-caption", poll=False
    )
    assert first["status"] == "QUEUED"
    done = client.pixelflows.poll(first["request_id"], poll_interval=0.01)
    assert [output["keyname"] for output in done["output"]] == ["Poster", "Large poster", "Caption"]
    assert client.pixelflows.get_status(first["request_id"])["status"] == "COMPLETED"
    assert client.pixelflows.get_status(poll_url=first["poll_url"])["status"] == "COMPLETED"


def test_generations_get_and_history(client):
    job = client.submit_async("seedream-4.5", **RUN)
    result = job.wait(interval=0.01)
    row = client.generations.get(job.request_id)
    assert row["generation_url"] == result["output"]
    assert row["credits_deduction"] == 0.04
    assert client.generations.history(model_name="seedream", per_page=5)["data"] == [row]


def test_models_list(client):
    assert "seedream-4.5" in {entry["slug"] for entry in client.models.list()}


def test_chat_reads_the_reply(client):
    assert "a colour" in client.chat_sync("gpt-4o", prompt="Name a colour.").text
    messages = [{"role": "user", "content": "Name a sea."}]
    reply = client.submit_chat("gpt-4o", messages=messages).wait(interval=0.01)
    assert "Name a sea." in reply.text
    assert reply.finish_reason == "stop"
    assert reply.usage["total_tokens"] > 0


def test_errors_carry_the_services_words(client, connect, sandbox, start):
    cases = [
        (client, "no-such-model", RUN, 404, "Model no-such-model not found"),
        (client, "seedream-4.5", {}, 422, "'prompt' is a required field"),
        (
            client,
            "seedream-4.5",
            {**RUN, "size": "9K"},
            422,
            "'size' must be one of 2K, 4K, custom",
        ),
    ]
    for caller, slug, inputs, status, words in cases:
        with pytest.raises(sdk.SegmindError) as caught:
            caller.run(slug, **inputs)
        assert (caught.value.status, caught.value.detail) == (status, words)
    for caller, status in ((connect(sandbox, "SG_0"), 401), (connect(start(credits=0)), 406)):
        with pytest.raises(sdk.SegmindError) as caught:
            caller.run("seedream-4.5", **RUN)
        assert caught.value.status == status
    assert sandbox.billed_posts == []
