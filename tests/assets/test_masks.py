"""Masks: operations, the pixels that they paint, undo and redo."""

from __future__ import annotations

import io
import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from segmind_widgets.assets import masks
from segmind_widgets.assets.asset import Asset
from segmind_widgets.assets.mask_operations import MAX_POINTS, draw, validated
from segmind_widgets.assets.masks import CHECKPOINT_STEPS, MaskHistory
from segmind_widgets.errors import AssetError, InputError

SIZE = (61, 47)
_paint = st.booleans()
_point = st.tuples(st.integers(-20, 80), st.integers(-20, 70)).map(list)
_points = st.lists(_point, min_size=1, max_size=6)


@st.composite
def _box(pick: Any) -> list[int]:
    left, top = pick(_point)
    return [left, top, left + pick(st.integers(1, 70)), top + pick(st.integers(1, 70))]


@st.composite
def _stroke(pick: Any) -> dict[str, Any]:
    points = pick(_points)
    stroke = {"kind": "stroke", "paint": pick(_paint), "width": pick(st.integers(1, 30))}
    if pick(st.booleans()):
        size = len(points)
        stroke["pressure"] = pick(st.lists(st.integers(0, 100), min_size=size, max_size=size))
    return {**stroke, "points": points}


def _of(kind: str, **fields: st.SearchStrategy) -> st.SearchStrategy:
    return st.fixed_dictionaries({"kind": st.just(kind), **fields})


OPERATION = st.one_of(
    _of("rectangle", paint=_paint, box=_box()),
    _stroke(),
    _of("lasso", paint=_paint, points=st.lists(_point, min_size=3, max_size=8)),
    _of("fill", paint=_paint, at=_point),
    _of("invert"),
    _of("all", paint=_paint),
    _of("grow", by=st.integers(-6, 6)),
)


def black(size: tuple[int, int] = SIZE) -> Image.Image:
    return Image.new("L", size)


@given(st.lists(OPERATION, max_size=3 * CHECKPOINT_STEPS), st.data())
@settings(deadline=None, max_examples=60)
def test_any_history_undone_and_redone_gives_the_same_bytes(steps, data):
    history, seen = MaskHistory(SIZE), [black().tobytes()]
    for step in steps:
        history.apply(step)
        seen.append(history.image.tobytes())
    assert masks.is_mask(history.image)
    at = len(steps)
    for forward in data.draw(st.lists(st.booleans(), max_size=120)):
        could = history.redo() if forward else history.undo()
        assert could == (at < len(steps) if forward else at > 0)
        at += (1 if forward else -1) * could
        assert history.image.tobytes() == seen[at]
        assert len(history.operations) == at
    branch = json.loads(json.dumps(history.operations))  # as they travel
    history.apply({"kind": "invert"})
    assert not history.undone
    other = MaskHistory(SIZE)
    for step in [*branch, {"kind": "invert"}]:
        other.apply(step)
    assert other.image.tobytes() == history.image.tobytes()


@given(OPERATION, st.lists(OPERATION, max_size=4))
def test_a_mask_has_only_two_levels(operation, before):
    mask = black()
    for step in [*before, operation]:
        mask = draw(mask, validated(step))
    assert masks.is_mask(mask)
    assert mask.size == SIZE


@given(_box(), _paint)
def test_a_rectangle_is_half_open(box, paint):
    ground, level = Image.new("L", SIZE, 0 if paint else 255), 255 if paint else 0
    expected = ground.copy()
    expected.paste(level, tuple(box))
    mask = draw(ground, validated({"kind": "rectangle", "paint": paint, "box": box}))
    assert mask.tobytes() == expected.tobytes()
    left, top, right, bottom = box
    clipped = max(0, left), max(0, top), min(SIZE[0], right), min(SIZE[1], bottom)
    is_inside = clipped[0] < clipped[2] and clipped[1] < clipped[3]
    found = (mask if paint else mask.point(lambda level: 255 - level)).getbbox()
    assert found == (clipped if is_inside else None)


def _distance(x: float, y: float, a: list[float], b: list[float]) -> tuple[float, float]:
    """Return the distance of a point from a segment, and where along it the nearest point is."""
    along = (b[0] - a[0]) ** 2 + (b[1] - a[1]) ** 2
    part = ((x - a[0]) * (b[0] - a[0]) + (y - a[1]) * (b[1] - a[1])) / along if along else 0
    part = min(1.0, max(0.0, part))
    return math.hypot(x - a[0] - part * (b[0] - a[0]), y - a[1] - part * (b[1] - a[1])), part


