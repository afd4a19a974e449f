from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmind_widgets.catalog import catalog
from segmind_widgets.catalog.catalog import Catalog, check, kinds, parse_directory, parse_parameters
from segmind_widgets.schemas import RULES
from segmind_widgets.types import Model

CATALOG = Path(catalog.__file__).parent
BUILT_IN = json.loads((CATALOG / "models.json").read_text("utf-8"))
ALL = [(provider, slug) for provider, models in BUILT_IN.items() for slug in models]

DIRECTORY = """\
# Models

> About 3 of them | really.

## Image-to-Image Transformation

| Model | Slug | Description | Modality | Avg Cost | Avg Latency | API Docs |
| --- | --- | --- | --- | --- | --- | --- |
| Ink Wash | ink-wash-2.1 | Paints in ink. | Text-to-Image Generation | $0.04 | 13.06s | [llms.txt](https://x.y/models/ink-wash-2.1/llms.txt) |
| Big Upscaler | big_Upscaler | Makes it larger.

 Much larger.
  | imageTOImage | $1.5e-05 | - | [llms.txt](https://x.y/models/big_Upscaler/llms.txt) |
| Pipes | Pro | pipes-pro | Red | green \\| blue | videoToVideo | - | 90s | [llms.txt](https://x.y/models/pipes-pro/llms.txt) |

## Stray

| model | slug | description | modality | avg cost | avg latency | api docs |
| Ink Wash again | ink-wash-2.1 | A duplicate. | voice | $9 | 9s | - |
| Strange | strange | | audioToAudio | free | soon | |
| Cut off | cut-off | ends here
| Last | last-one | The last. | Text Generation (LLM) | $0.5 | 1s | - |
"""  # noqa: E501 - rows of the real one are long


# --- The built-in models


@pytest.mark.parametrize(("provider", "slug"), ALL)
def test_each_built_in_model_is_sound(provider, slug):
    model = Catalog().find(slug, provider)
    assert model is not None
    assert model.schema is not None
    jsonschema.Draft202012Validator.check_schema(model.schema)
    properties = model.schema["properties"]
    assert set(model.schema["required"]) <= set(properties)
    assert model.name
    assert kinds(model.modality)
    assert model.description.endswith(".")
    for name, schema in properties.items():
        assert schema["description"].endswith("."), name
        if "default" in schema:
            jsonschema.validate(schema["default"], schema)
        for example in schema.get("examples", ()):
            jsonschema.validate(example, schema)
        if name == "seed":
            known = schema["type"], schema["minimum"], schema.get("default")
            assert known in (("integer", -1, -1), ("integer", 0, None))
        if schema.get("enum") and schema["type"] == "integer":
            assert all(isinstance(choice, int) for choice in schema["enum"])


def test_the_models_of_the_protocol_are_there():
    segmind = """seedream-4.5 nano-banana nano-banana-2 flux-schnell fast-flux-schnell flux-dev
        sdxl1.0-newreality-lightning sdxl1.0-realvis instantid face-to-sticker bg-removal-v2 esrgan
        clarity-upscaler sd1.5-inpainting sdxl-inpaint seedance-2.0 kling-2.1 veo-3.1 myshell-tts
        chatterbox-tts ace-step-music gpt-4o llama-v3p1-8b-instruct"""
    newer = """kling-3-standard-image2video kling-3-pro-image2video flux-kontext-pro flux-2-pro
        gpt-image-2 gpt-image-1.5"""
    assert set(f"{segmind} {newer}".split()) <= set(BUILT_IN["segmind"])
    assert "gemini-3-pro-image-preview" in BUILT_IN["apimart"]


def test_files_are_marked():
    def media(slug):
        schema = Catalog().find(slug).schema
        found = {name: catalog.media_type(inner) for name, inner in schema["properties"].items()}
        return {name: kind for name, kind in found.items() if kind}

    assert media("kling-2.1") == {"image": "image/*"}
    assert media("chatterbox-tts") == {"reference_audio": "audio/*"}
    assert media("seedream-4.5") == {"image_input": "image/*"}
    assert media("sdxl-inpaint") == {"image": "image/*", "mask": "image/*"}
    assert media("flux-schnell") == {}


# --- The catalog


