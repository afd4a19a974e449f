"""The widgets whose messages a waiting cell handles: our widgets and their children."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any
from weakref import WeakSet

import ipywidgets as widgets

_roots: WeakSet[widgets.Widget] = WeakSet()
_lock = threading.Lock()  # threads of the kernel read this while a cell opens more widgets


def serve(widget: widgets.Widget) -> None:
    """Let waiting cells handle the messages of a widget and of all its children."""
    with _lock:
        _roots.add(widget)


def is_served(comm_id: str) -> bool:
    """Return whether a comm belongs to one of our widgets or one of its children."""
    comms = (part.comm for part in _parts())  # None of a widget that another thread closed
    return any(comm is not None and comm.comm_id == comm_id for comm in comms)


def _parts() -> Iterator[Any]:
    """Yield our open widgets and their parts, each once."""
    with _lock:
        waiting: list[Any] = list(_roots)
    visited: set[int] = set()
    while waiting:
        part = waiting.pop()
        if not isinstance(part, widgets.Widget) or id(part) in visited:
            continue
        visited.add(id(part))
        yield part
        waiting += [getattr(part, name, None) for name in ("layout", "style")]
        children: Any = getattr(part, "children", ())
        waiting += children if isinstance(children, (list, tuple)) else ()
