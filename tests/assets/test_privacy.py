"""Location, serial numbers and owner do not leave this machine; every pixel does, upright."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import pytest
import requests
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from segmind_widgets.assets.asset import Asset
from segmind_widgets.assets.outgoing import prepare
from segmind_widgets.assets.privacy import private_data, replaced
from segmind_widgets.client import SegmindClient
from segmind_widgets.sandbox import Sandbox
from tests.photos import heic

SECRETS = (b"SERIAL-4711", b"LENS-4712", b"A. Person", b"52.516", b"MAKERNOTE-SERIAL")
XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><rdf:Description xmp:Rating="4"'
    b' exif:GPSLatitude="52.516N" aux:SerialNumber="SERIAL-4711"><exif:GPSLongitude>52.516'
    b"</exif:GPSLongitude></rdf:Description></rdf:RDF></x:xmpmeta>"
)


def photo(form: str, orientation: int = 1, *, compressed_xmp: bool = False) -> bytes:
    """Return a picture of 64×32 with a red quarter at its top left, as a camera writes it."""
    picture = Image.new("RGB", (64, 32), "black")
    picture.paste((255, 0, 0), (0, 0, 32, 16))
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "A maker", orientation
    own = exif.get_ifd(0x8769)
    own[0xA430], own[0xA431], own[0xA435] = "A. Person", "SERIAL-4711", "LENS-4712"
    own[0x927C], own[0x9003] = b"MAKERNOTE-SERIAL", "2026:11:28 10:00:00"
    gps = exif.get_ifd(0x8825)
    gps[1], gps[2] = "N", (52.0, 30.0, 58.25)
    gps[0x12] = "WGS-52.516"
    options: dict[str, object] = {"exif": exif.tobytes()}
    if form == "PNG":
        text = PngInfo()
        text.add_itxt("XML:com.adobe.xmp", XMP.decode(), zip=compressed_xmp)
        options["pnginfo"] = text
    elif form in ("JPEG", "WEBP"):
        options["xmp"] = XMP
    if form == "WEBP":
        options["lossless"] = True
    out = io.BytesIO()
    picture.save(out, form, **options)
    return out.getvalue()


def raw_pixels(data: bytes) -> bytes:
    with Image.open(io.BytesIO(data)) as picture:
        return picture.convert("RGB").tobytes()


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_private_data_goes_and_all_else_stays(form: str, orientation: int) -> None:
    data = photo(form, orientation)
    assert all(secret in data for secret in SECRETS)
    sent = prepare(Asset(data=data)).as_sent()
    assert sent.size == len(sent.content) == len(data)
    assert [secret for secret in SECRETS if secret in sent.content] == []
    assert raw_pixels(sent.content) == raw_pixels(data)
    with Image.open(io.BytesIO(sent.content)) as picture:
        picture.load()  # PNG: every checksum fits
        exif = picture.getexif()
        assert exif[0x0112] == orientation
        assert exif[0x010F] == "A maker"
        assert exif.get_ifd(0x8769)[0x9003] == "2026:11:28 10:00:00"
        assert 0x8825 not in exif
        assert not exif.get_ifd(0x8769).keys() & {0xA430, 0xA431, 0xA435, 0x927C}
    assert b'xmp:Rating="4"' in sent.content
    assert private_data(sent.content, sent.media_type) == []


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "HEIC"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_everything_that_shows_or_measures_is_upright(form: str, orientation: int) -> None:
    data = heic(orientation=orientation) if form == "HEIC" else photo(form, orientation)
    asset = Asset(data=data)
    size = (32, 64) if orientation > 4 else (64, 32)
    assert asset.pixels == asset.image.size == size
    assert f"{size[0]}×{size[1]}" in str(asset)
    preview, _ = asset.preview()
    again = Asset.of(asset.image)
    for copy in (asset.image, Image.open(io.BytesIO(preview)), again.image):
        assert copy.size == size
        place = {1: 0, 2: 1, 3: 3, 4: 2, 5: 0, 6: 1, 7: 3, 8: 2}[orientation]
        at = ((4, size[0] - 5)[place % 2], (4, size[1] - 5)[place // 2])
        assert copy.convert("RGB").getpixel(at)[0] > 128


def test_compressed_xmp_with_a_location_goes() -> None:
    data = photo("PNG", compressed_xmp=True)
    sent = prepare(Asset(data=data)).as_sent().content
    with Image.open(io.BytesIO(sent)) as picture:
        picture.load()
        assert "XML:com.adobe.xmp" not in picture.info
    assert raw_pixels(sent) == raw_pixels(data)


def test_a_second_picture_in_a_jpeg_is_cleaned_too() -> None:
    sent = prepare(Asset(data=photo("JPEG") + photo("JPEG"))).as_sent().content
    assert not any(secret in sent for secret in SECRETS)


def box(kind: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I", len(body) + 8) + kind + body


def film(*extra: bytes) -> bytes:
    return box(b"ftyp", b"qt  ", bytes(4)) + box(b"moov", *extra) + box(b"mdat", b"+52.516+13.4")


@pytest.mark.parametrize(
    "extra",
    [
        box(b"udta", box(b"\xa9xyz", b"\0\x0c\0\0+52.516+13.3/")),
        box(b"udta", box(b"loci", bytes(6), b"52.516")),
        box(
            b"meta",
            box(b"hdlr", bytes(8), b"mdta"),
            box(
                b"keys",
                struct.pack(">II", 0, 2),
                box(b"mdta", b"com.apple.quicktime.make"),
                box(b"mdta", b"com.apple.quicktime.location.ISO6709"),
            ),
            box(
                b"ilst",
                box(struct.pack(">I", 1), box(b"data", bytes(8), b"A maker")),
                box(struct.pack(">I", 2), box(b"data", bytes(8), b"+52.516+13.3/")),
            ),
        ),
    ],
)
def test_a_films_location_goes_and_its_samples_stay(extra: bytes) -> None:
    data = film(extra)
    sent = prepare(Asset(data=data)).as_sent().content
    assert len(sent) == len(data)
    assert sent.count(b"52.516") == data.count(b"52.516") - 1 == 1  # the samples' own bytes
    assert (b"A maker" in sent) == (b"A maker" in data)


@pytest.mark.parametrize("cut", range(0, 700, 7))
def test_a_file_that_is_cut_off_is_no_error(cut: int) -> None:
    for form in ("JPEG", "PNG", "WEBP"):
        data = photo(form)[:cut]
        for kind in ("image/jpeg", "image/png", "image/webp", "video/mp4"):
            for at, new in private_data(data, kind):
                assert at + len(new) <= len(data)


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_replacements_do_not_depend_on_the_pieces(size: int) -> None:
    data = bytes(range(50))
    pieces = (data[at : at + size] for at in range(0, len(data), size))
    found = b"".join(replaced(pieces, [(0, b"ab"), (6, b"cdefghij"), (49, b"z")]))
    assert found == b"ab" + data[2:6] + b"cdefghij" + data[14:49] + b"z"


@pytest.mark.parametrize("provider", ["segmind", "apimart"])
def test_the_uploads_line_says_so_once_and_the_file_stays(
    client: SegmindClient, sandbox: Sandbox, tmp_path: Path, provider: str
) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(photo("JPEG"))
    asset = client.upload(path, provider=provider)
    assert str(asset).count("sent without location and serial numbers") == 1
    assert path.read_bytes() == photo("JPEG")
    stored = requests.get(str(asset.url), timeout=10).content
    assert not any(secret in stored for secret in SECRETS)
    client.session.settings.keep_location = True
    whole = client.upload(path, provider=provider)
    assert "location" not in str(whole)
    assert requests.get(str(whole.url), timeout=10).content == path.read_bytes()
    client.session.settings.keep_location = False
    assert client.upload(path, provider=provider).url == asset.url
    assert len(sandbox.requests("POST")) == 2


def test_a_converted_photo_has_no_private_data(client: SegmindClient) -> None:
    data = photo("TIFF")
    assert b"SERIAL-4711" in data
    sent = prepare(Asset(data=data), {"image/jpeg"}, "A service").as_sent().content
    assert not any(secret in sent for secret in SECRETS)
