"""What all steps of one job share: its call, its clocks, its row, and its end."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from segmind_widgets.assets.asset import Asset
from segmind_widgets.errors import (
    SegmindError,
    StoreError,
)
from segmind_widgets.jobs.answers import (
    Unsettled,
)
from segmind_widgets.jobs.downloads import Downloader
from segmind_widgets.jobs.job import Job
from segmind_widgets.jobs.recovery import Recovery
from segmind_widgets.jobs.submission import Submission
from segmind_widgets.network.rate_limit import RateLimit
from segmind_widgets.network.transport import Sender
from segmind_widgets.providers import Provider
from segmind_widgets.storage import replies
from segmind_widgets.storage.store import Store
from segmind_widgets.types import Call, JobState, Output, Reply, Status, UsualTime

_log = logging.getLogger(__name__)


class RunState:
    """What all steps of one job share: its call, its clocks, its row, and its end.

    Args:
        job: its traits are updated at each step.
        call: the first or the next call; None if only the `outputs` remain to be fetched.
        key: the row in the store.
        files: those of the outputs that are on this disk, by the output's index.
        usual: how long such a job usually runs, None where unknown.
        watch_limit: seconds after which watching ends (the job goes on).
        recipes: whether pictures get their recipe.
        lost: the reason why neither call nor outputs are known; the job is then searched for in the
            service's history.
        downloader: makes the downloader, given the function that adds recipes. By default,
            `transport` fetches results into `store`.
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
        files: Mapping[int, Asset] | None = None,
        usual: UsualTime | None = None,
        economical: bool = False,
        watch_limit: float = 3600.0,
        recipes: bool = True,
        lost: SegmindError | None = None,
        downloader: Callable[[Callable[[Asset], Asset]], Downloader] | None = None,
    ) -> None:
        self.job = job
        self._provider, self._transport, self._store = provider, transport, store
        self._key, self.call, self.outputs = key, call, outputs
        self._recipes, self.usual = recipes, usual
        self._economical, self.watch_end = economical, time.monotonic() + watch_limit
        self._started = time.monotonic()
        self._elapsed_before, self._watch_limit = job.elapsed, watch_limit
        self.queued_until = 0.0  # the age at which a poll last found it queued
        self.polled_at = 0.0  # the age at the last poll
        self.tries = self.polls = 0
        default = partial(Downloader, store, transport, job.model, key)
        self._results = (downloader or default)(self.with_recipe)
        self._results.files.update(files or {})
        self.fresh_until = 0.0  # until then a file that does not exist may be one not written yet
        self.recovery = Recovery(provider, store, key, lost)
        self.unsettled: Unsettled | None = None  # what follows the search for a refused submit
        self.is_repeated = False  # after the history did not have it
        self.repeats = 0  # of a submit with its Idempotency-Key, by this runner
        self.failed_polls = 0  # in a row
        self.last_answer = self.remedy = ""  # of a failed poll
        self.poll: Call | None = None  # the poll to return to, while its other form is tried
        self.reply: Reply | None = None  # the last one about the job, until it is stored
        is_first_try = call is not None and not call.repeats
        self._is_submitted = not (self.is_submit and is_first_try)
        self.is_whole = not self._is_submitted  # the complete time is known
        self._lock = threading.Lock()
        self.has_ended = False
        if self.is_submit and job.submission is None:
            job.submission = Submission(store, key, job.model)
        if job.submission is not None and call is not None and call.repeats:
            job.submission.doubt()

    @property
    def limit(self) -> RateLimit | None:
        """Return the rate limit of the next step; None if the step sends nothing to the service."""
        return None if self.call is None else self._transport.limit

    @property
    def is_submit(self) -> bool:
        """Return whether the next step is a submit, which goes before polls."""
        return self.call is not None and self.call.billed

    @staticmethod
    def _now() -> float:
        """Return the monotonic time in seconds."""
        return time.monotonic()

    def _age(self) -> float:
        """Return the seconds since the job's start."""
        return time.monotonic() - self._started + self._elapsed_before

    def _run_time(self) -> float:
        """Return how long an ended job took; 0 where it ended unwatched, at an unknown time."""
        if self.is_whole:
            return self._age()
        return 0.0 if self.polls else self._elapsed_before

    def _restart_clocks(self) -> None:
        """Restart the clocks at submission, so that queueing time is not counted."""
        moment = time.monotonic()
        self.watch_end += moment - self._started
        self._started = moment
        self._is_submitted = True
        self.job.restart_clock()

    def _wait(self, pause: float, reason: str, *values: object) -> float:
        _log.debug("%r waits %.1f s: " + reason, self.job.id, pause, *values)
        return pause

    def _retry_later(self, outcome: Reply | SegmindError, pause: float) -> float:
        self.tries += 1
        doubtful = self.job.submission is not None and self.job.submission.is_doubtful
        if self.is_submit and not doubtful:  # it was not accepted
            self._store.update(self._key, sent=None, next=None)
        if isinstance(outcome, Reply) and outcome.status == 429:
            self._transport.limit.back_off(pause)
            self.job.publish(message="waiting for the service's rate limit")
            return self._wait(pause, "the service replied with 429")
        self.job.publish(message="the service does not answer; trying again")
        return self._wait(pause, "try %d failed", self.tries)

    def _record(self, columns: dict[str, Any], traits: dict[str, Any]) -> None:
        try:
            self._store.update(self._key, **columns)
        except StoreError:
            # publish the id first: if writing the journal fails, the display is the only record
            self.job.publish(**traits)
            raise

    def _keep_reply(self) -> None:
        """Write the last reply about the job beside its results."""
        reply, self.reply = self.reply, None
        if reply is not None:
            replies.keep(self._store, self.job.model, self._key, reply.body)

    def _end(
        self,
        status: Status | None,
        error: SegmindError | None,
        columns: dict[str, Any],
        traits: dict[str, Any],
    ) -> None:
        """Record the final state, then publish it; without a status the job stays resumable."""
        self._keep_reply()
        if status is not None:
            columns["status"], traits["status"] = str(status), status
            columns.setdefault("next", None)
        columns["owner"] = None
        if error is not None:
            columns["error"] = str(error)
        traits.setdefault("elapsed", self._age() if status is None else self._run_time())
        try:
            self._store.update(self._key, **columns)
        except StoreError as store_error:
            error = error or store_error
        if self._store.problem:
            traits["note"] = " ".join(filter(None, [traits.get("note"), self._store.problem]))
        with self._lock:
            self.has_ended = True
        if not self.job.done:  # otherwise its end was published when watching stopped
            self.job.publish(last=True, error=error, **traits)

    # what the classes of the steps define

    def apply(self, state: JobState, reply: Reply) -> float | None:
        """Record and publish a state; return the pause before the next step, None at the end."""
        raise NotImplementedError

    def parse(self, call: Call, reply: Reply) -> float | None:
        """Parse a reply that has a state, and apply it. Raises SegmindError for any other."""
        raise NotImplementedError

    def check_reply(self, call: Call, state: JobState, reply: Reply) -> None:
        """Check the files that are part of a reply; see `ResultSteps.check_reply`."""
        raise NotImplementedError

    def with_recipe(self, asset: Asset) -> Asset:
        """Return the file with its recipe in it."""
        raise NotImplementedError

    def send(self, call: Call) -> Reply | SegmindError:
        """Send a call; return the reply, or the error in its place."""
        raise NotImplementedError
