"""What a cell shows while a job runs and after it: the one place that displays.

A widget line while it runs, a static picture after it, in the same output. In a terminal a line of
text that rewrites itself.
"""

from __future__ import annotations

import html
import sys
from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from IPython.display import clear_output, display

from segmind_widgets.errors import SegmindError, StillRunning
from segmind_widgets.jobs import Job


class Stage:
    """The outputs of one shell."""

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell
        self._shown: dict[str, int] = {}  # job → the execution that shows it already

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

    def follow(self, job: Job, timeout: float | None = None, place: Any = None) -> None:
        """Show a job until it ends, in `place` (an upload's) or in an output of its own.

        Raises:
            StillRunning: Stop was pressed, or `timeout` seconds passed; the view goes on.
        """
        if not self.widgets:
            self._in_terminal(job, timeout)
            return
        finish = self._view(job, place)
        try:
            job.wait(timeout)
        except StillRunning:
            self._later(job, finish)
            raise
        except KeyboardInterrupt:
            self._later(job, finish)
            raise job.left("You stopped waiting") from None
        finish()

    def leave(self, job: Job, place: Any = None) -> None:
        """Show a job that the cell does not wait for."""
        if self.widgets:
            self._later(job, self._view(job, place))

    def is_shown(self, job: Job) -> None:
        """IPython's display of a value: nothing where this very cell shows the job already.

        Raises:
            NotImplementedError: IPython's word for "show it as you would".
        """
        if self._shown.get(job.id) != self._shell.execution_count:
            raise NotImplementedError

    def upload(self, files: int, *, quiet: bool = False) -> Upload:
        """A bar for an upload, shown when its first bytes went."""
        return Upload(files, shown=self.widgets and not quiet)

    def _view(self, job: Job, place: Any) -> Any:
        from segmind_widgets.panels._job import JobView

        view = JobView(job)
        if place is None:
            handle = display(view, display_id=True)
        else:
            place.update(view)
            handle = place

        def finish() -> None:
            self._shown[job.id] = self._shell.execution_count
            if handle is not None:
                handle.update(_lasting(job), raw=True)
            view.close()

        self._shown[job.id] = self._shell.execution_count
        return finish

    def _later(self, job: Job, finish: Any) -> None:
        """Finish when the job ends, from whichever thread tells it."""
        self._shown[job.id] = self._shell.execution_count

        def ended(_: Any = None) -> None:
            if not job.watching:
                job.unobserve(ended, "watching")
                finish()

        job.observe(ended, "watching")
        ended()

    def _in_terminal(self, job: Job, timeout: float | None) -> None:
        def show(_: Any = None) -> None:
            usual = f" of about {job.usual:.0f} s" if job.usual else ""
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
        self.place: Any = None

    def told(self, sent: int, total: int) -> None:
        """`sent` of `total` bytes went."""
        if not self._shown:
            return
        if self._view is None:
            from segmind_widgets.panels._job import UploadView

            self._view = UploadView(self._files)
            self.place = display(self._view, display_id=True)
        self._view.told(sent, total)

    def close(self) -> None:
        """Free the bar; its output stays for what comes next."""
        if self._view is not None:
            self._view.close()

    def clear(self) -> None:
        """Free the bar and its output."""
        self.close()
        if self.place is not None:
            clear_output()


def _lasting(job: Job) -> dict[str, str]:
    """A job that failed says why in the cell's error; the output keeps what and when."""
    bundle = job._repr_mimebundle_()
    if isinstance(job.error, SegmindError) and not job.outputs:
        bundle["text/plain"] = bundle["text/plain"].partition("\n")[0]
    return bundle
