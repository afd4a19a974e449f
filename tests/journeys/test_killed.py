"""A kernel is killed, at every stage of a job; a new one finishes all that can be finished.

The kernels are Python processes; test_resume.py does the same with ipykernel and the magics.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from segmind_widgets.sandbox import Sandbox
from segmind_widgets.sandbox.http.log import Log
from segmind_widgets.storage.store import Store
from tests.shells import environment, quick

MODEL = "fast-flux-schnell"  # about 3 s / speed
WORKFLOW = "65c9c7f641c340d7ef2f7134-v1"

# what the killed kernel does; it tells each result, and lives until it is killed
START = """
import json, sys, threading
from segmind_widgets.client import SegmindClient
options = json.loads(sys.argv[1])
client = SegmindClient.instance()
client.rate_limit = options.pop("rate_limit", 0)
shown = options.pop("shown", True)
jobs = []
for number in range(options.pop("count", 1)):
    job = client.submit(options["model"], {"prompt": str(number)}, **options["how"])
    if not shown:  # the thread that tells of the result gets no further: it is never displayed
        job.observe(lambda _: print("told", flush=True) or threading.Event().wait(), "outputs")
    jobs.append(job)
threading.Event().wait()
"""
# what the next one does: everything that --resume and the table of jobs can do
RESUME = """
import json
from segmind_widgets.client import SegmindClient
client = SegmindClient.instance()
for job in client.resume_all():
    if job.error is None:
        job.wait(60)
