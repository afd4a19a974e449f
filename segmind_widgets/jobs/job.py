"""A job as traits that widgets can observe; threads set them. No display, no polling."""

from __future__ import annotations

import contextlib
import contextvars
import logging
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterable
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from traitlets import Bool, Dict, Float, Instance, Int, TraitType, Tuple, Unicode, UseEnum

from segmind_widgets.assets.answers import to_markdown
from segmind_widgets.assets.asset import SHOWN_TEXT, Asset
from segmind_widgets.assets.compare import Comparison
from segmind_widgets.assets.locations import file_link, file_text
from segmind_widgets.assets.preview import PREVIEW_SIDE
from segmind_widgets.errors import AssetError, SegmindError, StillRunning
from segmind_widgets.formatting import NO_COST, money
from segmind_widgets.jobs.input_files import input_picture
from segmind_widgets.jobs.polling import estimated_progress
from segmind_widgets.markup import Html, badge, element, figure, fragment, lines
from segmind_widgets.observers import Observable
from segmind_widgets.printable import printable
from segmind_widgets.stopping import Stopped, stoppable
from segmind_widgets.types import Status
from segmind_widgets.waiting import wait_async, wait_for

if TYPE_CHECKING:
    from PIL.Image import Image

    from segmind_widgets.jobs.submission import Submission

_log = logging.getLogger(__name__)

UPDATE = 0.1  # seconds at least between two updates of one job's traits
_TICK_TRAITS = ("estimated", "expected_seconds", "status", "message")
# Segmind's documentation, "Model Status": a cold boot of a large model takes several minutes
_COLD_START = (
    "a model that was not used for a while has to be loaded first, which can take several minutes"
)
_COLD_START_SECONDS = 20.0  # where no usual time is known


class _Progress(Float):
    """A number from 0 to 1 that never falls."""

    def validate(self, obj: Any, value: Any) -> float:
        number: Any = super().validate(obj, value)
        name = str(self.name)
        current = getattr(obj, name) if obj.trait_has_value(name) else 0.0
        return min(1.0, max(current, number))


def _optional_float(description: str) -> TraitType[float | None, float | None]:
    # the stubs of traitlets declare int | None
    trait: Any = Float(None, allow_none=True, help=description)
    return trait


