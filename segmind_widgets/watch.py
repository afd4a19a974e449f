"""One job's way from call to call: send, understand, write down, tell, go on.

No threads and no sleeping: `step` does what is due and says when it wants to be called again.
"""

from __future__ import annotations

import dataclasses
import logging
import time
from pathlib import Path
from typing import Any

from segmind_widgets import __version__
from segmind_widgets.assets import Asset
from segmind_widgets.errors import (
    DownloadError,
    JobCancelled,
    JobFailed,
    NotFound,
    RateLimited,
    ReplyError,
    SegmindError,
    ServerError,
    StoreError,
    SubmitUnknown,
    Unreachable,
)
from segmind_widgets.jobs import Job
from segmind_widgets.media import suffix
from segmind_widgets.pacing import next_poll
from segmind_widgets.provenance import FACTS, Recipe, write
from segmind_widgets.providers import Provider
from segmind_widgets.rows import assets_of, call_of, file_row, outputs_of, plain, recall
from segmind_widgets.store import Store
from segmind_widgets.transport import Transport, repeat_after
from segmind_widgets.types import Call, JobState, Output, Reply, Status

__all__ = ["Watch", "assets_of", "call_of", "outputs_of", "recall"]

_log = logging.getLogger(__name__)
_SLOW = 120.0  # a call with a longer time-out occupies its thread for long
_DOWNLOAD_TRIES = 5
_SENSELESS_TRIES = 3  # a poll answered by a page of somebody's proxy, or by half a JSON


