"""Delete results in this session, and undo it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from segmind_widgets.errors import SegmindError, StillRunning
from segmind_widgets.jobs.job import Job
from segmind_widgets.jobs.registry import JobRegistry
from segmind_widgets.printable import printable
from segmind_widgets.storage.store import Store
from segmind_widgets.storage.trash import Deletion, Trash, deleted_for_good


class Deleted:
    """What was deleted: `job_id`, `files`, and `kept`, files elsewhere that stay."""

    def __init__(self, job_id: str, deletion: Deletion, undo: Callable[[Deleted], Job]) -> None:
        self.job_id = job_id
        self.files = deletion.moved
        self.kept = deletion.kept
        self.deletion = deletion
        self._undo = undo

    def undo(self) -> Job:
        """Bring the files and the job back; return the job.

        Raises:
            NotFound: it was undone before, or the session that deleted it has ended.
            StoreError: a file cannot be moved back; call it again.
        """
        return self._undo(self)

    def __str__(self) -> str:
        names = [path.name for path in self.files]
        what = f"{len(names)} files" if len(names) > 1 else "".join(names)
        text = f"{what or f'The job {self.job_id}'} {'were' if len(names) > 1 else 'was'} deleted."
        places = ", ".join(map(str, self.kept))
        text += f" {places} {'stay' if len(self.kept) > 1 else 'stays'}." if places else ""
        return printable(text)

    def __repr__(self) -> str:
        return printable(f"<Deleted {self.job_id}: {self} undo() restores it.>")


class Deletions:
    """The deletions of this session, which can be undone until it ends.

    Args:
        store: the journal and the results.
        jobs: the jobs of the journal.
        on_remove: see `Trash`.
    """

    def __init__(
        self, store: Store, jobs: JobRegistry, on_remove: Callable[[Path, Path], None]
    ) -> None:
        self._store = store
        self._jobs = jobs
        self._trash = Trash(store, jobs.kernel, on_remove)
        self._undoable: dict[str, Deleted] = {}  # by token
        self._closed = False

    @property
    def undoable(self) -> list[Deleted]:
        """Return the deletions that can be undone, the last one first."""
        return list(self._undoable.values())[::-1]

    def delete(self, job_id: str, path: Path | None = None) -> Deleted:
        """Delete a job's results, or one of them; see `client.delete`."""
        row = self._store.job(job_id)
        if self._jobs.is_watched(row["key"]):
            raise StillRunning(
                f"The job {job_id} is being watched: it has not ended.",
                hint="Delete it when it has ended.",
            )
        deleted = Deleted(row["id"] or row["key"], self._trash.delete(row["key"], path), self._undo)
        self._jobs.refresh(row["key"])
        self._undoable[deleted.deletion.token] = deleted
        return deleted

    def _undo(self, deleted: Deleted) -> Job:
        if self._closed:
            raise deleted_for_good(deleted.job_id)
        try:
            self._trash.restore(deleted.deletion)
        except SegmindError:
            self._forget_lost()
            raise
        self._undoable.pop(deleted.deletion.token, None)
        return self._jobs.refresh(deleted.deletion.key)

    def _forget_lost(self) -> None:
        """Leave out deletions whose entries are no longer in the journal."""
        tokens = {entry["token"] for row in self._store.trashed() for entry in row["trash"]}
        for token in [*self._undoable]:
            if token not in tokens:
                self._undoable.pop(token, None)

    def purge(self) -> None:
        """Remove the files that ended kernels have deleted; finish what they were restoring."""
        self._trash.purge()

    def close(self) -> None:
        """Remove for good what this session has deleted."""
        self._closed = True
        with suppress(SegmindError):  # the next kernel removes it
            self._trash.purge(own=True)
