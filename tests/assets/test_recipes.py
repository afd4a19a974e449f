"""Pictures carry their recipe, nothing else in them changes, and hostile files do no harm."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import struct
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageSequence
from PIL.PngImagePlugin import PngInfo

from segmind_widgets import Asset, SegmindClient, from_image
from segmind_widgets.assets import embedding, recipes
from segmind_widgets.assets.recipes import SOURCE_TYPES, Recipe, read, write
from segmind_widgets.assets.xmp import NAMESPACE, Packet, Properties
from segmind_widgets.errors import AssetError, CellError, InputError
from segmind_widgets.sandbox import Sandbox
from tests.shells import open_shell

RECIPE = Recipe(
    "seedream-4.5",
    inputs={"prompt": "a red fox, ein Füchslein, 狐", "seed": -1, "steps": 4, "guidance": 3.5},
    seed=0,
    provider="segmind",
    id="7f3a",
    cost=0.04,
    time="2026-11-21T07:00:00+00:00",
    sandbox=True,
    version="0.1.0",
)
ORIENTATION, COPYRIGHT, DETAILS, COMMENT = 0x0112, 0x8298, 0x8769, 0x9286
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
IPTC = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
DC, XMP = "http://purl.org/dc/elements/1.1/", "http://ns.adobe.com/xap/1.0/"
XMP_HEADER = b"http://ns.adobe.com/xap/1.0/\0"
ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def drawing(mode: str = "RGB", size: tuple[int, int] = (37, 23)) -> Any:
    """A picture with something in each corner, and transparency where the mode has it."""
    picture = Image.radial_gradient("L").resize(size)
    bands = [picture, picture.rotate(180), picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)]
    alpha = Image.linear_gradient("L").resize(size)
    return Image.merge(mode, [*bands, alpha][: len(mode)])


def encoded(kind: str, mode: str = "RGB", **options: Any) -> bytes:
    out = io.BytesIO()
    drawing(mode).save(out, kind, **options)
    return out.getvalue()


def packet_of_others(properties: str = "", attributes: str = "", about: str = "uuid:1") -> bytes:
    """An XMP packet as another program writes it, with a comment, a list and padding."""
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="Some Toolkit 1.0">\n'
        f'<r:RDF xmlns:r="{RDF}"><!-- é -->\n'
        f'<r:Description r:about="{about}" xmlns:d="{DC}" xmlns:xmp="{XMP}" xmlns:i="{IPTC}"\n'
        f' xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" {attributes}\n'
        ' photoshop:City="Køln > 1">\n'
        "<d:subject><r:Bag><r:li>fox</r:li><r:li>snow &amp; ice</r:li></r:Bag></d:subject>\n"
        f"{properties}</r:Description>\n</r:RDF>\n</x:xmpmeta>\n{' ' * 500}\n"
        '<?xpacket end="w"?>'
    ).encode()


def frames() -> dict[str, Any]:
    return {"save_all": True, "append_images": [drawing().rotate(90)], "duration": 80}


def exif(order: str = "<") -> Any:
    """EXIF as a camera writes it: turned, with a © that is no ASCII, details and a place."""
    tags = Image.Exif()
    tags.endian = order
    tags[ORIENTATION], tags[COPYRIGHT] = 6, "© Ada".encode("latin-1")
    tags.get_ifd(DETAILS)[0x9003] = "2026:11:21 07:00:00"
    tags.get_ifd(0x8825)[2] = (52.0, 30.0, 0.0)
    return tags


FILES: dict[str, Callable[[], bytes]] = {
    "png": lambda: encoded("PNG"),
    "png with alpha and ICC": lambda: encoded("PNG", "RGBA", icc_profile=ICC),
    "png animated": lambda: encoded("PNG", **frames()),
    "jpeg": lambda: encoded("JPEG"),
    "jpeg progressive": lambda: encoded("JPEG", progressive=True),
    "jpeg turned, with ICC": lambda: encoded("JPEG", exif=exif(), icc_profile=ICC),
    "jpeg turned, Motorola": lambda: encoded("JPEG", exif=exif(">")),
    "jpeg CMYK": lambda: encoded("JPEG", "CMYK"),
    "jpeg of several pictures": lambda: encoded("MPO", save_all=True, append_images=[drawing()]),
    "webp": lambda: encoded("WEBP"),
    "webp lossless": lambda: encoded("WEBP", lossless=True),
    "webp lossy with alpha": lambda: encoded("WEBP", "RGBA"),
    "webp lossless with alpha": lambda: encoded("WEBP", "RGBA", lossless=True),
    "webp animated": lambda: encoded("WEBP", **frames()),
    "webp with EXIF, XMP, ICC": lambda: encoded(
        "WEBP", exif=exif(), xmp=packet_of_others(), icc_profile=ICC
    ),
    "webp with XMP": lambda: encoded("WEBP", xmp=packet_of_others()),
    "jpeg with EXIF, XMP, ICC": lambda: encoded(
        "JPEG", exif=exif(), xmp=packet_of_others(), icc_profile=ICC
    ),
    "png with EXIF, XMP": lambda: encoded(
        "PNG", exif=exif(), pnginfo=texts_with(packet_of_others())
    ),
    "png with packed XMP": lambda: encoded(
        "PNG", pnginfo=texts_with(packet_of_others(), packed=True)
    ),
}


def texts_with(packet: bytes, *, packed: bool = False) -> PngInfo:
    texts = PngInfo()
    texts.add_itxt("XML:com.adobe.xmp", packet.decode(), zip=packed)
    return texts


@pytest.fixture(params=FILES)
def original(request: pytest.FixtureRequest) -> bytes:
    return FILES[request.param]()


def shown(data: bytes) -> list[tuple[Any, ...]]:
    """What is seen of a picture, frame by frame, and its colours' meaning."""
    with Image.open(io.BytesIO(data)) as picture:
        return [
            (frame.mode, frame.size, frame.convert("RGBA").tobytes(), frame.info.get("icc_profile"))
            for frame in ImageSequence.Iterator(picture)
        ]


