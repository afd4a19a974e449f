"""An exclusive lock of the operating system on a file.

The system releases it however the process ends. It is the lock that the package `filelock` takes
(`flock`, on Windows `msvcrt.locking` of the first byte), whose import takes a fifth of the time
from a kernel's first run to its POST.
"""

from __future__ import annotations

import errno
import os
import sys
import threading
import time
from pathlib import Path
from weakref import WeakSet

from segmind_widgets.file_modes import PRIVATE

_TAKEN = {errno.EACCES, errno.EAGAIN, errno.EDEADLK}  # how the systems say that another has it


class LockTimeout(TimeoutError):
    """Another process has the lock."""


class FileLock:
    """A lock on a file, which is created if missing and never deleted.

    A holder may acquire it again and must release it as often. A forked child does not have it.

    Args:
        path: the file; its folder exists.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None
        self._count = 0
        self._gate = threading.Lock()
        _locks.add(self)

    def acquire(self, timeout: float, pause: float = 0.05) -> None:
        """Acquire the lock within `timeout` seconds, trying again after each `pause`.

        Raises:
            LockTimeout: another process has it.
            OSError: the file cannot be opened, or its filesystem has no locks.
        """
        deadline = time.monotonic() + timeout
        while not self._try():
            if time.monotonic() >= deadline:
                raise LockTimeout(f"{self._path} is locked by another process")
            time.sleep(pause)

    def release(self) -> None:
        """Release the lock; do nothing without it."""
        with self._gate:
            self._count -= self._count > 0
            if self._count == 0:
                self._close()

    def _try(self) -> bool:
        with self._gate:
            if self._file is None:
                file = os.open(self._path, os.O_RDWR | os.O_CREAT, PRIVATE.file)
                try:
                    _lock(file)
                except OSError as error:
                    os.close(file)
                    if error.errno in _TAKEN:
                        return False
                    raise
                self._file = file
            self._count += 1
            return True

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            os.close(file)  # which unlocks it

    def leave_to_parent(self) -> None:
        """Close a forked child's copy of the file, which would hold the lock after its parent."""
        self._gate = threading.Lock()  # a thread of the parent may have held the old lock
        self._count = 0
        self._close()


_locks: WeakSet[FileLock] = WeakSet()


def _leave_all_to_parent() -> None:
    for lock in list(_locks):
        lock.leave_to_parent()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_all_to_parent)

if sys.platform == "win32":
    import msvcrt

    def _lock(file: int) -> None:
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
