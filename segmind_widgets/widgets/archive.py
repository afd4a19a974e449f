"""Zip archives of result files, for downloads."""

from __future__ import annotations

import tempfile
import time
import zipfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from segmind_widgets.file_modes import PRIVATE

_MAX_AGE = 24 * 3600.0  # seconds; older archives are left over from killed kernels


def make_archive(files: Iterable[Path], folder: Path) -> Path:
    """Write a new zip of these files into `folder`, one directory a day; return its path.

    Creates the folder if it is missing, and omits files that no longer exist. Stores
    without compression: pictures and videos are compressed already.

    Raises:
        OSError: the zip cannot be written.
    """
    PRIVATE.make_folder(folder)
    for old in folder.glob("*.zip"):
        with suppress(OSError):
            if time.time() - old.stat().st_mtime > _MAX_AGE:
                old.unlink()
    with tempfile.NamedTemporaryFile(dir=folder, suffix=".zip", delete=False) as file:
        path = Path(file.name)
        try:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
                for source in files:
                    with suppress(FileNotFoundError):
                        archive.write(source, f"{source.parent.name}/{source.name}")
        except BaseException:
            path.unlink()
            raise
    return path
