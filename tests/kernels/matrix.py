"""Jobs and their views on the kernels people have: `python tests/kernels/matrix.py [--dir DIR]`.

For each ipykernel it makes an environment, starts a real kernel and reads what it publishes. Needs
jupyter_client here; uv is used where it is found.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty
from typing import Any

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

VERSIONS = ("6.31.0", "7.0.1", "7.4.0", "newest")  # 7.0.1 is what Binder's repo2docker pins
ROOT = Path(__file__).resolve().parents[2]
RATE = 10  # updates a second that may leave a job
STOP = SERVED = 0.5  # seconds

SETUP = """
%load_ext segmind_widgets
import io, json, os
from PIL import Image
from segmind_widgets import Sandbox, SegmindClient

def artist(*_):
    out = io.BytesIO()
    Image.new("RGB", (1600, 1200), "teal").save(out, "PNG")
    return [(out.getvalue(), "image/png")]

sandbox = Sandbox(speed=10, artist=artist).start()
os.environ.update(sandbox.environ)
"""
RUN = "%segmind_run flux-dev prompt='a fox' --seed 4 -o job"  # about 2 s at this speed
BACKGROUND = RUN.replace("--seed 4", "--seed 5 -b")  # another request: twins are doubted
FOREIGN = """
import ipywidgets
order = []
foreign = ipywidgets.Button()
foreign.on_click(lambda _: order.append("click"))
"""
LONG = "%segmind_run kling-2.1 prompt='a fox' image=https://example.org/a.png -o long"


@dataclass
class Ran:
    """What one cell published, with the seconds at which each message came."""

    messages: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    seconds: float = 0.0

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [m["content"] for _, m in self.messages if m["header"]["msg_type"] == kind]

    def updates(self, name: str, models: set[str]) -> list[tuple[float, Any]]:
        """When a trait of one of these widgets changed, and to what."""
        return [
            (at, m["content"]["data"]["state"][name])
            for at, m in self.messages
            if m["header"]["msg_type"] == "comm_msg"
            and m["content"]["comm_id"] in models
            and name in m["content"]["data"].get("state", {})
        ]

    def models(self, kind: str) -> set[str]:
        """Ids of the widgets of a class that were opened."""
        opened = [(c["comm_id"], c["data"].get("state", {})) for c in self.of("comm_open")]
        return {known for known, state in opened if state.get("_model_name") == kind}

    @property
    def errors(self) -> list[str]:
        return [f"{c['ename']}: {c['evalue']}" for c in self.of("error")]


class Kernel:
    """A running kernel of one environment."""

    def __init__(self, python: Path, home: Path) -> None:
        self._log = home / "kernel.log"
        self._said = ""
        # as on Binder, for else a cell of 7.0.1 may tell no end (the file says why)
        startup = home / "ipython" / "profile_default" / "startup"
        startup.mkdir(parents=True)
        shutil.copy(ROOT / "binder" / "startup.py", startup)
        argv = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        spec = {"argv": argv, "display_name": "Of the matrix", "language": "python"}
        folder = home / "kernels" / "matrix"
        folder.mkdir(parents=True)
        (folder / "kernel.json").write_text(json.dumps(spec), "utf-8")
        found = KernelSpecManager(kernel_dirs=[str(folder.parent)])
        self._manager = KernelManager(kernel_name="matrix", kernel_spec_manager=found)
        with self._log.open("wb") as log:
            self._manager.start_kernel(env=_environment(home), stderr=log, cwd=str(home))
        self._client = self._manager.client()
        self._client.start_channels()
        self._client.wait_for_ready(timeout=60)

    def run(self, code: str, meanwhile: Callable[[Ran], None] = lambda ran: None) -> Ran:
        """Execute a cell; `meanwhile` sees each message. Raises TimeoutError after 60 s."""
        ran, began = Ran(), time.monotonic()
        sent = self._client.execute(code, stop_on_error=False)
        while time.monotonic() - began < 60:
            message = self._next(ran)
            if message is None:
                continue
            meanwhile(ran)
            mine = message["parent_header"].get("msg_id") == sent
            if mine and message["content"].get("execution_state") == "idle":
                ran.seconds = time.monotonic() - began
                return ran
        raise TimeoutError(f"The cell did not end: {code}")

    def execute(self, code: str) -> None:
        """Send a cell, and do not wait for it."""
        self._client.execute(code)

    def listen(self, until: Callable[[Ran], Any]) -> Ran:
        """What comes while no cell runs. Raises TimeoutError after 30 s."""
        ran, began = Ran(), time.monotonic()
        while not until(ran):
            if time.monotonic() - began > 30:
                raise TimeoutError("What was awaited never came.")
            self._next(ran)
        return ran

    @property
    def log(self) -> str:
        """What the process and its cells wrote to stderr."""
        return self._log.read_text("utf-8", "replace") + self._said

    def click(self, model: str, **content: Any) -> None:
        """Click a Button, as a front end does: by a message on the shell channel."""
        data = {"method": "custom", "content": content or {"event": "click"}}
        self.send("comm_msg", {"comm_id": model, "data": data})

    def send(self, kind: str, content: dict[str, Any]) -> None:
        """Send a message on the shell channel."""
        self._client.shell_channel.send(self._client.session.msg(kind, content))

    def interrupt(self) -> None:
        self._manager.interrupt_kernel()

    def close(self) -> None:
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)

    def _next(self, ran: Ran) -> dict[str, Any] | None:
        try:
            message = self._client.get_iopub_msg(timeout=0.2)
        except Empty:
            return None
        ran.messages.append((time.monotonic(), message))
        if message["content"].get("name") == "stderr":
            self._said += message["content"]["text"]
        state = message["content"].get("data", {}).get("state", {})
        if message["header"]["msg_type"] == "comm_open" and state.get("_model_name") == "AnyModel":
            self.click(message["content"]["comm_id"], type="ready")  # as a front end with widgets
        return message


@contextmanager
def _kernel(python: Path) -> Iterator[Kernel]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        kernel = Kernel(python, Path(home))
        try:
            yield kernel
        finally:
            kernel.close()


def _environment(home: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SEGMIND_", "APIMART_"))}
    return {
        **kept,
        "HOME": str(home),
        "IPYTHONDIR": str(home / "ipython"),
        "SEGMIND_WIDGETS_HOME": str(home / "widgets"),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
    }


# what must be so


def moves_while_the_cell_runs(kernel: Kernel) -> str:
    ran = kernel.run(RUN)
    assert not ran.errors, ran.errors
    _moved(ran, ran)
    return _replaced(ran, _shown(ran))


def moves_after_the_cell_returned(kernel: Kernel) -> str:
    cell = kernel.run(BACKGROUND)
    assert not cell.errors, cell.errors
    assert cell.seconds < 1, f"-b took {cell.seconds:.1f} s"
    later = kernel.listen(_has_picture)
    _moved(cell, later)
    return _replaced(later, _shown(cell))


def stops_soon(kernel: Kernel) -> str:
    stopped: list[float] = []

    def stop(ran: Ran) -> None:
        bars = ran.updates("share", ran.models("AnyModel"))
        if len(bars) > 2 and not stopped:
            stopped.append(time.monotonic())
            kernel.interrupt()

    ran = kernel.run(LONG, stop)
    took = ran.messages[-1][0] - stopped[0]
    assert [e for e in ran.errors if e.startswith("StillRunning")], ran.errors
    known = kernel.run("print(long.id, long.watching)").of("stream")[0]["text"].split()
    assert known[0] in ran.errors[0], f"{known[0]} is not named: {ran.errors}"
    assert known[1] == "True", "nobody watches the job any more"
    assert took < STOP, f"Stop took {took:.2f} s"
    return f"{took:.2f} s"


def buttons_work_while_the_cell_waits(kernel: Kernel) -> str:
    """A click is handled at once; cells and other people's widgets keep their order."""
    cell = LONG.replace("a fox", "a dog")  # no twin of the one that was stopped
    return _press(kernel, cell, [["click", "cell", "click"]])


