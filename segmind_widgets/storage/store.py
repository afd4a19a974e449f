"""The journal of jobs, the upload cache, and the folder of results, which all outlive the kernel.

One SQLite file in WAL mode, so several kernels can use it at once. Times are UTC, ISO 8601.
"""

from __future__ import annotations

import json
import re
import sqlite3
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, NamedTuple

from segmind_widgets.errors import NotFound, StillRunning, StoreError
from segmind_widgets.file_modes import PRIVATE, protect
from segmind_widgets.secret import from_environment
from segmind_widgets.storage import queries, spending
from segmind_widgets.storage.batch_rows import NOT_BILLED, BatchRows
from segmind_widgets.storage.cache import Cache
from segmind_widgets.storage.database import Database, now, transaction
from segmind_widgets.storage.queries import Filters
from segmind_widgets.storage.rate_limits import RateLimitTable
from segmind_widgets.storage.spending import SpendRow
from segmind_widgets.storage.texts import TextIndex
from segmind_widgets.types import Status


class OwnRun(NamedTuple):
    """A completed run: `cost` in USD and `run_seconds` at the service, None where not reported."""

    kind: str
    inputs: dict[str, Any]
    cost: float | None
    run_seconds: float | None


_JSON = ("inputs", "next", "outputs", "trash")
_LISTED = "%segmind_jobs lists them."
_ENTRIES = (  # of the home
    *("journal*", "kernels", "results", "thumbnails", "trash"),
    *("incoming", "downloads"),  # of forms and galleries
)


