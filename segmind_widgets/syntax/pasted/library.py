"""Results of libraries' pure functions and methods in a program that is not run."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from segmind_widgets.schemas import is_list, is_mapping
from segmind_widgets.syntax.pasted.values import (
    BaseUrl,
    JsonText,
    LocalFile,
    MultipartForm,
    Reference,
    ReplyPart,
    Unknown,
    is_dict,
    is_known,
)

_TEXT_METHODS = {
    "strip", "lstrip", "rstrip", "lower", "upper", "title", "capitalize", "replace", "format",
    "join", "removeprefix", "removesuffix", "split", "startswith", "endswith",
}  # fmt: skip
_JS_TEXT = {"trim": "strip", "toLowerCase": "lower", "toUpperCase": "upper", "concat": ""}
_CONVERSIONS: Mapping[str, Callable[..., Any]] = {
    "str": str, "int": int, "float": float, "bool": bool, "String": str, "Number": float,
    "textwrap.dedent": textwrap.dedent, "len": len, "round": round,
}  # fmt: skip
_FILE_NAMES = {"open", "Path", "readFileSync", "readFile", "createReadStream", "openAsBlob"}
_CHANGING = {"resize", "crop", "rotate", "convert", "thumbnail"}  # of a picture
_WIDTH = re.compile(r"[:%][^\s}]{0,9}\d{5,}[^\s}]{0,9}(?:\}|[a-z])")  # `{:>99999}`, `%99999d`
MAX_TEXT = 4_000_000  # characters of a result
MISSING = object()

_Function: TypeAlias = Callable[[Sequence[Any], Mapping[str, Any]], Any]


def function(name: str, args: Sequence[Any], words: Mapping[str, Any]) -> Any:
    """Return the result of a function with this name; a Reference if it is not known."""
    last = name.rpartition(".")[2]
    first = args[0] if args else None
    implementation = _FUNCTIONS.get(name)
    if implementation is not None:
        return implementation(args, words)
    if last == "FormData":
        return MultipartForm()
    if last in _FILE_NAMES and isinstance(first, (str, LocalFile)) and _reads(args, words):
        return first if isinstance(first, LocalFile) else LocalFile(first)
    if base := _base(last, first, words):
        return base
    if _keeps_file(last) and (files := _files(args)):
        return files[0]
    if last == "run" and isinstance(first, ReplyPart):  # asyncio.run
        return first
    return Reference(f"{name}()")


def method(owner: Any, name: str, args: Sequence[Any], words: Mapping[str, Any]) -> Any:
    """Return the result of a method; MISSING if the method is not known."""
    first = args[0] if args else None
    if is_dict(owner):
        return _of_mapping(owner, name, args, words)
    if is_list(owner):
        return _of_list(owner, name, args)
    if isinstance(owner, MultipartForm) and name in ("append", "set") and len(args) > 1:
        owner.fields[str(first)] = args[1]
        return None
    if isinstance(owner, JsonText) or (name in ("catch", "finally") and owner is not None):
        return owner  # .encode()
    if isinstance(owner, LocalFile):
        return Unknown() if name in _CHANGING else owner
    if isinstance(owner, ReplyPart):
        part = first if isinstance(first, str) and name == "get" else owner.name
        return ReplyPart(owner.request, part, owner.index)
    return _of_text(owner, name, args, words) if isinstance(owner, str) else MISSING


def _merge(args: Sequence[Any], words: Mapping[str, Any]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for arg in args:
        merged |= arg if is_mapping(arg) else {}
    return {**merged, **words}


def _dump(args: Sequence[Any], _: Mapping[str, Any]) -> Any:
    return JsonText(args[0]) if args else Unknown()


def _stringify(args: Sequence[Any], _: Mapping[str, Any]) -> Any:
    return JsonText(args[0], compact=True) if args else Unknown()


def _load(args: Sequence[Any], _: Mapping[str, Any]) -> Any:
    text = args[0] if args else None
    if isinstance(text, JsonText):
        return text.value
    return pure(json.loads, text) if isinstance(text, str) else text


def _require(args: Sequence[Any], _: Mapping[str, Any]) -> Any:
    return Reference(args[0]) if args and isinstance(args[0], str) else Unknown()


def _same(args: Sequence[Any], _: Mapping[str, Any]) -> Any:
    first = args[0] if args else None
    return list(first) if is_mapping(first) else first


def _conversion(convert: Callable[..., Any]) -> _Function:
    def call(args: Sequence[Any], _: Mapping[str, Any]) -> Any:
        return pure(convert, *args) if args and is_known(list(args)) else Unknown()

    return call


_FUNCTIONS: Mapping[str, _Function] = {
    **dict.fromkeys(("dict", "Object.assign", "structuredClone"), _merge),
    **dict.fromkeys(("json.dumps", "orjson.dumps"), _dump),
    **dict.fromkeys(("json.loads", "orjson.loads", "JSON.parse"), _load),
    **dict.fromkeys(("tuple", "list", "Promise.resolve", "Promise.all"), _same),
    **{name: _conversion(convert) for name, convert in _CONVERSIONS.items()},
    "JSON.stringify": _stringify,
    "require": _require,
}


def _base(last: str, first: Any, words: Mapping[str, Any]) -> BaseUrl | None:
    """Return the client that a call creates with its own base address."""
    options = {**(first if is_mapping(first) else {}), **words}
    for name in ("base_url", "baseURL"):
        if isinstance(options.get(name), str):
            return BaseUrl(options[name])
    if last in ("HTTPSConnection", "HTTPConnection") and isinstance(first, str):
        return BaseUrl(f"https://{first}")
    return None


def _reads(args: Sequence[Any], words: Mapping[str, Any]) -> bool:
    """Return whether a file is opened for reading."""
    mode = words.get("mode", args[1] if len(args) > 1 else "r")
    return not (isinstance(mode, str) and set(mode) <= set("wax+bt") and set(mode) & set("wax"))


def _files(args: Sequence[Any]) -> list[LocalFile]:
    """Return the files among arguments, and in a list such as that of `new Blob([file])`."""
    parts = [part for arg in args for part in (arg if is_list(arg) else [arg])]
    return [part for part in parts if isinstance(part, LocalFile)]


def _keeps_file(name: str) -> bool:
    """Return whether a function returns its file argument in another form."""
    words = ("b64encode", "from", "Blob", "File", "open", "b64", "encode", "decode", "BytesIO")
    return any(name.endswith(word) for word in words)


def _of_mapping(
    owner: dict[str, Any], method: str, args: Sequence[Any], words: Mapping[str, Any]
) -> Any:
    key = args[0] if args and isinstance(args[0], str) else ""
    other = args[1] if len(args) > 1 else None
    if method == "update":
        owner |= {**(args[0] if args and is_mapping(args[0]) else {}), **words}
        return None
    if method == "pop":
        return owner.pop(key, other)
    if method == "setdefault":
        return owner.setdefault(key, other)
    if method == "get":
        return owner.get(key, other)
    if method in ("keys", "values", "copy"):
        return dict(owner) if method == "copy" else list(getattr(owner, method)())
    return [list(item) for item in owner.items()] if method == "items" else MISSING


def _of_list(owner: list[Any], method: str, args: Sequence[Any]) -> Any:
    if method in ("append", "push") and args:
        owner.extend(args)
        return None
    if method == "extend" and args and is_list(args[0]):
        owner.extend(args[0])
        return None
    if method == "join" and is_known(owner):
        return str(args[0] if args else ",").join(map(str, owner))
    return MISSING


def _of_text(owner: str, method: str, args: Sequence[Any], words: Mapping[str, Any]) -> Any:
    if method in ("encode", "decode", "toString"):
        return owner
    if method == "concat":
        return pure("".join, [owner, *args])
    name = _JS_TEXT.get(method, method)
    if name not in _TEXT_METHODS or not (is_known(list(args)) and is_known(words)):
        return MISSING
    if name in ("replace", "join") and _product(owner, args) > MAX_TEXT:
        return Unknown()
    return pure(getattr(str, name), owner, *args, **words)


def _product(owner: str, args: Sequence[Any]) -> int:
    """Return an upper bound of a text's length after a replacement."""
    lengths = [len(arg) for arg in args if isinstance(arg, str) or is_list(arg)]
    return (len(owner) + 1) * (max(lengths, default=0) + 1)


def pure(compute: Callable[..., Any], *args: Any, **words: Any) -> Any:
    """Return the result of a pure function; Unknown if it fails or could be very large."""
    texts = [text for text in (*args, *words.values()) if isinstance(text, str)]
    if sum(map(len, texts)) > MAX_TEXT or any(_WIDTH.search(text) for text in texts):
        return Unknown()
    try:
        return compute(*args, **words)
    except Exception:  # noqa: BLE001 - the program's own values: any error is theirs
        return Unknown()
