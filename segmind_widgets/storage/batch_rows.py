"""The rows of one batch in the journal: at most one job for each row number, the newest try."""

from __future__ import annotations

import json
import os
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from segmind_widgets.errors import InputError
from segmind_widgets.nested import transform
from segmind_widgets.storage.database import now, transaction
from segmind_widgets.types import Status

_OBJECT = re.compile(r'"<(\w+)>"')  # as written by `with_placeholders`
_PAGE = 200  # rows read at a time
NOT_BILLED = f"'{Status.FAILED}', '{Status.CANCELLED}'"  # as SQL
_LIST = 'batch = ? AND "row" IS NOT NULL'


class EarlierRequest(NamedTuple):
    """A job of an earlier run: the digests of its request and of its row as it was given."""

    fingerprint: str
    source: str | None
    is_completed: bool


class CompletedRow(NamedTuple):
    """A completed row: its number, the digest of the row as it was given, and its files."""

    number: int
    source: str | None
    outputs: str  # JSON, as in the journal

    @property
    def has_files(self) -> bool:
        """Return whether all of its files are on this disk."""
        paths = [output.get("path") for output in json.loads(self.outputs)]
        return all(path and os.path.isfile(path) for path in paths)  # noqa: PTH113 - a third of the time


class BatchRows:
    """The rows of a batch in the journal.

    A job's `row` is its number in the batch. A job that is an earlier try, or whose row now has
    other inputs, has no number, but stays in the journal so that its cost is counted.

    Args:
        run: `Database.run`.
        unpack: returns a row as a dict, with its JSON columns parsed.
        batch: the batch's name.
    """

    def __init__(
        self,
        run: Callable[[Callable[[sqlite3.Connection], Any]], Any],
        unpack: Callable[[Any], dict[str, Any]],
        batch: str,
    ) -> None:
        self._run = run
        self._unpack = unpack
        self.batch = batch

    def take(
        self, number: int, fingerprint: str, source: str | None = None
    ) -> dict[str, Any] | None:
        """Assign a job of the same request to this number and source; return its row, or None.

        A request that failed was not billed: it is tried again. If rows were inserted or removed, a
        job without a number, or with a later one, is found by its fingerprint. All other jobs lose
        the number.
        """
        find = (
            "SELECT * FROM jobs WHERE batch = ? AND fingerprint = ?"
            f' AND ("row" IS NULL OR "row" >= ?) AND status NOT IN ({NOT_BILLED})'
            ' ORDER BY "row" IS NOT ?, "row" IS NOT NULL, "row", created DESC LIMIT 1'
        )
        free = 'UPDATE jobs SET "row" = NULL WHERE batch = ? AND "row" = ? AND key IS NOT ?'
        give = 'UPDATE jobs SET "row" = ?, source = ? WHERE key = ?'

        def work(db: sqlite3.Connection) -> Any:
            with transaction(db):
                row = db.execute(find, (self.batch, fingerprint, number, number)).fetchone()
                key = row["key"] if row else None
                db.execute(free, (self.batch, number, key))
                if row and (row["row"], row["source"]) != (number, source):
                    db.execute(give, (number, source, key))
            return row

        row = self._run(work)
        return {**self._unpack(row), "row": number} if row else None

    def release(self, number: int) -> None:
        """Detach the job of a number, which will get another job."""
        text = 'UPDATE jobs SET "row" = NULL WHERE batch = ? AND "row" = ?'
        self._run(lambda db: db.execute(text, (self.batch, number)))

    def detach(self, key: str) -> None:
        """Detach a job that was not sent from its number, which will get another job."""
        self._run(lambda db: db.execute('UPDATE jobs SET "row" = NULL WHERE key = ?', (key,)))

    def at(self, number: int) -> dict[str, Any] | None:
        """Return the row of a number, or None."""
        text = 'SELECT * FROM jobs WHERE batch = ? AND "row" = ?'
        row = self._run(lambda db: db.execute(text, (self.batch, number)).fetchone())
        return self._unpack(row) if row else None

    def end_at(self, total: int) -> None:
        """Detach all jobs from this number on: they belong to an earlier, longer run."""
        text = 'UPDATE jobs SET "row" = NULL WHERE batch = ? AND "row" >= ?'
        self._run(lambda db: db.execute(text, (self.batch, total)))

    def set_aside(self) -> None:
        """Start over: move the present rows to a batch name with the current time."""
        text = "UPDATE jobs SET batch = ? WHERE batch = ?"
        self._run(lambda db: db.execute(text, (f"{self.batch} until {now()}", self.batch)))

    def open(self) -> list[tuple[int, str, str | None]]:
        """Return number, status and error of each row that is not completed, in order.

        Running rows are included.
        """
        text = (
            f'SELECT "row", status, error FROM jobs INDEXED BY jobs_open_of_batch WHERE {_LIST}'
            " AND status != 'completed' ORDER BY \"row\""
        )
        rows = self._run(lambda db: db.execute(text, (self.batch,)).fetchall())
        return [tuple(row) for row in rows]

    def pages(self) -> Iterator[dict[str, Any]]:
        """Yield all rows in order, reading them page by page."""
        text = f'SELECT * FROM jobs WHERE {_LIST} AND "row" > ? ORDER BY "row" LIMIT ?'
        after = -1
        while True:
            values = (self.batch, after, _PAGE)
            rows = self._run(lambda db, values=values: db.execute(text, values).fetchall())
            yield from map(self._unpack, rows)
            if len(rows) < _PAGE:
                return
            after = rows[-1]["row"]

    def count(self) -> int:
        """Return the number of rows that have a job."""
        text = f"SELECT count(*) FROM jobs WHERE {_LIST}"
        return self._run(lambda db: db.execute(text, (self.batch,)).fetchone()[0])

    def requests(self) -> list[EarlierRequest]:
        """Return the completed and unfinished jobs, which are not submitted again."""
        text = (
            "SELECT fingerprint, source, status = 'completed' FROM jobs INDEXED BY jobs_by_batch"
            f" WHERE batch = ? AND fingerprint IS NOT NULL AND status NOT IN ({NOT_BILLED})"
        )
        rows = self._run(lambda db: db.execute(text, (self.batch,)).fetchall())
        return [EarlierRequest(*row) for row in rows]

    def completed(self, first: int, last: int) -> list[CompletedRow]:
        """Return the completed rows of these numbers, both included."""
        text = (
            'SELECT "row", source, outputs FROM jobs INDEXED BY jobs_by_batch'
            " WHERE batch = ? AND \"row\" BETWEEN ? AND ? AND status = 'completed'"
        )
        rows = self._run(lambda db: db.execute(text, (self.batch, first, last)).fetchall())
        return [CompletedRow(*row) for row in rows]


def with_placeholders(inputs: Any) -> Any:
    """Return unsent inputs as JSON values, with `<type>` in place of other objects."""
    return transform(inputs, _placeholder, str)


def _placeholder(value: Any) -> Any:
    plain = value is None or isinstance(value, (str, int, float))
    return value if plain else f"<{type(value).__name__}>"


def unsendable(inputs: Mapping[str, Any]) -> InputError | None:
    """Return the error for inputs of `with_placeholders` that hold a placeholder, or None."""
    for name, value in inputs.items():
        if match := _OBJECT.search(json.dumps(value)):
            return InputError(
                f"`{name}` was {match[1]}, and it was lost with the generator.",
                hint="Give the rows again under the same name: finished rows are not paid again.",
                field=name,
            )
    return None
