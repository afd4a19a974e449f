"""What workers do for a batch: one request or one download a task, with a note beside the results.

A task is a plain mapping, and its answer another one. No key is in either: a worker finds it in
its own environment (SEGMIND_API_KEY, APIMART_API_KEY).

**Notes** are small JSON files, `<batch>/notes/<key>-<attempt>.json`. The driver makes a first one,
`<key>.json`, so that later no note can mean that nothing was sent. A worker makes one before a
billed request goes out, which of several workers only one can, and writes the reply into it before
anybody hears of it. So a task that is done again, because its worker was lost or a scheduler
thought so, submits nothing: it finds the reply. And a driver that starts anew finds it, too.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timezone
from functools import lru_cache
from pathlib import Path
from typing import Any

from segmind_widgets import errors
from segmind_widgets._version import __version__
from segmind_widgets.assets.asset import Asset
from segmind_widgets.assets.recipes import Recipe, stamped
from segmind_widgets.errors import (
    DownloadError,
    KeyMissing,
    RateLimited,
    SegmindError,
    StoreError,
    SubmitUnknown,
    Unreachable,
)
from segmind_widgets.jobs.downloads import Downloader
from segmind_widgets.network.transport import Transport
from segmind_widgets.providers import PROVIDERS
from segmind_widgets.storage.records import asset_to_row
from segmind_widgets.types import Call, Output, Reply
from segmind_widgets.workers.shared_folder import Folder, opened, plain

_INLINE = 64 * 1024  # bytes of a reply that a note holds; what is longer has a file of its own
_FACTS = ("hint", "status", "body", "request_id", "field", "retry_after", "gone")
_NOT_SENT = (Unreachable.__name__, KeyMissing.__name__)

Task = Mapping[str, Any]
Answer = dict[str, Any]  # "reply", "error" or "files"


# the two tasks


def send(task: Task) -> Answer:
    """Send one call; the reply, or the error that it came to.

    A billed one goes out once for its row and attempt, however often the task is done.
    """
    call = Call(**task["call"])
    transport = _transport(task)
    if not call.billed:
        return _exchanged(transport, call)
    notes = Notes(opened(task["folder"]), task["batch"], task["key"])
    attempt, told = task["attempt"], _about(task, call)
    try:
        transport.check_key()
        if not notes.begin(attempt, told):
            return notes.answer(attempt)
    except SegmindError as error:
        return {"error": packed(error)}
    answer = _exchanged(transport, call)
    with suppress(StoreError):  # the driver hears of it all the same
        answer = notes.finish(attempt, told, answer)
    return answer


def fetch(task: Task) -> Answer:
    """Bring a job's outputs to the folder, each with its recipe in it; where they are."""
    folder = opened(task["folder"])
    recipe = Recipe(**task["recipe"])
    outputs = [Output(**output) for output in task["outputs"]]
    try:
        with folder.desk() as desk:
            files = ResultFiles(desk, task["row"])
            results = Downloader(
                files, _transport(task), task["target"], task["key"], lambda a: stamped(a, recipe)
            )
            results.fetch(outputs)
            if results.problem:
                raise StoreError(results.problem)
            found = [_taken(folder, task["batch"], asset) for asset in results.assets]
        Notes(folder, task["batch"], task["key"]).done(found, recipe)
    except SegmindError as error:
        return {"error": packed(error)}
    return {"files": found}


def _taken(folder: Folder, batch: str, asset: Asset) -> dict[str, Any]:
    assert asset.path
    return {
        **asset_to_row(asset),
        "path": folder.take(asset.path, f"{plain(batch)}/{asset.path.name}"),
    }


def _about(task: Task, call: Call) -> dict[str, Any]:
    """What a note says of a request: its inputs are in the journal."""
    by = f"{socket.gethostname()} {os.getpid()}"
    return {"call": call.to_dict() | {"json": None}, "row": task["row"], "sent": _now(), "by": by}


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")


def _exchanged(transport: Transport, call: Call) -> Answer:
    try:
        reply = transport.send(call)
    except SegmindError as error:
        return {"error": packed(error)}
    return {"reply": {**vars(reply), "headers": dict(reply.headers)}}


# where a worker sends from


class _Worker(Transport):
    def check_key(self) -> None:
        """Raise KeyMissing where this worker has none."""
        service = self._service
        if not (self._key() or "").strip():
            raise KeyMissing(
                f"A worker on {socket.gethostname()} has no key for {service.title}.",
                hint=f"Set {service.name.upper()}_API_KEY in the workers' environment: keys never"
                " travel with the work.",
            )


def _transport(task: Task) -> _Worker:
    urls = tuple(sorted(task["urls"].items()))
    return _kept(os.getpid(), task["provider"], urls, sandbox=task["sandbox"])


@lru_cache(maxsize=8)  # connections stay open between tasks; a forked process has its own
def _kept(_process: int, name: str, urls: tuple[tuple[str, str], ...], *, sandbox: bool) -> _Worker:
    variable = f"{name.upper()}_API_KEY"

    def key() -> str | None:
        if sandbox:  # a kernel's own, on this machine: its key is no secret
            from segmind_widgets.sandbox.server import APIMART_KEY, SEGMIND_KEY

            return {"apimart": APIMART_KEY, "segmind": SEGMIND_KEY}[name]
        return os.environ.get(variable)

    return _Worker(PROVIDERS[name](dict(urls)), key)


