"""Prompts for API keys that keep them out of the notebook and IPython's history."""

from __future__ import annotations

import getpass
from collections.abc import Collection

from IPython.core.error import StdinNotImplementedError

from segmind_widgets.errors import CellError, KeyMissing
from segmind_widgets.secret import Secret, without_frames

MAX_NAME_LENGTH = 12  # maximum length of a provider's name; keys are longer


def reject_key(line: str, providers: Collection[str]) -> str:
    """Return the line unchanged if no word in it could be a key.

    Raises:
        CellError: a word is neither an option nor a name; the message does not repeat the word.
    """
    for word in line.split():
        is_name = word.isalpha() and len(word) <= MAX_NAME_LENGTH
        if not (word.startswith("--") or is_name or word in providers):
            raise CellError(
                "A key on the line stays in the notebook and in IPython's history.",
                hint="Run %segmind_login without the key; it shows a hidden prompt. Replace "
                "this key by a new one, since it is now in the history.",
            )
    return line


@without_frames
def ask(provider: str, title: str) -> Secret:
    """Ask for the provider's key without showing it.

    Raises:
        KeyMissing: nothing was typed, or this front end does not support input.
    """
    try:
        key = Secret(getpass.getpass(f"{title} API key: "))
    except (StdinNotImplementedError, EOFError):
        key = Secret("")
    if not key:
        raise KeyMissing(
            "No key was given.",
            hint="Nothing was changed. Where no prompt appears, set"
            f" {provider.upper()}_API_KEY in the environment.",
        )
    return key
