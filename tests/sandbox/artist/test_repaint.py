"""Inpainting and outpainting: what changes, what stays, and how long it takes."""

from __future__ import annotations

import io
import time
from functools import cache
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageStat

from segmind_widgets.sandbox.artist import render
from segmind_widgets.sandbox.artist.editing.outpaint import photo_box
from segmind_widgets.sandbox.artist.editing.repaint import repainted
from segmind_widgets.sandbox.artist.prompt.brief import read

INPAINTING = "Image Inpainting"


def as_bytes(image: Image.Image) -> bytes:
    sink = io.BytesIO()
    image.save(sink, "PNG")
    return sink.getvalue()


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


@cache
def photo() -> Image.Image:
    """A picture with detail and with noise, as that of a camera."""
    inputs = {"prompt": "a red car in a town at sunset", "width": 480, "height": 320}
    data = render.make("flux-schnell", "Text-to-Image Generation", inputs, 3, {})[0][0]
    grain = Image.frombytes("L", (480, 320), Random(1).randbytes(480 * 320))
    grain = grain.point([116 + level // 11 for level in range(256)])
    return ImageChops.overlay(opened(data).convert("RGB"), Image.merge("RGB", [grain] * 3))


def inpaint(
    image: Image.Image, mask: Image.Image, prompt: str, model: str = "sdxl-inpaint", **inputs
) -> Image.Image:
    media = {"image": [as_bytes(image)], "mask": [as_bytes(mask)]}
    found = render.make(model, INPAINTING, {"prompt": prompt, **inputs}, 4, media)
    return opened(found[0][0])


def oval(size: tuple[int, int], box: tuple[int, int, int, int]) -> Image.Image:
    mask = Image.new("L", size)
    ImageDraw.Draw(mask).ellipse(box, fill=255)
    return mask


def canvas_of(
    image: Image.Image, gaps: tuple[int, int, int, int], form: str
) -> tuple[Image.Image, Image.Image]:
    """Return a canvas with a margin around a photo, and the mask of the margin."""
    left, top, right, bottom = gaps
    size = image.width + left + right, image.height + top + bottom
    canvas = Image.new("RGB", size, form if form in ("black", "white", "grey") else "black")
    if form == "mirrored":
        for x in (-1, 0, 1):
            for y in (-1, 0, 1):
                tile = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if x else image
                tile = tile.transpose(Image.Transpose.FLIP_TOP_BOTTOM) if y else tile
                canvas.paste(tile, (left + x * image.width, top + y * image.height))
    canvas.paste(image, (left, top))
    mask = Image.new("L", size, 255)
    mask.paste(0, (left, top, left + image.width, top + image.height))
    return canvas, mask


def mean_difference(one: Image.Image, other: Image.Image) -> float:
    assert one.size == other.size
    means = ImageStat.Stat(ImageChops.difference(one, other)).mean
    return sum(means) / len(means)


GAPS = ((120, 60, 200, 40), (0, 0, 180, 0), (0, 150, 0, 0), (700, 0, 0, 0), (30, 30, 30, 30))


@pytest.mark.parametrize("gaps", GAPS)
@pytest.mark.parametrize("form", ["black", "white", "grey", "mirrored"])
@pytest.mark.parametrize("prompt", ["mountains at night", "a cat"])
def test_outpainting_continues_the_photo(gaps, form, prompt):
    canvas, mask = canvas_of(photo(), gaps, form)
    out = inpaint(canvas, mask, prompt).convert("RGB")
    left, top = gaps[:2]
    right, bottom = left + photo().width, top + photo().height
    assert out.crop((left, top, right, bottom)).tobytes() == photo().tobytes()
    edges = {
        "left": ((left, top, left + 8, bottom), (left - 8, top, left, bottom)),
        "top": ((left, top, right, top + 8), (left, top - 8, right, top)),
        "right": ((right - 8, top, right, bottom), (right, top, right + 8, bottom)),
        "bottom": ((left, bottom - 8, right, bottom), (left, bottom, right, bottom + 8)),
    }
    for gap, (name, (inside, outside)) in zip(gaps, edges.items(), strict=True):
        if gap:
            assert mean_difference(out.crop(inside), out.crop(outside)) <= 24, name
    margin = Image.composite(out, Image.new("RGB", out.size, "white"), mask).convert("L")
    assert margin.histogram()[0] < 0.01 * out.width * out.height, "no black border"


@pytest.mark.parametrize("box", [(0, 0, 480, 120), (200, 0, 480, 320)])
def test_a_side_of_a_photo_that_is_painted_over_is_no_canvas(box):
    mask = Image.new("L", photo().size)
    mask.paste(255, box)
    assert photo_box(photo(), mask) is None
    out = inpaint(photo(), mask, "mountains at night").convert("RGB")
    assert mean_difference(out.crop(box), photo().crop(box)) > 24


@given(st.data())
@settings(deadline=None, max_examples=25)
def test_nothing_outside_a_mask_changes(data):
    size = photo().size
    x, y = data.draw(st.integers(0, size[0] - 2)), data.draw(st.integers(0, size[1] - 2))
    width, height = data.draw(st.integers(1, size[0])), data.draw(st.integers(1, size[1]))
    mask = oval(size, (x, y, x + width, y + height))
    if data.draw(st.booleans()):
        mask = mask.filter(ImageFilter.GaussianBlur(4))
    prompt = data.draw(
        st.sampled_from(["a fox", "a night sky", "remove the car", "", "a cat, oil painting"])
    )
    out = inpaint(photo(), mask, prompt, strength=data.draw(st.sampled_from([0.4, 1])))
    kept = mask.point([255 if level < 128 else 0 for level in range(256)])
    changed = ImageChops.difference(out.convert("RGB"), photo())
    assert Image.composite(changed, Image.new("RGB", size), kept).getbbox() is None


def test_what_is_transparent_outside_a_mask_stays_transparent():
    clear = photo().copy()
    clear.putalpha(oval(clear.size, (100, 50, 400, 300)))
    mask = oval(clear.size, (200, 100, 300, 200))
    out = inpaint(clear, mask, "a cat", output_format="jpeg")
    assert out.mode == "RGBA"
    assert out.getchannel("A").tobytes() == clear.getchannel("A").tobytes()


BOX = (160, 80, 300, 220)


def healed(prompt: str) -> Image.Image:
    """Inpaint a field that is green all over but for a red square."""
    field = Image.new("RGB", (480, 320), (60, 140, 70))
    field.paste((220, 30, 30), (180, 100, 280, 200))
    mask = Image.new("L", field.size)
    mask.paste(255, BOX)
    return inpaint(field, mask, prompt).convert("RGB")


@pytest.mark.parametrize(
    "prompt",
    [
        "remove the car", "Please erase this person", "get rid of the tree", "delete the cat",
        "take away the boat, oil painting", "clean up the beach", "make the dog disappear", "",
    ],
)  # fmt: skip
def test_a_prompt_of_removal_only_heals(prompt):
    out = healed(prompt)
    assert mean_difference(out, Image.new("RGB", out.size, (60, 140, 70))) < 3
    red = ImageChops.subtract(*out.split()[:2])
    assert red.getextrema()[1] < 20, "no trace of what was there"


@pytest.mark.parametrize("prompt", ["a red car", "replace the car with a cat", "add a boat"])
def test_another_prompt_paints(prompt):
    out = healed(prompt)
    assert mean_difference(out.crop(BOX), Image.new("RGB", (140, 140), (60, 140, 70))) > 8


def test_an_edit_that_removes_the_subject_heals_where_it_was():
    inputs = {"prompt": "a cat in a garden", "width": 400, "height": 400}
    drawn = render.make("flux-schnell", "Text-to-Image Generation", inputs, 1, {})[0][0]
    media, prompt = {"image_urls": [drawn]}, {"prompt": "remove the cat"}
    out = opened(render.make("nano-banana", "", prompt, 1, media)[0][0]).convert("RGB")
    changed = ImageChops.difference(out, opened(drawn).convert("RGB")).convert("L")
    share = sum(changed.histogram()[40:]) / (400 * 400)
    assert 0.02 < share < 0.4, "the cat, and nothing else"


@pytest.mark.alone
@pytest.mark.parametrize("prompt", ["a cat", "remove the car", "mountains at night"])
def test_a_part_of_a_large_photo_takes_no_longer_than_three_blurs_of_it(prompt):
    large = photo().resize((6000, 4000))
    mask = oval(large.size, (2500, 1500, 3500, 2600))

    def seconds(call) -> float:
        begin = time.perf_counter()
        call()
        return time.perf_counter() - begin

    blur = min(seconds(lambda: large.filter(ImageFilter.GaussianBlur(20))) for _ in range(2))
    ours = seconds(lambda: repainted(large, mask, read(prompt), Random(1), 1))
    assert ours <= 3 * blur
