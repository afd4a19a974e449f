"""Filters over the rows of the journal, as SQL that reads through a named index.

The index is chosen here and not by SQLite, which has no statistics of a journal that grows: so a
page takes as long over a million rows as over a thousand.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Any

from segmind_widgets.errors import InputError
from segmind_widgets.types import Status

_FINISHED = ", ".join(repr(str(status)) for status in Status if status.final)
# these must be the same text as in the indexes
SHOWN = "deleted IS NULL OR outputs != '[]'"
WITH_OUTPUTS = "status = 'completed' AND outputs != '[]'"
_UNFINISHED = f"status NOT IN ({_FINISHED})"
HAS_TEXT = (
    "EXISTS (SELECT 1 FROM json_tree(jobs.inputs) AS part"
    " WHERE part.type = 'text' AND part.atom LIKE ? ESCAPE '\\')"
)
_MAX_BRANCHES = 100  # of a page; SQLite joins at most 500
_NEWEST = "ORDER BY created DESC, rowid DESC LIMIT ?"


@dataclass(frozen=True, kw_only=True)
class Filters:
    """Tests of rows; all must hold.

    Attributes:
        unfinished: only those that may still change.
        text: a part of any text among the inputs; in any case.
        status: one status, or several.
        since: created at this time or later; a datetime, or ISO 8601 in UTC.
        until: created before this time.
        with_outputs: only completed ones with results.
        sandbox: only those of a sandbox, or only real ones.
        batch: only the rows of that batch.
        targets: the complete names of models or workflows, of which one is meant; None: any.
        provider: only those at this provider.
        keys: only these rows.
    """

    unfinished: bool = False
    text: str = ""
    status: str | Iterable[str] | None = None
    since: datetime | str | None = None
    until: datetime | str | None = None
    with_outputs: bool = False
    sandbox: bool | None = None
    batch: str | None = None
    targets: Sequence[str] | None = None
    provider: str = ""
    keys: Iterable[str] | None = None

    @property
    def statuses(self) -> list[str] | None:
        """Return the statuses, None for any."""
        if self.status is None:
            return None
        return [self.status] if isinstance(self.status, str) else [str(s) for s in self.status]

    @property
    def is_narrow(self) -> bool:
        """Return whether few rows can match, however long the journal."""
        return self.unfinished or self.batch is not None or self.keys is not None


@dataclass(frozen=True)
class Where:
    """A condition over `jobs`, its values, and the index to read, "" for SQLite's choice."""

    sql: str
    values: Sequence[Any]
    index: str = ""

    @property
    def source(self) -> str:
        """Return the FROM and WHERE clauses."""
        index = f" INDEXED BY {self.index}" if self.index else ""
        return f"FROM jobs{index}{f' WHERE {self.sql}' if self.sql else ''}"


def page(filters: Filters, last: int, offset: int = 0) -> tuple[str, list[Any]]:
    """Return the statement of a page of rows, the newest first, and its values."""
    branches = _branches(filters)
    if len(branches) == 1:
        (one,) = branches
        return f"SELECT * {one.source} {_NEWEST} OFFSET ?", [*one.values, last, offset]
    each, values = _union(
        "rowid AS at, created", branches, _NEWEST, last + offset if last >= 0 else -1
    )
    text = (
        f"SELECT jobs.* FROM ({each}) AS page CROSS JOIN jobs ON jobs.rowid = page.at"
        " ORDER BY page.created DESC, page.at DESC LIMIT ? OFFSET ?"
    )
    return text, [*values, last, offset]


def count(filters: Filters, most: int = -1) -> tuple[str, list[Any]]:
    """Return the statement of a number of rows, at most `most`, and its values."""
    each, values = _union("1", _branches(filters), "LIMIT ?", most)
    return f"SELECT count(*) FROM (SELECT 1 FROM ({each}) LIMIT ?)", [*values, most]


def own_runs(*, on_sandbox: bool) -> str:
    """Return the statement of the newest completed runs of a model, the deleted ones included.

    Its values are, by name, target, provider, place and last. Sandboxes count as one, whatever
    their places.
    """
    branch = (
        "SELECT kind, inputs, cost, run_seconds, created, rowid AS at FROM jobs"
        " INDEXED BY jobs_of_target WHERE target = :target AND provider = :provider"
        " AND status = 'completed' AND sandbox = {}"
        f"{'' if on_sandbox else ' AND place = :place'}"
        " ORDER BY created DESC, rowid DESC LIMIT :last"
    )
    parts = (f"SELECT * FROM ({branch.format(kind)})" for kind in ((1,) if on_sandbox else (0, 1)))
    return f"{' UNION ALL '.join(parts)} ORDER BY created DESC, at DESC LIMIT :last"


