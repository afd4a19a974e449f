"""Ask the person at a live cell; a front end that nobody watches cannot ask."""

from __future__ import annotations

from IPython.core.error import StdinNotImplementedError

_YES = ("y", "yes")


def agrees(question: str) -> bool | None:
    """Return whether the person answers yes; None if this front end cannot ask."""
    try:
        answer = input(f"{question} [y/N] ")
    except (StdinNotImplementedError, EOFError, OSError):
        return None
    return answer.strip().lower() in _YES
