"""The text of a cell or a line, and the notebook's names, become the inputs of a run; and back.

The first line decides. `name: …` or `{` begins a YAML mapping, which is the inputs; anything else
is the prompt. In both, `$name` or `${expr}` alone is that Python object, `${expr}` inside text is
its text, and `$${` is a literal `${`. `file:cat.png` alone as a value is that file.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from segmind_widgets.errors import CellError
from segmind_widgets.syntax import yaml as yaml12
from segmind_widgets.syntax.templates import NAME, Template

_IDENTIFIER = r"[A-Za-z_][\w.-]*"
_QUOTED = r"(?:\"(?:\\.|[^\"\\\n])*\"|'(?:''|[^'\n])*')"
_MAPPING = re.compile(
    r"(?:[ \t]*(?:\#.*|---[ \t]*)?\n)*[ \t]*"  # blank lines, comments, a document's start
    rf"(?:(?:{_IDENTIFIER}|{_QUOTED})[ \t]*:(?:[ \t\n]|$)"
    rf"|\{{\s*(?:\}}\s*$|{_IDENTIFIER}\s*:(?:[ \t\n]|$)|{_QUOTED}\s*:))"
)
_GLUED = re.compile(r"(?:[a-z_][a-z0-9_]*:(?![ \t\n/:]).*(?:\n|\Z))+")  # prompt:a cat
_BLOCK_SCALAR = re.compile(r"[|>][-+1-9]{0,2}[ \t]*\n")


def parse_body(text: str, namespace: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs that a cell's body means; {} for an empty one.

    Args:
        text: the body, without the line of the magic.
        namespace: the notebook's names, for `$name` and `${expr}`.

    Raises:
        CellError: not a mapping where one was begun, an expression that fails, a missing file.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    template = Template(text, namespace)
    body = template.lifted.strip()
    if not body:
        return {}
    if _MAPPING.match(template.lifted):
        return yaml12.load(template.lifted, template.scalar, text)
    if _GLUED.fullmatch(body):
        name = body.partition(":")[0]
        meant = f"image: {body}" if name == "file" else f"{name}: …"
        raise CellError(
            f"There is no space after `{name}:`, so it may be an input or a prompt.",
            hint=f"For an input write `{meant}`; put a prompt in quotes.",
            field=name,
        )
    if _BLOCK_SCALAR.match(body):
        body = yaml12.load(template.lifted, _as_written, text)
    elif body[0] in "\"'":
        try:
            quoted = yaml12.load(body, _as_written, text)
        except CellError:  # only the first words are quoted
            quoted = None
        body = quoted if isinstance(quoted, str) else body
    return {"prompt": template.text(body)}


def parse_line(line: str | Sequence[str], namespace: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs that `prompt="a red fox" seed=7 image=$cat sizes=[1,2]` means.

    Args:
        line: the text, or its words as `split_line` gives them.
        namespace: the notebook's names.

    Raises:
        CellError: as `parse_body`, and for a word without `=` and an unclosed quote.
    """
    words = split_line(line) if isinstance(line, str) else line
    if stray := " ".join(word for word in words if not re.match(rf"{_IDENTIFIER}=", word)):
        example = "a red fox" if '"' in stray else stray
        raise CellError(
            f"`{stray}` is not an input: on a line, inputs are NAME=VALUE.",
            hint=f'Put quotes around text with spaces, such as prompt="{example}".',
        )
    inputs: dict[str, Any] = {}
    for word in words:
        name, _, source = word.partition("=")
        if name in inputs:
            raise CellError(f"`{name}` is there twice.", hint="Leave one out.", field=name)
        template = Template(source, namespace)
        try:
            if source[:1] in ('"', "'", "[", "{"):
                inputs[name] = yaml12.load(template.lifted, template.scalar, source)
            else:
                inputs[name] = template.scalar(template.lifted, True)
        except CellError as error:
            raise error.with_field(name) from error.__cause__
    return inputs


def split_line(line: str) -> list[str]:
    """The words of a line, as written: quotes, `[…]`, `{…}` and `${…}` hold a word together.

    Raises:
        CellError: a quote or a bracket is not closed.
    """
    template = Template(line, {})
    words, word, closing, escaped = [], "", "", False
    for character in template.lifted:
        if closing[-1:] in ('"', "'"):
            if character == closing[-1] and not escaped:
                closing = closing[:-1]
            escaped = character == "\\" and not escaped and closing[-1:] == '"'
        elif character in "\"'" and (not word or word[-1] in "=[{,: \"'"):
            closing += character
        elif character in "[{" and (closing or word[-1:] == "="):
            closing += {"[": "]", "{": "}"}[character]
        elif closing and character == closing[-1]:
            closing = closing[:-1]
        elif character.isspace() and not closing:
            words, word = [*words, word], ""
            continue
        word += character
    if closing:
        raise CellError(
            f"`{closing[-1]}` is missing at the end of `{template.source(word)}`.",
            hint='Close quotes and brackets, such as prompt="a red fox" sizes=[1,2].',
        )
    return [template.source(word) for word in [*words, word] if word]


def dump(inputs: Mapping[str, Any]) -> str:
    """A cell body that `parse_body` reads to the same inputs.

    A Path is written as `file:…`, and an object that has a `path` or a `url` (an Asset) as that.

    Raises:
        CellError: a value that has no text form; `field` names it.
    """
    plain: dict[str, Any] = {}
    name = ""
    try:
        for name, value in inputs.items():
            plain[_plain(name)] = _plain(value)
    except (TypeError, ValueError) as error:
        raise CellError(
            f"`{name}` cannot be written as text: {error}.",
            hint=f"Keep it in a variable, and write `{name}: $variable`.",
            field=name,
        ) from None
    return yaml12.dump(plain)


def _plain(value: Any) -> Any:
    """A value of JSON's types that stands for this one in a cell."""
    if isinstance(value, str):
        if NAME.fullmatch(value) or value.startswith("file:"):
            return yaml12.Verbatim(f'"${{{value!r}}}"')
        return value.replace("${", "$${")
    if isinstance(value, Path):
        return f"file:{value}".replace("${", "$${")
    if isinstance(value, float) and not math.isfinite(value):
        return yaml12.Verbatim(f"${{float('{value}')}}")
    if value is None or isinstance(value, (int, float)):
        return value
    if isinstance(value, Mapping):
        return {_plain(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if path := getattr(value, "path", None):
        return _plain(Path(path))
    if isinstance(url := getattr(value, "url", None), str):
        return _plain(url)
    raise TypeError(f"it holds {type(value).__name__}")


def _as_written(text: str, _: bool) -> str:
    return text
