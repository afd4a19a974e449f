"""The base of all panels: the frame, its style, buttons that show errors, and closing.

The recipe for a panel:

1. Write one file with one class: `tile.py` has `class TilePanel(Panel)`. In this folder it is shown
   by `%segmind_panel tile`, anywhere else by `%segmind_panel path/to/tile.py`.
2. Set `title`, the heading. `build(argument)` returns the widgets, top to bottom; `argument` is the
   text after the panel's name on the magic's line, "" without one.
3. Call everything through `self.client`. Its methods may block, so use `self.background(work,
then)` in a button's action. `then` receives the value of `work`; both may set traits; errors are
shown.
4. Create buttons with `self.button`, so that no error is lost. Show jobs with `self.follow(job)`,
   which puts a live line into `self.jobs`, and the outputs into a grid at the end of the panel.
5. Put jobs whose pictures should stay in the saved notebook into `self.results`, newest first.
6. Write messages to `self.line`; it is the last widget, unless `build` returns it elsewhere.
7. Observe traits with `self.observing(thing, callback, names)`; `close` removes the observer.
"""

from __future__ import annotations

import json
import logging
import weakref
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import ipywidgets as widgets
from traitlets import Any as AnyTrait
from traitlets import HasTraits

from segmind_widgets.background import run_in_background
from segmind_widgets.client import SegmindClient
from segmind_widgets.errors import SegmindError
from segmind_widgets.markup import Html, element
from segmind_widgets.widgets.base import Announcement, error_text, free, style_sheet
from segmind_widgets.widgets.head import Head
from segmind_widgets.widgets.job_view import JobView
from segmind_widgets.widgets.results import ResultPictures
from segmind_widgets.widgets.served import serve

_log = logging.getLogger(__name__)
_T = TypeVar("_T")
_serials = count()  # panels in the order in which they were made
_HIDE_STATIC = (  # while the panel has a kernel; JupyterLab may restore panels without one
    ":root:has(.sw-panel-{id}:not(.jupyter-widgets-disconnected)) .sw-still-{id}{{display:none}}"
)
_MISSING_WIDGET = (  # JupyterLab's "model not found" message above the static HTML
    ".jp-OutputArea-child:has(+ .jp-OutputArea-child .sw-still-{id})"
    " > .jupyter-widgets:not(:has(*))"
)


