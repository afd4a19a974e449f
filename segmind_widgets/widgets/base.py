"""Small parts of all panels: a line that is read out, rows, the look, and how to free widgets."""

from __future__ import annotations

import html
from functools import cache
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from segmind_widgets.errors import SegmindError


class Announcement(widgets.HTML):
    """A line of text that screen readers read out when it changes."""

    def __init__(self) -> None:
        super().__init__()
        self.add_class("sw-line")
        self.say("")

    def say(self, text: str, *, error: bool = False) -> None:
        """Show plain text; an error stands out."""
        kind = ' class="sw-error"' if error else ""
        live = "assertive" if error else "polite"
        shown = f'<div role="status" aria-live="{live}"{kind}>{html.escape(text)}</div>'
        if self.value != shown:
            self.value = shown


def row(*children: widgets.Widget) -> widgets.HBox:
    """Widgets beside each other, that go below each other where there is no room."""
    made = widgets.HBox(children)
    made.add_class("sw-row")
    return made


def free(*things: Any) -> None:
    """Close widgets with all they hold; what is no widget is left alone.

    ipywidgets leaves children, Layout and Style open, and they would stay in the saved notebook.
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
    """The look of all panels."""
    folder = Path(__file__).parent / "static"
    sheets = [*sorted(folder.glob("panel*.css")), folder / "form.css"]
    return "".join(sheet.read_text(encoding="utf-8") for sheet in sheets)


def error_text(error: Exception) -> str:
    """One line that says what went wrong, and the remedy where one is known."""
    if isinstance(error, SegmindError):
        said = str(error)
        return f"{said}{'' if said[-1:] in '.!?' else '.'} {error.hint}" if error.hint else said
    return f"{type(error).__name__}: {error}"