class ResultFiles:
    """Where `Downloader` puts the files of a row: `<row>-<key>-<n>` in one folder."""

    def __init__(self, folder: Path, row: int) -> None:
        self._folder, self._row = folder, row

    def new_file(self, target: str, key: str, index: int, suffix: str) -> Path:  # noqa: ARG002 - as the store's
        """A path for a result. Raises StoreError: the folder cannot be made."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            said = f"The folder {self._folder} cannot be made: {error.strerror}."
            raise StoreError(said) from None
        return self._folder / f"{self._row:06}-{key[-8:]}-{index + 1}{suffix}"


# notes


class Notes:
    """The notes of one row's job.

    Attempts count from 0: there is another one after a reply that refused, such as 429.
    """

    def __init__(self, folder: Folder, batch: str, key: str) -> None:
        self._folder = folder
        self._name = f"{plain(batch)}/notes/{plain(key)}"

    def hand_out(self, row: int) -> None:
        """Say, before anything else, that workers who see this folder are given the submit."""
        note = json.dumps({"status": "handed out", "row": row, "at": _now()})
        self._folder.write(f"{self._name}.json", note.encode())

    @property
    def handed_out(self) -> bool:
        """Whoever sent it, or will, has a note here; else this folder knows nothing of it."""
        return self._folder.read(f"{self._name}.json") is not None

    def begin(self, attempt: int, told: Mapping[str, Any]) -> bool:
        """Say that it is going out now; False where somebody said so before."""
        note = json.dumps({"status": "sending", **told})
        return self._folder.create(f"{self._name}-{attempt}.json", note.encode())

    def give_up(self, attempt: int) -> bool:
        """See to it that this attempt is never sent by anybody; False where it was, or may be."""
        note = json.dumps({"status": "given up", "at": _now()})
        return self._folder.create(f"{self._name}-{attempt}.json", note.encode())

    def finish(self, attempt: int, told: Mapping[str, Any], answer: Answer) -> Answer:
        """Write down what came of it; the answer as it is kept."""
        if "reply" in answer:
            answer = {"reply": answer["reply"] | self._body(attempt, answer["reply"]["body"])}
        note = json.dumps({"status": "refused" if refused(answer) else "sent", **told, **answer})
        self._folder.write(f"{self._name}-{attempt}.json", note.encode())
        return answer

    def done(self, files: list[dict[str, Any]], recipe: Recipe) -> None:
        """Say that the results are here."""
        facts = {name: getattr(recipe, name) for name in ("id", "cost", "seed", "time")}
        note = json.dumps({"status": "completed", **facts, "files": files})
        self._folder.write(f"{self._name}-done.json", note.encode())

    def read(self, attempt: int) -> dict[str, Any] | None:
        """A note; None where there is none. One that is being written tells only its status."""
        data = self._folder.read(f"{self._name}-{attempt}.json")
        if data is None:
            return None
        try:
            return json.loads(data)
        except ValueError:
            return {"status": "sending"}

    def last(self) -> tuple[int, dict[str, Any] | None]:
        """The newest attempt and its note; 0 and None where there was none."""
        attempt, note = 0, self.read(0)
        while note is not None and (later := self.read(attempt + 1)) is not None:
            attempt, note = attempt + 1, later
        return attempt, note

    def answer(self, attempt: int) -> Answer:
        """What came of a request that another worker sent."""
        note = self.read(attempt) or {}
        for name in ("reply", "error"):
            if name in note:
                return {name: note[name]}
        lost = SubmitUnknown(
            "A worker was lost while it was submitting this; no id was told."
        )  # or it is at it still, and a scheduler thought it lost
        return {"error": packed(lost)}

    def _body(self, attempt: int, body: bytes) -> dict[str, Any]:
        with suppress(UnicodeDecodeError):
            if len(body) <= _INLINE:
                return {"body": body.decode()}
        name = f"{self._name}-{attempt}.body"
        self._folder.write(name, body)
        return {"body": "", "body_file": name}


def refused(answer: Mapping[str, Any]) -> bool:
    """It was not accepted, for certain: nothing of it runs, and it may be sent again."""
    if "reply" in answer:
        code = answer["reply"]["status"]
        return code >= 400 and code != 504  # that is a gateway's, and a run may go on behind it
    return answer.get("error", {}).get("kind") in _NOT_SENT


# replies and errors as plain mappings


def packed(error: SegmindError) -> dict[str, Any]:
    """An error as JSON."""
    facts = {name: getattr(error, name, None) for name in _FACTS}
    return {"kind": type(error).__name__, "message": error.message, **facts}


def outcome(answer: Mapping[str, Any], folder: Folder) -> Reply:
    """The reply that a worker got.

    Raises:
        SegmindError: the worker's own.
    """
    if "error" in answer:
        raise unpacked(answer["error"])
    facts = dict(answer["reply"])
    name = facts.pop("body_file", None)
    if name:
        facts["body"] = folder.read(name) or b""
    elif isinstance(facts["body"], str):
        facts["body"] = facts["body"].encode()
    return Reply(**facts)


def unpacked(told: Mapping[str, Any]) -> SegmindError:
    """What `packed` made a mapping of."""
    facts = dict(told)
    kind = getattr(errors, facts.pop("kind"), SegmindError)
    if not (isinstance(kind, type) and issubclass(kind, SegmindError)):
        kind = SegmindError
    if not issubclass(kind, (DownloadError, RateLimited)):
        facts.pop("retry_after", None)
    if not issubclass(kind, DownloadError):
        facts.pop("gone", None)
    message = facts.pop("message")
    return kind(message, **{name: value for name, value in facts.items() if value is not None})


def recipe(facts: Mapping[str, Any]) -> dict[str, Any]:
    """A recipe as a task carries it, from a job's traits."""
    return vars(Recipe.now(__version__, **facts))
