"""The journal's schema, and the steps that upgrade older files.

A released step is never changed: each change of the schema is a new step at the end.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from segmind_widgets.errors import StoreError
from segmind_widgets.storage import totals

_FIRST = (
    """
CREATE TABLE IF NOT EXISTS jobs (
    key TEXT PRIMARY KEY,          -- ours, known before the submit
    id TEXT,                       -- the service's, known after it
    provider TEXT NOT NULL,
    place TEXT NOT NULL,           -- the provider's base address
    sandbox INTEGER NOT NULL,
    kind TEXT NOT NULL,
    target TEXT NOT NULL,
    inputs TEXT NOT NULL,
    status TEXT NOT NULL,
    next TEXT,                     -- the call that goes on with it
    outputs TEXT NOT NULL DEFAULT '[]',
    cost REAL, seed INTEGER, seconds REAL,
    error TEXT, notebook TEXT,
    created TEXT NOT NULL, updated TEXT NOT NULL
)""",
    "CREATE INDEX IF NOT EXISTS jobs_by_id ON jobs (id)",
    "CREATE INDEX IF NOT EXISTS jobs_by_time ON jobs (created)",
    "CREATE INDEX IF NOT EXISTS jobs_by_target ON jobs (target, status)",
    """
CREATE TABLE IF NOT EXISTS uploads (
    sha256 TEXT NOT NULL, size INTEGER NOT NULL, place TEXT NOT NULL, url TEXT NOT NULL,
    expires_at TEXT,
    PRIMARY KEY (sha256, place)
)""",
    """
CREATE TABLE IF NOT EXISTS pages (
    url TEXT PRIMARY KEY, text TEXT NOT NULL, fetched TEXT NOT NULL
)""",
)
_SECOND = (
    "ALTER TABLE jobs ADD COLUMN estimate REAL",  # USD expected, while it is in flight
    "ALTER TABLE jobs ADD COLUMN fingerprint TEXT",  # of the request: see planning/fingerprint.py
    "ALTER TABLE jobs ADD COLUMN batch TEXT",
    'ALTER TABLE jobs ADD COLUMN "row" INTEGER',  # its number in the batch
    "ALTER TABLE jobs ADD COLUMN owner TEXT",  # the kernel that follows it: see locks.py
    "ALTER TABLE jobs ADD COLUMN credits REAL",  # USD left on the account after it
    "ALTER TABLE jobs ADD COLUMN sent TEXT",  # when the submit was given to the network
    "ALTER TABLE uploads ADD COLUMN name TEXT",
    "ALTER TABLE uploads ADD COLUMN path TEXT",  # the path of the file, if it was a file
    "ALTER TABLE uploads ADD COLUMN created TEXT",
    "CREATE INDEX jobs_by_fingerprint ON jobs (fingerprint) WHERE fingerprint IS NOT NULL",
    'CREATE INDEX jobs_by_batch ON jobs (batch, "row") WHERE batch IS NOT NULL',
    """
CREATE INDEX jobs_unfinished ON jobs (created)  -- few, however long the journal
    WHERE status NOT IN ('completed', 'failed', 'cancelled', 'unknown')""",
    # version 1 did not record whether a job was sent: assume that it was
    "UPDATE jobs SET sent = created WHERE sent IS NULL",
)
_THIRD = (
    """
CREATE TABLE limits (              -- see network.rate_limit.RateState; monotonic seconds
    account TEXT PRIMARY KEY,      -- a provider's address and a digest of the key
    ready REAL NOT NULL, until REAL NOT NULL, halved REAL NOT NULL, rise REAL NOT NULL,
    speed REAL NOT NULL, seen REAL NOT NULL
) WITHOUT ROWID""",
)
_FOURTH = (
    "DROP INDEX IF EXISTS jobs_by_target",
    # for the newest runs of a model, for estimates, without reading older rows
    "CREATE INDEX jobs_of_target ON jobs (target, status, created)",
)
_FIFTH = (
    """