class Job(Observable):
    """One run of a model or a workflow. The client sets all traits; read or observe them.

    Stopping a wait (`wait`, `result`, `await`) does not stop the job.
    """

    id = Unicode(help="The service's id; before its reply a local one (local-…).")
    provider = Unicode(help="segmind or apimart.")
    model = Unicode(help="The model's slug or the workflow's id.")
    kind = Unicode("model", help="model or workflow.")
    inputs: TraitType[dict[str, Any], dict[str, Any]] = Dict(
        help="The inputs as sent, with URLs in place of files."
    )
    sandbox = Bool(help="It runs on the local sandbox: nothing is billed.")
    created = Unicode(help="Time of the start: UTC, ISO 8601.")
    status: TraitType[Status, Status] = UseEnum(
        Status, Status.SUBMITTING, help="See `types.Status`."
    )
    provider_status = Unicode(help="The status as the service reports it.")
    message = Unicode(help="The reason for a wait, such as the rate limit.")
    progress: TraitType[float, float] = _Progress(0.0, help="0 to 1; it never falls.")
    indeterminate = Bool(
        True,
        help="Whether `progress` is unknown (and 0), since there is no typical time and "
        "no figure of the service.",
    )
    estimated = Bool(True, help="Whether `progress` is an estimate, and not the service's figure.")
    elapsed = Float(0.0, help="Seconds since it was submitted; the whole time once it ended.")
    expected_seconds = _optional_float("Typical seconds of such a job.")
    eta = _optional_float("Estimated seconds until the end; None if the typical time is unknown.")
    polls = Int(0, help="Number of polls from this kernel.")
    cost = _optional_float("USD, as the service billed it.")
    credits = _optional_float("USD left on the account, if the service reports it.")
    seed = Int(None, allow_none=True, help="The seed of the run, if the service reports it.")
    outputs: TraitType[tuple[Asset, ...], tuple[Asset, ...]] = Tuple(
        help="Assets, on this disk, once the status is completed."
    )
    note = Unicode(help="A remark on the results, for example that they are only in memory.")
    error = cast(
        "TraitType[SegmindError | None, SegmindError | None]",  # pyright infers an unbound T
        Instance(SegmindError, allow_none=True, help="The error of the job, or None."),
    )
    watching = Bool(True, help="Whether this kernel watches it; if False, `resume` continues.")

    def __init__(self, **traits: Any) -> None:
        moment = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
        unknown = traits.get("watching", True) and not traits.get("expected_seconds")
        super().__init__(**{"created": moment, "indeterminate": unknown, **traits})
        self.resubmit: Callable[[dict[str, Any]], Job] | None = None  # set by the registry
        self.render_export: Callable[[Job, str], str] | None = None  # set by the registry
        self.read_reply: Callable[[Iterable[Path]], Any] | None = None  # set by the registry
        self.submission: Submission | None = None  # set by the registry before a submit
        self.original_inputs: dict[str, Any] | None = None  # with files; set by the registry
        self.find_upload: Callable[[str], tuple[str, str] | None] | None = None  # likewise
        self._context = contextvars.copy_context()  # ipykernel identifies the cell by it
        self._lock = threading.RLock()
        self._ended = threading.Event()
        self._started = time.monotonic() - self.elapsed
        self._pending: dict[str, Any] = {}
        self._last_update = 0.0
        self._copies: dict[Asset, Path] = {}

    # set by threads

    def publish(self, *, last: bool = False, **changes: Any) -> None:
        """Set traits from any thread, all at once, at most ten times a second.

        `last` publishes at once and ends all waits: the job has ended or is no longer watched.
        """
        with self._lock:
            self._pending.update(changes)
            if last:
                self._pending.setdefault("watching", False)
            early = time.monotonic() - self._last_update < UPDATE
            if early and not last and not self._ended.is_set():
                return
            pending, self._pending = self._pending, {}
            self._last_update = time.monotonic()
            try:
                self._context.copy().run(self._set, pending)
            except Exception:  # noqa: BLE001 - an observer's exception must not end our thread
                _log.exception("An observer of the job %r failed", self.id)
            if last:
                self._ended.set()

    def restart_clock(self) -> None:
        """Restart the clock at the submit."""
        self._started = time.monotonic()

    def tick(self) -> None:
        """Update the elapsed time and the estimated progress; publish pending changes."""
        with self._lock:
            if not self._ended.is_set():
                self._advance_clock(self.latest(_TICK_TRAITS))

    def latest(self, names: Iterable[str]) -> dict[str, Any]:
        """Return traits by name, including changes that are not published yet."""
        with self._lock:
            return {name: self._pending.get(name, getattr(self, name)) for name in names}

    def _advance_clock(self, latest: dict[str, Any]) -> None:
        elapsed = time.monotonic() - self._started
        changes: dict[str, Any] = {"elapsed": elapsed}
        expected = latest["expected_seconds"]
        if expected:
            changes |= {"eta": max(0.0, expected - elapsed), "indeterminate": False}
        if expected and latest["estimated"]:
            changes["progress"] = estimated_progress(elapsed, expected)
        waiting = latest["status"] in (Status.QUEUED, Status.PROCESSING)
        if waiting and not latest["message"]:
            if expected and elapsed > 3 * expected + 5:
                changes["message"] = "slower than typical: the model may be starting up"
            elif not expected and elapsed > _COLD_START_SECONDS:
                changes["message"] = _COLD_START
        self.publish(**changes)

    def stop(self) -> None:
        """Stop watching. The job continues; `client.resume(job.id)` watches it again.

        A job that was not sent yet is withdrawn: it is cancelled, and nothing is billed.
        """
        if not self._ended.is_set() and not self.withdraw():
            self.publish(last=True, error=self.still_running("You stopped watching"))

    def withdraw(self) -> bool:
        """Cancel the job where it was not sent yet; return False where it was."""
        submission = self.submission
        if submission is None or not submission.withdraw():
            return False
        if self.status is not Status.CANCELLED:
            self.publish(last=True, status=Status.CANCELLED, message="", error=submission.error)
        return True

    def follow(self) -> None:
        """Undo `stop`; called by the runner that watches the job again."""
        with self._lock:
            self._ended.clear()
            self._last_update = 0.0  # the next update is published at once
            indeterminate = self.estimated and not self.expected_seconds
            self.publish(watching=True, error=None, indeterminate=indeterminate)

    def _set(self, changes: dict[str, Any]) -> None:
        if not changes.get("watching", self.watching):  # it ended, or is no longer followed
            changes |= {"indeterminate": False, "eta": None}
        with self.hold_trait_notifications():
            for name, value in changes.items():
                setattr(self, name, value)

    def still_running(self, why: str, remedy: str = "") -> StillRunning:
        """Return the error that ends a wait while the job continues, with the remedy first."""
        return StillRunning(
            f"{why}; the job {self.id} continues.",
            hint=f"{remedy} Fetch its result with %segmind_jobs --resume {self.id}".lstrip(),
        )

    # waiting

    @property
    def done(self) -> bool:
        """Return whether the job has ended, with or without success, or is no longer watched."""
        return self._ended.is_set()

    @stoppable
    def wait(self, timeout: float | None = None) -> Job:
        """Block until the job ends, and return it. Does not raise if the job fails; `result` does.

        Raises:
            StillRunning: `timeout` seconds have passed. The job continues and is still watched.
            Stopped: Stop was pressed; the same holds.
        """
        try:
            has_ended = wait_for(self._ended.wait, timeout)
        except KeyboardInterrupt:
            error = self.still_running("You stopped waiting")
            raise Stopped(error.message, error.hint) from None
        if not has_ended:
            raise self.still_running(f"Not done within {timeout:g} s")
        return self

    @stoppable
    def result(self, timeout: float | None = None) -> tuple[Asset, ...]:
        """Wait and return the outputs. Raises the error of the job, or StillRunning."""
        self.wait(timeout)
        if self.error is not None:
            raise self.error
        return self.outputs

    def __await__(self) -> Generator[Any, None, Job]:
        """Wait as `wait` does, for `await job`; raise the error of the job."""
        return self._await_end().__await__()

    async def _await_end(self) -> Job:
        await wait_async(self._ended.is_set)
        if self.error is not None:
            raise self.error
        return self

    # the results

    @property
    def image(self) -> Image:
        """Return the first picture among the outputs, or None.

        The declared type excludes None, so that `job.image.size` needs no check in a notebook.
        """
        images = (asset.image for asset in self.outputs if asset.kind == "image")
        first: Any = next(images, None)
        return first

    @property
    def text(self) -> str | None:
        """Return the first text among the outputs, or None."""
        return next((asset.text for asset in self.outputs if asset.kind == "text"), None)

    @property
    def reply(self) -> Any:
        """Return the service's last reply about the job as a JSON value, or None.

        It is read from `…-reply.json` beside the results: at most 2 MiB, without the signed parts
        of addresses. A reply that was itself a picture, video or sound is None.
        """
        paths = [asset.path for asset in self.outputs if asset.path]
        return self.read_reply(paths) if self.read_reply else None

    @stoppable
    def compare(self) -> Comparison:
        """Return the first picture among the outputs beside that of the inputs, for a cell.

        Raises:
            AssetError: there is no picture among the outputs, or none among the inputs that is
                still on this machine.
            SegmindError: the job failed; this is its `error`.
        """
        if self.error is not None:
            raise self.error
        after = next((asset for asset in self.outputs if asset.kind == "image"), None)
        if after is None:
            raise AssetError(
                f"The job {self.id} has no image to compare.",
                hint="Wait for it with job.wait(), or look at job.outputs.",
            )
        inputs = self.inputs if self.original_inputs is None else self.original_inputs
        before = input_picture(inputs, self.find_upload)
        if before is None:
            raise AssetError(
                f"The job {self.id} has no input image on this machine to compare with.",
                hint="Compare two images: assets.compare.compare(before, after).",
            )
        return Comparison(before, after, ("Input", self.model))

    @stoppable
    def save(self, folder: str | Path = ".", *, recipe: bool = True) -> list[Path]:
        """Copy all outputs into `folder` and return the paths.

        `recipe=False` omits the recipes from the copies of pictures.

        Raises:
            AssetError: a file cannot be written, see `Asset.save`.
            SegmindError: the job failed; this is its `error`.
        """
        if self.error is not None:
            raise self.error
        folder = Path(folder).expanduser()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise AssetError(
                f"The folder {folder} cannot be created: {error.strerror}.", hint="Choose another."
            ) from error
        copies = [asset.save(folder, recipe=recipe) for asset in self.outputs]
        self._copies = dict(zip(self.outputs, copies, strict=True))
        return copies

    @stoppable
    def rerun(self, **changes: Any) -> Job:
        """Submit the same inputs with changes, as a new job, which is billed again."""
        if self.resubmit is None:
            raise SegmindError(
                f"The inputs of {self.id} are unknown here.", hint="Use client.submit."
            )
        return self.resubmit(changes)

    @stoppable
    def export(self, form: str) -> str:
        """Export the run as code: "cell", "client", "python", "curl" or "javascript".

        "client" is Python with this package; the scripts in the last three do not need it.

        Nothing is sent, and the code contains no key: scripts read it from the environment.

        Raises:
            InputError: there is no such form, or a file among the inputs is gone.
        """
        if self.render_export is None:
            raise SegmindError(f"The inputs of {self.id} are unknown here.")
        return self.render_export(self, form)

    # display

    @property
    def caption(self) -> str:
        """Return model, seconds, cost, seed and id in one line of text."""
        facts = [self.model]
        if self.elapsed:
            facts.append(f"{self.elapsed:.1f} s")
        if self.cost is not None:
            facts.append(money(self.cost))
        elif self.status is Status.COMPLETED:
            facts.append(NO_COST)
        if self.seed is not None:
            facts.append(f"seed {self.seed}")
        return printable(" · ".join([*facts, self.id]))

    @property
    def line(self) -> str:
        """Return status and caption in one line of text, for terminals and logs."""
        place = "sandbox · " if self.sandbox else ""
        files = "".join(f"\n  {file_text(path)}" for path in self._files)
        remarks = f"\n  {self.error}" if self.error is not None else ""
        remarks += "".join(f"\n  {remark}" for remark in self._remarks)
        return printable(f"{self.status} · {place}{self.caption}{remarks}{files}")

    @property
    def _files(self) -> list[Path]:
        """Return the outputs' files; in place of each one its last copy, while that exists."""
        copies = {asset: copy for asset, copy in self._copies.items() if copy.is_file()}
        return [path for asset in self.outputs if (path := copies.get(asset, asset.path))]

    @property
    def _remarks(self) -> list[str]:
        return [remark for remark in (self.note, self.observer_error) if remark]

    def __repr__(self) -> str:
        return printable(f"<Job {self.id or '…'} {self.model} {self.status}>")

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        texts = []
        with contextlib.suppress(AssetError):  # if the file was removed, `line` names it
            texts = [a.excerpt for a in self.outputs if a.kind == "text"]
        # a notebook keeps all forms: the text is only in the one that it shows
        is_short = 2 * sum(len(text.encode()) for text in texts) <= SHOWN_TEXT
        plain_texts = texts if is_short and not _has_front_end() else []
        plain = {"text/plain": printable("\n\n".join([*plain_texts, self.line]))}
        if texts and all(asset.is_answer for asset in self.outputs):
            parts = [*map(to_markdown, texts), self._captioned("")]
            return {**plain, "text/markdown": "\n\n".join(parts)}  # front ends would prefer HTML
        return {**plain, "text/html": self.to_html()}

    def to_html(self, side: int = PREVIEW_SIDE) -> Html:
        """Return the outputs with a caption, pictures at most `side` px; or status and error."""
        if not self.outputs:
            remarks = [str(self.error)] if self.error is not None else []
            remarks += [self.error.hint] if isinstance(self.error, StillRunning) else []
            remarks += self._remarks
            return figure(lines(element("b", str(self.status)), *remarks), self._html_caption)
        alt = str(self.inputs.get("prompt") or self.model)
        many = len(self.outputs) > 1
        content = fragment(*(_cell(asset, alt, side, many=many) for asset in self.outputs))
        if many:
            content = element("div", content, style=_GRID)
        return self._captioned(content)

    def _captioned(self, content: str) -> Html:
        files = map(file_link, self._files)
        return figure(content, self._html_caption, *files, *self._remarks)

    @property
    def _html_caption(self) -> str:
        return fragment(badge("sandbox"), " ", self.caption) if self.sandbox else self.caption


def _has_front_end() -> bool:
    """Return whether this is a kernel, whose front ends show HTML and Markdown."""
    module = sys.modules.get("IPython.core.interactiveshell")
    shell = getattr(module, "InteractiveShell", None)
    return shell is not None and shell.initialized() and hasattr(shell.instance(), "kernel")


_GRID = (
    "display:grid;gap:10px;align-items:start;"
    "grid-template-columns:repeat(auto-fill,minmax(min(260px,100%),1fr))"
)


def _cell(asset: Asset, alt: str, side: int, *, many: bool) -> Html:
    label = asset.name or "" if many else ""
    caption = element("div", label, style="font-size:12px;opacity:.75;margin-top:2px")
    return element("div", asset.to_html(alt, side), caption if label else "")
