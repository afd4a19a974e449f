"""The quickstart as a person sees it: the line moves, the picture takes its place and stays."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import nbformat

from tests.browser.lab import Lab
from tests.browser.pages import BAR, ERRORS, bar_moved, finished, opened, run_all, shot

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


def run_quickstart(browser: Any, lab: Lab, name: str, **size: int) -> Any:
    shutil.copy(NOTEBOOKS / "quickstart.ipynb", lab.folder)
    page = opened(browser, lab, "quickstart.ipynb", **size)
    run_all(page)
    bar_moved(page)
    shot(page, f"{name}-running")
    finished(page)
    page.wait_for_selector("figure img")
    return page


def test_the_bar_moves_and_gives_way_to_a_picture_that_stays(browser: Any, lab: Lab) -> None:
    page = run_quickstart(browser, lab, "quickstart")
    assert page.locator(".jp-OutputArea-output figure img").count() >= 5
    assert page.locator(BAR).count() == 0
    assert page.locator(".jp-OutputArea-output[data-mime-type*=error]").count() == 0
    for index in range(page.locator("figure").count()):
        page.locator("figure").nth(index).scroll_into_view_if_needed()
        if index in (0, 2, 3, 4, 5):
            shot(page, f"quickstart-{index}")
    page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")
    page.wait_for_function("document.title && !document.querySelector('.jp-mod-dirty')")
    saved = nbformat.read(lab.folder / "quickstart.ipynb", 4)
    assert "widgets" not in saved.metadata or "data:image" not in str(saved.metadata["widgets"])
    page.evaluate("window.jupyterapp.serviceManager.sessions.shutdownAll()")
    again = browser.new_page(viewport={"width": 1200, "height": 1000})
    again.goto(f"{lab.url}/lab/workspaces/again/tree/quickstart.ipynb")
    again.wait_for_selector("figure img", timeout=60_000)
    shot(again, "quickstart-reopened")


def test_it_is_readable_in_the_dark_and_when_narrow(browser: Any, dark_lab: Lab) -> None:
    page = run_quickstart(browser, dark_lab, "quickstart-dark")
    page.locator("figure").first.scroll_into_view_if_needed()
    shot(page, "quickstart-dark")
    page.locator("table").last.scroll_into_view_if_needed()
    shot(page, "quickstart-dark-table")
    page.set_viewport_size({"width": 400, "height": 900})
    page.locator("figure").first.scroll_into_view_if_needed()
    shot(page, "quickstart-narrow")
    widths = page.evaluate(
        "[...document.querySelectorAll('figure')].map(f => [f.scrollWidth, f.clientWidth])"
    )
    assert all(inner <= outer + 1 for inner, outer in widths)


KINDS = """%load_ext segmind_widgets
%%segmind_run flux-schnell
prompt: a whale under the stars
samples: 4
%%segmind_run veo-3.1
prompt: clouds over a mountain lake
duration: 4
%%segmind_run chatterbox-tts
Good morning! This is the sandbox speaking.
%segmind_run gpt-4o prompt="Say hello"
%segmind_run no-such-model prompt="x"
%segmind_upload nothing.png"""


def test_every_kind_of_output_shows_properly(browser: Any, lab: Lab) -> None:
    parts = re.split(r"\n(?=%)", KINDS)
    cells = [
        nbformat.v4.new_code_cell(part, metadata={"tags": ["raises-exception"]}) for part in parts
    ]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    nbformat.write(
        nbformat.v4.new_notebook(cells=cells, metadata=kernel), lab.folder / "kinds.ipynb"
    )
    page = opened(browser, lab, "kinds.ipynb", height=1400)
    run_all(page)
    finished(page)
    assert page.locator("figure img").count() == 4
    video = page.locator("video").first
    video.scroll_into_view_if_needed()
    page.wait_for_function("document.querySelector('video').videoWidth > 0")
    audio = "document.querySelector('audio')"
    page.wait_for_function(f"{audio}.duration > 0.5 && !{audio}.error")
    errors = page.locator(ERRORS)
    assert "NotFound" in errors.nth(0).inner_text()
    assert "nothing.png" in errors.nth(1).inner_text()
    for index, selector in enumerate(("figure", "video", "audio", "pre >> nth=-1")):
        page.locator(selector).first.scroll_into_view_if_needed()
        shot(page, f"kinds-{index}")
