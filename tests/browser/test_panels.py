"""The panels as a person uses them: choose, type, drop, run, look, and read what went wrong."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import nbformat
import pytest

from segmind_widgets.sandbox import Sandbox
from segmind_widgets.sandbox.artist.render import make
from tests.browser.lab import Lab
from tests.browser.pages import (
    ERRORS,
    finished,
    opened,
    opened_in_notebook,
    run_all,
    shot,
)
from tests.browser.test_media import SEND

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
LOAD = "%load_ext segmind_widgets"
MADE = ".sw-panel .sw-pictures img"
STILL = "[...document.querySelectorAll('.sw-panel img')].every(i => i.complete)"


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A picture as a person may have one."""
    inputs = {"prompt": "a cat on a sofa", "width": 640, "height": 480}
    ((data, _), *_) = make("fast-flux-schnell", "image", inputs, 5, {})
    path = tmp_path / "cat.jpg"
    path.write_bytes(data)
    return path


def written(lab: Lab, *cells: str, name: str = "panels") -> str:
    """A notebook with these cells, in the folder that the server shows."""
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    code = [nbformat.v4.new_code_cell(cell) for cell in cells]
    book = nbformat.v4.new_notebook(cells=code, metadata=kernel)
    nbformat.write(book, lab.folder / f"{name}.ipynb")
    return f"{name}.ipynb"


def shown(page: Any) -> Any:
    """The page, once its panel stands."""
    run_all(page)
    finished(page)
    page.wait_for_selector(".sw-panel .sw-act, .sw-panel .sw-drop")
    return page


def press(page: Any, name: str) -> None:
    page.locator(".sw-panel").get_by_role("button", name=name, exact=True).first.click()


def typed(page: Any, label: str, text: str) -> None:
    area = page.locator(".sw-panel").get_by_label(label).first
    area.fill(text)
    area.blur()


def decoded(page: Any, many: int = 1) -> None:
    """Scroll to the panel's pictures, and wait until so many are on the screen."""
    page.wait_for_function(
        f"""() => {{
            for (const grid of document.querySelectorAll('.sw-panel .sw-pictures')) {{
                grid.scrollIntoView({{ block: 'nearest' }});
            }}
            const made = [...document.querySelectorAll('{MADE}')];
            return made.filter((image) => image.naturalWidth > 100).length >= {many};
        }}""",
        timeout=60_000,
        polling=200,
    )


def connected(sandbox: Sandbox) -> str:
    """A cell that has the kernel use a test's own sandbox."""
    return f"import os\nos.environ.update({sandbox.environ!r})\n{LOAD}"


def saved(page: Any, lab: Lab, name: str) -> Any:
    """The notebook's file after saving it, widget state and all."""
    page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")
    page.wait_for_function("!document.querySelector('.jp-mod-dirty')")
    return nbformat.read(lab.folder / name, 4)


def test_from_a_word_to_a_picture_and_its_code(browser: Any, lab: Lab, photo: Path) -> None:
    name = written(lab, f"{LOAD}\n%segmind_panel run -o p")
    page = shown_after_choice(opened(browser, lab, name, height=1300))
    typed(page, "Prompt", "the same cat as a watercolour")
    page.evaluate(SEND, [".sw-panel .sw-drop", "drop", [["torn.png", "image/png", 400]]])
    page.locator(".sw-panel .sw-error", has_text="damaged").first.wait_for()
    page.locator(".sw-panel input[type=file]").first.set_input_files(str(photo))
    page.locator(".sw-panel .sw-media .sw-pictures img").first.wait_for()
    shot(page, "run-form")
    press(page, "Run")
    bar = page.wait_for_selector(".widget-hprogress .progress-bar")
    first = bar.get_attribute("style")
    page.wait_for_function("([b, s]) => b.getAttribute('style') !== s", arg=[bar, first])
    shot(page, "run-running")
    decoded(page)
    shot(page, "run-made")
    press(page, "As a cell")
    code = page.get_by_label("Cell code for this run").input_value()
    assert code.startswith("%%segmind_run nano-banana\nprompt: the same cat as a watercolour")
    assert "file:" in code
    press(page, "As Python")
    assert "SegmindClient" in page.get_by_label("Python code for this run").input_value()
    shot(page, "run-code")
    assert page.locator(ERRORS).count() == 0

    page.wait_for_function("document.querySelectorAll('.jp-OutputArea figure img').length == 1")
    assert not page.locator("figure img").is_visible()  # it stands in for the panel, in the file
    book = saved(page, lab, name)
    assert "data:image" not in str(book.metadata.get("widgets", ""))
    page.evaluate("window.jupyterapp.serviceManager.sessions.shutdownAll()")
    again = browser.new_page(viewport={"width": 1200, "height": 1000})
    again.goto(f"{lab.url}/lab/workspaces/again/tree/{name}")
    again.locator("figure img").wait_for(timeout=60_000)
    lost = again.get_by_text("Error displaying widget: model not found")
    lost.wait_for()  # what JupyterLab writes; what is seen are the panel's words
    words = "e => [getComputedStyle(e).fontSize, getComputedStyle(e, '::after').content]"
    assert lost.evaluate(words) == ["0px", '"Run a model panel. Run the cell to use it."']
    shot(again, "run-reopened")


