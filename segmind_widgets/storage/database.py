"""One SQLite file in WAL mode, shared by kernels; a database in memory if it fails.

While the disk is full, or the file is locked or read-only, its rows and new ones are in memory;
they are written back as soon as the file can be written again. A damaged file is renamed, never
deleted, and a new one is created.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, TypeVar

from segmind_widgets.errors import StoreError
from segmind_widgets.file_modes import PRIVATE
from segmind_widgets.storage import migrations
from segmind_widgets.storage.file_lock import FileLock

BUSY = 10.0  # seconds to wait for another kernel's write
RETRY = 10.0  # seconds between attempts to return to the disk
_DAMAGED = ("malformed", "not a database")
_UNUSABLE = ("full", "readonly", "disk i/o", "unable to open", "locked", "locking protocol")
_NOT_RENAMED = "it is damaged, and cannot be renamed"
_HINT = "Free some disk space, or set SEGMIND_WIDGETS_HOME to another folder."
_TRACK_CHANGES = (
    "CREATE TEMP TABLE changed (key TEXT PRIMARY KEY)",
    *(
        f"CREATE TEMP TRIGGER noted_{when} AFTER {when} ON jobs"
        " BEGIN INSERT OR IGNORE INTO changed VALUES (NEW.key); END"
        for when in ("INSERT", "UPDATE")
    ),
)
T = TypeVar("T")


def now() -> str:
    """Return the current time, UTC, ISO 8601 with milliseconds."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")


class Database:
    """The file at `path`, created with its folder if missing.

    `memory` is true while the file cannot be used; `problem` describes the fault in a sentence, and
    is kept after a damaged file was renamed. `refill` returns the rows of `jobs` to write to a new
    file.

    Raises:
        StoreError: the file was written by a newer version of this package.
    """

    def __init__(self, path: Path, refill: Callable[[], Iterable[Mapping[str, Any]]]) -> None:
        self.path = path
        self.memory = False
        self.problem = ""
        self._refill = refill
        self._lock = threading.RLock()
        self._reading = threading.Lock()
        self._reader: sqlite3.Connection | None = None
        self._again = 0.0  # monotonic seconds
        try:
            self._db = self._open()
        except (OSError, sqlite3.Error) as error:
            self._db = _connect(None)
            self._switch_to_memory(error)

    def run(self, work: Callable[[sqlite3.Connection], T], *, sure: bool = False) -> T:
        """Return the result of `work` on the open file; repeat it if the file had to be replaced.

        With `sure` the changes are synced to the disk, so that they survive a power failure.

        Raises:
            StoreError: the file is closed, or `work` itself fails.
        """
        with self._lock:
            if self.memory and time.monotonic() >= self._again:
                self._return_to_disk()
            todo = _with_sync(work) if sure else work
            try:
                try:
                    return todo(self._db)
                except sqlite3.DatabaseError as error:
                    self._replace(error)
                    return todo(self._db)
            except sqlite3.Error as error:
                raise StoreError(
                    f"The journal in {self.path.parent} cannot be used: {error}.", hint=_HINT
                ) from error

    def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Return the result of a query, on a connection on which no write waits for it.

        Raises:
            StoreError: the file is closed, or `work` itself fails.
        """
        with self._reading, suppress(OSError, sqlite3.Error):
            if not self.memory and self._again < float("inf"):
                if self._reader is None:
                    self._reader = _connect_to_read(self.path)
                return work(self._reader)
        return self.run(work)

    def _close_reader(self) -> None:
        with self._reading:
            if self._reader is not None:
                self._reader.close()
                self._reader = None

    def close(self) -> None:
        """Close the file; rows in memory are written to disk if it can be written now."""
        with self._lock:
            if self.memory and self._again < float("inf"):
                self._return_to_disk()
            self._again = float("inf")
            self._close_reader()
            self._db.close()

    # faults

    def _replace(self, error: sqlite3.DatabaseError) -> None:
        """Replace a failed database. Raises `error` if a replacement would not help."""
        damaged, unusable = _says(error, _DAMAGED), _says(error, _UNUSABLE)
        if self.memory or not (damaged or unusable):
            raise error
        self._close_reader()
        before = self._db
        if damaged:
            before.close()
            try:
                self._db = self._open(damaged=True)
            except (OSError, sqlite3.Error) as worse:
                self._db = _connect(None)
                self._switch_to_memory(worse)
        else:
            self._db = _copy(before)
            self._switch_to_memory(error)
            before.close()
        _put(self._db, self._refill())

    def _switch_to_memory(self, error: Exception) -> None:
        """Switch to memory, and record which rows change from now on."""
        for statement in _TRACK_CHANGES:
            self._db.execute(statement)
        self.memory = True
        self._again = time.monotonic() + RETRY
        reason = error.strerror if isinstance(error, OSError) else error
        self.problem = (
            f"The journal in {self.path.parent} cannot be written ({reason}), so new jobs are kept "
            f"only in this kernel's memory. {_remedy(error)}"
        )

    def _return_to_disk(self) -> None:
        """Copy rows changed in memory back to the file."""
        self._again = time.monotonic() + RETRY
        before = self.problem
        try:
            db = self._open(patience=0.1)
        except (OSError, sqlite3.Error, StoreError):
            return
        rows = self._db.execute("SELECT * FROM jobs WHERE key IN (SELECT key FROM changed)")
        try:
            _put(db, [dict(row) for row in rows], replace=True)
            db.execute(f"PRAGMA busy_timeout={1000 * BUSY:.0f}")
        except sqlite3.Error:
            db.close()
            return
        self._db.close()
        self._db, self.memory = db, False
        if self.problem == before:  # else a damaged file was renamed only now
            self.problem = ""

    def _open(self, *, damaged: bool = False, patience: float = 0) -> sqlite3.Connection:
        patience = patience or BUSY
        with _one_kernel(self.path, patience):
            try:
                if damaged:
                    self._set_aside()
                return _connect(self.path, patience)
            except sqlite3.DatabaseError as error:
                if damaged or not _says(error, _DAMAGED):
                    raise
                self._set_aside()
                return _connect(self.path, patience)

    def _set_aside(self) -> None:
        if _is_intact(self.path):  # another kernel was first
            return
        when = datetime.now(timezone.utc).strftime("%Y%m%d-%H%M%S-%f")
        aside = self.path.with_name(f"{self.path.stem}-damaged-{when}{self.path.suffix}")
        try:
            for ending in ("", "-wal", "-shm"):
                with suppress(FileNotFoundError):
                    Path(f"{self.path}{ending}").rename(f"{aside}{ending}")
        except PermissionError as error:  # Windows renames no file that another kernel has open
            raise OSError(error.errno, f"{_NOT_RENAMED}: {error.strerror}") from error
        self.problem = (
            f"The journal in {self.path.parent} was damaged. It was renamed to {aside.name}, and a "
            "new one was created."
        )


@contextmanager
def _one_kernel(path: Path, patience: float) -> Generator[None]:
    """Let only one kernel at a time open the file or rename it.

    Three files are renamed. A kernel that created a new journal between two renames would lose its
    write-ahead log and the rows in it. On a disk without locks, kernels do not wait.
    """
    PRIVATE.make_folder(path.parent)
    lock = FileLock(Path(f"{path}.lock"))
    with suppress(OSError):
        lock.acquire(patience, 0.01)
    try:
        yield
    finally:
        lock.release()


@contextmanager
def transaction(db: sqlite3.Connection) -> Generator[None]:
    """Hold the file's write lock in the block; undo its changes where it raises."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")


