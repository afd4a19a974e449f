from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import keyring
import keyring.backend
import pytest

from segmind_widgets.errors import InputError, KeyMissing
from segmind_widgets.network.endpoints import Endpoint, Endpoints
from segmind_widgets.network.keys import Keys
from segmind_widgets.network.shared_rate_limit import SharedRateLimits
from segmind_widgets.storage.store import Store

KEY = "SG_0123456789abcdef"
Made = Callable[..., Endpoints]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Iterator[Made]:
    """Makes places from settings; they are closed at the end."""
    kept: list[Endpoints] = []

    def make(**settings: Any) -> Endpoints:
        options = {"provider": "", "urls": {}, "rate_limit": 120.0, "image_objects": False}
        options |= {"sandbox_speed": 100.0, **settings}
        kept.append(Endpoints(Keys(), lambda: options))
        return kept[-1]

    yield make
    for endpoints in kept:
        endpoints.close()


def where(endpoint: Endpoint) -> tuple[str, bool]:
    return endpoint.provider.name, endpoint.sandbox


@pytest.mark.parametrize(
    ("keys", "setting", "asked", "chosen"),
    [
        ("", "", None, ("segmind", True)),
        ("", "", "apimart", ("apimart", True)),
        ("", "", "sandbox", ("segmind", True)),
        ("segmind", "", None, ("segmind", False)),
        ("apimart", "", None, ("apimart", False)),
        ("segmind apimart", "", None, ("segmind", False)),
        ("segmind apimart", "", "apimart", ("apimart", False)),
        ("segmind apimart", "apimart", None, ("apimart", False)),
        ("segmind apimart", "apimart", "segmind", ("segmind", False)),
        ("segmind", "", "sandbox", ("segmind", True)),
        ("segmind", "sandbox", None, ("segmind", True)),
        ("segmind apimart", "sandbox", "apimart", ("apimart", True)),
        ("segmind", "", " Segmind ", ("segmind", False)),
    ],
)
def test_option_then_setting_then_key_then_sandbox(
    made: Made,
    monkeypatch: pytest.MonkeyPatch,
    keys: str,
    setting: str,
    asked: str | None,
    chosen: tuple[str, bool],
) -> None:
    for name in keys.split():
        monkeypatch.setenv(f"{name.upper()}_API_KEY", "SG_0123456789abcdef")
    assert where(made(provider=setting).choose(asked)) == chosen


@pytest.mark.parametrize(("setting", "asked"), [("", "apimart"), ("apimart", None)])
def test_a_wanted_provider_without_a_key(
    made: Made, monkeypatch: pytest.MonkeyPatch, setting: str, asked: str | None
) -> None:
    """Never another one instead, and never the sandbox where money was meant."""
    monkeypatch.setenv("SEGMIND_API_KEY", "SG_0123456789abcdef")
    with pytest.raises(KeyMissing, match="no key for APIMart") as raised:
        made(provider=setting).choose(asked)
    assert "%segmind_login apimart" in raised.value.hint


class Entries(keyring.backend.KeyringBackend):
    """A keyring that notes which entries are read."""

    priority = 1  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.read: list[str] = []

    def get_password(self, service: str, username: str) -> str | None:
        self.read.append(username)
        return KEY if username == "segmind" else None

    def set_password(self, service: str, username: str, password: str) -> None: ...


@pytest.mark.parametrize(
    ("variables", "setting", "asked", "read"),
    [
        ("segmind", "", None, []),
        ("segmind apimart", "", None, []),
        ("segmind", "", "segmind", []),
        ("apimart", "", "apimart", []),
        ("apimart", "", "segmind", ["segmind"]),
        ("apimart", "segmind", None, ["segmind"]),
        ("", "", None, ["segmind"]),
        ("segmind", "sandbox", None, []),
        ("", "", "sandbox", []),
        ("segmind", "", "apimart", ["apimart"]),
    ],
)
def test_a_keyring_is_asked_only_for_the_provider_that_is_meant(
    made: Made,
    monkeypatch: pytest.MonkeyPatch,
    variables: str,
    setting: str,
    asked: str | None,
    read: list[str],
) -> None:
    entries = Entries()
    keyring.set_keyring(entries)
    for name in variables.split():
        monkeypatch.setenv(f"{name.upper()}_API_KEY", KEY)
    endpoints = made(provider=setting)
    for _ in range(2):
        with suppress(KeyMissing):
            endpoints.choose(asked)
    endpoints.known_secrets()
    assert entries.read == read


