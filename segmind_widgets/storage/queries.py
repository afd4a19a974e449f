"""Filters over the rows of the journal, as SQL."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import datetime, timezone
from typing import Any

from segmind_widgets.errors import InputError
from segmind_widgets.types import Status

_FINISHED = ", ".join(repr(str(status)) for status in Status if status.final)


def where(
    *,
    unfinished: bool = False,
    model: str = "",
    text: str = "",
    status: str | Iterable[str] | None = None,
    since: datetime | str | None = None,
    until: datetime | str | None = None,
    with_outputs: bool = False,
    sandbox: bool | None = None,
    batch: str | None = None,
    target: str = "",
    provider: str = "",
    place: str | None = None,
    keys: Iterable[str] | None = None,
    with_deleted: bool = False,
) -> tuple[str, list[Any]]:
    """Return the WHERE clause over `jobs` ("" for all rows), and its values.

    Args:
        unfinished: only those that may still change.
        model: a part of the model's or workflow's name, in any case.
        text: a part of any text among the inputs; ASCII letters in any case.
        status: one status, or several.
        since: created at this time or later; a datetime, or ISO 8601 in UTC.
        until: created before this time.
        with_outputs: only completed ones with results.
        sandbox: only those of a sandbox, or only real ones.
        batch: only the rows of that batch.
        target: the complete name of the model or workflow.
        provider: only those at this provider.
        place: only those at this base address.
        keys: only these rows.
        with_deleted: also those whose results were all deleted.
    """
    tests: list[str] = []
    values: list[Any] = []

    def add(test: str, *more: Any) -> None:
        tests.append(test)
        values.extend(more)

    if not with_deleted:
        add("(deleted IS NULL OR outputs != '[]')")
    if unfinished:
        add(f"status NOT IN ({_FINISHED})")  # must be the same text as in the index jobs_unfinished
    if status is not None:
        statuses = [status] if isinstance(status, str) else list(status)
        add(f"status IN ({_marks(statuses)})", *map(str, statuses))
    if model:
        add("target LIKE ? ESCAPE '\\'", f"%{escaped(model)}%")
    if text:
        add(
            "EXISTS (SELECT 1 FROM json_tree(jobs.inputs) AS part"
            " WHERE part.type = 'text' AND part.atom LIKE ? ESCAPE '\\')",
            f"%{escaped(text)}%",
        )
    if with_outputs:
        add("status = 'completed' AND outputs != '[]'")
    for test, exact in (
        ("created >= ?", since and moment(since)),
        ("created < ?", until and moment(until)),
        ("sandbox = ?", sandbox),
        ("batch = ?", batch),
        ("target = ?", target or None),
        ("provider = ?", provider or None),
        ("place = ?", place),
        ("key IN (SELECT value FROM json_each(?))", None if keys is None else json.dumps([*keys])),
    ):
        if exact is not None:
            add(test, exact)
    return (f"WHERE {' AND '.join(tests)}" if tests else ""), values


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


def _marks(values: Iterable[Any]) -> str:
    return ", ".join("?" for _ in values)
