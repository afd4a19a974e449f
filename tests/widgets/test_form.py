"""A form as the browser drives it: raw values and messages in, inputs and notes out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import ipywidgets
import ipywidgets.embed
import pytest
from ipywidgets.widgets.widget import _instances
from PIL import Image

from segmind_widgets import Asset
from segmind_widgets.catalog.catalog import Catalog
from segmind_widgets.client import SegmindClient
from segmind_widgets.errors import CellError, InputError, InsufficientCredits, Rejected
from segmind_widgets.panels._base import Panel
from segmind_widgets.types import Model
from segmind_widgets.widgets.controls import Controls
from segmind_widgets.widgets.form import Form


class BarePanel(Panel):
    title = "Bare"

    def build(self, argument: str) -> Sequence[ipywidgets.Widget]:
        return []


@pytest.fixture
def panel(client: SegmindClient) -> Iterator[BarePanel]:
    panel = BarePanel(client=client, names={})
    yield panel
    panel.close()


def form_of(panel: Panel, slug: str, inputs: Mapping[str, Any] | None = None) -> Form:
    return Form(Catalog().find(slug) or Model(slug), panel, inputs)


def controls(form: Form, name: str) -> Controls:
    return next(part for part in form._controls if name in part.field_by_name or not name)


def put(form: Form, **raw: Any) -> None:
    """What the browser sends when a control changes."""
    for name, value in raw.items():
        part = controls(form, name)
        part.set_state({"values": {**part.values, name: value}})


def notes(form: Form) -> dict[str, tuple[str, bool]]:
    """What stands under the plain fields, and whether it is an error."""
    found = {}
    for part in form._controls:
        for name, note in part.notes.items():
            if name in part.field_by_name or part.rows is not None:
                found[name] = (note["text"], note["error"])
    return found


def counted(form: Form) -> list[int]:
    changes: list[int] = []
    form.observe(lambda change: changes.append(change["new"]), "changes")
    return changes


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "cat.png"
    Image.new("RGB", (30, 20), "orange").save(path)
    return path


def sample(schema: Mapping[str, Any], picture: Path) -> Any:
    """An input that the schema allows."""
    if schema.get("contentMediaType") or schema.get("format") == "uri":
        return Asset.of(picture)
    if "enum" in schema:
        return schema["enum"][-1]
    if schema.get("examples"):
        return schema["examples"][0]
    if schema["type"] == "array":
        return [sample(schema.get("items", {"type": "string"}), picture)]
    if schema["type"] == "object":
        return {name: sample(inner, picture) for name, inner in schema["properties"].items()}
    if schema["type"] == "boolean":
        return not schema.get("default", False)
    return schema.get("minimum", 3) if schema["type"] != "string" else "a: b\n$c"


def known(value: Any) -> Any:
    """Assets by their files, to be compared."""
    if isinstance(value, list):
        return [known(item) for item in value]
    if isinstance(value, dict):
        return {name: known(item) for name, item in value.items()}
    return value.path if isinstance(value, Asset) else value


@pytest.mark.parametrize("model", list(Catalog()), ids=lambda model: model.slug)
def test_all_inputs_of_every_model_go_in_and_come_out_in_both_views(
    model: Model, panel: BarePanel, picture: Path
) -> None:
    schema = model.schema or {}
    inputs = {name: sample(inner, picture) for name, inner in schema["properties"].items()}
    form = Form(model, panel, inputs)
    wanted = {name: known(value) for name, value in inputs.items()}
    assert {name: known(value) for name, value in form.inputs.items()} == wanted
    assert list(form.inputs) == list(inputs)
    assert form._rest.values.get("") is None  # nothing needed a free row
    form._toggle.value = True
    assert {name: known(value) for name, value in form.inputs.items()} == wanted
    form._toggle.value = False
    assert {name: known(value) for name, value in form.inputs.items()} == wanted
    form.close()


def test_an_untouched_form_sets_nothing_and_says_nothing(panel: BarePanel) -> None:
    form = form_of(panel, "sdxl-inpaint")
    assert form.inputs == {}
    put(form, strength=9)
    assert notes(form) == {}
    required = Model("m", schema={
        "required": ["size", "n"],
        "properties": {"size": {"type": "string", "default": "2K"}, "n": {"type": "integer"}},
    })  # fmt: skip
    assert Form(required, panel).inputs == {"size": "2K"}


def test_a_change_is_told_once(panel: BarePanel, picture: Path) -> None:
    form = form_of(panel, "seedream-4.5")
    changes = counted(form)
    put(form, prompt="a fox")
    assert changes == [1]
    controls(form, "width").set_state({"values": {"width": 1824, "height": 1024}})  # a preset
    assert changes == [1, 2]
    form.files["image_input"]._on_files([picture, picture])
    assert changes == [1, 2, 3]
    form.inputs = {"prompt": "a hen", "max_images": 3, "image_input": [picture]}
    assert changes == [1, 2, 3, 4]
    form._toggle.value = True
    form._toggle.value = False
    assert changes == [1, 2, 3, 4]
    assert form.inputs["max_images"] == 3


def test_problems_stand_under_their_fields_after_the_first_attempt(panel: BarePanel) -> None:
    form = form_of(panel, "sdxl-inpaint", {"strength": 3, "sharpness": 1})
    problems = form.check()
    assert {note.field for note in problems} == {"image", "mask", "prompt", "strength"}
    said = notes(form)
    assert said["strength"] == ("`strength` must be at most 1, not 3.", True)
    assert said["prompt"] == ("`prompt` is required.", True)
    assert "not a known parameter" in said["sharpness"][0]
    assert said["sharpness"][1] is False
    assert form.files["mask"]._drop.error == "`mask` is required."
    put(form, strength=0.5)
    assert "strength" not in notes(form)
    form.files["mask"]._on_text("https://a.host/mask.png")
    assert form.files["mask"]._drop.error == ""
    assert [note.field for note in form.check()] == ["image", "prompt"]


def test_the_services_words_stand_under_the_field_they_name(panel: BarePanel) -> None:
    form = form_of(panel, "sdxl-inpaint")
    assert form.show_error(Rejected("guidance_scale must be ≤ 25", status=400))
    said, is_error = notes(form)["guidance_scale"]
    assert said.startswith("guidance_scale must be ≤ 25 (HTTP 400). Nothing was billed.")
    assert is_error
    put(form, guidance_scale=20)
    assert "guidance_scale" not in notes(form)
    assert form.show_error(Rejected("It cannot be read", status=422, field="image"))
    assert "cannot be read" in form.files["image"]._drop.error
    assert not form.show_error(InsufficientCredits("The prompt costs too much", status=402))
    assert not form.show_error(Rejected("No.", status=400))


def test_yaml_with_a_mistake_is_kept_and_explained(panel: BarePanel) -> None:
    form = form_of(panel, "flux-schnell", {"prompt": "a: fox", "steps": 3})
    form._toggle.value = True
    assert form._yaml is not None
    assert form._yaml.value == 'prompt: "a: fox"\nsteps: 3\n'
    changes = counted(form)
    form._yaml.set_state({"value": "prompt: a: fox"})
    assert changes == [1]
    assert "Line 1" in form._line.value
    with pytest.raises(CellError):
        _ = form.inputs
    assert "Line 1" in form.check()[0].message
    form._toggle.value = False
    assert form._toggle.value is True
    assert form._yaml.value == "prompt: a: fox"
    form._yaml.set_state({"value": "prompt: a fox\nsteps: 99\nextra: [1, 2]"})
    assert "`steps`" in form._line.value
    form._toggle.value = False
    assert form.inputs == {"prompt": "a fox", "steps": 99, "extra": [1, 2]}
    assert notes(form)["steps"][1] is True
    assert controls(form, "steps").values[""] == [["extra", "[1, 2]"]]


def test_inputs_set_while_yaml_is_shown_are_shown(panel: BarePanel) -> None:
    form = form_of(panel, "flux-schnell", {"prompt": "one"})
    form._toggle.value = True
    form.inputs = {"prompt": "two"}
    assert form._yaml is not None
    assert form._yaml.value == "prompt: two\n"
    assert form.inputs == {"prompt": "two"}


def test_a_model_nobody_described_takes_anything(panel: BarePanel) -> None:
    form = form_of(panel, "somebodys-model", {"prompt": "x", "strength": 0.5, "note": "7"})
    assert set(form.fields) == {"prompt", "image", "seed"}
    rows = [["strength", "0.5"], ["note", '"7"'], ["", "lost"], ["sizes", "[1, 2]"]]
    assert form._rest.values[""] == rows[:2]
    form._rest.set_state({"values": {"": rows}})
    assert form.inputs == {"prompt": "x", "strength": 0.5, "note": "7", "sizes": [1, 2]}
    form._rest.set_state({"values": {"": [["sizes", "[1, 2"]]}})
    assert [note.field for note in form.check()] == ["sizes"]
    assert notes(form)["sizes"][1] is True


def test_a_prompt_becomes_a_message_of_a_talk(panel: BarePanel) -> None:
    form = form_of(panel, "gpt-4o", {"prompt": "Say hello"})
    assert form.inputs == {"messages": [{"role": "user", "content": "Say hello"}]}
    assert not form.check()


def test_a_file_field_takes_files_urls_and_variables(panel: BarePanel, picture: Path) -> None:
    form = form_of(panel, "seedance-2.0")
    field = form.files["first_frame_url"]
    panel.names = {"cat": Image.open(picture).convert("L"), "here": picture, "n": 5}
    field._on_text(" https://a.host/b.png ")
    assert form.inputs == {"first_frame_url": "https://a.host/b.png"}
    field._on_text("$cat")
    kept = field.value
    assert kept.pixels == (30, 20)
    assert kept.path.is_relative_to(panel.client.session.store.home / "incoming")
    field._on_text(f"file:{picture}")
    assert field.value.path == picture
    field._drop._receive(None, {"type": "text", "text": "$n"}, [])
    assert "int" in field._drop.error
    field._drop._receive(None, {"type": "text", "text": "a cat"}, [])
    assert "There is no file a cat" in field._drop.error
    with pytest.raises(InputError, match="is a folder"):
        field._on_text(str(picture.parent))
    field._on_text(str(picture))
    assert field.value.path == picture
    assert field.value.path == picture
    assert field._pictures is not None
    (item,) = field._pictures.items
    assert "30×20" in item["caption"]
    field._pictures._receive(None, {"type": "action", "name": "remove", "key": item["key"]}, [])
    assert form.inputs == {}


def test_a_file_of_another_kind_is_refused_where_it_was_dropped(
    panel: BarePanel, picture: Path
) -> None:
    form = form_of(panel, "chatterbox-tts")
    field = form.files["reference_audio"]
    drop = field._drop
    data = picture.read_bytes()
    begin = {"type": "begin", "batch": "1", "files": [{"name": "a.wav", "size": len(data)}]}
    drop._receive(None, begin, [])
    drop._receive(None, {"type": "piece", "batch": "1", "file": 0, "offset": 0}, [data])
    assert "image/png: `reference_audio` takes an audio file" in drop.error
    assert form.inputs == {}


def test_recent_outputs_that_fit_can_be_used(
    panel: BarePanel, client: SegmindClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "segmind_widgets.panels._base.run_in_background", lambda work: work()
    )  # its thread, in turn
    picture = client.run("flux-schnell", {"prompt": "a fox"})
    client.run("gpt-4o", {"prompt": "Hello"})
    form = form_of(panel, "kling-2.1")
    field = form.files["image"]
    field.show_recent()
    shown = field._outputs
    assert shown is not None
    assert [item["alt"] for item in shown.items] == ["a fox"]
    key = shown.items[0]["key"]
    shown._receive(None, {"type": "action", "name": "use", "key": key}, [])
    assert form.inputs["image"].path == picture.outputs[0].path
    assert field._outputs is None
    assert shown.comm is None


def test_the_last_seed_is_offered(panel: BarePanel) -> None:
    form = form_of(panel, "flux-schnell")
    form.last_seed = 1234
    assert form.last_seed == 1234
    assert controls(form, "seed").get_state()["last_seed"] == 1234
    put(form, seed=-1)
    assert form.inputs == {"seed": -1}


def test_no_file_is_in_the_saved_state_and_closing_frees_all(
    panel: BarePanel, tmp_path: Path
) -> None:
    path = tmp_path / "noise.png"
    Image.effect_noise((800, 800), 90).save(path)
    before = set(_instances)
    form = form_of(panel, "seedream-4.5", {"image_input": [path, path], "prompt": "x"})
    form.files["image_input"]._show()
    form._toggle.value = True
    assert len(set(_instances) - before) > 20
    state = json.dumps(ipywidgets.embed.dependency_state([form], drop_defaults=False), default=str)
    assert len(state) < 150_000 < path.stat().st_size
    assert "base64," not in state
    form.close()
    assert set(_instances) == before
