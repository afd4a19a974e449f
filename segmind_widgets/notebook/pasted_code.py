"""Pasted code in a cell: the run that it describes, or the reason why it is refused."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from segmind_widgets.errors import CellError

if TYPE_CHECKING:
    from segmind_widgets.session import Session
    from segmind_widgets.syntax.snippets import Pasted

_KEPT = (
    " The key is still in this cell's source and in IPython's history: delete it there, or "
    "create a new key."
)


def read_cell(session: Session, text: str, *, is_pasted: bool) -> Pasted | None:
    """Return the code in a cell; None where the cell is a prompt or inputs.

    Args:
        session: has the addresses and keys.
        text: the cell below the magic, or its line.
        is_pasted: whether `--paste` was given; JSON and variables are then read, too.

    Raises:
        InputError: it is code, and cannot be read.
    """
    if not is_pasted:
        return session.find_code(text)
    pasted = session.read(text, allow_files=True)  # the cell asks
    return replace(pasted, language=pasted.language or "the cell")


def note(pasted: Pasted) -> str:
    """Return the line that describes the code that was read."""
    return f"{pasted.summary}{_KEPT if pasted.had_key else ''}"


def apply(pasted: Pasted, options: Namespace, kind: str, line: dict[str, Any]) -> dict[str, Any]:
    """Set target, provider and API version of the code in the options; return all inputs.

    Args:
        pasted: the code.
        options: those of the magic's line; they are changed.
        kind: model or workflow, depending on the magic.
        line: the inputs on the line, for values that are not in the code.

    Raises:
        CellError: the code is for another magic, model or provider than the line.
        InputError: a value is not known, or a file is missing.
    """
    _check_kind(pasted, kind)
    target = options.target
    if target and pasted.target and not _is_same(target, pasted.target):
        raise CellError(
            f"The code is for {pasted.target}, but the line has {target}.",
            hint=f"Remove {target}, or change the address in the code.",
        )
    options.target = pasted.target or target
    _check_provider(pasted, options)
    options.provider = options.provider or pasted.provider or None
    if getattr(options, "api", None) == "auto":
        options.api = pasted.api
    twice = next((name for name in line if name in pasted.inputs), None)
    if twice:
        raise CellError(
            f"`{twice}` is given both on the line and in the code.",
            hint="Remove one of them.",
            field=twice,
        )
    complete = pasted.with_inputs(line)
    complete.check()
    return dict(complete.inputs)


def _check_kind(pasted: Pasted, kind: str) -> None:
    if pasted.kind == "upload":
        raise CellError(
            "The code in this cell only uploads a file.",
            hint="Write %%segmind_upload on the first line, or %segmind_upload FILE.",
        )
    if pasted.kind and pasted.kind != kind:
        magic = "run" if pasted.kind == "model" else "workflow"
        raise CellError(
            f"The code in this cell is for the {pasted.kind} {pasted.target}.",
            hint=f"Write %%segmind_{magic} {pasted.target} on the first line.",
        )


def _check_provider(pasted: Pasted, options: Namespace) -> None:
    name = (options.provider or "").lower()
    at_segmind = name == "sandbox" and pasted.provider == "segmind"
    if not name or not pasted.provider or at_segmind:
        return
    if name.removeprefix("sandbox/") == pasted.provider:
        return
    hint = f"Write -p {pasted.provider}, or remove -p."
    if name == "sandbox":
        hint = f"Write -p sandbox/{pasted.provider}."
    raise CellError(f"The code is for {pasted.provider}, but the line has -p {name}.", hint=hint)


def _is_same(line: str, code: str) -> bool:
    """Return whether a name or address on the line names the target of the code."""
    name = line.rstrip("/").partition("?")[0].rpartition("/")[2].rpartition(":")[2]
    return name.lower() == code.lower()
