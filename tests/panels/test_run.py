"""The run and the workflow panel, without a browser, against the sandbox."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from segmind_widgets.assets.asset import Asset
from segmind_widgets.client import SegmindClient
from segmind_widgets.errors import InputError, NotFound
from segmind_widgets.jobs.job import Job
from segmind_widgets.network import at_once
from segmind_widgets.panels.run import RunPanel
from segmind_widgets.panels.workflow import WorkflowPanel
from segmind_widgets.sandbox import Sandbox
from segmind_widgets.syntax.cells import parse_body
from segmind_widgets.types import Status
from tests.comms import Page
from tests.page import text_of
from tests.shells import picture

ID = "65c9c7f641c340d7ef2f7134-v1"


@pytest.fixture
def panel(client: SegmindClient) -> Iterator[RunPanel]:
    made = RunPanel("fast-flux-schnell", client=client)
    yield made
    made.close()


def said(panel: Any) -> str:
    return text_of(panel.line.value)


def made(panel: Any, many: int = 1) -> list[dict[str, Any]]:
    """The results, once there are so many."""
    there = threading.Event()

    def look(_: Any = None) -> None:
        if len(panel.outputs.items) >= many:
            there.set()

    panel.outputs.observe(look, "items")
    look()
    assert there.wait(30), said(panel)
    return panel.outputs.items


def notes_of(widget: Any) -> dict[str, str]:
    """The notes under the fields of a form, by the names of the inputs."""
    own = {name: note["text"] for name, note in getattr(widget, "notes", {}).items()}
    for child in getattr(widget, "children", ()):
        own |= notes_of(child)
    return own


def paste(panel: Any, text: str) -> None:
    """Paste into the panel's box as the browser sends it."""
    Page(panel.source).says(type="text", text=text)


def settled(panel: Any) -> None:
    """Wait until the Run button can be pressed again."""
    free = threading.Event()
    panel.go.observe(lambda _: not panel.go.disabled and free.set(), "disabled")
    assert not panel.go.disabled or free.wait(20)


def test_a_model_runs_and_its_picture_appears(panel: RunPanel, sandbox: Sandbox) -> None:
    panel.form.inputs = {"prompt": "a red fox", "steps": 3}
    panel.go.click()
    (item,) = made(panel)
    assert item["alt"] == "a red fox"
    assert "$0.0055" in item["caption"]
    assert item["url"].startswith("file:")
    data, kind = panel.outputs._load(item["key"], 64)
    assert kind == "image/jpeg"
    assert data
    (post,) = sandbox.billed_posts
    assert post.json == {"prompt": "a red fox", "steps": 3, "seed": -1}
    assert [job.model for job in panel.results] == ["fast-flux-schnell"]
    assert panel.jobs.children == ()


def test_nothing_is_sent_while_an_input_is_missing(panel: RunPanel, sandbox: Sandbox) -> None:
    panel.go.click()
    assert "see the messages above" in said(panel)
    assert sandbox.billed_posts == []
    assert not panel.go.disabled


def test_several_at_once_count_a_seed_of_yours_up(panel: RunPanel, sandbox: Sandbox) -> None:
    panel.form.inputs = {"prompt": "a fox", "seed": 5}
    panel.count.value = 3
    told = threading.Event()
    panel.cost.observe(lambda _: "$0.0165" in text_of(panel.cost.value) and told.set(), "value")
    assert "$0.0165" in text_of(panel.cost.value) or told.wait(10)
    assert "listed average" in panel.cost.value
    panel.go.click()
    made(panel, 3)
    assert sorted(post.json["seed"] for post in sandbox.billed_posts) == [5, 6, 7]


def test_it_is_done_when_the_last_of_several_is(panel: RunPanel) -> None:
    first, last = (Job(id=f"job-{number}", model="m") for number in (1, 2))
    for job in (first, last):
        panel.follow(job)
    ended = {"last": True, "status": Status.COMPLETED, "outputs": (Asset.of(picture()),)}
    first.publish(**ended)
    assert len(panel.outputs.items) == 1
    assert said(panel) == ""
    last.publish(**ended)
    assert said(panel) == "Done."