class Watch:
    """The loop of `design.md`, one step at a time, with the journal kept before each of them.

    Args:
        job: told what happens.
        call: the first or the next call; None where only the `outputs` are left to fetch.
        key: the row in the store.
        limit: seconds after which watching ends (the job goes on).
    """

    def __init__(
        self,
        job: Job,
        provider: Provider,
        transport: Transport,
        store: Store,
        key: str,
        call: Call | None,
        *,
        outputs: tuple[Output, ...] = (),
        economical: bool = False,
        limit: float = 3600.0,
    ) -> None:
        self.job = job
        self._provider, self._transport, self._store = provider, transport, store
        self._key, self._call, self._outputs = key, call, outputs
        self._economical, self._until = economical, time.monotonic() + limit
        self._began = time.monotonic()
        self._elapsed = job.elapsed
        self._queued = self._began - self._elapsed
        self._tries = 0
        self._assets: list[Asset] = []

    @property
    def slow(self) -> bool:
        """The next step may take long: a v1 run, a download."""
        return self._call is None or self._call.timeout > _SLOW

    @property
    def urgent(self) -> bool:
        """The next step is a submit: polls wait for it."""
        return self._call is not None and self._call.billed

    def step(self) -> float | None:
        """Do what is due. Seconds until the next step, or None: it ended. Never raises."""
        try:
            return self._step()
        except SegmindError as error:
            return self._broken(error)
        except Exception as error:  # noqa: BLE001 - a thread has nobody else to tell
            _log.exception("The watch of %s broke", self.job.id)
            kind = SubmitUnknown if self.urgent else SegmindError  # it may have been accepted
            return self._broken(kind(f"Something went wrong here: {error!r}"))

    def _step(self) -> float | None:
        if self.job.done:
            return None
        if self._call is None:
            return self._fetch()
        if time.monotonic() > self._until and not self.urgent:
            raise self.job.left("Watched for long enough")
        wait = self._transport.limit.take(poll=not self._call.billed)
        if wait:
            if wait > 1:
                self.job.publish(message="waiting for the rate limit")
            return wait
        outcome = self._send(self._call)
        pause = repeat_after(self._call, outcome, self._tries)
        if pause is not None:
            return self._again(outcome, pause)
        if isinstance(outcome, SegmindError):
            raise outcome
        try:
            state = self._provider.parse(self._call, outcome)
        except ReplyError:
            if self._call.billed or self._tries >= _SENSELESS_TRIES:
                raise
            return self._again(outcome, 2.0**self._tries)
        self._tries = 0
        return self._advance(state, outcome)

    def _send(self, call: Call) -> Reply | SegmindError:
        try:
            return self._transport.send(call)
        except SegmindError as error:
            return error

    def _again(self, outcome: Reply | SegmindError, pause: float) -> float:
        self._tries += 1
        if isinstance(outcome, Reply) and outcome.status == 429:
            self._transport.limit.block(pause)
            self.job.publish(message="the service asks to wait: rate limit")
        else:
            self.job.publish(message="the service does not answer; trying again")
        return pause

    def _advance(self, state: JobState, reply: Reply) -> float | None:
        kept, told = _facts(state, reply)
        before, self._call = self._call, state.next
        if state.next:
            if before and before.auth == state.next.auth:  # else not yet known to be accepted
                kept["next"] = state.next.to_dict()
            self._write_down(kept, told)
            self.job.publish(status=state.status, **told)
            return 0.0 if state.now else self._pace(state)
        if state.status is Status.COMPLETED:
            return self._completed(state, kept, told)
        error = state.error or (
            JobCancelled(f"The job {self.job.id} was cancelled.")
            if state.status is Status.CANCELLED
            else JobFailed("The job failed; the service gave no reason.")
        )
        return self._end(state.status, error, kept, told)

    def _write_down(self, kept: dict[str, Any], told: dict[str, Any]) -> None:
        try:
            self._store.update(self._key, **kept)
        except StoreError:
            self.job.publish(**told)  # the id above all: without a journal only the eye keeps it
            raise

    def _pace(self, state: JobState) -> float:
        now = time.monotonic()
        if state.status is Status.QUEUED:
            self._queued = now
        usual = state.expected or self.job.usual
        pause = next_poll(now - self._queued, usual, economical=self._economical)
        return min(pause, max(0.0, self._until - now) + 0.01)  # the limit is told when it is over

    def _completed(self, state: JobState, kept: dict[str, Any], told: dict[str, Any]) -> float:
        """Write bytes that came with the reply to disk at once; note the URLs to fetch."""
        kept |= {"status": "downloading", "next": None}
        outputs = [self._kept(i, output) for i, output in enumerate(state.outputs)]
        self._outputs, self._tries = tuple(outputs), 0
        kept["outputs"] = [plain(output) for output in outputs]
        self._write_down(kept, told)
        self.job.publish(status=Status.DOWNLOADING, **told)
        return 0.0

    def _kept(self, index: int, output: Output) -> Output:
        if output.data is None:
            return output
        asset = Asset(data=output.data, declared_type=output.media_type)
        path = self._path(index, asset.media_type)
        _write(path, output.data)
        return dataclasses.replace(
            output, data=None, url=path.as_uri(), media_type=asset.media_type
        )

    def _fetch(self) -> float | None:
        """Bring every output to disk, then show them. What is there already stays."""
        for index in range(len(self._assets), len(self._outputs)):
            output = self._outputs[index]
            try:
                self._assets.append(self._stamped(self._file(index, output)))
            except DownloadError as error:
                self._tries += 1
                gone = error.status in (401, 403, 404, 410)
                if gone or self._tries >= _DOWNLOAD_TRIES:
                    raise
                self.job.publish(message="the download broke; trying again")
                return min(30.0, 2.0**self._tries)
        seconds = time.monotonic() - self._began + self._elapsed
        kept = {"outputs": [file_row(asset) for asset in self._assets], "seconds": seconds}
        told = {"outputs": tuple(self._assets), "progress": 1.0, "elapsed": seconds, "message": ""}
        return self._end(Status.COMPLETED, None, kept, told)

    def _file(self, index: int, output: Output) -> Asset:
        url = output.url or ""
        name, until, kind = output.name, output.expires_at, output.media_type
        if url.startswith("file:"):
            return Asset(path=_local(url), name=name, expires_at=until, declared_type=kind)
        part = self._path(index, None).with_suffix(f".{index}.part")
        kind = self._transport.download(url, part) or kind
        found = Asset(part, url, declared_type=kind).media_type
        path = part.replace(self._path(index, found, url))
        return Asset(path, url, name, until, declared_type=kind)

    def _stamped(self, asset: Asset) -> Asset:
        """The file with its recipe in it, before anybody sees or measures it."""
        recipe = Recipe.now(__version__, **self.job.latest(FACTS))
        if asset.path:
            write(asset.path, recipe)
        return asset

    def _path(self, index: int, kind: str | None, url: str = "") -> Path:
        known = suffix(kind) if kind and kind != "application/octet-stream" else ""
        ending = known or Path(url.partition("?")[0]).suffix[:8] or ".bin"
        return self._store.new_file(self.job.model, self._key, index, ending)

    def _broken(self, error: SegmindError) -> float | None:
        """No step can follow: a refused submit failed; after a broken poll the job still runs."""
        call = self._call
        if isinstance(error, SubmitUnknown):
            known = {"id": error.request_id} if error.request_id else {}
            return self._end(Status.UNKNOWN, error, dict(known), dict(known))
        if isinstance(error, StoreError):
            return self._end(None, error, {}, {})
        if call is not None and call.billed:
            return self._end(Status.FAILED, error, {}, {})
        if isinstance(error, NotFound):
            error.hint = "The service keeps a job's record for about an hour only."
            return self._end(Status.UNKNOWN, error, {}, {})
        if isinstance(error, (Unreachable, ServerError, RateLimited)):
            error = self.job.left(error.message.rstrip("."))
        return self._end(None, error, {}, {})

    def _end(
        self,
        status: Status | None,
        error: SegmindError | None,
        kept: dict[str, Any],
        told: dict[str, Any],
    ) -> None:
        """Write the end down, then tell it. Without a status the job stays resumable."""
        if status is not None:
            kept["status"], told["status"] = str(status), status
            kept["next"] = None
        if error is not None:
            kept["error"] = str(error)
        told.setdefault("elapsed", time.monotonic() - self._began + self._elapsed)
        try:
            self._store.update(self._key, **kept)
        except StoreError as trouble:
            error = error or trouble
        if not self.job.done:  # else its end was told when the watching was stopped
            self.job.publish(last=True, error=error, **told)


def _facts(state: JobState, reply: Reply) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a state says: as columns of the row, and as traits of the job."""
    kept: dict[str, Any] = {"status": str(state.status)}
    told: dict[str, Any] = {"word": state.word, "message": ""}
    for name in ("id", "cost", "seed", "credits"):
        value = getattr(state, name)
        if value is not None:
            told[name] = kept[name] = value
    if state.progress is not None:
        told |= {"progress": state.progress, "estimated": False}
    if state.expected:
        told["usual"] = state.expected
    if "x-sandbox" in reply.headers:
        told["sandbox"] = kept["sandbox"] = True
    return kept, told


def _write(path: Path, data: bytes) -> None:
    part = path.with_suffix(".part")
    try:
        part.write_bytes(data)
        part.replace(path)
    except OSError as error:
        raise StoreError(
            f"{path} cannot be written: {error.strerror}.",
            hint="Free some disk, or set SEGMIND_WIDGETS_HOME to another folder.",
        ) from error


def _local(url: str) -> Path:
    from urllib.parse import urlsplit
    from urllib.request import url2pathname

    return Path(url2pathname(urlsplit(url).path))
