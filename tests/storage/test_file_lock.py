"""The lock on a file: one process at a time, released however it ends, and not by its children."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock
import pytest

from segmind_widgets.storage.file_lock import FileLock, LockTimeout

HOLD = """
import sys
from pathlib import Path
from segmind_widgets.storage.file_lock import FileLock
lock = FileLock(Path(sys.argv[1]))
lock.acquire(5)
{after}
print("held", flush=True)
sys.stdin.read()
"""
FORK = """
import os
if os.fork() == 0:
    sys.stdin.read()  # outlives its parent
    os._exit(0)
"""


@contextmanager
def holder(path: Path, after: str = "") -> Iterator[subprocess.Popen[str]]:
    """Yield a process that holds the lock."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD.format(after=after), str(path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_one_process_has_it_until_it_is_killed(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "a.lock")
    with holder(tmp_path / "a.lock") as process:
        with pytest.raises(LockTimeout):
            lock.acquire(0.05, 0.01)
        process.kill()
        lock.acquire(20, 0.01)
    lock.release()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_a_forked_child_does_not_keep_it(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "a.lock")
    with holder(tmp_path / "a.lock", FORK) as process:
        os.kill(process.pid, signal.SIGKILL)
        process.wait(20)
        lock.acquire(20, 0.01)
        lock.release()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_a_forked_child_does_not_release_it(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "a.lock")
    lock.acquire(0)
    child = os.fork()
    if child == 0:
        lock.release()
        os._exit(0)
    os.waitpid(child, 0)
    with pytest.raises(LockTimeout):
        FileLock(tmp_path / "a.lock").acquire(0)
    lock.release()


def test_a_holder_releases_it_as_often_as_it_acquired_it(tmp_path: Path) -> None:
    lock, other = (FileLock(tmp_path / "a.lock") for _ in range(2))
    for _ in range(2):
        lock.acquire(0)
    lock.release()
    with pytest.raises(LockTimeout):
        other.acquire(0)
    lock.release()
    lock.release()
    other.acquire(0)
    other.release()


def test_kernels_of_earlier_versions_share_it(tmp_path: Path) -> None:
    """They hold locks of the package `filelock`."""
    lock = FileLock(tmp_path / "a.lock")
    with (
        filelock.FileLock(tmp_path / "a.lock", thread_local=False),
        pytest.raises(LockTimeout),
    ):
        lock.acquire(0)
    lock.acquire(0)
    with pytest.raises(filelock.Timeout):
        filelock.FileLock(tmp_path / "a.lock", thread_local=False).acquire(timeout=0)
    lock.release()


def test_a_folder_that_is_missing_is_no_lock_of_another(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        FileLock(tmp_path / "none" / "a.lock").acquire(1)
