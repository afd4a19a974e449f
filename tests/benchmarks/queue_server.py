"""One scripted server that speaks the queues of Segmind (v2), Replicate and fal.

A job takes exactly the `seconds` among its inputs, so that several clients can be measured on the
same jobs. The times in the model directory may be wrong on purpose. Run as a script, it prints its
origin and serves until its standard input ends; then it prints, per `prompt`, when the job ended
(monotonic seconds, which all processes of one machine share) and how many status calls it got.
"""

from __future__ import annotations

import asyncio
import io
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from PIL import Image
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, HTTPError, RequestHandler

_HEAD = "| Model | Slug | Description | Modality | Avg Cost | Avg Latency | API Docs |"


class Queues:
    """A running server: `origin` is its address; `finish` ends it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        assert process.stdout
        self.origin = process.stdout.readline().strip()

    def finish(self) -> dict[str, list[float]]:
        """Return `[end, status calls]` per prompt."""
        said, _ = self._process.communicate(timeout=60)
        return json.loads(said)


@contextmanager
def queues(listed: Mapping[str, float]) -> Iterator[Queues]:
    """Serve; `listed` are the models of the directory with their seconds (0: not listed)."""
    command = [sys.executable, "-W", "ignore", __file__, json.dumps(listed)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Queues(process)
        finally:
            if process.stdin and not process.stdin.closed:
                process.communicate(timeout=60)


@dataclass
class _Job:
    prompt: str
    end: float
    polls: int = 0

    def poll(self) -> bool:
        """Count a status call; return whether the job has ended."""
        self.polls += 1
        return time.monotonic() >= self.end


class _Base(RequestHandler):
    jobs: dict[str, _Job]
    listed: dict[str, float]

    def initialize(self, jobs: dict[str, _Job], listed: dict[str, float]) -> None:
        self.jobs, self.listed = jobs, listed

    @property
    def origin(self) -> str:
        return f"http://{self.request.host}"

    def submit(self, inputs: Mapping[str, Any]) -> str:
        """Start a job and return its id."""
        name = f"job{len(self.jobs):06}"
        self.jobs[name] = _Job(inputs["prompt"], time.monotonic() + inputs["seconds"])
        return name

    def job(self, name: str) -> _Job:
        """Return a job."""
        if name not in self.jobs:
            raise HTTPError(404)
        return self.jobs[name]


class _Segmind(_Base):
    def post(self, model: str) -> None:
        name = self.submit(json.loads(self.request.body))
        self.write({"request_id": name, "status": "QUEUED", **self._addresses(name)})

    def get(self, name: str, status: str | None = None) -> None:
        job = self.job(name)
        done = job.poll() if status else True
        body: dict[str, Any] = {"request_id": name, "status": "COMPLETED" if done else "PROCESSING"}
        if not status:
            body["output"] = f"{self.origin}/files/{name}.png"
        self.write(body | self._addresses(name))

    def _addresses(self, name: str) -> dict[str, str]:
        address = f"{self.origin}/v2/requests/{name}"
        return {"status_url": f"{address}/status", "response_url": address}


class _Replicate(_Base):
    def post(self, owner: str, model: str) -> None:
        name = self.submit(json.loads(self.request.body)["input"])
        self.set_status(201)
        self._answer(name, done=False)

    def get(self, name: str) -> None:
        self._answer(name, done=self.job(name).poll())

    def _answer(self, name: str, *, done: bool) -> None:
        address = f"{self.origin}/v1/predictions/{name}"
        self.write(
            {
                "id": name,
                "model": "owner/model",
                "version": "1",
                "status": "succeeded" if done else "processing",
                "input": {},
                "output": [f"{self.origin}/files/{name}.png"] if done else None,
                "logs": "",
                "error": None,
                "created_at": "2026-01-01T00:00:00Z",
                "urls": {"get": address, "cancel": f"{address}/cancel"},
            }
        )


class _Fal(_Base):
    def post(self, owner: str, model: str) -> None:
        name = self.submit(json.loads(self.request.body))
        address = f"{self.origin}/{owner}/{model}/requests/{name}"
        addresses = {
            "response_url": address,
            "status_url": f"{address}/status",
            "cancel_url": f"{address}/cancel",
        }
        self.write({"request_id": name, "status": "IN_QUEUE", "queue_position": 0, **addresses})

    def get(self, name: str, status: str | None = None) -> None:
        job = self.job(name)
        if not status:
            self.write({"images": [{"url": f"{self.origin}/files/{name}.png"}]})
        elif job.poll():
            self.write({"status": "COMPLETED", "logs": [], "metrics": {}})
        else:
            self.write({"status": "IN_PROGRESS", "logs": []})


class _Directory(_Base):
    def get(self) -> None:
        lines = ["# Models", "", "## Text-to-Image Generation", "", _HEAD, f"|{' --- |' * 7}"]
        for name, seconds in self.listed.items():
            cells = [name, name, "", "Text-to-Image Generation", "$0.001", f"{seconds:.5f}s", ""]
            lines.append(f"| {' | '.join(cells)} |")
        self.set_header("Content-Type", "text/markdown; charset=utf-8")
        self.write("\n".join(lines))


class _File(_Base):
    def get(self, name: str) -> None:
        self.set_header("Content-Type", "image/png")
        self.write(_picture())


@cache
def _picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 64), "teal").save(out, "PNG")
    return out.getvalue()


async def _serve(listed: dict[str, float]) -> None:
    jobs: dict[str, _Job] = {}
    routes = [
        (r"/llms\.txt", _Directory),
        (r"/files/(.+)", _File),
        (r"/v2/requests/([^/]+)(/status)?", _Segmind),
        (r"/v2/([^/]+)", _Segmind),
        (r"/v1/models/([^/]+)/([^/]+)/predictions", _Replicate),
        (r"/v1/predictions/([^/]+)", _Replicate),
        (r"/[^/]+/[^/]+/requests/([^/]+)(/status)?", _Fal),
        (r"/(owner)/([^/]+)", _Fal),
    ]
    known = {"jobs": jobs, "listed": {name: time for name, time in listed.items() if time}}
    sockets = bind_sockets(0, "127.0.0.1")
    server = HTTPServer(Application([(*route, known) for route in routes]))
    server.add_sockets(sockets)
    print(f"http://127.0.0.1:{sockets[0].getsockname()[1]}", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    print(json.dumps({job.prompt: [job.end, job.polls] for job in jobs.values()}))


if __name__ == "__main__":
    asyncio.run(_serve(json.loads(sys.argv[1])))
