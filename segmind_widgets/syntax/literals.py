"""Extract inputs from code snippets in Python, curl, JavaScript or JSON, without running them."""

from __future__ import annotations

import ast
import json
import re
import shlex
import warnings
from collections.abc import Mapping
from textwrap import dedent
from typing import Any

from segmind_widgets.errors import InputError

UNKNOWN = type("Unknown", (), {"__repr__": lambda _: "UNKNOWN"})()  # depends on running the code
_INPUTS = ("data", "payload", "body", "inputs", "input", "params", "json")
_JS_INPUTS = re.compile(
    rf"(?:JSON\.stringify\(|\b(?:{'|'.join(_INPUTS)})\s*[=:]\s*|\.post\([^,{{]*,)\s*(?=[{{'\"])"
)
_JS_TEXT = re.compile(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|`(?:\\.|[^`\\])*`", re.DOTALL)
_JS_COMMENT = re.compile(r"(^|,)[ \t]*//.*$", re.MULTILINE)
_SHELL_TEXT = re.compile(  # `$'…'` is in curl commands that browsers copy
    r"""'[^']*'|"(?:\\.|[^"\\])*"|\\.|\$'((?:\\.|[^'\\])*)'""", re.DOTALL
)
_BROKEN = (SyntaxError, ValueError, TypeError, MemoryError)


def of_python(text: str) -> dict[str, Any] | None:
    """Return the dictionary that a Python snippet posts, or has in a variable such as `data`."""
    tree = _tree(_unnumbered(text))
    nodes = list(ast.walk(tree))
    names = {
        target.id: node.value
        for node in nodes
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    bodies = [
        word.value
        for node in nodes
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "post"
        for word in node.keywords
        if word.arg in ("json", "data")
    ]
    for node in [*bodies, *(names[name] for name in _INPUTS if name in names)]:
        if isinstance(node, ast.Call) and node.args:  # json.dumps(data)
            node = node.args[0]
        if isinstance(node, ast.Name):
            node = names.get(node.id, node)
        if isinstance(node, ast.Dict):
            return _entries(node, names)
    return None


def _unnumbered(text: str) -> str:
    """Remove line numbers that were copied from a page; the code ends with the last of them."""
    code: list[str] = []
    for line in text.split("\n"):
        match = re.fullmatch(rf"\s*{len(code) + 1}((?!\d).*)", line)
        if not match:
            break
        code.append(match[1])
    return dedent("\n".join(code)) if len(code) > 1 else dedent(text)


def _tree(code: str) -> ast.Module:
    """Parse code up to the first line that is not Python, where the page's prose begins."""
    for _ in range(20):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about escapes in the snippet's strings
                return ast.parse(code)
        except SyntaxError as error:  # noqa: PERF203 - a line less each time
            code = "\n".join(code.split("\n")[: max(0, (error.lineno or 1) - 1)])
        except _BROKEN:
            break
    return ast.Module([], [])


def of_curl(text: str) -> dict[str, Any] | None:
    """Return the JSON that a curl command sends; None without data, or with data in a file.

    Raises:
        InputError: an unclosed quote, or data that is no JSON object.
    """
    text = _SHELL_TEXT.sub(_requote, text)
    try:
        words = shlex.split(text.replace("\\\n", " "))
    except ValueError:
        raise InputError(
            "A quote is not closed in the curl command.", hint="Copy the whole command."
        ) from None
    for flag, after in zip(words, [*words[1:], ""], strict=True):
        name, equals, value = flag.partition("=")
        body = value if equals else after
        if name in ("-d", "--json") or name.startswith("--data"):
            if body.startswith("@"):
                return None
            return mapping_of(body, "The curl command's data is no JSON object.")
    return None


def _requote(match: re.Match[str]) -> str:
    """Replace a shell's `$'…'`, which shlex does not parse, by ordinary quotes."""
    return match[0] if match[1] is None else shlex.quote(_ansi_c(match[1]))


def _ansi_c(inner: str) -> str:
    """Return the text of `$'…'`; Python has all of its escapes."""
    try:
        return ast.literal_eval(f"'''{inner}'''")
    except _BROKEN:
        return inner


def of_javascript(text: str) -> dict[str, Any] | None:
    """Return the object that JavaScript sends, or has in a variable such as `data`."""
    text = _JS_COMMENT.sub(r"\1", text)
    for match in _JS_INPUTS.finditer(text):
        if (sample := _object(_balanced(text[match.end() :]))) is not None:
            return sample
    return None


def _balanced(text: str) -> str:
    """Return the string or the balanced `{…}` at the start of a text."""
    depth = end = 0
    while end < len(text):
        string = _JS_TEXT.match(text, end)
        depth += {"{": 1, "}": -1}.get(text[end], 0)
        end = string.end() if string else end + 1
        if depth <= 0:
            break
    return text[:end]


def mapping_of(source: str, message: str) -> dict[str, Any]:
    """Parse a mapping in JSON, JavaScript or Python; raise InputError(message) for other text."""
    mapping = _object(source)
    if mapping is None:
        raise InputError(message, hint='It looks like {"prompt": "a red fox"}; copy all of it.')
    return mapping


def _object(source: str) -> dict[str, Any] | None:
    """Parse a mapping in JSON, JavaScript or Python, or inside a string; None for other text."""
    try:
        value = json.loads(source)
    except ValueError:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                node = ast.parse(source.strip(), mode="eval").body
        except _BROKEN:
            return None
        value = _entries(node, {}) if isinstance(node, ast.Dict) else _value(node, {})
    if isinstance(value, str) and value.lstrip().startswith("{"):
        return _object(value)
    return value if isinstance(value, dict) else None


def _entries(node: ast.Dict, names: Mapping[str, ast.expr]) -> dict[str, Any]:
    """Return the entries of a dict display; UNKNOWN for values that depend on running the code."""
    return {
        key.id if isinstance(key, ast.Name) else str(key.value): _value(value, names)
        for key, value in zip(node.keys, node.values, strict=True)
        if isinstance(key, (ast.Name, ast.Constant))
    }


def _value(node: ast.expr, names: Mapping[str, ast.expr]) -> Any:
    """Return the value of a literal, of a name of one, or of JavaScript's `true`; else UNKNOWN."""
    if isinstance(node, ast.Dict):
        inner = _entries(node, names)
        return UNKNOWN if UNKNOWN in inner.values() else inner
    if isinstance(node, (ast.List, ast.Tuple)):
        items = [_value(item, names) for item in node.elts]
        return UNKNOWN if UNKNOWN in items else items
    if isinstance(node, ast.Name):
        if node.id in names:
            return _value(names[node.id], {})
        return {"true": True, "false": False, "null": None}.get(node.id, UNKNOWN)
    try:
        value = ast.literal_eval(node)
    except _BROKEN:
        return UNKNOWN
    return value if isinstance(value, (str, int, float, type(None))) else UNKNOWN
