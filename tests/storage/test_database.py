"""Disks that are full, locked or read-only, and files that are damaged: said, survived, kept."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from segmind_widgets.sandbox import Sandbox
from segmind_widgets.storage import database
from segmind_widgets.storage.locks import KernelLock
from segmind_widgets.storage.store import Store
from tests.shells import environment

ROW: dict[str, Any] = {
    "provider": "segmind", "place": "https://a", "sandbox": False, "kind": "model",
    "target": "m", "inputs": {"prompt": "a"}, "status": "queued",
}  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path)
    yield opened
    opened.close()


def fill(store: Store) -> None:
    """SQLite's own limit: from now on the file may not grow."""
    db = store._file._db
    pages = db.execute("PRAGMA page_count").fetchone()[0]
    db.execute(f"PRAGMA max_page_count={pages}")


def on_disk(home: Path) -> list[dict[str, Any]]:
    other = Store(home)
    try:
        assert not other.problem
        return other.jobs(100)
    finally:
        other.close()


def test_a_full_disk_moves_the_journal_to_memory_and_back(store: Store, tmp_path: Path) -> None:
    before = store.add(**ROW)
    fill(store)
    long = {"prompt": "x" * 100_000}
    key = store.add(**{**ROW, "inputs": long})
    assert store.memory
    assert "full" in store.problem
    assert "Free some disk" in store.problem
    assert str(tmp_path) in store.problem
    store.update(key, id="req-1", cost=0.04)
    store.update(before, status="completed")
    assert [row["key"] for row in store.jobs()] == [key, before], "what was on disk is still seen"
    assert [row["status"] for row in on_disk(tmp_path)] == ["queued"]

    store._file._again = 0.0  # the disk has room again, and it is time to look
    later = store.add(**ROW)
    assert (store.memory, store.problem) == (False, "")
    found = {row["key"]: row for row in on_disk(tmp_path)}
    assert set(found) == {before, key, later}
    assert (found[key]["id"], found[key]["inputs"]) == ("req-1", long)
    assert found[before]["status"] == "completed"


def test_closing_is_the_last_chance_to_be_back_on_disk(tmp_path: Path) -> None:
    store = Store(tmp_path)
    fill(store)
    key = store.add(**{**ROW, "inputs": {"prompt": "x" * 100_000}})
    store.close()
    assert [row["key"] for row in on_disk(tmp_path)] == [key]


def test_the_way_back_brings_only_what_changed_here(store: Store, tmp_path: Path) -> None:
    [mine, theirs] = [store.add(**ROW), store.add(**ROW)]
    fill(store)
    store.update(mine, inputs={"prompt": "x" * 100_000})
    assert store.memory
    other = Store(tmp_path)
    other.update(theirs, status="completed")
    other.close()
    store._file._again = 0.0
    store.update(mine, status="processing")
    assert not store.memory
    assert {row["key"]: row["status"] for row in on_disk(tmp_path)} == {
        mine: "processing", theirs: "completed"
    }  # fmt: skip


def test_a_journal_that_may_not_be_written(store: Store, tmp_path: Path) -> None:
    key = store.add(**ROW)
    store._file._db.execute("PRAGMA query_only=ON")
    store.update(key, status="processing")
    assert "readonly" in store.problem
    assert store.problem.endswith("Set SEGMIND_WIDGETS_HOME to a folder that can be written.")
    assert store.job(key)["status"] == "processing"
    assert on_disk(tmp_path)[0]["status"] == "queued"