def test_what_failed_goes_when_it_is_tried_again(panel: RunPanel, sandbox: Sandbox) -> None:
    sandbox.faults.add("POST /v2/fast-flux-schnell", "job_failed")
    panel.form.inputs = {"prompt": "a red fox"}
    panel.go.click()
    assert "The job failed" in told(panel, "The job failed")
    settled(panel)
    assert len(panel.jobs.children) == 1
    panel.go.click()
    told(panel, "Done.")
    assert panel.jobs.children == ()


def test_what_the_service_refuses_stands_at_its_field(panel: RunPanel, sandbox: Sandbox) -> None:
    words = {"error": "steps must be at most 12"}
    sandbox.faults.add("POST /v2/fast-flux-schnell", 422, body=words)
    panel.form.inputs = {"prompt": "a fox", "steps": 50}
    told = threading.Event()
    panel.line.observe(
        lambda _: "see the message at its field" in said(panel) and told.set(), "value"
    )
    panel.go.click()
    assert told.wait(20), said(panel)
    settled(panel)
    assert panel.form.inputs == {"prompt": "a fox", "steps": 50}
    assert panel.outputs.items == []


def test_a_picture_that_was_deleted_says_so(panel: RunPanel) -> None:
    panel.form.inputs = {"prompt": "a red fox"}
    panel.go.click()
    (item,) = made(panel)
    path = panel.outputs.asset(item["key"]).path
    assert path is not None
    path.unlink()
    with pytest.raises(NotFound, match="no longer on this disk"):
        panel.outputs._load(item["key"], 64)


