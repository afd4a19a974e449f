"""Crops: ratios, the presets of models, and boxes within a picture."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmind_widgets.assets.crops import crop_box, parse_ratio, presets, widened
from segmind_widgets.catalog.catalog import Catalog
from segmind_widgets.errors import InputError

_size = st.tuples(st.integers(1, 6000), st.integers(1, 6000))


@pytest.mark.parametrize(
    ("text", "ratio"),
    [
        ("16:9", 16 / 9),
        (" 3 / 2 ", 1.5),
        ("1024x768", 4 / 3),
        ("1024*768", 4 / 3),
        ("2.35:1", 2.35),
        (1.5, 1.5),
        (2, 2),
    ],
)
def test_a_ratio_is_read(text: Any, ratio: float) -> None:
    assert parse_ratio(text) == pytest.approx(ratio)


@pytest.mark.parametrize(
    "text", ["", "wide", "16:0", "0:9", "00x20", "21:1", 0, -1, True, None, [16, 9], float("nan")]
)
def test_another_text_is_refused(text: Any) -> None:
    with pytest.raises(InputError, match="`ratio` must be width to height") as raised:
        parse_ratio(text)
    assert raised.value.field == "ratio"


@pytest.mark.parametrize(
    ("slug", "labels"),
    [
        ("nano-banana", ["1:1", "2:3", "3:2", "4:3", "3:4", "4:5", "5:4", "9:16", "16:9", "21:9"]),
        ("seedream-4.5", ["1:1", "4:3", "3:4", "16:9", "9:16", "3:2", "2:3", "21:9"]),
        ("gemini-3-pro-image-preview", ["1:1", "4:3", "3:4", "16:9", "9:16", "3:2", "2:3", "21:9"]),
        ("kling-2.1", ["16:9", "9:16", "1:1"]),
        ("esrgan", ["1:1", "4:3", "3:4", "3:2", "2:3", "16:9", "9:16"]),
    ],
)
def test_the_presets_are_those_of_the_models_own_schema(slug: str, labels: list[str]) -> None:
    model = Catalog().find(slug)
    assert model is not None
    assert [preset.label for preset in presets(model.schema)] == labels


def test_a_size_in_pixels_is_kept() -> None:
    schema = {
        "properties": {"size": {"type": "string", "enum": ["1024x1024", "1792x1024", "auto"]}}
    }
    found = presets(schema)
    assert [preset.size for preset in found] == [(1024, 1024), (1792, 1024)]
    assert found[1].ratio == 1.75


@pytest.mark.parametrize(
    "schema", [None, {}, {"properties": {"size": {"type": "integer", "enum": [1]}, "n": True}}]
)
def test_without_ratios_of_its_own_there_are_the_usual_ones(schema: Any) -> None:
    assert [preset.label for preset in presets(schema)][:3] == ["1:1", "4:3", "3:4"]


@given(_size, st.floats(0.05, 20), st.tuples(st.floats(0, 1), st.floats(0, 1)))
def test_a_crop_lies_within_the_picture_and_is_as_large_as_it_can_be(size, ratio, centre):
    left, top, right, bottom = crop_box(size, ratio, centre)
    assert 0 <= left < right <= size[0]
    assert 0 <= top < bottom <= size[1]
    assert right - left == size[0] or bottom - top == size[1]
    width, height = right - left, bottom - top
    assert abs(width - height * ratio) <= max(1, ratio) or abs(height - width / ratio) <= 1


def test_a_crop_is_around_its_centre_where_there_is_room() -> None:
    assert crop_box((300, 200), 1) == (50, 0, 250, 200)
    assert crop_box((300, 200), 1, (0, 0.5)) == (0, 0, 200, 200)
    assert crop_box((300, 200), 1, (1, 0.5)) == (100, 0, 300, 200)


@given(_size, st.data(), st.floats(0, 3), st.one_of(st.none(), st.floats(0.05, 20)))
def test_a_widened_box_holds_the_box_and_lies_within_the_picture(size, data, padding, ratio):
    left, top = (data.draw(st.integers(0, whole - 1)) for whole in size)
    right = data.draw(st.integers(left + 1, size[0]))
    bottom = data.draw(st.integers(top + 1, size[1]))
    box = widened((left, top, right, bottom), padding, ratio, size)
    assert 0 <= box[0] <= left < right <= box[2] <= size[0]
    assert 0 <= box[1] <= top < bottom <= box[3] <= size[1]
    width, height = box[2] - box[0], box[3] - box[1]
    if ratio is not None and width < size[0] and height < size[1]:
        assert abs(width - height * ratio) <= max(1, ratio) or abs(height - width / ratio) <= 1
