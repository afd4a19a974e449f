"""The kernel's half of `Pictures`: bytes are answers to questions, and never state."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from traitlets import TraitError

from segmind_widgets.assets.asset import Asset
from segmind_widgets.errors import InputError
from segmind_widgets.widgets.drop import Drop
from segmind_widgets.widgets.pictures import KINDS, Pictures, display_kind
from tests.comms import Page

Make = Callable[..., Pictures]
DOWNLOAD = {"name": "download", "label": "Download"}


def load(key: str, side: int) -> tuple[bytes, str]:
    if key == "lost":
        raise FileNotFoundError("lost.png is gone")
    return f"{key} at {side}".encode(), "image/webp"


@pytest.fixture
def make() -> Iterator[Make]:
    made: list[Pictures] = []

    def new(load: Any = load, **options: Any) -> Pictures:
        made.append(Pictures(load, **options))
        return made[-1]

    yield new
    for pictures in made:
        pictures.close()


def test_a_look_is_answered_with_bytes_apart(make: Make) -> None:
    page = Page(make(items=[{"key": "cat", "alt": "a cat"}]))
    answer = page.says(type="look", id="1", key="cat", side=160)
    assert answer == {
        "type": "seen", "id": "1", "key": "cat", "side": 160, "media_type": "image/webp",
    }  # fmt: skip
    assert page.received == b"cat at 160"
    page.says(type="look", id="2", key="cat", side=10**9)
    assert page.received == b"cat at 4096"


def test_a_load_that_fails_says_so_in_the_pictures_place(make: Make) -> None:
    pictures = make(items=[{"key": "lost"}])
    answer = Page(pictures).says(type="look", id="1", key="lost", side=160)
    assert (answer["type"], answer["asked"], answer["id"]) == ("failed", "look", "1")
    assert answer["text"] == "FileNotFoundError: lost.png is gone"
    assert pictures.error == ""


def test_loads_run_where_the_background_runs_them(make: Make) -> None:
    waiting: list[Callable[[], None]] = []
    pictures = make(background=waiting.append, items=[{"key": "cat"}])
    page = Page(pictures)
    for number in range(3):
        assert page.says(type="look", id=str(number), key="cat", side=100) == {}
    thread = threading.Thread(target=lambda: [work() for work in waiting[:2]])
    thread.start()
    thread.join()
    assert [content["id"] for content, _ in page.sent] == ["0", "1"]
    pictures.close()
    waiting[2]()  # too late, and no harm
    assert len(page.sent) == 2


def test_a_background_that_takes_no_more_work_is_told(make: Make) -> None:
    def closed(_: Callable[[], None]) -> None:
        raise RuntimeError("the panel was closed")

    answer = Page(make(background=closed)).says(type="look", id="1", key="cat", side=100)
    assert answer["text"] == "RuntimeError: the panel was closed"


def test_a_whole_file_is_pulled_in_pieces(make: Make, tmp_path: Path) -> None:
    data = bytes(range(256)) * 5
    (tmp_path / "clip.mp4").write_bytes(data)
    pictures = make(
        items=[{"key": "clip", "kind": "video"}, {"key": "b", "name": "my name.mp4"}],
        whole=lambda _: tmp_path / "clip.mp4",
        actions=[DOWNLOAD],
        piece=500,
    )
    page = Page(pictures)
    parts = []
    for offset in (0, 500, 1000):
        answer = page.says(type="part", id="p", key="clip", offset=offset)
        parts.append(page.received)
    assert answer == {
        "type": "part", "id": "p", "name": "clip.mp4", "size": 1280, "media_type": "video/mp4",
    }  # fmt: skip
    assert b"".join(parts) == data
    assert [len(part) for part in parts] == [500, 500, 280]
    assert page.says(type="part", id="p", key="b", offset=0)["name"] == "my name.mp4"


def test_python_can_have_a_file_saved(make: Make, tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"zipped")
    pictures = make()
    page = Page(pictures)
    pictures.download(tmp_path / "x.zip", "whales.zip")
    order = page.sent[-1][0]
    assert (order["type"], order["name"]) == ("save", "whales.zip")
    answer = page.says(type="part", id="1", token=order["token"], offset=0)
    assert (answer["name"], page.received) == ("whales.zip", b"zipped")
    answer = page.says(type="part", id="1", token="../../etc/passwd", offset=0)
    assert answer["type"] == "failed"


def test_a_file_that_cannot_be_had_is_told(make: Make) -> None:
    answer = Page(make(items=[{"key": "a"}])).says(type="part", id="1", key="a", offset=0)
    assert answer["text"] == "The whole file is not available here."
    with pytest.raises(InputError, match="whole"):
        make(actions=[DOWNLOAD])


def test_the_lightbox_is_fetched_and_not_saved_with_the_notebook(make: Make) -> None:
    pictures = make()
    page = Page(pictures)
    page.says(type="part", id="1", token="lightbox", offset=0)
    assert b"showModal" in page.received
    assert "showModal" not in json.dumps(pictures.get_state())


def test_actions_reach_python_and_their_errors_the_reader(make: Make) -> None:
    done: list[tuple[str, str]] = []

    def act(name: str, key: str) -> None:
        done.append((name, key))
        raise InputError("This field takes no picture.", hint="Choose another field.")

    pictures = make(on_action=act, actions=[{"name": "use", "label": "Use as input"}])
    Page(pictures).says(type="action", name="use", key="cat")
    assert done == [("use", "cat")]
    assert pictures.error == "This field takes no picture. Choose another field."


@pytest.mark.parametrize(
    ("items", "words"),
    [
        ([{"alt": "no key"}], "needs a `key`"),
        ([{"key": "a"}, {"key": "a"}], "unique in the list"),
        ([{"key": 7}], "a text"),
        ([{"key": "a", "kind": "hologram"}], "hologram"),
    ],
)
def test_items_that_cannot_be_shown_are_refused(
    make: Make, items: list[dict[str, Any]], words: str
) -> None:
    with pytest.raises(TraitError, match=words):
        make().items = items


def test_the_state_of_many_pictures_is_small_and_text(make: Make) -> None:
    pictures = make(
        load=lambda key, side: (b"\xff" * 2**20, "image/jpeg"),
        items=[{"key": f"job-{n}", "alt": "a prompt"} for n in range(20)],
    )
    page = Page(pictures)
    for n in range(20):
        page.says(type="look", id=str(n), key=f"job-{n}", side=160)
    assert len(page.received) == 2**20
    assert len(json.dumps(pictures.get_state())) < 20_000


@pytest.mark.parametrize("kind", [Drop, Pictures])
def test_the_code_that_each_widget_adds_to_a_saved_notebook_is_small(kind: Any) -> None:
    assert len(str(kind._esm)) + len(str(kind._css)) < 15_000


def test_close_frees_the_layout_too(make: Make) -> None:
    pictures = make()
    pictures.close()
    pictures.close()
    assert pictures.comm is None
    assert pictures.layout.comm is None


GLB = b"glTF\x02\x00\x00\x00\x0c\x00\x00\x00"


@pytest.mark.parametrize(("data", "kind"), [(GLB, "model"), (b"%PDF-1.7\n", "application")])
def test_a_file_of_any_media_type_has_a_kind(data: bytes, kind: str, make: Make) -> None:
    asset = Asset.of(data)
    assert asset.kind == kind
    assert kind not in KINDS
    assert make(items=[{"key": "x", "kind": display_kind(asset)}]).items[0]["kind"] == "file"
