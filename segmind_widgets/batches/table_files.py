"""Files of rows: CSV, TSV and JSON lines, as spreadsheets and programs write them.

Read one row at a time. Text is UTF-8, or UTF-16 as Excel's "Unicode text"; columns are separated by
commas, or by what the first line shows (semicolon, tab). Line ends are of any system.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Any

from segmind_widgets.errors import InputError
from segmind_widgets.likeness import did_you_mean_file
from segmind_widgets.syntax.file_access import FileAccess

_MAX_CELL_LENGTH = 16 * 1024 * 1024  # characters; the default of the csv module is 131,072
_PROBE = 64 * 1024  # bytes that show the encoding and the line ends
_DELIMITERS = ",;\t|"
_SAVE_UTF8 = "Save it as UTF-8; in Excel the file type is “CSV UTF-8”."
_CLOSE_QUOTES = "Close each opening quote, and double each quote inside a quoted text."
_LIST_OF_FILES = re.compile(r'\s*\[\s*"file:')
OnBytes = Callable[[bytes], object]


def check_names(names: Sequence[str], where: str) -> None:
    """Raise InputError for two columns of one name, since a mapping could hold only one."""
    duplicate = next((name for name, count in Counter(names).items() if name and count > 1), None)
    if duplicate is not None:
        raise InputError(
            f"{where} has two columns named `{duplicate}`.",
            hint="Rename one of them.",
            field=duplicate,
        )


class TableFile:
    """A text file with a row of inputs on each line.

    Args:
        path: the file.
        folders: where `file:PATH` in a value is looked for, in order; default: the file's folder.
        access: compares these files with the folders that the table may use.
    """

    is_text = False
    """Whether all values are text that the model's schema converts."""

    def __init__(
        self, path: Path, folders: Sequence[Path] = (), access: FileAccess | None = None
    ) -> None:
        self.path = path
        self.folders = tuple(folders) or (path.absolute().parent,)
        self.access = access or FileAccess(path.name, [path.absolute().parent])

    def rows(self, on_bytes: OnBytes | None = None) -> Iterator[Any]:
        """Yield each row as a mapping, or as the InputError that it has.

        Args:
            on_bytes: called with the bytes of the file.

        Raises:
            InputError: the file cannot be read, or its columns have no usable names.
        """
        try:
            yield from self.read_rows(on_bytes)
        except OSError as error:
            meant = did_you_mean_file(str(self.path))
            raise InputError(
                f"{self.path} cannot be read: {error.strerror}.{meant}",
                hint="Check the name and path.",
            ) from None
        except UnicodeDecodeError as error:
            raise InputError(
                f"{self.path.name} cannot be read: it is not UTF-8 text"
                f" (byte {error.object[error.start]:#04x}).",
                hint=_SAVE_UTF8,
            ) from None

    def read_rows(self, on_bytes: OnBytes | None) -> Iterator[Any]:
        """Yield the rows; errors of reading are those of Python."""
        raise NotImplementedError

    def lines(self, on_bytes: OnBytes | None = None) -> Iterator[str]:
        """Yield the decoded lines with their ends; call `on_bytes` with the bytes of each."""
        with self.path.open("rb") as file:
            probe = file.read(_PROBE)
            file.seek(0)
            encoding = _encoding(probe)
            if encoding == "utf-8-sig" and (b"\n" in probe or b"\r" not in probe):
                yield from _utf8_lines(file, on_bytes)
                return
            with io.TextIOWrapper(file, encoding, newline="") as text:
                for line in text:
                    if on_bytes:
                        on_bytes(line.encode("utf-8", "surrogatepass"))
                    yield line

    def value(self, value: Any) -> Any:
        """Return a value; `file:PATH` becomes a path in the first folder that has the file."""
        if isinstance(value, str) and value.startswith("file:"):
            path = Path(value.removeprefix("file:").strip()).expanduser()
            candidates = [folder / path for folder in self.folders]
            found = next((one for one in candidates if one.is_file()), candidates[0])
            return self.access.note(found)
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if self.is_text and isinstance(value, str) and _LIST_OF_FILES.match(value):
            with suppress(ValueError, RecursionError):  # else the text itself
                return self.value(json.loads(value))
        return value