class Store(Cache):
    """The store in the folder `home`, which is created if missing.

    Rows are plain dicts with the columns of the table; `inputs`, `next` and `outputs` are JSON
    values.

    Raises:
        StoreError: the journal was written by a newer version of this package.
    """

    modes = PRIVATE

    def __init__(self, home: Path) -> None:
        # rows contain paths, which must not depend on the working folder
        self.home = home.absolute()
        protect(self.home, _ENTRIES)
        # rows of this kernel, in case the file is lost
        self._unfinished: dict[str, dict[str, Any]] = {}
        self._file = Database(self.home / "journal.sqlite", self._pack_rows)
        super().__init__(self._file.run)
        self._texts, self._read = TextIndex(self._file), self._file.read
        self.rate_limits = RateLimitTable(self._file.run, lambda: self._file.memory)

    @property
    def memory(self) -> bool:
        """Return whether the folder cannot be used, so that new rows are only in memory."""
        return self._file.memory

    @property
    def problem(self) -> str:
        """Return the problem with the journal as a sentence, or ""."""
        return self._file.problem

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    @property
    def results(self) -> Path:
        """Return the folder of results."""
        return self.home / "results"

    def _pack_rows(self) -> list[dict[str, Any]]:
        return [dict(zip(row, _pack(row), strict=True)) for row in list(self._unfinished.values())]

    # jobs

    def add(self, **row: Any) -> str:
        """Write a new job's row and return its key, which is a new one unless it is given.

        Raises:
            StillRunning: another job has its number in the batch, or its id of the service. The
                check and the write are one statement, in whatever thread or kernel.
        """
        row = {"key": new_key(), "created": now(), "updated": now(), **row}
        columns, marks = ", ".join(f'"{name}"' for name in row), ", ".join("?" * len(row))
        test, values = _unless_taken(row)
        text = f"INSERT INTO jobs ({columns}) SELECT {marks} {test}"

        def work(db: sqlite3.Connection) -> bool:
            is_new = db.execute(text, [*_pack(row), *values]).rowcount == 1
            if is_new:
                self._remember(row["key"], row)
            return is_new

        if not self._run(work):
            which = row.get("id") or f"of row {row.get('row')} of the batch {row.get('batch')}"
            raise StillRunning(f"The job {which} is already in the journal.")
        return row["key"]

    def update(self, key: str, **columns: Any) -> None:
        """Change columns of a job's row.

        `sent` and `id` are synced to the disk, since they are recorded nowhere else and must
        survive a power failure.
        """
        marks = {name: columns[name] for name in ("sent", "id") if columns.get(name)}
        sure = any(self._unfinished.get(key, {}).get(name) != marks[name] for name in marks)
        columns["updated"] = now()
        sets = ", ".join(f'"{name}" = ?' for name in columns)
        text = f"UPDATE jobs SET {sets} WHERE key = ?"

        def work(db: sqlite3.Connection) -> None:
            db.execute(text, [*_pack(columns), key])
            if key in self._unfinished:
                self._remember(key, self._unfinished[key] | columns)

        self._file.run(work, sure=sure)

    def _remember(self, key: str, row: dict[str, Any]) -> None:
        """Keep an unfinished row in memory; called within `Database.run`, by one thread at once."""
        self._unfinished[key] = row
        if Status(row["status"]).final:
            del self._unfinished[key]

    def claim(self, key: str, owner: str | None, before: str | None) -> dict[str, Any] | None:
        """Take over a job from the owner `before`; return its row, or None if another was first."""
        text = "UPDATE jobs SET owner = ? WHERE key = ? AND owner IS ?"

        def work(db: sqlite3.Connection) -> dict[str, Any] | None:
            with transaction(db):
                if db.execute(text, (owner, key, before)).rowcount != 1:
                    return None
                row = _unpack(db.execute("SELECT * FROM jobs WHERE key = ?", (key,)).fetchone())
            self._remember(key, row)
            return row

        return self._run(work)

    def adopt(self, key: str, job_id: str) -> bool:
        """Set a row's service id; return False if another row has the id."""
        text = (
            "UPDATE jobs SET id = ? WHERE key = ?"
            " AND NOT EXISTS (SELECT 1 FROM jobs WHERE id = ? AND key != ?)"
        )
        values = (job_id, key, job_id, key)
        done = self._file.run(lambda db: db.execute(text, values), sure=True)
        return done.rowcount == 1

    def knows(self, job_id: str) -> bool:
        """Return whether a row has the service's id."""
        text = "SELECT count(*) FROM jobs WHERE id = ?"
        return self._run(lambda db: db.execute(text, (job_id,)).fetchone()[0] > 0)

    def job(self, job_id: str) -> dict[str, Any]:
        """Return the row of a job by its id, its key, or a unique prefix of one.

        Raises:
            NotFound: there is no such row, or there are several.
        """
        job_id = job_id.strip()
        end = job_id + "\U0010ffff"
        exact = "SELECT * FROM jobs WHERE key = ? UNION SELECT * FROM jobs WHERE id = ?"
        by_prefix = "SELECT * FROM jobs WHERE key IN ({} UNION {})".format(
            *(
                f"SELECT * FROM (SELECT key FROM jobs WHERE {name} BETWEEN ? AND ? LIMIT 2)"
                for name in ("key", "id")
            )
        )
        rows = self._run(lambda db: db.execute(exact, (job_id, job_id)).fetchall())
        if job_id and not rows:
            rows = self._run(lambda db: db.execute(by_prefix, (job_id, end) * 2).fetchall())
            if len(rows) > 1:
                raise NotFound(f"Several jobs start with {job_id!r}.", hint=_LISTED)
        if not job_id or not rows:
            raise NotFound(f"No job here has the id {job_id!r}.", hint=_LISTED)
        return _unpack(max(rows, key=lambda row: row["created"]))

    def jobs(self, last: int = 20, *, offset: int = 0, **filters: Any) -> list[dict[str, Any]]:
        """Return rows, the newest first, at most `last`, after the first `offset`.

        The filters are those of `queries.Filters`, `target`, a model's complete name, and `model`,
        a part of one.
        """
        which = self._filters(**filters)
        if which.text and not which.is_narrow:
            return [_unpack(row) for row in self._texts.page(which, last, offset)]
        text, values = queries.page(which, last, offset)
        return [_unpack(row) for row in self._read(lambda db: db.execute(text, values).fetchall())]

    def count(self, most: int | None = None, **filters: Any) -> int:
        """Return the number of rows that match these filters, at most `most`."""
        which, most = self._filters(**filters), -1 if most is None else most
        if which.text and not which.is_narrow:
            return self._texts.count(which, most)
        text, values = queries.count(which, most)
        return self._read(lambda db: db.execute(text, values).fetchone()[0])

    def own_runs(self, target: str, provider: str, place: str | None, last: int) -> list[OwnRun]:
        """Return the newest completed runs of a model at a place; None: on any sandbox."""
        text = queries.own_runs(on_sandbox=place is None)
        values = {"target": target, "provider": provider, "place": place, "last": last}
        rows = self._read(lambda db: db.execute(text, values).fetchall())
        return [
            OwnRun(r["kind"], json.loads(r["inputs"]), r["cost"], r["run_seconds"]) for r in rows
        ]

    def models(self, *, completed: bool = False) -> list[tuple[str, str]]:
        """Return the name and the provider of each model; see `spending.models`."""
        return self._read(lambda db: spending.models(db, completed=completed))

    def _filters(self, *, model: str = "", target: str = "", **filters: Any) -> Filters:
        """Return the filters; `model` is a part of a model's name, in any case."""
        if target or not model:
            return Filters(**filters, targets=[target] if target else None)
        names = {name for name, _ in self.models() if model.lower() in name.lower()}
        return Filters(**filters, targets=sorted(names))

    def transact(
        self, key: str, change: Callable[[dict[str, Any]], dict[str, Any]]
    ) -> dict[str, Any]:
        """Read a row and write the columns that `change` returns, in one synced transaction.

        Returns the changed row. If `change` raises an error, nothing is written.

        Raises:
            NotFound: there is no such row.
        """

        def work(db: sqlite3.Connection) -> dict[str, Any]:
            with transaction(db):
                row = db.execute("SELECT * FROM jobs WHERE key = ?", (key,)).fetchone()
                if row is None:
                    raise NotFound(f"No job here has the id {key!r}.", hint=_LISTED)
                columns = {**change(_unpack(row)), "updated": now()}
                sets = ", ".join(f'"{name}" = ?' for name in columns)
                text = f"UPDATE jobs SET {sets} WHERE key = ?"
                db.execute(text, [*_pack(columns), key])
                changed = db.execute("SELECT * FROM jobs WHERE key = ?", (key,)).fetchone()
            return _unpack(changed)

        return self._file.run(work, sure=True)

    def trashed(self) -> list[dict[str, Any]]:
        """Return the rows with deletions that can be undone."""
        text = "SELECT * FROM jobs WHERE trash IS NOT NULL"
        return [_unpack(row) for row in self._run(lambda db: db.execute(text).fetchall())]

    def batch(self, name: str) -> BatchRows:
        """Return the rows of a batch."""
        return BatchRows(self._run, _unpack, name)

    # money

    def spend(
        self,
        by: spending.By = "model",
        since: datetime | str | None = None,
        last: int | None = None,
    ) -> list[SpendRow]:
        """Return costs by model, day, notebook or job; see `spending.spend`."""
        return self._read(lambda db: spending.spend(db, by, since, last))

    def same(self, fingerprint: str, seconds: float | None = None) -> dict[str, Any] | None:
        """Return the newest row of the same request, or None.

        With `seconds`, a row submitted within that time that has not failed; without it, a
        completed row with results.
        """
        since = None
        if seconds is not None:
            since = datetime.now(timezone.utc) - timedelta(seconds=seconds)
        row = self._run(lambda db: spending.same(db, fingerprint, since))
        return _unpack(row) if row else None

    def lost(self, fingerprint: str) -> dict[str, Any] | None:
        """Return the newest row of an equal request whose reply was lost, or None."""
        text = (
            "SELECT * FROM jobs INDEXED BY jobs_by_fingerprint WHERE fingerprint = ?"
            " AND status IN ('unknown', 'submitting') AND sent IS NOT NULL AND next IS NOT NULL"
            " ORDER BY created DESC, rowid DESC LIMIT 1"
        )
        row = self._run(lambda db: db.execute(text, (fingerprint,)).fetchone())
        return _unpack(row) if row else None

    # results

    def new_file(self, target: str, key: str, index: int, suffix: str) -> Path:
        """Return a path for a result, results/<day>/<model>-<key>-<n><suffix>; make the folder.

        Raises:
            StoreError: the folder cannot be made.
        """
        day = datetime.now(timezone.utc).strftime("%Y-%m-%d")
        name = re.sub(r"[^\w.-]+", "-", target)[-60:].strip("-.") or "result"
        path = self.results / day / f"{name}-{key[-12:]}-{index + 1}{suffix}"
        try:
            PRIVATE.make_folder(path.parent)
        except OSError as error:
            raise StoreError(
                f"The folder {path.parent} cannot be created: {error.strerror}.",
                hint="Set SEGMIND_WIDGETS_HOME to a folder that can be written.",
            ) from error
        return path


