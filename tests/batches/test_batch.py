"""Batches: rows that run, fail, go on and are counted, against the sandbox."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas
import pytest

from segmind_widgets import Sweep, errors
from segmind_widgets.batches.batch import Batch
from segmind_widgets.batches.plan import MAX_IN_FLIGHT, pace, time_for
from segmind_widgets.batches.progress import MAX_UNSENT
from segmind_widgets.client import SegmindClient
from segmind_widgets.formatting import duration
from segmind_widgets.jobs.scheduler import SENDERS
from segmind_widgets.network.rate_limit import RateLimit
from segmind_widgets.sandbox import Sandbox
from segmind_widgets.storage.batch_rows import BatchRows
from segmind_widgets.storage.store import Store
from tests.shells import environment, has_recipe, picture

FAST = "fast-flux-schnell"
WHERE = {"provider": "segmind", "place": "https://api.segmind.com", "sandbox": False}


def tiny(
    model: str, modality: str, inputs: Mapping[str, Any], seed: int, media: Any
) -> list[tuple[bytes, str]]:
    """An artist that takes no time at all."""
    return [(picture((32, 24), (seed % 256, 90, 90)), "image/png")]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(speed=500, artist=tiny) as running:
        yield running


def prompts(count: int, start: int = 0) -> list[dict[str, Any]]:
    return [{"prompt": str(number), "seed": number} for number in range(start, start + count)]


def posts(sandbox: Sandbox) -> Counter[str]:
    return Counter(r.json["prompt"] for r in sandbox.requests("POST", "/v"))


def made(batch: Batch) -> list[str]:
    """The prompts of the completed rows, in the order of the rows."""
    return [job.inputs["prompt"] for job in batch.jobs if job.outputs]


def until_ended(name: str) -> None:
    """Wait until no thread of this name is left."""
    for thread in threading.enumerate():
        if thread.name == name:
            thread.join(10)
            assert not thread.is_alive()


# running


def test_rows_become_jobs_in_their_order(client: SegmindClient, sandbox: Sandbox) -> None:
    batch = client.map(FAST, prompts(12)).wait(30)
    assert (batch.total, batch.done, batch.failed, batch.running, batch.queued) == (12, 12, 0, 0, 0)
    assert batch.finished
    assert batch.error is None
    assert made(batch) == [str(n) for n in range(12)]
    assert posts(sandbox) == Counter(made(batch))
    assert batch.cost == pytest.approx(12 * 0.0055)
    assert len(batch.outputs) == len(batch.jobs) == 12
    assert batch.outputs[-1].path == batch.jobs[11].outputs[0].path
    assert [a.path for a in batch.outputs[2:4]] == [batch.job(n).outputs[0].path for n in (2, 3)]
    with pytest.raises(IndexError):
        batch.outputs[12]
    with pytest.raises(errors.NotFound):
        batch.job(12)


@pytest.mark.parametrize("recipe", [True, False])
def test_copies_have_their_recipes_or_not(
    client: SegmindClient, tmp_path: Path, recipe: bool
) -> None:
    batch = client.map(FAST, prompts(3)).wait(30)
    copies = batch.save(tmp_path / "copies", recipe=recipe)
    assert [copy.name for copy in copies] == ["0000.png", "0001.png", "0002.png"]
    assert [has_recipe(copy) for copy in copies] == [recipe] * 3
    assert all(has_recipe(asset) for asset in batch.outputs), "the results themselves keep them"


def test_finished_jobs_come_as_they_end_each_once(client: SegmindClient) -> None:
    batch = client.map(FAST, prompts(8))
    seen = [job.inputs["prompt"] for job in batch]
    assert sorted(seen) == sorted(str(n) for n in range(8))
    assert [job.inputs["prompt"] for job in batch] == seen, "and again for whoever asks again"


def test_it_can_be_awaited(client: SegmindClient) -> None:
    async def ran() -> Batch:
        return await client.map(FAST, prompts(3))

    assert asyncio.run(ran()).done == 3


def test_a_wait_may_end_before_the_batch(client: SegmindClient, sandbox: Sandbox) -> None:
    sandbox.faults.add("GET /v2/.*", "silence", times=None)
    batch = client.map(FAST, prompts(2))
    with pytest.raises(errors.StillRunning, match=r"Not done within 0\.1 s"):
        batch.wait(0.1)
    sandbox.faults.clear()
    assert batch.wait(30).done == 2


def test_a_workflow_in_rows(client: SegmindClient) -> None:
    rows = [{"product_prompt": str(n)} for n in range(2)]
    batch = client.map("65c9c7f641c340d7ef2f7134-v1", rows, kind="workflow").wait(30)
    assert batch.done == 2
    assert len(batch.outputs) >= 2


def test_no_rows_end_at_once(client: SegmindClient) -> None:
    batch = client.map(FAST, []).wait(10)
    assert (batch.total, batch.done) == (0, 0)
    assert "0 of 0 done" in batch._repr_mimebundle_()["text/plain"]


@pytest.mark.alone
def test_traits_move_at_most_five_times_a_second_and_end_right(client: SegmindClient) -> None:
    moves: list[float] = []
    batch = client.map(FAST, prompts(60))
    batch.observe(lambda _: moves.append(time.monotonic()), "done")
    snapshots: list[int] = []
    batch.observe(
        lambda _: snapshots.append(batch.done + batch.failed + batch.running + batch.queued),
        ["done", "running"],
    )
    batch.wait(30)
    assert batch.done == 60
    assert all(later - former > 0.15 for former, later in pairwise(moves))
    assert set(snapshots) == {60}, "each row is somewhere, in every snapshot"


def test_only_few_are_in_flight_and_jobs_are_let_go(
    client: SegmindClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("segmind_widgets.batches.feeder.MAX_IN_FLIGHT", 5)
    most: list[int] = []
    follow = client.session.start

    def start(*args: Any, **facts: Any) -> Any:
        job = follow(*args, **facts)
        most.append(len(client.session.jobs._scheduler.live))
        return job

    monkeypatch.setattr(client.session, "start", start)
    batch = client.map(FAST, prompts(30)).wait(30)
    assert batch.done == 30
    assert max(most) <= 6  # a step of the scheduler's thread may still be ending
    assert batch._progress.numbers() == set()
    assert len(batch._progress.ended) == 30
    assert MAX_IN_FLIGHT <= 300


def test_the_budget_lets_go_of_what_ended(client: SegmindClient) -> None:
    assert client.map(FAST, prompts(220)).wait(60).done == 220
    assert len(client.session.budget._entries) < 200
    assert client.session_spend(sandbox=True).spent == pytest.approx(220 * 0.0055)


# rows of every form


def test_a_stream_is_sent_as_it_comes(client: SegmindClient, sandbox: Sandbox) -> None:
    go = threading.Event()

    def rows() -> Iterator[dict[str, Any]]:
        yield from prompts(2)
        go.wait(20)
        yield from prompts(1, start=2)

    batch = client.map(FAST, rows())
    sandbox.wait_for(lambda log: len(log.billed_posts) == 2)
    assert batch.total is None
    assert str(batch.plan).startswith("the jobs of a stream: time unknown, each about $0.0055")
    go.set()
    assert batch.wait(30).total == batch.done == 3


def test_a_dataframe_and_back(client: SegmindClient) -> None:
    table = pandas.DataFrame({"prompt": ["a", "b"], "seed": [3, 4], "aspect_ratio": ["1:1", None]})
    found = client.map(FAST, table).wait(30).to_dataframe()
    assert list(found["prompt"]) == ["a", "b"]
    assert list(found["seed"]) == [3, 4]
    assert list(found["status"]) == ["completed"] * 2
    assert all(Path(path).is_file() for path in found["output"])
    assert list(found.index) == [0, 1]


def test_an_input_named_as_a_fact_is_not_lost(client: SegmindClient) -> None:
    rows = [{"prompt": "a", "id": "mine", "row": 7}, {"prompt": "b", "id": "yours", "row": 9}]
    table = client.map(FAST, rows).wait(30).to_dataframe()
    assert list(table.index) == [0, 1]
    assert list(table["inputs.id"]) == ["mine", "yours"]
    assert list(table["inputs.row"]) == [7, 9]
    assert set(table["id"]).isdisjoint({"mine", "yours"})


def test_without_pandas_a_sentence(client: SegmindClient, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = client.map(FAST, prompts(1)).wait(30)
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(errors.SegmindError, match="needs pandas") as caught:
        batch.to_dataframe()
    assert "records()" in caught.value.hint
    assert [record["status"] for record in batch.records()] == ["completed"]


def test_a_csv_file_means_what_the_schema_makes_of_it(
    client: SegmindClient, sandbox: Sandbox, tmp_path: Path
) -> None:
    (tmp_path / "rows.csv").write_text("prompt,seed,new\n007,5,1.5\ntrue,6,\n")
    batch = client.map(FAST, tmp_path / "rows.csv").wait(30)
    assert batch.total == batch.done == 2
    sent = [r.json for r in sandbox.requests("POST", "/v2/")]
    assert {"prompt": "007", "seed": 5, "new": 1.5} in sent
    assert {"prompt": "true", "seed": 6} in sent


def test_whole_numbers_as_pandas_writes_them_beside_empty_cells(
    client: SegmindClient, sandbox: Sandbox, tmp_path: Path
) -> None:
    table = pandas.DataFrame({"prompt": ["a", "1.0", "c"], "seed": [5, None, 30]})
    table.to_csv(tmp_path / "rows.csv", index=False)
    assert "5.0" in (tmp_path / "rows.csv").read_text()
    assert client.map(FAST, tmp_path / "rows.csv").wait(30).done == 3
    sent = {r.json["prompt"]: r.json.get("seed") for r in sandbox.requests("POST", "/v2/")}
    assert (sent["a"], sent["c"]) == (5, 30)
    assert "1.0" in sent, "a prompt is text"


def test_wrong_rows_of_a_list_are_named_and_nothing_is_sent(
    client: SegmindClient, sandbox: Sandbox
) -> None:
    client.check_inputs = "strict"
    rows = [{"prompt": "a"}, {"seed": 1}, {"prompt": "c", "seed": "x"}, 7]
    with pytest.raises(errors.InputError) as caught:
        client.map(FAST, rows)
    said = caught.value.message
    assert [f"Row {n}:" in said for n in (1, 2, 3, 4)] == [False, True, True, True]
    assert caught.value.hint == "Nothing was sent."
    with pytest.raises(errors.InputError) as caught:
        client.map(FAST, [{"seed": n} for n in range(100)])
    assert caught.value.message == "Rows 1, 2, 3, 4, 5 and 95 more: `prompt` is required."
    with pytest.raises(errors.InputError, match=r"Row 5: [^.]+\. And 4 more\.$"):
        client.map(FAST, [{"prompt": "x", "seed": f"no {n}"} for n in range(9)])
    assert sandbox.requests("POST") == []


def test_wrong_rows_of_a_file_fail_alone(
    client: SegmindClient, sandbox: Sandbox, tmp_path: Path
) -> None:
    client.check_inputs = "strict"
    (tmp_path / "rows.jsonl").write_text(
        '{"prompt": "a"}\n{"prompt"\n{"seed": 1}\n{"prompt": "d"}\n'
    )
    batch = client.map(FAST, tmp_path / "rows.jsonl").wait(30)
    assert (batch.total, batch.done, batch.failed) == (4, 2, 2)
    assert posts(sandbox) == Counter("ad")
    causes = batch.failures.by_cause()
    assert sorted(causes.values()) == [[1], [2]]
    assert any("Line 2 of rows.jsonl is not valid JSON" in cause for cause in causes)
    again = client.map(FAST, tmp_path / "rows.jsonl").wait(30)
    assert (again.reused, again.failed) == (2, 2)
    assert posts(sandbox) == Counter("ad")


def test_a_generator_that_breaks_keeps_what_it_gave(client: SegmindClient) -> None:
    def rows() -> Iterator[dict[str, Any]]:
        yield from prompts(2)
        raise RuntimeError("the tape is torn")

    batch = client.map(FAST, rows()).wait(30)
    assert batch.done == 2
    assert batch.message == (
        "Reading rows failed after row 2: RuntimeError('the tape is torn')."
        " A generator can only be resumed if the batch has a name (name=…)."
    )


def test_what_broke_may_have_had_further_rows(client: SegmindClient, sandbox: Sandbox) -> None:
    def rows() -> Iterator[dict[str, Any]]:
        yield from prompts(3)
        raise RuntimeError("the tape is torn")

    sandbox.faults.add("POST /v2/.*", "job_failed", times=1)
    batch = client.map(FAST, rows()).wait(30)
    assert (batch.done, batch.failed, batch.total) == (2, 1, None)
    assert batch.failures.retry().wait(30).done == 3
    assert batch.total is None


def test_objects_of_a_generator_are_not_sent_as_their_names(
    client: SegmindClient, sandbox: Sandbox
) -> None:
    def rows() -> Iterator[dict[str, Any]]:
        yield {"image": picture(), "prompt": "a hat"}
        yield {"prompt": "<b>"}

    model = "a-model-that-nobody-knows"  # no schema would refuse the text
    sandbox.faults.add("(POST|PUT) .*upload.*", 500, times=None)
    sandbox.faults.add("POST /v2/.*", 400, times=None, body={"error": "No."})
    batch = client.map(model, rows()).wait(30)
    assert batch.failed == 2
    sandbox.faults.clear()
    before = len(sandbox.requests("POST", "/v2/"))
    batch.failures.retry().wait(30)
    sent = [request.json for request in sandbox.requests("POST", "/v2/")[before:]]
    assert sent == [{"prompt": "<b>"}]
    error = batch.job(0).error
    assert "`image` was bytes, and it was lost with the generator" in error.message


def test_what_nobody_told_the_cost_of_is_not_shown_as_free(client: SegmindClient) -> None:
    rows = [{"background": picture(), "product_prompt": text} for text in "ab"]
    batch = client.map("65c9c7f641c340d7ef2f7134-v1", rows, kind="workflow").wait(30)
    assert (batch.done, batch.cost, batch.unpriced) == (2, 0.0, 2)
    assert "2 of 2 done · cost unknown" in batch.caption
    batch.cost = 0.04
    assert "$0.04 and 2 rows without a cost" in batch.caption


def test_an_option_that_there_is_not_is_told(client: SegmindClient, sandbox: Sandbox) -> None:
    for option in ({"kind": "workflows"}, {"api": "v3"}, {"folder": "here"}):
        with pytest.raises(errors.InputError, match=next(iter(option))):
            client.map(FAST, prompts(2), **option)
    assert sandbox.requests("POST") == []


# failures


def test_failures_never_end_a_batch_and_are_told_by_cause(
    client: SegmindClient, sandbox: Sandbox
) -> None:
    sandbox.faults.add("POST /v2/.*", "job_failed", times=2, words="The lens cap was on.")
    sandbox.faults.add("POST /v2/.*", 400, times=1, body={"error": "No."})
    batch = client.map(FAST, prompts(6)).wait(30)
    assert (batch.done, batch.failed) == (3, 3)
    assert type(batch.failed) is int
    assert len(batch.failures) == len(list(batch.failures)) == 3
    causes = batch.failures.by_cause()
    assert [len(rows) for rows in causes.values()] == [2, 1]
    assert "The lens cap was on." in next(iter(causes))
    assert {type(job.error) for job in batch.failures} >= {errors.JobFailed}
    told = batch._repr_mimebundle_()
    assert "2 × " in told["text/plain"]
    assert "The lens cap was on." in told["text/html"]


@pytest.mark.parametrize("form", ["list", "generator"])
def test_what_failed_is_tried_again(form: str, client: SegmindClient, sandbox: Sandbox) -> None:
    sandbox.faults.add("POST /v2/.*", "job_failed", times=2)
    rows: Any = prompts(5) if form == "list" else iter(prompts(5))
    batch = client.map(FAST, rows).wait(30)
    assert batch.failed == 2
    assert batch.failures.retry() is batch
    batch.wait(30)
    assert (batch.done, batch.failed, len(batch.outputs)) == (5, 0, 5)
    assert sorted(posts(sandbox).values()) == [1, 1, 1, 2, 2]
    assert made(batch) == [str(n) for n in range(5)]
    assert batch.failures.retry() is batch
    assert batch.finished, "there is nothing to try"


def test_retry_waits_for_the_end(client: SegmindClient, sandbox: Sandbox) -> None:
    sandbox.faults.add("GET /v2/.*", "silence", times=None)
    batch = client.map(FAST, prompts(1))
    with pytest.raises(errors.StillRunning):
        batch.failures.retry()
    sandbox.faults.clear()
    batch.wait(30)


def test_what_may_be_billed_is_not_sent_again(client: SegmindClient, sandbox: Sandbox) -> None:
    sandbox.faults.add("POST /v2/.*", "reset_after", times=1)
    sandbox.faults.add("GET /inference-request/.*", 500, times=None)
    rows = [{"prompt": "x", "seed": n} for n in range(3)]
    batch = client.map(FAST, rows).wait(60)
    assert (batch.done, batch.failed) == (2, 1)
    [job] = batch.failures
    assert isinstance(job.error, errors.SubmitUnknown)
    batch.failures.retry().wait(60)
    assert batch.failed == 1
    assert client.map(FAST, rows).wait(60).failed == 1
    assert len(sandbox.billed_posts) == 3
    sandbox.faults.clear()  # the history answers again
    assert client.map(FAST, rows).wait(60).done == 3
    assert len(sandbox.billed_posts) == 3


@pytest.mark.parametrize(("lost", "history"), [(MAX_UNSENT + 1, "answers"), (SENDERS, "hangs")])
def test_lost_submits_do_not_hold_the_other_rows(
    client: SegmindClient, sandbox: Sandbox, lost: int, history: str
) -> None:
    """They are looked for in the history for half a minute, beside the submits and the polls."""
    if history == "hangs":
        sandbox.faults.add("GET /inference-request/.*", "silence", times=None)
    sandbox.faults.add("POST /v2/.*", "reset_before", after=3, times=lost)
    batch = client.map(FAST, prompts(30))
    others = threading.Event()
    batch.observe(lambda change: change["new"] == 30 - lost and others.set(), "done")
    assert batch.done == 30 - lost or others.wait(20)
    assert (batch.running, batch.failed, len(sandbox.billed_posts)) == (lost, 0, 30 - lost)
    assert len(sandbox.requests("POST")) == 30, "and none of them is sent again"


@pytest.mark.parametrize(
    ("status", "words", "kind", "remedy"),
    [
        (402, "No credits left", errors.InsufficientCredits, "Add credits"),
        (406, "Not Acceptable", errors.InsufficientCredits, "Add credits"),
        (406, "Team spend limit exceeded", errors.TeamLimit, "manages the team"),
        (403, "The team's monthly budget is exceeded", errors.TeamLimit, "manages the team"),
    ],
)
def test_an_account_that_may_spend_no_more_ends_the_sending(
    client: SegmindClient,
    sandbox: Sandbox,
    status: int,
    words: str,
    kind: type[errors.SegmindError],
    remedy: str,
) -> None:
    sandbox.faults.add("POST /v2/.*", status, times=None, after=2, body={"error": words})
    batch = client.map(FAST, prompts(60)).wait(30)
    assert isinstance(batch.error, kind)
    assert batch.done == 2
    assert 1 <= batch.failed < 40
    assert batch.queued == 60 - 2 - batch.failed
    assert "rows were not sent" in batch.message
    assert remedy in batch.message


def test_a_406_about_a_value_fails_its_row_alone(client: SegmindClient, sandbox: Sandbox) -> None:
    words = {"error": "`steps` must be at most 8"}
    sandbox.faults.add("POST /v2/.*", 406, times=1, after=2, body=words)
    batch = client.map(FAST, prompts(9)).wait(30)
    assert (batch.done, batch.failed, batch.error) == (8, 1, None)
    [failure] = batch.failures
    assert "steps" in str(failure.error)


@pytest.mark.parametrize("api", ["v1", "v2"])
def test_a_model_that_is_not_there_ends_the_sending(
    client: SegmindClient, sandbox: Sandbox, api: str
) -> None:
    batch = client.map("flux-9-schnell", prompts(300), api=api).wait(30)
    assert isinstance(batch.error, errors.NotFound)
    assert batch.done == 0
    assert len(sandbox.requests("POST", f"/{api}/")) < 60
    assert "not found. Check the name" in batch.message


# going on


def test_the_same_content_goes_on_and_pays_nothing(client: SegmindClient, sandbox: Sandbox) -> None:
    first = client.map(FAST, prompts(5)).wait(30)
    again = client.map(FAST, prompts(5)).wait(30)
    assert again.name == first.name
    assert (again.done, again.reused, again.cost) == (5, 5, 0.0)
    assert [a.path for a in again.outputs] == [a.path for a in first.outputs]
    assert len(sandbox.billed_posts) == 5
    assert "5 of 5 done (5 before, not paid again)" in again.caption
    assert str(client.plan_map(FAST, prompts(5))).startswith("5 already done: not paid again")
    afresh = client.map(FAST, prompts(5), again=True).wait(30)
    assert (afresh.done, afresh.reused) == (5, 0)
    assert len(sandbox.billed_posts) == 10
    assert client.map(FAST, prompts(5)).wait(30).reused == 5


def test_a_lost_file_is_fetched_again_and_not_counted_as_paid(
    client: SegmindClient, sandbox: Sandbox
) -> None:
    first = client.map(FAST, prompts(3)).wait(30)
    lost = first.outputs[1].path
    assert lost
    lost.unlink()
    again = client.map(FAST, prompts(3), max_cost=0.001).wait(30)
    assert (again.done, again.reused, again.cost, again.error) == (3, 3, 0.0, None)
    assert len(again.outputs) == 3
    assert len(sandbox.billed_posts) == 3


def test_other_content_is_another_batch(client: SegmindClient) -> None:
    names = [
        client.map(target, rows).wait(30).name
        for target, rows in (
            (FAST, prompts(2)),
            (FAST, prompts(3)),
            (FAST, prompts(2)[::-1]),
            ("flux-schnell", prompts(2)),
        )
    ]
    assert len(set(names)) == 4


def test_equal_rows_are_rows_of_their_own(client: SegmindClient, sandbox: Sandbox) -> None:
    rows = [{"prompt": "x"}] * 4
    client.map(FAST, rows).wait(30)
    assert client.map(FAST, rows).wait(30).reused == 4
    assert posts(sandbox) == Counter({"x": 4})


@pytest.mark.parametrize(
    ("then", "paid"),
    [
        (prompts(7), 7),  # more at the end
        (prompts(3), 5),  # fewer
        (prompts(1, start=50) + prompts(5), 6),  # one put in
        (prompts(5)[1:], 5),  # one taken out
        (prompts(5)[::-1], 5),  # turned round
        (prompts(5) + prompts(5), 10),  # each twice
    ],
)
def test_a_name_stays_while_the_rows_change(
    then: list[Any], paid: int, client: SegmindClient, sandbox: Sandbox
) -> None:
    client.map(FAST, prompts(5), name="foxes").wait(30)
    batch = client.map(FAST, iter(then), name="foxes").wait(30)
    assert len(sandbox.billed_posts) == paid
    assert made(batch) == [row["prompt"] for row in then]
    assert batch.done == len(then)


def test_a_named_batch_twice_at_once_is_refused(client: SegmindClient, sandbox: Sandbox) -> None:
    go = threading.Event()

    def rows() -> Iterator[dict[str, Any]]:
        yield from prompts(1)
        go.wait(20)

    batch = client.map(FAST, rows(), name="foxes")
    sandbox.wait_for(lambda log: log.billed_posts)
    with pytest.raises(errors.StillRunning, match="foxes still runs here"):
        client.map(FAST, prompts(1), name="foxes")
    go.set()
    batch.wait(30)
    assert client.map(FAST, prompts(1), name="foxes").wait(30).reused == 1
    with pytest.raises(errors.InputError, match="name of a batch must not be empty"):
        client.map(FAST, prompts(1), name=" ")


def test_the_same_list_at_once_is_the_same_batch(client: SegmindClient, sandbox: Sandbox) -> None:
    sandbox.faults.add("GET /v2/.*", "silence", times=None)
    client.rate_limit = 1
    batch = client.map(FAST, prompts(3))
    assert client.map(FAST, prompts(3)) is batch
    with pytest.raises(errors.StillRunning):
        client.map(FAST, prompts(3), again=True)


def test_stop_sends_no_more_and_the_same_goes_on(client: SegmindClient, sandbox: Sandbox) -> None:
    stopped_now = threading.Event()

    def rows() -> Iterator[dict[str, Any]]:
        yield from prompts(5)
        stopped_now.wait(20)
        yield from prompts(35, start=5)

    batch = client.map(FAST, rows(), name="foxes")
    sandbox.wait_for(lambda log: len(log.billed_posts) >= 5)
    batch.stop()
    stopped_now.set()
    batch.wait(30)
    stopped = len(sandbox.billed_posts)
    assert batch.done == stopped == 5
    assert batch.message == (
        "You stopped the batch. Run the same batch again: finished rows are not repeated."
    )
    rest = client.map(FAST, prompts(40), name="foxes").wait(30)
    assert (rest.done, rest.reused) == (40, stopped)
    assert set(posts(sandbox).values()) == {1}


def test_stop_does_not_wait_for_a_row_that_may_never_come(
    client: SegmindClient, sandbox: Sandbox
) -> None:
    asked, comes = threading.Event(), threading.Event()

    def rows() -> Iterator[dict[str, Any]]:
        yield from prompts(2)
        asked.set()
        comes.wait(30)
        yield from prompts(2, 2)

    sandbox.faults.add("POST /v2/.*", "job_failed", times=1)
    batch = client.map(FAST, rows(), name="slow")
    assert asked.wait(10)
    sandbox.wait_for(lambda log: len(log.requests("POST", "/v2/")) == 2)
    batch.stop()
    batch.wait(10)
    assert (batch.done, batch.failed, batch.total) == (1, 1, None)
    batch.failures.retry().wait(10)
    assert (batch.done, batch.failed) == (2, 0)
    again = client.map(FAST, prompts(3), name="slow").wait(10)
    assert (again.done, again.reused) == (3, 2)
    comes.set()
    until_ended("segmind background")
    assert posts(sandbox).keys() == {"0", "1", "2"}


def test_stopped_after_its_last_row_it_is_done(client: SegmindClient, sandbox: Sandbox) -> None:
    sandbox.faults.add("GET /v2/.*", "silence", times=None)
    batch = client.map(FAST, prompts(2))
    sandbox.wait_for(lambda log: len(log.billed_posts) == 2)
    batch.stop()
    sandbox.faults.clear()
    batch.wait(30)
    assert (batch.done, batch.remarks) == (2, [])


def test_a_generator_may_end_in_any_way(client: SegmindClient) -> None:
    def rows() -> Iterator[dict[str, Any]]:
        yield {"prompt": "x"}
        raise SystemExit(3)

    batch = client.map(FAST, rows()).wait(10)
    assert "Reading rows failed after row 1: SystemExit(3)" in batch.message


def test_started_again_while_what_was_stopped_is_still_on_its_way(
    client: SegmindClient, sandbox: Sandbox
) -> None:
    sandbox.faults.add("GET /v2/.*", "silence", times=None)
    batch = client.map(FAST, prompts(6))
    sandbox.wait_for(lambda log: len(log.billed_posts) >= 2)
    batch.stop()
    other = client.map(FAST, prompts(6))
    sandbox.faults.clear()
    assert other.wait(30).done == 6
    batch.wait(30)
    assert posts(sandbox) == Counter(str(n) for n in range(6))


# money


def test_the_budget_stops_the_sending_and_nothing_is_lost(
    client: SegmindClient, sandbox: Sandbox
) -> None:
    client.budget = 0.0285  # five rows of 0.0055
    batch = client.map(FAST, prompts(9)).wait(30)
    assert isinstance(batch.error, errors.LimitError)
    assert (batch.done, batch.queued) == (5, 4)
    assert "4 rows were not sent" in batch.message
    client.budget = 1
    assert client.map(FAST, prompts(9)).wait(30).done == 9
    assert len(sandbox.billed_posts) == 9


def test_a_batch_may_have_a_limit_of_its_own(client: SegmindClient, sandbox: Sandbox) -> None:
    with pytest.raises(errors.LimitError, match="9 jobs may cost"):
        client.map(FAST, prompts(9), max_cost=0.02)
    assert sandbox.requests("POST") == []
    batch = client.map(FAST, iter(prompts(9)), max_cost=0.02).wait(30)
    assert batch.done == 3
    assert "The next row may cost $0.0055; of your limit of $0.02" in batch.message


def test_a_plan_says_how_many_how_long_and_how_much(client: SegmindClient) -> None:
    client.rate_limit = 30
    plan = client.plan_map("seedream-4.5", [{"prompt": "x"}] * 48)
    assert (plan.rows, plan.to_send, plan.done) == (48, 48, 0)
    assert plan.high == pytest.approx(48 * 0.04)
    assert plan.per_minute is not None
    assert plan.seconds is not None
    assert str(plan).startswith(
        f"48 jobs, {plan.per_minute:.2g} a minute: about {plan.seconds / 60:.0f} minutes, $1.92;"
    )
    with pytest.raises(errors.LimitError, match=r"48 jobs may cost \$1\.92"):
        plan.within(1.9)
    plan.within(1.92)


@pytest.mark.parametrize(
    ("limit", "polled", "jobs", "wanted"),
    [
        (0, True, 9, (0.0, None)),
        (30, False, 31, (60.0, 30.0)),
        (30, True, 31, (180.0, 10.0)),
        (30, True, 1, (0.0, 10.0)),
        (30, True, 0, (0.0, 10.0)),
    ],
)
def test_the_pace_counts_submit_polls_and_result(
    limit: float, polled: bool, jobs: int, wanted: tuple[float, float | None]
) -> None:
    sending, per_minute = pace(jobs, RateLimit(limit), polled=polled)
    assert sending == pytest.approx(wanted[0])
    assert per_minute == (None if wanted[1] is None else pytest.approx(wanted[1]))


def test_the_pace_of_a_new_account_begins_with_50_requests_and_rises() -> None:
    few, many = (pace(jobs, RateLimit(120), polled=False)[1] for jobs in (26, 100_001))
    assert few == pytest.approx(50, rel=0.05)
    assert many == pytest.approx(120, rel=0.01)


def test_durations_are_told_in_words_that_fit() -> None:
    assert [duration(s) for s in (0.2, 40, 600, 9000, 400_000)] == [
        "a second", "40 s", "10 minutes", "2 h 30 min", "5 days",
    ]  # fmt: skip
    assert time_for(48, 30, 564) == 594
    assert time_for(0, 30, 0) is None
    assert time_for(2, None, 0) is None
    assert time_for(31, 0.1, 0, sandbox=True) == pytest.approx(20, abs=1)
    assert time_for(31, 0.1, 60, sandbox=True) == pytest.approx(60, abs=1)
    assert time_for(1, 3, 0, sandbox=True) == 3


# files


def test_a_shared_file_is_uploaded_once(
    client: SegmindClient, sandbox: Sandbox, tmp_path: Path
) -> None:
    cat = tmp_path / "cat.png"
    cat.write_bytes(picture((300, 300)))
    rows = [{"image": cat, "type": kind} for kind in ("white", "black", "green", "blue")]
    batches = [client.map("bg-removal-v2", rows[:2]), client.map("bg-removal-v2", rows[2:])]
    batches.append(
        client.map("bg-removal-v2", Sweep({"image": cat.read_bytes()}, {"type": ["red"]}))
    )
    for batch in batches:
        assert batch.wait(30).failed == 0
    assert len(sandbox.requests("POST", "/upload-asset")) == 1
    assert len(sandbox.billed_posts) == 5


def test_a_file_that_is_missing_breaks_its_row_alone(client: SegmindClient, tmp_path: Path) -> None:
    (tmp_path / "cat.png").write_bytes(picture())
    (tmp_path / "rows.csv").write_text("image\nfile:cat.png\nfile:dog.png\n")
    batch = client.map("bg-removal-v2", tmp_path / "rows.csv").wait(30)
    assert (batch.done, batch.failed) == (1, 1)
    assert "dog.png" in next(iter(batch.failures.by_cause()))


# the journal


@pytest.fixture
def rows(tmp_path: Path) -> Iterator[tuple[Store, BatchRows]]:
    store = Store(tmp_path / "rows")
    yield store, store.batch("b")
    store.close()


def add(store: Store, number: int | None, fingerprint: str, status: str = "completed") -> str:
    facts = {"kind": "model", "target": FAST, "inputs": {}, "status": status}
    return store.add(**WHERE, **facts, batch="b", row=number, fingerprint=fingerprint)


def test_a_number_has_one_job(rows: tuple[Store, BatchRows]) -> None:
    store, batch = rows
    failed = add(store, 0, "a", "failed")
    assert batch.take(0, "a") is None, "it was not billed"
    assert store.job(failed)["row"] is None
    good = add(store, 0, "a")
    found = batch.take(0, "a")
    assert found is not None
    assert found["key"] == good
    assert batch.count() == 1
    assert batch.take(0, "other") is None
    moved = batch.take(5, "a")
    assert moved is not None
    assert moved["key"] == good
    assert store.job(good)["row"] == 5
    batch.end_at(5)
    assert batch.count() == 0


def test_pages_go_through_all(rows: tuple[Store, BatchRows]) -> None:
    store, batch = rows
    for number in range(450):
        add(store, number, str(number), "completed" if number % 2 else "failed")
    assert [row["row"] for row in batch.pages()] == list(range(450))
    assert [number for number, _, _ in batch.open()] == list(range(0, 450, 2))
    batch.set_aside()
    assert batch.count() == 0
    assert store.count() == 450


# other kernels

RUN = """
import json, sys
from segmind_widgets.client import SegmindClient
client = SegmindClient.instance()
client.rate_limit = 0
rows = [{"prompt": str(n), "seed": n} for n in range(int(sys.argv[1]))]
batch = client.map("fast-flux-schnell", rows, **json.loads(sys.argv[2]))
print("begun", flush=True)
batch.wait(90)
print(json.dumps([batch.done, batch.failed, batch.reused, batch.message,
                  [job.inputs["prompt"] for job in batch.jobs if job.outputs]]))
