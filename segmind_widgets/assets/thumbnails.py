"""Small pictures of files, kept on disk: to decode a thousand results takes ten seconds."""

from __future__ import annotations

import hashlib
import uuid
from contextlib import suppress
from pathlib import Path

from segmind_widgets.assets.asset import Asset

KEPT_SIDE = 512  # pixels; larger ones are made anew, they are looked at one by one
MOST = 10_000  # files, of 2 to 30 kB each
_BEGINNING = 2_000  # bytes of a text


class Thumbnails:
    """The small pictures in `folder`, which is made when it is needed.

    A file that changed gets a new one. Where the folder cannot be used, they are made each time.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._tidied = False

    def get(self, asset: Asset, side: int) -> tuple[bytes, str]:
        """A picture of an asset, at most `side` pixels wide and high: bytes and media type.

        JPEG, or PNG where there is transparency; the beginning of a text; no bytes for a file of
        another kind or a bare URL.

        Raises:
            AssetError: the file is gone, or is a picture that cannot be read.
        """
        path = self._path(asset, side)
        if path is not None:
            with suppress(OSError):
                data = path.read_bytes()
                if data:
                    return data, "image/png" if data.startswith(b"\x89PNG") else "image/jpeg"
        if asset.local and asset.kind == "text":
            return next(asset.pieces(_BEGINNING), b""), "text/plain"
        if not asset.local or asset.kind != "image":
            return b"", ""
        data, media_type = asset.preview(side)
        if path is not None:
            with suppress(OSError):  # a full disk is no reason to show nothing
                self._keep(path, data)
        return data, media_type

    def _path(self, asset: Asset, side: int) -> Path | None:
        """Where it is kept: named by the file as it is now, or by the bytes in memory."""
        if side > KEPT_SIDE:
            return None
        if asset.data is not None or asset.path is None:
            told = asset.sha256
        else:
            try:
                now = asset.path.stat()
            except OSError:
                return None
            told = f"{asset.path}|{now.st_mtime_ns}|{now.st_size}"
        name = hashlib.sha256(f"{side}|{told}".encode()).hexdigest()
        return self._folder / name[:32] if told else None

    def _keep(self, path: Path, data: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = path.with_name(f"{uuid.uuid4().hex}.part")  # other kernels write here too
        try:
            part.write_bytes(data)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
        if not self._tidied:
            self._tidied = True
            self._tidy()

    def _tidy(self) -> None:
        """Remove the oldest of too many, once in a kernel."""
        files = sorted(self._folder.iterdir(), key=lambda path: path.stat().st_mtime)
        for path in files[:-MOST]:
            path.unlink(missing_ok=True)
