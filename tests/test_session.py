"""A session makes each of its parts once, in however many threads; closed, it begins anew."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest
import requests

from segmind_widgets import errors
from segmind_widgets.client import SegmindClient
from segmind_widgets.sandbox import Sandbox
from segmind_widgets.session import Session
from segmind_widgets.session_parts import OnFirstUse, SessionParts
from tests.handover import Handover, meet

THREADS = 8
PARTS = [
    name
    for kind in (SessionParts, Session)
    for name, value in vars(kind).items()
    if isinstance(value, OnFirstUse)
]


@pytest.fixture(autouse=True)
def _threads_take_turns_often() -> Any:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def in_threads(work: Callable[[], Any]) -> list[Any]:
    """The values, or the errors, of `work` in threads that begin at the same moment."""
    barrier, found = threading.Barrier(THREADS), []

    def run() -> None:
        barrier.wait()
        try:
            found.append(work())
        except errors.SegmindError as error:
            found.append(error)

    threads = [threading.Thread(target=run) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(found) == THREADS
    return found


def test_the_parts_are_these() -> None:
    assert set(PARTS) == {
        "keys", "store", "endpoints", "directory", "uploads", "thumbnails", "jobs", "budget",
        "deletions", "workflows",
    }  # fmt: skip


@pytest.mark.parametrize("part", PARTS)
def test_a_part_is_made_once(client: SegmindClient, part: str) -> None:
    session = client.session
    for _ in range(5):
        assert len({id(value) for value in in_threads(lambda: getattr(session, part))}) == 1
        session.close()


def test_an_endpoint_and_a_registry_of_batches_are_made_once(client: SegmindClient) -> None:
    choose = client.session.endpoints.choose
    assert len({id(endpoint.transport) for endpoint in in_threads(choose)}) == 1
    assert len({id(value) for value in in_threads(lambda: client.batches)}) == 1


def test_threads_over_a_session_without_a_key_start_one_sandbox(tmp_path: Any) -> None:
    client = SegmindClient(home=str(tmp_path))
    try:
        endpoints = in_threads(lambda: client.session.endpoints.choose())
        assert len({endpoint.address for endpoint in endpoints}) == 1
    finally:
        client.close()


def test_a_budget_for_one_job_lets_one_job_pass(client: SegmindClient, sandbox: Sandbox) -> None:
    client.budget = 0.006  # a run costs 0.0055
    found = in_threads(lambda: client.submit("fast-flux-schnell", {"prompt": "x"}))
    refused = [one for one in found if isinstance(one, errors.LimitError)]
    for job in found:
        if not isinstance(job, errors.SegmindError):
            job.wait(20)
    assert len(refused) == THREADS - 1
    assert len(sandbox.billed_posts) == 1


def test_a_kernel_has_one_client(client: SegmindClient) -> None:
    """Two would have a budget each."""
    SegmindClient.clear_instance()
    found = meet(Handover(SegmindClient.__init__), SegmindClient.instance, SegmindClient.instance)
    assert found[0] is found[1] is SegmindClient.instance()
    client.close()


FRESH = """
import sys, threading
sys.setswitchinterval(1e-6)
from segmind_widgets import SegmindClient, errors
client = SegmindClient(budget=0.006)
barrier, jobs = threading.Barrier(8), []
def run():
    barrier.wait()
    try:
        jobs.append(client.submit("fast-flux-schnell", {"prompt": "x"}))
    except errors.LimitError:
        pass
threads = [threading.Thread(target=run) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
for job in jobs: job.wait(20)
client.close()
print(len(jobs))
"""


@pytest.mark.parametrize("number", range(3))
def test_a_fresh_process_bills_once(
    client: SegmindClient, sandbox: Sandbox, tmp_path: Any, number: int
) -> None:
    """All imports and parts are still to be made when the threads meet."""
    del client, number  # its environment is the sandbox's
    done = subprocess.run(
        [sys.executable, "-c", FRESH], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "1\n"
    assert len(sandbox.billed_posts) == 1


def test_a_closed_session_begins_anew(client: SegmindClient) -> None:
    session = client.session
    parts = {name: getattr(session, name) for name in PARTS}
    session.close()
    for name, value in parts.items():
        assert (getattr(session, name) is value) == (name == "keys"), name
    client.run("fast-flux-schnell", {"prompt": "after the end"})
    assert client.count() == 1


def test_the_end_stops_the_sandbox_the_watching_and_the_journal(tmp_path: Any) -> None:
    client = SegmindClient(home=str(tmp_path), sandbox_speed=0.1)
    job = client.submit("fast-flux-schnell", {"prompt": "x"})
    address = client.session.endpoints.choose().address
    assert requests.get(f"{address}/llms.txt", timeout=5).ok
    store = client.session.store
    client.close()
    assert not job.watching
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{address}/llms.txt", timeout=5)
    with pytest.raises(errors.StoreError):
        store.count()
