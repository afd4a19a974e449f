"""A JupyterLab of its own for a test, and where screenshots go."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
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
    """A running JupyterLab: its address and the folder it serves."""

    url: str
    folder: Path


def start_lab(tmp_path: Path, *, dark: bool = False) -> Iterator[Lab]:
    """A JupyterLab of its own, with its own home; stopped at the end."""
    folder, settings = tmp_path / "work", tmp_path / "settings"
    folder.mkdir()
    settings.mkdir()
    theme = {"@jupyterlab/apputils-extension:themes": {"theme": "JupyterLab Dark"}}
    overrides = {
        "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},
        "@jupyterlab/apputils-extension:notification": {
            "fetchNews": "false", "checkForUpdates": False,
        },
        **(theme if dark else {}),
    }  # fmt: skip
    (settings / "overrides.json").write_text(json.dumps(overrides))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    names = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    home = {name: str(tmp_path / name.lower()) for name in names}
    log = (tmp_path / "lab.log").open("wb")
    process = subprocess.Popen(
        [
            sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1",
            f"--port={port}", "--IdentityProvider.token=", f"--ServerApp.root_dir={folder}",
            "--LabApp.expose_app_in_browser=True", f"--LabApp.app_settings_dir={settings}",
        ],
        env={**os.environ, **home, "HOME": str(tmp_path)},
        stdout=log,
        stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        url = f"http://127.0.0.1:{port}"
        _await_answer(f"{url}/api/status", process)
        yield Lab(url, folder)
    finally:
        process.terminate()
        process.wait(20)
        log.close()


def _await_answer(url: str, process: subprocess.Popen[bytes]) -> None:
    pause = threading.Event()  # never set
    for _ in range(300):
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            pause.wait(0.1)
    raise RuntimeError("JupyterLab did not start; see lab.log")
