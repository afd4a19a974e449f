"""Parts that all panels use: the message line, rows, the style sheet, and freeing widgets."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from segmind_widgets.errors import SegmindError
from segmind_widgets.markup import element
from segmind_widgets.printable import printable


class Announcement(widgets.HTML):
    """A line of text that screen readers announce when it changes."""

    def __init__(self) -> None:
        super().__init__()
        self.add_class("sw-line")
        self.say("")

    def say(self, text: str, *, error: bool = False) -> None:
        """Show plain text; an error in red, announced at once."""
        kind = "sw-error" if error else None
        live = "assertive" if error else "polite"
        content = element("div", text, role="status", aria_live=live, class_=kind)
        if self.value != content:
            self.value = content

    def progress(self, text: str) -> None:
        """Show plain text that changes often, and that screen readers do not announce."""
        self.value = element("div", text)


def row(*children: widgets.Widget) -> widgets.HBox:
    """Lay out widgets in a row that wraps if there is no room."""
    box = widgets.HBox(children)
    box.add_class("sw-row")
    return box


def free(*things: Any) -> None:
    """Close widgets with their children, Layout and Style; ignore everything else.

    ipywidgets closes only the widget itself, and the other models would stay in the saved notebook.
    """
    for thing in things:
        if isinstance(thing, (list, tuple)):
            free(*thing)
        if not isinstance(thing, widgets.Widget) or thing.comm is None:
            continue
        parts = [getattr(thing, name, None) for name in ("children", "layout", "style")]
        thing.close()
        free(*parts)


@cache
def style_sheet() -> str:
    """Return the CSS of all panels."""
    folder = Path(__file__).parent / "static"
    sheets = [*sorted(folder.glob("panel*.css")), folder / "form.css"]
    return "".join(sheet.read_text(encoding="utf-8") for sheet in sheets)


def error_text(error: Exception) -> str:
    """Return an error's message and its hint, if any, as one line."""
    if isinstance(error, SegmindError):
        message = str(error)
        end = "" if message[-1:] in ".!?" else "."
        return f"{message}{end} {error.hint}" if error.hint else message
    return printable(f"{type(error).__name__}: {error}")


PROVIDER_OPTIONS = (
    ("automatic", ""),
    ("Segmind", "segmind"),
    ("APIMart", "apimart"),
    ("sandbox", "sandbox"),
)


def provider_choice() -> widgets.Dropdown:
    """Return a dropdown of providers; its value is that of the option `-p`, "" for automatic."""
    choice = widgets.Dropdown(options=PROVIDER_OPTIONS, description="Provider")
    choice.add_class("sw-small")
    return choice
