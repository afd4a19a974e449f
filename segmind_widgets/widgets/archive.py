"""Many files as one, for a download."""

from __future__ import annotations

import tempfile
import time
import zipfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

_MAX_AGE = 24 * 3600.0  # seconds: what a kernel that was killed left behind


def make_archive(files: Iterable[Path], folder: Path) -> Path:
    """A new zip in `folder` (made when it is missing), files by their days.

    A file that is gone is left out. Not compressed: pictures and films are already.

    Raises:
        OSError: it cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for old in folder.glob("*.zip"):
        with suppress(OSError):
            if time.time() - old.stat().st_mtime > _MAX_AGE:
                old.unlink()
    with tempfile.NamedTemporaryFile(dir=folder, suffix=".zip", delete=False) as file:
        path = Path(file.name)
        try:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as made:
                for one in files:
                    with suppress(FileNotFoundError):
                        made.write(one, f"{one.parent.name}/{one.name}")
        except BaseException:
            path.unlink()
            raise
    return path
