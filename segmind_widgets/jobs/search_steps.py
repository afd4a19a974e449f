"""What follows the answers in a search of the service's history."""

from __future__ import annotations

from segmind_widgets.errors import (
    SegmindError,
)
from segmind_widgets.jobs.answers import (
    Unsettled,
)
from segmind_widgets.jobs.recovery import Recovery
from segmind_widgets.jobs.run_state import RunState
from segmind_widgets.network.retry import retry_delay
from segmind_widgets.types import Call, Reply, Status


class SearchSteps(RunState):
    """What follows the answers in a search of the service's history."""

    def _search(self, call: Call) -> float:
        """Begin to look for the job in the service's history."""
        self.call, self.tries = call, 0
        if self.job.submission:
            self.job.submission.lose()
        self.job.publish(message=f"searching the history of {self._provider.title}")
        return 0.0

    def _after_search_call(self, call: Call, outcome: Reply | SegmindError) -> float | None:
        pause = retry_delay(call, outcome, self.tries)
        if pause is not None:
            return self._retry_later(outcome, pause)
        if isinstance(outcome, SegmindError):
            raise outcome
        if self.recovery.is_searching:
            return self._read_history(outcome)
        if self.recovery.search_instead(outcome):
            self.call, _ = self.recovery.next_page()
            return 0.0
        return self.parse(call, outcome)

    def _read_history(self, reply: Reply) -> float | None:
        """Read a page of the history: apply the state on it, or continue with the next page."""
        self.tries = 0
        state = self.recovery.read(reply)
        if state:
            return self.apply(state, reply)
        try:
            self.call, pause = self.recovery.next_page()
        except SegmindError:
            if self.unsettled:
                return self._not_in_history(self.unsettled)
            raise
        return self._wait(pause, "the next page of the history")

    def _not_in_history(self, unsettled: Unsettled) -> float | None:
        """Send a submit once more that the history does not have, or end with its error."""
        self.unsettled = None
        self.recovery = Recovery(self._provider, self._store, self._key)
        if unsettled.call is None:
            return self._end(Status.FAILED, unsettled.error, {}, {})
        self.is_repeated, self.call = True, unsettled.call
        if self.job.submission:
            self.job.submission.doubt()
        self.job.publish(message="the service did not take the request; sending it again, once")
        pause = max(0.0, unsettled.not_before - self._now())
        return self._wait(pause, "the history does not have the request")
