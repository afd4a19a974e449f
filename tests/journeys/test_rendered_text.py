"""Text from outside in every rendered output: no formula, and no tag."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from segmind_widgets import Sweep
from segmind_widgets.assets.asset import Asset
from segmind_widgets.client import SegmindClient
from segmind_widgets.errors import SegmindError
from segmind_widgets.jobs.job import Job
from segmind_widgets.notebook import listings
from segmind_widgets.notebook.tables import Table
from segmind_widgets.panels._batch import BatchView
from segmind_widgets.planning.budget import SessionSpend
from segmind_widgets.storage.spending import SpendRow
from segmind_widgets.types import Model, Status
from segmind_widgets.widgets import JobProgress, JobView
from segmind_widgets.widgets.base import Announcement
from segmind_widgets.widgets.job_details import job_html
from segmind_widgets.widgets.job_view import job_line
from tests.page import OUTSIDE, formulas, text_of
from tests.shells import picture

FAST = "fast-flux-schnell"
FILE = OUTSIDE.replace("/", "-")
TRAITS: Mapping[str, Any] = {
    "id": f"id {OUTSIDE}",
    "model": f"model {OUTSIDE}",
    "inputs": {"prompt": f"prompt {OUTSIDE}", f"name {OUTSIDE}": [OUTSIDE]},
    "provider_status": f"status {OUTSIDE}",
    "message": f"message {OUTSIDE}",
    "note": f"note {OUTSIDE}",
    "observer_error": f"callback {OUTSIDE}",
    "sandbox": True,
    "cost": 5.0,
    "elapsed": 3.0,
}
ERROR = SegmindError(f"error {OUTSIDE}", hint=f"hint {OUTSIDE}")
FILES = (
    Asset(data=picture(), name=FILE, note=OUTSIDE),
    Asset(data=OUTSIDE.encode(), name=FILE, declared_type="text/plain"),
    Asset(url=f"https://a.example/{OUTSIDE}", name=FILE, declared_type="video/mp4"),
    Asset(url=f"https://a.example/{OUTSIDE}", name=FILE, declared_type="model/gltf-binary"),
)
MODEL = Model(
    slug=OUTSIDE,
    name=OUTSIDE,
    modality=OUTSIDE,
    description=OUTSIDE,
    cost=5.0,
    schema={
        "properties": {
            OUTSIDE: {"type": "string", "default": OUTSIDE, "description": OUTSIDE},
            "b": {"enum": [OUTSIDE]},
        }
    },
)
SPEND = SpendRow(
    provider="",
    key=OUTSIDE,
    sandbox=False,
    jobs=1,
    completed=1,
    usd=5.0,
    unpriced=1,
    first="",
    last="",
)


def completed(*outputs: Asset) -> Job:
    return Job(**TRAITS, status=Status.COMPLETED, outputs=outputs)


def failed() -> Job:
    return Job(**TRAITS, status=Status.FAILED, error=ERROR)


def spend() -> Table:
    sessions = {False: SessionSpend(5.0, 6.0), True: SessionSpend(7.0, 8.0)}
    rows = [SPEND, SPEND, replace(SPEND, sandbox=True)]
    return listings.spend(rows, OUTSIDE, sessions, 9.0, Job(**TRAITS, credits=10.0))


def html_of(table: Table) -> str:
    return table._repr_mimebundle_()["text/html"]


def view_of(view: Any) -> str:
    try:
        return view.text.value + view._repr_mimebundle_()["text/html"]
    finally:
        view.close()


def announced() -> str:
    line = Announcement()
    line.say(OUTSIDE, error=True)
    return line.value


RENDERED: dict[str, Callable[[], str]] = {
    **{f"file {n}": lambda file=file: file._repr_mimebundle_()["text/html"]  # type: ignore[misc]
       for n, file in enumerate(FILES)},
    "one result": lambda: completed(FILES[0]).to_html(),
    "results": lambda: completed(*FILES).to_html(),
    "failure": lambda: failed().to_html(),
    "details": lambda: job_html(completed(*FILES)),
    "details of a failure": lambda: job_html(failed()),
    "live line": lambda: job_line(Job(**TRAITS)).to_html(),
    "live line of a failure": lambda: job_line(failed()).to_html(),
    "view": lambda: view_of(JobView(Job(**TRAITS))),
    "progress": lambda: view_of(JobProgress(Job(**TRAITS))),
    "message of a panel": announced,
    "models": lambda: html_of(listings.models([MODEL, MODEL])),
    "parameters": lambda: html_of(listings.parameters(MODEL, page=f"https://a.example {OUTSIDE}")),
    "jobs": lambda: html_of(listings.jobs([completed(*FILES), failed()])),
    "job": lambda: html_of(listings.job(completed(*FILES), f"%%segmind_run m\n{OUTSIDE}")),
    "failed job": lambda: html_of(listings.job(failed(), OUTSIDE)),
    "spend": lambda: html_of(spend()),
    "uploads": lambda: html_of(listings.uploads(FILES)),
}  # fmt: skip


def assert_stays_text(html: str) -> None:
    assert formulas(html) == []
    assert "$" in text_of(html)  # nothing is left out; and each element has its end
    assert "<b> &" not in html  # the tag of the text


@pytest.mark.parametrize("name", RENDERED)
def test_text_from_outside_stays_text(name: str) -> None:
    assert_stays_text(RENDERED[name]())


@pytest.fixture
def views() -> Iterator[list[BatchView]]:
    made: list[BatchView] = []
    yield made
    for view in made:
        view.close()


def test_plans_stay_text(client: SegmindClient) -> None:
    plan = client.plan(FAST, {"prompt": OUTSIDE})._repr_html_()
    assert formulas(plan) == []
    assert OUTSIDE.replace("\\", "\\\\").replace('"', '\\"') in text_of(plan)


def test_batches_stay_text(client: SegmindClient, views: list[BatchView]) -> None:
    batch = client.map(FAST, Sweep({}, {"prompt": [OUTSIDE, f"2 {OUTSIDE}"], "seed": [1, 2]}))
    views.append(BatchView(batch))
    batch.wait(30)
    batch.observer_error = OUTSIDE
    views[0].show()
    shown = [batch.to_html(), batch.plan._repr_html_()]
    shown += [widget.value for widget in (views[0].text, views[0].plan, views[0].causes)]
    sheet: Any = views[0]._sheet()
    shown += [part.value for part in sheet.children if hasattr(part, "value")]
    for html in shown:
        assert formulas(html) == [], html
    assert any(OUTSIDE in text_of(html) for html in shown)
