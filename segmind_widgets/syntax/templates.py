"""`$name`, `${expr}` and `file:…` in a text become the Python values that they stand for.

Alone, `$name` and `${expr}` are that object itself; inside text `${expr}` is its text, and `$${` is
a literal `${`. All other dollars and braces are text.
"""

from __future__ import annotations

import difflib
import re
import warnings
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from pathlib import Path
from types import CodeType
from typing import Any, NamedTuple

from segmind_widgets.errors import CellError

NAME = re.compile(r"\$([^\W\d]\w*)")
_MARKS = range(0xF0000, 0xFFFFE)  # private-use characters


class _Hole(NamedTuple):
    """What was lifted out of a text: an expression, else a literal, else what is wrong with it."""

    source: str
    code: CodeType | None = None
    literal: str = ""
    problem: str = ""


class Template:
    """A text whose `${…}` are lifted out, so that YAML never sees what is in them.

    In `lifted`, a number between two marks stands for each. They are evaluated when a value needs
    them: one in a comment never is.
    """

    def __init__(self, text: str, namespace: Mapping[str, Any]) -> None:
        self._namespace = namespace
        self._holes: list[_Hole] = []
        folded = text.lower()  # a mark must not be in the text, nor come out of a YAML escape
        mark = next(m for m in map(chr, _MARKS) if m not in text and f"{ord(m):x}" not in folded)
        self._mark = re.compile(f"{mark}([0-9]+){mark}")
        parts, at = [], 0
        for opening in re.finditer(r"\$?\$\{", text):
            if opening.start() >= at:
                parts += [text[at : opening.start()], f"{mark}{len(self._holes)}{mark}"]
                self._holes.append(_hole(text, opening))
                at = opening.start() + len(self._holes[-1].source)
        self.lifted = "".join(parts) + text[at:]

    def source(self, lifted: str) -> str:
        """Lifted text as it was written."""
        return self._mark.sub(lambda mark: self._holes[int(mark[1])].source, lifted)

    def text(self, lifted: str) -> Any:
        """The text with its values; the object itself where `${expr}` or `$name` is alone."""
        if name := NAME.fullmatch(lifted):
            return self._look_up(name[1])
        if alone := self._mark.fullmatch(lifted):
            return self._value(alone)
        return self._mark.sub(lambda mark: self._value(mark, str), lifted)

    def value(self, lifted: str) -> Any:
        """Return the Path for `file:…`, else the same as `text`."""
        if lifted.startswith("file:"):
            return _file(self.text(lifted).removeprefix("file:"))
        return self.text(lifted)

    def _look_up(self, name: str) -> Any:
        if name in self._namespace:
            return self._namespace[name]
        raise CellError(
            f"`${name}` is not defined.{_did_you_mean(name, self._namespace)}",
            hint=f"Assign `{name}` in a cell above; for the text itself write ${{'${name}'}}.",
        )

    def _value(self, mark: re.Match[str], convert: Callable[[Any], Any] | None = None) -> Any:
        hole = self._holes[int(mark[1])]
        hint = "Mend the expression; for the text itself write $${ with two dollars."
        if hole.problem:
            raise CellError(f"`{hole.source}` {hole.problem}", hint=hint)
        if hole.code is None:
            return hole.literal
        try:
            value = eval(hole.code, dict(self._namespace))  # noqa: S307 - the user's own notebook
            return convert(value) if convert else value
        except Exception as error:  # whatever the user's expression raises
            said = f"{type(error).__name__}: {error}".rstrip(": .")
            name = error.name if isinstance(error, NameError) else ""
            meant = _did_you_mean(name, self._namespace) if name else ""
            raise CellError(f"`{hole.source}` failed: {said}.{meant}", hint=hint) from error


def _hole(text: str, opening: re.Match[str]) -> _Hole:
    """What begins at `opening`. An expression ends at the first `}` that Python agrees with."""
    if opening[0] == "$${":
        return _Hole("$${", literal="${")
    line = text[opening.end() :].split("\n", 1)[0]
    wrong = None
    for closing in islice(re.finditer("}", line), 99):
        source = f"${{{line[: closing.end()]}"
        try:
            return _Hole(source, _compile(source[2:-1].strip()))
        except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
            said = getattr(error, "msg", None) or "it is too deep"
            wrong = wrong or _Hole(source, problem=f"is not a Python expression: {said}.")
    if not wrong and re.match(r"[\w\"'(\[{]", line):
        problem = f"has no `}}` after it on its line: ${{{line[:40]}"
        return _Hole("${", problem=problem)
    return wrong or _Hole("${", literal="${")


def _compile(source: str) -> CodeType:
    if not source:
        raise SyntaxError("there is nothing in it")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of text that may not be meant as Python at all
        return compile(source, f"${{{source}}}", "eval", dont_inherit=True)


def _file(name: str) -> Path:
    try:
        path = Path(name.strip()).expanduser()
        if path.is_file():
            return path
        beside = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
        said = "is a folder" if path.is_dir() else "is not there"
        where = f" (looked in {path.parent.absolute()})"
    except (OSError, RuntimeError, ValueError) as error:  # too long, an unknown ~user, a null
        path, beside, said, where = Path("-"), [], f"cannot be read: {error}", ""
    raise CellError(
        f"The file `{name}` {said}{where}.{_did_you_mean(path.name, beside)}",
        hint="Mend the path; it is relative to the notebook's folder.",
    )


def _did_you_mean(name: str, names: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, names, n=1)
    return f" Did you mean `{close[0]}`?" if close else ""
