"""Inputs that are certainly useless are refused before anything is sent."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from segmind_widgets.assets.asset import Asset
from segmind_widgets.client import SegmindClient
from segmind_widgets.errors import InputError
from segmind_widgets.planning.checks import check_masks
from segmind_widgets.sandbox import Sandbox
from segmind_widgets.types import Model
from tests.shells import picture

SIZE = (48, 32)
INPAINTING = "sdxl-inpaint"
WORKFLOW = "65c9c7f641c340d7ef2f7134-v1"


def inputs(mask: Any, size: tuple[int, int] = SIZE) -> dict[str, Any]:
    return {"image": picture(size), "mask": mask, "prompt": "a cat"}


def image(color: Any = 0, mode: str = "L", form: str = "PNG", **options: Any) -> bytes:
    out = io.BytesIO()
    Image.new(mode, SIZE, color).save(out, form, **options)
    return out.getvalue()


def painted(size: tuple[int, int] = SIZE) -> bytes:
    mask, out = Image.new("L", size), io.BytesIO()
    mask.putpixel((1, 1), 255)
    mask.save(out, "PNG")
    return out.getvalue()


BLACK = {
    "grey": image(),
    "one bit": image(mode="1"),
    "palette": image(mode="P"),
    "colour": image(mode="RGB"),
    "JPEG": image(3, form="JPEG", quality=20),
    "WebP": image((0, 0, 0), "RGB", "WEBP"),
    "a data URL": f"data:image/png;base64,{base64.b64encode(image()).decode()}",
    "base64": base64.b64encode(image()).decode(),
    "a list": [image()],
    "an object": Image.new("L", SIZE),
}


@pytest.mark.parametrize("mask", BLACK.values(), ids=BLACK)
def test_a_black_mask_is_refused_where_white_is_repainted(
    client: SegmindClient, sandbox: Sandbox, mask: Any
) -> None:
    with pytest.raises(InputError, match="`mask` is black all over") as raised:
        client.run(INPAINTING, inputs(mask))
    assert raised.value.field == "mask"
    assert raised.value.hint.startswith("Nothing was sent.")
    assert not sandbox.requests("POST")


DOORS: dict[str, Callable[[SegmindClient, dict[str, Any]], object]] = {
    "run": lambda client, given: client.run(INPAINTING, given),
    "submit": lambda client, given: client.submit(INPAINTING, given),
    "plan": lambda client, given: client.plan(INPAINTING, given),
    "other": lambda client, given: client.run("sd1.5-inpainting", given),
}


@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)
@pytest.mark.parametrize(
    ("mask", "words"),
    [
        (image(), "is black all over"),
        (painted((32, 48)), "has 32×48 pixels, and its image `image` has 48×32"),
    ],
)
def test_a_useless_mask_is_refused_at_every_door(
    client: SegmindClient, sandbox: Sandbox, door: Any, mask: bytes, words: str
) -> None:
    with pytest.raises(InputError, match=words):
        door(client, inputs(mask))
    assert not sandbox.requests("POST")


def test_a_row_with_a_useless_mask_is_refused(client: SegmindClient, sandbox: Sandbox) -> None:
    with pytest.raises(InputError, match="mask"):
        client.map(INPAINTING, [inputs(painted()), inputs(image())])
    assert not sandbox.requests("POST")


@pytest.mark.parametrize(
    "mask",
    [
        painted(),
        image(8),
        image((0, 0, 0, 0), "RGBA"),  # a service may read its transparency
        "https://example.com/mask.png",
    ],
)
def test_a_mask_that_may_be_right_is_sent(client: SegmindClient, mask: Any) -> None:
    assert client.plan(INPAINTING, inputs(mask)).notes == ()


def test_a_mask_fits_the_picture_as_it_is_seen(client: SegmindClient) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn
    turned = image("teal", "RGB", "JPEG", exif=exif)
    plan = client.plan(INPAINTING, {**inputs(painted((32, 48))), "image": turned})
    assert plan.notes == ()
    with pytest.raises(InputError, match="has 48×32 pixels, and its image `image` has 32×48"):
        client.plan(INPAINTING, {**inputs(painted()), "image": turned})


def test_elsewhere_a_black_mask_is_noted(client: SegmindClient, sandbox: Sandbox) -> None:
    given = {"image": picture(), "mask": image()}
    for target, kind in ((WORKFLOW, "workflow"), ("a-model-of-tomorrow", "model")):
        notes = " ".join(client.plan(target, given, kind=kind).notes)
        assert "`mask` is black all over" in notes
    other = client.plan(WORKFLOW, {**given, "mask": painted((9, 9))}, kind="workflow")
    assert "`mask` has 9×9 pixels, and its image `image` has 48×32." in other.notes


def test_a_setting_turns_the_refusals_into_notes(client: SegmindClient) -> None:
    client.check_inputs = "warn"
    notes = " ".join(client.plan(INPAINTING, inputs(image())).notes)
    assert "`mask` is black all over" in notes


def _model(**properties: Any) -> Model:
    return Model("m", schema={"type": "object", "properties": properties})


def asset(size: tuple[int, int]) -> Asset:
    return Asset.of(picture(size))


@pytest.mark.parametrize(
    ("fields", "picture_field"),
    [
        ({"mask_image": (9, 9), "image": SIZE, "style_image": (9, 9)}, "image"),
        ({"mask_url": (9, 9), "image_url": SIZE, "image": (9, 9)}, "image_url"),
        ({"photo_mask": (9, 9), "photo": SIZE, "other": (9, 9)}, "photo"),
        ({"mask": (9, 9), "source": SIZE}, "source"),
        ({"mask": (9, 9), "source": SIZE, "style": SIZE}, None),  # not certain
        ({"mask": (9, 9)}, None),
    ],
)
def test_a_mask_belongs_to_the_picture_of_its_name_or_the_only_one(
    fields: dict[str, tuple[int, int]], picture_field: str | None
) -> None:
    given = {name: asset(size) for name, size in fields.items()}
    if picture_field is None:
        assert check_masks(given, _model()) == []
        return
    with pytest.raises(InputError, match=f"its image `{picture_field}` has 48×32"):
        check_masks(given, _model())


def test_a_list_of_one_picture_is_that_picture() -> None:
    given = {"image_urls": [asset(SIZE)], "mask_url": asset((9, 9))}
    with pytest.raises(InputError, match="its image `image_urls`"):
        check_masks(given, _model())
    given["image_urls"] *= 2
    assert check_masks(given, _model()) == []


def test_a_damaged_mask_is_left_to_those_who_send_it(tmp_path: Path) -> None:
    path = tmp_path / "mask.png"
    path.write_bytes(painted()[:60])
    schema = {"mask": {"type": "string", "x-repainted": "white"}}
    assert check_masks({"image": asset(SIZE), "mask": Asset.of(path)}, _model(**schema)) == []
