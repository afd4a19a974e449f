"""Keys, hosts, time-outs and lost replies, over real sockets on the loopback."""

from __future__ import annotations

import gzip
import socket
import threading
import time
import traceback
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from segmind_widgets import errors
from segmind_widgets.assets.asset import Asset
from segmind_widgets.errors import SegmindError
from segmind_widgets.network import bodies
from segmind_widgets.network import transport as module
from segmind_widgets.network.retry import retry_delay
from segmind_widgets.network.transport import Transport
from segmind_widgets.providers import APIMart, Segmind
from segmind_widgets.secret import Secret
from segmind_widgets.types import Call
from tests.wire import Script, Wire, answer, drip, raw, refused, reset, silent, wire

KEY = "SG_0123456789abcdef"


def transport(url: str, key: str | None = KEY) -> Transport:
    names = ("SEGMIND_API_URL", "SEGMIND_STORAGE_URL", "SEGMIND_CONSOLE_URL")
    return Transport(
        Segmind(dict.fromkeys(names, url)), lambda: None if key is None else Secret(key)
    )


def get(server: Wire | str, path: str = "/v1/x", **more: Any) -> Call:
    base = server if isinstance(server, str) else server.url
    return Call("GET", base + path, **{"timeout": 5.0, **more})


def post(server: Wire | str, path: str = "/v2/m", **more: Any) -> Call:
    base = server if isinstance(server, str) else server.url
    return Call("POST", base + path, {"prompt": "a"}, billed=True, **{"timeout": 5.0, **more})


def everything(error: BaseException) -> str:
    """All that a program or a person could be shown of an error, its locals and causes too."""
    seen: list[str] = []
    pending: list[BaseException | None] = [error]
    while pending:
        one = pending.pop()
        if one is None:
            continue
        shown = traceback.TracebackException.from_exception(one, capture_locals=True)
        seen += [str(one), repr(one), repr(vars(one)), *shown.format()]
        request = getattr(one, "request", None)
        seen.append(repr(getattr(request, "headers", None)))
        pending += [one.__cause__, one.__context__]
    return "\n".join(seen)


# the key


def test_the_key_goes_to_the_providers_own_host() -> None:
    with wire(answer(200, b'{"credits": 1}', {"X-Request-Id": "r"})) as server:
        reply = transport(server.url).send(get(server))
    assert (reply.status, reply.body, reply.headers["x-request-id"]) == (
        200,
        b'{"credits": 1}',
        "r",
    )
    [request] = server.received
    assert request.headers["x-api-key"] == KEY
    assert request.headers["user-agent"].startswith("segmind-widgets/")
    assert "authorization" not in request.headers


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/x", "https://evil.example/x", "http://[", "http://a:b/", "/x", "",
            "file:///etc/passwd", "http://127.0.0.1@evil.example/"]
)  # fmt: skip
def test_a_call_elsewhere_is_refused_unsent(url: str) -> None:
    with wire(answer()) as server:
        with pytest.raises(errors.ForeignHost):
            transport(server.url).send(Call("GET", url))
        assert not server.received


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("where", ["/elsewhere", "http://127.0.0.1:1/", "http://[", "\xff\xfe"])
def test_redirects_are_not_followed(status: int, where: str) -> None:
    with wire(answer(status, b"", {"Location": where})) as server:
        with pytest.raises(errors.ForeignHost) as raised:
            transport(server.url).send(get(server))
        reply = transport(server.url).send(post(server))  # the table of submits says what follows
        assert len(server.received) == 2
    assert raised.value.status == reply.status == status


def test_a_redirected_download_never_shows_the_key_nor_netrc(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with wire(answer(200, b"picture", {"Content-Type": "image/png"})) as second:
        with wire(answer(302, b"", {"Location": f"{second.url}/b?sig=1"})) as first:
            kind = transport(first.url).download(f"{first.url}/a", tmp_path / "a")
        assert (kind, (tmp_path / "a").read_bytes()) == ("image/png", b"picture")
        for request in (*first.received, *second.received):
            assert not {"x-api-key", "authorization", "cookie"} & set(request.headers)
            assert KEY not in str(request)


def test_netrc_does_not_replace_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with wire(answer()) as server:
        transport(server.url).send(get(server))
        Transport(APIMart({"APIMART_API_URL": server.url}), lambda: Secret(KEY)).send(get(server))
    assert "authorization" not in server.received[0].headers
    assert server.received[1].headers["authorization"] == f"Bearer {KEY}"


def test_cookies_are_not_kept() -> None:
    with wire(answer(200, b"{}", {"Set-Cookie": "a=b"})) as server:
        sender = transport(server.url)
        sender.send(get(server))
        sender.send(get(server))
    assert "cookie" not in server.received[1].headers


def test_loopback_needs_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, refused())
    with wire(answer()) as server:
        assert transport(server.url).send(get(server)).status == 200


