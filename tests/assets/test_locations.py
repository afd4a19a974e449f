"""Captions of files: the path, as a link where the file lies beside the notebook, and the size."""

from __future__ import annotations

from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmind_widgets.assets.asset import Asset
from segmind_widgets.assets.locations import file_link, file_text, notebook_folder, path_of_uri
from segmind_widgets.jobs.job import Job
from segmind_widgets.types import Status
from tests.page import text_of
from tests.shells import picture


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A notebook's folder, which is not the current one."""
    path = tmp_path / "book"
    path.mkdir()
    monkeypatch.setenv("JPY_SESSION_NAME", str(path / "book.ipynb"))
    return path


def written(path: Path, size: int = 1234) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(size))
    return path


def test_a_file_beside_the_notebook_is_a_relative_link(folder: Path) -> None:
    html = file_link(written(folder / "my out" / "a:b #1.png"))
    assert html.startswith('<a href="my%20out/a%3Ab%20%231.png"')
    assert text_of(html) == "my out/a:b #1.png · 1.2 kB"


@pytest.mark.parametrize("name", ["../elsewhere/a.png", ".hidden/a.png"])
def test_a_file_that_no_link_reaches_is_text(folder: Path, name: str) -> None:
    path = written(folder / name)
    assert file_link(path) == file_text(path) == f"{path} · 1.2 kB"


def test_a_file_that_was_removed_is_no_link(folder: Path) -> None:
    assert file_link(folder / "gone.png") == str(folder / "gone.png")


def test_without_a_session_the_current_folder_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("", "book.ipynb", "/no/such/folder/book.ipynb"):
        monkeypatch.setenv("JPY_SESSION_NAME", name)
        assert notebook_folder() == tmp_path.resolve()


def test_a_jobs_caption_has_the_copy_while_there_is_one(folder: Path, tmp_path: Path) -> None:
    original = tmp_path / "results" / "fox.png"
    original.parent.mkdir()
    original.write_bytes(picture())
    job = Job(status=Status.COMPLETED, outputs=(Asset.of(original),))
    assert str(original) in job.to_html()
    job.save(folder / "out")
    assert '<a href="out/fox.png"' in job.to_html()
    assert str(original) not in job.to_html()
    assert f"{folder / 'out' / 'fox.png'} · " in job.line
    (folder / "out" / "fox.png").unlink()
    assert "href" not in job.to_html()


def test_a_caption_says_that_the_service_gave_no_cost() -> None:
    assert "cost not given by the service" in Job(kind="workflow", status=Status.COMPLETED).caption
    for job in (Job(status=Status.FAILED), Job(status=Status.COMPLETED, cost=0.0)):
        assert "not given" not in job.caption


# addresses of files

NAMES = st.text(
    st.sampled_from("abZ09 #?%&;+=@!~,'()[]{}^$éß日\U0001f98a") | st.characters(codec="utf-8"),
    min_size=1,
).map(
    lambda text: "".join(c for c in text if c.isprintable() and c not in '\\/:*?"<>|').strip(". ")
)
FOLDERS = st.lists(NAMES.filter(bool), min_size=1, max_size=4)
ROOTS = st.sampled_from(["C:/", "z:/"]) | st.builds(
    "//{}/{}/".format,
    st.sampled_from(["server", "NAS-1", "10.0.0.7", "wsl$", "wsl.localhost", "server.example"]),
    st.sampled_from(["share", "my files", "d$", "Bücher#1"]),
)


@given(ROOTS, FOLDERS)
def test_a_windows_path_comes_back_from_its_address(root: str, names: list[str]) -> None:
    path = PureWindowsPath(root, *names)
    assert path.is_absolute()
    again = PureWindowsPath(path_of_uri(path.as_uri(), is_windows=True))
    assert (again, again.drive) == (path, path.drive)


@given(FOLDERS)
def test_a_posix_path_comes_back_from_its_address(names: list[str]) -> None:
    path = PurePosixPath("/", *names)
    assert PurePosixPath(path_of_uri(path.as_uri(), is_windows=False)) == path
