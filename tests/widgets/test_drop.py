"""The kernel's half of `Drop`: pieces become files, or leave nothing behind."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmind_widgets.errors import AssetError
from segmind_widgets.widgets.drop import Drop, safe_name
from tests.comms import Page

Make = Callable[..., Drop]


class Received(list[list[Path]]):
    """What `on_files` got; raises `error` after that, where there is one."""

    error: Exception | None = None

    def __call__(self, paths: list[Path]) -> None:
        self.append(paths)
        if self.error:
            raise self.error


@pytest.fixture
def received() -> Received:
    return Received()


@pytest.fixture
def make(tmp_path: Path, received: Received) -> Iterator[Make]:
    made: list[Drop] = []

    def new(**options: object) -> Drop:
        made.append(Drop(received, folder=tmp_path / "drops", **options))  # pyright: ignore
        return made[-1]

    yield new
    for drop in made:
        drop.close()


def left(tmp_path: Path) -> list[Path]:
    """Files and folders under the area's folder."""
    return list((tmp_path / "drops").rglob("*"))


def begin(page: Page, *files: tuple[str, int], batch: str = "b") -> dict[str, object]:
    named = [{"name": name, "size": size} for name, size in files]
    return page.says(type="begin", batch=batch, files=named)


def piece(page: Page, data: bytes, *, file: int = 0, offset: int = 0) -> dict[str, object]:
    return page.says([data], type="piece", batch="b", file=file, offset=offset)


def test_each_piece_is_acknowledged_and_the_batch_comes_whole(
    make: Make, received: Received
) -> None:
    drop = make()
    page = Page(drop)
    assert begin(page, ("a.png", 6), ("a.png", 2)) == {"type": "got", "batch": "b", "bytes": 0}
    assert drop.busy
    assert piece(page, b"abcd")["bytes"] == 4
    assert piece(page, b"ef", offset=4)["bytes"] == 6
    assert received == []
    assert piece(page, b"gh", file=1)["bytes"] == 8
    ((first, second),) = received
    assert (first.read_bytes(), second.read_bytes()) == (b"abcdef", b"gh")
    assert first.name == second.name == "a.png"
    assert not drop.busy
    assert drop.note == "2 files received, 0.0 MB."


def test_files_without_bytes_arrive_too(make: Make, received: Received) -> None:
    begin(Page(make()), ("empty.txt", 0))
    assert [path.read_bytes() for path in received[0]] == [b""]


@pytest.mark.parametrize(("data", "offset"), [(b"xyz", 0), (b"x", 3), (b"much too long", 2)])
def test_bytes_that_are_not_the_next_ones_end_it(
    make: Make, received: Received, tmp_path: Path, data: bytes, offset: int
) -> None:
    drop = make()
    page = Page(drop)
    begin(page, ("a.png", 6))
    piece(page, b"ab")
    assert piece(page, data, offset=offset) == {"type": "stopped", "batch": "b"}
    assert "did not arrive completely" in drop.error
    assert (left(tmp_path), received, drop.busy) == ([], [], False)
    assert piece(page, b"cd", offset=2)["type"] == "stopped"


def test_cancel_and_close_leave_nothing(make: Make, received: Received, tmp_path: Path) -> None:
    drop = make()
    page = Page(drop)
    begin(page, ("a.png", 6))
    piece(page, b"abc")
    page.says(type="cancel", batch="b", reason="")
    assert (left(tmp_path), drop.note, drop.busy) == ([], "Cancelled.", False)
    begin(page, ("a.png", 6))
    page.says(type="cancel", batch="b", reason="a.png could not be read.")
    assert drop.error == "a.png could not be read."
    begin(page, ("a.png", 6))
    assert left(tmp_path)
    drop.close()
    assert (left(tmp_path), received) == ([], [])
    assert drop.comm is None
    assert drop.layout.comm is None


def test_a_page_loaded_again_begins_anew(make: Make, received: Received, tmp_path: Path) -> None:
    page = Page(make())
    begin(page, ("lost.png", 6), batch="of a page that is gone")
    page.says(type="cancel", batch="some other", reason="")
    begin(page, ("a.png", 1))
    piece(page, b"a")
    assert [path.name for path in received[0]] == ["a.png"]
    assert [path for path in left(tmp_path) if path.is_file()] == received[0]


def test_errors_are_shown_where_the_file_was_dropped(make: Make, received: Received) -> None:
    drop = make()
    page = Page(drop)
    received.error = AssetError("cat.png is no picture.", hint="Choose another.")
    begin(page, ("cat.png", 1))
    piece(page, b"a")
    assert drop.error == "cat.png is no picture. Choose another."
    assert not drop.busy
    assert received[0][0].exists()  # its new owner may have kept it
    received.error = KeyError("unforeseen")
    begin(page, ("cat.png", 0))
    assert drop.error == "KeyError: 'unforeseen'"
    page.says(type="nonsense")
    assert drop.error == "KeyError: 'nonsense'"
    drop.say("Better now.")
    assert (drop.note, drop.error) == ("Better now.", "")


def test_a_disk_that_takes_nothing_is_told(make: Make, tmp_path: Path, received: Received) -> None:
    (tmp_path / "drops").write_text("a file stands where the folder should be")
    drop = make()
    assert begin(Page(drop), ("a.png", 1)) == {"type": "stopped", "batch": "b"}
    assert "NotADirectoryError" in drop.error
    assert not drop.busy


def test_text_goes_to_on_text(make: Make) -> None:
    texts: list[str] = []
    drop = make(on_text=texts.append)
    Page(drop).says(type="text", text="https://example.com/a.png")
    assert texts == ["https://example.com/a.png"]
    files_only = make()
    Page(files_only).says(type="text", text="hello")
    assert "Text cannot be added" in files_only.error
    assert (drop.takes_text, files_only.takes_text) == (True, False)


def test_a_disabled_area_and_one_for_a_single_file_refuse(make: Make, tmp_path: Path) -> None:
    drop = make(multiple=False)
    page = Page(drop)
    assert begin(page, ("a", 1), ("b", 1))["type"] == "stopped"
    assert "Only one file" in drop.error
    drop.disabled = True
    assert begin(page, ("a", 1))["type"] == "stopped"
    assert "Files cannot be added" in drop.error
    assert left(tmp_path) == []


def test_no_bytes_are_in_the_state(make: Make) -> None:
    drop = make()
    page = Page(drop)
    begin(page, ("a.png", 1000))
    piece(page, b"secret picture" * 10)
    state = json.dumps(drop.get_state())  # bytes would not become JSON
    assert "secret" not in state


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("cat.png", "cat.png"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\cat.png", "cat.png"),
        ("a\x00b\nc.png", "abc.png"),
        ("evil\u202egnp.exe", "evilgnp.exe"),
        ("..", "file"),
        ("", "file"),
        (".hidden.png", "hidden.png"),
        ("con.png", "file_con.png"),
        ('a<b>:"c|?*.png', "a_b___c___.png"),
        ("Ünï cödé 猫.webp", "Ünï cödé 猫.webp"),
        ("x" * 300 + ".jpeg", "x" * 115 + ".jpeg"),
    ],
)
def test_names_are_safe(name: str, safe: str) -> None:
    assert safe_name(name) == safe


@given(st.text())
def test_any_name_is_one_part_of_a_path(name: str) -> None:
    safe = safe_name(name)
    assert safe
    assert Path(safe).parts == (safe,)
    assert 0 < len(safe.encode()) <= 120
    assert not any(unicodedata.category(c)[0] == "C" for c in safe)
    assert safe_name(safe) == safe
