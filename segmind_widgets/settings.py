"""What a client is made of, and how it is set. Each part is made when it is first used."""

from __future__ import annotations

import logging
import os
import warnings
import weakref
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from traitlets import Any as AnyTrait
from traitlets import Bool, Dict, Float, Int, Unicode
from traitlets.config import SingletonConfigurable

if TYPE_CHECKING:
    from segmind_widgets.assets.thumbnails import Thumbnails
    from segmind_widgets.jobs.job import Job
    from segmind_widgets.network.directory import Directory
    from segmind_widgets.network.endpoints import Places
    from segmind_widgets.network.keys import Keys
    from segmind_widgets.network.uploads import Uploads
    from segmind_widgets.storage.store import Store

_log = logging.getLogger(__name__)
_OPENED = (  # what is made anew after `close`
    "batches",
    "journal",
    "places",
    "store",
    "directory",
    "uploads",
    "thumbnails",
    "spending",
)


class Parts(SingletonConfigurable):
    """The settings, and the parts that need nothing but them. `close` ends what was made."""

    provider = Unicode(
        help="segmind, apimart or sandbox. Empty: SEGMIND_WIDGETS_PROVIDER, then the provider"
        " that has a key, then the sandbox."
    ).tag(config=True)
    home = Unicode(
        help="The folder of the journal and the results. Empty: SEGMIND_WIDGETS_HOME, then the"
        " user's data directory."
    ).tag(config=True)
    urls = Dict(
        help="Addresses by the names of their environment variables, such as SEGMIND_API_URL."
    ).tag(config=True)
    rate_limit = Float(
        None,
        allow_none=True,
        min=0,
        help="Requests a minute to one account, from all kernels together; 0: only what 429"
        " answers ask. None: 120, and no limit to a service on this machine.",
    ).tag(config=True)
    economical = Bool(help="Poll less often, for accounts with a small rate limit.").tag(
        config=True
    )
    check_inputs = Bool(
        True, help="Refuse inputs that the catalogue says are wrong; False only warns."
    ).tag(config=True)
    budget = Float(
        0.0,
        min=0,
        help="USD that this session may spend; what may go beyond is refused. 0: no limit."
        " On the sandbox it is play money.",
    ).tag(config=True)
    ask_above = Int(
        50, min=0, help="The magic asks before it sends more jobs than that at once."
    ).tag(config=True)
    watch_limit = Float(
        3600.0, min=1, help="Seconds after which a job is no longer watched; it goes on."
    ).tag(config=True)
    image_objects = Bool(help='Send APIMart image_urls as [{"url": …}].').tag(config=True)
    sandbox_speed = Float(10.0, min=0.1, help="How much faster the sandbox is than life.").tag(
        config=True
    )

    newest: Any = AnyTrait(None, help="The job begun or resumed last here. Follow it to see each.")

    @cached_property
    def keys(self) -> Keys:
        """Where keys are found and kept."""
        from segmind_widgets.network.keys import Keys

        return Keys()

    @cached_property
    def store(self) -> Store:
        """The journal, the upload cache and the results."""
        from segmind_widgets.storage.store import Store, default_home

        if hasattr(os, "register_at_fork"):
            leave = weakref.WeakMethod(self._leave_to_parent)
            os.register_at_fork(after_in_child=lambda: (leave() or list)())
        store = Store(Path(self.home).expanduser() if self.home else default_home())
        if store.problem:
            warnings.warn(store.problem, UserWarning, stacklevel=3)
        return store

    @cached_property
    def places(self) -> Places:
        """Providers where they are."""
        from segmind_widgets.network.endpoints import Places

        return Places(self.keys, self._options, lambda: self.store.limits)

    @cached_property
    def directory(self) -> Directory:
        """Models as the services list them."""
        from segmind_widgets.network.directory import Directory

        return Directory(self.store)

    @cached_property
    def uploads(self) -> Uploads:
        """Uploads, each content once."""
        from segmind_widgets.network.uploads import Uploads

        return Uploads(self.store)

    @cached_property
    def thumbnails(self) -> Thumbnails:
        """Small pictures of files, each made once."""
        from segmind_widgets.assets.thumbnails import Thumbnails

        return Thumbnails(self.store.home / "thumbnails")

    def _options(self) -> dict[str, Any]:
        provider = self.provider or os.environ.get("SEGMIND_WIDGETS_PROVIDER", "")
        names = ("urls", "rate_limit", "image_objects", "sandbox_speed")
        return {"provider": provider, **{name: getattr(self, name) for name in names}}

    def _pace(self) -> dict[str, Any]:
        return {"economical": self.economical, "limit": self.watch_limit}

    def _begun(self, job: Job) -> None:
        try:
            self.newest = job
        except Exception:  # noqa: BLE001 - an observer's fault must not cost the job
            _log.exception("An observer of the newest job failed")

    def close(self) -> None:
        """Stop watching, close connections and the journal; jobs go on at their services."""
        made = vars(self)
        for name in ("batches", "journal", "places", "store"):
            if name in made:
                made[name].close()
        for name in _OPENED:
            made.pop(name, None)

    def _leave_to_parent(self) -> None:
        """In a forked process: begin anew. The parent's threads are not here, its files are its."""
        self._inherited = {name: vars(self).pop(name) for name in _OPENED if name in vars(self)}
