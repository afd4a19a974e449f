"""YAML as cells use it: plain JSON values by the 1.2 core schema, read and written.

`16:9`, `yes`, `007` and dates are text, as YAML 1.2 has it (PyYAML follows 1.1: 16:9 is 969 there).
Tags, anchors, aliases, a second document and a key that is there twice are refused.
https://yaml.org/spec/1.2.2/#103-core-schema
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from segmind_widgets.errors import CellError

if TYPE_CHECKING:
    import yaml

_CONSTANTS = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,999})")  # Python refuses to read very long ones
_FLOAT = re.compile(r"[-+]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_QUOTE_IT = (
    "Put the value in quotes, or write `prompt: |` and the text indented on the lines below."
)
_SAFE_WORDS = re.compile(r"[A-Za-z](?:[\w ,./()!?'-]*[\w./()!?'])?", re.ASCII)
_WORDS_OF_OLD = {"y", "n", "yes", "no", "on", "off"}  # booleans to a YAML 1.1 reader
_SAFE_KEY = re.compile(r"[A-Za-z_][\w-]*", re.ASCII)
_UNPRINTABLE = re.compile(
    r"[^ -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_HASH = re.compile(r"[ \t]+#[^\s#]")  # a cat #1: more likely text than a comment
_DEPTH = 50
_INDICATOR = "has a value that begins with a character that means something else in YAML"
_FAULTS = (  # the parser's words, ours, and the remedy
    (r"'\t'", "is indented with a tab", "Indent with spaces."),
    ("mapping values are not", "has a `: ` inside a value, or a wrong indentation", _QUOTE_IT),
    ("expected ':'", "is neither `name: value` nor indented under one", _QUOTE_IT),
    ("scanning an a", _INDICATOR, _QUOTE_IT),  # an alias, an anchor
    ("scanning a tag", _INDICATOR, _QUOTE_IT),
    ("cannot start any token", _INDICATOR, _QUOTE_IT),
    ("end of stream", "has a quote that is not closed", "Close it, or quote the whole value."),
    ("<document start>", "has text after a closing quote or bracket", "Quote the whole value."),
    ("<stream end>", "has a bracket that is not closed", "Close it, or quote the whole value."),
    ("escape", r"has a `\` in double quotes that means nothing", r"Write `\\`, or single quotes."),
)


class Verbatim(str):
    """Text that is YAML already, and is written as it is."""

    __slots__ = ()


def plain(text: str) -> Any:
    """The value of an unquoted scalar: null, a boolean, a decimal number, or the text itself."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text) and math.isfinite(number := float(text)):
        return number
    return text


def load(text: str, scalar: Callable[[str, bool], Any], source: str) -> Any:
    """The one value in a YAML text.

    Args:
        text: YAML, without a byte order mark.
        scalar: gives a scalar's value from its text and whether it was unquoted.
        source: what to show of the text in messages, line by line the same.

    Raises:
        CellError: not YAML, or more than plain values; names the line and the remedy.
    """
    import yaml  # here: 10 ms or more that a cell with a plain prompt need not wait for

    try:
        events = yaml.parse(text, Loader=yaml.BaseLoader)
        return _Reader(events, text, scalar, source).document()
    except yaml.YAMLError as error:
        raise _wrong(*_explain(error, text), source) from None


