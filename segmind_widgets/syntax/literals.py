"""The inputs in a stranger's code: Python, curl, JavaScript, JSON. Code is read and never run."""

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

UNKNOWN = type("Unknown", (), {"__repr__": lambda _: "UNKNOWN"})()  # only running would tell
_INPUTS = ("data", "payload", "body", "inputs", "input", "params", "json")
_JS_INPUTS = re.compile(
    rf"(?:JSON\.stringify\(|\b(?:{'|'.join(_INPUTS)})\s*[=:]\s*|\.post\([^,{{]*,)\s*(?=[{{'\"])"
)
_JS_TEXT = re.compile(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|`(?:\\.|[^`\\])*`", re.DOTALL)
_JS_COMMENT = re.compile(r"(^|,)[ \t]*//.*$", re.MULTILINE)
_SHELL_TEXT = re.compile(  # the last: how browsers copy a curl command
    r"""'[^']*'|"(?:\\.|[^"\\])*"|\\.|\$'((?:\\.|[^'\\])*)'""", re.DOTALL
)
_BROKEN = (SyntaxError, ValueError, TypeError, MemoryError)


def of_python(text: str) -> dict[str, Any] | None:
    """The dictionary that a Python snippet sends as `json=`, or calls `data` or the like."""
    tree = _tree(_unnumbered(text))
    nodes = list(ast.walk(tree))
    names = {
        target.id: node.value
        for node in nodes
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    sent = [
        word.value
        for node in nodes
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "post"
        for word in node.keywords
        if word.arg in ("json", "data")
    ]
    for node in [*sent, *(names[name] for name in _INPUTS if name in names)]:
        if isinstance(node, ast.Call) and node.args:  # json.dumps(data)
            node = node.args[0]
        if isinstance(node, ast.Name):
            node = names.get(node.id, node)
        if isinstance(node, ast.Dict):
            return _entries(node, names)
    return None


def _unnumbered(text: str) -> str:
    """The code without the page's line numbers, which a copy glues to it; it ends with them."""
    code = []
    for line in text.split("\n"):
        found = re.fullmatch(rf"\s*{len(code) + 1}((?!\d).*)", line)
        if not found:
            break
        code.append(found[1])
    return dedent("\n".join(code)) if len(code) > 1 else dedent(text)


def _tree(code: str) -> ast.Module:
    """The code up to the first line that is no Python: the page goes on in prose."""
    for _ in range(20):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about escapes in a stranger's strings
                return ast.parse(code)
        except SyntaxError as error:  # noqa: PERF203 - a line less each time
            kept = code.split("\n")[: max(0, (error.lineno or 1) - 1)]
            code = "\n".join(kept)
        except _BROKEN:
            break
    return ast.Module([], [])


def of_curl(text: str) -> dict[str, Any] | None:
    """The JSON that a curl command sends. Raises InputError for an unclosed quote or no JSON."""
    text = _SHELL_TEXT.sub(_plainly_quoted, text)
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
                return None  # in a file that is not here
            return mapping_of(body, "The curl command's data is no JSON object.")
    return None


def _plainly_quoted(found: re.Match[str]) -> str:
    """A shell's string as shlex reads it, which does not know `$'…'`."""
    return found[0] if found[1] is None else shlex.quote(_ansi_c(found[1]))


def _ansi_c(inner: str) -> str:
    """The text of `$'…'`: its escapes are among Python's."""
    try:
        return ast.literal_eval(f"'''{inner}'''")
    except _BROKEN:
        return inner


def of_javascript(text: str) -> dict[str, Any] | None:
    """The object that JavaScript sends as a body, or calls `data` or the like."""
    text = _JS_COMMENT.sub(r"\1", text)
    for found in _JS_INPUTS.finditer(text):
        if (sample := _object(_balanced(text[found.end() :]))) is not None:
            return sample
    return None


def _balanced(text: str) -> str:
    """The string or the `{…}` that a text begins with."""
    depth = at = 0
    while at < len(text):
        quoted = _JS_TEXT.match(text, at)
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        at = quoted.end() if quoted else at + 1
        if depth <= 0:
            break
    return text[:at]


def mapping_of(source: str, otherwise: str) -> dict[str, Any]:
    """A mapping written as JSON, as JavaScript or as Python. Raises InputError(otherwise)."""
    found = _object(source)
    if found is None:
        raise InputError(otherwise, hint='It looks like {"prompt": "a red fox"}; copy all of it.')
    return found


def _object(source: str) -> dict[str, Any] | None:
    """A mapping written as JSON, as JavaScript or as Python; also inside a string. Else None."""
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
    """A mapping's entries, UNKNOWN in the place of what only running would tell."""
    return {
        key.id if isinstance(key, ast.Name) else str(key.value): _value(value, names)
        for key, value in zip(node.keys, node.values, strict=True)
        if isinstance(key, (ast.Name, ast.Constant))
    }


def _value(node: ast.expr, names: Mapping[str, ast.expr]) -> Any:
    """A literal's value, or that of a name that stands for one; JavaScript's `true` as well."""
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
