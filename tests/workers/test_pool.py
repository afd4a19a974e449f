"""Batches whose rows are run by workers of an executor: as a local run, and safe from any loss."""

from __future__ import annotations

import json
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import (
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
)
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from distributed import Client, LocalCluster

from segmind_widgets.batches.batch import Batch
from segmind_widgets.client import SegmindClient
from segmind_widgets.errors import InputError, KeyMissing, StoreError, WorkersLost
from segmind_widgets.jobs import submit_steps as runner_module
from segmind_widgets.network.rate_limit import RateLimit
from segmind_widgets.sandbox import Sandbox
from segmind_widgets.types import Status
from segmind_widgets.workers import tasks
from segmind_widgets.workers.pool import MAX_TRIES, Errands, slots
from tests.batches.test_batch import FAST, posts, prompts, tiny
from tests.shells import environment, picture

DRIVER = """
import json, os, sys, threading
from distributed import Client
from segmind_widgets.client import SegmindClient
options = json.loads(sys.argv[1])
with Client(options["scheduler"]) as dask:
    SegmindClient.instance().map(
        options["model"], options["rows"], name="killed", executor=dask.get_executor(),
        folder=options["folder"],
    )
    threading.Event().wait()
"""


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(speed=500, artist=tiny) as running:
        yield running


class Pool(Executor):
    """Threads that do what is sent as other machines would: pickled there, and pickled back.

    Args:
        lose: told the task and how many were there before; "before": its worker dies before it
            does anything, "after": with everything done but the answer.
    """

    def __init__(
        self, workers: int = 2, lose: Callable[[dict[str, Any], int], str] = lambda *_: ""
    ) -> None:
        self._max_workers = workers
        self._threads = ThreadPoolExecutor(workers)
        self._lose = lose
        self._lock = threading.Lock()
        self.sent: list[bytes] = []
        self.out = self.most = 0

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        packed = pickle.dumps((fn, args, kwargs))
        with self._lock:
            number = len(self.sent)
            self.sent.append(packed)
            self.out += 1
            self.most = max(self.most, self.out)
        future = self._threads.submit(self._work, packed, number)
        future.add_done_callback(lambda _: self._back())
        return future

    def _back(self) -> None:
        with self._lock:
            self.out -= 1

    def _work(self, packed: bytes, number: int) -> Any:
        fn, args, kwargs = pickle.loads(packed)
        fate = self._lose(args[0], number)
        if fate == "before":
            raise BrokenExecutor("a worker was lost")
        answer = pickle.dumps(fn(*args, **kwargs))
        if fate == "after":
            raise BrokenExecutor("a worker was lost")
        with self._lock:
            self.sent.append(answer)
        return pickle.loads(answer)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._threads.shutdown(wait, cancel_futures=cancel_futures)


def processes(count: int, **options: Any) -> ProcessPoolExecutor:
    """Real ones, of the environment as it is when the first task comes."""
    return ProcessPoolExecutor(count, multiprocessing.get_context("spawn"), **options)


def is_submit(task: dict[str, Any]) -> bool:
    return bool(task.get("call", {}).get("billed"))


def told(batch: Batch) -> list[tuple[Any, ...]]:
    """What a batch says of each row, without what no two runs have in common."""
    return [
        (job.inputs["prompt"], job.inputs.get("seed"), job.status, job.cost, job.seed, job.sandbox,
         [(a.media_type, a.image.tobytes()) for a in job.outputs])
        for job in batch.jobs
    ]  # fmt: skip


def ledger(client: SegmindClient, batch: Batch) -> list[tuple[Any, ...]]:
    rows = client.session.store.jobs(1000, batch=batch.name)
    names = ("row", "target", "kind", "inputs", "status", "cost", "estimate", "fingerprint", "seed")
    return sorted([tuple(str(row[name]) for name in names) for row in rows])


# as a local run


