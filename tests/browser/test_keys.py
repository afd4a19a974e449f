"""Keys that are pressed in our widgets, and what the notebook around them gets of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Error

from segmind_widgets.sandbox import Sandbox
from tests.browser.lab import Lab
from tests.browser.pages import finished, opened, opened_in_notebook, run_all, shot
from tests.browser.test_panels import connected, written
from tests.shells import quick

LETTERS = "abcddmxyz00"  # JupyterLab: insert, copy, delete, to Markdown, cut, undo, restart, …
ARROWS = ("ArrowDown", "ArrowUp", "ArrowLeft", "ArrowRight")
PANELS = ("run nano-banana", "upload", "workflow", "jobs", "gallery")
SWEEP = "%%segmind_run flux-schnell --sweep seed=1,2\nprompt: a fox"
MANY = f"%segmind_run flux-schnell prompt=fox --sweep seed={','.join(map(str, range(24)))}"
STOPS = "button, input, select, textarea, summary, a[href], [tabindex]"
# a click on these runs something, or opens a window of the browser or of another page
NOT_CLICKED = ":is(a, select:not([size]), [type=file], .sw-drop button, .sw-actions button)"
STATE = """() => {
    const book = window.jupyterapp.shell.currentWidget;
    const { content, sessionContext: { session } } = book;
    const cells = [...content.model.cells].map((cell) => [cell.type, cell.sharedModel.source]);
    const selected = content.widgets.map((cell) => content.isSelectedOrActive(cell));
    const dialogs = document.querySelectorAll('.jp-Dialog').length;
    return [cells, selected, content.mode, dialogs, session.kernel.id];
}"""
SAME = f"before => JSON.stringify(({STATE})()) === JSON.stringify(before)"
ACTIVE = """() => {
    const { activeElement: node } = document;
    const panel = node.closest('.sw-panel');
    const all = [...document.querySelectorAll('.sw-panel')];
    return [all.indexOf(panel), node.outerHTML.slice(0, 120)];
}"""
WALK = """([panel, stops]) => {
    const root = [...document.querySelectorAll('.sw-panel')][panel];
    Object.assign(window, {
        walk: [],
        NODE: node => node.outerHTML.slice(0, 120),
        inside: () => document.activeElement.closest('.sw-panel') === root && walk.length < 200,
        usable: () => [...root.querySelectorAll(stops)].filter(
            node => !node.disabled && node.tabIndex >= 0 && node.checkVisibility()),
    });
    usable()[0].focus();
}"""
SPOTS = """([panel, stops, not]) => [...document.querySelectorAll('.sw-panel')][panel]
    .querySelectorAll(stops).forEach((node, index) => {
        const seen = !node.disabled && node.tabIndex >= 0 && node.checkVisibility();
        const harmless = /^(As |Recent|Uploaded|Show more)/.test(node.textContent);
        const runs = node.matches('button') && !harmless;
        if (seen && !runs && !node.matches(not)) node.dataset.spot = index;
    })"""


@pytest.fixture(params=["lab", "notebook7"])
def visit(request: pytest.FixtureRequest, browser: Any) -> Callable[..., Any]:
    """Return a function that opens a notebook with these cells and every panel after it ran."""
    server: Lab = request.getfixturevalue(request.param)
    open_page: Callable[..., Any] = opened if request.param == "lab" else opened_in_notebook

    def visit(sandbox: Sandbox, *cells: str) -> Any:
        shows = [f"%segmind_panel {panel}" for panel in PANELS]
        book = written(server, connected(sandbox), *cells, *shows, "'last'", name="shield")
        page = open_page(browser, server, book)
        run_all(page)
        finished(page)
        panels_stand(page)
        return page

    return visit


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(speed=20, artist=quick) as running:
        yield running


def panels_stand(page: Any) -> None:
    """Wait for every panel."""
    count = len(PANELS)
    page.wait_for_function(f"document.querySelectorAll('.sw-panel .sw-title').length >= {count}")


def pressed(page: Any) -> None:
    page.keyboard.type(LETTERS)
    for key in ARROWS:
        page.keyboard.press(key)


def test_no_plain_key_reaches_the_notebook(visit: Callable[..., Any], sandbox: Sandbox) -> None:
    page = visit(sandbox, SWEEP)
    for panel in range(page.locator(".sw-panel").count()):
        for spot in walked(page, panel):
            node = page.evaluate("spot => { walk[spot].focus(); return NODE(walk[spot]); }", spot)
            before = page.evaluate(STATE)
            pressed(page)
            assert page.evaluate(STATE) == before, f"by Tab: {node}"
        clicked(page, panel)
    shot(page, "keys")
    for key in ("b", "m", "ArrowUp"):  # the same keys on the notebook itself are noticed
        page.locator(".jp-Cell .jp-InputPrompt").last.click()
        before = page.evaluate(STATE)
        page.keyboard.press(key)
        page.wait_for_function(f"before => !({SAME})(before)", arg=before)


def test_no_plain_key_reaches_the_notebook_after_a_button_that_runs_something(
    visit: Callable[..., Any], sandbox: Sandbox
) -> None:
    page = visit(sandbox, MANY)

    def press(panel: Any, name: str, key: str = "Enter", *, then: str) -> None:
        """Press a button and at once the keys; again, once its effect is seen."""
        panel.locator(f"button:visible:text-is('{name}')").first.focus()
        before = page.evaluate(STATE)
        page.keyboard.press(key)
        pressed(page)
        panel.locator(then).first.wait_for()
        pressed(page)
        assert page.evaluate(STATE) == before, f"{name} by {key}"

    run, jobs, gallery = (
        page.locator(f".sw-panel:has(.sw-title:text-is('{title}'))")
        for title in ("Run a model", "Jobs", "Gallery")
    )
    run.get_by_label("Prompt").fill("a fox")
    sandbox.faults.add("GET /v2/.*", "silence")
    press(run, "Run", then="button:text-is('Stop watching')")
    press(run, "Stop watching", "Space", then=":text('You stopped watching')")
    sandbox.faults.clear()
    sandbox.faults.release()
    jobs.get_by_label("Include earlier sessions").check()
    press(jobs, "Open", then="button:text-is('Run again')")
    press(jobs, "Close", then=".sw-job >> nth=19")
    press(jobs, "Show more", "Space", then=".sw-job >> nth=24")
    gallery.locator(".sw-thumb").first.focus()
    page.keyboard.press("Space")
    press(gallery, "Delete", then="button:text-is('Undo')")
    press(gallery, "Undo", "Space", then=":text('restored')")
    shot(page, "keys-pressed")


def test_keys_work_a_panel_in_voila(browser: Any, voila: Lab, sandbox: Sandbox) -> None:
    shows = [f"%segmind_panel {panel}" for panel in ("run flux-schnell", "gallery")]
    book = written(voila, connected(sandbox), SWEEP, *shows)
    page = browser.new_page(viewport={"width": 1200, "height": 1000})
    page.goto(f"{voila.url}/voila/render/{book}", timeout=120_000)
    thumbs = page.locator(".sw-gallery .sw-thumb")
    thumbs.nth(1).scroll_into_view_if_needed()
    thumbs.nth(1).locator("img").wait_for()
    prompt = page.get_by_label("Prompt")
    prompt.focus()
    pressed(page)
    assert prompt.input_value() == LETTERS
    page.keyboard.press("Control+Enter")
    thumbs.nth(2).wait_for()  # the new result
    thumbs.first.focus()
    page.keyboard.press("ArrowRight")
    assert thumbs.nth(1).evaluate("thumb => thumb === document.activeElement")
    page.keyboard.press("Space")
    details = page.locator(".sw-gallery ~ .sw-details, .sw-details").first
    details.get_by_role("button", name="Delete").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Undo").press("Enter")
    thumbs.nth(2).wait_for()
    shot(page, "keys-voila")


def walked(page: Any, panel: int) -> list[int]:
    """Go through a panel by Tab; return its elements, those last whose value changes the others.

    Every element that can have the focus must be reached.
    """
    page.evaluate(WALK, [panel, STOPS])
    while page.evaluate("walk.push(document.activeElement), inside()"):
        page.keyboard.press("Tab")
    page.evaluate("walk.pop()")
    assert page.evaluate("usable().filter(node => !walk.includes(node)).map(NODE)") == []
    page.evaluate("walk.sort((a, b) => a.matches('select') - b.matches('select'))")
    return list(range(page.evaluate("walk.length")))


def clicked(page: Any, panel: int) -> None:
    """Click each element of a panel that runs nothing, and press the keys there."""
    page.evaluate(SPOTS, [panel, STOPS, NOT_CLICKED])
    spots = page.query_selector_all("[data-spot]")  # handles, for a click may draw a form anew
    assert spots
    for spot in spots:
        if not spot.is_visible():
            continue
        node = spot.evaluate("node => node.outerHTML.slice(0, 120)")
        try:
            spot.click(timeout=5_000)
        except Error:
            assert not spot.evaluate("node => node.isConnected"), node
            continue
        if page.evaluate(ACTIVE)[0] != panel:
            continue
        before = page.evaluate(STATE)
        pressed(page)
        assert page.evaluate(STATE) == before, f"by click: {node}"
    page.evaluate("document.querySelectorAll('[data-spot]').forEach(n => delete n.dataset.spot)")


def test_a_picture_field_takes_typed_text(browser: Any, lab: Lab) -> None:
    book = written(
        lab, "%load_ext segmind_widgets\nhere = 'photo.png'", "%segmind_panel run nano-banana"
    )
    Image.new("RGB", (80, 60), "teal").save(lab.folder / "photo.png")
    page = opened(browser, lab, book)
    run_all(page)
    finished(page)
    field = page.locator(".sw-panel .sw-media").first
    box = field.get_by_role("textbox")
    for text in ("https://example.com/cat.png", "photo.png", "$here"):
        caption = text.rpartition("/")[2].replace("$here", "photo.png")
        box.fill(text)
        box.press("Enter")
        field.locator(".sw-caption", has_text=caption).first.wait_for()
        field.locator("input[type=text]:placeholder-shown").wait_for()
    box.fill("nothing.png")
    box.press("Enter")
    field.locator(".sw-error", has_text="There is no file nothing.png").wait_for()
    assert box.input_value() == "nothing.png"  # so that it can be corrected
    shot(page, "keys-picture-field")
    page.set_viewport_size({"width": 400, "height": 900})
    field.scroll_into_view_if_needed()
    shot(page, "keys-picture-field-narrow")
