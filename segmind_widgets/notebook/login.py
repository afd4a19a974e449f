"""A key from the person to the keyring, past the line, the screen and the history."""

from __future__ import annotations

import getpass

from IPython.core.error import StdinNotImplementedError

from segmind_widgets.errors import CellError, KeyMissing

TITLES = {"segmind": "Segmind", "apimart": "APIMart"}


def without_key(line: str) -> str:
    """The line, where no key stands on it. The words of the refusal do not repeat it."""
    for word in line.split():
        plain = word.startswith("--") or (word.isalpha() and len(word) <= 12)
        if not plain and word not in TITLES:
            raise CellError(
                "A key on the line stays in the notebook and in IPython's history.",
                hint="Run %segmind_login alone: it asks for the key without showing it. Best make"
                " a new key, for this one is in the history now.",
            )
    return line


def ask(provider: str) -> str:
    """The key that the person types, unseen.

    Raises:
        KeyMissing: nothing was typed, or nobody can type here.
    """
    try:
        key = getpass.getpass(f"{TITLES[provider]} API key: ").strip()
    except (StdinNotImplementedError, EOFError):
        key = ""
    if not key:
        raise KeyMissing(
            "No key was given.",
            hint=f"Where nobody can type, set {provider.upper()}_API_KEY in the environment.",
        )
    return key
