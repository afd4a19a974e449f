"""A widget whose other half runs in the browser: messages by type, errors where they are seen."""

from __future__ import annotations

import html
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import anywidget
from traitlets import Int, Unicode

from segmind_widgets.widgets.base import error_text

STATIC = Path(__file__).parent / "static"
PIECE = 4 << 20  # bytes: Jupyter's server takes messages of at most 10 MiB
COLAB_PIECE = 700_000  # bytes: Colab takes 1 MB, base64 included

Receiver = Callable[[dict[str, Any], list[Any]], None]


class Browser(anywidget.AnyWidget):
    """The base of `Drop` and `Pictures`. Bytes travel in messages, never in traits.

    Args:
        receivers: what takes a message from the browser, by the message's type.
        piece: bytes of a message at most; None: what the place that runs the kernel takes.
        traits: first values.
    """

    note = Unicode("").tag(sync=True)
    """A line for the reader, read aloud politely."""
    error = Unicode("").tag(sync=True)
    """A line in red, read aloud at once."""
    piece = Int(PIECE, min=1).tag(sync=True)
    """Bytes of one message at most."""

    def __init__(
        self, receivers: Mapping[str, Receiver], *, piece: int | None = None, **traits: Any
    ) -> None:
        usual = COLAB_PIECE if "google.colab" in sys.modules else PIECE
        super().__init__(piece=piece or usual, **traits)
        self._receivers = receivers
        self.on_msg(self._receive)

    def say(self, text: str, *, error: bool = False) -> None:
        """Show a line of text in the place of the one before; as an error, in red."""
        with self.hold_sync():
            self.note = "" if error else text
            self.error = text if error else ""

    def close(self) -> None:
        """Free the model and its layout: else they stay in the saved notebook."""
        if self.comm is None:
            return  # closed before; ipywidgets closes again when the object goes
        self.layout.close()
        super().close()

    def _post(self, content: dict[str, Any], data: bytes | None = None) -> None:
        if self.comm is not None:  # an answer from a thread may come after the end
            self.send(content, None if data is None else [data])

    def _receive(self, _: Any, content: dict[str, Any], buffers: list[Any]) -> None:
        try:
            self._receivers[content["type"]](content, buffers)
        except Exception as error:  # noqa: BLE001 - ipywidgets would swallow it
            self.report_failure(content, error)

    def report_failure(self, content: dict[str, Any], error: Exception) -> None:  # noqa: ARG002
        """Show the error of a receiver. Override this to answer the message as well."""
        self.say(error_text(error), error=True)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """As a widget, and as text for a file that is opened without a kernel."""
        bundle = super()._repr_mimebundle_(**options)
        if bundle:
            text = f"{type(self).__name__}: run the cell to use it."
            bundle[0].update({"text/plain": text, "text/html": f"<p>{html.escape(text)}</p>"})
        return bundle
