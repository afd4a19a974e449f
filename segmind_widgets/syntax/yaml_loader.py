"""Load the YAML of cells: one document of plain JSON values, by the core schema of YAML 1.2.

PyYAML follows YAML 1.1, where `16:9` is 969 and `yes` is true. Tags, anchors, aliases, a second
document and a name that occurs twice are refused. Importing this module imports PyYAML (10 ms).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, cast

import yaml

from segmind_widgets.errors import CellError
from segmind_widgets.syntax.yaml_values import parse_scalar

_MAX_DEPTH = 50
_TEXT_AFTER_HASH = re.compile(r"[ \t]+#[^\s#]")  # a cat #1: more likely text than a comment
_QUOTE_HINT = (
    "Put the value in quotes, or write `prompt: |` and the text indented on the lines below."
)
_INDICATOR = "has a value that begins with a special character of YAML"
_PROBLEMS = (  # a part of PyYAML's message, the problem, the hint
    (r"'\t'", "is indented with a tab", "Indent with spaces."),
    ("mapping values are not", "has a `: ` inside a value, or a wrong indentation", _QUOTE_HINT),
    ("expected ':'", "is neither `name: value` nor indented below such a line", _QUOTE_HINT),
    ("scanning an a", _INDICATOR, _QUOTE_HINT),  # an alias, an anchor
    ("scanning a tag", _INDICATOR, _QUOTE_HINT),
    ("cannot start any token", _INDICATOR, _QUOTE_HINT),
    ("end of stream", "has a quote that is not closed", "Close it, or quote the whole value."),
    ("<document start>", "has text after a closing quote or bracket", "Quote the whole value."),
    ("<stream end>", "has a bracket that is not closed", "Close it, or quote the whole value."),
    ("escape", r"has an unknown `\` escape in double quotes", r"Write `\\`, or single quotes."),
    ("another document", "begins a second YAML document", "Remove `---`."),
)


def load(text: str, convert: Callable[[str], Any], source: str) -> Any:
    """Return the value of a YAML document; None where it is empty.

    Args:
        text: YAML, without a byte order mark.
        convert: returns the value of each string, including keys.
        source: the text to quote in messages, with the same lines.

    Raises:
        CellError: the text is not YAML or has other than plain values; the message has the line and
            a hint.
    """
    try:
        loader = Yaml12Loader(text, convert, source)
        try:
            return loader.get_single_data()
        finally:
            loader.dispose()  # pyright: ignore[reportUnknownMemberType]  # untyped in PyYAML
    except yaml.YAMLError as error:
        raise _cell_error(source, *_explain(error, text)) from None


class Yaml12Loader(yaml.SafeLoader):
    """Loader of one document by the core schema of YAML 1.2, with readable messages."""

    def __init__(self, text: str, convert: Callable[[str], Any], source: str) -> None:
        super().__init__(text)
        # `parse_scalar` is used instead, since forms use it without PyYAML
        self.yaml_implicit_resolvers = {}
        self._text = text
        self._convert = convert
        self._source = source
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Compose a node; in a mapping, `index` is the node of its key."""
        event = cast("Any", self.peek_event())  # pyright: ignore[reportUnknownMemberType]  # untyped
        self._depth += 1
        try:
            if isinstance(event, yaml.AliasEvent) or event.anchor or getattr(event, "tag", None):
                raise self._error(event, _INDICATOR)
            if self._depth > _MAX_DEPTH + 1:
                hint = "Create the value in Python and write `$name`."
                raise self._error(event, "is nested too deeply", hint)
            return super().compose_node(parent, index)
        except CellError as error:
            if isinstance(index, yaml.ScalarNode):  # the outermost name is set last
                raise error.with_field(index.value) from error.__cause__
            raise
        finally:
            self._depth -= 1

    def compose_scalar_node(self, anchor: Any) -> yaml.ScalarNode:
        """Compose a scalar; raise if it is followed by a comment that may be meant as text."""
        node = super().compose_scalar_node(anchor)
        if node.style is None and _TEXT_AFTER_HASH.match(self._text, node.end_mark.index):
            problem = "has text after ` #`, which YAML treats as a comment"
            raise self._error(node, problem, "Put the value in quotes; write comments as `# …`.")
        return node

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:  # noqa: ARG002
        """Return the value of a node."""
        if isinstance(node, yaml.MappingNode):
            return self._construct_dict(node)
        if isinstance(node, yaml.SequenceNode):
            return [self.construct_object(item) for item in node.value]
        unquoted = isinstance(node, yaml.ScalarNode) and node.style is None
        value = parse_scalar(node.value) if unquoted else node.value
        return self._convert(value) if isinstance(value, str) else value

    def _construct_dict(self, node: yaml.MappingNode) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name_node, value_node in node.value:
            name = self.construct_object(name_node)
            if not isinstance(name, str):
                problem = f"has a name that is not text: {name!r}"
                raise self._error(name_node, problem, "Quote it.")
            if name in values:
                problem = f"sets `{name}` a second time"
                raise self._error(name_node, problem, "Remove one of them.", name)
            try:
                values[name] = self.construct_object(value_node)
            except CellError as error:
                raise error.with_field(name) from error.__cause__  # the outermost name is last
        return values

    def _error(
        self,
        at: yaml.Event | yaml.Node,
        problem: str,
        hint: str = _QUOTE_HINT,
        field: str | None = None,
    ) -> CellError:
        return _cell_error(self._source, at.start_mark.line, problem, hint, field)


def _cell_error(
    source: str, line: int, problem: str, hint: str, field: str | None = None
) -> CellError:
    """Return the error about a line, counted from 0."""
    lines = source.splitlines()
    quote = lines[line].strip()[:80] if line < len(lines) else ""
    where = f"Line {line + 1}, `{quote}`," if quote else f"Line {line + 1}"
    return CellError(f"{where} {problem}.", hint=hint, field=field)


def _explain(error: yaml.YAMLError, text: str) -> tuple[int, str, str]:
    """Return line (from 0), problem and hint for an error of PyYAML."""
    problem = str(getattr(error, "problem", None) or "is not valid YAML")
    marks = [getattr(error, "problem_mark", None), getattr(error, "context_mark", None)]
    if "expected ':'" in problem or "end of stream" in problem:
        marks.reverse()  # the line where the problem begins, not where PyYAML noticed it
    mark = next((mark for mark in marks if mark), None)
    if mark is None:  # a ReaderError: a character that YAML does not allow
        position = getattr(error, "position", 0)
        character = text[position : position + 1]
        problem = f"contains the character {character!r}, which YAML does not allow"
        return text.count("\n", 0, position), problem, "Remove the character."
    words = f"{getattr(error, 'context', None) or ''}; {problem}"
    for pattern, explanation, hint in _PROBLEMS:
        if pattern in words:
            return mark.line, explanation, hint
    return mark.line, f"is not valid YAML: {problem}", _QUOTE_HINT
