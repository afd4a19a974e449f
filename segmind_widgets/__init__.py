"""Jupyter magics and widgets for hosted image, video and sound models: Segmind and APIMart.

    %load_ext segmind_widgets                      in a notebook
    from segmind_widgets import SegmindClient      in a program

Public names are imported when they are first used, so that the import itself costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from segmind_widgets._version import __version__

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from segmind_widgets import errors
    from segmind_widgets.assets.asset import Asset
    from segmind_widgets.assets.sources import FileSource
    from segmind_widgets.batches.sweeps import Sweep
    from segmind_widgets.client import SegmindClient
    from segmind_widgets.jobs.job import Job
    from segmind_widgets.sandbox import Sandbox

_NAMES = {
    "Asset": "assets.asset",
    "Job": "jobs.job",
    "Sandbox": "sandbox",
    "SegmindClient": "client",
    "Sweep": "batches.sweeps",
}

__all__ = [
    "Asset",
    "Job",
    "Sandbox",
    "SegmindClient",
    "Sweep",
    "__version__",
    "errors",
    "from_image",
]


def __getattr__(name: str) -> Any:
    if name == "errors":
        return import_module("segmind_widgets.errors")
    if name not in _NAMES:
        raise AttributeError(f"module 'segmind_widgets' has no attribute {name!r}")
    return getattr(import_module(f"segmind_widgets.{_NAMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)


def from_image(source: FileSource) -> Job:
    """Read the job back from the recipe in a picture; see `SegmindClient.from_image`.

    Raises:
        AssetError: the picture carries no recipe.
    """
    from segmind_widgets.client import SegmindClient

    return SegmindClient.instance().from_image(source)


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Load the extension: `%load_ext segmind_widgets`."""
    from segmind_widgets.notebook.extension import load

    load(shell)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """Unload the extension: `%unload_ext segmind_widgets`."""
    from segmind_widgets.notebook.extension import unload

    unload(shell)
