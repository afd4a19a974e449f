"""The tasks of workers: download the outputs of one job, or send one v1 run.

A task and its answer are plain mappings without keys of an account. A download needs no key; for a
run a worker reads it from its own environment (SEGMIND_API_KEY). Only the key of a kernel's sandbox
is in a task.

**Notes** are small JSON files, `<batch>/notes/<key>-<attempt>.json`. The driver first writes
`<key>.json`, so that a missing note of an attempt proves that nothing was sent. Before a billed
request, a worker creates the note of the attempt, which only one worker can do, and it writes the
reply to the note before it returns. So a task that is repeated, because its worker is lost or seems
to be lost, submits nothing and returns that reply. A restarted driver also reads it.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timezone
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from segmind_widgets import errors
from segmind_widgets._version import __version__
from segmind_widgets.assets.asset import Asset
from segmind_widgets.assets.recipes import Recipe, with_recipe
from segmind_widgets.errors import (
    DownloadError,
    KeyMissing,
    RateLimited,
    SegmindError,
    StoreError,
    SubmitUnknown,
    Unreachable,
)
from segmind_widgets.file_modes import PRIVATE, SHARED, FileModes
from segmind_widgets.jobs.downloads import Downloader
from segmind_widgets.network.transport import Transport
from segmind_widgets.providers import PROVIDERS, _submits
from segmind_widgets.secret import Secret, from_environment, without_frames
from segmind_widgets.storage.records import asset_to_row
from segmind_widgets.types import Call, Output, Reply
from segmind_widgets.workers.shared_folder import Folder, open_folder, safe_name

_MAX_INLINE = 64 * 1024  # bytes of a reply in a note; a longer reply has its own file
_ERROR_FIELDS = (
    *("hint", "status", "body", "request_id", "field", "type"),
    *("retry_after", "is_gone", "is_final"),
)
_NOT_SENT_ERRORS = (Unreachable.__name__, KeyMissing.__name__)

Task = Mapping[str, Any]
Answer = dict[str, Any]  # "reply", "error" or "files"


# the two tasks


def send(task: Task) -> Answer:
    """Send a run once for its row and attempt, however often the task runs.

    Returns:
        The reply or the error.
    """
    call = Call(**task["call"])
    transport = _transport(task)
    notes = Notes(_folder(task), task["batch"], task["key"])
    attempt, request = task["attempt"], _describe_request(task, call)
    try:
        transport.check_key()
        if not notes.begin(attempt, request):
            return notes.answer(attempt)
    except SegmindError as error:
        return {"error": error_to_json(error)}
    answer = _send(transport, call)
    with suppress(StoreError):  # the driver also gets the answer without the note
        answer = notes.finish(attempt, request, answer)
    return answer


def fetch(task: Task) -> Answer:
    """Download a job's outputs to the folder, with recipes; return the rows of the files."""
    folder = _folder(task)
    recipe = Recipe(**task["recipe"])
    stamp = partial(with_recipe, recipe=recipe) if task.get("stamp", True) else _unchanged
    outputs = [Output(**output) for output in task["outputs"]]
    try:
        with folder.work_dir() as work_dir:
            files = ResultFiles(work_dir, task["row"], folder.modes)
            downloader = Downloader(files, _transport(task), task["target"], task["key"], stamp)
            downloader.fetch(outputs)
            if downloader.problem:
                raise StoreError(downloader.problem)
            rows = [_move_in(folder, task["batch"], asset) for asset in downloader.assets]
        Notes(folder, task["batch"], task["key"]).done(rows, recipe)
    except SegmindError as error:
        return {"error": error_to_json(error)}
    return {"files": rows}


def _folder(task: Task) -> Folder:
    return open_folder(task["folder"], PRIVATE if task.get("private") else SHARED)


def _unchanged(asset: Asset) -> Asset:
    return asset


def _move_in(folder: Folder, batch: str, asset: Asset) -> dict[str, Any]:
    assert asset.path
    return {
        **asset_to_row(asset),
        "path": folder.move_in(asset.path, f"{safe_name(batch)}/{asset.path.name}"),
    }


