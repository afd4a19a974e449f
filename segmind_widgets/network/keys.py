"""Where a key is found: environment, Colab's secrets, keyring, then this kernel's memory.

A key is only ever given to the transport. Nothing here prints, logs or keeps one in a trait.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from importlib import import_module
from typing import Any

KEYRING_NAME = "segmind-widgets"
_PATIENCE = 2.0  # seconds: a locked or slow keyring must not hold up a cell


class Keys:
    """The keys of all providers, each looked up once and then kept until `forget`."""

    def __init__(self) -> None:
        self._memory: dict[str, str] = {}
        self._slow = False
        self._found: dict[str, tuple[str, str]] = {}  # provider → key, where it came from

    def __repr__(self) -> str:
        return "<Keys>"

    def __reduce__(self) -> tuple[type[Keys], tuple[()]]:
        return Keys, ()  # a pickle or a copy finds keys where it is, and carries none

    def key(self, provider: str) -> str | None:
        """The key for a provider, or None."""
        return self._look(provider)[0] or None

    def source(self, provider: str) -> str:
        """Where it came from, in words; empty where there is none."""
        return self._look(provider)[1]

    def masked(self, provider: str) -> str:
        """The key's last three characters behind dots, for showing which one it is."""
        key = self.key(provider) or ""
        return f"…{key[-3:]}" if len(key) >= 12 else "…" if key else ""

    def remember(self, provider: str, key: str) -> str:
        """Keep a key in the keyring, else in memory; where, in words.

        Raises:
            ValueError: the key is empty.
        """
        key = key.strip()
        if not key:
            raise ValueError("The key is empty.")
        self._found.pop(provider, None)
        self._memory[provider] = key
        self._ring(lambda ring: ring.set_password(KEYRING_NAME, provider, key))
        if self._kept(provider) != key:  # some backends take a key and keep nothing
            return "this kernel's memory"
        self._memory.pop(provider)
        return "the keyring"

    def forget(self, provider: str) -> str:
        """Drop the key from memory and keyring. Where one still comes from, in words, or ""."""
        self._memory.pop(provider, None)
        self._found.pop(provider, None)
        self._ring(lambda ring: ring.delete_password(KEYRING_NAME, provider))
        return self.source(provider)

    def _look(self, provider: str) -> tuple[str, str]:
        name = f"{provider.upper()}_API_KEY"
        key = os.environ.get(name, "").strip()
        if key:  # never kept: the environment may change under us
            return key, f"the environment ({name})"
        if provider not in self._found:
            self._found[provider] = self._search(provider, name)
        return self._found[provider]

    def _search(self, provider: str, name: str) -> tuple[str, str]:
        places: tuple[tuple[str, Callable[[], Any]], ...] = (
            ("Colab's secrets", lambda: _colab(name)),
            ("the keyring", lambda: self._kept(provider)),
            ("this kernel's memory", lambda: self._memory.get(provider)),
        )
        for place, look in places:
            key = look()
            if isinstance(key, str) and key.strip():
                return key.strip(), place
        return "", ""

    def _kept(self, provider: str) -> Any:
        return self._ring(lambda ring: ring.get_password(KEYRING_NAME, provider))

    def _ring(self, use: Callable[[Any], Any]) -> Any:
        """What `use` gives of the keyring; None where it is missing, locked or slow.

        A keyring that was slow once is not asked again: nobody waits for it twice.
        """
        if self._slow:
            return None
        answer: list[Any] = []

        def ask() -> None:
            try:
                import keyring

                answer.append(use(keyring))
            except Exception:  # noqa: BLE001 - every backend has errors of its own
                answer.append(None)

        thread = threading.Thread(target=ask, name="segmind keyring", daemon=True)
        thread.start()
        thread.join(_PATIENCE)
        self._slow = not answer
        return answer[0] if answer else None


def _colab(name: str) -> str | None:
    if "google.colab" not in sys.modules:
        return None
    try:
        return import_module("google.colab.userdata").get(name)
    except Exception:  # noqa: BLE001 - not there or not granted: Colab has classes for both
        return None
