"""Search the pages of a service's history for one request.

The search is by id if that is known, otherwise by model, time and inputs among the requests that
are not in this journal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import Any

from segmind_widgets.providers import Provider
from segmind_widgets.storage.store import Store
from segmind_widgets.types import Call, HistoryEntry, JobState, Reply

BEFORE = timedelta(minutes=2)  # clocks differ a little; `_clock_skew` corrects large differences
AFTER = timedelta(minutes=15)  # a v1 run may be recorded when it ends
_MAX_PAGES = 20  # of 100 rows
_ROUND_PAUSES = (2.0, 6.0, 18.0)  # seconds; a service may write its history a little later
_RETRY_AGE = timedelta(minutes=2)
_MIN_SKEW, _MAX_SKEW = timedelta(seconds=30), timedelta(days=1)


class PageOrder:
    """The order in which pages of a history are read, whose newest entries come first.

    Pages that are newer than the wanted span are skipped: the number of the page is doubled until
    one is not, and the first such page is found by halving. Then pages are read one by one, until
    one is older than the span. Where the entries of a page are not in this order, nothing is
    skipped.
    """

    def __init__(self) -> None:
        self._passed = 0  # the last page that is known to be before the first wanted one, or read
        self._reached = 0  # a page that is not newer than the span; 0 for none yet
        self._count = 0  # pages that were read one by one

    def after(
        self,
        page: int,
        moments: Sequence[datetime],
        wanted: tuple[datetime, datetime],
        *,
        is_empty: bool,
    ) -> int:
        """Return the page to read after this one; 0 if there is none.

        Args:
            page: its number, from 1 on.
            moments: the times of its entries.
            wanted: the span of time.
            is_empty: whether it has no entries, so that it is behind the last one.
        """
        earliest, latest = wanted
        is_sorted = list(moments) == sorted(moments, reverse=True)
        is_sorted = is_sorted and len(set(moments)) > 1  # else it shows no order
        if is_sorted and moments[-1] > latest:
            self._passed = page
            return max(page + 1, (page + self._reached) // 2) if self._reached else 2 * page
        if page - self._passed > 1:  # pages were skipped
            self._reached = page
            return (self._passed + page) // 2
        self._passed = page
        self._count += 1
        is_older = is_sorted and moments[-1] < earliest
        return 0 if is_empty or is_older or self._count >= _MAX_PAGES else page + 1


class HistorySearch:
    """A search through the history, page by page.

    Args:
        key: the row of the job, with its inputs and the time of its submit.
        hint: a possible id, from an incomplete reply.
    """

    def __init__(self, provider: Provider, store: Store, key: str, hint: str | None = None) -> None:
        self._provider, self._store = provider, store
        self._row = store.job(key)
        self.id: str | None = self._row["id"]
        self._hint = self.id or hint or ""
        self._sent = datetime.fromisoformat(self._row["sent"] or self._row["created"])
        self._rounds = (
            list(_ROUND_PAUSES) if datetime.now(self._sent.tzinfo) - self._sent < _RETRY_AGE else []
        )
        self._page = 1
        self._pages = PageOrder()
        self._entries: dict[str, HistoryEntry] = {}  # those that may be the job's
        self._skew = timedelta()

    @property
    def call(self) -> Call | None:
        """Return the call for the next page; None if there is no next page or no history."""
        if not self._page or self._row["kind"] != "model":
            return None
        span = self._sent - BEFORE, self._sent + AFTER
        return self._provider.history_call(self._row["target"], *span, page=self._page)

    def read(self, reply: Reply) -> JobState | None:
        """Return the state of the request; None if no page so far has it.

        Raises:
            SegmindError: the service refused, or its reply cannot be understood.
        """
        self._skew = _clock_skew(reply)
        rows = self._provider.parse_history(reply)
        for past in rows:
            if past.id == self._hint or agree(self._row["inputs"], past.inputs):
                self._keep(past)
        moments = [past.created for past in rows if past.created]
        self._page = self._pages.after(self._page, moments, self._wanted, is_empty=not rows)
        return None if self._page else self._best()

    def _keep(self, past: HistoryEntry) -> None:
        """Keep an entry that may be the job's; the history has a row for each of its outputs."""
        earlier = self._entries.get(past.id)
        if earlier:
            present = earlier.state.outputs
            outputs = (*present, *(one for one in past.state.outputs if one not in present))
            past = replace(past, state=replace(earlier.state, outputs=outputs))
        self._entries[past.id] = past

    @property
    def _wanted(self) -> tuple[datetime, datetime]:
        """Return the span of time in which an entry may be better than the best one so far."""
        moments = self._moments
        earliest, latest = min(moments) - BEFORE, max(moments) + AFTER
        own = self._entries.get(self._hint)
        if own and own.created:
            return own.created, latest
        fitting = self._fitting()
        if fitting:
            other_seed, count, distance, _ = min(fitting)
            if not other_seed and count == len(self._row["inputs"]):  # only a nearer one is better
                earliest = max(earliest, min(moments) - distance)
        return earliest, latest

    def next_round(self) -> float | None:
        """Start again from the first page; return the seconds to wait first, or None to give up."""
        if not self._rounds:
            return None
        self._page, self._pages, self._entries = 1, PageOrder(), {}
        return self._rounds.pop(0)

    def _best(self) -> JobState | None:
        own = self._entries.get(self._hint)
        if own:
            return own.state
        if self._rounds and self._has_twins():
            return None
        fitting = self._fitting()
        return self._entries[min(fitting)[-1]].state if fitting else None

    @property
    def _moments(self) -> tuple[datetime, datetime]:
        """Return when it was sent, by our clock then and by the service's."""
        return self._sent, self._sent + self._skew  # our clock may have been corrected since

    def _fitting(self) -> list[tuple[bool, int, timedelta, str]]:
        """Return the entries that may be the job's, for the smallest to be chosen."""
        moments, seed = self._moments, self._row["inputs"].get("seed")
        return [
            (
                past.inputs.get("seed") != seed,
                len(past.inputs),
                min(abs(past.created - sent) for sent in moments),
                past.id,
            )
            for past in self._entries.values()
            if past.created
            and any(sent - BEFORE <= past.created <= sent + AFTER for sent in moments)
            and not self._store.knows(past.id)
        ]

    def _has_twins(self) -> bool:
        """Return whether equal requests also have no id yet: the entry may be theirs."""
        rows = self._store.jobs(1000, unfinished=True, target=self._row["target"])
        return any(
            row["sent"] and not row["id"] and row["inputs"] == self._row["inputs"]
            for row in rows
            if row["key"] != self._row["key"]
        )


def _clock_skew(reply: Reply) -> timedelta:
    """Return how far the service's clock is ahead of ours; zero if unknown or small."""
    try:
        when = parsedate_to_datetime(reply.headers.get("date", ""))
        skew = when - datetime.now(timezone.utc)
    except (ValueError, TypeError, OverflowError):  # no date, or one without a zone
        return timedelta()
    return skew if _MIN_SKEW < abs(skew) < _MAX_SKEW else timedelta()


def agree(sent: Mapping[str, Any], remembered: Mapping[str, Any]) -> bool:
    """Return whether the inputs in the history include all inputs that were sent.

    A service may add defaults, shorten long texts, and replace the seed -1 by the one it chose.
    """
    return all(
        name in remembered and (_equal(value, remembered[name]) or (name, value) == ("seed", -1))
        for name, value in sent.items()
    )


def _equal(sent: Any, remembered: Any) -> bool:
    if isinstance(sent, str) and ", sha256 " in sent and sent.startswith("<"):
        return bool(remembered)  # see planning.inputs.placeholder: a file sent within the request
    if isinstance(sent, str) and isinstance(remembered, str) and len(remembered) < len(sent):
        return remembered[:100] == sent[:100] and "…" in remembered[100:]
    return sent == remembered
