"""What views ask of the journal: found by an index, however long it is, and found rightly."""

from __future__ import annotations

import sqlite3
import string
import tempfile
import threading
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmind_widgets.background import run_in_background
from segmind_widgets.client import SegmindClient
from segmind_widgets.errors import StoreError
from segmind_widgets.formatting import MANY, count_text
from segmind_widgets.panels import find
from segmind_widgets.sandbox import Sandbox
from segmind_widgets.storage.database import transaction
from segmind_widgets.storage.spending import SpendRow
from segmind_widgets.storage.store import Store
from tests.panels.test_jobs import FAST, add
from tests.shells import Shell, open_shell
from tests.waits import until

_WORDS = st.text(string.ascii_letters + " .,\"'%_*-^()\né狐雪山水🦊", min_size=1, max_size=12)
_FEW = ("INDEX jobs_with_trash", "INDEX jobs_unfinished")  # partial ones, with few rows
_SORTED = ("USE TEMP B-TREE FOR ORDER BY", "USE TEMP B-TREE FOR LAST TERM OF ORDER BY")


@pytest.fixture
def shell(sandbox: Sandbox, tmp_path: Path) -> Iterator[Shell]:
    with open_shell(tmp_path, sandbox) as opened:
        yield opened


@pytest.fixture
def seen(shell: Shell) -> Iterator[list[str]]:
    """All statements that reach the journal."""
    statements: list[str] = []
    file = shell.client.session.store._file
    for reach in (file.run, file.read):
        reach(lambda db: db.set_trace_callback(statements.append))
    yield statements
    for reach in (file.run, file.read):
        reach(lambda db: db.set_trace_callback(None))


def _panel(name: str, client: SegmindClient, argument: str = "") -> Any:
    panel = find(name)(argument, client=client)
    panel.search.model.value = panel.search.model.options[-1][1]
    panel._reload()
    return panel


def _jobs_panel(client: SegmindClient) -> Any:
    panel = _panel("jobs", client, "fox")
    panel.earlier.value = True
    for state in ("", "running", "failed"):
        panel.status.value = state
        panel._reload()
    return panel


def _form(client: SegmindClient) -> Any:
    panel = find("run")(FAST, client=client)
    until(lambda: panel.cost.value)  # which a thread reads
    return panel


_VIEWS = {
    "the gallery": lambda shell: _panel("gallery", shell.client).close(),
    "a search in the gallery": lambda shell: _panel("gallery", shell.client, "fox").close(),
    "the jobs": lambda shell: _jobs_panel(shell.client).close(),
    "a form": lambda shell: _form(shell.client).close(),
    "uploads": lambda shell: shell.client.session.store.uploads("https://a", 20),
    "an upload": lambda shell: shell.client.session.store.has_size(7, "https://a"),
    **{
        line: lambda shell, line=line: shell.run(line)
        for line in (
            "%segmind_status",
            "%segmind_jobs",
            "%segmind_jobs --last 3",
            "%segmind_jobs --model flux --status failed",
            "%segmind_jobs --model zzz",
            "%segmind_jobs --unfinished",
            "%segmind_jobs --text fox --last 1",
            "%segmind_jobs --text fo --last 1",
            "%segmind_jobs --text f --status completed",
            "%segmind_jobs -p segmind",
            "%segmind_jobs -p sandbox",
            "%segmind_jobs job-0001",
            "%segmind_jobs --resume",
            "%segmind_jobs --stop",
            "%segmind_jobs --clean --older 3",
            "%segmind_spend",
            "%segmind_spend --by day",
            "%segmind_spend --by notebook --since 7",
            "%segmind_spend --by day --since 0.5",
            "%segmind_spend --by job",
            f"%segmind_run {FAST} prompt=fox --dry-run",
            f"%segmind_run {FAST} prompt=fox seed=7 --reuse",
        )
    },
}


