"""After a run of everything, no file of the home is another user's, whatever the umask."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from segmind_widgets.client import SegmindClient
from segmind_widgets.panels.upload import UploadPanel
from segmind_widgets.sandbox import Sandbox
from segmind_widgets.widgets.archive import make_archive
from tests.shells import picture
from tests.waits import until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="modes have no effect there")

FAST, V1 = "fast-flux-schnell", "bg-removal-v2"
WIDE = ("journal.sqlite", "results/2026-01-01/old.png", "thumbnails/old", "kernels/old.lock")


@pytest.fixture
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with Sandbox(speed=500) as running:
        yield running


@pytest.fixture
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def wide(home: Path) -> dict[str, str]:
    """What others may use in a folder, and its mode; also the folder itself."""
    return {
        str(path.relative_to(home)): oct(mode(path))
        for path in [home, *home.rglob("*")]
        if mode(path) != (0o700 if path.is_dir() else 0o600)
    }


def run_everything(client: SegmindClient, sandbox: Sandbox, folder: Path) -> None:
    """Make each kind of file that the home can hold."""
    cat = folder / "cat.png"
    cat.write_bytes(picture())
    job = client.run(FAST, {"prompt": "a fox"}, api="v1")  # the reply is the file
    job = client.run(FAST, {"prompt": "a fox"}, api="v2", again=True)  # and has an address
    client.run(V1, {"image": cat})
    client.upload(cat)
    client.thumbnail(job.outputs[0])
    client.map(FAST, [{"prompt": f"{n}"} for n in range(3)]).wait(30)
    with ThreadPoolExecutor(2) as pool:
        rows = [{"prompt": f"worker {n}"} for n in range(3)]
        assert client.map(FAST, rows, executor=pool).wait(60).failed == 0
    make_archive(
        [one.path for one in job.outputs if one.path], client.session.store.home / "downloads"
    )
    sandbox.faults.add("POST /v1/.*", "bad_json")
    client.run(FAST, {"prompt": "lost"}, api="v1")  # found in the history
    client.delete(job)
    drop_files(client)


def drop_files(client: SegmindClient) -> None:
    """Drop a file in a panel, and paste a picture."""
    panel = UploadPanel(client=client, names={})
    data = picture((9, 9))
    file = {"name": "dropped.png", "size": len(data)}
    panel.drop._receive(None, {"type": "begin", "batch": "1", "files": [file]}, [])
    panel.drop._receive(None, {"type": "piece", "batch": "1", "file": 0, "offset": 0}, [data])
    until(lambda: len(panel.assets) == 1)
    panel.close()


@pytest.mark.parametrize("before", ["no home", "a wide home"])
@pytest.mark.parametrize("umask", [0o000], indirect=True)
def test_no_file_of_the_home_is_another_users(
    client: SegmindClient, sandbox: Sandbox, tmp_path: Path, umask: int, before: str
) -> None:
    home = Path(os.environ["SEGMIND_WIDGETS_HOME"])
    for name in WIDE if before == "a wide home" else ():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).touch()
    run_everything(client, sandbox, tmp_path)
    found = {path.relative_to(home).parts[0] for path in home.rglob("*")}
    assert {"kernels", "results", "thumbnails", "trash", "incoming", "downloads"} <= found
    assert {"journal.sqlite", "journal.sqlite-wal", "journal.sqlite-shm"} <= found
    for pattern in ("*.reply", "*.json"):  # a reply that was kept, notes of workers
        assert list(home.rglob(pattern))
    assert wide(home) == {}
    client.close()
    assert wide(home) == {}


@pytest.mark.parametrize("umask", [0o000, 0o027], indirect=True)
def test_folders_that_a_person_names_have_the_umask(
    client: SegmindClient, tmp_path: Path, umask: int
) -> None:
    saved, shared = tmp_path / "saved", tmp_path / "shared"
    job = client.run(FAST, {"prompt": "a fox"})
    job.save(saved)
    job.save(saved / "plain", recipe=False)
    with ThreadPoolExecutor(2) as pool:
        batch = client.map(FAST, [{"prompt": "one"}], executor=pool, folder=shared)
        assert batch.wait(60).failed == 0
    for path in [saved, shared, *saved.rglob("*"), *shared.rglob("*")]:
        assert mode(path) == (0o777 if path.is_dir() else 0o666) & ~umask, path
    assert list(shared.rglob("*.png")) or list(shared.rglob("*.jpg"))


@pytest.mark.parametrize("umask", [0o000], indirect=True)
def test_a_damaged_journal_that_is_set_aside_and_its_heir_are_private(
    client: SegmindClient, umask: int
) -> None:
    home = Path(os.environ["SEGMIND_WIDGETS_HOME"])
    home.mkdir()
    (home / "journal.sqlite").write_bytes(b"no database at all" * 300)
    with pytest.warns(UserWarning, match="was renamed"):
        client.run(FAST, {"prompt": "a fox"})
    assert list(home.glob("journal-damaged-*"))
    assert wide(home) == {}
