"""The cost of jobs, as reported by the services, summed over the journal.

A job is one row, so a request with several outputs is counted once. Only reported costs are
counted; a failed job, which is refunded, has none. A deleted job has cost what it cost.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from segmind_widgets.errors import InputError
from segmind_widgets.formatting import prompt_text
from segmind_widgets.storage.queries import moment, where

By = Literal["model", "day", "notebook", "job"]
_KEYS = {
    "model": "target",
    "day": "date(created, 'localtime')",
    "notebook": "coalesce(notebook, '')",
    "job": "coalesce(id, key)",
}


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
    db: sqlite3.Connection, by: By = "model", since: datetime | str | None = None
) -> list[SpendRow]:
    """Return sums: real money first, then by descending cost (days and jobs: newest first).

    Raises:
        InputError: `by` is none of model, day, notebook, job.
    """
    if by not in _KEYS:
        raise InputError(f"by={by!r} is not supported.", hint=f"Use {', '.join(_KEYS)}.")
    order = "last DESC" if by in ("day", "job") else "usd DESC, last DESC"
    provider = "provider" if by in ("model", "job") else "''"
    job = "target AS model, inputs" if by == "job" else "'' AS model, '{}' AS inputs"
    tests, values = where(since=since, with_deleted=True)
    rows = db.execute(
        f"SELECT {_KEYS[by]} AS name, {provider} AS at, sandbox, count(*) AS jobs,"  # noqa: S608 - constants
        " sum(status = 'completed') AS completed, coalesce(sum(cost), 0.0) AS usd,"
        " sum(cost IS NULL AND status IN ('completed', 'unknown')) AS unpriced,"
        f" min(created) AS first, max(created) AS last, {job}"
        f" FROM jobs {tests} GROUP BY name, at, sandbox ORDER BY sandbox, {order}, max(rowid) DESC",
        values,
    ).fetchall()
    return [
        SpendRow(
            row["name"],
            row["at"],
            bool(row["sandbox"]),
            row["jobs"],
            row["completed"],
            row["usd"],
            row["unpriced"],
            row["first"],
            row["last"],
            row["model"],
            prompt_text(json.loads(row["inputs"])),
        )
        for row in rows
    ]


def spent(
    db: sqlite3.Connection, since: datetime | str | None = None, *, sandbox: bool = False
) -> float:
    """Return the USD that jobs since `since` have cost."""
    tests, values = where(since=since, sandbox=sandbox, with_deleted=True)
    row = db.execute(f"SELECT coalesce(sum(cost), 0.0) FROM jobs {tests}", values)  # noqa: S608 - constants
    return row.fetchone()[0]


def in_flight(
    db: sqlite3.Connection, since: datetime | str | None = None, *, sandbox: bool = False
) -> float:
    """Return the expected USD of unfinished jobs since `since`, minus the reported costs."""
    tests, values = where(since=since, sandbox=sandbox, unfinished=True)
    row = db.execute(
        f"SELECT coalesce(sum(max(0, estimate - coalesce(cost, 0))), 0.0) FROM jobs {tests}",  # noqa: S608 - constants
        values,
    )
    return row.fetchone()[0]


def same(db: sqlite3.Connection, fingerprint: str, since: datetime | None = None) -> Any:
    """Return the newest row of a request: submitted since `since`, else completed."""
    marks, values = "status = 'completed' AND outputs != '[]' AND deleted IS NULL", []
    if since is not None:
        marks, values = "status NOT IN ('failed', 'cancelled') AND created >= ?", [moment(since)]
    return db.execute(
        f"SELECT * FROM jobs WHERE fingerprint = ? AND {marks}"  # noqa: S608 - constants
        " ORDER BY created DESC, rowid DESC LIMIT 1",
        [fingerprint, *values],
    ).fetchone()