def stamped(data: bytes, folder: Path, recipe: Recipe = RECIPE) -> bytes:
    """The bytes with a recipe in them."""
    path = folder / "picture"
    path.write_bytes(data)
    assert write(path, recipe)
    assert [file.name for file in folder.iterdir() if file.is_file()] == ["picture"]
    return path.read_bytes()


def xmp_of(data: bytes) -> bytes:
    """The packet as any program finds it."""
    with Image.open(io.BytesIO(data)) as picture:
        picture.load()
        return picture.info.get("xmp", b"")


def properties_of(data: bytes) -> dict[str, Any]:
    """The properties of the packet: attributes, and elements as their source."""
    root = ElementTree.fromstring(xmp_of(data).decode())
    found: dict[str, Any] = {}
    for node in root.iter(f"{{{RDF}}}Description"):
        items = [*node.attrib.items()]
        items += [
            (item.tag, item.text if not len(item) else ElementTree.tostring(item)) for item in node
        ]
        for name, value in items:
            assert name == f"{{{RDF}}}about" or name not in found, "a property twice"
            found[name] = value
    return found


def kept_by_pillow(data: bytes) -> dict[str, Any]:
    """The recipe's JSON where any program finds it."""
    with Image.open(io.BytesIO(data)) as picture:
        nodes = picture.getxmp()["xmpmeta"]["RDF"]["Description"]
    node = nodes[-1] if isinstance(nodes, list) else nodes
    assert node["CreatorTool"] == "segmind-widgets 0.1.0"
    assert node["DigitalSourceType"] == f"{SOURCE_TYPES}algorithmicMedia"
    assert node["description"]["Alt"]["li"]["text"].startswith("a red fox")
    return json.loads(node["recipe"])


def test_a_picture_carries_its_recipe_and_shows_the_same(original: bytes, tmp_path: Path) -> None:
    done = stamped(original, tmp_path)
    assert read(done) == read(tmp_path / "picture") == RECIPE
    assert shown(done) == shown(original)
    assert kept_by_pillow(done)["model"] == "seedream-4.5"
    assert kept_by_pillow(done)["seed"] == 0


def parts(data: bytes) -> list[bytes]:
    """The chunks of a PNG or a WebP; the segments of a JPEG and all that follows them."""
    found, at = [], {b"\x89P": 8, b"RI": 12}.get(data[:2], 2)
    while at < len(data):
        if data[:2] == b"\xff\xd8":
            scan = data[at + 1] == 0xDA
            end = len(data) if scan else at + 2 + struct.unpack_from(">H", data, at + 2)[0]
        elif data[:4] == b"RIFF":
            size = struct.unpack_from("<I", data, at + 4)[0]
            end = at + 8 + size + size % 2
        else:
            end = at + 12 + struct.unpack_from(">I", data, at)[0]
        found.append(data[at:end])
        at = end
    return found


def told(part: bytes) -> bool:
    """It is metadata of the kind that a recipe changes."""
    png = part[4:8] == b"iTXt" and part[8:].startswith(b"XML:com.adobe.xmp\0")
    return png or part[:4] in (b"XMP ", b"VP8X") or part[4:].startswith(XMP_HEADER)


def test_every_other_byte_stays(original: bytes, tmp_path: Path) -> None:
    before, after = parts(original), parts(stamped(original, tmp_path))
    assert [part for part in after if not told(part)] == [p for p in before if not told(p)]
    assert sum(told(part) and part[:4] != b"VP8X" for part in after) == 1, "one packet"
    first = {part[:4]: part for part in before + after}
    if b"VP8X" in first:
        flags = {part[8] for part in before if part[:4] == b"VP8X"} or {0}
        assert first[b"VP8X"][8] & ~16 == flags.pop() & ~16 | 4, "only XMP was announced"


def test_a_packet_of_others_keeps_every_byte(original: bytes, tmp_path: Path) -> None:
    before, after = xmp_of(original), xmp_of(stamped(original, tmp_path))
    start, mark, end = before.partition(b"</r:RDF>")
    assert after.startswith(start)
    assert after.endswith(mark + end)
    block = after[len(start) : len(after) - len(mark + end)]
    assert block.count(b"<rdf:Description") == block.count(b"</rdf:Description>") == 1


def test_without_its_recipe_a_picture_is_as_it_was(original: bytes, tmp_path: Path) -> None:
    """A copy for others: the same bytes, but for WebP's announcement of what is not there."""
    asset = Asset(data=stamped(original, tmp_path))
    copy = asset.save(tmp_path / "copy.bin", recipe=False).read_bytes()
    with pytest.raises(AssetError, match="carries no recipe"):
        read(copy)
    assert NAMESPACE.encode() not in copy
    assert b"red fox" not in copy
    assert xmp_of(copy) == xmp_of(original)
    assert shown(copy) == shown(original)
    if copy[:4] == b"RIFF":
        heads = (b"VP8X",)
        assert [part for part in parts(copy) if part[:4] not in heads] == [
            part for part in parts(original) if part[:4] not in heads
        ]
    elif b"XML:com.adobe.xmp\0\1" not in original:  # a packed text is not packed again
        assert copy == original
    file = Asset.of(tmp_path / "picture")
    assert file.save(tmp_path / "b.bin", recipe=False).read_bytes() == copy
    assert file.save(tmp_path / "c.bin").read_bytes() == asset.data
    with pytest.raises(AssetError, match="is the original file"):
        file.save(tmp_path, recipe=False)
    assert (tmp_path / "picture").read_bytes() == asset.data


