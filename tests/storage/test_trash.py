"""Results are deleted and brought back by one kernel of many, and no crash loses or keeps one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from segmind_widgets.errors import NotFound, StoreError
from segmind_widgets.storage import trash as module
from segmind_widgets.storage.locks import KernelLock
from segmind_widgets.storage.store import Store
from segmind_widgets.storage.trash import Trash

NAMES = ("a.png", "b.png", "c.png")


class Killed(BaseException):
    """The end of a kernel: nothing after it runs."""


class Kernel:
    """A kernel over a home: its store, its lock and its trash."""

    def __init__(self, home: Path) -> None:
        self.store, self.lock = Store(home), KernelLock(home)
        self.gone: list[Path] = []
        self.trash = Trash(self.store, self.lock, lambda path, _: self.gone.append(path))

    def add(self, *names: str, **more: Any) -> str:
        """A finished job with these files; returns its key."""
        row = {"status": "completed", "id": "req-1", "cost": 0.04, "fingerprint": "f", **more}
        key = self.store.add(
            provider="segmind", place="https://a", sandbox=False, kind="model", target="flux-dev",
            inputs={}, **row,
        )  # fmt: skip
        paths = [self.store.results / "day" / name for name in names]
        for path in paths:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(path.name.encode())
        self.store.update(key, outputs=[{"path": str(path)} for path in paths])
        return key

    def files(self, folder: str = "results") -> list[str]:
        found = (self.store.home / folder).rglob("*")
        return sorted(path.name for path in found if path.is_file())

    def end(self) -> None:
        self.lock.close()
        self.store.close()


@pytest.fixture
def kernels(tmp_path: Path) -> Iterator[tuple[Kernel, Kernel]]:
    both = Kernel(tmp_path), Kernel(tmp_path)
    yield both
    for one in both:
        one.end()


@pytest.fixture
def kernel(kernels: tuple[Kernel, Kernel]) -> Kernel:
    return kernels[0]


def test_a_result_goes_and_comes_back(kernel: Kernel) -> None:
    key = kernel.add(*NAMES)
    before = kernel.store.job(key)
    deletion = kernel.trash.delete(key)
    assert [path.name for path in deletion.moved] == list(NAMES)
    assert [path.name for path in kernel.gone] == list(NAMES), "their thumbnails go, too"
    assert kernel.files() == []
    assert not (kernel.store.results / "day").exists(), "an empty folder goes, too"
    assert kernel.store.jobs() == []
    with pytest.raises(NotFound, match="deleted before"):
        kernel.trash.delete(key)
    kernel.trash.restore(deletion)
    row = kernel.store.job(key)
    assert {**row, "updated": ""} == {**before, "updated": ""}
    assert kernel.files() == list(NAMES)
    assert [path.read_bytes() for path in deletion.moved] == [name.encode() for name in NAMES]
    assert not (kernel.store.home / "trash").exists()
    with pytest.raises(NotFound, match="no longer deleted"):
        kernel.trash.restore(deletion)


def test_money_recovery_and_batches_still_know_a_deleted_job(kernel: Kernel) -> None:
    key = kernel.add("a.png", batch="animals", row=0)
    store, before = kernel.store, kernel.store.spend()
    kernel.trash.delete(key)
    assert (store.jobs(), store.count(), store.count(with_outputs=True)) == ([], 0, 0)
    assert store.spend() == before
    assert [row.usd for row in before] == [0.04]
    assert store.knows("req-1")
    assert store.batch("animals").requests() == [("f", None, True)]
    assert store.batch("animals").take(0, "f")["key"] == key, "the row is not paid again"
    assert store.same("f") is None, "--reuse finds nothing"
    assert store.same("f", seconds=60)["key"] == key, "but it was just sent"
    assert store.job("req-1")["deleted"]


def test_one_of_several_results(kernel: Kernel) -> None:
    key = kernel.add(*NAMES)
    paths = [kernel.store.results / "day" / name for name in NAMES]
    first = kernel.trash.delete(key, paths[1])
    assert kernel.files() == ["a.png", "c.png"]
    assert [Path(o["path"]) for o in kernel.store.job(key)["outputs"]] == [paths[0], paths[2]]
    assert kernel.store.count(with_outputs=True) == 1
    assert kernel.store.same("f") is None, "it is not whole"
    rest = kernel.trash.delete(key)
    assert kernel.store.jobs() == []
    for deletion in (rest, first):
        kernel.trash.restore(deletion)
    row = kernel.store.job(key)
    assert [Path(o["path"]) for o in row["outputs"]] == paths
    assert (row["deleted"], row["trash"]) == (None, None)


def test_files_elsewhere_stay(kernel: Kernel, tmp_path: Path) -> None:
    key = kernel.add("a.png")
    mine = tmp_path / "mine.png"
    mine.write_bytes(b"x")
    (output,) = kernel.store.job(key)["outputs"]
    kernel.store.update(key, outputs=[output, {"path": str(mine)}])
    deletion = kernel.trash.delete(key)
    assert (kernel.files(), deletion.kept) == ([], (mine,))
    kernel.lock.close()
    Trash(kernel.store, KernelLock(tmp_path), lambda *_: None).purge()
    assert mine.exists()


@pytest.mark.parametrize("status", ["submitting", "processing", "downloading", "unknown"])
def test_a_job_that_may_still_change_is_not_deleted(kernel: Kernel, status: str) -> None:
    key = kernel.add("a.png", status=status)
    with pytest.raises(StoreError, match="has not ended, or its end is unknown"):
        kernel.trash.delete(key)
    assert kernel.files() == ["a.png"]
    assert kernel.store.job(key)["trash"] is None


def test_of_two_kernels_one_deletes(kernels: tuple[Kernel, Kernel]) -> None:
    key = kernels[0].add("a.png")
    ready, won, lost = threading.Barrier(2), [], []

    def delete(kernel: Kernel) -> None:
        ready.wait(10)
        try:
            won.append((kernel, kernel.trash.delete(key)))
        except NotFound as error:
            lost.append(str(error))

    threads = [threading.Thread(target=delete, args=(kernel,)) for kernel in kernels]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert lost == ["The result of the job req-1 was deleted before."]
    ((winner, deletion),) = won
    for kernel in kernels:
        kernel.trash.purge()  # both live: nothing goes
    winner.trash.restore(deletion)
    assert kernels[0].files() == ["a.png"]


@pytest.mark.parametrize("step", ["before the move", "in the move", "after it"])
def test_a_kernel_that_ends_while_it_deletes(
    kernels: tuple[Kernel, Kernel], monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    first, second = kernels
    key = first.add(*NAMES)
    kill_after(monkeypatch, {"before the move": 0, "in the move": 1}.get(step, 9))
    with suppress(Killed):
        first.trash.delete(key)
    monkeypatch.undo()
    first.end()
    second.trash.purge()
    assert second.files() == second.files("trash") == []
    row = second.store.job(key)
    assert (row["outputs"], row["trash"]) == ([], None)
    assert row["deleted"]
    assert not (second.store.home / "trash").exists()


@pytest.mark.parametrize("moved", [0, 1, 3])
def test_a_kernel_that_ends_while_it_restores(
    kernels: tuple[Kernel, Kernel], monkeypatch: pytest.MonkeyPatch, moved: int
) -> None:
    first, second = kernels
    key = first.add(*NAMES)
    before = first.store.job(key)["outputs"]
    deletion = first.trash.delete(key)
    if moved == 3:
        monkeypatch.setattr(module, "_restored", kill)
    else:
        kill_after(monkeypatch, moved)
    with suppress(Killed):
        first.trash.restore(deletion)
    monkeypatch.undo()
    second.trash.purge()
    assert second.store.job(key)["trash"][0]["state"] == "restored", "its kernel lives"
    first.end()
    second.trash.purge()
    row = second.store.job(key)
    assert (row["outputs"], row["trash"], row["deleted"]) == (before, None, None)
    assert second.files() == list(NAMES)


def test_a_kernel_that_ends_while_it_removes(
    kernels: tuple[Kernel, Kernel], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = kernels
    key = first.add(*NAMES)
    deletion = first.trash.delete(key)
    monkeypatch.setattr(module, "_without", kill)
    with suppress(Killed):
        first.trash.purge(own=True)
    monkeypatch.undo()
    with pytest.raises(NotFound, match="was deleted, with its file") as raised:
        first.trash.restore(deletion)
    assert "only in the session that deleted it" in raised.value.hint
    first.end()
    second.trash.purge()
    assert second.store.job(key)["trash"] is None
    assert second.files("trash") == []


def test_after_a_purge_the_rest_comes_back_but_is_not_whole(
    kernels: tuple[Kernel, Kernel],
) -> None:
    first, second = kernels
    key = first.add("a.png", "b.png")
    first.trash.delete(key, first.store.results / "day" / "a.png")
    rest = second.trash.delete(key)
    first.end()
    second.trash.purge()
    second.trash.restore(rest)
    row = second.store.job(key)
    assert [Path(o["path"]).name for o in row["outputs"]] == ["b.png"]
    assert row["deleted"]
    assert second.store.same("f") is None


def test_a_file_that_cannot_be_moved_leaves_all_as_it_was(
    kernel: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = kernel.add("a.png")

    def refused(self: Path, *_: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "replace", refused)
    with pytest.raises(StoreError, match=r"a\.png cannot be deleted or moved: Permission denied"):
        kernel.trash.delete(key)
    row = kernel.store.job(key)
    assert (len(row["outputs"]), row["trash"], row["deleted"]) == (1, None, None)
    assert kernel.files() == ["a.png"]


def kill(*_: Any) -> None:
    raise Killed


def kill_after(monkeypatch: pytest.MonkeyPatch, moves: int) -> None:
    """Let the kernel end after this number of moved files."""
    rename, count = module._rename, iter(range(moves))

    def one(source: Path, target: Path) -> None:
        if next(count, None) is None:
            raise Killed
        rename(source, target)

    monkeypatch.setattr(module, "_rename", one)