def buttons_work_in_an_await_cell(kernel: Kernel) -> str:
    """The same, where the loop is free; kernels from 7.1 on then handle all comms at once."""
    orders = [["click", "cell", "click"], ["click", "click", "cell"]]
    return _press(kernel, LONG.replace("a fox", "a cat") + " -b\nawait long", orders)


def _press(kernel: Kernel, cell: str, orders: list[list[str]]) -> str:
    """Run a cell that waits for `long`, and press the button of its line."""
    made = kernel.run(FOREIGN)
    (foreign,) = made.models("ButtonModel")
    clicked: list[float] = []

    def click(ran: Ran) -> None:
        lines = ran.models("AnyModel")
        texts = [text for _, text in ran.updates("text", lines)]
        if any(word in text for word in ("queued", "processing") for text in texts) and not clicked:
            kernel.click(foreign)
            kernel.execute("order.append('cell')")
            kernel.click(foreign)
            clicked.append(time.monotonic())
            kernel.click(min(lines), type="press")

    ran = kernel.run(cell, click)
    assert clicked, ran.errors
    took = ran.messages[-1][0] - clicked[0]
    assert not ran.errors or ran.errors[0].startswith("StillRunning"), ran.errors
    told = kernel.run("print(*order, long.watching)").of("stream")[0]["text"].split()
    assert told[-1] == "False", "the button did nothing"
    assert told[:-1] in orders, told
    assert took < SERVED, f"the click was handled after {took:.2f} s"
    return f"{took:.2f} s"