"""


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts processes that run a batch of so many rows; all end with the test."""
    begun: list[subprocess.Popen[str]] = []

    def begin(sandbox: Sandbox, count: int, **options: Any) -> subprocess.Popen[str]:
        begun.append(
            subprocess.Popen(
                [sys.executable, "-c", RUN, str(count), json.dumps(options)],
                env=environment(tmp_path, sandbox), stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, text=True,
            )
        )  # fmt: skip
        return begun[-1]

    yield begin
    for process in begun:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=20)


def said(process: subprocess.Popen[str]) -> Any:
    out, wrong = process.communicate(timeout=120)
    assert process.returncode == 0, wrong
    return json.loads(out.splitlines()[-1])


@pytest.mark.parametrize("seen", [1, 9, 30, 70])
def test_killed_in_the_middle_and_run_again_each_row_is_paid_once(
    seen: int, kernel: Callable[..., subprocess.Popen[str]]
) -> None:
    with Sandbox(speed=3, artist=tiny) as sandbox:
        first = kernel(sandbox, 24)
        sandbox.wait_for(lambda log: len(log) >= seen, 30)
        first.kill()
        first.wait(20)
        done, failed, _, message, found = said(kernel(sandbox, 24))
        assert posts(sandbox) == Counter(found), "all that was paid is there, and paid once"
        assert len(found) == len(sandbox.billed_posts) == done
        assert message == ""
        # what was killed between "it is sent now" and the network is not risked a second time
        assert (done + failed, failed <= MAX_UNSENT) == (24, True)
        before = said(kernel(sandbox, 24))[2]
        assert before == len(sandbox.billed_posts) == done


