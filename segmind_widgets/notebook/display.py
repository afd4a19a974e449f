"""The output of cells: the only module that displays.

While a job runs its output is a widget; at the end a static picture replaces the widget in the same
output. In a terminal it is a line of text that is rewritten.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextvars import copy_context
from typing import Any
from weakref import WeakKeyDictionary

from IPython.core.interactiveshell import InteractiveShell
from IPython.display import clear_output, display

from segmind_widgets.errors import CellError, StillRunning
from segmind_widgets.formatting import seconds
from segmind_widgets.jobs.job import Job
from segmind_widgets.markup import figure, fragment, output

SAVED_JOBS = 4  # newest finished jobs of a panel in a saved notebook
SAVED_PICTURE_SIDE = 512  # pixels


class CellDisplay:
    """The outputs of one shell."""

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell
        self._executions: WeakKeyDictionary[Any, int] = WeakKeyDictionary()  # of jobs and batches
        self._cell = copy_context()
        self._panels: dict[str, list[tuple[int, Any]]] = {}  # cell → (execution, panel)
        shell.events.register("pre_run_cell", self._on_cell)

    def close(self) -> None:
        """Unregister from the shell's events."""
        self._shell.events.unregister("pre_run_cell", self._on_cell)

    def _on_cell(self, _info: Any) -> None:
        # nbclient and papermill drop output that does not belong to the running cell
        self._cell = copy_context()

    @property
    def widgets(self) -> bool:
        """Return whether there is a kernel, so that a front end may draw widgets."""
        return hasattr(self._shell, "kernel")

    def note(self, text: str) -> None:
        """Display a sentence above the result."""
        if not self.widgets:
            print(text)  # noqa: T201 - a terminal
            return
        note = f"Note: {text}"
        display({"text/plain": note, "text/html": output(note, style="opacity:.85")}, raw=True)

    def show(self, value: Any) -> None:
        """Display a value above the result."""
        display(value)

    def follow(self, job: Job, timeout: float | None = None, handle: Any = None) -> None:
        """Show a job until it ends, in `handle`'s output (an upload's) or in a new one.

        Raises:
            StillRunning: Stop was pressed, or `timeout` seconds passed; the view stays live.
        """
        if not self.widgets:
            self._in_terminal(job, timeout)
            return
        finish = self._view(job, handle)
        try:
            job.wait(timeout)
        except StillRunning:
            self._finish_later(job, finish)
            raise
        except KeyboardInterrupt:
            self._finish_later(job, finish)
            raise job.still_running("You stopped waiting") from None
        finish(False)
        self._finish_at_end(job, finish)

    def show_in_background(self, job: Job, handle: Any = None) -> None:
        """Show a job that the cell does not wait for."""
        if self.widgets:
            self._finish_later(job, self._view(job, handle))

    def is_shown(self, job: Any) -> None:
        """Tell IPython's formatter whether this cell shows the job already.

        Raises:
            NotImplementedError: the cell does not; IPython then displays the job.
        """
        if not self.shows(job):
            raise NotImplementedError

    def shows(self, job: Any) -> bool:
        """Return whether the running cell shows, or hides, the job or the batch."""
        return self._executions.get(job) == self._shell.execution_count

    def hide(self, job: Any) -> None:
        """Suppress IPython's display of the job for the rest of this cell."""
        self._executions[job] = self._shell.execution_count

    def upload(self, files: int, *, quiet: bool = False) -> Upload:
        """Return a progress bar for an upload, displayed at the first bytes sent."""
        return Upload(files, visible=self.widgets and not quiet)

    def panel(self, panel: Any) -> None:
        """Show a panel, and below it its newest pictures for a saved file.

        Raises:
            CellError: a terminal cannot draw widgets.
        """
        if not self.widgets:
            raise CellError("A panel needs a notebook; this is a terminal.")
        self._close_earlier_panels(panel)
        display(panel)

        def static() -> dict[str, str]:
            jobs = panel.results[:SAVED_JOBS]
            pictures = fragment(*(job.to_html(SAVED_PICTURE_SIDE) for job in jobs))
            text = "\n".join(job.line for job in jobs)
            return {"text/plain": text, "text/html": panel.static_html(pictures)}

        handle = display(static(), raw=True, display_id=True)
        assert handle is not None

        def update(_: Any) -> None:
            self._cell.copy().run(handle.update, static(), raw=True)

        panel.observe(update, "results")

    @property
    def _cell_id(self) -> str:
        """Return the running cell's id in the notebook, or "" if the front end sends none."""
        parent = getattr(self._shell, "get_parent", dict)() or {}
        return str(parent.get("metadata", {}).get("cellId", ""))

    def _close_earlier_panels(self, panel: Any) -> None:
        """Close the panels of the cell's earlier runs: their output was replaced."""
        cell, now = self._cell_id, self._shell.execution_count
        if not cell:
            return
        panels = self._panels.pop(cell, [])
        for _, old in (entry for entry in panels if entry[0] != now):
            old.close()
        self._panels[cell] = [*(entry for entry in panels if entry[0] == now), (now, panel)]

    def _view(self, job: Job, handle: Any) -> Callable[[bool], None]:
        from segmind_widgets.widgets.job_view import JobView

        return self.live(
            job, JobView(job), lambda returned: _static(job, returned=returned), handle
        )

    def live(
        self, thing: Any, view: Any, static: Callable[[bool], dict[str, str]], handle: Any = None
    ) -> Callable[[bool], None]:
        """Show the view of a job or a batch.

        Args:
            thing: the job or the batch.
            view: its widget.
            static: makes the output that replaces the widget.
            handle: the output to use; None for a new one.

        Returns:
            A function that replaces the view with static output. It takes, and passes on, whether
            the cell returned before the end.
        """
        if handle is None:
            handle = display(view, display_id=True)
        else:
            handle.update(view)
        self.hide(thing)
        open_views = iter([view])  # the first thread that finishes takes the view and closes it

        def finish(returned: bool) -> None:
            if handle is not None:
                handle.update(static(returned), raw=True)
            for open_view in open_views:
                open_view.close()

        return finish

    def in_cell(self, work: Callable[[], None]) -> None:
        """Run `work` in the running cell's context, so that its output is not dropped."""
        self._cell.copy().run(work)

    def _finish_later(self, job: Job, finish: Callable[[bool], None]) -> None:
        """Finish when the job ends, or now if it has ended."""
        self._finish_at_end(job, finish)
        if not job.watching:
            finish(True)

    def _finish_at_end(self, job: Job, finish: Callable[[bool], None]) -> None:
        """Finish at each end of the job: a detached job may be resumed, and ends again."""

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
            raise job.still_running("You stopped waiting") from None
        finally:
            job.unobserve(show, ["status", "elapsed", "message"])
            sys.stdout.write("\r" + " " * 100 + "\r")
            sys.stdout.flush()


class Upload:
    """A progress bar of an upload. `handle` is its output, None before the first bytes."""

    def __init__(self, files: int, *, visible: bool) -> None:
        self._files = files
        self._visible = visible
        self._view: Any = None
        self.handle: Any = None

    def update(self, count: int, total: int) -> None:
        """Show that `count` of `total` bytes were sent."""
        if not self._visible:
            return
        if self._view is None:
            from segmind_widgets.widgets.job_view import UploadView

            self._view = UploadView(self._files)
            self.handle = display(self._view, display_id=True)
        self._view.show_progress(count, total)

    def close(self) -> None:
        """Close the bar; its output stays for the job's view."""
        if self._view is not None:
            self._view.close()

    def clear(self) -> None:
        """Close the bar and clear its output."""
        self.close()
        if self.handle is not None:
            clear_output()


def _static(job: Job, *, returned: bool) -> dict[str, str]:
    """Return the static output of a job.

    The reason of a failure is in it if the cell `returned` before; else the cell raises the error.
    """
    if job.error is None or job.outputs or returned:
        return job._repr_mimebundle_()
    where = "sandbox · " if job.sandbox else ""
    text = f"{job.status} · {where}{job.caption}"
    return {"text/plain": text, "text/html": figure("", text)}
