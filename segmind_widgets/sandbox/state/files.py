"""The files' origin: uploads and results, on disk, served to anyone who knows the address."""

from __future__ import annotations

import mimetypes
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

_SUFFIXES = {  # those that mimetypes lacks or names unexpectedly on some systems
    "image/jpeg": ".jpg",
    "image/webp": ".webp",
    "audio/wav": ".wav",
    "audio/mpeg": ".mp3",
    "video/webm": ".webm",
}


@dataclass(frozen=True)
class StoredFile:
    """`size` is in bytes."""

    url: str
    path: Path
    media_type: str
    size: int

    @property
    def name(self) -> str:
        return self.url.rpartition("/")[2]


class Files:
    """The files by the path of their address."""

    def __init__(self, origin: str, folder: Path) -> None:
        self.origin = origin
        self._folder = folder
        self._files: dict[str, StoredFile] = {}

    def add(
        self, pieces: Iterable[bytes], media_type: str, place: str = "outputs", name: str = ""
    ) -> StoredFile:
        """Keep a file. What `pieces` raises is passed on, and then nothing is kept."""
        kind = media_type.partition(";")[0].strip()
        name = (
            name or f"{uuid.uuid4()}{_SUFFIXES.get(kind) or mimetypes.guess_extension(kind) or ''}"
        )
        path = self._folder / uuid.uuid4().hex
        try:
            with path.open("wb") as file:
                for piece in pieces:
                    file.write(piece)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        stored = StoredFile(f"{self.origin}/{place}/{name}", path, media_type, path.stat().st_size)
        self._files[f"/{place}/{name}"] = stored
        return stored

    def at(self, path: str) -> StoredFile | None:
        """The file at a path of this origin."""
        return self._files.get(unquote(path))

    def owns(self, url: str) -> bool:
        return url.startswith(f"{self.origin}/")

    def of(self, url: str) -> StoredFile | None:
        """The file behind one of our own addresses; None where there is none, or none any more."""
        return self.at(urlsplit(url).path) if self.owns(url) else None
