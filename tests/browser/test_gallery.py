"""The gallery and the jobs panel as a person uses them, with the mouse and with keys."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.browser.lab import Lab
from tests.browser.pages import ERRORS, finished, opened, run_all, shot

MADE = """from segmind_widgets import SegmindClient
client = SegmindClient.instance()
client.sandbox_speed = 30
prompts = ["a fox in the snow", "a lighthouse in a storm", "a bowl of oranges",
           "a fox under the stars", "an old castle on a hill"]
jobs = [client.submit("flux-schnell", {"prompt": prompt}) for prompt in prompts]
jobs.append(client.submit("fast-flux-schnell", {"prompt": "a red sailing boat at dawn"}))
done = [job.wait().status for job in jobs]"""
CELLS = {
    "gallery": ["%segmind_panel gallery -o gallery"],
    "jobs": [
        'film = client.submit("veo-3.1", {"prompt": "clouds over a mountain lake"})',
        "%segmind_panel jobs -o panel",
    ],
}


def started(browser: Any, lab: Lab, panel: str, **size: int) -> Any:
    """The page with that panel, after some jobs have ended."""
    cells = ["%load_ext segmind_widgets", MADE, *CELLS[panel]]
    book = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    nbformat.write(book, lab.folder / f"{panel}.ipynb")
    page = opened(browser, lab, f"{panel}.ipynb", **size)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    run_all(page)
    finished(page)
    assert page.locator(ERRORS).count() == 0
    page.locator(".sw-panel").scroll_into_view_if_needed()
    return page


def pictures_are_there(page: Any, number: int) -> None:
    page.wait_for_function(
        "n => [...document.querySelectorAll('.sw-gallery .sw-thumb img')]"
        ".filter(img => img.naturalWidth).length === n",
        arg=number,
    )


def test_a_gallery_is_searched_looked_at_and_taken_home(browser: Any, lab: Lab) -> None:
    page = started(browser, lab, "gallery", height=1300)
    pictures_are_there(page, 6)
    alts = page.locator(".sw-gallery .sw-thumb img").evaluate_all("all => all.map(i => i.alt)")
    assert alts[0] == "a red sailing boat at dawn"
    shot(page, "gallery")

    page.get_by_label("Find").fill("fox")
    pictures_are_there(page, 2)
    page.get_by_label("Find").fill("")
    page.get_by_label("Model").select_option("fast-flux-schnell")
    pictures_are_there(page, 1)
    page.get_by_label("Model").select_option("every model")
    pictures_are_there(page, 6)

    page.locator(".sw-gallery .sw-thumb").first.focus()
    page.keyboard.press("Enter")
    light = page.locator("dialog.sw-light")
    light.wait_for()
    page.wait_for_function("document.querySelector('dialog.sw-light img').naturalWidth > 500")
    page.keyboard.press("ArrowRight")
    page.wait_for_selector("dialog.sw-light img[alt='an old castle on a hill']")
    page.wait_for_function("document.querySelector('dialog.sw-light img').naturalWidth > 500")
    shot(page, "gallery-enlarged")
    page.keyboard.press("Escape")
    light.wait_for(state="detached")

    page.keyboard.press("Space")  # selects what was looked at last
    details = page.locator(".sw-details")
    details.get_by_text("an old castle on a hill").wait_for()
    page.get_by_role("button", name="Use as input").click()
    page.get_by_text("is on the clipboard").wait_for()
    assert re.fullmatch(r"file:/\S+\.\w+", page.evaluate("navigator.clipboard.readText()"))
    shot(page, "gallery-details")
    with page.expect_download() as one:
        details.get_by_role("button", name="Download").click()
    (path,) = (lab.home / "store" / "results").glob(f"*/{one.value.suggested_filename}")
    assert Path(one.value.path()).read_bytes() == path.read_bytes()
    with page.expect_download() as zipped:
        page.get_by_role("button", name="Zip of all 6").click()
    with zipfile.ZipFile(zipped.value.path()) as made:
        assert made.testzip() is None
        assert len(made.namelist()) == 6

    details.get_by_role("button", name="Run again").click()
    page.get_by_text("On the sandbox nothing is billed.").wait_for()
    page.get_by_role("button", name="Run it").click()
    page.get_by_label("Find").scroll_into_view_if_needed()
    pictures_are_there(page, 7)  # by itself, when it has ended


def test_a_job_moves_is_stopped_taken_up_again_and_opened(browser: Any, lab: Lab) -> None:
    page = started(browser, lab, "jobs", height=1300)
    film = page.locator(".sw-job").first
    assert "clouds over a mountain lake" in film.inner_text()
    bar = film.locator("progress")
    before = bar.get_attribute("value")
    page.wait_for_function(
        "before => document.querySelector('.sw-job progress').getAttribute('value') !== before",
        arg=before,
    )
    page.wait_for_function(
        "[...document.querySelectorAll('.sw-job-picture img')].filter(i => i.naturalWidth).length"
        " === 6"
    )
    shot(page, "jobs")
    stop = film.get_by_role("button", name="Stop watching")
    stop.focus()
    page.keyboard.press("Enter")
    film.get_by_text("not followed here").wait_for()
    assert bar.is_hidden()
    film.get_by_role("button", name="Resume").click()
    page.wait_for_selector(".sw-job >> nth=0 >> progress:visible")
    page.wait_for_selector(".sw-job[data-status=completed] >> nth=6", timeout=30_000)

    page.locator(".sw-job", has_text="oranges").get_by_role("button", name="Open").click()
    page.wait_for_function(
        "document.querySelector('.sw-details .sw-thumb img')?.naturalWidth > 200"
    )
    page.get_by_label("Save into").fill("kept")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text(f"in {lab.folder}/kept").wait_for()
    assert len(list((lab.folder / "kept").iterdir())) == 1
    page.locator(".sw-line").scroll_into_view_if_needed()
    shot(page, "jobs-open")
    page.get_by_label("Find").fill("FOX")
    page.wait_for_function("document.querySelectorAll('.sw-job').length === 2")


@pytest.mark.parametrize("panel", ["gallery", "jobs"])
def test_it_is_readable_in_the_dark_and_when_narrow(
    browser: Any, dark_lab: Lab, panel: str
) -> None:
    page = started(browser, dark_lab, panel, height=1300)
    thumb = {"gallery": ".sw-gallery .sw-thumb", "jobs": ".sw-job button:text('Open')"}[panel]
    page.locator(thumb).last.click()
    page.wait_for_selector(".sw-details >> text=begun")
    page.wait_for_function("!document.querySelector('.sw-job progress:not([hidden])')")
    shot(page, f"{panel}-dark")
    page.set_viewport_size({"width": 400, "height": 1300})
    page.locator(".sw-panel").scroll_into_view_if_needed()
    shot(page, f"{panel}-narrow")
    inner, outer = page.locator(".sw-panel").evaluate("p => [p.scrollWidth, p.clientWidth]")
    assert inner <= outer + 1
    page.locator(".sw-details").scroll_into_view_if_needed()
    shot(page, f"{panel}-narrow-details")
