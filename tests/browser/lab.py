"""Jupyter servers of their own for tests, and the browser that visits them."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage",
]  # fmt: skip
SCREENSHOTS = Path(__file__).parent / "screenshots"


@dataclass(frozen=True)
class Lab:
    """A running server: its address, the folder it serves, and the home that its kernels have."""

    url: str
    folder: Path
    home: Path

    def clear(self) -> None:
        """End the kernels and remove what they and the reader left, for the next test."""
        for session in json.loads(self._ask("/api/sessions")):
            self._ask(f"/api/sessions/{session['id']}", "DELETE")
        workspaces = self.home / "jupyter_config_dir" / "lab" / "workspaces"
        for folder in (self.folder, self.home / "store", workspaces):
            shutil.rmtree(folder, ignore_errors=True)
        self.folder.mkdir()

    def _ask(self, path: str, method: str = "GET") -> bytes:
        request = urllib.request.Request(self.url + path, method=method)
        with urllib.request.urlopen(request, timeout=20) as reply:
            return reply.read()


@contextmanager
def start_lab(
    home: Path, *, dark: bool = False, folder: str = "work", store: str = "store"
) -> Iterator[Lab]:
    """JupyterLab over a folder in a home; stopped at the end, as all of these."""
    settings = ("LabApp.expose_app_in_browser=True", f"LabApp.app_settings_dir={home / 'settings'}")
    served = (folder, store)
    with _jupyter("jupyterlab", home, settings, dark=dark, served=served) as lab:
        yield lab


@contextmanager
def start_notebook(home: Path) -> Iterator[Lab]:
    """Notebook 7."""
    name = "JupyterNotebookApp"
    settings = (f"{name}.expose_app_in_browser=True", f"{name}.app_settings_dir={home}/settings")
    with _jupyter("notebook", home, settings) as notebook:
        yield notebook


@contextmanager
def start_voila(home: Path) -> Iterator[Lab]:
    """Voilà: `/voila/render/NAME` is the page of a notebook in the folder."""
    folder, port = home / "work", free_port()
    folder.mkdir(parents=True)
    arguments = [str(folder), "--no-browser", f"--port={port}", "--Voila.ip=127.0.0.1"]
    command = [sys.executable, "-m", "voila", *arguments]
    with running(command, f"http://127.0.0.1:{port}", home, environment(home)) as url:
        yield Lab(url, folder, home)


@contextmanager
def _jupyter(
    module: str,
    home: Path,
    settings: tuple[str, ...],
    *,
    dark: bool = False,
    served: tuple[str, str] = ("work", "store"),
) -> Iterator[Lab]:
    folder, port = home / served[0], free_port()
    environ = {**environment(home), "SEGMIND_WIDGETS_HOME": str(home / served[1])}
    folder.mkdir(parents=True)
    (home / "settings").mkdir()
    theme = {"@jupyterlab/apputils-extension:themes": {"theme": "JupyterLab Dark"}}
    overrides = {
        "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},
        "@jupyterlab/apputils-extension:notification": {
            "fetchNews": "false", "checkForUpdates": False,
        },
        **(theme if dark else {}),
    }  # fmt: skip
    (home / "settings" / "overrides.json").write_text(json.dumps(overrides))
    command = [
        sys.executable, "-m", module, "--no-browser", "--allow-root", "--ip=127.0.0.1",
        f"--port={port}", "--IdentityProvider.token=", f"--ServerApp.root_dir={folder}",
        "--ServerApp.disable_check_xsrf=True", *(f"--{setting}" for setting in settings),
    ]  # fmt: skip
    with running(command, f"http://127.0.0.1:{port}", home, environ) as url:
        yield Lab(url, folder, home)


def environment(home: Path) -> dict[str, str]:
    """An environment without the settings, keys and proxies of the person who runs the tests."""
    names = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    foreign = ("SEGMIND_", "APIMART_", "JUPYTER", "IPYTHON", "VIRTUAL_ENV")
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(foreign) and not name.lower().endswith("_proxy")
    }
    own = {name: str(home / name.lower()) for name in names}
    keyring = {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}
    return {**kept, **own, **keyring, "HOME": str(home), "SEGMIND_WIDGETS_HOME": f"{home}/store"}


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def running(
    command: list[str], url: str, folder: Path, environ: Mapping[str, str]
) -> Iterator[str]:
    """A server process in `folder`, from its first answer on; what it says is in `server.log`.

    Raises:
        RuntimeError: it ended, or gave no answer for half a minute.
    """
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=folder, env=environ, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            _await_answer(url, process)
            yield url
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:  # it waits for a kernel or a page that hangs
        process.kill()
        process.wait()


def _await_answer(url: str, process: subprocess.Popen[bytes]) -> None:
    pause = threading.Event()  # never set
    for _ in range(300):
        if process.poll() is not None:
            break
        with suppress(OSError), urllib.request.urlopen(url, timeout=2):
            return
        pause.wait(0.1)
    raise RuntimeError(f"The server did not start: {process.args}")
