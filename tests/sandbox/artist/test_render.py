"""What the artist returns: sizes, formats, repeatability, the words of the prompt."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image, ImageChops, ImageStat

from segmind_widgets.sandbox.artist import render
from segmind_widgets.sandbox.artist.prompt.brief import read
from segmind_widgets.sandbox.artist.styles.imprint import SOFTWARE
from segmind_widgets.sandbox.artist.styles.styles import STYLES
from segmind_widgets.sandbox.artist.subjects.subjects import SUBJECTS

DRAW = "Text-to-Image Generation"
SMALL = {"width": 192, "height": 128}


def draw(inputs: dict, seed: int = 1, model: str = "flux-schnell", media: dict | None = None):
    """The pictures of a request, opened."""
    outputs = render.make(model, DRAW, inputs, seed, media or {})
    return [Image.open(io.BytesIO(data)) for data, _ in outputs]


def mean(image: Image.Image) -> list[float]:
    return ImageStat.Stat(image.convert("RGB")).mean


def difference(a: Image.Image, b: Image.Image) -> float:
    """Mean difference of two pictures of one size, 0 to 255."""
    return sum(ImageStat.Stat(ImageChops.difference(a.convert("RGB"), b.convert("RGB"))).mean) / 3


def png(image: Image.Image) -> bytes:
    sink = io.BytesIO()
    image.save(sink, "PNG")
    return sink.getvalue()


@pytest.mark.parametrize(
    ("model", "inputs", "size"),
    [
        ("flux-schnell", {"width": 640, "height": 512}, (640, 512)),
        ("flux-schnell", {"width": "640", "height": "512"}, (640, 512)),
        ("sdxl1.0-realvis", {"img_width": 512, "img_height": 768}, (512, 768)),
        ("sd1.5-epicrealism", {}, (512, 512)),
        ("fast-flux-schnell", {"aspect_ratio": "3:2"}, (1256, 840)),
        ("qwen-image", {"size": "512*384"}, (512, 384)),
        ("gpt-image-1", {"size": "512x768"}, (512, 768)),
        ("gemini-3-pro-image-preview", {"size": "16:9", "resolution": "1K"}, (1368, 768)),
        ("gemini-3-pro-image-preview", {"size": "16:9", "resolution": "2K"}, (2048, 1152)),
        ("nano-banana-2", {"output_resolution": "512px", "aspect_ratio": "1:1"}, (512, 512)),
        ("seedream-4.5", {"size": "4K", "aspect_ratio": "21:9", "width": 4096}, (2048, 880)),
        ("seedream-4.5", {"size": "custom", "width": 4096, "height": 1024}, (2048, 512)),
        ("flux-schnell", {"width": 10**9, "height": 10**9}, (2048, 2048)),
        ("ideogram-3", {"aspect_ratio": "nonsense"}, (1024, 1024)),
    ],
)
def test_the_size_follows_the_request(model, inputs, size):
    assert draw({"prompt": "mesh", **inputs}, model=model)[0].size == size


def test_match_input_image_takes_the_shape_of_the_picture():
    given = {"image_input": [png(Image.new("RGB", (300, 150), "teal"))]}
    inputs = {"prompt": "at night", "aspect_ratio": "match_input_image", "size": "1K"}
    wide = draw(inputs, model="seedream-4.5", media=given)[0]
    assert wide.width / wide.height == pytest.approx(2, rel=0.02)
    same = draw({"prompt": "at night"}, model="nano-banana", media=given)[0]
    assert same.size == (300, 150)


@pytest.mark.parametrize(
    ("asked", "form", "media_type"),
    [("png", "PNG", "image/png"), ("jpg", "JPEG", "image/jpeg"), ("jpeg", "JPEG", "image/jpeg"),
     ("webp", "WEBP", "image/webp")],
)  # fmt: skip
def test_the_format_is_the_one_asked_for_and_carries_the_mark(asked, form, media_type):
    request = {"prompt": "a fox", "output_format": asked, **SMALL}
    data, kind = render.make("flux-dev", DRAW, request, 1, {})[0]
    image = Image.open(io.BytesIO(data))
    assert (image.format, kind) == (form, media_type)
    assert image.getexif()[0x0131] == SOFTWARE
    if form == "PNG":
        assert image.info["Software"] == SOFTWARE


def test_a_lower_quality_is_a_smaller_file():
    def size(quality: int) -> int:
        request = {"prompt": "a city at night", "output_quality": quality, **SMALL}
        return len(render.make("flux-dev", DRAW, request, 1, {})[0][0])

    assert size(20) < 0.7 * size(95)


def test_every_picture_shows_the_mark():
    """Two pictures that differ in nothing but their mark."""
    from segmind_widgets.sandbox.artist.styles.imprint import marked, stamp

    plain = Image.new("RGB", (600, 400), (40, 60, 90))
    word, at = stamp(plain.size)
    changed = ImageChops.difference(plain, marked(plain)).getbbox()
    assert changed
    assert changed[0] >= at[0]
    assert changed[1] >= at[1]
    assert changed[2] - changed[0] > 0.8 * word.width
    mask = Image.new("L", (600, 400))
    assert max(marked(mask).tobytes()) < 128, "a mask must stay a mask"


def test_the_same_request_gives_the_same_bytes_in_any_thread():
    requests = [("a cat in a garden", 3), ("xyzzy", 4), ("a boat at night", 5)] * 2
    with ThreadPoolExecutor(4) as pool:
        made = list(
            pool.map(
                lambda r: render.make("flux-schnell", DRAW, {"prompt": r[0], **SMALL}, r[1], {}),
                requests,
            )
        )
    assert made[:3] == made[3:]


@pytest.mark.parametrize(
    "prompt", ["a cat in a garden", "mountains at sunset", "floating thoughts"]
)
def test_another_seed_is_another_composition(prompt):
    pictures = [draw({"prompt": prompt, **SMALL}, seed)[0] for seed in range(4)]
    for index, picture in enumerate(pictures):
        for other in pictures[index + 1 :]:
            assert difference(picture, other) > 4


@pytest.mark.parametrize("field", ["samples", "n", "max_images"])
def test_several_samples_are_different_pictures(field):
    outputs = render.make("flux-schnell", DRAW, {"prompt": "a lake", field: 3, **SMALL}, 1, {})
    assert len({data for data, _ in outputs}) == 3


def test_too_many_samples_are_held_to_fifteen():
    inputs = {"prompt": "a", "samples": 10_000, "width": 32, "height": 32}
    assert len(render.make("flux-schnell", DRAW, inputs, 1, {})) == 15


def test_the_mood_colours_the_picture():
    night = mean(draw({"prompt": "a blue night over the hills", **SMALL})[0])
    sunset = mean(draw({"prompt": "an orange sunset over the hills", **SMALL})[0])
    winter = mean(draw({"prompt": "winter in the hills", **SMALL})[0])
    assert night[2] > 1.3 * night[0], "blue leads at night"
    assert sunset[0] > 1.3 * sunset[2], "red leads at sunset"
    assert sum(winter) > 1.8 * sum(night)


def test_a_colour_before_a_subject_is_the_subjects():
    assert read("a red car in the desert").subjects[0].colour == (215, 38, 61)
    assert read("a car in a red desert").subjects[0].colour is None
    assert read("a car in a red desert").colours == [(215, 38, 61)]
    assert read("an orange cat at golden hour").subjects[0].subject.words[0] == "cat"
    assert read("a glass bowl with an orange").subjects[0].subject.words[0] == "orange fruit"


@pytest.mark.parametrize(
    ("prompt", "subjects", "place", "mood"),
    [
        ("three sailboats on a mountain lake at dawn", ["boat"], "lake", "dawn"),
        ("a hot-air balloon", ["hot air balloon"], None, None),
        ("portrait of a wizard, neon", ["wizard"], None, "neon"),
        ("a cabin in the snowy forest at night", ["house"], "snowland", "night"),
        ("two foxes", ["fox"], None, None),
        ("a golden retriever on the beach", ["dog"], "beach", "tropical"),
    ],
)
def test_prompts_are_understood(prompt, subjects, place, mood):
    brief = read(prompt)
    assert [w.subject.words[0] for w in brief.subjects] == subjects
    assert brief.places[:1] == ([place] if place else [])
    assert brief.moods[:1] == ([mood] if mood else [])


def test_counts_and_what_is_not_wanted():
    assert read("three boats").subjects[0].count == 3
    assert read("a boat").subjects[0].count == 1
    assert read("a cat and a dog", negative="dog").subjects[0].subject.words[0] == "cat"
    assert len(read("a cat and a dog", negative="dog, ugly").subjects) == 1


def test_a_subject_changes_the_picture_and_is_traced():
    inputs = {"width": 256, "height": 256, "output_format": "png"}
    cat = draw({"prompt": "a cat in a meadow", **inputs})[0]
    empty = draw({"prompt": "a meadow", **inputs})[0]
    assert difference(cat, empty) > 5


@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda s: s.words[0])
def test_every_subject_is_drawn_inside_its_sheet(subject):
    from random import Random

    from segmind_widgets.sandbox.artist.prompt.brief import Wanted
    from segmind_widgets.sandbox.artist.prompt.palettes import MOODS
    from segmind_widgets.sandbox.artist.scenes.compose import cut

    tile = cut(Wanted(subject), 96, MOODS["day"][0], Random(1))
    share = sum(tile.getchannel("A").histogram()[128:]) / (tile.width * tile.height)
    assert 0.06 < share < 0.95
    assert len(tile.convert("RGB").getcolors(1 << 16) or []) > 20, "it has shades, not one colour"


@pytest.mark.parametrize("style", STYLES)
def test_every_style_changes_the_picture_and_keeps_its_size(style):
    from random import Random

    from segmind_widgets.sandbox.artist.styles.styles import finish

    scene = draw({"prompt": "a fox in the forest", "width": 240, "height": 200})[0].convert("RGB")
    styled = finish(scene, style, Random(1))
    assert styled.size == scene.size
    assert difference(styled, scene) > 1


def test_quoted_words_are_lettered():
    plain = draw({"prompt": "a lake", "width": 400, "height": 300, "output_format": "png"}, 2)[0]
    title = draw({"prompt": 'a lake "HELLO"', "width": 400, "height": 300}, 2)[0]
    assert read('a poster that says "Kyoto"').title == "Kyoto"
    assert difference(plain, title) > 1


def test_a_workflows_free_inputs_are_its_prompt():
    inputs = {"Scene": "an orange sunset", "Reference": "https://example.org/night.png"}
    colour = mean(draw(inputs, model="65c9-v1")[0])
    assert colour[0] > colour[2]


@pytest.mark.parametrize("inputs", [{}, {"prompt": ""}, {"prompt": "日本の山 🏔"}, {"prompt": "!?"}])
def test_odd_prompts_give_a_picture_too(inputs):
    assert draw({**inputs, **SMALL})[0].size == (192, 128)
