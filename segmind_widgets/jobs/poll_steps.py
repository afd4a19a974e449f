"""What follows the answers to polls: the next state, or another poll after a growing pause."""

from __future__ import annotations

import logging

from segmind_widgets.errors import (
    Forbidden,
    NotFound,
    RateLimited,
    ReplyError,
    SegmindError,
    ServerError,
    Unauthorized,
    Unreachable,
)
from segmind_widgets.jobs.answers import (
    NAMED_FAILURES,
    is_end_of_polling,
    is_expired,
    poll_pause,
    remedy_of,
    summarize,
)
from segmind_widgets.jobs.polling import next_poll
from segmind_widgets.jobs.run_state import RunState
from segmind_widgets.types import Call, JobState, Reply, Status, UsualTime

_log = logging.getLogger(__name__)
_MIN_CROWDED_DELAY = 1.0  # seconds that requests wait for the rate limit


class PollSteps(RunState):
    """What follows the answers to polls: the next state, or another poll after a growing pause."""

    def _after_poll(self, call: Call, outcome: Reply | SegmindError) -> float | None:
        try:
            if isinstance(outcome, SegmindError):
                raise outcome
            state = self._read_poll(call, outcome)
        except SegmindError as error:
            is_gone = self.failed_polls + 1 >= NAMED_FAILURES and is_expired(
                error, outcome, self._age()
            )
            if is_gone or is_end_of_polling(error, outcome):
                raise
            return self._poll_again(error, outcome)
        if state.now and state.next and outcome.status >= 400:  # its other form, or the history
            self.poll = self.poll or call
            self.call = state.next
            return 0.0
        self.failed_polls, self.poll, self.remedy = 0, None, ""
        return self.apply(state, outcome)

    def _read_poll(self, call: Call, reply: Reply) -> JobState:
        try:
            state = self._provider.parse(call, reply)
            self.check_reply(call, state, reply)
            return state  # noqa: TRY300 - read here, so that a check that fails is caught, too
        except SegmindError:
            raise
        except Exception as error:
            _log.exception("The reply to a poll of %s cannot be read", self.job.id)
            raise ReplyError(f"The reply cannot be read: {error!r}") from error

    def _poll_again(self, error: SegmindError, outcome: Reply | SegmindError) -> float:
        """Return the pause before the next poll after one without a state."""
        self.failed_polls += 1
        self.call, self.poll = self.poll or self.call, None
        pause = poll_pause(self.failed_polls, outcome)
        if isinstance(outcome, Reply) and outcome.status == 429:
            self._transport.limit.back_off(pause)
        self.last_answer, self.remedy = summarize(error, outcome), remedy_of(error)
        message = "the service does not answer; trying again"
        if isinstance(outcome, Reply):
            message = "the service's answer has no status; trying again"
            if outcome.status == 429:
                message = "waiting for the service's rate limit"
        if self.failed_polls >= NAMED_FAILURES:
            message = (
                f"the job {self.job.id} continues; its status could not be read"
                f" {self.failed_polls} times ({self.last_answer}). {self.remedy}".rstrip(". ")
            )
        self.job.publish(message=message)
        pause = min(pause, max(0.0, self.watch_end - self._now()) + 0.01)
        if isinstance(outcome, Reply) and outcome.status == 429:
            return self._wait(pause, "the service replied with 429")
        return self._wait(pause, "try %d failed", self.failed_polls)

    def _next_pause(self, state: JobState) -> float:
        self.polled_at = age = self._age()
        if state.status is Status.QUEUED:
            self.queued_until = age
        if state.expected:
            self.usual = UsualTime(state.expected, trust=0.8)
        delay = self._transport.limit.delay
        economical = self._economical or delay > _MIN_CROWDED_DELAY
        interval = self._provider.poll_interval(self.call) if self.call else 0.0
        progress = {"queued": self.queued_until, "polls": self.polls}
        pause = next_poll(age, self.usual, interval, economical=economical, **progress)
        # in that case the limit is reported
        pause = min(pause, max(0.0, self.watch_end - self._now()) + 0.01)
        usual = f"{self.usual.seconds:.1f} s" if self.usual else "an unknown time"
        facts = state.status, age, usual, self._economical, delay
        reason = "%s for %.1f s of %s expected; economical: %s; rate limit delays by %.1f s"
        return self._wait(pause, reason, *facts)

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
