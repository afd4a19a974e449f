"""Who goes next where requests must wait: submits before polls, and polls without starving."""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from typing import Generic, Protocol, TypeVar

POLLS_PER_SUBMIT = (
    2  # what a job needs after its submit: the poll that sees its end, and its result
)


class Waiting(Protocol):
    """What a line asks of a watch."""

    @property
    def is_submit(self) -> bool:
        """Its next step is a submit."""
        ...


W = TypeVar("W", bound=Waiting)


class StepQueue(Generic[W]):
    """Steps that wait for places. Polls go in the order in which they were due.

    A submit goes first, and then `POLLS` polls, if so many wait. So where places are few, jobs
    begin as fast as others come to their end: a poll that has to wait meets a job that is done
    more often, until each job needs no more than these two. A result that is known to be ready
    goes before polls that may be in vain.
    """

    def __init__(self) -> None:
        self._submits: deque[W] = deque()
        self._polls: list[tuple[bool, float, int, W]] = []
        self._count = itertools.count()
        self._poll_turns = 0  # places that polls have before the next submit

    def __len__(self) -> int:
        return len(self._submits) + len(self._polls)

    def add(self, runner: W, due: float, *, immediate: bool = False) -> None:
        """Let it wait. `due` is the moment from which it waits; `sure` that it is not in vain."""
        if runner.is_submit:
            self._submits.append(runner)
        else:
            heapq.heappush(self._polls, (not immediate, due, next(self._count), runner))

    @property
    def first(self) -> W:
        """Who is next. Raises IndexError where nobody waits."""
        return self._submits[0] if self._is_submits_turn() else self._polls[0][-1]

    def pop(self) -> W:
        """Let the first go, at the cost of a place."""
        if self._is_submits_turn():
            self._poll_turns = POLLS_PER_SUBMIT
            return self._submits.popleft()
        self._poll_turns -= 1
        return heapq.heappop(self._polls)[-1]

    def drop(self) -> W:
        """Let the first go, at no cost: it needs its place no more."""
        if self._is_submits_turn():
            return self._submits.popleft()
        return heapq.heappop(self._polls)[-1]

    def _is_submits_turn(self) -> bool:
        return bool(self._submits) and (self._poll_turns <= 0 or not self._polls)
