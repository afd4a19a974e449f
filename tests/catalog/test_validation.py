# ruff: noqa: E501 - the sentences under test are long
from __future__ import annotations

from collections import UserDict
from pathlib import Path
from types import SimpleNamespace

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from segmind_widgets.catalog.catalog import Catalog, check, with_seed
from segmind_widgets.catalog.validation import iter_errors
from segmind_widgets.errors import InputError
from segmind_widgets.types import Model

PICTURE = Image.new("RGB", (1, 1))


def model(required=(), **properties):
    return Model(
        "m", schema={"type": "object", "required": list(required), "properties": properties}
    )


def problems(slug, **inputs):
    return [note.message for note in check(Catalog().find(slug), inputs).problems]


# --- What is certainly wrong


@pytest.mark.parametrize(
    ("slug", "inputs", "said"),
    [
        ("flux-schnell", {}, "`prompt` is required."),
        ("instantid", {"prompt": "x"}, "`face_image` is required."),
        ("instantid", {"guidance_scale": 30}, "`guidance_scale` must be at most 25, not 30."),
        ("flux-schnell", {"steps": 0}, "`steps` must be at least 1, not 0."),
        ("flux-schnell", {"steps": 2.5}, "`steps` takes a whole number, not 2.5."),
        ("flux-schnell", {"steps": True}, "`steps` takes a whole number, not true."),
        ("flux-schnell", {"steps": "many"}, '`steps` takes a whole number, not the text "many".'),
        ("flux-schnell", {"steps": [4]}, "`steps` takes a whole number, not a list."),
        ("flux-schnell", {"prompt": None}, "`prompt` is empty: give it a value."),
        ("flux-schnell", {"denoise": float("nan")}, "`denoise` must be a finite number, not nan."),
        ("flux-schnell", {"width": 1001}, "`width` must be a multiple of 8, not 1001; 1000 is near."),
        ("flux-schnell", {"prompt": {"a": 1}}, "`prompt` takes text, not a mapping."),
        ("nano-banana", {"aspect_ratio": "16x9"}, "`aspect_ratio` must be one of 1:1, 2:3, 3:2, 4:3, 3:4, 4:5, 5:4, 9:16, 16:9, 21:9, not 16x9; did you mean 16:9?"),
        ("esrgan", {"scale": 3}, "`scale` must be one of 2, 4, 8, not 3."),
        ("esrgan", {"scale": True}, "`scale` takes a whole number, not true."),
        ("bg-removal-v2", {"custom_color": "red"}, '`custom_color` must look like 255,128,0, not the text "red".'),
        ("seedance-2.0", {"reference_images": [Path("a")] * 10}, "`reference_images` takes at most 9 entries, not 10."),
        ("gpt-4o", {"messages": []}, "`messages` takes at least 1 entries, not 0."),
        ("gpt-4o", {"messages": [{"role": "user"}]}, "`messages[0].content` is required."),
        ("gpt-4o", {"messages": [{"role": "usr", "content": "x"}]}, "`messages[0].role` must be one of system, user, assistant, not usr; did you mean user?"),
        # files, and text where a file belongs
        ("flux-schnell", {"prompt": PICTURE}, "`prompt` takes text, not an image."),
        ("flux-schnell", {"prompt": Path("cat.png")}, "`prompt` takes text, not the file cat.png."),
        ("flux-schnell", {"steps": b"x"}, "`steps` takes a whole number, not a Python bytes."),
        ("nano-banana", {"image_urls": [Path("a"), "b.png"]}, "`image_urls[1]` takes an image or its URL, not the text `b.png`. For your own file, write `file:b.png` in a cell, or upload it first."),
        ("esrgan", {"image": "cat.png"}, "`image` takes an image or its URL, not the text `cat.png`. For your own file, write `file:cat.png` in a cell, or upload it first."),
        ("esrgan", {"image": "file:///cat.png"}, "`image` takes an image or its URL, not the text `file:///cat.png`. For your own file, write `file:///cat.png` in a cell, or upload it first."),
        ("esrgan", {"image": 5}, "`image` takes an image, not 5."),
        ("esrgan", {"image": "iVBORw0KGgo" * 9}, "`image` takes an image or its URL, not the text `" + ("iVBORw0KGgo" * 9)[:60]),
        ("sdxl-inpaint", {"mask": "cat"}, "`mask` takes an image or its URL, not the text `cat`."),
        ("esrgan", {"image": SimpleNamespace(media_type="video/mp4")}, "`image` takes an image, not a video."),
        ("chatterbox-tts", {"reference_audio": PICTURE}, "`reference_audio` takes an audio file, not an image."),
    ],
)  # fmt: skip
def test_problems_are_plain_sentences(slug, inputs, said):
    found = problems(slug, **inputs)
    assert any(message.startswith(said) for message in found), found