@given(_points, st.integers(1, 30))
def test_a_stroke_is_all_within_half_its_width_of_its_line(points, width):
    stroke = validated({"kind": "stroke", "paint": True, "width": width, "points": points})
    mask = draw(black(), stroke)
    shift = 0 if width % 2 else 0.5  # of an even width the middle lies between pixels
    line = [[x - shift, y - shift] for x, y in points]
    for y in range(0, SIZE[1], 3):
        for x in range(0, SIZE[0], 3):
            pairs = zip(line, line[1:] or line, strict=False)
            away = min(_distance(x, y, a, b)[0] for a, b in pairs)
            if away <= width / 2 - 1.5:
                assert mask.getpixel((x, y)) == 255, (x, y, away)
            if away > width / 2 + 1:
                assert mask.getpixel((x, y)) == 0, (x, y, away)


def test_a_thin_line_has_no_gaps():
    points = [[3, 3], [57, 20], [10, 40], [10, 5]]
    mask = draw(black(), validated(stroke := {**STROKE, "width": 1, "points": points}))
    for x, y in stroke["points"]:
        assert mask.getpixel((x, y)) == 255
    reach = mask.copy()  # of one white pixel's neighbours, corners included
    reach.paste(0, (0, 0, *SIZE))
    reach.putpixel((3, 3), 255)
    for _ in range(300):
        wider = reach.filter(ImageFilter.MaxFilter(3))
        reach = Image.composite(wider, black(), mask)
    assert reach.tobytes() == mask.tobytes()


def test_pressure_narrows_a_stroke_where_it_is_light():
    points = [[10, 20], [50, 20]]
    full = draw(black(), validated({**STROKE, "width": 21, "points": points}))
    light = draw(
        black(), validated({**STROKE, "width": 21, "points": points, "pressure": [100, 20]})
    )
    columns = [light.crop((x, 0, x + 1, SIZE[1])).histogram()[255] for x in (10, 30, 50)]
    assert columns[0] == full.crop((10, 0, 11, SIZE[1])).histogram()[255] == 21
    assert columns[0] > columns[1] > columns[2] >= 4


@given(st.lists(OPERATION, max_size=6), _paint, st.tuples(st.integers(0, 60), st.integers(0, 46)))
def test_a_fill_is_that_of_pillow(before, paint, at):
    from PIL import ImageDraw

    mask = black()
    for step in before:
        mask = draw(mask, validated(step))
    expected, level = mask.copy(), 255 if paint else 0
    if mask.getpixel(at) != level:
        ImageDraw.floodfill(expected, at, level)  # by four sides; slow, but exact
    filled = draw(mask, validated({"kind": "fill", "paint": paint, "at": list(at)}))
    assert filled.tobytes() == expected.tobytes()


def test_a_fill_does_not_pass_a_corner():
    mask = black((4, 4))
    mask.paste(255, (2, 0, 4, 2))
    mask.paste(255, (0, 2, 2, 4))
    filled = draw(mask, validated({"kind": "fill", "paint": True, "at": [0, 0]}))
    assert filled.crop((0, 0, 2, 2)).getextrema() == (255, 255)
    assert filled.crop((2, 2, 4, 4)).getextrema() == (0, 0)


@given(st.lists(OPERATION, max_size=4), st.integers(-6, 6))
def test_growing_is_exact(before, by):
    mask = black()
    for step in before:
        mask = draw(mask, validated(step))
    kind = ImageFilter.MaxFilter if by > 0 else ImageFilter.MinFilter
    expected = mask.filter(kind(2 * abs(by) + 1))
    assert draw(mask, validated({"kind": "grow", "by": by})).tobytes() == expected.tobytes()


def test_growing_by_more_than_a_blur_can_tell():
    mask = black((1200, 3))
    mask.putpixel((600, 1), 255)
    assert draw(mask, validated({"kind": "grow", "by": 437})).getbbox() == (163, 0, 1038, 3)


STROKE = {"kind": "stroke", "paint": True, "width": 3, "points": [[1, 1]]}


@pytest.mark.parametrize(
    ("operation", "field"),
    [
        (None, None),
        ({"kind": "spray"}, None),
        ({"kind": ["fill"]}, None),
        ({"kind": "rectangle", "paint": True}, "box"),
        ({"kind": "rectangle", "paint": 1, "box": [0, 0, 2, 2]}, "paint"),
        ({"kind": "rectangle", "paint": True, "box": [5, 0, 5, 2]}, "box"),
        ({"kind": "rectangle", "paint": True, "box": [0, 0, 2.5, 2]}, "box"),
        ({"kind": "rectangle", "paint": True, "box": [0, 0, 10**9, 2]}, "box"),
        ({**STROKE, "width": 0}, "width"),
        ({**STROKE, "width": True}, "width"),
        ({**STROKE, "points": []}, "points"),
        ({**STROKE, "points": [[1, 2, 3]]}, "points"),
        ({**STROKE, "points": [[1, 2]] * (MAX_POINTS + 1)}, "points"),
        ({**STROKE, "pressure": [50, 50]}, "pressure"),
        ({**STROKE, "pressure": [101]}, "pressure"),
        ({"kind": "lasso", "paint": True, "points": [[1, 2], [3, 4]]}, "points"),
        ({"kind": "fill", "paint": True, "at": "12"}, "at"),
        ({"kind": "grow", "by": 1.0}, "by"),
        ({"kind": "invert", "paint": True}, "paint"),
    ],
)
def test_an_invalid_operation_is_refused_and_changes_nothing(operation, field):
    history = MaskHistory(SIZE)
    history.apply(STROKE)
    before = history.image.tobytes()
    with pytest.raises(InputError) as raised:
        history.apply(operation)
    assert raised.value.field == field
    assert history.image.tobytes() == before
    assert len(history.operations) == 1


