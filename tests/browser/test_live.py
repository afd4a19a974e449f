"""The live line of a run, from the first byte sent to the lasting picture, and its button."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import nbformat
import pytest
from PIL import Image

from segmind_widgets.sandbox import Sandbox
from tests.browser.lab import Lab
from tests.browser.pages import ERRORS, finished, opened, opened_in_notebook, run_all, shot
from tests.shells import quick

OPEN = {"lab": opened, "notebook7": opened_in_notebook}
FILE = (
    "%%segmind_run seedream-4.5{options} -o job\nprompt: a fox\nreference_images: [file:photo.jpg]"
)
LONG = "%segmind_run kling-2.1{options} prompt='a fox' image=https://example.org/a.png -o job"
SHORT = "%segmind_run flux-dev{options} prompt='a fox' -o job"
MISSING = "Error displaying widget"
VISIBLE = "e => !e.closest('.lm-mod-hidden') && e.offsetHeight > 0"

every_front_end = pytest.mark.parametrize("place", sorted(OPEN))


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(speed=3, artist=quick) as running:
        yield running


@pytest.fixture
def folder(place: str, request: pytest.FixtureRequest) -> Lab:
    return request.getfixturevalue(place)


def start(browser: Any, place: str, folder: Lab, sandbox: Sandbox, *cells: str) -> Any:
    """Open a notebook whose kernel knows the sandbox of the test."""
    write(folder, sandbox, *cells)
    return OPEN[place](browser, folder, "live.ipynb")


def write(folder: Lab, sandbox: Sandbox, *cells: str) -> None:
    setup = f"import os\nos.environ.update({dict(sandbox.environ)!r})\n%load_ext segmind_widgets"
    sources = [nbformat.v4.new_code_cell(cell) for cell in (setup, *cells)]
    book = nbformat.v4.new_notebook(cells=sources)
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(book, folder.folder / "live.ipynb")
    Image.effect_noise((900, 600), 90).convert("RGB").save(folder.folder / "photo.jpg")


def save(page: Any) -> None:
    page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")


def assert_free_of_widgets(folder: Lab) -> None:
    """No widget is in the saved file, so that nothing in it can be dead."""
    text = (folder.folder / "live.ipynb").read_text("utf-8")
    assert "widget-view" not in text
    assert "widget-state" not in text
    outputs = [o for cell in json.loads(text)["cells"] for o in cell.get("outputs", [])]
    assert all("<button" not in "".join(o.get("data", {}).get("text/html", "")) for o in outputs)


def line(page: Any, words: str) -> Any:
    """Return the line with some words, once a person can see it; outputs may be drawn anew."""
    page.wait_for_function(
        f"""words => [...document.querySelectorAll('.sw-live-row')].some(
            row => new RegExp(words).test(row.textContent) && ({VISIBLE})(row))""",
        arg=words,
        timeout=30_000,
    )
    return page.locator(".sw-live-row").filter(has_text=re.compile(words)).last


def running(browser: Any, place: str, folder: Lab, sandbox: Sandbox) -> tuple[Any, Any]:
    """Return a page on which all cells have ended, and the button of its job, which runs."""
    page = start(browser, place, folder, sandbox, LONG.format(options=" -b"))
    run_all(page)
    finished(page)
    return page, stop_button(page)


def stop_button(page: Any) -> Any:
    return line(page, "queued|processing").get_by_role("button", name="Stop watching")


@every_front_end
@pytest.mark.parametrize("options", ["", " -b"])
def test_a_run_with_a_file_is_seen_from_the_upload_to_the_picture(
    browser: Any, place: str, folder: Lab, sandbox: Sandbox, options: str
) -> None:
    sandbox.faults.add("POST /upload.*", "silence")
    sandbox.faults.add("GET /v2/.*", "silence")
    page = start(browser, place, folder, sandbox, FILE.format(options=options))
    run_all(page)
    line(page, "uploading · 1 file")
    shot(page, f"live-uploading-{place}")
    sandbox.faults.release()
    line(page, "(queued|processing) · seedream-4.5")
    shot(page, f"live-processing-{place}")
    sandbox.faults.clear()
    picture = page.locator("figure img")
    picture.wait_for(timeout=60_000)
    assert picture.evaluate(VISIBLE)
    finished(page)
    assert page.locator(".sw-live-row").count() == 0
    assert page.locator(ERRORS).count() == 0
    save(page)
    assert_free_of_widgets(folder)


@every_front_end
@pytest.mark.parametrize("await_", ["", "-b\nawait job"], ids=["blocking", "await"])
def test_stop_watching_works_while_the_cell_waits(
    browser: Any, place: str, folder: Lab, sandbox: Sandbox, await_: str
) -> None:
    first, _, more = await_.partition("\n")
    cell = f"{LONG.format(options=' ' + first)}\n{more}"
    page = start(browser, place, folder, sandbox, cell, "print('next', 'cell')")
    run_all(page)
    button = stop_button(page)
    button.focus()
    page.keyboard.press("Enter")
    page.get_by_text(re.compile("StillRunning|You stopped watching")).first.wait_for(timeout=2_000)
    finished(page)
    shot(page, f"live-stopped-{place}")
    assert page.locator(".sw-live-row").count() == 0


@every_front_end
def test_stop_in_an_upload_leaves_a_sentence(
    browser: Any, place: str, folder: Lab, sandbox: Sandbox
) -> None:
    sandbox.faults.add("POST /upload.*", "silence")
    page = start(browser, place, folder, sandbox, FILE.format(options=""))
    run_all(page)
    line(page, "uploading")
    page.evaluate("window.jupyterapp.commands.execute('notebook:interrupt-kernel')")
    sentence = page.get_by_text("The upload was stopped.")
    sentence.wait_for(timeout=10_000)
    assert sentence.evaluate(VISIBLE)
    page.get_by_text("nothing was submitted").first.wait_for()


@every_front_end
def test_a_line_lives_on_after_the_page_was_loaded_anew(
    browser: Any, place: str, folder: Lab, sandbox: Sandbox
) -> None:
    page, _ = running(browser, place, folder, sandbox)
    save(page)
    assert_free_of_widgets(folder)
    page.reload()
    button = stop_button(page)
    assert page.get_by_text(MISSING).count() == 0
    button.click()
    page.get_by_text("You stopped watching").wait_for(timeout=5_000)


@every_front_end
def test_after_a_restart_and_in_a_reopened_file_the_line_says_how_to_get_the_job(
    browser: Any, place: str, folder: Lab, sandbox: Sandbox
) -> None:
    page, button = running(browser, place, folder, sandbox)
    job = str(button.get_attribute("title")).split()[-4]
    assert "local-" not in job
    sentence = page.get_by_text(f"%segmind_jobs --resume {job}")
    page.evaluate("""() => {
        const session = window.jupyterapp.shell.currentWidget.sessionContext;
        return session.session.kernel.restart();
    }""")
    sentence.wait_for(timeout=15_000)
    assert page.locator(".sw-live-row").count() == 0
    shot(page, f"live-restarted-{place}")
    save(page)
    page.reload()
    sentence.wait_for(timeout=15_000)
    assert sentence.evaluate(VISIBLE)
    assert page.get_by_text(MISSING).count() == 0


@every_front_end
def test_a_line_in_an_output_widget_ends_there(
    browser: Any, place: str, folder: Lab, sandbox: Sandbox
) -> None:
    cells = "import ipywidgets\nout = ipywidgets.Output()\nout", f"with out:\n    {SHORT}"
    page = start(browser, place, folder, sandbox, cells[0], cells[1].format(options=" -b"))
    run_all(page)
    finished(page)
    inside = page.locator(".widget-output, .jp-OutputArea .jp-OutputArea")
    line(page, "queued|processing")
    assert inside.locator(".sw-live-row").count() == 1
    picture = inside.locator("figure img")
    picture.wait_for(timeout=60_000)
    assert picture.evaluate(VISIBLE)


WITH = "out = ipywidgets.Output()\ndisplay(out)\nwith out:\n    {run}\n    print('in', 'side')"
INTERACT = "def run(count=2):\n    {run}\n    print('in', 'side')\nipywidgets.interact(run)"
SWEEP = "%segmind_run flux-dev{options} --sweep seed=1,2 prompt='a fox'"


@every_front_end
@pytest.mark.parametrize("options", ["", " -b"])
@pytest.mark.parametrize("cell", [WITH, INTERACT], ids=["with", "interact"])
def test_a_batch_in_an_output_widget_ends_there(
    browser: Any, place: str, folder: Lab, sandbox: Sandbox, cell: str, options: str
) -> None:
    sandbox.faults.add("GET /v2/.*", "silence")
    run = cell.format(run=SWEEP.format(options=options))
    page = start(browser, place, folder, sandbox, f"import ipywidgets\n{run}")
    run_all(page)
    inside = page.locator(".widget-output, .jp-OutputArea .jp-OutputArea")
    sandbox.wait_for(lambda log: len(log.billed_posts) == 2)
    if cell == WITH or options:  # `interact` shows its widget after the first call
        line(page, "0 of 2 done")
        assert inside.get_by_role("button", name="Stop", exact=True).count() == 1
    sandbox.faults.clear()
    sandbox.faults.release()
    inside.locator("figure img").nth(1).wait_for(timeout=60_000)
    finished(page)
    inside.get_by_text("in side").wait_for()
    assert page.locator(".sw-live-row").count() == 0
    assert page.locator(f"{ERRORS}, .sw-panel").count() == 0
    assert page.get_by_text(MISSING).count() == 0
    assert page.locator("figure").count() == 1
    shot(page, f"live-batch-{place}")


def test_voila_shows_the_result_of_an_upload_and_a_line_that_moves(
    browser: Any, voila: Lab, sandbox: Sandbox
) -> None:
    """Voilà runs all cells before its page opens."""
    write(voila, sandbox, FILE.format(options=""), LONG.format(options=" -b"))
    page = browser.new_page(viewport={"width": 1200, "height": 1000})
    page.goto(f"{voila.url}/voila/render/live.ipynb", timeout=120_000)
    page.locator("figure img").wait_for(timeout=60_000)
    button = stop_button(page)
    shot(page, "live-voila")
    button.click()
    page.get_by_text("You stopped watching").wait_for(timeout=5_000)
    assert page.get_by_text(MISSING).count() == 0