def test_each_problem_names_its_field():
    checked = check(Catalog().find("gpt-4o"), {"messages": [{"role": "x"}], "temperature": 9})
    assert {note.field for note in checked.problems} == {"messages", "temperature"}


def test_one_problem_is_not_said_twice():
    assert len(problems("esrgan", image="cat.png")) == 1
    assert len(problems("esrgan", image="https://a.b", quality=2.5)) == 1
    assert len(problems("nano-banana", prompt=PICTURE)) == 1


def test_problems_are_raised_together():
    with pytest.raises(InputError) as caught:
        check(Catalog().find("esrgan"), {"imag": "https://a.b", "quality": 1}).raise_for_problems()
    assert "`image` is required." in caught.value.message
    assert "`quality` must be at least 10" in caught.value.message
    assert "did you mean `image`? Nothing was sent." in caught.value.hint
    check(Catalog().find("esrgan"), {"image": "https://a.b"}).raise_for_problems()


# --- What only looks wrong


def test_unknown_parameters_are_sent_with_a_warning():
    checked = check(Catalog().find("flux-schnell"), {"prompt": "x", "sede": 5, "zzz": PICTURE})
    assert [str(note) for note in checked.warnings] == [
        "`sede` is not a known parameter of flux-schnell; did you mean `seed`? It is sent unchanged.",
        "`zzz` is not a known parameter of flux-schnell. It is sent unchanged.",
    ]
    assert [note.field for note in checked.warnings] == ["sede", "zzz"]
    assert checked.problems == ()
    assert checked.inputs == {"prompt": "x", "sede": 5, "zzz": PICTURE}


def test_without_a_schema_everything_passes():
    inputs = {"anything": PICTURE, "n": float("nan")}
    checked = check(Model("unknown"), inputs)
    assert checked.inputs == inputs
    assert checked.inputs is not inputs
    assert not checked.problems
    assert not checked.warnings


# --- Files


@pytest.mark.parametrize(
    "value",
    [
        Path("cat.png"),
        PICTURE,
        b"png",
        SimpleNamespace(media_type="image/png"),
        SimpleNamespace(media_type="application/octet-stream"),
        object(),
        "https://x.y/cat.png",
        "HTTP://x.y/cat.png",
        "data:image/png;base64,AAAA",
    ],
)
def test_files_and_addresses_fit_media_fields_untouched(value):
    for slug, name, sent in (
        ("esrgan", "image", value),
        ("clarity-upscaler", "image", value),
        ("nano-banana", "image_urls", [value]),
    ):
        checked = check(Catalog().find(slug), {"prompt": "x", name: value})
        assert checked.problems == ()
        assert checked.inputs[name] == sent


def test_bare_base64_fits_the_older_models():
    assert problems("sdxl-inpaint", image="iVBORw0KGgo" * 9, mask=PICTURE, prompt="x") == []


def test_files_deep_inside_are_left_alone():
    content = [{"type": "image_url", "image_url": {"url": PICTURE}}]
    checked = check(Catalog().find("gpt-4o"), {"messages": [{"role": "user", "content": content}]})
    assert checked.problems == ()
    assert checked.inputs["messages"][0]["content"][0]["image_url"]["url"] is PICTURE


