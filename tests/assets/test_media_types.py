"""Types of files by their content: real small files of each container, and hand-written heads."""

from __future__ import annotations

import io
import re
import struct
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from segmind_widgets.assets.asset import Asset
from segmind_widgets.assets.media_types import UNKNOWN, parse, sniff, suffix, type_of_name
from segmind_widgets.storage.records import assets_from_row
from tests.photos import heic

FILES = Path(__file__).parent / "files"  # each made by FFmpeg: two frames, a tenth of a second
REAL = {
    "faststart.mp4": "video/mp4",
    "sound-only.mp4": "audio/mp4",
    "sound.aac": "audio/aac",
    "sound.m4a": "audio/mp4",
    "sound.mka": "audio/x-matroska",
    "sound.ogg": "audio/ogg",
    "sound.weba": "audio/webm",
    "video.3gp": "video/3gpp",
    "video.avi": "video/x-msvideo",
    "video.mkv": "video/x-matroska",
    "video.mov": "video/quicktime",
    "video.mp4": "video/mp4",
    "video.webm": "video/webm",
}


def ftyp(major: bytes, *compatible: bytes) -> bytes:
    body = b"ftyp" + major + bytes(4) + b"".join(compatible)
    return struct.pack(">I", len(body) + 4) + body


def ogg_page(packet: bytes, flags: int = 2) -> bytes:
    return b"OggS\0" + bytes([flags]) + bytes(20) + bytes([1, len(packet)]) + packet


def test_the_list_of_real_files_is_whole() -> None:
    assert {path.name for path in FILES.iterdir()} == set(REAL)


@pytest.mark.parametrize(("name", "kind"), REAL.items())
def test_real_files_are_told_by_their_content(name: str, kind: str) -> None:
    path = FILES / name
    assert Asset.of(path).media_type == kind
    data = path.read_bytes()
    assert Asset(data=data, declared_type="text/html").media_type == kind
    assert sniff(data, data[:100_000]) == kind
    ending = suffix(kind)
    assert type_of_name(f"a{ending}".upper()) in (kind, kind.replace("audio", "video"))


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (ftyp(b"heic", b"mif1"), "image/heic"),
        (ftyp(b"heix", b"mif1"), "image/heic"),
        (ftyp(b"mif1", b"mif1", b"heic"), "image/heic"),
        (ftyp(b"mif1", b"miaf", b"avif"), "image/avif"),
        (ftyp(b"mif1"), "image/heif"),
        (ftyp(b"msf1", b"hevc"), "image/heic-sequence"),
        (ftyp(b"hevc"), "image/heic-sequence"),
        (ftyp(b"avis"), "image/avif"),
        (ftyp(b"avif", b"mif1"), "image/avif"),
        (ftyp(b"qt  "), "video/quicktime"),
        (b"\0\0\0\x08wide\0\0\0\x00mdat", "video/quicktime"),
        (ftyp(b"M4A ", b"mp42", b"isom"), "audio/mp4"),
        (ftyp(b"M4B "), "audio/mp4"),
        (ftyp(b"mp42", b"M4A "), "audio/mp4"),
        (ftyp(b"M4V ", b"M4A ", b"mp42"), "video/mp4"),
        (ftyp(b"isom", b"iso2", b"avc1", b"mp41"), "video/mp4"),
        (ftyp(b"3gp5", b"isom"), "video/3gpp"),
        (ftyp(b"3g2a"), "video/3gpp2"),
        (ftyp(b"crx ", b"isom"), "image/x-canon-cr3"),
        (ogg_page(b"\x01vorbis"), "audio/ogg"),
        (ogg_page(b"\x80theora\3\2\1"), "video/ogg"),
        (ogg_page(b"OpusHead") + ogg_page(b"\x80theora"), "video/ogg"),
        (ogg_page(b"OpusHead") + ogg_page(b"\x80theora", 0), "audio/ogg"),
        (b"\x1aE\xdf\xa3\x84B\x82\x81w", "video/webm"),
        (b"\x1aE\xdf\xa3\x8bB\x82\x88matroska", "video/x-matroska"),
        (b'<?xml version="1.0"?>\n<!-- a --><svg xmlns="x">', "image/svg+xml"),
        (b"<svg>", "image/svg+xml"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "image/jxl"),
    ],
)
def test_heads_are_told_by_brand_doctype_or_codec(head: bytes, kind: str) -> None:
    assert Asset(data=head).media_type == kind
    assert suffix(kind)


