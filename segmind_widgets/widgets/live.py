"""The live line of a cell: a widget that is never displayed updates the HTML of the output."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ipywidgets import Output
from ipywidgets.widgets.widget import _instances
from traitlets import Float, Unicode

from segmind_widgets.markup import Html, element, fragment
from segmind_widgets.printable import printable
from segmind_widgets.widgets.browser import STATIC, Browser

_BAR = "height:8px;border-radius:4px;overflow:hidden;border:1px solid currentColor;max-width:160px"
_COLORS = {"": "#1976d2", "success": "#2e7d32", "warning": "#b26a00", "danger": "#c62828"}


@dataclass(frozen=True)
class Line:
    """The state of a live line.

    Args:
        text: the text next to the bar.
        sentence: the text for a saved notebook, which is not updated.
        plain: the text without HTML.
        announced: the text for screen readers, which changes only with the status.
        share: the progress, 0 to 1; negative if unknown.
        look: the color of the bar: "success", "warning", "danger", or "" while it runs.
        button: the label of the button; "" for none.
        hint: the tooltip of the button.
    """

    text: Html
    sentence: Html
    plain: str
    announced: str
    share: float = -1.0
    look: str = ""
    button: str = ""
    hint: str = ""

    def to_html(self) -> Html:
        """Return the line as static HTML, for front ends without widgets."""
        if self.share < 0:
            return fragment(self.text, element("br"), self.sentence)
        width = f"height:100%;width:{100 * self.share:.0f}%;background:{_COLORS[self.look]}"
        bar = element("div", element("div", style=width), style=_BAR)
        return fragment(bar, self.text, element("br"), self.sentence)


def is_captured(message: str) -> bool:
    """Return whether an Output widget has the outputs of the message with this id."""
    outputs = [one for one in list(_instances.values()) if isinstance(one, Output)]
    return bool(message) and any(output.msg_id == message for output in outputs)


class LiveLine(Browser):
    """A widget, never displayed, that updates a progress bar, text and button in the page.

    Args:
        on_press: called when the button is pressed, in any thread.
        on_ready: called when a front end has loaded the line.
    """

    _esm = STATIC / "live.js"

    name = Unicode().tag(sync=True)
    """The CSS class of the elements that the line updates."""
    text = Unicode().tag(sync=True)
    """The text next to the bar, as HTML."""
    announced = Unicode().tag(sync=True)
    share = Float(-1.0).tag(sync=True)
    look = Unicode().tag(sync=True)
    button = Unicode().tag(sync=True)
    hint = Unicode().tag(sync=True)

    def __init__(self, on_press: Callable[[], Any], on_ready: Callable[[], Any]) -> None:
        receivers = {"press": lambda *_: on_press(), "ready": lambda *_: on_ready()}
        super().__init__(receivers, name=f"sw-live-{uuid.uuid4().hex[:12]}")

    def show(self, line: Line) -> None:
        """Show a state of the line."""
        with self.hold_sync():
            for trait in ("text", "share", "look", "button"):
                setattr(self, trait, getattr(line, trait))
            self.announced, self.hint = printable(line.announced), printable(line.hint)

    def end(self, html: str) -> None:
        """Replace the line by the final HTML, and close the widget."""
        self._post({"type": "end", "html": html})
        self.close()