def shown_after_choice(page: Any) -> Any:
    """A run panel with the form of nano-banana."""
    run_all(page)
    finished(page)
    page.get_by_label("Find a model").fill("nano banana")
    page.wait_for_function("document.querySelector('.sw-list select').options.length < 8")
    page.get_by_label("Models").select_option(index=0)
    page.locator(".sw-panel").get_by_label("Prompt").first.wait_for()
    return page


def test_a_servers_error_stands_beside_its_field(browser: Any, lab: Lab) -> None:
    with Sandbox(speed=20) as sandbox:
        words = {"error": "guidance must be at most 10"}
        sandbox.faults.add("POST /v2/flux-dev", 422, body=words)
        cells = (connected(sandbox), "%segmind_panel run flux-dev")
        page = shown(opened(browser, lab, written(lab, *cells, name="refused")))
        press(page, "Run")
        page.locator(".sw-panel .sw-error", has_text="required").first.wait_for()
        assert sandbox.billed_posts == []
        typed(page, "Prompt", "a lighthouse")
        page.locator(".sw-panel input[name=guidance]").first.fill("20")
        page.locator(".sw-panel input[name=guidance]").first.blur()
        press(page, "Run")
        beside = page.locator(".sw-form .sw-error", has_text="at most 10").first
        beside.wait_for()
        shot(page, "run-refused")
        field = page.locator(".sw-panel input[name=guidance]").first.bounding_box()
        assert 0 < beside.bounding_box()["y"] - field["y"] < 60
        assert page.get_by_label("Prompt").first.input_value() == "a lighthouse"


def test_a_large_file_goes_up_in_the_upload_panel(browser: Any, lab: Lab, photo: Path) -> None:
    with Sandbox(speed=20) as sandbox:
        cells = (connected(sandbox), "%segmind_panel upload -o panel")
        page = shown(opened(browser, lab, written(lab, *cells, name="upload")))
        page.evaluate(SEND, [".sw-drop", "drop", [["film.mp4", "video/mp4", 30_000_000]]])
        page.locator(".sw-panel .sw-pictures", has_text="30.0 MB").wait_for(timeout=60_000)
        page.locator(".sw-panel .sw-note", has_text="uploaded").first.wait_for()
        page.locator(".sw-panel input[type=file]").set_input_files(str(photo))
        decoded(page)
        shot(page, "upload")
        assert len(sandbox.requests("POST", "/upload-asset")) == 2
        page.get_by_label("URL, path or $variable").fill("nothing.png")
        press(page, "Add")
        page.locator(".sw-panel .sw-error", has_text="There is no file nothing.png").wait_for()


FOCUSED = "document.activeElement.textContent || document.activeElement.ariaLabel"