def test_a_new_recipe_takes_the_place_of_the_former(original: bytes, tmp_path: Path) -> None:
    first = stamped(original, tmp_path, Recipe("old-model", inputs={"prompt": "an old one"}))
    second = stamped(first, tmp_path)
    assert read(second) == RECIPE
    assert kept_by_pillow(second)["model"] == "seedream-4.5"
    assert shown(second) == shown(original)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_what_a_camera_wrote_is_kept_to_the_byte(kind: str, order: str, tmp_path: Path) -> None:
    done = stamped(encoded(kind, exif=exif(order)), tmp_path)
    with Image.open(io.BytesIO(done)) as picture:
        tags = picture.getexif()
        block = picture.info["exif"].removeprefix(b"Exif\0\0")
    assert tags[ORIENTATION] == 6
    assert tags[COPYRIGHT] == "© Ada"
    assert tags.get_ifd(DETAILS)[0x9003] == "2026:11:21 07:00:00"
    assert tags.get_ifd(0x8825)[2] == (52.0, 30.0, 0.0)
    assert block == exif(order).tobytes().removeprefix(b"Exif\0\0")


def test_properties_of_others_are_not_written_over(tmp_path: Path) -> None:
    theirs = (
        '<d:description><r:Alt><r:li xml:lang="x-default">a holiday</r:li></r:Alt>'
        "</d:description><xmp:CreatorTool>A camera</xmp:CreatorTool>"
    )
    attribute = f'i:DigitalSourceType="{SOURCE_TYPES}digitalCapture"'
    packet = packet_of_others(theirs, attribute)
    for kind in ("JPEG", "WEBP"):
        before = encoded(kind, xmp=packet)
        done = stamped(before, tmp_path)
        assert read(done) == RECIPE
        after = properties_of(done)
        assert json.loads(after.pop(f"{{{NAMESPACE}}}recipe"))["id"] == "7f3a"
        assert after == properties_of(before)
        assert after[f"{{{XMP}}}CreatorTool"] == "A camera"
        assert after[f"{{{IPTC}}}DigitalSourceType"].endswith("digitalCapture")
        assert after[f"{{{RDF}}}about"] == "uuid:1"
        again = stamped(done, tmp_path, Recipe("other"))
        assert read(again).model == "other"
        assert properties_of(again).keys() == properties_of(done).keys()


@pytest.mark.parametrize("form", ["elements", "attributes"])
def test_a_recipe_that_another_program_merged_is_replaced(form: str, tmp_path: Path) -> None:
    """Programs that save a picture anew put all properties into one node, some as attributes."""
    recipe = escape(RECIPE.to_json(), {'"': "&quot;"})
    values = {"recipe": recipe, "CreatorTool": "segmind-widgets 0.1.0"}
    prefixes = {"recipe": "s", "CreatorTool": "xmp"}
    words = (
        "<d:description><r:Alt><r:li xml:lang='x-default'>a red fox</r:li></r:Alt></d:description>"
    )
    declared = f'xmlns:s = "{NAMESPACE}"  a="\' s:recipe=\'no\'"'
    if form == "elements":
        items = "".join(f"<{prefixes[n]}:{n} >{v}</{prefixes[n]}:{n}\n>" for n, v in values.items())
        packet = packet_of_others(items + words, declared)
    else:
        items = " ".join(f"{prefixes[n]}:{n}\n = '{v}'" for n, v in values.items())
        packet = packet_of_others(words, f"{declared} {items}")
    before = encoded("PNG", pnginfo=texts_with(packet))
    assert read(before) == RECIPE
    done = stamped(before, tmp_path, Recipe("other", inputs={"prompt": "a cat"}, version="9"))
    found = properties_of(done)
    assert read(done).model == "other"
    assert found[f"{{{XMP}}}CreatorTool"] == "segmind-widgets 9"
    assert b"a cat (other)" in found[f"{{{DC}}}description"]
    assert found["{http://ns.adobe.com/photoshop/1.0/}City"] == "Køln > 1"
    copy = Asset(data=before).save(tmp_path / "copy.png", recipe=False).read_bytes()
    assert xmp_of(copy) == re.sub(
        rb"<(s|xmp):.*?\n>|<d:description>.*?</d:description>"
        rb"| (s:recipe|xmp:CreatorTool)\n.*?'(?= x|\n)", b"", packet, flags=re.DOTALL
    )  # fmt: skip
    assert b"snow &amp; ice" in xmp_of(copy)


@pytest.mark.parametrize("packet", [
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"/>',
    f'<rdf:RDF xmlns:rdf="{RDF}"/>'.encode(),
    f'<rdf:RDF xmlns:rdf="{RDF}"></rdf:RDF>\0\0'.encode(),
])  # fmt: skip
def test_a_packet_without_properties_is_replaced(packet: bytes, tmp_path: Path) -> None:
    done = stamped(encoded("JPEG", xmp=packet), tmp_path)
    assert read(done) == RECIPE
    assert kept_by_pillow(done)["seed"] == 0


def test_extended_xmp_stays(tmp_path: Path) -> None:
    """A packet of more than 64 KiB goes on in segments of its own, named by a digest."""
    body = b"http://ns.adobe.com/xmp/extension/\0" + b"0" * 32 + bytes(8) + b"<more/>"
    more = b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body
    note = 'xmlns:n="http://ns.adobe.com/xmp/note/" n:HasExtendedXMP="' + "0" * 32 + '"'
    data = encoded("JPEG", xmp=packet_of_others("", note))
    at = data.index(b"\xff\xdb")
    done = stamped(data[:at] + more + data[at:], tmp_path)
    assert more in parts(done)
    assert properties_of(done)["{http://ns.adobe.com/xmp/note/}HasExtendedXMP"] == "0" * 32
    assert read(done) == RECIPE


def test_texts_of_other_programs_stay_in_a_png(tmp_path: Path) -> None:
    texts = PngInfo()
    texts.add_text("parameters", "steps: 4")
    texts.add_itxt("Description", "a holiday")
    texts.add_text("Software", "A program")
    done = stamped(encoded("PNG", pnginfo=texts), tmp_path)
    with Image.open(io.BytesIO(done)) as picture:
        found = dict(picture.text)
    assert '"id":"7f3a"' in found.pop("XML:com.adobe.xmp")
    assert found == {"parameters": "steps: 4", "Description": "a holiday", "Software": "A program"}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("kind", ["add_text", "add_itxt"])
