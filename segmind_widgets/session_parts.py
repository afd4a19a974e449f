"""The parts of one kernel: store, endpoints, budget and more; each is made on first use."""

from __future__ import annotations

import os
import threading
import uuid
import warnings
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast, overload

from segmind_widgets.secret import from_environment
from segmind_widgets.settings import Settings

if TYPE_CHECKING:
    from segmind_widgets.assets.thumbnails import Thumbnails
    from segmind_widgets.jobs.job import Job
    from segmind_widgets.network.directory import Directory
    from segmind_widgets.network.endpoints import Endpoints
    from segmind_widgets.network.keys import Keys
    from segmind_widgets.network.uploads import Uploads
    from segmind_widgets.planning.budget import Budget
    from segmind_widgets.planning.workflow_inputs import WorkflowInputs
    from segmind_widgets.storage.store import Store

T = TypeVar("T")


class OnFirstUse(Generic[T]):
    """A method whose value is computed once, on first use, under its object's `lock` (reentrant).

    `functools.cached_property` has had no lock since Python 3.12, so concurrent threads would each
    compute a value. As in that class, the value is stored in the object's `__dict__` and hides this
    descriptor.
    """

    def __init__(self, make: Callable[[Any], T]) -> None:
        self._make = make
        self._name = make.__name__
        self.__doc__ = make.__doc__

    @overload
    def __get__(self, owner: None, kind: type) -> OnFirstUse[T]: ...
    @overload
    def __get__(self, owner: object, kind: type) -> T: ...

    def __get__(self, owner: Any, kind: type) -> Any:
        if owner is None:
            return self
        with owner.lock:
            values = cast("dict[str, Any]", vars(owner))
            if self._name not in values:
                values[self._name] = self._make(owner)
            return values[self._name]


class SessionParts:
    """The parts of one kernel, each made on first use.

    Args:
        settings: the settings of the client, read at each use.
        on_begin: called with each job that is started or resumed.
    """

    def __init__(
        self, settings: Settings, on_begin: Callable[[Job], object] = lambda _: None
    ) -> None:
        self.settings = settings
        self._on_begin = on_begin
        self.lock = threading.RLock()  # held while a part is created

    @OnFirstUse
    def keys(self) -> Keys:
        """Return the keys of the accounts."""
        from segmind_widgets.network.keys import Keys

        return Keys()

    @OnFirstUse
    def store(self) -> Store:
        """Return the store: journal, upload cache and results."""
        from segmind_widgets.storage.store import Store, default_home

        if hasattr(os, "register_at_fork"):
            leave = weakref.WeakMethod(self._leave_to_parent)

            def leave_to_parent() -> None:
                if method := leave():
                    method()

            os.register_at_fork(after_in_child=leave_to_parent)
        home = self.settings.home
        store = Store(Path(home).expanduser() if home else default_home())
        if store.problem:
            warnings.warn(store.problem, UserWarning, stacklevel=3)
        return store

    @OnFirstUse
    def endpoints(self) -> Endpoints:
        """Return the endpoints: providers at their addresses."""
        from segmind_widgets.network.endpoints import Endpoints
        from segmind_widgets.network.shared_rate_limit import SharedRateLimits
        from segmind_widgets.storage.forms import StoredForms

        return Endpoints(
            self.keys,
            self._options,
            lambda: SharedRateLimits(self.store.rate_limits),
            lambda address, account: StoredForms(self.store, address, account),
            lambda: self.store.new_file("incoming", uuid.uuid4().hex, 0, ".part"),
        )

    @OnFirstUse
    def directory(self) -> Directory:
        """Return the directory of the models that the services list."""
        from segmind_widgets.network.directory import Directory

        return Directory(self.store)

    @OnFirstUse
    def uploads(self) -> Uploads:
        """Return the uploads, which send each content once."""
        from segmind_widgets.network.uploads import Uploads

        return Uploads(self.store, lambda: self.settings.keep_location)

    @OnFirstUse
    def thumbnails(self) -> Thumbnails:
        """Return the cache of thumbnails."""
        from segmind_widgets.assets.thumbnails import Thumbnails

        return Thumbnails(self.store.home / "thumbnails")

    @OnFirstUse
    def budget(self) -> Budget:
        """Return the budget, which counts the cost of this session's jobs."""
        from segmind_widgets.planning.budget import Budget

        return Budget(self.store.job)

    @OnFirstUse
    def workflows(self) -> WorkflowInputs:
        """Return the inputs of workflows, as far as they are known here."""
        from segmind_widgets.planning.workflow_inputs import WorkflowInputs

        return WorkflowInputs()

    def _options(self) -> dict[str, Any]:
        settings = self.settings
        provider = settings.provider or from_environment("SEGMIND_WIDGETS_PROVIDER")
        names = ("urls", "rate_limit", "image_objects", "sandbox_speed")
        return {"provider": provider, **{name: getattr(settings, name) for name in names}}

    def _watch_options(self) -> dict[str, Any]:
        settings = self.settings
        return {
            "economical": settings.economical,
            "watch_limit": settings.watch_limit,
            "recipes": settings.recipes,
        }

    def close(self) -> None:
        """Stop watching, close connections and the journal; jobs continue at their services."""
        parts = self._detach_parts()
        for name in ("deletions", "jobs", "endpoints", "store"):
            if name in parts:
                parts[name].close()

    def _detach_parts(self) -> dict[str, Any]:
        """Remove and return all parts except the keys; each is created again on next use."""
        with self.lock:
            every = [item for kind in type(self).__mro__ for item in vars(kind).items()]
            names = [name for name, value in every if isinstance(value, OnFirstUse)]
            parts = {name: vars(self).pop(name, None) for name in names if name != "keys"}
        return {name: value for name, value in parts.items() if value is not None}

    def _leave_to_parent(self) -> None:
        """Discard all parts in a forked process, which has none of the parent's threads."""
        self.lock = threading.RLock()  # a thread of the parent may have held the old lock
        self._inherited = self._detach_parts()  # freeing it would close the parent's files
