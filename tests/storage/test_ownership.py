"""Two kernels, one store: one of them follows a job, the other is told so."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from segmind_widgets import errors
from segmind_widgets.client import SegmindClient
from segmind_widgets.sandbox import Sandbox
from segmind_widgets.storage.locks import KernelLock
from segmind_widgets.storage.ownership import JobOwnership
from segmind_widgets.storage.store import Store
from segmind_widgets.types import Status
from tests.shells import environment, open_shell, quick

HOLD = """
import sys
from pathlib import Path
from segmind_widgets.storage.locks import KernelLock
kernel = KernelLock(Path(sys.argv[1]))
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
    mine = KernelLock(tmp_path)
    assert not mine.alive(None)
    assert not mine.alive("nobody")
    assert mine.alive(mine.id)
    with process(HOLD, str(tmp_path)) as (run, name):
        assert name != mine.id
        assert mine.alive(name)
        assert KernelLock(tmp_path).alive(mine.id)
        run.kill()  # SIGKILL: nothing is tidied up
        run.wait(20)
        assert (tmp_path / "kernels" / f"{name}.lock").exists()
        assert not mine.alive(name)
    assert [path.stem for path in (tmp_path / "kernels").iterdir()] == [mine.id]
    mine.close()
    assert not list((tmp_path / "kernels").iterdir())


def test_where_no_lock_can_be_there_are_no_owners(tmp_path: Path) -> None:
    (tmp_path / "kernels").write_text("no folder")
    kernel = KernelLock(tmp_path)
    assert kernel.id is None
    kernel.close()


def test_of_many_kernels_one_gets_the_job(tmp_path: Path) -> None:
    stores = [Store(tmp_path) for _ in range(8)]
    key = stores[0].add(
        provider="segmind", place="https://a", sandbox=False, kind="model", target="m",
        inputs={}, status="queued", owner="killed",
    )  # fmt: skip
    row = stores[0].job(key)
    ownership = [JobOwnership(store) for store in stores]
    ready, got, refused = threading.Barrier(8), [], []

    def resume(one: JobOwnership) -> None:
        ready.wait(10)
        try:
            got.append(one.take(row)["owner"])
        except errors.StillRunning as error:
            refused.append(error)

    threads = [threading.Thread(target=resume, args=(one,)) for one in ownership]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert (len(got), len(refused)) == (1, 7)
    assert stores[3].job(key)["owner"] == got[0]
    assert "watched by another kernel" in str(refused[0])
    for one, store in zip(ownership, stores, strict=True):
        one.close()
        store.close()


@pytest.mark.parametrize("reader", ["the owner", "another kernel"])
@pytest.mark.parametrize(("left_to", "is_taken"), [("nobody", True), ("a third kernel", False)])
def test_the_owner_changes_between_reading_and_claiming(
    tmp_path: Path, reader: str, left_to: str, is_taken: bool
) -> None:
    """A stopped run gives its job back from its own thread, at any moment of a resume."""
    stores = [Store(tmp_path) for _ in range(3)]
    owner, other, third = kernels = [JobOwnership(store) for store in stores]
    key = stores[0].add(
        provider="segmind", place="https://a", sandbox=False, kind="model", target="m",
        inputs={}, status="queued", owner=owner.owner if reader == "the owner" else "killed",
    )  # fmt: skip
    one = owner if reader == "the owner" else other
    row = stores[0].job(key)
    stores[0].update(key, owner=None if left_to == "nobody" else third.owner)
    if is_taken:
        assert one.take(row)["owner"] == one.owner
        assert stores[2].job(key)["owner"] == one.owner
    else:
        with pytest.raises(errors.StillRunning, match="another kernel"):
            one.take(row)
        assert stores[2].job(key)["owner"] == third.owner
    for kernel, store in zip(kernels, stores, strict=True):
        kernel.close()
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
        assert "watched by another kernel" in str(job.error)
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
            if other.session.store.job(job.id)["owner"] is None:
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


def test_threads_that_begin_at_once_have_one_owner(tmp_path: Path) -> None:
    kernel, ready, got = KernelLock(tmp_path), threading.Barrier(8), []

    def ask() -> None:
        ready.wait(10)
        got.append(kernel.id)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert set(got) == {kernel.id}
    assert kernel.id is not None
    kernel.close()


@pytest.mark.parametrize(
    ("held", "kind", "target"),
    [
        ("POST /workflows/.*", "workflow", "65c9c7f641c340d7ef2f7134-v1"),
        ("POST /v1/.*", "model", "fast-flux-schnell"),
        ("GET /outputs/.*", "model", "fast-flux-schnell"),
    ],
)
def test_what_was_stopped_while_a_call_was_on_its_way_goes_on(
    sandbox: Sandbox, tmp_path: Path, held: str, kind: Any, target: str
) -> None:
    """Its reply may tell the id, or be the picture: nobody else could learn it."""
    api = {"api": "v1"} if "v1" in held else {}
    sandbox.faults.add(held, "slow_drip", seconds=1.5)
    method, _, path = held.removesuffix(".*").partition(" ")
    with open_shell(tmp_path, sandbox) as shell:
        job = shell.client.submit(target, {"prompt": "a fox"}, kind=kind, **api)
        sandbox.wait_for(lambda log: log.requests(method, path), 20)
        job.stop()
        assert job.done
        resumed = shell.client.resume(job.id)
        assert resumed is job
        assert not job.done
        assert job.error is None
        assert job.wait(20).status is Status.COMPLETED
        assert job.outputs
        assert job.error is None
        assert shell.client.jobs() == [job]
    assert len(sandbox.requests("POST")) == 1
    assert len(sandbox.requests("GET", "/outputs/")) <= 1


def test_what_was_stopped_before_it_was_sent_is_never_sent(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    with open_shell(tmp_path, sandbox) as shell:
        shell.client.rate_limit = 1
        first, second = (
            shell.client.submit("fast-flux-schnell", {"prompt": prompt}, api="v1")
            for prompt in "ab"
        )
        sandbox.wait_for(lambda log: log.billed_posts, 20)
        second.stop()
        over = threading.Event()
        second.observe(lambda _: over.set(), "status")
        assert second.status is Status.CANCELLED or over.wait(20)
        assert "was never sent" in str(second.error)
        assert "Nothing was billed" in str(second.error)
        assert shell.client.session.store.job(second.id)["owner"] is None
        assert shell.client.resume(second.id).status is Status.CANCELLED
        first.wait(20)
        assert not any(shell.client.session_spend(sandbox=play).in_flight for play in (False, True))
    assert len(sandbox.requests("POST")) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_process_is_a_kernel_of_its_own(sandbox: Sandbox, tmp_path: Path) -> None:
    """As multiprocessing makes it: without our threads, and with its parent's open files."""
    code = """
import os, sys
from segmind_widgets.client import SegmindClient
client = SegmindClient.instance()
client.run("fast-flux-schnell", {"prompt": "parent"})
child = os.fork()
if not child:
    job = client.submit("fast-flux-schnell", {"prompt": "child"})
    os._exit(0 if job.wait(20).status == "completed" and len(client.jobs()) == 2 else 1)
code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
client.run("fast-flux-schnell", {"prompt": "parent again"})
problem = client.session.store.problem
print(code, [job.inputs["prompt"] for job in client.jobs()], problem, flush=True)
"""
    with process(code, env=environment(tmp_path, sandbox)) as (_, said):
        assert said == "0 ['parent again', 'child', 'parent']"
    assert len(sandbox.billed_posts) == 3
