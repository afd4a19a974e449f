"""The wheel on Colab's versions of Jupyter: `python tests/colab.py [--dir DIR]`.

Makes an environment with the pins of `tests/constraints/colab.txt`, installs the wheel and checks
that no installed package was replaced. Then runs magics and panels there on the sandbox: in an
IPython shell, and in a kernel. Uses Python 3.13 where the machine has it, and needs uv.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
CONSTRAINTS = ROOT / "tests" / "constraints" / "colab.txt"
PYTHON = "3.13"  # Colab's
TIMEOUT = 120  # seconds for a cell

SETUP = """
%load_ext segmind_widgets
import os, sys, segmind_widgets
from segmind_widgets import Sandbox, SegmindClient
sandbox = Sandbox(speed=100).start()
os.environ.update(sandbox.environ)
assert segmind_widgets.__file__.startswith(sys.prefix), segmind_widgets.__file__
"""
RUN = "%segmind_run fast-flux-schnell prompt='a fox' --seed 4 -o job"
SWEEP = "%segmind_run fast-flux-schnell prompt='a fox' --sweep seed=1,2,3 --yes -o batch"
CHECK_RUNS = """
assert job.status == "completed" and job.image.size, job
assert (batch.done, batch.total) == (3, 3), batch.caption
assert len(sandbox.billed_posts) == 4
"""
OTHER_MAGICS = (
    "%segmind_status",
    "%segmind_models flux",
    "job.image.save('cat.png')",
    "%segmind_upload cat.png -o cat",
    "%segmind_workflow poster-with-caption",
    "%segmind_jobs",
    "%segmind_spend",
    "%segmind_run?",
)
PANELS = ("upload", "run fast-flux-schnell", "workflow", "jobs", "gallery")
RUN_PANEL = """
import threading
%segmind_panel run fast-flux-schnell -o panel
ended = threading.Event()
panel.observe(lambda change: ended.set(), "results")
panel.form.inputs = {"prompt": "a red fox"}
panel.go.click()
assert ended.wait(60), panel.line.value
assert panel.results[0].status == "completed"
"""
WIDGET = "application/vnd.jupyter.widget-view+json"


# in the environment


def check_shell() -> None:
    """Run magics in IPython without a kernel."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    config = Config()
    config.HistoryManager.enabled = False
    shell = InteractiveShell.instance(config=config)
    for cell in (SETUP, RUN, SWEEP, CHECK_RUNS, *OTHER_MAGICS, "%reload_ext segmind_widgets"):
        shell.run_cell(cell).raise_error()
    shell.run_cell("sandbox.stop()").raise_error()


def check_kernel() -> None:
    """Run magics and panels in a kernel, and look at the messages that it publishes."""
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel()
    try:
        _execute(client, f"import sys; assert sys.prefix == {sys.prefix!r}")
        _execute(client, SETUP)
        _check_line(_execute(client, RUN))
        _check_view(_execute(client, SWEEP))
        _execute(client, CHECK_RUNS)
        for cell in OTHER_MAGICS:
            _execute(client, cell)
        for name in PANELS:
            messages = _execute(client, f"%segmind_panel {name} -o panel")
            assert _contents(messages, "comm_open"), f"{name}: no widget was opened"
            assert any(WIDGET in c["data"] for c in _contents(messages, "display_data")), name
            _execute(client, "panel.close()")
        _execute(client, RUN_PANEL)
        _execute(client, "sandbox.stop()")
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def _execute(client: Any, code: str) -> list[dict[str, Any]]:
    """Run a cell and return its messages. Raises AssertionError with the cell's error."""
    messages: list[dict[str, Any]] = []
    reply = client.execute_interactive(  # a front end that could ask, as Colab's
        code, timeout=TIMEOUT, allow_stdin=True, stdin_hook=_refuse, output_hook=messages.append
    )
    content = reply["content"]
    assert content["status"] == "ok", "\n".join([code, *content.get("traceback", ())])
    return messages


def _refuse(message: dict[str, Any]) -> None:
    raise AssertionError(f"The cell asks: {message['content']}")


