"""What the keyboard and assistive technology get: focus, its outline, and the rules of axe-core."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from segmind_widgets.sandbox import Sandbox
from tests.browser.lab import Lab
from tests.browser.pages import finished, opened, opened_in_notebook, run_all, shot
from tests.browser.test_keys import PANELS, STOPS, SWEEP, panels_stand
from tests.browser.test_panels import NOTEBOOKS, connected, decoded, shown, written

AXE = "axe-core@4.14.1"
LOAD = "%load_ext segmind_widgets"
MEASURED = """(stops) => {
    const numbers = (color) => color.match(/[\\d.]+/g).map(Number);
    const light = (color) => {
        const [r, g, b] = numbers(color).slice(0, 3).map((one) => one / 255)
            .map((one) => one <= .04045 ? one / 12.92 : ((one + .055) / 1.055) ** 2.4);
        return .2126 * r + .7152 * g + .0722 * b;
    };
    const behind = (node) => {
        const color = getComputedStyle(node).backgroundColor;
        return numbers(color)[3] === 0 ? behind(node.parentElement) : color;
    };
    const contrast = (a, b) => {
        const [low, high] = [light(a), light(b)].sort((x, y) => x - y);
        return (high + .05) / (low + .05);
    };
    return [...document.querySelectorAll('.sw-panel')].flatMap((panel) =>
        [...panel.querySelectorAll(stops)]
        .filter((node) => !node.disabled && node.tabIndex >= 0 && node.checkVisibility())
        .map((node) => {
            node.focus({ focusVisible: true, preventScroll: true });
            const { outlineWidth, outlineStyle, outlineColor } = getComputedStyle(node);
            return {
                node: node.outerHTML.slice(0, 100), type: node.type ?? node.tagName,
                drawn: outlineStyle === 'none' ? 0 : parseFloat(outlineWidth),
                contrast: contrast(outlineColor, behind(node.parentElement)),
                font: getComputedStyle(node).fontFamily, code: !!node.closest('.sw-mono, .sw-code'),
                form: !!node.closest('.sw-form'),
            };
        }));
}"""


def all_panels(page_of: Callable[..., Any], browser: Any, lab: Lab, sandbox: Sandbox) -> Any:
    shows = [f"%segmind_panel {panel}" for panel in (*PANELS, "run flux-schnell")]
    page = page_of(browser, lab, written(lab, connected(sandbox), SWEEP, *shows, name="access"))
    run_all(page)
    finished(page)
    panels_stand(page)
    return page


@pytest.mark.parametrize("theme", ["lab", "dark_lab"])
def test_each_focus_has_an_outline(
    request: pytest.FixtureRequest, browser: Any, theme: str
) -> None:
    lab: Lab = request.getfixturevalue(theme)
    with Sandbox(speed=20) as sandbox:
        page = all_panels(opened, browser, lab, sandbox)
        page.locator(".sw-panel select").first.focus()
        page.keyboard.press("Tab")  # from here on, the focus is one of the keyboard
        nodes = page.evaluate(MEASURED, STOPS)
        shot(page, f"focus-{theme}")
    kinds = {node["type"] for node in nodes}
    assert kinds >= {"text", "textarea", "number", "select-one", "range", "button"}, kinds
    poor = [node for node in nodes if node["drawn"] < 2 or node["contrast"] < 3]
    assert not poor, poor
    fonts = {node["font"] for node in nodes if node["form"] and not node["code"]}
    assert len(fonts) == 1, fonts


def test_a_refused_run_focuses_the_first_wrong_field(browser: Any, lab: Lab) -> None:
    page = shown(opened(browser, lab, written(lab, f"{LOAD}\n%segmind_panel run flux-schnell")))
    panel = page.locator(".sw-panel")
    prompt = panel.get_by_label("Prompt").first
    panel.get_by_role("button", name="Run", exact=True).click()
    page.wait_for_function("document.activeElement.ariaInvalid === 'true'")
    assert prompt.evaluate("node => node === document.activeElement")
    page.keyboard.type("a lighthouse")
    page.keyboard.press("Control+Enter")  # runs the form with the text that was just typed
    page.get_by_text("Done.", exact=True).wait_for()
    decoded(page)
    assert page.locator(".jp-Cell").count() == 1  # and not the cell


def test_the_list_of_models_shows_its_choice(browser: Any, lab: Lab) -> None:
    page = shown(opened(browser, lab, written(lab, f"{LOAD}\n%segmind_panel run nano-banana")))
    page.wait_for_function("""() => {
        const list = document.querySelector('.sw-panel select[size]');
        const [option] = list.selectedOptions;
        const [inner, outer] = [option, list].map((node) => node.getBoundingClientRect());
        return outer.top <= inner.top && inner.bottom <= outer.bottom + 1;
    }""")


@pytest.mark.parametrize("where", ["lab", "notebook7"])
def test_a_cell_is_inserted_below(request: pytest.FixtureRequest, browser: Any, where: str) -> None:
    server: Lab = request.getfixturevalue(where)
    visit: Callable[..., Any] = opened if where == "lab" else opened_in_notebook
    book = written(server, LOAD, "%segmind_panel run flux-schnell", "'last'", name="below")
    page = shown(visit(browser, server, book))
    panel = page.locator(".sw-panel")
    panel.get_by_label("Prompt").first.fill("a lighthouse")
    panel.get_by_role("button", name="As a cell").click()
    panel.get_by_role("button", name="Copy", exact=True).wait_for()
    panel.get_by_role("button", name="Insert below").click()
    page.get_by_text("Inserted below this cell.").wait_for()
    sources = page.evaluate(
        "[...window.jupyterapp.shell.currentWidget.content.model.cells]"
        ".map((cell) => cell.sharedModel.source)"
    )
    assert len(sources) == 4
    assert sources[2].startswith("%%segmind_run flux-schnell\n")
    assert "a lighthouse" in sources[2]
    shot(page, f"insert-below-{where}")


def test_voila_has_no_cell_to_insert_below(browser: Any, voila: Lab) -> None:
    book = written(voila, f"{LOAD}\n%segmind_panel run flux-schnell")
    page = browser.new_page()
    page.goto(f"{voila.url}/voila/render/{book}", timeout=120_000)
    panel = page.locator(".sw-panel")
    panel.get_by_label("Prompt").first.fill("a lighthouse")
    panel.get_by_role("button", name="As a cell").click()
    panel.get_by_role("button", name="Copy", exact=True).wait_for()
    assert panel.get_by_role("button", name="Insert below").count() == 0


@pytest.fixture(scope="module")
def axe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The script of axe-core, from npm."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("axe-core: not tried, as npm is not on this machine")
    folder = tmp_path_factory.mktemp("axe")
    command = [npm, "install", "--silent", "--no-save", "--prefix", str(folder), AXE]
    subprocess.run(command, check=True, timeout=120)
    return folder / "node_modules" / "axe-core" / "axe.min.js"


RULES = """async (within) => {
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22a', 'wcag22aa'];
    const { violations, passes } = await axe.run(
        { include: within.map((one) => [one]) }, { runOnly: { type: 'tag', values: tags } });
    const found = violations.flatMap(({ id, help, nodes }) => nodes.map(({ html, any }) =>
        [id, help, html.slice(0, 160), any[0]?.message ?? '']));
    return [found, passes.reduce((sum, { nodes }) => sum + nodes.length, 0)];
}"""


def violations(page: Any, axe: Path, *within: str) -> list[list[str]]:
    page.add_script_tag(path=str(axe))
    here = [one for one in within if page.locator(one).count()]
    found, passed = page.evaluate(RULES, here)
    print(f"axe-core: {len(found)} violations, {passed} checks passed in {', '.join(here)}")
    assert passed > 20
    return found


@pytest.mark.parametrize("theme", ["lab", "dark_lab"])
def test_axe_finds_nothing_in_the_panels(
    request: pytest.FixtureRequest, browser: Any, theme: str, axe: Path
) -> None:
    lab: Lab = request.getfixturevalue(theme)
    with Sandbox(speed=20) as sandbox:
        page = all_panels(opened, browser, lab, sandbox)
        found = violations(page, axe, ".sw-panel")
    assert not found, "\n".join(map(str, found))


def test_axe_finds_nothing_in_the_finished_quickstart(browser: Any, lab: Lab, axe: Path) -> None:
    shutil.copy(NOTEBOOKS / "quickstart.ipynb", lab.folder)
    page = opened(browser, lab, "quickstart.ipynb")
    run_all(page)
    finished(page)
    found = violations(page, axe, ".sw-panel", ".jp-OutputArea-output")
    assert not found, "\n".join(map(str, found))
