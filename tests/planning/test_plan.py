from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segmind_widgets.assets.asset import Asset
from segmind_widgets.client import SegmindClient
from segmind_widgets.errors import InputError, LimitError
from segmind_widgets.planning.plan import Plan
from segmind_widgets.sandbox import Sandbox
from segmind_widgets.secret import Secret
from tests.page import text_of
from tests.shells import picture


def test_a_plan_knows_what_would_be_sent_and_sends_nothing(
    client: SegmindClient, sandbox: Sandbox, tmp_path: Path
) -> None:
    path = tmp_path / "cat.png"
    path.write_bytes(picture())
    client.catalog()  # the usual times
    plan = client.plan("seedream-4.5", {"prompt": "a cat", "image_input": [path, Asset.of(path)]})
    assert (plan.estimate.low, plan.estimate.usual, plan.estimate.high) == (0.04, 0.04, 0.04)
    assert plan.model is not None
    assert [asset.path for asset in plan.files] == [path, path]
    text = str(plan)
    assert text.startswith(f"POST {sandbox.url('segmind')}/v2/seedream-4.5\n")
    assert '"prompt": "a cat"' in text
    assert text.count("to upload: cat.png · 48×32") == 1
    assert text.endswith("about $0.04 (listed average), about 0.1 s, at Segmind; nothing was sent.")
    assert not sandbox.requests("POST")


def test_a_known_upload_is_not_planned_again(client: SegmindClient) -> None:
    asset = client.upload(picture())
    plan = client.plan("bg-removal-v2", {"image": asset})
    assert plan.files == plan.uploaded == ()
    assert asset.url in str(plan)


def test_what_was_uploaded_before_is_told_apart(client: SegmindClient, tmp_path: Path) -> None:
    old, new = tmp_path / "old.png", tmp_path / "new.png"
    old.write_bytes(picture(color="red"))
    new.write_bytes(picture(color="blue"))
    client.upload(old)
    plan = client.plan("seedream-4.5", {"prompt": "x", "image_input": [old, new]})
    assert ([a.path for a in plan.uploaded], [a.path for a in plan.files]) == ([old], [new])
    text = str(plan)
    assert "uploaded before: old.png" in text
    assert "to upload: new.png" in text


def test_a_notebook_shows_it_as_html_with_everything_escaped(client: SegmindClient) -> None:
    shown = client.plan("seedream-4.5", {"prompt": "<i>a & b</i>"})._repr_html_()
    assert "about $0.04 (listed average)" in text_of(shown)
    assert "<i>" not in shown
    assert "<i>a & b</i>" in text_of(shown)
    assert (client.session.keys.key("segmind") or Secret("")).reveal() not in shown


def test_the_seed_is_new_each_time_unless_it_is_given(client: SegmindClient) -> None:
    assert client.plan("flux-dev", {"prompt": "x"}).inputs["seed"] == -1
    assert client.plan("flux-dev", {"prompt": "x", "seed": 0}).inputs["seed"] == 0
    assert "seed" not in client.plan("bg-removal-v2", {"image": picture()}).inputs


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("seedream-45", "seedream-4.5"),
        ("seedram-4.5", "seedream-4.5"),
        ("fast-flux-shnell", "fast-flux-schnell"),
        ("Nano-Bananna", "nano-banana"),
    ],
)
def test_a_misspelt_model_is_refused_unless_inputs_are_not_checked(
    client: SegmindClient, sandbox: Sandbox, written: str, meant: str
) -> None:
    for mode in ("schema", "strict"):
        client.check_inputs = mode
        with pytest.raises(InputError, match=f"Did you mean {meant}") as raised:
            client.run(written, {"prompt": "x"})
        assert 'check_inputs = "warn"' in raised.value.hint
    assert sandbox.requests("POST") == []
    client.check_inputs = "warn"
    (note,) = client.plan(written, {"prompt": "x"}).notes
    assert f"Did you mean {meant}" in note
    assert "sent unchanged" in note


@pytest.mark.parametrize("name", ["seedream-9.5", "seedream-4.5-pro", "brand-new-model"])
def test_a_model_that_may_be_new_is_sent_with_a_note(client: SegmindClient, name: str) -> None:
    plan = client.plan(name, {"anything": 1})
    assert plan.model is None
    assert plan.estimate.high is plan.expected_seconds is None
    assert "It is sent unchanged." in plan.notes[0]
    assert "cost unknown (no average price is listed, and you have not run it yet)" in str(plan)


