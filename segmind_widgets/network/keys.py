"""API keys from the environment, Colab's secrets, this kernel's memory or the keyring.

The sources are searched in this order, and keys are passed only to the transport. Nothing here
prints or logs a key or stores one in a trait.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from importlib import import_module
from typing import Any

from segmind_widgets.secret import Secret, from_environment, without_frames

KEYRING_NAME = "segmind-widgets"
_COLAB = "Colab's secrets"
_KEYRING_TIMEOUT = 2.0  # seconds: a locked or slow keyring must not delay a cell


class Keys:
    """The keys of all providers, each looked up once and cached until `forget`."""

    def __init__(self) -> None:
        self._memory: dict[str, Secret] = {}
        self._slow = False
        self._cache: dict[str, tuple[Secret | None, str]] = {}  # provider → key, source

    def __repr__(self) -> str:
        return "<Keys>"

    def __reduce__(self) -> tuple[type[Keys], tuple[()]]:
        return Keys, ()  # a pickle or a copy holds no key; it searches again

    @without_frames
    def key(self, provider: str) -> Secret | None:
        """Return the key for a provider, or None."""
        return self._lookup(provider)[0]

    @without_frames
    def known(self, provider: str) -> Secret | None:
        """Return the key if no keyring has to be asked for it, or None."""
        cached = self._cache.get(provider, (self._memory.get(provider), ""))[0]
        return Secret(from_environment(_variable(provider))) or cached

    @without_frames
    def source(self, provider: str) -> str:
        """Return a description of the key's source, or "" without a key."""
        return self._lookup(provider)[1]

    def remedy(self, provider: str) -> str:
        """Return how to change the key in use where `remember` cannot, as a sentence, or ""."""
        source, name = self.source(provider), _variable(provider)
        if source == _COLAB:
            return f"Change {name} under Secrets in Colab's side bar."
        if source == _environment(name):
            return (
                f"%env {name}= clears the variable for this kernel;"
                " change it where Jupyter is started to change it for good."
            )
        return ""

    @without_frames
    def masked(self, provider: str) -> str:
        """Return an ellipsis and the last three characters of the key, for display."""
        key = self.key(provider)
        return key.masked if key else ""

    @without_frames
    def remember(self, provider: str, key: Secret) -> str:
        """Store a key in the keyring, else in memory; return a description of the place.

        Raises:
            ValueError: the key is empty.
        """
        if not key:
            raise ValueError("The key is empty.")
        self._cache.pop(provider, None)
        self._memory[provider] = key
        self._use_keyring(lambda ring: ring.set_password(KEYRING_NAME, provider, key.reveal()))
        if self._from_keyring(provider) != key:  # some backends accept a key without storing it
            return "this kernel's memory"
        self._memory.pop(provider)
        return "the keyring"

    @without_frames
    def forget(self, provider: str) -> str:
        """Remove the key from memory and keyring; return the source that still has one, or ""."""
        self._memory.pop(provider, None)
        self._cache.pop(provider, None)
        self._use_keyring(lambda ring: ring.delete_password(KEYRING_NAME, provider))
        return self.source(provider)

    def _lookup(self, provider: str) -> tuple[Secret | None, str]:
        name = _variable(provider)
        key = Secret(from_environment(name))
        if key:  # not cached: the environment may change
            return key, _environment(name)
        if provider not in self._cache:
            self._cache[provider] = self._search(provider, name)
        return self._cache[provider]

    def _search(self, provider: str, name: str) -> tuple[Secret | None, str]:
        sources: tuple[tuple[str, Callable[[], Secret | None]], ...] = (
            (_COLAB, lambda: _colab(name)),
            ("this kernel's memory", lambda: self._memory.get(provider)),
            ("the keyring", lambda: self._from_keyring(provider)),
        )
        for source, read in sources:
            key = read()
            if key:
                return key, source
        return None, ""

    def _from_keyring(self, provider: str) -> Secret | None:
        return self._use_keyring(lambda ring: _secret(ring.get_password(KEYRING_NAME, provider)))

    def _use_keyring(self, use: Callable[[Any], Any]) -> Any:
        """Return the result of `use` on the keyring; None if it is missing, locked or slow.

        After one timeout the keyring is not used again.
        """
        if self._slow:
            return None
        answer: list[Any] = []

        def ask() -> None:
            try:
                import keyring

                answer.append(use(keyring))
            except Exception:  # noqa: BLE001 - each backend raises errors of its own
                answer.append(None)

        thread = threading.Thread(target=ask, name="segmind keyring", daemon=True)
        thread.start()
        thread.join(_KEYRING_TIMEOUT)
        self._slow = not answer
        return answer[0] if answer else None


def _variable(provider: str) -> str:
    """Return the name of the provider's environment variable, and of its secret on Colab."""
    return f"{provider.upper()}_API_KEY"


def _environment(name: str) -> str:
    return f"the environment ({name})"


def _secret(value: Any) -> Secret | None:
    return Secret(value) if isinstance(value, str) else None


def _colab(name: str) -> Secret | None:
    if "google.colab" not in sys.modules:
        return None
    try:
        return _secret(import_module("google.colab.userdata").get(name))
    except Exception:  # noqa: BLE001 - missing or not granted: Colab has a class for each
        return None