@pytest.mark.parametrize("brand", [b"heic", b"heix", b"mif1"])
def test_a_heic_photo_is_a_picture(brand: bytes) -> None:
    asset = Asset(data=heic(brand))
    assert asset.media_type == "image/heic"
    assert asset.kind == "image"
    assert asset.pixels == asset.image.size == (64, 32)
    assert "<img" in asset.to_html()
    assert "64×32" in str(asset)


def test_a_real_avif_is_a_picture() -> None:
    out = io.BytesIO()
    Image.new("RGB", (40, 30)).save(out, "AVIF")
    asset = Asset(data=out.getvalue())
    assert (asset.media_type, asset.pixels) == ("image/avif", (40, 30))


@given(
    st.sampled_from([b"\0\0\0\x18ftypisom", b"\x1aE\xdf\xa3", b"OggS\0\2", b"\0\0\0\x08moov"]),
    st.binary(max_size=300),
)
def test_any_broken_container_has_a_type(head: bytes, rest: bytes) -> None:
    data = head + rest
    assert "/" in (sniff(data, data) or "x/y")


@given(st.sampled_from(sorted(REAL)), st.data())
def test_a_file_with_changed_bytes_has_a_type(name: str, data: st.DataObject) -> None:
    content = bytearray((FILES / name).read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    assert "/" in (sniff(bytes(content), bytes(content)) or "x/y")


HOSTILE_TYPES = (
    'image/png"><script>run()</script>',
    "video/mp4,<script>run()</script>",
    "<script>run()</script>/x",
    "video/<b>",
    'model/x" onclick="run()',
    "audio/ogg\n\n<script>run()</script>",
    "application/pdf\x1b[31m",
    "text",
    "text/",
    "/html",
    "a/b/c",
    "text/\u202ehtml",
    "ſ/x",
    "",
)


@pytest.mark.parametrize("declared", HOSTILE_TYPES)
def test_a_type_that_is_none_is_unknown(declared: str) -> None:
    assert parse(declared) is None
    stored = {"path": __file__, "media_type": declared}
    from_journal = replace(assets_from_row({"outputs": [stored]})[0], path=None, data=b"?")
    for asset in (Asset(data=b"?", declared_type=declared), from_journal):
        assert asset.media_type == UNKNOWN
        page = asset._repr_mimebundle_()["text/html"]
        assert f'href="data:{UNKNOWN};base64,Pw=="' in page
        assert "<script" not in page
        assert "onclick" not in page
    assert Asset(data=b"GIF89a", declared_type=declared).media_type != declared


@given(st.text() | st.sampled_from([None, 7, b"image/png"]))
def test_a_parsed_type_has_no_character_that_means_something(declared: object) -> None:
    kind = parse(declared)
    assert kind is None or re.fullmatch(
        r"[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*", kind
    )


@pytest.mark.parametrize(
    "kind", ["text/html", "application/xhtml+xml", "image/svg+xml", "application/javascript"]
)
def test_no_link_holds_a_page_that_a_browser_would_run(kind: str) -> None:
    asset = Asset(data=b"<x/>", declared_type=kind)
    assert asset.media_type == kind
    assert f"data:{kind}" not in asset.to_html()


def test_content_types_have_parameters_and_capitals() -> None:
    assert parse("Image/PNG; charset=binary") == "image/png"
    assert parse(" model/gltf-binary ") == "model/gltf-binary"
    assert parse("application/vnd.ms-excel.sheet+xml;v=1") == "application/vnd.ms-excel.sheet+xml"
