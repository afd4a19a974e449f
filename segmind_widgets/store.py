"""What outlives the kernel: the journal of jobs, the upload cache, and the folder of results.

One SQLite file in WAL mode, so several kernels can use it at once. Times are UTC, ISO 8601.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from segmind_widgets import ledger, migrations
from segmind_widgets.errors import NotFound, StoreError
from segmind_widgets.filters import escaped, where
from segmind_widgets.ledger import Spent
from segmind_widgets.types import Uploaded

_JSON = ("inputs", "next", "outputs")


def now() -> str:
    """This moment, UTC, ISO 8601 with milliseconds."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")


class Store:
    """The store in the folder `home`, which is made when it is missing.

    Rows are plain dicts with the columns of the table; `inputs`, `next` and `outputs` are JSON
    values. `memory` is true where the folder cannot be used and rows live in memory only.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self.memory = False
        self.problem = ""
        self._lock = threading.RLock()
        try:
            self._db = self._open(home / "journal.sqlite")
        except (OSError, sqlite3.Error) as error:
            self.memory, self.problem = True, f"{home} cannot be used: {error}"
            self._db = self._open(Path(":memory:"))

    def _open(self, path: Path) -> sqlite3.Connection:
        memory = str(path) == ":memory:"
        if not memory:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        db = sqlite3.connect(path, timeout=10.0, isolation_level=None, check_same_thread=False)
        try:
            db.row_factory = sqlite3.Row
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=NORMAL")
            migrations.upgrade(db, path)
        except BaseException:
            db.close()
            raise
        return db

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    @contextmanager
    def _use(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                yield self._db
            except sqlite3.Error as error:
                raise StoreError(
                    f"The journal in {self.home} cannot be used: {error}.",
                    hint="Free some disk, or set SEGMIND_WIDGETS_HOME to another folder.",
                ) from error

    # jobs

    def add(self, **row: Any) -> str:
        """Write a new job's row; its key."""
        key = f"local-{uuid.uuid4().hex[:12]}"
        row = {"key": key, "created": now(), "updated": now(), **row}
        columns, marks = ", ".join(f'"{name}"' for name in row), ", ".join("?" * len(row))
        with self._use() as db:
            db.execute(f"INSERT INTO jobs ({columns}) VALUES ({marks})", _packed(row))  # noqa: S608 - columns are ours
        return key

    def update(self, key: str, **columns: Any) -> None:
        """Change columns of a job's row."""
        columns["updated"] = now()
        sets = ", ".join(f'"{name}" = ?' for name in columns)
        with self._use() as db:
            db.execute(f"UPDATE jobs SET {sets} WHERE key = ?", [*_packed(columns), key])  # noqa: S608 - columns are ours

    def job(self, job_id: str) -> dict[str, Any]:
        """The row of a job by its id, its key, or the unmistakable start of one.

        Raises:
            NotFound: none, or several.
        """
        job_id = job_id.strip()
        like = f"{escaped(job_id)}%"
        with self._use() as db:
            rows = db.execute(
                "SELECT * FROM jobs WHERE id LIKE ? ESCAPE '\\' OR key LIKE ? ESCAPE '\\'"
                " ORDER BY (id = ? OR key = ?) DESC, created DESC LIMIT 3",
                (like, like, job_id, job_id),
            ).fetchall()
        exact = [row for row in rows if job_id in (row["id"], row["key"])]
        if not job_id or not rows or (len(rows) > 1 and not exact):
            said = "Several jobs start with" if rows and job_id else "No job here has the id"
            raise NotFound(f"{said} {job_id!r}.", hint="%segmind_jobs lists them.")
        return _unpacked((exact or rows)[0])

    def jobs(self, last: int = 20, *, offset: int = 0, **filters: Any) -> list[dict[str, Any]]:
        """The newest rows first, at most `last`, after the first `offset`.

        The filters are those of `filters.where`: unfinished, model, text, status, since,
        with_outputs, sandbox, batch.
        """
        tests, values = where(**filters)
        with self._use() as db:
            rows = db.execute(
                f"SELECT * FROM jobs {tests} ORDER BY created DESC, rowid DESC LIMIT ? OFFSET ?",  # noqa: S608 - constants
                [*values, last, offset],
            ).fetchall()
        return [_unpacked(row) for row in rows]

    def count(self, **filters: Any) -> int:
        """How many rows `jobs` with these filters has in all."""
        tests, values = where(**filters)
        with self._use() as db:
            return db.execute(f"SELECT count(*) FROM jobs {tests}", values).fetchone()[0]  # noqa: S608 - constants

    def history(self, target: str, *, sandbox: bool, last: int = 20) -> list[float]:
        """Seconds that the newest completed jobs of a model or workflow took."""
        with self._use() as db:
            rows = db.execute(
                "SELECT seconds FROM jobs WHERE target = ? AND sandbox = ? AND"
                " status = 'completed' AND seconds > 0 ORDER BY created DESC, rowid DESC LIMIT ?",
                (target, sandbox, last),
            ).fetchall()
        return [row["seconds"] for row in rows]

    # money

    def spend(self, by: ledger.By = "model", since: datetime | str | None = None) -> list[Spent]:
        """What jobs cost by model, day, notebook or job; see `ledger.Spent`."""
        with self._use() as db:
            return ledger.spend(db, by, since)

    def spent(self, since: datetime | str | None = None, *, sandbox: bool = False) -> float:
        """USD that jobs since then have cost."""
        with self._use() as db:
            return ledger.spent(db, since, sandbox=sandbox)

    def in_flight(self, since: datetime | str | None = None, *, sandbox: bool = False) -> float:
        """USD that unfinished jobs since then are expected to cost still."""
        with self._use() as db:
            return ledger.in_flight(db, since, sandbox=sandbox)

    def same(self, fingerprint: str, seconds: float | None = None) -> dict[str, Any] | None:
        """The newest row of the very same request, or None.

        With `seconds` one that was submitted within them and has not failed; without, one that is
        completed and has results.
        """
        since = None
        if seconds is not None:
            since = datetime.now(timezone.utc) - timedelta(seconds=seconds)
        with self._use() as db:
            row = ledger.same(db, fingerprint, since)
        return _unpacked(row) if row else None

    # uploads and pages

    def uploaded(self, sha256: str, place: str) -> Uploaded | None:
        """Where this content was uploaded before, if that has an hour of life left."""
        soon = (datetime.now(timezone.utc) + timedelta(hours=1)).isoformat(timespec="seconds")
        with self._use() as db:
            row = db.execute(
                "SELECT url, expires_at FROM uploads WHERE sha256 = ? AND place = ?"
                " AND (expires_at IS NULL OR expires_at > ?)",
                (sha256, place, soon),
            ).fetchone()
        return Uploaded(row["url"], row["expires_at"]) if row else None

    def has_size(self, size: int, place: str) -> bool:
        """A file of that many bytes was uploaded there."""
        with self._use() as db:
            found = db.execute(
                "SELECT 1 FROM uploads WHERE size = ? AND place = ? LIMIT 1", (size, place)
            ).fetchone()
        return found is not None

    def add_upload(self, sha256: str, size: int, place: str, uploaded: Uploaded) -> None:
        """Remember where a file is."""
        with self._use() as db:
            db.execute(
                "INSERT OR REPLACE INTO uploads VALUES (?, ?, ?, ?, ?)",
                (sha256, size, place, uploaded.url, uploaded.expires_at),
            )

    def page(self, url: str, hours: float = 24.0) -> str | None:
        """A fetched page that is not older than `hours`."""
        oldest = (datetime.now(timezone.utc) - timedelta(hours=hours)).isoformat()
        with self._use() as db:
            row = db.execute(
                "SELECT text FROM pages WHERE url = ? AND fetched > ?", (url, oldest)
            ).fetchone()
        return row["text"] if row else None

    def add_page(self, url: str, text: str) -> None:
        """Keep a page as fetched now."""
        with self._use() as db:
            db.execute("INSERT OR REPLACE INTO pages VALUES (?, ?, ?)", (url, text, now()))

    # results

    def new_file(self, target: str, key: str, index: int, suffix: str) -> Path:
        """A path for a result: results/<day>/<model>-<key>-<n><suffix>. The folder is made.

        Raises:
            StoreError: the folder cannot be made.
        """
        day = datetime.now(timezone.utc).strftime("%Y-%m-%d")
        name = re.sub(r"[^\w.-]+", "-", target)[-60:].strip("-.") or "result"
        path = self.home / "results" / day / f"{name}-{key[-8:]}-{index + 1}{suffix}"
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise StoreError(
                f"The folder {path.parent} cannot be made: {error.strerror}.",
                hint="Set SEGMIND_WIDGETS_HOME to a folder of yours.",
            ) from error
        return path


def default_home() -> Path:
    """SEGMIND_WIDGETS_HOME, else the user's data directory."""
    named = os.environ.get("SEGMIND_WIDGETS_HOME", "").strip()
    if named:
        return Path(named).expanduser()
    import platformdirs

    return Path(platformdirs.user_data_dir("segmind-widgets", appauthor=False))


def _packed(row: dict[str, Any]) -> list[Any]:
    return [
        json.dumps(value, default=str) if name in _JSON and value is not None else value
        for name, value in row.items()
    ]


def _unpacked(row: sqlite3.Row) -> dict[str, Any]:
    return {
        name: json.loads(row[name]) if name in _JSON and row[name] else row[name]
        for name in row.keys()  # noqa: SIM118 - a Row iterates over its values
    }
