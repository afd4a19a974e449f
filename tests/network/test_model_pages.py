"""The models' own pages: when they are read, how long they serve, and that no run waits for one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from segmind_widgets.client import SegmindClient
from segmind_widgets.errors import InputError
from segmind_widgets.network.endpoints import Endpoint
from segmind_widgets.network.model_pages import ModelPages
from segmind_widgets.panels.run import RunPanel
from segmind_widgets.sandbox import Fault, Sandbox
from segmind_widgets.storage.store import Store
from segmind_widgets.types import Model
from tests.shells import Shell, open_shell, quick
from tests.waits import until

NEW = {
    "name": "Brand New",
    "modality": "Text-to-Image Generation",
    "description": "A model that no built-in list has.",
    "cost": 0.07,
    "seconds": 3.0,
    "schema": {
        "type": "object",
        "required": ["prompt"],
        "properties": {
            "prompt": {"type": "string"},
            "mode": {"type": "string", "enum": ["std", "pro"], "default": "std"},
            "steps": {"type": "integer", "minimum": 1, "maximum": 8, "default": 4},
        },
    },
}
PAGE = "/models/brand-new/llms.txt"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(artist=quick, speed=500, models={"segmind": {"brand-new": NEW}}) as running:
        yield running


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "widgets")
    yield opened
    opened.close()


@pytest.fixture
def shell(sandbox: Sandbox, tmp_path: Path) -> Iterator[Shell]:
    with open_shell(tmp_path, sandbox) as opened:
        yield opened


@pytest.fixture
def endpoint(client: SegmindClient) -> Endpoint:
    return client.session.endpoints.choose("segmind")


def asked(sandbox: Sandbox) -> int:
    return len(sandbox.requests("GET", PAGE))


def names(model: Model | None) -> list[str]:
    assert model is not None
    return list((model.schema or {}).get("properties", {}))


def age(store: Store) -> None:
    store._run(lambda db: db.execute("UPDATE pages SET fetched = '2020-01-01T00:00:00+00:00'"))


def test_a_page_is_read_once_a_day_and_without_the_key(
    sandbox: Sandbox, store: Store, endpoint: Endpoint
) -> None:
    pages = ModelPages(store)
    for _ in range(2):
        known = pages.complete(Model("brand-new"), endpoint, patience=None)
        assert (names(known), known.schema_source) == (["prompt", "mode", "steps"], "hint")
    assert names(ModelPages(store).complete(Model("brand-new"), endpoint))[0] == "prompt"
    assert asked(sandbox) == 1
    assert not sandbox.requests("GET", PAGE)[0].key_seen


def test_a_page_of_yesterday_serves_while_it_is_renewed(
    sandbox: Sandbox, store: Store, endpoint: Endpoint
) -> None:
    store.add_page(endpoint.provider.parameters_url("brand-new"), "|Name|Type|\n|-|-|\n|old|int|\n")
    age(store)
    pages = ModelPages(store)
    assert names(pages.complete(Model("brand-new"), endpoint)) == ["old"]
    until(lambda: names(pages.complete(Model("brand-new"), endpoint)) != ["old"])
    assert asked(sandbox) == 1
    assert "steps" in str(store.page(endpoint.provider.parameters_url("brand-new")))


@pytest.mark.parametrize("failure", [500, "reset_after", "silence"])
def test_the_last_page_serves_where_none_comes(
    sandbox: Sandbox, store: Store, endpoint: Endpoint, failure: Any
) -> None:
    store.add_page(endpoint.provider.parameters_url("brand-new"), "|Name|Type|\n|-|-|\n|old|int|\n")
    age(store)
    sandbox.faults.add(f"GET {PAGE}", failure, times=None)
    pages = ModelPages(store)
    for _ in range(3):
        assert names(pages.complete(Model("brand-new"), endpoint, patience=0.3)) == ["old"]
    assert asked(sandbox) == 1, "a site that did not answer is left in peace for a while"


def test_a_model_without_a_page_is_not_asked_for_again(
    sandbox: Sandbox, store: Store, endpoint: Endpoint
) -> None:
    for _ in range(2):
        assert names(ModelPages(store).complete(Model("x"), endpoint, patience=None)) == []
    assert len(sandbox.requests("GET", "/models/x/llms.txt")) == 1


@pytest.mark.parametrize("slug", ["../../login", "a/b", "a?b", "", "..", "x" * 201, "a b"])
def test_no_name_leads_elsewhere(
    sandbox: Sandbox, store: Store, endpoint: Endpoint, slug: str
) -> None:
    assert names(ModelPages(store).complete(Model(slug), endpoint, patience=None)) == []
    assert sandbox.requests("GET", "/.*") == []


def test_a_page_that_is_too_long_is_not_read(
    sandbox: Sandbox, store: Store, endpoint: Endpoint
) -> None:
    long = "|Name|Type|\n|-|-|\n|old|int|\n" + "x" * 2_000_000
    sandbox.faults.add(Fault(f"GET {PAGE}", 200, times=None, body=long))
    assert names(ModelPages(store).complete(Model("brand-new"), endpoint, patience=None)) == []
    assert asked(sandbox) == 1


def test_known_parameters_need_no_page(client: SegmindClient, sandbox: Sandbox) -> None:
    client.run("fast-flux-schnell", {"prompt": "a fox"})
    assert sandbox.requests("GET", "/models/.*") == []


# --- a run, and a question


def test_no_run_waits_for_a_page(client: SegmindClient, sandbox: Sandbox) -> None:
    sandbox.faults.add(f"GET {PAGE}", "silence", times=None)
    job = client.run("brand-new", {"prompt": "a fox", "mode": "pro"})
    assert job.outputs
    assert asked(sandbox) == 1
    assert sandbox.requests("GET", PAGE)[0].status is None, "it is not answered yet"


def test_a_page_serves_from_the_next_run_on(client: SegmindClient, sandbox: Sandbox) -> None:
    inputs = {"prompt": "a fox", "stepz": 4}
    client.plan("brand-new", inputs)
    sandbox.wait_for(lambda log: [one for one in log.requests("GET", PAGE) if one.status])
    until(
        lambda: any(
            "did you mean `steps`" in note for note in client.plan("brand-new", inputs).notes
        )
    )
    assert client.plan("brand-new", inputs).inputs == inputs, "a hint refuses nothing"
    client.check_inputs = "strict"
    with pytest.raises(InputError, match="did you mean `steps`"):
        client.plan("brand-new", inputs)


def test_a_question_waits_for_the_page(client: SegmindClient) -> None:
    assert names(client.session.find_model("brand-new")) == ["prompt", "mode", "steps"]


def test_a_dry_run_waits_for_the_page(client: SegmindClient) -> None:
    plan = client.session.plan("brand-new", {"prompt": "a", "stepz": 4}, waits_for_page=True)
    assert any("did you mean `steps`" in note for note in plan.notes)


def test_a_question_waits_a_few_seconds_at_most(
    client: SegmindClient, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("segmind_widgets.network.model_pages.PATIENCE", 0.2)
    sandbox.faults.add(f"GET {PAGE}", "silence", times=None)
    client.catalog()
    began = time.monotonic()
    assert names(client.session.find_model("brand-new")) == []
    client.session.plan("brand-new", {"prompt": "a"}, waits_for_page=True)
    assert time.monotonic() - began < 3


# --- the Run panel


def test_the_run_panel_fills_in_when_the_page_comes(
    client: SegmindClient, sandbox: Sandbox
) -> None:
    panel: Any = RunPanel("brand-new", client=client)
    try:
        panel.form.inputs = {"prompt": "a fox"}
        until(lambda: list(panel.form.fields) == ["prompt", "mode", "steps"])
        assert panel.form.inputs["prompt"] == "a fox", "what was typed stays"
        assert "may be incomplete" in panel.facts.value
        assert panel.form.fields["mode"].kind == "open", "a guess limits no choice"
        panel.form.inputs = {"prompt": "a fox", "mode": "ultra", "steps": 50}
        assert panel.form.check() == ()
    finally:
        panel.close()
    assert asked(sandbox) == 1


def test_the_run_panel_keeps_its_plain_form_without_a_page(
    client: SegmindClient, sandbox: Sandbox
) -> None:
    sandbox.faults.add(f"GET {PAGE}", 404, times=None)
    panel: Any = RunPanel("brand-new", client=client)
    try:
        sandbox.wait_for(lambda log: [one for one in log.requests("GET", PAGE) if one.status])
        assert list(panel.form.fields) == ["prompt", "image", "seed"]
    finally:
        panel.close()


# --- magics


def test_a_models_name_shows_what_its_page_says(
    shell: Shell, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.run("%segmind_models brand-new")
    said = capsys.readouterr().out
    assert "prompt *" in said
    assert "about $0.07 (listed average)" in said
    assert "read from the model's page" in said
    assert "https://www.segmind.com/models/brand-new/api" in said


def test_a_model_without_parameters_is_shown_with_its_cost_and_page(
    shell: Shell, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    sandbox.faults.add(f"GET {PAGE}", 404, times=None)
    shell.run("%segmind_models brand-new")
    said = capsys.readouterr().out
    assert "Its parameters are not known: inputs are sent as written." in said
    assert "about $0.07" in said
    assert "https://www.segmind.com/models/brand-new/api" in said


def test_a_dry_run_in_a_cell_waits_for_the_page(shell: Shell) -> None:
    plan = shell.run("%segmind_run brand-new prompt=a stepz=4 --dry-run")
    assert "did you mean `steps`" in " ".join(plan.notes)
