"""The upload panel, without a browser: files become addresses, and every error has its file."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from segmind_widgets.client import SegmindClient
from segmind_widgets.errors import InputError
from segmind_widgets.panels.upload import UploadPanel
from segmind_widgets.sandbox import Sandbox
from tests.page import text_of
from tests.shells import picture


@pytest.fixture
def names() -> dict[str, Any]:
    return {}


@pytest.fixture
def panel(client: SegmindClient, names: dict[str, Any]) -> Iterator[UploadPanel]:
    made = UploadPanel(client=client, names=names)
    yield made
    made.close()


def settled(panel: UploadPanel, files: int) -> list[dict[str, Any]]:
    """The list, once so many files are there and none is on its way."""
    done = threading.Event()

    def look(_: Any = None) -> None:
        items = panel.list.items
        if len(items) == files and not any(item.get("busy") for item in items):
            done.set()

    panel.list.observe(look, "items")
    look()
    assert done.wait(20)
    panel.list.unobserve(look, "items")
    return panel.list.items


def said(panel: UploadPanel) -> str:
    return text_of(panel.line.value)


def test_a_dropped_file_gets_its_address_and_facts(
    panel: UploadPanel, tmp_path: Path, sandbox: Sandbox
) -> None:
    path = tmp_path / "cat.png"
    path.write_bytes(picture((64, 40)))
    panel.add([path])
    (item,) = settled(panel, 1)
    assert item["url"].startswith("http")
    assert item["note"] == "uploaded[0] · uploaded"
    assert "cat.png · 64×40 · " in item["caption"]
    assert item["actions"] == ["copy", "remove"]
    assert panel.assets[0].url == item["url"]
    assert len(sandbox.requests("POST", "/upload-asset")) == 1


def test_the_same_content_is_not_sent_twice(
    panel: UploadPanel, tmp_path: Path, sandbox: Sandbox
) -> None:
    for name in ("one.png", "two.png"):
        (tmp_path / name).write_bytes(picture((64, 41)))
    panel.add([tmp_path / "one.png"])
    settled(panel, 1)
    panel.add([tmp_path / "two.png"])
    first, second = settled(panel, 2)
    assert second["note"] == "uploaded[1] · uploaded before"
    assert second["url"] == first["url"]
    assert len(sandbox.requests("POST", "/upload-asset")) == 1


def test_errors_stand_beside_their_file(panel: UploadPanel, tmp_path: Path) -> None:
    panel.client.provider = "apimart"  # which says what it takes
    (tmp_path / "good.png").write_bytes(picture())
    (tmp_path / "notes.xyz").write_bytes(b"\0\1\2 nothing that a service takes")
    panel.add([tmp_path / "gone.png", tmp_path / "notes.xyz", tmp_path / "good.png"])
    gone, refused, good = settled(panel, 3)
    assert good["note"].startswith("uploaded[0] · uploaded, until 20")
    assert "There is no file" in gone["error"]
    assert refused["error"]
    assert refused["actions"] == ["again", "remove"]
    assert [asset.filename for asset in panel.assets] == ["good.png"]


def test_what_is_empty_or_torn_is_not_sent(
    panel: UploadPanel, tmp_path: Path, sandbox: Sandbox
) -> None:
    (tmp_path / "torn.png").write_bytes(picture()[:20])
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "good.png").write_bytes(picture())
    panel.add([tmp_path / name for name in ("torn.png", "empty.mp4", "good.png")])
    torn, empty, good = settled(panel, 3)
    assert good["note"] == "uploaded[0] · uploaded"
    assert (empty["caption"], torn["caption"]) == ("empty.mp4", "torn.png")
    assert "empty.mp4 is empty" in empty["error"]
    assert "torn.png is damaged" in torn["error"]
    assert torn["actions"] == ["remove"]
    assert len(sandbox.requests("POST", "/upload-asset")) == 1


def test_a_url_is_used_as_it_is(panel: UploadPanel, sandbox: Sandbox) -> None:
    panel.add_text("https://images.example/fox.png")
    (item,) = settled(panel, 1)
    assert item["note"] == "uploaded[0] · a URL, used without upload"
    assert item["kind"] == "file"  # there is nothing to draw
    assert [asset.url for asset in panel.assets] == ["https://images.example/fox.png"]
    assert sandbox.requests("POST", "/upload-asset") == []


def test_text_is_a_url_a_path_a_pattern_or_a_variable(
    panel: UploadPanel, tmp_path: Path, names: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(picture((8, ord(name[0]))))
    names["mine"] = picture((9, 9))
    panel.add_text("https://images.example/fox.png")
    panel.add_text("*.png")
    panel.add_text("file:a.png")
    panel.add_text("$mine")
    items = settled(panel, 5)
    assert all(item["url"] and not item["error"] for item in items)
    with pytest.raises(InputError, match="no file nothing"):
        panel.add_text("nothing.png")


@pytest.mark.parametrize(
    ("words", "files"),
    [
        (["a.png", "b c.png"], ["a.png", "b c.png"]),
        (["b c.png"], ["b c.png"]),
        (["*.png", "$one"], ["a.png", "b c.png", "a.png"]),
        (["pictures"], ["d.png", "e.jpg"]),
    ],
)
def test_each_word_of_the_magics_line_is_a_source(
    client: SegmindClient,
    tmp_path: Path,
    words: list[str],
    files: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "notes.txt").write_text("no picture")
    for number, name in enumerate(("a.png", "b c.png", "pictures/e.jpg", "pictures/d.png")):
        (tmp_path / name).write_bytes(picture((8 + number, 8)))
    argument = UploadPanel.argument_of(words)
    panel = UploadPanel(argument, client=client, names={"one": tmp_path / "a.png"})
    items = settled(panel, len(files))
    assert [item["alt"] for item in items] == files
    places = [f"uploaded[{index}]" for index in range(len(files))]
    assert [item["note"].partition(" · ")[0] for item in items] == places
    assert [asset.filename for asset in panel.assets] == files
    panel._act("remove", items[0]["key"])
    if len(files) > 1:
        assert panel.list.items[0]["alt"] == files[1]
        assert panel.list.items[0]["note"].startswith("uploaded[0]")
    panel.variable.value = "mine"
    assert all(item["note"].startswith("mine[") for item in panel.list.items)
    panel.close()


def test_a_folder_without_pictures_is_called_that(panel: UploadPanel, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="has no images, videos or audio files"):
        panel.add_text(str(tmp_path / "empty"))


def test_the_variable_holds_what_is_uploaded(
    panel: UploadPanel, names: dict[str, Any], tmp_path: Path
) -> None:
    named = threading.Event()
    panel.line.observe(lambda _: named.set(), "value")
    panel.add([picture((20, 10))])
    settled(panel, 1)
    assert named.wait(10)
    assert names["uploaded"] == panel.assets
    assert "${uploaded[0]}" in said(panel)
    names["cat"] = 5
    panel.variable.value = "cat"
    assert "another variable" in said(panel)
    assert names["cat"] == 5
    panel.variable.value = "two words"
    assert "not a valid variable name" in said(panel)


def test_a_broken_upload_can_be_tried_again(panel: UploadPanel, sandbox: Sandbox) -> None:
    sandbox.faults.add("POST /upload-asset", 500, times=1)
    panel.add([picture((21, 10))])
    (item,) = settled(panel, 1)
    assert "500" in item["error"]
    panel._act("again", item["key"])
    done = threading.Event()
    panel.list.observe(lambda _: panel.assets and done.set(), "items")
    assert panel.assets or done.wait(10)
    panel._act("remove", item["key"])
    assert panel.list.items == []


def test_what_was_uploaded_before_can_be_taken_again(
    panel: UploadPanel, tmp_path: Path, sandbox: Sandbox
) -> None:
    (tmp_path / "cat.png").write_bytes(picture((30, 20)))
    panel.add([tmp_path / "cat.png"])
    settled(panel, 1)
    other = UploadPanel(client=panel.client)
    other.show_recent()
    (recent,) = other._recent_box.children
    listed = threading.Event()
    recent.observe(lambda _: listed.set(), "items")
    assert recent.items or listed.wait(10)
    assert [item["alt"] for item in recent.items] == ["cat.png"]
    recent._on_action("use", recent.items[0]["key"])
    assert other.assets[0].url == panel.assets[0].url
    assert other.list.items[0]["note"] == "uploaded[0] · uploaded before"
    other.show_recent()
    assert other._recent_box.children == ()
    other.close()
    assert len(sandbox.requests("POST", "/upload-asset")) == 1


def test_the_provider_and_its_limits_are_chosen_in_the_panel(
    panel: UploadPanel, sandbox: Sandbox
) -> None:
    assert panel.provider.description == "Provider"
    assert panel.provider.value == ""
    for words in ("20 MB", "72 hours", "other files that the models support"):
        assert words in panel.limits.value
    panel.provider.value = "apimart"
    assert "20 MB" in panel.limits.value
    assert "other files" not in panel.limits.value
    panel.add([picture()])
    settled(panel, 1)
    assert len(sandbox.requests("POST", "/v1/uploads/images")) == 1
