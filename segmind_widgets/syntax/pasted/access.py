"""Attributes and items of a program's values, and concatenation of text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from segmind_widgets.schemas import is_list, is_mapping
from segmind_widgets.syntax.pasted.library import MAX_TEXT
from segmind_widgets.syntax.pasted.values import (
    BaseUrl,
    Function,
    Instance,
    LocalFile,
    Reference,
    ReplyPart,
    Unknown,
    is_known,
)

_MAX_ITEMS = 50  # items of a list that a loop iterates over


def join(parts: Iterable[Any]) -> Any:
    """Return the concatenated text; a file if the other text is only a data URL's beginning."""
    values = list(parts)
    files = [value for value in values if isinstance(value, LocalFile)]
    texts = [value for value in values if isinstance(value, str)]
    if len(files) == 1 and len(texts) == len(values) - 1:
        prefix = "".join(texts)
        return files[0] if prefix.startswith("data:") or not prefix else Unknown()
    if not all(isinstance(value, (str, int, float)) for value in values):
        return Unknown()
    return "".join(str(value) for value in values) if _fits(texts) else Unknown()


def _fits(texts: list[str]) -> bool:
    return sum(map(len, texts)) <= MAX_TEXT


def items(value: Any) -> list[Any]:
    """Return the items of a loop; a single Unknown if they are not known."""
    if is_mapping(value):
        return list(value)
    return value[:_MAX_ITEMS] if is_list(value) else [Unknown()]


def attribute(owner: Any, name: str) -> Any:
    """Return `owner.name`."""
    if isinstance(owner, Reference):
        return Reference(f"{owner.name}.{name}")
    if isinstance(owner, BaseUrl):
        return BaseUrl(owner.url, f"{owner.name}.{name}".strip("."))
    if isinstance(owner, Instance):
        value = owner.scope.get(name, Unknown())
        is_method = isinstance(value, Function) and value.owner is None
        return Function(value.definition, value.scope, owner) if is_method else value
    if is_mapping(owner) and name in owner:
        return owner[name]
    return item(owner, name) if isinstance(owner, (ReplyPart, LocalFile)) else Unknown()


def item(owner: Any, key: Any) -> Any:
    """Return `owner[key]`."""
    if isinstance(owner, ReplyPart):
        name = key if isinstance(key, str) else owner.name
        index = key if isinstance(key, int) else owner.index
        return ReplyPart(owner.request, name, index)
    if isinstance(owner, Reference):
        return Reference(f"{owner.name}[{key!r}]") if is_known(key) else Unknown()
    if isinstance(owner, LocalFile):
        return owner
    if is_mapping(owner) and isinstance(key, str):
        return owner.get(key, Unknown())
    if is_list(owner) and isinstance(key, int) and -len(owner) <= key < len(owner):
        return owner[key]
    return Unknown()
