"""Files as they are sent: converted where the service cannot read them; the original stays."""

from __future__ import annotations

import base64
import io
import sys
from pathlib import Path

import pytest
import requests
from PIL import Image

from segmind_widgets.assets.asset import Asset
from segmind_widgets.assets.outgoing import prepare
from segmind_widgets.client import SegmindClient
from segmind_widgets.errors import AssetError
from segmind_widgets.sandbox import Sandbox
from tests.photos import heic

TAKEN = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif"})


def encoded(form: str, mode: str = "RGB", **options: object) -> bytes:
    out = io.BytesIO()
    Image.new(mode, (40, 30), 99 if mode in ("L", "I;16") else None).save(out, form, **options)
    return out.getvalue()


def posted(sandbox: Sandbox) -> int:
    return len(sandbox.requests("POST"))


@pytest.mark.parametrize("provider", ["segmind", "apimart"])
def test_heic_is_sent_as_jpeg_and_the_original_stays(
    client: SegmindClient, sandbox: Sandbox, tmp_path: Path, provider: str
) -> None:
    path = tmp_path / "IMG_1.HEIC"
    path.write_bytes(heic())
    before = path.read_bytes()
    asset = client.upload(path, provider=provider)
    assert asset.path == path
    assert asset.note == "converted from HEIC to JPEG"
    assert str(asset).count("converted") == 1
    assert path.read_bytes() == before
    with Image.open(io.BytesIO(requests.get(str(asset.url), timeout=10).content)) as stored:
        assert stored.format == "JPEG"
        assert stored.size == (64, 32)
    again = client.upload(path.read_bytes(), provider=provider)
    assert (again.url, again.note) == (asset.url, asset.note)
    assert posted(sandbox) == 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_heic_becomes_an_upright_jpeg(orientation: int) -> None:
    asset = Asset(data=heic(orientation=orientation))
    sent = prepare(asset).as_sent()
    with Image.open(io.BytesIO(sent.content)) as picture:
        assert picture.getexif().get(0x0112, 1) == 1
        assert picture.size == asset.pixels == ((32, 64) if orientation > 4 else (64, 32))
        corners = [
            picture.getpixel((x, y))[0] > 128
            for y in (4, picture.height - 5)
            for x in (4, picture.width - 5)
        ]
    places = {1: 0, 2: 1, 3: 3, 4: 2, 5: 0, 6: 1, 7: 3, 8: 2}
    assert corners.index(True) == places[orientation]
    assert sum(corners) == 1


@pytest.mark.parametrize("provider", ["segmind", "apimart"])
@pytest.mark.parametrize("act", ["upload", "submit", "show"])
def test_without_pillow_heif_one_sentence_says_what_to_do(
    client: SegmindClient,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    provider: str,
    act: str,
) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    asset = Asset(data=heic())
    if act == "show":
        assert "is a HEIC image, which needs a converter" in asset.to_html()
        return
    send = {
        "upload": lambda: client.upload(asset, provider=provider),
        "submit": lambda: client.submit("a-model", {"image": asset}, provider=provider),
    }[act]
    with pytest.raises(AssetError, match="is a HEIC image") as raised:
        send()
    assert "pip install 'segmind-widgets[heic]'" in raised.value.hint
    assert act == "upload" or raised.value.field == "image"
    assert posted(sandbox) == 0


@pytest.mark.parametrize(
    ("data", "target"),
    [
        (encoded("TIFF"), "image/jpeg"),
        (encoded("BMP"), "image/jpeg"),
        (encoded("AVIF"), "image/jpeg"),
        (encoded("AVIF", "RGBA"), "image/png"),
        (encoded("TIFF", "RGBA"), "image/png"),
        (encoded("TIFF", "I;16"), "image/jpeg"),
        (encoded("TIFF", "CMYK"), "image/jpeg"),
    ],
)
def test_a_picture_that_the_service_does_not_take_is_converted(data: bytes, target: str) -> None:
    file = prepare(Asset(data=data), TAKEN, "APIMart")
    assert file.target == target
    assert file.note.endswith(f"to {target[6:].upper()} for APIMart")
    sent = file.as_sent()
    assert sent.media_type == target
    assert sent.image.size == (40, 30)
    assert sent.filename.endswith(".jpg" if target == "image/jpeg" else ".png")
    assert prepare(Asset(data=data)).as_sent().content == data  # where any type is taken
    assert file.as_sent().content == sent.content  # so that the same file has the same key


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF"])
def test_what_the_service_takes_goes_as_it_is(form: str) -> None:
    asset = Asset(data=encoded(form))
    file = prepare(asset, TAKEN, "APIMart")
    assert file.as_sent() is asset
    assert file.note == ""
    assert file.digest == asset.sha256


def test_the_first_of_several_pictures_is_sent_and_named() -> None:
    pages = [Image.new("RGB", (20, 10), color) for color in ("red", "blue")]
    out = io.BytesIO()
    pages[0].save(out, "TIFF", save_all=True, append_images=pages[1:])
    file = prepare(Asset(data=out.getvalue()), TAKEN, "APIMart")
    assert file.note == "its first image of 2, converted from TIFF to JPEG for APIMart"
    assert file.as_sent().image.getpixel((5, 5))[0] > 200


def test_colours_keep_their_profile() -> None:
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = encoded("TIFF", icc_profile=profile)
    with Image.open(io.BytesIO(prepare(Asset(data=data), TAKEN).as_sent().content)) as picture:
        assert picture.info["icc_profile"] == profile


def test_a_dry_run_says_the_conversion_and_a_batch_sends_it_once(
    client: SegmindClient, sandbox: Sandbox, tmp_path: Path
) -> None:
    path = tmp_path / "photo.tiff"
    path.write_bytes(encoded("TIFF"))
    plan = client.plan("gpt-image-1", {"prompt": "x", "image": path}, provider="apimart")
    assert "to upload: photo.tiff" in str(plan)
    assert str(plan).count("converted from TIFF to JPEG for APIMart") == 1
    assert posted(sandbox) == 0
    client.upload([path, path.read_bytes(), str(path)], provider="apimart")
    assert posted(sandbox) == 1
    plan = client.plan("gpt-image-1", {"prompt": "x", "image": path}, provider="apimart")
    assert "uploaded before: photo.tiff" in str(plan)


def test_a_file_in_a_request_is_converted_too(client: SegmindClient, sandbox: Sandbox) -> None:
    mask = io.BytesIO()
    Image.new("L", (64, 32), 255).save(mask, "PNG")
    inputs = {"image": heic(), "mask": mask.getvalue(), "prompt": "a fox"}
    client.submit("sdxl-inpaint", inputs, provider="segmind").wait()
    body = sandbox.requests("POST")[-1].json
    assert base64.b64decode(body["image"]).startswith(b"\xff\xd8\xff")
    assert base64.b64decode(body["mask"]) == inputs["mask"]
