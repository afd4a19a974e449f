"""A submit is either sent or withdrawn, whoever comes first."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from segmind_widgets.client import SegmindClient
from segmind_widgets.errors import JobCancelled
from segmind_widgets.jobs.job import Job
from segmind_widgets.jobs.submission import Submission
from segmind_widgets.sandbox import Sandbox
from segmind_widgets.storage.store import Store
from segmind_widgets.types import Status

FAST = "fast-flux-schnell"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path)
    yield opened
    opened.close()


def submission(store: Store) -> tuple[Submission, str]:
    key = store.add(
        provider="segmind", place="x", sandbox=True, kind="model", target="flux",
        inputs={}, status=str(Status.SUBMITTING),
    )  # fmt: skip
    return Submission(store, key, "flux"), key


def test_one_that_was_withdrawn_is_not_sent(store: Store) -> None:
    one, key = submission(store)
    assert one.withdraw()
    assert one.withdraw()
    assert one.is_withdrawn
    assert not one.begin()
    row = store.job(key)
    assert (row["status"], row["sent"]) == ("cancelled", None)
    assert "never sent" in row["error"]
    assert "Nothing was billed" in row["error"]


def test_one_on_the_wire_goes_on_until_it_is_refused(store: Store) -> None:
    one, key = submission(store)
    assert one.begin()
    assert not one.withdraw()
    assert store.job(key)["status"] == "submitting"
    one.refuse()
    assert one.withdraw()


@pytest.mark.parametrize("begun", [False, True])
def test_a_worker_gives_back_what_it_has_not_begun(store: Store, begun: bool) -> None:
    one, _ = submission(store)
    assert one.begin()
    one.recall = lambda: not begun
    assert one.withdraw() is not begun


@pytest.mark.parametrize("turn", range(20))
def test_either_it_is_sent_or_withdrawn(store: Store, turn: int) -> None:
    one, _ = submission(store)
    gate, results = threading.Barrier(2), dict[str, bool]()

    def call(name: str) -> None:
        gate.wait(5)
        results[name] = getattr(one, name)()

    threads = [threading.Thread(target=call, args=(name,)) for name in ("begin", "withdraw")]
    for thread in threads[:: 1 if turn % 2 else -1]:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert results["begin"] is not results["withdraw"]


def stopped(job: Job) -> None:
    job.stop()
    assert job.done
    assert job.status is Status.CANCELLED
    with pytest.raises(JobCancelled, match=r"never sent.*Nothing was billed"):
        job.result()


def test_a_job_that_waits_for_the_rate_limit_is_withdrawn(
    client: SegmindClient, sandbox: Sandbox
) -> None:
    client.rate_limit = 1
    first = client.submit(FAST, {"prompt": "a fox"})
    sandbox.wait_for(lambda log: log.billed_posts)
    second = client.submit(FAST, {"prompt": "an owl"})
    stopped(second)
    assert client.job(second.id).status is Status.CANCELLED
    assert client.resume(second.id).status is Status.CANCELLED
    first.stop()
    assert "continues" in str(first.error)
    assert len(sandbox.billed_posts) == 1
    assert client.session_spend(sandbox=False).in_flight <= (first.cost or 1.0)


def test_a_job_that_was_refused_for_now_is_withdrawn(
    client: SegmindClient, sandbox: Sandbox
) -> None:
    sandbox.faults.add("POST /v2/.*", 429, times=None, headers={"Retry-After": "60"})
    job = client.submit(FAST, {"prompt": "a fox"})
    told = threading.Event()
    job.observe(lambda _: told.set() if "rate limit" in job.message else None, "message")
    assert "rate limit" in job.message or told.wait(10)
    stopped(job)