def test_find_knows_providers_and_is_kind_about_case():
    models = Catalog([Model("flux-schnell", name="Theirs", provider="apimart")])
    assert models.find("flux-schnell").provider == "segmind"
    assert models.find(" Flux-Schnell ", "apimart").name == "Theirs"
    assert models.find("flux-schnell", "nobody") is None
    assert models.find("flux-schnel") is None


def test_live_rows_win_and_built_in_schemas_stay():
    row = Model("esrgan", name="ESRGAN 2", modality="imageTOImage", cost=0.5)
    model = Catalog([row]).find("esrgan")
    assert (model.name, model.modality, model.cost) == ("ESRGAN 2", "imageTOImage", 0.5)
    assert model.seconds == BUILT_IN["segmind"]["esrgan"]["seconds"]
    assert model.description == BUILT_IN["segmind"]["esrgan"]["description"]
    assert model.schema == BUILT_IN["segmind"]["esrgan"]["schema"]
    assert Catalog().find("esrgan").name == "ESRGAN"


def test_a_live_schema_wins():
    schema = {"type": "object", "properties": {"prompt": {"type": "string"}}}
    row = Model("gemini-3-pro-image-preview", provider="apimart", schema=schema)
    assert Catalog([row]).find(row.slug).schema == schema


def test_live_rows_add_models():
    models = Catalog(parse_directory(DIRECTORY))
    assert len(models) == len(list(Catalog())) + 5
    assert len(list(models)) == len(models)
    assert models.find("ink-wash-2.1").schema is None


def slugs(models):
    return [model.slug for model in models]


def test_search_ranks():
    found = slugs(Catalog().search("flux-schnell"))
    assert found[:2] == ["flux-schnell", "fast-flux-schnell"]
    assert slugs(Catalog().search("flux"))[:2] == ["flux-dev", "flux-pro"]
    assert slugs(Catalog().search("flux schnell"))[0] == "flux-schnell"
    assert slugs(Catalog().search("Veo 3.1"))[0] == "veo-3.1"
    assert slugs(Catalog().search("banana"))[:2] == ["nano-banana", "nano-banana-2"]
    assert slugs(Catalog().search("sticker portrait")) == ["face-to-sticker"]
    assert slugs(Catalog().search("nano-bananna"))[0] == "nano-banana"
    assert Catalog().search("xyzzy plugh") == []


def test_search_without_words_lists_all_that_fit():
    premium = json.loads((CATALOG / "premium.json").read_text("utf-8"))["names"]
    assert {m.slug for m in Catalog().search()} == {slug for _, slug in ALL} - set(premium)
    inpainting = {"sdxl-inpaint", "sd1.5-inpainting", "try-on-diffusion"}
    assert set(slugs(Catalog().search(modality="inpaint"))) == inpainting
    assert set(slugs(Catalog().search(provider="apimart"))) == set(BUILT_IN["apimart"])
    assert slugs(Catalog().search("flux", modality="video")) == []


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("nano-bananna", "nano-banana"),
        ("seedream4.5", "seedream-4.5"),
        ("flux schnell", "flux-schnell"),
        ("Flux-Schnel", "flux-schnell"),
        ("fluxdev", "flux-dev"),
        ("sdxl_inpaint", "sdxl-inpaint"),
        ("esrgann", "esrgan"),
        ("kling", "kling-2"),
        ("seedance2", "seedance-2.0"),
        ("ace", "ace-step-music"),
    ],
)
def test_suggest(typed, meant):
    assert Catalog().suggest(typed)[0] == meant


def test_suggest_is_silent_rather_than_wrong():
    assert Catalog().suggest("xyzzy") == []
    assert Catalog().suggest("flux-schnel", provider="apimart") == []
    assert len(Catalog().suggest("flux")) <= 3


# --- Modalities


