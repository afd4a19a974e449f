"""Detect live kernels by file locks.

Each kernel holds a file lock of the operating system on its own file in the home folder. The system
releases the lock however the process ends, so the jobs of a killed kernel can be resumed at once.
"""

from __future__ import annotations

import hashlib
import os
import threading
import uuid
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from segmind_widgets.errors import StillRunning
from segmind_widgets.file_modes import PRIVATE
from segmind_widgets.storage.file_lock import FileLock, LockTimeout

_GLANCE = 0.1  # seconds: another kernel that checks at the same time holds the lock briefly


class KernelLock:
    """The lock of this process, visible to other kernels of the same home.

    Args:
        home: the store's folder.
    """

    def __init__(self, home: Path) -> None:
        self._folder = home / "kernels"
        self._lock: FileLock | None = None
        self._id: str | None = None
        self._gate = threading.Lock()  # two threads that start their first jobs get the same id

    @property
    def id(self) -> str | None:
        """Return the name under which jobs are claimed; None if the disk does not support locks."""
        with self._gate:
            if self._lock is None:
                name = f"{os.getpid()}-{uuid.uuid4().hex[:12]}"
                self._lock = FileLock(self._path(name))
                with suppress(OSError):
                    PRIVATE.make_folder(self._folder)
                    self._lock.acquire(1.0)
                    self._id = name
            return self._id

    def alive(self, owner: str | None) -> bool:
        """Return whether the kernel of that name is running, or may be."""
        if owner is None:
            return False
        path = self._path(owner)
        if owner == self._id or not path.exists():
            return owner == self._id
        lock = FileLock(path)
        try:
            lock.acquire(_GLANCE, _GLANCE / 5)
        except OSError:  # an unreadable lock is treated as locked
            return True
        lock.release()
        _unlink(path)
        return False

    def close(self) -> None:
        """Release this kernel's jobs."""
        if self._lock is not None and self._id is not None:
            self._lock.release()
            _unlink(self._path(self._id))
        self._lock = self._id = None

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.lock"


def _unlink(path: Path) -> None:
    with suppress(OSError):  # Windows keeps it while another kernel checks it
        path.unlink()


class BatchLock:
    """A lock on an activity that only one process at a time may do, such as running a batch.

    The system releases it when the process ends. Within the process, each holder has the activity
    to itself for as long as it is active; after that, others may join it until all have released.

    Args:
        home: the store's folder.
        name: the name of the activity; any characters are allowed.
    """

    def __init__(self, home: Path, name: str) -> None:
        self._name = name
        digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        self._path = home / "kernels" / f"{digest}.turn"
        self._lock = FileLock(self._path)
        self._gate = threading.Lock()  # held from the check of the last holder to the new one
        self._is_active: Callable[[], bool] = bool

    @contextmanager
    def acquire(self, is_active: Callable[[], bool]) -> Generator[None]:
        """Acquire, then begin the activity in the block; nobody else can acquire meanwhile.

        Other processes do not count where the filesystem has no locks.

        Args:
            is_active: whether the activity, once begun, goes on. While it returns true, nobody else
                of this process can acquire.

        Raises:
            StillRunning: another process has it, or an active holder of this process.
        """
        with self._gate:
            if self._is_active():
                raise StillRunning(
                    f"{self._name} still runs here.",
                    hint="Wait for it with batch.wait(), or stop it with batch.stop().",
                )
            self._acquire_file()
            yield
            self._is_active = is_active

    def _acquire_file(self) -> None:
        try:
            PRIVATE.make_folder(self._path.parent)
            self._lock.acquire(_GLANCE)
        except LockTimeout:
            raise StillRunning(
                f"{self._name} is running in another kernel.",
                hint="Wait until it ends there; its results are also in the journal.",
            ) from None
        except OSError:
            return

    def release(self) -> None:
        """Release the lock."""
        with self._gate:
            self._lock.release()