def test_a_misspelt_model_is_sent_where_the_directory_is_not_known(
    client: SegmindClient, sandbox: Sandbox
) -> None:
    sandbox.faults.add("GET /llms.txt", 503, times=None)
    assert "sent unchanged" in client.plan("seedram-4.5", {"prompt": "x"}).notes[0]


@pytest.mark.parametrize(
    ("model", "inputs", "meant"),
    [
        ("flux-dev", {"promt": "a fox"}, "prompt"),
        ("flux-dev", {"prompt": "a fox", "sede": 5}, "seed"),
        ("flux-dev", {"prompt": "a fox", "guidence": 3}, "guidance"),
        ("bg-removal-v2", {"imge": "https://a.b/c.png"}, "image"),
    ],
)
def test_a_misspelt_input_is_refused_unless_inputs_are_not_checked(
    client: SegmindClient, sandbox: Sandbox, model: str, inputs: dict[str, Any], meant: str
) -> None:
    for mode in ("schema", "strict"):
        client.check_inputs = mode
        with pytest.raises(InputError) as raised:
            client.run(model, inputs)
        said = f"{raised.value} {raised.value.hint}"
        assert f"did you mean `{meant}`" in said
        assert "Nothing was sent" in said
    assert sandbox.requests("POST") == []
    client.check_inputs = "warn"
    assert any("sent unchanged" in note for note in client.plan(model, inputs).notes)


@pytest.mark.parametrize("name", ["sparkle", "prompt_2", "seeds"])
def test_an_unknown_input_is_sent_where_the_input_that_is_near_has_a_value(
    client: SegmindClient, name: str
) -> None:
    (note,) = client.plan("flux-dev", {"prompt": "x", "seed": 1, name: 1}).notes
    assert f"`{name}` is not a known parameter" in note


@pytest.mark.parametrize("name", ["", "two words", "../v1/get-user-credits"])
def test_what_is_no_name_is_refused(client: SegmindClient, sandbox: Sandbox, name: str) -> None:
    try:
        call = client.plan(name).endpoint.provider.submit(client.plan(name).request)
    except InputError:
        return
    path = call.url.removeprefix(sandbox.url("segmind"))
    assert path.count("/") == 2, f"{name!r} would call {call.url}"


def test_wrong_inputs_are_refused_or_noted(client: SegmindClient) -> None:
    inputs = {"prompt": "x", "steps": "many"}
    for mode in ("schema", "warn"):  # its parameters are known from a page
        client.check_inputs = mode
        (note,) = client.plan("flux-dev", inputs).notes
        assert "`steps` takes a whole number" in note
        assert "page" in note
    client.check_inputs = "strict"
    with pytest.raises(InputError) as raised:
        client.plan("flux-dev", inputs)
    assert raised.value.field == "steps"


def test_wrong_inputs_are_refused_where_the_service_gives_the_schema(client: SegmindClient) -> None:
    def plan() -> Plan:
        return client.plan("gemini-3-pro-image-preview", {"n": "many"}, provider="apimart")

    for mode in ("schema", "strict"):
        client.check_inputs = mode
        with pytest.raises(InputError, match="`n` takes a whole number"):
            plan()
    client.check_inputs = "warn"
    (note,) = plan().notes
    assert "page" not in note


@pytest.mark.parametrize("target", ["instantid", "face-to-sticker"])
def test_samples_without_inputs_go_out_as_they_are(client: SegmindClient, target: str) -> None:
    assert dict(client.plan(target, {}).inputs) == {}
    assert client.plan("flux-dev", {"prompt": "x"}).inputs["seed"] == -1
    assert "seed" not in client.plan("flux-dev", {"prompt": "x"}, as_written=True).inputs


def test_the_limit_of_cost(client: SegmindClient) -> None:
    assert client.plan("flux-dev", {"prompt": "x"}, max_cost=0.02).estimate.high == 0.02
    with pytest.raises(
        LimitError, match=r"typically costs \$0.02 .*, more than your limit of \$0.019"
    ):
        client.plan("flux-dev", {"prompt": "x"}, max_cost=0.019)
    with pytest.raises(LimitError, match="typically costs"):
        client.plan("flux-dev", {"prompt": "x"}, max_cost=float("nan"))