def test_a_recipe_survives_programs_that_write_the_text_another_way(
    kind: str, packed: bool
) -> None:
    texts = PngInfo()
    packet = Packet.new(Properties(RECIPE.to_json(), "", "", "")).decode().replace("\ufeff", "")
    getattr(texts, kind)("XML:com.adobe.xmp", packet, zip=packed)
    assert read(encoded("PNG", pnginfo=texts)) == RECIPE


def test_pillow_saves_it_again_with_its_xmp(tmp_path: Path) -> None:
    with Image.open(io.BytesIO(stamped(encoded("JPEG"), tmp_path))) as picture:
        out = io.BytesIO()
        picture.save(out, "WEBP", xmp=picture.info["xmp"])
    assert read(out.getvalue()) == RECIPE


def test_bytes_in_memory_take_a_recipe_too(original: bytes) -> None:
    """For a disk that takes nothing: `job.save` writes them elsewhere later."""
    asset = Asset(data=original, declared_type="image/png")
    done = recipes.with_recipe(asset, RECIPE)
    assert read(done) == RECIPE
    assert shown(done.content) == shown(original)
    assert asset.data == original
    text = Asset.of(b"a red fox")
    url = Asset.of("https://a.example/cat.png")
    assert recipes.with_recipe(text, RECIPE) is text
    assert recipes.with_recipe(url, RECIPE) is url


# what is left alone


def untouched(data: bytes, folder: Path) -> None:
    path = folder / "file"
    path.write_bytes(data)
    assert not write(path, RECIPE)
    assert path.read_bytes() == data
    assert not list(folder.glob("*.recipe"))
    with pytest.raises(AssetError, match="carries no recipe"):
        read(path)


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def signed(kind: str) -> bytes:
    """A picture with the box of a C2PA signature."""
    data, box = encoded(kind), b"\0\0\0\x20jumbc2pa"
    if kind == "PNG":
        return data[:33] + chunk(b"caBX", box) + data[33:]
    if kind == "JPEG":
        body = b"JP\0\1\0\0\0\1" + box
        return data[:2] + b"\xff\xeb" + struct.pack(">H", len(body) + 2) + body + data[2:]
    more = b"C2PA" + struct.pack("<I", len(box)) + box
    return data[:4] + struct.pack("<I", len(data) - 8 + len(more)) + data[8:] + more


def with_segments(*bodies: bytes) -> bytes:
    """A JPEG with XMP segments; a body that is an index has a segment of its own kind."""
    data, new = encoded("JPEG"), b""
    for body in bodies:
        marker = b"\xff\xe2" if body[:3] == b"MPF" else b"\xff\xe1"
        body = body if body[:3] == b"MPF" else XMP_HEADER + body
        new += marker + struct.pack(">H", len(body) + 2) + body
    return data[:20] + new + data[20:]


def with_chunks(*packets: bytes) -> bytes:
    data = encoded("WEBP", icc_profile=ICC)
    for packet in packets:
        data += b"XMP " + struct.pack("<I", len(packet)) + packet + bytes(len(packet) % 2)
    return data[:4] + struct.pack("<I", len(data) - 8) + data[8:]


def with_texts(*packets: bytes) -> bytes:
    data = encoded("PNG")
    texts = [chunk(b"iTXt", b"XML:com.adobe.xmp" + bytes(5) + packet) for packet in packets]
    return data[:33] + b"".join(texts) + data[33:]


OTHERS: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "text": lambda: b"a red fox",
    "GIF": lambda: encoded("GIF"),
    "GIF, animated": lambda: encoded("GIF", **frames()),
    "AVIF": lambda: encoded("AVIF"),
    "BMP": lambda: encoded("BMP"),
    "a signed PNG": lambda: signed("PNG"),
    "a signed JPEG": lambda: signed("JPEG"),
    "a signed WebP": lambda: signed("WEBP"),
    "a PNG without a picture": lambda: encoded("PNG")[:33] + chunk(b"IEND", b""),
    "a JPEG with no room": lambda: encoded("JPEG", xmp=packet_of_others("x" * 64_000)),
    "a JPEG with two packets": lambda: with_segments(packet_of_others(), packet_of_others()),
    "a JPEG whose packet is behind an index": lambda: with_segments(
        b"MPF\0" + bytes(8), packet_of_others()
    ),
    "a WebP with broken XMP": lambda: encoded("WEBP", xmp=b"<x:xmpmeta/>"),
    "a WebP with other XML": lambda: encoded("WEBP", xmp=b"<svg><g/></svg>"),
    "a WebP with XMP in UTF-16": lambda: encoded(
        "WEBP", xmp=packet_of_others().decode().encode("utf-16")
    ),
    "a WebP with two packets": lambda: with_chunks(packet_of_others(), packet_of_others()),
    "a WebP with a large packet": lambda: with_chunks(packet_of_others("x" * 1_000_000)),
    "a PNG with a document type": lambda: encoded(
        "PNG", pnginfo=texts_with(b"<!DOCTYPE x>" + packet_of_others())
    ),
    "a PNG with two packets": lambda: with_texts(packet_of_others(), packet_of_others()),
    "a PNG with a large packet": lambda: with_texts(packet_of_others("x" * 1_000_000)),
    "a WAV": lambda: b"RIFF\x04\0\0\0WAVE",
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_files_are_left_as_they_are(name: str, tmp_path: Path) -> None:
    untouched(OTHERS[name](), tmp_path)


