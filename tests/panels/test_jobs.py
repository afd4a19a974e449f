"""The jobs panel without a browser: what its table holds, what it sends, what its buttons do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ipywidgets.widgets import widget as ipywidgets_widget

from segmind_widgets.client import SegmindClient
from segmind_widgets.errors import JobFailed
from segmind_widgets.jobs.job import Job
from segmind_widgets.panels import find
from segmind_widgets.panels.jobs import JobsPanel
from segmind_widgets.sandbox import Sandbox
from segmind_widgets.types import Status
from segmind_widgets.widgets.job_details import job_html
from segmind_widgets.widgets.job_table import JobTable, facts
from tests.shells import picture
from tests.waits import until

FAST = "fast-flux-schnell"


def add(client: SegmindClient, **columns: Any) -> str:
    """A row of an earlier kernel."""
    row = {"kind": "model", "target": FAST, "inputs": {"prompt": "x"}, "status": "failed"}
    place = {"provider": "segmind", "place": "https://api.segmind.com", "sandbox": False}
    return client.session.store.add(**{**place, **row, **columns})


@pytest.fixture
def panel(client: SegmindClient) -> Iterator[JobsPanel]:
    made = find("jobs")()
    assert isinstance(made, JobsPanel)
    yield made
    made.close()


def rows(panel: JobsPanel) -> list[dict[str, Any]]:
    return panel.table.content["rows"]


def press(panel: JobsPanel, name: str, index: int = 0) -> None:
    panel.table._receive(None, {"type": "act", "name": name, "key": rows(panel)[index]["key"]}, [])


def said(panel: JobsPanel) -> str:
    return panel.line.value


def test_a_job_appears_moves_and_ends_by_itself(client: SegmindClient, panel: JobsPanel) -> None:
    assert rows(panel) == []
    assert "No jobs of this kernel yet" in panel.table.empty
    job = client.submit(FAST, {"prompt": "a  fox\nin the snow"})
    until(lambda: rows(panel) and rows(panel)[0]["status"] == "completed")
    (row,) = rows(panel)
    assert (row["id"], row["prompt"], row["model"]) == (job.id, "a fox in the snow", FAST)
    assert (row["cost"], row["live"], row["actions"]) == ("$0.0055", False, ["open"])
    assert row["picture"]
    assert row["sandbox"] == "sandbox"
    assert panel.table.content["summary"] == "1 of 1 jobs"


def test_a_last_change_is_never_lost_and_goes_as_a_patch(
    client: SegmindClient, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.faults.add("POST .*", "silence", seconds=1)
    job = client.submit(FAST, {"prompt": "x"}, api="v1")
    panel = JobsPanel()
    sent: list[Any] = []
    monkeypatch.setattr(panel.table, "send", lambda content, *_: sent.append(content))
    until(lambda: rows(panel)[0]["progress"])
    for number in range(500):
        job.message = f"message {number}"
    until(lambda: rows(panel)[0]["message"] == "message 499")
    assert len(sent) < 10
    patches = [told["rows"][rows(panel)[0]["key"]] for told in sent if told["rows"]]
    assert patches[-1]["message"] == "message 499"
    assert "prompt" not in patches[-1]
    job.stop()
    until(lambda: rows(panel)[0]["actions"] == ["open", "resume"])
    assert rows(panel)[0]["message"] == "not watched here"
    panel.close()


def test_earlier_ones_on_demand_a_page_at_a_time(client: SegmindClient, panel: JobsPanel) -> None:
    for number in range(45):
        add(client, inputs={"prompt": f"number {number}"}, target="old" if number % 2 else FAST)
    assert rows(panel) == []
    panel.earlier.value = True
    until(lambda: len(rows(panel)) == 20)
    assert panel.table.content["summary"] == "20 of 45 jobs"
    assert rows(panel)[0]["prompt"] == "number 44"
    first = rows(panel)[0]["key"]
    for shown in (40, 45):
        assert panel.more.layout.display == ""
        panel.more.click()
        until(lambda shown=shown: len(rows(panel)) == shown)
    assert rows(panel)[0]["key"] == first  # the line stays the same line
    until(lambda: panel.more.layout.display == "none")
    assert [value for _, value in panel.search.model.options] == ["", FAST, "old"]
    panel.search.model.value = "old"
    until(lambda: len(rows(panel)) == 20 and {row["model"] for row in rows(panel)} == {"old"})
    panel.search.text.value = "NUMBER 3"
    until(lambda: len(rows(panel)) == 6)
    panel.status.value = "completed"
    until(lambda: rows(panel) == [] and panel.table.empty == "No jobs match.")


def test_a_state_that_is_left_leaves_the_list(client: SegmindClient, sandbox: Sandbox) -> None:
    sandbox.faults.add("POST .*", "silence", seconds=0.5)
    job = client.submit(FAST, {"prompt": "x"}, api="v1")
    panel = JobsPanel()
    panel.status.value = "running"
    until(lambda: len(rows(panel)) == 1 and rows(panel)[0]["live"])
    job.wait(10)
    until(lambda: rows(panel) == [])
    panel.status.value = "completed"
    until(lambda: len(rows(panel)) == 1)
    panel.close()


def test_stop_resume_and_open(client: SegmindClient, sandbox: Sandbox, panel: JobsPanel) -> None:
    sandbox.faults.add("GET .*status.*", "silence", seconds=0.3)
    job = client.submit(FAST, {"prompt": "a <b>fox</b>"}, api="v2")
    until(lambda: rows(panel) and not job.id.startswith("local-"))
    press(panel, "open")
    assert panel.details.job is job
    press(panel, "stop")
    assert job.done
    assert f"The job {job.id} continues" in said(panel)
    until(lambda: "resume" in rows(panel)[0]["actions"])
    press(panel, "resume")
    until(lambda: rows(panel)[0]["status"] == "completed")
    # what was opened shows what it made
    until(lambda: panel.pictures.items)
    assert panel.table.open_key == rows(panel)[0]["key"]
    assert "a &lt;b&gt;fox&lt;/b&gt;" in panel.details.facts.value
    assert str(panel.details.job.outputs[0].path) in panel.details.facts.value
    panel._open(None)
    assert panel.details.layout.display == "none"
    assert (panel.pictures.items, panel.table.open_key) == ([], "")


def test_save_says_where_and_run_again_asks_first(
    client: SegmindClient, panel: JobsPanel, tmp_path: Path
) -> None:
    client.run(FAST, {"prompt": "x", "seed": 7})
    until(lambda: rows(panel) and rows(panel)[0]["status"] == "completed")
    press(panel, "open")
    details = panel.details
    details.folder.value = str(tmp_path / "kept")
    details.save.click()
    until(lambda: "Saved" in said(panel))
    (saved,) = (tmp_path / "kept").iterdir()
    assert f"Saved {saved.name} in {tmp_path / 'kept'}." in said(panel)
    assert details.confirm.layout.display == "none"
    details.rerun_button.click()
    until(lambda: details.confirm.layout.display == "")
    assert "The sandbox is free." in details.question.value
    yes, no = details.confirm.children[1:]
    no.click()
    assert details.confirm.layout.display == "none"
    assert client.count() == 1
    details.rerun_button.click()
    until(lambda: details.confirm.layout.display == "")
    yes.click()
    until(lambda: len(rows(panel)) == 2 and rows(panel)[0]["status"] == "completed")
    assert client.jobs(1)[0].inputs == {"prompt": "x", "seed": 7}


def test_the_price_is_told(client: SegmindClient, panel: JobsPanel) -> None:
    price = panel.details._price_text
    assert price(Job(model=FAST, cost=0.5)) == "The last run cost $0.50."
    assert price(Job(model=FAST, provider="segmind")).startswith("The typical cost is $0.00")
    unknown = Job(model="nobody-knows-it", provider="segmind")
    assert price(unknown) == "The cost is not known."


def test_an_error_of_a_button_is_shown(client: SegmindClient, panel: JobsPanel) -> None:
    add(client, status="processing", id="gone-gone-gone-gone", place="sandbox", sandbox=True)
    panel.earlier.value = True
    until(lambda: rows(panel) and rows(panel)[0]["actions"] == ["open", "resume"])
    press(panel, "resume")
    until(lambda: "ran on a sandbox that no longer exists" in said(panel))
    panel.table._receive(None, {"type": "act", "name": "open", "key": "no-such-line"}, [])
    assert "no longer shown" in said(panel)


def test_the_small_pictures_travel_in_messages_only(
    client: SegmindClient, panel: JobsPanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.run(FAST, {"prompt": "x"})
    add(client, status="completed", outputs=[{"path": "/gone.png"}])
    panel.earlier.value = True
    until(lambda: len(rows(panel)) == 2)
    sent: list[tuple[dict[str, Any], Any]] = []
    monkeypatch.setattr(panel.table, "send", lambda content, data: sent.append((content, data)))
    keys = [row["key"] for row in rows(panel)]
    panel.table._receive(None, {"type": "look", "keys": [*keys, "left"]}, [])
    until(lambda: sent)
    ((content, (data,)),) = sent
    assert content == {"type": "seen", "key": keys[1], "media_type": "image/jpeg"}
    assert data.startswith(b"\xff\xd8")
    assert "data:image" not in str(panel.table.get_state())


def test_what_a_line_tells() -> None:
    job = Job(
        model="m", status=Status.PROCESSING, expected_seconds=20.0, elapsed=4.0, progress=0.123456
    )
    assert facts(job)["time"] == "4.0 s of about 20 s"
    assert facts(job)["progress"] == 0.123
    assert facts(job)["actions"] == ["open", "stop"]
    job.publish(last=True, status=Status.FAILED, error=JobFailed("Too dark."), elapsed=5.0)
    assert facts(job)["message"] == "Too dark."
    assert facts(job)["actions"] == ["open"]
    assert len(facts(Job(model="m", inputs={"prompt": "long " * 100}))["prompt"]) == 160


def test_the_details_escape_what_a_service_says() -> None:
    job = Job(model="<m>", id="<i>", inputs={"<k>": ["<v>"]}, error=JobFailed("<b>", hint="<h>"))
    job.status = Status.FAILED
    shown = job_html(job)
    assert not {"<m>", "<i>", "<k>", "<v>", "<b>", "<h>"} & set(shown.split())
    assert "&lt;b&gt; &lt;h&gt;" in shown
    assert "<dd>[&quot;&lt;v&gt;&quot;]</dd>" in shown


def test_lines_that_are_the_same_are_not_sent_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    table = JobTable(lambda *_: None, lambda _: (b"", ""), lambda work: work())
    sent: list[Any] = []
    monkeypatch.setattr(table, "send", lambda content, *_: sent.append(content))
    row = {"key": "1", **facts(Job(model="m", elapsed=1.0))}
    table.show([dict(row)], "1")
    table.show([dict(row)], "1")
    assert sent == []
    table.show([{**row, "time": "2 s"}], "1")
    assert sent == [{"type": "patch", "rows": {"1": {"time": "2 s"}}, "summary": "1"}]
    assert table.get_state("content")["content"]["rows"][0]["time"] == "2 s"
    table.close()


def test_close_frees_every_model_and_follows_no_more(
    client: SegmindClient, sandbox: Sandbox
) -> None:
    sandbox.faults.add("POST .*", "silence", seconds=0.3)
    before = set(ipywidgets_widget._instances)
    job = client.submit(FAST, {"prompt": "x"}, api="v1")
    panel = JobsPanel("x")
    press(panel, "open")
    assert job._trait_notifiers["status"]
    panel.close()
    assert set(ipywidgets_widget._instances) == before
    assert not any(job._trait_notifiers.get("status", {}).values())
    assert not any(client._trait_notifiers.get("newest", {}).values())
    job.wait(10)


def test_a_picture_of_a_file_that_was_damaged_is_left_out(
    client: SegmindClient, panel: JobsPanel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = tmp_path / "bad.png", tmp_path / "good.png"
    bad.write_bytes(picture()[:60])
    good.write_bytes(picture())
    for path in (good, bad):
        add(client, status="completed", outputs=[{"path": str(path), "media_type": "image/png"}])
    panel.earlier.value = True
    until(lambda: len(rows(panel)) == 2)
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr(panel.table, "send", lambda content, _: sent.append(content))
    keys = [row["key"] for row in rows(panel)]
    panel.table._receive(None, {"type": "look", "keys": keys}, [])
    until(lambda: sent)
    assert [content["key"] for content in sent] == [keys[1]]
