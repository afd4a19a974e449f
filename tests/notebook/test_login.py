"""`%segmind_login` tests the key that was typed, and says which key cells use."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from types import ModuleType

import keyring
import keyring.backend
import pytest

from segmind_widgets import errors
from segmind_widgets.sandbox import Fault, Sandbox
from segmind_widgets.secret import Secret
from tests.shells import Shell, open_shell, quick

GOOD = "SG_good-0123456789abc"
BAD = "SG_bad--0123456789xyz"
TYPED_BAD = "SG_typed-0123456789uvw"
SOURCES = {  # in their order
    "environment": "the environment (SEGMIND_API_KEY)",
    "colab": "Colab's secrets",
    "memory": "this kernel's memory",
    "keyring": "the keyring",
}


class Ring(keyring.backend.KeyringBackend):
    """A keyring in memory; a read-only one refuses to store."""

    priority = 1  # type: ignore[assignment]

    def __init__(self, *, read_only: bool = False) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}
        self.read_only = read_only

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        if self.read_only:
            raise keyring.errors.PasswordSetError
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


@pytest.fixture(scope="module")
def strict() -> Iterator[Sandbox]:
    with Sandbox(speed=500, artist=quick, segmind_key=GOOD) as running:
        yield running


@pytest.fixture
def shell(strict: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    """A shell that reaches the sandbox and has no key."""
    with open_shell(tmp_path) as opened:
        for name, value in strict.environ.items():
            if name.endswith("_URL"):
                monkeypatch.setenv(name, value)
        yield opened


def put(shell: Shell, source: str, key: str, monkeypatch: pytest.MonkeyPatch, ring: Ring) -> None:
    """Put a key where `source` says."""
    if source == "environment":
        monkeypatch.setenv("SEGMIND_API_KEY", key)
    elif source == "colab":
        userdata = ModuleType("google.colab.userdata")
        userdata.get = {"SEGMIND_API_KEY": key}.__getitem__  # type: ignore[attr-defined]
        for name in ("google", "google.colab"):
            monkeypatch.setitem(sys.modules, name, ModuleType(name))
        monkeypatch.setitem(sys.modules, "google.colab.userdata", userdata)
    elif source == "keyring":
        ring.kept["segmind-widgets", "segmind"] = key
    elif source == "memory":
        read_only, ring.read_only = ring.read_only, True
        assert shell.client.session.keys.remember("segmind", Secret(key)) == SOURCES["memory"]
        ring.read_only = read_only


def works(shell: Shell) -> bool:
    """Whether the key that cells use is accepted."""
    try:
        shell.run("%segmind_status -p segmind")
    except (errors.Unauthorized, errors.KeyMissing):
        return False
    return True


def test_an_account_for_which_the_service_has_no_credits_has_the_right_key(
    shell: Shell,
    strict: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = {"error": "No credits found for the user"}
    strict.faults.add("GET /v1/get-user-credits", 404, times=None, body=words)
    monkeypatch.setattr(getpass, "getpass", lambda _: GOOD)
    try:
        shell.run("%segmind_login")
        assert "It works: 0.00 USD." in capsys.readouterr().out
        assert dict(shell.run("%segmind_status -p segmind"))["credits"] == "0.00 USD"
        assert shell.client.credits("segmind").balance == 0
    finally:
        strict.faults.clear()


@pytest.mark.parametrize(
    ("source", "held", "typed", "writable"),
    [("", "", typed, writable) for typed, writable in product((GOOD, TYPED_BAD), (True, False))]
    + list(product(SOURCES, (GOOD, BAD), (GOOD, TYPED_BAD), (True, False))),
)
def test_the_typed_key_is_tested_whatever_is_held_elsewhere(
    shell: Shell,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    source: str,
    held: str,
    typed: str,
    writable: bool,
) -> None:
    ring = Ring(read_only=not writable)
    keyring.set_keyring(ring)
    put(shell, source, held, monkeypatch, ring)
    monkeypatch.setattr(getpass, "getpass", lambda _: typed)
    keys = shell.client.session.keys
    in_ring = writable or (source == "keyring" and held == typed)
    stored = SOURCES["keyring" if in_ring else "memory"]
    if typed == GOOD:
        shell.run("%segmind_login")
        said = capsys.readouterr().out
        assert f"is stored in {stored}. It works: 10.00 USD." in said
        before = source in ("environment", "colab")
        assert ("But cells use the key" in said) == before
        if before:
            assert f"…{held[-3:]} from {SOURCES[source]}, which comes first" in said
        assert (keys.key("segmind"), keys.source("segmind")) == (
            (Secret(held), SOURCES[source]) if before else (Secret(GOOD), stored)
        )
        assert works(shell) == (held == GOOD or not before)
    else:
        with pytest.raises(errors.Unauthorized, match="API key is invalid") as raised:
            shell.run("%segmind_login")
        said = raised.value.hint + capsys.readouterr().out
        assert "The key that you typed was not kept." in said
        use = f"Cells use the key …{held[-3:]} from {SOURCES[source]}." if source else "no key for"
        assert use in said
        assert (keys.key("segmind") or Secret(""), keys.source("segmind")) == (
            Secret(held),
            SOURCES.get(source, ""),
        )
    assert typed not in said
    assert (held or typed) not in said


def test_the_remedy_for_a_variable_that_comes_first_works(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SEGMIND_API_KEY", BAD)
    monkeypatch.setattr(getpass, "getpass", lambda _: GOOD)
    shell.run("%segmind_login")
    assert "%env SEGMIND_API_KEY= clears the variable" in capsys.readouterr().out
    assert not works(shell)
    shell.run("%env SEGMIND_API_KEY=")
    assert works(shell)


def test_a_key_that_cannot_be_checked_is_stored_and_it_says_so(
    shell: Shell,
    strict: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(getpass, "getpass", lambda _: GOOD)
    strict.faults.add(Fault("GET .*credits", 404))
    shell.run("%segmind_login")
    assert "It could not be checked" in capsys.readouterr().out
    assert works(shell)


def test_another_providers_key_is_no_hindrance(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, strict: Sandbox
) -> None:
    monkeypatch.setenv("SEGMIND_API_KEY", GOOD)
    monkeypatch.setattr(getpass, "getpass", lambda _: "sk-wrong-0123456789")
    with pytest.raises(errors.Unauthorized) as raised:
        shell.run("%segmind_login apimart")
    assert "Cells have no key for APIMart now." in raised.value.hint
    monkeypatch.setattr(getpass, "getpass", lambda _: strict.environ["APIMART_API_KEY"])
    shell.run("%segmind_login apimart")
    assert shell.client.session.keys.key("apimart") == Secret(strict.environ["APIMART_API_KEY"])
