"""Files that go in and pictures that come out, in a real JupyterLab."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import nbformat

from tests.browser.lab import Lab
from tests.browser.pages import finished, opened, run_all, shot

DROP = """
import json
from pathlib import Path
from segmind_widgets.widgets.drop import Drop

def told(what):
    with open("told.jsonl", "a") as file:
        print(json.dumps(what, default=str), file=file)

drop = Drop(told, told, folder=Path("drops"))
drop"""
AGAIN = "drop.label = 'The same area, seen twice'\ndrop"
PICTURES = """
import colorsys, io
from pathlib import Path
from PIL import Image, ImageOps
from segmind_widgets.widgets.pictures import Pictures
from segmind_widgets.sandbox.artist.sound import speech

def picture(number, side):
    red, green, blue = (int(255 * c) for c in colorsys.hsv_to_rgb(number / 20, 0.7, 0.8))
    large = ImageOps.colorize(Image.radial_gradient("L"), (red, green, blue), "white")
    large = large.resize((1600, 1000))
    large.thumbnail((side, side))
    return large

def load(key, side):
    if key == "lost":
        raise FileNotFoundError("The file was deleted.")
    if key == "story":
        return b"Once upon a time", "text/plain"
    asked.append((key, side))
    data = io.BytesIO()
    picture(int(key), side).save(data, "WEBP")
    return data.getvalue(), "image/webp"

def whole(key):
    special = {"story": ("txt", b"Once upon a time"), "song": ("wav", speech("la la la", 1))}
    suffix, data = special.get(key, ("bin", bytes(range(251)) * 40_000))
    path = Path(f"{key}.{suffix}")
    path.write_bytes(data)
    return path

asked, done = [], []
items = [
    {"key": str(n), "alt": f"planet number {n} seen from afar", "caption": f"flux-schnell, no. {n}",
     "note": "1600×1000 · 20 KB", "badge": "sandbox" if n % 3 == 0 else "",
     "url": f"https://example.com/{n}.webp"} for n in range(20)
]
items[2:2] = [
    {"key": "lost", "alt": "<b>what was lost</b>", "caption": "lost"},
    {"key": "story", "kind": "text", "caption": "a story"},
    {"key": "song", "kind": "audio", "caption": "a song", "busy": True, "actions": []},
]
pictures = Pictures(
    load, items, whole=whole, on_action=lambda *action: pictures.say(f"Used {action}."),
    actions=[{"name": "use", "label": "Use as input"}, {"name": "download", "label": "Download"},
             {"name": "copy", "label": "Copy URL"}])
pictures"""
ROW = """row = Pictures(load, items[:12], selectable=True, wrap=False, side=90, label="Inputs")
row"""
SAVE_STATE = (
    "window.jupyterapp.commands.execute('@jupyter-widgets/jupyterlab-manager:saveWidgetState')"
)
SEND = """([selector, event, files]) => {
    const data = new DataTransfer();
    for (const [name, type, size] of files) {
        const bytes = new Uint8Array(size);
        for (let i = 0; i < size; i++) bytes[i] = i % 251;
        data.items.add(new File([bytes], name, { type }));
    }
    document.querySelector(selector).dispatchEvent(
        new DragEvent(event, { dataTransfer: data, bubbles: true, cancelable: true }));
}"""


def shown(browser: Any, lab: Lab, *cells: str) -> Any:
    """A page where the cells have run."""
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    hidden = {"jupyter": {"source_hidden": True}}  # what they show fits on a screen
    made = [nbformat.v4.new_code_cell(cell.strip(), metadata=hidden) for cell in cells]
    nbformat.write(
        nbformat.v4.new_notebook(cells=made, metadata=kernel), lab.folder / "media.ipynb"
    )
    page = opened(browser, lab, "media.ipynb")
    run_all(page)
    finished(page)
    return page


def told(lab: Lab) -> list[Any]:
    """What the kernel's `on_files` and `on_text` got."""
    return [json.loads(line) for line in (lab.folder / "told.jsonl").read_text().splitlines()]


