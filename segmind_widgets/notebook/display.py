"""The output of cells. Only this module and `live_output` display.

A job has one output: a live line, which the result replaces when the job ends. In a terminal it is
a line of text that is overwritten.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

from IPython.core.interactiveshell import InteractiveShell
from IPython.display import display

from segmind_widgets.client import SegmindClient
from segmind_widgets.errors import CellError, StillRunning
from segmind_widgets.formatting import seconds
from segmind_widgets.jobs.job import UPDATE, Job
from segmind_widgets.markup import figure, fragment, output
from segmind_widgets.notebook.live_output import EMPTY, FirstLine, FrontEnd, LiveOutput
from segmind_widgets.printable import printable
from segmind_widgets.waiting import serve

SAVED_JOBS = 4  # the number of a panel's newest finished jobs in a saved notebook
SAVED_PICTURE_SIDE = 512  # pixels
LINE_TRAITS = (  # traits of a job that change its line
    "id",
    "status",
    "elapsed",
    "expected_seconds",
    "cost",
    "message",
    "sandbox",
    "progress",
    "indeterminate",
    "observer_error",
)


SILENT = frozenset(("-q", "--quiet", "--dry-run", "--export"))
"""The options of runs that show no progress."""


class CellDisplay:
    """The outputs of one shell.

    Args:
        shell: the shell.
        client: its setting `live` chooses the form of progress.
    """

    def __init__(self, shell: InteractiveShell, client: SegmindClient) -> None:
        self._shell = shell
        self._client = client
        self._executions: WeakKeyDictionary[Any, int] = WeakKeyDictionary()  # of jobs and batches
        self._cell = copy_context()
        self._first = FirstLine()
        self._panels: dict[str, list[tuple[int, Any]]] = {}  # cell → (execution, panel)
        shell.events.register("pre_run_cell", self._on_cell)

    def close(self) -> None:
        """Unregister from the shell's events."""
        self._shell.events.unregister("pre_run_cell", self._on_cell)

    def _on_cell(self, _info: Any) -> None:
        # nbclient and papermill discard output that does not belong to the running cell
        self._cell = copy_context()

    @property
    def widgets(self) -> bool:
        """Return whether there is a kernel, so that a front end may show widgets."""
        return hasattr(self._shell, "kernel")

    @property
    def live(self) -> bool:
        """Return whether outputs are HTML and not lines of text."""
        return self.widgets and self._client.live != "text"

    @property
    def is_html(self) -> bool:
        """Return whether progress is HTML, and never a widget."""
        return self._client.live == "html" or self._front_end is None

    @property
    def is_captured(self) -> bool:
        """Return whether an Output widget, such as that of `interact`, has the cell's outputs.

        It takes them by the id of the running message. No update by `display_id` reaches them.
        """
        if "ipywidgets" not in sys.modules:
            return False
        from segmind_widgets.widgets.live import is_captured

        return is_captured(self._message.get("header", {}).get("msg_id", ""))

    @property
    def _message(self) -> dict[str, Any]:
        """Return the message that the kernel handles now; empty without a kernel."""
        return getattr(self._shell, "get_parent", dict)() or {}

    @cached_property
    def _front_end(self) -> FrontEnd | None:
        if os.getenv("SERVER_SOFTWARE", "").startswith("voila/"):
            return FrontEnd(comes_later=True)
        asks = self._message.get("content", {}).get("allow_stdin", True)
        nobody = not asks and "JPY_SESSION_NAME" not in os.environ  # nbclient, papermill
        return None if nobody else FrontEnd()

    def note(self, text: str) -> None:
        """Display a sentence above the result."""
        text = printable(text)
        if not self.widgets:
            print(text)  # noqa: T201 - a terminal
            return
        note = output(f"Note: {text}", style="opacity:.85")
        self._first.display({"text/plain": f"Note: {text}", "text/html": note})

    def text(self, text: str) -> None:
        """Print a text of several lines, such as a magic's help."""
        print(printable(text))  # noqa: T201 - as every command line does

    def show(self, value: Any) -> None:
        """Display a value above the result."""
        display(value)

    def show_first(self, value: Any) -> Callable[[Any], None]:
        """Display a value; return a function that replaces it, where outputs can be replaced."""
        handle = display(value, display_id=True)
        assert handle is not None
        return handle.update

    @contextmanager
    def first_line(self, line: str, cell: str | None) -> Iterator[None]:
        """Show a line at once if this is the first run of a kernel that somebody watches.

        Args:
            line: the line of the magic, whose options may forbid it.
            cell: the body below the magic, None without one.
        """
        front_end = self._front_end if self.live else None
        # an Output widget of the user may have this cell's outputs, and it shows no updates
        is_plain = "ipywidgets" not in sys.modules
        is_watched = front_end is not None and not front_end.comes_later
        if is_plain and is_watched and SILENT.isdisjoint(line.split()):
            self._first.show()
        try:
            yield
        finally:
            self._first.remove(clear=cell is not None)

    def new_output(self) -> LiveOutput:
        """Return an output for the upload and the job of a run; it appears with its first line."""
        front_end = None if self.is_html else self._front_end
        return LiveOutput(front_end, self.in_cell, self._first.display)

    def follow(
        self, job: Job, timeout: float | None = None, output: LiveOutput | None = None
    ) -> None:
        """Show a job until it ends, in the output of its upload or in a new one.

        Raises:
            StillRunning: Stop was pressed, or `timeout` seconds passed; the line continues to be
                updated.
        """
        if not self.live:
            self._in_terminal(job, timeout)
            return
        output = output or self.new_output()
        self._show_job(job, output)
        try:
            job.wait(timeout)
        except StillRunning:
            self._finish_later(job, output)
            raise
        except KeyboardInterrupt:
            self._finish_later(job, output)
            raise job.still_running("You stopped waiting") from None
        output.finish(_static(job, returned=False))
        self._finish_at_end(job, output)

    def show_in_background(self, job: Job, output: LiveOutput | None = None) -> None:
        """Show a job that the cell does not wait for."""
        if self.live:
            output = output or self.new_output()
            self._show_job(job, output)
            self._finish_later(job, output)

    def is_shown(self, job: Any) -> None:
        """Show a job for IPython's formatter: live while it runs, and once per cell.

        Raises:
            NotImplementedError: IPython is to display the job.
        """
        if self.shows(job):
            return
        if job.done or not self.live or not isinstance(job, Job):
            raise NotImplementedError
        self.show_in_background(job)

    def shows(self, job: Any) -> bool:
        """Return whether the running cell shows, or hides, the job or the batch."""
        return self._executions.get(job) == self._shell.execution_count

    def hide(self, job: Any) -> None:
        """Suppress IPython's display of the job for the rest of this cell."""
        self._executions[job] = self._shell.execution_count

    def upload(self, files: int, *, quiet: bool = False) -> Upload:
        """Return the progress of an upload; it appears when the first bytes are sent."""
        return Upload(files, None if quiet or not self.live else self.new_output())

    def panel(self, panel: Any) -> None:
        """Show a panel, and below it the newest pictures for the saved notebook.

        Raises:
            CellError: a terminal cannot draw widgets.
        """
        if not self.widgets:
            raise CellError(
                "A panel needs a notebook; this is a terminal.",
                hint="Use the magics here, such as %segmind_run, %segmind_upload and"
                " %segmind_jobs; or open JupyterLab.",
            )
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
        return str(self._message.get("metadata", {}).get("cellId", ""))

    def _close_earlier_panels(self, panel: Any) -> None:
        """Close the panels of earlier runs of the cell, whose output was replaced."""
        cell, now = self._cell_id, self._shell.execution_count
        if not cell:
            return
        panels = self._panels.pop(cell, [])
        for _, old in (entry for entry in panels if entry[0] != now):
            old.close()
        self._panels[cell] = [*(entry for entry in panels if entry[0] == now), (now, panel)]

    def _show_job(self, job: Job, output: LiveOutput) -> None:
        """Show the line of a job and update it at each change."""
        from segmind_widgets.widgets.job_view import job_line

        self.hide(job)
        output.on_press = job.stop

        def show(_: Any = None) -> None:
            if job.watching:
                output.show(job_line(job))

        job.observe(show, list(LINE_TRAITS))
        show()

    def show_view(self, view: Any) -> Callable[[dict[str, str]], None]:
        """Show a panel, and below it its words for a saved file.

        Returns:
            A function that replaces both with static output.
        """
        handle = self._first.display(view)
        below = display({"text/html": view.static_html()}, raw=True, display_id=True)
        open_views = iter([view])  # the first thread to finish removes the view and closes it

        def finish(bundle: dict[str, str]) -> None:
            assert below is not None
            handle.update(bundle, raw=True)
            below.update(EMPTY, raw=True)
            for open_view in open_views:
                open_view.close()

        return finish

    def in_cell(self, work: Callable[[], None]) -> None:
        """Run `work` in the running cell's context, so that its output is not dropped."""
        self._cell.copy().run(work)

    def _finish_later(self, job: Job, output: LiveOutput) -> None:
        """Finish when the job ends, or now if it has ended."""
        self._finish_at_end(job, output)
        if not job.watching:
            output.finish(_static(job, returned=True))

    def _finish_at_end(self, job: Job, output: LiveOutput) -> None:
        """Finish each time the job ends: a detached job may be resumed and then ends again."""

        def ended(_: Any) -> None:
            if not job.watching:
                output.finish(_static(job, returned=True))

        job.observe(ended, "watching")

    def _in_terminal(self, job: Job, timeout: float | None) -> None:
        def show(_: Any = None) -> None:
            has_usual = job.expected_seconds and not job.status.final
            usual = f" of about {seconds(job.expected_seconds or 0)}" if has_usual else ""
            text = f"{job.status} · {job.model} · {job.elapsed:.1f} s{usual} {job.message}"
            text = printable(text).replace("\n", " ")
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
    """The progress of an upload.

    Args:
        files: the number of files.
        output: where it is shown; None shows nothing.
    """

    def __init__(self, files: int, output: LiveOutput | None) -> None:
        self._files = files
        self.output = output
        self._began = time.monotonic()
        self._updated = 0.0

    def update(self, count: int, total: int) -> None:
        """Show that `count` of `total` bytes were sent, at most ten times a second."""
        now = time.monotonic()
        if now - self._updated < UPDATE and count < total:
            return
        self._updated = now
        if self.output is not None:
            from segmind_widgets.widgets.job_view import upload_line

            self.output.show(upload_line(self._files, count, total))
        serve()

    @property
    def elapsed(self) -> float:
        """Return the seconds since the upload began."""
        return time.monotonic() - self._began

    def end(self, text: str) -> None:
        """Replace the line, if one was shown, by a sentence."""
        if self.output is not None and self.output.is_open:
            self.output.finish({"text/plain": text, "text/html": output(text)})


def _static(job: Job, *, returned: bool) -> dict[str, str]:
    """Return the static output of a job.

    It contains the reason of a failure if the cell `returned` before the end; otherwise the cell
    raises the error.
    """
    if job.error is None or job.outputs or returned:
        return job._repr_mimebundle_()
    status = "continues" if isinstance(job.error, StillRunning) else str(job.status)
    where = "sandbox · " if job.sandbox else ""
    text = f"{status} · {where}{job.caption}"
    return {"text/plain": text, "text/html": figure("", text)}
