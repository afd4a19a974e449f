"""Stop, or Ctrl-C, as one line in a notebook, without the frames that it interrupted."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import isfunction
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from typing_extensions import ParamSpec

    P = ParamSpec("P")

R = TypeVar("R")
C = TypeVar("C", bound=type)


class Stopped(KeyboardInterrupt):
    """An interrupt that a notebook shows as a sentence. Programs see a KeyboardInterrupt."""

    def __init__(
        self, message: str = "You pressed Stop; jobs that were submitted continue.", hint: str = ""
    ) -> None:
        super().__init__(message)
        self.hint = hint or "%segmind_jobs shows them."

    def _render_traceback_(self) -> list[str]:
        """Return one line in place of a traceback (IPython calls this)."""
        return [f"{self} {self.hint}"]


def stoppable(function: Callable[P, R]) -> Callable[P, R]:
    """Raise `Stopped` in place of a KeyboardInterrupt, with none of the interrupted frames."""

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except KeyboardInterrupt as error:
            stopped = error if isinstance(error, Stopped) else Stopped()
            stopped.__traceback__ = None
        try:
            raise stopped
        finally:  # an error that a generator was handling when it was interrupted
            stopped.__context__ = None

    return call


def stoppable_class(kind: C) -> C:
    """Make all public methods of a class stoppable."""
    for name, value in list(vars(kind).items()):
        if isfunction(value) and not name.startswith("_"):
            setattr(kind, name, stoppable(value))
    return kind
