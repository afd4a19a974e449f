"""What a person reads when a proxy, a certificate or the network is in the way, and the remedy."""

from __future__ import annotations

import gc
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from segmind_widgets import errors
from segmind_widgets.network.transport import Transport
from segmind_widgets.providers import Segmind
from segmind_widgets.secret import Secret
from segmind_widgets.types import Call
from tests.gateways import (
    AUTHORITY,
    LOGIN_PAGE,
    OTHER_AUTHORITY,
    broken_handshake,
    relay,
    secure,
    tunnel,
)
from tests.wire import Script, Wire, answer, refused, silent, wire

KEY = "SG_0123456789abcdef"
LOGIN = "me:my-password"
Attempt = Callable[[str, Path], object]


def sender(url: str) -> Transport:
    return Transport(Segmind({"SEGMIND_API_URL": url}), lambda: Secret(KEY))


def submit(url: str, folder: Path) -> object:
    return sender(url).send(Call("POST", f"{url}/v2/m", {"prompt": "a"}, billed=True, timeout=5.0))


def poll(url: str, folder: Path) -> object:
    return sender(url).send(Call("GET", f"{url}/v2/requests/1/status", timeout=5.0))


def download(url: str, folder: Path) -> object:
    return sender(url).download(f"{url}/a.png", folder / "a.png")


def page(url: str, folder: Path) -> object:
    return sender(url).page(f"{url}/llms.txt")


ATTEMPTS: list[Attempt] = [submit, poll, download, page]


@pytest.fixture(params=ATTEMPTS, ids=lambda one: one.__name__)
def attempt(request: pytest.FixtureRequest) -> Attempt:
    return request.param


@pytest.fixture(autouse=True)
def trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trust the servers of these tests."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", AUTHORITY)


@pytest.fixture
def refused_tunnel() -> Iterator[None]:
    """Python 3.10 leaves the socket of a tunnel that was refused to the collector."""
    yield
    gc.collect()


@pytest.fixture
def service() -> Iterator[Wire]:
    with wire(secure(answer(200, b"abc"))) as server:
        yield server


def secured(server: Wire, name: str = "service.test") -> str:
    return server.url.replace("http://127.0.0.1", f"https://{name}")


def with_login(server: Wire | str, login: str = LOGIN) -> str:
    url = server if isinstance(server, str) else server.url
    return url.replace("//", f"//{login}@")


def failure(attempt: Attempt, url: str, folder: Path) -> errors.SegmindError:
    """The error of an attempt; nothing of it may show the proxy's login."""
    with pytest.raises(errors.SegmindError) as raised:
        attempt(url, folder)
    error = raised.value
    text = "".join(traceback.TracebackException.from_exception(error).format())
    assert LOGIN.partition(":")[2] not in f"{text} {error.hint} {vars(error)}"
    return error


