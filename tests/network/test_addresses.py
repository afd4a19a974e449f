"""Addresses of a reply: https or the service's own host, and none in a private network."""

from __future__ import annotations

from pathlib import Path

import pytest

from segmind_widgets import errors
from segmind_widgets.network.addresses import OwnHosts, fetchable, is_private_host
from segmind_widgets.network.transport import Transport
from segmind_widgets.providers import Segmind
from segmind_widgets.secret import Secret
from tests.wire import answer, wire

PUBLIC = OwnHosts.of(["https://api.segmind.com"])
LOCAL = OwnHosts.of(["http://127.0.0.1:8000"])


@pytest.mark.parametrize(
    ("address", "fetched"),
    [
        ("https://cdn.example/a.png", "https://cdn.example/a.png"),
        ("http://cdn.example/a.png?x=1", "https://cdn.example/a.png?x=1"),
        ("http://cdn.example:80/a.png", "https://cdn.example/a.png"),
        ("https://198.18.0.7/a.png", "https://198.18.0.7/a.png"),
    ],
)
def test_addresses_that_are_fetched(address: str, fetched: str) -> None:
    assert fetchable(address, PUBLIC) == fetched


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1/a.png",
        "https://127.0.0.1:8443/a.png",
        "https://localhost/a.png",
        "http://10.1.2.3/a.png",
        "https://192.168.0.1/a.png",
        "http://169.254.169.254/latest/meta-data/",
        "https://100.100.100.200/latest/meta-data/",
        "https://[::1]/a.png",
        "https://[fd00::1]/a.png",
        "https://[fe80::1%25eth0]/a.png",
        "https://[::ffff:10.0.0.1]/a.png",
        "https://printer.local/a.png",
        "https://metadata.google.internal/a",
        "http://cdn.example:8080/a.png",
        "https://0.0.0.0/a.png",
    ],
)
def test_addresses_that_are_not_fetched(address: str) -> None:
    with pytest.raises(errors.DownloadError, match="was not fetched") as raised:
        fetchable(address, PUBLIC)
    assert raised.value.is_final
    assert "job.reply" in raised.value.hint


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:8000/a.png", "http://localhost:9000/a.png", "http://127.0.0.1/a"]
)
def test_the_own_host_is_fetched_wherever_it_is(address: str) -> None:
    assert fetchable(address, LOCAL) == address


def test_another_private_host_is_not_the_own_one() -> None:
    with pytest.raises(errors.DownloadError):
        fetchable("http://127.0.0.2:8000/a.png", LOCAL)


def test_names_of_private_hosts() -> None:
    assert is_private_host("LOCALHOST.")
    assert not is_private_host("localhost.example")


def test_a_public_name_of_a_private_address_is_not_connected_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import socket

    real = socket.getaddrinfo

    def resolve(host: str, *rest: object, **more: object) -> object:
        return real("127.0.0.1" if host == "cdn.example" else host, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with wire(answer(200, b"secret")) as inner:
        port = inner.url.rpartition(":")[2]
        transport = Transport(Segmind(), lambda: Secret("SG_0123456789abcdef"))
        with pytest.raises(errors.DownloadError, match="private network") as raised:
            transport.download(f"https://cdn.example:{port}/a.png", tmp_path / "a")
        assert raised.value.is_final
        assert not inner.received


def test_a_redirect_into_a_private_network_is_not_followed(tmp_path: Path) -> None:
    with wire(answer(200, b"secret")) as inner:
        where = inner.url.replace("127.0.0.1", "127.0.0.2")
        with wire(answer(302, b"", {"Location": f"{where}/a"})) as server:
            names = ("SEGMIND_API_URL", "SEGMIND_STORAGE_URL", "SEGMIND_CONSOLE_URL")
            provider = Segmind(dict.fromkeys(names, server.url))
            transport = Transport(provider, lambda: Secret("SG_0123456789abcdef"))
            with pytest.raises(errors.DownloadError, match="was not fetched"):
                transport.download(f"{server.url}/a", tmp_path / "a")
        assert not inner.received
