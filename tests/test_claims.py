"""Two kernels, one store: one of them follows a job, the other is told so."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from segmind_widgets import errors
from segmind_widgets.claims import Claims
from segmind_widgets.client import SegmindClient
from segmind_widgets.kernels import Kernel
from segmind_widgets.sandbox import Sandbox
from segmind_widgets.store import Store
from segmind_widgets.types import Status
from tests.shells import environment, open_shell, quick

HOLD = """
import sys
from pathlib import Path
from segmind_widgets.kernels import Kernel
kernel = Kernel(Path(sys.argv[1]))
print(kernel.id, flush=True)
sys.stdin.read()
"""
FOLLOW = """
import sys
from segmind_widgets.client import SegmindClient
job = SegmindClient.instance().submit("flux-dev", {"prompt": "a fox"})
print(job.id, flush=True)
sys.stdin.read()
"""


@contextmanager
def process(code: str, *args: str, **more: object) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A Python process, and the first line that it says."""
    run = subprocess.Popen(
        [sys.executable, "-c", code, *args], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        text=True, **more,  # type: ignore[call-overload]
    )  # fmt: skip
    try:
        yield run, run.stdout.readline().strip()
    finally:
        run.kill()
        run.communicate(timeout=20)


def test_a_kernel_lives_as_long_as_its_process(tmp_path: Path) -> None:
    mine = Kernel(tmp_path)
    assert not mine.alive(None)
    assert not mine.alive("nobody")
    assert mine.alive(mine.id)
    with process(HOLD, str(tmp_path)) as (run, name):
        assert name != mine.id
        assert mine.alive(name)
        assert Kernel(tmp_path).alive(mine.id)
        run.kill()  # SIGKILL: nothing is tidied up
        run.wait(20)
        assert (tmp_path / "kernels" / f"{name}.lock").exists()
        assert not mine.alive(name)
    assert [path.stem for path in (tmp_path / "kernels").iterdir()] == [mine.id]
    mine.close()
    assert not list((tmp_path / "kernels").iterdir())


def test_where_no_lock_can_be_there_are_no_owners(tmp_path: Path) -> None:
    (tmp_path / "kernels").write_text("no folder")
    kernel = Kernel(tmp_path)
    assert kernel.id is None
    kernel.close()


def test_of_many_kernels_one_gets_the_job(tmp_path: Path) -> None:
    stores = [Store(tmp_path) for _ in range(8)]
    key = stores[0].add(
        provider="segmind", place="https://a", sandbox=False, kind="model", target="m",
        inputs={}, status="queued", owner="killed",
    )  # fmt: skip
    row = stores[0].job(key)
    claims = [Claims(store) for store in stores]
    ready, got, refused = threading.Barrier(8), [], []

    def resume(one: Claims) -> None:
        ready.wait(10)
        try:
            got.append(one.take(row)["owner"])
        except errors.StillRunning as error:
            refused.append(error)

    threads = [threading.Thread(target=resume, args=(one,)) for one in claims]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert (len(got), len(refused)) == (1, 7)
    assert stores[3].job(key)["owner"] == got[0]
    assert "another kernel follows it" in str(refused[0])
    for one, store in zip(claims, stores, strict=True):
        one.close()
        store.close()


@pytest.fixture
def slow() -> Iterator[Sandbox]:
    with Sandbox(speed=4, artist=quick) as running:  # flux-dev takes about 5 s
        yield running


def test_a_job_that_another_kernel_follows_is_shown_and_left_alone(
    slow: Sandbox, tmp_path: Path
) -> None:
    slow.faults.add("GET /v2/.*", "silence", times=None)
    home = environment(tmp_path, slow)
    with open_shell(tmp_path, slow) as shell, process(FOLLOW, env=home) as (run, key):
        slow.wait_for(lambda log: log.requests("GET", "/v2/requests/"), 20)
        [job] = shell.client.jobs()
        assert job.status is Status.QUEUED
        assert "another kernel follows it" in str(job.error)
        with pytest.raises(errors.StillRunning, match="another kernel"):
            shell.client.resume(key)
        [refused] = shell.client.resume_all()
        assert isinstance(refused.error, errors.StillRunning)
        asked = len(slow.requests("GET"))
        run.kill()
        run.wait(20)
        slow.faults.clear()
        job = shell.client.resume(key)  # at once
        assert job.wait(30).status is Status.COMPLETED
        assert job.error is None
        assert len(slow.requests("GET")) > asked
    assert len(slow.requests("POST")) == 1


def test_a_job_that_was_let_go_is_anybodys(slow: Sandbox, tmp_path: Path) -> None:
    with open_shell(tmp_path, slow) as shell:
        job = shell.client.submit("flux-dev", {"prompt": "a fox"})
        slow.wait_for(lambda log: log.requests("GET", "/v2/requests/"), 20)
        other = SegmindClient(home=shell.client.home)
        with pytest.raises(errors.StillRunning, match="another kernel"):
            other.resume(job.id)
        job.stop()
        free = threading.Event()
        for _ in range(200):
            if other.store.job(job.id)["owner"] is None:
                break
            free.wait(0.05)
        resumed = other.resume(job.id)
        assert resumed.wait(30).status is Status.COMPLETED
        other.close()
    assert len(slow.requests("POST")) == 1


def test_two_resumes_in_one_kernel_are_one_job(slow: Sandbox, tmp_path: Path) -> None:
    with open_shell(tmp_path, slow) as shell:
        job = shell.client.submit("flux-dev", {"prompt": "a fox"})
        slow.wait_for(lambda log: log.requests("GET", "/v2/requests/"), 20)
        known = job.id
        job.stop()
        ready, got = threading.Barrier(4), []

        def resume() -> None:
            ready.wait(10)
            got.append(shell.client.resume(known))

        threads = [threading.Thread(target=resume) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert len(got) == 4
        assert len(set(map(id, got))) == 1
        assert got[0].wait(30).status is Status.COMPLETED
