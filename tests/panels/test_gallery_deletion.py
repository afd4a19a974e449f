"""A result is deleted in the gallery, from its tile or its details, and brought back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from segmind_widgets.client import SegmindClient
from segmind_widgets.panels.gallery import GalleryPanel
from tests.panels.test_jobs import FAST, add
from tests.shells import picture


@pytest.fixture
def paths(client: SegmindClient, tmp_path: Path) -> list[Path]:
    """The files of four jobs, the oldest first; the last is not in the folder of results."""
    store, paths = client.session.store, []
    for number in range(4):
        folder = store.results / "2026-01-01" if number < 3 else tmp_path / "mine"
        path = folder / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture(color=(number * 50, 100, 100)))
        row = {"inputs": {"prompt": f"number {number}"}, "outputs": [{"path": str(path)}]}
        add(client, status="completed", id=f"job-{number}", target=FAST, **row)
        paths.append(path)
    return paths


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What moves the focus in the browser, in order."""
    sent: list[Any] = []
    monkeypatch.setattr("ipywidgets.Button.focus", lambda self: sent.append(self.description))
    monkeypatch.setattr(
        "segmind_widgets.widgets.results.ResultPictures.focus_item", lambda _, key: sent.append(key)
    )
    return sent


@pytest.fixture
def panel(paths: list[Path]) -> Iterator[GalleryPanel]:
    panel = GalleryPanel()
    yield panel
    panel.close()


def keys(panel: GalleryPanel) -> list[str]:
    return [item["key"] for item in panel.pictures.items]


def press_delete(panel: GalleryPanel, key: str) -> None:
    panel.pictures._receive(None, {"type": "action", "name": "delete", "key": key}, [])


def button(panel: GalleryPanel, text: str) -> Any:
    found = [one for one in vars(panel).values() if getattr(one, "description", "") == text]
    rows = panel.details.children[1].children
    return next(one for one in [*found, *rows] if one.description == text)


@pytest.mark.parametrize("by", ["key", "button"])
def test_delete_and_undo(
    paths: list[Path], panel: GalleryPanel, sent: list[Any], client: SegmindClient, by: str
) -> None:
    assert panel.undo_row.layout.display == "none"
    panel.pictures.selected = "job-2/2.png"
    if by == "key":
        press_delete(panel, "job-2/2.png")
    else:
        button(panel, "Delete").click()
    assert keys(panel) == ["job-3/3.png", "job-1/1.png", "job-0/0.png"]
    assert not paths[2].exists()
    assert (panel.pictures.selected, panel.details.layout.display) == ("", "none")
    assert panel.undo_row.layout.display == ""
    assert "2.png was deleted. Copies that you saved elsewhere stay." in panel.undo_text.value
    assert sent == ["Undo"]
    panel.undo.click()
    assert keys(panel)[1] == "job-2/2.png"
    assert paths[2].exists()
    assert panel.undo_row.layout.display == "none"
    assert "2.png was restored." in panel.line.value
    assert sent == ["Undo", "job-2/2.png"]


def test_deletions_are_undone_one_by_one_also_in_another_gallery(
    panel: GalleryPanel, sent: list[Any]
) -> None:
    for number in (0, 2):
        press_delete(panel, f"job-{number}/{number}.png")
    assert "1 more can be restored after it." in panel.undo_text.value
    panel.undo.click()
    assert keys(panel) == ["job-3/3.png", "job-2/2.png", "job-1/1.png"]
    other = GalleryPanel()
    assert "0.png was deleted." in other.undo_text.value
    other.undo.click()
    assert len(keys(other)) == 4
    panel.undo.click()  # it was done in the other panel
    assert "There is nothing to undo." in panel.line.value
    assert len(keys(panel)) == 4
    other.close()


def test_a_file_elsewhere_stays_and_the_panel_says_so(
    paths: list[Path], panel: GalleryPanel, sent: list[Any]
) -> None:
    press_delete(panel, "job-3/3.png")
    assert paths[3].exists()
    assert f"{paths[3]} stays." in panel.undo_text.value
    assert len(keys(panel)) == 3
    panel.undo.click()
    assert len(keys(panel)) == 4


def test_of_two_kernels_the_second_is_told(
    panel: GalleryPanel, client: SegmindClient, sent: list[Any]
) -> None:
    other = SegmindClient(home=str(client.session.store.home))
    other.delete("job-2")
    press_delete(panel, "job-2/2.png")
    assert "was deleted before" in panel.line.value
    assert keys(panel) == ["job-3/3.png", "job-1/1.png", "job-0/0.png"]
    assert panel.undo_row.layout.display == "none"
    other.close()
