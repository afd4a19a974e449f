"""Totals of cost, kept by triggers, so that no question about spending reads every row.

The table has a row for each value of a part: "model" (its name and provider), "notebook" and "day",
each also by whether it was a sandbox; and the first two for each day, from which the sums since a
day are made. Columns that are not of the part are "". A day is the local one where the job ran.
"""

from __future__ import annotations

from collections.abc import Iterable

_DAY = "coalesce(date({0}.created, 'localtime'), '')"
_COMPLETED = "({0}.status = 'completed')"
_UNPRICED = "({0}.cost IS NULL AND {0}.status IN ('completed', 'unknown'))"
_USD = "coalesce({0}.cost, 0.0)"
_KEYS = ("target", "provider", "sandbox", "notebook", "created")
_PARTS = {  # name → day, name, provider, as SQL of a row
    "model": ("''", "{0}.target", "{0}.provider"),
    "notebook": ("''", "coalesce({0}.notebook, '')", "''"),
    "day": ("''", _DAY, "''"),
    "model since": (_DAY, "{0}.target", "{0}.provider"),
    "notebook since": (_DAY, "coalesce({0}.notebook, '')", "''"),
}
_KEY = "part, day, name, provider, sandbox"
COLUMNS = "name, provider, sandbox, jobs, completed, usd, unpriced, first, last"
_ADD = f"""
ON CONFLICT ({_KEY}) DO UPDATE SET
    jobs = jobs + excluded.jobs, completed = completed + excluded.completed,
    usd = usd + excluded.usd, unpriced = unpriced + excluded.unpriced,
    first = min(first, excluded.first), last = max(last, excluded.last);"""
SUMS = f"""count(*) AS jobs, coalesce(sum({_COMPLETED}), 0) AS completed, sum({_USD}) AS usd,
    sum({_UNPRICED}) AS unpriced, min(created) AS first, max(created) AS last""".format("jobs")
"""The columns of a total, as aggregates over rows of `jobs`."""


def _change(row: str, amounts: Iterable[str]) -> str:
    """Return the statement that adds amounts to the totals of NEW or OLD."""
    values = ", ".join([*amounts, f"{row}.created", f"{row}.created"])
    rows = ", ".join(
        f"('{part}', {', '.join(keys).format(row)}, {row}.sandbox, {values})"
        for part, keys in _PARTS.items()
    )
    return f"INSERT INTO totals VALUES {rows} {_ADD}"


def _amounts(row: str, sign: str = "") -> list[str]:
    parts = ("1", _COMPLETED.format(row), _USD.format(row), _UNPRICED.format(row))
    return [f"{sign}{part}" for part in parts]


def _difference() -> list[str]:
    new, old = _amounts("NEW"), _amounts("OLD")
    return [f"{after} - {before}" for after, before in zip(new, old, strict=True)]


def _trigger(name: str, when: str, *changes: str) -> str:
    return f"CREATE TRIGGER totals_{name} AFTER {when} BEGIN {' '.join(changes)} END"


_MOVED = " OR ".join(f"OLD.{name} IS NOT NEW.{name}" for name in _KEYS)
_CHANGED = " OR ".join(
    f"{after} != {before}"
    for after, before in zip(_amounts("NEW")[1:], _amounts("OLD")[1:], strict=True)
)
SCHEMA = (
    """
CREATE TABLE totals (              -- see totals.py
    part TEXT NOT NULL, day TEXT NOT NULL, name TEXT NOT NULL, provider TEXT NOT NULL,
    sandbox INTEGER NOT NULL,
    jobs INTEGER NOT NULL, completed INTEGER NOT NULL, usd REAL NOT NULL,
    unpriced INTEGER NOT NULL, first TEXT NOT NULL, last TEXT NOT NULL,
    PRIMARY KEY (part, day, name, provider, sandbox)
) WITHOUT ROWID""",
    *(
        f"INSERT INTO totals SELECT '{part}', {', '.join(keys).format('jobs')}, sandbox, {SUMS}"
        " FROM jobs GROUP BY 2, 3, 4, 5"
        for part, keys in _PARTS.items()
    ),
    _trigger("add", "INSERT ON jobs", _change("NEW", _amounts("NEW"))),
    _trigger(
        "change",
        f"UPDATE OF status, cost ON jobs WHEN NOT ({_MOVED}) AND ({_CHANGED})",
        _change("NEW", _difference()),
    ),
    _trigger(
        "move",
        f"UPDATE OF {', '.join(_KEYS)} ON jobs WHEN {_MOVED}",
        _change("OLD", _amounts("OLD", "-")),
        _change("NEW", _amounts("NEW")),
    ),
)
"""The statements of the migration that adds the totals."""


def key_of(part: str) -> str:
    """Return the name and the provider of a total, as SQL over `jobs`."""
    _, name, provider = _PARTS[part]
    return f"{name.format('jobs')} AS name, {provider.format('jobs')} AS provider"