class Panel(widgets.VBox):
    """A frame with a heading, the panel's own widgets, and a line for messages.

    Args:
        argument: the panel's start value; see the subclasses.
        client: default: the notebook's own client.
        names: the notebook's variables (`globals()`), for `$name` in inputs. The magic passes
            them.
    """

    title = ""

    opened: ClassVar[weakref.WeakSet[Panel]] = weakref.WeakSet()
    """All panels of this kernel that were not closed."""

    results: Any = AnyTrait((), help="Finished jobs to keep in the notebook, newest first.")

    def __init__(
        self,
        argument: str = "",
        *,
        client: SegmindClient | None = None,
        names: Mapping[str, Any] | None = None,
    ) -> None:
        self.client = client or SegmindClient.instance()
        self.names: Mapping[str, Any] = {} if names is None else names
        self._observers: list[tuple[HasTraits, Callable[..., Any], Any]] = []
        self.line = Announcement()
        self.jobs = widgets.VBox()
        self._outputs: ResultPictures | None = None
        super().__init__(_view_count=0)  # the browser counts its views there
        serve(self)
        for name in ("sw-panel", f"sw-panel-{self.model_id}"):
            self.add_class(name)
        self.head = self._head()
        parts = self.build(self.without_keys(argument))
        line = [] if self.line in parts else [self.line]
        self.children = [self.head, *parts, *line]
        self.serial = next(_serials)
        Panel.opened.add(self)

    @property
    def is_shown(self) -> bool:
        """Return whether a page shows the panel."""
        return self.comm is not None and bool(self._view_count)

    def take_input(self, asset: Any) -> str:  # noqa: ARG002 - for subclasses
        """Put a file into a field that takes its kind; return the field's label, "" without one.

        Override this in a panel with such a field.
        """
        return ""

    @classmethod
    def argument_of(cls, words: Sequence[str]) -> str:
        """Return the words after the panel's name on the magic's line as one text."""
        return " ".join(words)

    def build(self, argument: str) -> Sequence[widgets.Widget]:
        """Return the panel's own widgets, top to bottom. Override this."""
        raise NotImplementedError

    @property
    def incoming(self) -> Path:
        """Return the folder of dropped and pasted files."""
        return self.client.session.store.home / "incoming"

    def _head(self) -> Head:
        return Head(self.title, f"{style_sheet()} {_HIDE_STATIC.format(id=self.model_id)}")

    def without_keys(self, text: str) -> str:
        """Return a text with a placeholder for each API key: traits are saved in the notebook."""
        return self.client.session.without_keys(text)

    # messages, buttons and threads

    def say(self, text: str) -> None:
        """Show a message in plain text; "" clears the line."""
        self.line.say(text)

    def fail(self, error: Exception) -> None:
        """Show an error, and log it if it is not a SegmindError, since that is a bug."""
        if not isinstance(error, SegmindError):
            _log.error("The %s panel failed", self.title, exc_info=error)
        self.line.say(self.without_keys(error_text(error)), error=True)

    def button(
        self, text: str, action: Callable[[], Any], *, tooltip: str = "", primary: bool = False
    ) -> widgets.Button:
        """Return a button; errors of its action are shown in the panel's line."""
        button = widgets.Button(description=text, tooltip=tooltip or text)
        button.add_class("sw-button")
        if primary:
            button.add_class("sw-primary")
        button.on_click(lambda _: self.guard(action))
        return button

    def guard(self, action: Callable[[], _T]) -> _T | None:
        """Call `action` and show its error, since a callback has no caller that could handle it."""
        try:
            return action()
        except Exception as error:  # noqa: BLE001 - shown to the user
            self.fail(error)
            return None

    def background(self, work: Callable[[], _T], then: Callable[[_T], Any] | None = None) -> None:
        """Run `work` and then `then(value)` in a thread; show their errors."""

        def both() -> None:
            value = work()
            if then is not None:
                then(value)

        run_in_background(lambda: self.guard(both))

    # jobs

    def follow(self, job: Any) -> None:
        """Insert a live line for the job on top of `self.jobs`; keep its outputs in `results`."""
        self.jobs.children = (JobView(job), *self.jobs.children)

        def on_watching(_: Any = None) -> None:
            if not job.watching:
                self.on_job_end(job)

        self.observing(job, on_watching, "watching")
        on_watching()

    def on_job_end(self, job: Any) -> None:
        """Keep and show the outputs of a job that ended or was detached.

        Called again if the job was resumed in between. Override this to show them elsewhere.
        """
        self.keep(job)
        if job.outputs:
            self._pictures().add(job)
            self.unfollow(job)
        if job.status.final:
            is_error = job.error is not None and not job.outputs
            text = "The job failed: see its line." if is_error else "Done." if job.outputs else ""
            self.line.say(text, error=is_error)

    def keep(self, job: Any) -> None:
        """Keep a job's outputs in `results`."""
        if job.outputs and job not in self.results:
            self.results = (job, *self.results)

    def _pictures(self) -> ResultPictures:
        """Return the grid of outputs, which is above the line or at the end."""
        if self._outputs is None:
            self._outputs = ResultPictures(self)
            *others, last = self.children
            is_line = last is self.line
            ends = [self._outputs, last] if is_line else [last, self._outputs]
            self.children = [*others, *ends]
        return self._outputs

    def unfollow(self, job: Any) -> None:
        """Remove a job's line."""
        lines = self.jobs.children
        self.jobs.children = tuple(line for line in lines if line.job is not job)
        free(*(line for line in lines if line.job is job))

    def observing(self, thing: HasTraits, callback: Callable[..., Any], names: Any) -> None:
        """Observe traits until the panel is closed."""
        thing.observe(callback, names)
        self._observers.append((thing, callback, names))

    # closing and saving

    def close(self) -> None:
        """Remove all observers, and close every model with its Layout and Style."""
        for thing, callback, names in self._observers:
            thing.unobserve(callback, names)
        self._observers.clear()
        parts = (*vars(self).values(), *self.children, self.layout)
        super().close()
        free(*parts)

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        """Return the widget, with a text for notebooks that are opened without a kernel."""
        data: dict[str, Any] = super()._repr_mimebundle_(**options) or {}
        text = self.placeholder
        return {**data, "text/plain": text, "text/html": element("p", text)}

    def static_html(self, *pictures: Html) -> Html:
        """Return the static HTML below the panel, which stays in the saved notebook.

        It is hidden while the panel is alive. If the kernel of a widget has ended, JupyterLab shows
        an error and ignores the text/html of the same output; the CSS here replaces the error by
        the panel's placeholder. Below a panel that is still on the page, and dimmed by
        `panel.css`, stands the placeholder.
        """
        missing = _MISSING_WIDGET.format(id=self.model_id)
        dead = f".sw-panel-{self.model_id}.jupyter-widgets-disconnected"
        text = json.dumps(self.placeholder, ensure_ascii=False).replace("<", r"\3c ")
        css = (
            f"{missing}{{font-size:0}} {missing}::after{{content:{text};font-size:13px}} "
            f"{dead}::after{{content:{text};font-size:13px;padding:6px 0}}"
        )
        return element("div", element("style", css), *pictures, class_=f"sw-still-{self.model_id}")

    @property
    def placeholder(self) -> str:
        """Return the words in the panel's place in a file without its kernel."""
        return f"{self.title} panel. Run the cell to use it."
