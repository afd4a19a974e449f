"""Sources of rows: a list, a table, a CSV or JSONL file, a generator.

Streams are read one row at a time.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segmind_widgets.batches.sweeps import Axis
from segmind_widgets.errors import InputError

_FORMATS = {".csv": "csv", ".tsv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}
_HINT = "Give a list of mappings, a DataFrame, a CSV or JSONL file, or a generator."
_MAX_CELL_LENGTH = 16 * 1024 * 1024  # characters; the default of the csv module is 131,072


@dataclass(frozen=True)
class Row:
    """The inputs and the number (from 0) of one run; `error` is set if the row is invalid."""

    number: int
    inputs: Mapping[str, Any]
    error: InputError | None = None


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
    """

    read: Callable[[], Iterable[Row]]
    total: int | None = None
    listed: bool = False
    repeatable: bool = True
    digest: str = ""
    text: bool = False
    axes: tuple[Axis, ...] = ()


def open_source(rows: Any) -> RowSource:
    """Return a source for rows of any type that `client.map` accepts.

    Raises:
        InputError: `rows` has no known form, or the file cannot be read.
    """
    if isinstance(rows, RowSource):
        return rows
    if isinstance(rows, (str, Path)):
        return _file_source(Path(rows).expanduser())
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
    raise InputError(f"A {type(rows).__name__} does not contain rows.", hint=_HINT)


def _numbered(rows: Iterable[Any]) -> Iterator[Row]:
    for number, row in enumerate(rows):
        if isinstance(row, InputError):
            yield Row(number, {}, row)
        elif isinstance(row, Mapping):
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
    _check_names(names, "The table")
    for row in values:
        yield {n: v for n, v in zip(names, row, strict=True) if not _is_empty(v)}


def _check_names(names: Sequence[str], where: str) -> None:
    """Raise InputError for two columns with the same name, as a mapping holds only one."""
    duplicate = next((name for name, count in Counter(names).items() if name and count > 1), None)
    if duplicate is not None:
        raise InputError(
            f"{where} has two columns named `{duplicate}`.",
            hint="Rename one of them.",
            field=duplicate,
        )


def _is_empty(value: Any) -> bool:
    """Return whether a cell is empty: None, NaN, NaT or NA of pandas."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float) and value != value


# files


def _file_source(path: Path) -> RowSource:
    kind = _FORMATS.get(path.suffix.lower())
    if kind is None:
        suffixes = ", ".join(_FORMATS)
        raise InputError(f"{path} is not a table of rows ({suffixes}).", hint=_HINT)
    file: Any = _CsvFile(path) if kind == "csv" else _JsonLinesFile(path)
    digest = hashlib.sha256()
    try:
        total = sum(1 for _ in file.rows(digest.update))
    except OSError as error:
        raise InputError(
            f"{path} cannot be read: {error.strerror}.", hint="Check the name; " + _HINT
        ) from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path} cannot be read: {error}.", hint="Save it as UTF-8.") from None
    return RowSource(
        lambda: _numbered(file.rows()), total, digest=digest.hexdigest(), text=kind == "csv"
    )


class _TextFile:
    """A UTF-8 file that is read line by line."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def lines(self, on_bytes: Callable[[bytes], object] | None = None) -> Iterator[str]:
        """Yield the decoded lines; call `on_bytes` with the bytes of each."""
        with self.path.open("rb") as file:
            for number, line in enumerate(file):
                if on_bytes:
                    on_bytes(line)
                yield line.decode("utf-8-sig" if number == 0 else "utf-8")

    def value(self, value: Any) -> Any:
        """Return a value; `file:PATH` becomes a path relative to the folder of this file."""
        if isinstance(value, str) and value.startswith("file:"):
            path = Path(value.removeprefix("file:").strip()).expanduser()
            return path if path.is_absolute() else self.path.absolute().parent / path
        if isinstance(value, list):
            return [self.value(item) for item in value]
        return value


class _CsvFile(_TextFile):
    """CSV or TSV with the names in the first line; empty cells are left out."""

    def rows(self, on_bytes: Callable[[bytes], object] | None = None) -> Iterator[Any]:
        csv.field_size_limit(max(csv.field_size_limit(), _MAX_CELL_LENGTH))
        delimiter = "\t" if self.path.suffix.lower() == ".tsv" else ","
        reader = csv.reader(self.lines(on_bytes), delimiter=delimiter, strict=True)
        line = 0
        try:
            names = self._names(next(reader, []), delimiter)
            line = reader.line_num
            for cells in reader:
                if any(cells):
                    yield self._row(names, cells, reader.line_num)
                line = reader.line_num
        except csv.Error as error:
            raise InputError(
                f"{self.path.name} cannot be read after line {line}: {error}.",
                hint="Close each opening quote, and double each quote inside a quoted text.",
            ) from None

    def _names(self, cells: list[str], delimiter: str) -> list[str]:
        names = [name.strip() for name in cells]
        _check_names(names, self.path.name)
        others = {*";\t,|"} - {delimiter}
        if len(names) == 1 and any(character in names[0] for character in others):
            raise InputError(
                f"{self.path.name} has only one column, named `{names[0]}`.",
                hint="Separate columns by commas in a .csv file, and by tabs in a .tsv file.",
            )
        return names

    def _row(self, names: list[str], cells: list[str], line: int) -> Any:
        if len(cells) > len(names) or not all(
            name or not cell for name, cell in zip(names, cells, strict=False)
        ):
            return InputError(
                f"Line {line} of {self.path.name} has a value in a column without a name.",
                hint="The first line has the column names; put text with a comma in quotes.",
            )
        pairs = zip(names, cells, strict=False)
        return {name: self.value(cell) for name, cell in pairs if cell != ""}


class _JsonLinesFile(_TextFile):
    """One JSON object on each line; empty lines are skipped."""

    def rows(self, on_bytes: Callable[[bytes], object] | None = None) -> Iterator[Any]:
        for number, line in enumerate(self.lines(on_bytes), 1):
            if line.strip():
                yield self._row(line, number)

    def _row(self, line: str, number: int) -> Any:
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            # without the parser's line number, which is always 1
            reason = getattr(error, "msg", error)
            return InputError(
                f"Line {number} of {self.path.name} is not valid JSON: {reason}.",
                hint='Write one object on each line, such as {"prompt": "a red fox"}.',
            )
        return {n: self.value(v) for n, v in row.items()} if isinstance(row, dict) else row
