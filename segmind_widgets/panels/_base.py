"""What all panels share: the frame, its look, buttons that tell their errors, and an end.

The recipe for a panel:

1. One file with one class: `tile.py` holds `class TilePanel(Panel)`. In this folder it is shown by
   `%segmind_panel tile`, anywhere else by `%segmind_panel path/to/tile.py`.
2. `title` is its heading. `build(argument)` gives its widgets, top to bottom; `argument` is what
   stands after the name on the magic's line, "" if nothing.
3. Everything goes through `self.client`, which may block: from a button, use
   `self.background(work, then)`. `then` gets the value, and both may set traits; errors are shown.
4. Buttons are made by `self.button`, so that no error is lost. Jobs are shown by
   `self.follow(job)`, which puts a live line into `self.jobs`.
5. Jobs whose pictures should stay in the saved notebook go into `self.results`, newest first.
6. `self.line` tells what happens; it stands last, unless `build` puts it elsewhere.
7. Follow traits with `self.observing(thing, callback, names)`: `close` unfollows and frees all.
"""

from __future__ import annotations

import html
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import ipywidgets as widgets
from traitlets import Any as AnyTrait
from traitlets import HasTraits

from segmind_widgets.background import run_in_background
from segmind_widgets.client import SegmindClient
from segmind_widgets.errors import SegmindError
from segmind_widgets.widgets.base import Announcement, free, style_sheet, error_text
from segmind_widgets.widgets.head import Head
from segmind_widgets.widgets.job_view import JobView

_log = logging.getLogger(__name__)
_T = TypeVar("_T")
_HIDE_STATIC = (  # hidden while the panel is alive; JupyterLab may restore one without its kernel
    ":root:has(.sw-panel-{id}:not(.jupyter-widgets-disconnected)) .sw-still-{id}{{display:none}}"
)
_MISSING_WIDGET = (  # JupyterLab's "model not found", just above what is kept of the panel
    ".jp-OutputArea-child:has(+ .jp-OutputArea-child .sw-still-{id})"
    " > .jupyter-widgets:not(:has(*))"
)


class Panel(widgets.VBox):
    """A frame with a heading, the panel's own widgets, and a line that tells what happens.

    Args:
        argument: what the panel starts with; each says what that is.
        client: the notebook's own, where none is given.
        names: the notebook's variables (`globals()`), for `$name` among inputs. The magic gives
            them.
    """

    title = ""

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
        super().__init__()
        for name in ("sw-panel", f"sw-panel-{self.model_id}"):
            self.add_class(name)
        own = self.build(argument)
        below = [] if self.line in own else [self.line]
        self.children = [self._head(), *own, *below]

    def build(self, argument: str) -> Sequence[widgets.Widget]:
        """The panel's own widgets, top to bottom. Override this."""
        raise NotImplementedError

    @property
    def incoming(self) -> Path:
        """The folder of files that were dropped or pasted."""
        return self.client.session.store.home / "incoming"

    def _head(self) -> widgets.Widget:
        return Head(self.title, f"{style_sheet()} {_HIDE_STATIC.format(id=self.model_id)}")

    # what happens

    def say(self, text: str) -> None:
        """Tell what happens, in plain text; "" clears the line."""
        self.line.say(text)

    def fail(self, error: Exception) -> None:
        """Show what went wrong. What is not one of ours is a fault of ours, and is logged."""
        if not isinstance(error, SegmindError):
            _log.error("The %s panel broke", self.title, exc_info=error)
        self.line.say(error_text(error), error=True)

    def button(
        self, text: str, action: Callable[[], Any], *, tooltip: str = "", primary: bool = False
    ) -> widgets.Button:
        """A button; an error of its action is shown in the panel's line."""
        made = widgets.Button(description=text, tooltip=tooltip or text)
        made.add_class("sw-button")
        if primary:
            made.add_class("sw-primary")
        made.on_click(lambda _: self.guard(action))
        return made

    def guard(self, action: Callable[[], _T]) -> _T | None:
        """Do it, and show its error rather than lose it: callbacks have nobody else to tell."""
        try:
            return action()
        except Exception as error:  # noqa: BLE001 - as said
            self.fail(error)
            return None

    def background(self, work: Callable[[], _T], then: Callable[[_T], Any] | None = None) -> None:
        """Do `work` beside the kernel, then `then(value)`, there too. Errors are shown."""

        def both() -> None:
            value = work()
            if then is not None:
                then(value)

        run_in_background(lambda: self.guard(both))

    # jobs

    def follow(self, job: Any) -> None:
        """Put a live line of the job on top of `self.jobs`; its picture stays in the notebook."""
        self.jobs.children = (JobView(job), *self.jobs.children)

        def told(_: Any = None) -> None:
            if not job.watching:
                self.on_job_end(job)

        self.observing(job, told, "watching")
        told()

    def on_job_end(self, job: Any) -> None:
        """A followed job ended, or is left; again, where it was taken up in between."""
        if job.outputs and job not in self.results:
            self.results = (job, *self.results)

    def unfollow(self, job: Any) -> None:
        """Take a job's line away again."""
        lines = self.jobs.children
        self.jobs.children = tuple(line for line in lines if line.job is not job)
        free(*(line for line in lines if line.job is job))

    def observing(self, thing: HasTraits, callback: Callable[..., Any], names: Any) -> None:
        """`thing.observe(callback, names)`, until the panel is closed."""
        thing.observe(callback, names)
        self._observers.append((thing, callback, names))

    # the end

    def close(self) -> None:
        """Follow nothing any more, and free every model, Layout and Style too."""
        for thing, callback, names in self._observers:
            thing.unobserve(callback, names)
        self._observers.clear()
        parts = (*vars(self).values(), *self.children, self.layout)
        super().close()
        free(*parts)

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        """As a widget, and as text for a file that is opened without a kernel."""
        data: dict[str, Any] = super()._repr_mimebundle_(**options) or {}
        said = self._placeholder
        return {**data, "text/plain": said, "text/html": f"<p>{html.escape(said)}</p>"}

    def kept(self, pictures: str) -> str:
        """HTML for below the panel: hidden while it is alive, and what stays of it in the file.

        JupyterLab shows an error in the place of a widget that is gone, and none of the texts
        beside it: the panel's own words stand there instead.
        """
        lost = _MISSING_WIDGET.format(id=self.model_id)
        said = json.dumps(self._placeholder, ensure_ascii=False).replace("<", r"\3c ")
        look = f"{lost}{{font-size:0}} {lost}::after{{content:{said};font-size:13px}}"
        return f'<div class="sw-still-{self.model_id}"><style>{look}</style>{pictures}</div>'

    @property
    def _placeholder(self) -> str:
        return f"{self.title} panel. Run the cell to bring it to life."
