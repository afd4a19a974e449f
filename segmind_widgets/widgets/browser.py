"""Base of the widgets with JavaScript: dispatch of messages by type, and display of errors."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import anywidget
from traitlets import Int, Unicode

from segmind_widgets.markup import element
from segmind_widgets.printable import printable
from segmind_widgets.widgets.base import error_text
from segmind_widgets.widgets.served import serve

STATIC = Path(__file__).parent / "static"
PIECE = 4 << 20  # bytes: Jupyter's server takes messages of at most 10 MiB
COLAB_PIECE = 700_000  # bytes: Colab takes 1 MB, base64 included

Receiver = Callable[[dict[str, Any], list[Any]], None]


class Browser(anywidget.AnyWidget):
    """The base of widgets with JavaScript. Bytes travel in messages, never in traits.

    Args:
        receivers: the functions that take messages from the browser, by the message's type.
        piece: largest size of a message in bytes; None: the limit of the notebook's server.
        traits: initial values.
    """

    note = Unicode("").tag(sync=True)
    """A message, announced when the screen reader is idle (aria-live: polite)."""
    error = Unicode("").tag(sync=True)
    """An error message in red, announced at once (role: alert)."""
    piece = Int(PIECE, min=1).tag(sync=True)
    """Largest size of a message in bytes."""

    def __init__(
        self, receivers: Mapping[str, Receiver], *, piece: int | None = None, **traits: Any
    ) -> None:
        default = COLAB_PIECE if "google.colab" in sys.modules else PIECE
        super().__init__(piece=piece or default, **traits)
        self._receivers = receivers
        self.on_msg(self._receive)
        serve(self)

    def say(self, text: str, *, error: bool = False) -> None:
        """Show a message, or an error in red; it replaces the previous one."""
        text = printable(text)
        with self.hold_sync():
            self.note = "" if error else text
            self.error = text if error else ""

    def close(self) -> None:
        """Close the model and its Layout, which would stay in the saved notebook."""
        if self.comm is None:
            return  # ipywidgets calls close again when the object is deleted
        self.layout.close()
        super().close()

    def _post(self, content: dict[str, Any], data: bytes | None = None) -> None:
        if self.comm is not None:  # a thread may reply after the widget was closed
            self.send(content, None if data is None else [data])

    def _receive(self, _: Any, content: dict[str, Any], buffers: list[Any]) -> None:
        try:
            self._receivers[content["type"]](content, buffers)
        except Exception as error:  # noqa: BLE001 - ipywidgets would swallow it
            self.report_failure(content, error)

    def report_failure(self, content: dict[str, Any], error: Exception) -> None:  # noqa: ARG002
        """Show the error of a receiver. Override this to reply to the message as well."""
        self.say(error_text(error), error=True)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """Return the widget, with a text for notebooks that are opened without a kernel."""
        bundle = super()._repr_mimebundle_(**options)
        if bundle:
            text = f"{type(self).__name__}: run the cell to use it."
            bundle[0].update({"text/plain": text, "text/html": element("p", text)})
        return bundle