def _contents(messages: Iterable[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [m["content"] for m in messages if m["header"]["msg_type"] == kind]


def _check_line(messages: list[dict[str, Any]]) -> None:
    """Check that a run has one output: HTML, which its picture replaces."""
    (shown,) = _contents(messages, "display_data")
    final = _contents(messages, "update_display_data")[-1]
    assert final["transient"] == shown["transient"]
    for content in (shown, final):
        assert set(content["data"]) == {"text/plain", "text/html"}
    assert "<img" in final["data"]["text/html"]


def _check_view(messages: list[dict[str, Any]]) -> None:
    """Check that a batch has one widget, which its sheet replaces, and words below it."""
    views = [c for c in _contents(messages, "display_data") if WIDGET in c["data"]]
    assert len(views) == 1, f"{len(views)} widgets were displayed"
    last = {
        content["transient"]["display_id"]: content["data"]
        for content in _contents(messages, "update_display_data")
    }
    sheet = last.pop(views[0]["transient"]["display_id"])
    assert "<img" in sheet["text/html"]
    assert WIDGET not in sheet
    assert [set(data.values()) for data in last.values()] == [{""}], "words stay below the sheet"


CHECKS = {"shell": check_shell, "kernel": check_kernel}

# around it


def find_python() -> str:
    """Return a Python of Colab's version, or else the running one."""
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    names = [f"python{PYTHON}", *map(str, versions.glob(f"{PYTHON}.*/bin/python"))]
    for name in filter(None, map(shutil.which, names)):
        process = subprocess.run([name, "-c", ""], capture_output=True)  # a shim may lead nowhere
        if process.returncode == 0:
            return name
    return sys.executable


def install(folder: Path) -> Path:
    """Return the Python of a new environment with the pins and the wheel.

    Raises:
        AssertionError: installing the wheel replaced a package.
    """
    _uv("venv", "--clear", "-p", find_python(), folder / "venv")
    python = folder / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    _uv("pip", "install", "-p", python, "-r", CONSTRAINTS)
    before = _versions(python)
    _uv("build", "--wheel", "-o", folder / "wheel", ROOT)
    (wheel,) = (folder / "wheel").glob("*.whl")
    _uv("pip", "install", "-p", python, "-c", CONSTRAINTS, wheel)
    after = _versions(python)
    replaced = {name: (old, after.get(name)) for name, old in before.items() if after[name] != old}
    assert not replaced, f"Installing replaced {replaced}"
    pins = [line for line in CONSTRAINTS.read_text("utf-8").splitlines() if "==" in line]
    for name, version in (line.split("==") for line in pins):
        assert after[name.replace("_", "-")] == version, name
    return python


def _uv(*arguments: str | Path) -> str:
    process = subprocess.run(
        ["uv", "-q", *arguments], check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    return process.stdout


def _versions(python: Path) -> dict[str, str]:
    """Return the version of each installed package by its normalized name."""
    process = subprocess.run(
        ["uv", "pip", "list", "-q", "-p", python, "--format", "json"],
        check=True,
        stdout=subprocess.PIPE,
    )
    return {row["name"].replace("_", "-"): row["version"] for row in json.loads(process.stdout)}


def _run_inside(python: Path, name: str, home: Path) -> None:
    """Run one of CHECKS with that Python, in a home folder of its own. Exits where it fails."""
    home.mkdir()
    dropped = ("SEGMIND_", "APIMART_", "JUPYTER", "PYTHONPATH")
    env = {
        **{key: value for key, value in os.environ.items() if not key.startswith(dropped)},
        "HOME": str(home),
        "IPYTHONDIR": str(home / "ipython"),
        "SEGMIND_WIDGETS_HOME": str(home / "widgets"),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
    }
    process = subprocess.run(
        [python, Path(__file__).resolve(), "--inside", name],
        cwd=home, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    if process.returncode:
        sys.exit(process.stdout[-8000:])


def main() -> None:
    """Make the environment and run the checks in it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dir", type=Path, help="the folder of the environment")
    parser.add_argument("--inside", choices=CHECKS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        CHECKS[options.inside]()
        return
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        folder = (options.dir or Path(home) / "environment").resolve()
        shutil.rmtree(folder / "wheel", ignore_errors=True)
        python = install(folder)
        for name in CHECKS:
            _run_inside(python, name, Path(home) / name)
        version = subprocess.run([python, "-V"], check=True, stdout=subprocess.PIPE, text=True)
    pins = ", ".join(line for line in CONSTRAINTS.read_text().splitlines() if "==" in line)
    print(f"{version.stdout.strip()}, {pins}: nothing replaced; magics and panels work")


if __name__ == "__main__":
    main()
