"""Shorten a kernel's first run: import its modules while the kernel is idle."""

from __future__ import annotations

import gc
import threading
import time
from collections import deque
from contextlib import suppress
from importlib import import_module
from typing import Any

MODULES = (  # in the order of their dependencies, so that each import is short
    "http.client",
    "urllib.request",
    "http.cookiejar",
    "idna",
    "urllib3",
    "charset_normalizer",
    "requests",
    "mimetypes",
    "segmind_widgets.types",
    "segmind_widgets.assets.privacy",
    "segmind_widgets.assets.asset",
    "segmind_widgets.jobs.job",
    "segmind_widgets.notebook.display",
    "segmind_widgets.syntax.secrets",
    "segmind_widgets.batches.sweeps",
    "segmind_widgets.syntax.cells",
    "segmind_widgets.notebook.arguments",
    "segmind_widgets.catalog.catalog",
    "segmind_widgets.providers",
    "segmind_widgets.network.failures",
    "segmind_widgets.network.transport",
    "segmind_widgets.network.endpoints",
    "segmind_widgets.storage.store",
    "segmind_widgets.network.directory",
    "segmind_widgets.network.uploads",
    "segmind_widgets.planning.plan",
    "segmind_widgets.notebook.run_command",
    "segmind_widgets.network.shared_rate_limit",
    "segmind_widgets.storage.forms",
    "segmind_widgets.planning.targets",
    "fastjsonschema",
    "segmind_widgets.jobs.runner",
    "segmind_widgets.jobs.registry",
    "segmind_widgets.planning.budget",
    "PIL.Image",  # from here on: modules that show a result
    "PIL.PngImagePlugin",
    "PIL.JpegImagePlugin",
    "PIL.WebPImagePlugin",
    "segmind_widgets.assets.recipes",
)
SLICE = 0.005  # seconds of a tick in which another import may begin
_PAUSE = 0.01  # seconds between two ticks, for messages that have arrived
_COLLECTOR_PAUSE = 0.2  # seconds


class IdleImports:
    """Imports `MODULES` in short ticks of a kernel's event loop, between its cells.

    A tick ends after 10 ms or with the module that takes longer, and an event loop reads messages
    before its timers, so that a cell that arrives waits for one tick at most.

    Args:
        shell: its events tell when a cell runs, in which nothing is imported.
        kernel: its `io_loop` is a `tornado.ioloop.IOLoop`. A kernel whose configuration loads the
            extension has it only after the first cell, and other kernels than ipykernel have none.
    """

    def __init__(self, shell: Any, kernel: Any) -> None:
        self._events = shell.events
        self._kernel = kernel
        self._pending = deque(MODULES)
        self._timer: Any = None
        self._events.register("pre_run_cell", self._stop)
        self._events.register("post_run_cell", self._start)
        self._start()

    def close(self) -> None:
        """Import no more."""
        self._stop()
        for name, callback in (("pre_run_cell", self._stop), ("post_run_cell", self._start)):
            with suppress(ValueError):  # closed before
                self._events.unregister(name, callback)

    def _start(self, _result: Any = None) -> None:
        self._stop()
        loop = getattr(self._kernel, "io_loop", None)
        if loop is not None:
            self._timer = loop.call_later(_PAUSE, self._tick)

    def _stop(self, _info: Any = None) -> None:
        timer, self._timer = self._timer, None
        if timer is not None:
            self._kernel.io_loop.remove_timeout(timer)

    def _tick(self) -> None:
        self._timer = None
        end = time.monotonic() + SLICE
        while self._pending and time.monotonic() < end:
            with suppress(Exception):  # the run that needs the module raises it again
                import_module(self._pending.popleft())
        if self._pending:
            self._start()
        else:
            self.close()


def pause_collector() -> None:
    """Pause Python's collector of reference cycles for a moment, for the imports of a first run.

    So many new objects cause a full collection, which visits all objects of the kernel and takes
    about a fifth of the time of the imports.
    """
    if gc.isenabled():
        gc.disable()
        timer = threading.Timer(_COLLECTOR_PAUSE, gc.enable)
        timer.daemon = True
        timer.start()