CREATE TABLE forms (               -- see providers._base.Forms
    place TEXT NOT NULL,           -- a provider's address, or an account at it
    question TEXT NOT NULL, answer TEXT NOT NULL,
    expires_at TEXT,
    PRIMARY KEY (place, question)
) WITHOUT ROWID""",
)
_SIXTH = (
    "ALTER TABLE jobs ADD COLUMN trash TEXT",  # deletions that can be undone: see trash.py
    "ALTER TABLE jobs ADD COLUMN deleted TEXT",  # when a result of it was last deleted
    "CREATE INDEX jobs_with_trash ON jobs (key) WHERE trash IS NOT NULL",
)
_SEVENTH = (
    "ALTER TABLE jobs ADD COLUMN run_seconds REAL",  # at the service, without the download
)
_SHOWN = "deleted IS NULL OR outputs != '[]'"  # as in `queries.SHOWN`
_VIEWED = "status = 'completed' AND outputs != '[]'"  # as in `queries.WITH_OUTPUTS`
_EIGHTH = (
    "DROP INDEX jobs_of_target",
    *(
        f"CREATE INDEX {name} ON jobs ({columns}) WHERE {condition}"
        for name, columns, condition in (
            ("jobs_of_target", "target, provider, sandbox, created", "status = 'completed'"),
            ("jobs_shown", "created", _SHOWN),
            ("jobs_shown_by_status", "status, created", _SHOWN),
            ("jobs_shown_by_target", "target, created", _SHOWN),
            ("jobs_shown_by_target_status", "target, status, created", _SHOWN),
            ("jobs_shown_by_provider", "provider, created", _SHOWN),
            ("jobs_shown_by_sandbox", "sandbox, created", _SHOWN),
            ("jobs_viewed", "created", _VIEWED),
            ("jobs_viewed_by_target", "target, created", _VIEWED),
            ("jobs_hidden", "created", "deleted IS NOT NULL AND outputs = '[]'"),
            ("jobs_open_of_batch", 'batch, "row"', "batch IS NOT NULL AND status != 'completed'"),
        )
    ),
    "CREATE INDEX uploads_by_size ON uploads (size, place)",
    "CREATE INDEX uploads_by_time ON uploads (place, created) WHERE name <> ''",
    "ALTER TABLE jobs ADD COLUMN source TEXT",  # of a batch's row as given: see fingerprint.py
    *totals.SCHEMA,
    "CREATE TABLE searched (upto INTEGER NOT NULL)",  # the last rowid in the index of texts
    "INSERT INTO searched VALUES (0)",
)
_NINTH = (
    "DROP TABLE limits",  # a rate is found again within minutes
    """
CREATE TABLE limits (              -- see network.rate_limit.RateState; monotonic seconds
    account TEXT PRIMARY KEY,      -- a provider's address and a digest of the key
    ready REAL NOT NULL, until REAL NOT NULL, halved REAL NOT NULL, rate REAL NOT NULL,
    speed REAL NOT NULL, since REAL NOT NULL, seen REAL NOT NULL
) WITHOUT ROWID""",
)
STEPS = (_FIRST, _SECOND, _THIRD, _FOURTH, _FIFTH, _SIXTH, _SEVENTH, _EIGHTH, _NINTH)
VERSION = len(STEPS)  # stored in the file as SQLite's user_version; 0 means a new file


def upgrade(db: sqlite3.Connection, path: Path) -> None:
    """Upgrade the schema of an open file to `VERSION`, either completely or not at all.

    Raises:
        StoreError: the file was written by a newer version of this package.
        sqlite3.Error: the file cannot be read or written; it is unchanged.
    """
    if _version(db, path) == VERSION:
        return
    db.execute("BEGIN IMMEDIATE")
    try:
        for step in STEPS[_version(db, path) :]:  # read again: another kernel may have upgraded it
            for statement in step:
                db.execute(statement)
        db.execute(f"PRAGMA user_version={VERSION}")
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def _version(db: sqlite3.Connection, path: Path) -> int:
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version > VERSION:
        raise StoreError(
            f"{path} was written by a newer segmind-widgets.",
            hint="Update the package, or set SEGMIND_WIDGETS_HOME to another folder.",
        )
    return version