# --- Harmless coercions

INTEGER, NUMBER, TEXT = {"type": "integer"}, {"type": "number"}, {"type": "string"}


@pytest.mark.parametrize(
    ("schema", "value", "sent"),
    [
        (INTEGER, "5", 5),
        (INTEGER, "-1", -1),
        (INTEGER, 5.0, 5),
        (NUMBER, "0.5", 0.5),
        (NUMBER, "1e-3", 0.001),
        (NUMBER, "7", 7),
        (NUMBER, 7, 7),
        (TEXT, 5, "5"),
        (TEXT, 5.0, "5"),
        (TEXT, 0.5, "0.5"),
        ({"type": "boolean"}, "true", True),
        ({"type": "boolean"}, "False", False),
        ({"type": "integer", "enum": [4, 6]}, "6", 6),
        ({"enum": [4, 6]}, "6", 6),
        ({"enum": ["4", "6"]}, 6, "6"),
        ({"type": "string", "enum": ["true", "false"]}, True, "true"),
        ({"type": "array", "items": TEXT}, "a", ["a"]),
        ({"type": "array", "items": INTEGER}, ("1", 2.0), [1, 2]),
        ({"type": "array", "items": {"type": "object"}}, {"a": 1}, [{"a": 1}]),
        ({"type": "object", "properties": {"n": INTEGER}}, UserDict(n="1", m="1"), {"n": 1, "m": "1"}),
        ({"type": ["string", "array"], "items": TEXT}, "a", "a"),
        ({"type": ["integer", "null"]}, None, None),
        ({"type": ["integer", "null"]}, "5", 5),
        ({}, "5", "5"),
    ],
)  # fmt: skip
def test_values_take_the_schemas_own_type(schema, value, sent):
    checked = check(model(x=schema), {"x": value})
    assert checked.problems == ()
    assert checked.inputs == {"x": sent}
    assert type(checked.inputs["x"]) is type(sent)


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (INTEGER, "5.5"),
        (INTEGER, "five"),
        (INTEGER, "0x1F"),
        (INTEGER, "1_000"),
        (INTEGER, "٣"),
        (INTEGER, ""),
        (INTEGER, 5.5),
        (NUMBER, "nan"),
        (NUMBER, "inf"),
        (NUMBER, "1e999"),
        (TEXT, True),
        (TEXT, ["a"]),
        ({"type": "boolean"}, "yes"),
        ({"type": "boolean"}, 1),
        ({"type": "integer", "enum": [1]}, True),
        ({"type": "string", "enum": ["2K"]}, "2k"),
    ],
)
def test_what_might_mean_something_else_is_not_changed_but_said(schema, value):
    checked = check(model(x=schema), {"x": value})
    assert checked.inputs == {"x": value}
    assert [note.field for note in checked.problems] == ["x"]


@pytest.mark.parametrize("schema", [INTEGER, NUMBER, TEXT, {"type": "array"}, {"format": "uri"}])
def test_the_null_of_an_optional_input_is_left_out(schema):
    checked = check(model(x=schema, y=TEXT), {"x": None, "y": "a", "unknown": None})
    assert checked.inputs == {"y": "a", "unknown": None}
    assert checked.problems == ()


def test_a_null_is_kept_where_it_means_something():
    checked = check(model(["y"], x={"type": ["string", "null"]}, y=TEXT), {"x": None, "y": None})
    assert checked.inputs == {"x": None, "y": None}
    assert [note.message for note in checked.problems] == ["`y` is empty: give it a value."]


def test_numbers_of_other_kinds_become_pythons():
    from fractions import Fraction

    checked = check(model(x=NUMBER), {"x": Fraction(1, 2)})
    assert checked.inputs == {"x": 0.5}
    assert type(checked.inputs["x"]) is float