def test_an_upload_is_announced_at_its_start_and_its_end(
    client: SegmindClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(at_once, "TICK_SECONDS", 0.0005)  # the sandbox takes it in no time
    path = tmp_path / "noise.png"
    Image.effect_noise((4000, 3000), 90).save(path, compress_level=1)  # 12 MB
    panel = RunPanel("nano-banana", client=client)
    lines: list[str] = []
    panel.line.observe(lambda change: lines.append(change.new), "value")
    panel.form.inputs = {"prompt": "a fox", "image_urls": [path]}
    panel.go.click()
    made(panel)
    panel.close()
    uploads = [line for line in lines if "Upload" in line]
    announced = [text_of(line) for line in uploads if 'role="status"' in line]
    assert len(uploads) > len(announced)  # the figures in between
    size = path.stat().st_size / 1e6
    assert announced == [f"Uploading {size:.1f} MB…", "Uploaded. Sending…"]


def test_an_error_of_no_field_is_told(panel: RunPanel, sandbox: Sandbox) -> None:
    sandbox.faults.add("POST /v2/fast-flux-schnell", 401, body={"error": "Invalid key"})
    panel.form.inputs = {"prompt": "a fox"}
    told = threading.Event()
    panel.line.observe(lambda _: "The job failed" in said(panel) and told.set(), "value")
    panel.go.click()
    assert told.wait(20)
    (line,) = panel.jobs.children
    assert "(HTTP 401). Check the key" in line.text.value  # there, and nowhere else


def test_only_models_of_the_place_are_offered(panel: RunPanel) -> None:
    listed = threading.Event()

    def look(_: Any = None) -> None:
        if {slug for _, slug in panel.list.options} == {
            model.slug for model in panel.catalog if model.provider == "apimart"
        }:
            listed.set()

    panel.list.observe(look, "options")
    panel.form.inputs = {"prompt": "a fox"}
    panel.provider.value = "apimart"
    assert listed.wait(20)
    assert "fast-flux-schnell is a model of Segmind" in told(panel, "choose that provider")
    assert panel.act.layout.display == panel.form_box.layout.display == "none"
    panel.provider.value = "segmind"
    back = threading.Event()
    panel.act.layout.observe(lambda _: back.set(), "display")
    assert panel.act.layout.display == "" or back.wait(20)
    assert panel.form.inputs == {"prompt": "a fox"}


def test_the_form_comes_from_the_live_schema(client: SegmindClient, sandbox: Sandbox) -> None:
    slug = "gemini-3-pro-image-preview"
    schema = {
        "type": "object",
        "properties": {"prompt": {"type": "string"}, "glow": {"type": "integer"}},
    }
    row = {"id": slug, "object": "model", "parameters": {"input_schema": schema}}
    sandbox.faults.add("GET /v1/models.*", 200, body={"object": "list", "data": [row]}, times=None)
    panel = RunPanel(client=client)
    panel.provider.value = "apimart"
    panel.choose(slug)
    shown = threading.Event()
    panel.form_box.observe(lambda _: "glow" in panel.form.fields and shown.set(), "children")
    assert "glow" in panel.form.fields or shown.wait(20), said(panel)
    panel.close()


def test_a_misspelled_model_is_told_its_likes(client: SegmindClient) -> None:
    panel = RunPanel("fast-flux-schnel", client=client)
    assert "Did you mean fast-flux-schnell" in panel.facts.value
    panel.close()


def test_a_conversation_is_known_by_what_was_said(client: SegmindClient) -> None:
    panel = RunPanel("gpt-4o", client=client)
    said = [{"role": "system", "content": "be short"}, {"role": "user", "content": "a joke"}]
    panel.form.inputs = {"messages": said}
    panel.go.click()
    (item,) = made(panel)
    assert item["alt"] == "a joke"
    panel.close()


def test_its_code_means_the_same(panel: RunPanel, tmp_path: Path, client: SegmindClient) -> None:
    path = tmp_path / "face.png"
    path.write_bytes(picture())
    panel.choose("instantid")
    panel.form.inputs = {"prompt": "a knight: brave", "face_image": Asset.of(path), "seed": 3}
    panel.provider.value = "segmind"
    panel.as_cell()
    area, buttons = panel.code.children
    copy, insert, close = buttons.children
    assert copy.text == insert.text == area.value
    first, _, body = area.value.partition("\n")
    assert first == "%%segmind_run instantid -p segmind"
    read = parse_body(body, {})
    assert read.pop("face_image").resolve() == path.resolve()
    assert read == {"prompt": "a knight: brave", "seed": 3}
    close.click()
    assert panel.code.children == ()
    panel.as_python()
    assert '.run("instantid", inputs, provider="segmind")' in panel.code.children[0].value
    compile(panel.code.children[0].value, "x", "exec")


def test_the_search_finds_and_the_choice_shows_a_form(client: SegmindClient) -> None:
    panel = RunPanel(client=client)
    assert panel.form is None
    assert panel.act.layout.display == "none"
    panel.search.value = "nano banana"
    slugs = [slug for _, slug in panel.list.options]
    assert slugs[:2] == ["nano-banana", "nano-banana-2"]
    assert panel.list.value is None
    panel.list.value = "nano-banana-2"
    assert panel.form is not None
    assert "output_resolution" in panel.form.fields
    panel.search.value = "no such thing at all"
    assert "No model matches" in said(panel)
    assert "output_resolution" in panel.form.fields
    panel.search.value = "nano banana"
    assert said(panel) == ""
    panel.close()


def test_a_prompt_goes_along_to_the_next_model(panel: RunPanel) -> None:
    panel.form.inputs = {"prompt": "a fox", "steps": 3}
    panel.choose("seedream-4.5")
    assert panel.form.inputs == {"prompt": "a fox"}


def test_a_model_that_nobody_described(client: SegmindClient) -> None:
    panel = RunPanel("brand-new-model", client=client)
    panel.form.inputs = {"prompt": "a fox", "sparkle": 0.5}
    assert panel.form.inputs == {"prompt": "a fox", "sparkle": 0.5}
    panel.close()


@pytest.mark.parametrize("name", ["flux-dev", "brand-new-model"])
@pytest.mark.parametrize("value", [["flux-dev", "flux-schnell"], "flux-schnell"])
def test_a_second_model_among_the_inputs_is_refused(
    client: SegmindClient, sandbox: Sandbox, name: str, value: Any
) -> None:
    panel = RunPanel(name, client=client)
    panel.form.inputs = {"prompt": "a fox", "model": value}
    assert panel.form.inputs["model"] == value
    panel.go.click()
    settled(panel)
    assert "see the message at its field" in said(panel)
    words = f"the run is one of {name}. To run two models, write a cell for each."
    assert words in notes_of(panel.form)["model"]
    assert sandbox.billed_posts == []
    panel.close()


def test_a_workflow_by_its_id(client: SegmindClient, sandbox: Sandbox) -> None:
    panel = WorkflowPanel(ID, client=client)
    assert "keep the workflow" in said(panel)
    panel.form.inputs = {"product_prompt": "a teapot"}
    panel.go.click()
    (item,) = made(panel)
    assert item["caption"].startswith("Product photo · ")
    assert sandbox.billed_posts[0].json == {"product_prompt": "a teapot"}
    panel.close()


def test_a_workflow_by_the_code_of_its_page(client: SegmindClient) -> None:
    panel = WorkflowPanel(client=client)
    paste(panel, PAGE)
    assert panel.form is not None
    assert panel.model.slug == ID
    assert panel.form.inputs["product_prompt"].startswith("A teapot")
    assert panel.form.inputs["background"] == "https://images.segmind.com/inputs/a.jpg"
    panel.as_cell()
    assert panel.code.children[0].value.startswith(f"%%segmind_workflow {ID}")
    panel.close()


def test_what_names_no_workflow_is_told(client: SegmindClient) -> None:
    panel = WorkflowPanel(client=client)
    paste(panel, "hello, what is this?")
    assert said(panel)
    assert panel.form is None
    with pytest.raises(InputError):
        panel.read("hello, what is this?")
    panel.close()


def test_a_form_is_never_that_of_another_workflow(client: SegmindClient) -> None:
    panel = WorkflowPanel(client=client)
    paste(panel, '{"product_prompt": "a teapot"}')
    assert "no workflow id" in said(panel)
    assert panel.form is None
    paste(panel, ID)
    assert ID in panel.facts.value
    paste(panel, '{"product_prompt": "a teapot"}')
    assert (panel.model.slug, panel.form.inputs) == (ID, {"product_prompt": "a teapot"})
    assert ID in panel.facts.value
    paste(panel, "which one was it?")
    assert "No workflow" in said(panel)
    assert panel.facts.value == ""
    assert panel.act.layout.display == "none"
    paste(panel, "product-photos")
    assert "product-photos" in panel.facts.value
    assert panel.act.layout.display == ""
    panel.close()


PAGE = f"""
 1import requests
 2
 3api_key = "YOUR_API_KEY"
 4url = "https://api.segmind.com/workflows/{ID}"
 5
 6data = {{
 7    "background": "https://images.segmind.com/inputs/a.jpg",
 8    "product_prompt": "A teapot shaped like a cat"
 9}}
10response = requests.post(url, json=data)
"""


# money


def told(panel: Any, words: str) -> str:
    """What the panel says, once it says these words."""
    there = threading.Event()

    def look(_: Any = None) -> None:
        if words in said(panel):
            there.set()

    panel.line.observe(look, "value")
    look()
    assert there.wait(20), said(panel)
    return said(panel)


def test_a_double_click_is_one_run(panel: RunPanel, sandbox: Sandbox) -> None:
    sandbox.faults.add("GET /v2/.*", "silence", times=None)
    panel.form.inputs = {"prompt": "a red fox"}
    panel.go.click()
    panel.go.click()
    settled(panel)
    panel.go.click()  # the first one still runs
    told(panel, "The same request was sent")
    sandbox.faults.clear()
    made(panel)
    panel.go.click()  # that one was seen: another is meant
    made(panel, 2)
    assert len(sandbox.billed_posts) == 2


def test_the_budget_holds_for_a_panel(panel: RunPanel, sandbox: Sandbox) -> None:
    panel.client.budget = 0.012
    panel.count.value = 3
    panel.form.inputs = {"prompt": "a red fox"}
    panel.go.click()
    told(panel, "budget of $0.012")
    made(panel, 2)
    assert len(sandbox.billed_posts) == 2


@pytest.mark.parametrize(
    "name",
    [
        "https://www.segmind.com/models/flux-dev/api",
        "https://api.segmind.com/v2/flux-dev",
        "black-forest-labs/flux-dev",
        "segmind:flux-dev",
        "FLUX-Dev",
    ],
)
def test_every_way_to_name_a_model(client: SegmindClient, name: str) -> None:
    panel = RunPanel(name, client=client)
    assert panel.form is not None
    assert panel.model.slug == "flux-dev"
    assert panel.model.schema
    panel.close()