def test_a_file_that_is_cut_off_is_left_as_it_is(original: bytes, tmp_path: Path) -> None:
    for length in (11, 30, len(original) // 2):
        untouched(original[:length], tmp_path)


def test_a_disk_that_refuses_leaves_the_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(encoded("PNG"))

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(recipes.shutil, "copymode", full)
    assert not write(path, RECIPE)
    assert path.read_bytes() == encoded("PNG")
    assert list(tmp_path.glob("a.png*")) == [path]
    assert not write(tmp_path / "missing.png", RECIPE)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limits")
def test_a_disk_that_fills_up_leaves_the_picture(tmp_path: Path) -> None:
    import resource

    path = tmp_path / "a.png"
    path.write_bytes(encoded("PNG", compress_level=0))
    before = path.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before), limits[1]))
    try:
        done = write(path, RECIPE)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not done
    assert path.read_bytes() == before
    assert list(tmp_path.glob("a.png*")) == [path]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_a_private_file_stays_private(tmp_path: Path) -> None:
    stamped(encoded("PNG"), tmp_path)
    path = tmp_path / "picture"
    path.chmod(0o600)
    assert write(path, RECIPE)
    assert path.stat().st_mode & 0o777 == 0o600


# what a recipe says


def test_no_secret_gets_in(tmp_path: Path) -> None:
    secrets = {
        "image": "https://user:pa55@storage.example/a/cat.png?X-Signature=5ecret&e=1#frag5ecret",
        "prompt": "see https://a.example/b?sig=5ecret and SG_5ecret00112233",
        "messages": [{"content": {"url": "data:image/png;base64,c2VjcmV0/5ecret=="}}],
        "photo": "5ecret" + "QUJD" * 500,
        "folded": "\n".join(["5ecret" + "QUJD" * 18] * 9),
        "mask": f"<mask.png, sha256 {'0' * 64}>",
        "api_key": "5ecret",
        "deep": {"hf_token": "5ecret", "headers": ["Authorization: Bearer 5ecret.5ecret.5ecret"]},
    }
    plain = {"max_tokens": 5, "url": "https://a.example/b.png", "none": None, "Bearer": "Bearer of"}
    for kind in ("PNG", "JPEG", "WEBP"):
        done = stamped(encoded(kind), tmp_path, Recipe("m", inputs={**secrets, **plain}))
        assert b"5ecret" not in done
        assert b"pa55" not in done
        found = read(done)
        assert found.cut == tuple(secrets)
        assert {name: found.inputs[name] for name in plain} == plain
        assert found.inputs["image"] == "https://storage.example/a/cat.png"
        assert found.inputs["mask"] == secrets["mask"]


def test_long_inputs_are_shortened_until_they_fit(tmp_path: Path) -> None:
    packet = packet_of_others(f"<d:source>{'x' * 55_000}</d:source>")
    long = {"prompt": "狐 " * 40_000, "strokes": [[1, 2.5]] * 9000, "steps": 4}
    done = stamped(encoded("JPEG", xmp=packet), tmp_path, Recipe("m", inputs=long))
    assert len(properties_of(done)[f"{{{DC}}}source"]) == 55_000
    found = read(done)
    assert found.cut == ("prompt", "strokes")
    assert found.inputs["prompt"].startswith("狐 狐")
    assert found.inputs["strokes"] == "<list, too long>"
    assert found.inputs["steps"] == 4
    alone = read(stamped(encoded("JPEG"), tmp_path, Recipe("m", inputs=long)))
    assert len(alone.inputs["prompt"]) > len(found.inputs["prompt"]), (
        "a whole segment has more room"
    )
    whole = read(stamped(encoded("PNG"), tmp_path, Recipe("m", inputs={"prompt": "x " * 9_000})))
    assert whole.cut == ()


def test_many_inputs_are_no_reason_to_fail(tmp_path: Path) -> None:
    many = {f"name {i}": "x" * 100 for i in range(5000)}
    path = tmp_path / "a.png"
    path.write_bytes(encoded("PNG"))
    assert not write(path, Recipe("m", inputs=many))
    assert path.read_bytes() == encoded("PNG")


def test_to_run_again_takes_the_seed_that_was_used() -> None:
    assert RECIPE.changed({"prompt": "a cat"}) == {**RECIPE.inputs, "prompt": "a cat", "seed": 0}
    assert RECIPE.changed({"seed": 5})["seed"] == 5
    assert Recipe("m", inputs={"a": 1}, seed=4).changed({}) == {"a": 1}, "not every model takes one"
    cut = Recipe("m", inputs={"image": "<data, 9 B>"}, cut=("image",))
    with pytest.raises(InputError, match="contains only a part of `image`") as raised:
        cut.changed({"steps": 3})
    assert raised.value.field == "image"
    assert cut.changed({"image": "x"}) == {"image": "x"}


WRONG: dict[str, Any] = {
    "not a recipe": [1],
    "newer": {"segmind_widgets": 99, "model": "m"},
    "has no model": {"segmind_widgets": 1},
    "`model`": {"segmind_widgets": 1, "model": "\x1b[2Jm"},
    "`inputs`": {"segmind_widgets": 1, "model": "m", "inputs": ["x"]},
    "`seed`": {"segmind_widgets": 1, "model": "m", "seed": True},
    "`cost`": {"segmind_widgets": 1, "model": "m", "cost": -1},
    "`kind`": {"segmind_widgets": 1, "model": "m", "kind": ["model"]},
    "`sandbox`": {"segmind_widgets": 1, "model": "m", "sandbox": "no"},
    "`cut`": {"segmind_widgets": 1, "model": "m", "cut": [1]},
}


def carrying(text: str) -> bytes:
    """A picture with anybody's JSON as its recipe."""
    return encoded("PNG", pnginfo=texts_with(Packet.new(Properties(text, "", "", ""))))


@pytest.mark.parametrize("said", WRONG)
def test_a_forged_recipe_is_refused_with_a_sentence(said: str) -> None:
    with pytest.raises(AssetError, match="cannot be read") as raised:
        read(carrying(json.dumps(WRONG[said])))
    assert said in str(raised.value)


