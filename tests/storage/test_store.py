"""The journal: written before anything is paid, shared by kernels, still there tomorrow."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from segmind_widgets.errors import InputError, NotFound, StillRunning, StoreError
from segmind_widgets.storage.migrations import VERSION
from segmind_widgets.storage.store import Store, _unpack, default_home
from segmind_widgets.types import Status, Uploaded
from tests.handover import Handover, Task, meet


@pytest.fixture
def store(tmp_path: Path) -> Any:
    opened = Store(tmp_path / "journal")
    yield opened
    opened.close()


def add(store: Store, **more: Any) -> str:
    row: dict[str, Any] = {
        "provider": "segmind", "place": "https://a", "sandbox": False, "kind": "model",
        "target": "seedream-4.5", "inputs": {"prompt": "é", "n": [1]}, "status": "submitting",
    }  # fmt: skip
    return store.add(**{**row, **more})


def in_hours(hours: float) -> str:
    moment = datetime.now(timezone.utc) + timedelta(hours=hours)
    return moment.isoformat(timespec="seconds")


def test_a_row_is_there_for_another_kernel_before_its_id_is_known(store: Store) -> None:
    key = add(store, status=Status.SUBMITTING)
    other = Store(store.home)
    row = other.job(key)
    assert (row["id"], row["next"], row["outputs"]) == (None, None, [])
    assert row["inputs"] == {"prompt": "é", "n": [1]}
    assert row["status"] == "submitting"
    store.update(key, id="req-1", next={"method": "GET"}, outputs=[{"url": "u"}], cost=0.04)
    row = other.job("req-1")
    assert (row["key"], row["next"], row["cost"]) == (key, {"method": "GET"}, 0.04)
    assert row["outputs"] == [{"url": "u"}]
    assert row["updated"] >= row["created"]
    other.close()


def test_the_file_is_in_wal_mode_and_private(store: Store) -> None:
    with sqlite3.connect(store.home / "journal.sqlite") as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert db.execute("PRAGMA user_version").fetchone() == (VERSION,)
    db.close()
    assert not store.memory
    if sys.platform != "win32":
        assert store.home.stat().st_mode & 0o077 == 0


def test_a_job_is_found_by_an_unmistakable_start(store: Store) -> None:
    first = add(store, id="abc-1")
    second = add(store, id="abc-12")
    add(store, id="a%c_3")
    assert store.job("abc-12")["key"] == second
    assert store.job("abc-1")["key"] == first  # whole, though it starts another
    assert store.job(" abc-1 ")["key"] == first
    assert store.job(second[:14])["key"] == second
    assert store.job("a%")["id"] == "a%c_3"
    with pytest.raises(NotFound, match="Several jobs start with 'abc'"):
        store.job("abc")
    for nothing in ("", "  ", "%", "_bc-1", "zzz"):
        with pytest.raises(NotFound) as raised:
            store.job(nothing)
    assert "%segmind_jobs" in raised.value.hint


def test_the_newest_first_and_the_unfinished_alone(store: Store) -> None:
    keys = [add(store, status=str(status)) for status in Status]
    assert [row["key"] for row in store.jobs(100)] == keys[::-1]
    assert [row["key"] for row in store.jobs(2)] == keys[:-3:-1]
    unfinished = {row["status"] for row in store.jobs(100, unfinished=True)}
    assert unfinished == {str(status) for status in Status if not status.final}


def test_filters_and_pages_and_their_counts(store: Store) -> None:
    when = datetime.now(timezone.utc)
    fox = add(store, inputs={"prompt": 'a "red" fox\n50% é'}, target="flux-dev", batch="b", row=2)
    made = add(store, target="flux-schnell", status="completed", outputs=[{"path": "/a"}])
    toy = add(store, sandbox=True, status="failed", inputs={"deep": [{"text": "a Red_fox"}]})

    def keys(**filters: Any) -> list[str]:
        found = [row["key"] for row in store.jobs(**filters)]
        assert store.count(**filters) == len(found)
        return found

    assert keys() == [toy, made, fox]
    assert keys(model="FLUX") == [made, fox]
    assert keys(model="x-d") == [fox]
    assert keys(text='"RED" fox\n50% é') == [fox]
    assert keys(text="red_fox") == [toy]
    assert keys(text="d_f") == [toy], "an underscore is no pattern"
    assert keys(text="prompt") == [], "names of inputs are not their text"
    assert keys(status="failed") == [toy]
    assert keys(status=[Status.FAILED, Status.COMPLETED], model="flux") == [made]
    assert keys(with_outputs=True) == [made]
    assert keys(sandbox=True) == [toy]
    assert keys(sandbox=False, unfinished=True) == keys(batch="b") == [fox]
    assert keys(since=when) == [toy, made, fox]
    assert keys(since=when + timedelta(hours=1)) == []
    assert keys(since=when.astimezone(timezone(timedelta(hours=9)))) == [toy, made, fox]
    there = when.astimezone(timezone(timedelta(hours=9)))
    for text in (when.isoformat(), there.isoformat(), f"{when:%Y-%m-%dT%H:%M:%S}Z", "2026-11-01"):
        assert keys(since=text) == [toy, made, fox], text
    assert keys(until=there.isoformat()) == []
    with pytest.raises(InputError, match="'yesterday' is not a time") as raised:
        store.spend(since="yesterday")
    assert "ISO 8601" in raised.value.hint
    assert [row["key"] for row in store.jobs(1, offset=1)] == [made]
    assert store.jobs(5, offset=3) == []


def test_spent_counts_a_request_once_and_failures_as_nothing(store: Store) -> None:
    two = [{"path": "/1"}, {"path": "/2"}]
    add(store, id="a", status="completed", cost=0.04, outputs=two, notebook="n.ipynb")
    add(store, id="b", status="completed", cost=0.06, target="flux-dev")
    add(store, id="c", status="failed")
    add(store, id="d", status="completed", target="flux-dev")  # nobody told its cost
    add(store, id="e", status="completed", cost=9.0, sandbox=True)
    by_model = [(s.key, s.sandbox, s.jobs, s.completed, s.usd, s.unpriced) for s in store.spend()]
    assert by_model == [
        ("flux-dev", False, 2, 2, 0.06, 1),
        ("seedream-4.5", False, 2, 1, 0.04, 0),
        ("seedream-4.5", True, 1, 1, 9.0, 0),
    ]
    assert [(s.key, s.usd) for s in store.spend("notebook")] == [
        ("", pytest.approx(0.06)), ("n.ipynb", 0.04), ("", 9.0)
    ]  # fmt: skip
    assert [s.key for s in store.spend("job")] == ["d", "c", "b", "a", "e"]
    real = store.spend("day")[0]
    assert (real.key, real.usd) == (datetime.now().astimezone().date().isoformat(), 0.1)
    later = datetime.now(timezone.utc) + timedelta(seconds=1)
    assert store.spend(since=later) == []
    with pytest.raises(InputError, match="by='week'"):
        store.spend("week")  # type: ignore[arg-type]


def test_the_very_same_request_is_found(store: Store) -> None:
    assert store.same("f") is None
    old = add(store, fingerprint="f", status="completed", outputs=[{"path": "/a"}])
    store.update(old, created="2025-01-31T10:00:00.000+00:00")
    assert store.same("f", seconds=10) is None
    add(store, fingerprint="f", status="failed")
    assert store.same("f", seconds=10) is None
    new = add(store, fingerprint="f", status="queued")
    add(store, fingerprint="g", status="queued")
    assert (store.same("f", seconds=10) or {})["key"] == new
    assert (store.same("f") or {})["key"] == old


def test_uploads_are_known_by_content_and_place_while_they_live(store: Store) -> None:
    store.add_upload("f00", 5, "https://a", Uploaded("https://a/1"))
    store.add_upload("f00", 5, "https://b", Uploaded("https://b/1", in_hours(2)))
    store.add_upload("f01", 6, "https://b", Uploaded("https://b/2", in_hours(0.5)))
    assert store.has_size(5, "https://a")
    assert not store.has_size(6, "https://a")
    assert store.uploaded("f00", "https://a") == Uploaded("https://a/1")
    assert store.uploaded("f01", "https://a") is None
    found = store.uploaded("f00", "https://b")
    assert found is not None
    assert found.url == "https://b/1"
    assert store.uploaded("f01", "https://b") is None  # less than an hour left
    store.add_upload("f01", 6, "https://b", Uploaded("https://b/3", in_hours(72)))
    again = store.uploaded("f01", "https://b")
    assert again is not None
    assert again.url == "https://b/3"


def test_pages_grow_old(store: Store) -> None:
    assert store.page("https://a/llms.txt") is None
    store.add_page("https://a/llms.txt", "é")
    store.add_page("https://a/llms.txt", "è")
    assert store.page("https://a/llms.txt") == "è"
    assert store.page("https://a/llms.txt", hours=-1) is None


def test_names_of_results_cannot_leave_the_folder(store: Store) -> None:
    for target in ("seedream-4.5", "../../etc/passwd", "https://a/b?c", "", "..", "模型"):
        path = store.new_file(target, "local-0123456789ab", 0, ".png")
        assert path.parent.is_dir()
        assert path.resolve().is_relative_to((store.home / "results").resolve())
        assert path.name.endswith("456789ab-1.png")
    assert store.new_file("m", "local-1", 0, ".a") != store.new_file("m", "local-1", 1, ".a")


def test_a_home_that_cannot_be_used_leaves_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = Store(tmp_path / "file" / "home")
    assert store.memory
    assert "cannot be written (Not a directory)" in store.problem
    assert "only in this kernel's memory" in store.problem
    key = add(store)
    assert store.job(key)["key"] == key
    with pytest.raises(StoreError, match="cannot be created") as raised:
        store.new_file("m", key, 0, ".png")
    assert "SEGMIND_WIDGETS_HOME" in raised.value.hint
    store.close()


def test_a_closed_journal_is_a_store_error(tmp_path: Path) -> None:
    store = Store(tmp_path)
    key = add(store)
    store.close()
    with pytest.raises(StoreError, match="cannot be used"):
        store.update(key, status="queued")


def test_values_that_are_no_json_do_not_lose_a_row(store: Store) -> None:
    key = add(store, inputs={"path": Path("a"), "odd": {1, 2}.__class__})
    assert store.job(key)["inputs"]["path"] == "a"


def test_threads_share_a_store(store: Store) -> None:
    def work() -> None:
        for _ in range(20):
            store.update(add(store), status="queued")

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(store.jobs(1000, unfinished=True)) == 120


def test_kernels_open_a_new_journal_at_the_same_moment(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from segmind_widgets.storage.store import Store\n"
        "store = Store(Path(sys.argv[1])); assert not store.memory, store.problem\n"
        "for n in range(10):\n"
        "    store.add(provider='p', place='a', sandbox=False, kind='model', target='m',"
        " inputs={}, status='queued')\n"
    )
    kernels = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stderr=subprocess.PIPE)
        for _ in range(6)
    ]
    for kernel in kernels:
        _, said = kernel.communicate(timeout=60)
        assert kernel.returncode == 0, said.decode()
    store = Store(tmp_path)
    assert len(store.jobs(1000)) == 60
    store.close()


def test_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGMIND_WIDGETS_HOME", "~/there")
    assert default_home() == Path.home() / "there"
    monkeypatch.setenv("SEGMIND_WIDGETS_HOME", " ")
    assert default_home().name == "segmind-widgets"
    assert default_home().is_relative_to(Path.home())


def test_a_home_named_from_the_working_folder_does_not_move_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    store = Store(Path("my büro/widgets"))
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert store.new_file("m", "local-1", 0, ".png").is_relative_to(tmp_path / "my büro")
    store.close()


# two threads, two kernels


ROW = {
    "provider": "segmind", "place": "https://a", "sandbox": False, "kind": "model", "target": "m",
    "inputs": {}, "status": "queued",
}  # fmt: skip


@pytest.mark.parametrize(
    "facts", [{"batch": "b", "row": 3}, {"id": "an id of the service"}], ids=["number", "id"]
)
def test_of_many_that_add_the_same_job_one_does(tmp_path: Path, facts: dict[str, Any]) -> None:
    stores = [Store(tmp_path) for _ in range(4)]
    ready = threading.Barrier(len(stores))

    def add(store: Store) -> str:
        ready.wait(10)
        return store.add(**ROW, **facts)

    tasks = [Task(lambda store=store: add(store)) for store in stores]
    found = [task.value() for task in tasks]
    assert sum(isinstance(one, str) for one in found) == 1
    assert sum(isinstance(one, StillRunning) for one in found) == len(stores) - 1
    assert stores[0].count() == 1
    if "row" in facts:  # a row that failed was not billed
        stores[0].update(stores[0].jobs()[0]["key"], status="failed")
        stores[1].add(**ROW, **facts)
    for store in stores:
        store.close()


def test_two_ends_of_one_job_are_both_written(tmp_path: Path) -> None:
    """It is withdrawn by one thread while another ends it."""
    store = Store(tmp_path)
    key = store.add(**ROW)
    moment = Handover(Status.final.fget, "_remember")
    ends = [lambda: store.update(key, status="failed"), lambda: store.update(key, cost=1.0)]
    assert meet(moment, *ends) == [None, None]
    assert (store.job(key)["status"], store.job(key)["cost"]) == ("failed", 1.0)
    assert not store._unfinished
    store.close()


def test_one_job_is_not_given_to_two_rows(tmp_path: Path) -> None:
    """Rows that moved: each of two threads looks for a job of the same request."""
    stores = [Store(tmp_path) for _ in range(2)]
    stores[0].add(**ROW, batch="b", fingerprint="f")
    works = [lambda: stores[0].batch("b").take(0, "f"), lambda: stores[1].batch("b").take(1, "f")]
    found = meet(Handover(_unpack), *works)
    assert len([row for row in found if row]) == 1
    for store in stores:
        store.close()
