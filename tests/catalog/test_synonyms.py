"""The words that people type into a search, and the models that they look for."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmind_widgets.catalog.catalog import MODALITIES, Catalog, kinds
from segmind_widgets.catalog.synonyms import named, stem, stems, tasks
from segmind_widgets.types import Model

_ROWS = (Path(__file__).parent / "searched_models.tsv").read_text("utf-8").splitlines()[1:]
DESCRIPTIONS = {  # ours, for models whose names do not say their task
    "bria-erase-video": "Remove unwanted objects from videos, and fill the gap.",
    "eleven-labs-transcript": "Transcribe audio, with the names of the speakers.",
    "flux-redux-dev": "An image variation in the same style.",
    "ic-light": "Relight your images: change the direction and the color of the light.",
    "idm-vton": "Virtual try-on of clothes on a photo of a person.",
    "sadtalker": "Lip synchronization: a portrait speaks with your audio.",
    "sam-img2img": "Object masks of everything in a photo.",
    "sd1.5-controlnet-openpose": "A new image with the human pose of a photo.",
}
DIRECTORY = [
    Model(
        slug=slug,
        name=slug.replace("-", " "),
        modality=modality,
        description=DESCRIPTIONS.get(slug, ""),
    )
    for slug, modality in (row.split("\t") for row in _ROWS)
]
CATALOG = Catalog(DIRECTORY)

OF_DESCRIPTIONS = {
    "super-resolution": "esrgan",
    "removes the background": "bg-removal",
    "transparent PNG cutout": "bria-extract-object",
    "product cutouts": "bria-product-cutout",
    "face restoration": "codeformer",
    "old photos": "codeformer",
    "object removal": "bria-eraser",
    "remove unwanted objects from videos": "bria-erase-video",
    "virtual try-on": "idm-vton",
    "super resolution upscaler": "esrgan",
    "lip synchronization": "sadtalker",
    "voice cloning": "openvoice",
    "image variation": "flux-redux-dev",
    "object masks": "sam-img2img",
    "captions": "llava-v1.6",
    "sound effects": "sonilo-text-to-audio",
    "human pose": "sd1.5-controlnet-openpose",
    "relight your images": "ic-light",
    "transcribe audio": "eleven-labs-transcript",
    "extend clips": "flux-3-extend-video",
}
OF_MENUS = {
    "Remove Background": "bg-removal-v2",  # Photoshop, Canva
    "Generative Fill": "bria-gen-fill",  # Photoshop
    "Generative Expand": "bria-expand-image",  # Photoshop
    "Super Resolution": "esrgan",  # Camera Raw
    "Content-Aware Fill": "flux-fill-pro",  # Photoshop
    "Select Subject": "sam3-image",  # Photoshop
    "Spot Healing": "magic-eraser",  # Photoshop
    "Neural Filters": "style-transfer",  # Photoshop
    "Hires. fix": "esrgan",  # A1111
    "img2img": "sdxl-img2img",  # A1111
    "CLIP interrogator": "llava-v1.6",  # A1111
    "ADetailer": "face-detailer",  # A1111
    "ReActor": "faceswap-v5",  # A1111, ComfyUI
    "IPAdapter": "style-transfer",  # ComfyUI
    "rembg": "bg-removal",  # ComfyUI
    "Vary Region": "sdxl-inpaint",  # Midjourney
    "Zoom Out": "focus-outpaint",  # Midjourney
    "Magic Eraser": "magic-eraser",  # Canva
    "Auto captions": "veed-subtitles",  # CapCut
    "Cutout": "bria-product-cutout",  # CapCut
}
OWN = {
    "upscale": "esrgan",
    "upscaling": "esrgan",
    "make a photo bigger": "esrgan",
    "sharpen": "clarity-upscaler",
    "enlarge video": "topaz-video-upscale",
    "remove the background from my photo": "bg-removal",
    "video background remover": "veed-video-background-removal",
    "swapping faces": "faceswap-v2",
    "text to speech": "myshell-tts",
    "speech to text": "eleven-labs-transcript",
    "voice over": "chatterbox-tts",
    "song": "ace-step-music",
    "talking avatar": "sadtalker",
    "outpainting": "sd1.5-outpaint",
    "remove watermark": "magic-eraser",
    "selfie": "instantid",
    "3d mesh": "hunyuan-3d-2",
    "translate": "google-translate",
    "clothes": "segfit-v1.3",
    "logo with lettering": "recraft-v3",
}


def found(query: str, catalog: Catalog = CATALOG) -> list[str]:
    return [model.slug for model in catalog.search(query)]


def test_there_are_sixty_searches():
    assert [len(group) for group in (OF_DESCRIPTIONS, OF_MENUS, OWN)] == [20, 20, 20]
    assert len(OF_DESCRIPTIONS | OF_MENUS | OWN) == 60


@pytest.mark.parametrize(("query", "slug"), list((OF_DESCRIPTIONS | OF_MENUS | OWN).items()))
def test_a_model_is_found_by_what_it_does(query, slug):
    assert slug in found(query)[:5]


@pytest.mark.parametrize(
    ("query", "slug"),
    [
        ("upscale", "esrgan"),
        ("remove background", "bg-removal-v2"),
        ("cutout", "bg-removal-v2"),
        ("hires fix", "esrgan"),
        ("bring to life", "kling-2.1"),
        ("song", "ace-step-music"),
        ("text to speech", "myshell-tts"),
        ("magic edit", "sdxl-inpaint"),
    ],
)
def test_the_built_in_models_are_found_by_what_they_do_too(query, slug):
    assert slug in found(query, Catalog())


def test_a_model_is_the_first_for_its_own_name():
    models = [model for model in CATALOG if model.listed][::5]
    assert [m.slug for m in models if m.slug not in found(m.slug)[:1]] == []


@pytest.mark.parametrize("query", ["esrgan", "kling", "seedream", "supir"])
def test_a_name_of_a_model_does_not_list_others_that_do_the_same(query):
    assert all(query in f"{m.slug} {m.name} {m.description}".lower() for m in CATALOG.search(query))


@pytest.mark.parametrize("query", ["xyzzy plugh", "upscale xyzzy", "cutout of a plughxyz"])
def test_an_unknown_word_finds_nothing(query):
    assert found(query) == []


def test_a_modality_keeps_to_its_models():
    models = CATALOG.search("upscale", "video")
    assert models[0].slug in ("flashvsr", "topaz-video-upscale", "esrgan-video-upscaler")
    assert "esrgan" not in [model.slug for model in models]


def test_directions_are_told_apart():
    assert "transcribe" in kinds(CATALOG.search("speech to text")[0].modality)
    speakers = CATALOG.search("text to speech")[:5]
    assert not [model.slug for model in speakers if "transcribe" in kinds(model.modality)]


@pytest.mark.parametrize(
    "words",
    [
        ("remove", "remover", "removal", "removing", "removed", "removes"),
        ("upscale", "upscaler", "upscaling"),
        ("swap", "swapper", "swapping", "swaps"),
        ("animate", "animation", "animating", "animates"),
        ("enhance", "enhancement", "enhancer"),
        ("colorize", "colorization"),
    ],
)
def test_the_forms_of_a_word_have_one_stem(words):
    assert len({stem(word) for word in words}) == 1


@given(st.from_regex(r"[a-z0-9]{1,20}", fullmatch=True))
def test_a_stem_begins_its_word_and_is_not_empty(word):
    assert word.startswith(stem(word))
    assert stem(word)


def test_every_phrase_of_the_table_is_read_and_names_its_task():
    for task in tasks():
        assert task.kinds <= set(MODALITIES)
        assert task.marks or task.is_kind
        for phrase in (*task.queries, *task.marks):
            assert phrase, task
        for phrase in task.queries:
            assert task in [found for found, _ in named(phrase)]
    assert stems("Remove the Background!") == ("remov", "background")