@pytest.mark.parametrize(
    "text",
    [
        '{"segmind_widgets":1,"model":"m","cost":1e999}',
        '{"segmind_widgets":1,"model":"m","cost":NaN}',
        '{"segmind_widgets":1,"model":"m","seed":' + "9" * 5000 + "}",
        '{"segmind_widgets":1,"model":"m","inputs":{"a":"\\ud800"}}',
        '{"segmind_widgets":1,"model":"m","inputs":' + '{"a":' * 100_000,
        '{"segmind_widgets":1,"model":"m","inputs":' + "[" * 3000 + "]" * 3000 + "}",
        '{"segmind_widgets":1,"model":"m","id":"' + "x" * 990_000 + '"}',
        "{",
        "",
    ],
)
def test_hostile_json_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(AssetError):
        read(carrying(text))


def test_a_bomb_of_packed_text_does_not_go_off() -> None:
    data = encoded("PNG")
    for kind, head in ((b"zTXt", b"\0"), (b"iTXt", b"\1\0\0\0")):
        bomb = b"XML:com.adobe.xmp\0" + head + zlib.compress(bytes(200_000_000))
        with pytest.raises(AssetError, match="carries no recipe"):
            read(data[:33] + chunk(kind, bomb) + data[33:])


ENTITIES = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10}">' for i in range(1, 12))
NODE = f'<r:Description xmlns:s="{NAMESPACE}" xmlns:x="{XMP}" r:about=""'
MANY = 70_000
HOSTILE: dict[str, str] = {
    "entities": f'<!DOCTYPE x [<!ENTITY e0 "ha">{ENTITIES}]><s xmlns="{NAMESPACE}">&e11;</s>',
    "an external entity": f'<!DOCTYPE x SYSTEM "file:///etc/passwd"><s xmlns="{NAMESPACE}"/>',
    "another encoding": f'<?xml version="1.0" encoding="utf-7"?><s xmlns="{NAMESPACE}"/>',
    "a deep nest": f'<s xmlns="{NAMESPACE}">' + "<a>" * 200_000,
    "many attributes": f"{NODE} " + " ".join(f'a{i}=""' for i in range(MANY)) + "/>",
    "many prefixes": f"{NODE} " + " ".join(f'xmlns:a{i}="b"' for i in range(40_000)) + "/>",
    "many recipes": f"{NODE}>" + "<s:recipe/>" * MANY + "<x:a/></r:Description>",
    "many nodes": f"{NODE}/>" * 5_000,
    "much blank": f"{NODE} s:recipe='{{}}'" + " " * 900_000 + "/>",
    "blank in front of an attribute": f"{NODE}" + " " * 900_000 + "s:recipe='{}'/>",
    "one long attribute": f"{NODE} a='" + '="s:recipe ' * 80_000 + "' s:recipe='{}'/>",
    "a comment that does not end": f"{NODE}><!--" + "-" * 900_000,
    "a NUL": f"{NODE}>\0</r:Description>",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_packet_is_no_recipe_and_takes_no_time(name: str) -> None:
    text = HOSTILE[name]
    if text.startswith(NODE):
        text = f'<r:RDF xmlns:r="{RDF}">{text}</r:RDF>'
    data = with_chunks(text.encode())
    assert len(text) < 1_000_000
    start = time.process_time()
    assert outcome(data) is None
    edits = embedding.insertion(data, [Properties("{}", "", "", "")])
    changed = b"".join(embedding.edited(memoryview(data), edits))
    assert time.process_time() - start < 3
    assert not edits or embedding.recipe_in(changed) == "{}"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)
SAMPLES = [FILES[name]() for name in FILES]


@given(st.dictionaries(st.text(), JSON, max_size=5), st.text(min_size=1))
def test_any_inputs_can_be_written_and_read(inputs: dict[str, Any], seed: str) -> None:
    recipe = Recipe("m", inputs=inputs, provider="segmind").shortened(1000)
    text = recipe.to_json()
    assert Recipe.from_json(text) == recipe
    assert text.isascii()
    properties = Properties(text, "", seed, "segmind-widgets")
    try:
        packet = Packet(Packet.new(properties))
    except ValueError:
        assert not seed.isprintable(), "XML has no such characters"
    else:
        assert packet.recipe == text
        assert Packet(packet.with_recipe(properties)).recipe == text


def outcome(data: bytes) -> Recipe | None:
    """A recipe, or the error that says that there is none; all else fails the test."""
    try:
        return read(data)
    except AssetError:
        return None


@given(st.binary(max_size=300))
def test_any_bytes_give_a_recipe_or_an_asset_error(data: bytes) -> None:
    for start in (
        b"",
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
        b"\xff\xd8\xff\xe1",
        b"RIFF\x20\0\0\0WEBP",
    ):
        assert outcome(start + data) is None


@settings(max_examples=300)
@given(data=st.data())
def test_any_damage_gives_a_recipe_or_an_asset_error(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("damage") / "a"
    path.write_bytes(data.draw(st.sampled_from(SAMPLES)))
    assert write(path, RECIPE)
    broken = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, min(len(broken) - 1, 1200)))
        broken[at] = data.draw(st.integers(0, 255))
    outcome(bytes(broken))
    path.write_bytes(broken)
    if write(path, RECIPE):
        assert read(path) == RECIPE


@given(JSON)
def test_any_json_gives_a_recipe_or_a_value_error(value: Any) -> None:
    for facts in (value, {"segmind_widgets": 1, "model": "m", "inputs": value, "id": value}):
        try:
            found = Recipe.from_json(json.dumps(facts))
        except ValueError:
            continue
        assert found.model == "m"


def test_a_bare_url_is_not_on_this_disk() -> None:
    with pytest.raises(AssetError, match="not on this disk"):
        read("https://a.example/cat.png")
    with pytest.raises(AssetError, match="carries no recipe"):
        read(Asset.of(drawing()))


