"""Which control an input gets, and its value there and back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmind_widgets.catalog.catalog import Catalog, check
from segmind_widgets.errors import CellError, Rejected, ServerError
from segmind_widgets.types import Model
from segmind_widgets.widgets.fields import Field, fields_of, normalize_inputs, refused_input
from segmind_widgets.widgets.sizes import presets
from segmind_widgets.widgets.values import from_scalar, from_yaml, to_scalar, to_yaml

TEXT = {"type": "string"}
FILE = {"type": "string", "contentMediaType": "image/*"}


def array(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


@pytest.mark.parametrize(
    ("name", "schema", "kind"),
    [
        ("prompt", TEXT, "text"),
        ("negative_prompt", TEXT, "text"),
        ("lyrics", TEXT, "text"),
        ("genres", {**TEXT, "x-prompt": True}, "text"),
        ("scheduler", TEXT, "line"),
        ("voice", {**TEXT, "examples": ["michael"]}, "line"),
        ("mode", {**TEXT, "examples": ["std", "pro"]}, "open"),
        ("size", {**TEXT, "enum": ["2K", "4K"]}, "choice"),
        ("text_side", {**TEXT, "enum": ["left", "right"]}, "choice"),
        ("audio", {"type": "boolean"}, "choice"),
        ("base64", {"type": "boolean", "default": False}, "switch"),
        ("steps", {"type": "integer"}, "number"),
        ("prompt_strength", {"type": ["number", "null"]}, "number"),
        ("image", FILE, "media"),
        ("image_urls", array(FILE), "media"),
        ("clip", {"type": "string", "format": "uri"}, "media"),
        ("tags", array(TEXT), "lines"),
        ("messages", array({"type": "object"}), "messages"),
        ("talk", array({"type": "object", "properties": {"role": {}, "content": {}}}), "messages"),
        ("sizes", array({"type": "integer"}), "yaml"),
        ("options", {"type": "object"}, "yaml"),
        ("anything", {}, "yaml"),
        ("length", {"type": ["integer", "string"]}, "value"),
    ],
)
def test_the_schema_chooses_the_control(name: str, schema: dict[str, Any], kind: str) -> None:
    assert Field(name, schema).kind == kind


@pytest.mark.parametrize(
    ("schema", "step", "slider"),
    [
        ({"type": "integer", "minimum": 1, "maximum": 8}, 1, True),
        ({"type": "integer", "minimum": 512, "maximum": 2048, "multipleOf": 8}, 8, True),
        ({"type": "number", "minimum": 0, "maximum": 1}, 0.01, True),
        ({"type": "number", "minimum": 1, "maximum": 25}, 0.1, True),
        ({"type": "number", "minimum": 0}, 0.1, False),
        ({"type": "integer", "minimum": 0, "maximum": 2**32}, 1, False),
        ({"type": "integer", "minimum": 3, "maximum": 3}, 1, False),
    ],
)
def test_a_range_has_a_slider_with_sensible_steps(
    schema: dict[str, Any], step: float, slider: bool
) -> None:
    field = Field("n", schema)
    assert field.step == pytest.approx(step)
    assert field.slider is slider


def test_a_seed_has_no_slider_and_says_that_it_is_new_each_time() -> None:
    spec = Field("seed", {"type": "integer", "minimum": -1, "maximum": 99}).spec()
    assert (spec["seed"], spec["slider"], spec["hint"]) == (True, False, "new each time")
    fixed = Field("seed", {"type": "integer", "default": 7}).spec()
    assert fixed["hint"] == "7"


def test_labels_and_units_are_what_one_would_say() -> None:
    known = {
        field.name: (field.label, field.unit) for model in Catalog() for field in fields_of(model)
    }
    assert known["img_width"] == ("Image width", "px")
    assert known["cfg_scale"] == ("CFG scale", "")
    assert known["first_frame_url"] == ("First frame", "")
    assert known["image_urls"] == ("Images", "")
    assert known["output_seconds"] == ("Output seconds", "")
    assert known["duration"] == ("Duration", "s")
    quality = {
        field.unit for field in fields_of(Catalog().find("esrgan")) if field.name == "quality"
    }
    assert quality == {"%"}
    assert known["max_tokens"] == ("Max tokens", "")
    assert Field("x", {"title": "Strength of it"}).label == "Strength of it"


def test_every_field_of_the_catalogue_has_a_spec_that_is_json() -> None:
    for model in Catalog():
        for field in fields_of(model):
            spec = field.spec()
            assert json.loads(json.dumps(spec)) == spec
            assert field.name in spec["tip"]
            assert field.schema["description"] in spec["tip"]


def test_sizes_fit_their_models_and_have_their_shapes() -> None:
    offered = 0
    for model in Catalog():
        shapes = presets({field.name: field for field in fields_of(model)})
        for ratio, width, height in (shapes or {}).get("sizes", ()):
            offered += 1
            across, down = map(int, ratio.split(":"))
            assert width / height == pytest.approx(across / down, rel=0.02), (model.slug, ratio)
            inputs = dict(zip(shapes["names"], (width, height), strict=True))  # type: ignore[index]
            wrong = {note.field for note in check(model, inputs).problems}
            assert not wrong & set(inputs), (model.slug, ratio)
    assert offered >= 20
    fixed = {"type": "integer", "enum": [512, 768]}
    assert presets({name: Field(name, fixed) for name in ("width", "height")}) is None


@pytest.mark.parametrize(
    ("field", "raw", "value"),
    [
        (Field("prompt", TEXT), "a: [b\n$c", "a: [b\n$c"),
        (Field("tags", array(TEXT)), "one\ntwo: 2", ["one", "two: 2"]),
        (Field("messages", array({})), "Hi: you", [{"role": "user", "content": "Hi: you"}]),
        (Field("options", {"type": "object"}), '{"a": 1}', {"a": 1}),
        (Field("n", {"type": "number"}), 0.5, 0.5),
        (Field("c", {"type": "integer", "enum": [2, 4]}), 4, 4),
        (Field("b", {"type": "boolean"}), False, False),
        (Field("b", {"type": "boolean", "default": True}), False, False),
        (Field("v", {"type": ["integer", "string"]}), "5", 5),
        (Field("v", {"type": ["integer", "string"]}), '"5"', "5"),
    ],
)
def test_a_value_goes_there_and_back(field: Field, raw: Any, value: Any) -> None:
    assert field.read(raw, {}) == value
    assert field.write(value) == raw


def test_a_talk_of_several_messages_is_kept_whole() -> None:
    field = Field("messages", array({}))
    talk = [{"role": "system", "content": "Be $kind"}, {"role": "user", "content": "[{Hi"}]
    assert field.read(field.write(talk), {}) == talk


@pytest.mark.parametrize("raw", [None, "", "  \n"])
def test_nothing_typed_is_nothing_set(raw: Any) -> None:
    for schema in (TEXT, {"type": "object"}, array(TEXT), {"type": "number"}):
        assert Field("x", schema).read(raw, {}) is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (Field("n", {"type": "number"}), "many"),
        (Field("n", {"type": "number"}), True),
        (Field("n", {"type": "number"}), float("nan")),
        (Field("b", {"type": "boolean", "default": True}), "yes"),
        (Field("prompt", TEXT), ["a"]),
        (Field("tags", array(TEXT)), ["two\nlines"]),
        (Field("c", {"enum": [1, 2]}), [1]),
    ],
)
def test_what_a_control_cannot_show_is_refused(field: Field, value: Any) -> None:
    with pytest.raises(ValueError, match=field.name):
        field.write(value)


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=20)
    | st.floats(allow_nan=False, allow_infinity=False, width=32),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text(min_size=1, max_size=8), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


@given(plain)
def test_any_value_survives_as_text(value: Any) -> None:
    assert from_yaml(to_yaml(value, "x"), {}, "x") == value
    assert from_scalar(to_scalar(value, "x"), {}, "x") == value


def test_rows_are_plain_words_or_yaml_with_names() -> None:
    cat = object()
    assert from_scalar(" a cat: black ", {}, "x") == "a cat: black"
    assert from_scalar("16:9", {}, "x") == "16:9"
    assert from_scalar("[1, two]", {}, "x") == [1, "two"]
    assert from_scalar("$cat", {"cat": cat}, "x") is cat
    with pytest.raises(CellError) as caught:
        from_scalar("[1, 2", {}, "sizes")
    assert caught.value.field == "sizes"
    assert str(caught.value) == "`sizes` has a bracket that is not closed."


def test_what_has_no_text_form_is_named() -> None:
    with pytest.raises(CellError, match="`photo` cannot be written as text") as caught:
        to_scalar(object(), "photo")
    assert caught.value.field == "photo"
    assert "`photo: $variable`" in str(caught.value.hint)


def test_a_refusal_names_its_input_in_field_or_words() -> None:
    names = ["scale", "guidance_scale", "image"]
    assert refused_input(Rejected("guidance_scale must be ≤ 25"), names) == "guidance_scale"
    assert refused_input(Rejected("It is too large", field="image"), names) == "image"
    assert refused_input(Rejected("`steps` is too large", field="steps"), names) is None
    assert refused_input(ServerError("The image could not be made"), names) is None


def test_a_prompt_finds_its_place() -> None:
    fields = {field.name: field for field in fields_of(Catalog().find("gpt-4o") or Model(""))}
    assert normalize_inputs({"prompt": "Hi", "max_tokens": None}, fields) == {"messages": "Hi"}
    assert normalize_inputs({"prompt": "Hi", "messages": "Ho"}, fields) == {
        "prompt": "Hi",
        "messages": "Ho",
    }