def test_a_journal_that_stays_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY", 0.05)
    store = Store(tmp_path)
    key = store.add(**ROW)
    other = sqlite3.connect(tmp_path / "journal.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    store.update(key, id="req-1")
    assert "locked" in store.problem
    assert store.problem.endswith("Writing is tried again every few seconds.")
    assert store.job("req-1")["key"] == key
    store._file._again = 0.0
    store.update(key, cost=0.04)
    assert store.memory, "still locked"
    other.execute("ROLLBACK")
    other.close()
    store._file._again = 0.0
    assert store.jobs()[0]["cost"] == 0.04
    assert [row["id"] for row in on_disk(tmp_path)] == ["req-1"]
    store.close()


def damaged(home: Path) -> list[Path]:
    return sorted(home.glob("journal-damaged-*.sqlite"))


def test_a_file_that_is_no_database_is_set_aside(tmp_path: Path) -> None:
    rubbish = b"not a database at all" * 500
    (tmp_path / "journal.sqlite").write_bytes(rubbish)
    store = Store(tmp_path)
    [aside] = damaged(tmp_path)
    assert aside.read_bytes() == rubbish
    assert aside.name in store.problem
    assert "new one" in store.problem
    assert not store.memory
    key = store.add(**ROW)
    store.close()
    assert [row["key"] for row in on_disk(tmp_path)] == [key]
    assert damaged(tmp_path) == [aside]


def test_damage_that_is_met_later_loses_no_job_of_this_kernel(tmp_path: Path) -> None:
    first = Store(tmp_path)
    for _ in range(50):
        first.add(**{**ROW, "status": "completed", "inputs": {"prompt": "x" * 2000}})
    first.close()  # the last to close it writes everything into the one file
    path = tmp_path / "journal.sqlite"
    whole = path.read_bytes()
    store = Store(tmp_path)
    key = store.add(**ROW)
    store._file._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    path.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    store._file._db.execute("PRAGMA shrink_memory")
    store.update(key, id="req-1", sent="2025-01-31T10:00:00.000+00:00")
    assert "damaged" in store.problem
    assert not store.memory
    [aside] = damaged(tmp_path)
    assert b"\xff" * 4096 in aside.read_bytes()
    assert (store.job("req-1")["key"], store.count()) == (key, 1)
    store.close()
    assert [row["id"] for row in on_disk(tmp_path)] == ["req-1"]


class OpenElsewhere:
    """Windows: a file that another kernel has open can be neither renamed nor deleted."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.tried = 0
        self.is_open = True
        for name in ("rename", "unlink"):
            monkeypatch.setattr(Path, name, self._refused(getattr(Path, name)))

    def _refused(self, work: Callable[..., Any]) -> Callable[..., Any]:
        def call(path: Path, *args: Any, **options: Any) -> Any:
            if self.is_open and path.exists():
                self.tried += 1
                raise PermissionError(13, "The process cannot access the file", str(path))
            return work(path, *args, **options)

        return call


@pytest.mark.parametrize("when", ["at the start", "later"])
def test_a_damaged_file_that_another_kernel_has_open_is_renamed_once_it_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    path = tmp_path / "journal.sqlite"
    rubbish = b"rubbish" * 5000
    if when == "at the start":
        path.write_bytes(rubbish)
    elsewhere = OpenElsewhere(monkeypatch)
    store = Store(tmp_path)
    if when == "later":
        store.add(**ROW)
        store._file._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        path.write_bytes(rubbish)
        store._file._db.execute("PRAGMA shrink_memory")
    key = store.add(**ROW)
    assert store.memory
    assert elsewhere.tried
    assert "damaged, and cannot be renamed" in store.problem
    assert "Close the other kernels" in store.problem
    store._file._again = 0.0
    count = store.count()
    assert store.memory, "it is still open there"
    assert damaged(tmp_path) == []
    elsewhere.is_open = False
    store._file._again = 0.0
    assert store.count() == count
    assert not store.memory
    [aside] = damaged(tmp_path)
    assert aside.read_bytes() == rubbish
    assert aside.name in store.problem
    store.close()
    assert key in [row["key"] for row in on_disk(tmp_path)]


def test_a_lock_file_that_another_kernel_has_open_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = KernelLock(tmp_path)
    name = dead.id
    assert dead._lock
    dead._lock.release()
    (tmp_path / "kernels" / f"{name}.lock").touch()
    elsewhere = OpenElsewhere(monkeypatch)
    kernel = KernelLock(tmp_path)
    assert kernel.id
    assert not kernel.alive(name)
    kernel.close()
    assert elsewhere.tried == 2
    elsewhere.is_open = False
    assert not KernelLock(tmp_path).alive(name)


def test_kernels_that_find_the_damage_together_set_it_aside_once(tmp_path: Path) -> None:
    (tmp_path / "journal.sqlite").write_bytes(b"rubbish" * 1000)
    opened: list[Store] = []
    ready = threading.Barrier(6)

    def kernel() -> None:
        ready.wait(10)
        one = Store(tmp_path)
        one.add(**ROW)
        opened.append(one)

    threads = [threading.Thread(target=kernel) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(damaged(tmp_path)) == 1
    assert len(opened) == 6
    assert not any(one.memory for one in opened)
    assert {one.count() for one in opened} == {6}
    for one in opened:
        one.close()


def test_a_kernel_that_opens_while_another_sets_the_damage_aside_loses_no_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "journal.sqlite").write_bytes(b"rubbish" * 1000)
    opened: list[Store] = []
    rename = Path.rename

    def kernel() -> None:
        one = Store(tmp_path)
        one.add(**ROW)
        opened.append(one)

    other = threading.Thread(target=kernel)

    def rename_slowly(path: Path, target: str) -> Path:
        found = rename(path, target)
        if path.name == "journal.sqlite":  # its write-ahead log is renamed next
            other.start()
            other.join(0.5)
        return found

    monkeypatch.setattr(Path, "rename", rename_slowly)
    kernel()
    other.join(30)
    assert [one.count() for one in opened] == [2, 2]
    assert len(on_disk(tmp_path)) == 2
    for one in opened:
        one.close()


def test_a_mistake_of_ours_is_no_trouble_with_the_disk(store: Store) -> None:
    with pytest.raises(Exception, match="no such column"):
        store.update("x", nonsense=1)
    assert not store.memory


RUN_ON_A_FULL_DISK = """
import json, resource
from segmind_widgets.client import SegmindClient
client = SegmindClient.instance()
client.run("fast-flux-schnell", {"prompt": "one"})
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
job = client.run("fast-flux-schnell", {"prompt": "two"})
asset = job.outputs[0]
print(json.dumps([str(job.status), job.id, asset.path and str(asset.path), asset.size, job.note]))
"""
RESUME = """
import json, sys
from segmind_widgets.client import SegmindClient
job = SegmindClient.instance().resume(sys.argv[1])
print(json.dumps([job.wait(60).id, str(job.status)]))
"""


def python(code: str, home: Path, sandbox: Sandbox, *args: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-c", code, *args], env=environment(home, sandbox), capture_output=True,
        text=True, timeout=90, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.skipif(sys.platform == "win32", reason="resource limits are POSIX")
def test_a_job_on_a_disk_that_takes_no_more_reaches_its_owner(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    """The system itself refuses every write past 4 KiB, in a process of its own."""
    status, job_id, path, size, note = python(RUN_ON_A_FULL_DISK, tmp_path, sandbox)
    assert (status, path) == ("completed", None)
    assert size > 4096, "the bytes are there, in memory"
    assert "in memory" in note
    assert "cannot be written" in note
    assert len(sandbox.billed_posts) == 2
    assert len(on_disk(tmp_path / "widgets")) == 1, "of the second only its note told the id"
    assert python(RESUME, tmp_path, sandbox, job_id) == [job_id, "completed"]
    assert len(list((tmp_path / "widgets" / "results").rglob("*.png"))) == 2
    assert len(sandbox.requests("POST")) == 2, "and nothing was paid twice"


def test_the_mark_of_a_submit_and_its_id_are_flushed_to_the_disk(store: Store) -> None:
    """Else a loss of power could make a paid request look as if it was never sent."""
    key, said = store.add(**ROW), []
    store._file._db.set_trace_callback(said.append)
    store.update(key, sent="2025-01-31T00:00:00.000+00:00")
    store.update(key, id="req-1", status="queued")
    assert store.adopt(key, "req-2")
    full, normal = "PRAGMA synchronous=FULL", "PRAGMA synchronous=NORMAL"
    assert [line for line in said if line.startswith("PRAGMA")] == [full, normal] * 3
    assert [said.index(full) + 2, said[2]] == [2, normal]
    said.clear()
    store.update(key, id="req-1", status="processing", cost=0.04)
    assert not [line for line in said if line.startswith("PRAGMA")], "it is known already"


def test_locks_that_do_not_work_leave_memory(store: Store) -> None:
    """As on some network drives."""
    key = store.add(**ROW)
    calls = []

    def work(db: sqlite3.Connection) -> int:
        calls.append(db)
        if len(calls) == 1:
            raise sqlite3.OperationalError("locking protocol")
        return db.execute("SELECT count(*) FROM jobs").fetchone()[0]

    assert store._file.run(work) == 1
    assert store.memory
    assert store.job(key)["status"] == "queued"