@pytest.mark.parametrize(
    ("inputs", "is_composite"),
    [
        ({"prompt": "https://a.example/cat.png is a cat", "image_size": "1024x1024"}, False),
        ({"image_urls": []}, False),
        ({"video": "https://a.example/cat.mp4"}, False),
        ({"reference": "https://a.example/cat.JPG?sig=1"}, True),
        ({"image_urls": [{"url": "https://a.example/0123"}]}, True),
        ({"init_image": "QUJD" * 50}, True),
        ({"any": "data:image/png;base64,QUJD"}, True),
        ({"any": f"<my cat.png, sha256 {'0' * 64}>"}, True),
        ({"messages": [{"content": [{"image_url": {"url": "https://a.example/x"}}]}]}, True),
    ],
)
def test_the_digital_source_type(
    inputs: dict[str, Any], tmp_path: Path, *, is_composite: bool
) -> None:
    kind = "compositeWithTrainedAlgorithmicMedia" if is_composite else "trainedAlgorithmicMedia"
    for recipe, name in (
        (Recipe("m", inputs=inputs), kind),
        (Recipe("m", inputs=inputs, sandbox=True), "algorithmicMedia"),
    ):
        value = properties_of(stamped(encoded("PNG"), tmp_path, recipe))
        assert value[f"{{{IPTC}}}DigitalSourceType"] == (
            f"http://cv.iptc.org/newscodes/digitalsourcetype/{name}"
        )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("file:/home/ada lovelace/my cat.png", "<my cat.png>"),
        ("file:C:\\Users\\ada\\cat.png", "<cat.png>"),
        ("like file:///home/ada/cat.png, or so", "like <cat.png,> or so"),
        (Path("/home/ada/cat.png"), "<PosixPath>" if os.name == "posix" else "<WindowsPath>"),
    ],
)
def test_no_folder_of_a_file_is_in_a_recipe(value: Any, text: str, tmp_path: Path) -> None:
    found = read(stamped(encoded("PNG"), tmp_path, Recipe("m", inputs={"a": [value]})))
    assert found.inputs == {"a": [text]}
    assert found.cut == ("a",)
    assert b"ada" not in (tmp_path / "picture").read_bytes()


def test_a_signed_copy_with_a_recipe_is_refused(tmp_path: Path) -> None:
    data = stamped(encoded("PNG"), tmp_path)
    sealed = Asset(data=data[:33] + chunk(b"caBX", b"\0\0\0\x20jumbc2pa") + data[33:])
    assert read(sealed) == RECIPE
    with pytest.raises(AssetError, match="broken or signed"):
        sealed.save(tmp_path / "copy.png", recipe=False)
    assert not (tmp_path / "copy.png").exists()


# through the client and the magics


def painter(kind: str) -> Callable[..., Any]:
    """An artist of a format that takes no time."""
    data = encoded(kind)
    return lambda *_: [(data, f"image/{kind.lower()}")]


