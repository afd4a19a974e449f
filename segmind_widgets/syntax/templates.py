"""Templates: text in which `$name`, `${expr}` and `file:…` represent Python values.

As the whole text, `$name` and `${expr}` represent the object; inside other text, `${expr}` is
replaced by its text, and `$${` is a literal `${`. All other dollar signs and braces are ordinary
text.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping
from itertools import islice
from pathlib import Path
from types import CodeType
from typing import Any, NamedTuple

from segmind_widgets.errors import CellError
from segmind_widgets.likeness import did_you_mean, did_you_mean_file

NAME = re.compile(r"\$([^\W\d]\w*)")
_MEANT = " Did you mean `{}`?"
_MARKS = range(0xF0000, 0xFFFFE)  # private-use characters


class _Placeholder(NamedTuple):
    """A `${…}` of a text: an expression, a literal, or a problem."""

    source: str
    code: CodeType | None = None
    literal: str = ""
    problem: str = ""


class Template:
    """A text in which `${…}` is masked, so that YAML never parses the contents.

    In `masked`, each expression is replaced by a number between two marks. An expression is
    evaluated when a value contains it, and never in a comment.
    """

    def __init__(self, text: str, namespace: Mapping[str, Any]) -> None:
        self._namespace = namespace
        self._placeholders: list[_Placeholder] = []
        folded = text.lower()  # a mark must neither occur in the text nor result from a YAML escape
        mark = next(m for m in map(chr, _MARKS) if m not in text and f"{ord(m):x}" not in folded)
        self._mark = re.compile(f"{mark}([0-9]+){mark}")
        parts: list[str] = []
        end = 0
        for opening in re.finditer(r"\$?\$\{", text):
            if opening.start() >= end:
                parts += [text[end : opening.start()], f"{mark}{len(self._placeholders)}{mark}"]
                self._placeholders.append(_placeholder(text, opening))
                end = opening.start() + len(self._placeholders[-1].source)
        self.masked = "".join(parts) + text[end:]

    def source(self, masked: str) -> str:
        """Return the original of masked text."""
        return self._mark.sub(lambda mark: self._placeholders[int(mark[1])].source, masked)

    def text(self, masked: str) -> Any:
        """Return the text with its values, or the object itself for only `${expr}` or `$name`."""
        if name := NAME.fullmatch(masked):
            return self._look_up(name[1])
        if match := self._mark.fullmatch(masked):
            return self._value(match)
        return self._mark.sub(lambda mark: self._value(mark, str), masked)

    def value(self, masked: str) -> Any:
        """Return the Path for `file:…`, else the same as `text`."""
        if masked.startswith("file:"):
            return find_file(self.text(masked).removeprefix("file:"))
        return self.text(masked)

    def _look_up(self, name: str) -> Any:
        if name in self._namespace:
            return self._namespace[name]
        raise CellError(
            f"`${name}` is not defined.{did_you_mean(name, self._namespace, _MEANT)}",
            hint=f"Assign `{name}` in a cell above; to write the text itself, use ${{'${name}'}}.",
        )

    def _value(self, mark: re.Match[str], convert: Callable[[Any], Any] | None = None) -> Any:
        placeholder = self._placeholders[int(mark[1])]
        hint = "Correct the expression; to write the text itself, use $${ with two dollar signs."
        if placeholder.problem:
            raise CellError(f"`{placeholder.source}` {placeholder.problem}", hint=hint)
        if placeholder.code is None:
            return placeholder.literal
        try:
            value = eval(placeholder.code, dict(self._namespace))  # noqa: S307 - the user's own notebook
            return convert(value) if convert else value
        except Exception as error:  # the user's expression may raise any exception
            cause = f"{type(error).__name__}: {error}".rstrip(": .")
            name = error.name if isinstance(error, NameError) else ""
            suggestion = did_you_mean(name, self._namespace, _MEANT) if name else ""
            raise CellError(
                f"`{placeholder.source}` failed: {cause}.{suggestion}", hint=hint
            ) from error


def _placeholder(text: str, opening: re.Match[str]) -> _Placeholder:
    """Parse the placeholder at `opening`; it ends at the first `}` with valid Python before it."""
    if opening[0] == "$${":
        return _Placeholder("$${", literal="${")
    line = text[opening.end() :].split("\n", 1)[0]
    invalid = None
    for closing in islice(re.finditer("}", line), 99):
        source = f"${{{line[: closing.end()]}"
        try:
            return _Placeholder(source, _compile(source[2:-1].strip()))
        except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
            cause = getattr(error, "msg", None) or "it is nested too deeply"
            invalid = invalid or _Placeholder(
                source, problem=f"is not a Python expression: {cause}."
            )
    if not invalid and re.match(r"[\w\"'(\[{]", line):
        problem = f"has no `}}` after it on its line: ${{{line[:40]}"
        return _Placeholder("${", problem=problem)
    return invalid or _Placeholder("${", literal="${")


def _compile(source: str) -> CodeType:
    if not source:
        raise SyntaxError("it is empty")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # warnings about text that may not be meant as Python
        return compile(source, f"${{{source}}}", "eval", dont_inherit=True)


def find_file(name: str) -> Path:
    """Return the path of a file, relative to the notebook's folder.

    Raises:
        CellError: there is no such file; the message has the most similar name.
    """
    try:
        path = Path(name.strip()).expanduser()
        if path.is_file():
            return path
        problem = "is a folder" if path.is_dir() else "does not exist"
        where = f" (looked in {path.parent.absolute()})"
    except (OSError, RuntimeError, ValueError) as error:  # too long, an unknown ~user, a null
        problem, where = f"cannot be read: {error}", ""
    raise CellError(
        f"The file `{name}` {problem}{where}.{did_you_mean_file(name, _MEANT)}",
        hint="Check the path; it is relative to the notebook's folder.",
    )
