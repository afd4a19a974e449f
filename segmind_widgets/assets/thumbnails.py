"""Thumbnails cached on disk: decoding a thousand results takes ten seconds."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path

from segmind_widgets.assets.asset import Asset
from segmind_widgets.assets.media_types import sniff
from segmind_widgets.file_modes import PRIVATE

CACHED_SIDE = 512  # pixels; larger pictures are rarely needed and not cached
MAX_FILES = 10_000  # files, of 2 to 30 kB each
_TEXT_BYTES = 2_000  # the beginning of a text


class Thumbnails:
    """A cache of thumbnails in `folder`, which is created on first use.

    A changed file gets a new thumbnail. Without a usable folder nothing is cached.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._is_tidy = False

    def get(self, asset: Asset, side: int) -> tuple[bytes, str]:
        """Return a picture of an asset, at most `side` pixels wide and high: bytes and media type.

        The result is an image as of `Asset.preview`. For a text it is the beginning of the
        text; for other files and bare URLs it is empty.

        Raises:
            AssetError: the file is gone, or is a picture that cannot be read.
        """
        path = self._path(asset, side)
        if path is not None:
            with suppress(OSError):
                data = path.read_bytes()
                if data:
                    return data, sniff(data, data[:64]) or "image/jpeg"
        if asset.local and asset.kind == "text":
            return next(asset.pieces(_TEXT_BYTES), b""), "text/plain"
        if not asset.local or asset.kind != "image":
            return b"", ""
        data, media_type = asset.preview(side)
        if path is not None:
            with suppress(OSError):  # a full disk must not hide the picture
                self._write(path, data)
        return data, media_type

    def remove(self, path: Path, present: Path) -> None:
        """Remove the thumbnails of the file that was at `path` and is now at `present`."""
        with suppress(OSError):
            identity = _identity(path, present.stat())
            for side in range(1, CACHED_SIDE + 1):
                self._file(side, identity).unlink(missing_ok=True)

    def _path(self, asset: Asset, side: int) -> Path | None:
        """Return the cache file, named by the file's path, size and time, or by the content."""
        if side > CACHED_SIDE:
            return None
        if asset.data is not None or asset.path is None:
            identity = asset.sha256
        else:
            try:
                status = asset.path.stat()
            except OSError:
                return None
            identity = _identity(asset.path, status)
        return self._file(side, identity) if identity else None

    def _file(self, side: int, identity: str) -> Path:
        return self._folder / hashlib.sha256(f"{side}|{identity}".encode()).hexdigest()[:32]

    def _write(self, path: Path, data: bytes) -> None:
        PRIVATE.make_folder(self._folder)
        PRIVATE.write(path, data)
        if not self._is_tidy:
            self._is_tidy = True
            self._tidy()

    def _tidy(self) -> None:
        """Remove the oldest files above `MAX_FILES`; called once per kernel."""
        files = sorted(self._folder.iterdir(), key=lambda path: path.stat().st_mtime)
        for path in files[:-MAX_FILES]:
            path.unlink(missing_ok=True)


def _identity(path: Path, status: os.stat_result) -> str:
    return f"{path}|{status.st_mtime_ns}|{status.st_size}"
