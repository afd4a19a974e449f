"""Take one job from call to call: send, parse, write to the journal, publish, continue.

No threads and no sleeping: `step` does the work that is due and returns the pause before the next.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from segmind_widgets._version import __version__
from segmind_widgets.assets.asset import Asset
from segmind_widgets.errors import (
    DownloadError,
    Forbidden,
    JobCancelled,
    JobFailed,
    NotFound,
    RateLimited,
    ReplyError,
    SegmindError,
    ServerError,
    StoreError,
    SubmitUnknown,
    Unauthorized,
    Unreachable,
)
from segmind_widgets.jobs import long_replies
from segmind_widgets.jobs.answers import (
    MAX_REPEATS,
    NAMED_FAILURES,
    REPEAT_PAUSES,
    Unsettled,
    enveloped,
    error_of,
    is_end_of_polling,
    is_expired,
    is_proof_of_arrival,
    next_repeat,
    poll_pause,
    remedy_of,
    submit_answer,
    summarize,
    wait_of,
)
from segmind_widgets.jobs.downloads import Downloader, reply_problem
from segmind_widgets.jobs.job import Job
from segmind_widgets.jobs.polling import next_poll
from segmind_widgets.jobs.recovery import Recovery
from segmind_widgets.jobs.submission import Submission
from segmind_widgets.network.rate_limit import RateLimit
from segmind_widgets.network.retry import retry_delay
from segmind_widgets.network.transport import Sender
from segmind_widgets.providers import Provider
from segmind_widgets.providers._replies import hidden_submit
from segmind_widgets.providers._submits import TABLE, Action, Answer, Service
from segmind_widgets.storage import replies
from segmind_widgets.storage.records import (
    ASK_AGAIN,
    asset_to_row,
    assets_from_row,
    call_from_row,
    missing_outputs,
    output_to_row,
    outputs_from_row,
    partial_to_row,
    state_to_columns,
    traits_from_row,
)
from segmind_widgets.storage.store import Store, now
from segmind_widgets.types import Call, JobState, Output, Reply, Status, UsualTime

__all__ = ["JobRunner", "assets_from_row", "call_from_row", "outputs_from_row", "traits_from_row"]

_log = logging.getLogger(__name__)
SLOW_TIMEOUT = 120.0  # seconds; calls with a longer timeout are run by the slow senders
_MIN_CROWDED_DELAY = 1.0  # seconds that requests wait for the rate limit
_MAX_DOWNLOAD_TRIES = 5
_FRESH_SECONDS = 120.0  # after the end of a job, its files may not be at each of the hosts yet
_SAVE = "The result is kept in memory: job.save(FOLDER) writes it to another folder."
_MAX_PARSE_TRIES = 3  # of a reply in a search: it may be a proxy's page or incomplete JSON


class JobRunner:
    """The loop of `docs/architecture.md`, step by step; the journal is written before each step.

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
        self._key, self._call, self._outputs = key, call, outputs
        self._recipes, self._usual = recipes, usual
        self._economical, self._watch_end = economical, time.monotonic() + watch_limit
        self._started = time.monotonic()
        self._elapsed_before, self._watch_limit = job.elapsed, watch_limit
        self._queued_until = 0.0  # the age at which a poll last found it queued
        self._polled_at = 0.0  # the age at the last poll
        self._tries = self._polls = 0
        default = partial(Downloader, store, transport, job.model, key)
        self._results = (downloader or default)(self._with_recipe)
        self._results.files.update(files or {})
        self._fresh_until = 0.0  # until then a file that does not exist may be one not written yet
        self._recovery = Recovery(provider, store, key, lost)
        self._unsettled: Unsettled | None = None  # what follows the search for a refused submit
        self._is_repeated = False  # after the history did not have it
        self._repeats = 0  # of a submit with its Idempotency-Key, by this runner
        self._failed_polls = 0  # in a row
        self._last_answer = self._remedy = ""  # of a failed poll
        self._poll: Call | None = None  # the poll to return to, while its other form is tried
        self._reply: Reply | None = None  # the last one about the job, until it is stored
        is_first_try = call is not None and not call.repeats
        self._is_submitted = not (self.is_submit and is_first_try)
        self._is_whole = not self._is_submitted  # the complete time is known
        self._lock = threading.Lock()
        self._has_ended = False
        if self.is_submit and job.submission is None:
            job.submission = Submission(store, key, job.model)
        if job.submission is not None and call is not None and call.repeats:
            job.submission.doubt()

    @property
    def limit(self) -> RateLimit | None:
        """Return the rate limit of the next step; None if the step sends nothing to the service."""
        return None if self._call is None else self._transport.limit

    @property
    def slow(self) -> bool:
        """Return whether the next step may take long: a v1 run, a download, a page of history."""
        is_long = self._call is None or self._call.timeout > SLOW_TIMEOUT
        return is_long or self._recovery.is_searching

    @property
    def is_submit(self) -> bool:
        """Return whether the next step is a submit, which goes before polls."""
        return self._call is not None and self._call.billed

    def tick(self) -> None:
        """Update the job's elapsed time, which starts at the submit."""
        if self._is_submitted:
            self.job.tick()

    def follow_again(self) -> bool:
        """Watch a job again that `stop` detached; return False if this runner sends nothing more.

        A call may still be in progress, and another runner would repeat it.
        """
        with self._lock:
            if self.job.submission is not None and self.job.submission.is_withdrawn:
                return False
            if not self._has_ended and self.job.done:
                self._watch_end = time.monotonic() + self._watch_limit
                self.job.follow()
            return not self._has_ended

    def step(self) -> float | None:
        """Do the step that is due; return the seconds before the next one, None at the end.

        The caller has acquired its slot in `limit`. Never raises.
        """
        try:
            return self._before_next(self._step())
        except SegmindError as error:
            return self._fail(error)
        except Exception as error:  # noqa: BLE001 - a thread has no caller that could handle it
            _log.exception("The runner of %r broke", self.job.id)
            kind = SubmitUnknown if self.is_submit else SegmindError  # it may have been accepted
            return self._fail(kind(f"An unexpected error occurred: {error!r}"))

    def _before_next(self, pause: float | None) -> float | None:
        """Let a submit that is to be sent again be withdrawn until then; return the pause."""
        if pause is not None and self.is_submit and self.job.submission:
            self.job.submission.refuse()
        return pause

    def _step(self) -> float | None:
        if self.job.done:
            return self._release()
        if self._call is None:
            return self._fetch()
        if time.monotonic() > self._watch_end and not self.is_submit:
            why = "The time limit for watching has passed"
            if self._failed_polls:
                why += f", and its last answer was no status ({self._last_answer})"
            raise self.job.still_running(why, self._remedy)
        if self.is_submit and self.job.submission and not self.job.submission.begin():
            return self._release()
        outcome = self._send(self._call)
        if isinstance(outcome, Reply) and not (outcome.file or self._recovery.is_searching):
            self._reply = outcome
        if self._call.billed:
            return self._after_submit(self._call, outcome)
        if self._recovery.is_under_way:
            return self._after_search_call(self._call, outcome)
        return self._after_poll(self._call, outcome)

    # answers to submits

    def _after_submit(self, call: Call, outcome: Reply | SegmindError) -> float | None:
        """Go on as the table of submits says."""
        service = self._provider.submit_service(call)
        answer = submit_answer(outcome)
        if isinstance(outcome, Reply) and answer in (Answer.SUCCESS, Answer.REFUSAL):
            try:
                return self._parse(call, outcome)
            except SubmitUnknown as error:
                return self._after_lost_submit(call, error, TABLE[service][Answer.HIDDEN])
            except SegmindError as error:
                outcome = enveloped(outcome, error)
                answer = submit_answer(outcome)
                if answer in (Answer.SUCCESS, Answer.REFUSAL):
                    raise self._doubted(call, error) from error.__cause__
        if isinstance(outcome, SegmindError) and not isinstance(outcome, SubmitUnknown):
            return self._after_unsent_submit(call, outcome)
        action = TABLE[service][answer]
        if action is Action.WAIT and not call.repeats:
            pause = retry_delay(call, outcome, self._tries)
            if pause is None:
                raise error_of(outcome)
            return self._retry_later(outcome, pause)
        if action in (Action.LOOK_UP_OR_FAIL, Action.LOOK_UP_OR_REPEAT):
            if service is Service.NOTHING:
                raise error_of(outcome)
            is_repeated = self._is_repeated or action is Action.LOOK_UP_OR_FAIL
            when = time.monotonic() + max(1.0, wait_of(outcome))
            self._unsettled = Unsettled(None if is_repeated else call, error_of(outcome), when)
        return self._after_lost_submit(call, outcome, action)

    def _after_unsent_submit(self, call: Call, error: SegmindError) -> float | None:
        """Go on after an error before a byte of the request was written."""
        if call.repeats and isinstance(error, Unreachable):
            return self._after_lost_submit(call, error, Action.SAME_KEY)
        pause = None if call.repeats else retry_delay(call, error, self._tries)
        if pause is None:
            raise self._doubted(call, error) from error.__cause__
        return self._retry_later(error, pause)

    def _after_lost_submit(
        self, call: Call, outcome: Reply | SegmindError, action: Action
    ) -> float | None:
        """Ask again with the same key, or raise the error that starts the search."""
        error = hidden_submit(outcome) if isinstance(outcome, Reply) else outcome
        is_arrived = is_proof_of_arrival(call, outcome)
        if is_arrived:
            self._call = replace(call, repeats=MAX_REPEATS)
        if call.repeats or action is Action.SAME_KEY:
            again = None if is_arrived else self._next_repeat(call, outcome)
            if again is None:
                raise self._doubted(call, error) from error.__cause__
            return again
        raise error

    def _next_repeat(self, call: Call, outcome: Reply | SegmindError) -> float | None:
        """Prepare the identical request; return the pause before it, None if none is left."""
        if self._repeats >= len(REPEAT_PAUSES):
            return None
        pause = max(wait_of(outcome), REPEAT_PAUSES[self._repeats])
        again = next_repeat(call, self._store.job(self._key)["sent"], pause)
        if again is None:
            return None
        self._repeats += 1
        self._call = again
        if self.job.submission:
            self.job.submission.doubt()
            self.job.submission.lose()
        self.job.publish(
            message="the reply was lost; asking again with the same Idempotency-Key, which is not"
            " billed twice"
        )
        return self._wait(pause, "repeat %d with the same key", again.repeats)

    def _doubted(self, call: Call, error: SegmindError) -> SegmindError:
        """Return the error of a submit; SubmitUnknown where an earlier try may have arrived."""
        if not call.repeats or isinstance(error, SubmitUnknown):
            return error
        return SubmitUnknown(
            f"An earlier try may have been accepted; a repeat ended with: {error.message}",
            status=error.status,
            body=error.body,
            request_id=error.request_id,
        )

    # answers to polls

    def _after_poll(self, call: Call, outcome: Reply | SegmindError) -> float | None:
        try:
            if isinstance(outcome, SegmindError):
                raise outcome
            state = self._read_poll(call, outcome)
        except SegmindError as error:
            is_gone = self._failed_polls + 1 >= NAMED_FAILURES and is_expired(
                error, outcome, self._age()
            )
            if is_gone or is_end_of_polling(error, outcome):
                raise
            return self._poll_again(error, outcome)
        if state.now and state.next and outcome.status >= 400:  # its other form, or the history
            self._poll = self._poll or call
            self._call = state.next
            return 0.0
        self._failed_polls, self._poll, self._remedy = 0, None, ""
        return self._apply(state, outcome)

    def _read_poll(self, call: Call, reply: Reply) -> JobState:
        try:
            state = self._provider.parse(call, reply)
            self._check_reply(call, state, reply)
            return state  # noqa: TRY300 - read here, so that a check that fails is caught, too
        except SegmindError:
            raise
        except Exception as error:
            _log.exception("The reply to a poll of %s cannot be read", self.job.id)
            raise ReplyError(f"The reply cannot be read: {error!r}") from error

    def _poll_again(self, error: SegmindError, outcome: Reply | SegmindError) -> float:
        """Return the pause before the next poll after one without a state."""
        self._failed_polls += 1
        self._call, self._poll = self._poll or self._call, None
        pause = poll_pause(self._failed_polls, outcome)
        if isinstance(outcome, Reply) and outcome.status == 429:
            self._transport.limit.back_off(pause)
        self._last_answer, self._remedy = summarize(error, outcome), remedy_of(error)
        message = "the service does not answer; trying again"
        if isinstance(outcome, Reply):
            message = "the service's answer has no status; trying again"
            if outcome.status == 429:
                message = "waiting for the service's rate limit"
        if self._failed_polls >= NAMED_FAILURES:
            message = (
                f"the job {self.job.id} continues; its status could not be read"
                f" {self._failed_polls} times ({self._last_answer}). {self._remedy}".rstrip(". ")
            )
        self.job.publish(message=message)
        pause = min(pause, max(0.0, self._watch_end - time.monotonic()) + 0.01)
        if isinstance(outcome, Reply) and outcome.status == 429:
            return self._wait(pause, "the service replied with 429")
        return self._wait(pause, "try %d failed", self._failed_polls)

    # answers in a search

    def _after_search_call(self, call: Call, outcome: Reply | SegmindError) -> float | None:
        pause = retry_delay(call, outcome, self._tries)
        if pause is not None:
            return self._retry_later(outcome, pause)
        if isinstance(outcome, SegmindError):
            raise outcome
        if self._recovery.is_searching:
            return self._read_history(outcome)
        if self._recovery.search_instead(outcome):
            self._call, _ = self._recovery.next_page()
            return 0.0
        return self._parse(call, outcome)

    def _not_in_history(self, unsettled: Unsettled) -> float | None:
        """Send a submit once more that the history does not have, or end with its error."""
        self._unsettled = None
        self._recovery = Recovery(self._provider, self._store, self._key)
        if unsettled.call is None:
            return self._end(Status.FAILED, unsettled.error, {}, {})
        self._is_repeated, self._call = True, unsettled.call
        if self.job.submission:
            self.job.submission.doubt()
        self.job.publish(message="the service did not take the request; sending it again, once")
        pause = max(0.0, unsettled.not_before - time.monotonic())
        return self._wait(pause, "the history does not have the request")

    def _parse(self, call: Call, reply: Reply) -> float | None:
        try:
            state = long_replies.with_files(self._provider.parse(call, reply), reply)
            self._check_reply(call, state, reply)
            if not long_replies.is_complete(state, reply):
                self._results.keep(reply)
            self._tries = 0
            return self._apply(state, reply)
        except SubmitUnknown as error:
            if reply.status >= 300:
                raise
            raise self._results.with_reply(error, reply) from None
        except ReplyError:
            if call.billed or self._tries >= _MAX_PARSE_TRIES:
                raise
            return self._retry_later(reply, 2.0**self._tries)
        finally:
            long_replies.discard(reply, [output.url or "" for output in self._outputs])

    def _check_reply(self, call: Call, state: JobState, reply: Reply) -> None:
        """Check the files that are part of a reply.

        Raises:
            SubmitUnknown: one is damaged, and the run is billed; its price and id are recorded.
            ReplyError: one is damaged, and the reply can be requested again.
        """
        problem = reply_problem(state.outputs)
        if not problem:
            return
        message = f"The result in the reply {problem}."
        if not call.billed:
            raise ReplyError(message, status=reply.status)
        columns, traits = state_to_columns(state, reply)
        self._record({k: v for k, v in columns.items() if k != "status"}, traits)
        self.job.publish(**traits)
        raise SubmitUnknown(f"{message} The run may be billed.", request_id=state.id)

    def _release(self) -> float | None:
        """Release the detached job, so that any kernel may resume it."""
        is_withdrawn = self.is_submit and self.job.withdraw()
        with self._lock:
            if not (is_withdrawn or self.job.done):  # it is watched again
                return 0.0
            if not is_withdrawn and not self.job.status.final:
                with suppress(StoreError):  # before another runner of this kernel may claim it
                    self._store.update(self._key, owner=None)
            self._has_ended = True
        return None

    def _send(self, call: Call) -> Reply | SegmindError:
        if call.billed:  # the request of a row with this mark may have been accepted
            has_key = self._provider.submit_service(call) is Service.KEY
            columns: dict[str, Any] = {"next": call.to_dict()} if has_key else {}
            if call.repeats:
                self._store.update(self._key, **columns)
            else:
                self._store.update(self._key, sent=now(), **columns)
                self._restart_clocks()
        elif not self._recovery.is_searching:
            self._polls += 1
            self.job.publish(polls=self._polls)
        try:
            return self._shortened(self._transport.send(call))
        except SegmindError as error:
            return error

    def _shortened(self, reply: Reply) -> Reply | SegmindError:
        """Return a reply that is short enough to be parsed; its long texts are in files."""
        try:
            return long_replies.shorten(reply)
        except OSError as error:
            unknown = SubmitUnknown(f"The reply cannot be read from the disk: {error}.")
            return self._results.with_reply(unknown, reply)

    def _restart_clocks(self) -> None:
        """Restart the clocks at submission, so that queueing time is not counted."""
        moment = time.monotonic()
        self._watch_end += moment - self._started
        self._started = moment
        self._is_submitted = True
        self.job.restart_clock()

    def _age(self) -> float:
        """Return the seconds since the job's start."""
        return time.monotonic() - self._started + self._elapsed_before

    def _run_time(self) -> float:
        """Return how long an ended job took; 0 where it ended unwatched, at an unknown time."""
        if self._is_whole:
            return self._age()
        return 0.0 if self._polls else self._elapsed_before

    def _retry_later(self, outcome: Reply | SegmindError, pause: float) -> float:
        self._tries += 1
        doubtful = self.job.submission is not None and self.job.submission.is_doubtful
        if self.is_submit and not doubtful:  # it was not accepted
            self._store.update(self._key, sent=None, next=None)
        if isinstance(outcome, Reply) and outcome.status == 429:
            self._transport.limit.back_off(pause)
            self.job.publish(message="waiting for the service's rate limit")
            return self._wait(pause, "the service replied with 429")
        self.job.publish(message="the service does not answer; trying again")
        return self._wait(pause, "try %d failed", self._tries)

    def _wait(self, pause: float, reason: str, *values: object) -> float:
        _log.debug("%r waits %.1f s: " + reason, self.job.id, pause, *values)
        return pause

    def _apply(self, state: JobState, reply: Reply) -> float | None:
        columns, traits = state_to_columns(state, reply)
        self._recovery.error = None
        before, self._call = self._call, state.next
        if before and before.billed and before.form and not self.is_submit:  # it was accepted
            with suppress(StoreError):
                self._provider.learn(before)
        if state.next:
            # seen at work and not at its end: its end will be seen, too
            self._is_whole = self._is_whole or self._elapsed_before > 0
            if before and before.auth == state.next.auth and not self.is_submit:
                # otherwise it is unknown whether it was accepted
                columns["next"] = state.next.to_dict()
            self._record(columns, traits)
            self.job.publish(status=state.status, **traits)
            return 0.0 if state.now else self._next_pause(state)
        if state.status is Status.COMPLETED:
            return self._completed(state, columns, traits)
        error = state.error or (
            JobCancelled(f"The job {self.job.id} was cancelled.")
            if state.status is Status.CANCELLED
            else JobFailed("The job failed; the service gave no reason.")
        )
        return self._end(state.status, error, columns, traits)

    def _record(self, columns: dict[str, Any], traits: dict[str, Any]) -> None:
        try:
            self._store.update(self._key, **columns)
        except StoreError:
            # publish the id first: if writing the journal fails, the display is the only record
            self.job.publish(**traits)
            raise

    def _next_pause(self, state: JobState) -> float:
        self._polled_at = age = self._age()
        if state.status is Status.QUEUED:
            self._queued_until = age
        if state.expected:
            self._usual = UsualTime(state.expected, trust=0.8)
        delay = self._transport.limit.delay
        economical = self._economical or delay > _MIN_CROWDED_DELAY
        interval = self._provider.poll_interval(self._call) if self._call else 0.0
        progress = {"queued": self._queued_until, "polls": self._polls}
        pause = next_poll(age, self._usual, interval, economical=economical, **progress)
        # in that case the limit is reported
        pause = min(pause, max(0.0, self._watch_end - time.monotonic()) + 0.01)
        usual = f"{self._usual.seconds:.1f} s" if self._usual else "an unknown time"
        facts = state.status, age, usual, self._economical, delay
        reason = "%s for %.1f s of %s expected; economical: %s; rate limit delays by %.1f s"
        return self._wait(pause, reason, *facts)

    def _completed(self, state: JobState, columns: dict[str, Any], traits: dict[str, Any]) -> float:
        """Write files that are part of the reply to disk at once; record the URLs to fetch."""
        columns |= {"status": "downloading", "next": None, "run_seconds": self._run_seconds(state)}
        self._keep_reply()
        outputs = [self._results.write(i, output) for i, output in enumerate(state.outputs)]
        outputs += self._outputs[len(outputs) :]  # some histories go back less far
        self._outputs, self._tries = tuple(outputs), 0
        self._fresh_until = time.monotonic() + (0 if self._recovery.has_begun else _FRESH_SECONDS)
        columns["outputs"] = [output_to_row(output) for output in outputs if output.url]
        self._record(columns, traits)
        self.job.publish(status=Status.DOWNLOADING, **traits)
        return 0.0

    def _keep_reply(self) -> None:
        """Write the last reply about the job beside its results."""
        reply, self._reply = self._reply, None
        if reply is not None:
            replies.keep(self._store, self.job.model, self._key, reply.body)

    def _run_seconds(self, state: JobState) -> float | None:
        """Return how long a completed job ran at the service; None if unknown.

        If the service does not report it, it ended between the last two polls.
        """
        if state.seconds or not self._is_whole:
            return state.seconds
        return (self._polled_at + self._age()) / 2 if self._polls else self._age()

    def _fetch(self) -> float | None:
        """Download every missing output, then publish all outputs."""
        if self._recovery.error and not self._recovery.has_begun:
            raise self._recovery.error
        try:
            self._results.fetch(self._outputs)
        except DownloadError as error:
            self._tries += 1
            is_fresh = error.status == 404 and time.monotonic() < self._fresh_until
            is_useless = error.is_final or (error.is_gone and not is_fresh)
            if is_useless or self._tries >= _MAX_DOWNLOAD_TRIES:
                raise
            self.job.publish(message="the download was interrupted; trying again")
            pause = max(error.retry_after or 0.0, min(30.0, 2.0**self._tries))
            return self._wait(pause, "download %d failed", self._tries)
        assets = self._results.assets
        columns: dict[str, Any] = {}
        elapsed = self._run_time()
        if self._is_whole:
            columns["seconds"] = elapsed
        traits = {"outputs": tuple(assets), "progress": 1.0, "elapsed": elapsed, "message": ""}
        # the journal has it as unfinished, so another kernel may fetch it
        if self._results.problem:
            traits |= {"note": f"{self._results.problem} {_SAVE}", "status": Status.COMPLETED}
            return self._end(None, None, columns, traits)
        columns["outputs"] = [asset_to_row(asset) for asset in assets]
        return self._end(Status.COMPLETED, None, columns, traits)

    def _end_with_some(self, error: SegmindError) -> None:
        """End with the outputs that were fetched, if any, and a note that names the others.

        If another try may fetch them, the job stays unfinished, and its error says so.
        """
        results = self._results
        if not results.files or isinstance(error, StoreError):
            return self._end(None, error, {}, {})
        rows = partial_to_row(self._outputs, results.files, results.missing)
        note = f"{missing_outputs(rows)} {error.hint}"
        traits: dict[str, Any] = {"outputs": tuple(results.assets), "note": note, "message": ""}
        if results.problem:  # some of the files are only in memory
            return self._end(None, error, {}, traits)
        if all(one.is_gone or one.is_final for one in results.missing.values()):
            ask = f"{missing_outputs(rows)} {ASK_AGAIN.format(self.job.latest(('id',))['id'])}"
            traits |= {"note": ask, "progress": 1.0}
            return self._end(Status.COMPLETED, None, {"outputs": rows}, traits)
        return self._end(None, error, {"outputs": rows}, traits)

    def _with_recipe(self, asset: Asset) -> Asset:
        """Return the file with its recipe in it, before it is shown or its size is read."""
        if not self._recipes:
            return asset
        from segmind_widgets.assets.recipes import FACTS, Recipe, with_recipe

        try:
            return with_recipe(asset, Recipe.now(__version__, **self.job.latest(FACTS)))
        except Exception:  # noqa: BLE001 - a paid picture matters more than its recipe
            _log.exception("The recipe of %r was not written", self.job.id)
            return asset

    def _read_history(self, reply: Reply) -> float | None:
        """Read a page of the history: apply the state on it, or continue with the next page."""
        self._tries = 0
        state = self._recovery.read(reply)
        if state:
            return self._apply(state, reply)
        try:
            self._call, pause = self._recovery.next_page()
        except SegmindError:
            if self._unsettled:
                return self._not_in_history(self._unsettled)
            raise
        return self._wait(pause, "the next page of the history")

    def _fail(self, error: SegmindError) -> float | None:
        """End without a next step: a refused submit has failed, a polled job continues."""
        if self.is_submit and self.job.submission and self.job.submission.is_withdrawn:
            return self._release()
        if self._recovery.error and self._recovery.has_begun:
            error = self._recovery.give_up(self._recovery.error)
        elif call := self._recovery.begin(error):
            return self._search(call)
        if isinstance(error, SubmitUnknown):
            ids = {"id": error.request_id} if error.request_id else {}
            call = self._call
            columns = {"next": call.to_dict()} if call and self._may_repeat(call) else {}
            return self._end(Status.UNKNOWN, error, {**ids, **columns}, dict(ids))
        if isinstance(error, (StoreError, DownloadError)):
            return self._end_with_some(error)
        if self.is_submit:
            if isinstance(error, NotFound) and self.job.kind == "model":
                name = self._provider.name
                hint = f"%segmind_models -p {name} lists the models of {self._provider.title}."
                error = error.with_hint(f"Check the name: {hint}")
            return self._end(Status.FAILED, error, {}, {})
        return self._fail_poll(error)

    def _fail_poll(self, error: SegmindError) -> float | None:
        """Stop polling; the job continues, unless the service no longer has it."""
        if isinstance(error, NotFound):
            error = error.with_hint(
                "The service keeps the record of a job for only about an hour. Look for its "
                "result in the provider's history."
            )
            return self._end(Status.UNKNOWN, error, {}, {})
        if isinstance(error, (Unreachable, ServerError, RateLimited)):
            error = self.job.still_running(error.message.rstrip("."), remedy_of(error))
        elif isinstance(error, (Unauthorized, Forbidden)):
            error = error.with_hint(
                f"The job {self.job.id} continues. Set the key of the account that started it with"
                f" %segmind_login {self._provider.name}, then fetch its result with"
                f" %segmind_jobs --resume {self.job.id}"
            )
        return self._end(None, error, {}, {})

    def _search(self, call: Call) -> float:
        """Begin to look for the job in the service's history."""
        self._call, self._tries = call, 0
        if self.job.submission:
            self.job.submission.lose()
        self.job.publish(message=f"searching the history of {self._provider.title}")
        return 0.0

    def _may_repeat(self, call: Call) -> bool:
        """Return whether a resume may ask again for a submit whose reply was lost."""
        return (
            call.billed
            and self._provider.submit_service(call) is Service.KEY
            and next_repeat(call, self._store.job(self._key)["sent"]) is not None
        )

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
            self._has_ended = True
        if not self.job.done:  # otherwise its end was published when watching stopped
            self.job.publish(last=True, error=error, **traits)
