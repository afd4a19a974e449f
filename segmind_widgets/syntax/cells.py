"""Parse the body of a cell or a line as the inputs of a run, and write inputs as a cell.

If the first line begins with `name: …` or `{`, the body is a YAML mapping of inputs, otherwise it
is the prompt. In both, `$name` or `${expr}` alone is that Python object, `${expr}` inside text is
its text, and `$${` is a literal `${`. A value `file:cat.png` is that file.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from segmind_widgets.errors import CellError
from segmind_widgets.nested import transform
from segmind_widgets.syntax import yaml_values
from segmind_widgets.syntax.templates import NAME, Template

_IDENTIFIER = r"[A-Za-z_][\w.-]*"
_QUOTED = r"(?:\"(?:\\.|[^\"\\\n])*\"|'(?:''|[^'\n])*')"
MAPPING = re.compile(
    r"(?:[ \t]*(?:\#.*|---[ \t]*)?\n)*[ \t]*"  # blank lines, comments, the start of a document
    rf"(?:(?:{_IDENTIFIER}|{_QUOTED})[ \t]*:(?:[ \t\n]|$)"
    rf"|\{{\s*(?:\}}\s*$|{_IDENTIFIER}\s*:(?:[ \t\n]|$)|{_QUOTED}\s*:))"
)
_GLUED = re.compile(r"(?:[a-z_][a-z0-9_]*:(?![ \t\n/:]).*(?:\n|\Z))+")  # prompt:a cat
BLOCK_SCALAR = re.compile(r"[|>][-+1-9]{0,2}[ \t]*\n")


def parse_body(text: str, namespace: Mapping[str, Any]) -> dict[str, Any]:
    """Parse a cell's body as inputs; an empty body is {}.

    Args:
        text: the body, without the line of the magic.
        namespace: the notebook's variables, for `$name` and `${expr}`.

    Raises:
        CellError: an invalid mapping, an expression that fails, a missing file.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    template = Template(text, namespace)
    body = template.masked.strip()
    if not body:
        return {}
    if MAPPING.match(template.masked):
        return _load(template.masked, template.value, text)
    if _GLUED.fullmatch(body):
        name = body.partition(":")[0]
        example = f"image: {body}" if name == "file" else f"{name}: …"
        raise CellError(
            f"There is no space after `{name}:`, so it may be an input or a prompt.",
            hint=f"For an input write `{example}`; put a prompt in quotes.",
            field=name,
        )
    if BLOCK_SCALAR.match(body):
        body = _load(template.masked, str, text)
    elif body[0] in "\"'":
        try:
            quoted = _load(body, str, text)
        except CellError:  # only the first words are quoted
            quoted = None
        body = quoted if isinstance(quoted, str) else body
    return {"prompt": template.text(body)}


def names_service(text: str, hosts: Iterable[tuple[str, str]] = ()) -> bool:
    """Return whether a text contains the name of a service or host, as all code must.

    This needs no import, so plain prompts are read quickly.
    """
    words = text.lower()
    names = ["segmind", "apimart", *(urlsplit(address).netloc for address, _ in hosts)]
    return any(name in words for name in names if name)


def parse_line(line: str | Sequence[str], namespace: Mapping[str, Any]) -> dict[str, Any]:
    """Parse a line such as `prompt="a red fox" seed=7 image=$cat sizes=[1,2]` as inputs.

    Args:
        line: the text, or its words from `split_line`.
        namespace: the notebook's variables.

    Raises:
        CellError: as `parse_body`, or or or or or for a word without `=` or an unclosed quote.
    """
    words = split_line(line) if isinstance(line, str) else line
    if stray := " ".join(word for word in words if not re.match(rf"{_IDENTIFIER}=", word)):
        example = "a red fox" if '"' in stray else stray
        raise CellError(
            f"`{stray}` is not an input: on a line, write inputs as NAME=VALUE.",
            hint=f'Put quotes around text with spaces, such as prompt="{example}".',
        )
    inputs: dict[str, Any] = {}
    for word in words:
        name, _, source = word.partition("=")
        if name in inputs:
            raise CellError(f"`{name}` occurs twice.", hint="Remove one of them.", field=name)
        template = Template(source, namespace)
        try:
            if source[:1] in ('"', "'", "[", "{"):
                inputs[name] = _load(template.masked, template.value, source)
            else:
                value = yaml_values.parse_scalar(template.masked)
                inputs[name] = template.value(value) if isinstance(value, str) else value
        except CellError as error:
            raise error.with_field(name) from error.__cause__
    return inputs


def parse_variable(word: str, namespace: Mapping[str, Any]) -> Any:
    """Return the value of a word `$name`, `${expression}`, `$name.attribute` or `$name[0]`.

    Args:
        word: the word.
        namespace: the notebook's variables.

    Raises:
        CellError: there is no such variable, or the expression fails.
    """
    if not (word.startswith("${") or NAME.fullmatch(word)):
        word = f"${{{word[1:]}}}"
    template = Template(word, namespace)
    return template.text(template.masked)


def split_line(line: str) -> list[str]:
    """Split a line at spaces outside of quotes, `[…]`, `{…}` and `${…}`; words stay unchanged.

    Raises:
        CellError: an unclosed quote or bracket.
    """
    template = Template(line, {})
    words: list[str] = []
    word, closing, escaped = "", "", False
    for character in template.masked:
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
    """Write inputs as a cell body that `parse_body` parses to the same inputs.

    A Path is written as `file:…`; an Asset (any object with `path` or `url`) as its path, or else
    its URL.

    Raises:
        CellError: a value without a text form; `field` is its name.
    """
    values: dict[str, Any] = {}
    name = ""
    try:
        for name, value in inputs.items():
            values[_to_yaml(name)] = transform(value, _to_yaml, _to_yaml)
    except (TypeError, ValueError) as error:
        raise CellError(
            f"`{name}` cannot be written as text: {error}.",
            hint=f"Keep it in a variable, and write `{name}: $variable`.",
            field=name,
        ) from None
    return yaml_values.dump(values)


def _to_yaml(value: Any) -> Any:
    """Return the JSON value that represents a value in a cell."""
    if isinstance(value, str):
        if NAME.fullmatch(value) or value.startswith("file:"):
            return yaml_values.Verbatim(f'"${{{value!r}}}"')
        return value.replace("${", "$${")
    if isinstance(value, Path):
        return f"file:{value}".replace("${", "$${")
    if isinstance(value, float) and not math.isfinite(value):
        return yaml_values.Verbatim(f"${{float('{value}')}}")
    if value is None or isinstance(value, (int, float)):
        return value
    if path := getattr(value, "path", None):
        return _to_yaml(Path(path))
    if isinstance(url := getattr(value, "url", None), str):
        return _to_yaml(url)
    raise TypeError(f"it contains a Python {type(value).__name__}")


def _load(text: str, convert: Callable[[str], Any], source: str) -> Any:
    # imported here, because a plain prompt needs no PyYAML
    from segmind_widgets.syntax.yaml_loader import load

    return load(text, convert, source)