def pattern(size: int) -> bytes:
    return (bytes(range(251)) * (size // 251 + 1))[:size]


def says(page: Any, text: str) -> None:
    """Wait until the first area shows this."""
    line = page.locator(".sw-drop").first.locator(".sw-note, .sw-error")
    line.filter(has_text=text).first.wait_for(timeout=30_000)


def test_files_of_any_size_are_dropped_chosen_and_pasted(
    browser: Any, lab: Lab, tmp_path: Path
) -> None:
    page = shown(browser, lab, DROP, AGAIN)
    # `expect_file_chooser` does not wait until the browser hands its dialogs over: ask for it early
    page.on("filechooser", lambda _: None)
    area = page.locator(".sw-drop")
    area.nth(1).wait_for()
    assert area.count() == 2  # two views of one area: nothing may come twice
    bar = "document.querySelector('.sw-drop progress')"

    page.evaluate(SEND, [".sw-drop", "drop", [["big.png", "image/png", 30_000_000]]])
    page.wait_for_function(f"{bar}.value > 0 && {bar}.value < {bar}.max", polling=20)
    shot(page, "media-sending")
    says(page, "big.png received, 30.0 MB.")
    ((big,),) = told(lab)
    digest = hashlib.sha256((lab.folder / big).read_bytes()).digest()
    assert digest == hashlib.sha256(pattern(30_000_000)).digest()

    page.evaluate(SEND, [".sw-drop", "drop", [["vast.png", "image/png", 300_000_000]]])
    page.wait_for_function(f"{bar}.value > 0 && {bar}.max === 300_000_000", polling=20)
    area.first.get_by_role("button", name="Cancel").click()
    says(page, "Cancelled.")
    assert [path.name for path in (lab.folder / "drops").rglob("*.png")] == ["big.png"]

    page.evaluate(SEND, [".sw-drop", "drop", [["notes.txt", "text/plain", 10]]])
    says(page, "notes.txt is not accepted here")

    for name in ("one.png", "two.png"):
        (tmp_path / name).write_bytes(name.encode())
    area.first.get_by_role("button", name="Choose…").focus()
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files([tmp_path / "one.png", tmp_path / "two.png"])
    says(page, "2 files received")
    assert [(lab.folder / path).read_text() for path in told(lab)[1]] == ["one.png", "two.png"]

    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate("""async () => {
        const canvas = document.createElement('canvas');
        const image = await new Promise((done) => canvas.toBlob(done, 'image/png'));
        await navigator.clipboard.write([new ClipboardItem({ 'image/png': image })]);
    }""")
    area.last.click(position={"x": 3, "y": 3})
    page.keyboard.press("Control+V")
    says(page, "image.png received")
    assert (lab.folder / told(lab)[2][0]).read_bytes().startswith(b"\x89PNG")

    page.evaluate("navigator.clipboard.writeText('https://example.com/cat.png')")
    page.keyboard.press("Control+V")
    page.wait_for_function("!document.querySelector('.sw-drop .sw-note').textContent")
    assert told(lab)[3] == "https://example.com/cat.png"
    assert len(told(lab)) == 4
    assert page.locator(".jp-Cell").count() == 2  # JupyterLab pasted no cell


def test_pictures_come_when_seen_open_by_keyboard_and_leave_nothing_in_the_file(
    browser: Any, lab: Lab
) -> None:
    page = shown(browser, lab, PICTURES)
    page.evaluate(SAVE_STATE)
    list_ = page.get_by_role("list", name="Images")
    list_.get_by_role("img", name="planet number 12 seen from afar").wait_for()
    assert list_.get_by_role("listitem").count() == 23
    list_.get_by_text("FileNotFoundError: The file was deleted.").wait_for()
    list_.get_by_text("Once upon a time").wait_for()
    assert list_.locator("b").count() == 0  # words are words, not HTML
    shot(page, "media-pictures")

    list_.get_by_role("button", name="planet number 0").focus()
    for key in ("ArrowDown", "End", "Home", "ArrowRight"):
        page.keyboard.press(key)
    page.keyboard.press("Enter")
    light = page.get_by_role("dialog", name="planet number 1 seen from afar")
    light.get_by_role("img").wait_for()
    page.wait_for_function("document.querySelector('dialog img').naturalWidth === 1600")
    assert "2 of 23" in light.inner_text()
    shot(page, "media-lightbox")
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    story = page.get_by_role("dialog", name="a story")
    story.get_by_text("Once upon a time").wait_for()
    page.keyboard.press("ArrowRight")
    page.get_by_role("dialog", name="a song").wait_for()
    page.wait_for_function("document.querySelector('dialog audio')?.duration > 0.5")
    page.keyboard.press("Escape")
    page.get_by_role("dialog").wait_for(state="detached")
    assert page.evaluate("document.activeElement.dataset.key") == "song"

    page.keyboard.press("End")
    list_.get_by_role("img", name="planet number 19 seen from afar").wait_for()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert download.value.suggested_filename == "19.bin"
    assert Path(download.value.path()).read_bytes() == bytes(range(251)) * 40_000
    page.get_by_role("status").filter(has_text="19.bin downloaded.").wait_for()

    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_role("status").filter(has_text="Copied.").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == "https://example.com/19.webp"
    list_.get_by_role("button", name="Use as input").first.click()
    page.get_by_role("status").filter(has_text="Used ('use', '0').").wait_for()

    page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")
    saved = nbformat.read(lab.folder / "media.ipynb", 4)
    page.evaluate(SAVE_STATE)  # as it was before
    state = saved.metadata["widgets"]["application/vnd.jupyter.widget-state+json"]["state"]
    assert "planet number 19" in str(state)
    assert not any("buffers" in model for model in state.values())
    assert len(json.dumps(saved)) < 50_000


def test_the_dark_400_px_and_a_row_to_select_from(browser: Any, dark_lab: Lab) -> None:
    refused = "drop.say('cat.txt is no picture.', error=True)\ndrop"
    page = shown(browser, dark_lab, f"{DROP}\n{refused}", PICTURES.removesuffix("pictures") + ROW)
    row = page.get_by_role("list", name="Inputs")
    row.get_by_role("img", name="planet number 0").wait_for()
    second = row.get_by_role("button", name="planet number 1")
    assert second.get_attribute("aria-pressed") == "false"
    row.get_by_role("button", name="planet number 0").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    page.locator(".sw-selected").wait_for()
    assert second.get_attribute("aria-pressed") == "true"
    assert page.get_by_role("dialog").count() == 0
    shot(page, "media-dark")
    page.set_viewport_size({"width": 400, "height": 900})
    second.dblclick()
    page.wait_for_function("document.querySelector('dialog img').naturalWidth === 1600")
    shot(page, "media-narrow-lightbox")
    fits = "(e => e.scrollWidth <= e.clientWidth)(document.querySelector('{}'))"
    assert page.evaluate(fits.format("dialog"))
    page.get_by_role("button", name="Close").click()
    assert page.evaluate(fits.format(".sw-drop"))
    assert page.evaluate(fits.format(".sw-pictures"))
    last = row.get_by_role("button").last
    last.scroll_into_view_if_needed()  # the row scrolls, not the page
    row.get_by_role("img", name="planet number 8").wait_for()
    shot(page, "media-narrow")
