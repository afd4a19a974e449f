"""One job's way from call to call: send, understand, write down, tell, go on.

No threads and no sleeping: `step` does what is due and says when it wants to be called again.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from segmind_widgets._version import __version__
from segmind_widgets.assets.asset import Asset
from segmind_widgets.assets.recipes import FACTS, Recipe, stamped
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
from segmind_widgets.jobs.downloads import Downloader
from segmind_widgets.jobs.job import Job
from segmind_widgets.jobs.polling import next_poll
from segmind_widgets.jobs.recovery import HistorySearch
from segmind_widgets.network.rate_limit import RateLimit
from segmind_widgets.network.retry import retry_delay
from segmind_widgets.network.transport import Sender
from segmind_widgets.providers import Provider
from segmind_widgets.storage.records import (
    asset_to_row,
    assets_from_row,
    call_from_row,
    output_to_row,
    outputs_from_row,
    state_to_columns,
    traits_from_row,
)
from segmind_widgets.storage.store import Store, now
from segmind_widgets.types import Call, JobState, Output, Reply, Status

__all__ = ["JobRunner", "assets_from_row", "call_from_row", "outputs_from_row", "traits_from_row"]

_log = logging.getLogger(__name__)
_SLOW_TIMEOUT = 120.0  # a call with a longer time-out occupies its thread for long
_MIN_CROWDED_DELAY = 1.0  # seconds that requests wait for the rate limit
_MAX_DOWNLOAD_TRIES = 5
_SAVE = "It is kept in memory: job.save(FOLDER) writes it elsewhere."
_LOOKED = "It was not found in the history of {}; resuming it looks again."
_MAX_PARSE_TRIES = 3  # a poll answered by a page of somebody's proxy, or by half a JSON


class JobRunner:
    """The loop of `docs/architecture.md`, a step at a time; the journal is written before each.

    Args:
        job: told what happens.
        call: the first or the next call; None where only the `outputs` are left to fetch.
        key: the row in the store.
        limit: seconds after which watching ends (the job goes on).
        recipes: whether pictures get their recipe.
        lost: why neither call nor outputs are known; it is looked for in the service's history.
        downloader: makes the downloader from the function that stamps recipes; by default, results
            go from `transport` to `store`.
    """

    def __init__(
        self,
        job: Job,
        provider: Provider,
        transport: Sender,
        store: Store,
        key: str,
        call: Call | None,
        *,
        outputs: tuple[Output, ...] = (),
        economical: bool = False,
        watch_limit: float = 3600.0,
        recipes: bool = True,
        lost: SegmindError | None = None,
        downloader: Callable[[Callable[[Asset], Asset]], Downloader] | None = None,
    ) -> None:
        self.job = job
        self._provider, self._transport, self._store = provider, transport, store
        self._key, self._call, self._outputs = key, call, outputs
        self._recipes = recipes
        self._economical, self._watch_end = economical, time.monotonic() + watch_limit
        self._started = time.monotonic()
        self._elapsed_before, self._watch_limit = job.elapsed, watch_limit
        self._clock_start = self._started - self._elapsed_before
        self._tries = 0
        default = partial(Downloader, store, transport, job.model, key)
        self._results = (downloader or default)(self._with_recipe)
        self._doubt = lost
        self._lookup: HistorySearch | None = None
        self._sought = False
        self._is_submitted = not self.is_submit
        self._is_whole = self.is_submit  # all of its time is seen here
        self._lock = threading.Lock()
        self._has_ended = False

    @property
    def limit(self) -> RateLimit | None:
        """Where the next step needs a place; None where it asks the service for nothing."""
        return None if self._call is None else self._transport.limit

    @property
    def slow(self) -> bool:
        """The next step may take long: a v1 run, a download."""
        return self._call is None or self._call.timeout > _SLOW_TIMEOUT

    @property
    def is_submit(self) -> bool:
        """The next step is a submit: polls wait for it."""
        return self._call is not None and self._call.billed

    def tick(self) -> None:
        """Move the job's clock, from when it was sent."""
        if self._is_submitted:
            self.job.tick()

    def follow_again(self) -> bool:
        """Follow a job again whose watching was stopped; False: this watch has ended.

        A call may be on its way: another watch would ask for what this one is about to be told.
        """
        with self._lock:
            if not self._has_ended and self.job.done:
                self._watch_end = time.monotonic() + self._watch_limit
                self.job.follow()
            return not self._has_ended

    def step(self) -> float | None:
        """Do what is due; its place in `limit` is taken. Seconds until the next step, or None: it
        ended. Never raises.
        """
        try:
            return self._step()
        except SegmindError as error:
            return self._fail(error)
        except Exception as error:  # noqa: BLE001 - a thread has nobody else to tell
            _log.exception("The watch of %s broke", self.job.id)
            kind = SubmitUnknown if self.is_submit else SegmindError  # it may have been accepted
            return self._fail(kind(f"Something went wrong here: {error!r}"))

    def _step(self) -> float | None:
        if self.job.done:
            return self._release()
        if self._call is None:
            return self._fetch()
        if time.monotonic() > self._watch_end and not self.is_submit:
            raise self.job.left("Watched for long enough")
        outcome = self._send(self._call)
        pause = retry_delay(self._call, outcome, self._tries)
        if pause is not None:
            return self._retry_later(outcome, pause)
        if isinstance(outcome, SegmindError):
            raise outcome
        if self._lookup:
            return self._read(self._lookup, outcome)
        return self._parse(self._call, outcome)

    def _parse(self, call: Call, outcome: Reply) -> float | None:
        try:
            state = self._provider.parse(call, outcome)
        except ReplyError:
            if call.billed or self._tries >= _MAX_PARSE_TRIES:
                raise
            return self._retry_later(outcome, 2.0**self._tries)
        self._tries = 0
        return self._apply(state, outcome)

    def _release(self) -> float | None:
        """Whoever stopped the watching let the job go: any kernel may go on with it."""
        with self._lock:
            if not self.job.done:  # somebody goes on with it
                return 0.0
            self._has_ended = True
        if self.is_submit:
            said = f"{self.job.model} was never sent: it was stopped before. Nothing was billed."
            with suppress(StoreError):
                self._store.update(self._key, status="cancelled", error=said, owner=None)
            self.job.publish(last=True, status=Status.CANCELLED, error=JobCancelled(said))
        elif not self.job.status.final:
            with suppress(StoreError):
                self._store.update(self._key, owner=None)
        return None

    def _send(self, call: Call) -> Reply | SegmindError:
        if call.billed:  # what has this mark may have been accepted
            self._store.update(self._key, sent=now())
            self._begin()
        try:
            return self._transport.send(call)
        except SegmindError as error:
            return error

    def _begin(self) -> None:
        """It goes out now: neither its time nor the limit of watching counts what it waited."""
        moment = time.monotonic()
        self._watch_end += moment - self._started
        self._started = self._clock_start = moment
        self._is_submitted = True
        self.job.restart_clock()

    def _retry_later(self, outcome: Reply | SegmindError, pause: float) -> float:
        self._tries += 1
        if self.is_submit:  # it was not accepted
            self._store.update(self._key, sent=None)
        if isinstance(outcome, Reply) and outcome.status == 429:
            self._transport.limit.back_off(pause)
            self.job.publish(message="the service asks to wait: rate limit")
        else:
            self.job.publish(message="the service does not answer; trying again")
        return pause

    def _apply(self, state: JobState, reply: Reply) -> float | None:
        kept, told = state_to_columns(state, reply)
        self._doubt = None
        before, self._call = self._call, state.next
        if state.next:
            if before and before.auth == state.next.auth:  # else not yet known to be accepted
                kept["next"] = state.next.to_dict()
            self._write_down(kept, told)
            self.job.publish(status=state.status, **told)
            return 0.0 if state.now else self._next_pause(state)
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

    def _next_pause(self, state: JobState) -> float:
        now = time.monotonic()
        if state.status is Status.QUEUED:
            self._clock_start = now
        usual = state.expected or self.job.expected_seconds
        crowded = self._transport.limit.delay > _MIN_CROWDED_DELAY
        pause = next_poll(now - self._clock_start, usual, economical=self._economical or crowded)
        return min(pause, max(0.0, self._watch_end - now) + 0.01)  # the limit is told when it is over

    def _completed(self, state: JobState, kept: dict[str, Any], told: dict[str, Any]) -> float:
        """Write bytes that came with the reply to disk at once; note the URLs to fetch."""
        kept |= {"status": "downloading", "next": None}
        outputs = [self._results.write(i, output) for i, output in enumerate(state.outputs)]
        outputs += self._outputs[len(outputs) :]  # where a history remembers fewer
        self._outputs, self._tries = tuple(outputs), 0
        kept["outputs"] = [output_to_row(output) for output in outputs if output.url]
        self._write_down(kept, told)
        self.job.publish(status=Status.DOWNLOADING, **told)
        return 0.0

    def _fetch(self) -> float | None:
        """Bring every output to disk, then show them. What is there already stays."""
        if self._doubt and not self._sought:
            raise self._doubt
        try:
            self._results.fetch(self._outputs)
        except DownloadError as error:
            self._tries += 1
            if error.gone or self._tries >= _MAX_DOWNLOAD_TRIES:
                raise
            self.job.publish(message="the download broke; trying again")
            return max(error.retry_after or 0.0, min(30.0, 2.0**self._tries))
        assets = self._results.assets
        kept: dict[str, Any] = {}
        seconds = self._elapsed_before  # of one that went on with nobody here, nobody knows how long
        if self._is_whole:
            kept["seconds"] = seconds = time.monotonic() - self._started + self._elapsed_before
        told = {"outputs": tuple(assets), "progress": 1.0, "elapsed": seconds, "message": ""}
        if self._results.problem:  # for the journal it is not done: another kernel may fetch it
            told["note"] = f"{self._results.problem} {_SAVE}"
            return self._end(None, None, kept, told | {"status": Status.COMPLETED})
        kept["outputs"] = [asset_to_row(asset) for asset in assets]
        return self._end(Status.COMPLETED, None, kept, told)

    def _with_recipe(self, asset: Asset) -> Asset:
        """Return the file with its recipe in it, before anybody sees or measures it."""
        if not self._recipes:
            return asset
        try:
            return stamped(asset, Recipe.now(__version__, **self.job.latest(FACTS)))
        except Exception:  # noqa: BLE001 - a paid picture matters more than its recipe
            _log.exception("The recipe of %s was not written", self.job.id)
            return asset

    # a lost reply, a lost file

    def _seek(self, error: SegmindError) -> bool:
        """Begin to look for what was lost where the service may remember it."""
        lost = isinstance(error, SubmitUnknown)
        gone = isinstance(error, DownloadError) and error.gone
        if self._sought or not (lost or gone):
            return False
        self._doubt, self._sought = error, True
        lookup = HistorySearch(self._provider, self._store, self._key, error.request_id)
        self._call = lookup.call
        if self._call:
            self._lookup = lookup
        elif lookup.id:
            self._call = self._provider.find(lookup.id)
        if not self._call:
            return False
        self._tries = 0
        self.job.publish(message=f"looking for it in the history of {self._provider.title}")
        return True

    def _read(self, lookup: HistorySearch, reply: Reply) -> float | None:
        """A page of the history: go on with what it says, or to the next page."""
        self._tries = 0
        state = lookup.read(reply)
        if state and state.id and self._store.adopt(self._key, state.id):
            self._lookup = None
            return self._apply(state, reply)
        if lookup.call is None:
            pause = lookup.next_round()
            if pause is None and self._doubt:
                raise self._doubt
        else:
            pause = 0.0
        self._call = lookup.call
        return pause

    def _fail(self, error: SegmindError) -> float | None:
        """No step can follow: a refused submit failed; after a broken poll the job still runs."""
        if self._doubt and self._sought:
            error = self._doubt
            if self._lookup:
                error = error.with_hint(f"{error.hint} {_LOOKED.format(self._provider.title)}")
            self._lookup = None
        elif self._seek(error):
            return 0.0
        call = self._call
        if isinstance(error, SubmitUnknown):
            known = {"id": error.request_id} if error.request_id else {}
            return self._end(Status.UNKNOWN, error, dict(known), dict(known))
        if isinstance(error, StoreError):
            return self._end(None, error, {}, {})
        if call is not None and call.billed:
            return self._end(Status.FAILED, error, {}, {})
        if isinstance(error, NotFound):
            error = error.with_hint(
                "The service keeps a job's record for about an hour only. Look for its result in"
                " the provider's history."
            )
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
        kept["owner"] = None
        if error is not None:
            kept["error"] = str(error)
        told.setdefault("elapsed", time.monotonic() - self._started + self._elapsed_before)
        try:
            self._store.update(self._key, **kept)
        except StoreError as trouble:
            error = error or trouble
        if self._store.problem:
            told["note"] = " ".join(filter(None, [told.get("note"), self._store.problem]))
        with self._lock:
            self._has_ended = True
        if not self.job.done:  # else its end was told when the watching was stopped
            self.job.publish(last=True, error=error, **told)
