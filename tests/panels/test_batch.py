"""A batch on the screen without a browser: what the widgets hold as it goes, and what stays."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ipywidgets.widgets import widget as ipywidgets_widget

from segmind_widgets import Sweep
from segmind_widgets.batches.batch import Batch
from segmind_widgets.batches.contact_sheet import MAX_BYTES
from segmind_widgets.client import SegmindClient
from segmind_widgets.panels._batch import BatchView
from segmind_widgets.sandbox import Sandbox
from tests.comms import Page
from tests.page import text_of
from tests.shells import execute, notebook
from tests.waits import until

FAST = "fast-flux-schnell"


def text(html: str) -> str:
    return text_of(html)


@pytest.fixture
def view() -> Iterator[Callable[[Batch], BatchView]]:
    made: list[BatchView] = []

    def new(batch: Batch) -> BatchView:
        made.append(BatchView(batch))
        return made[-1]

    yield new
    for one in made:
        one.close()


View = Callable[[Batch], BatchView]


def test_it_fills_as_results_come(client: SegmindClient, sandbox: Sandbox, view: View) -> None:
    sandbox.faults.add("GET /v2/.*/status", "silence", times=None)
    batch = client.map(FAST, Sweep({"prompt": "a fox"}, {"seed": [1, 2], "steps": [3, 4]}))
    shown = view(batch)
    assert shown.grid
    until(lambda: batch.running == 4)
    until(lambda: [item.get("busy") for item in shown.pictures.items] == [True] * 4)
    assert shown.bar.value == 0
    assert text(shown.plan.value).startswith("4 jobs: about")
    sandbox.faults.clear()
    batch.wait(30)
    until(lambda: shown.bar.value == 1)
    assert shown.bar.bar_style == "success"
    assert "4 of 4 done" in text(shown.text.value)
    items = shown.pictures.items
    assert [item["caption"] for item in items] == [
        f"seed {seed} · steps {steps}" for seed in (1, 2) for steps in (3, 4)
    ]
    assert {item["kind"] for item in items} == {"image"}
    answer = Page(shown.pictures)
    answer.says(type="look", id="1", key=items[0]["key"], side=64)
    until(lambda: answer.sent)
    assert answer.received.startswith(b"\xff\xd8")
    assert len(str(shown.pictures.get_state()["items"])) < 2_000, "no bytes in the state"


def test_a_click_opens_the_job(client: SegmindClient, view: View) -> None:
    batch = client.map(FAST, [{"prompt": "a fox", "seed": 3}]).wait(30)
    shown = view(batch)
    shown.pictures.selected = shown.pictures.items[0]["key"]
    assert shown.details.job is not None
    assert shown.details.job.id == batch.job(0).id
    shown.pictures.selected = ""
    assert shown.details.job is None


def test_a_row_may_give_a_file_that_is_no_picture(
    client: SegmindClient, tmp_path: Path, view: View
) -> None:
    batch = client.map(FAST, [{"prompt": "a fox"}]).wait(30)
    path = tmp_path / "fox.glb"
    path.write_bytes(b"glTF")
    outputs = [{"path": str(path), "media_type": "model/gltf-binary"}]
    card = batch.summary(0)
    assert card is not None
    client.session.store.update(card.key, outputs=outputs)
    assert view(batch).pictures.items[0]["kind"] == "file"


def test_failures_are_listed_by_cause(client: SegmindClient, sandbox: Sandbox, view: View) -> None:
    sandbox.faults.add("POST /v2/.*", "job_failed", times=2, words="A <dark> room.")
    batch = client.map(FAST, [{"prompt": str(n)} for n in range(3)]).wait(30)
    shown = view(batch)
    assert shown.causes.value.count("<li>") == 1
    assert "2 × " in text(shown.causes.value)
    assert "A &lt;dark&gt; room." in shown.causes.value
    assert shown.bar.bar_style == "warning"
    assert [item.get("error") for item in shown.pictures.items].count("failed") == 2


def test_the_button_stops_it(client: SegmindClient, sandbox: Sandbox, view: View) -> None:
    go = threading.Event()

    def rows() -> Iterator[dict[str, Any]]:
        yield {"prompt": "a"}
        go.wait(20)
        yield {"prompt": "b"}

    batch = client.map(FAST, rows())
    shown = view(batch)
    sandbox.wait_for(lambda log: log.billed_posts)
    shown.stop.click()
    until(lambda: shown.stop.layout.display == "none")  # though the first row still runs
    go.set()
    batch.wait(30)
    assert batch.done == len(sandbox.billed_posts) == 1
    until(lambda: "You stopped the batch" in shown.line.value)
    assert shown.stop.layout.display == "none"


def test_of_many_the_newest_are_shown(client: SegmindClient, view: View) -> None:
    batch = client.map("gpt-4o", [{"prompt": str(n)} for n in range(70)]).wait(60)
    shown = view(batch)
    assert len(shown.pictures.items) == 60
    assert not shown.grid
    numbers = [int(item["key"].partition("/")[0]) for item in shown.pictures.items]
    assert numbers == batch.newest(60)


def test_a_closed_view_leaves_nothing(client: SegmindClient) -> None:
    batch = client.map(FAST, Sweep({"prompt": "x"}, {"seed": [1], "steps": [2]})).wait(30)
    before = set(ipywidgets_widget._instances)
    shown = BatchView(batch)
    assert set(ipywidgets_widget._instances) > before
    shown.close()
    assert set(ipywidgets_widget._instances) == before


GRID = """%%segmind_run fast-flux-schnell --sweep seed=1,2 -o grid
prompt: a fox
aspect_ratio: {sweep: ['1:1', '16:9']}"""
CELLS = (
    GRID,
    "%segmind_run fast-flux-schnell prompt=b --sweep seed=1,2,3 -b -o later",
    "later.wait(); None",
    "grid",
)


def test_one_static_sheet_stays_in_the_notebook(tmp_path: Path, sandbox: Sandbox) -> None:
    book = execute(notebook(*CELLS), tmp_path, sandbox)
    shown = [[o for o in cell.outputs if "data" in o] for cell in book.cells[1:]]
    assert [len(outputs) for outputs in shown] == [1, 1, 0, 1]
    for outputs, count in zip(shown, (4, 3, 0, 4), strict=True):
        for output in outputs:
            page = output["data"]["text/html"]
            assert page.count("<img ") == count
            assert len(page) < MAX_BYTES * 4 / 3 + 2_000
            assert f"{count} of {count} done" in page
            assert str(tmp_path) in page
            assert "widget-view" not in str(output["data"])


def click_four_times(shown: BatchView) -> None:
    clicks = [threading.Thread(target=shown.stop.click) for _ in range(4)]
    for click in clicks:
        click.start()
    for click in clicks:
        click.join()


@pytest.mark.parametrize("by_click", [True, False])
def test_no_row_is_sent_after_stop_also_if_it_was_handed_over(
    client: SegmindClient, sandbox: Sandbox, view: View, by_click: bool
) -> None:
    """Rows that wait for the rate limit are withdrawn; a resume sends each of them once."""
    client.rate_limit = 60
    rows = [{"prompt": str(number)} for number in range(12)]
    batch = client.map(FAST, rows)
    shown = view(batch)
    sandbox.wait_for(lambda log: log.billed_posts)
    until(lambda: batch.running > len(sandbox.billed_posts))  # one waits for the rate limit
    click_four_times(shown) if by_click else batch.stop()
    flying = batch._progress.counts.running
    batch.wait(30)
    sent = len(sandbox.billed_posts)
    assert sent == batch.done <= flying, "only what was on the wire at Stop goes on"
    assert (batch.failed, batch.queued, len(batch.failures)) == (0, 12 - sent, 0)
    assert batch.message.startswith(f"You stopped the batch. {12 - sent} rows were not sent.")
    withdrawn = [job for job in client.jobs(50) if job.status == "cancelled"]
    assert withdrawn, "one was handed over"
    assert all("Nothing was billed" in str(job.error) for job in withdrawn)
    client.rate_limit = 0
    rest = client.map(FAST, rows).wait(30)
    assert (rest.done, rest.reused, rest.failed) == (12, sent, 0)
    bodies = [str(post.json["prompt"]) for post in sandbox.billed_posts]
    assert sorted(bodies) == sorted(str(number) for number in range(12))
