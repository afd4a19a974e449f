"""Sources of rows: a list, a table, a CSV or JSONL file, a generator.

Streams are read one row at a time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from segmind_widgets.batches.sweeps import Axis
from segmind_widgets.batches.table_files import CsvFile, JsonLinesFile, TableFile, check_names
from segmind_widgets.errors import InputError
from segmind_widgets.types import CheckInputs, Model

FORMATS: Mapping[str, type[TableFile]] = {
    ".csv": CsvFile,
    ".tsv": CsvFile,
    ".jsonl": JsonLinesFile,
    ".ndjson": JsonLinesFile,
}
_SPREADSHEETS = (".xlsx", ".xls", ".xlsm", ".ods", ".numbers")
_SAVE_SHEET = "In the spreadsheet, save or export it as “CSV UTF-8”, and give that file."
HINT = "Give a list of mappings, a DataFrame, a CSV or JSONL file, or a generator."


class Row(NamedTuple):
    """The inputs and the number (from 0) of one run; `error` is set if the row is invalid."""

    number: int
    inputs: Mapping[str, Any]
    error: InputError | None = None


class NamedTable(Protocol):
    """A table with a name: a `row_table.RowTable`."""

    @property
    def label(self) -> str:
        """Return the table's name in messages."""
        ...

    def check_columns(self, model: Model | None, mode: CheckInputs) -> None:
        """Raise InputError where a column is no input of the model."""
        ...


@dataclass(frozen=True)
class RowSource:
    """An iterable of rows and its properties.

    Attributes:
        read: a function that starts reading the rows.
        total: the number of rows; None for a stream.
        listed: whether all rows are in memory, so that they are validated before the first submit.
        repeatable: whether `read` can be called again.
        digest: SHA-256 of a file's content; "" for other sources.
        text: whether all values are text that the model's schema converts.
        axes: the axes of a sweep.
        fixed: the inputs that are the same for all rows; a row's own inputs stand above them.
        table: the checks of the whole table's columns, and its name for errors; None without one.
    """

    read: Callable[[], Iterable[Row]]
    total: int | None = None
    listed: bool = False
    repeatable: bool = True
    digest: str = ""
    text: bool = False
    axes: tuple[Axis, ...] = ()
    fixed: Mapping[str, Any] = field(default_factory=dict[str, Any])
    table: NamedTable | None = None


def open_source(rows: Any, *, allow_files: bool = False) -> RowSource:
    """Return a source for rows of any type that `client.map` accepts.

    Args:
        rows: the rows.
        allow_files: whether a table file may name files outside its own folder.

    Raises:
        InputError: `rows` has no known form, or the file cannot be read or names such files.
    """
    if isinstance(rows, RowSource):
        return rows
    if isinstance(rows, (str, Path)):
        return _file_source(Path(rows).expanduser(), allow_files=allow_files)
    if isinstance(rows, Mapping):
        raise InputError("A mapping is only one row.", hint="For one run: client.submit(…).")
    if hasattr(rows, "columns") and (hasattr(rows, "itertuples") or hasattr(rows, "iter_rows")):
        return RowSource(lambda: _numbered(_table_rows(rows)), len(rows), listed=True)
    if isinstance(rows, Sequence) and not isinstance(rows, (bytes, bytearray)):
        axes = tuple(getattr(rows, "axes", ()))
        return RowSource(lambda: _numbered(rows), len(rows), listed=True, axes=axes)
    if isinstance(rows, Iterator):
        return RowSource(lambda: _numbered(rows), repeatable=False)
    if isinstance(rows, Iterable) and not isinstance(rows, (bytes, bytearray)):
        return RowSource(lambda: _numbered(rows))
    raise InputError(f"A {type(rows).__name__} does not contain rows.", hint=HINT)


def _numbered(rows: Iterable[Any]) -> Iterator[Row]:
    for number, row in enumerate(rows):
        if isinstance(row, InputError):
            yield Row(number, {}, row)
        elif type(row) is dict or isinstance(row, Mapping):  # the first test is faster
            yield Row(number, row)
        else:
            message = f"A row must be a mapping of inputs, not a {type(row).__name__}."
            yield Row(number, {}, InputError(message, hint='Such as {"prompt": "a red fox"}.'))


# tables


def _table_rows(table: Any) -> Iterator[dict[str, Any]]:
    """Yield the rows of a pandas or polars DataFrame without their empty cells."""
    if hasattr(table, "iter_rows"):
        values = table.iter_rows()
    else:
        values = table.itertuples(index=False, name=None)
    names = [str(name) for name in table.columns]
    check_names(names, "The table")
    for row in values:
        yield {n: v for n, v in zip(names, row, strict=True) if not _is_empty(v)}


def _is_empty(value: Any) -> bool:
    """Return whether a cell is empty: None, NaN, NaT or NA of pandas."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float) and value != value


# files


def _file_source(path: Path, *, allow_files: bool) -> RowSource:
    file = open_file(path)
    if allow_files:
        file.access.allow()
    digest = hashlib.sha256()
    total = sum(1 for _ in file.rows(digest.update))
    if file.access.refusal:
        raise file.access.refusal
    return RowSource(
        lambda: _numbered(_own_rows(file)), total, digest=digest.hexdigest(), text=file.is_text
    )


def _own_rows(file: TableFile) -> Iterator[Any]:
    """Yield the rows; the file may have changed since they were checked."""
    for row in file.rows():
        yield file.access.refusal or row


def open_file(path: Path) -> TableFile:
    """Return the reader of a table by the file's suffix.

    Raises:
        InputError: the suffix is that of no table.
    """
    kind = FORMATS.get(path.suffix.lower())
    if kind is None:
        suffixes = ", ".join(FORMATS)
        is_sheet = path.suffix.lower() in _SPREADSHEETS
        raise InputError(
            f"{path} is not a table of rows ({suffixes}).",
            hint=_SAVE_SHEET if is_sheet else HINT,
        )
    return kind(path)
