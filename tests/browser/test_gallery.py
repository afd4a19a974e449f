"""The gallery and the jobs panel as a person uses them, with the mouse and with keys."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.browser.lab import Lab
from tests.browser.pages import ERRORS, finished, opened, opened_in_notebook, run_all, shot

MADE = """from segmind_widgets import SegmindClient
client = SegmindClient.instance()
client.sandbox_speed = 4
prompts = ["a fox in the snow", "a bowl of oranges", "a fox under the stars", "an old castle"]
jobs = [client.submit("fast-flux-schnell", {"prompt": prompt}) for prompt in prompts]
jobs.append(client.submit("sdxl1.0-realvis", {"prompt": "a red sailing boat at dawn"}))
done = [job.wait().status for job in jobs]"""
OPACITY = """element => {
    let all = 1;
    for (let e = element; e; e = e.parentElement) all *= getComputedStyle(e).opacity;
    return all;
}"""
CELLS = {
    "gallery": ["%segmind_panel gallery -o gallery"],
    "jobs": [
        'slow = client.submit("flux-dev", {"prompt": "clouds over a mountain lake"})',
        "%segmind_panel jobs -o panel",
    ],
}


def started(browser: Any, lab: Lab, *panels: str, height: int) -> Any:
    """The page with these panels, after some jobs have ended."""
    cells = ["%load_ext segmind_widgets", MADE, *(cell for one in panels for cell in CELLS[one])]
    book = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    nbformat.write(book, lab.folder / "made.ipynb")
    page = opened(browser, lab, "made.ipynb", height=height)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    run_all(page)
    finished(page)
    assert page.locator(ERRORS).count() == 0
    page.locator(".sw-panel").first.scroll_into_view_if_needed()
    return page


def pictures_are_there(page: Any, number: int) -> None:
    page.wait_for_function(
        "n => [...document.querySelectorAll('.sw-gallery .sw-thumb img')]"
        ".filter(img => img.naturalWidth).length === n",
        arg=number,
    )


def test_what_a_person_does_with_jobs_and_what_they_made(browser: Any, lab: Lab) -> None:
    page = started(browser, lab, "jobs", "gallery", height=1300)
    gallery = page.locator(".sw-panel:has(.sw-gallery)")
    jobs = page.locator(".sw-panel:has(.sw-jobs)")
    a_job_moves_is_stopped_and_taken_up_again(page, jobs)
    a_job_is_found_opened_and_saved(page, jobs, lab)
    pictures_are_there(page, 6)  # the last one came by itself
    gallery.scroll_into_view_if_needed()
    shot(page, "gallery")
    pictures_are_found(page, gallery)
    pictures_are_enlarged_by_keys(page)
    a_picture_is_used(page, gallery)
    files_are_taken_home(page, gallery, lab)
    a_picture_is_made_again(page, gallery)


def test_a_gallery_without_its_kernel_says_so_once(browser: Any, lab: Lab) -> None:
    page = started(browser, lab, "gallery", height=340)
    last = page.locator(".sw-gallery .sw-thumb").last
    assert last.locator("img").count() == 0  # not in view yet
    page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    words = page.locator(".sw-ended")
    words.wait_for()
    last.scroll_into_view_if_needed()
    last.locator(".sw-text").wait_for()  # in place of its picture
    shot(page, "gallery-ended")
    errors = page.locator(".sw-error:visible").all_inner_texts()
    assert [text for text in errors if text] == [words.inner_text()]
    assert words.evaluate(OPACITY) == 1


def a_job_moves_is_stopped_and_taken_up_again(page: Any, jobs: Any) -> None:
    slow = jobs.locator(".sw-job").first
    assert "clouds over a mountain lake" in slow.inner_text()
    bar = slow.locator("progress")
    before = bar.get_attribute("value")
    page.wait_for_function(
        "before => document.querySelector('.sw-job progress').getAttribute('value') !== before",
        arg=before,
    )
    page.wait_for_function(
        "[...document.querySelectorAll('.sw-job-picture img')].filter(i => i.naturalWidth).length"
        " === 5"
    )
    shot(page, "jobs")
    slow.get_by_role("button", name="Stop watching").focus()
    page.keyboard.press("Enter")
    slow.get_by_text("not watched here").wait_for()
    assert bar.is_hidden()
    slow.get_by_role("button", name="Resume").click()
    page.wait_for_selector(".sw-job >> nth=0 >> progress:visible")
    page.wait_for_selector(".sw-job[data-status=completed] >> nth=5")


def a_job_is_found_opened_and_saved(page: Any, jobs: Any, lab: Lab) -> None:
    jobs.get_by_label("Find").fill("FOX")
    page.wait_for_function("document.querySelectorAll('.sw-job').length === 2")
    jobs.locator(".sw-job", has_text="snow").get_by_role("button", name="Open").click()
    page.wait_for_function("document.querySelector('.sw-details img')?.naturalWidth > 200")
    page.wait_for_function("document.querySelector('.sw-jobs .sw-room')?.offsetHeight > 200")
    row = jobs.locator(".sw-job", has_text="snow")
    is_seen_under(jobs.locator(".sw-details"), row)
    jobs.get_by_label("Save to").fill("kept")
    jobs.get_by_role("button", name="Save", exact=True).click()
    jobs.get_by_text(f"in {lab.folder}/kept").wait_for()
    assert len(list((lab.folder / "kept").iterdir())) == 1
    shot(page, "jobs-open")
    jobs.get_by_role("button", name="Close").focus()
    page.keyboard.press("Escape")
    jobs.locator(".sw-details").wait_for(state="hidden")
    focused(page, "Open")
    assert jobs.locator(".sw-room").count() == 0


def pictures_are_found(page: Any, gallery: Any) -> None:
    gallery.get_by_label("Find", exact=True).fill("fox")
    pictures_are_there(page, 2)
    gallery.get_by_label("Find", exact=True).fill("")
    gallery.get_by_label("Model").select_option("sdxl1.0-realvis")
    pictures_are_there(page, 1)
    assert gallery.locator("img").get_attribute("alt") == "a red sailing boat at dawn"
    gallery.get_by_label("Model").select_option("any")
    pictures_are_there(page, 6)


def pictures_are_enlarged_by_keys(page: Any) -> None:
    large = "document.querySelector('dialog.sw-light img').naturalWidth > 500"
    page.locator(".sw-gallery .sw-thumb").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog.sw-light img[alt='clouds over a mountain lake']")
    page.wait_for_function(large)
    page.keyboard.press("ArrowRight")
    page.wait_for_selector("dialog.sw-light img[alt='a red sailing boat at dawn']")
    page.wait_for_function(large)
    shot(page, "gallery-enlarged")
    page.keyboard.press("Escape")
    page.locator("dialog.sw-light").wait_for(state="detached")


def a_picture_is_used(page: Any, gallery: Any) -> None:
    page.keyboard.press("Space")  # selects what was enlarged last
    gallery.locator(".sw-details >> text=a red sailing boat at dawn").wait_for()
    gallery.get_by_role("button", name="Use as input").focus()
    page.keyboard.press("Enter")
    form = gallery.locator(".sw-panel")
    form.locator(".sw-chosen img").wait_for()
    page.wait_for_function("document.activeElement.matches('.sw-panel .sw-panel .sw-drop')")
    shot(page, "gallery-used")
    gallery.locator(".sw-gallery .sw-selected .sw-thumb").scroll_into_view_if_needed()
    shot(page, "gallery-details")


def files_are_taken_home(page: Any, gallery: Any, lab: Lab) -> None:
    with page.expect_download() as one:
        gallery.locator(".sw-details").get_by_role("button", name="Download").click()
    (path,) = (lab.home / "store" / "results").glob(f"*/{one.value.suggested_filename}")
    assert Path(one.value.path()).read_bytes() == path.read_bytes()
    with page.expect_download() as zipped:
        gallery.get_by_role("button", name="Zip of all 6").click()
    with zipfile.ZipFile(zipped.value.path()) as made:
        assert made.testzip() is None
        assert len(made.namelist()) == 6


def a_picture_is_made_again(page: Any, gallery: Any) -> None:
    gallery.get_by_role("button", name="Run again").click()
    gallery.get_by_text("The sandbox is free.").wait_for()
    gallery.locator(".sw-details").get_by_role("button", name="Run", exact=True).click()
    gallery.get_by_label("Find", exact=True).scroll_into_view_if_needed()
    pictures_are_there(page, 7)


KINDS = """from segmind_widgets import SegmindClient
client = SegmindClient.instance()
client.sandbox_speed = 20
picture = client.run("fast-flux-schnell", {"prompt": "a fox"}).outputs[0]
client.run("bg-removal-v2", {"image": picture})
client.run("seedance-2.0", {"prompt": "waves at dusk"})
client.run("chatterbox-tts", {"text": "hello"})
for prompt in ("an owl", "a bee", "a cat", "a cow", "a dog", "a hen", "a pig", "an elk"):
    client.run("fast-flux-schnell", {"prompt": prompt})"""


def book_of_kinds(lab: Lab) -> None:
    cells = ["%load_ext segmind_widgets", KINDS, "%segmind_panel gallery -o gallery"]
    book = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    nbformat.write(book, lab.folder / "kinds.ipynb")


def is_seen_under(details: Any, tile: Any) -> None:
    """The details are directly under the row of the tile, and their top is in the window."""
    below, above = details.bounding_box(), tile.bounding_box()
    assert -1 <= below["y"] - above["y"] - above["height"] < 30
    assert details.evaluate(_IS_SEEN)


_IS_SEEN = """panel => {
  const { left, top, width, height } = panel.getBoundingClientRect();
  const at = (y) => document.elementFromPoint(left + width / 2, y);
  const near = [at(top + 4), at(top + height - 4)];
  return near.every((found) => panel.contains(found));
}"""


def test_videos_have_posters_and_details_open_under_their_row(browser: Any, dark_lab: Lab) -> None:
    book_of_kinds(dark_lab)
    page = opened(browser, dark_lab, "kinds.ipynb", height=900)
    run_all(page)
    finished(page)
    page.locator(".sw-panel").first.scroll_into_view_if_needed()
    page.wait_for_selector(".sw-thumb img[alt='waves at dusk']")
    assert page.locator(".sw-thumb:has(img[alt='waves at dusk']) .sw-length").inner_text()
    sound = page.get_by_role("button", name=re.compile("hello"))
    sound.locator("svg").wait_for()
    sound.locator(".sw-length", has_text=":").wait_for()
    assert page.locator(".sw-thumb[aria-label^='bg-removal-v2 · bg-removal-v2-']").count() == 1
    shot(page, "gallery-kinds-dark")
    for number in (0, 11):
        tile = page.locator(".sw-gallery .sw-item").nth(number)
        tile.locator(".sw-thumb").focus()
        page.keyboard.press("Space")
        page.locator(".sw-details >> visible=true").wait_for()
        page.wait_for_function("document.querySelector('.sw-room')?.offsetHeight > 50")
        is_seen_under(page.locator(".sw-details"), tile)
        page.locator(".sw-details").get_by_role("button", name="Use as input").focus()
        shot(page, f"gallery-details-{number}")
        page.keyboard.press("Escape")
        page.locator(".sw-details").wait_for(state="hidden")
        assert tile.locator(".sw-thumb").evaluate("thumb => thumb === document.activeElement")
    page.set_viewport_size({"width": 400, "height": 900})
    page.locator(".sw-gallery .sw-thumb").nth(3).click()
    page.locator(".sw-details >> visible=true").wait_for()
    shot(page, "gallery-details-narrow")


def test_both_are_readable_in_the_dark_and_when_narrow(browser: Any, dark_lab: Lab) -> None:
    page = started(browser, dark_lab, "gallery", "jobs", height=1300)
    gallery, jobs = page.locator(".sw-panel").all()
    gallery.locator(".sw-thumb").last.click()
    jobs.get_by_role("button", name="Open: fast-flux-schnell, a fox in the snow").click()
    for name, panel in (("gallery", gallery), ("jobs", jobs)):
        panel.locator(".sw-details >> text=started").wait_for()
        panel.locator(".sw-details").scroll_into_view_if_needed()
        shot(page, f"{name}-dark")
    page.set_viewport_size({"width": 400, "height": 1300})
    for name, panel in (("gallery", gallery), ("jobs", jobs)):
        panel.locator("input").first.scroll_into_view_if_needed()
        shot(page, f"{name}-narrow")
        panel.locator(".sw-details").scroll_into_view_if_needed()
        shot(page, f"{name}-narrow-details")
        inner, outer = panel.evaluate("p => [p.scrollWidth, p.clientWidth]")
        assert inner <= outer + 1
    tall = "[...document.querySelectorAll('.sw-thumb')].filter(t => t.offsetHeight > t.offsetWidth)"
    assert page.evaluate(f"{tall}.length") == 0  # a picture fills its frame


THREE = """from segmind_widgets import SegmindClient
client = SegmindClient.instance()
client.sandbox_speed = 20
picture = client.run("fast-flux-schnell", {"prompt": "a fox"}).outputs[0]
client.run("bg-removal-v2", {"image": picture})
client.run("nano-banana", {"prompt": "as a watercolour", "image_urls": [picture]})
client.run("fast-flux-schnell", {"prompt": "an owl"})"""
DECODED = """n => {
  const all = [...document.querySelectorAll(".sw-gallery .sw-thumb img")];
  return all.length === n && all.every((img) => img.complete && img.naturalWidth > 100);
}"""


@pytest.mark.parametrize("front", ["lab", "dark_lab", "notebook7"])
def test_a_result_is_deleted_and_brought_back(
    browser: Any, request: pytest.FixtureRequest, front: str
) -> None:
    server = request.getfixturevalue(front)
    cells = ["%load_ext segmind_widgets", THREE, "%segmind_panel gallery -o gallery"]
    book = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    nbformat.write(book, server.folder / "deleted.ipynb")
    show = opened_in_notebook if front == "notebook7" else opened
    page = show(browser, server, "deleted.ipynb")
    run_all(page)
    finished(page)
    page.locator(".sw-panel").first.scroll_into_view_if_needed()
    page.wait_for_function(DECODED, arg=4)  # JPEG and PNG
    cell_count = page.locator(".jp-Cell").count()
    a_result_goes_by_key(page, front)
    a_result_goes_by_mouse(page, front)
    page.wait_for_function(DECODED, arg=4)
    assert page.locator(".jp-Cell").count() == cell_count


def focused(page: Any, label: str) -> None:
    page.wait_for_function(
        "label => (document.activeElement.ariaLabel || document.activeElement.textContent)"
        ".startsWith(label)",
        arg=label,
    )


def a_result_goes_by_key(page: Any, front: str) -> None:
    tiles = page.locator(".sw-gallery .sw-thumb")
    tiles.nth(1).focus()
    page.keyboard.press("Delete")
    page.wait_for_function("document.querySelectorAll('.sw-gallery .sw-thumb').length === 3")
    focused(page, "Undo")
    shot(page, f"gallery-deleted-{front}")
    page.keyboard.press("Tab")  # the grid follows: the tile after the deleted one
    focused(page, "bg-removal-v2")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    page.wait_for_function(DECODED, arg=4)
    focused(page, "as a watercolour")
    page.get_by_text("was restored.").wait_for()
    page.get_by_role("button", name="Undo").wait_for(state="hidden")


def a_result_goes_by_mouse(page: Any, front: str) -> None:
    page.locator(".sw-gallery .sw-thumb").nth(3).click()
    details = page.locator(".sw-details")
    details.get_by_role("button", name="Delete").click()
    page.wait_for_function("document.querySelectorAll('.sw-gallery .sw-thumb').length === 3")
    details.wait_for(state="hidden")
    focused(page, "Undo")
    if front != "notebook7":
        page.set_viewport_size({"width": 400, "height": 1000})
        page.get_by_role("button", name="Undo").scroll_into_view_if_needed()
        shot(page, f"gallery-deleted-narrow-{front}")
    page.get_by_role("button", name="Undo").click()
    page.wait_for_function("document.querySelectorAll('.sw-gallery .sw-thumb').length === 4")
    focused(page, "a fox")
