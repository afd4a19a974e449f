"""Bodies of replies: bounded memory whatever a server compresses, and complete or an error."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from segmind_widgets import errors
from segmind_widgets.network import bodies, spool, transport
from segmind_widgets.network.transport import Transport
from segmind_widgets.providers import Segmind
from segmind_widgets.secret import Secret
from segmind_widgets.types import Call
from tests.wire import Script, answer, wire

MIB = 1024 * 1024
TEXT = b"a reply of the service " * 5000


def sender(url: str) -> Transport:
    names = ("SEGMIND_API_URL", "SEGMIND_STORAGE_URL", "SEGMIND_CONSOLE_URL")
    return Transport(Segmind(dict.fromkeys(names, url)), lambda: Secret("SG_0123456789abcdef"))


def bomb(size: int) -> bytes:
    """Return zeros, compressed twice as small as a plain gzip would be to make."""
    out = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    zeros = bytes(MIB)
    return b"".join([*(out.compress(zeros) for _ in range(size // MIB)), out.flush()])


def packed(body: bytes, encoding: str = "gzip", **more: str) -> Script:
    return answer(200, body, {"Content-Encoding": encoding, **more})


def deflated(window: int) -> bytes:
    out = zlib.compressobj(9, zlib.DEFLATED, window)
    return out.compress(TEXT) + out.flush()


@contextmanager
def bounded(limit: int) -> Iterator[None]:
    """Check that a block takes less memory than `limit` bytes at once."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < limit
    finally:
        tracemalloc.stop()


def poll(to: Transport, url: str, _: Path) -> object:
    return to.send(Call("GET", f"{url}/v2/requests/1"))


def submit(to: Transport, url: str, _: Path) -> object:
    return to.send(Call("POST", f"{url}/v2/m", {}, billed=True))


def page(to: Transport, url: str, _: Path) -> object:
    return to.page(f"{url}/llms.txt")


@pytest.mark.parametrize(
    ("ask", "error"),
    [(poll, errors.ReplyLost), (page, errors.Unreachable)],
)
def test_a_reply_that_unpacks_beyond_its_limit_is_refused_in_bounded_memory(
    ask: Callable[[Transport, str, Path], object], error: type[Exception], tmp_path: Path
) -> None:
    with (
        wire(packed(bomb(400 * MIB))) as server,
        bounded(100 * MIB),
        pytest.raises(error, match=r"longer than 32 MiB"),
    ):
        ask(sender(server.url), server.url, tmp_path)


def test_a_billed_reply_may_be_a_longer_result_and_has_a_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with wire(answer(200, bytes(40 * MIB), {"Content-Type": "video/mp4"})) as server:
        call = Call("POST", f"{server.url}/v1/m", {}, billed=True)
        assert len(sender(server.url).send(call).body) == 40 * MIB
    monkeypatch.setattr(spool, "MAX_BILLED_REPLY", 50 * MIB)
    with (
        wire(packed(bomb(400 * MIB))) as server,
        bounded(150 * MIB),
        pytest.raises(errors.SubmitUnknown, match="longer than 50 MiB"),
    ):
        submit(sender(server.url), server.url, tmp_path)


def test_a_result_that_unpacks_goes_to_the_disk_in_bounded_memory(tmp_path: Path) -> None:
    with wire(packed(bomb(200 * MIB))) as server, bounded(8 * MIB):
        sender(server.url).download(f"{server.url}/a", tmp_path / "a")
    assert (tmp_path / "a").stat().st_size == 200 * MIB


@pytest.mark.parametrize("in_memory", [False, True])
def test_a_result_has_a_limit_too(
    in_memory: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "MAX_FILE_IN_MEMORY" if in_memory else "MAX_FILE"
    monkeypatch.setattr(transport, name, MIB)
    with wire(packed(bomb(20 * MIB))) as server, (tmp_path / "buffer").open("wb") as buffer:
        path = buffer if in_memory else tmp_path / "a"
        with pytest.raises(errors.DownloadError, match="longer than 1 MiB") as raised:
            sender(server.url).download(f"{server.url}/a", path)
    assert raised.value.is_final


def test_the_body_of_a_redirect_is_not_read(tmp_path: Path) -> None:
    redirect = answer(302, bomb(200 * MIB), {"Content-Encoding": "gzip", "Location": "/elsewhere"})
    with wire(redirect, answer(200, b"here")) as server, bounded(8 * MIB):
        sender(server.url).download(f"{server.url}/a", tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == b"here"
    assert [request.path for request in server.received] == ["/a", "/elsewhere"]


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(TEXT, mtime=0)),
        ("x-gzip", gzip.compress(TEXT[:50], mtime=0) + gzip.compress(TEXT[50:], mtime=0)),
        ("gzip", gzip.compress(TEXT, mtime=0) + b"\0 padding"),
        ("GZIP", b""),
        ("deflate", deflated(zlib.MAX_WBITS)),
        ("deflate", deflated(-zlib.MAX_WBITS)),
        ("identity", TEXT),
    ],
)
def test_every_encoding_that_is_asked_for_is_read(encoding: str, body: bytes) -> None:
    with wire(packed(body, encoding)) as server:
        reply = sender(server.url).send(Call("GET", f"{server.url}/v1/x"))
    assert reply.body == (TEXT if body else b"")
    assert server.received[0].headers["accept-encoding"] == bodies.ENCODINGS


@pytest.mark.parametrize(
    ("encoding", "body", "reason"),
    [
        ("gzip", gzip.compress(TEXT, mtime=0)[:-20], "cut short"),
        ("deflate", deflated(zlib.MAX_WBITS)[:-9], "cut short"),
        ("gzip", b"plain text", "damaged"),
        ("br", TEXT, "not asked for"),
        ("gzip, gzip", gzip.compress(gzip.compress(TEXT, mtime=0), mtime=0), "not asked for"),
    ],
)
def test_damaged_compression_is_an_error_although_the_length_fits(
    encoding: str, body: bytes, reason: str, tmp_path: Path
) -> None:
    with wire(packed(body, encoding)) as server:
        to = sender(server.url)
        with pytest.raises(errors.DownloadError, match=reason) as raised:
            to.download(f"{server.url}/a.png", tmp_path / "a")
        assert not raised.value.is_final
        with pytest.raises(errors.SubmitUnknown, match=reason):
            submit(to, server.url, tmp_path)
