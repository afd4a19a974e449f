"""Long results in a reply go to the disk piece by piece, and a full disk costs none of them."""

from __future__ import annotations

import resource
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import Mock

import pytest

from segmind_widgets import errors
from segmind_widgets.client import SegmindClient
from segmind_widgets.jobs.downloads import Downloader
from segmind_widgets.network.spool import HEAD_BYTES, SPOOL_BYTES, read_body
from segmind_widgets.network.transport import Transport
from segmind_widgets.providers import Segmind
from segmind_widgets.sandbox import Sandbox
from segmind_widgets.secret import Secret
from segmind_widgets.storage.store import Store
from segmind_widgets.types import Call, Reply, Status
from tests.shells import environment, set_environment
from tests.wire import Script, answer, wire

MIB = 1024 * 1024
VIDEO = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(range(256)) * (24 * MIB // 256)
MP4 = {"Content-Type": "video/mp4"}


def post(url: str, folder: Path, *, billed: bool = True) -> tuple[bytes, Path | None]:
    """Return the body and the file of the reply to a POST."""
    folder.parent.joinpath("spool").mkdir()
    made = iter(folder / f"{number}.part" for number in range(9))
    sender = Transport(
        Segmind({"SEGMIND_API_URL": url}), lambda: Secret("SG_0123456789abcdef"),
        new_file=lambda: next(made),
    )  # fmt: skip
    reply = sender.send(Call("POST", f"{url}/v1/m", {"prompt": "a"}, billed=billed, timeout=5.0))
    sender.close()
    return reply.body, reply.file


@contextmanager
def small_disk(count: int) -> Iterator[None]:
    """Let files have at most so many bytes; more is an error, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (count, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_long_file_is_on_disk_and_its_head_in_the_reply(tmp_path: Path) -> None:
    with wire(answer(200, VIDEO, MP4)) as server:
        tracemalloc.start()
        body, file = post(server.url, tmp_path / "spool")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 8 * MIB
    assert file is not None
    assert file.read_bytes() == VIDEO
    assert body == VIDEO[:HEAD_BYTES]


@pytest.mark.parametrize(
    ("script", "billed"),
    [
        (answer(200, VIDEO[:SPOOL_BYTES], MP4), True),  # short
        (answer(200, b'{"image": "' + b"A" * 3 * MIB + b'"}'), True),  # JSON
        (answer(500, VIDEO, MP4), True),  # an error
        (answer(200, VIDEO, MP4), False),  # no result
    ],
    ids=["short", "text", "error", "poll"],
)
def test_everything_else_is_in_memory(script: Script, billed: bool, tmp_path: Path) -> None:
    with wire(script) as server:
        body, file = post(server.url, tmp_path / "spool", billed=billed)
    assert file is None
    assert len(body) >= SPOOL_BYTES
    assert not list((tmp_path / "spool").iterdir())


@pytest.mark.parametrize("count", [0, 1, SPOOL_BYTES - 1, 5 * MIB + 7, len(VIDEO) - 1])
def test_a_disk_that_is_full_at_any_byte_costs_no_result(count: int, tmp_path: Path) -> None:
    with wire(answer(200, VIDEO, MP4)) as server, small_disk(count):
        body, file = post(server.url, tmp_path / "spool")
    assert file is None
    assert body == VIDEO
    assert not list((tmp_path / "spool").iterdir())


def test_a_folder_that_is_missing_costs_no_result(tmp_path: Path) -> None:
    with wire(answer(200, VIDEO, MP4)) as server:
        assert post(server.url, tmp_path / "none") == (VIDEO, None)


def test_a_reply_that_breaks_leaves_no_file(tmp_path: Path) -> None:
    with (
        wire(answer(200, VIDEO, MP4, cut=100)) as server,
        pytest.raises(errors.SubmitUnknown),
    ):
        post(server.url, tmp_path / "spool")
    assert not list((tmp_path / "spool").iterdir())


def test_no_file_without_a_place_for_it() -> None:
    assert read_body(iter([VIDEO]), None) == (VIDEO, None)


@pytest.mark.parametrize("api", ["v1", "v2"])
def test_a_long_video_is_shown_without_an_address_that_expires(api: str, tmp_path: Path) -> None:
    with (
        Sandbox(speed=500, artist=lambda *_: [(VIDEO, "video/mp4")]) as sandbox,
        set_environment(environment(tmp_path, sandbox)),
    ):
        client = SegmindClient()
        job = client.submit("fast-flux-schnell", {"prompt": "a fox"}, api=api)
        job.wait()
        again = client.session.job(job.id)
        html = job.to_html()
        client.close()
    assert job.status is Status.COMPLETED
    [asset] = job.outputs
    assert asset.path is not None
    assert asset.path.suffix == ".mp4"
    assert asset.path.stat().st_size == len(VIDEO)
    assert asset.path.read_bytes()[-MIB:] == VIDEO[-MIB:]
    assert [one.path for one in again.outputs] == [asset.path]
    assert "http" not in html
    assert html.count('<img src="data:image/png;base64,') == 1
    assert f"{asset.path.name} · 25.2 MB" in html
    assert len(html) < 12_000
    results = tmp_path / "widgets" / "results"
    files = [path for path in results.rglob("*") if path.is_file()]
    assert [path for path in files if not path.name.endswith("-reply.json")] == [asset.path]


def test_a_long_reply_that_is_no_result_is_kept(tmp_path: Path) -> None:
    """It may be paid for: the error names the file."""
    store = Store(tmp_path / "home")
    part = store.new_file("incoming", "local-1", 0, ".part")
    part.write_bytes(VIDEO)
    downloader = Downloader(store, Mock(), "a-model", "local-1", lambda asset: asset)
    reply = Reply(200, body=VIDEO[:HEAD_BYTES], file=part)
    error = downloader.with_reply(errors.SubmitUnknown("It is no video."), reply)
    [path] = store.results.rglob("*.reply")
    assert path.read_bytes() == VIDEO
    assert str(path) in error.hint
    assert not part.exists()
    store.close()