def _connect(path: Path | None, patience: float = 0.0) -> sqlite3.Connection:
    """Open the file, or create a database in memory, with the current schema."""
    name = path or ":memory:"
    if path:
        PRIVATE.touch(path)  # SQLite gives its mode to its -wal and -shm files
    db = sqlite3.connect(name, timeout=patience, isolation_level=None, check_same_thread=False)
    try:
        db.row_factory = sqlite3.Row
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=NORMAL")
        migrations.upgrade(db, path or Path(name))
    except BaseException:
        db.close()
        raise
    return db


def _connect_to_read(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=BUSY, isolation_level=None, check_same_thread=False)
    db.row_factory = sqlite3.Row
    db.execute("PRAGMA query_only=ON")
    return db


def _with_sync(work: Callable[[sqlite3.Connection], T]) -> Callable[[sqlite3.Connection], T]:
    def run(db: sqlite3.Connection) -> T:
        db.execute("PRAGMA synchronous=FULL")
        try:
            return work(db)
        finally:
            db.execute("PRAGMA synchronous=NORMAL")

    return run


def _copy(source: sqlite3.Connection) -> sqlite3.Connection:
    """Return a copy in memory of all readable rows."""
    db = _connect(None)
    try:
        source.backup(db)
        migrations.upgrade(db, Path(":memory:"))
    except sqlite3.Error:
        db.close()
        return _connect(None)
    return db


def _is_intact(path: Path) -> bool:
    try:
        db = sqlite3.connect(path)
        try:
            return db.execute("PRAGMA quick_check").fetchone()[0] == "ok"
        finally:
            db.close()
    except sqlite3.DatabaseError as error:
        if _says(error, _DAMAGED):
            return False
        raise


def _put(
    db: sqlite3.Connection, rows: Iterable[Mapping[str, Any]], *, replace: bool = False
) -> None:
    """Add rows to `jobs`, all or none; existing ones are kept, or changed with `replace`."""
    with transaction(db):
        for row in rows:
            names, marks = ", ".join(f'"{name}"' for name in row), ", ".join("?" * len(row))
            sets = ", ".join(f'"{name}" = excluded."{name}"' for name in row if name != "key")
            change = f"UPDATE SET {sets}" if replace else "NOTHING"
            text = f"INSERT INTO jobs ({names}) VALUES ({marks}) ON CONFLICT (key) DO {change}"
            db.execute(text, list(row.values()))


def _remedy(error: Exception) -> str:
    text = str(error).lower()
    if _NOT_RENAMED in text:
        return "Close the other kernels of this folder; renaming is tried again every few seconds."
    if "locked" in text:
        return "Writing is tried again every few seconds."
    if "full" in text or "no space" in text:
        return _HINT
    return "Set SEGMIND_WIDGETS_HOME to a folder that can be written."


def _says(error: sqlite3.Error, signs: Iterable[str]) -> bool:
    return any(sign in str(error).lower() for sign in signs)
