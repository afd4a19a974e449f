"""A kernel dies during a job; another one finishes it, and nothing is paid twice."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

from segmind_widgets import errors
from segmind_widgets.client import SegmindClient
from segmind_widgets.sandbox import Sandbox
from segmind_widgets.storage.store import Store
from segmind_widgets.types import Call, Status
from tests.shells import environment, execute, notebook, open_shell, quick

LOAD = "%load_ext segmind_widgets"
RUN = "%segmind_run flux-dev prompt='a fox' --seed 4"  # 20 s / speed


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(speed=10, artist=quick) as running:
        yield running


@contextmanager
def _kernel(home: Path, sandbox: Sandbox) -> Iterator[tuple[KernelManager, BlockingKernelClient]]:
    """A kernel, with its client."""
    home.mkdir(exist_ok=True)
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(env=environment(home, sandbox), cwd=str(home))
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        client.execute_interactive(LOAD, timeout=60)
        yield manager, client
    finally:
        client.stop_channels()
        if manager.has_kernel:
            manager.shutdown_kernel(now=True)


def _kill(manager: KernelManager) -> None:
    """SIGKILL: the process can do nothing any more."""
    assert manager.provisioner is not None
    process = psutil.Process(manager.provisioner.pid)
    os.kill(process.pid, signal.SIGKILL)
    manager.shutdown_kernel(now=True)


@pytest.mark.parametrize("seen", ["submit", "poll"])
def test_a_new_kernel_finishes_what_a_killed_one_started(
    sandbox: Sandbox, tmp_path: Path, seen: str
) -> None:
    """Killed right after the submit was answered, and during the first poll."""
    home = tmp_path / "home"
    sandbox.faults.add("GET /v2/.*", "silence")
    with _kernel(home, sandbox) as (manager, client):
        client.execute(RUN)
        known = _submitted(home)
        if seen == "poll":
            sandbox.wait_for(lambda log: log.requests("GET", f"/v2/requests/{known}"), 30)
        _kill(manager)
    sandbox.faults.clear()
    book = execute(notebook("%segmind_jobs --resume"), home, sandbox)
    (shown,) = book.cells[1].outputs
    assert "<img src=" in shown.data["text/html"]
    assert shown.data["text/plain"].startswith("completed · sandbox · flux-dev")
    assert known in shown.data["text/plain"]
    assert len(sandbox.requests("POST")) == len(sandbox.billed_posts) == 1
    with open_shell(home, sandbox) as shell:
        assert shell.run("%segmind_jobs --resume") is None, "nothing is left to resume"


def _submitted(home: Path) -> str:
    """The id of the newest job, once it is in the journal: the sandbox knows only what it sent."""
    pause = threading.Event()
    store = Store(home / "widgets")
    try:
        for _ in range(500):
            rows = store.jobs(1)
            if rows and rows[0]["id"]:
                return rows[0]["id"]
            pause.wait(0.02)
    finally:
        store.close()
    raise TimeoutError("No job was written down within 10 s.")


def test_killed_before_the_reply_is_found_again_and_never_sent_again(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    sandbox.faults.add("POST /v2/.*", "silence")
    with _kernel(tmp_path / "home", sandbox) as (manager, client):
        client.execute(RUN)
        sandbox.wait_for(lambda log: log.billed_posts, 30)
        _kill(manager)
    sandbox.faults.clear()
    with open_shell(tmp_path / "home", sandbox) as shell:
        job = shell.run("%segmind_jobs --resume")
        assert job.status is Status.COMPLETED
        assert job.image.size == (1600, 1200)
        assert sandbox.requests("GET", "/request-history")
    assert len(sandbox.requests("POST")) == 1


def test_a_download_that_was_cut_off_is_fetched_by_the_next_client(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    sandbox.faults.add("GET /outputs/.*", "cut", times=None)
    with open_shell(tmp_path, sandbox) as shell:
        job = shell.client.submit("fast-flux-schnell", {"prompt": "x"})
        sandbox.wait_for(lambda log: log.requests("GET", "/outputs/"), 20)
        known = job.id
    sandbox.faults.clear()
    with open_shell(tmp_path, sandbox) as shell:
        job = shell.client.resume(known)
        assert job.wait(20).status is Status.COMPLETED
        assert job.image.size == (1600, 1200)
    assert len(sandbox.billed_posts) == 1


def test_what_an_older_version_left_may_have_been_sent(sandbox: Sandbox, tmp_path: Path) -> None:
    """It wrote no owner, and made no mark: that there is none says nothing."""
    with open_shell(tmp_path, sandbox) as shell:
        client = shell.client
        known = client.run("fast-flux-schnell", {"prompt": "x"}, api="v1").id
        row = client.session.store.job(known)
        client.session.store.update(row["key"], id=None, status="submitting", outputs=[], sent=None)
        job = client.resume(row["key"]).wait(30)
        assert (job.status, job.id) == (Status.COMPLETED, known)
    assert len(sandbox.requests("POST")) == 1


def test_a_file_that_was_deleted_is_fetched_again(sandbox: Sandbox, tmp_path: Path) -> None:
    with open_shell(tmp_path, sandbox) as shell:
        job = shell.client.run("fast-flux-schnell", {"prompt": "x"})
        known, path = job.id, job.outputs[0].path
    path.unlink()
    with open_shell(tmp_path, sandbox) as shell:
        assert shell.client.job(known).outputs == ()
        job = shell.client.resume(known)
        assert job.wait(20).status is Status.COMPLETED
        assert job.outputs[0].path == path
        assert job.image.size == (1600, 1200)
    assert len(sandbox.requests("POST")) == 1


def test_the_job_in_a_variable_is_the_one_that_is_resumed(sandbox: Sandbox, tmp_path: Path) -> None:
    """With its --save, which another Job of the same row would not know of."""
    sandbox.faults.add("GET /outputs/.*", 404, times=None)
    with open_shell(tmp_path, sandbox) as shell:
        with pytest.raises(errors.DownloadError):
            shell.run(f"%segmind_run fast-flux-schnell prompt=x -o fox --save {tmp_path / 'own'}")
        fox = shell.names["fox"]
        assert (fox.outputs, fox.watching) == ((), False)
        sandbox.faults.clear()
        assert shell.run("%segmind_jobs --resume") is fox
        assert (fox.status, fox.error, fox.message) == (Status.COMPLETED, None, "")
        assert fox.image.size == (1600, 1200)
        assert len(list((tmp_path / "own").iterdir())) == 1
        fox.outputs[0].path.unlink()
        assert shell.client.resume(fox.id) is fox
        assert fox.wait(20).image.size == (1600, 1200)
        assert fox.outputs[0].path.exists()
    assert len(sandbox.billed_posts) == 1


@pytest.mark.parametrize(
    ("sent", "owner", "said"),
    [
        (True, "1-dead", "may be running and billed"),
        (False, "1-dead", "nothing was billed"),
        (False, None, "it continues"),  # on a disk without locks its kernel may live
    ],
)
def test_a_request_without_an_answer_says_what_is_known_of_it(
    sandbox: Sandbox, tmp_path: Path, owner: str | None, said: str, *, sent: bool
) -> None:
    with open_shell(tmp_path, sandbox) as shell:
        store = shell.client.session.store
        key = store.add(
            provider="segmind", place=sandbox.url("segmind"), sandbox=False, kind="model",
            target="fast-flux-schnell", inputs={"prompt": "x"}, status="submitting",
            owner=owner, sent="2026-11-21T10:00:00.000+00:00" if sent else None,
        )  # fmt: skip
        job = shell.client.job(key)
        assert said in str(job.error)
        assert f"%segmind_jobs --resume {key}" in job.error.hint


def test_a_deleted_file_of_a_sandbox_that_is_gone_is_gone(tmp_path: Path) -> None:
    with Sandbox(speed=500, artist=quick) as gone, open_shell(tmp_path, gone) as shell:
        job = shell.client.run("fast-flux-schnell", {"prompt": "x"})
        job.outputs[0].path.unlink()
        known = job.id
    with open_shell(tmp_path) as shell:
        job = shell.client.resume(known)
        assert (job.status, job.outputs) == (Status.COMPLETED, ())
        assert "ran on a sandbox that no longer exists" in job.note
        assert "--resume" not in job.note
        assert shell.client.job(known).status is Status.COMPLETED, "and the row stays as it was"


def test_a_job_of_a_sandbox_that_is_gone_says_so(tmp_path: Path) -> None:
    with Sandbox(speed=0.1, artist=quick) as gone, open_shell(tmp_path, gone) as shell:
        job = shell.client.submit("fast-flux-schnell", {"prompt": "x"})
        known = _submitted(tmp_path)
        job.stop()
    with open_shell(tmp_path) as shell:
        with pytest.raises(errors.NotFound, match="sandbox that no longer exists"):
            shell.client.resume(known)
        (job,) = shell.client.jobs()
        assert job.status is Status.UNKNOWN


def test_a_job_at_another_address_waits_for_its_address(sandbox: Sandbox, tmp_path: Path) -> None:
    """The row is not touched: it may be worth money."""
    with open_shell(tmp_path, sandbox) as shell:
        endpoint = "https://elsewhere.example"
        key = shell.client.session.store.add(
            provider="segmind",
            place=endpoint,
            sandbox=False,
            kind="model",
            target="flux-dev",
            inputs={"prompt": "x"},
            status="processing",
            next=Call("GET", f"{endpoint}/v2/requests/1/status").to_dict(),
        )
        with pytest.raises(errors.NotFound, match=r"runs at https://elsewhere\.example"):
            SegmindClient.instance().resume(key)
        assert not Status(shell.client.session.store.job(key)["status"]).final
