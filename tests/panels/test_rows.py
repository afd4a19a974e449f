"""A table in the run panel: its plan is shown first, then it runs as a batch with Stop."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from segmind_widgets.client import SegmindClient
from segmind_widgets.errors import InputError
from segmind_widgets.panels.run import RunPanel
from segmind_widgets.sandbox import Sandbox
from tests.page import text_of
from tests.waits import until

CSV = "prompt,seed\na fox & <b>,1\nan owl for $5,2\na cat,3\na mill,4\n"


@pytest.fixture
def panel(client: SegmindClient) -> Iterator[RunPanel]:
    made = RunPanel("fast-flux-schnell", client=client)
    yield made
    made.close()


def put(panel: RunPanel, path: Path, text: str = CSV) -> None:
    path.write_text(text)
    panel.table._on_files([path])
    until(lambda: not panel.table.go.disabled)


def test_the_plan_comes_first_and_the_rows_run_as_a_batch(
    panel: RunPanel, sandbox: Sandbox, tmp_path: Path
) -> None:
    assert panel.form is not None
    panel.form.inputs = {"prompt": "of the form", "steps": 5}
    put(panel, tmp_path / "rows.csv")
    shown = text_of(panel.table.plan.value)
    assert shown.startswith("rows.csv: 4 jobs")
    for part in ("a fox & <b>", "an owl for $5", "a cat", "and 1 more"):
        assert part in shown
    assert sandbox.billed_posts == []
    panel.table.go.click()
    until(lambda: panel.table._batches.children)
    (view,) = panel.table._batches.children
    view.batch.wait(30)
    assert view.batch.done == 4
    assert {post.json["prompt"] for post in sandbox.billed_posts} == {
        "a fox & <b>", "an owl for $5", "a cat", "a mill"
    }  # fmt: skip
    assert {post.json["steps"] for post in sandbox.billed_posts} == {5}
    assert panel.table.plan.value == ""


def test_a_plan_that_was_not_shown_is_not_sent(
    panel: RunPanel, sandbox: Sandbox, tmp_path: Path
) -> None:
    put(panel, tmp_path / "rows.csv")
    panel.choose("seedream-4.5")
    panel.table.go.click()
    until(lambda: "has changed" in text_of(panel.line.value) or panel.table._batches.children)
    assert sandbox.billed_posts == []
    assert "seedream-4.5" in text_of(panel.table.plan.value)


def test_a_wrong_column_is_refused(panel: RunPanel, sandbox: Sandbox, tmp_path: Path) -> None:
    put(panel, tmp_path / "rows.csv", "promt\na fox\n")
    assert "`promt`" in panel.table.drop.error
    assert panel.table.plan.value == ""
    with pytest.raises(InputError, match="has no rows"):
        put(panel, tmp_path / "empty.csv", "prompt\n")
    assert sandbox.billed_posts == []
