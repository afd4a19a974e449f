"""A place that the driver and all workers can reach: a folder, or any URL that fsspec opens.

Names are relative, with slashes. Whatever is written is whole, or is not there.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from segmind_widgets.errors import InputError, StoreError

_HINT = "Choose a folder, or an fsspec URL, that this machine and every worker may write."


class Folder(Protocol):
    """What is kept in the place. Every method raises StoreError where the place is not usable."""

    def read(self, name: str) -> bytes | None:
        """A file's content; None where there is none."""
        ...

    def create(self, name: str, data: bytes) -> bool:
        """Make a new file; False where there is one. Of several who try, one succeeds."""
        ...

    def write(self, name: str, data: bytes) -> None:
        """Make a file, or replace it at once."""
        ...

    def take(self, path: Path, name: str) -> str:
        """Move a file of this machine here; where it is now, as `bring` finds it."""
        ...

    def bring(self, kept: str, path: Callable[[], Path]) -> Path:
        """A file that was taken, on this machine: where it is, or a copy of it at `path()`."""
        ...

    def desk(self) -> Any:
        """A context with a Path to work at, from which `take` is quick; removed at its end."""
        ...


def opened(url: str) -> Folder:
    """The folder at a path or an fsspec URL.

    Raises:
        InputError: it is a URL, and fsspec or what opens such URLs is not installed here.
    """
    return _Remote(url) if "://" in url else _Local(Path(url))


def plain(name: str) -> str:
    """A name that every file system takes, and that no other name has."""
    short = re.sub(r"[^\w.-]+", "-", name)[:80].strip("-.")
    if name and short == name:
        return name
    return f"{short}-{blake2b(name.encode(), digest_size=4).hexdigest()}"


@contextmanager
def _problems(folder: Any) -> Iterator[None]:
    try:
        yield
    except FileExistsError:
        raise
    except OSError as error:
        said = f"{folder} cannot be used: {error.strerror or error}."
        raise StoreError(said, hint=_HINT) from None


class _Local:
    def __init__(self, root: Path) -> None:
        self._root = root

    def _path(self, name: str) -> Path:
        path = self._root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def read(self, name: str) -> bytes | None:
        with _problems(self._root):
            try:
                return (self._root / name).read_bytes()
            except FileNotFoundError:
                return None

    def create(self, name: str, data: bytes) -> bool:
        """The system makes it for one alone; who reads it at that moment may find it empty."""
        with _problems(self._root):
            try:
                with self._path(name).open("xb") as file:
                    file.write(data)
            except FileExistsError:
                return False
            return True

    def write(self, name: str, data: bytes) -> None:
        with _problems(self._root):
            path = self._path(name)
            part = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
            part.write_bytes(data)
            part.replace(path)

    def take(self, path: Path, name: str) -> str:
        with _problems(self._root):
            return str(path.replace(self._path(name)))

    def bring(self, kept: str, path: Callable[[], Path]) -> Path:  # noqa: ARG002 - no copy is needed
        return Path(kept)

    @contextmanager
    def desk(self) -> Iterator[Path]:
        with _problems(self._root):
            self._root.mkdir(parents=True, exist_ok=True)
            desk = Path(tempfile.mkdtemp(prefix=".part-", dir=self._root))
        try:
            yield desk
        finally:
            shutil.rmtree(desk, ignore_errors=True)


class _Remote:
    """Where a store knows no exclusive creation, `create` looks first: nearly as good."""

    def __init__(self, url: str) -> None:
        try:
            core = import_module("fsspec.core")
            self._files, self._root = core.url_to_fs(url)
        except ImportError as error:
            raise InputError(
                f"The folder {url} cannot be opened: {error}.",
                hint="Run pip install 'segmind-widgets[fsspec]', here and where the workers are;"
                " and what fsspec needs for such URLs, such as s3fs or gcsfs.",
            ) from None
        except ValueError as error:
            raise InputError(f"The folder {url} cannot be opened: {error}.", hint=_HINT) from None
        self._url = url

    def _path(self, name: str) -> str:
        path = f"{self._root.rstrip('/')}/{name}"
        self._files.makedirs(path.rpartition("/")[0], exist_ok=True)
        return path

    def read(self, name: str) -> bytes | None:
        with _problems(self._url):
            try:
                return self._files.cat_file(f"{self._root.rstrip('/')}/{name}")
            except FileNotFoundError:
                return None

    def create(self, name: str, data: bytes) -> bool:
        with _problems(self._url):
            try:
                self._files.pipe_file(self._path(name), data, mode="create")
            except FileExistsError:
                return False
            return True

    def write(self, name: str, data: bytes) -> None:
        """Object stores replace at once; on a disk, a copy of it is moved."""
        with _problems(self._url):
            path = self._path(name)
            if "file" not in self._files.protocol:
                self._files.pipe_file(path, data)
                return
            self._files.pipe_file(part := f"{path}.{uuid.uuid4().hex[:8]}", data)
            os.replace(part, path)  # noqa: PTH105 - fsspec's paths are text

    def take(self, path: Path, name: str) -> str:
        with _problems(self._url):
            self._files.put_file(str(path), self._path(name))
        return name

    def bring(self, kept: str, path: Callable[[], Path]) -> Path:
        copy = path()
        with _problems(self._url):
            self._files.get_file(f"{self._root.rstrip('/')}/{kept}", str(copy))
        return copy

    @contextmanager
    def desk(self) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="segmind-") as desk:
            yield Path(desk)