def _union(columns: str, branches: Sequence[Where], tail: str, most: int) -> tuple[str, list[Any]]:
    parts = (f"SELECT * FROM (SELECT {columns} {one.source} {tail})" for one in branches)
    return " UNION ALL ".join(parts), [v for one in branches for v in (*one.values, most)]


def _branches(filters: Filters) -> list[Where]:
    """Return conditions of which exactly one holds for a row; each can read one index in order."""
    rest, index = remainder(filters), _index(filters)
    targets, statuses = filters.targets, filters.statuses
    if filters.is_narrow or len(targets or ()) * len(statuses or "1") > _MAX_BRANCHES:
        if not filters.is_narrow:
            index = _index(replace(filters, targets=None, status=None))
        return [_where([*rest, *_among("target", targets), *_among("status", statuses)], index)]
    return [
        _where([*_is("target", target), *_is("status", status), *rest], index)
        for target in ([None] if targets is None else targets or [""])
        for status in ([None] if statuses is None else statuses or [""])
    ]


def condition(filters: Filters) -> Where:
    """Return all tests but that of the text, for rows that are found without an index."""
    tests = [
        *_among("target", filters.targets),
        *_among("status", filters.statuses),
        *remainder(filters, has_text=False),
    ]
    return _where(tests)


def remainder(filters: Filters, *, has_text: bool = True) -> list[tuple[str, list[Any]]]:
    """Return the tests of all but targets and statuses, with their values."""
    tests: list[tuple[str, list[Any]]] = []
    if filters.unfinished:
        tests.append((_UNFINISHED, []))
    if filters.with_outputs:
        tests.append((WITH_OUTPUTS, []))
    else:
        tests.append((f"({SHOWN})", []))
    if filters.text and has_text:
        tests.append((HAS_TEXT, [f"%{escaped(filters.text)}%"]))
    if filters.keys is not None:
        tests.append(("key IN (SELECT value FROM json_each(?))", [json.dumps([*filters.keys])]))
    since, until = filters.since, filters.until
    for test, value in (
        ("created >= ?", since and moment(since)),
        ("created < ?", until and moment(until)),
        ("sandbox = ?", filters.sandbox),
        ("batch = ?", filters.batch),
        ("provider = ?", filters.provider or None),
    ):
        if value is not None:
            tests.append((test, [value]))
    return tests


def _index(filters: Filters) -> str:
    """Return the name of the index that has the fewest rows to read."""
    has_target, has_status = filters.targets is not None, filters.status is not None
    if filters.keys is not None:
        return "sqlite_autoindex_jobs_1"
    if filters.batch is not None:
        return "jobs_by_batch"
    if filters.unfinished:
        return "jobs_unfinished"
    if filters.with_outputs:
        return "jobs_viewed_by_target" if has_target else "jobs_viewed"
    for name, is_given in (
        ("jobs_shown_by_target_status", has_target and has_status),
        ("jobs_shown_by_target", has_target),
        ("jobs_shown_by_status", has_status),
        ("jobs_shown_by_provider", bool(filters.provider)),
        ("jobs_shown_by_sandbox", filters.sandbox is not None),
    ):
        if is_given:
            return name
    return "jobs_shown"


def _is(column: str, value: str | None) -> list[tuple[str, list[Any]]]:
    return [] if value is None else [(f"{column} = ?", [value])]


def _among(column: str, values: Sequence[str] | None) -> list[tuple[str, list[Any]]]:
    if values is None:
        return []
    return [(f"{column} IN (SELECT value FROM json_each(?))", [json.dumps([*values])])]


def _where(tests: Sequence[tuple[str, list[Any]]], index: str = "") -> Where:
    return Where(" AND ".join(test for test, _ in tests), [v for _, vs in tests for v in vs], index)


def escaped(text: str) -> str:
    """Return a LIKE pattern that matches the text literally, with the backslash as ESCAPE."""
    return re.sub(r"([%_\\])", r"\\\1", text)


def moment(when: datetime | str) -> str:
    """Return a time as the journal writes it: UTC, ISO 8601 with milliseconds.

    A naive datetime is local time, a text without a zone is UTC.

    Raises:
        InputError: the text is not ISO 8601.
    """
    if isinstance(when, str):
        try:
            moment = datetime.fromisoformat(when.strip().replace("Z", "+00:00"))
        except ValueError:
            raise InputError(
                f"{when!r} is not a time.",
                hint="Give a datetime, or ISO 8601 such as 2026-11-21 or 2026-11-21T10:00:00Z.",
            ) from None
        when = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
    return when.astimezone(timezone.utc).isoformat(timespec="milliseconds")