def new_key() -> str:
    """Return a key for a new row, by which its job is known before it has an id."""
    return f"local-{uuid.uuid4().hex[:12]}"


def _unless_taken(row: Mapping[str, Any]) -> tuple[str, list[Any]]:
    """Return a condition, as SQL with its values: no other job has the row's number or id."""
    if row.get("id"):
        return "WHERE NOT EXISTS (SELECT 1 FROM jobs WHERE id = ?)", [row["id"]]
    if row.get("batch") is None or row.get("row") is None:
        return "", []
    test = f'batch = ? AND "row" = ? AND status NOT IN ({NOT_BILLED})'
    return f"WHERE NOT EXISTS (SELECT 1 FROM jobs WHERE {test})", [row["batch"], row["row"]]


def default_home() -> Path:
    """Return SEGMIND_WIDGETS_HOME, else the user's data directory."""
    folder = from_environment("SEGMIND_WIDGETS_HOME")
    if folder:
        return Path(folder).expanduser()
    import platformdirs

    return Path(platformdirs.user_data_dir("segmind-widgets", appauthor=False))


def _pack(row: dict[str, Any]) -> list[Any]:
    return [_to_column(name, value) for name, value in row.items()]


def _to_column(name: str, value: Any) -> Any:
    if name in _JSON and value is not None:
        return json.dumps(value, default=str)
    if name == "seed" and value is not None and not -(2**63) <= value < 2**63:
        return json.dumps([value])  # as a text of digits, SQLite would round it
    return value


def _unpack(row: sqlite3.Row) -> dict[str, Any]:
    return {name: _from_column(name, value) for name, value in dict(row).items()}


def _from_column(name: str, value: Any) -> Any:
    if name in _JSON and value:
        return json.loads(value)
    return json.loads(value)[0] if name == "seed" and isinstance(value, str) else value
