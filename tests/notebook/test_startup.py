"""What a kernel's first run imports, and what is imported before it while the kernel is idle."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Coroutine
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from IPython.core.events import EventManager, available_events
from tornado.ioloop import IOLoop

from segmind_widgets.notebook import startup
from segmind_widgets.notebook.startup import MODULES, SLICE, IdleImports
from segmind_widgets.sandbox import Sandbox
from tests.notebook.test_display import Kernel
from tests.notebook.test_live_output import outputs
from tests.shells import environment, quick
from tests.waits import until

RUN = """
import asyncio, json, sys
import ipykernel.ipkernel, ipykernel.zmqshell, ipykernel.kernelapp
from IPython.core.interactiveshell import InteractiveShell
from tornado.ioloop import IOLoop
shell = InteractiveShell.instance()
shell.run_line_magic("load_ext", "segmind_widgets")
{before}
known = set(sys.modules)
shell.run_cell("%segmind_run -q fast-flux-schnell prompt=x").raise_error()
print()
print(json.dumps([sorted(known), sorted(set(sys.modules) - known)]))
"""
IDLE = """
from types import SimpleNamespace
from segmind_widgets.notebook.startup import IdleImports
async def idle():
    imports = IdleImports(shell, SimpleNamespace(io_loop=IOLoop.current()))
    while imports._pending:
        await asyncio.sleep(0.01)
asyncio.run(idle())
"""


class Shell:
    """The events of a shell, which call back as those of IPython do."""

    def __init__(self) -> None:
        self.events = EventManager(self, available_events)

    def callbacks(self) -> list[Callable[..., Any]]:
        return [one for callbacks in self.events.callbacks.values() for one in callbacks]


def kernel() -> SimpleNamespace:
    return SimpleNamespace(io_loop=IOLoop.current())


def run(idle: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run an event loop, for a minute at most."""
    asyncio.run(asyncio.wait_for(idle(), 60))


@pytest.fixture
def imported(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, float]]:
    """Return the modules that are imported, with the time at which each import ends."""
    done: list[tuple[str, float]] = []

    def import_module(name: str) -> None:
        end = time.monotonic() + SLICE / 2
        while time.monotonic() < end:  # work, as an import is
            pass
        done.append((name, time.monotonic()))

    monkeypatch.setattr(startup, "import_module", import_module)
    return done


def modules(home: Path, before: str = "") -> tuple[set[str], set[str]]:
    """Return the modules of a kernel before its first run, and those that the run adds."""
    with Sandbox(speed=500, artist=quick) as sandbox:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", RUN.format(before=before)],
            env=environment(home, sandbox), capture_output=True, text=True, timeout=100,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    known, new = json.loads(done.stdout.splitlines()[-1])
    return set(known), set(new)


def test_the_first_run_needs_no_slow_module(tmp_path: Path) -> None:
    _, new = modules(tmp_path)
    assert "requests" in new
    assert not {"keyring", "filelock", "ipywidgets", "yaml", "keyring.backends"} & new


def test_an_idle_kernel_imports_what_the_first_run_needs(tmp_path: Path) -> None:
    known, new = modules(tmp_path, IDLE)
    assert known.issuperset(MODULES), "each of them exists"
    heavy = ("requests", "urllib3", "charset_normalizer", "PIL", "segmind_widgets")
    left = {name for name in new if name.partition(".")[0] in heavy}
    assert len(left) <= 4, left
    assert not {"keyring", "ipywidgets"} & (known | new)


def test_each_tick_is_short_and_other_callbacks_come_between(
    imported: list[tuple[str, float]],
) -> None:
    """An event loop with other work to do is never blocked for longer than a slice."""
    between: list[int] = []

    async def idle() -> None:
        IdleImports(Shell(), kernel())
        while len(imported) < len(MODULES):
            between.append(len(imported))
            await asyncio.sleep(0)

    run(idle)
    assert [name for name, _ in imported] == list(MODULES)
    steps = [after - before for before, after in pairwise(between)]
    assert max(steps) <= 3, "imports of half a slice each"


def test_a_cell_goes_first(imported: list[tuple[str, float]]) -> None:
    shell = Shell()

    async def idle() -> None:
        imports = IdleImports(shell, kernel())
        while not imported:
            await asyncio.sleep(0)
        shell.events.trigger("pre_run_cell", None)
        count = len(imported)
        await asyncio.sleep(5 * startup._PAUSE)  # a cell that waits, and lets the loop run
        assert len(imported) == count
        shell.events.trigger("post_run_cell", None)
        while len(imported) == count:
            await asyncio.sleep(0)
        imports.close()
        count = len(imported)
        await asyncio.sleep(5 * startup._PAUSE)
        assert len(imported) == count

    before = shell.callbacks()
    run(idle)
    assert shell.callbacks() == before


def test_a_module_that_fails_to_import_is_left_to_the_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(startup, "MODULES", ("no_such_module", "segmind_widgets.nested"))
    monkeypatch.delitem(sys.modules, "segmind_widgets.nested", raising=False)

    async def idle() -> None:
        IdleImports(Shell(), kernel())
        while "segmind_widgets.nested" not in sys.modules:
            await asyncio.sleep(0)

    run(idle)


def test_a_real_kernel_imports_between_its_cells(tmp_path: Path) -> None:
    """Its loop is the kernel's own, and the extension itself starts it."""
    pause = threading.Event()
    with Sandbox(artist=quick) as sandbox:
        kernel = Kernel(tmp_path, sandbox)

        def is_imported() -> bool:
            pause.wait(0.1)  # the kernel is idle
            (said,) = outputs(kernel.run("import sys; print('requests' in sys.modules)"), "stream")
            return said["text"] == "True\n"

        until(is_imported)
        kernel.close()
