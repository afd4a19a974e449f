"""The modes of new files and folders: those of the home are their owner's alone.

`PRIVATE` makes all of the home (the journal, locks, results, thumbnails, files of forms) and the
files of the sandbox. `SHARED` is for folders that a person has named: the umask decides there.

On Windows modes have no effect, and the folders of a user are private by their access lists.
"""

from __future__ import annotations

import os
import stat
import uuid
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple


class FileModes(NamedTuple):
    """The modes of new folders and files. Every method raises OSError if the disk refuses."""

    folder: int
    file: int

    def make_folder(self, path: Path) -> Path:
        """Create a folder, and each missing one above it, unless it exists; return its path."""
        try:
            path.mkdir(self.folder, exist_ok=True)
        except FileNotFoundError:
            if path.parent == path:  # a drive that does not exist
                raise
            self.make_folder(path.parent)
            path.mkdir(self.folder, exist_ok=True)
        return path

    def touch(self, path: Path) -> None:
        """Create an empty file unless there is one."""
        os.close(os.open(path, os.O_CREAT | os.O_RDONLY, self.file))

    def create(self, path: Path, flags: int = os.O_TRUNC) -> BinaryIO:
        """Open a file for writing; create it, or empty an old one.

        Args:
            path: the file.
            flags: with `os.O_EXCL` an existing file is a FileExistsError.
        """
        options = os.O_CREAT | os.O_WRONLY | getattr(os, "O_BINARY", 0) | flags
        return os.fdopen(os.open(path, options, self.file), "wb")

    def write(self, path: Path, data: bytes) -> None:
        """Write a file, and replace an old one atomically."""
        part = path.with_name(f"{uuid.uuid4().hex}.part")  # other kernels may write it, too
        try:
            with self.create(part) as file:
                file.write(data)
            part.replace(path)
        except BaseException:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            raise


PRIVATE = FileModes(0o700, 0o600)
SHARED = FileModes(0o777, 0o666)


def protect(folder: Path, names: Iterable[str]) -> None:
    """Take other users' access from a folder, and from the entries of these names in it.

    Entries that nobody else may use are not searched. Links, and what belongs to somebody else,
    stay as they are.

    Args:
        folder: it may be missing.
        names: patterns such as "journal*".
    """
    if os.name != "posix":
        return
    _narrow(folder)
    for pattern in names:
        for path in folder.glob(pattern):
            _protect_all(path)


def _protect_all(path: Path) -> None:
    if _narrow(path):
        for entry in path.iterdir():
            _protect_all(entry)


def _narrow(path: Path) -> bool:
    """Make a file or a folder private; return whether it is a folder that was not."""
    with suppress(OSError):  # it is missing, or somebody else's
        mode = path.lstat().st_mode
        is_folder = stat.S_ISDIR(mode)
        if mode & 0o077 and (is_folder or stat.S_ISREG(mode)):
            path.chmod(PRIVATE.folder if is_folder else PRIVATE.file)
            return is_folder
    return False
