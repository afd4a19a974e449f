"""Many jobs at once in one process: ours, or the official SDK in a pool of threads.

    python load.py WAY JOBS OPTIONS

The way is "ours", "batch" (ours, with its view), "sdk", or an asyncio client at its own queue,
"replicate" or "fal"; the options are JSON: `per_minute` and
`window` (seconds of a "minute") for a rate limit of ours, `views` for a JobView each. The
environment leads to the services. It prints what was seen, as JSON. The main thread does nothing
but tick, as a kernel's that waits: how late its ticks are is how long a kernel would not answer.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from services import MODELS, SECONDS

POOL = 64
_TICK = 0.005  # seconds
_MIB = 1024 * 1024


class Main:
    """What the main thread sees while it waits."""

    def __init__(self) -> None:
        self.late: list[float] = []
        self.threads = 0

    def wait_for(self, thread: threading.Thread) -> None:
        while thread.is_alive():
            start = time.perf_counter()
            time.sleep(_TICK)
            self.late.append(time.perf_counter() - start - _TICK)
            if len(self.late) % 20 == 0:
                self.threads = max(self.threads, threading.active_count() - 2)  # this, and `thread`

    @property
    def p99(self) -> float:
        """Milliseconds."""
        return sorted(self.late)[int(len(self.late) * 0.99)] * 1000


def ours(jobs: int, main: Main, per_minute: float = 0, window: float = 60, views: bool = False):
    """Each job begun as a batch would, from a thread; (what to do, what to close)."""
    from segmind_widgets import SegmindClient
    from segmind_widgets.network import rate_limit

    rate_limit.WINDOW = window
    client = SegmindClient(home=os.environ["LOAD_HOME"], provider="segmind", rate_limit=per_minute)
    sent = _counted() if views else [0]
    client.run(MODELS[0], {"prompt": "the first one imports all"})
    if per_minute:
        time.sleep(window)  # what the first one took of the limit is free again

    def work() -> dict[str, Any]:
        begun = []
        start = time.monotonic()
        for number in range(jobs):
            job = client.submit(_model(number), {"prompt": f"number {number}", "seed": number})
            if views:
                from segmind_widgets.widgets.job_view import JobView

                job.view = JobView(job)
            begun.append(job)
        while not all(job.done for job in begun):
            time.sleep(0.1)
        lost = sum(job.error is not None for job in begun)
        return {"lost": lost, "messages": sent[0] / (time.monotonic() - start)}

    return work, client.close


def batch(jobs: int, main: Main):
    """The same jobs as one batch with its one view."""
    from segmind_widgets import SegmindClient
    from segmind_widgets.panels._batch import BatchView

    client = SegmindClient(home=os.environ["LOAD_HOME"], provider="segmind", rate_limit=0)
    sent = _counted()
    client.run(MODELS[0], {"prompt": "the first one imports all"})

    def work() -> dict[str, Any]:
        start = time.monotonic()
        rows = [{"prompt": f"number {number}", "seed": number} for number in range(jobs)]
        made = client.map(MODELS[len(MODELS) // 2], rows)
        view = BatchView(made, client=client)
        made.wait()
        seconds = time.monotonic() - start
        view.close()
        return {"lost": made.total - made.done, "messages": sent[0] / seconds}

    return work, client.close


def _counted() -> list[int]:
    """How many messages widgets have sent to the browser."""
    import comm
    from comm.base_comm import BaseComm

    sent = [0]

    class Counted(BaseComm):
        def publish_msg(self, *_: Any, **__: Any) -> None:
            sent[0] += 1

    comm.create_comm = Counted
    return sent


def sdk(jobs: int, main: Main):
    """The SDK's own loop, `run`, and a download, in each thread of a pool."""
    import httpx
    import segmind

    origin = httpx.URL(os.environ["SEGMIND_API_URL"])

    class Rerouted(httpx.HTTPTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            request.url = request.url.copy_with(scheme="http", host=origin.host, port=origin.port)
            request.headers["host"] = origin.netloc.decode()  # the sandbox refuses others
            return super().handle_request(request)

    client = segmind.SegmindClient(os.environ["SEGMIND_API_KEY"])
    client._client._transport = Rerouted(limits=httpx.Limits(max_connections=POOL))
    files = httpx.Client()
    folder = Path(os.environ["LOAD_HOME"])

    def one(number: int) -> bool:
        try:
            done = client.run(_model(number), prompt=f"number {number}", seed=number)
        except segmind.SegmindError:
            return True
        (folder / f"{number}.png").write_bytes(files.get(done["output"]).content)
        return False

    def work() -> dict[str, Any]:
        with ThreadPoolExecutor(POOL) as pool:
            return {"lost": sum(pool.map(one, range(jobs))), "messages": 0}

    return work, files.close


def replicate(jobs: int, main: Main):
    """The asyncio client of Replicate: a task for each job, polled once a second."""
    from replicate.client import Client

    client = Client(api_token="key", base_url=os.environ["LOAD_QUEUES"])
    client.poll_interval = 1.0  # as the SDK; half a second is its default, and more work

    async def one(number: int) -> str:
        inputs = {"prompt": f"number {number}", "seconds": _seconds(number)}
        job = await client.models.predictions.async_create("owner/model", inputs)
        await job.async_wait()
        return job.output[0]

    return _tasks(one, jobs)


def fal(jobs: int, main: Main):
    """The asyncio client of fal: a task for each job, polled once a second."""
    import fal_client.client as fal_client

    fal_client.QUEUE_URL_FORMAT = f"{os.environ['LOAD_QUEUES']}/"  # it is https in the client
    client = fal_client.AsyncClient(key="key")

    async def one(number: int) -> str:
        inputs = {"prompt": f"number {number}", "seconds": _seconds(number)}
        job = await client.submit("owner/model", inputs)
        async for _ in job.iter_events(interval=1.0):  # 0.1 is its default, and ten times the work
            pass
        return (await job.get())["images"][0]["url"]

    return _tasks(one, jobs)


def _tasks(one: Callable[[int], Awaitable[str]], jobs: int):
    """Run a task for each job, each with its download."""
    import httpx

    folder = Path(os.environ["LOAD_HOME"])

    async def all_jobs() -> None:
        async with httpx.AsyncClient() as files:

            async def whole(number: int) -> None:
                answer = await files.get(await one(number))
                (folder / f"{number}.png").write_bytes(answer.content)

            await asyncio.gather(*map(whole, range(jobs)))

    def work() -> dict[str, Any]:
        asyncio.run(all_jobs())
        return {"lost": jobs - len(list(folder.glob("*.png"))), "messages": 0}

    return work, lambda: None


def _seconds(number: int) -> float:
    """The usual time of the same job in the sandbox."""
    return SECONDS[number % len(SECONDS)] / float(os.environ["LOAD_SPEED"])


def _model(number: int) -> str:
    return MODELS[number % len(MODELS)]


def _resident(peak: bool = False) -> float:
    """MiB, now or at most since the last reset."""
    found = re.search(
        rf"{'VmHWM' if peak else 'VmRSS'}:\s+(\d+) kB", Path("/proc/self/status").read_text()
    )
    if not found:
        raise RuntimeError("Memory is read from Linux's /proc")
    return int(found[1]) / 1024


WAYS: dict[str, Callable[..., Any]] = {
    "ours": ours,
    "batch": batch,
    "sdk": sdk,
    "replicate": replicate,
    "fal": fal,
}


def measure(way: str, jobs: int, **options: Any) -> dict[str, Any]:
    """Seconds, threads, MiB, milliseconds of the main thread's pause, jobs lost, messages/s.

    `work` is milliseconds of processor time a job; `begin` is when it began, in monotonic seconds.
    """
    main = Main()
    make: Callable[..., Any] = WAYS[way]
    work, close = make(jobs, main, **options)
    Path("/proc/self/clear_refs").write_text("5")  # reset the peak
    before = _resident()
    found: dict[str, Any] = {}
    thread = threading.Thread(target=lambda: found.update(work()), name="load")
    start, used = time.monotonic(), time.process_time()
    thread.start()
    main.wait_for(thread)
    found["seconds"] = time.monotonic() - start
    found["work"] = (time.process_time() - used) * 1000 / jobs
    found |= {
        "begin": start,
        "memory": _resident(peak=True) - before,
        "pause": main.p99,
        "threads": main.threads,
    }
    close()
    return found


if __name__ == "__main__":
    os.environ.setdefault("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    with tempfile.TemporaryDirectory() as home:
        os.environ.setdefault("LOAD_HOME", home)
        print(json.dumps(measure(sys.argv[1], int(sys.argv[2]), **json.loads(sys.argv[3]))))
