"""Calls in a program that is parsed but not run; those with a service's address are requests."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from segmind_widgets.schemas import is_list, is_mapping
from segmind_widgets.syntax.pasted import library, sdk
from segmind_widgets.syntax.pasted.values import (
    BaseUrl,
    CodeRequest,
    Function,
    LocalFile,
    MultipartForm,
    Reference,
    ReplyPart,
    is_known,
    parse_body,
)

_VERBS = {"get", "post", "put", "patch", "delete", "head", "options"}
_OPTIONS = {"method", "headers", "body", "json", "data", "url", "baseURL", "timeout", "signal"}
_BODIES = ("json", "data", "body", "content", "form", "files")


class Calls:
    """The results of calls; each request is appended to `requests`.

    Args:
        is_service: whether an address belongs to one of the services.
        requests: the requests, in order.
        apply: calls a function of the program.
    """

    def __init__(
        self,
        is_service: Callable[[str], bool],
        requests: list[CodeRequest],
        apply: Callable[[Function, Sequence[Any], dict[str, Any]], Any],
    ) -> None:
        self._is_service = is_service
        self._requests = requests
        self._apply = apply

    def call(
        self, called: Any, owner: Any, method: str, args: Sequence[Any], words: dict[str, Any]
    ) -> Any:
        """Return the value of a call.

        Args:
            called: the function, such as a Reference.
            owner: the object whose method is called, else None.
            method: the method's name, else "".
            args: the arguments.
            words: the keyword arguments.
        """
        name = called.name if isinstance(called, (Reference, BaseUrl)) else method
        request = self._request(name, owner, args, words) or sdk.request(called, args, words)
        if request is not None:
            self._requests.append(request)
            return ReplyPart(request)
        first = args[0] if args else None
        if method in ("then", "map") and isinstance(first, Function):
            items = owner if method == "map" and is_list(owner) else [owner]
            values = [self._apply(first, [item], {}) for item in items]
            return values if method == "map" else values[0]
        value = library.method(owner, method, args, words) if method else library.MISSING
        return library.function(name, args, words) if value is library.MISSING else value

    # requests

    def _request(
        self, name: str, owner: Any, args: Sequence[Any], words: Mapping[str, Any]
    ) -> CodeRequest | None:
        """Return the request of a call that has an address of a service, else None."""
        verb = name.rpartition(".")[2].lower()
        verb = verb if verb in _VERBS else ""
        base = owner.url if isinstance(owner, BaseUrl) else ""
        options, rest = dict(words), list[Any]()
        for arg in args:
            if isinstance(arg, str) and arg.lower() in _VERBS and "method" not in options:
                options["method"] = arg
            elif "url" not in options and self._is_service(address := _address(base, arg)):
                options["url"] = address
            else:
                rest.append(arg)
        if "url" not in options and rest and is_mapping(rest[0]):
            options = {**rest.pop(0), **options}
        base = options.get("baseURL", base)
        address = _address(base if isinstance(base, str) else "", options.get("url"))
        if not self._is_service(address):
            return None
        return self._sent(verb, address, options, rest)

    def _sent(
        self, verb: str, address: str, options: dict[str, Any], rest: Sequence[Any]
    ) -> CodeRequest:
        body: Any = None
        if rest and is_mapping(rest[0]) and _are_options(rest[0], verb):
            options |= rest[0]
        elif rest:
            body = rest[0]
        named = [options[name] for name in _BODIES if options.get(name) is not None]
        body = body if body is not None else named[0] if named else None
        is_form = isinstance(body, MultipartForm) or "files" in options
        body = parse_body(body)
        method = options.get("method")
        method = method.upper() if isinstance(method, str) else verb.upper()
        method = method or ("GET" if body is None else "POST")
        return CodeRequest(method, address, body, files_in(body, is_form=is_form))


def files_in(body: Any, *, is_form: bool = False) -> tuple[Any, ...]:
    """Return the files and data URLs of an upload's body, in order.

    A form value that is not text is a file, even if the program does not name it.
    """
    if is_mapping(body):
        return tuple(f for value in body.values() for f in files_in(value, is_form=is_form))
    if is_list(body):
        return tuple(f for value in body for f in files_in(value, is_form=is_form))
    if is_form and not isinstance(body, LocalFile) and not is_known(body):
        return (LocalFile(""),)
    is_data = isinstance(body, str) and body.startswith("data:")
    return (body,) if is_data or isinstance(body, LocalFile) else ()


def _address(base: str, value: Any) -> str:
    if not isinstance(value, str):
        return ""
    return f"{base.rstrip('/')}/{value.lstrip('/')}" if base and "://" not in value else value


def _are_options(value: Mapping[str, Any], verb: str) -> bool:
    """Return whether a mapping contains the options of a request and not its body."""
    if not verb:
        return bool(value.keys() & _OPTIONS)
    return bool(value.keys() & {"json", "body", "headers", "data"}) and value.keys() <= _OPTIONS
