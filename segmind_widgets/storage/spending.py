"""The cost of jobs, as reported by the services, summed over the journal.

A job is one row, so a request with several outputs is counted once. Only reported costs are
counted; a failed job, which is refunded, has none. A deleted job has cost what it cost.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Literal, get_args

from segmind_widgets.errors import InputError
from segmind_widgets.formatting import prompt_text
from segmind_widgets.storage.queries import moment
from segmind_widgets.storage.totals import COLUMNS, SUMS, key_of

By = Literal["model", "day", "notebook", "job"]
_SUMS = (
    "sum(jobs) AS jobs, sum(completed) AS completed, sum(usd) AS usd, sum(unpriced) AS unpriced,"
    " min(first) AS first, max(last) AS last"
)


@dataclass(frozen=True)
class SpendRow:
    """The cost of one model, day, notebook or job.

    `key` is the model's name, the local day (ISO 8601), the notebook ("" for none) or the job's id;
    `provider` that of a model or a job, else ""; `usd` the sum of reported costs; `unpriced` the
    number of jobs that completed, or ended as unknown, without a reported cost; `first` and `last`
    the times of the first and last submit (UTC, ISO 8601). Sandbox rows are not real money. Only a
    job has `model` and `prompt`.
    """

    key: str
    provider: str
    sandbox: bool
    jobs: int
    completed: int
    usd: float
    unpriced: int
    first: str
    last: str
    model: str = ""
    prompt: str = ""


def spend(
    db: sqlite3.Connection,
    by: By = "model",
    since: datetime | str | None = None,
    last: int | None = None,
) -> list[SpendRow]:
    """Return sums: real money first, then by descending cost (days and jobs: newest first).

    Args:
        db: the journal.
        by: the key of a row.
        since: only jobs created at this time or later.
        last: of days or jobs, only so many, the newest; None for all.

    Raises:
        InputError: `by` is none of model, day, notebook, job.
    """
    if by not in get_args(By):
        raise InputError(f"by={by!r} is not supported.", hint=f"Use {', '.join(get_args(By))}.")
    start = None if since is None else moment(since)
    most = -1 if last is None or by not in ("day", "job") else last
    if by == "job":
        return _spend_by_job(db, start or "", most)
    text, values = _all(by, most) if start is None else _since(by, start)
    rows = (SpendRow(row[0], row[1], bool(row[2]), *row[3:]) for row in db.execute(text, values))
    if by == "day":
        newest = sorted(rows, key=lambda row: row.key, reverse=True)[: most if most >= 0 else None]
        return sorted(newest, key=lambda row: row.sandbox)
    return sorted(rows, key=lambda row: (not row.sandbox, row.usd, row.last), reverse=True)


def _all(by: By, most: int) -> tuple[str, list[Any]]:
    text = f"SELECT {COLUMNS} FROM totals WHERE part = ? AND day = '' AND jobs > 0"
    return f"{text} ORDER BY name DESC LIMIT ?", [by, most]


def _since(by: By, start: str) -> tuple[str, list[Any]]:
    """Return the sums since a time: whole days are read from totals, the first one from rows."""
    day = datetime.fromisoformat(start).astimezone().date()
    morning, evening = (_morning(day + timedelta(days=days)) for days in (0, 1))
    where = f"part = '{by} since' AND day >= ?"
    if by == "day":
        where = "part = 'day' AND day = '' AND name >= ?"
    group = "GROUP BY 1, 2, 3 HAVING sum(jobs) > 0"
    if start <= morning:
        text = f"SELECT name, provider, sandbox, {_SUMS} FROM totals WHERE {where} {group}"
        return text, [day.isoformat()]
    rows = (
        f"SELECT {key_of(by)}, sandbox, {SUMS} FROM jobs INDEXED BY jobs_by_time"
        " WHERE created >= ? AND created < ? GROUP BY 1, 2, 3"
    )
    parts = f"SELECT {COLUMNS} FROM totals WHERE {where} UNION ALL SELECT * FROM ({rows})"
    text = f"SELECT name, provider, sandbox, {_SUMS} FROM ({parts}) {group}"
    return text, [(day + timedelta(days=1)).isoformat(), start, evening]


def _morning(day: date) -> str:
    return moment(datetime.combine(day, time()).astimezone())


def _spend_by_job(db: sqlite3.Connection, start: str, most: int) -> list[SpendRow]:
    rows = db.execute(
        "SELECT coalesce(id, key) AS name, provider, sandbox, status, cost, created, target, inputs"
        " FROM jobs INDEXED BY jobs_by_time WHERE created >= ?"
        " ORDER BY created DESC, rowid DESC LIMIT ?",
        (start, most),
    )
    found = [_spend_of(row) for row in rows]
    return sorted(found, key=lambda row: row.sandbox)


def _spend_of(row: Any) -> SpendRow:
    unpriced = row["cost"] is None and row["status"] in ("completed", "unknown")
    return SpendRow(
        row["name"],
        row["provider"],
        bool(row["sandbox"]),
        1,
        int(row["status"] == "completed"),
        row["cost"] or 0.0,
        int(unpriced),
        row["created"],
        row["created"],
        row["target"],
        prompt_text(json.loads(row["inputs"])),
    )


def models(db: sqlite3.Connection, *, completed: bool = False) -> list[tuple[str, str]]:
    """Return the name and the provider of each model or workflow in the journal.

    With `completed`, only of those with a completed job.
    """
    rows = db.execute(
        "SELECT DISTINCT name, provider FROM totals WHERE part = 'model' AND day = ''"
        " AND jobs > 0 AND completed >= ?",
        (int(completed),),
    )
    return [(row[0], row[1]) for row in rows]


def same(db: sqlite3.Connection, fingerprint: str, since: datetime | None = None) -> Any:
    """Return the newest row of a request: submitted since `since`, else completed."""
    marks, values = "status = 'completed' AND outputs != '[]' AND deleted IS NULL", []
    if since is not None:
        marks, values = "status NOT IN ('failed', 'cancelled') AND created >= ?", [moment(since)]
    return db.execute(
        f"SELECT * FROM jobs INDEXED BY jobs_by_fingerprint WHERE fingerprint = ? AND {marks}"
        " ORDER BY created DESC, rowid DESC LIMIT 1",
        [fingerprint, *values],
    ).fetchone()