print(json.dumps([
    {"id": job.id, "status": str(job.status), "error": job.error and str(job.error),
     "kind": type(job.error).__name__, "prompt": job.inputs["prompt"],
     "files": [str(asset.path) for asset in job.outputs]}
    for job in client.jobs(100)
]))
"""
RESUME_MINE = """
import json
from segmind_widgets.client import SegmindClient
client = SegmindClient.instance()
mine = []
client.observe(lambda change: mine.append(change["new"]), "newest")
client.resume_all()
print(json.dumps([job.wait(60).inputs["prompt"] for job in mine]))
"""
AGAIN = """
import json
from segmind_widgets.client import SegmindClient
client = SegmindClient.instance()
[job] = client.jobs(100, status="cancelled")
again = job.rerun().wait(60)
print(json.dumps([str(again.status), again.inputs["prompt"]]))
"""


@dataclass(frozen=True)
class Moment:
    """Where a job is held until its kernel is killed.

    Args:
        until: the kernel is killed once this is true of what the sandbox saw.
        fault: the request that is held in silence.
        repeats: how often the resume sends the submit again, with its Idempotency-Key.
    """

    until: Callable[[Log], Any]
    fault: str = ""
    model: str = MODEL
    how: dict[str, Any] | None = None
    status: str = "completed"
    speed: float = 2
    repeats: int = 0


STAGES = {
    "before the reply, v1": Moment(
        lambda log: log.billed_posts, "POST /v1/.*", how={"api": "v1"}
    ),
    "before the reply, v2": Moment(lambda log: log.billed_posts, "POST /v2/.*"),
    "before the reply, workflow": Moment(
        lambda log: log.billed_posts, "POST /workflows/.*", WORKFLOW, {"kind": "workflow"},
        status="unknown",
    ),
    "between polls": Moment(
        lambda log: len(log.requests("GET", "/status")) > 1, "GET .*/x", speed=0.2
    ),
    "during a poll": Moment(lambda log: log.requests("GET", "/status"), "GET /v2/.*/status"),
    "during the poll of a workflow": Moment(
        lambda log: log.requests("GET", "/workflows/"), "GET /workflows/.*", WORKFLOW,
        {"kind": "workflow"}, speed=50,
    ),
    "before the result": Moment(
        lambda log: [r for r in log.requests("GET", "/v2/requests/") if "/status" not in r.path],
        "GET /v2/requests/[^/]+",
    ),
    "before the reply, APIMart": Moment(
        lambda log: log.billed_posts, "POST /v1/images/.*", "gemini-3-pro-image-preview",
        {"provider": "apimart"}, repeats=1,
    ),
    "during the poll of a task": Moment(
        lambda log: log.requests("GET", "/v1/tasks/"), "GET /v1/tasks/.*",
        "gemini-3-pro-image-preview", {"provider": "apimart"}, speed=50,
    ),
    "during the download": Moment(lambda log: log.requests("GET", "/outputs/"), "GET /outputs/.*"),
}  # fmt: skip


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(speed=2, artist=quick) as running:
        yield running


class Kernel:
    """A process that starts jobs."""

    def __init__(self, home: Path, sandbox: Sandbox, model: str = MODEL, **options: Any) -> None:
        said = json.dumps({"model": model, "how": {}, **options})
        self._home = home
        self.process = subprocess.Popen(
            [sys.executable, "-c", START, said], env=environment(home, sandbox),
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def kill(self) -> None:
        """SIGKILL: nothing can be written down any more."""
        self.process.kill()
        self.process.communicate(timeout=20)

    def wait_for_rows(self, fits: Callable[[list[dict[str, Any]]], bool]) -> None:
        """Until the journal on disk is so."""
        pause = threading.Event()
        store = Store(self._home / "widgets")
        try:
            for _ in range(600):
                if fits(store.jobs(100)):
                    return
                pause.wait(0.05)
            raise TimeoutError(store.jobs(100))
        finally:
            store.close()


def python(code: str, home: Path, sandbox: Sandbox) -> Any:
    """What a new kernel says at its end."""
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(home, sandbox), capture_output=True,
        text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def posts(sandbox: Sandbox) -> list[str]:
    """The runs that were asked for."""
    return [record.json["prompt"] for record in sandbox.requests("POST")]


def whole(job: dict[str, Any]) -> bool:
    """All of its output is on disk."""
    return bool(job["files"]) and all(
        Path(file).read_bytes().endswith(b"IEND\xaeB`\x82") for file in job["files"]
    )


@pytest.mark.parametrize("name", STAGES)
def test_killed(name: str, tmp_path: Path) -> None:
    stage = STAGES[name]
    with Sandbox(speed=stage.speed, artist=quick) as sandbox:
        _killed(stage, sandbox, tmp_path)


def _killed(stage: Moment, sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.faults.add(stage.fault, "silence", times=None)
    kernel = Kernel(tmp_path, sandbox, stage.model, how=stage.how or {})
    try:
        sandbox.wait_for(stage.until, 30)
    finally:
        kernel.kill()
    sandbox.faults.clear()
    [job] = python(RESUME, tmp_path, sandbox)
    assert job["status"] == stage.status
    if stage.status == "completed":
        assert whole(job)
        assert job["error"] is None
    else:
        assert job["kind"] == "SubmitUnknown"
        assert "was being submitted; its id is unknown" in job["error"]
    assert len(posts(sandbox)) == 1 + stage.repeats
    assert len(sandbox.billed_posts) == 1
    assert python(RESUME, tmp_path, sandbox) == [job], "and stays so"


def test_killed_before_anything_was_sent(sandbox: Sandbox, tmp_path: Path) -> None:
    """The second job waits for the rate limit, and nothing of it has left the machine."""
    kernel = Kernel(tmp_path, sandbox, rate_limit=1, count=2)
    kernel.wait_for_rows(lambda rows: len(rows) == 2 and bool(rows[1]["id"]))
    kernel.kill()
    later, first = python(RESUME, tmp_path, sandbox)
    assert whole(first)
    assert posts(sandbox) == ["0"]
    assert (later["status"], later["kind"]) == ("cancelled", "JobCancelled")
    assert "was never sent" in later["error"]
    assert "Nothing was billed" in later["error"]
    assert python(AGAIN, tmp_path, sandbox) == ["completed", "1"]
    assert sorted(posts(sandbox)) == ["0", "1"]


def test_killed_between_download_and_display(sandbox: Sandbox, tmp_path: Path) -> None:
    kernel = Kernel(tmp_path, sandbox, shown=False)
    assert kernel.process.stdout
    assert kernel.process.stdout.readline() == "told\n"
    kernel.kill()
    asked = len(sandbox.requests())
    [job] = python(RESUME, tmp_path, sandbox)
    assert job["status"] == "completed"
    assert whole(job)
    assert len(sandbox.requests()) == asked, "from the disk alone"
    assert posts(sandbox) == ["0"]


@pytest.mark.parametrize("seen", [1, 7, 14, 24])
def test_killed_at_any_moment_of_many(seen: int, sandbox: Sandbox, tmp_path: Path) -> None:
    """Six jobs, and a kill after so many requests, whatever they were."""
    kernel = Kernel(tmp_path, sandbox, count=6)
    sandbox.wait_for(lambda log: len(log) >= seen, 30)
    kernel.kill()
    jobs = python(RESUME, tmp_path, sandbox)
    paid = [job for job in jobs if job["status"] == "completed"]
    assert all(map(whole, paid))
    assert sorted(job["prompt"] for job in paid) == sorted(posts(sandbox))
    assert len(sandbox.billed_posts) == len(paid)
    assert {job["status"] for job in jobs} <= {"completed", "cancelled"}


def test_of_three_kernels_that_resume_at_once_each_job_has_one(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    kernel = Kernel(tmp_path, sandbox, count=6)
    kernel.wait_for_rows(lambda rows: sum(bool(row["id"]) for row in rows) == 6)
    kernel.kill()
    got: list[str] = []
    threads = [
        threading.Thread(target=lambda: got.extend(python(RESUME_MINE, tmp_path, sandbox)))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert sorted(got) == list("012345"), "each followed by one, whoever is given it as finished"
    jobs = python(RESUME, tmp_path, sandbox)
    assert len(jobs) == 6
    assert all(map(whole, jobs))
    assert sorted(posts(sandbox)) == list("012345")
    assert len(sandbox.requests("GET", "/outputs/")) == 6


def test_a_result_whose_address_is_over_comes_from_the_disk(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    kernel = Kernel(tmp_path, sandbox)
    kernel.wait_for_rows(lambda rows: bool(rows) and rows[0]["status"] == "completed")
    kernel.kill()
    sandbox.faults.add("GET .*", "expired", times=None)
    [job] = python(RESUME, tmp_path, sandbox)
    assert whole(job)


def test_a_result_that_was_not_fetched_in_time_comes_by_the_history(tmp_path: Path) -> None:
    with Sandbox(speed=20, artist=quick, request_life=0.0) as sandbox:  # the record is gone at once
        sandbox.faults.add("GET /v2/.*", "silence")
        kernel = Kernel(tmp_path, sandbox)
        sandbox.wait_for(lambda log: log.requests("GET", "/v2/"), 30)
        kernel.kill()
        sandbox.faults.clear()
        [job] = python(RESUME, tmp_path, sandbox)
        assert job["status"] == "completed"
        assert whole(job)
        assert sandbox.requests("GET", "/request-history/")
        assert posts(sandbox) == ["0"]
