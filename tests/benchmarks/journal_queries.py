"""What panels and magics ask of a long journal, beside one indexed query of the same file.

    python tests/benchmarks/journal_queries.py [ROWS…] [--each]

The floor is a row by its key, read by `sqlite3` and `json.loads`. Each group's slowest query is
shown; `--each` shows all. A journal is made once, by the store's own API, and kept in the temporary
folder. The last row is a write to it while a gallery and a table of jobs are open and reload four
times a second, as they do while a batch runs, beside the same write without panels.
"""

from __future__ import annotations

import itertools
import json
import random
import sqlite3
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from table import Row, measured, show

from segmind_widgets.storage.database import transaction
from segmind_widgets.storage.migrations import VERSION
from segmind_widgets.storage.store import Store

SIZES = (1_000, 100_000, 1_000_000)
QUERY_AIM = 20  # times the floor
WRITE_AIM = 3  # times the 99th percentile without panels
_MOST = 1_001
_JSON = ("inputs", "next", "outputs", "trash")
_POINT = "SELECT * FROM jobs WHERE key = ?"
_RELOAD = 0.25  # seconds between two reloads of an open panel


def rows(*, tiny: bool = False, quick: bool = False) -> list[Row]:
    """Microseconds of a query, medians; milliseconds of a write, 99th percentiles."""
    sizes = (200,) if tiny else SIZES[:2] if quick else SIZES
    return [row for size in sizes for row in of_size(size, each=False, runs=3 if tiny else 15)]


def of_size(count: int, *, each: bool, runs: int = 15) -> list[Row]:
    """Return the figures of one journal, from processes of their own."""
    home = journal(count)
    floor, groups = measured(__file__, "--queries", home, runs)
    found = []
    for group, took in groups.items():
        shown = took if each else {max(took, key=took.__getitem__): max(took.values())}
        for name, micros in shown.items():
            what = f"journal of {count:,}: {name}" + ("" if each else f", slowest of {group}")
            found.append(Row(what, "µs", micros, "a row by its key", floor, QUERY_AIM * floor))
    alone, beside = (measured(__file__, "--write", home, panels, 100 * runs) for panels in (0, 2))
    what = f"journal of {count:,}: write beside 2 open panels, 99th percentile"
    return [*found, Row(what, "ms", beside, "without panels", alone, WRITE_AIM * alone)]


def journal(count: int) -> Path:
    """Return a folder whose journal has so many rows of a year; it is made if it is missing."""
    home = Path(tempfile.gettempdir()) / "segmind-benchmarks" / f"journal-{VERSION}-{count}"
    ready = home / "ready"
    if not ready.exists():
        store = Store(home)
        store._run(lambda db: _fill(db, store, count))
        store._texts._index()
        store.close()
        ready.touch()
    return home


def _fill(db: sqlite3.Connection, store: Store, count: int) -> None:
    dice, words = random.Random(1), _words()
    weights = [*itertools.accumulate(1 / (rank + 8) for rank in range(len(words)))]
    start, step = datetime.now(timezone.utc) - timedelta(days=365), timedelta(days=365) / count
    with transaction(db):
        for number in range(count):
            prompt = " ".join(dice.choices(words, cum_weights=weights, k=18))
            store.add(**_row(number, f"number {number}: {prompt}", start + step * number, dice))


def _words() -> list[str]:
    """Return words as often as they are in prompts: a few in most, most in a few."""
    dice = random.Random(2)
    syllables = ["".join(pair) for pair in itertools.product("bdfgklmnprstvz", "aeiou")]
    made = {"".join(dice.choices(syllables, k=dice.choice((1, 2, 2, 3, 4)))) for _ in range(8000)}
    return ["fox", "red", "snow", "light", *sorted(made)]


def _row(number: int, prompt: str, when: datetime, dice: random.Random) -> dict[str, Any]:
    moment = when.isoformat(timespec="milliseconds")
    failed = number % 50 == 7
    path = f"/home/me/results/{moment[:10]}/model-{number % 20:02}-{number:012}-1.jpg"
    output = {"path": path, "url": f"https://files/{number}.jpg", "media_type": "image/jpeg"}
    return {
        "id": f"job-{dice.getrandbits(64):016x}",
        "kind": "model",
        "target": f"model-{number % 20:02}",
        "provider": "segmind" if number % 20 < 15 else "apimart",
        "place": "https://api.segmind.com",
        "sandbox": number % 10 == 3,
        "created": moment,
        "updated": moment,
        "sent": moment,
        "inputs": {"prompt": prompt, "seed": number, "size": "1024x1024"},
        "status": "failed" if failed else "completed",
        "seconds": 3.2,
        "run_seconds": 3.0,
        "cost": None if failed else 0.01,
        "notebook": f"notebook-{number % 3}.ipynb",
        "fingerprint": f"{dice.getrandbits(256):064x}",
        "outputs": [] if failed else [output],
    }


