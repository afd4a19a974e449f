"""Delete results of jobs, and bring them back while the kernel that deleted them runs.

The row stays, since its cost, its id and its number in a batch must be known: else a result could
be paid for twice. Its column `trash` holds an entry for each deletion that can be undone:

    token    the name of the folder in `home/trash` that has the files
    owner    the kernel that deleted it: see `locks.py`
    outputs  the entries of the column `outputs`, by their index
    moves    [path of the file, name in the folder] of each file that belongs to the store
    state    "deleted"; "restored" while an undo runs, "removed" while the files are removed
    partial  whether another result of the row was deleted for good

Each step is one transaction, and files are moved only after it, so that a killed kernel leaves an
entry from which the next one finishes the step.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segmind_widgets.errors import NotFound, StoreError
from segmind_widgets.file_modes import PRIVATE
from segmind_widgets.storage import replies
from segmind_widgets.storage.database import now
from segmind_widgets.storage.locks import KernelLock
from segmind_widgets.storage.store import Store
from segmind_widgets.types import Status

_MAY_BE_DELETED = (Status.COMPLETED, Status.FAILED, Status.CANCELLED)
Entry = dict[str, Any]


@dataclass(frozen=True)
class Deletion:
    """A deletion in the journal: the row's key, the entry's token, and the files.

    `moved` are the files that were deleted, `kept` those outside the store's folder of results,
    which stay.
    """

    key: str
    token: str
    moved: tuple[Path, ...]
    kept: tuple[Path, ...]


class Trash:
    """The deleted results of a store.

    Args:
        store: the journal and the results.
        kernel: the lock of this kernel.
        on_remove: called with the path that a file had and its present path, before its removal.
    """

    def __init__(
        self, store: Store, kernel: KernelLock, on_remove: Callable[[Path, Path], None]
    ) -> None:
        self._store = store
        self._kernel = kernel
        self._on_remove = on_remove
        self._own: set[str] = set()  # tokens: on a disk without locks, rows have no owner
        self._folder = store.home / "trash"

    def delete(self, key: str, path: Path | None = None) -> Deletion:
        """Delete the results of a finished job, or only the one in the file `path`.

        Raises:
            NotFound: it was deleted before.
            StoreError: the job has not ended; the journal or a file cannot be changed.
        """
        if self._store.memory:
            raise StoreError("Nothing can be deleted now.", hint=self._store.problem)
        entry = self._new_entry()
        self._store.transact(key, lambda row: _deleted(row, entry, path, self._store.results))
        self._own.add(entry["token"])
        paths = [Path(o["path"]) for o in entry["outputs"].values() if o.get("path")]
        moved = tuple(Path(path) for path, name in entry["moves"] if name != replies.NAME)
        kept = tuple(path for path in paths if path not in moved and path.is_file())
        deletion = Deletion(key, entry["token"], moved, kept)
        try:
            self._move(entry)
        except StoreError:
            self.restore(deletion)
            raise
        return deletion

    def restore(self, deletion: Deletion) -> None:
        """Bring back what was deleted.

        Raises:
            NotFound: it was restored, or removed for good, before.
            StoreError: a file cannot be moved back; it is tried again by the next call.
        """
        mark = _changed(deletion.token, ("deleted", "restored"), "restored")
        row = self._store.transact(deletion.key, mark)
        self._restore(deletion.key, _entry(row, deletion.token))

    def purge(self, *, own: bool = False) -> None:
        """Remove for good what ended kernels have deleted, and finish what they were restoring.

        Args:
            own: remove what this kernel has deleted, too.
        """
        for row in self._store.trashed():
            for entry in _entries(row):
                mine = entry["token"] in self._own or self._is_own(entry["owner"])
                if own if mine else not self._kernel.alive(entry["owner"]):
                    # another kernel was first, or it is tried again later
                    with suppress(NotFound, StoreError):
                        self._finish(row["key"], entry)

    def _new_entry(self) -> Entry:
        return {"token": uuid.uuid4().hex, "owner": self._kernel.id, "state": "deleted"}

    def _is_own(self, owner: str | None) -> bool:
        return owner is not None and owner == self._kernel.id

    def _finish(self, key: str, entry: Entry) -> None:
        if entry["state"] == "restored":
            self._restore(key, entry)
            return
        mark = _changed(entry["token"], ("deleted", "removed"), "removed")
        self._store.transact(key, mark)
        folder = self._folder / entry["token"]
        for path, name in entry["moves"]:
            for file in (folder / name, Path(path)):  # a kernel may have ended before it moved them
                if file.is_file():
                    self._on_remove(Path(path), file)
                    _attempt(file, file.unlink)
        _remove_empty([folder, self._folder])
        self._store.transact(key, lambda row: _without(row, entry["token"]))
        self._own.discard(entry["token"])

    def _restore(self, key: str, entry: Entry) -> None:
        folder = self._folder / entry["token"]
        try:
            for path, name in entry["moves"]:
                if (folder / name).is_file():
                    PRIVATE.make_folder(Path(path).parent)
                    _rename(folder / name, Path(path))
        except OSError as error:
            raise StoreError(f"The files cannot be moved back: {error.strerror}.") from error
        _remove_empty([folder, self._folder])
        self._store.transact(key, lambda row: _restored(row, entry["token"]))
        self._own.discard(entry["token"])

    def _move(self, entry: Entry) -> None:
        """Move the files into the folder of the entry."""
        folder = self._folder / entry["token"]
        try:
            PRIVATE.make_folder(folder)
        except OSError as error:
            raise StoreError(f"{folder} cannot be created: {error.strerror}.") from error
        for path, name in entry["moves"]:
            if Path(path).is_file():
                self._on_remove(Path(path), Path(path))
                _rename(Path(path), folder / name)
                _remove_empty([Path(path).parent])


# changes of a row: each returns the columns to write


def _deleted(row: dict[str, Any], entry: Entry, path: Path | None, results: Path) -> Entry:
    """Return the columns of a row after a deletion, and complete its entry."""
    if Status(row["status"]) not in _MAY_BE_DELETED:
        raise StoreError(
            f"The job {row['id'] or row['key']} has not ended, or its end is unknown.",
            hint="Delete it when it has ended.",
        )
    present: list[Entry] = row["outputs"]
    outputs = dict(enumerate(present))
    taken = {n: o for n, o in outputs.items() if path is None or _is_at(o, path)}
    if (row["deleted"] and not outputs) or (path is not None and not taken):
        raise NotFound(f"The result of the job {row['id'] or row['key']} was deleted before.")
    entries = _entries(row)
    folder = Path(os.path.realpath(results))
    files = [o["path"] for o in taken.values() if o.get("path")]
    ours = [file for file in files if Path(os.path.realpath(file)).is_relative_to(folder)]
    entry["outputs"] = {str(n): o for n, o in taken.items()}
    entry["moves"] = [[file, f"{n}{Path(file).suffix}"] for n, file in enumerate(ours)]
    reply = (
        replies.find(folder, row["key"], map(Path, ours)) if len(taken) == len(outputs) else None
    )
    entry["moves"] += [[str(reply), replies.NAME]] if reply else []
    entry["partial"] = any(e["partial"] for e in entries) or bool(row["deleted"] and not entries)
    rest = [output for n, output in outputs.items() if n not in taken]
    return {"outputs": rest, "trash": [*entries, entry], "deleted": now()}


def _is_at(output: dict[str, Any], path: Path) -> bool:
    return bool(output.get("path")) and Path(output["path"]) == path


def _restored(row: dict[str, Any], token: str) -> dict[str, Any]:
    entry = _entry(row, token)
    outputs: list[Entry] = list(row["outputs"])
    for index, output in sorted((int(n), output) for n, output in entry["outputs"].items()):
        outputs.insert(index, output)
    columns = _without(row, token)
    whole = not columns["trash"] and not entry["partial"]
    return {**columns, "outputs": outputs, "deleted": None if whole else row["deleted"]}


def _without(row: dict[str, Any], token: str) -> dict[str, Any]:
    """Return the columns without an entry; the others note that something is gone for good."""
    gone = _entry(row, token)["state"] == "removed"
    entries = [e for e in _entries(row) if e["token"] != token]
    marked = [{**e, "partial": e["partial"] or gone} for e in entries]
    return {"trash": marked or None}


def _changed(
    token: str, before: Iterable[str], after: str
) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return a change of an entry's state, from one of the states in `before`."""

    def change(row: dict[str, Any]) -> dict[str, Any]:
        if _entry(row, token)["state"] not in before:
            raise _gone(row)
        entries = [{**e, "state": after} if e["token"] == token else e for e in _entries(row)]
        return {"trash": entries}

    return change


def _entries(row: dict[str, Any]) -> list[Entry]:
    return row["trash"] or []


def _entry(row: dict[str, Any], token: str) -> Entry:
    for entry in _entries(row):
        if entry["token"] == token:
            return entry
    raise _gone(row)


def _gone(row: dict[str, Any]) -> NotFound:
    job_id = row["id"] or row["key"]
    if not row["deleted"] or row["outputs"]:
        return NotFound(f"The result of the job {job_id} is no longer deleted.")
    return deleted_for_good(job_id)


def deleted_for_good(job_id: str) -> NotFound:
    """Return the error of a deletion that can no longer be undone."""
    return NotFound(
        f"The result of the job {job_id} was deleted, with its file.",
        hint="This can be undone only in the session that deleted it, before its kernel ends.",
    )


# files


def _rename(source: Path, target: Path) -> None:
    _attempt(source, lambda: source.replace(target))


def _attempt(path: Path, action: Callable[[], object]) -> None:
    try:
        action()
    except OSError as error:
        raise StoreError(f"{path} cannot be deleted or moved: {error.strerror}.") from error


def _remove_empty(folders: Iterable[Path]) -> None:
    for folder in folders:
        with suppress(OSError):  # not empty, or used by another kernel
            folder.rmdir()