def _encoding(probe: bytes) -> str:
    """Return the encoding that the first bytes show: UTF-16 has a mark or null bytes."""
    if probe[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    if b"\0" in probe[:2]:
        return "utf-16-be" if probe[0] == 0 else "utf-16-le"
    return "utf-8-sig"


def _utf8_lines(file: io.BufferedReader, on_bytes: OnBytes | None) -> Iterator[str]:
    for number, line in enumerate(file):
        if on_bytes:
            on_bytes(line)
        yield line.decode("utf-8-sig" if number == 0 else "utf-8")


class CsvFile(TableFile):
    """CSV or TSV with the names in the first line; empty cells are left out."""

    is_text = True

    def read_rows(self, on_bytes: OnBytes | None) -> Iterator[Any]:
        """Yield the rows; errors of reading are those of Python."""
        csv.field_size_limit(max(csv.field_size_limit(), _MAX_CELL_LENGTH))
        lines = self.lines(on_bytes)
        first = next(lines, "")
        skipped = 0
        if first.lower().startswith("sep=") and len(first.strip()) <= len("sep=;"):
            delimiter, skipped = first.rstrip("\r\n")[4:] or ",", 1  # Excel's own line
            first = next(lines, "")
        else:
            delimiter = self._delimiter(first)
        reader = csv.reader(chain([first], lines), delimiter=delimiter, strict=True)
        line = skipped
        try:
            names = self._names(next(reader, []))
            line = reader.line_num + skipped
            for cells in reader:
                line = reader.line_num + skipped
                if any(cells):
                    yield self._row(names, cells, line)
        except csv.Error as error:
            raise InputError(
                f"{self.path.name} cannot be read after line {line}: {error}.", hint=_CLOSE_QUOTES
            ) from None

    def _delimiter(self, first: str) -> str:
        """Return the separator of the columns; the suffix's own wherever the first line has it."""
        usual = "\t" if self.path.suffix.lower() == ".tsv" else ","
        counts = {mark: len(next(csv.reader([first], delimiter=mark), [])) for mark in _DELIMITERS}
        if counts[usual] > 1 or max(counts.values()) < 2:
            return usual
        return max(counts, key=lambda mark: counts[mark])

    def _names(self, cells: list[str]) -> list[str]:
        names = [name.strip() for name in cells]
        check_names(names, self.path.name)
        if not any(names):
            what = "has no names of columns in its first line" if cells else "is empty"
            raise InputError(
                f"{self.path.name} {what}.",
                hint="The first line names the columns, such as prompt,seed.",
            )
        return names

    def _row(self, names: list[str], cells: list[str], line: int) -> Any:
        if len(cells) > len(names) or not all(
            name or not cell for name, cell in zip(names, cells, strict=False)
        ):
            return InputError(
                f"Line {line} of {self.path.name} has a value in a column without a name.",
                hint="The first line names the columns; put text with a comma in quotes.",
            )
        pairs = zip(names, cells, strict=False)
        return {name: self.value(cell) for name, cell in pairs if cell != ""}


class JsonLinesFile(TableFile):
    """One JSON object on each line; empty lines are skipped."""

    def read_rows(self, on_bytes: OnBytes | None) -> Iterator[Any]:
        """Yield the rows; errors of reading are those of Python."""
        for number, line in enumerate(self.lines(on_bytes), 1):
            if line.strip():
                yield self._row(line, number)

    def _row(self, line: str, number: int) -> Any:
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            reason = getattr(error, "msg", error)  # without the line number within this line
            return InputError(
                f"Line {number} of {self.path.name} is not valid JSON: {reason}.",
                hint='Write one object on each line, such as {"prompt": "a red fox"}.',
            )
        return {n: self.value(v) for n, v in row.items()} if isinstance(row, dict) else row
