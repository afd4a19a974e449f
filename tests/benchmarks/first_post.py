"""From the first run of a kernel to its POST, beside a first `requests.post` in such a kernel.

Each measurement is a fresh process with what a kernel has loaded before its first cell, in a home
of its own. The sandbox of this process notes when the POST has arrived; the clock is the system's.
"""

from __future__ import annotations

import os
import statistics
import tempfile
from pathlib import Path

from table import Row, measured, show

from segmind_widgets.sandbox import Sandbox

_KERNEL = """
import json, time
import ipykernel.ipkernel, ipykernel.zmqshell, ipykernel.kernelapp
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
{before}
start = time.monotonic()
shell.run_cell({cell!r}).raise_error()
print()
print(json.dumps(start))
"""
_LOAD = 'shell.run_line_magic("load_ext", "segmind_widgets")'
_LIST = """
from segmind_widgets.client import SegmindClient
store = SegmindClient.instance().session.store
store.add_page(__import__("os").environ["SEGMIND_SITE_URL"] + "/llms.txt", "# Models")
SegmindClient.instance().close()
SegmindClient.clear_instance()
print(0)
"""
_RUN = "%segmind_run -q fast-flux-schnell prompt=x"
_BARE = (
    "import os, requests\n"
    "requests.post(os.environ['SEGMIND_API_URL'] + '/v2/fast-flux-schnell', json={'prompt': 'x'},"
    " headers={'x-api-key': os.environ['SEGMIND_API_KEY']})"
)
_IDLE = """
import asyncio
from types import SimpleNamespace
from tornado.ioloop import IOLoop
from segmind_widgets.notebook.startup import IdleImports

async def idle():
    IdleImports(shell, SimpleNamespace(io_loop=IOLoop.current()))
    await asyncio.sleep(1)

asyncio.run(idle())
"""
_HANGING = """
import threading
import keyring.backend

class Keyring(keyring.backend.KeyringBackend):
    priority = 1
    def get_password(self, service, username):
        threading.Event().wait(60)
    def set_password(self, service, username, password): ...
"""
_WAYS = {  # name: code before the cell, the cell, whether the site is silent
    "today's list is here": (_LOAD, _RUN, False),
    "kernel was idle": (_LOAD + _IDLE, _RUN, False),
    "site is silent": (_LOAD, _RUN, True),
    "keyring hangs": (_LOAD, _RUN, False),
    "requests.post": ("", _BARE, False),
}


def rows(*, tiny: bool = False) -> list[Row]:
    """Milliseconds, medians; the ways take turns, so that a busy moment meets all of them."""
    took: dict[str, list[float]] = {way: [] for way in _WAYS}
    with tempfile.TemporaryDirectory() as name, Sandbox(speed=500) as sandbox:
        folder = Path(name)
        (folder / "hanging.py").write_text(_HANGING, "utf-8")
        for run in range(2 if tiny else 8):
            for way, (before, cell, is_silent) in _WAYS.items():
                code = _KERNEL.format(before=before, cell=cell)
                env = _environment(folder / f"{run} {way}", folder, sandbox, way)
                if not is_silent:
                    measured("-c", _LIST, env=env)
                sandbox.faults.add("GET /llms.txt", "silence", times=None)
                start = measured("-c", code, env=env)
                sandbox.faults.clear()
                arrived = sandbox.billed_posts[-1].time
                if run:  # the first one compiles
                    took[way].append((arrived - start) * 1000)
    median = {way: statistics.median(times) for way, times in took.items()}
    at_hand, bare = median["today's list is here"], median["requests.post"]
    return [
        Row("first run → POST", "ms", at_hand, "requests.post", bare, 2.0 * bare),
        Row(
            "first run → POST, after an idle second",
            "ms",
            median["kernel was idle"],
            "requests.post",
            bare,
            1.2 * bare,
        ),
        *(
            Row(
                f"first run → POST, {way}",
                "ms",
                median[way],
                "list at hand",
                at_hand,
                1.2 * at_hand,
            )
            for way in ("site is silent", "keyring hangs")
        ),
    ]


def _environment(home: Path, folder: Path, sandbox: Sandbox, way: str) -> dict[str, str]:
    backend = "hanging.Keyring" if way == "keyring hangs" else "keyring.backends.fail.Keyring"
    return {
        **os.environ,
        **sandbox.environ,
        "SEGMIND_WIDGETS_HOME": str(home),
        "IPYTHONDIR": str(home / "ipython"),
        "PYTHONPATH": os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")]),
        "PYTHON_KEYRING_BACKEND": backend,
        "PYTHONPYCACHEPREFIX": str(folder / "compiled"),
        "PYTHONDONTWRITEBYTECODE": "",
    }


if __name__ == "__main__":
    show(rows())
