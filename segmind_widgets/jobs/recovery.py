"""Finds a request again whose reply was lost, or whose results are gone, in the service's history.

By its id where that is known, else by model, time and inputs, among the requests that this
journal does not know. Sends nothing itself: a watch sends `call` and has the reply read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import Any

from segmind_widgets.providers import Provider
from segmind_widgets.storage.store import Store
from segmind_widgets.types import Call, HistoryEntry, JobState, Reply

BEFORE = timedelta(minutes=2)  # clocks differ a little; by how much more, a reply's date tells
AFTER = timedelta(minutes=15)  # a v1 run may be written down when it ends
_MAX_PAGES = 20  # of 100 rows
_ROUND_PAUSES = (2.0, 6.0, 18.0)  # seconds: a service may write its history a little later
_RETRY_AGE = timedelta(minutes=2)
_MIN_SKEW, _MAX_SKEW = timedelta(seconds=30), timedelta(days=1)


class HistorySearch:
    """A search, page by page.

    Args:
        key: the row of the job; it says what was sent, and when.
        hint: what may be its id, where a reply began to tell one.
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
        self._entries: dict[str, HistoryEntry] = {}
        self._skew = timedelta()

    @property
    def call(self) -> Call | None:
        """The next page to ask for; None where there is none, or no history."""
        if not self._page or self._row["kind"] != "model":
            return None
        span = self._sent - BEFORE, self._sent + AFTER
        return self._provider.history_call(self._row["target"], *span, page=self._page)

    def read(self, reply: Reply) -> JobState | None:
        """What the history says of the request, or None: not on this page, or nowhere.

        Raises:
            SegmindError: the service refused, or cannot be understood.
        """
        self._skew = _clock_skew(reply)
        rows = self._provider.parse_history(reply)
        for past in rows:
            known = self._entries.get(past.id)
            state = past.state
            if known:  # a row for each output
                state = replace(known.state, outputs=known.state.outputs + past.state.outputs)
            self._entries[past.id] = replace(past, state=state)
        more = rows and self._page < _MAX_PAGES
        self._page = self._page + 1 if more else 0
        return None if more else self._best()

    def next_round(self) -> float | None:
        """Seconds after which a new round may find it, from the first page; None: give up."""
        if not self._rounds:
            return None
        self._page, self._entries = 1, {}
        return self._rounds.pop(0)

    def _best(self) -> JobState | None:
        own = self._entries.get(self._hint)
        if own:
            return own.state
        if self._rounds and self._has_twins():
            return None
        moments = self._sent, self._sent + self._skew  # our clock may have been put right since
        seed = self._row["inputs"].get("seed")
        fitting = [
            (
                past.inputs.get("seed") != seed,
                len(past.inputs),
                min(abs(past.created - sent) for sent in moments),
                past.id,
            )
            for past in self._entries.values()
            if past.created
            and any(sent - BEFORE <= past.created <= sent + AFTER for sent in moments)
            and agree(self._row["inputs"], past.inputs)
            and not self._store.knows(past.id)
        ]
        return self._entries[min(fitting)[-1]].state if fitting else None

    def _has_twins(self) -> bool:
        """Others that ask for the very same wait for their ids: what is found may be theirs."""
        rows = self._store.jobs(1000, unfinished=True, target=self._row["target"])
        return any(
            row["sent"] and not row["id"] and row["inputs"] == self._row["inputs"]
            for row in rows
            if row["key"] != self._row["key"]
        )


def _clock_skew(reply: Reply) -> timedelta:
    """How far the service's clock is ahead of ours; nothing where it does not say, or hardly."""
    try:
        when = parsedate_to_datetime(reply.headers.get("date", ""))
        skew = when - datetime.now(timezone.utc)
    except (ValueError, TypeError, OverflowError):  # no date, or one without a zone
        return timedelta()
    return skew if _MIN_SKEW < abs(skew) < _MAX_SKEW else timedelta()


def agree(sent: Mapping[str, Any], remembered: Mapping[str, Any]) -> bool:
    """All that was sent is remembered; a service may add defaults, and shorten what is long.

    The seed -1 is a new one each time, and a service may remember which it was.
    """
    return all(
        name in remembered and (_equal(value, remembered[name]) or (name, value) == ("seed", -1))
        for name, value in sent.items()
    )


def _equal(sent: Any, remembered: Any) -> bool:
    if isinstance(sent, str) and ", sha256 " in sent and sent.startswith("<"):
        return bool(remembered)  # preparing.named: a file within the request
    if isinstance(sent, str) and isinstance(remembered, str) and len(remembered) < len(sent):
        return remembered[:100] == sent[:100] and "…" in remembered[100:]
    return sent == remembered
