"""A person binds widgets of their own to a job: README's lines, and ten lines in a notebook."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat

from tests.browser.lab import Lab
from tests.browser.pages import ERRORS, opened, run_all, shot

README = Path(__file__).parents[2] / "README.md"
START = """\
%load_ext segmind_widgets
%config SegmindClient.sandbox_speed = 3
from segmind_widgets import SegmindClient
client = SegmindClient.instance()"""
TEN_LINES = """\
import ipywidgets as w
from traitlets import dlink
from segmind_widgets.widgets import JobProgress
job = client.submit("seedream-4.5", {"prompt": "a lighthouse"})
bar, label, log = w.FloatProgress(max=1.0), w.Label(), w.Label()
dlink((job, "progress"), (bar, "value"))
dlink((job, "elapsed"), (label, "value"), lambda s: f"{s:.1f} s, polls: {job.polls}")
job.observe(lambda change: setattr(log, "value", f"now {change['new']}"), "status")
display(w.VBox([bar, label, log, JobProgress(job)]))
job.wait();"""


def readme_lines() -> str:
    """Return README's example of a bar that is bound to a job."""
    blocks = re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    (block,) = [block for block in blocks if "dlink" in block]
    return block.strip()


def written(lab: Lab, name: str, *cells: str) -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(notebook, lab.folder / name)


def test_readmes_lines_bind_a_bar(browser: Any, lab: Lab) -> None:
    assert readme_lines().count("\n") == 4, "five lines"
    written(lab, "five.ipynb", START, readme_lines())
    page = opened(browser, lab, "five.ipynb")
    run_all(page)
    bar = page.locator(".widget-hprogress .progress-bar").first
    bar.wait_for(state="attached")
    moves(page, 0.05)  # the cell has ended, and the bar goes on
    shot(page, "bound-bar")
    moves(page, 0.999)
    assert page.locator(ERRORS).count() == 0


def test_a_bar_a_label_and_a_callback_follow_a_job_while_its_cell_waits(
    browser: Any, lab: Lab
) -> None:
    assert TEN_LINES.count("\n") == 9, "ten lines"
    written(lab, "ten.ipynb", START, TEN_LINES)
    page = opened(browser, lab, "ten.ipynb")
    page.evaluate("void window.jupyterapp.commands.execute('notebook:run-all-cells')")
    page.get_by_text("now processing").wait_for(timeout=30_000)
    moves(page, 0.05)
    shot(page, "bound-widgets")
    page.get_by_text("now completed").wait_for(timeout=60_000)
    moves(page, 0.999)
    assert page.get_by_text(re.compile("polls: [1-9][0-9]*")).count() >= 1
    line = page.locator(".widget-html-content").filter(has_text="seedream-4.5")
    assert line.last.inner_text().startswith("completed · seedream-4.5 · ")
    assert page.locator(ERRORS).count() == 0
    page.set_viewport_size({"width": 400, "height": 900})
    shot(page, "bound-widgets-narrow")


def moves(page: Any, share: float) -> None:
    """Wait until the first bar shows more than a share of its width."""
    page.wait_for_function(
        """share => {
            const bar = document.querySelector('.widget-hprogress .progress-bar');
            return bar && bar.offsetWidth > share * bar.parentElement.clientWidth - 1;
        }""",
        arg=share,
        timeout=60_000,
    )