def _describe_request(task: Task, call: Call) -> dict[str, Any]:
    """Describe a request for its note, without the inputs, which the journal has."""
    sender = f"{socket.gethostname()} {os.getpid()}"
    return {
        "call": call.to_dict() | {"json": None},
        "row": task["row"],
        "sent": _now(),
        "by": sender,
    }


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")


def _send(transport: Transport, call: Call) -> Answer:
    try:
        reply = transport.send(call)
    except SegmindError as error:
        return {"error": error_to_json(error)}
    return {
        "reply": {
            "status": reply.status,
            "headers": dict(reply.headers),
            "body": reply.body,
            "url": reply.url,
        }
    }


# the transport of a worker


class _WorkerTransport(Transport):
    @without_frames
    def check_key(self) -> None:
        """Raise KeyMissing if this worker's environment has no key."""
        service = self._service
        if not self._key():
            raise KeyMissing(
                f"A worker on {socket.gethostname()} has no key for {service.title}.",
                hint=f"Set {service.name.upper()}_API_KEY in the workers' environment: tasks never"
                " contain keys.",
            )


def _transport(task: Task) -> _WorkerTransport:
    urls = tuple(sorted(task["urls"].items()))
    return _cached_transport(os.getpid(), task["provider"], urls, task["sandbox_key"])


@lru_cache(maxsize=8)  # connections stay open between tasks; a forked process has its own
def _cached_transport(
    _process: int, name: str, urls: tuple[tuple[str, str], ...], sandbox_key: str
) -> _WorkerTransport:
    variable = f"{name.upper()}_API_KEY"

    def key() -> Secret | None:
        return Secret(sandbox_key or from_environment(variable))

    return _WorkerTransport(PROVIDERS[name](dict(urls)), key)


class ResultFiles:
    """The result folder of a row, for `Downloader`; files are `<row>-<key>-<n>`."""

    def __init__(self, folder: Path, row: int, modes: FileModes) -> None:
        self._folder, self._row, self.modes = folder, row, modes

    def new_file(self, target: str, key: str, index: int, suffix: str) -> Path:  # noqa: ARG002 - ResultDir
        """Return a path for a result.

        Raises:
            StoreError: the folder cannot be created.
        """
        try:
            self.modes.make_folder(self._folder)
        except OSError as error:
            message = f"The folder {self._folder} cannot be created: {error.strerror}."
            raise StoreError(message) from None
        return self._folder / f"{self._row:06}-{key[-8:]}-{index + 1}{suffix}"


# notes


