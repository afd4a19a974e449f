"""Download a job's outputs to this disk, or into memory if the disk cannot be written."""

from __future__ import annotations

import dataclasses
import io
import os
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from segmind_widgets.assets import media_types
from segmind_widgets.assets.asset import Asset
from segmind_widgets.assets.damage import result_problem
from segmind_widgets.assets.locations import path_of_uri
from segmind_widgets.assets.media_types import suffix, suffix_of_address, type_of_name
from segmind_widgets.errors import DownloadError, SegmindError, StoreError
from segmind_widgets.file_modes import FileModes
from segmind_widgets.network.transport import Sender
from segmind_widgets.types import Output, Reply


class ResultDir(Protocol):
    """A folder for result files: that of the store, or that of a batch row."""

    @property
    def modes(self) -> FileModes:
        """Return the modes of its new files."""
        ...

    def new_file(self, target: str, key: str, index: int, suffix: str) -> Path:
        """Return a path for a result and create its folder. Raises StoreError if that fails."""
        ...


class Downloader:
    """The files of one job.

    `files` are the files fetched so far and `missing` the errors of the others, both by the index
    of the output; `problem` is the reason why a file is in memory only, or empty if all are on
    disk.

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
        self.files: dict[int, Asset] = {}
        self.missing: dict[int, DownloadError] = {}
        self.problem = ""
        self._store, self._transport = store, transport
        self._target, self._key, self._stamp = target, key, stamp

    @property
    def assets(self) -> list[Asset]:
        """Return the files fetched so far, in the order of the outputs."""
        return [self.files[index] for index in sorted(self.files)]

    def write(self, index: int, output: Output) -> Output:
        """Write an output that was part of the reply to disk, if possible; return the asset."""
        if output.data is None and output.file is None:
            return output
        media_type = _in_reply(output).media_type
        try:
            path = self._path(index, media_type)
            if output.data is not None:
                self._write(path, output.data)
            elif output.file is not None:
                path = _move(output.file, path)
        except StoreError as error:
            self.problem = str(error)
            if output.file is None:
                return dataclasses.replace(output, media_type=media_type)
            path = output.file
        url = path.as_uri()
        return dataclasses.replace(output, data=None, file=None, url=url, media_type=media_type)

    def with_reply(self, error: SegmindError, reply: Reply) -> SegmindError:
        """Write a reply that cannot be used to disk; return the error with its path in the hint."""
        if not reply.body:
            return error
        try:
            path = self.keep(reply)
        except StoreError as problem:
            return error.with_hint(f"{error.hint} Its reply could not be kept: {problem}")
        return error.with_hint(f"{error.hint} Its reply is in {path}.")

    def keep(self, reply: Reply) -> Path:
        """Write a whole reply to disk; return its path. Raises StoreError."""
        path = self._path(0, None).with_suffix(".reply")
        if reply.file is not None:
            return _move(reply.file, path)
        self._write(path, reply.body)
        return path

    def fetch(self, outputs: Sequence[Output]) -> None:
        """Download the missing outputs, each with its recipe in it.

        Raises:
            DownloadError: an output cannot be fetched; all others are. If another try may fetch one
                of several, the error is that one's.
        """
        self.missing = {}
        for index, output in enumerate(outputs):
            if index in self.files:
                continue
            try:
                asset = self._stamp(self._asset(index, output))
            except DownloadError as error:
                self.missing[index] = error
                continue
            if asset.path:
                _fsync(asset.path)
            self.files[index] = asset
        if self.missing:
            raise min(self.missing.values(), key=lambda error: error.is_gone or error.is_final)

    def _asset(self, index: int, output: Output) -> Asset:
        url = output.url or ""
        name, until, kind = output.name, output.expires_at, output.media_type
        if output.data is not None:
            return Asset(None, output.url, name, until, output.data, kind)
        if not url:
            raise _gone_error(index)
        if url.startswith("file:"):
            path = _local(url)
            if not path.is_file():
                raise _gone_error(index)
            return Asset(path, None, name, until, declared_type=kind)
        _check_scheme(url)
        try:
            path, kind = self._download(index, output)
        except StoreError as error:
            self.problem = str(error)
            buffer = io.BytesIO()
            sent = self._transport.download(url, buffer)
            check_result(Asset(None, url, data=buffer.getvalue()), url, kind, sent)
            _check_guess(output, Asset(None, url, data=buffer.getvalue()), sent)
            return Asset(None, url, name, until, buffer.getvalue(), sent or kind)
        return Asset(path, url, name, until, declared_type=kind)

    def _download(self, index: int, output: Output) -> tuple[Path, str | None]:
        url, kind = output.url or "", output.media_type
        part = self._path(index, None).with_suffix(f".{index}.part")
        try:
            with _store_errors(part):
                self._store.modes.touch(part)
            sent = self._transport.download(url, part)
            check_result(Asset(part, url), url, kind, sent)
            _check_guess(output, Asset(part, url), sent)
            kind = sent or kind
            media_type = Asset(part, url, declared_type=kind).media_type
            path = self._path(index, media_type, url)
            return _move(part, path), kind
        except BaseException:
            with suppress(OSError):  # an incomplete file is useless
                part.unlink(missing_ok=True)
            raise

    def _write(self, path: Path, data: bytes) -> None:
        with _store_errors(path):
            self._store.modes.write(path, data)

    def _path(self, index: int, kind: str | None, url: str = "") -> Path:
        by_type = suffix(kind) if kind and kind != "application/octet-stream" else ""
        ending = by_type or suffix_of_address(url) or ".bin"
        return self._store.new_file(self._target, self._key, index, ending)


def check_result(asset: Asset, url: str, announced: str | None, sent: str | None = None) -> None:
    """Check that a file can be the result: not empty, whole, and no page in its place.

    Args:
        asset: the file.
        url: its address.
        announced: its type by the service's reply, if that has one.
        sent: the Content-Type, a hint where neither the reply nor the address tells the type.

    Raises:
        DownloadError: it cannot.
    """
    announced = announced or type_of_name(url.partition("?")[0].partition("#")[0])
    if announced == "application/octet-stream":
        announced = None
    declared = dataclasses.replace(asset, declared_type=announced or sent)
    if problem := result_problem(declared, announced):
        raise DownloadError(
            f"The result at {url.partition('?')[0][:200]} {problem}.",
            hint="The job is completed: %segmind_jobs --resume fetches it again.",
        )


def _check_guess(output: Output, asset: Asset, sent: str | None) -> None:
    """Check that a lone address of a reply gave a file, and neither a page nor data.

    Raises:
        DownloadError: it gave a page, JSON or another text.
    """
    if not output.is_guess or asset.recognised:
        return
    kind = media_types.parse(sent) or ""
    head = next(asset.pieces(16), b"").lstrip()[:1]
    if kind.startswith("text/") or kind.endswith(("json", "xml")) or head in (b"{", b"[", b"<"):
        where = (asset.url or "").partition("?")[0][:200]
        raise DownloadError(
            f"What is at {where} is no result: it is {kind or 'a text'}.",
            hint="job.reply has the service's whole reply.",
            is_final=True,
        )


def reply_problem(outputs: Sequence[Output]) -> str:
    """Return why a file that is part of a reply cannot be a result; "" where all can."""
    problems = (
        result_problem(_in_reply(output), output.media_type)
        for output in outputs
        if output.data or output.file
    )
    return next(filter(None, problems), "")


def _in_reply(output: Output) -> Asset:
    """Return a file that is part of a reply."""
    return Asset(output.file, data=output.data, declared_type=output.media_type)


def _check_scheme(url: str) -> None:
    scheme, separator, _ = url.partition("://")
    if separator and scheme.lower() not in ("http", "https"):
        raise DownloadError(
            f"{url.partition('?')[0][:200]} cannot be fetched from here: only http and https can.",
            hint=f"Fetch it with a program for {scheme}:// addresses and your own access to it.",
            is_final=True,
        )


def _gone_error(index: int) -> DownloadError:
    """Return the error for a file that was part of a reply and has since been removed."""
    return DownloadError(
        f"The file of output {index + 1} was removed from this disk and cannot be downloaded "
        "again.",
        hint="Run it again: the service sends such files only once.",
        is_gone=True,
    )


@contextmanager
def _store_errors(path: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"{path} cannot be written: {error.strerror}.",
            hint="Free some disk space, or set SEGMIND_WIDGETS_HOME to another folder.",
        ) from error


def _move(part: Path, path: Path) -> Path:
    with _store_errors(path):
        return part.replace(path)


def _fsync(path: Path) -> None:
    """Flush to the disk, best effort, before the journal records the file."""
    with suppress(OSError), path.open("rb+") as file:
        os.fsync(file.fileno())


def _local(url: str) -> Path:
    return Path(path_of_uri(url))
