"""Rows, wherever they come from: a list, a table, a CSV or JSONL file, a generator.

What is a stream is read as a stream: no more than one row of it is held here.
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

_TABLES = {".csv": "csv", ".tsv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}
_HINT = "Give a list of mappings, a DataFrame, a CSV or JSONL file, or a generator."
_LONGEST_CELL = 16 * 1024 * 1024  # characters; the csv module allows 131,072


@dataclass(frozen=True)
class Row:
    """The inputs of one run, by its number from 0 on; or why there are none."""

    number: int
    inputs: Mapping[str, Any]
    error: InputError | None = None


@dataclass(frozen=True)
class RowSource:
    """Rows that can be read, each in its turn.

    `total` is how many there are, None where nobody can tell before the end. `listed` rows are all
    at hand, so that they can be checked before anything is sent; `repeatable` ones can be read
    again. `digest` tells the content of a file (SHA-256). `text` values are text only, and mean
    what the model's schema makes of them. `axes` are a sweep's, for its grid.
    """

    read: Callable[[], Iterable[Row]]
    total: int | None = None
    listed: bool = False
    repeatable: bool = True
    digest: str = ""
    text: bool = False
    axes: tuple[Axis, ...] = ()


def source(rows: Any) -> RowSource:
    """What `client.map` takes, as rows.

    Raises:
        InputError: it is none of the forms, or a file that cannot be read.
    """
    if isinstance(rows, RowSource):
        return rows
    if isinstance(rows, (str, Path)):
        return _file(Path(rows).expanduser())
    if isinstance(rows, Mapping):
        raise InputError("One mapping is one row.", hint="For one run: client.submit(…).")
    if hasattr(rows, "columns") and (hasattr(rows, "itertuples") or hasattr(rows, "iter_rows")):
        return RowSource(lambda: _checked(_of_table(rows)), len(rows), listed=True)
    if isinstance(rows, Sequence) and not isinstance(rows, (bytes, bytearray)):
        axes = tuple(getattr(rows, "axes", ()))
        return RowSource(lambda: _checked(rows), len(rows), listed=True, axes=axes)
    if isinstance(rows, Iterator):
        return RowSource(lambda: _checked(rows), repeatable=False)
    if isinstance(rows, Iterable) and not isinstance(rows, (bytes, bytearray)):
        return RowSource(lambda: _checked(rows))
    raise InputError(f"A {type(rows).__name__} has no rows.", hint=_HINT)


def _checked(rows: Iterable[Any]) -> Iterator[Row]:
    for number, row in enumerate(rows):
        if isinstance(row, InputError):
            yield Row(number, {}, row)
        elif isinstance(row, Mapping):
            yield Row(number, row)
        else:
            said = f"A row is a mapping of inputs, and this is a {type(row).__name__}."
            yield Row(number, {}, InputError(said, hint='Such as {"prompt": "a red fox"}.'))


# tables


def _of_table(table: Any) -> Iterator[dict[str, Any]]:
    """The rows of a pandas or polars DataFrame, without what is empty in each."""
    if hasattr(table, "iter_rows"):
        values = table.iter_rows()
    else:
        values = table.itertuples(index=False, name=None)
    names = [str(name) for name in table.columns]
    _check_names(names, "The table")
    for row in values:
        yield {n: v for n, v in zip(names, row, strict=True) if not _is_empty(v)}


def _check_names(names: Sequence[str], where: str) -> None:
    """Of two columns of one name only one could be sent. Raises InputError."""
    twice = next((name for name, count in Counter(names).items() if name and count > 1), None)
    if twice is not None:
        raise InputError(
            f"{where} has two columns named `{twice}`.", hint="Rename one of them.", field=twice
        )


def _is_empty(value: Any) -> bool:
    """A cell without a value, in any of the tables' ways: None, NaN, NaT, pandas' NA."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float) and value != value


# files


