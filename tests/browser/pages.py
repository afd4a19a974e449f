"""What a person does on a page of a Jupyter server: open, run, look."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat

from tests.browser.lab import SCREENSHOTS, Lab

BAR = ".sw-live-row"  # the live line of a cell
ERRORS = "[data-mime-type*=stderr], [data-mime-type*=error]"
CONNECTED = """async () => {  // cells that are run before this may never end
    const session = window.jupyterapp.shell.currentWidget.sessionContext;
    await session.ready;
    await session.session.kernel.info;
}"""


def opened(browser: Any, lab: Lab, name: str, width: int = 1200, height: int = 1000) -> Any:
    """The notebook in JupyterLab, in a workspace of its own, ready to run."""
    page = browser.new_page(viewport={"width": width, "height": height})
    page.goto(f"{lab.url}/lab/workspaces/{Path(name).stem}/tree/{name}")
    _await_kernel(page)
    page.evaluate(
        "window.jupyterapp.commands.execute('application:set-mode', {mode: 'single-document'})"
    )
    page.evaluate("window.jupyterapp.shell.collapseLeft()")
    return page


def opened_in_notebook(browser: Any, notebook: Lab, name: str) -> Any:
    """The notebook in Notebook 7, ready to run."""
    page = browser.new_page(viewport={"width": 1200, "height": 1000})
    page.goto(f"{notebook.url}/notebooks/{name}")
    _await_kernel(page)
    return page


def received(lab: Lab, name: str, *bundles: Mapping[str, str]) -> None:
    """Write a notebook with outputs that nobody on this server made, so that it is not trusted."""
    cells = [
        nbformat.v4.new_code_cell(
            "...", outputs=[nbformat.v4.new_output("display_data", dict(bundle))]
        )
        for bundle in bundles
    ]
    book = nbformat.v4.new_notebook(cells=cells)
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(book, lab.folder / name)


def is_trusted(page: Any) -> bool:
    """Return whether all cells of the open notebook are trusted."""
    return page.evaluate("""() => {
        const { model } = window.jupyterapp.shell.currentWidget.content;
        return [...model.cells].every(cell => cell.trusted);
    }""")


def _await_kernel(page: Any) -> None:
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
    page.wait_for_function("window.jupyterapp", timeout=60_000)
    page.evaluate(CONNECTED)
    idle = ".jp-Notebook-ExecutionIndicator[data-status=idle]"
    page.wait_for_selector(idle, state="attached", timeout=60_000)


def run_all(page: Any) -> None:
    """Start all cells; `finished` waits for their end."""
    command = "window.jupyterapp.commands.execute('notebook:run-all-cells')"
    page.evaluate(f"void {command}.then(() => {{ window.finished = true; }})")


def finished(page: Any) -> None:
    """Wait until all cells that `run_all` started have ended."""
    page.wait_for_function("window.finished === true", timeout=120_000)


def bar_moved(page: Any) -> None:
    """Wait until the progress bar of a live line was seen in two states."""
    page.wait_for_function(
        """() => {
            const bar = document.querySelector('.sw-live-bar > div');
            window.states ??= new Set();
            if (bar) window.states.add(bar.style.width);
            return window.states.size > 1;
        }""",
        timeout=60_000,
        polling=50,
    )


def shot(page: Any, name: str) -> None:
    """Keep a picture for a person to look at."""
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=str(SCREENSHOTS / f"{name}.png"))
