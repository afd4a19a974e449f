"""One output of a cell that is updated from the start of the upload to the final result.

The output is plain HTML from start to end, so that a notebook saved at any time contains text and
no widget. If the front end supports widgets, a widget that is never displayed updates the line
(`widgets/live.py`); otherwise the HTML is replaced.
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

ANSWER_SECONDS = 2.0  # seconds in which a front end must answer that it shows widgets
UPDATE_SECONDS = 0.5  # between two updates of the HTML


@dataclass
class FrontEnd:
    """The front end of a kernel.

    Args:
        shows_widgets: None until it is known whether the front end answers.
        comes_later: whether the page opens after the cells have run, as in Voilà, so that a missing
            answer means nothing.
    """

    shows_widgets: bool | None = None
    comes_later: bool = False


class LiveOutput:
    """An output that shows a line until `finish` replaces it. All methods may run in any thread.

    Args:
        front_end: records whether widgets are shown, which the answer to the first line tells.
    """

    def __init__(self, front_end: FrontEnd) -> None:
        self.on_press: Callable[[], Any] = lambda: None
        self._front_end = front_end
        self._context = copy_context()  # front ends identify the cell by it
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
        """Replace the line by the final output. Another call replaces that output."""
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

        Replacing it redraws the output, so a line that a widget updates is replaced only if its
        sentence changes.
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
