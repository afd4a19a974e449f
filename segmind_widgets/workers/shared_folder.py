"""A folder that the driver and all workers share: a path, or a URL that fsspec can open.

Names of files are relative, with slashes. Writes are atomic.
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
from segmind_widgets.file_modes import SHARED, FileModes

_HINT = "Choose a folder, or an fsspec URL, that this machine and every worker may write."


class Folder(Protocol):
    """The shared folder. Every method raises StoreError if the folder is not usable."""

    modes: FileModes

    def read(self, name: str) -> bytes | None:
        """Return a file's content; None if there is no such file."""
        ...

    def create(self, name: str, data: bytes) -> bool:
        """Create a file; return False if it exists. Of concurrent calls only one succeeds."""
        ...

    def write(self, name: str, data: bytes) -> None:
        """Write a file, replacing an old one atomically."""
        ...

    def move_in(self, path: Path, name: str) -> str:
        """Move a local file into the folder; return its location for `local_path`."""
        ...

    def local_path(self, location: str, new_path: Callable[[], Path]) -> Path:
        """Return a local path of a file in the folder, copied to `new_path()` if it is remote."""
        ...

    def work_dir(self) -> Any:
        """Return a context manager with a temporary local folder, on the same disk if possible."""
        ...


def open_folder(url: str, modes: FileModes = SHARED) -> Folder:
    """Open the folder at a path or an fsspec URL.

    Args:
        url: where it is.
        modes: those of new files on a disk.

    Raises:
        InputError: fsspec, or its package for this kind of URL, is not installed.
    """
    return _FsspecFolder(url) if "://" in url else _DiskFolder(Path(url), modes)


def safe_name(name: str) -> str:
    """Return a unique name that is valid on every file system."""
    short = re.sub(r"[^\w.-]+", "-", name)[:80].strip("-.")
    if name and short == name:
        return name
    return f"{short}-{blake2b(name.encode(), digest_size=4).hexdigest()}"


@contextmanager
def _store_errors(folder: Any) -> Iterator[None]:
    try:
        yield
    except FileExistsError:
        raise
    except OSError as error:
        message = f"{folder} cannot be used: {error.strerror or error}."
        raise StoreError(message, hint=_HINT) from None


class _DiskFolder:
    def __init__(self, root: Path, modes: FileModes) -> None:
        self._root, self.modes = root, modes

    def _path(self, name: str) -> Path:
        path = self._root / name
        self.modes.make_folder(path.parent)
        return path

    def read(self, name: str) -> bytes | None:
        with _store_errors(self._root):
            try:
                return (self._root / name).read_bytes()
            except FileNotFoundError:
                return None

    def create(self, name: str, data: bytes) -> bool:
        """Create the file exclusively; a reader may see it empty before its content is written."""
        with _store_errors(self._root):
            try:
                with self.modes.create(self._path(name), os.O_EXCL) as file:
                    file.write(data)
            except FileExistsError:
                return False
            return True

    def write(self, name: str, data: bytes) -> None:
        with _store_errors(self._root):
            self.modes.write(self._path(name), data)

    def move_in(self, path: Path, name: str) -> str:
        with _store_errors(self._root):
            return str(path.replace(self._path(name)))

    def local_path(self, location: str, new_path: Callable[[], Path]) -> Path:  # noqa: ARG002 - no copy is needed
        return Path(location)

    @contextmanager
    def work_dir(self) -> Iterator[Path]:
        with _store_errors(self._root):
            self.modes.make_folder(self._root)
            folder = Path(tempfile.mkdtemp(prefix=".part-", dir=self._root))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


class _FsspecFolder:
    """An fsspec URL; without exclusive creation, `create` checks first (a race condition)."""

    modes = SHARED  # of the local copies on their way

    def __init__(self, url: str) -> None:
        try:
            core = import_module("fsspec.core")
            self._files, self._root = core.url_to_fs(url)
        except ImportError as error:
            raise InputError(
                f"The folder {url} cannot be opened: {error}.",
                hint="Run pip install 'segmind-widgets[fsspec]', here and where the workers are;"
                " and the package for this kind of URL, such as s3fs or gcsfs.",
            ) from None
        except ValueError as error:
            raise InputError(f"The folder {url} cannot be opened: {error}.", hint=_HINT) from None
        self._url = url

    def _path(self, name: str) -> str:
        path = f"{self._root.rstrip('/')}/{name}"
        self._files.makedirs(path.rpartition("/")[0], exist_ok=True)
        return path

    def read(self, name: str) -> bytes | None:
        with _store_errors(self._url):
            try:
                return self._files.cat_file(f"{self._root.rstrip('/')}/{name}")
            except FileNotFoundError:
                return None

    def create(self, name: str, data: bytes) -> bool:
        with _store_errors(self._url):
            try:
                self._files.pipe_file(self._path(name), data, mode="create")
            except FileExistsError:
                return False
            return True

    def write(self, name: str, data: bytes) -> None:
        """Write the file: object stores replace atomically, a disk needs a rename."""
        with _store_errors(self._url):
            path = self._path(name)
            if "file" not in self._files.protocol:
                self._files.pipe_file(path, data)
                return
            self._files.pipe_file(part := f"{path}.{uuid.uuid4().hex[:8]}", data)
            os.replace(part, path)  # noqa: PTH105 - fsspec's paths are text

    def move_in(self, path: Path, name: str) -> str:
        with _store_errors(self._url):
            self._files.put_file(str(path), self._path(name))
        return name

    def local_path(self, location: str, new_path: Callable[[], Path]) -> Path:
        copy = new_path()
        with _store_errors(self._url):
            self._files.get_file(f"{self._root.rstrip('/')}/{location}", str(copy))
        return copy

    @contextmanager
    def work_dir(self) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="segmind-") as folder:
            yield Path(folder)