def says_no_lookup_error(kernel: Kernel) -> str:
    bad = "LookupError" in kernel.log or "Traceback" in kernel.log
    assert not bad, kernel.log[-2000:]
    return "clean"


def _has_picture(ran: Ran) -> bool:
    return any("<img" in c["data"]["text/html"] for c in ran.of("update_display_data"))


def _shown(cell: Ran) -> str:
    """The display that the line stands in; nothing else may be shown beside it."""
    (display,) = cell.of("display_data")
    assert set(display["data"]) == {"text/plain", "text/html"}, "a widget stays in the file"
    assert not cell.of("execute_result"), "the job is shown twice"
    return display["transient"]["display_id"]


def _moved(opened: Ran, ran: Ran) -> None:
    models = opened.models("AnyModel")
    bars, words = (ran.updates(name, models) for name in ("share", "text"))
    assert len({value for _, value in bars}) > 3, f"the bar moved {len(bars)} times"
    assert len({text for _, text in words}) > 3, f"the words changed {len(words)} times"
    for updates in (bars, words):
        times = [at for at, _ in updates]
        dense = max(sum(0 <= other - at < 1 for other in times) for at in times)
        assert dense <= RATE + 1, f"{dense} updates in one second"  # the last is never held back


def _replaced(ran: Ran, display: str) -> str:
    final = ran.of("update_display_data")[-1]
    assert final["transient"]["display_id"] == display
    assert "<img src=" in final["data"]["text/html"]
    assert "application/vnd.jupyter.widget-view+json" not in final["data"]
    return "replaced"


CHECKS = (
    moves_while_the_cell_runs,
    moves_after_the_cell_returned,
    stops_soon,
    buttons_work_while_the_cell_waits,
    buttons_work_in_an_await_cell,
    says_no_lookup_error,
)


def check(version: str, folder: Path) -> tuple[str, list[str]]:
    """The version that was really there, and what each check says."""
    with _kernel(environment(version, folder)) as kernel:
        asked = kernel.run("import ipykernel; print(ipykernel.__version__)")
        real = asked.of("stream")[0]["text"].strip()
        setup = kernel.run(SETUP)
        if setup.errors:
            return real, [f"FAILED {setup.errors}"]
        return real, [_verdict(one, kernel) for one in CHECKS]


def _verdict(one: Callable[[Kernel], str], kernel: Kernel) -> str:
    try:
        return one(kernel)
    except (AssertionError, TimeoutError, ValueError, IndexError) as error:
        return f"FAILED {error!r}"


def environment(version: str, folder: Path) -> Path:
    """The Python of an environment with the package and that ipykernel; made where missing."""
    home = folder / f"ipykernel-{version}"
    python = home / ("Scripts" if os.name == "nt" else "bin") / "python"
    wanted = "ipykernel" if version == "newest" else f"ipykernel=={version}"
    uv = shutil.which("uv")
    if not python.exists():
        made = [uv, "venv", "-q", "-p", sys.executable] if uv else [sys.executable, "-m", "venv"]
        subprocess.run([*made, home], check=True)
    pip = [uv, "pip", "install", "-q", "-p", python] if uv else [python, "-m", "pip", "install"]
    subprocess.run([*pip, *(["--upgrade"] * (version == "newest")), wanted, "-e", ROOT], check=True)
    return python


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dir", type=Path, help="where the environments are kept")
    parser.add_argument("versions", nargs="*", default=VERSIONS)
    options = parser.parse_args()
    folder = options.dir or Path(tempfile.gettempdir()) / "segmind-widgets-kernels"
    folder.mkdir(parents=True, exist_ok=True)
    passed = failed = 0
    print("ipykernel", *(one.__name__ for one in CHECKS), sep=" | ")
    for version in options.versions:
        real, said = check(version, folder)
        print(real, *said, sep=" | ", flush=True)
        good = version in (real, "newest") and not any(s.startswith("FAILED") for s in said)
        passed, failed = passed + good, failed + (not good)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
