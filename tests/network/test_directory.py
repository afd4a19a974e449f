from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from segmind_widgets.client import SegmindClient
from segmind_widgets.network.directory import Directory
from segmind_widgets.network.endpoints import Endpoint, Endpoints
from segmind_widgets.network.keys import Keys
from segmind_widgets.providers import APIMart
from segmind_widgets.sandbox import Sandbox
from segmind_widgets.storage.store import Store
from tests.shells import quick

ROW = """# Models

| Model | Slug | Description | Modality | Avg Cost | Avg Latency | API Docs |
| --- | --- | --- | --- | --- | --- | --- |
| Brand New | brand-new | It is new. | textToImage | {cost} | 2.0s | |
"""


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(artist=quick) as running:
        yield running


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "widgets")
    yield opened
    opened.close()


@pytest.fixture
def endpoints(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoints]:
    for name, value in sandbox.environ.items():
        monkeypatch.setenv(name, value)
    options = {"provider": "", "urls": {}, "rate_limit": 0, "image_objects": False}
    made = Endpoints(Keys(), lambda: options)
    yield made
    made.close()


@pytest.fixture
def endpoint(endpoints: Endpoints) -> Endpoint:
    return endpoints.choose("segmind")


def read(sandbox: Sandbox) -> int:
    return sum(one.path == "/llms.txt" for one in sandbox.requests("GET"))


def test_the_list_is_read_once_a_day_and_without_the_key(
    sandbox: Sandbox, store: Store, endpoint: Endpoint
) -> None:
    directory = Directory(store)
    assert directory.find("seedream-4.5", endpoint)
    assert directory.catalog(endpoint) is directory.catalog(endpoint)
    assert Directory(store).find("seedream-4.5", endpoint)
    assert read(sandbox) == 1
    assert not sandbox.requests("GET", "/llms.txt")[0].key_seen


def test_what_the_list_adds_to_the_built_in_models(store: Store, endpoint: Endpoint) -> None:
    store.add_page(
        f"{endpoint.provider.directory_url}",
        "# Models\n- [Brand New](https://www.segmind.com/models/brand-new): It is new.\n",
    )
    directory = Directory(store)
    built_in = directory.find("seedream-4.5", endpoint)
    assert built_in is not None
    assert built_in.schema


def test_without_an_answer_the_last_list_serves(
    sandbox: Sandbox, store: Store, endpoint: Endpoint
) -> None:
    before = [model.slug for model in Directory(store).catalog(endpoint)]
    store._run(lambda db: db.execute("UPDATE pages SET fetched = '2020-01-01T00:00:00+00:00'"))
    sandbox.faults.add("GET /llms.txt", 503, times=None)
    directory = Directory(store)
    assert [model.slug for model in directory.catalog(endpoint)] == before
    directory.catalog(endpoint)
    assert read(sandbox) == 2, "a directory that did not answer is left in peace for a while"


def test_no_run_waits_for_a_list(client: SegmindClient, sandbox: Sandbox) -> None:
    """With a silent site: the built-in models serve, and the request for the list goes on."""
    sandbox.faults.add("GET /llms.txt", "silence", times=None)
    job = client.run("fast-flux-schnell", {"prompt": "a fox"})
    assert job.outputs
    assert read(sandbox) == 1
    assert sandbox.requests("GET", "/llms.txt")[0].status is None, "it is not answered yet"


def test_a_list_of_yesterday_serves_and_is_renewed_beside_the_run(
    sandbox: Sandbox, store: Store, endpoint: Endpoint
) -> None:
    url = f"{endpoint.provider.directory_url}"
    store.add_page(url, ROW.format(cost="$0.70"))
    store._run(lambda db: db.execute("UPDATE pages SET fetched = '2020-01-01T00:00:00+00:00'"))
    directory = Directory(store)
    model = directory.find("brand-new", endpoint)
    assert model is not None
    assert model.cost == 0.7
    sandbox.wait_for(lambda log: log.requests("GET", "/llms.txt"))
    assert directory.catalog(endpoint).find("seedream-4.5")
    assert read(sandbox) == 1, "the catalog waits for the request that is running"
    assert store.page(url), "it is today's"


@pytest.mark.parametrize(
    ("listed", "needs_price", "waits"),
    [("", False, True), ("", True, True), ("$0.70", True, False), ("–", True, True),
     ("–", False, False)],
)  # fmt: skip
def test_a_list_is_waited_for_where_it_decides(
    sandbox: Sandbox,
    store: Store,
    endpoint: Endpoint,
    monkeypatch: pytest.MonkeyPatch,
    listed: str,
    needs_price: bool,
    waits: bool,
) -> None:
    """A model that is unknown here, or without the price that is needed; two seconds at most."""
    monkeypatch.setattr("segmind_widgets.network.directory._PATIENCE", 0.2)
    if listed:
        store.add_page(f"{endpoint.provider.directory_url}", ROW.format(cost=listed))
        store._run(lambda db: db.execute("UPDATE pages SET fetched = '2020-01-01T00:00:00+00:00'"))
    sandbox.faults.add("GET /llms.txt", "silence", times=None)
    began = time.monotonic()
    model = Directory(store).find("brand-new", endpoint, needs_price=needs_price)
    assert (model is None) is (not listed)
    assert (time.monotonic() - began >= 0.2) is waits


@pytest.mark.parametrize("trouble", ["html_502", "reset_before", "empty", "not_utf8", 404])
def test_whatever_happens_the_built_in_models_are_there(
    sandbox: Sandbox, store: Store, endpoint: Endpoint, trouble: str | int
) -> None:
    sandbox.faults.add("GET /llms.txt", trouble, times=None)
    assert Directory(store).find("fast-flux-schnell", endpoint)


class WithoutList(APIMart):
    def models_call(self) -> None:
        return None


def test_a_provider_without_a_list_is_not_given_segminds(
    sandbox: Sandbox, store: Store, endpoints: Endpoints
) -> None:
    endpoint = endpoints.choose("apimart")
    endpoint = replace(endpoint, provider=WithoutList(endpoint.provider.urls))
    directory = Directory(store)
    assert directory.find("gemini-3-pro-image-preview", endpoint)
    assert directory.find("seedream-4.5", endpoint) is None
    assert not sandbox.requests("GET")


@pytest.mark.parametrize("trouble", [None, "bad_json", 401])
def test_apimarts_list(
    sandbox: Sandbox, store: Store, endpoints: Endpoints, trouble: str | int | None
) -> None:
    endpoint = endpoints.choose("apimart")
    if trouble:
        sandbox.faults.add("GET /v1/models.*", trouble, times=None)
    directory = Directory(store)
    assert directory.catalog(endpoint).find("gemini-3-pro-image-preview", "apimart")
    assert len(sandbox.requests("GET", "/v1/models")) >= 1
    assert directory.find("seedream-4.5", endpoint) is None


def test_a_sandbox_of_the_kernel_leaves_no_page_in_the_store(store: Store) -> None:
    options = {"provider": "", "urls": {}, "rate_limit": 0, "image_objects": False}
    endpoints = Endpoints(Keys(), lambda: {**options, "sandbox_speed": 10.0})
    endpoint = endpoints.at("segmind", sandbox=True)
    assert Directory(store).find("seedream-4.5", endpoint)
    assert store.page(f"{endpoint.provider.directory_url}") is None
    endpoints.close()
