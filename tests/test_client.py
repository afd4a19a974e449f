from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from segmind_widgets import errors
from segmind_widgets.client import SegmindClient
from segmind_widgets.jobs.job import Job
from segmind_widgets.sandbox import Sandbox
from segmind_widgets.types import Status
from tests.shells import picture

FAST = "fast-flux-schnell"


def test_run_waits_and_gives_the_files(client: SegmindClient, sandbox: Sandbox) -> None:
    job = client.run(FAST, {"prompt": "x", "seed": 3}, api="v1")
    assert (job.status, job.seed, job.cost, job.provider) == (
        Status.COMPLETED,
        3,
        0.0055,
        "segmind",
    )
    (asset,) = job.outputs
    assert asset.path is not None
    assert asset.path.is_relative_to(client.session.store.home / "results")
    assert job.image.size == (1600, 1200)
    assert job.credits == pytest.approx(sandbox.credits)


def test_submit_returns_before_the_reply(client: SegmindClient, sandbox: Sandbox) -> None:
    sandbox.faults.add("POST .*", "silence", seconds=0.5)
    job = client.submit(FAST, {"prompt": "x"}, api="v1")
    assert job.status is Status.SUBMITTING
    assert job.id.startswith("local-")
    assert job.wait(20).status is Status.COMPLETED
    assert not job.id.startswith("local-")


def test_run_raises_what_failed(client: SegmindClient, sandbox: Sandbox) -> None:
    sandbox.faults.add("POST /v2/.*", "job_failed", words="Too dark.")
    with pytest.raises(errors.JobFailed, match="Too dark"):
        client.run(FAST, {"prompt": "x"})
    with pytest.raises(errors.StillRunning, match=r"Not done within 0.05 s"):
        client.run(FAST, {"prompt": "x"}, timeout=0.05)


def test_inputs_are_one_mapping_so_a_models_own_timeout_is_sent(
    client: SegmindClient, sandbox: Sandbox
) -> None:
    with pytest.warns(UserWarning, match="`timeout` is not a known parameter"):
        client.run(FAST, {"prompt": "x", "timeout": 5}, api="v1")
    assert sandbox.billed_posts[0].json["timeout"] == 5


def test_files_among_the_inputs_are_uploaded_and_jobs_are_files(
    client: SegmindClient, sandbox: Sandbox
) -> None:
    cut = client.run("bg-removal-v2", {"image": picture()}, api="v1")
    assert cut.inputs["image"].startswith(sandbox.url("files"))
    grown = client.run("esrgan", {"image": cut, "scale": 2}, api="v1")
    assert grown.status is Status.COMPLETED


def test_rerun_uploads_nothing_twice_and_keeps_the_rest(
    client: SegmindClient, sandbox: Sandbox
) -> None:
    first = client.run("sdxl-inpaint", _inpainting(), api="v1")
    second = first.rerun(prompt="a dog").wait(20)
    assert second.status is Status.COMPLETED
    bodies = [record.json for record in sandbox.billed_posts]
    assert {name for name in bodies[0] if bodies[0][name] != bodies[1][name]} == {"prompt"}
    assert {record.path for record in sandbox.billed_posts} == {"/v1/sdxl-inpaint"}


def _inpainting() -> dict[str, object]:
    return {"prompt": "a cat", "image": picture(), "mask": picture(color="white")}