def test_the_usual_time_is_our_own_once_there_is_enough_of_it(client: SegmindClient) -> None:
    listed = client.plan("flux-dev", {"prompt": "x"}).expected_seconds
    endpoint = client.session.endpoints.choose()
    row = {"provider": "segmind", "place": endpoint.address, "sandbox": False, "kind": "model"}
    for seconds in (30.0, 50.0, 31.0):
        assert client.plan("flux-dev", {"prompt": "x"}).expected_seconds == listed
        key = client.session.store.add(**row, target="flux-dev", inputs={}, status="completed")
        client.session.store.update(key, run_seconds=seconds)
    assert client.plan("flux-dev", {"prompt": "x"}).expected_seconds == 31.0


def test_a_workflow_has_no_model(client: SegmindClient) -> None:
    plan = client.plan("65c9c7f641c340d7ef2f7134-v1", {"a": 1}, kind="workflow")
    assert plan.model is None
    assert "/workflows/" in str(plan)


@pytest.mark.parametrize("mode", ["warn", "schema", "strict"])
def test_the_name_of_a_file_is_not_sent_for_the_file(
    client: SegmindClient, sandbox: Sandbox, tmp_path: Path, mode: str
) -> None:
    """A journal keeps no more of what went as base64; a model would be paid for nonsense."""
    client.check_inputs = mode
    (tmp_path / "cat.png").write_bytes(picture())
    files = dict.fromkeys(("image", "mask"), tmp_path / "cat.png")
    job = client.run("sd1.5-inpainting", {"prompt": "x", **files})
    assert job.rerun().wait(20).error is None, "here the files are known"
    known = job.id
    client.close()
    job = client.job(known)  # as another kernel knows it
    for again in (job.rerun, lambda: job.export("python"), lambda: job.export("cell")):
        with pytest.raises(
            InputError, match=r"`image` was a file, .* still known: cat\.png"
        ) as raised:
            again()
        assert "Give the file again, as image" in raised.value.hint
        assert raised.value.field == "image"
    assert job.rerun(**files).wait(20).error is None
    assert len(sandbox.billed_posts) == 3


@pytest.mark.parametrize("inputs", ["a fox", [1], {"a", "b"}, 5])
def test_inputs_are_one_mapping(client: SegmindClient, sandbox: Sandbox, inputs: Any) -> None:
    with pytest.raises(InputError, match="must be a mapping") as raised:
        client.run("flux-dev", inputs)
    assert "prompt" in raised.value.hint
    assert sandbox.billed_posts == []


@pytest.mark.parametrize(
    ("target", "provider", "kind"),
    [
        ("seedream-4.5", "segmind", "model"),
        ("gemini-3-pro-image-preview", "apimart", "model"),
        ("66b2f0a9d8e14c7b93a50d21-v1", "segmind", "workflow"),
    ],
)
@pytest.mark.filterwarnings("ignore:.*sent unchanged")
@settings(max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.filterwarnings("ignore:.*is not a known parameter")
@given(
    inputs=st.dictionaries(
        st.sampled_from(["prompt", "negative_prompt", "style"]),
        st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20),
        min_size=1,
    ),
    seed=st.integers(0, 1000),
)
def test_the_body_of_a_dry_run_is_what_is_sent(
    client: SegmindClient,
    sandbox: Sandbox,
    target: str,
    provider: str,
    kind: Any,
    inputs: dict[str, str],
    seed: int,
) -> None:
    client.check_inputs = "warn"
    values = {"prompt": "x", **inputs, "seed": seed}
    plan = client.plan(target, values, provider=provider, kind=kind)
    before = len(sandbox.log.billed_posts)
    client.submit(target, values, provider=provider, kind=kind, again=True).wait(30)
    (post,) = sandbox.log.billed_posts[before:]
    shown = str(plan)
    body, _ = json.JSONDecoder().raw_decode(shown[shown.index("{") :])
    assert body == post.json
    assert shown.startswith(f"POST {sandbox.url(provider)}{post.path}")
