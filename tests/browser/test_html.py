"""Point 3: `$…$` stays text; and tables that are wider than the page scroll sideways."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.lab import Lab
from tests.browser.pages import ERRORS, finished, opened, opened_in_notebook, run_all, shot
from tests.browser.test_progress import written

START = """\
%load_ext segmind_widgets
%config SegmindClient.sandbox_speed = 20"""
PROMPT = r"a $5 note and a $10 note \(x\) <b>"
TEXT = r"""from segmind_widgets.assets.asset import Asset
text = ("a sentence of $5 words " * 20 + "\n" + "without-spaces/" * 20).encode()
Asset(data=text, name="story.txt", declared_type="text/plain")"""
CELLS = (
    START,
    f"%%segmind_run fast-flux-schnell -o job\nprompt: '{PROMPT}'",
    f"%%segmind_run fast-flux-schnell --dry-run\nprompt: '{PROMPT}'",
    f"%%segmind_run fast-flux-schnell --sweep seed=1,2 --dry-run\nprompt: '{PROMPT}'",
    f"%%segmind_run fast-flux-schnell --sweep seed=1,2\nprompt: '{PROMPT}'",
    "%segmind_spend",
    "%segmind_spend --by job",
    "%segmind_jobs",
    "get_ipython().run_line_magic('segmind_jobs', job.id)",
    "%segmind_models flux",
    TEXT,
    "from IPython.display import HTML\nHTML('<p class=other>$x^2$ and $y$</p>')",
)
FORMULAS = ".jp-OutputArea-output :is(.MathJax, mjx-container)"
BOX = ".jp-OutputArea-output [role=group][tabindex='0']"
BROKEN = """() => {  // words of tables and texts that are broken into lines
    const found = [];
    for (const box of document.querySelectorAll('.jp-OutputArea-output [role=group]')) {
        const walker = document.createTreeWalker(box, NodeFilter.SHOW_TEXT);
        while (walker.nextNode()) for (const word of walker.currentNode.data.matchAll(/\\S+/g)) {
            const range = document.createRange();
            range.setStart(walker.currentNode, word.index);
            range.setEnd(walker.currentNode, word.index + word[0].length);
            if (new Set([...range.getClientRects()].map(box => box.top)).size > 1)
                found.push(word[0]);
        }
    }
    return found;
}"""


@pytest.fixture(params=["lab", "notebook7"])
def page(request: pytest.FixtureRequest, browser: Any) -> Iterator[Any]:
    """The cells, run to their end."""
    server: Lab = request.getfixturevalue(request.param)
    written(server, "dollars.ipynb", *CELLS)
    visit = opened if request.param == "lab" else opened_in_notebook
    page = visit(browser, server, "dollars.ipynb")
    page.place = request.param
    run_all(page)
    finished(page)
    return page


def test_point_3_dollars_stay_text_and_tables_scroll_sideways(page: Any) -> None:
    assert page.locator(ERRORS).count() == 0
    page.get_by_text("a $5 note and a $10 note").last.wait_for()
    other = page.locator(".other :is(.MathJax, mjx-container)")
    other.first.wait_for(state="attached")  # outputs are typeset in their order
    assert page.locator(FORMULAS).count() == other.count()
    shot(page, f"dollars-{page.place}")
    page.set_viewport_size({"width": 400, "height": 900})
    page.locator(BOX).first.wait_for()
    assert page.evaluate(BROKEN) == []
    scrolled = []
    for number in range(page.locator(BOX).count()):
        box = page.locator(BOX).nth(number)
        box.scroll_into_view_if_needed()
        shot(page, f"tables-narrow-{page.place}-{number}")
        if box.evaluate("box => box.scrollWidth > box.clientWidth"):
            box.focus()
            page.keyboard.press("ArrowRight")
            page.wait_for_function("box => box.scrollLeft > 0", arg=box.element_handle())
            scrolled.append(box.get_attribute("aria-label"))
    assert {"Table", "story.txt"} <= set(scrolled)
