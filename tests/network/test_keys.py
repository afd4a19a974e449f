"""Where keys are found and kept, and that nothing shows them."""

from __future__ import annotations

import sys
import threading
import time
from types import ModuleType
from typing import Any

import keyring
import keyring.backend
import keyring.backends.null
import pytest

from segmind_widgets.network import keys as module
from segmind_widgets.network.keys import Keys
from segmind_widgets.secret import Secret

TEXT = "SG_0123456789abcdef"
KEY = Secret(TEXT)


class Ring(keyring.backend.KeyringBackend):
    """A keyring in memory, that can be slow."""

    priority = 1  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}
        self.asked = 0
        self.open = threading.Event()
        self.open.set()

    def _ask(self) -> None:
        self.asked += 1
        self.open.wait(10)

    def get_password(self, service: str, username: str) -> str | None:
        self._ask()
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._ask()
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        self._ask()
        del self.kept[service, username]


@pytest.fixture
def ring() -> Ring:
    backend = Ring()
    keyring.set_keyring(backend)
    return backend


def test_the_environment_comes_first_and_is_read_each_time(
    ring: Ring, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = Keys()
    ring.kept["segmind-widgets", "segmind"] = "from-the-ring"
    assert keys.key("segmind") == Secret("from-the-ring")
    monkeypatch.setenv("SEGMIND_API_KEY", f" {TEXT}\n")
    assert keys.key("segmind") == KEY
    assert "SEGMIND_API_KEY" in keys.source("segmind")
    monkeypatch.setenv("SEGMIND_API_KEY", "  ")
    assert keys.source("segmind") == "the keyring"
    assert keys.key("apimart") is None
    assert keys.source("apimart") == ""


def test_a_key_is_kept_in_the_keyring_and_found_by_the_next_kernel(ring: Ring) -> None:
    keys = Keys()
    assert keys.key("segmind") is None
    assert keys.remember("segmind", Secret(f" {TEXT} ")) == "the keyring"
    assert keys.key("segmind") == Keys().key("segmind") == KEY
    assert keys.forget("segmind") == ""
    assert keys.key("segmind") is None
    assert not ring.kept


@pytest.mark.parametrize("backend", [None, keyring.backends.null.Keyring()])
def test_without_a_keyring_that_keeps_it_stays_in_memory(backend: Any) -> None:
    if backend:
        keyring.set_keyring(backend)
    keys = Keys()
    assert keys.remember("apimart", KEY) == "this kernel's memory"
    assert (keys.key("apimart"), keys.source("apimart")) == (KEY, "this kernel's memory")
    assert Keys().key("apimart") is None
    assert keys.forget("apimart") == ""
    assert keys.key("apimart") is None


def test_forgetting_tells_what_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APIMART_API_KEY", TEXT)
    assert "APIMART_API_KEY" in Keys().forget("apimart")


def test_a_slow_keyring_is_waited_for_once(ring: Ring, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_KEYRING_TIMEOUT", 0.05)
    ring.open.clear()
    keys = Keys()
    began = time.monotonic()
    for _ in range(10):
        assert keys.key("segmind") is None
        assert keys.key("apimart") is None
    assert keys.remember("segmind", KEY) == "this kernel's memory"
    assert keys.key("segmind") == KEY
    assert time.monotonic() - began < 1
    assert ring.asked == 1
    ring.open.set()


def test_found_keys_are_looked_up_once(ring: Ring) -> None:
    keys = Keys()
    keys.remember("segmind", KEY)
    keys.key("segmind")
    before = ring.asked
    assert {keys.key("segmind") for _ in range(5)} == {KEY}
    assert ring.asked == before


def test_colabs_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    userdata = ModuleType("google.colab.userdata")
    userdata.get = {"SEGMIND_API_KEY": TEXT}.__getitem__  # type: ignore[attr-defined]
    for name in ("google", "google.colab"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(sys.modules, "google.colab.userdata", userdata)
    keys = Keys()
    assert (keys.key("segmind"), keys.source("segmind")) == (KEY, "Colab's secrets")
    assert keys.key("apimart") is None  # its secret is not there


def test_nothing_shows_a_key() -> None:
    keys = Keys()
    keys.remember("segmind", KEY)
    keys.remember("apimart", Secret("short"))
    assert keys.masked("segmind") == "…def"
    assert keys.masked("apimart") == "…"
    assert keys.masked("other") == ""
    assert TEXT not in f"{keys!r}{keys}{keys.key('segmind')!r}{vars(keys)}"
    with pytest.raises(ValueError, match="empty"):
        keys.remember("segmind", Secret("  "))
    assert keys.key("segmind") == KEY
