"""What follows the answers to submits, by the table of `providers._submits`."""

from __future__ import annotations

from dataclasses import replace

from segmind_widgets.errors import (
    SegmindError,
    SubmitUnknown,
    Unreachable,
)
from segmind_widgets.jobs.answers import (
    MAX_REPEATS,
    REPEAT_PAUSES,
    Unsettled,
    enveloped,
    error_of,
    is_proof_of_arrival,
    next_repeat,
    submit_answer,
    wait_of,
)
from segmind_widgets.jobs.run_state import RunState
from segmind_widgets.network.retry import retry_delay
from segmind_widgets.providers._replies import hidden_submit
from segmind_widgets.providers._submits import TABLE, Action, Answer, Service
from segmind_widgets.types import Call, Reply


class SubmitSteps(RunState):
    """What follows the answers to submits, by the table of `providers._submits`."""

    def _after_submit(self, call: Call, outcome: Reply | SegmindError) -> float | None:
        """Go on as the table of submits says."""
        service = self._provider.submit_service(call)
        answer = submit_answer(outcome)
        if isinstance(outcome, Reply) and answer in (Answer.SUCCESS, Answer.REFUSAL):
            try:
                return self.parse(call, outcome)
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
            pause = retry_delay(call, outcome, self.tries)
            if pause is None:
                raise error_of(outcome)
            return self._retry_later(outcome, pause)
        if action in (Action.LOOK_UP_OR_FAIL, Action.LOOK_UP_OR_REPEAT):
            if service is Service.NOTHING:
                raise error_of(outcome)
            is_repeated = self.is_repeated or action is Action.LOOK_UP_OR_FAIL
            when = self._now() + max(1.0, wait_of(outcome))
            self.unsettled = Unsettled(None if is_repeated else call, error_of(outcome), when)
        return self._after_lost_submit(call, outcome, action)

    def _after_unsent_submit(self, call: Call, error: SegmindError) -> float | None:
        """Go on after an error before a byte of the request was written."""
        if call.repeats and isinstance(error, Unreachable):
            return self._after_lost_submit(call, error, Action.SAME_KEY)
        pause = None if call.repeats else retry_delay(call, error, self.tries)
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
            self.call = replace(call, repeats=MAX_REPEATS)
        if call.repeats or action is Action.SAME_KEY:
            again = None if is_arrived else self._next_repeat(call, outcome)
            if again is None:
                raise self._doubted(call, error) from error.__cause__
            return again
        raise error

    def _next_repeat(self, call: Call, outcome: Reply | SegmindError) -> float | None:
        """Prepare the identical request; return the pause before it, None if none is left."""
        if self.repeats >= len(REPEAT_PAUSES):
            return None
        pause = max(wait_of(outcome), REPEAT_PAUSES[self.repeats])
        again = next_repeat(call, self._store.job(self._key)["sent"], pause)
        if again is None:
            return None
        self.repeats += 1
        self.call = again
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

    def _may_repeat(self, call: Call) -> bool:
        """Return whether a resume may ask again for a submit whose reply was lost."""
        return (
            call.billed
            and self._provider.submit_service(call) is Service.KEY
            and next_repeat(call, self._store.job(self._key)["sent"]) is not None
        )
