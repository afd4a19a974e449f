"""Panels over a long journal and over many live jobs: milliseconds to open, messages a second."""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from table import Row, measured, show

LIVE = 3.0  # seconds that live jobs are looked at


def rows(*, tiny: bool = False) -> list[Row]:
    """Kernel time to open, the first time in a kernel and later; and messages to the browser."""
    count = 30 if tiny else 1000
    found = []
    for panel, plain in (("gallery", "24 ipywidgets.Image"), ("jobs", "20 JobViews")):
        first, later, theirs = measured(__file__, "--open", panel, count, 2 if tiny else 10)
        what = f"{panel} panel, {count:,} finished jobs"
        found.append(Row(f"{what}: opened first", "ms", first, plain, theirs, 300.0))
        found.append(Row(f"{what}: opened again", "ms", later, plain, theirs, 300.0))
    live, seconds = (20, 0.5) if tiny else (200, LIVE)
    ours, theirs = (measured(__file__, "--live", way, live, seconds) for way in _WAYS)
    name = f"{live} JobViews"
    found.append(Row(f"jobs panel, {live} live jobs", "messages/s", ours, name, theirs, 20.0))
    return found


def journal(home: Path, count: int, picture: bytes) -> Any:
    """A client whose journal has so many finished jobs, each with that picture as a file."""
    from segmind_widgets import SegmindClient

    client = SegmindClient(home=str(home), provider="sandbox")
    for number in range(count):
        path = client.session.store.new_file("a-model", f"{number:08}", 0, ".jpg")
        path.write_bytes(picture)
        client.session.store.add(
            id=f"job-{number:05}",
            kind="model",
            target=f"model-{number % 7}",
            provider="segmind",
            place="https://api.segmind.com",
            sandbox=False,
            inputs={"prompt": f"number {number}: a fox in the snow, in the light of dawn"},
            status="completed",
            seconds=3.2,
            cost=0.01,
            outputs=[{"path": str(path), "media_type": "image/jpeg"}],
        )
    return client


def _opened(name: str, count: int, runs: int) -> tuple[float, float, float]:
    """Milliseconds of the first opening, of later ones (median), and of plain widgets."""
    import ipywidgets  # noqa: F401 - a kernel with panels has it

    with tempfile.TemporaryDirectory() as folder:
        client = journal(Path(folder), count, _jpeg())
        took = [_timed(lambda: _open(name, client)) for _ in range(runs + 1)]
        theirs = [_timed(lambda: _plain(name, client)) for _ in range(runs)]
        client.close()
    return took[0], statistics.median(took[1:]), statistics.median(theirs)


def _open(name: str, client: Any) -> Any:
    from segmind_widgets.panels import find

    panel = find(name)(client=client)
    if name == "jobs":  # with the journal, as its box says
        panel._update_later.close()
        panel.earlier.value = True
        panel._reload()
        assert len(panel.table.content["rows"]) == 20
    else:
        assert len(panel.pictures.items) == 24
    return panel


def _plain(name: str, client: Any) -> Any:
    import ipywidgets

    from segmind_widgets.widgets.job_view import JobView

    if name == "jobs":
        return ipywidgets.VBox([JobView(job) for job in client.jobs(20)])
    shown = [job.outputs[0].path.read_bytes() for job in client.jobs(24)]
    return ipywidgets.VBox([ipywidgets.Image(value=data) for data in shown])


def _timed(open_one: Callable[[], Any]) -> float:
    start = time.perf_counter()
    made = open_one()
    took = time.perf_counter() - start
    made.close()
    return took * 1000


def _jpeg() -> bytes:
    import io

    from PIL import Image

    out = io.BytesIO()
    Image.effect_noise((512, 512), 40).convert("RGB").save(out, "JPEG")
    return out.getvalue()


def _panel(client: Any, jobs: list[Any]) -> Any:
    from segmind_widgets.panels.jobs import JobsPanel

    panel = JobsPanel(client=client)
    panel._limit = len(jobs)
    panel._reload()
    assert len(panel.table.content["rows"]) == len(jobs)
    return panel


def _views(_: Any, jobs: list[Any]) -> Any:
    import ipywidgets

    from segmind_widgets.widgets.job_view import JobView

    return ipywidgets.VBox([JobView(job) for job in jobs])


_WAYS = {"panel": _panel, "views": _views}


def _messages(way: str, count: int, seconds: float) -> float:
    """Messages a second while every job tells twice a second how far it is, from a thread."""
    import comm
    from comm.base_comm import BaseComm

    from segmind_widgets import SegmindClient
    from segmind_widgets.types import RunRequest, Status

    sent = [0]

    class Counted(BaseComm):
        def publish_msg(self, *_: Any, **__: Any) -> None:
            sent[0] += 1

    comm.create_comm = Counted
    with tempfile.TemporaryDirectory() as home:
        client = SegmindClient(home=home, provider="sandbox")
        row = {"kind": "model", "target": "m", "inputs": {}, "status": "processing"}
        place = {"provider": "segmind", "place": "https://api.segmind.com", "sandbox": False}
        keys = [client.session.store.add(**row, **place) for _ in range(count)]
        request = RunRequest("m")
        told = {"status": Status.PROCESSING, "expected_seconds": 20.0}
        jobs = [client.session.jobs._job(key, request, "segmind", **told) for key in keys]
        client.session.jobs._own.update(keys)
        view = _WAYS[way](client, jobs)
        stop = threading.Event()

        def drive() -> None:
            while not stop.is_set():
                begun = time.monotonic()
                for job in jobs:
                    job.tick()
                stop.wait(max(0.0, begun + 0.5 - time.monotonic()))

        thread = threading.Thread(target=drive)
        before = sent[0]
        start = time.monotonic()
        thread.start()
        thread.join(seconds)
        found = (sent[0] - before) / (time.monotonic() - start)
        stop.set()
        thread.join()
        view.close()
        client.close()
    return found


if __name__ == "__main__":
    what, *given = sys.argv[1:] or [""]
    os.environ.setdefault("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    if what == "--open":
        print(json.dumps(_opened(given[0], int(given[1]), int(given[2]))))
    elif what == "--live":
        print(json.dumps(_messages(given[0], int(given[1]), float(given[2]))))
    else:
        show(rows())
