"""The gallery without a browser: what it shows, finds and packs, and what it leaves behind."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ipywidgets.widgets import widget as ipywidgets_widget

from segmind_widgets.client import SegmindClient
from segmind_widgets.errors import NotFound
from segmind_widgets.markup import element
from segmind_widgets.panels import find
from segmind_widgets.panels.gallery import PAGE, GalleryPanel
from segmind_widgets.sandbox import Sandbox
from segmind_widgets.widgets.archive import make_archive
from tests.comms import Page
from tests.panels.test_jobs import FAST, add
from tests.shells import picture
from tests.waits import until


@pytest.fixture
def history(client: SegmindClient, tmp_path: Path) -> list[Path]:
    """Fifty finished jobs with a picture each, the oldest first; a failed one among them."""
    paths = []
    for number in range(50):
        path = tmp_path / "2026-01-01" / f"{number}.png"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(picture(color=(number * 5, 100, 100)))
        inputs = {"prompt": f"number {number}", "style": "ink" if number % 10 else "Oil"}
        outputs = [{"path": str(path), "media_type": "image/png"}]
        target = "other" if number % 5 == 0 else FAST
        row = {"inputs": inputs, "outputs": outputs, "target": target, "cost": 0.01}
        add(client, status="completed", id=f"job-{number:02}", **row)
        paths.append(path)
    add(client, status="failed", target="fails-always")
    return paths


@pytest.fixture
def panel(client: SegmindClient) -> Iterator[GalleryPanel]:
    made = find("gallery")()
    assert isinstance(made, GalleryPanel)
    yield made
    made.close()


def keys(panel: GalleryPanel) -> list[str]:
    return [item["key"].partition("/")[0] for item in panel.pictures.items]


def test_pages_of_the_newest_first(history: list[Path], panel: GalleryPanel) -> None:
    assert keys(panel) == [f"job-{number:02}" for number in range(49, 25, -1)]
    assert "1 to 24 of 50" in panel.page_label.value
    assert panel.newer.disabled
    panel.older.click()
    assert keys(panel)[0] == "job-25"
    panel.older.click()
    assert keys(panel) == ["job-01", "job-00"]
    assert "49 to 50 of 50" in panel.page_label.value
    assert panel.older.disabled
    panel.newer.click()
    assert keys(panel)[0] == "job-25"
    item = panel.pictures.items[0]
    assert (item["alt"], item["caption"], item["note"]) == (
        "number 25",
        "number 25",
        "other · $0.01",
    )


@pytest.mark.parametrize("name", ["fox.glb", "fox.pdf"])
def test_a_file_that_is_no_picture_is_shown_and_downloaded(
    client: SegmindClient, tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    path.write_bytes(b"glTF" if name.endswith("glb") else b"%PDF")
    media_type = {"glb": "model/gltf-binary", "pdf": "application/pdf"}[name[-3:]]
    outputs = [{"path": str(path), "media_type": media_type}]
    add(client, status="completed", id="job-1", outputs=outputs)
    panel = GalleryPanel()
    (item,) = panel.pictures.items
    assert (item["kind"], item["url"]) == ("file", f"file:{path}")
    answer = Page(panel.pictures)
    answer.says(type="part", id="1", key=item["key"], offset=0)
    until(lambda: answer.sent)
    assert answer.received == path.read_bytes()
    panel.close()


@pytest.mark.parametrize("name", ["cut-1.png", "tune-1.wav", "clip-1.mp4"])
def test_a_result_without_a_prompt_is_titled_by_model_and_file(
    client: SegmindClient, tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_bytes(picture())
    outputs = [{"path": str(tmp_path / name)}]
    add(client, status="completed", id="job-1", target="bg-removal-v2", inputs={}, outputs=outputs)
    panel = GalleryPanel()
    (item,) = panel.pictures.items
    assert item["alt"] == item["caption"] == f"bg-removal-v2 · {name}"
    panel.close()


def test_words_and_models(history: list[Path], client: SegmindClient) -> None:
    panel = GalleryPanel("oil")
    assert keys(panel) == ["job-40", "job-30", "job-20", "job-10", "job-00"]
    assert panel.older.layout.display == "none"
    assert [value for _, value in panel.search.model.options] == ["", FAST, "other"]
    panel.search.text.value = ""
    panel.search.model.value = "other"
    until(lambda: len(keys(panel)) == 10)
    panel.search.text.value = "number 4"
    until(lambda: keys(panel) == ["job-45", "job-40"])
    panel.search.text.value = "100%"
    until(lambda: keys(panel) == [] and "No results match" in panel.pictures.empty)
    assert panel.zip_all.layout.display == "none"
    panel.close()


def test_nothing_yet_shows_how_to_begin_and_what_ends_appears(
    client: SegmindClient, panel: GalleryPanel
) -> None:
    assert "%segmind_run" in panel.pictures.empty
    job = client.submit(FAST, {"prompt": "a fox"})
    until(lambda: keys(panel) == [job.id])
    assert panel.pictures.items[0]["badge"] == "sandbox"
    assert not panel._running_jobs


def test_a_job_that_ran_before_the_panel_opened_appears_too(
    client: SegmindClient, sandbox: Sandbox
) -> None:
    sandbox.faults.add("POST .*", "silence", seconds=0.3)
    job = client.submit(FAST, {"prompt": "a fox"}, api="v1")
    panel = GalleryPanel()
    assert keys(panel) == []
    until(lambda: keys(panel) == [job.id])
    panel.close()


def test_on_another_page_new_ones_are_announced(
    history: list[Path], client: SegmindClient, panel: GalleryPanel
) -> None:
    panel.older.click()
    for _ in range(2):
        client.run(FAST, {"prompt": "a fox"})
    until(lambda: panel.news.description == "2 new: show" and panel.news.layout.display == "")
    panel.news.click()
    assert len(keys(panel)) == PAGE
    assert keys(panel)[2] == "job-49"
    assert panel.news.layout.display == "none"


def test_the_selected_one(
    history: list[Path], panel: GalleryPanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert panel.details.layout.display == "none"
    panel.pictures.selected = "job-47/47.png"
    assert panel.details.job is not None
    assert panel.details.job.id == "job-47"
    for fact in ("number 47", "ink", "$0.01", "job-47", str(history[47])):
        assert element("dd", fact) in panel.details.facts.value
    panel.use.click()
    (form,) = panel.form_box.children
    (value,) = panel.form_box.children[0].form.files["image_input"].value
    assert (value.path, form.model.slug) == (history[47], "seedream-4.5")
    assert "image_input" in panel.line.value or "seedream-4.5" in panel.line.value
    assert panel.input_asset.path == history[47]
    saved: list[Any] = []
    monkeypatch.setattr(panel.pictures, "download", saved.append)
    panel._download()
    assert saved == [history[47]]
    history[47].unlink()
    with pytest.raises(NotFound):
        panel._download()
    panel.older.click()
    assert panel.details.layout.display == "none"


@pytest.mark.parametrize("name", ["run", "upload"])
def test_use_as_input_fills_an_open_panel(
    history: list[Path], panel: GalleryPanel, name: str
) -> None:
    other = find(name)("esrgan" if name == "run" else "")
    other._view_count = 1  # as the browser sets it
    panel.pictures.selected = "job-47/47.png"
    panel.use.click()
    assert panel.form_box.children == ()
    if name == "run":
        assert other.form.files["image"].value.path == history[47]
    else:
        until(lambda: [asset.path for asset in other.assets] == [history[47]])
    other.close()
    panel.use.click()  # a closed panel takes nothing
    assert len(panel.form_box.children) == 1


def test_zips_of_the_page_and_of_all_that_fit(
    history: list[Path], panel: GalleryPanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    got: list[tuple[Path, str]] = []
    monkeypatch.setattr(panel.pictures, "download", lambda *one: got.append(one))
    history[49].unlink()  # gone since: left out
    panel.zip_page.click()
    until(lambda: len(got) == 1)
    panel.search.text.value = "oil"
    until(lambda: panel.zip_all.description == "Zip of all 5")
    panel.zip_all.click()
    until(lambda: len(got) == 2)
    for (path, name), wanted in zip(got, (history[26:49], history[0:50:10]), strict=True):
        assert name == "segmind-results.zip"
        with zipfile.ZipFile(path) as made:
            assert set(made.namelist()) == {f"2026-01-01/{one.name}" for one in wanted}
            assert made.read(f"2026-01-01/{wanted[-1].name}") == wanted[-1].read_bytes()
            assert {info.compress_type for info in made.infolist()} == {zipfile.ZIP_STORED}
    assert "Packing" not in panel.line.value
    panel.close()
    assert not any(path.exists() for path, _ in got)


def test_a_zip_that_fails_leaves_nothing_and_old_ones_go(tmp_path: Path) -> None:
    old, new = tmp_path / "old.zip", tmp_path / "new.zip"
    for path in (old, new):
        path.write_bytes(b"x")
    os.utime(old, (1, 1))

    def files() -> Iterator[Path]:
        yield tmp_path / "gone.png"
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        make_archive(files(), tmp_path)
    assert [path.name for path in tmp_path.glob("*.zip")] == ["new.zip"]


def test_no_picture_is_in_the_state_and_close_frees_all(
    history: list[Path], client: SegmindClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = set(ipywidgets_widget._instances)
    panel = GalleryPanel()
    panel.pictures.selected = "job-47/47.png"
    made = [ipywidgets_widget._instances[key] for key in set(ipywidgets_widget._instances) - before]

    def state() -> str:  # of a state with bytes no JSON can be made
        return json.dumps([widget.get_state() for widget in made])

    unseen = state()
    assert "data:image" not in unseen
    sent: list[Any] = []
    monkeypatch.setattr(panel.pictures, "send", lambda content, data: sent.append(data))
    for item in panel.pictures.items:
        panel.pictures._receive(None, {"type": "look", "key": item["key"], "side": 180}, [])
    until(lambda: len(sent) == PAGE)
    assert all(data.startswith(b"\xff\xd8") for (data,) in sent)
    assert state() == unseen
    panel.close()
    assert set(ipywidgets_widget._instances) == before
    assert not any(client._trait_notifiers.get("newest", {}).values())


def test_outputs_of_one_job_and_of_all_kinds(
    client: SegmindClient, tmp_path: Path, sandbox: Sandbox
) -> None:
    files = {"a.png": picture(), "b.txt": b"Once upon a time", "c.mp3": b"ID3" + bytes(50)}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    outputs = [{"path": str(tmp_path / name)} for name in files]
    add(client, status="completed", id="job", outputs=outputs)
    panel = GalleryPanel()
    assert [item["kind"] for item in panel.pictures.items] == ["image", "text", "audio"]
    assert panel.pictures._load("job/b.txt", 180) == (b"Once upon a time", "text/plain")
    panel.pictures.selected = "job/c.mp3"
    panel.use.click()
    (audio,) = panel.form_box.children[0].form.files["reference_audios"].value
    assert audio.kind == "audio"
    panel.close()
