"""What `%load_ext segmind_widgets` adds to a running kernel, beside other imports.

Each measurement is a fresh process with what a kernel has loaded before its first cell. All code
is compiled beforehand, as it is once a package is installed.
"""

from __future__ import annotations

import os
import statistics
import tempfile

from table import Row, measured, show

_KERNEL = """
import time
import ipykernel.ipkernel, ipykernel.zmqshell, ipykernel.kernelapp
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
start = time.perf_counter()
exec(CODE)
print((time.perf_counter() - start) * 1000)
"""
_WAYS = {
    "ours": "shell.run_line_magic('load_ext', 'segmind_widgets')",
    "import ipywidgets": "import ipywidgets",
    "import segmind (official SDK)": "import segmind",
}


def rows(*, tiny: bool = False) -> list[Row]:
    """Milliseconds, medians; the ways take turns, so that a busy moment meets all of them."""
    took: dict[str, list[float]] = {way: [] for way in _WAYS}
    with tempfile.TemporaryDirectory() as compiled:
        env = {**os.environ, "PYTHONPYCACHEPREFIX": compiled, "PYTHONDONTWRITEBYTECODE": ""}
        for run in range(2 if tiny else 10):
            for way, code in _WAYS.items():
                milliseconds = measured("-c", _KERNEL.replace("CODE", repr(code)), env=env)
                if run:  # the first one compiles
                    took[way].append(milliseconds)
    ours, *others = ((way, statistics.median(times)) for way, times in took.items())
    return [Row("%load_ext in a kernel", "ms", ours[1], *other, 10.0) for other in others]


if __name__ == "__main__":
    show(rows())
