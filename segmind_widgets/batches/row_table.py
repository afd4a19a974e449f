"""Whole tables of rows, as `--rows` and the panels take them: read, typed and checked at once.

All text in a table is text: `$name` and `${…}` are never evaluated. Only `file:PATH` is a file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from segmind_widgets.batches.row_sources import Row, RowSource, open_file, open_source
from segmind_widgets.catalog.validation import check, did_you_mean
from segmind_widgets.errors import CellError, InputError, SegmindError
from segmind_widgets.nested import walk
from segmind_widgets.syntax.file_access import FileAccess
from segmind_widgets.syntax.templates import find_file
from segmind_widgets.types import CheckInputs, Model

_TABLE_HINT = "Give a CSV or JSONL file, a DataFrame, or a list of dicts, such as --rows $table."


@dataclass(frozen=True)
class RowTable:
    """The rows of a table in memory.

    Attributes:
        label: the table's name in messages.
        rows: in order.
        text: whether all values are text that the model's schema converts.
        access: the files outside the table's folder, which it names only with permission.
    """

    label: str
    rows: tuple[Row, ...]
    text: bool = False
    access: FileAccess | None = field(default=None, compare=False)

    @property
    def columns(self) -> dict[str, int]:
        """Return the names of the columns that have a value, each with the first such row."""
        first: dict[str, int] = {}
        for row in self.rows:
            for name in row.inputs:
                first.setdefault(str(name), row.number)
        return first

    def check_fixed(self, names: Iterable[str]) -> None:
        """Refuse an input that is written for all rows and is a column, too.

        Raises:
            CellError: there is one; `field` names it.
        """
        columns = self.columns
        both = next((name for name in names if name in columns), None)
        if both is not None:
            raise CellError(
                f"`{both}` is a column of {self.label}, and is also written for all rows.",
                hint="Remove one of them: the cell has what is the same for all rows.",
                field=both,
            )

    def check_columns(self, model: Model | None, mode: CheckInputs) -> None:
        """Refuse columns that are no inputs of the model.

        Where the inputs are known from a page only, the page may be out of date: then a column is
        refused if its name is near an input's, or if no column is an input.

        Raises:
            InputError: there are some; the message names each with its first row.
        """
        if model is None or not model.schema or mode == "warn":
            return
        columns, known = self.columns, model.schema.get("properties", {})
        unknown = [note.field for note in check(model, dict.fromkeys(columns, "")).warnings]
        is_certain = mode == "strict" or model.schema_source == "service"
        if not is_certain and len(unknown) < len(columns):
            unknown = [name for name in unknown if did_you_mean(name, known)]
        if not unknown:
            return
        sentences = [
            f"Row {columns[name] + 1:,} of {self.label} has a column `{name}`, which is no input"
            f" of {model.slug}{did_you_mean(name, known) or '.'}"
            for name in unknown
        ]
        raise InputError(
            " ".join(sentences),
            hint="Nothing was sent. Rename the column, or take it out.",
            field=unknown[0],
        )

    def source(self, fixed: Mapping[str, Any] | None = None) -> RowSource:
        """Return the rows for a batch, with the inputs that are the same for all of them.

        Raises:
            InputError: the table names files outside its folder, and nobody has allowed it.
        """
        if self.access and self.access.refusal:
            raise self.access.refusal
        return RowSource(
            lambda: self.rows,
            len(self.rows),
            listed=True,
            text=self.text,
            fixed=dict(fixed or {}),
            table=self,
        )


def read_table(rows: Any, label: str = "the table", folder: Path | None = None) -> RowTable:
    """Read a file, a DataFrame or a list of mappings as a table.

    Args:
        rows: a path, or the table itself.
        label: the name of a table that is no file.
        folder: a second folder of the table's own, such as the notebook's for a table that was
            dropped on a panel. Without it, a file may name files of its own folder, and files of
            the notebook's folder with permission; a table in memory, those of the notebook's.

    Raises:
        InputError, CellError: there is no such file, or it has no rows.
    """
    if isinstance(rows, (str, Path)):
        return _filled(_read_file(Path(rows).expanduser(), folder))
    source = open_source(rows)
    if not source.listed or source.axes:
        raise InputError(f"{label} is a {type(rows).__name__}, not a table.", hint=_TABLE_HINT)
    access = FileAccess(label, [folder or Path.cwd()])
    found = tuple(_with_files(row, access) for row in source.read())
    return _filled(RowTable(label, found, access=access))


def _filled(table: RowTable) -> RowTable:
    if not table.rows:
        raise InputError(
            f"{table.label} has no rows.",
            hint="The first line of a CSV file names the columns; each further line is a run.",
        )
    return table


def _read_file(path: Path, folder: Path | None) -> RowTable:
    file = open_file(path)
    find_file(str(path))
    own = path.absolute().parent
    file.folders = (own, (folder or Path.cwd()).absolute())
    file.access = FileAccess(path.name, [own, *([folder] if folder else [])])
    source = open_source(list(file.rows()))
    return RowTable(path.name, tuple(map(_checked, source.read())), file.is_text, file.access)


def _with_files(row: Row, access: FileAccess) -> Row:
    """Return a row of a table in memory with the files that `file:PATH` names."""

    def value(found: Any) -> Any:
        if isinstance(found, str) and found.startswith("file:"):
            return access.note(Path(found.removeprefix("file:").strip()).expanduser())
        if isinstance(found, list):
            return [value(item) for item in found]
        return found

    return _checked(row._replace(inputs={n: value(v) for n, v in row.inputs.items()}))


def _checked(row: Row) -> Row:
    """Return the row, with the error where one of its files does not exist."""
    for (column, *_), value in walk(row.inputs):
        if isinstance(value, Path):
            try:
                find_file(str(value))
            except SegmindError as error:
                wrong = InputError(f"`{column}`: {error.message}", hint=error.hint, field=column)
                return row._replace(error=wrong)
    return row
