"""Uploads as data URLs: time and peak memory, ours beside the official SDK and the floors.

Of many files, where each call takes 100 ms longer: the time beside one call after another.

Each way runs in a process of its own, against a server in another one that only reads. Memory is
Linux's peak of resident memory (VmHWM), reset after a first small upload.
"""

from __future__ import annotations

import base64
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from table import Row, measured, show

MIB = 1024 * 1024
_PIECE = 3 * 256 * 1024
_ANSWER = b'{"urls": ["https://images.example/a"], "file_urls": ["https://images.example/a"]}'


def rows(*, tiny: bool = False) -> list[Row]:
    """Seconds and memory for each size."""
    found = []
    for size in (1,) if tiny else (8, 32, 128):
        runs = 1 if tiny else 5
        with tempfile.TemporaryDirectory() as folder, sink() as url:
            path = Path(folder) / "film.mp4"
            path.write_bytes(os.urandom(size * MIB))
            took = {way: _measured(way, path, url, runs) for way in _WAYS}
        time_aim, memory_aim = (150.0, 8.0) if size == 128 else (None, None)
        ours = took.pop("ours")
        for index, unit, aim in ((0, "ms", time_aim), (1, "MiB more", memory_aim)):
            what = f"upload of {size} MiB"
            found += [
                Row(what, unit, ours[index], w, theirs[index], aim) for w, theirs in took.items()
            ]
    return [*found, *_many(tiny=tiny)]


def _many(*, tiny: bool) -> list[Row]:
    """Milliseconds for many files at a service that answers late."""
    count, size = (8, 1) if tiny else (50, 10)
    with tempfile.TemporaryDirectory() as folder, sink(latency=0.1) as url:
        for number in range(count):
            (Path(folder) / f"{number}.mp4").write_bytes(os.urandom(size * MIB + number))
        environ = {**os.environ, "SEGMIND_API_KEY": "benchmark-key", "BENCHMARK_HOME": folder}
        ours, alone = (
            min(measured(__file__, "--many", folder, url, most, env=environ) for _ in range(2))
            for most in (4, 1)
        )
    what = f"{count} uploads of {size} MiB, 100 ms a call"
    return [Row(what, "ms", ours, "one call after another", alone, alone / 2)]


def _measure_many(folder: Path, url: str, most: int) -> float:
    from segmind_widgets.network import uploads
    from segmind_widgets.providers import _segmind_storage

    uploads.CALLS_AT_ONCE = most
    _segmind_storage._TOGETHER = 1  # the sink counts no files
    upload = _ours(url)
    paths = sorted(folder.glob("*.mp4"))
    begin = time.perf_counter()
    upload(paths)
    return (time.perf_counter() - begin) * 1000


def _ours(url: str) -> Callable[[Any], object]:
    from segmind_widgets import SegmindClient

    home = tempfile.mkdtemp(dir=os.environ["BENCHMARK_HOME"])  # nothing uploaded before
    client = SegmindClient(home=home, provider="segmind", urls={"SEGMIND_STORAGE_URL": url})
    return client.upload


def _sdk(url: str) -> Callable[[Path], object]:
    from segmind import SegmindClient

    files = SegmindClient(api_key="benchmark").files
    files.STORAGE_BASE_URL = url
    return files.upload


def _put(url: str) -> Callable[[Path], object]:
    """The bytes as they are: what no data URL can beat."""
    import requests

    session = requests.Session()

    def put(path: Path) -> None:
        with path.open("rb") as file:
            session.put(url, data=file).raise_for_status()

    return put


def _stdlib(url: str) -> Callable[[Path], object]:
    """A data URL streamed with base64 and a socket, without hashing, cache or checks."""
    host, port = url.removeprefix("http://").split(":")
    connection = socket.create_connection((host, int(port)))

    def send(path: Path) -> None:
        before, after = b'{"data_urls":["data:video/mp4;base64,', b'"]}'
        length = len(before) + -(-path.stat().st_size // 3) * 4 + len(after)
        connection.sendall(b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % length + before)
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                connection.sendall(base64.b64encode(piece))
        connection.sendall(after)
        if not connection.recv(4096).startswith(b"HTTP/1.1 200"):
            raise RuntimeError("The upload was refused")

    return send


_WAYS = {
    "ours": _ours,
    "official SDK 1.3.0": _sdk,
    "stdlib base64, streamed": _stdlib,
    "raw PUT (requests)": _put,
}


def _measured(way: str, path: Path, url: str, runs: int) -> tuple[float, float]:
    """Milliseconds (median) and MiB (most), in a new process."""
    environ = {**os.environ, "SEGMIND_API_KEY": "benchmark-key", "BENCHMARK_HOME": str(path.parent)}
    milliseconds, memory = measured(__file__, "--measure", way, path, url, runs, env=environ)
    return milliseconds, memory


def _measure(way: str, path: Path, url: str, runs: int) -> tuple[float, float]:
    small = path.with_name("small.mp4")
    small.write_bytes(os.urandom(9000))
    seconds, memory = [], []
    for _ in range(runs):
        upload = _WAYS[way](url)
        upload(small)  # imports, connection, journal
        Path("/proc/self/clear_refs").write_text("5")  # reset the peak
        before = peak_memory()
        start = time.perf_counter()
        upload(path)
        seconds.append(time.perf_counter() - start)
        memory.append(peak_memory() - before)
    return statistics.median(seconds) * 1000, max(memory)


def peak_memory() -> float:
    """MiB resident at most since the reset."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    if not found:
        raise RuntimeError("Peak memory needs Linux's /proc")
    return int(found[1]) / 1024


@contextmanager
def sink(latency: float = 0.0) -> Iterator[str]:
    """The address of a server in a process of its own that reads bodies and answers with a URL."""
    command = [sys.executable, __file__, "--sink", str(latency)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


def _serve(latency: float) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        print(server.getsockname()[1], flush=True)
        while True:
            connection, _ = server.accept()
            threading.Thread(target=_answer, args=[connection, latency], daemon=True).start()


def _answer(connection: socket.socket, latency: float) -> None:
    buffer = bytearray(MIB)
    reply = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
    while head := connection.recv(65536):
        while b"\r\n\r\n" not in head:
            head += connection.recv(65536)
        head, _, body = head.partition(b"\r\n\r\n")
        found = re.search(rb"(?i)content-length: (\d+)", head)
        left = int(found[1]) - len(body) if found else 0
        while left > 0:
            got = connection.recv_into(buffer, min(left, MIB))
            if not got:
                return
            left -= got
        time.sleep(latency)
        connection.sendall(reply % (len(_ANSWER), _ANSWER))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--sink"]:
        _serve(float(sys.argv[2]))
    elif sys.argv[1:2] == ["--many"]:
        print(_measure_many(Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])))
    elif sys.argv[1:2] == ["--measure"]:
        way, path, url, runs = sys.argv[2:]
        print(json.dumps(_measure(way, Path(path), url, int(runs))))
    else:
        show(rows())
