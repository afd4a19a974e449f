"""Whether a request was sent is told by the socket: direct, through proxies, and under TLS."""

from __future__ import annotations

import http.client
import inspect
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, nullcontext, suppress
from dataclasses import astuple
from typing import Any

import pytest
import requests
import requests.exceptions
import urllib3.exceptions
import urllib3.util.connection
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection

from segmind_widgets import errors
from segmind_widgets.network.retry import retry_delay
from segmind_widgets.network.socket_facts import CountingAdapter, SocketFacts, counted_request
from segmind_widgets.network.transport import Transport
from segmind_widgets.providers import Segmind
from segmind_widgets.secret import Secret
from segmind_widgets.types import Call
from tests.gateways import AUTHORITY, OTHER_AUTHORITY, broken_handshake, relay, secure, tunnel
from tests.wire import Script, Wire, answer, raw, refused, reset, wire

KEY = "SG_0123456789abcdef"


def transport(url: str) -> Transport:
    return Transport(Segmind({"SEGMIND_API_URL": url}), lambda: Secret(KEY))


def submit(url: str, inputs: Any = None, path: str = "/v2/m") -> Call:
    return Call("POST", url + path, inputs or {"prompt": "a"}, billed=True, timeout=5.0)


def named(server: Wire, scheme: str = "http") -> str:
    """The server's address with a name that only a proxy can resolve."""
    return f"{scheme}://service.test:{server.url.rpartition(':')[2]}"


def failure(call: Call) -> errors.SegmindError:
    sender = transport(call.url.rpartition("/v2/")[0])
    with pytest.raises(errors.SegmindError) as raised:
        sender.send(call)
    sender.close()
    return raised.value


# every exception at every point


def classes() -> list[type[Exception]]:
    """Every exception of urllib3 and requests, and those of Python that reach them."""
    theirs = [
        kind
        for module in (urllib3.exceptions, requests.exceptions)
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, Exception)
    ]
    python = [ConnectionResetError, BrokenPipeError, TimeoutError, OSError, socket.gaierror,
              ssl.SSLError, ssl.SSLEOFError, ssl.SSLCertVerificationError, UnicodeError,
              http.client.RemoteDisconnected, http.client.BadStatusLine]  # fmt: skip
    return sorted({*theirs, *python}, key=lambda kind: (kind.__module__, kind.__name__))


def instance(kind: type[Exception]) -> Exception:
    arguments: list[tuple[Any, ...]] = [
        ("x",), (1, "x"), (None, "x"), (None, "x", "y"), ("x", None, socket.gaierror()),
        ("x", "y", 1), (),
    ]  # fmt: skip
    for some in arguments:
        with suppress(TypeError, AttributeError):
            return kind(*some)
    raise AssertionError(f"no arguments for {kind}")


class Route:
    """A service under TLS behind a proxy that opens tunnels."""

    def __init__(self, proxy: Wire, service: Wire, mute: Wire) -> None:
        self.proxy, self.service, self.mute = proxy, service, mute

    def call(self, point: str) -> Call:
        return submit(named(self.mute if point == "handshake" else self.service, "https"))


@pytest.fixture(scope="module")
def route() -> Iterator[Route]:
    with (
        wire(tunnel()) as proxy,
        wire(secure(answer())) as service,
        wire(raw(b"")) as mute,
    ):
        yield Route(proxy, service, mute)


POINTS: dict[str, tuple[Any, str]] = {  # where it is raised: the function of a library
    "connect": (urllib3.util.connection, "create_connection"),
    "tunnel": (HTTPConnection, "_tunnel"),
    "handshake": (ssl.SSLContext, "wrap_socket"),
    "reply": (http.client.HTTPConnection, "getresponse"),
}


