"""Uploads and results: files on disk with public addresses."""

from __future__ import annotations

import mimetypes
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from segmind_widgets.file_modes import PRIVATE

_SUFFIXES = {  # types that mimetypes lacks or maps differently on some systems
    "image/jpeg": ".jpg",
    "image/webp": ".webp",
    "audio/wav": ".wav",
    "audio/mpeg": ".mp3",
    "video/webm": ".webm",
}


@dataclass(frozen=True)
class StoredFile:
    """A file with its address; `size` is in bytes."""

    url: str
    path: Path
    media_type: str
    size: int

    @property
    def name(self) -> str:
        """Return the last part of the address."""
        return self.url.rpartition("/")[2]


class Files:
    """The stored files by the path of their address."""

    def __init__(self, origin: str, folder: Path) -> None:
        self.origin = origin
        self._folder = folder
        self._files: dict[str, StoredFile] = {}

    def add(
        self, pieces: Iterable[bytes], media_type: str, place: str = "outputs", name: str = ""
    ) -> StoredFile:
        """Store a file under `place`, a folder of its address.

        An exception raised by `pieces` is propagated; the partial file is deleted.
        """
        kind = media_type.partition(";")[0].strip()
        name = (
            name or f"{uuid.uuid4()}{_SUFFIXES.get(kind) or mimetypes.guess_extension(kind) or ''}"
        )
        path = self._folder / uuid.uuid4().hex
        try:
            with PRIVATE.create(path) as file:
                for piece in pieces:
                    file.write(piece)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        result = StoredFile(f"{self.origin}/{place}/{name}", path, media_type, path.stat().st_size)
        self._files[f"/{place}/{name}"] = result
        return result

    def at(self, path: str) -> StoredFile | None:
        """Return the file at a path of this origin, or None."""
        return self._files.get(unquote(path))

    def owns(self, url: str) -> bool:
        """Return whether an address belongs to this origin."""
        return url.startswith(f"{self.origin}/")

    def of(self, url: str) -> StoredFile | None:
        """Return the file at an address; None if it is of another origin or does not exist."""
        return self.at(urlsplit(url).path) if self.owns(url) else None