def test_a_recalled_job_reruns_where_it_ran(
    client: SegmindClient, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job of the kernel's own sandbox must not cost money when it is run again later."""
    client.provider = "sandbox"
    client.sandbox_speed = 500.0
    client.run("llama-v3p1-8b-instruct", {"prompt": "hello"}, api="v1")
    client.close()
    client.provider = ""
    (job,) = client.jobs()
    assert job.sandbox
    again = job.rerun().wait(20)
    assert again.sandbox
    assert again.status is Status.COMPLETED
    assert not sandbox.billed_posts


def test_jobs_are_remembered_with_their_files(client: SegmindClient) -> None:
    first = client.run(FAST, {"prompt": "x"}, api="v1")
    with pytest.warns(UserWarning, match="not in the model list of"):
        client.submit("no-such-model", {"prompt": "x"}).wait(20)
    client.close()
    failed, found = client.jobs()
    assert found is not first
    for name in ("id", "status", "seed", "cost", "inputs", "model", "elapsed"):
        assert getattr(found, name) == getattr(first, name)
    assert found.outputs[0].content == first.outputs[0].content
    assert found.done
    assert failed.status is Status.FAILED
    with pytest.raises(errors.JobFailed, match="not found"):
        failed.result()


def test_a_live_job_is_the_same_object(client: SegmindClient) -> None:
    job = client.run(FAST, {"prompt": "x"}, api="v1")
    assert client.jobs()[0] is client.job(job.id) is client.job(job.id[:13]) is job


def test_resume_of_a_job_that_is_watched_is_that_job(
    client: SegmindClient, sandbox: Sandbox
) -> None:
    sandbox.faults.add("GET /v2/.*", "silence", seconds=0.5)
    job = client.submit(FAST, {"prompt": "x"})
    sandbox.wait_for(lambda log: log.requests("GET", "/v2/"))
    assert client.resume(job.id) is job
    assert job.wait(20).status is Status.COMPLETED
    assert client.resume(job.id).outputs[0].path == job.outputs[0].path


def test_an_unfinished_job_that_nobody_follows_says_so(
    client: SegmindClient, sandbox: Sandbox
) -> None:
    sandbox.faults.add("GET /v2/.*", "silence", times=None)
    known = client.submit(FAST, {"prompt": "x"})
    sandbox.wait_for(lambda log: log.requests("GET", "/v2/"))
    client.close()
    job = client.job(known.id)
    assert not job.watching
    with pytest.raises(errors.StillRunning) as raised:
        job.result()
    assert f"--resume {known.id}" in raised.value.hint
    sandbox.faults.clear()
    (resumed,) = client.resume_all()
    assert resumed.wait(20).status is Status.COMPLETED
    assert client.resume_all() == []


@pytest.mark.parametrize("name", ["nothing", "local-000000000000", ""])
def test_what_nobody_knows_is_not_adopted(
    client: SegmindClient, sandbox: Sandbox, name: str
) -> None:
    with pytest.raises(errors.NotFound):
        client.resume(name)
    assert len(sandbox.log) == 0
    assert client.jobs() == []


def test_the_watching_has_a_limit_and_the_job_goes_on(
    client: SegmindClient, sandbox: Sandbox
) -> None:
    client.watch_limit = 1.0
    sandbox.faults.add(
        "GET /v2/.*", 200, times=None, body={"status": "PROCESSING", "request_id": "r"}
    )
    job = client.submit(FAST, {"prompt": "x"})
    with pytest.raises(errors.StillRunning, match="The time limit for watching has passed"):
        job.result(20)
    sandbox.faults.clear()
    client.watch_limit = 60.0
    assert client.resume(job.id).wait(20).status is Status.COMPLETED


def test_many_jobs_at_once_end_as_themselves(client: SegmindClient, sandbox: Sandbox) -> None:
    jobs = [client.submit(FAST, {"prompt": str(i), "seed": i}, api="v1") for i in range(12)]
    assert [job.wait(30).seed for job in jobs] == list(range(12))
    assert len({job.outputs[0].path for job in jobs}) == 12
    assert len(sandbox.billed_posts) == 12


def test_a_client_serves_many_threads(client: SegmindClient) -> None:
    done: list[Job] = []

    def work(number: int) -> None:
        done.append(client.run(FAST, {"prompt": "x", "seed": number}, api="v1"))

    threads = [threading.Thread(target=work, args=(i,)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(job.seed for job in done) == list(range(6))


def test_await(client: SegmindClient) -> None:
    async def both() -> list[Job]:
        jobs = [client.submit(FAST, {"prompt": str(i)}, api="v1") for i in range(2)]
        return list(await asyncio.gather(*jobs))

    assert [job.status for job in asyncio.run(both())] == 2 * [Status.COMPLETED]


def test_credits_and_models(client: SegmindClient) -> None:
    assert client.credits().balance == 10.0
    assert client.credits("apimart").balance > 0
    assert FAST in [model.slug for model in client.models("fast flux")]
    assert all("video" in model.modality.lower() for model in client.models(modality="video"))


def test_no_key_in_anything_that_lasts(client: SegmindClient, sandbox: Sandbox) -> None:
    key = sandbox.environ["SEGMIND_API_KEY"].encode()
    job = client.run("bg-removal-v2", {"image": picture()})
    client.close()
    kept = [path for path in Path(client.session.store.home).rglob("*") if path.is_file()]
    assert len(kept) >= 2
    assert not [path for path in kept if key in path.read_bytes()]
    assert key.decode() not in repr(
        [job, client, client.session.keys, vars(client), job.trait_values()]
    )


def test_a_home_that_cannot_be_used_warns_and_goes_on(
    client: SegmindClient, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(b"")
    client.home = str(tmp_path / "file" / "in")
    with pytest.warns(UserWarning, match="in this kernel's memory"):
        assert client.session.store.memory
    assert client.jobs() == []


def test_close_can_be_repeated_and_the_client_used_again(client: SegmindClient) -> None:
    client.close()
    client.run(FAST, {"prompt": "x"}, api="v1")
    client.close()
    client.close()
    assert len(client.jobs()) == 1


def test_close_ends_the_threads(client: SegmindClient, sandbox: Sandbox) -> None:
    def ours() -> set[threading.Thread]:
        return {t for t in threading.enumerate() if "sender" in t.name or "clock" in t.name}

    before = ours()
    sandbox.faults.add("GET /v2/.*", "silence", times=None)
    client.submit(FAST, {"prompt": "x"})
    sandbox.wait_for(lambda log: log.requests("GET", "/v2/"))
    started = ours() - before
    assert len(started) > 2
    client.close()
    sandbox.faults.clear()
    for thread in started:
        thread.join(10)
    assert not [thread for thread in started if thread.is_alive()]


def test_close_waits_for_the_reply_to_a_submit(client: SegmindClient, sandbox: Sandbox) -> None:
    """Else the id of a job that is paid for would be lost."""
    sandbox.faults.add("POST /v2/.*", "silence", seconds=0.3)
    job = client.submit(FAST, {"prompt": "x"})
    sandbox.wait_for(lambda log: log.billed_posts)
    client.close()
    assert isinstance(job.error, errors.StillRunning)
    (known,) = client.jobs()
    assert not known.id.startswith("local-")
    assert client.resume(known.id).wait(20).status is Status.COMPLETED
    assert len(sandbox.billed_posts) == 1


def test_an_open_file_is_read_once_and_sent_whole(
    client: SegmindClient, sandbox: Sandbox, tmp_path: Path
) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(picture())
    with path.open("rb") as file:
        from_file = client.run("bg-removal-v2", {"image": file})
    from_path = client.run("bg-removal-v2", {"image": path})
    assert from_file.inputs["image"] == from_path.inputs["image"]
    assert len(sandbox.requests("POST", "upload-asset")) == 1


def test_views_hear_of_each_job_and_of_this_kernels_own(client: SegmindClient) -> None:
    heard: list[Job] = []
    client.observe(lambda change: heard.append(change.new), "newest")
    row = {"kind": "model", "target": "x", "inputs": {}, "status": "failed"}
    client.session.store.add(provider="segmind", place="elsewhere", sandbox=True, **row)
    jobs = [client.submit(FAST, {"prompt": name}) for name in "ab"]
    for job in jobs:
        job.wait(20)
    assert heard == jobs
    assert client.jobs(here=True) == jobs[::-1]
    assert client.count(here=True) == 2
    assert client.count() == 3
    assert client.jobs(target="x")[0].created < jobs[0].created <= jobs[1].created
    assert client.count(target=FAST[:-1]) == 0


def test_an_observer_that_fails_costs_no_job(
    client: SegmindClient, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_: object) -> None:
        raise RuntimeError("no")

    client.observe(broken, "newest")
    assert client.run(FAST, {"prompt": "x"}).status is Status.COMPLETED
    assert "An observer of the newest job failed" in caplog.text
