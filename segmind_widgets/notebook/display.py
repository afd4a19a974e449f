"""What a cell shows while a job runs and after it: the one place that displays.

A widget line while it runs, a static picture after it, in the same output. In a terminal a line of
text that rewrites itself.
"""

from __future__ import annotations

import html
import sys
from collections.abc import Callable
from contextvars import copy_context
from typing import Any
from weakref import WeakKeyDictionary

from IPython.core.interactiveshell import InteractiveShell
from IPython.display import clear_output, display

from segmind_widgets.errors import CellError, StillRunning
from segmind_widgets.formatting import figure, seconds
from segmind_widgets.jobs.job import Job

_STILLS = 4  # finished jobs of a panel that a saved notebook keeps
_STILL_SIDE = 512  # pixels of their pictures


class CellDisplay:
    """The outputs of one shell."""

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell
        self._shown: WeakKeyDictionary[Any, int] = WeakKeyDictionary()  # job → execution
        self._cell = copy_context()
        self._panels: dict[str, list[tuple[int, Any]]] = {}  # cell → execution, panel
        shell.events.register("pre_run_cell", self._entered)

    def close(self) -> None:
        """Take no further part in the shell."""
        self._shell.events.unregister("pre_run_cell", self._entered)

    def _entered(self, _info: Any) -> None:
        # nbclient and papermill drop whatever does not belong to the cell that is running now
        self._cell = copy_context()

    @property
    def widgets(self) -> bool:
        """There is a kernel, so there may be somebody who draws widgets."""
        return hasattr(self._shell, "kernel")

    def note(self, text: str) -> None:
        """A sentence for the person, above the result."""
        if not self.widgets:
            print(text)  # noqa: T201 - a terminal
            return
        shown = f'<div style="font-size:13px;opacity:.85">Note: {html.escape(text)}</div>'
        display({"text/plain": f"Note: {text}", "text/html": shown}, raw=True)

    def show(self, value: Any) -> None:
        """A value above the cell's own."""
        display(value)

    def follow(self, job: Job, timeout: float | None = None, handle: Any = None) -> None:
        """Show a job until it ends, in `place` (an upload's) or in an output of its own.

        Raises:
            StillRunning: Stop was pressed, or `timeout` seconds passed; the view goes on.
        """
        if not self.widgets:
            self._in_terminal(job, timeout)
            return
        finish = self._view(job, handle)
        try:
            job.wait(timeout)
        except StillRunning:
            self._later(job, finish)
            raise
        except KeyboardInterrupt:
            self._later(job, finish)
            raise job.left("You stopped waiting") from None
        finish(False)
        self._at_its_end(job, finish)

    def show_in_background(self, job: Job, handle: Any = None) -> None:
        """Show a job that the cell does not wait for."""
        if self.widgets:
            self._later(job, self._view(job, handle))

    def is_shown(self, job: Any) -> None:
        """IPython's display of a value: nothing where this very cell shows the job already.

        Raises:
            NotImplementedError: IPython's word for "show it as you would".
        """
        if not self.shows(job):
            raise NotImplementedError

    def shows(self, job: Any) -> bool:
        """This very cell shows the job or the batch, or hides it."""
        return self._shown.get(job) == self._shell.execution_count

    def hide(self, job: Any) -> None:
        """Have `is_shown` show nothing for the rest of this cell."""
        self._shown[job] = self._shell.execution_count

    def upload(self, files: int, *, quiet: bool = False) -> Upload:
        """A bar for an upload, shown when its first bytes went."""
        return Upload(files, shown=self.widgets and not quiet)

    def panel(self, panel: Any) -> None:
        """Show a panel. Its newest pictures stand under it where it is not alive: in a saved file.

        Raises:
            CellError: there is nobody to draw widgets.
        """
        if not self.widgets:
            raise CellError("A panel needs a notebook; this is a terminal.")
        self._replaces_those_of_an_earlier_run(panel)
        display(panel)

        def kept() -> dict[str, str]:
            jobs = panel.results[:_STILLS]
            pictures = "".join(job.to_html(_STILL_SIDE) for job in jobs)
            text = "\n".join(job.line for job in jobs)
            return {"text/plain": text, "text/html": panel.kept(pictures)}

        handle = display(kept(), raw=True, display_id=True)
        assert handle is not None

        def keep(_: Any) -> None:
            self._cell.copy().run(handle.update, kept(), raw=True)

        panel.observe(keep, "results")

    @property
    def _cell_id(self) -> str:
        """The notebook's id of the running cell; "" where the front end does not tell."""
        parent = getattr(self._shell, "get_parent", dict)() or {}
        return str(parent.get("metadata", {}).get("cellId", ""))

    def _replaces_those_of_an_earlier_run(self, panel: Any) -> None:
        """When a cell runs again its output goes, and nobody sees its panels any more."""
        cell, now = self._cell_id, self._shell.execution_count
        if not cell:
            return
        shown = self._panels.pop(cell, [])
        for _, old in (entry for entry in shown if entry[0] != now):
            old.close()
        self._panels[cell] = [*(entry for entry in shown if entry[0] == now), (now, panel)]

    def _view(self, job: Job, handle: Any) -> Callable[[bool], None]:
        from segmind_widgets.widgets.job_view import JobView

        return self.live(job, JobView(job), lambda left: _lasting(job, left=left), handle)

    def live(
        self, thing: Any, view: Any, lasting: Callable[[bool], dict[str, str]], handle: Any = None
    ) -> Callable[[bool], None]:
        """Show a view of a job or a batch; what is returned puts what lasts in its place.

        Both are told whether the cell had left it.
        """
        if handle is None:
            handle = display(view, display_id=True)
        else:
            handle.update(view)
            handle = handle
        self.hide(thing)
        open_views = iter([view])  # used up by the first who finishes, whichever thread that is

        def finish(left: bool) -> None:
            if handle is not None:
                handle.update(lasting(left), raw=True)
            for open_view in open_views:
                open_view.close()

        return finish

    def in_cell(self, work: Callable[[], None]) -> None:
        """Do it in a thread as the cell that runs now would: its output is not dropped."""
        self._cell.copy().run(work)

    def _later(self, job: Job, finish: Callable[[bool], None]) -> None:
        """Finish when the job ends, or now if it has."""
        self._at_its_end(job, finish)
        if not job.watching:
            finish(True)

    def _at_its_end(self, job: Job, finish: Callable[[bool], None]) -> None:
        """Finish whenever the job ends, in whichever thread: one that was left may be resumed."""

        def ended(_: Any) -> None:
            if not job.watching:
                self._cell.copy().run(finish, True)

        job.observe(ended, "watching")

    def _in_terminal(self, job: Job, timeout: float | None) -> None:
        def show(_: Any = None) -> None:
            usual = f" of about {seconds(job.expected_seconds)}" if job.expected_seconds else ""
            text = f"{job.status} · {job.model} · {job.elapsed:.1f} s{usual} {job.message}"
            sys.stdout.write(f"\r{text[:100]:<100}")
            sys.stdout.flush()

        job.observe(show, ["status", "elapsed", "message"])
        try:
            show()
            job.wait(timeout)
        except KeyboardInterrupt:
            raise job.left("You stopped waiting") from None
        finally:
            job.unobserve(show, ["status", "elapsed", "message"])
            sys.stdout.write("\r" + " " * 100 + "\r")
            sys.stdout.flush()


class Upload:
    """A bar while bytes go. `place` is the output it stands in, None while nothing was sent."""

    def __init__(self, files: int, *, shown: bool) -> None:
        self._files = files
        self._shown = shown
        self._view: Any = None
        self.handle: Any = None

    def told(self, sent: int, total: int) -> None:
        """`sent` of `total` bytes went."""
        if not self._shown:
            return
        if self._view is None:
            from segmind_widgets.widgets.job_view import UploadView

            self._view = UploadView(self._files)
            self.handle = display(self._view, display_id=True)
        self._view.told(sent, total)

    def close(self) -> None:
        """Free the bar; its output stays for what comes next."""
        if self._view is not None:
            self._view.close()

    def clear(self) -> None:
        """Free the bar and its output."""
        self.close()
        if self.handle is not None:
            clear_output()


def _lasting(job: Job, *, left: bool) -> dict[str, str]:
    """What stays of a job. Why it failed is the cell's error, or stands here once the cell left."""
    if job.error is None or job.outputs or left:
        return job._repr_mimebundle_()
    where = "sandbox · " if job.sandbox else ""
    text = f"{job.status} · {where}{job.caption}"
    return {"text/plain": text, "text/html": figure("", html.escape(text))}