@pytest.mark.parametrize("kind", classes(), ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
@pytest.mark.parametrize("point", POINTS)
def test_the_point_decides_and_not_the_exception(
    point: str, kind: type[Exception], route: Route, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", route.proxy.url)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", AUTHORITY)
    owner, name = POINTS[point]
    real = getattr(owner, name)
    thread = threading.get_ident()

    def broken(*args: Any, **options: Any) -> Any:
        if threading.get_ident() != thread:  # the servers use the same libraries
            return real(*args, **options)
        if kind is urllib3.exceptions.EmptyPoolError:  # urllib3 closes no connection then
            for one in args:
                getattr(one, "close", int)()
        raise instance(kind)

    monkeypatch.setattr(owner, name, broken)
    call = route.call(point)
    error = failure(call)
    if point == "reply":
        assert type(error) is errors.SubmitUnknown
        assert retry_delay(call, error, 0) is None
    else:
        assert type(error) is errors.Unreachable
        assert retry_delay(call, error, 0) is not None


# what is counted


def facts_of(url: str, **options: Any) -> tuple[tuple[Any, ...], BaseException | None]:
    """The facts of one POST, and its error."""
    session = requests.Session()
    session.trust_env = False
    for scheme in ("http://", "https://"):
        session.mount(scheme, CountingAdapter(4))
    error: BaseException | None = None
    with session, counted_request() as facts:
        try:
            session.post(url, data=b"12345", timeout=5, **options)
        except requests.RequestException as problem:
            error = problem
    return astuple(facts), error


def test_each_step_of_a_request_is_counted() -> None:
    with ExitStack() as stack:
        plain = stack.enter_context(wire(answer()))
        secured = stack.enter_context(wire(secure(answer())))
        forwarding = stack.enter_context(wire(relay(to=plain.url.rpartition("/")[2])))
        tunnelling = stack.enter_context(wire(tunnel()))
        both = stack.enter_context(wire(secure(tunnel())))
        ways: list[tuple[str, dict[str, str], tuple[bool, bool, bool]]] = [
            (plain.url, {}, (True, False, False)),
            (named(secured, "https").replace("service.test", "localhost"), {}, (True, False, True)),
            (named(plain), {"http": forwarding.url}, (True, False, False)),
            (named(secured, "https"), {"https": tunnelling.url}, (True, True, True)),
            (
                named(secured, "https"),
                {"https": both.url.replace("http://127.0.0.1", "https://localhost")},
                (True, True, True),
            ),
        ]
        for url, proxies, expected in ways:
            facts, error = facts_of(url, proxies=proxies, verify=AUTHORITY)
            assert (facts[:3], error) == (expected, None), (url, proxies)
            request = (plain.received + secured.received)[-1]
            assert facts[3] > len(request.body) + len(request.path), "head and body"


def plain_text(connection: socket.socket, server: Wire) -> None:
    """Answer a handshake without TLS."""
    connection.recv(1)
    connection.sendall(b"HTTP/1.1 400 No\r\n\r\n")


@pytest.mark.parametrize(
    ("script", "scheme", "expected"),
    [
        (broken_handshake, "https", (True, False, False, 0)),
        (secure(answer()), "https", (True, False, False, 0)),  # an untrusted certificate
        (plain_text, "https", (True, False, False, 0)),  # no TLS
    ],
    ids=["reset", "untrusted", "plain"],
)
def test_a_failed_handshake_wrote_nothing(
    script: Script, scheme: str, expected: tuple[Any, ...]
) -> None:
    with wire(script) as server:
        url = named(server, scheme).replace("service.test", "localhost")
        facts, error = facts_of(url, verify=OTHER_AUTHORITY)
    assert facts == expected
    assert error


def test_an_address_where_nobody_listens() -> None:
    facts, error = facts_of(refused())
    assert facts == (False, False, False, 0)
    assert error


# behind a proxy


LOST = {"closed": raw(b""), "reset": reset(read=True), "reset at once": reset(read=False)}


# for http:// addresses, requests does not check the certificate of a proxy
@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
@pytest.mark.parametrize("loss", LOST)
@pytest.mark.parametrize("way", ["plain", "tunnel", "https", "https tunnel"])
def test_a_request_that_a_proxy_took_is_sent_once(
    way: str, loss: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With `tunnel`, the service itself breaks the connection, and else the proxy does."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", AUTHORITY)
    with ExitStack() as stack:
        secured = secure(LOST[loss])
        service = stack.enter_context(wire(secured))
        script = {"plain": LOST[loss], "https": secured, "tunnel": tunnel()}
        proxy = stack.enter_context(wire(script.get(way, secure(tunnel()))))
        url = named(service, "https" if "tunnel" in way else "http")
        address = proxy.url
        if "https" in way:
            address = address.replace("http://127.0.0.1", "https://localhost")
        monkeypatch.setenv("HTTPS_PROXY" if "tunnel" in way else "http_proxy", address)
        call = submit(url)
        error = failure(call)
        reader = service if "tunnel" in way else proxy
    assert type(error) is errors.SubmitUnknown
    assert retry_delay(call, error, 0) is None
    assert len(reader.received) == (loss != "reset at once")


# connections that are used again


def test_a_kept_connection_that_the_server_closed_is_opened_again() -> None:
    closed = threading.Event()

    def once(connection: socket.socket, server: Wire) -> None:
        server.read(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        connection.close()
        closed.set()

    with wire(once) as server:
        sender = transport(server.url)
        for _ in range(3):
            assert sender.send(submit(server.url)).status == 200
            assert closed.wait(5)
            closed.clear()
        assert len(server.received) == 3
        sender.close()


def test_a_kept_connection_that_breaks_after_the_request_is_not_tried_again() -> None:
    def twice(connection: socket.socket, server: Wire) -> None:
        server.read(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        server.read(connection)

    with wire(twice) as server:
        sender = transport(server.url)
        sender.send(submit(server.url))
        with pytest.raises(errors.SubmitUnknown):
            sender.send(submit(server.url))
        assert len(server.received) == 2
        sender.close()


def test_a_kept_connection_that_takes_no_byte_sent_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server is gone, but the check of the kept connection did not see it."""

    def once(connection: socket.socket, server: Wire) -> None:
        server.read(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        server.over.wait(20)

    def closed_in_time(connection: HTTPConnection) -> bool:
        connection.sock.shutdown(socket.SHUT_WR)
        return False

    with wire(once) as server:
        sender = transport(server.url)
        sender.send(submit(server.url))
        monkeypatch.setattr("urllib3.connectionpool.is_connection_dropped", closed_in_time)
        with pytest.raises(errors.Unreachable) as raised:
            sender.send(Call("POST", f"{server.url}/v2/m", {}, billed=True, timeout=0.2))
        assert type(raised.value) is errors.Unreachable
        assert len(server.received) == 1
        sender.close()


def test_a_part_of_a_large_request_counts() -> None:
    """The server stops reading: some of it is in its buffers, and it may act on that."""

    def stop(connection: socket.socket, server: Wire) -> None:
        connection.recv(1000)
        connection.close()

    with wire(stop) as server:
        error = failure(submit(server.url, {"image": "x" * 30_000_000}))
    assert type(error) is errors.SubmitUnknown


# the count itself


class FakeSocket:
    """A socket that answers as told."""

    def __init__(self, answer: int | BaseException) -> None:
        self.answer = answer

    def send(self, data: memoryview) -> int:
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


@pytest.mark.parametrize(
    ("answer", "count"),
    [(3, 3), (5, 5), (ConnectionResetError(), 0), (ValueError(), 0), (KeyboardInterrupt(), 5)],
)
def test_bytes_count_as_written_until_the_socket_denies_it(
    answer: int | BaseException, count: int
) -> None:
    facts = SocketFacts()
    with nullcontext() if isinstance(answer, int) else pytest.raises(type(answer)):
        facts.write(FakeSocket(answer), memoryview(b"12345"))
    assert facts.bytes_written == count
    assert facts.may_have_arrived is (count > 0)


def test_a_socket_that_only_sends_all_counts_all() -> None:
    class OnlyAll:  # of pyOpenSSL in urllib3
        def sendall(self, data: memoryview) -> None:
            raise OSError(f"after some of {len(data)} bytes")

    facts = SocketFacts()
    with pytest.raises(OSError, match="after some"):
        facts.write(OnlyAll(), memoryview(b"12345"))
    assert facts.bytes_written == 5


def test_requests_of_other_threads_are_counted_apart() -> None:
    with wire(answer()) as server:
        found: dict[int, int] = {}

        def post(size: int) -> None:
            session = requests.Session()
            session.mount("http://", adapter)
            with counted_request() as facts:
                session.post(server.url, data=bytes(size), timeout=5)
            found[size] = facts.bytes_written

        adapter = CountingAdapter(4)
        threads = [threading.Thread(target=post, args=(1000 * n,)) for n in range(1, 9)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        adapter.close()
    assert len(found) == 8
    assert all(size < count < size + 900 for size, count in found.items())


def test_the_first_requests_through_a_proxy_are_counted_in_every_thread() -> None:
    """Many threads share the proxy's pools from their first use on."""
    adapter = CountingAdapter(4)
    barrier = threading.Barrier(8)
    managers: list[Any] = []

    def first_use() -> None:
        barrier.wait(5)
        managers.append(adapter.proxy_manager_for("http://127.0.0.1:9"))

    threads = [threading.Thread(target=first_use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len({id(manager) for manager in managers}) == 1
    pools = managers[0].pool_classes_by_scheme.values()
    assert [pool.ConnectionCls.__name__ for pool in pools] == ["CountingConnection"] * 2


def test_nothing_is_sent_through_a_pool_that_does_not_count() -> None:
    class Uncounted(CountingAdapter):
        def init_poolmanager(self, *args: Any, **options: Any) -> None:
            HTTPAdapter.init_poolmanager(self, *args, **options)

    session = requests.Session()
    session.mount("http://", Uncounted(1))
    with wire(answer()) as server, pytest.raises(TypeError, match="does not count"):
        session.post(server.url)
    assert not server.received


def test_no_library_repeats_a_request() -> None:
    sender: Callable[[str], Transport] = transport
    with sender("http://127.0.0.1:9")._session.use() as session:
        retries = [adapter.max_retries for adapter in session.adapters.values()]
    assert {(one.total, one.read) for one in retries} == {(0, False)}