class _Reader:
    """Builds values from the parser's events, so that no loader's own schema is in the way."""

    def __init__(
        self,
        events: Iterator[yaml.Event],
        text: str,
        scalar: Callable[[str, bool], Any],
        source: str,
    ) -> None:
        self._events, self._text, self._scalar, self._source = events, text, scalar, source

    def document(self) -> Any:
        self._next()  # the stream's start
        self._next()  # the document's start
        value = self._value(self._next(), 0)
        self._next()  # the document's end
        after = self._next()
        if type(after).__name__ != "StreamEndEvent":
            raise self._refuse(after, "begins a second YAML document", "Leave `---` out.")
        return value

    def _next(self) -> Any:
        return next(self._events)

    def _value(self, event: Any, depth: int) -> Any:
        kind = type(event).__name__
        if kind == "AliasEvent" or event.anchor or getattr(event, "tag", None):
            raise self._refuse(event, _INDICATOR)
        if depth > _DEPTH:
            raise self._refuse(event, "is nested too deeply", "Build it in Python: write `$name`.")
        if kind == "SequenceStartEvent":
            return list(self._sequence(depth))
        if kind == "MappingStartEvent":
            return self._mapping(depth)
        unquoted = event.style is None
        if unquoted and _HASH.match(self._text, event.end_mark.index):
            said = "has text after ` #`, which YAML takes for a comment"
            raise self._refuse(event, said, "Quote the value; write a comment as `# …`.")
        return self._scalar(event.value, unquoted)

    def _sequence(self, depth: int) -> Iterator[Any]:
        while type(event := self._next()).__name__ != "SequenceEndEvent":
            yield self._value(event, depth + 1)

    def _mapping(self, depth: int) -> dict[str, Any]:
        values: dict[str, Any] = {}
        while type(event := self._next()).__name__ != "MappingEndEvent":
            key = self._value(event, depth + 1)
            if not isinstance(key, str):
                raise self._refuse(event, f"has a name that is not text: {key!r}", "Quote it.")
            if key in values:
                raise self._refuse(event, f"names `{key}` a second time", "Leave one out.", key)
            try:
                values[key] = self._value(self._next(), depth + 1)
            except CellError as error:
                if depth:
                    raise
                raise error.with_field(key) from error.__cause__
        return values

    def _refuse(
        self, event: Any, said: str, hint: str = _QUOTE_IT, field: str | None = None
    ) -> CellError:
        return _wrong(event.start_mark.line, said, hint, self._source, field)


def _wrong(line: int, said: str, hint: str, source: str, field: str | None = None) -> CellError:
    lines = source.splitlines()
    shown = lines[line].strip()[:80] if line < len(lines) else ""
    where = f"Line {line + 1}, `{shown}`," if shown else f"Line {line + 1}"
    return CellError(f"{where} {said}.", hint=hint, field=field)


def _explain(error: yaml.YAMLError, text: str) -> tuple[int, str, str]:
    """The line (from 0), what is wrong there, and the remedy, of a parser's error."""
    problem = str(getattr(error, "problem", None) or "is not valid YAML")
    marks = [getattr(error, "problem_mark", None), getattr(error, "context_mark", None)]
    if "expected ':'" in problem or "end of stream" in problem:
        marks.reverse()  # the line where the fault begins, not where it shows
    mark = next((mark for mark in marks if mark), None)
    if mark is None:  # a character that YAML does not take
        position = getattr(error, "position", 0)
        said = f"holds the character {text[position : position + 1]!r}, which YAML does not take"
        return text.count("\n", 0, position), said, "Take the character out."
    near = f"{getattr(error, 'context', None) or ''}; {problem}"
    for words, said, hint in _FAULTS:
        if words in near:
            return mark.line, said, hint
    return mark.line, f"is not valid YAML: {problem}", _QUOTE_IT


def dump(values: Mapping[str, Any]) -> str:
    """A block mapping, a line an entry; text of several lines as a block scalar, lists inline.

    Raises:
        TypeError: a value that is not of JSON's types.
    """
    return "".join(f"{_key(key)}: {_block(value)}\n" for key, value in values.items())


def _key(key: str) -> str:
    if _SAFE_KEY.fullmatch(key) and isinstance(plain(key), str):
        return key
    return _inline(key)


def _block(value: Any) -> str:
    """A value in block context: after `name: `."""
    if not isinstance(value, str) or isinstance(value, Verbatim):
        return _inline(value)
    lines = value.split("\n")
    body = lines[:-1] if lines[-1] == "" else lines
    legible = not any(line.isspace() or _UNPRINTABLE.search(line) for line in body)
    if len(lines) > 1 and legible and body[0][:1].strip() and body[-1]:
        header = "|-" if body is lines else "|"
        return "\n".join([header, *(f"  {line}" if line else "" for line in body)])
    bare = _SAFE_WORDS.fullmatch(value) and value.lower() not in _WORDS_OF_OLD
    return value if bare and plain(value) == value else _inline(value)


def _inline(value: Any) -> str:
    """A value in flow context: strings in double quotes, as in JSON."""
    if isinstance(value, Verbatim):
        return value
    if isinstance(value, str):
        return _UNPRINTABLE.sub(_escape, json.dumps(value, ensure_ascii=False))
    if isinstance(value, Mapping):
        return (
            "{" + ", ".join(f"{_inline(key)}: {_inline(item)}" for key, item in value.items()) + "}"
        )
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_inline, value)) + "]"
    return json.dumps(value, allow_nan=False)


def _escape(character: re.Match[str]) -> str:
    return f"\\u{ord(character[0]):04x}"
