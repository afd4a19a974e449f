"""Observers of jobs and batches, in which an error stops neither the job nor the others."""

from __future__ import annotations

import logging
import traceback
import weakref
from collections.abc import Callable
from typing import Any

from traitlets import All, HasTraits, Unicode
from traitlets import Any as AnyTrait

_log = logging.getLogger(__name__)


class Guarded:
    """An observer whose errors are logged and noted on the observed object.

    It holds no reference to that object, so that the object can be freed.
    """

    def __init__(self, handler: Callable[[Any], object]) -> None:
        self._handler = handler
        self._reported: set[tuple[str, type[Exception]]] = set()  # by trait

    def __call__(self, change: Any) -> None:
        """Call the observer; log its error and note it on the owner."""
        try:
            self._handler(change)
        except Exception as error:  # noqa: BLE001 - a person's callback
            self._report(change, error)

    def _report(self, change: Any, error: Exception) -> None:
        kind = (change["name"], type(error))
        if kind in self._reported:  # called ten times a second
            return
        self._reported.add(kind)
        owner: Observable = change["owner"]
        name = type(error).__name__  # the error's own words may hold a key
        frames = traceback.extract_tb(error.__traceback__)
        places = "".join(f"\n  {f.filename}, line {f.lineno}, in {f.name}" for f in frames)
        _log.error("An observer of %r failed: %s%s", owner, name, places)
        # otherwise an observer of all traits would call itself
        if change["name"] != "observer_error":
            place = f"{frames[-1].name}, line {frames[-1].lineno}"
            owner.observer_error = f"A callback failed: {name} in {place}."

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
        super().observe(Guarded(handler), names, type)

    def unobserve(
        self,
        handler: Callable[..., Any],
        names: Any = All,
        type: Any = "change",  # noqa: A002 - traitlets' own name
    ) -> None:
        """Remove a handler."""
        super().unobserve(Guarded(handler), names, type)


class WeakTrait(AnyTrait):
    """An object that the trait does not keep alive; None once it is gone. Each set is a change."""

    default_value = None

    def get(self, obj: HasTraits, cls: type | None = None) -> Any:
        """Return the object, or None."""
        reference = super().get(obj, cls)
        return None if reference is None else reference()

    def set(self, obj: HasTraits, value: Any) -> None:
        """Set the object, and call the observers with it."""
        name, before = str(self.name), self.get(obj)
        obj._trait_values[name] = weakref.ref(value)  # noqa: SLF001 - as `TraitType.set` does
        obj._notify_trait(name, before, value)  # noqa: SLF001