def test_one_kernel_at_a_time_runs_a_batch(
    kernel: Callable[..., subprocess.Popen[str]],
) -> None:
    with Sandbox(speed=500, artist=tiny) as sandbox:
        sandbox.faults.add("GET /v2/.*", "silence", times=None)
        first = kernel(sandbox, 4)
        assert first.stdout
        assert first.stdout.readline() == "begun\n"
        other = kernel(sandbox, 4)
        other.wait(60)
        assert other.stderr
        assert "is running in another kernel" in other.stderr.read()
        sandbox.faults.clear()
        assert said(first)[:2] == [4, 0]
        assert len(sandbox.billed_posts) == 4


def test_a_sandbox_that_is_gone_is_no_debt(tmp_path: Path) -> None:
    """The kernel's own sandbox ends with it: what it had not finished is sent to the next one."""
    names = environment(tmp_path)
    slow = RUN.replace("client.rate_limit", "client.sandbox_speed = 0.2; client.rate_limit")
    stop = slow.replace("batch.wait(90)", "import os\nwhile batch.running < 3: pass\nos._exit(0)")
    subprocess.run(
        [sys.executable, "-c", stop, "3", "{}"], env=names, check=True, timeout=60,
        capture_output=True,
    )  # fmt: skip
    last = subprocess.run(
        [sys.executable, "-c", RUN, "3", "{}"], env=names, check=True, timeout=60,
        capture_output=True, text=True,
    )  # fmt: skip
    assert json.loads(last.stdout.splitlines()[-1])[:2] == [3, 0]


# progress as traits


def test_progress_of_a_batch_as_traits(client: SegmindClient) -> None:
    batch = client.map(FAST, prompts(4))
    figures: list[float] = []
    batch.observe(lambda change: figures.append(change["new"]), "progress")
    batch.wait(30)
    assert batch.progress == 1.0
    assert figures == sorted(figures)
    assert not batch.indeterminate
    assert batch.cost > 0


def test_a_batch_of_unknown_length_is_indeterminate_while_it_is_read(client: SegmindClient) -> None:
    gate = threading.Event()

    def rows() -> Iterator[dict[str, Any]]:
        yield from prompts(2)
        assert gate.wait(20)

    batch = client.map(FAST, rows())
    assert (batch.progress, batch.indeterminate) == (0.0, True)
    gate.set()
    batch.wait(30)
    assert (batch.progress, batch.indeterminate) == (1.0, False)


def test_an_observer_of_a_batch_that_fails_ends_nothing(client: SegmindClient) -> None:
    batch = client.map(FAST, prompts(3))

    def broken(change: Any) -> None:
        raise ValueError("no bar")

    batch.observe(broken, ["done", "finished"])
    assert batch.wait(30).done == 3
    assert batch.observer_error.startswith("A callback failed: ValueError in broken, line ")
