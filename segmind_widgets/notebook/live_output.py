"""One output of a cell that lives: from the first bytes sent to the lasting result.

The output is plain HTML from its start, and stays the same output until the end, so that a file
saved at any time holds words and no widget. Where the front end has widgets, one that is never
displayed moves the line (`widgets/live.py`); elsewhere the HTML is updated.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextvars import copy_context
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from IPython.display import display

from segmind_widgets.markup import output

if TYPE_CHECKING:
    from segmind_widgets.widgets.live import Line, LiveLine

ANSWER_SECONDS = 2.0  # for a front end to answer that it shows widgets
UPDATE_SECONDS = 0.5  # between two updates of the HTML


@dataclass
class FrontEnd:
    """The front end of a kernel.

    Args:
        shows_widgets: None until a line was answered, or was not.
        comes_later: a page that opens after the cells have run, as Voilà's, so that a line without
            an answer means nothing.
    """

    shows_widgets: bool | None = None
    comes_later: bool = False


class LiveOutput:
    """An output that shows a line until `finish` replaces it. All methods may run in any thread.

    Args:
        front_end: whether widgets are shown; learned from the first line that is answered.
    """

    def __init__(self, front_end: FrontEnd) -> None:
        self.on_press: Callable[[], Any] = lambda: None
        self._front_end = front_end
        self._context = copy_context()  # front ends find the cell by it
        self._lock = threading.RLock()
        self._handle: Any = None
        self._widget: LiveLine | None = None
        self._finished = False
        self._sentence = ""
        self._opened = self._updated = 0.0

    def show(self, line: Line) -> None:
        """Show a state of the line."""
        with self._lock:
            if self._finished:
                return
            if self._handle is None:
                self._context.copy().run(self._open, line)
            if self._widget is not None:
                self._widget.show(line)
            if self._is_due(line):
                self._replace(self._bundle(line))
                self._sentence, self._updated = line.sentence, time.monotonic()

    def finish(self, bundle: Mapping[str, str]) -> None:
        """Replace the line by lasting output. A further call replaces that output."""
        with self._lock:
            self._finished = True
            if self._handle is None:
                self._context.copy().run(self._display, bundle)
            else:
                self._replace(bundle)
            widget, self._widget = self._widget, None
            if widget is not None:
                widget.end(bundle.get("text/html", ""))

    @property
    def is_open(self) -> bool:
        """Return whether the output is shown."""
        return self._handle is not None

    def _open(self, line: Line) -> None:
        if self._front_end.shows_widgets is not False:
            from segmind_widgets.widgets.live import LiveLine

            self._widget = LiveLine(lambda: self.on_press(), self._on_ready)
        self._display(self._bundle(line))
        self._sentence = line.sentence
        self._opened = self._updated = time.monotonic()

    def _display(self, bundle: Mapping[str, str]) -> None:
        self._handle = display(dict(bundle), raw=True, display_id=True)

    def _replace(self, bundle: Mapping[str, str]) -> None:
        self._context.copy().run(self._handle.update, dict(bundle), raw=True)

    def _bundle(self, line: Line) -> dict[str, str]:
        name = self._widget.name if self._widget else None
        words = line.to_html()
        return {"text/plain": line.plain, "text/html": output(words, class_=name)}

    def _is_due(self, line: Line) -> bool:
        """Return whether the HTML has to be replaced.

        That draws it anew, so that a line which a widget moves is replaced for another sentence
        alone.
        """
        if line.sentence != self._sentence:
            return True
        if self._front_end.shows_widgets:
            return False
        now = time.monotonic()
        if self._widget is not None and now - self._opened < ANSWER_SECONDS:
            return False
        if not self._front_end.comes_later:
            self._front_end.shows_widgets = False
        return now - self._updated >= UPDATE_SECONDS

    def _on_ready(self) -> None:
        self._front_end.shows_widgets = True
