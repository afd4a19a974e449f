"""The models that the services list, fetched at most once a day and kept for offline use.

No run waits for a list: the last one serves, or the built-in models, while it is fetched.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from dataclasses import dataclass

from segmind_widgets.background import NotYet, Result, run_in_background
from segmind_widgets.catalog.catalog import Catalog, parse_directory
from segmind_widgets.errors import SegmindError
from segmind_widgets.network.endpoints import Endpoint
from segmind_widgets.network.model_pages import ModelPages
from segmind_widgets.storage.store import Store
from segmind_widgets.types import Model, Reply

_ANY_AGE = 24.0 * 365 * 100  # hours
_MAX_AGE = 86400.0  # seconds
_RETRY_AFTER = 600.0  # seconds before a failed directory is requested again
_PATIENCE = 2.0  # seconds that a run waits for a list without which it cannot be checked


@dataclass
class _Listing:
    """The models of an endpoint, and the fetch of its list that is running."""

    catalog: Catalog
    expires: float  # by the monotonic clock
    fetch: Result[None] | None = None

    @property
    def is_old(self) -> bool:
        return time.monotonic() >= self.expires


class Directory:
    """Catalogs by endpoint. If a service does not answer, its last list is used.

    `pages` has the parameters that only the models' own pages give.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self.pages = ModelPages(store)
        self._listings: dict[tuple[str, bool, str], _Listing] = {}
        self._lock = threading.Lock()

    def catalog(self, endpoint: Endpoint) -> Catalog:
        """Return all models of an endpoint's provider; wait for the list when it is old."""
        listing = self._listing(endpoint)
        if listing.is_old:
            self._fetch_aside(endpoint, listing)()
        return listing.catalog

    def known(self, endpoint: Endpoint) -> Catalog:
        """Return the models as far as they are known here; only a sandbox is asked."""
        return self.catalog(endpoint) if endpoint.sandbox else self._listing(endpoint).catalog

    def find(
        self,
        slug: str,
        endpoint: Endpoint,
        *,
        needs_price: bool = False,
        patience: float = 0.0,
    ) -> Model | None:
        """Return a model by its slug, or None; old lists and pages are fetched beside the caller.

        The list is waited for, at most two seconds, where it decides: the model is not known here,
        or its price is needed, and no list has it yet. `patience` is the most seconds to wait for
        the model's own page.
        """
        model = self.known_model(slug, endpoint)
        listing = self._listing(endpoint)
        if listing.is_old:
            wait = self._fetch_aside(endpoint, listing)
            has_price = model is not None and model.cost is not None and listing.catalog.is_live
            if model is None or (needs_price and not has_price):
                with suppress(NotYet):
                    wait(_PATIENCE)
                model = self.known_model(slug, endpoint)
        return model and self.pages.complete(model, endpoint, patience=patience)

    def known_model(self, slug: str, endpoint: Endpoint) -> Model | None:
        """Return a model as far as it is known here; only a sandbox is asked."""
        return self.known(endpoint).find(slug, endpoint.provider.name)

    def providers(self, slug: str) -> frozenset[str]:
        """Return the names of the providers that list a model, without asking any service."""
        catalogs = [Catalog(), *(listing.catalog for listing in list(self._listings.values()))]
        names = {model.provider for catalog in catalogs for model in catalog.matching(slug)}
        return frozenset(names)

    def _listing(self, endpoint: Endpoint) -> _Listing:
        """Return what is known of an endpoint: at first, the last list in the store."""
        key = endpoint.provider.name, endpoint.sandbox, endpoint.address
        with self._lock:
            if key not in self._listings:
                self._listings[key] = self._stored(endpoint)
            return self._listings[key]

    def _stored(self, endpoint: Endpoint) -> _Listing:
        url = _list_url(endpoint)
        if not url:  # the provider lists no models: the built-in ones are all
            return _Listing(Catalog(), time.monotonic() + _MAX_AGE)
        if endpoint.sandbox:
            return _Listing(Catalog(), 0.0)
        text = self._store.page(url)
        expires = time.monotonic() + _MAX_AGE if text else 0.0
        text = text or self._store.page(url, _ANY_AGE)
        return _Listing(Catalog(_parse(endpoint, text) if text else ()), expires)

    def _fetch_aside(self, endpoint: Endpoint, listing: _Listing) -> Result[None]:
        """Fetch a list in a thread, once at a time; return a function that waits for its end."""
        with self._lock:
            if listing.fetch is None:
                listing.fetch = run_in_background(lambda: self._renew(endpoint, listing))
            return listing.fetch

    def _renew(self, endpoint: Endpoint, listing: _Listing) -> None:
        pause = _RETRY_AFTER
        try:
            text = self._fetch(endpoint, _list_url(endpoint))
            listing.catalog, pause = Catalog(_parse(endpoint, text)), _MAX_AGE
        except SegmindError:
            pass  # the list before it serves
        finally:
            with self._lock:
                listing.expires, listing.fetch = time.monotonic() + pause, None

    def _fetch(self, endpoint: Endpoint, url: str) -> str:
        """Return the text of a list. Raises SegmindError if there is none."""
        call = endpoint.provider.models_call()
        if call is None:
            text = endpoint.transport.page(url)
        else:
            reply = endpoint.transport.send(call)
            endpoint.provider.parse_models(reply)  # raises if the reply is not a list
            text = reply.body.decode("utf-8", "replace")
        if not endpoint.sandbox:
            self._store.add_page(url, text)
        return text


def _list_url(endpoint: Endpoint) -> str:
    call = endpoint.provider.models_call()
    return call.url if call else endpoint.provider.directory_url


def _parse(endpoint: Endpoint, text: str) -> list[Model]:
    if endpoint.provider.models_call() is None:
        return parse_directory(text)
    try:
        return endpoint.provider.parse_models(Reply(200, {}, text.encode()))
    except SegmindError:
        return []
