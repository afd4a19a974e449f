"""Every test has a home of its own, no keys, no real keyring, and no client of another test."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import keyring
import pytest
from filelock import FileLock
from hypothesis import settings
from keyring.backends.fail import Keyring as NoKeyring

from tests.shells import quick

if TYPE_CHECKING:
    from segmind_widgets.client import SegmindClient
    from segmind_widgets.sandbox import Sandbox

# Two cores, sometimes busy: how long an example takes is no property of the code.
# a developer's run explores, CI's is the same each time
settings.register_profile("steady", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("steady")

LOCKS = "PYTEST_SHARED_LOCKS"  # the folder of locks that all test processes of one run share


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Start one process more than there are cores, as tests wait; none where files are named."""
    if any(Path(argument.partition("::")[0]).is_file() for argument in config.args):
        return 0
    return (os.cpu_count() or 1) + 1


def pytest_configure(config: pytest.Config) -> None:
    """Make the folder of locks, once for all test processes."""
    if not hasattr(config, "workerinput"):
        os.environ[LOCKS] = tempfile.mkdtemp(prefix="segmind-tests-")
        config.add_cleanup(lambda: shutil.rmtree(os.environ.pop(LOCKS), ignore_errors=True))


def pytest_itemcollected(item: pytest.Item) -> None:
    """Run tests that measure time one after the other, and without coverage, which takes time."""
    if is_alone(item):
        item.add_marker(pytest.mark.xdist_group("alone"))
        item.add_marker(pytest.mark.no_cover)


def is_alone(item: pytest.Item | None) -> bool:
    """Return whether a test is marked `alone`."""
    return item is not None and item.get_closest_marker("alone") is not None


class TestLock:
    """The locks of this process: one while it runs a test, and all while a test is alone."""

    def __init__(self) -> None:
        self._locks = ExitStack()
        self._exclusive = False

    def begin(self, *, alone: bool) -> None:
        """Wait until the test may run."""
        if self._exclusive:  # since the test before
            return
        folder = Path(os.environ[LOCKS])
        count = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
        own = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
        # no test starts while one waits to be alone
        with FileLock(folder / "door").acquire(poll_interval=0.01):
            for name in [f"gw{number}" for number in range(count)] if alone else [own]:
                self._locks.enter_context(FileLock(folder / name).acquire(poll_interval=0.01))
        self._exclusive = alone

    def end(self) -> None:
        """Let the tests of other processes run."""
        self._locks.close()
        self._exclusive = False


_test_lock = TestLock()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(
    item: pytest.Item, nextitem: pytest.Item | None
) -> Generator[None, object, object]:
    """Run a test marked `alone` while no other process runs one; such tests share a turn."""
    _test_lock.begin(alone=is_alone(item))
    try:
        return (yield)
    finally:
        if not (is_alone(item) and is_alone(nextitem)):
            _test_lock.end()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Put the statements that a test shows into its report, also from another process."""
    report = yield
    for mark in item.iter_markers("statement"):
        report.user_properties += [("statement", name) for name in mark.args]
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print which statements of the services' pages hold, where their tests ran."""
    from tests.seeds.statements import print_table

    print_table(terminalreporter)


@pytest.fixture(autouse=True)
def isolated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Own HOME and store, no settings or keys of the person who runs the tests, no keyring."""
    for name in list(os.environ):
        if name.startswith(("SEGMIND_", "APIMART_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    monkeypatch.delenv("NETRC", raising=False)
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)  # another one's makes IPython warn
    monkeypatch.setenv("SEGMIND_WIDGETS_HOME", str(tmp_path / "store"))
    before = keyring.get_keyring()
    keyring.set_keyring(NoKeyring())
    yield
    keyring.set_keyring(before)
    module = sys.modules.get("segmind_widgets.client")
    client = getattr(module, "SegmindClient", None)
    if client is not None and client.initialized():
        client.instance().close()
        client.clear_instance()


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """The services on this machine, much faster than life, with pictures that cost no time."""
    from segmind_widgets.sandbox import Sandbox

    with Sandbox(speed=500, artist=quick) as running:
        yield running


@pytest.fixture
def client(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> SegmindClient:
    """A client with the sandbox's keys and addresses in its environment."""
    from segmind_widgets.client import SegmindClient

    for name, value in sandbox.environ.items():
        monkeypatch.setenv(name, value)
    return SegmindClient.instance()
