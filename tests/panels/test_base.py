"""The frame of all panels: found by file, no error lost, and nothing left behind."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ipywidgets as widgets
import pytest
from ipywidgets.widgets.widget import _instances

from segmind_widgets import panels
from segmind_widgets.client import SegmindClient
from segmind_widgets.errors import InputError, LimitError, NotFound
from segmind_widgets.jobs.job import Job
from segmind_widgets.panels import Panel
from segmind_widgets.types import Status
from segmind_widgets.widgets.results import ResultPictures
from tests.page import text_of

TILE = """
import ipywidgets as widgets
from segmind_widgets.panels import Panel

class TilePanel(Panel):
    title = "Tiles"

    def build(self, argument):
        self.text = widgets.Text(argument)
        return [self.text, self.jobs]
"""


class TrialPanel(Panel):
    """Does what its buttons are told."""

    title = "Trial <1>"

    def build(self, argument: str) -> Sequence[widgets.Widget]:
        self.done = threading.Event()
        self.action: Any = lambda: None
        self.go = self.button("Go", lambda: self.action(), primary=True)
        return [self.go, self.jobs]

    def run(self) -> None:
        inputs = {"prompt": "a fox", "seed": 3}
        self.background(lambda: self.client.submit("fast-flux-schnell", inputs), self.ran)

    def ran(self, job: Job) -> None:
        self.follow(job)
        self.done.set()


@pytest.fixture
def panel(client: SegmindClient) -> TrialPanel:
    return TrialPanel(client=client)


def said(panel: Panel) -> str:
    return text_of(panel.line.value)


def test_every_file_of_the_folder_is_a_panel() -> None:
    for name in panels.names():
        found = panels.find(name)
        assert issubclass(found, Panel)
        assert found.__module__ == f"segmind_widgets.panels.{name}"
        assert found.title
        assert found.__doc__
        assert getattr(panels, found.__name__) is found


def test_a_file_of_yours_is_one_too(client: SegmindClient, tmp_path: Path) -> None:
    path = tmp_path / "tile.py"
    path.write_text(TILE)
    panel: Any = panels.find(str(path))("blue", client=client)
    assert panel.text.value == "blue"
    panel.close()


def test_names_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no panel 'paint'") as caught:
        panels.find("paint")
    assert "upload" in caught.value.hint
    with pytest.raises(NotFound, match=r"'galery'\. Did you mean gallery\?"):
        panels.find("galery")
    with pytest.raises(NotFound, match=r"no file .*gone\.py"):
        panels.find(str(tmp_path / "gone.py"))
    (tmp_path / "wall.py").write_text(TILE)
    with pytest.raises(InputError, match="no class WallPanel"):
        panels.find(str(tmp_path / "wall.py"))
    with pytest.raises(AttributeError, match="PaintPanel"):
        _ = panels.PaintPanel


def test_a_buttons_error_is_shown_with_its_remedy(panel: TrialPanel) -> None:
    def fail() -> None:
        raise LimitError("Too <much>.", hint="Pay less.")

    panel.action = fail
    panel.go.click()
    assert said(panel) == "Too <much>. Pay less."
    assert 'aria-live="assertive"' in panel.line.value
    panel.say("All is well.")
    assert 'aria-live="polite"' in panel.line.value


def test_a_sentence_ends_before_its_remedy_begins(panel: TrialPanel) -> None:
    panel.fail(LimitError("Not found (HTTP 404)", hint="Check the name."))
    assert said(panel) == "Not found (HTTP 404). Check the name."


def test_a_panel_may_place_its_line(client: SegmindClient) -> None:
    class Above(TrialPanel):
        def build(self, argument: str) -> Sequence[widgets.Widget]:
            return [self.line, *super().build(argument)]

    panel = Above(client=client)
    assert [child for child in panel.children if child is panel.line] == [panel.children[1]]
    panel.close()


def test_a_fault_of_ours_is_shown_and_logged(
    panel: TrialPanel, caplog: pytest.LogCaptureFixture
) -> None:
    panel.action = lambda: 1 // 0
    with caplog.at_level(logging.ERROR):
        panel.go.click()
    assert "ZeroDivisionError" in said(panel)
    assert "Traceback" in caplog.text


def test_an_error_in_the_background_is_shown_too(panel: TrialPanel) -> None:
    told = threading.Event()
    panel.line.observe(lambda _: told.set(), "value")
    panel.background(lambda: panel.client.job("none"))
    assert told.wait(10)
    assert "No job here has the id" in said(panel)


def test_a_job_is_followed_and_its_result_kept(panel: TrialPanel) -> None:
    panel.run()
    assert panel.done.wait(20)
    (view,) = panel.jobs.children
    job = view.job
    job.wait(20)
    assert panel.results == (job,)
    assert "completed" in view.text.value
    shown, line = panel.children[-2:]
    assert isinstance(shown, ResultPictures)
    assert [item["key"] for item in shown.items] == [f"{job.id}/{job.outputs[0].filename}"]
    assert panel.jobs.children == ()
    assert line is panel.line
    assert said(panel) == "Done."


def test_a_job_that_failed_keeps_its_line_and_says_so(panel: TrialPanel) -> None:
    panel.say("Running.")
    job = Job(id="local-2", model="m")
    panel.follow(job)
    job.publish(last=True, status=Status.FAILED, error=InputError("No."))
    assert said(panel) == "The job failed: see its line."
    assert [view.job for view in panel.jobs.children] == [job]


def test_closing_frees_every_model_and_follows_no_more(client: SegmindClient) -> None:
    before = set(_instances)
    panel = TrialPanel(client=client)
    job = Job(id="local-1", model="m")
    panel.follow(job)
    assert len(set(_instances) - before) > 10
    panel.close()
    panel.close()
    assert set(_instances) == before
    job.publish(last=True, outputs=())
    assert panel.results == ()


def test_without_a_kernel_it_says_what_it_was(panel: TrialPanel) -> None:
    data = panel._repr_mimebundle_()
    assert data["text/plain"] == "Trial <1> panel. Run the cell to use it."
    assert "Trial &lt;1&gt;" in data["text/html"]
    assert r'content:"Trial \3c 1> panel. Run the cell' in panel.static_html("<b>pictures</b>")