@pytest.mark.parametrize("key", [None, "", "  "])
def test_without_a_key_nothing_is_sent(key: str | None) -> None:
    with wire(answer()) as server:
        with pytest.raises(errors.KeyMissing) as raised:
            transport(server.url, key).send(get(server))
        assert not server.received
    assert "%segmind_login" in raised.value.hint


@pytest.mark.parametrize("key", ["a b", "a\r\nb: c", "clé", "a\x00b"])
def test_a_key_that_is_no_header_is_not_sent(key: str) -> None:
    with wire(answer()) as server:
        with pytest.raises(errors.Unauthorized) as raised:
            transport(server.url, key).send(get(server))
        assert not server.received
    assert key not in str(raised.value)


ECHO = f'{{"error": "the key {KEY} is wrong"}}'.encode()
BAD: list[Script] = [
    reset(read=False),
    reset(read=True),
    answer(200, b"x" * 100, cut=50),
    raw(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nx"),
    raw(b"not http at all\r\n\r\n"),
    raw(b""),
    answer(302, b"", {"Location": f"https://evil.example/{KEY}"}),
]


@pytest.mark.parametrize("make", [get, post])
@pytest.mark.parametrize("script", BAD)
def test_the_key_is_in_nothing_that_an_error_shows(
    script: Script, make: Callable[..., Call]
) -> None:
    def ask(call: Call) -> None:
        Segmind({"SEGMIND_API_URL": server.url}).parse(call, transport(server.url).send(call))

    with wire(script) as server, pytest.raises(SegmindError) as raised:
        ask(make(server))
    assert KEY not in everything(raised.value)


def test_a_service_that_repeats_the_key_is_not_quoted() -> None:
    with wire(answer(401, ECHO, {"X-Request-Id": f"r-{KEY}"})) as server:
        sender = transport(server.url)
        reply = sender.send(post(server))
    assert KEY.encode() not in reply.body
    assert KEY not in str(reply)
    assert KEY not in repr(vars(sender))


# lost replies


@pytest.mark.parametrize("script", [s for s in BAD if s is not BAD[-1]])
def test_a_paid_request_that_may_have_been_accepted_is_sent_once(script: Script) -> None:
    with wire(script) as server:
        sender, call = transport(server.url), post(server)
        with pytest.raises(errors.SubmitUnknown) as raised:
            sender.send(call)
    assert len(server.received) <= 1
    assert retry_delay(call, raised.value, 0) is None
    assert raised.value.hint


def test_the_id_of_a_reply_that_was_cut_is_kept() -> None:
    script = answer(200, b"x" * 9, {"X-Request-Id": "r-5"}, cut=3)
    with wire(script) as server, pytest.raises(errors.SubmitUnknown) as raised:
        transport(server.url).send(post(server))
    assert raised.value.request_id == "r-5"


@pytest.mark.parametrize("script", [s for s in BAD if s is not BAD[-1]])
def test_a_free_request_is_just_lost(script: Script) -> None:
    with wire(script) as server, pytest.raises(errors.ReplyLost):
        transport(server.url).send(get(server))


@pytest.mark.parametrize("make", [get, post])
def test_a_refused_connection_accepted_nothing(make: Callable[..., Call]) -> None:
    url = refused()
    with pytest.raises(errors.Unreachable, match="refused"):
        transport(url).send(make(url))


@pytest.mark.parametrize("make", [get, post])
def test_an_unknown_name_accepted_nothing(make: Callable[..., Call]) -> None:
    url = "http://no-such-host.invalid"
    with pytest.raises(errors.Unreachable, match="cannot be resolved"):
        transport(url).send(make(url))


def test_tls_to_a_server_without_it_accepted_nothing() -> None:
    with wire(raw(b"HTTP/1.1 400 Bad\r\n\r\n"), silent(read=False)) as server:
        url = server.url.replace("http:", "https:")
        server.scripts[:] = [lambda connection, _: connection.sendall(b"HTTP/1.1 400 No\r\n\r\n")]
        with pytest.raises(errors.Unreachable):
            transport(url).send(post(url))


def test_silence_ends_after_the_calls_own_time() -> None:
    with wire(silent()) as server:
        sender = transport(server.url)
        began = time.monotonic()
        with pytest.raises(errors.Unreachable, match="no data"):
            sender.send(get(server, timeout=0.05))
        with pytest.raises(errors.SubmitUnknown, match="no data"):
            sender.send(post(server, timeout=0.05))
        assert time.monotonic() - began < 3
    assert [request.method for request in server.received] == ["GET", "POST"]


def test_a_dripping_reply_is_read_to_its_end() -> None:
    with wire(drip(b'{"a": 1}', 0.01)) as server:
        assert transport(server.url).send(get(server, timeout=1.0)).body == b'{"a": 1}'


def endless(connection: socket.socket, server: Wire) -> None:
    """A byte now and then, and never the end."""
    server.read(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n")
    while not server.over.wait(0.005):
        connection.sendall(b" ")


def test_a_reply_that_drips_without_end_is_silence(tmp_path: Path) -> None:
    """Each byte is in time, so that a socket's own time-out would never tell."""
    with wire(endless) as server:
        sender = transport(server.url)
        with pytest.raises(errors.ReplyLost, match="no data"):
            sender.send(get(server, timeout=0.1))
        with pytest.raises(errors.SubmitUnknown, match="no data"):
            sender.send(post(server, timeout=0.1))


def test_files_and_pages_that_drip_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "DOWNLOAD_TIMEOUT", 0.1)
    monkeypatch.setattr(module, "PAGE_TIMEOUT", (3.0, 0.1))
    with wire(endless) as server:
        with pytest.raises(errors.DownloadError, match="no data"):
            transport(server.url).download(f"{server.url}/a", tmp_path / "a")
        with pytest.raises(errors.Unreachable, match="no data"):
            transport(server.url).page(f"{server.url}/llms.txt")


def test_a_long_reply_may_take_longer_than_silence_may_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bodies, "_MIN_BYTES_PER_SECOND", 10.0)  # bytes a second
    body = b"x" * 100
    with wire(drip(body, 0.005)) as server:
        began = time.monotonic()
        assert transport(server.url).send(get(server, timeout=0.4)).body == body
        assert time.monotonic() - began > 0.4


