"""The order of steps that wait for the rate limit: submits first, but polls are never starved."""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from typing import Generic, Protocol, TypeVar

POLLS_PER_SUBMIT = 2  # the poll that finds the job done, and the one for its result


class Waiting(Protocol):
    """The attribute of a job runner that orders the queue."""

    @property
    def is_submit(self) -> bool:
        """Return whether its next step is a submit."""
        ...


W = TypeVar("W", bound=Waiting)


class StepQueue(Generic[W]):
    """Steps that wait for the rate limit; polls go in the order in which they were due.

    Each submit is followed by `POLLS_PER_SUBMIT` polls, if that many are waiting. Under a low
    limit, jobs then start as fast as others end: the longer a poll waits, the more likely it finds
    the job done, so that in the end each job needs only these two polls. An immediate step, such as
    fetching the result of a finished job, goes before other polls.
    """

    def __init__(self) -> None:
        self._submits: deque[W] = deque()
        self._polls: list[tuple[bool, float, int, W]] = []
        self._count = itertools.count()
        self._poll_turns = 0  # polls that go before the next submit

    def __len__(self) -> int:
        return len(self._submits) + len(self._polls)

    def add(self, runner: W, due: float, *, immediate: bool = False) -> None:
        """Add a runner whose step became due at `due`; `immediate` steps go before other polls."""
        if runner.is_submit:
            self._submits.append(runner)
        else:
            heapq.heappush(self._polls, (not immediate, due, next(self._count), runner))

    @property
    def first(self) -> W:
        """Return the next runner. Raises IndexError for an empty queue."""
        return self._submits[0] if self._is_submits_turn() else self._polls[0][-1]

    def pop(self) -> W:
        """Remove and return the first, which uses a slot of the rate limit."""
        if self._is_submits_turn():
            self._poll_turns = POLLS_PER_SUBMIT
            return self._submits.popleft()
        self._poll_turns -= 1
        return heapq.heappop(self._polls)[-1]

    def drop(self) -> W:
        """Remove and return the first without using a slot of the rate limit."""
        if self._is_submits_turn():
            return self._submits.popleft()
        return heapq.heappop(self._polls)[-1]

    def _is_submits_turn(self) -> bool:
        return bool(self._submits) and (self._poll_turns <= 0 or not self._polls)
