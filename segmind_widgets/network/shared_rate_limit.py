"""The paces of accounts, shared by all kernels of a home: a table of the store, one row each.

A change is one short transaction that holds the file's write lock. Where the file is busy with
another kernel for longer than `PATIENCE`, or is not usable at all, nobody waits: the asker's own
pace serves until the next time.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import astuple
from typing import Any

from segmind_widgets.errors import StoreError
from segmind_widgets.network.rate_limit import Pace

PATIENCE = 20  # milliseconds
_READ = "SELECT ready, until, halved, rise, speed, seen FROM limits WHERE account = ?"
_WRITE = "INSERT OR REPLACE INTO limits VALUES (?, ?, ?, ?, ?, ?, ?)"
_Run = Callable[[Callable[[sqlite3.Connection], Any]], Any]


class Limits:
    """One row an account; see `ratelimit.Share`.

    Args:
        run: `Database.run`.
        memory: tells that the file cannot be used, so that no other kernel would see a row.
    """

    def __init__(self, run: _Run, memory: Callable[[], bool]) -> None:
        self._run, self._memory = run, memory

    def change(self, account: str, work: Callable[[Pace], float]) -> tuple[float, Pace] | None:
        """What `work` makes of the account's pace, and the pace then; None where it is busy."""
        if self._memory():
            return None
        try:
            return self._run(lambda db: _changed(db, account, work))
        except StoreError:  # closed, while something is still on its way
            return None


def _changed(
    db: sqlite3.Connection, account: str, work: Callable[[Pace], float]
) -> tuple[float, Pace] | None:
    patience = db.execute("PRAGMA busy_timeout").fetchone()[0]
    db.execute(f"PRAGMA busy_timeout={PATIENCE}")
    try:
        db.execute("BEGIN IMMEDIATE")
        row = db.execute(_READ, (account,)).fetchone()
        before = Pace(*row) if row else Pace()
        pace = Pace(*row) if row else Pace()
        answer = work(pace)
        if pace != before:
            db.execute(_WRITE, (account, *astuple(pace)))
        db.execute("COMMIT")
    except sqlite3.OperationalError:  # busy, full, read-only: the journal's writes will tell
        return None
    else:
        return answer, pace
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")
        db.execute(f"PRAGMA busy_timeout={patience}")