def same_as_local(client: SegmindClient, executor: Executor, **options: Any) -> Batch:
    local = client.map(FAST, prompts(10), name="local").wait(60)
    far = client.map(FAST, prompts(10), name="far", executor=executor, **options).wait(60)
    assert far.error is None
    assert (far.done, far.failed) == (10, 0)
    assert told(far) == told(local)
    assert ledger(client, far) == ledger(client, local)
    assert far.cost == pytest.approx(local.cost)
    assert [one.usd for one in client.spend("model")] == [pytest.approx(far.cost * 2)]
    return far


def test_threads_do_as_a_local_run(client: SegmindClient, tmp_path: Path) -> None:
    with Pool(3) as pool:
        far = same_as_local(client, pool, folder=tmp_path / "shared")
    files = [asset.path for asset in far.outputs]
    assert {path.parent for path in files if path} == {tmp_path / "shared" / "far"}
    assert [path.name[:6] for path in files if path] == [f"{n:06}" for n in range(10)]


def test_workers_leave_recipes_out_where_they_are_not_wanted(client: SegmindClient) -> None:
    for recipes in (True, False):
        client.recipes = recipes
        with Pool(1) as pool:
            batch = client.map(FAST, prompts(1), name=f"{recipes}", executor=pool).wait(60)
        assert (b"digitalsourcetype/algorithmicMedia" in batch.outputs[0].content) is recipes


def test_processes_do_as_a_local_run(client: SegmindClient, sandbox: Sandbox) -> None:
    with processes(2) as pool:
        same_as_local(client, pool)
    assert len(sandbox.billed_posts) == 20


@pytest.mark.parametrize("api", ["v1", "v2"])
def test_a_url_that_all_can_reach(client: SegmindClient, tmp_path: Path, api: Any) -> None:
    folder = f"file://{tmp_path}/bucket"
    with Pool(2) as pool:
        far = client.map(FAST, prompts(3), name="u", executor=pool, folder=folder, api=api).wait(30)
    assert far.done == 3
    assert all(asset.path and asset.path.is_file() for asset in far.outputs)
    assert [asset.image.size for asset in far.outputs] == [(32, 24)] * 3
    if api == "v2":
        kept = sorted(path.name[:6] for path in (tmp_path / "bucket" / "u").glob("*.png"))
        assert kept == ["000000", "000001", "000002"]


def test_v1_comes_through_the_folder(client: SegmindClient) -> None:
    with Pool(2) as pool:
        batch = client.map(FAST, prompts(3), name="one", executor=pool, api="v1").wait(30)
        assert batch.done == 3
        assert max(map(len, pool.sent)) < 4096, "no picture travels in a task or its answer"
    assert [job.seed for job in batch.jobs] == [0, 1, 2]


@pytest.mark.parametrize("api", ["v1", "v2"])
def test_no_key_is_in_a_task_an_answer_or_a_note(
    client: SegmindClient, sandbox: Sandbox, tmp_path: Path, api: Any
) -> None:
    rows = [{**row, "image": tmp_path / "in.png"} for row in prompts(3)]
    (tmp_path / "in.png").write_bytes(picture())
    with Pool(2) as pool:
        folder = tmp_path / "shared"
        batch = client.map(FAST, rows, executor=pool, folder=folder, api=api).wait(30)
        assert batch.done == 3
        sent = pool.sent
    files = [path.read_bytes() for path in (tmp_path / "shared").rglob("*") if path.is_file()]
    assert len(sent) >= 6
    assert len(files) >= 6
    for key in (sandbox.environ["SEGMIND_API_KEY"], sandbox.environ["APIMART_API_KEY"]):
        assert not any(key.encode() in data for data in [*sent, *files])


def test_a_file_that_rows_share_is_uploaded_once(
    client: SegmindClient, sandbox: Sandbox, tmp_path: Path
) -> None:
    (tmp_path / "in.png").write_bytes(picture())
    rows = [{**row, "image": tmp_path / "in.png"} for row in prompts(6)]
    with Pool(3) as pool:
        batch = client.map(FAST, rows, executor=pool).wait(30)
    assert batch.done == 6
    assert len(sandbox.requests("POST", "/upload-asset")) == 1
    urls = {record.json["image"] for record in sandbox.requests("POST", "/v2/")}
    assert [url.startswith("http") for url in urls] == [True]


