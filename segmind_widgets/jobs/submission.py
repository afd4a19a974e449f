"""Whether a job's submit may still be withdrawn: decided right before the request is written."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from segmind_widgets.errors import JobCancelled, StoreError
from segmind_widgets.storage.store import Store
from segmind_widgets.types import Status


class Submission:
    """The submit of one job: waiting, on the wire or accepted, or withdrawn.

    `begin` and `withdraw` exclude each other, so a submit that was withdrawn is never sent, and
    one that is being sent goes on.

    Args:
        store: has the row of the job.
        key: the row.
        model: the job's model or workflow, for the message.
    """

    def __init__(self, store: Store, key: str, model: str) -> None:
        self._store, self._key = store, key
        self._text = f"{model} was never sent: it was stopped before. Nothing was billed."
        self._lock = threading.Lock()
        self._is_sending = False
        self._is_withdrawn = False
        self._is_unwanted = False
        self._is_lost = False
        self._is_doubtful = False
        self.recall: Callable[[], bool] | None = None
        """Takes the submit back from a worker; returns False where the worker has begun it."""

    @property
    def is_withdrawn(self) -> bool:
        """Return whether it was withdrawn."""
        return self._is_withdrawn

    @property
    def error(self) -> JobCancelled:
        """Return the error of a job that was withdrawn."""
        return JobCancelled(self._text)

    @property
    def is_unwanted(self) -> bool:
        """Return whether `withdraw` was called, even where it was too late."""
        return self._is_unwanted

    @property
    def is_lost(self) -> bool:
        """Return whether it was sent and its reply was lost, so that only the job is looked for."""
        return self._is_lost

    def begin(self) -> bool:
        """Mark it as being sent; return False where it was withdrawn and must not be sent."""
        with self._lock:
            self._is_sending = not self._is_withdrawn
            self._is_lost = False
            return self._is_sending

    def lose(self) -> None:
        """Mark its reply as lost: the service is asked for the job, which may take a while."""
        self._is_lost = True

    def refuse(self) -> None:
        """Mark it as not accepted, to be sent again: until then it may be withdrawn."""
        with self._lock:
            self._is_sending = self._is_doubtful

    @property
    def is_doubtful(self) -> bool:
        """Return whether an earlier try may have been accepted."""
        return self._is_doubtful

    def doubt(self) -> None:
        """Mark it as perhaps accepted, though it is sent again: it can no longer be withdrawn."""
        with self._lock:
            self._is_doubtful = self._is_sending = True

    def withdraw(self) -> bool:
        """Withdraw it and record that in the journal; return False where it was sent."""
        self._is_unwanted = True  # before it reads `recall`, which may be about to be set
        with self._lock:
            if self._is_sending and (self._is_doubtful or not (self.recall and self.recall())):
                return False
            if not self._is_withdrawn:
                self._is_withdrawn = True
                with suppress(StoreError):  # the row is not marked as sent, which says the same
                    columns: dict[str, Any] = {"status": str(Status.CANCELLED), "error": self._text}
                    columns |= {"owner": None, "sent": None}
                    self._store.update(self._key, **columns)
            return True
