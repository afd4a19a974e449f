"""A batch that is started in several threads or kernels at once is one batch: paid once."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from segmind_widgets import errors
from segmind_widgets.batches.batch import Batch
from segmind_widgets.batches.registry import BatchRegistry
from segmind_widgets.client import SegmindClient
from segmind_widgets.sandbox import Sandbox
from segmind_widgets.storage.batch_rows import BatchRows
from tests.handover import PATIENCE, Handover, Task, meet
from tests.shells import quick
from tests.test_session import in_threads

FAST = "fast-flux-schnell"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(speed=500, artist=quick) as running:
        yield running


@pytest.fixture(params=[None, 1e-6], ids=["as always", "threads take turns often"])
def _turns(request: pytest.FixtureRequest) -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(request.param or before)
    yield
    sys.setswitchinterval(before)


def prompts(count: int) -> list[dict[str, Any]]:
    return [{"prompt": str(number), "seed": number} for number in range(count)]


def posts(sandbox: Sandbox) -> Counter[str]:
    return Counter(r.json["prompt"] for r in sandbox.requests("POST", "/v"))


def once(count: int) -> Counter[str]:
    return Counter(str(number) for number in range(count))


@pytest.mark.parametrize("name", [None, "foxes"])
def test_the_same_batch_from_two_threads_is_one(
    client: SegmindClient, sandbox: Sandbox, name: str | None
) -> None:
    """The second begins after the first has looked, and before it has begun."""
    sandbox.faults.add("GET /v2/.*", "silence", times=None)

    def start() -> Batch:
        return client.map(FAST, prompts(4), name=name)

    found = meet(Handover(BatchRegistry._running), start, start)
    sandbox.faults.clear()
    batches = [one for one in found if isinstance(one, Batch)]
    for batch in batches:
        assert batch.wait(30).done == 4
    assert len({id(batch) for batch in batches}) == 1
    if name:  # its rows may be others
        assert [type(one) for one in found if one not in batches] in ([], [errors.StillRunning])
    assert posts(sandbox) == once(4)
    assert len(sandbox.billed_posts) == 4


@pytest.mark.usefixtures("_turns")
def test_the_same_batch_from_many_threads_is_one(client: SegmindClient, sandbox: Sandbox) -> None:
    for count in (3, 5):
        found = in_threads(lambda count=count: client.map(FAST, prompts(count)))
        for batch in found:
            assert batch.wait(30).done == count
    assert posts(sandbox) == once(3) + once(5)


RETRIES = {
    "two retries": ("retry", BatchRows.open, "retry"),
    "a retry, then a start": ("retry", BatchRows.open, "start"),
    "a start, then a retry": ("start", BatchRegistry._running, "retry"),
}


@pytest.mark.parametrize("case", RETRIES)
def test_failures_are_tried_again_once(client: SegmindClient, sandbox: Sandbox, case: str) -> None:
    """Both have seen that nothing runs, and both feeders that a row has no job."""
    sandbox.faults.add("POST /v2/.*", "job_failed", times=2)
    batch = client.map(FAST, prompts(3), name="foxes").wait(30)
    assert batch.failed == 2
    first, check, second = RETRIES[case]
    works = {
        "retry": batch.failures.retry,
        "start": lambda: client.map(FAST, prompts(3), name="foxes"),
    }
    looked, taken = Handover(check), Handover(BatchRows.take)
    with taken.in_new_threads():
        tasks = [Task(works[first], looked)]
        looked.wait()
        tasks.append(Task(works[second]))
        tasks[1].join(PATIENCE)
        looked.go()
        found = [task.value() for task in tasks]
        taken.wait()
        Task(lambda: [one.wait(30) for one in found]).join(PATIENCE)
        taken.go()
    for one in found:
        if not isinstance(one, errors.StillRunning):
            one.wait(30)
    assert sum(posts(sandbox).values()) == 5
    assert client.map(FAST, prompts(3), name="foxes").wait(30).reused == 3


def test_where_the_disk_has_no_locks_the_journal_lets_one_run_send_a_row(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two kernels that cannot see each other: both have looked for the row, and neither has it."""
    for name, value in sandbox.environ.items():
        monkeypatch.setenv(name, value)
    home = tmp_path / "home without locks"
    home.mkdir()
    (home / "kernels").write_text("no folder")
    clients = [SegmindClient(home=str(home)) for _ in range(2)]
    moment = Handover(BatchRows.take)
    with moment.in_new_threads():
        first = clients[0].map(FAST, prompts(1))
        moment.wait()
    second = clients[1].map(FAST, prompts(1)).wait(30)
    moment.go()
    first.wait(30)
    assert (second.done, first.done, first.failed) == (1, 0, 1)
    assert len(sandbox.billed_posts) == 1
    assert clients[0].map(FAST, prompts(1)).wait(30).reused == 1
    for client in clients:
        client.close()
