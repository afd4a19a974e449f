"""Observers of jobs and batches: an error in one of them ends neither the job nor the others."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from traitlets import All, HasTraits, Unicode

_log = logging.getLogger(__name__)
_MAX_TEXT = 200  # characters of an error in a view


class Guarded:
    """An observer whose errors are logged and noted on the observed object."""

    def __init__(self, owner: Observable, handler: Callable[[Any], object]) -> None:
        self._owner = owner
        self._handler = handler

    def __call__(self, change: Any) -> None:
        """Call the observer; log its error and note it on the owner."""
        try:
            self._handler(change)
        except Exception as error:  # noqa: BLE001 - a person's callback
            _log.exception("An observer of %r failed", self._owner)
            text = " ".join(f"A callback failed: {type(error).__name__}: {error}".split())
            if self._owner.observer_error != text[:_MAX_TEXT]:
                self._owner.observer_error = text[:_MAX_TEXT]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Guarded) and self._handler == other._handler

    def __hash__(self) -> int:
        return hash(self._handler)


class Observable(HasTraits):
    """An object whose observers may fail: the error is logged, and named in `observer_error`."""

    observer_error = Unicode(help="The last error of a callback that observes this object.")

    def observe(
        self,
        handler: Callable[..., Any],
        names: Any = All,
        type: Any = "change",  # noqa: A002 - traitlets' own name
    ) -> None:
        """Call `handler` after each change of the named traits, as traitlets does."""
        super().observe(Guarded(self, handler), names, type)

    def unobserve(
        self,
        handler: Callable[..., Any],
        names: Any = All,
        type: Any = "change",  # noqa: A002 - traitlets' own name
    ) -> None:
        """Remove a handler."""
        super().unobserve(Guarded(self, handler), names, type)
