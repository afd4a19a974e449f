"""Text from outside in every rendered output: no formula, and no tag."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import ipywidgets as widgets
import pytest
from ipywidgets.widgets.widget_description import DescriptionWidget

from segmind_widgets import Sweep
from segmind_widgets.assets.asset import Asset
from segmind_widgets.client import SegmindClient
from segmind_widgets.errors import InputError, SegmindError
from segmind_widgets.jobs.job import Job
from segmind_widgets.notebook import listings
from segmind_widgets.notebook.run_command import Code
from segmind_widgets.notebook.tables import Table
from segmind_widgets.panels._base import Panel
from segmind_widgets.panels._batch import BatchView
from segmind_widgets.panels.gallery import GalleryPanel
from segmind_widgets.panels.jobs import JobsPanel
from segmind_widgets.panels.run import RunPanel
from segmind_widgets.panels.upload import UploadPanel
from segmind_widgets.panels.workflow import WorkflowPanel
from segmind_widgets.planning.budget import SessionSpend
from segmind_widgets.storage.spending import SpendRow
from segmind_widgets.types import Model, Status
from segmind_widgets.widgets import JobProgress, JobView
from segmind_widgets.widgets.base import Announcement
from segmind_widgets.widgets.job_details import job_html
from segmind_widgets.widgets.job_view import job_line
from tests.page import OUTSIDE, formulas, text_of
from tests.panels.test_jobs import add
from tests.shells import picture
from tests.test_layers import modules

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
    key=OUTSIDE,
    provider=OUTSIDE,
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
    "parameters": lambda: html_of(
        listings.parameters(MODEL, OUTSIDE, 2.0, f"https://a.example {OUTSIDE}")
    ),
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


@pytest.fixture
def history(client: SegmindClient, tmp_path: Path) -> SegmindClient:
    """A finished and a failed job, and an upload, whose texts are from outside."""
    file = tmp_path / FILE
    file.write_bytes(picture())
    outputs = [{"path": str(file), "media_type": "image/png", "name": FILE, "note": OUTSIDE}]
    row = {"target": OUTSIDE, "inputs": {"prompt": OUTSIDE, OUTSIDE: OUTSIDE}, "cost": 5.0}
    add(client, id=f"1 {OUTSIDE}", status="completed", outputs=outputs, **row)
    error = {"type": "JobFailed", "message": OUTSIDE, "hint": OUTSIDE}
    add(client, id=f"2 {OUTSIDE}", status="failed", error=json.dumps(error), **row)
    return client


def typeset(root: widgets.Widget) -> Iterator[str]:
    """All that ipywidgets gives to MathJax: values of HTML and labels, and descriptions.

    Buttons are not typeset, nor is what the JavaScript of our own widgets shows.
    """
    if isinstance(root, (widgets.HTML, widgets.HTMLMath, widgets.Label)):
        yield root.value
    if isinstance(root, DescriptionWidget):
        yield root.description
    for child in getattr(root, "children", ()):
        yield from typeset(child)


def jobs_panel(client: SegmindClient) -> Panel:
    panel = JobsPanel(client=client)
    panel.earlier.value = True
    panel._reload()
    for row in panel.table.content["rows"]:
        panel._open(panel._job(row["key"]))
    return panel


def gallery_panel(client: SegmindClient) -> Panel:
    panel = GalleryPanel(client=client)
    panel.pictures.selected = panel.pictures.items[0]["key"]
    return panel


def run_panel(client: SegmindClient) -> Panel:
    panel = RunPanel(client=client)
    panel.show_form(replace(MODEL, slug="m"), {OUTSIDE: OUTSIDE})
    panel.fail(ERROR)
    panel.as_cell()
    return panel


def workflow_panel(client: SegmindClient) -> Panel:
    panel = WorkflowPanel(client=client)
    media = {"type": "string", "format": "uri", "contentMediaType": "image/*", "title": OUTSIDE}
    panel.show_form(replace(MODEL, schema={"properties": {OUTSIDE: media}}))
    panel.fail(InputError(OUTSIDE, field=OUTSIDE))
    panel.follow(failed())
    return panel


def upload_panel(client: SegmindClient) -> Panel:
    panel = UploadPanel(client=client, names={})
    panel.fail(ERROR)
    return panel


PANELS = (jobs_panel, gallery_panel, run_panel, workflow_panel, upload_panel)


@pytest.mark.parametrize("make", PANELS, ids=lambda make: make.__name__)
def test_panels_stay_text(make: Callable[[SegmindClient], Panel], history: SegmindClient) -> None:
    panel = make(history)
    try:
        texts = [*typeset(panel), panel._repr_mimebundle_()["text/html"]]
        assert [found for text in texts for found in formulas(text)] == []
        assert any("$5 and $10" in text_of(text) for text in texts), "nothing from outside"
    finally:
        panel.close()


def test_descriptions_hold_no_text_from_outside() -> None:
    """MathJax reads the `description` of fields (seen in Lab, Notebook 7, Voilà), so it is ours."""
    for module, tree in modules().items():
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            if not ast.unparse(call.func).startswith("widgets."):
                continue
            if ast.unparse(call.func) == "widgets.Button":
                continue
            for argument in call.keywords:
                if argument.arg == "description":
                    assert isinstance(argument.value, ast.Constant), (module, call.lineno)


def test_shown_exports_stay_text() -> None:
    html = Code(f"%%segmind_run m\nprompt: {OUTSIDE}")._repr_html_()
    assert formulas(html) == []
    assert OUTSIDE in text_of(html)
