"""Ask a person in a cell: yes or no."""

from __future__ import annotations

from IPython.core.error import StdinNotImplementedError

from segmind_widgets.syntax.file_access import FileAccess


def agrees(question: str) -> bool | None:
    """Ask a question; return None where the front end cannot ask."""
    try:
        answer = input(f"{question} [y/N] ")
    except (StdinNotImplementedError, EOFError, OSError):
        return None
    return answer.strip().lower() in ("y", "yes")


def check_files(access: FileAccess, *, allow_files: bool) -> None:
    """Ask once about all files from elsewhere, unless `allow_files` allows them.

    Raises:
        InputError: there are such files, and nobody allows them.
    """
    question = access.question
    if allow_files or (
        question and agrees(f"{question}. Their content would be sent to the service. Send it?")
    ):
        access.allow()
    access.check()