@pytest.mark.parametrize(
    ("modality", "words"),
    [
        ("Text-to-Image Generation", "image"),
        ("Image-to-Image Transformation", "image edit"),
        ("imageTOImage", "image edit"),
        ("Image Inpainting", "image edit inpaint"),
        ("Image-to-Video Generation", "video animate"),
        ("Text-to-Video Generation", "video"),
        ("videoToVideo", "video"),
        ("Text-to-Audio Generation", "audio"),
        ("Video-to-Audio Generation", "audio"),
        ("audioToAudio", "audio"),
        ("voice", "audio"),
        ("Text Generation (LLM)", "text llm"),
        ("Image-to-Text (Vision)", "text vision"),
        ("Audio-to-Text (Transcription)", "text transcribe"),
        ("videoToText", "text"),
        ("imageTo3d", "3d"),
        ("textToEmbed", "embed"),
        ("image", "image"),
        ("video", "video"),
        ("", ""),
    ],
)
def test_kinds(modality, words):
    assert kinds(modality) == set(words.split())


@pytest.mark.parametrize("word", ["video", "videos", "Text-to-Video", "texttovideo", "film"])
def test_search_takes_short_and_long_words_for_a_modality(word):
    rows = [Model("a", modality="Text-to-Video Generation"), Model("b", modality="imageTo3d")]
    found = slugs(Catalog(rows).search(modality=word))
    assert "a" in found
    assert "b" not in found


# --- Segmind's directory


def test_directory():
    assert parse_directory(DIRECTORY) == [
        Model("ink-wash-2.1", "Ink Wash", "segmind", "Text-to-Image Generation", "Paints in ink.",
              0.04, 13.06),
        Model("big_Upscaler", "Big Upscaler", "segmind", "imageTOImage",
              "Makes it larger. Much larger.", 1.5e-05, None),
        Model("pipes-pro", "Pipes | Pro", "segmind", "videoToVideo",
              "Red | green | blue", None, 90.0),
        Model("strange", "Strange", "segmind", "audioToAudio", "", None, None),
        Model("last-one", "Last", "segmind", "Text Generation (LLM)", "The last.", 0.5, 1.0),
    ]  # fmt: skip


@given(st.text(st.sampled_from("ab-|\n\\$#1.s [](/)\x85"), max_size=200) | st.text())
@settings(max_examples=300)
def test_any_text_is_a_directory(text):
    for row in parse_directory(f"| A | a | d | m | $1 | 2s | - |\n{text}"):
        assert re.fullmatch(r"[\w.-]+", row.slug)
        assert row.cost is None or row.cost >= 0


# --- APIMart's records


def test_parameters():
    record = {
        "id": "painter-2",
        "category": "image",
        "description": "Paints.",
        "parameters": {
            "input_schema": {
                "type": "object",
                "required": ["prompt", "gone"],
                "properties": {
                    "prompt": {"type": "string", "description": "Words.", "minLength": 1},
                    "n": {"type": "int", "minimum": 1, "maximum": "four", "default": 1},
                    "strength": {"type": "float", "multipleOf": 0, "required": True},
                    "size": {"type": "string", "enum": ["1:1", {"value": "16:9", "label": "Wide"}]},
                    "image_urls": {"type": "array", "maxItems": 4},
                    "reference_videos": {"type": "array", "items": {"type": "object"}},
                    "tags": {"type": "array", "items": {"type": "str", "maxLength": 9}},
                    "anything": {"type": "array"},
                    "mask": {"type": "string"},
                    "image_size": {"type": "string", "pattern": "(a|a)*$"},
                    "style": {"type": "select", "unknown": 1},
                    "seed": {"type": ["integer", "int", "null"]},
                    "bad": "string",
                },
            }
        },
    }
    model = parse_parameters(record)
    assert (model.slug, model.provider, model.modality) == ("painter-2", "apimart", "image")
    file = {"format": "uri", "contentMediaType": "image/*", "type": "string"}
    assert model.schema == {
        "type": "object",
        "required": ["prompt", "strength"],
        "properties": {
            "prompt": {"type": "string", "description": "Words.", "minLength": 1},
            "n": {"type": "integer", "minimum": 1, "default": 1},
            "strength": {"type": "number"},
            "size": {"type": "string", "enum": ["1:1", "16:9"]},
            "image_urls": {"type": "array", "maxItems": 4, "items": file},
            "reference_videos": {"type": "array", "items": {**file, "contentMediaType": "video/*"}},
            "tags": {"type": "array", "items": {"type": "string", "maxLength": 9}},
            "anything": {"type": "array"},
            "mask": file,
            "image_size": {"type": "string"},
            "style": {},
            "seed": {"type": ["integer", "null"]},
        },
    }
    assert check(model, {"prompt": "x", "strength": 1, "n": 0}).problems[0].field == "n"


