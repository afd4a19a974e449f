"""What Binder does, on this machine: `python -m tests.binder.emulate [--dir DIR]`.

Takes the last commit, makes the environment that repo2docker pins, runs the steps of its
Dockerfile and its start script, and follows the README's links in Chromium. Needs uv, chromium,
and the Python of binder/runtime.txt.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.binder.image import Image
from tests.browser.lab import ARGUMENTS, CHROMIUM, environment, free_port, running
from tests.browser.pages import ERRORS, shot

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 90_000  # milliseconds that a page may take: a kernel has to start for it
BLOCKED = 60  # seconds that a cell holds the kernel
PREFIX = "/user/reader/"  # a hub serves everybody below an address like this


class Binder:
    """A built image: the environment, and a home that is the repository, as Binder has it."""

    def __init__(self, folder: Path) -> None:
        self.prefix, self.home = folder / "notebook", folder / "home"
        _run(["git", "clone", "-q", "--depth=1", f"file://{ROOT}", str(self.home)], folder)
        self.image = Image(self.home)
        self._make_environment(folder / "pins.txt")
        before = self._installed()
        # pip finds its settings in the home of the person who builds
        environ = {**self._environ(), "HOME": os.environ["HOME"]}
        for step in self.image.steps:
            _run(["bash", "-c", step], self.home, environ)
        self.replaced = before - self._installed()
        """The pinned packages that our own requirements replaced: there should be none."""

    @contextmanager
    def served(self) -> Iterator[str]:
        """The address of its JupyterLab, started as Binder starts it."""
        start = self.image.entry.replace("${REPO_DIR}", str(self.home))
        port = free_port()
        command = [
            start, "jupyter-lab", "--no-browser", "--allow-root", "--ip=127.0.0.1",
            f"--port={port}", "--IdentityProvider.token=", f"--ServerApp.base_url={PREFIX}",
        ]  # fmt: skip
        url = f"http://127.0.0.1:{port}{PREFIX}"
        with running(command, url, self.home, self._environ()):
            yield url

    def _make_environment(self, pins: Path) -> None:
        pins.write_text("".join(f"{name}=={v}\n" for name, v in self.image.pins.items()))
        _run(["uv", "venv", "-q", "-p", self.image.python, str(self.prefix)], pins.parent)
        install = ["uv", "pip", "install", "-q", "-p", f"{self.prefix}/bin/python"]
        _run([*install, "-c", str(pins), *self.image.wanted], pins.parent)

    def _installed(self) -> set[tuple[str, str]]:
        listed = _run([f"{self.prefix}/bin/pip", "list", "--format=json"], self.home)
        return {(package["name"], package["version"]) for package in json.loads(listed)}

    def _environ(self) -> dict[str, str]:
        kept = {k: v for k, v in environment(self.home).items() if not k.startswith("SEGMIND_")}
        return {
            **kept,
            "PATH": f"{self.prefix}/bin:{os.environ['PATH']}",
            "NB_PYTHON_PREFIX": str(self.prefix),
            "KERNEL_PYTHON_PREFIX": str(self.prefix),
            "REPO_DIR": str(self.home),
        }


def _run(command: list[str], folder: Path, environ: dict[str, str] | None = None) -> str:
    ran = subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, check=False
    )
    if ran.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{ran.stdout}{ran.stderr}")
    return ran.stdout


# what a reader finds behind the links


def quickstart(page: Any) -> None:
    """The magics are there before any cell ran, on the sandbox; the first run shows a picture."""
    cells = page.locator(".jp-CodeCell")
    cells.first.locator(".jp-InputPrompt").click()
    page.keyboard.press("a")  # a new cell above
    editor = cells.first.locator(".cm-content").filter(has_not_text="load_ext")
    editor.fill("%segmind_status", timeout=PATIENCE)
    editor.press("Shift+Enter")
    status = page.locator(".jp-OutputArea-output").first
    status.wait_for(timeout=PATIENCE)
    said = status.inner_text()
    assert "on the sandbox" in said, said
    assert "~/results" in said, said  # of the home that Binder gives
    for _ in range(3):  # loading the extension, a heading, the first run
        page.keyboard.press("Shift+Enter")
    shown(page, "figure img")
    page.wait_for_function("document.querySelector('figure img').naturalWidth", timeout=PATIENCE)


def panels(page: Any) -> None:
    """The first panel opens."""
    page.locator(".jp-CodeCell .jp-InputPrompt >> visible=true").first.click()
    for _ in range(3):  # loading the extension, a heading, the panel
        page.keyboard.press("Shift+Enter")
    shown(page, PANEL)
    _works_while_a_cell_blocks(page)


def _works_while_a_cell_blocks(page: Any) -> None:
    """A button's work begins at once: ipykernel 7.0 to 7.3 hear of it in a subshell."""
    page.keyboard.press("Escape")
    page.keyboard.press("b")
    editor = page.locator(".jp-CodeCell.jp-mod-active .cm-content")
    editor.fill(f"import threading\nthreading.Event().wait({BLOCKED})", timeout=PATIENCE)
    editor.press("Shift+Enter")
    began = time.monotonic()
    page.locator(".jp-InputPrompt", has_text="[*]:").first.wait_for(timeout=PATIENCE)
    panel = page.locator(".sw-panel").first
    panel.get_by_label("Prompt").first.fill("a paper boat")
    panel.get_by_label("Prompt").first.blur()
    panel.get_by_role("button", name="Run", exact=True).click()
    panel.locator(".sw-pictures img").first.wait_for(timeout=PATIENCE)
    assert time.monotonic() - began < BLOCKED, "the cell ended before the button worked"


