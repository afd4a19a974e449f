"""The browser's side of a widget without a browser: real messages in, and what was sent out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ipywidgets


class Page:
    """Stands where the browser stands, at the other end of a widget's comm."""

    def __init__(self, widget: ipywidgets.Widget) -> None:
        self.widget = widget
        self.sent: list[tuple[dict[str, Any], list[Any]]] = []
        assert widget.comm is not None
        widget.comm.send = self._record

    def _record(self, data: Any, metadata: Any = None, buffers: Any = None) -> None:
        if data["method"] == "custom":
            self.sent.append((data["content"], list(buffers or ())))

    def says(self, buffers: Sequence[bytes] = (), **content: Any) -> dict[str, Any]:
        """Send a message as Jupyter delivers it; the last answer, or {}."""
        self.sent.clear()
        message = {"data": {"method": "custom", "content": content}}
        self.widget._handle_msg({"content": message, "buffers": [memoryview(b) for b in buffers]})
        return self.sent[-1][0] if self.sent else {}

    @property
    def received(self) -> bytes:
        """The bytes of the last answer."""
        return bytes(self.sent[-1][1][0])