def test_an_unknown_provider(made: Made) -> None:
    for endpoints, name in ((made(), "nobody"), (made(provider="nobody"), None)):
        with pytest.raises(InputError, match="no provider 'nobody'"):
            endpoints.choose(name)


def test_addresses_come_from_settings_then_the_environment(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoints = made(urls={"SEGMIND_API_URL": "https://a.example"})
    assert endpoints.at("segmind", sandbox=False).address == "https://a.example"
    monkeypatch.setenv("SEGMIND_API_URL", "https://b.example/")
    monkeypatch.setenv("SEGMIND_SITE_URL", "https://c.example/")
    assert endpoints.at("segmind", sandbox=False).address == "https://a.example"
    endpoint = made().at("segmind", sandbox=False)
    assert endpoint.address.rstrip("/") == "https://b.example"
    assert endpoint.provider.directory_url == "https://c.example/llms.txt"


def test_a_place_is_kept_until_a_setting_changes(made: Made) -> None:
    settings = {"rate_limit": 60.0}
    endpoints = Endpoints(Keys(), lambda: {"urls": {}, "image_objects": False, **settings})
    first = endpoints.at("segmind", sandbox=False)
    assert endpoints.at("segmind", sandbox=False) is first
    settings["rate_limit"] = 30.0
    assert endpoints.at("segmind", sandbox=False) is not first
    endpoints.close()


def test_the_limit_is_for_real_services_and_for_this_machine_only_where_it_is_set(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    def limit(**settings: Any) -> float:
        return made(**settings).at("segmind", sandbox=False).transport.limit.per_minute

    assert limit(rate_limit=None) == 120
    assert limit(rate_limit=0) == 0
    assert limit(rate_limit=30.0) == 30
    monkeypatch.setenv("SEGMIND_API_URL", "http://127.0.0.1:8765")
    assert limit(rate_limit=None) == 0
    assert limit(rate_limit=30.0) == 30


def test_kernels_share_the_pace_of_a_real_account_and_not_that_of_a_sandbox(
    made: Made, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SEGMIND_API_KEY", "SG_0123456789abcdef")
    stores = [Store(tmp_path), Store(tmp_path)]
    kernels = [made(rate_limit=60.0) for _ in stores]
    for kernel, store in zip(kernels, stores, strict=True):
        kernel._share = lambda store=store: SharedRateLimits(store.rate_limits)
    first, second = (k.at("segmind", sandbox=False).transport.limit for k in kernels)
    assert first.acquire(now=100.0) == 0.0
    assert second.acquire(now=100.0) > 0
    monkeypatch.setenv("SEGMIND_API_KEY", "SG_fedcba9876543210")  # another account, at once
    assert second.acquire(now=100.0) == 0.0
    assert kernels[0].choose("sandbox").transport.limit._share is None
    unlimited = made(rate_limit=0)
    unlimited._share = kernels[0]._share
    limit = unlimited.at("segmind", sandbox=False).transport.limit
    assert limit.acquire() == limit.acquire() == 0.0
    assert limit._share is None, "nothing is written where no limit is set"
    for store in stores:
        store.close()


def test_one_sandbox_serves_both_providers_and_its_key_stays_out_of_the_environment(
    made: Made,
) -> None:
    endpoints = made()
    segmind, apimart = endpoints.choose(), endpoints.choose("apimart")
    assert segmind.sandbox
    assert apimart.sandbox
    assert {"127.0.0.1"} == {p.address.split("//")[1].split(":")[0] for p in (segmind, apimart)}
    assert endpoints._started_sandbox() is endpoints._started_sandbox()
    assert "SEGMIND_API_KEY" not in os.environ


@pytest.mark.parametrize("name", ["segmind", "apimart"])
@pytest.mark.parametrize(("setting", "limit"), [(None, 0), (0.0, 0), (30.0, 30)])
def test_the_rate_limit_holds_on_the_built_in_sandbox_too(
    made: Made, name: str, setting: float | None, limit: float
) -> None:
    endpoint = made(rate_limit=setting).at(name, sandbox=True)
    assert endpoint.transport.limit.per_minute == limit
