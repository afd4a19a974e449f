"""The table of rate states, one row per account; the arithmetic is in `network.rate_limit`.

A change is one short transaction that holds the file's write lock. If another kernel locks the file
for longer than `PATIENCE`, or the file is not usable, the change is not made.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

from segmind_widgets.errors import StoreError

PATIENCE = 20  # milliseconds
Row = tuple[float, ...]  # ready, until, halved, rate, speed, since, seen
_Work = Callable[["Row | None"], tuple[float, Row]]  # None: the account has no row yet
_READ = "SELECT ready, until, halved, rate, speed, since, seen FROM limits WHERE account = ?"
_WRITE = "INSERT OR REPLACE INTO limits VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_Run = Callable[[Callable[[sqlite3.Connection], Any]], Any]


class RateLimitTable:
    """Rows that kernels change one at a time.

    Args:
        run: `Database.run`.
        memory: whether the file cannot be used, in which case other kernels would not see a row.
    """

    def __init__(self, run: _Run, memory: Callable[[], bool]) -> None:
        self._run, self._memory = run, memory

    def change(self, account: str, work: _Work) -> tuple[float, Row] | None:
        """Replace an account's row by the row that `work` returns; None if the file is busy."""
        if self._memory():
            return None
        try:
            return self._run(lambda db: _changed(db, account, work))
        except StoreError:  # closed while a request is still running
            return None


def _changed(db: sqlite3.Connection, account: str, work: _Work) -> tuple[float, Row] | None:
    patience = db.execute("PRAGMA busy_timeout").fetchone()[0]
    db.execute(f"PRAGMA busy_timeout={PATIENCE}")
    try:
        db.execute("BEGIN IMMEDIATE")
        before = db.execute(_READ, (account,)).fetchone()
        answer, row = work(before)
        if row != before:
            db.execute(_WRITE, (account, *row))
        db.execute("COMMIT")
    except sqlite3.OperationalError:  # busy, full or read-only: writes to the journal report it
        return None
    else:
        return answer, row
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")
        db.execute(f"PRAGMA busy_timeout={patience}")
