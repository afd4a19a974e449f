"""Find a request whose reply was lost, or whose results are gone, in the service's history.

A job whose id is known is asked by its id. If the service does not know the id, its history is
searched by model, time and inputs among the requests that are not in this journal. This module
sends nothing: a job runner sends each call and passes the reply on.
"""

from __future__ import annotations

from segmind_widgets.errors import DownloadError, SegmindError, SubmitUnknown
from segmind_widgets.jobs.history_search import HistorySearch
from segmind_widgets.providers import Provider
from segmind_widgets.providers._completion import names_a_status
from segmind_widgets.storage.store import Store
from segmind_widgets.types import Call, JobState, Reply

_UNKNOWN_ID = (400, 404, 410)  # codes for an id that the service does not have
_NOT_FOUND = "It was not found in the history of {}; resuming it looks again."


class Recovery:
    """The search for one lost job, done at most once. `error` is the error that lost it, or None.

    Args:
        key: the row of the job.
    """

    def __init__(
        self, provider: Provider, store: Store, key: str, error: SegmindError | None = None
    ) -> None:
        self.error = error
        self.has_begun = False
        self._provider, self._store, self._key = provider, store, key
        self._search: HistorySearch | None = None
        self._asked_id: str | None = None  # until the service has answered
        self._later: HistorySearch | None = None

    @property
    def is_under_way(self) -> bool:
        """Return whether the next reply is about the lost job, by the history or by its id."""
        return self.has_begun and self.error is not None

    @property
    def is_searching(self) -> bool:
        """Return whether the next reply is a page of the history."""
        return self._search is not None

    def begin(self, error: SegmindError) -> Call | None:
        """Return the first call of a search for a lost job; None for other errors."""
        is_gone = isinstance(error, DownloadError) and error.is_gone
        if self.has_begun or not (is_gone or isinstance(error, SubmitUnknown)):
            return None
        self.error, self.has_begun = error, True
        search = HistorySearch(self._provider, self._store, self._key, error.request_id)
        history = search.call
        job_id = search.id or (error.request_id if history else None)  # else it names a gateway's
        if job_id and not (is_gone and history):
            self._asked_id, self._later = job_id, search
            return self._provider.find(job_id)
        self._search = search if history else None
        return history

    def search_instead(self, reply: Reply) -> bool:
        """Return whether the service, asked by the id, does not have the job: search the history.

        Raises:
            SegmindError: the error that lost the job, if there is no history.
        """
        job_id, search = self._asked_id, self._later
        self._asked_id = self._later = None
        if search is None or not job_id:
            return False
        is_known = reply.status not in _UNKNOWN_ID and names_a_status(reply)
        if is_known and self._store.adopt(self._key, job_id):
            return False
        if search.call is None and self.error:
            raise self.error
        self._search = search
        return True

    def read(self, reply: Reply) -> JobState | None:
        """Return the state of the request from a page; None if it is not on the page.

        Raises:
            SegmindError: the service refused, or its reply cannot be understood.
        """
        state = self._search.read(reply) if self._search else None
        if state and state.id and self._store.adopt(self._key, state.id):
            self._search = None
            return state
        return None

    def next_page(self) -> tuple[Call | None, float]:
        """Return the call for the next page, and the seconds to wait before it.

        Raises:
            SegmindError: the error that lost the job, if there are no further pages.
        """
        search, pause = self._search, 0.0
        if search and search.call is None:
            seconds = search.next_round()
            if seconds is None and self.error:
                raise self.error
            pause = seconds or 0.0
        return search.call if search else None, pause

    def give_up(self, error: SegmindError) -> SegmindError:
        """End the search; return the job's error, with a hint if the history was searched."""
        if self._search:
            error = error.with_hint(f"{error.hint} {_NOT_FOUND.format(self._provider.title)}")
        self._search = None
        return error