def test_the_given_inputs_are_never_changed():
    inputs = {"messages": [{"role": "user", "content": "x"}], "temperature": "1"}
    check(Catalog().find("gpt-4o"), inputs)
    assert inputs == {"messages": [{"role": "user", "content": "x"}], "temperature": "1"}


# --- A prompt for models that call it otherwise


def test_plain_text_finds_its_place():
    talk = check(Catalog().find("chatterbox-tts"), {"prompt": "Hello.", "seed": 1})
    assert talk.inputs == {"text": "Hello.", "seed": 1}
    chat = check(Catalog().find("gpt-4o"), {"prompt": "Hello."})
    assert chat.inputs == {"messages": [{"role": "user", "content": "Hello."}]}
    assert not talk.problems
    assert not talk.warnings
    assert not chat.problems


def test_a_prompt_beside_the_real_name_is_only_unknown():
    checked = check(Catalog().find("chatterbox-tts"), {"prompt": "a", "text": "b"})
    assert checked.inputs == {"prompt": "a", "text": "b"}
    assert checked.warnings[0].field == "prompt"


# --- Seeds


def test_a_new_seed_each_time_unless_one_is_set():
    flux, kling = Catalog().find("flux-schnell"), Catalog().find("kling-2.1")
    assert with_seed(flux, {"prompt": "x"}) == {"prompt": "x", "seed": -1}
    assert with_seed(flux, {"seed": None}) == {"seed": -1}
    assert with_seed(flux, {"seed": 7}) == {"seed": 7}
    assert with_seed(flux, {"seed": 0}) == {"seed": 0}
    assert with_seed(kling, {}) == {}
    assert with_seed(Model("unknown"), {}) == {}
    assert with_seed(model(seed={"type": "integer", "minimum": 0}), {}) == {}
    assert with_seed(model(seed={"type": ["integer", "null"]}), {}) == {"seed": -1}
    assert with_seed(model(seed={"type": "string"}), {}) == {}


# --- faults, held against jsonschema

small = st.integers(-3, 6)
values = st.recursive(
    st.none()
    | st.booleans()
    | small
    | st.sampled_from([0.5, 1.5, 2.5])
    | st.text("ab1", max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner),
    max_leaves=6,
)
kinds = st.sampled_from(["string", "integer", "number", "boolean", "array", "object", "null"])
counts = st.integers(0, 3)
flat = {
    "type": kinds | st.lists(kinds, min_size=1, max_size=3, unique=True),
    "enum": st.lists(st.none() | st.booleans() | small | st.text("ab1", max_size=2), min_size=1),
    "minimum": small,
    "maximum": small,
    "exclusiveMinimum": small,
    "exclusiveMaximum": small,
    "multipleOf": st.sampled_from([0.5, 1, 2, 3]),
    "minLength": counts,
    "maxLength": counts,
    "minItems": counts,
    "maxItems": counts,
    "pattern": st.sampled_from(["a", "^b", r"\d$"]),
    "required": st.lists(st.sampled_from("ab"), unique=True),
}
schemas = st.recursive(
    st.fixed_dictionaries({}, optional=flat),
    lambda inner: st.fixed_dictionaries(
        {"items": inner, "properties": st.dictionaries(st.sampled_from("ab"), inner)}, optional=flat
    ),
    max_leaves=4,
)


@given(schemas, values)
@settings(max_examples=600, deadline=None)
def test_faults_agree_with_jsonschema(schema, value):
    found = list(iter_errors(value, schema))
    assert bool(found) is not jsonschema.Draft202012Validator(schema).is_valid(value), found
    assert all(said.endswith((".", "?")) for _, said in found)


def test_steps_that_are_not_exact_in_binary():
    assert list(iter_errors(0.3, {"multipleOf": 0.1})) == []
    assert list(iter_errors(10**400, {"multipleOf": 8})) == []
    assert list(iter_errors(0.38, {"multipleOf": 0.1})) == [
        ((), "must be a multiple of 0.1, not 0.38; 0.4 is near.")
    ]
