"""Files that a person names by a path, a pattern or a folder."""

from __future__ import annotations

import glob
from pathlib import Path
from typing import Literal

from segmind_widgets.assets.media_types import type_of_name
from segmind_widgets.errors import InputError
from segmind_widgets.likeness import did_you_mean_file

MAX_NAME = 200  # characters of a name in a message: the text may be no path
_MEDIA = ("image/", "video/", "audio/")


def files_of(text: str) -> list[Path]:
    """Return the file of a path, the files of a pattern, or the media files of a folder.

    Raises:
        InputError: there are none.
    """
    if path_kind(text) == "folder":
        return media_files(Path(text).expanduser())
    try:
        pattern = str(Path(text).expanduser())
        matches = glob.glob(pattern, recursive=True)  # noqa: PTH207 - takes absolute patterns
        names = [pattern] if path_kind(text) else sorted(matches)
        paths = [Path(name) for name in names if Path(name).is_file()]
    except (ValueError, OSError, RuntimeError):  # too long, or no path at all
        paths = []
    if not paths:
        raise InputError(no_file(text), hint="Give a path, a URL, or $variable.")
    return paths


def no_file(text: str) -> str:
    """Return the sentence that a path leads to no file, with the most similar name there."""
    name = text if len(text) <= MAX_NAME else f"{text[:MAX_NAME]}…"
    where = "" if text[:1] == "~" or Path(text).is_absolute() else f" in {Path.cwd()}"
    return f"There is no file {name}{where}.{did_you_mean_file(text)}"


def path_kind(text: str) -> Literal["file", "folder", ""]:
    """Return what a path leads to; "" for nothing."""
    try:
        path = Path(text).expanduser()
        return "file" if path.is_file() else "folder" if path.is_dir() else ""
    except (OSError, ValueError, RuntimeError):  # too long, or no path at all
        return ""


def media_files(folder: Path) -> list[Path]:
    """Return the pictures, videos and sound files of a folder by their names, in order.

    Raises:
        InputError: there are none.
    """
    paths = [path for path in sorted(folder.iterdir()) if path.is_file() and _is_media(path)]
    if not paths:
        raise InputError(
            f"The folder {folder} has no images, videos or audio files.",
            hint="Folders within it are not searched: give one of those, or a pattern.",
        )
    return paths


def _is_media(path: Path) -> bool:
    return (type_of_name(path.name) or "").startswith(_MEDIA)
