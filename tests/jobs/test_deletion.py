"""A person deletes a result, changes their mind, or ends the kernel."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from segmind_widgets.assets.thumbnails import CACHED_SIDE
from segmind_widgets.client import SegmindClient
from segmind_widgets.errors import NotFound, StillRunning
from segmind_widgets.jobs.job import Job
from segmind_widgets.sandbox import Sandbox
from tests.shells import picture

FAST = "fast-flux-schnell"


@pytest.fixture
def job(client: SegmindClient, sandbox: Sandbox) -> Job:
    return client.run(FAST, {"prompt": "a fox", "seed": 7})


@pytest.fixture
def several(client: SegmindClient, monkeypatch: pytest.MonkeyPatch) -> Iterator[Job]:
    """A job with three outputs."""

    def three(*_: Any) -> list[tuple[bytes, str]]:
        return [(picture(color=color), "image/png") for color in ("red", "blue", "green")]

    with Sandbox(speed=500, artist=three) as sandbox:
        for name, value in sandbox.environ.items():
            monkeypatch.setenv(name, value)
        yield client.run("flux-dev", {"prompt": "a fox", "samples": 3})


def thumbnails(client: SegmindClient) -> int:
    return len(list((client.session.store.home / "thumbnails").glob("*")))


@pytest.mark.parametrize("by_id", [True, False])
def test_delete_and_undo(client: SegmindClient, job: Job, by_id: bool) -> None:
    (asset,) = job.outputs
    path, data = asset.path, asset.path.read_bytes()
    for side in (120, 320, CACHED_SIDE):
        client.thumbnail(asset, side)
    assert thumbnails(client) == 3
    spent = client.spend()
    deleted = client.delete(job.id if by_id else job)
    assert str(deleted) == f"{path.name} was deleted."
    assert "undo() restores it" in repr(deleted)
    assert (path.exists(), thumbnails(client), client.jobs()) == (False, 0, [])
    assert job.outputs == (), "variables and views show the same"
    assert "was deleted on" in job.note
    assert client.spend() == spent
    assert deleted.undo() is job
    assert [one.path.read_bytes() for one in job.outputs] == [data]
    assert (client.jobs(), job.note) == ([job], "")
    with pytest.raises(NotFound, match="no longer deleted"):
        deleted.undo()
    assert client.session.deletions.undoable == []


def test_a_copy_that_was_saved_stays(client: SegmindClient, job: Job, tmp_path: Path) -> None:
    (copy,) = job.save(tmp_path / "kept")
    client.delete(job)
    assert copy.exists()


def test_one_of_several_outputs(client: SegmindClient, several: Job) -> None:
    job = several
    first, second, *rest = job.outputs
    deleted = client.delete(job, second)
    assert [one.path for one in job.outputs] == [first.path, *(one.path for one in rest)]
    assert client.jobs() == [job]
    assert "One of its results was deleted" in job.note
    with pytest.raises(NotFound, match="deleted before"):
        client.delete(job, second)
    deleted.undo()
    assert [one.path for one in job.outputs] == [one.path for one in (first, second, *rest)]


def test_reuse_does_not_find_it_but_a_twin_is_still_refused(
    client: SegmindClient, job: Job
) -> None:
    plan = client.plan(FAST, {"prompt": "a fox", "seed": 7})
    assert client.earlier(plan)
    deleted = client.delete(job)
    assert client.earlier(plan) is None
    deleted.undo()
    assert client.earlier(plan)


def test_a_row_of_a_batch_is_not_paid_again(client: SegmindClient, sandbox: Sandbox) -> None:
    rows = [{"prompt": "a fox"}, {"prompt": "an owl"}]
    batch = client.map(FAST, rows, name="animals")
    batch.wait(60)
    client.delete(batch.jobs[0])
    spent = client.session_spend(sandbox=True)
    again = client.map(FAST, rows, name="animals")
    again.wait(60)
    assert (again.done, again.reused) == (2, 2)
    assert client.session_spend(sandbox=True) == spent
    assert len(again.outputs) == 1


def test_a_running_job_is_refused(client: SegmindClient, sandbox: Sandbox) -> None:
    sandbox.faults.add("POST .*", "silence", seconds=0.3)
    job = client.submit(FAST, {"prompt": "a fox"}, api="v1")
    with pytest.raises(StillRunning, match="has not ended"):
        client.delete(job)
    job.wait(20)
    client.delete(job)


def test_after_the_session_it_cannot_be_undone(
    client: SegmindClient, job: Job, sandbox: Sandbox
) -> None:
    job_id, path = job.id, job.outputs[0].path
    deleted = client.delete(job)
    other = SegmindClient(home=str(client.session.store.home))
    other.session.deletions.purge()
    assert (client.session.store.home / "trash").exists(), "its kernel lives"
    with pytest.raises(NotFound, match="was deleted, with its file") as raised:
        other.resume(job_id)
    assert "only in the session that deleted it, before its kernel ends" in raised.value.hint
    assert "was deleted on" in other.job(job_id).note
    client.close()
    assert not (other.session.store.home / "trash").exists()
    assert not path.exists()
    with pytest.raises(NotFound, match="was deleted, with its file"):
        deleted.undo()
    with pytest.raises(NotFound):
        other.resume(job_id)
    other.close()


def test_another_kernel_sees_what_is_left(client: SegmindClient, several: Job) -> None:
    job = several
    other = SegmindClient(home=str(client.session.store.home))
    (seen,) = other.jobs()
    client.delete(job, job.outputs[0])
    assert len(seen.outputs) == 3
    assert [one.outputs for one in other.jobs()] == [seen.outputs]
    assert len(seen.outputs) == 2
    client.delete(job)
    assert other.jobs() == []
    other.close()