def test_the_oldest_operations_are_dropped_where_memory_ends(monkeypatch):
    monkeypatch.setattr(masks, "_MAX_BYTES", 20_000)
    history = MaskHistory(SIZE)
    for number in range(200):
        history.apply({**STROKE, "points": [[number % 61, number % 47]] * 20})
    kept = len(history.operations)
    assert CHECKPOINT_STEPS <= kept < 200
    assert history._checkpoints[0] != masks._compressed(black())
    expected, last = history.image.tobytes(), history.operations[-1]
    while history.undo():
        pass
    assert len(history.undone) == kept
    while history.redo():
        pass
    assert history.image.tobytes() == expected
    assert history.operations[-1] == last


def test_an_undo_draws_few_operations(monkeypatch):
    drawn = []
    monkeypatch.setattr(masks, "draw", lambda mask, step: drawn.append(step) or draw(mask, step))
    history = MaskHistory(SIZE)
    for number in range(200):
        history.apply({**STROKE, "points": [[number % 61, 5]]})
    drawn.clear()
    history.undo()
    assert len(drawn) == CHECKPOINT_STEPS - 1


def test_a_mask_of_another_origin_becomes_black_and_white():
    grey = Image.linear_gradient("L").resize((10, 256))
    mask = masks.threshold(grey, (10, 256))
    assert masks.is_mask(mask)
    assert mask.getbbox() == (0, 128, 10, 256)
    history = MaskHistory(mask.size, mask)
    assert history.share == 0.5
    for mode in ("1", "P", "RGB", "RGBA", "LA", "I;16", "CMYK"):
        white = Image.new("RGB", (4, 4), "white").convert("L" if mode == "I;16" else mode)
        white = white.point(lambda level: level * 257, "I").convert(mode) if ";" in mode else white
        assert masks.threshold(white, (4, 4)).getextrema() == (255, 255), mode


def test_a_mask_of_another_size_asks_to_be_stretched():
    small = Image.new("L", (2, 2))
    small.putpixel((0, 0), 255)
    with pytest.raises(AssetError, match=r"2×2 pixels, and its image 40×20") as raised:
        masks.threshold(small, (40, 20))
    assert "stretch" in raised.value.hint
    mask = masks.threshold(small, (40, 20), fit=True)
    assert masks.is_mask(mask)
    assert mask.getpixel((5, 3)) == 255
    assert mask.getpixel((35, 15)) == 0
    with pytest.raises(AssetError, match="40×20"):
        MaskHistory((40, 20), small)
    with pytest.raises(AssetError, match="black and white"):
        MaskHistory((2, 2), Image.new("L", (2, 2), 7))


def test_a_mask_from_transparency_is_white_where_the_picture_is_clear():
    picture = Image.new("RGBA", (8, 8), (200, 20, 20, 255))
    picture.paste((0, 0, 0, 100), (0, 0, 3, 8))
    picture.paste((0, 0, 0, 200), (3, 0, 5, 8))
    assert masks.from_transparency(picture).getbbox() == (0, 0, 3, 8)
    for opaque in (Image.new("RGB", (3, 3)), Image.new("RGBA", (3, 3), (0, 0, 0, 255))):
        with pytest.raises(AssetError, match="transparent"):
            masks.from_transparency(opaque)


@pytest.mark.parametrize("width", [0, 1, 5, 12])
def test_a_feather_reaches_no_further_than_its_width(width):
    mask = black((80, 60))
    mask.paste(255, (30, 25, 50, 40))
    soft = masks.feather(mask, width)
    outer = draw(mask.copy(), {"kind": "grow", "by": width})
    inner = draw(mask.copy(), {"kind": "grow", "by": -width})
    assert not any(Image.composite(black(mask.size), soft, outer).histogram()[1:])
    inside = Image.composite(soft, Image.new("L", mask.size, 255), inner)
    assert inside.getextrema() == (255, 255)
    assert (len(set(soft.tobytes())) > 2) == (width > 0)


@pytest.mark.parametrize("width", [-1, 2.0, 1001, True])
def test_a_wrong_feather_is_refused(width):
    with pytest.raises(InputError) as raised:
        masks.feather(black(), width)
    assert raised.value.field == "feather"


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_mask_has_the_size_of_the_upright_picture(orientation):
    out, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = orientation
    Image.new("RGB", (30, 20), "olive").save(out, "JPEG", exif=exif)
    photo = Asset.of(out.getvalue())
    mask = MaskHistory(photo.pixels).image
    assert mask.size == photo.image.size
