"""A finished list given again, beside one pass over its rows by `sqlite3` and `json.loads`.

    python tests/benchmarks/batch_resume.py [ROWS]

The rows are written into the journal by the store's own API, as their jobs would have done. What is
measured is `client.map` with the same list in a kernel that has not seen it: until it returns, and
until the batch has ended. Nothing is sent.
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from table import Row, measured, show

from segmind_widgets.client import SegmindClient
from segmind_widgets.sandbox import Sandbox
from segmind_widgets.storage.database import transaction

MODEL = "fast-flux-schnell"
ROWS = 100_000
AIM = 5  # times one pass
RETURNS = 1.0  # seconds, in which the bar is there
_JSON = ("inputs", "next", "outputs", "trash")
_PASS = 'SELECT * FROM jobs WHERE batch = ? ORDER BY "row"'


def rows(*, tiny: bool = False, quick: bool = False) -> list[Row]:
    """Seconds, in a process of its own."""
    count = 100 if tiny else ROWS // 10 if quick else ROWS
    with tempfile.TemporaryDirectory() as home, Sandbox(speed=500) as sandbox:
        env = {**os.environ, **sandbox.environ, "SEGMIND_WIDGETS_HOME": home}
        measured(__file__, "--fill", count, env=env)
        returned, ended, floor = measured(__file__, "--resume", count, env=env)
        if sandbox.billed_posts:
            raise RuntimeError("A finished row was sent again.")
    what = f"a finished list of {count:,} rows"
    return [
        Row(f"{what}: map returns", "s", returned, "one pass over them", floor, RETURNS),
        Row(f"{what}: all counted", "s", ended, "one pass over them", floor, AIM * floor),
    ]


def _rows(count: int) -> list[dict[str, Any]]:
    words = "a red fox in the snow, in the light of dawn, seen from far away"
    return [{"prompt": f"number {number}: {words}", "seed": number} for number in range(count)]


def _fill(count: int) -> None:
    """Write the rows as finished."""
    client = SegmindClient.instance()
    prepared = client.prepared(MODEL, _rows(count), defer=True)
    store, planner = client.session.store, prepared.planner
    endpoint = planner.basis.endpoint
    path = Path(store.home) / "result.png"
    path.write_bytes(b"a file")
    facts = {
        "kind": "model",
        "target": MODEL,
        "provider": endpoint.provider.name,
        "place": endpoint.address,
        "sandbox": endpoint.sandbox,
        "status": "completed",
        "outputs": [{"path": str(path), "url": "https://files/1.png", "media_type": "image/png"}],
        "cost": 0.01,
        "seconds": 3.2,
        "run_seconds": 3.0,
        "batch": prepared.rows.batch,
    }

    def work(db: sqlite3.Connection) -> None:
        with transaction(db):
            for row in prepared.source.read():
                digest = planner.source_of(row, prepared.source)
                digests = {"source": digest, "fingerprint": f"request {row.number}"}
                store.add(**facts, **digests, id=f"{row.number}", inputs=row.inputs, row=row.number)

    store._run(work)
    client.close()


def _resume(count: int) -> tuple[float, float, float]:
    """Return the seconds until `map` returns, until all is counted, and of one pass."""
    client, given = SegmindClient.instance(), _rows(count)
    client.models()  # an import less in what is measured
    start = time.perf_counter()
    batch = client.map(MODEL, given)
    returned = time.perf_counter() - start
    batch.wait()
    ended = time.perf_counter() - start
    if batch.reused != count:
        raise RuntimeError(f"Not all rows were found: {batch}")
    home = client.session.store.home
    client.close()
    return returned, ended, _pass(home / "journal.sqlite", batch.name)


def _pass(path: Path, name: str) -> float:
    db = sqlite3.connect(path)
    db.row_factory = sqlite3.Row
    start = time.perf_counter()
    for row in db.execute(_PASS, (name,)):
        _ = dict(row) | {column: json.loads(row[column]) for column in _JSON if row[column]}
    took = time.perf_counter() - start
    db.close()
    return took


if __name__ == "__main__":
    what, *given = sys.argv[1:] or [""]
    os.environ.setdefault("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    if what == "--fill":
        _fill(int(given[0]))
        print(0)
    elif what == "--resume":
        print(json.dumps(_resume(int(given[0]))))
    else:
        if what:
            ROWS = int(what)
        show(rows())