def _queries(store: Store, job_id: str) -> Mapping[str, Mapping[str, Callable[[], Any]]]:
    """Return what panels and magics ask, by group and name."""
    today = datetime.combine(datetime.now().date(), datetime.min.time()).astimezone()
    month = today - timedelta(days=30)  # whole days, as %segmind_spend asks
    model, text = {"target": "model-03"}, {"text": "fox"}
    gallery = {"with_outputs": True}
    filters: dict[str, dict[str, Any]] = {
        "all": {}, "of a model": model, "failed": {"status": "failed"},
        "of a model, failed": {**model, "status": "failed"}, "with results": gallery,
        "with results of a model": {**gallery, **model}, "of a provider": {"provider": "apimart"},
        "of the sandbox": {"sandbox": True}, "unfinished": {"unfinished": True},
        "of models by a part": {"model": "model-0"},
    }  # fmt: skip
    searches = {
        "a word": text, "a word, with results": {**text, **gallery},
        "a word, of a model": {**text, **model}, "a part of a word": {"text": "oxsn"},
        "two letters": {"text": "fo"}, "a phrase": {"text": "red fox snow"},
        "one row's words": {"text": "number 77:"}, "nothing": {"text": "zzzz"},
    }  # fmt: skip
    return {
        "pages": {f"page {n}": lambda f=f: store.jobs(24, **f) for n, f in filters.items()}
        | {"tenth page": lambda: store.jobs(24, offset=240, **gallery)},
        "counts": {f"count {n}": lambda f=f: store.count(_MOST, **f) for n, f in filters.items()},
        "searches": {f"search {n}": lambda f=f: store.jobs(24, **f) for n, f in searches.items()},
        "counts of searches": {
            f"count of {n}": lambda f=f: store.count(_MOST, **f) for n, f in searches.items()
        },
        "sums": {
            "names of models": store.models,
            "spending by model": lambda: store.spend("model"),
            "spending by notebook": lambda: store.spend("notebook"),
            "spending by day": lambda: store.spend("day", last=40),
            "spending by job": lambda: store.spend("job", last=40),
            "spending of a month": lambda: store.spend("model", month),
        },
        "single rows": {
            "a job by its id": lambda: store.job(job_id),
            "a job by a prefix": lambda: store.job(job_id[:14]),
            "own runs": lambda: store.own_runs(
                "model-03", "segmind", "https://api.segmind.com", 60
            ),
            "own runs on the sandbox": lambda: store.own_runs("model-04", "segmind", None, 60),
            "the same request": lambda: store.same("f"),
            "a lost request": lambda: store.lost("f"),
            "an upload of that size": lambda: store.has_size(1, "https://a"),
            "uploads": lambda: store.uploads("https://a", 20),
        },
    }


def _time_queries(home: Path, runs: int) -> tuple[float, dict[str, dict[str, float]]]:
    store = Store(home)
    store._texts._index()  # the rows that were written by earlier measurements
    plain = sqlite3.connect(home / "journal.sqlite")
    plain.row_factory = sqlite3.Row
    (last,) = plain.execute("SELECT max(rowid) FROM jobs").fetchone()
    dice = random.Random(3)
    sample = [
        plain.execute("SELECT key, id FROM jobs WHERE rowid = ?", (dice.randint(1, last),))
        for _ in range(200)
    ]
    keys = [row.fetchone() for row in sample]

    def point(key: str) -> dict[str, Any]:
        row = dict(plain.execute(_POINT, (key,)).fetchone())
        return row | {name: json.loads(row[name]) for name in _JSON if row[name]}

    floor = statistics.median(_micros(lambda key=key: point(key["key"])) for key in keys)
    took = {
        group: {
            name: statistics.median(_micros(query) for _ in range(runs + 1))
            for name, query in queries.items()
        }
        for group, queries in _queries(store, keys[0]["id"]).items()
    }
    plain.close()
    store.close()
    return floor, took


def _micros(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1e6


def _time_writes(home: Path, panels: int, writes: int) -> float:
    """Return the 99th percentile of a job's three writes, in milliseconds."""
    from segmind_widgets import SegmindClient
    from segmind_widgets.panels import find

    client = SegmindClient(home=str(home), provider="sandbox")
    store = client.session.store
    opened = [find(name)(client=client) for name in ("gallery", "jobs")[:panels]]
    for panel in opened:
        if panel.title == "Jobs":
            panel.earlier.value = True
    end = threading.Event()

    def reload() -> None:
        while not end.wait(_RELOAD):
            for panel in opened:
                panel._reload()

    thread = threading.Thread(target=reload)
    thread.start()
    took = []
    for number in range(writes):
        row = _row(number, "a fox", datetime.now(timezone.utc), random.Random())
        row |= {"status": "submitting", "outputs": [], "batch": "benchmark"}
        took.append(_micros(lambda row=row: _write(store, row)) / 1000)
        time.sleep(0.002)  # as replies come, not one upon the other
    end.set()
    thread.join()
    for panel in opened:
        panel.close()
    client.close()
    return sorted(took)[int(len(took) * 0.99)]


def _write(store: Store, row: dict[str, Any]) -> None:
    output = [{"path": "/home/me/results/a.jpg", "media_type": "image/jpeg"}]
    key = store.add(**row)
    store.update(key, status="processing")
    store.update(key, status="completed", cost=0.01, outputs=output)


def main(arguments: list[str]) -> None:
    sizes = [int(word) for word in arguments if word.isdigit()] or SIZES
    each = "--each" in arguments
    show(row for size in sizes for row in of_size(size, each=each))


if __name__ == "__main__":
    what, *given = sys.argv[1:] or [""]
    if what == "--queries":
        print(json.dumps(_time_queries(Path(given[0]), int(given[1]))))
    elif what == "--write":
        print(json.dumps(_time_writes(Path(given[0]), int(given[1]), int(given[2]))))
    else:
        main(sys.argv[1:])
