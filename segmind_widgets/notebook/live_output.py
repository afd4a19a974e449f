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

from IPython.display import clear_output, display

from segmind_widgets.markup import element, output, verbatim
from segmind_widgets.printable import printable

if TYPE_CHECKING:
    from segmind_widgets.widgets.live import Line, LiveLine

ANSWER_SECONDS = 2.0  # seconds in which a front end must answer that it shows widgets
UPDATE_SECONDS = 0.5  # between two updates of the HTML
EMPTY = {"text/plain": "", "text/html": ""}
"""An output that takes no space. Nbconvert warns of an output without any form."""


@dataclass
class FrontEnd:
    """The front end of a kernel, which may show widgets.

    Args:
        shows_widgets: None until the first line was answered, or was not. False is no verdict for
            good: the tab may have been closed, or not have been ready.
        comes_later: whether the page opens after the cells have run, as in Voilà, so that a missing
            answer means nothing.
    """

    shows_widgets: bool | None = None
    comes_later: bool = False


class FirstLine:
    """The line that a kernel's first run shows at once, while modules load and the sandbox starts.

    The first output of the run takes its place.
    """

    def __init__(self) -> None:
        self._handle: Any = None
        self._was_shown = False

    def show(self) -> None:
        """Show the line in the first run; do nothing in later ones."""
        if self._was_shown:
            return
        self._was_shown = True
        text = "starting · the first run of a kernel takes a moment longer"
        html = output(element("b", "starting"), text.removeprefix("starting"))
        self._handle = display({"text/plain": text, "text/html": html}, raw=True, display_id=True)

    def display(self, value: Any) -> Any:
        """Display a bundle or another value, in place of the line if it is shown.

        Returns:
            The handle that replaces it.
        """
        handle, self._handle = self._handle, None
        raw = isinstance(value, dict)
        if handle is None:
            return display(value, raw=raw, display_id=True)
        handle.update(value, raw=raw)
        return handle

    def remove(self, *, clear: bool) -> None:
        """Remove the line; `clear`: it is certainly the only output of its cell."""
        if self._handle is None:
            return
        if clear:
            clear_output()
        else:
            self.display(EMPTY)


class LiveOutput:
    """An output that shows a line until `finish` replaces it. All methods may run in any thread.

    Args:
        front_end: whether widgets are shown, as earlier lines have found; None uses no widget.
        in_cell: runs a function in the context of the cell that runs now or ran last; nbclient and
            papermill drop updates that do not belong to it.
        show: displays a bundle and returns its handle.
    """

    def __init__(
        self,
        front_end: FrontEnd | None,
        in_cell: Callable[[Callable[[], Any]], Any],
        show: Callable[[dict[str, str]], Any],
    ) -> None:
        self.on_press: Callable[[], Any] = lambda: None
        self._front_end = front_end
        self._in_cell = in_cell
        self._show_bundle = show
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
                text = bundle.get("text/plain", "")
                widget.end(bundle.get("text/html") or verbatim(text, "Result"))

    @property
    def is_open(self) -> bool:
        """Return whether the output is shown."""
        return self._handle is not None

    def _open(self, line: Line) -> None:
        if self._front_end is not None:
            from segmind_widgets.widgets.live import LiveLine

            self._widget = LiveLine(lambda: self.on_press(), self._on_ready)
        self._display(self._bundle(line))
        self._sentence = line.sentence
        self._opened = self._updated = time.monotonic()

    def _display(self, bundle: Mapping[str, str]) -> None:
        self._handle = self._show_bundle(dict(bundle))

    def _replace(self, bundle: Mapping[str, str]) -> None:
        self._in_cell(lambda: self._handle.update(dict(bundle), raw=True))

    def _bundle(self, line: Line) -> dict[str, str]:
        words = line.to_html() if self._is_html else line.sentence
        name = self._widget.name if self._widget is not None else None
        return {"text/plain": printable(line.plain), "text/html": output(words, class_=name)}

    @property
    def _is_html(self) -> bool:
        """Return whether the HTML moves, because no widget does."""
        return self._front_end is None or self._front_end.shows_widgets is False

    def _is_due(self, line: Line) -> bool:
        """Return whether the HTML has to be replaced.

        Replacing it redraws the output, so a line that a widget updates is replaced only if its
        sentence changes.
        """
        now = time.monotonic()
        front_end = self._front_end
        if front_end and front_end.shows_widgets is None and not front_end.comes_later:
            front_end.shows_widgets = False if now - self._opened >= ANSWER_SECONDS else None
        if self._is_html:
            return now - self._updated >= UPDATE_SECONDS
        return line.sentence != self._sentence

    def _on_ready(self) -> None:
        if self._front_end is not None:
            self._front_end.shows_widgets = True
            self._sentence = ""  # the HTML that moved is replaced by a sentence