@pytest.mark.parametrize(
    "rest",
    [
        {},
        {"parameters": None},
        {"parameters": []},
        {"parameters": {"input_schema": []}},
        {"parameters": {"input_schema": {"properties": None}}},
        {"parameters": {"input_schema": {"properties": {}}}},
        {"parameters": {"input_schema": {"properties": {"a": 1}}}},
        {"category": 5, "name": None, "description": ["a"]},
    ],
)
def test_records_without_parameters_have_no_schema(rest):
    assert parse_parameters({"id": "x", **rest}) == Model("x", provider="apimart")


@pytest.mark.parametrize("record", [{}, {"id": None}, {"id": ""}, {"id": 5}])
def test_records_without_an_id_are_none(record):
    assert parse_parameters(record) is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)
KEYWORDS = """
    type enum minimum multipleOf maxItems minLength pattern items default required
"""
keywords = st.sampled_from(KEYWORDS.split())


@given(
    st.dictionaries(st.sampled_from(["image_url", "n"]), st.dictionaries(keywords, json_values)),
    json_values,
    json_values,
)
@settings(max_examples=300, deadline=None)
def test_any_record_gives_a_schema_that_can_be_checked(properties, required, value):
    schema = {"properties": properties, "required": required}
    model = parse_parameters({"id": "x", "parameters": {"input_schema": schema}})
    if model.schema:
        jsonschema.Draft202012Validator.check_schema(model.schema)
    check(model, {"image_url": value, "n": value})


# --- Cost of importing


def test_importing_the_catalog_and_checking_needs_no_slow_package():
    code = (
        "import sys; from segmind_widgets.catalog.catalog import Catalog;"
        "from segmind_widgets.catalog.validation import check;"
        "check(Catalog().find('esrgan'), {'image': 'https://a.b', 'scale': '2'});"
        "print({'jsonschema', 'yaml', 'requests', 'IPython', 'PIL'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


PREMIUM = json.loads((CATALOG / "premium.json").read_text("utf-8"))["names"]


def test_sixteen_models_are_premium():
    assert len(PREMIUM) == len(set(PREMIUM)) == 16
    assert PREMIUM[0] == "gpt-4"
    assert PREMIUM[-1] == "mixtral-8x7b-instruct"


@pytest.mark.parametrize("slug", PREMIUM)
def test_premium_models_of_the_index_page_are_known_and_not_listed(slug):
    model = Catalog().find(slug)
    assert (model.premium, model.listed) == (True, False)
    assert slug not in slugs(Catalog().search(slug))
    assert slug not in Catalog().suggest(slug)
    sent = check(model, {"prompt": "Hello."}).inputs
    assert sent == {"messages": [{"role": "user", "content": "Hello."}]}


def test_a_premium_model_that_the_directory_has_is_in_lists():
    catalog = Catalog([Model("gpt-4o", name="GPT-4o", modality="Text Generation")])
    model = catalog.find("gpt-4o")
    assert (model.premium, model.listed) == (True, True)
    assert "gpt-4o" in slugs(catalog.search("gpt"))


# --- the built-in models


NAMED = [model for model in Catalog() if model.name]  # others are premium models, known by name


@pytest.mark.parametrize(("provider", "least"), [("segmind", 40), ("apimart", 12)])
def test_there_are_many_built_in_models(provider: str, least: int) -> None:
    assert sum(model.provider == provider for model in NAMED) >= least


@pytest.mark.parametrize("model", NAMED, ids=lambda model: f"{model.provider}/{model.slug}")
def test_a_built_in_model_has_a_valid_schema_and_its_source(model: Model) -> None:
    assert model.source.startswith(("https://www.segmind.com/models/", "https://docs.apimart.ai/"))
    assert model.schema is not None
    assert model.description.endswith(".")
    assert set(model.schema["required"]) <= model.schema["properties"].keys()
    for name, schema in model.schema["properties"].items():
        assert schema["description"].endswith("."), name
        assert all(RULES[key](value) for key, value in schema.items() if key in RULES), name
        if "default" in schema:
            plain = {"type": "object", "properties": {name: schema}}
            assert not check(Model("m", schema=plain), {name: schema["default"]}).problems, name