class Notes:
    """The notes on the job of one row.

    Attempts count from 0; a reply such as 429, which refuses the call, allows another one.
    """

    def __init__(self, folder: Folder, batch: str, key: str) -> None:
        self._folder = folder
        self._name = f"{safe_name(batch)}/notes/{safe_name(key)}"

    def announce(self, row: int) -> None:
        """Record, before the submit, that workers with this folder will get it."""
        note = json.dumps({"status": "handed out", "row": row, "at": _now()})
        self._folder.write(f"{self._name}.json", note.encode())

    @property
    def exists(self) -> bool:
        """Return whether the submit was announced here, so that each attempt has a note."""
        return self._folder.read(f"{self._name}.json") is not None

    def begin(self, attempt: int, request: Mapping[str, Any]) -> bool:
        """Note that the request is being sent; return False if a note of this attempt exists."""
        note = json.dumps({"status": "sending", **request})
        return self._folder.create(f"{self._name}-{attempt}.json", note.encode())

    def give_up(self, attempt: int) -> bool:
        """Block this attempt for all workers; return False if it was or may have been sent."""
        note = json.dumps({"status": "given up", "at": _now()})
        return self._folder.create(f"{self._name}-{attempt}.json", note.encode())

    def finish(self, attempt: int, request: Mapping[str, Any], answer: Answer) -> Answer:
        """Note the answer; return it with a long body replaced by the name of its file."""
        if "reply" in answer:
            answer = {"reply": answer["reply"] | self._body(attempt, answer["reply"]["body"])}
        note = json.dumps(
            {"status": "refused" if is_refused(answer) else "sent", **request, **answer}
        )
        self._folder.write(f"{self._name}-{attempt}.json", note.encode())
        return answer

    def done(self, files: list[dict[str, Any]], recipe: Recipe) -> None:
        """Record that the results are in the folder."""
        facts = {name: getattr(recipe, name) for name in ("id", "cost", "seed", "time")}
        note = json.dumps({"status": "completed", **facts, "files": files})
        self._folder.write(f"{self._name}-done.json", note.encode())

    def read(self, attempt: int) -> dict[str, Any] | None:
        """Return a note, or None; a half-written one has only the status "sending"."""
        data = self._folder.read(f"{self._name}-{attempt}.json")
        if data is None:
            return None
        try:
            return json.loads(data)
        except ValueError:
            return {"status": "sending"}

    def last(self) -> tuple[int, dict[str, Any] | None]:
        """Return the latest attempt and its note; 0 and None before the first."""
        attempt, note = 0, self.read(0)
        while note is not None and (later := self.read(attempt + 1)) is not None:
            attempt, note = attempt + 1, later
        return attempt, note

    def answer(self, attempt: int) -> Answer:
        """Return the answer to a request that another worker sent."""
        note = self.read(attempt) or {}
        for name in ("reply", "error"):
            if name in note:
                return {name: note[name]}
        lost = SubmitUnknown(
            "A worker was lost while it submitted this row, and no id is known."
        )  # or a scheduler assumed that a worker was lost while it is still sending
        return {"error": error_to_json(lost)}

    def _body(self, attempt: int, body: bytes) -> dict[str, Any]:
        with suppress(UnicodeDecodeError):
            if len(body) <= _MAX_INLINE:
                return {"body": body.decode()}
        name = f"{self._name}-{attempt}.body"
        self._folder.write(name, body)
        return {"body": "", "body_file": name}


def is_refused(answer: Mapping[str, Any]) -> bool:
    """Return whether a submit was certainly not accepted, so that it may be sent again."""
    if "reply" in answer:
        reply = answer["reply"]
        if reply.get("body_file"):
            return False  # too long for the service's own error
        body = reply.get("body") or b""
        body = body.encode() if isinstance(body, str) else body
        kind = _submits.answer_of(Reply(reply["status"], reply.get("headers") or {}, body))
        return kind in (_submits.Answer.REFUSAL, _submits.Answer.RATE_LIMIT)
    return answer.get("error", {}).get("kind") in _NOT_SENT_ERRORS


# replies and errors as plain mappings


def error_to_json(error: SegmindError) -> dict[str, Any]:
    """Return an error as JSON values."""
    facts = {name: getattr(error, name, None) for name in _ERROR_FIELDS}
    return {"kind": type(error).__name__, "message": error.message, **facts}


def reply_from_answer(answer: Mapping[str, Any], folder: Folder) -> Reply:
    """Return the reply in a worker's answer.

    Raises:
        SegmindError: the error in the answer.
    """
    if "error" in answer:
        raise error_from_json(answer["error"])
    facts = dict(answer["reply"])
    name = facts.pop("body_file", None)
    if name:
        facts["body"] = folder.read(name) or b""
    elif isinstance(facts["body"], str):
        facts["body"] = facts["body"].encode()
    return Reply(**facts)


def error_from_json(data: Mapping[str, Any]) -> SegmindError:
    """Return the error that `error_to_json` has converted."""
    facts = dict(data)
    kind = getattr(errors, facts.pop("kind"), SegmindError)
    if not (isinstance(kind, type) and issubclass(kind, SegmindError)):
        kind = SegmindError
    if not issubclass(kind, (DownloadError, RateLimited)):
        facts.pop("retry_after", None)
    if not issubclass(kind, DownloadError):
        facts.pop("is_gone", None)
        facts.pop("is_final", None)
    message = facts.pop("message")
    return kind(message, **{name: value for name, value in facts.items() if value is not None})


def recipe(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return a recipe from a job's traits, as the mapping of a task."""
    return vars(Recipe.now(__version__, **facts))
