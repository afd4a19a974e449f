"""Helpers of several test files: a fast artist, shells without a kernel, notebooks with one."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import nbformat
from IPython.core.interactiveshell import InteractiveShell
from nbclient import NotebookClient
from PIL import Image
from traitlets.config import Config

from segmind_widgets.assets.asset import Asset
from segmind_widgets.assets.recipes import read
from segmind_widgets.client import SegmindClient
from segmind_widgets.errors import AssetError

NAMES = (  # variables that would lead away from a test's own sandbox
    *(f"{name}_API_KEY" for name in ("SEGMIND", "APIMART")),
    *(f"SEGMIND_{name}_URL" for name in ("API", "STORAGE", "CONSOLE", "SITE")),
    "APIMART_API_URL",
    "SEGMIND_WIDGETS_PROVIDER",
    "JPY_SESSION_NAME",
)


def picture(size: tuple[int, int] = (48, 32), color: Any = "teal") -> bytes:
    """Return a PNG file."""
    out = io.BytesIO()
    Image.new("RGB", size, color).save(out, "PNG")
    return out.getvalue()


def has_recipe(source: Asset | Path) -> bool:
    """Return whether a picture carries a recipe."""
    try:
        read(source)
    except AssetError:
        return False
    return True


def quick(
    model: str, modality: str, inputs: Mapping[str, Any], seed: int, media: Any
) -> Sequence[tuple[bytes, str]]:
    """Draw at once, as an artist of the sandbox; larger than a notebook's previews."""
    color = (seed % 256, len(str(inputs)) % 256, 128)
    return [(picture((1600, 1200), color), "image/png")]


class Server(Protocol):
    """A sandbox, or a server of a test in its place."""

    @property
    def environ(self) -> Mapping[str, str]: ...


def environment(home: Path, sandbox: Server | None = None) -> dict[str, str]:
    """Return the variables of a kernel or shell that can reach only `sandbox`."""
    others = {name: value for name, value in os.environ.items() if name not in NAMES}
    return {
        **others,
        "SEGMIND_WIDGETS_HOME": str(home / "widgets"),
        "IPYTHONDIR": str(home / "ipython"),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        **(sandbox.environ if sandbox else {}),
    }


@contextmanager
def set_environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Replace the environment by these variables within the block."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


class Shell:
    """IPython without a kernel, as in a terminal, with the extension loaded."""

    def __init__(self) -> None:
        config = Config()
        config.HistoryManager.enabled = False
        self.ip = InteractiveShell.instance(config=config)
        self.ip.run_line_magic("load_ext", "segmind_widgets")

    @property
    def names(self) -> dict[str, Any]:
        return self.ip.user_ns

    @property
    def client(self) -> SegmindClient:
        return SegmindClient.instance()

    def run(self, cell: str) -> Any:
        """A cell's value. Raises what it raised."""
        result = self.ip.run_cell(cell, store_history=True)
        result.raise_error()
        return result.result

    def close(self) -> None:
        self.ip.run_line_magic("unload_ext", "segmind_widgets")
        InteractiveShell.clear_instance()


@contextmanager
def open_shell(home: Path, sandbox: Server | None = None) -> Iterator[Shell]:
    """Open a shell whose environment has only the sandbox."""
    with set_environment(environment(home, sandbox)):
        shell = Shell()
        try:
            yield shell
        finally:
            shell.close()


def notebook(*cells: str) -> nbformat.NotebookNode:
    """Return a notebook that loads the extension and then has these cells."""
    code = [nbformat.v4.new_code_cell(cell) for cell in ("%load_ext segmind_widgets", *cells)]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return nbformat.v4.new_notebook(cells=code, metadata={"kernelspec": kernel})


def execute(
    book: nbformat.NotebookNode, home: Path, sandbox: Server | None, **options: Any
) -> nbformat.NotebookNode:
    """Run all cells in a kernel of their own, as `jupyter execute` does."""
    client = NotebookClient(book, timeout=60, kernel_name="python3", **options)
    home.mkdir(parents=True, exist_ok=True)
    return client.execute(env=environment(home, sandbox), cwd=str(home))