@pytest.mark.parametrize("view", _VIEWS)
def test_no_query_of_a_view_reads_the_whole_journal(
    shell: Shell, seen: list[str], view: str
) -> None:
    for number in range(60):
        status = "failed" if number % 9 == 0 else "completed"
        outputs = [] if status == "failed" else [{"path": f"/{number}"}]
        inputs = {"prompt": f"a fox, {number}"}
        add(shell.client, id=f"job-{number:04}", status=status, outputs=outputs, inputs=inputs)
    seen.clear()
    _VIEWS[view](shell)
    statements = [text for text in dict.fromkeys(seen) if text.startswith(("SELECT", "UPDATE"))]
    assert statements
    for text in statements:
        file = shell.client.session.store._file
        plan = file.run(lambda db, t=text: db.execute(f"EXPLAIN QUERY PLAN {t}").fetchall())
        steps = [row[3] for row in plan]
        for step in steps:
            if not step.startswith(("SCAN jobs", "SCAN totals", "SCAN uploads")):
                continue
            if step.endswith(_FEW):
                continue
            assert " INDEX jobs_" in step, (text, steps)
            assert "LIMIT" in text, (text, steps)
            assert not set(steps) & set(_SORTED), (text, steps)


@settings(max_examples=30)
@given(
    st.lists(st.tuples(_WORDS, _WORDS), min_size=1, max_size=8),
    st.integers(0, 8),
    st.data(),
)
def test_a_search_finds_every_part_of_a_text(
    rows: list[tuple[str, str]], indexed: int, data: st.DataObject
) -> None:
    text, other = data.draw(st.sampled_from(rows))
    start = data.draw(st.integers(0, len(text) - 1))
    part = text[start : start + data.draw(st.integers(3, 12))]
    part = part if len(part) > 2 or not part.isascii() else other
    with tempfile.TemporaryDirectory() as home:
        store = Store(Path(home))
        keys = []
        for number, (prompt, style) in enumerate(rows):
            if number == indexed:
                store._texts._index()
            row = {"provider": "segmind", "place": "", "sandbox": False, "kind": "model"}
            inputs = {"prompt": prompt, "deep": [{"style": style}], "seed": 7}
            keys.append(store.add(**row, target="m", inputs=inputs, status="completed"))
        found = {row["key"] for row in store.jobs(100, text=part)}
        count = store.count(text=part)
        store.close()
    expected = {
        key
        for key, texts in zip(keys, rows, strict=True)
        if any(part.lower() in text.lower() for text in texts)
    }
    if len(part) > 2 or not part.isascii():
        assert found == expected
    assert count == len(found)


@pytest.mark.parametrize("text", ["4k", "4K", "狐", "狐狸", "sunflower", "unflow"])
def test_short_words_are_found_in_the_whole_journal(client: SegmindClient, text: str) -> None:
    store = client.session.store
    wanted = add(client, inputs={"prompt": "sunflower, 4k，红色的狐狸"})
    for number in range(300):
        add(client, inputs={"prompt": f"number {number}"})
    store._texts._index()
    assert [row["key"] for row in store.jobs(5, text=text)] == [wanted]
    assert store.count(text=text) == 1


def test_a_search_indexes_what_is_new(client: SegmindClient) -> None:
    store = client.session.store
    for number in range(200):
        add(client, inputs={"prompt": f"number {number}."})
    assert store.count(text="number 1") == 111
    assert store._read(lambda db: db.execute("SELECT upto FROM searched").fetchone()[0]) == 200
    add(client, inputs={"prompt": "number 1"})
    assert store.count(text="number 1") == 112, "read as it is"


