"""Files wherever they come from, and how they show."""

from __future__ import annotations

import base64
import gc
import hashlib
import io
import math
import tracemalloc
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, features

from segmind_widgets.assets.asset import Asset
from segmind_widgets.assets.media_types import sniff, suffix
from segmind_widgets.assets.preview import CHEQUERBOARD, INLINE_BYTES
from segmind_widgets.errors import AssetError
from segmind_widgets.notebook import listings


class Array:
    """What NumPy's arrays say of themselves."""

    dtype = "uint8"

    def __init__(self, *shape: int) -> None:
        self.shape = shape
        self.__array_interface__ = {
            "shape": shape, "typestr": "|u1", "strides": (1,) * len(shape), "version": 3,
        }  # fmt: skip

    def tobytes(self) -> bytes:
        return bytes(math.prod(self.shape))


def picture(size: tuple[int, int] = (40, 30), mode: str = "RGB", form: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, 1).save(out, form)
    return out.getvalue()


@pytest.fixture
def png(tmp_path: Path) -> Path:
    path = tmp_path / "my cat.png"
    path.write_bytes(picture())
    return path


def test_of_each_kind_of_source(png: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(png.parent)
    content = png.read_bytes()
    uri = f"data:image/png;base64,{base64.b64encode(content).decode()}"
    for source in (png, str(png), "my cat.png", content, bytearray(content), uri):
        asset = Asset.of(source)
        assert asset.content == content
        assert asset.media_type == "image/png"
        assert asset.size == len(content)
        assert asset.sha256 == hashlib.sha256(content).hexdigest()
        assert asset.image.size == (40, 30)
        assert asset.local
    assert Asset.of(memoryview(content)).content == content
    with png.open("rb") as file:
        assert Asset.of(file).content == content
    asset = Asset.of(png)
    assert Asset.of(asset) is asset
    assert Asset.of(SimpleNamespace(outputs=[asset], id="1")) is asset


def test_home_is_understood(png: Path) -> None:
    (Path.home() / "a.png").write_bytes(png.read_bytes())
    assert Asset.of("~/a.png").path == Path.home().resolve() / "a.png"


def test_of_pictures_and_arrays(png: Path) -> None:
    with Image.open(png) as opened:
        assert Asset.of(opened).path == png.resolve()  # not decoded and encoded again
        opened.load()
        changed = opened.rotate(90, expand=True)
    assert Asset.of(changed).image.size == (30, 40)
    assert Asset.of(Image.new("CMYK", (2, 2))).image.mode == "RGB"
    assert Asset.of(Array(5, 7, 3)).image.size == (7, 5)


@pytest.mark.parametrize(
    "source", [Array(3), Array(2, 2, 9), 3, None, object(), io.StringIO("text")]
)
def test_what_is_no_file_is_refused_with_a_remedy(source: Any) -> None:
    with pytest.raises(AssetError) as raised:
        Asset.of(source)
    assert str(raised.value)


def test_missing_files_folders_and_jobs_without_output(tmp_path: Path) -> None:
    with pytest.raises(AssetError, match=r"no file nowhere\.png"):
        Asset.of("nowhere.png")
    with pytest.raises(AssetError, match="is a folder"):
        Asset.of(tmp_path)
    with pytest.raises(AssetError, match="has no output yet"):
        Asset.of(SimpleNamespace(outputs=(), id="j-1"))
    gone = tmp_path / "gone"
    gone.write_bytes(b"1")
    asset = Asset.of(gone)
    gone.unlink()
    with pytest.raises(AssetError, match="cannot be read"):
        _ = asset.content


@pytest.mark.parametrize("uri", ["data:image/png;base64,AAA", "data:image/png;base64", "data:"])
def test_cut_data_urls(uri: str) -> None:
    with pytest.raises(AssetError, match="incomplete"):
        Asset.of(uri)


def test_data_urls_of_text() -> None:
    asset = Asset.of("data:text/plain;charset=utf-8,a%20b")
    assert (asset.text, asset.media_type, asset.kind) == ("a b", "text/plain", "text")


def test_a_bare_url_has_no_content() -> None:
    asset = Asset.of("https://a.example/my%20film.mp4?sig=1")
    assert (asset.size, asset.sha256, asset.local) == (None, None, False)
    assert (asset.media_type, asset.kind, asset.filename) == ("video/mp4", "video", "my film.mp4")
    with pytest.raises(AssetError, match="not on this disk"):
        _ = asset.content
    assert "https://a.example" in asset.to_html()
    assert "<pre" not in Asset.of("https://a.example/a.txt").to_html()


@pytest.mark.parametrize(
    ("head", "kind", "ending"),
    [
        (b"\0\0\0\x18ftypisom", "video/mp4", ".mp4"),
        (b"\0\0\0\x18ftypqt  ", "video/quicktime", ".mov"),
        (b"\0\0\0\x18ftypM4A ", "audio/mp4", ".m4a"),
        (b"\x1aE\xdf\xa3....", "video/webm", ".webm"),
        (b"RIFF....WAVEfmt ", "audio/wav", ".wav"),
        (b"RIFF....AVI LIST", "video/x-msvideo", ".avi"),
        (b"ID3\x04", "audio/mpeg", ".mp3"),
        (b"\xff\xfb\x90", "audio/mpeg", ".mp3"),
        (b"OggS\0", "audio/ogg", ".ogg"),
        (b"fLaC\0", "audio/flac", ".flac"),
        (b"%PDF-1.7", "application/pdf", ".pdf"),
        (b"glTF\2", "model/gltf-binary", ".glb"),
        (picture(form="JPEG"), "image/jpeg", ".jpg"),
        (picture(form="WEBP"), "image/webp", ".webp"),
        (picture(form="GIF"), "image/gif", ".gif"),
        (picture(), "image/png", ".png"),
    ],
)
def test_the_type_comes_from_the_content_whatever_was_declared(
    head: bytes, kind: str, ending: str
) -> None:
    assert Asset(data=head, declared_type="text/html").media_type == kind
    assert suffix(kind) == ending


def test_the_type_falls_back_to_what_was_declared_then_to_the_name(tmp_path: Path) -> None:
    assert Asset(data=b"?", declared_type="Model/OBJ; v=1").media_type == "model/obj"
    path = tmp_path / "a.csv"
    path.write_bytes(b"a,b")
    assert Asset.of(path).media_type == "text/csv"
    assert Asset(data=b"?").media_type == "application/octet-stream"
    assert suffix("nothing/known") == ""


@given(
    st.binary(max_size=200),
    st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"BM", b"II*\0"]),
)
def test_any_bytes_have_a_type_and_show_themselves(rest: bytes, head: bytes) -> None:
    data = head + rest
    sniff(data, data[:64])
    asset = Asset(data=data)
    assert "/" in asset.media_type
    assert asset.to_html()
    assert str(asset)
    assert set(asset._repr_mimebundle_()) == {"text/plain", "text/html"}


