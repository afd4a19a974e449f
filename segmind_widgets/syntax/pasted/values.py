"""The values of a program, which is parsed but not run, and their conversion to inputs."""

from __future__ import annotations

import ast
import json
from collections import ChainMap
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias, TypeGuard

from segmind_widgets.schemas import is_list, is_mapping

Scope: TypeAlias = ChainMap[str, Any]


@dataclass(frozen=True)
class Unknown:
    """A value that is known only when the program runs; `source` is its expression."""

    source: str = ""


@dataclass(frozen=True)
class Reference:
    """A name that the program does not define, such as a module's: `requests.post`."""

    name: str
    source: str = field(default="", compare=False)  # the expression, where it is a call


@dataclass(frozen=True)
class LocalFile:
    """A file's content in any encoding; the name is "" if the user chooses the file."""

    name: str


@dataclass(frozen=True)
class JsonText:
    """A value as JSON text, as `json.dumps` and `JSON.stringify` return it."""

    value: Any
    compact: bool = False  # as JavaScript writes it


@dataclass(frozen=True)
class BaseUrl:
    """A client object with a base address, to which its calls append a path."""

    url: str
    name: str = ""  # attributes after it, such as `images.generate`


@dataclass
class MultipartForm:
    """A multipart form under construction: JavaScript's FormData."""

    fields: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(eq=False)
class Function:
    """A function of the program, with its enclosing scope and, for a method, its object."""

    definition: ast.FunctionDef | ast.AsyncFunctionDef
    scope: Scope
    owner: Any = None


@dataclass(eq=False)
class Class:
    """A class of the program, as the scope of its body."""

    scope: Scope


@dataclass(eq=False)
class Instance:
    """An object of a class of the program."""

    scope: Scope


@dataclass(eq=False)
class CodeRequest:
    """A request that the program sends: `url` is its address, or the target's name in an SDK."""

    method: str
    url: str
    body: Any = None
    files: tuple[Any, ...] = ()


@dataclass(frozen=True)
class ReplyPart:
    """A reply or a part of it, given by the last name and index of the access."""

    request: CodeRequest
    name: str = ""
    index: int | None = None


class FunctionExpr(ast.expr):
    """A function expression with statements, which Python's syntax tree does not have."""

    _fields = ("definition",)
    definition: ast.FunctionDef


class ObjectPattern(ast.expr):
    """A JavaScript target `{name: target = default}`, as a node for Python's syntax tree."""

    _fields = ("entries",)
    entries: list[tuple[str, ast.expr, ast.expr | None]]


def is_dict(value: object) -> TypeGuard[dict[str, Any]]:
    """Return whether a value is a mapping that the program may change."""
    return isinstance(value, dict)


def is_known(value: Any) -> bool:
    """Return whether a value is plain JSON at every depth."""
    if is_mapping(value):
        return all(is_known(item) for item in value.values())
    if is_list(value):
        return all(map(is_known, value))
    return value is None or isinstance(value, (str, int, float))


def parse_body(value: Any) -> Any:
    """Return the mapping in a body that is JSON text or a form; other bodies unchanged."""
    if isinstance(value, JsonText):
        return value.value
    if isinstance(value, MultipartForm):
        return value.fields
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def to_inputs(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a body as inputs, with a Path for each file and Unknown for other unknown values."""
    return {name: _to_input(value) for name, value in body.items()}


def _to_input(value: Any) -> Any:
    if is_mapping(value):
        return _unless_unknown(to_inputs(value))
    if is_list(value):
        return _unless_unknown([_to_input(item) for item in value])
    if isinstance(value, JsonText):
        separators = (",", ":") if value.compact else None
        has_value = is_known(value.value)
        return json.dumps(value.value, separators=separators) if has_value else Unknown("JSON text")
    if isinstance(value, LocalFile):
        return Path(value.name) if value.name else Unknown("a file that a person chooses")
    if isinstance(value, ReplyPart):
        return _to_input(_uploaded(value))
    if isinstance(value, Reference):
        return Unknown(value.source or value.name)
    if isinstance(value, Unknown) or is_known(value):
        return value
    return Unknown(type(value).__name__)


def _unless_unknown(value: Any) -> Any:
    """Return a container, or the first Unknown in it."""
    items = value.values() if is_mapping(value) else value
    return next((item for item in items if isinstance(item, Unknown)), value)


def _uploaded(part: ReplyPart) -> Any:
    """Return the file whose URL is this part of an upload's reply; a list for all files."""
    files = part.request.files
    index = part.index if part.index is not None else 0
    if not 0 <= index < len(files):
        return Unknown("a reply")
    return list(files) if part.index is None and part.name.endswith("s") else files[index]
