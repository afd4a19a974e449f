"""A job's outputs, from the service to this disk; where the disk takes nothing, into memory."""

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
from segmind_widgets.assets.media_types import suffix
from segmind_widgets.errors import DownloadError, StoreError
from segmind_widgets.network.transport import Sender
from segmind_widgets.types import Output


class ResultDir(Protocol):
    """Where files of results have their place: the store, or a row's folder."""

    def new_file(self, target: str, key: str, index: int, suffix: str) -> Path:
        """A path for a result; its folder is there. Raises StoreError where it cannot be."""
        ...


class Downloader:
    """The files of one job.

    `assets` are those that were fetched so far, in order; `problem` says why one is in memory
    only, and is empty where all are on disk.

    Args:
        key: the row in the store.
        stamp: puts the recipe into an asset, before anybody sees or measures it.
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
        """An output whose bytes came with the reply, as a file on disk where that is possible."""
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
        """Bring the outputs to disk that are not there yet, each with its recipe in it.

        Raises:
            DownloadError: one cannot be fetched; those before it stay.
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
            found = Asset(part, url, declared_type=kind).media_type
            return _move(part, self._path(index, found, url)), kind
        except BaseException:
            with suppress(OSError):  # half a file is no use, and takes room
                part.unlink(missing_ok=True)
            raise

    def _path(self, index: int, kind: str | None, url: str = "") -> Path:
        known = suffix(kind) if kind and kind != "application/octet-stream" else ""
        ending = known or Path(url.partition("?")[0]).suffix[:8] or ".bin"
        return self._store.new_file(self._target, self._key, index, ending)


def _gone_error(index: int) -> DownloadError:
    """It came with a reply, and was kept in a file that is there no more."""
    return DownloadError(
        f"The file of output {index + 1} was removed from this disk, and it has no address.",
        hint="Run it again: the service sent it once.",
        gone=True,
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
            hint="Free some disk, or set SEGMIND_WIDGETS_HOME to another folder.",
        ) from error


def _move(part: Path, path: Path) -> Path:
    try:
        return part.replace(path)
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror}.") from error


def _fsync(path: Path) -> None:
    """To the disk itself, before the journal says that it is there; as far as that can be had."""
    with suppress(OSError), path.open("rb+") as file:
        os.fsync(file.fileno())


def _local(url: str) -> Path:
    return Path(url2pathname(urlsplit(url).path))