def test_a_picture_cut_short_shows_a_sentence() -> None:
    asset = Asset(data=picture((300, 300))[:60])
    assert asset.media_type == "image/png"
    assert "is damaged: the end of the image is missing" in asset.to_html()
    assert "image/png" in str(asset)


def test_previews_are_small_jpegs_or_webps_where_there_is_transparency() -> None:
    data, kind = Asset(data=picture((3000, 1000))).preview()
    assert kind == "image/jpeg"
    with Image.open(io.BytesIO(data)) as small:
        assert small.size == (1024, 341)
    data, kind = Asset(data=picture((30, 10), "RGBA")).preview(16)
    assert kind == "image/webp"
    with Image.open(io.BytesIO(data)) as small:
        assert small.mode == "RGBA"
        assert small.size == (16, 5)


@pytest.mark.parametrize("codec", ["webp", "none"])
@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparency_is_kept_and_shown_on_a_chequerboard(
    mode: str, codec: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also by a Pillow without WebP, and of a picture so grainy that its copy is smaller."""
    if codec == "none":
        monkeypatch.setattr(features, "check", lambda _: False)
    grain = Image.effect_noise((1400, 900), 90).convert("RGBA")
    grain.putalpha(Image.linear_gradient("L").resize(grain.size))
    grain.paste((0, 0, 0, 0), (0, 0, 700, 450))
    out = io.BytesIO()
    (grain.quantize(200) if mode == "P" else grain.convert(mode)).save(out, "PNG")
    asset = Asset(data=out.getvalue())
    data, kind = asset.preview(max_bytes=52_000)
    assert kind == ("image/webp" if codec == "webp" else "image/png")
    assert 10_000 < len(data) <= 52_000
    with Image.open(io.BytesIO(data)) as small:
        alpha = small.convert("RGBA").getchannel("A")
    width, height = alpha.size
    assert alpha.getpixel((width // 4, height // 4)) == 0
    assert alpha.getpixel((3 * width // 4, height - 3)) > 200
    assert CHEQUERBOARD in asset.to_html()


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_notebook_keeps_few_bytes_even_of_a_grainy_picture(mode: str) -> None:
    grain = Image.effect_noise((1400, 900), 90).convert(mode)
    out = io.BytesIO()
    grain.save(out, "PNG")
    asset = Asset(data=out.getvalue())
    data, _ = asset.preview(max_bytes=52_000)
    assert 15_000 < len(data) <= 52_000
    with Image.open(io.BytesIO(data)) as small:
        assert small.width / small.height == pytest.approx(14 / 9, abs=0.05)
    assert len(asset.to_html()) < 72_000
    assert len(asset.preview()[0]) > 200_000


def test_a_picture_is_shown_the_way_it_was_held() -> None:
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    Image.new("RGB", (40, 20)).save(out, "JPEG", exif=exif)
    with Image.open(io.BytesIO(Asset(data=out.getvalue()).preview()[0])) as small:
        assert small.size == (20, 40)


def test_html_escapes_what_a_service_named(tmp_path: Path) -> None:
    asset = Asset(data=picture(), name='"><script>', url='https://a.example/?"><script>')
    bundle = asset._repr_mimebundle_()
    assert "<script>" not in bundle["text/html"]
    assert "<script>" not in Asset(data=b"<script>", declared_type="text/plain").to_html()


@pytest.mark.parametrize("where", ["disk", "memory"])
@pytest.mark.parametrize(
    ("head", "stills"), [(b"\x1aE\xdf\xa3", 1), (b"ID3\4\0\0", 0), (b"glTF", 0)]
)
def test_a_file_too_long_for_a_notebook_is_named_and_not_linked(
    head: bytes, stills: int, where: str, tmp_path: Path
) -> None:
    """The address at the service expires; the file stays."""
    content = head + bytes(INLINE_BYTES)
    path = tmp_path / "a.bin"
    path.write_bytes(content)
    origin = {"path": path} if where == "disk" else {"data": content}
    asset = Asset(url="https://a.example/<v>", name="<fox>", **origin)
    html = asset.to_html("a <fox>")
    assert "https:" not in html
    assert "<fox>" not in html
    assert html.count("<img") == stills
    assert " · 2.1 MB" in html
    assert len(html) < 6000
    assert (str(path) in asset._repr_mimebundle_()["text/html"]) == (where == "disk")


def test_a_file_that_is_only_elsewhere_is_linked() -> None:
    asset = Asset(url="https://a.example/v.mp4")
    assert 'src="https://a.example/v.mp4"' in asset.to_html()


def test_a_file_that_was_removed_says_so(tmp_path: Path, png: Path) -> None:
    asset = Asset.of(png)
    png.unlink()
    with pytest.raises(AssetError, match=r"my cat\.png was removed") as raised:
        asset.save(tmp_path / "out")
    assert "--resume ID fetches it again" in raised.value.hint


@pytest.mark.parametrize("read", ["content", "image", "pixels", "size", "sha256"])
def test_a_removed_file_is_told_by_all_that_would_read_it(png: Path, read: str) -> None:
    asset = Asset.of(png)
    png.unlink()
    with pytest.raises(AssetError, match=r"my cat\.png was removed") as raised:
        getattr(asset, read)
    assert "--resume" in raised.value.hint


@pytest.mark.parametrize("name", ["cat.png", "cat.txt", "cat.mp4"])
def test_a_removed_file_shows_that_it_was(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"1")
    asset = Asset.of(path)
    path.unlink()
    bundle = asset._repr_mimebundle_()
    assert f"{name} was removed" in bundle["text/html"]
    assert f"{name} · removed" in bundle["text/plain"]


def test_save_into_a_folder_and_to_a_name(tmp_path: Path, png: Path) -> None:
    asset = Asset.of(png)
    assert asset.save(tmp_path / "new") == tmp_path / "new" / "my cat.png"
    assert asset.save(tmp_path / "b.png").read_bytes() == png.read_bytes()
    assert asset.save(png) == png
    assert png.read_bytes() == asset.content
    assert Asset(data=picture(), name="Info graphic").save(tmp_path).name == "Info-graphic.png"
    with pytest.raises(AssetError, match="cannot be written"):
        asset.save(png / "below.png")


@given(st.text())
def test_a_service_cannot_name_a_file_out_of_its_folder(name: str) -> None:
    chosen = Asset(data=b"x", name=name).filename
    assert Path(chosen).name == chosen
    assert chosen not in (".", "..")


def test_a_large_file_is_hashed_without_growing_memory(tmp_path: Path) -> None:
    path = tmp_path / "large.bin"
    with path.open("wb") as file:
        file.truncate(64 * 1024 * 1024)
    _ = Asset.of(path).media_type  # imports
    gc.collect()
    tracemalloc.start()
    assert Asset.of(path).sha256
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * 1024 * 1024


@pytest.mark.parametrize(("mode", "is_clear"), [("RGB", False), ("RGBA", True), ("LA", True)])
def test_transparency_is_shown_on_a_chequerboard(mode: str, is_clear: bool) -> None:
    out = io.BytesIO()
    Image.new(mode, (40, 30), 0).save(out, "PNG")
    asset = Asset(data=out.getvalue())
    for html_text in (
        asset.to_html(),
        listings.uploads([asset], Asset.preview)._repr_mimebundle_()["text/html"],
    ):
        assert ("background-image" in html_text) == is_clear