def _file(path: Path) -> RowSource:
    kind = _TABLES.get(path.suffix.lower())
    if kind is None:
        raise InputError(f"{path} is no table of rows: its name ends otherwise.", hint=_HINT)
    form: Any = _Csv(path) if kind == "csv" else _JsonLines(path)
    seen = hashlib.sha256()
    try:
        total = sum(1 for _ in form.rows(seen.update))
    except OSError as error:
        raise InputError(
            f"{path} cannot be read: {error.strerror}.", hint="Check the name; " + _HINT
        ) from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path} cannot be read: {error}.", hint="Save it as UTF-8.") from None
    return RowSource(
        lambda: _checked(form.rows()), total, digest=seen.hexdigest(), text=kind == "csv"
    )


class _Lines:
    """A text file, line by line."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def lines(self, see: Callable[[bytes], object] | None = None) -> Iterator[str]:
        """Decoded lines; `see` is given their bytes."""
        with self.path.open("rb") as file:
            for number, line in enumerate(file):
                if see:
                    see(line)
                yield line.decode("utf-8-sig" if number == 0 else "utf-8")

    def value(self, value: Any) -> Any:
        """A value of the file; `file:…` alone is a file beside it."""
        if isinstance(value, str) and value.startswith("file:"):
            path = Path(value.removeprefix("file:").strip()).expanduser()
            return path if path.is_absolute() else self.path.absolute().parent / path
        if isinstance(value, list):
            return [self.value(item) for item in value]
        return value


class _Csv(_Lines):
    """The first line has the names; an empty cell is an input that is left out."""

    def rows(self, see: Callable[[bytes], object] | None = None) -> Iterator[Any]:
        csv.field_size_limit(max(csv.field_size_limit(), _LONGEST_CELL))
        sign = "\t" if self.path.suffix.lower() == ".tsv" else ","
        reader = csv.reader(self.lines(see), delimiter=sign, strict=True)
        line = 0
        try:
            names = self._names(next(reader, []), sign)
            line = reader.line_num
            for cells in reader:
                if any(cells):
                    yield self._row(names, cells, reader.line_num)
                line = reader.line_num
        except csv.Error as error:
            raise InputError(
                f"{self.path.name} cannot be read after line {line}: {error}.",
                hint="Close each quote that begins a text; one within it is doubled.",
            ) from None

    def _names(self, cells: list[str], sign: str) -> list[str]:
        names = [name.strip() for name in cells]
        _check_names(names, self.path.name)
        other = any(each in names[0] for each in {*";\t,|"} - {sign}) if len(names) == 1 else False
        if other:
            raise InputError(
                f"{self.path.name} has one column only, named `{names[0]}`.",
                hint="Separate columns by commas in a .csv file, and by tabs in a .tsv file.",
            )
        return names

    def _row(self, names: list[str], cells: list[str], line: int) -> Any:
        if len(cells) > len(names) or not all(
            name or not cell for name, cell in zip(names, cells, strict=False)
        ):
            return InputError(
                f"Line {line} of {self.path.name} has a value under no name.",
                hint="The first line names the columns; text with a comma stands in quotes.",
            )
        found = zip(names, cells, strict=False)
        return {name: self.value(cell) for name, cell in found if cell != ""}


class _JsonLines(_Lines):
    """One JSON object a line; empty lines are no rows."""

    def rows(self, see: Callable[[bytes], object] | None = None) -> Iterator[Any]:
        for number, line in enumerate(self.lines(see), 1):
            if line.strip():
                yield self._row(line, number)

    def _row(self, line: str, number: int) -> Any:
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            said = getattr(error, "msg", error)  # without its own line, which is always 1 or 2
            return InputError(
                f"Line {number} of {self.path.name} is no JSON: {said}.",
                hint='One object a line, such as {"prompt": "a red fox"}.',
            )
        return {n: self.value(v) for n, v in row.items()} if isinstance(row, dict) else row
