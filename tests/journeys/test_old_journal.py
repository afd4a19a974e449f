"""A journal written by an earlier commit is opened, and its jobs are resumed.

`tests/storage/journals/0681d7f.sqlite` was written once by the code of commit 0681d7f: a finished
job, a batch of two rows, three jobs that were queued when the kernel ended (v2, workflow, APIMart),
and one that was never sent.
"""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest
import requests

from segmind_widgets import errors
from segmind_widgets.client import SegmindClient
from segmind_widgets.sandbox import Sandbox
from segmind_widgets.types import Status

WRITTEN = Path(__file__).parents[1] / "storage" / "journals" / "0681d7f.sqlite"
MODEL = "fd71c50f-44af-404d-83f0-ac1d75a0f11a"
WORKFLOW = "87fe9991-a8f3-4129-964b-658dba33471b"
TASK = "task_DK827330W8E6ZMG7ZYV4X1N0NF"


def post(sandbox: Sandbox, service: str, path: str, body: dict[str, str]) -> dict[str, str]:
    key = sandbox.environ[f"{service.upper()}_API_KEY"]
    headers = {"x-api-key": key, "Authorization": f"Bearer {key}"}
    if service == "segmind":
        del headers["Authorization"]
    reply = requests.post(sandbox.url(service) + path, json=body, headers=headers, timeout=10)
    reply.raise_for_status()
    return reply.json()


@pytest.fixture
def home(tmp_path: Path, sandbox: Sandbox) -> Path:
    """The journal, with the addresses and ids of jobs that this sandbox runs."""
    path = tmp_path / "store" / "journal.sqlite"
    path.parent.mkdir()
    shutil.copyfile(WRITTEN, path)
    model = post(sandbox, "segmind", "/v2/fast-flux-schnell", {"prompt": "a queued job"})
    workflow = post(
        sandbox, "segmind", "/workflows/65c9c7f641c340d7ef2f7134-v1", {"product_prompt": "a shoe"}
    )
    task = post(
        sandbox,
        "apimart",
        "/v1/images/generations",
        {"model": "gemini-3-pro-image-preview", "prompt": "a task"},
    )
    changes = {
        "http://127.0.0.1:48100": sandbox.url("segmind"),
        "http://127.0.0.1:48101": sandbox.url("apimart"),
        MODEL: model["request_id"],
        WORKFLOW: workflow["request_id"],
        TASK: task["data"][0]["task_id"],  # type: ignore[index]
    }
    with sqlite3.connect(path) as db:
        for before, after in changes.items():
            db.execute(
                "UPDATE jobs SET id = replace(id, ?1, ?2), place = replace(place, ?1, ?2),"
                " next = replace(next, ?1, ?2)",
                (before, after),
            )
    db.close()
    return path.parent


def test_a_journal_of_0681d7f_is_opened_and_its_jobs_are_resumed(
    home: Path, client: SegmindClient, sandbox: Sandbox
) -> None:
    assert client.session.store.home == home
    assert client.session.store.problem == ""
    assert client.count() == 7
    jobs = {
        (job.model, job.inputs["prompt"]): job for job in client.jobs() if "prompt" in job.inputs
    }
    assert jobs["fast-flux-schnell", "a finished job"].status is Status.COMPLETED
    rows = [{"prompt": "row 0"}, {"prompt": "row 1"}]
    assert client.plan_map("fast-flux-schnell", rows, name="old").done == 2
    posts = len(sandbox.billed_posts)
    resumed = client.resume_all()
    assert len(resumed) == 4
    for job in resumed:
        if job.inputs.get("prompt") == "never sent":
            assert isinstance(job.error, errors.JobCancelled)
            continue
        assert job.wait(30).status is Status.COMPLETED, job.error
        assert job.image.size == (1600, 1200)
    assert len(sandbox.billed_posts) == posts
