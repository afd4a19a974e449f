"""The rows that an earlier run of a batch has finished, read in one pass beside the given rows."""

from __future__ import annotations

from segmind_widgets.batches.progress import BatchProgress
from segmind_widgets.storage.batch_rows import BatchRows, CompletedRow

_PAGE = 1_024  # numbers that are read at once, where no row between them is sent
_FIRST_PAGE = 16  # and after a row that was


class FinishedRows:
    """Finds finished rows by their numbers, which ascend, and counts them page by page.

    Args:
        rows: the rows in the journal.
        progress: counts the finished ones.
    """

    def __init__(self, rows: BatchRows, progress: BatchProgress) -> None:
        self._rows, self._progress = rows, progress
        self._page: dict[int, CompletedRow] = {}
        self._end = 0  # the first number after the page
        self._size = _FIRST_PAGE
        self._found: list[int] = []

    def has(self, number: int, source: str | None) -> bool:
        """Return whether the row of this number is finished as it is given, with all its files."""
        if source is None:
            return False
        if number >= self._end:
            self._read(number)
        row = self._page.get(number)
        is_finished = row is not None and row.source == source and row.has_files
        if is_finished:
            self._found.append(number)
        return is_finished

    def flush(self) -> None:
        """Count the rows that were found, and forget the page: another row is sent or moved."""
        self._count()
        self._end, self._size = 0, _FIRST_PAGE

    def _read(self, number: int) -> None:
        self._count()
        self._end = number + self._size
        self._size = min(2 * self._size, _PAGE)
        self._page = {row.number: row for row in self._rows.completed(number, self._end - 1)}

    def _count(self) -> None:
        if self._found:
            self._progress.record(*self._found, succeeded=True)
            self._found = []