def test_the_keyboard_alone_runs_a_model(browser: Any, lab: Lab) -> None:
    name = written(lab, f"{LOAD}\n%segmind_panel run nano-banana", name="keys")
    page = shown(opened(browser, lab, name))
    panel = page.locator(".sw-panel")

    def pressed(button: str, key: str, then: str) -> None:
        panel.get_by_role("button", name=button, exact=True).focus()
        page.keyboard.press(key)
        page.wait_for_function(f"({FOCUSED}) === {then!r}")

    models = panel.get_by_label("Models")
    models.focus()
    page.keyboard.press("ArrowDown")  # JupyterLab would go to the next cell
    panel.get_by_text("Nano Banana 2", exact=True).wait_for()
    page.keyboard.press("x")  # and would cut this one
    assert models.evaluate("list => list === document.activeElement")
    panel.get_by_label("Prompt").first.focus()
    page.keyboard.type("a lighthouse")
    pressed("As YAML", "Space", "As fields")
    assert "a lighthouse" in panel.get_by_label("Inputs as YAML").input_value()
    pressed("As fields", "Space", "As YAML")
    pressed("As a cell", "Enter", "As a cell")
    panel.get_by_label("Cell code for this run").wait_for()
    pressed("Close", "Enter", "Choose…")  # what stood before what is gone
    pressed("Run", "Enter", "Run")
    panel.get_by_role("button", name="Stop watching").focus()
    decoded(page)
    page.wait_for_function(f"({FOCUSED}) === 'Choose…'")

    ended = panel.get_by_text("The kernel of this panel has ended")
    assert not ended.is_visible()
    page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    ended.wait_for()
    page.locator("figure img").wait_for()  # what is kept shows up where nothing else may
    shot(page, "run-ended")


def test_the_keyboard_stays_at_run_though_it_cannot_be_pressed_for_a_while(
    browser: Any, lab: Lab
) -> None:
    page = shown(opened(browser, lab, written(lab, f"{LOAD}\n%segmind_panel run flux-schnell")))
    typed(page, "Prompt", "a lighthouse")
    run = page.locator(".sw-panel").get_by_role("button", name="Run", exact=True)
    run.focus()
    page.keyboard.press("Enter")
    page.get_by_text("Done.", exact=True).wait_for()
    page.wait_for_function(f"({FOCUSED}) === 'Run'")
    page.get_by_text("Run a model", exact=True).click()
    page.wait_for_function("document.activeElement.closest('.sw-panel') === null")


@pytest.mark.parametrize("width", [1200, 400])
def test_the_panels_notebook_in_the_dark(browser: Any, dark_lab: Lab, width: int) -> None:
    shutil.copy(NOTEBOOKS / "01_panels.ipynb", dark_lab.folder)
    page = opened(browser, dark_lab, "01_panels.ipynb", width=width)
    run_all(page)
    finished(page)
    for index in range(page.locator(".sw-panel").count()):
        page.locator(".sw-panel").nth(index).scroll_into_view_if_needed()
        page.wait_for_function(STILL)
        shot(page, f"panels-dark-{width}-{index}")
    wide = "[...document.querySelectorAll('.sw-panel')].map(p => [p.scrollWidth, p.clientWidth])"
    assert all(inner <= outer + 1 for inner, outer in page.evaluate(wide))
    assert page.locator(ERRORS).count() == 0


def test_notebook_7_runs_a_panel(browser: Any, notebook7: Lab) -> None:
    page = opened_in_notebook(
        browser, notebook7, written(notebook7, f"{LOAD}\n%segmind_panel run flux-schnell")
    )
    shown(page)
    typed(page, "Prompt", "a paper boat on a lake")
    press(page, "Run")
    decoded(page)
    shot(page, "notebook7-panel")


def test_voila_serves_panels_as_a_page(browser: Any, voila: Lab) -> None:
    shutil.copy(NOTEBOOKS / "01_panels.ipynb", voila.folder)
    page = browser.new_page(viewport={"width": 1200, "height": 1000})
    page.goto(f"{voila.url}/voila/render/01_panels.ipynb", timeout=120_000)
    page.locator(".sw-panel").first.wait_for(timeout=120_000)
    page.locator(".sw-panel .sw-drop").first.scroll_into_view_if_needed()
    shot(page, "voila-panels")
