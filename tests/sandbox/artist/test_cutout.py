"""Cutting the subject out of pictures that carry no outline: saved again, or photographed."""

from __future__ import annotations

import functools
import io
import math
from random import Random

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from segmind_widgets.sandbox.artist import render
from segmind_widgets.sandbox.artist.drawing.colour import gradient, noise
from segmind_widgets.sandbox.artist.editing.cutout import subject_mask
from segmind_widgets.sandbox.artist.editing.regions import filled, hard, regions
from segmind_widgets.sandbox.artist.styles import outline

FORMS = [("JPEG", 40), ("JPEG", 75), ("JPEG", 95), ("WEBP", 60), ("PNG", None)]


def saved_again(image: Image.Image, form: str, quality: int | None) -> Image.Image:
    sink = io.BytesIO()
    image.save(sink, form, **({"quality": quality} if quality else {}))
    return Image.open(io.BytesIO(sink.getvalue())).convert("RGB")


@functools.cache
def drawn(prompt: str, seed: int) -> tuple[Image.Image, Image.Image]:
    """Return a picture of the sandbox without its metadata, and the subject's outline."""
    inputs = {"prompt": prompt, "aspect_ratio": "16:9", "size": "1K"}
    data, _ = render.make("seedream-4.5", "Text-to-Image Generation", inputs, seed, {})[0]
    image = Image.open(io.BytesIO(data))
    known = outline.find(image, image.size)
    assert known
    return image.convert("RGB"), known


def photo(seed: int, size: tuple[int, int] = (1200, 900)) -> tuple[Image.Image, Image.Image]:
    """Return what a camera may take: sky, grass, a jug with a light and a dark side; its outline.

    The picture is a little out of focus and has the noise of a sensor.
    """
    rng, (w, h) = Random(seed), size
    image = gradient(size, [(120, 160, 205), (205, 215, 225)])
    image.paste(gradient((w, h // 3), [(120, 135, 80), (70, 95, 50)]), (0, h - h // 3))
    draw = ImageDraw.Draw(image)
    for _ in range(900):  # blades of grass
        x, y, green = rng.randrange(w), rng.randrange(h - h // 3, h), rng.randrange(-18, 18)
        draw.line((x, y, x + 4, y - 22), fill=(95 + green, 118 + green, 64 + green), width=2)
    x, y = w * rng.uniform(0.4, 0.6), h * rng.uniform(0.45, 0.55)
    mask = Image.new("L", size)
    pen = ImageDraw.Draw(mask)
    pen.ellipse((x - 150, y - 110, x + 150, y + 230), fill=255)
    pen.rounded_rectangle((x - 60, y - 210, x + 60, y), 30, fill=255)
    jug = gradient(size, [(226, 170, 120), (178, 92, 52), (80, 36, 24)], across=True)
    jug = jug.resize((400, h)).crop((0, 0, 400, h))
    side = Image.new("RGB", size)
    side.paste(jug, (round(x) - 200, 0))
    image.paste(side, mask=mask)
    image = image.filter(ImageFilter.GaussianBlur(1.4))
    grain = Image.merge("RGB", [noise(rng, size)] * 3)
    return Image.blend(image, grain, 0.06), mask


def overlap(found: Image.Image, known: Image.Image) -> float:
    """Return the intersection over the union of two masks."""
    a, b = hard(found), hard(known)
    both = ImageChops.darker(a, b).histogram()[255]
    return both / ImageChops.lighter(a, b).histogram()[255]


def roughness(mask: Image.Image) -> float:
    """Return the length of the edge by that of the same edge after smoothing; 1 is smooth."""
    sharp = hard(mask)
    smooth = hard(sharp.filter(ImageFilter.GaussianBlur(max(mask.size) / 200)))
    return _edge(sharp) / _edge(smooth)


def _edge(mask: Image.Image) -> int:
    room = ImageChops.subtract(mask, mask.filter(ImageFilter.MinFilter(3)))
    return room.histogram()[255]


def check(found: Image.Image, known: Image.Image, least: float) -> None:
    assert found.mode == "L"
    assert found.size == known.size
    assert overlap(found, known) > least
    assert len(regions(hard(found, 0))) == 1, "one piece, no specks"
    assert ImageChops.difference(filled(hard(found)), hard(found)).getbbox() is None, "no holes"
    assert roughness(found) < 1.12
    half = sum(found.histogram()[1:255])
    assert 0 < half < 12 * _edge(hard(found)), "the edge is soft, and narrow"


@pytest.mark.parametrize("seed", range(1, 5))
@pytest.mark.parametrize(("form", "quality"), FORMS)
def test_the_quickstarts_fox_is_found_in_a_picture_saved_again(
    form: str, quality: int | None, seed: int
) -> None:
    image, known = drawn("a red fox on a hill at sunset", seed)
    check(subject_mask(saved_again(image, form, quality)), known, 0.9)


@pytest.mark.parametrize(
    ("prompt", "seed", "least"),
    [
        ("an apple on a table", 3, 0.87),
        ("a red car in the city", 2, 0.87),
        ("a portrait of a woman", 1, 0.93),
        ("a blue bird in the forest", 1, 0.7),  # the outline has its branch
        ("a whale in the ocean", 2, 0.7),  # and its spout
        ("a lighthouse by the sea on a starry winter night", 1, 0.65),  # and its rock
        ("product photo of a bottle in a studio", 1, 0.83),
    ],
)
def test_other_subjects_are_found(prompt: str, seed: int, least: float) -> None:
    image, known = drawn(prompt, seed)
    check(subject_mask(saved_again(image, "JPEG", 75)), known, least)


@pytest.mark.parametrize(
    ("form", "quality", "seed"), [("JPEG", 60, 0), ("JPEG", 90, 1), ("WEBP", 70, 2)]
)
def test_the_subject_of_a_photo_is_found(form: str, quality: int, seed: int) -> None:
    image, known = photo(seed)
    check(subject_mask(saved_again(image, form, quality)), known, 0.93)


@pytest.mark.parametrize("size", [(1, 1), (7, 300), (1500, 20), (40, 40), (3000, 2000)])
def test_a_picture_without_a_subject_gives_an_oval_of_its_size(size: tuple[int, int]) -> None:
    mask = subject_mask(Image.new("RGB", size, "navy"))
    assert (mask.mode, mask.size) == ("L", size)
    if min(size) >= 40:
        width, height = size
        assert mask.getpixel((width // 2, height // 2)) == 255
        assert mask.getpixel((0, 0)) == 0


def test_regions_are_connected_by_sides_and_sorted_by_size() -> None:
    mask = Image.new("L", (40, 30))
    draw = ImageDraw.Draw(mask)
    draw.rectangle((1, 1, 3, 3), fill=255)
    draw.line([(10, 20), (10, 5), (20, 5), (20, 20)], fill=255)  # joined at its top only
    draw.ellipse((25, 8, 38, 22), fill=255)
    draw.ellipse((29, 12, 34, 18), fill=0)
    found = regions(mask)
    assert [region.getbbox() for region in found] == [
        (25, 8, 39, 23), (10, 5, 21, 21), (1, 1, 4, 4)
    ]  # fmt: skip
    whole = filled(mask)
    assert whole.getpixel((31, 15)) == 255
    assert whole.getpixel((15, 15)) == 0
    assert math.isclose(overlap(found[0], mask), found[0].histogram()[255] / mask.histogram()[255])
