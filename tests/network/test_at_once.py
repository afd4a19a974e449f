"""Uploads at once: at most four, in order, none twice, and Stop ends them."""

from __future__ import annotations

import json
import socket
import threading
from base64 import b64decode
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from segmind_widgets import errors
from segmind_widgets.client import SegmindClient
from segmind_widgets.network.at_once import run_at_once
from segmind_widgets.network.uploads import CALLS_AT_ONCE
from segmind_widgets.providers import _segmind_storage
from tests.wire import Wire, wire

SIZE = 300_000


class Storage:
    """A storage that answers with the start of each file, once `together` calls have arrived."""

    def __init__(self, together: int) -> None:
        self.files: Counter[str] = Counter()
        self.open = self.most = 0
        self.refused: set[str] = set()
        self._together = together
        self._lock = threading.Condition()

    def __call__(self, connection: socket.socket, server: Wire) -> None:
        with self._lock:
            self.open += 1
            self.most = max(self.most, self.open)
            self._lock.notify_all()
        try:
            names = [url[-12:-4] for url in json.loads(server.read(connection).body)["data_urls"]]
        except OSError:  # the request was ended
            names = []
        with self._lock:
            self._lock.wait_for(lambda: self.most >= self._together, 20)
            self.open -= 1
            self.files.update(names)
        refused = bool(self.refused.intersection(names))
        body = json.dumps({"urls": [f"https://files.example/{name}" for name in names]}).encode()
        status = "401 No" if refused else "200 Word"
        head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode() + body)


def name(number: int) -> str:
    """Return the end of the base64 of a file, by which the storage knows it."""
    return f"{number:08d}"


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Return twelve files, each of which is sent in a call of its own."""
    monkeypatch.setattr(_segmind_storage, "_TOGETHER", 1)
    folder = tmp_path / "files"
    folder.mkdir()
    paths = [folder / f"{number}.mp4" for number in range(12)]
    for number, path in enumerate(paths):
        end = b64decode(name(number) + "AAAA")
        path.write_bytes(bytes(SIZE) + end)
    return paths


@pytest.fixture
def storage() -> Storage:
    return Storage(CALLS_AT_ONCE)


@pytest.fixture
def there(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> Iterator[SegmindClient]:
    monkeypatch.setenv("SEGMIND_API_KEY", "SG_0123456789abcdef")
    with wire(storage) as server:
        client = SegmindClient(
            provider="segmind", urls={"SEGMIND_STORAGE_URL": server.url}, rate_limit=0
        )
        yield client
        client.close()


def addresses(count: int) -> list[str]:
    return [f"https://files.example/{name(number)}" for number in range(count)]


def test_four_calls_at_once_and_results_in_order(
    there: SegmindClient, storage: Storage, files: list[Path]
) -> None:
    assert [asset.url for asset in there.upload(files)] == addresses(12)
    assert storage.most == CALLS_AT_ONCE
    assert set(storage.files.values()) == {1}


def test_progress_is_told_in_the_callers_thread(there: SegmindClient, files: list[Path]) -> None:
    told: list[tuple[int, int, str]] = []
    there.upload(files, progress=lambda *now: told.append((*now, threading.current_thread().name)))
    assert {(total, thread) for _, total, thread in told} == {(12 * (SIZE + 9), "MainThread")}
    counts = [count for count, _, _ in told]
    assert counts == sorted(set(counts))
    assert counts[-1] == 12 * (SIZE + 9)


def test_an_error_ends_the_others_and_what_was_sent_is_known(
    there: SegmindClient, storage: Storage, files: list[Path]
) -> None:
    storage.refused = {name(2)}
    with pytest.raises(errors.Unauthorized):
        there.upload(files)
    assert 4 <= sum(storage.files.values()) < 12
    storage.refused = set()
    assert [asset.url for asset in there.upload(files)] == addresses(12)
    assert {count for one, count in storage.files.items() if one != name(2)} == {1}


def test_stop_ends_them_and_nothing_is_sent_twice(
    there: SegmindClient, storage: Storage, files: list[Path]
) -> None:
    """A progress that is interrupted: as Stop, in the thread of the cell."""

    def interrupted(count: int, _: int) -> None:
        if count > 3 * SIZE:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        there.upload(files, progress=interrupted)
    done = sum(storage.files.values())
    assert done < 12
    assert [asset.url for asset in there.upload(files)] == addresses(12)
    assert set(storage.files.values()) == {1}


def test_stop_ends_bodies_that_are_being_sent() -> None:
    """Functions that go on for ever otherwise."""
    stopped, begun = threading.Event(), threading.Semaphore(0)
    ticks = iter(range(9))

    def endless() -> None:
        begun.release()
        assert stopped.wait(60)

    def tick() -> None:
        assert begun.acquire(timeout=20)
        if next(ticks) == 1:  # two run
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_at_once([endless] * 9, 2, tick, stopped.set)
    assert stopped.is_set()


@pytest.mark.parametrize("most", [1, 4, 20])
def test_values_come_in_order_and_no_more_run_than_may(most: int) -> None:
    lock, counts = threading.Lock(), [0, 0]

    def work(number: int) -> int:
        with lock:
            counts[0] += 1
            counts[1] = max(counts)
        with lock:
            counts[0] -= 1
        return number

    works = [lambda number=number: work(number) for number in range(20)]
    assert run_at_once(works, most, int, int) == list(range(20))
    assert counts[1] <= most


def test_a_timeout_of_a_function_is_its_error() -> None:
    def late() -> None:
        raise TimeoutError("late")

    with pytest.raises(TimeoutError, match="late"):
        run_at_once([late], 1, int, int)
