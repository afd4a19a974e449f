"""A job has one row, one object and one runner, whatever other threads and kernels do meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from segmind_widgets import errors
from segmind_widgets.client import SegmindClient
from segmind_widgets.jobs.job import Job
from segmind_widgets.network.retry import send_with_retries
from segmind_widgets.sandbox import Sandbox
from segmind_widgets.storage.records import traits_from_row
from segmind_widgets.storage.store import Store
from segmind_widgets.types import Status
from tests.handover import PATIENCE, Handover, Task, meet

FAST = "fast-flux-schnell"


@pytest.fixture
def other(client: SegmindClient) -> Iterator[SegmindClient]:
    """Another kernel with the same home, as far as locks tell kernels apart."""
    home = str(client.session.store.home)
    kernel = SegmindClient(home=home)
    yield kernel
    kernel.close()


def begin(client: SegmindClient) -> Job:
    return client.submit(FAST, {"prompt": "a fox"})


def test_a_job_is_not_resumed_while_it_is_begun(client: SegmindClient, sandbox: Sandbox) -> None:
    """Its row is written, and it is not sent yet: it was not left by a kernel that stopped."""
    moment = Handover(Store.add, "_add")
    job, resumed = meet(moment, lambda: begin(client), client.resume_all)
    assert resumed == [job]
    assert job.wait(20).status is Status.COMPLETED
    assert client.session.store.job(job.id)["status"] == "completed"
    assert len(sandbox.billed_posts) == 1


def test_a_list_does_not_replace_a_job_that_was_resumed_meanwhile(
    client: SegmindClient, other: SegmindClient, sandbox: Sandbox
) -> None:
    """The list has read the row; the job is then watched, and the list goes on."""
    sandbox.faults.add("GET /v2/.*", "silence", times=None)
    first = begin(other)
    sandbox.wait_for(lambda log: log.requests("GET", "/v2/requests/"), 20)
    job_id = first.id
    other.close()
    moment = Handover(traits_from_row, "_from_row")
    _, resumed = meet(moment, client.jobs, lambda: client.resume(job_id))
    assert client.job(job_id) is resumed
    sandbox.faults.clear()
    assert resumed.wait(20).status is Status.COMPLETED
    assert len(sandbox.billed_posts) == 1


@pytest.mark.parametrize("where", ["in one kernel", "in two kernels"])
def test_a_job_of_another_machine_gets_one_row(
    client: SegmindClient, other: SegmindClient, sandbox: Sandbox, tmp_path: Any, where: str
) -> None:
    """Both have seen that the journal does not have its id."""
    elsewhere = SegmindClient(home=str(tmp_path / "elsewhere"))
    job_id = begin(elsewhere).wait(20).id
    elsewhere.close()
    second = client if where == "in one kernel" else other
    moment = Handover(send_with_retries, "_adopt")
    found = meet(moment, lambda: client.resume(job_id), lambda: second.resume(job_id))
    watched = [one for one in found if isinstance(one, Job)]
    assert all(isinstance(one, errors.StillRunning) for one in found if one not in watched)
    assert {one.wait(20).status for one in watched} == {Status.COMPLETED}
    if second is client:
        assert found[0] is found[1]
    assert client.count() == 1
    assert len(sandbox.requests("GET", "/outputs/")) == 2, "once elsewhere, once here"


def test_a_runner_gives_its_row_back_before_another_claims_it(
    client: SegmindClient, sandbox: Sandbox
) -> None:
    """The end of the old runner must not take the row from the new one."""
    sandbox.faults.add("GET /v2/.*", "silence", times=None)
    moment = Handover(Store.update, "_release", before=True)
    with moment.in_new_threads():
        job = begin(client)
        sandbox.wait_for(lambda log: log.requests("GET", "/v2/requests/"), 20)
    job_id = job.id
    job.stop()
    sandbox.faults.clear()
    moment.wait()
    resuming = Task(lambda: client.resume(job_id))
    resuming.join(PATIENCE)
    sandbox.faults.add("GET /v2/.*", "silence", times=None)
    moment.go()
    assert resuming.value().watching
    assert client.session.store.job(job_id)["owner"] is not None
    sandbox.faults.clear()
    assert resuming.value().wait(20).status is Status.COMPLETED