_STATUS = st.sampled_from(["queued", "completed", "failed", "unknown"])
_MONEY = st.sampled_from([None, 0.01, 0.25, 3.0])
_TIMES = [
    f"2026-01-{day}T{time}:30:00.000+00:00" for day in (11, 12) for time in ("00", "12", "23")
]
_FACTS = {
    "target": st.sampled_from(["flux", "sdxl"]),
    "provider": st.sampled_from(["segmind", "apimart"]),
    "sandbox": st.booleans(),
    "status": _STATUS,
    "cost": _MONEY,
    "notebook": st.sampled_from([None, "a.ipynb"]),
    "created": st.sampled_from(_TIMES),
}
_CHANGES = st.fixed_dictionaries({}, optional={name: _FACTS[name] for name in _FACTS})


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.fixed_dictionaries(_FACTS), _CHANGES), max_size=8),
    st.sampled_from([None, *_TIMES]),
)
def test_totals_are_the_sums_of_the_rows(
    rows: list[tuple[dict[str, Any], dict[str, Any]]], since: str | None
) -> None:
    with tempfile.TemporaryDirectory() as home:
        store = Store(Path(home))
        for facts, changes in rows:
            key = store.add(kind="model", place="", inputs={}, **facts)
            if changes:
                store.update(key, **changes)
        told = {by: store.spend(by, since) for by in ("model", "notebook", "day")}
        models = store.models()
        store.close()
    final = [{**facts, **changes} for facts, changes in rows]
    assert sorted(models) == sorted({(row["target"], row["provider"]) for row in final})
    counted = [row for row in final if since is None or row["created"] >= since]
    for by, totals in told.items():
        assert {_facts(total) for total in totals} == set(_sums(by, counted)), by


def _facts(total: SpendRow) -> tuple[Any, ...]:
    return (
        total.key, total.provider, total.sandbox, total.jobs, total.completed,
        round(total.usd, 9), total.unpriced,
    )  # fmt: skip


def _sums(by: str, rows: list[dict[str, Any]]) -> Iterator[tuple[Any, ...]]:
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in rows:
        day = datetime.fromisoformat(row["created"]).astimezone().date().isoformat()
        name = {"model": row["target"], "notebook": row["notebook"] or "", "day": day}[by]
        provider = row["provider"] if by == "model" else ""
        groups.setdefault((name, provider, row["sandbox"]), []).append(row)
    for key, group in groups.items():
        completed = sum(row["status"] == "completed" for row in group)
        unpriced = sum(
            row["cost"] is None and row["status"] in ("completed", "unknown") for row in group
        )
        yield (
            *key,
            len(group),
            completed,
            round(sum(row["cost"] or 0 for row in group), 9),
            unpriced,
        )


def test_counts_stop(client: SegmindClient) -> None:
    for number in range(30):
        add(client, status="completed", inputs={"prompt": f"number {number}"})
    assert client.count() == 30
    for filters in ({}, {"model": FAST[:4]}, {"status": ["completed", "failed"]}, {"text": "num"}):
        assert client.count(12, **filters) == 12, filters
    assert [count_text(count) for count in (0, MANY, MANY + 1)] == ["0", "1,000", "1,000+"]


def test_a_view_does_not_wait_for_a_write(client: SegmindClient) -> None:
    """Another kernel's, which holds the file, and this one's, which holds the connection."""
    store = client.session.store
    key, begun, seen = add(client, status="queued"), threading.Event(), threading.Event()

    def write(db: sqlite3.Connection) -> bool:
        with transaction(db):
            db.execute("UPDATE jobs SET status = 'failed' WHERE key = ?", (key,))
            begun.set()
            return seen.wait(10)

    held = run_in_background(lambda: store._run(write))
    assert begun.wait(10)
    assert (store.count(), store.jobs(1)[0]["status"]) == (1, "queued")
    assert store.spend()[0].jobs == 1
    seen.set()
    assert held(10), "it was waiting all the time"
    assert store.jobs(1)[0]["status"] == "failed"


def test_a_journal_that_is_replaced_is_read_anew(tmp_path: Path) -> None:
    store = Store(tmp_path)
    row = {"provider": "segmind", "place": "", "sandbox": False, "kind": "model", "inputs": {}}
    store.add(**row, target="m", status="queued")
    assert store.count() == 1
    store._file._replace(sqlite3.DatabaseError("database disk image is malformed"))
    store.add(**row, target="n", status="queued")
    assert {one["target"] for one in store.jobs()} == {"m", "n"}
    store.close()
    with pytest.raises(StoreError):
        store.jobs()
