"""Pictures of very many pixels: shown small or described, never decoded unasked, no warning."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pytest
from PIL import Image

from segmind_widgets.assets.asset import Asset
from segmind_widgets.assets.damage import check_content, result_problem
from segmind_widgets.assets.recipes import Recipe, with_recipe
from segmind_widgets.assets.thumbnails import Thumbnails
from segmind_widgets.errors import AssetError
from segmind_widgets.jobs.job import Job
from segmind_widgets.types import Status


def png(width: int, height: int) -> bytes:
    """Return a white PNG of one bit a pixel; a few kilobytes for any size."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    row = b"\0" + b"\xff" * (width // 8)
    packer = zlib.compressobj(1)
    rows = b"".join([*(packer.compress(row) for _ in range(height)), packer.flush()])
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@lru_cache(maxsize=1)
def large_jpeg() -> bytes:
    out = io.BytesIO()
    Image.new("L", (12000, 9000), 200).save(out, "JPEG")
    return out.getvalue()


def tiff(width: int, height: int) -> bytes:
    """Return the header of an uncompressed TIFF whose pixels are missing."""
    tags = [(256, width), (257, height), (258, 8), (259, 1), (262, 1), (273, 8), (277, 1)]
    tags += [(278, height), (279, width * height)]
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + entries + bytes(4)


@pytest.fixture(autouse=True)
def no_warning() -> Iterator[None]:
    """Check that no warning is given: in a cell it would be shown."""
    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("always")
        yield
    assert [warning for warning in given if "DecompressionBomb" in warning.category.__name__] == []


@pytest.mark.parametrize("size", [(16384, 16384), (12000, 9000)])
def test_a_picture_of_very_many_pixels_is_described_and_not_decoded(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    path = tmp_path / "large.png"
    path.write_bytes(png(*size))
    asset = with_recipe(Asset.of(path), Recipe(model="esrgan", inputs={"scale": 8}))
    assert (asset.media_type, asset.pixels) == ("image/png", size)
    page = asset.to_html()
    assert "<img" not in page
    for words in (f"{size[0]}×{size[1]}", "image/png", str(path), "too large to be shown"):
        assert words in page
    with pytest.raises(AssetError, match=f"{size[0]} × {size[1]} pixels") as raised:
        _ = asset.image
    assert "Image.MAX_IMAGE_PIXELS = None" in raised.value.hint
    job = Job(id="r-1", status=Status.COMPLETED, outputs=(asset,))
    with pytest.raises(AssetError, match="too many to be decoded"):
        _ = job.image
    assert "too large" in job.to_html()
    with pytest.raises(AssetError):
        Thumbnails(tmp_path / "thumbnails").get(asset, 64)
    check_content(asset)
    assert result_problem(asset, "image/png") == ""
    assert job.save(tmp_path / "copies")[0].stat().st_size == path.stat().st_size


def test_its_limit_is_pillows_own_where_that_is_higher(monkeypatch: pytest.MonkeyPatch) -> None:
    asset = Asset(data=png(12000, 9000))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    assert asset.image.size == (12000, 9000)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 200_000_000)
    assert asset.preview(64)[1] == "image/jpeg"


def test_a_picture_just_above_pillows_limit_is_shown_without_a_warning() -> None:
    asset = Asset(data=png(9600, 9600))
    assert asset.image.size == (9600, 9600)
    assert "<img" in asset.to_html()


def test_a_large_jpeg_is_shown_from_a_draft() -> None:
    asset = Asset(data=large_jpeg())
    data, media_type = asset.preview()
    with Image.open(io.BytesIO(data)) as small:
        assert max(small.size) == 1024
    assert media_type == "image/jpeg"
    assert "<img" in asset.to_html()
    assert result_problem(asset, "image/jpeg") == ""
    with pytest.raises(AssetError, match="too many"):
        _ = asset.image


def test_a_large_picture_that_is_cut_off_is_damaged() -> None:
    cut = Asset(data=png(16384, 16384)[:-12])
    assert result_problem(cut, "image/png") == "is damaged: the end of the image is missing"
    assert "cut" not in result_problem(Asset(data=tiff(20000, 20000)), "image/tiff")
