"""The files that a text may name: a stranger's table or code must not send others of this machine.

Files beside it are allowed: in the folder of a table, or in the notebook's folder for a table in
memory and for pasted code. A person is asked about others where that is possible; everywhere else
they are refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from segmind_widgets.errors import InputError
from segmind_widgets.formatting import abbreviate_home

OWN_FOLDER, NOTEBOOK_FOLDER = "its own folder", "the notebook's folder"
_SHOWN = 3  # folders


class FileAccess:
    """Compares the files that a text names with the folders that it may use.

    Links are followed first, so that neither `..` nor a link leads out unnoticed.

    Args:
        label: the text's name in messages.
        folders: those that it may use.
        home: these folders in words.
        call: the call with the argument that allows all files.
        allow_files: whether it may name any file.
    """

    def __init__(
        self,
        label: str,
        folders: Iterable[Path],
        *,
        home: str = OWN_FOLDER,
        call: str = "client.map(…, allow_files=True)",
        allow_files: bool = False,
    ) -> None:
        self._label, self._home, self._call = label, home, call
        self._folders = tuple(folder.resolve() for folder in folders)
        self._allow_files = allow_files
        self._outside: set[Path] = set()

    def allow(self) -> None:
        """Allow all files that the text names."""
        self._allow_files = True

    def note(self, path: Path) -> Path:
        """Record a file that the text names, and return it."""
        if not self.is_inside(path):
            self._outside.add(_resolved(path))
        return path

    def is_inside(self, path: Path) -> bool:
        """Return whether a file is in one of the folders."""
        return any(_resolved(path).is_relative_to(folder) for folder in self._folders)

    @property
    def question(self) -> str:
        """Return what the text would send from elsewhere, as a sentence; "" for nothing."""
        if self._allow_files or not self._outside:
            return ""
        names = sorted({abbreviate_home(path.parent) for path in self._outside})
        more = f" and {len(names) - _SHOWN:,} more folders" if len(names) > _SHOWN else ""
        count = len(self._outside)
        files = "a file" if count == 1 else f"{count:,} files"
        return (
            f"{self._label} names {files} outside {self._home}, in"
            f" {', '.join(names[:_SHOWN])}{more}"
        )

    @property
    def refusal(self) -> InputError | None:
        """Return the error for files from elsewhere that were not allowed; None for none."""
        question = self.question
        return InputError(
            f"{question}.",
            hint=f"Nothing was sent. If you trust it, --allow-files in a cell, or {self._call},"
            " allows them.",
        ) if question else None  # fmt: skip

    def check(self) -> None:
        """Raise InputError for files from elsewhere that were not allowed."""
        if refusal := self.refusal:
            raise refusal


def _resolved(path: Path) -> Path:
    """Return the file itself, without links; a path that no system can have stays as it is."""
    try:
        return path.expanduser().resolve()
    except (OSError, RuntimeError, ValueError):  # a circle of links, an unknown ~user, a null
        return path.absolute()
