"""The files that a table may name: a stranger's table must not send others of this machine."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from segmind_widgets.errors import InputError
from segmind_widgets.formatting import abbreviate_home

_SHOWN = 3  # folders


class FileAccess:
    """Compares the files of a table with the folders that it may use.

    Links are followed first, so that neither `..` nor a link leads out unnoticed.

    Args:
        label: the table's name in messages.
        folders: the table's own folders.
        allow_files: whether it may name any file.
    """

    def __init__(self, label: str, folders: Iterable[Path], *, allow_files: bool = False) -> None:
        self._label = label
        self._folders = tuple(folder.resolve() for folder in folders)
        self._allow_files = allow_files
        self._outside: set[Path] = set()

    def allow(self) -> None:
        """Allow all files that the table names."""
        self._allow_files = True

    def note(self, path: Path) -> Path:
        """Record a file that the table names, and return it."""
        target = path.resolve()
        if not any(target.is_relative_to(folder) for folder in self._folders):
            self._outside.add(target)
        return path

    @property
    def question(self) -> str:
        """Return what the table would send from elsewhere, as a sentence; "" for nothing."""
        if self._allow_files or not self._outside:
            return ""
        names = sorted({abbreviate_home(path.parent) for path in self._outside})
        more = f" and {len(names) - _SHOWN:,} more folders" if len(names) > _SHOWN else ""
        count = len(self._outside)
        files = "a file" if count == 1 else f"{count:,} files"
        return (
            f"{self._label} names {files} outside its own folder, in"
            f" {', '.join(names[:_SHOWN])}{more}"
        )

    @property
    def refusal(self) -> InputError | None:
        """Return the error for files from elsewhere that were not allowed; None for none."""
        question = self.question
        return InputError(
            f"{question}.",
            hint="Nothing was sent. If you trust the table, --allow-files in a cell, or"
            " client.map(…, allow_files=True), allows them.",
        ) if question else None  # fmt: skip
