"""The caches of uploads by content, of fetched pages, and of the forms that services accept."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any, TypeVar

from segmind_widgets.storage.database import now
from segmind_widgets.types import Uploaded

T = TypeVar("T")


class Cache:
    """The tables of uploads, pages and forms; a `Store` has them.

    Args:
        run: `Database.run`.
    """

    def __init__(self, run: Callable[[Callable[[sqlite3.Connection], Any]], Any]) -> None:
        self._run = run

    def uploaded(self, sha256: str, upload_url: str) -> Uploaded | None:
        """Return the upload of this content if its URL is valid for another hour, or None."""
        soon = (datetime.now(timezone.utc) + timedelta(hours=1)).isoformat(timespec="seconds")
        row = self._run(
            lambda db: db.execute(
                "SELECT url, expires_at FROM uploads WHERE sha256 = ? AND place = ?"
                " AND (expires_at IS NULL OR expires_at > ?)",
                (sha256, upload_url, soon),
            ).fetchone()
        )
        return Uploaded(row["url"], row["expires_at"]) if row else None

    def uploaded_file(self, url: str) -> tuple[str, str] | None:
        """Return path and hex digest (SHA-256) of the file that was uploaded to a URL, or None."""
        row = self._run(
            lambda db: db.execute(
                "SELECT path, sha256 FROM uploads WHERE url = ? AND path <> '' LIMIT 1", (url,)
            ).fetchone()
        )
        return (row["path"], row["sha256"]) if row else None

    def has_size(self, size: int, upload_url: str) -> bool:
        """Return whether a file of that many bytes was uploaded there."""
        row = self._run(
            lambda db: db.execute(
                "SELECT 1 FROM uploads WHERE size = ? AND place = ? LIMIT 1", (size, upload_url)
            ).fetchone()
        )
        return row is not None

    def add_upload(
        self,
        sha256: str,
        size: int,
        upload_url: str,
        uploaded: Uploaded,
        name: str = "",
        path: str = "",
    ) -> None:
        """Record an upload; the name and the path on this disk are for display."""
        row = (sha256, size, upload_url, uploaded.url, uploaded.expires_at, name, path, now())
        self._run(
            lambda db: db.execute("INSERT OR REPLACE INTO uploads VALUES (?,?,?,?,?,?,?,?)", row)
        )

    def uploads(self, upload_url: str, last: int) -> list[dict[str, Any]]:
        """Return the newest valid uploads: rows with url, expires_at, name, path."""
        rows = self._run(
            lambda db: db.execute(
                "SELECT url, expires_at, name, path FROM uploads WHERE place = ? AND name <> ''"
                " AND (expires_at IS NULL OR expires_at > ?) ORDER BY created DESC LIMIT ?",
                (upload_url, now(), last),
            ).fetchall()
        )
        return [dict(row) for row in rows]

    def page(self, url: str, hours: float = 24.0) -> str | None:
        """Return a fetched page that is not older than `hours`, or None."""
        oldest = (datetime.now(timezone.utc) - timedelta(hours=hours)).isoformat()
        row = self._run(
            lambda db: db.execute(
                "SELECT text FROM pages WHERE url = ? AND fetched > ?", (url, oldest)
            ).fetchone()
        )
        return row["text"] if row else None

    def add_page(self, url: str, text: str) -> None:
        """Record a page as fetched now."""
        row = (url, text, now())
        self._run(lambda db: db.execute("INSERT OR REPLACE INTO pages VALUES (?, ?, ?)", row))

    def form(self, place: str, question: str) -> str:
        """Return the form that a service accepted, such as "bearer"; "" where none is recorded."""
        row = self._run(
            lambda db: db.execute(
                "SELECT answer FROM forms WHERE place = ? AND question = ?"
                " AND (expires_at IS NULL OR expires_at > ?)",
                (place, question, now()),
            ).fetchone()
        )
        return row["answer"] if row else ""

    def add_form(self, place: str, question: str, answer: str, hours: float | None = None) -> None:
        """Record a form as accepted now; it is forgotten after `hours`, if that is given."""
        end = datetime.now(timezone.utc) + timedelta(hours=hours or 0)
        expires = None if hours is None else end.isoformat(timespec="milliseconds")
        row = (place, question, answer, expires)
        self._run(lambda db: db.execute("INSERT OR REPLACE INTO forms VALUES (?, ?, ?, ?)", row))