def test_connections_are_kept_open() -> None:
    seen: list[socket.socket] = []

    def twice(connection: socket.socket, server: Wire) -> None:
        seen.append(connection)
        for _ in range(3):
            server.read(connection)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    with wire(twice) as server:
        sender = transport(server.url)
        for _ in range(3):
            sender.send(get(server))
        sender.close()
    assert len(server.received) == 3
    assert len(seen) == 1


def test_a_compressed_reply_is_unpacked() -> None:
    script = answer(200, gzip.compress(b'{"a": 1}' * 99), {"Content-Encoding": "gzip"})
    with wire(script) as server:
        assert transport(server.url).send(get(server)).body == b'{"a": 1}' * 99


@pytest.mark.parametrize(
    "words", ["NewConnectionError refused", "ProxyError", "CERTIFICATE_VERIFY_FAILED"]
)
def test_a_servers_words_do_not_make_a_paid_request_repeat(words: str) -> None:
    with wire(raw(f"{words}\r\n\r\n".encode())) as server:
        call = post(server, f"/v2/{words.split()[0]}")
        with pytest.raises(errors.SubmitUnknown):
            transport(server.url).send(call)


@pytest.mark.parametrize(
    ("status", "body"),
    [(200, b""), (405, b"<html><h1>No</h1></html>"), (500, b"\xff\xfe\x00"), (204, b"")],
)
def test_every_whole_reply_is_a_reply(status: int, body: bytes) -> None:
    with wire(answer(status, body)) as server:
        reply = transport(server.url).send(get(server))
    assert (reply.status, reply.body) == (status, body)


def test_a_number_that_json_does_not_have_is_an_input_error() -> None:
    with wire(answer()) as server:
        with pytest.raises(errors.InputError):
            transport(server.url).send(Call("POST", server.url, {"a": float("nan")}, billed=True))
        assert not server.received