@pytest.fixture
def wired(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client of a sandbox whose pictures are of a format."""
    with Sandbox(speed=500, artist=painter(getattr(request, "param", "PNG"))) as sandbox:
        for name, value in sandbox.environ.items():
            monkeypatch.setenv(name, value)
        yield SegmindClient.instance(provider="segmind")


@pytest.mark.parametrize("api", ["v1", "v2"])
@pytest.mark.parametrize("wired", ["PNG", "JPEG", "WEBP"], indirect=True)
def test_a_file_on_disk_has_its_recipe_and_no_key(wired: SegmindClient, api: Any) -> None:
    inputs = {"prompt": "a fox", "seed": 7, "steps": 4}
    job = wired.run("flux-schnell", inputs, api=api)
    (asset,) = job.outputs
    recipe = read(asset)
    assert (recipe.model, recipe.kind, recipe.provider) == ("flux-schnell", "model", "segmind")
    assert (recipe.seed, recipe.cost, recipe.id) == (job.seed, job.cost, job.id)
    assert recipe.inputs == job.inputs
    assert recipe.inputs.items() >= inputs.items()
    assert recipe.sandbox
    assert abs(datetime.fromisoformat(recipe.time) - datetime.now(timezone.utc)).seconds < 60
    key = os.environ["SEGMIND_API_KEY"]
    assert key.encode() not in asset.content
    assert key[4:].encode() not in asset.content
    assert asset.size == len(asset.content)
    assert asset.image.size == (37, 23)


def test_a_signed_url_is_not_in_it_and_is_asked_for_again(wired: SegmindClient) -> None:
    signed_url = wired.upload(drawing()).url + "?X-Amz-Signature=5ecret"
    job = wired.run("seedream-4.5", {"prompt": "a hat", "image_input": [signed_url]})
    (asset,) = job.outputs
    recipe = read(asset)
    assert b"5ecret" not in asset.content
    assert recipe.inputs["image_input"] == [signed_url.partition("?")[0]]
    assert recipe.cut == ("image_input",)
    with pytest.raises(InputError, match="contains only a part of `image_input`"):
        wired.from_image(asset.path).rerun(prompt="a cap")


def test_a_file_sent_as_base64_is_in_it_by_name(wired: SegmindClient) -> None:
    files = {"image": encoded("PNG"), "mask": encoded("PNG", "L")}
    job = wired.run("sdxl-inpaint", {**files, "prompt": "a hat"})
    (asset,) = job.outputs
    recipe = read(asset)
    assert set(recipe.cut) == {"image", "mask"}
    assert hashlib.sha256(files["mask"]).hexdigest() in recipe.inputs["mask"]
    assert len(recipe.to_json()) < 1000


@pytest.mark.parametrize(
    ("model", "field"), [("seedream-4.5", "image_input"), ("sdxl-inpaint", "")]
)
def test_a_file_of_the_user_is_in_it_without_its_folder(
    wired: SegmindClient, tmp_path: Path, model: str, field: str
) -> None:
    path = tmp_path / "own folder" / "cat.png"
    path.parent.mkdir()
    path.write_bytes(encoded("PNG"))
    inputs = {field: [path]} if field else {"image": path, "mask": Asset.of(path)}
    job = wired.run(model, {**inputs, "prompt": "a hat"})
    recipe = read(job.outputs[0])
    packet = xmp_of(job.outputs[0].content)
    assert b"own folder" not in packet
    assert b"own%20folder" not in packet
    assert str(tmp_path).encode() not in packet
    if not field:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        assert recipe.inputs["image"] == f"<cat.png, sha256 {digest}>"
    trained = replace(recipe, sandbox=False).source_type
    assert trained.endswith("/compositeWithTrainedAlgorithmicMedia")


def test_a_file_of_a_cell_is_in_it_without_its_folder(sandbox: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "own" / "cat.png"
    path.parent.mkdir()
    path.write_bytes(encoded("PNG"))
    with open_shell(tmp_path, sandbox) as shell:
        cell = f"%%segmind_run sdxl-inpaint -q\nimage: file:{path}\nmask: file:{path}\nprompt: x"
        recipe = read(shell.run(cell).outputs[0])
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert recipe.inputs["image"] == f"<cat.png, sha256 {digest}>"
    assert str(path.parent) not in recipe.to_json()


@pytest.mark.parametrize("wired", ["PNG", "JPEG", "WEBP"], indirect=True)
def test_recipes_can_be_left_out(
    wired: SegmindClient, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    job = wired.run("flux-schnell", {"prompt": "a fox"})
    (with_it,) = job.save(tmp_path / "with")
    (without,) = job.save(tmp_path / "without", recipe=False)
    assert read(with_it) == read(job.outputs[0])
    assert with_it.name == without.name
    for path in (without, *_without_recipes(wired, "flux-schnell")):
        with pytest.raises(AssetError, match="carries no recipe"):
            read(path)
        assert not xmp_of(path.read_bytes())
        assert shown(path.read_bytes()) == shown(with_it.read_bytes())
    assert read(job.outputs[0]).model == "flux-schnell", "the result itself keeps it"


def _without_recipes(client: SegmindClient, model: str) -> list[Path]:
    client.recipes = False
    job = client.run(model, {"prompt": "a fox"})
    return [asset.path for asset in job.outputs if asset.path]


def test_a_paid_picture_is_shown_also_where_its_recipe_fails(
    wired: SegmindClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(recipes, "with_recipe", broken)
    job = wired.run("flux-schnell", {"prompt": "a fox"})
    assert job.image.size == (37, 23)


def test_a_job_from_an_image_runs_again(tmp_path: Path) -> None:
    """On the kernel's own sandbox: without a key, as a newcomer has it."""
    client = SegmindClient.instance(sandbox_speed=500.0)
    first = client.run("flux-schnell", {"prompt": "a fox", "width": 512, "height": 512})
    copy = first.outputs[0].save(tmp_path / "renamed.png")
    job = from_image(copy)
    assert (job.model, job.inputs, job.seed, job.id) == (
        "flux-schnell", first.inputs, first.seed, first.id
    )  # fmt: skip
    assert job.done
    assert job.wait().image.size == (512, 512)
    second = job.rerun(prompt="a cat").wait(60)
    assert second.error is None
    assert second.inputs == {**first.inputs, "prompt": "a cat", "seed": first.seed}
    assert second.sandbox
    assert second.seed == first.seed
    same = job.rerun().wait(60)
    assert same.image.tobytes() == first.image.tobytes()


def test_the_magic_takes_a_picture_for_its_model_and_inputs(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    picture = tmp_path / "my cat.png"
    picture.write_bytes(encoded("PNG"))
    inputs = {"prompt": "a fox", "steps": 3, "seed": -1}
    assert write(picture, Recipe("flux-schnell", inputs=inputs, seed=5, provider="segmind"))
    with open_shell(tmp_path, sandbox) as shell:
        name = f'--from "{picture}"'
        job = shell.run(f"%segmind_run {name} -q")
        assert (job.model, job.seed) == ("flux-schnell", 5)
        assert job.inputs == {**inputs, "seed": 5}
        job = shell.run(f"%segmind_run {name} prompt='a red cat' -q --seed 6")
        assert job.inputs == {**inputs, "prompt": "a red cat", "seed": 6}
        job = shell.run(f"%%segmind_run -q {name} steps=2\nprompt: a dog")
        assert job.inputs == {**inputs, "prompt": "a dog", "steps": 2, "seed": 5}
        job = shell.run(f"%segmind_run flux-dev {name} -q")
        assert (job.model, job.inputs["steps"]) == ("flux-dev", 3)
        shell.names.update(path=picture, made=job)
        assert shell.run("%segmind_run --from $path -q --again").inputs == {**inputs, "seed": 5}
        assert shell.run("%segmind_run --from $made -q seed=8").inputs["steps"] == 3
        sent = len(sandbox.billed_posts)
        with pytest.raises(CellError, match="not defined"):
            shell.run("%segmind_run --from $missing")
        assert "flux-schnell" in str(shell.run(f"%segmind_run {name} --dry-run"))
        picture.write_bytes(encoded("PNG"))
        with pytest.raises(AssetError, match=r"my cat\.png carries no recipe"):
            shell.run(f"%segmind_run {name}")
        with pytest.raises(AssetError, match="There is no file"):
            shell.run("%segmind_run --from missing.png")
        assert len(sandbox.billed_posts) == sent


def test_words_in_a_recipe_are_never_expressions(sandbox: Sandbox, tmp_path: Path) -> None:
    picture = tmp_path / "evil.png"
    picture.write_bytes(encoded("PNG"))
    words = "${__import__('os').getcwd()} $secret file:/etc/passwd"
    assert write(picture, Recipe("flux-schnell", inputs={"prompt": words}, provider="segmind"))
    with open_shell(tmp_path, sandbox) as shell:
        shell.names["secret"] = "5ecret"
        assert shell.run(f"%segmind_run --from {picture} -q").inputs["prompt"] == words
