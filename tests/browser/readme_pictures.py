"""Make the pictures of the README anew: `python -m tests.browser.readme_pictures`.

They are made in a home that looks like a person's, `/home/ada` with the folder `pictures`, so
that no picture shows a temporary path. The home is new, and is deleted at the end.
"""

from __future__ import annotations

import io
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
from PIL import Image
from playwright.sync_api import sync_playwright

from segmind_widgets.sandbox.artist.render import make
from tests.browser.lab import ARGUMENTS, CHROMIUM, Lab, start_lab
from tests.browser.pages import finished, opened, run_all

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "docs" / "images"
LOAD = "%load_ext segmind_widgets"
PROMPTS = ("a fox in the snow", "a bowl of oranges", "a fox under the stars", "an old castle")
JOBS = f"""from segmind_widgets import SegmindClient

client = SegmindClient.instance()
prompts = {PROMPTS!r}
jobs = [client.submit("fast-flux-schnell", {{"prompt": prompt}}) for prompt in prompts]
for job in jobs:
    job.wait()"""
DECODED = """selector => {
    const all = [...document.querySelectorAll(selector)];
    return all.length && all.every(image => image.complete && image.naturalWidth > 100);
}"""


def show_quickstart(browser: Any, lab: Lab) -> Any:
    """Return the page of the quickstart, at its first picture."""
    shutil.copy(ROOT / "notebooks" / "quickstart.ipynb", lab.folder)
    page = opened(browser, lab, "quickstart.ipynb")
    run_all(page)
    finished(page)
    page.locator("figure").first.wait_for()
    page.locator(".jp-Cell").nth(2).evaluate("cell => cell.scrollIntoView()")
    return page


def show_run(browser: Any, lab: Lab) -> Any:
    """Return the page of a run panel that has edited a photo."""
    inputs = {"prompt": "a cat on a sofa", "width": 640, "height": 480}
    ((photo, _), *_) = make("fast-flux-schnell", "image", inputs, 5, {})
    (lab.folder / "cat.jpg").write_bytes(photo)
    page = _run(browser, lab, "watercolour.ipynb", LOAD, "%segmind_panel run nano-banana")
    panel = page.locator(".sw-panel")
    panel.get_by_label("Prompt").first.fill("the same cat as a watercolour")
    panel.locator("input[type=file]").first.set_input_files(str(lab.folder / "cat.jpg"))
    panel.locator(".sw-media .sw-pictures img").first.wait_for()
    panel.get_by_role("button", name="Run", exact=True).click()
    panel.get_by_text("Done.", exact=True).wait_for(timeout=60_000)
    page.wait_for_function(DECODED, arg=".sw-panel .sw-pictures img:not(.sw-media *)")
    page.locator(".jp-Cell").nth(1).evaluate("cell => cell.scrollIntoView()")
    return page


def show_gallery(browser: Any, lab: Lab) -> Any:
    """Return the page of a gallery of several results."""
    page = _run(browser, lab, "results.ipynb", LOAD, JOBS, "%segmind_panel gallery")
    page.wait_for_function(DECODED, arg=".sw-gallery .sw-thumb img")
    page.locator(".jp-Cell").nth(1).evaluate("cell => cell.scrollIntoView()")
    return page


def _run(browser: Any, lab: Lab, name: str, *cells: str) -> Any:
    """Return the page of a notebook with these cells, after they have run."""
    code = [nbformat.v4.new_code_cell(cell) for cell in cells]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    book = nbformat.v4.new_notebook(cells=code, metadata=kernel)
    nbformat.write(book, lab.folder / name)
    page = opened(browser, lab, name, height=1300)
    run_all(page)
    finished(page)
    page.locator(".sw-panel").wait_for()
    return page


PICTURES: dict[str, Callable[[Any, Lab], Any]] = {
    "quickstart": show_quickstart,
    "run": show_run,
    "gallery": show_gallery,
}


def make_all(browser: Any, lab: Lab, folder: Path) -> None:
    """Write all pictures into a folder."""
    for name, show in PICTURES.items():
        page = show(browser, lab)
        shot = page.screenshot()
        with Image.open(io.BytesIO(shot)) as picture:
            picture.convert("RGB").save(folder / f"{name}.jpg", quality=85)
        page.close()


def main() -> None:
    """Make the pictures in a new home."""
    homes = Path("/home") if os.access("/home", os.W_OK) else Path.home()
    home = homes / "ada"
    if home.exists() or CHROMIUM is None:
        sys.exit(f"{home} exists already." if CHROMIUM else "There is no chromium.")
    try:
        store = ".local/share/segmind-widgets"  # where a person has it
        with (
            start_lab(home, folder="pictures", store=store) as lab,
            sync_playwright() as playwright,
        ):
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
            make_all(browser, lab, IMAGES)
            browser.close()
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
