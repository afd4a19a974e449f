"""Small pictures are made once, follow their files, and never keep a view from showing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from segmind_widgets import Asset
from segmind_widgets.assets import thumbnails
from segmind_widgets.assets.thumbnails import CACHED_SIDE, Thumbnails
from segmind_widgets.client import SegmindClient
from segmind_widgets.errors import AssetError
from segmind_widgets.jobs.job import Job
from segmind_widgets.notebook import listings
from tests.shells import picture


@pytest.fixture
def file(tmp_path: Path) -> Asset:
    path = tmp_path / "photo.png"
    path.write_bytes(picture((900, 600), "teal"))
    return Asset.of(path)


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sides of all previews that were made, and not read."""
    sides: list[int] = []
    make = Asset.preview

    def preview(self: Asset, side: int) -> tuple[bytes, str]:
        sides.append(side)
        return make(self, side)

    monkeypatch.setattr(Asset, "preview", preview)
    return sides


def test_a_picture_is_decoded_once_for_all_kernels(
    tmp_path: Path, file: Asset, decoded: list[int]
) -> None:
    first = Thumbnails(tmp_path / "t").get(file, 64)
    again = Thumbnails(tmp_path / "t").get(Asset.of(file.path), 64)
    assert first == again
    assert first[1] == "image/jpeg"
    assert Asset.of(first[0]).pixels == (64, 43)
    assert decoded == [64]


def test_each_size_is_its_own_and_large_ones_are_not_kept(
    tmp_path: Path, file: Asset, decoded: list[int]
) -> None:
    kept = Thumbnails(tmp_path / "t")
    for side in (64, 128, 64, CACHED_SIDE + 1, CACHED_SIDE + 1):
        assert max(Asset.of(kept.get(file, side)[0]).pixels) == side
    assert decoded == [64, 128, CACHED_SIDE + 1, CACHED_SIDE + 1]
    assert len(list((tmp_path / "t").iterdir())) == 2


def test_a_file_that_changed_gets_a_new_one(tmp_path: Path, file: Asset) -> None:
    kept = Thumbnails(tmp_path / "t")
    before = kept.get(file, 64)
    assert file.path
    size, moment = file.path.stat().st_size, file.path.stat().st_mtime_ns
    file.path.write_bytes(picture((900, 600), "orange").ljust(size, b"\0")[:size])
    os.utime(file.path, ns=(moment, moment + 1))
    assert file.path.stat().st_size == size
    assert kept.get(Asset.of(file.path), 64) != before


def test_transparency_and_bytes_in_memory(tmp_path: Path, decoded: list[int]) -> None:
    from PIL import Image

    kept = Thumbnails(tmp_path / "t")
    clear = Image.new("RGBA", (200, 100), (255, 0, 0, 90))
    for _ in range(2):
        data, kind = kept.get(Asset.of(clear), 64)
        assert kind == "image/webp"
        assert Asset.of(data).image.mode == "RGBA"
    assert decoded == [64]


def test_other_kinds_show_a_sign_or_their_beginning(tmp_path: Path, decoded: list[int]) -> None:
    kept = Thumbnails(tmp_path / "t")
    text = Asset(data=b"Once upon a time. " * 1000, declared_type="text/plain")
    data, kind = kept.get(text, 64)
    assert kind == "text/plain"
    assert data.startswith(b"Once upon")
    assert len(data) == 2000
    assert kept.get(Asset(data=b"OggS", declared_type="audio/ogg"), 64) == (b"", "")
    assert kept.get(Asset.of("https://images.example/a.png"), 64) == (b"", "")
    assert decoded == []
    assert not (tmp_path / "t").exists()


def test_what_cannot_be_shown_is_told(tmp_path: Path, file: Asset) -> None:
    kept = Thumbnails(tmp_path / "t")
    assert file.path
    file.path.write_bytes(picture((90, 60))[:80])
    with pytest.raises(AssetError, match="the end of the image is missing"):
        kept.get(Asset.of(file.path), 64)
    gone = Asset.of(file.path)
    file.path.unlink()
    with pytest.raises(AssetError, match="cannot be read"):
        kept.get(gone, 64)
    assert not (tmp_path / "t").exists()


def test_a_folder_that_cannot_be_used_fails_no_view(tmp_path: Path, file: Asset) -> None:
    (tmp_path / "t").write_text("a file in the way")
    kept = Thumbnails(tmp_path / "t")
    assert kept.get(file, 64) == kept.get(file, 64)


def test_a_full_disk_fails_no_view_and_leaves_nothing(
    tmp_path: Path, file: Asset, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    kept = Thumbnails(tmp_path / "t")
    monkeypatch.setattr(Path, "replace", full)
    assert kept.get(file, 64)[1] == "image/jpeg"
    assert list((tmp_path / "t").iterdir()) == []


def test_an_empty_one_is_made_again(tmp_path: Path, file: Asset) -> None:
    kept = Thumbnails(tmp_path / "t")
    whole = kept.get(file, 64)
    (only,) = (tmp_path / "t").iterdir()
    only.write_bytes(b"")  # the machine lost its power
    assert kept.get(file, 64) == whole
    assert only.read_bytes() == whole[0]


def test_the_oldest_of_too_many_go(
    tmp_path: Path, file: Asset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thumbnails, "MAX_FILES", 3)
    folder = tmp_path / "t"
    folder.mkdir()
    for age in range(6):
        path = folder / f"old-{age}"
        path.write_bytes(b"x")
        os.utime(path, (1000 - age, 1000 - age))
    Thumbnails(folder).get(file, 64)
    left = {path.name for path in folder.iterdir()}
    assert len(left) == 3
    assert {"old-0", "old-1"} < left


def test_the_client_keeps_them_and_the_table_of_jobs_uses_them(
    file: Asset, decoded: list[int]
) -> None:
    client = SegmindClient.instance()
    job = Job(id="j", model="m", inputs={"prompt": 'a "cat"'}, outputs=(file,))
    pages = [listings.jobs([job], client.thumbnail)._repr_mimebundle_() for _ in range(2)]
    assert pages[0] == pages[1]
    assert 'alt="a &quot;cat&quot;"' in pages[0]["text/html"]
    assert "data:image/jpeg" in pages[0]["text/html"]
    assert decoded == [64]
    assert len(list((client.session.store.home / "thumbnails").iterdir())) == 1