# bodies and files


def test_an_upload_is_streamed_with_its_length_and_without_its_weight(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    with path.open("wb") as file:
        file.write(b"\0\0\0\x18ftypisom")
        file.truncate(48 * 1024 * 1024)
    with wire(answer(200, b'{"urls": ["https://a/1"]}'), keep=False) as server:
        sender = transport(server.url)
        provider = Segmind({"SEGMIND_STORAGE_URL": server.url})
        [(call, _)] = provider.upload_calls([Asset.of(path)])
        tracemalloc.start()
        reply = sender.send(call)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    [request] = server.received
    assert "transfer-encoding" not in request.headers
    assert int(request.headers["content-length"]) == request.length == len(call.body)
    assert request.length > 64 * 1024 * 1024
    assert reply.status == 200
    assert peak < 6 * 1024 * 1024


def test_a_download_tells_its_progress(tmp_path: Path) -> None:
    told: list[tuple[int, int | None]] = []
    content = bytes(700_000)
    with wire(answer(200, content)) as server:
        transport(server.url).download(
            f"{server.url}/a", tmp_path / "a", lambda got, total: told.append((got, total))
        )
    assert (tmp_path / "a").read_bytes() == content
    assert told[-1] == (len(content), len(content))
    assert len(told) > 2


@pytest.mark.parametrize(
    "script",
    [
        answer(200, b"x" * 1000, cut=1),
        answer(404, b"gone"),
        answer(403, b"expired"),
        answer(500, b""),
        answer(302, b"", {"Location": "http://["}),
        answer(302, b"", {"Location": "file:///etc/passwd"}),
        answer(302, b"", {"Location": "/again"}),
        reset(read=True),
        raw(b"nonsense\r\n\r\n"),
    ],
)
def test_a_download_that_breaks_says_what_is_left(script: Script, tmp_path: Path) -> None:
    with wire(script) as server, pytest.raises(errors.DownloadError) as raised:
        transport(server.url).download(f"{server.url}/a?signature=abc", tmp_path / "a")
    assert "signature" not in str(raised.value)
    assert raised.value.hint


def test_a_download_that_is_put_off_says_how_long(tmp_path: Path) -> None:
    with wire(answer(429, b"", {"Retry-After": "7"}), answer(503, b"")) as server:
        for wait in (7.0, None):
            with pytest.raises(errors.DownloadError) as raised:
                transport(server.url).download(f"{server.url}/a", tmp_path / "a")
            assert raised.value.retry_after == wait


def test_a_length_that_is_no_number_is_ignored(tmp_path: Path) -> None:
    script = raw(b"HTTP/1.1 200 OK\r\nContent-Length: many\r\nConnection: close\r\n\r\nabc")
    with wire(script) as server:
        transport(server.url).download(f"{server.url}/a", tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == b"abc"


@pytest.mark.parametrize("url", ["http://[", "nonsense", "ftp://a.example/b", ""])
def test_a_result_at_no_address(url: str, tmp_path: Path) -> None:
    with pytest.raises(errors.DownloadError):
        transport("http://127.0.0.1:1").download(url, tmp_path / "a")


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with wire(answer(200, b"abc")) as server, pytest.raises(errors.StoreError) as raised:
        transport(server.url).download(f"{server.url}/a", tmp_path / "file" / "a")
    assert "SEGMIND_WIDGETS_HOME" in raised.value.hint


def test_a_page_is_read_without_the_key() -> None:
    with wire(answer(200, "é\n".encode())) as server:
        assert transport(server.url).page(f"{server.url}/llms.txt") == "é\n"
    assert "x-api-key" not in server.received[0].headers
    with wire(answer(404, b"no")) as server, pytest.raises(errors.NotFound):
        transport(server.url).page(f"{server.url}/llms.txt")
    with pytest.raises(errors.Unreachable):
        transport(server.url).page(refused())


# sending again


def test_many_threads_use_one_transport() -> None:
    with wire(answer(200, b'{"a": 1}')) as server:
        sender, found = transport(server.url), []
        threads = [
            threading.Thread(target=lambda: found.append(sender.send(get(server)).status))
            for _ in range(16)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        sender.close()
    assert found == [200] * 16


def test_the_refused_address_is_really_refused() -> None:
    port = int(refused().rpartition(":")[2])
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port), 1):
        pass
