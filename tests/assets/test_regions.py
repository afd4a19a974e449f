"""A part of a picture on its own, and a picture on a larger canvas."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageFilter, ImageStat

from segmind_widgets.assets.asset import Asset
from segmind_widgets.assets.mask_operations import draw, validated
from segmind_widgets.assets.regions import expand, region
from segmind_widgets.client import SegmindClient
from segmind_widgets.errors import AssetError, InputError
from segmind_widgets.sandbox import Sandbox

SIZE = (300, 200)


def photo(mode: str = "RGB", size: tuple[int, int] = SIZE) -> Image.Image:
    ramp = Image.linear_gradient("L").resize(size)
    grain = Image.frombytes("L", size, Random(1).randbytes(size[0] * size[1]))
    grey = ImageChops.add(ramp, grain.point([level // 10 for level in range(256)]), 1.2)
    return Image.merge("RGB", [grey, ramp, ImageChops.invert(ramp)]).convert(mode)


def mask_of(*boxes: tuple[int, int, int, int], size: tuple[int, int] = SIZE) -> Image.Image:
    mask = Image.new("L", size)
    for box in boxes:
        mask.paste(255, box)
    return mask


def changed(one: Image.Image, other: Image.Image) -> Image.Image:
    """Return 255 where two pictures differ in any channel."""
    bands = ImageChops.difference(one, other).split()
    lightest = bands[0]
    for band in bands[1:]:
        lightest = ImageChops.lighter(lightest, band)
    return lightest.point([0] + [255] * 255)


@given(st.data())
@settings(deadline=None, max_examples=40)
def test_no_pixel_changes_beyond_the_feather(data):
    left, top = data.draw(st.integers(0, 298)), data.draw(st.integers(0, 198))
    box = (left, top, data.draw(st.integers(left + 1, 300)), data.draw(st.integers(top + 1, 200)))
    width = data.draw(st.integers(0, 30))
    mask, picture = mask_of(box), photo()
    part = region(
        picture,
        mask,
        side=data.draw(st.sampled_from([64, 256, None])),
        padding=data.draw(st.floats(0, 2)),
        ratio=data.draw(st.sampled_from([None, "1:1", "16:9", "1:3"])),
    )
    assert part.image.size == part.mask.size
    assert part.box[0] <= box[0] < box[2] <= part.box[2]
    assert part.box[1] <= box[1] < box[3] <= part.box[3]
    result = Image.new("RGB", (90, 70), (255, 0, 255))
    out = part.paste(result, feather=width)
    reach = draw(mask.copy(), validated({"kind": "grow", "by": width}))
    assert not ImageChops.multiply(changed(out, picture), ImageChops.invert(reach)).getbbox()
    inside = Image.composite(out, Image.new("RGB", SIZE, (255, 0, 255)), mask)
    assert inside.getcolors() == [(SIZE[0] * SIZE[1], (255, 0, 255))]


def test_a_region_has_the_side_and_the_ratio_that_were_asked_for():
    part = region(photo(), mask_of((100, 80, 140, 100)), side=512, padding=0.5, ratio="1:1")
    assert part.image.size == part.mask.size == (512, 512)
    assert part.box == (80, 50, 160, 130)
    assert part.mask.getcolors() == [(512 * 512 - 256 * 128, 0), (256 * 128, 255)]
    assert region(photo(), mask_of((100, 80, 140, 100)), side=None).image.size == (60, 40)
    sides = region(photo(), mask_of((100, 80, 171, 100)), side=1000).image.size
    assert [length % 8 for length in sides] == [0, 0]


def test_a_thin_line_is_still_there_in_a_reduced_region():
    mask = mask_of((0, 500, 4000, 501), (2000, 0, 2001, 3000), size=(4000, 3000))
    part = region(photo(size=(4000, 3000)), mask, side=512)
    assert part.mask.getbbox() == (0, 0, *part.mask.size)
    assert part.mask.getextrema() == (0, 255)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "CMYK"])
def test_pictures_of_other_modes(mode: str) -> None:
    picture = photo(mode)
    part = region(picture, mask_of((10, 10, 40, 40)))
    assert part.image.mode == part.paste(photo()).mode == ("RGBA" if mode == "RGBA" else "RGB")


def test_what_is_transparent_stays_so_outside_the_mask():
    picture = photo("RGBA")
    picture.putalpha(mask_of((50, 50, 250, 150)))
    out = region(picture, mask_of((100, 80, 140, 100))).paste(photo(), feather=0)
    assert out.mode == "RGBA"
    assert out.getchannel("A").tobytes() == picture.getchannel("A").tobytes()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"mask": mask_of()}, "Nothing is painted"),
        ({"mask": Image.new("L", (3, 3), 255)}, "size of its image"),
        ({"mask": Image.new("L", SIZE, 9)}, "only black and white"),
        ({"mask": Image.new("RGB", SIZE, "white")}, "only black and white"),
        ({"side": 0}, "`side`"),
        ({"side": True}, "`side`"),
        ({"padding": -1}, "`padding`"),
        ({"padding": float("nan")}, "`padding`"),
        ({"ratio": "wide"}, "`ratio`"),
    ],
)
def test_wrong_arguments_are_refused(arguments: dict[str, Any], words: str) -> None:
    given = {"mask": mask_of((1, 1, 9, 9)), **arguments}
    with pytest.raises(InputError, match=words):
        region(photo(), given.pop("mask"), **given)


def test_a_result_that_is_no_picture_is_refused():
    part = region(photo(), mask_of((1, 1, 9, 9)))
    with pytest.raises(AssetError):
        part.paste(b"no picture")
    with pytest.raises(InputError, match="feather"):
        part.paste(photo(), feather=-1)


# expand


@given(st.lists(st.integers(0, 700), min_size=4, max_size=4).filter(any))
@settings(deadline=None, max_examples=30)
def test_a_canvas_continues_the_picture_at_each_edge(margins):
    picture = photo()
    canvas = expand(picture, *margins)
    left, top, right, bottom = margins
    size = (SIZE[0] + left + right, SIZE[1] + top + bottom)
    assert canvas.image.size == canvas.mask.size == size
    inside = (left, top, left + SIZE[0], top + SIZE[1])
    assert canvas.image.crop(inside).tobytes() == picture.tobytes()
    assert ImageChops.invert(canvas.mask).getbbox() == inside
    assert canvas.mask.histogram()[0] == SIZE[0] * SIZE[1]
    for first, second in (
        ((left, top), (left - 1, top)) if left else ((0, 0), (0, 0)),
        ((left, top), (left, top - 1)) if top else ((0, 0), (0, 0)),
        ((inside[2] - 1, top), (inside[2], top)) if right else ((0, 0), (0, 0)),
        ((left, inside[3] - 1), (left, inside[3])) if bottom else ((0, 0), (0, 0)),
    ):
        assert canvas.image.getpixel(first) == canvas.image.getpixel(second)


@pytest.mark.parametrize(
    ("ratio", "size"),
    [("1:1", (300, 300)), ("16:9", (356, 200)), (3, (600, 200)), ("9:16", (300, 533))],
)
def test_a_ratio_gives_the_smallest_canvas_that_holds_the_picture(ratio, size):
    canvas = expand(photo(), ratio=ratio)
    assert canvas.image.size == size
    left, top, right, bottom = ImageChops.invert(canvas.mask).getbbox() or (0, 0, 0, 0)
    assert abs(left - (size[0] - right)) <= 1
    assert abs(top - (size[1] - bottom)) <= 1


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({}, None),
        ({"left": -1}, "left"),
        ({"top": 1.5}, "top"),
        ({"ratio": "3:2"}, None),  # that of the picture
        ({"ratio": "1:1", "left": 3}, "ratio"),
        ({"right": 1_000_000}, None),
    ],
)
def test_a_canvas_that_cannot_be_made_is_refused(arguments: dict[str, Any], field: str | None):
    with pytest.raises(InputError) as raised:
        expand(photo(), **arguments)
    assert raised.value.field == field
    assert raised.value.hint or field


def test_a_tiny_picture_is_expanded_at_once():
    canvas = expand(Image.new("RGB", (1, 1), "red"), 5000, 0, 0, 5000)
    assert canvas.image.getcolors() == [(5001 * 5001, (255, 0, 0))]


# at a service


@pytest.fixture
def artist(monkeypatch: pytest.MonkeyPatch) -> Iterator[SegmindClient]:
    """A client of a sandbox that really draws."""
    with Sandbox(speed=500) as running:
        for name, value in running.environ.items():
            monkeypatch.setenv(name, value)
        yield SegmindClient.instance()


def test_a_region_is_repainted_by_a_service_and_pasted(artist: SegmindClient) -> None:
    picture, mask = photo(), mask_of((100, 80, 160, 140))
    part = region(picture, mask, side=256)
    job = artist.run("sdxl-inpaint", {"image": part.image, "mask": part.mask, "prompt": "a cat"})
    out = part.paste(job, feather=4)
    beyond = ImageChops.invert(mask.filter(ImageFilter.MaxFilter(9)))
    assert not ImageChops.multiply(changed(out, picture), beyond).getbbox()
    assert ImageStat.Stat(changed(out, picture), mask).mean[0] > 100


def test_an_expanded_picture_is_continued_by_a_service(artist: SegmindClient) -> None:
    canvas = expand(photo(), ratio="2:1")
    inputs = {"image": canvas.image, "mask": canvas.mask, "prompt": "a night sky"}
    out = canvas.paste(artist.run("sdxl-inpaint", inputs), feather=0).convert("RGB")
    left, top, right, bottom = ImageChops.invert(canvas.mask).getbbox() or (0, 0, 0, 0)
    assert out.crop((left, top, right, bottom)).tobytes() == photo().tobytes()
    strips = ((left - 8, left), (left, left + 8), (right - 8, right), (right, right + 8))
    before, first, last, after = (out.crop((x, top, x2, bottom)) for x, x2 in strips)
    for one, other in ((before, first), (last, after)):
        assert max(ImageStat.Stat(ImageChops.difference(one, other)).mean) <= 24


def test_readmes_lines_run(
    artist: SegmindClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    lines = readme.split("### Masks, regions and comparisons\n\n```python\n")[1].split("```")[0]
    picture = photo(size=(1200, 800))
    picture.save(tmp_path / "photo.jpg")
    monkeypatch.chdir(tmp_path)
    found: dict[str, Any] = {"client": artist, "Asset": Asset}
    exec(lines, found)
    assert found["result"].size == picture.size
    assert found["canvas"].image.size == (1422, 800)
    kept = draw(found["mask"].image, validated({"kind": "grow", "by": 12}))
    beyond = changed(found["result"], Asset.of(tmp_path / "photo.jpg").image)
    assert not ImageChops.multiply(beyond, ImageChops.invert(kept)).getbbox()
    assert found["job"].compare().after == found["job"].outputs[0]
