"""The sandbox in a process of its own, so that its memory and its work are not those measured.

Its limit is the strictest reading of "requests a minute": every request counts, and in any window,
wherever that begins.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

SECONDS = range(6, 17)  # usual times of the models made for this; a run varies by a fifth
MODELS = [f"benchmark-{seconds:02}" for seconds in SECONDS]


class Services:
    """A running sandbox: `environ` leads to it, `finish` ends it and tells what it saw."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        assert process.stdout
        self.environ: dict[str, str] = json.loads(process.stdout.readline())

    def finish(self) -> dict[str, Any]:
        """`counts` by kind of request; `passed` and `refused`: when, in monotonic seconds."""
        said, _ = self._process.communicate(timeout=60)
        return json.loads(said)


@contextmanager
def services(**options: Any) -> Iterator[Services]:
    """With the options of `Sandbox`."""
    with subprocess.Popen(
        [sys.executable, __file__, json.dumps(options)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield Services(process)
        finally:
            if process.poll() is None and process.stdin and not process.stdin.closed:
                process.stdin.close()


class Sliding:
    """At most `limit` requests in any `seconds`."""

    def __init__(self, limit: int | None, seconds: float) -> None:
        self._limit, self._seconds = limit, seconds
        self._passed: deque[float] = deque()
        self.passed: list[float] = []
        self.refused: list[float] = []

    def take(self) -> float:
        now = time.monotonic()
        while self._passed and self._passed[0] <= now - self._seconds:
            self._passed.popleft()
        if self._limit is not None and len(self._passed) >= self._limit:
            self.refused.append(now)
            return self._passed[0] + self._seconds - now
        self._passed.append(now)
        self.passed.append(now)
        return 0.0


def _serve(options: dict[str, Any]) -> None:
    from PIL import Image

    from segmind_widgets.sandbox import server
    from segmind_widgets.sandbox.services import service

    out = io.BytesIO()
    Image.new("RGB", (512, 512), "teal").save(out, "PNG")
    limit = Sliding(options.pop("rate_limit", None), options.pop("rate_window", 60.0))
    usual = service.Service._pace

    def pace(self: Any, request: Any) -> None:
        counted = self.name == "segmind" and "llms.txt" not in request.path
        method, request.method = request.method, "POST" if counted else "GET"  # GETs count, too
        try:
            usual(self, request)
        finally:
            request.method = method

    service.Service._pace = pace
    server.RateLimit = lambda count, seconds: limit
    model = {"modality": "Text-to-Image Generation", "cost": 0.001, "schema": {}}
    models = {
        "segmind": {
            name: {**model, "seconds": seconds}
            for name, seconds in zip(MODELS, SECONDS, strict=True)
        }
    }
    picture = [(out.getvalue(), "image/png")]
    with server.Sandbox(models=models, artist=lambda *_: picture, credits=1e6, **options) as made:
        print(json.dumps(made.environ), flush=True)
        sys.stdin.read()
        counts = Counter(_kind(record.method, record.path) for record in made.requests())
    print(json.dumps({"counts": counts, "passed": limit.passed, "refused": limit.refused}))


def _kind(method: str, path: str) -> str:
    if method == "POST":
        return "submits"
    if path.startswith("/v2/requests/"):
        return "status" if path.endswith("/status") else "results"
    return "downloads" if path.startswith("/outputs/") else "others"


if __name__ == "__main__":
    _serve(json.loads(sys.argv[1]))
