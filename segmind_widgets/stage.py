"""What a cell shows while a job runs and after it: the one place that displays.

A widget line while it runs, a static picture after it, in the same output. In a terminal a line of
text that rewrites itself.
"""

from __future__ import annotations

import html
import sys
from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from IPython.display import display

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

    def follow(self, job: Job, timeout: float | None = None) -> None:
        """Show a job until it ends.

        Raises:
            StillRunning: Stop was pressed, or `timeout` seconds passed; the view goes on.
        """
        if not self.widgets:
            self._in_terminal(job, timeout)
            return
        finish = self._view(job)
        try:
            job.wait(timeout)
        except StillRunning:
            self._later(job, finish)
            raise
        except KeyboardInterrupt:
            self._later(job, finish)
            raise job.left("You stopped waiting") from None
        finish()

    def leave(self, job: Job) -> None:
        """Show a job that the cell does not wait for."""
        if self.widgets:
            self._later(job, self._view(job))

    def is_shown(self, job: Job) -> None:
        """IPython's display of a value: nothing where this very cell shows the job already.

        Raises:
            NotImplementedError: IPython's word for "show it as you would".
        """
        if self._shown.get(job.id) != self._shell.execution_count:
            raise NotImplementedError

    def upload(self, files: int) -> Any:
        """A bar for an upload: `told(sent, total)` moves it, `close()` removes it."""
        return _Upload(files) if self.widgets else _NoUpload()

    def _view(self, job: Job) -> Any:
        from segmind_widgets.panels._job import JobView

        view = JobView(job)
        handle = display(view, display_id=True)

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


class _Upload:
    def __init__(self, files: int) -> None:
        from segmind_widgets.panels._job import UploadView

        self._view = UploadView(files)
        self._handle = display(self._view, display_id=True)
        self.told = self._view.told

    def close(self) -> None:
        if self._handle is not None:
            self._handle.update({"text/plain": ""}, raw=True)
        self._view.close()


class _NoUpload:
    told = None

    def close(self) -> None:
        pass


def _lasting(job: Job) -> dict[str, str]:
    """A job that failed says why in the cell's error; the output keeps what and when."""
    bundle = job._repr_mimebundle_()
    if isinstance(job.error, SegmindError) and not job.outputs:
        bundle["text/plain"] = bundle["text/plain"].partition("\n")[0]
    return bundle
