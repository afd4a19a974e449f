"""Find the program in pasted text, in any supported language, and the requests that it sends."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from textwrap import dedent
from typing import Any

from segmind_widgets.errors import InputError
from segmind_widgets.schemas import is_list, is_mapping
from segmind_widgets.syntax.pasted import curl, javascript
from segmind_widgets.syntax.pasted.calls import files_in
from segmind_widgets.syntax.pasted.interpreter import Interpreter
from segmind_widgets.syntax.pasted.values import CodeRequest, parse_body, to_inputs

_FENCE = re.compile(r"^[ \t]*```[^\n]*\n(.*?)^[ \t]*```[ \t]*$", re.DOTALL | re.MULTILINE)
_PROMPT = re.compile(r"^(?:>>> ?|\.\.\. ?|In \[\d*\]: )", re.MULTILINE)
_SHELL_LINE = re.compile(r"^[ \t]*[!%].*$", re.MULTILINE)
_JS_SIGNS = re.compile(
    r"\baxios\b|\bfetch\("
    r"|\b(?:const|let|var)\s+[\w{[]|=>|\brequire\(|\bnew \w+\(|;[ \t]*$|(?:^|\s)//",
    re.MULTILINE,
)
_JS_CALLS = re.compile(r"\bfetch\b|axios|\.(?:post|request)\b|\bgot\b|\bky\b")
_BODIES = ("jsonBody", "body", "json", "data", "payload")
_BROKEN = (SyntaxError, ValueError, TypeError, MemoryError)

IsService = Callable[[str], bool]


@dataclass
class Program:
    """A program's requests and variables; `complete`: all of its text could be parsed."""

    language: str
    requests: list[CodeRequest] = field(default_factory=list[CodeRequest])
    variables: Mapping[str, Any] = field(default_factory=dict[str, Any])
    complete: bool = True


def find(text: str, is_service: IsService) -> Program | None:
    """Return the program in a text that sends requests to a service; None if there is none.

    Raises:
        InputError: it cannot be parsed: a quote is not closed, or it is JavaScript and the extra is
            not installed.
    """
    blocks = _FENCE.findall(text)
    around = not _FENCE.sub("", text).strip()
    for block in blocks or [text]:
        program = _find(unnumbered(block), is_service)
        if program is not None:
            program.complete &= around or not blocks
            return program
    return None


def _find(text: str, is_service: IsService) -> Program | None:
    if curl.begins(text):
        requests = [each for each in curl.requests(text) if is_service(each.url)]
        return Program("curl", requests) if requests else None
    readers = [of_python, of_javascript] if _JS_CALLS.search(text) else [of_python]
    if _JS_SIGNS.search(text):
        readers.reverse()
    refusal: InputError | None = None
    programs: list[Program] = []
    for reader in readers:
        try:
            programs.append(reader(text, is_service))
        except InputError as error:  # noqa: PERF203 - two of them
            refusal = error
    programs = [program for program in programs if program.requests]
    if not programs and refusal and is_service_named(text, is_service):
        raise refusal
    return next((program for program in programs if program.complete), next(iter(programs), None))


def is_service_named(text: str, is_service: IsService) -> bool:
    """Return whether an address in quotes is one of a service."""
    return any(map(is_service, re.findall(r"[\"'`](https?://[^\s\"'`$]+)", text)))


def of_python(text: str, is_service: IsService) -> Program:
    """Return a Python program, up to the first line that is not Python."""
    code = _SHELL_LINE.sub("", _PROMPT.sub("", text))
    interpreter = Interpreter(is_service)
    variables = interpreter.run(_tree(code))
    return Program("Python", interpreter.requests, variables)


def is_python(text: str) -> bool:
    """Return whether a text as a whole is Python."""
    return len(_tree(text).body) > 0 and _parse(text) is not None


def _tree(code: str) -> ast.Module:
    """Parse code up to the first line that is not Python, where the text of the page begins."""
    for _ in range(20):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # warnings about escapes in the snippet's strings
                return ast.parse(code)
        except SyntaxError as error:  # noqa: PERF203 - a line less each time
            code = "\n".join(code.split("\n")[: max(0, (error.lineno or 1) - 1)])
        except _BROKEN:
            break
    return ast.Module([], [])


def _parse(code: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(code)
    except _BROKEN:
        return None


def of_javascript(text: str, is_service: IsService) -> Program:
    """Return a JavaScript or TypeScript program. Raises InputError without the extra."""
    tree, complete = javascript.parse(text)
    interpreter = Interpreter(is_service)
    variables = interpreter.run(tree)
    return Program("JavaScript", interpreter.requests, variables, complete)


def of_json(value: Any, is_service: IsService) -> list[CodeRequest]:
    """Return the requests that a JSON document describes, such as a workflow of n8n."""
    if is_list(value):
        return [request for item in value for request in of_json(item, is_service)]
    if not is_mapping(value):
        return []
    url = value.get("url")
    if isinstance(url, str) and is_service(url):
        text = next((value[name] for name in _BODIES if value.get(name)), None)
        body = parse_body(text.removeprefix("=") if isinstance(text, str) else text)
        return [CodeRequest("POST", url, body, files_in(body))]
    return [request for item in value.values() for request in of_json(item, is_service)]


def mapping_of(source: str) -> dict[str, Any] | None:
    """Return a mapping written in JSON, Python or JavaScript, or in a string; else None."""
    value = parse_body(source)
    if not is_mapping(value):
        value = _literal(ast.parse, source.strip())
    if not is_mapping(value):
        value = _literal(_javascript, f"({source})")
    return to_inputs(value) if is_mapping(value) else None


def _javascript(source: str) -> ast.Module:
    tree, complete = javascript.parse(source)
    return tree if complete else ast.Module([], [])


def _literal(parse: Callable[[str], ast.Module], source: str) -> Any:
    """Return the value of a text that is one expression."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            body = parse(source).body
    except (*_BROKEN, InputError):
        return None
    if len(body) != 1 or not isinstance(body[0], ast.Expr):
        return None
    name = ast.Assign([ast.Name("value")], body[0].value)
    value = Interpreter(lambda _: False).run(ast.Module([name], [])).get("value")
    return parse_body(value)


def unnumbered(text: str) -> str:
    """Remove line numbers that were copied from a page; the code ends with the last of them."""
    code: list[str] = []
    for line in text.split("\n"):
        match = re.fullmatch(rf"\s*{len(code) + 1}((?!\d).*)", line)
        if not match:
            break
        code.append(match[1])
    return dedent("\n".join(code)) if len(code) > 1 else dedent(text)
