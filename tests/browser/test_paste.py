"""Code and keys as a person pastes them into panels, and the notebook that is saved afterwards."""

from __future__ import annotations

import json
from typing import Any

from segmind_widgets.sandbox import Sandbox
from tests.browser.lab import Lab
from tests.browser.pages import ERRORS, opened, shot
from tests.browser.test_panels import connected, decoded, press, saved, shown, typed, written

KEY = "SG_5a8f0c1d2e3b4a59"
ID = "65c9c7f641c340d7ef2f7134-v1"
PYTHON = f'''import requests
api_key = "{KEY}"
response = requests.post(
    "https://api.segmind.com/v1/fast-flux-schnell",
    json={{"prompt": "a red fox in the snow", "steps": 3}},
    headers={{"x-api-key": api_key}},
)
'''
CURL = f"""curl https://api.segmind.com/workflows/{ID} \\
  -H 'Authorization: Bearer {KEY}' -d '{{"product_prompt": "a teapot"}}'"""
TOGGLE = "window.jupyterapp.commands.execute('@jupyter-widgets/jupyterlab-manager:saveWidgetState')"
# as the clipboard does: the text at once, with its line breaks
PASTE = """([label, text]) => {
    const field = [...document.querySelectorAll('.sw-text textarea')]
        .find((node) => node.labels[0].textContent === label);
    field.focus();
    field.dispatchEvent(new ClipboardEvent('paste', { bubbles: true, cancelable: true }));
    document.execCommand('insertText', false, text);
}"""


def test_code_runs_and_its_key_is_not_saved(browser: Any, lab: Lab) -> None:
    with Sandbox(speed=20) as sandbox:
        cells = (connected(sandbox), "%segmind_panel run flux-dev -o p", "%segmind_panel workflow")
        name = written(lab, *cells, name="paste")
        page = shown(opened(browser, lab, name, height=1500))
        run, workflow = page.locator(".sw-panel").nth(0), page.locator(".sw-panel").nth(1)
        page.evaluate(PASTE, ["Or paste code", PYTHON])
        run.get_by_text("Its API key was removed").wait_for()
        assert run.get_by_label("Or paste code").input_value() == ""
        assert run.get_by_label("Prompt").first.input_value() == "a red fox in the snow"
        shot(page, "paste-run")
        press(page, "Run")
        decoded(page)
        assert sandbox.billed_posts[0].path == "/v1/fast-flux-schnell"
        assert sandbox.billed_posts[0].json["prompt"] == "a red fox in the snow"

        page.evaluate(PASTE, ["Workflow", CURL])
        workflow.get_by_text("Its API key was removed").wait_for()
        assert "a teapot" in workflow.get_by_label("Product Prompt").first.input_value()

        typed(page, "Prompt", f"a fox and {KEY}")
        page.wait_for_function(
            "!document.querySelector('.sw-fields textarea').value.includes('SG_')"
        )
        press(page, "As YAML")
        typed(page, "Inputs as YAML", f"prompt: a fox\nseed: 7\nnote: {KEY}")
        run.get_by_text("An API key was removed from the text.").wait_for()
        page.wait_for_function(
            "key => ![...document.querySelectorAll('textarea')].some(t => t.value.includes(key))",
            arg=KEY,
        )
        typed(page, "Find a model", f"{KEY} ")
        page.wait_for_function("!document.querySelector('.sw-text input').value.includes('SG_')")
        shot(page, "paste-keys")

        assert page.locator(ERRORS).count() == 0
        page.evaluate(TOGGLE)
        try:
            book = saved(page, lab, name)
        finally:
            page.evaluate(TOGGLE)
        assert "widgets" in book.metadata
        assert KEY not in json.dumps(book)


def test_quick_typing_is_not_overwritten(browser: Any, lab: Lab) -> None:
    name = written(lab, "%load_ext segmind_widgets\n%segmind_panel run flux-dev", name="typing")
    page = shown(opened(browser, lab, name))
    field = page.locator(".sw-panel").get_by_label("Prompt").first
    for number in range(12):
        field.fill(f"a fox, version {number}")
        field.blur()
        field.focus()
    field.press("End")
    field.type(" in the snow")
    page.wait_for_timeout(1500)  # nothing may happen
    assert field.input_value() == "a fox, version 11 in the snow"
