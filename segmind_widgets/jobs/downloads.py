"""Download a job's outputs to this disk, or into memory if the disk cannot be written."""

from __future__ import annotations

import dataclasses
import io
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit
from urllib.request import url2pathname

from segmind_widgets.assets.asset import Asset
from segmind_widgets.assets.media_types import suffix, suffix_of_address
from segmind_widgets.errors import DownloadError, StoreError
from segmind_widgets.network.transport import Sender
from segmind_widgets.types import Output


class ResultDir(Protocol):
    """A folder for result files: that of the store, or that of a batch row."""

    def new_file(self, target: str, key: str, index: int, suffix: str) -> Path:
        """Return a path for a result and create its folder. Raises StoreError if that fails."""
        ...


class Downloader:
    """The files of one job.

    `assets` are the files fetched so far, in order; `problem` is the reason why a file is in memory
    only, or empty if all are on disk.

    Args:
        key: the row in the store.
        stamp: a function that writes the recipe into an asset before the asset is shown or its size
            is read.
    """

    def __init__(
        self,
        store: ResultDir,
        transport: Sender,
        target: str,
        key: str,
        stamp: Callable[[Asset], Asset],
    ) -> None:
        self.assets: list[Asset] = []
        self.problem = ""
        self._store, self._transport = store, transport
        self._target, self._key, self._stamp = target, key, stamp

    def write(self, index: int, output: Output) -> Output:
        """Write an output that was part of the reply to disk, if possible; return the asset."""
        if output.data is None:
            return output
        asset = Asset(data=output.data, declared_type=output.media_type)
        try:
            path = self._path(index, asset.media_type)
            _write(path, output.data)
        except StoreError as error:
            self.problem = str(error)
            return dataclasses.replace(output, media_type=asset.media_type)
        return dataclasses.replace(
            output, data=None, url=path.as_uri(), media_type=asset.media_type
        )

    def fetch(self, outputs: Sequence[Output]) -> None:
        """Download the missing outputs, each with its recipe in it.

        Raises:
            DownloadError: an output cannot be fetched; earlier ones are kept.
        """
        for index in range(len(self.assets), len(outputs)):
            asset = self._stamp(self._asset(index, outputs[index]))
            if asset.path:
                _fsync(asset.path)
            self.assets.append(asset)

    def _asset(self, index: int, output: Output) -> Asset:
        url = output.url or ""
        name, until, kind = output.name, output.expires_at, output.media_type
        if output.data is not None:
            return Asset(None, output.url, name, until, output.data, kind)
        if not url:
            raise _gone_error(index)
        if url.startswith("file:"):
            return Asset(_local(url), None, name, until, declared_type=kind)
        try:
            path, kind = self._download(index, url, kind)
        except StoreError as error:
            self.problem = str(error)
            buffer = io.BytesIO()
            kind = self._transport.download(url, buffer) or kind
            return Asset(None, url, name, until, buffer.getvalue(), kind)
        return Asset(path, url, name, until, declared_type=kind)

    def _download(self, index: int, url: str, kind: str | None) -> tuple[Path, str | None]:
        part = self._path(index, None).with_suffix(f".{index}.part")
        try:
            kind = self._transport.download(url, part) or kind
            media_type = Asset(part, url, declared_type=kind).media_type
            return _move(part, self._path(index, media_type, url)), kind
        except BaseException:
            with suppress(OSError):  # an incomplete file is useless
                part.unlink(missing_ok=True)
            raise

    def _path(self, index: int, kind: str | None, url: str = "") -> Path:
        by_type = suffix(kind) if kind and kind != "application/octet-stream" else ""
        ending = by_type or suffix_of_address(url) or ".bin"
        return self._store.new_file(self._target, self._key, index, ending)


def _gone_error(index: int) -> DownloadError:
    """Return the error for a file that was part of a reply and has since been removed."""
    return DownloadError(
        f"The file of output {index + 1} was removed from this disk and cannot be downloaded "
        "again.",
        hint="Run it again: the service sends such files only once.",
        is_gone=True,
    )


def _write(path: Path, data: bytes) -> None:
    part = path.with_suffix(".part")
    try:
        part.write_bytes(data)
        part.replace(path)
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise StoreError(
            f"{path} cannot be written: {error.strerror}.",
            hint="Free some disk space, or set SEGMIND_WIDGETS_HOME to another folder.",
        ) from error


def _move(part: Path, path: Path) -> Path:
    try:
        return part.replace(path)
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror}.") from error


def _fsync(path: Path) -> None:
    """Flush to the disk, best effort, before the journal records the file."""
    with suppress(OSError), path.open("rb+") as file:
        os.fsync(file.fileno())


def _local(url: str) -> Path:
    return Path(url2pathname(urlsplit(url).path))