def test_an_untrusted_certificate_names_the_variable(
    attempt: Attempt, service: Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", OTHER_AUTHORITY)
    error = failure(attempt, secured(service, "localhost"), tmp_path)
    assert "its certificate is not trusted" in error.message
    assert "REQUESTS_CA_BUNDLE" in error.hint
    assert not service.received
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", AUTHORITY)
    attempt(secured(service, "localhost"), tmp_path)
    assert len(service.received) == 1, "the remedy works"


def test_a_broken_handshake_is_not_called_untrusted(tmp_path: Path) -> None:
    with wire(broken_handshake) as server:
        error = failure(submit, secured(server, "localhost"), tmp_path)
    assert type(error) is errors.Unreachable
    assert "certificate" not in error.message + error.hint


def test_authorities_that_do_not_exist(
    service: Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "none.pem"))
    error = failure(submit, secured(service, "localhost"), tmp_path)
    assert isinstance(error, errors.InputError)
    assert "none.pem does not exist; nothing was sent" in error.message
    assert "REQUESTS_CA_BUNDLE" in error.hint


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_dead_proxy_is_named(
    scheme: str, attempt: Attempt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = refused()
    monkeypatch.setenv(f"{scheme}_proxy", with_login(proxy))
    error = failure(attempt, f"{scheme}://service.test", tmp_path)
    assert f"the proxy {proxy}" in error.message
    assert f"{scheme.upper()}_PROXY" in error.hint
    assert "add service.test to NO_PROXY" in error.hint


def test_a_proxy_without_a_name_server_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://no-such-proxy.invalid:3128")
    error = failure(submit, "https://service.test", tmp_path)
    assert "the proxy http://no-such-proxy.invalid:3128" in error.message


def test_a_silent_proxy_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("segmind_widgets.network.transport.CONNECT_TIMEOUT", 0.05)
    with wire(silent(read=False)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        error = failure(submit, "https://service.test", tmp_path)
    assert type(error) is errors.Unreachable
    assert f"no data through the proxy {proxy.url}" in error.message


@pytest.mark.usefixtures("refused_tunnel")
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
def test_a_proxy_that_asks_for_a_login(
    attempt: Attempt, service: Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with wire(tunnel(login=LOGIN)) as proxy:
        for wrong in (proxy.url, with_login(proxy, "me:wrong")):
            monkeypatch.setenv("HTTPS_PROXY", wrong)
            error = failure(attempt, secured(service), tmp_path)
            assert "asks for a login (407)" in error.message
            assert "HTTPS_PROXY=http://USER:PASSWORD@127.0.0.1:" in error.hint
            assert not service.received
        monkeypatch.setenv("HTTPS_PROXY", with_login(proxy))
        attempt(secured(service), tmp_path)
    assert len(service.received) == 1, "the remedy works"


def test_a_login_for_plain_requests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxy read the request, so the socket cannot tell whether it passed it on."""
    with wire(answer(407, LOGIN_PAGE, {"Content-Type": "text/html"})) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("http_proxy", proxy.url)
        for attempt, kind in ((submit, errors.SubmitUnknown), (poll, errors.ReplyLost)):
            error = failure(attempt, "http://service.test", tmp_path)
            assert type(error) is kind
            assert f"the proxy {proxy.url} asks for a login (407)" in error.message
            assert "HTTP_PROXY=http://USER:PASSWORD@127.0.0.1:" in error.hint


@pytest.mark.usefixtures("refused_tunnel")
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
def test_a_proxy_that_refuses_a_tunnel(
    attempt: Attempt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with wire(tunnel(status=403)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        error = failure(attempt, "https://service.test", tmp_path)
    assert f"the proxy {proxy.url} refused the connection (403)" in error.message
    assert "service.test" in error.hint


def test_socks_without_its_package(
    attempt: Attempt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "socks", None)
    monkeypatch.setenv("ALL_PROXY", with_login("socks5://127.0.0.1:9"))
    error = failure(attempt, "https://service.test", tmp_path)
    assert "proxy socks5://127.0.0.1:9 needs the package PySocks" in error.message
    assert "%pip install pysocks" in error.hint


@pytest.mark.parametrize("proxy", ["ftp://127.0.0.1:9", "http://", "http://[", "http://a:b"])
def test_a_proxy_that_is_no_address(
    proxy: str, attempt: Attempt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    error = failure(attempt, "https://service.test", tmp_path)
    assert "not valid" in error.message
    assert "HTTPS_PROXY" in error.hint


@pytest.mark.parametrize(
    ("script", "scheme"),
    [(relay, "http"), (tunnel, "https")],
)
def test_a_working_proxy_is_used(
    script: Callable[[], Script],
    scheme: str,
    attempt: Attempt,
    service: Wire,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with wire(answer(200, b"abc")) as plain:
        target = plain.url.rpartition("/")[2]
        with wire(relay(to=target) if script is relay else tunnel()) as proxy:
            monkeypatch.setenv(f"{scheme}_proxy", proxy.url)
            url = secured(service) if scheme == "https" else "http://service.test"
            attempt(url, tmp_path)
        assert len(plain.received) + len(service.received) == 1
        assert proxy.received


# a page in the place of a reply


PORTAL = answer(200, b"<!DOCTYPE html><title>Sign in</title>", {"Content-Type": "text/html"})


def parse(url: str, kind: str) -> object:
    """Send a call of a kind, and parse its reply."""
    provider = Segmind({"SEGMIND_API_URL": url, "SEGMIND_STORAGE_URL": url})
    transport = Transport(provider, lambda: Secret(KEY))
    if kind == "credits":
        return provider.parse_credits(transport.send(provider.credits_call()))
    if kind == "poll":
        call = Call("GET", f"{url}/v2/requests/1/status", timeout=5.0)
    else:
        call = Call("POST", f"{url}/{kind}/m", {}, billed=True, timeout=5.0)
    return provider.parse(call, transport.send(call))


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("credits", errors.ReplyError),
        ("poll", errors.ReplyError),
        ("v1", errors.SubmitUnknown),
        ("v2", errors.SubmitUnknown),
    ],
)
def test_a_page_in_the_place_of_a_reply_names_the_network(
    kind: str, expected: type[errors.SegmindError]
) -> None:
    with wire(PORTAL) as server, pytest.raises(expected) as raised:
        parse(server.url, kind)
    assert "sign in" in raised.value.hint
    assert "network" in raised.value.hint


def test_a_redirect_to_a_login_page_names_the_network(tmp_path: Path) -> None:
    with wire(answer(302, b"", {"Location": "http://login.example/?to=1"})) as server:
        error = failure(poll, server.url, tmp_path)
    assert type(error) is errors.ForeignHost
    assert "login page" in error.hint
