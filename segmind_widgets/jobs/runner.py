"""Take one job from call to call: send, parse, write to the journal, publish, continue.

No threads and no sleeping: `step` does the work that is due and returns the pause before the next.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import Any

from segmind_widgets.errors import (
    DownloadError,
    JobCancelled,
    JobFailed,
    NotFound,
    SegmindError,
    StoreError,
    SubmitUnknown,
)
from segmind_widgets.jobs import long_replies
from segmind_widgets.jobs.poll_steps import PollSteps
from segmind_widgets.jobs.result_steps import ResultSteps
from segmind_widgets.jobs.search_steps import SearchSteps
from segmind_widgets.jobs.submit_steps import SubmitSteps
from segmind_widgets.providers._submits import Service
from segmind_widgets.storage.records import (
    assets_from_row,
    call_from_row,
    outputs_from_row,
    state_to_columns,
    traits_from_row,
)
from segmind_widgets.storage.store import now
from segmind_widgets.types import Call, JobState, Reply, Status

__all__ = ["JobRunner", "assets_from_row", "call_from_row", "outputs_from_row", "traits_from_row"]

_log = logging.getLogger(__name__)
SLOW_TIMEOUT = 120.0  # seconds; calls with a longer timeout are run by the slow senders


class JobRunner(SubmitSteps, PollSteps, SearchSteps, ResultSteps):
    """The loop of `docs/architecture.md`, step by step; the journal is written before each step.

    The arguments are those of `RunState`.
    """

    @property
    def slow(self) -> bool:
        """Return whether the next step may take long: a v1 run, a download, a page of history."""
        is_long = self.call is None or self.call.timeout > SLOW_TIMEOUT
        return is_long or self.recovery.is_searching

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
            if not self.has_ended and self.job.done:
                self.watch_end = self._now() + self._watch_limit
                self.job.follow()
            return not self.has_ended

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
        if self.call is None:
            return self._fetch()
        if self._now() > self.watch_end and not self.is_submit:
            why = "The time limit for watching has passed"
            if self.failed_polls:
                why += f", and its last answer was no status ({self.last_answer})"
            raise self.job.still_running(why, self.remedy)
        if self.is_submit and self.job.submission and not self.job.submission.begin():
            return self._release()
        outcome = self.send(self.call)
        if isinstance(outcome, Reply) and not (outcome.file or self.recovery.is_searching):
            self.reply = outcome
        if self.call.billed:
            return self._after_submit(self.call, outcome)
        if self.recovery.is_under_way:
            return self._after_search_call(self.call, outcome)
        return self._after_poll(self.call, outcome)

    def _release(self) -> float | None:
        """Release the detached job, so that any kernel may resume it."""
        is_withdrawn = self.is_submit and self.job.withdraw()
        with self._lock:
            if not (is_withdrawn or self.job.done):  # it is watched again
                return 0.0
            if not is_withdrawn and not self.job.status.final:
                with suppress(StoreError):  # before another runner of this kernel may claim it
                    self._store.update(self._key, owner=None)
            self.has_ended = True
        return None

    def send(self, call: Call) -> Reply | SegmindError:
        """Send a call; return the reply, or the error in its place."""
        if call.billed:  # the request of a row with this mark may have been accepted
            has_key = self._provider.submit_service(call) is Service.KEY
            columns: dict[str, Any] = {"next": call.to_dict()} if has_key else {}
            if call.repeats:
                self._store.update(self._key, **columns)
            else:
                self._store.update(self._key, sent=now(), **columns)
                self._restart_clocks()
        elif not self.recovery.is_searching:
            self.polls += 1
            self.job.publish(polls=self.polls)
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

    def apply(self, state: JobState, reply: Reply) -> float | None:
        """Record and publish a state; return the pause before the next step, None at the end."""
        columns, traits = state_to_columns(state, reply)
        self.recovery.error = None
        before, self.call = self.call, state.next
        if before and before.billed and before.form and not self.is_submit:  # it was accepted
            with suppress(StoreError):
                self._provider.learn(before)
        if state.next:
            # seen at work and not at its end: its end will be seen, too
            self.is_whole = self.is_whole or self._elapsed_before > 0
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

    def _fail(self, error: SegmindError) -> float | None:
        """End without a next step: a refused submit has failed, a polled job continues."""
        if self.is_submit and self.job.submission and self.job.submission.is_withdrawn:
            return self._release()
        if self.recovery.error and self.recovery.has_begun:
            error = self.recovery.give_up(self.recovery.error)
        elif call := self.recovery.begin(error):
            return self._search(call)
        if isinstance(error, SubmitUnknown):
            ids = {"id": error.request_id} if error.request_id else {}
            call = self.call
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
