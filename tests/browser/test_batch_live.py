"""The view of a batch: nothing empty stays below its sheet, and a sentence where it was lost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from segmind_widgets.sandbox import Sandbox
from tests.browser.lab import Lab
from tests.browser.pages import ERRORS, finished, run_all, shot
from tests.browser.test_live import MISSING, save, start
from tests.shells import quick

BATCH = "%segmind_run flux-dev -b --sweep seed=1,2,3 prompt='a fox'"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(speed=10, artist=quick) as running:
        yield running


@pytest.mark.parametrize("place", ["lab", "notebook7"])
def test_a_batch_is_a_view_then_a_sentence_or_its_sheet(
    request: pytest.FixtureRequest, browser: Any, place: str, sandbox: Sandbox
) -> None:
    folder: Lab = request.getfixturevalue(place)
    sandbox.faults.add("GET /v2/.*", "silence")
    page = start(browser, place, folder, sandbox, BATCH)
    run_all(page)
    finished(page)
    page.locator(".sw-panel").get_by_text("3 running").wait_for()
    page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()"
    )
    assert_sentence(page)
    shot(page, f"batch-restarted-{place}")
    save(page)
    page.reload()
    assert_sentence(page)
    shot(page, f"batch-reopened-{place}")
    sandbox.faults.clear()
    sandbox.faults.release()
    run_all(page)
    page.locator("figure img").nth(2).wait_for(timeout=60_000)
    finished(page)
    page.wait_for_function("() => !document.querySelector('.sw-panel')")
    assert page.locator(ERRORS).count() == 0
    children = page.locator(".jp-OutputArea-child").all()
    assert [child.evaluate("e => e.offsetHeight > 0") for child in children] == [True, False]
    shot(page, f"batch-ended-{place}")


def assert_sentence(page: Any) -> None:
    """A sentence stands in the place of the view, and nothing that looks alive or broken."""
    page.wait_for_function(
        """words => [...document.querySelectorAll('.jp-OutputArea-output, .jp-OutputArea-output *')]
            .some(e => e.tagName !== 'STYLE' && e.offsetHeight > 0 && (
                getComputedStyle(e, '::after').content
                + [...e.childNodes].map(n => n.nodeType === 3 ? n.data : '').join('')
            ).includes(words))""",
        arg="was running when this notebook was saved",
        timeout=20_000,
    )
    missing = page.get_by_text(MISSING).all()
    assert all(each.evaluate("e => getComputedStyle(e).fontSize === '0px'") for each in missing)