def test_workers_get_the_key_of_a_kernels_own_sandbox_with_their_task_and_nothing_keeps_it() -> (
    None
):
    client = SegmindClient.instance()
    running = Sandbox(speed=500, artist=tiny).start()  # pictures take no time
    client.session.endpoints._sandbox = running
    with Pool(2) as pool:
        batch = client.map(FAST, prompts(2), provider="sandbox", executor=pool).wait(30)
        sent = pool.sent
    assert batch.done == 2
    keys = [running.environ[f"{name}_API_KEY"].encode() for name in ("SEGMIND", "APIMART")]
    assert all(keys[0] in task for task in sent if b"sandbox_key" in task)
    assert any(keys[0] in task for task in sent)
    files = [path for path in client.session.store.home.rglob("*") if path.is_file()]
    assert {"journal.sqlite", "journal.sqlite-wal"} <= {path.name for path in files}
    assert [path for path in files if any(key in path.read_bytes() for key in keys)] == []


# pace


def test_every_request_of_a_worker_takes_its_place_with_the_driver(
    client: SegmindClient, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[float] = []
    take = RateLimit.acquire

    def counted(limit: RateLimit, **options: Any) -> float:
        wait = take(limit, **options)
        if not wait:
            taken.append(wait)
        return wait

    monkeypatch.setattr(RateLimit, "acquire", counted)
    with Pool(3) as pool:
        assert client.map(FAST, prompts(6), executor=pool).wait(30).done == 6
    asked = sandbox.requests(path_contains="/v2/")
    assert len(taken) == len(asked) >= 12


def test_a_429_holds_all_back_and_is_sent_again(
    client: SegmindClient, sandbox: Sandbox, tmp_path: Path
) -> None:
    sandbox.faults.add("POST /v1/.*", 429, headers={"Retry-After": "0"})
    options: dict[str, Any] = {"name": "b", "folder": tmp_path, "api": "v1"}
    with Pool(1) as pool:
        batch = client.map(FAST, prompts(1), executor=pool, **options).wait(30)
    assert batch.done == 1
    assert (len(sandbox.requests("POST")), len(sandbox.billed_posts)) == (2, 1)
    notes = {path.name[-7:]: path for path in (tmp_path / "b" / "notes").glob("*-[0-9].json")}
    said = {name: json.loads(path.read_text())["status"] for name, path in notes.items()}
    assert said == {"-0.json": "refused", "-1.json": "sent"}
    assert client.session.endpoints.choose().transport.limit._state.rate, "the driver goes slower"


def test_a_lost_reply_is_asked_for_with_the_same_key_by_a_batch_run_again(
    client: SegmindClient, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner_module, "REPEAT_PAUSES", (0.0, 0.0, 0.0))
    sandbox.faults.add("POST /v1/images/generations", "late_504", times=4)
    options: dict[str, Any] = {"name": "b", "folder": tmp_path, "provider": "apimart"}
    for done in (0, 1):
        with Pool(1) as pool:
            rows = prompts(1)
            batch = client.map("gemini-3-pro-image-preview", rows, executor=pool, **options)
            assert batch.wait(30).done == done
        client.close()
    posts = sandbox.requests("POST")
    assert len({post.headers["idempotency-key"] for post in posts}) == 1
    assert (len(posts), len(sandbox.billed_posts)) == (5, 1)


def test_few_tasks_are_out_at_once_and_a_stream_stays_one(client: SegmindClient) -> None:
    read = []

    def rows() -> Iterator[dict[str, Any]]:
        for row in prompts(40):
            read.append(row)
            yield row

    with Pool(2) as pool:
        batch = client.map(FAST, rows(), executor=pool).wait(60)
        assert batch.done == len(read) == 40
        assert pool.most <= 4, "one short task and one long one a worker"


def test_how_many_workers_there_are() -> None:
    with Pool(3) as pool, ThreadPoolExecutor(5) as threads:
        assert (slots(pool), slots(threads), slots(Executor())) == (3, 5, 8)


@pytest.mark.parametrize("given", ["dask", ThreadPoolExecutor])
def test_what_is_no_executor_is_told(client: SegmindClient, sandbox: Sandbox, given: Any) -> None:
    with pytest.raises(InputError, match=r"must be a concurrent\.futures\.Executor"):
        client.map(FAST, prompts(2), executor=given)
    assert not sandbox.requests("POST")


# lost workers


@pytest.mark.parametrize("fate", ["before", "after"])
@pytest.mark.parametrize("stage", ["submit", "download"])
def test_a_lost_worker_costs_nothing(
    client: SegmindClient, sandbox: Sandbox, stage: str, fate: str
) -> None:
    lost: set[str] = set()

    def lose(task: dict[str, Any], _: int) -> str:
        kind = "submit" if is_submit(task) else "download"
        if kind != stage or task["key"] in lost:
            return ""
        lost.add(task["key"])
        return fate

    with Pool(2, lose) as pool:
        api: Any = "v1" if stage == "submit" else "v2"
        batch = client.map(FAST, prompts(4), executor=pool, api=api).wait(30)
    assert len(lost) == 4
    assert (batch.done, batch.error) == (4, None)
    assert posts(sandbox) == Counter({"0": 1, "1": 1, "2": 1, "3": 1})
    assert len(sandbox.billed_posts) == 4


def test_where_no_worker_is_left_the_driver_ends_what_was_begun(
    client: SegmindClient, sandbox: Sandbox
) -> None:
    with Pool(2, lambda task, number: "" if number < 3 else "before") as pool:
        batch = client.map(FAST, prompts(300), executor=pool, api="v1").wait(60)
    assert isinstance(batch.error, WorkersLost)
    assert batch.message.count("finished rows are not repeated") == 1
    begun = len(sandbox.billed_posts)
    assert batch.done == begun >= 1
    with Pool(2) as pool:
        rows = prompts(300)[:12]
        again = client.map(FAST, rows, name=batch.name, executor=pool, api="v1").wait(60)
    assert again.done == 12
    assert set(posts(sandbox).values()) == {1}


def test_a_task_that_comes_late_is_not_sent_twice(
    client: SegmindClient, sandbox: Sandbox, tmp_path: Path
) -> None:
    """A worker that was thought lost wakes when its row has long been sent by another job."""
    late: list[dict[str, Any]] = []

    def lose(task: dict[str, Any], _: int) -> str:
        late.append(task)
        return "before"

    options: dict[str, Any] = {"name": "late", "folder": tmp_path, "api": "v1"}
    with Pool(1, lose) as pool:
        batch = client.map(FAST, prompts(1), executor=pool, **options).wait(30)
    assert isinstance(batch.error, WorkersLost)
    assert len(late) == MAX_TRIES
    with Pool(1) as pool:
        batch = client.map(FAST, prompts(1), executor=pool, **options).wait(30)
    assert batch.done == 1
    assert tasks.send(late[0])["error"]["kind"] == "SubmitUnknown"
    assert len(sandbox.requests("POST")) == 1


def _forget() -> None:
    del os.environ["SEGMIND_API_KEY"]


def test_workers_without_a_key_say_so_and_the_batch_stops(
    client: SegmindClient, sandbox: Sandbox
) -> None:
    with processes(1, initializer=_forget) as pool:
        batch = client.map(FAST, prompts(50), executor=pool, api="v1").wait(30)
    assert isinstance(batch.error, KeyMissing)
    assert "worker" in str(batch.error)
    assert "environment" in batch.error.hint
    assert batch.done == 0
    assert not sandbox.requests("POST")


def test_workers_need_no_key_where_this_kernel_submits(
    client: SegmindClient, sandbox: Sandbox
) -> None:
    with processes(1, initializer=_forget) as pool:
        batch = client.map(FAST, prompts(3), executor=pool).wait(30)
    assert (batch.done, batch.error) == (3, None)
    assert len(sandbox.billed_posts) == 3


def test_a_worker_has_one_task_a_row(client: SegmindClient) -> None:
    with Pool(2) as pool:
        assert client.map(FAST, prompts(6), executor=pool).wait(30).done == 6
        tasks_sent = [pickle.loads(packed) for packed in pool.sent]
    functions = [one[0].__name__ for one in tasks_sent if isinstance(one, tuple)]
    assert functions == ["fetch"] * 6


def test_a_folder_that_nobody_can_write_stops_the_batch(
    client: SegmindClient, sandbox: Sandbox, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    with Pool(1) as pool:
        batch = client.map(FAST, prompts(9), executor=pool, folder=tmp_path / "file").wait(30)
    assert isinstance(batch.error, StoreError)
    assert not sandbox.requests("POST")


def test_a_killed_process_of_a_pool(client: SegmindClient, sandbox: Sandbox) -> None:
    """The pool is broken for good: the driver ends what was begun, another pool does the rest."""
    sandbox.faults.add("GET /outputs/.*", "silence", times=None)
    with processes(2) as pool:
        batch = client.map(FAST, prompts(8), name="b", executor=pool)
        sandbox.wait_for(lambda log: log.requests("GET", "/outputs/"), 30)
        os.kill(next(iter(pool._processes)), signal.SIGKILL)
        sandbox.faults.clear()
        batch.wait(30)
    assert batch.done == len(sandbox.billed_posts)
    assert all(status in ("completed", "failed") for status in statuses(client, batch))
    with processes(2) as pool:
        again = client.map(FAST, prompts(8), name="b", executor=pool).wait(30)
    assert again.done == 8
    assert posts(sandbox) == Counter({str(n): 1 for n in range(8)})


def statuses(client: SegmindClient, batch: Batch) -> list[str]:
    return [row["status"] for row in client.session.store.jobs(1000, batch=batch.name)]


# closing


def test_the_client_is_closed_while_workers_are_at_it(
    client: SegmindClient, sandbox: Sandbox, tmp_path: Path
) -> None:
    sandbox.faults.add("GET /v2/.*", "silence", times=None)
    with Pool(1) as pool:
        batch = client.map(FAST, prompts(3), name="c", executor=pool, folder=tmp_path)
        sandbox.wait_for(lambda log: log.requests("GET", "/v2/"), 30)
        client.close()
        batch.wait(10)
        sandbox.faults.clear()
    with Pool(1) as pool:
        again = client.map(FAST, prompts(3), name="c", executor=pool, folder=tmp_path).wait(30)
    assert again.done == 3
    assert set(posts(sandbox).values()) == {1}


def test_failed_rows_are_tried_again_by_the_same_workers(
    client: SegmindClient, sandbox: Sandbox
) -> None:
    sandbox.faults.add("POST /v2/.*", 500)
    with Pool(1) as pool:
        batch = client.map(FAST, prompts(3), executor=pool).wait(30)
        assert (batch.done, batch.failed) == (2, 1)
        assert batch.failures.retry().wait(30).done == 3
    assert sum(posts(sandbox).values()) == 4


# a lost driver


def test_a_row_whose_task_never_reached_a_worker_is_sent_once(
    client: SegmindClient, sandbox: Sandbox, tmp_path: Path
) -> None:
    """The journal says that it went out; the folder knows better."""
    options: dict[str, Any] = {"name": "n", "folder": tmp_path, "api": "v1"}
    with Pool(1) as pool:
        batch = client.map(FAST, prompts(1), executor=pool, **options).wait(30)
        [row] = client.session.store.jobs(5, batch="n")
        for note in (tmp_path / "n" / "notes").glob("*-*-*"):  # of the driver's own, one remains
            note.unlink()
        sent = {"status": str(Status.SUBMITTING), "id": None, "next": None, "owner": "1-gone"}
        client.session.store.update(row["key"], **sent, outputs=[], cost=None)
        client.session.jobs._live.clear()
        batch = client.map(FAST, prompts(1), executor=pool, **options).wait(30)
    assert batch.done == 1
    assert len(sandbox.requests("POST")) == 2, "the one that was undone here, and a new one"
    rows = client.session.store.jobs(5, batch="n")
    assert sorted(one["status"] for one in rows) == ["cancelled", "completed"]


def test_a_row_that_the_folder_does_not_know_is_never_sent_again(
    client: SegmindClient, sandbox: Sandbox, tmp_path: Path
) -> None:
    """A local run was killed at its submit; or workers with another folder were at it."""
    batch = client.map(FAST, prompts(1), name="n").wait(30)
    [row] = client.session.store.jobs(5, batch="n")
    sent = {"status": str(Status.SUBMITTING), "id": None, "next": None, "owner": "1-gone"}
    client.session.store.update(row["key"], **sent, outputs=[], cost=None)
    client.session.jobs._live.clear()
    with Pool(1) as pool:
        batch = client.map(FAST, prompts(1), name="n", executor=pool, folder=tmp_path).wait(30)
    assert batch.done == 1, "the history knows it"
    assert len(sandbox.requests("POST")) == 1


@contextmanager
def workers(sandbox: Sandbox, count: int) -> Iterator[Client]:
    """Dask's, each a process with the sandbox in its environment."""
    with (
        LocalCluster(
            n_workers=count, threads_per_worker=1, processes=True, dashboard_address=None,
            env=dict(sandbox.environ), silence_logs=50,
        ) as cluster,
        Client(cluster) as dask,
    ):  # fmt: skip
        yield dask


@pytest.fixture
def slow() -> Iterator[Sandbox]:
    with Sandbox(speed=100, artist=tiny) as running:
        yield running


def test_dask(slow: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One cluster, for it takes long to start: four workers, then three kills, and its end."""
    for name, value in slow.environ.items():
        monkeypatch.setenv(name, value)
    client = SegmindClient.instance()
    with workers(slow, 4) as dask:
        pool = dask.get_executor()
        assert slots(pool) == 4
        same_as_local(client, pool)
        _worker_killed(client, slow, dask, "GET /outputs/.*", "while it downloads")
        _driver_killed(client, slow, dask, tmp_path)
        _client_closed(client, slow, dask)


def _worker_killed(
    client: SegmindClient, sandbox: Sandbox, dask: Client, held: str, name: str
) -> None:
    """Dask has its task done again by another worker, which submits nothing."""
    before, count = len(sandbox.requests()), len(sandbox.billed_posts)
    sandbox.faults.add(held, "silence", times=None)  # so that whoever is busy waits for a file
    rows = [{"prompt": f"{name} {n}", "seed": n} for n in range(6)]
    batch = client.map(FAST, rows, name=name, executor=dask.get_executor())
    method = held.partition(" ")[0]
    sandbox.wait_for(lambda log: [r for r in log[before:] if r.method == method], 30)
    while not (busy := [at for at, tasks in dask.processing().items() if tasks]):
        pass
    for pid in dask.run(os.getpid, workers=busy, wait=True).values():
        os.kill(pid, signal.SIGKILL)
    sandbox.faults.clear()
    batch.wait(60)
    assert (batch.done, batch.error) == (6, None)
    assert len(sandbox.billed_posts) == count + 6
    assert {posts(sandbox)[row["prompt"]] for row in rows} == {1}


def _driver_killed(client: SegmindClient, sandbox: Sandbox, dask: Client, home: Path) -> None:
    """When all rows have arrived, three without a reply; the cluster lives on."""
    count = len(sandbox.billed_posts)
    rows = [{"prompt": f"driver {n}", "seed": n} for n in range(6)]
    folder = home / "shared"
    said = {"scheduler": dask.scheduler.address, "model": FAST, "rows": rows}
    said["folder"] = str(folder)
    sandbox.faults.add("POST /v2/.*", "silence", times=None, after=3)
    driver = subprocess.Popen(
        [sys.executable, "-c", DRIVER, json.dumps(said)],
        env=environment(home, sandbox) | {"SEGMIND_WIDGETS_HOME": str(client.session.store.home)},
    )
    sandbox.wait_for(lambda log: len(log.billed_posts) >= count + 6, 30)
    driver.kill()
    driver.wait(20)
    sandbox.faults.clear()
    with Client(dask.scheduler.address) as other:
        batch = client.map(FAST, rows, name="killed", executor=other.get_executor(), folder=folder)
        batch.wait(60)
    assert (batch.done, batch.error) == (6, None)
    assert len(sandbox.billed_posts) == count + 6
    assert {posts(sandbox)[row["prompt"]] for row in rows} == {1}


def _client_closed(client: SegmindClient, sandbox: Sandbox, dask: Client) -> None:
    """Its futures never end: the driver downloads the results itself."""
    count = len(sandbox.billed_posts)
    rows = [{"prompt": f"closed {n}", "seed": n} for n in range(20)]
    sandbox.faults.add("GET /outputs/.*", "silence", times=None)
    batch = client.map(FAST, rows, executor=dask.get_executor())
    sandbox.wait_for(lambda log: len(log.billed_posts) > count, 30)
    dask.close()
    sandbox.faults.clear()
    batch.wait(60)
    assert batch.done == 20
    assert {posts(sandbox)[row["prompt"]] for row in rows} == {1}


@pytest.mark.parametrize("moment", ["before the errand", "before the task", "after the task"])
def test_stop_comes_while_a_submit_is_handed_to_the_executor(
    client: SegmindClient, sandbox: Sandbox, tmp_path: Path, monkeypatch: Any, moment: str
) -> None:
    """The only worker is busy. `stop` comes on each side of the hand-over, which is held there."""
    reached, free, busy = threading.Event(), threading.Event(), threading.Event()

    def held(function: Callable[..., Any], before: bool) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            done = None if before else function(*args, **kwargs)
            reached.set()
            assert free.wait(30)
            return function(*args, **kwargs) if before else done

        return call

    if moment == "before the errand":
        monkeypatch.setattr(Errands, "send", held(Errands.send, True))
    else:
        monkeypatch.setattr(Pool, "submit", held(Pool.submit, moment == "before the task"))
    pool = Pool(1)
    pool._threads.submit(busy.wait, 60)
    batch = client.map(FAST, prompts(3), executor=pool, folder=tmp_path, api="v1")
    assert reached.wait(30)
    batch.stop()
    free.set()
    batch.wait(30)  # with the worker still busy
    end = time.monotonic() + 60
    while pool.out:  # a thread that waits for the worker's answer
        assert time.monotonic() < end
        busy.wait(0.01)
    busy.set()
    pool.shutdown()
    assert (batch.done, batch.failed, batch.queued) == (0, 0, 3)
    assert sandbox.billed_posts == []


def test_no_worker_begins_a_submit_after_stop(
    client: SegmindClient, sandbox: Sandbox, tmp_path: Path
) -> None:
    """Two workers that somebody else keeps busy: their tasks wait in the executor."""
    pool, free = Pool(2), threading.Event()
    for _ in range(2):
        pool._threads.submit(free.wait, 30)
    batch = client.map(
        "fast-flux-schnell",
        [{"prompt": str(n)} for n in range(6)],
        executor=pool,
        folder=tmp_path,
        api="v1",
    )
    while not pool.sent:
        free.wait(0.01)
    batch.stop()
    batch.wait(30)
    free.set()
    pool.shutdown()
    assert (batch.done, batch.failed, batch.queued) == (0, 0, 6)
    assert sandbox.billed_posts == []
    again = Pool(2)
    rest = client.map(
        "fast-flux-schnell",
        [{"prompt": str(n)} for n in range(6)],
        executor=again,
        folder=tmp_path,
        api="v1",
    ).wait(30)
    again.shutdown()
    assert (rest.done, len(sandbox.billed_posts)) == (6, 6)
