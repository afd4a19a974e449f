"""Files that a person names by a path, a pattern or a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from segmind_widgets.assets.folders import files_of
from segmind_widgets.errors import InputError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("b.png", "a.mp4", "c.heic", "notes.txt", "within/d.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"content")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("notes.txt", ["notes.txt"]),
        (".", ["a.mp4", "b.png", "c.heic"]),
        ("*.png", ["b.png"]),
        ("**/*.png", ["b.png", "d.png"]),
    ],
)
def test_files_in_order(folder: Path, text: str, names: list[str]) -> None:
    assert [path.name for path in files_of(text)] == names
    assert [path.name for path in files_of(str(folder / text))] == names


@pytest.mark.parametrize("text", ["nothing.png", "*.gif", "x" * 5000, "a\0b"])
def test_no_file_is_an_error_that_names_it(folder: Path, text: str) -> None:
    with pytest.raises(InputError, match="There is no file"):
        files_of(text)
