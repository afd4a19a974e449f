"""A journal of an older version goes on, whole; one of a newer version is left alone."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from segmind_widgets.errors import StoreError
from segmind_widgets.storage import migrations
from segmind_widgets.storage.store import Store

# what version 1 of this package wrote, as it was released
VERSION_1 = """
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
);
CREATE INDEX IF NOT EXISTS jobs_by_id ON jobs (id);
CREATE INDEX IF NOT EXISTS jobs_by_time ON jobs (created);
CREATE INDEX IF NOT EXISTS jobs_by_target ON jobs (target, status);
CREATE TABLE IF NOT EXISTS uploads (
    sha256 TEXT NOT NULL, size INTEGER NOT NULL, place TEXT NOT NULL, url TEXT NOT NULL,
    expires_at TEXT,
    PRIMARY KEY (sha256, place)
);
CREATE TABLE IF NOT EXISTS pages (url TEXT PRIMARY KEY, text TEXT NOT NULL, fetched TEXT NOT NULL);
PRAGMA user_version=1;
INSERT INTO jobs VALUES ('local-1', 'req-1', 'segmind', 'https://a', 0, 'model', 'flux-dev',
    '{"prompt": "\\u00e9"}', 'completed', NULL, '[{"path": "/a.png"}]', 0.04, 7, 3.5, NULL,
    'a.ipynb', '2025-01-31T10:00:00.000+00:00', '2025-01-31T10:00:05.000+00:00');
INSERT INTO jobs (key, provider, place, sandbox, kind, target, inputs, status, created, updated)
    VALUES ('local-2', 'segmind', 'https://a', 0, 'model', 'flux-dev', '{}', 'submitting',
    '2025-01-31T11:00:00.000+00:00', '2025-01-31T11:00:00.000+00:00');
INSERT INTO uploads VALUES ('f00', 5, 'https://a', 'https://a/1', NULL);
INSERT INTO pages VALUES ('https://a/llms.txt', 'text', '2999-01-01');
"""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A home with a journal of version 1 in it."""
    db = sqlite3.connect(tmp_path / "journal.sqlite")
    db.execute("PRAGMA journal_mode=WAL")
    db.executescript(VERSION_1)
    db.close()
    return tmp_path


def version(home: Path) -> int:
    db = sqlite3.connect(home / "journal.sqlite")
    try:
        return db.execute("PRAGMA user_version").fetchone()[0]
    finally:
        db.close()


def test_an_older_journal_is_upgraded_with_all_it_holds(old: Path) -> None:
    store = Store(old)
    assert not store.problem
    assert version(old) == migrations.VERSION > 1
    second, first = store.jobs()
    assert (first["inputs"], first["cost"], first["seed"]) == ({"prompt": "é"}, 0.04, 7)
    assert first["outputs"] == [{"path": "/a.png"}]
    assert (first["estimate"], first["fingerprint"], first["batch"], first["row"]) == (None,) * 4
    assert second["sent"] == second["created"], "it may have been sent"
    assert store.uploaded("f00", "https://a")
    assert store.page("https://a/llms.txt") == "text"
    assert [spent.usd for spent in store.spend()] == [0.04]
    store.update("local-2", estimate=0.02)
    store.close()


def test_an_upgrade_that_breaks_leaves_the_file_as_it_was(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = (*migrations.STEPS[1][:3], "CREATE NONSENSE")
    monkeypatch.setattr(migrations, "STEPS", (migrations.STEPS[0], broken))
    db = sqlite3.connect(old / "journal.sqlite", isolation_level=None)
    with pytest.raises(sqlite3.OperationalError):
        migrations.upgrade(db, old)
    assert not db.in_transaction
    names = [row[1] for row in db.execute("PRAGMA table_info(jobs)")]
    assert "estimate" not in names
    db.close()
    assert version(old) == 1


def test_a_newer_journal_is_refused_and_not_touched(tmp_path: Path) -> None:
    Store(tmp_path).close()
    db = sqlite3.connect(tmp_path / "journal.sqlite")
    db.execute(f"PRAGMA user_version={migrations.VERSION + 1}")
    db.close()
    with pytest.raises(StoreError, match="newer") as raised:
        Store(tmp_path)
    assert "Update the package" in raised.value.hint
    assert version(tmp_path) == migrations.VERSION + 1


def test_kernels_that_upgrade_at_the_same_moment(old: Path) -> None:
    opened: list[Store] = []
    ready = threading.Barrier(4)

    def kernel() -> None:
        ready.wait(10)
        opened.append(Store(old))

    threads = [threading.Thread(target=kernel) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert [store.problem for store in opened] == [""] * 4
    assert {store.count() for store in opened} == {2}
    for store in opened:
        store.close()