def panels_page(page: Any) -> None:
    """The panels are there without a cell."""
    shown(page, PANEL)


PANEL = ".jp-OutputArea-output .jupyter-widgets"
READERS = {
    "lab/tree/notebooks/quickstart.ipynb": quickstart,
    "lab/tree/notebooks/01_panels.ipynb": panels,
    "voila/render/notebooks/01_panels.ipynb": panels_page,
}


def shown(page: Any, selector: str) -> None:
    """Wait for an output, or else for an error in its place, and raise that."""
    page.wait_for_selector(f":is({selector}, {ERRORS}) >> visible=true", timeout=PATIENCE)
    errors = page.locator(ERRORS).or_(page.get_by_text("Error displaying widget"))
    assert not errors.count(), errors.first.inner_text()[-1000:]
    assert page.locator(".Toastify__toast, .jp-Dialog").count() == 0, "something popped up"


def check(page: Any, url: str, urlpath: str) -> None:
    """Open a link and look at what a reader finds there; raises what is wrong."""
    page.goto(url + urlpath, timeout=PATIENCE)
    if urlpath.startswith("lab/"):
        tab = page.locator(".lm-TabBar-tab.jp-mod-current")
        tab.filter(has_text=urlpath.rpartition("/")[2]).wait_for(timeout=PATIENCE)
        page.wait_for_selector(".jp-CodeCell >> visible=true", timeout=PATIENCE)
        page.wait_for_selector("text=| Idle", timeout=PATIENCE)
    READERS[urlpath](page)


def links() -> list[str]:
    """Where the README's Binder links lead, within Binder."""
    return re.findall(r"\?urlpath=([^)\s]+)", (ROOT / "README.md").read_text("utf-8"))


def verdict(page: Any, url: str, urlpath: str) -> str:
    from playwright.sync_api import Error

    try:
        check(page, url, urlpath)
    except (AssertionError, Error) as error:
        return f"FAILED {error}"
    finally:
        shot(page, "binder-" + re.sub(r"\W+", "-", urlpath))
    return "shown"


def visit(binder: Binder) -> int:
    """Follow all links and say what was found; how many failed.

    Each has a server of its own. A page of Voilà's that never comes takes its server with it: a
    reader follows the link once more, and so does this; both is said.
    """
    from playwright.sync_api import sync_playwright

    failed = 0
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        for urlpath in links():
            for _ in range(2 if urlpath.startswith("voila") else 1):
                with binder.served() as url:
                    page = chromium.new_page(viewport={"width": 1200, "height": 1000})
                    said = verdict(page, url, urlpath)
                    page.close()
                print(urlpath, said, sep=" | ", flush=True)
                if said == "shown":
                    break
            failed += said != "shown"
        chromium.close()
    return failed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dir", type=Path, help="where to build; a new folder")
    missing = [name for name in ("uv", "git") if not shutil.which(name)]
    if missing or not CHROMIUM:
        parser.error(f"Install first: {', '.join([*missing, *([] if CHROMIUM else ['chromium'])])}")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
        folder = (parser.parse_args().dir or Path(temporary) / "binder").resolve()
        folder.mkdir(parents=True)
        binder = Binder(folder)
        pins = f"FAILED: pip replaced {binder.replaced}" if binder.replaced else "kept"
        print("pins", pins, sep=" | ", flush=True)
        failed = visit(binder) + bool(binder.replaced)
    print(f"{1 + len(links()) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
