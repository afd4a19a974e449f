"""Traversal of nested inputs: mappings and lists at any depth; any other value is a leaf."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

Path: TypeAlias = tuple[Any, ...]  # the keys and indices that lead to a leaf


def walk(value: object, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield each leaf with its path, in order; all paths start with `path`.

    A value that is neither a mapping nor a list (or tuple) is itself the only leaf.
    """
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from walk(item, (*path, name))
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from walk(item, (*path, index))
    else:
        yield path, value


def transform(
    value: object, leaf: Callable[[Any], Any], key: Callable[[Any], Any] | None = None
) -> Any:
    """Return a copy with `leaf` applied to each leaf, and `key` to each key of a mapping.

    Mappings become dicts, lists and tuples become lists.
    """
    if isinstance(value, Mapping):
        return {
            name if key is None else key(name): transform(item, leaf, key)
            for name, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [transform(item, leaf, key) for item in value]
    return leaf(value)
