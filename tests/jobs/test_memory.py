"""A job that has ended and that nobody holds keeps nothing in memory, whatever its end."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from segmind_widgets.client import SegmindClient
from segmind_widgets.jobs.job import Job
from segmind_widgets.jobs.runner import JobRunner
from segmind_widgets.planning.plan import Plan
from segmind_widgets.sandbox import Sandbox
from segmind_widgets.types import Call, Output, Reply, Status
from tests.waits import until

COUNT = 12  # jobs of each end
MODEL = "fast-flux-schnell"
KINDS = (Job, JobRunner, Plan, Call, Reply, Output)

Start = Callable[[SegmindClient, Sandbox, int], Job]


def model(client: SegmindClient, _: Sandbox, number: int) -> Job:
    return client.submit(MODEL, {"prompt": "a fox", "seed": number})


def workflow(client: SegmindClient, _: Sandbox, number: int) -> Job:
    return client.submit_workflow("product-photo", {"prompt": f"a fox {number}"})


def one_of_two(client: SegmindClient, sandbox: Sandbox, number: int) -> Job:
    """Run a job to its end whose second file is gone."""
    sandbox.faults.clear()
    sandbox.faults.add("GET /outputs/.*", 410, times=None, after=1)
    inputs = {"max_images": 2, "sequential_image_generation": "auto"}
    return client.submit("seedream-4.5", {"prompt": f"boats {number}", **inputs}).wait(60)


def apimart(client: SegmindClient, _: Sandbox, number: int) -> Job:
    inputs = {"prompt": f"a fox {number}"}
    return client.submit("gemini-3-pro-image-preview", inputs, provider="apimart")


MODERATED = {"body": {"error": "The prompt was flagged by content moderation."}}
ENDS: dict[str, tuple[Start, Status, list[tuple[str, str | int, dict[str, Any]]]]] = {
    "completed": (model, Status.COMPLETED, []),
    "failed": (model, Status.FAILED, [("POST /v2/.*", "job_failed", {})]),
    "moderated": (model, Status.FAILED, [("POST /v2/.*", 400, MODERATED)]),
    "unknown": (workflow, Status.UNKNOWN, [("POST /workflows/.*", 504, {})]),
    "lost, then found": (model, Status.COMPLETED, [("POST /v2/.*", "reset_after", {})]),
    "lost, then repeated": (apimart, Status.COMPLETED, [("POST .*", 504, {"times": COUNT // 2})]),
    "partial": (one_of_two, Status.COMPLETED, []),
    "not fetched": (model, Status.DOWNLOADING, [("GET /outputs/.*", 410, {})]),
}


def in_flight(client: SegmindClient) -> float:
    return sum(client.session_spend(sandbox=sandbox).in_flight for sandbox in (True, False))


def objects() -> list[Any]:
    gc.collect()
    return [one for one in gc.get_objects() if type(one) in KINDS]


@pytest.fixture(autouse=True)
def earlier() -> Iterator[list[Any]]:
    """What other tests of this process have left, such as the traceback of a failed one."""
    left = objects()
    yield left
    left.clear()


def assert_nothing_is_kept(
    client: SegmindClient, jobs: list[weakref.ref[Job]], earlier: list[Any]
) -> None:
    until(lambda: not client.session.jobs._scheduler.live)
    gc.collect()
    kept = [job for reference in jobs if (job := reference())]
    assert not kept, [type(holder) for holder in gc.get_referrers(kept[0])]
    until(lambda: len(objects()) <= len(earlier))


@pytest.mark.parametrize("end", ENDS)
def test_ended_jobs_are_freed(
    client: SegmindClient, sandbox: Sandbox, earlier: list[Any], end: str
) -> None:
    start, status, faults = ENDS[end]
    client.rate_limit = 0
    for match, kind, options in faults:
        sandbox.faults.add(match, kind, **{"times": None, **options})
    jobs = [start(client, sandbox, number) for number in range(COUNT)]
    for job in jobs:
        job.wait(60)
    assert {job.status for job in jobs} == {status}
    references = [weakref.ref(job) for job in jobs]
    del jobs, job
    assert_nothing_is_kept(client, references, earlier)


def test_stopped_jobs_are_freed(
    client: SegmindClient, sandbox: Sandbox, earlier: list[Any]
) -> None:
    sandbox.faults.add("GET /v2/.*", "silence", times=None)
    jobs = [model(client, sandbox, number) for number in range(COUNT)]
    sandbox.wait_for(lambda log: len(log.requests("POST")) == COUNT)
    for job in jobs:
        until(lambda job=job: not job.id.startswith("local-"))
        job.stop()
    references = [weakref.ref(job) for job in jobs]
    reserved = in_flight(client)
    del jobs, job
    sandbox.faults.clear()
    assert_nothing_is_kept(client, references, earlier)
    assert in_flight(client) == reserved > 0, "the budget still counts them"
    for row in client.jobs(COUNT):
        client.resume(row.id).wait(20)
    assert in_flight(client) == 0


def test_withdrawn_jobs_are_freed(
    client: SegmindClient, sandbox: Sandbox, earlier: list[Any]
) -> None:
    client.rate_limit = 1
    jobs = [model(client, sandbox, number) for number in range(COUNT)]
    sandbox.wait_for(lambda log: log.requests("POST"))
    for job in jobs:
        job.stop()
    assert [job.status for job in jobs].count(Status.CANCELLED) == COUNT - 1
    references = [weakref.ref(job) for job in jobs]
    del jobs, job
    assert_nothing_is_kept(client, references, earlier)
    assert len(sandbox.billed_posts) == 1
