"""Remove results of old jobs from the disk. Their rows stay in the journal."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from segmind_widgets.errors import InputError, StoreError
from segmind_widgets.storage.replies import NAME
from segmind_widgets.storage.store import Store
from segmind_widgets.types import Status

_WRITING = (".part", ".recipe")  # suffixes of files that are being written


@dataclass(frozen=True)
class Cleaned:
    """The number of jobs, files and bytes that were removed, or with `dry_run` would be removed."""

    jobs: int
    files: int
    bytes: int
    dry_run: bool

    def __str__(self) -> str:
        done = "would be removed" if self.dry_run else "were removed"
        size = f"{self.bytes / 1e6:.1f} MB" if self.bytes >= 1e5 else f"{self.bytes} bytes"
        files, jobs = _count(self.files, "file"), _count(self.jobs, "job")
        if self.files == 1:
            done = done.replace("were", "was")
        return f"{files} of {jobs} {done}: {size}."


def clean(store: Store, older_days: float, *, dry_run: bool = True) -> Cleaned:
    """Remove the results of jobs that have ended and started more than `older_days` days ago.

    Removes only files in the store's own folder of results, and never those of unfinished jobs.
    Partial files of killed kernels are removed, too.

    Raises:
        InputError: the days are negative.
        StoreError: a file cannot be removed; earlier files are removed.
    """
    if not older_days >= 0:
        raise InputError(f"older_days={older_days} must be 0 or more.", field="older_days")
    until = datetime.now(timezone.utc) - timedelta(days=older_days)
    jobs = files = size = 0
    for path in _partial_files(store, until):
        files, size = files + 1, size + path.stat().st_size
        if not dry_run:
            _remove(path)
    if not dry_run:
        for path in _replies(store, until):
            _remove(path)
    for paths in _results(store, until):
        present = [path for path in paths if path.is_file()]
        jobs, files = jobs + bool(present), files + len(present)
        for path in present:
            size += path.stat().st_size
            if not dry_run:
                _remove(path)
    return Cleaned(jobs, files, size, dry_run)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"{path} cannot be removed: {error.strerror}.") from error
    with suppress(OSError):  # not yet empty
        path.parent.rmdir()


def _partial_files(store: Store, until: datetime) -> list[Path]:
    """Return partial files older than a day, left by killed kernels."""
    before = min(until, datetime.now(timezone.utc) - timedelta(days=1)).timestamp()
    partial_files = (path for path in store.results.glob("*/*") if path.suffix in _WRITING)
    return [path for path in partial_files if path.is_file() and path.stat().st_mtime < before]


def _replies(store: Store, until: datetime) -> list[Path]:
    """Return the stored replies of jobs that ended before; they are not counted as results."""
    paths = store.results.glob(f"*/*-{NAME}")
    return [path for path in paths if path.is_file() and path.stat().st_mtime < until.timestamp()]


def _results(store: Store, until: datetime) -> Iterator[list[Path]]:
    """Yield the files of each finished job, newest first."""
    folder = Path(os.path.realpath(store.results))
    final = [str(status) for status in Status if status.final]
    for row in store.jobs(-1, status=final, until=until):
        paths = [Path(os.path.realpath(o["path"])) for o in row["outputs"] if o.get("path")]
        yield [path for path in paths if path.is_relative_to(folder)]
