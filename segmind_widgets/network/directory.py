"""The models that the services list, fetched at most once a day and kept for offline use."""

from __future__ import annotations

import time

from segmind_widgets.catalog.catalog import Catalog, parse_directory
from segmind_widgets.errors import SegmindError
from segmind_widgets.network.endpoints import Endpoint
from segmind_widgets.storage.store import Store
from segmind_widgets.types import Model, Reply

_ANY_AGE = 24.0 * 365 * 100  # hours
_MAX_AGE = 86400.0  # seconds
_RETRY_AFTER = 600.0  # seconds before a failed directory is requested again


class Directory:
    """Catalogs by endpoint. If a service does not answer, its last list is used."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._catalogs: dict[tuple[str, bool, str], tuple[float, Catalog]] = {}

    def catalog(self, endpoint: Endpoint) -> Catalog:
        """Return all known models of an endpoint's provider; fetch the list when it is old."""
        key = endpoint.provider.name, endpoint.sandbox, endpoint.address
        expires, catalog = self._catalogs.get(key, (0.0, Catalog()))
        if time.monotonic() >= expires:
            models, fresh = self._models(endpoint)
            catalog = Catalog(models)
            expires = time.monotonic() + (_MAX_AGE if fresh else _RETRY_AFTER)
            self._catalogs[key] = expires, catalog
        return catalog

    def find(self, slug: str, endpoint: Endpoint) -> Model | None:
        """Return a model by its slug, or None."""
        return self.catalog(endpoint).find(slug, endpoint.provider.name)

    def known(self, slug: str, endpoint: Endpoint) -> Model | None:
        """Return a model as far as it is known here; a service is never asked, a sandbox is."""
        name, is_sandbox = endpoint.provider.name, endpoint.sandbox
        if is_sandbox or (name, is_sandbox, endpoint.address) in self._catalogs:
            return self.find(slug, endpoint)
        call = endpoint.provider.models_call()
        url = call.url if call else endpoint.provider.directory_url
        text = self._store.page(url, _ANY_AGE) if url else None
        return Catalog(_parse(endpoint, text) if text else ()).find(slug, name)

    def providers(self, slug: str) -> frozenset[str]:
        """Return the names of the providers that list a model, without asking any service."""
        catalogs = [Catalog(), *(catalog for _, catalog in list(self._catalogs.values()))]
        names = {model.provider for catalog in catalogs for model in catalog.matching(slug)}
        return frozenset(names)

    def _models(self, endpoint: Endpoint) -> tuple[list[Model], bool]:
        """Return the listed models, and whether the list is less than a day old."""
        call = endpoint.provider.models_call()
        url = call.url if call else endpoint.provider.directory_url
        if not url:  # the provider lists no models: the built-in ones are all
            return [], True
        text = None if endpoint.sandbox else self._store.page(url)
        fresh = True
        if text is None:
            text, fresh = self._fetch(endpoint, url)
        if not text:
            return [], fresh
        return _parse(endpoint, text), fresh

    def _fetch(self, endpoint: Endpoint, url: str) -> tuple[str | None, bool]:
        """Return the text of the list, and whether it was fetched now."""
        call = endpoint.provider.models_call()
        try:
            if call is None:
                text = endpoint.transport.page(url)
            else:
                reply = endpoint.transport.send(call)
                endpoint.provider.parse_models(reply)  # raises if the reply is not a list
                text = reply.body.decode("utf-8", "replace")
        except SegmindError:
            return self._store.page(url, _ANY_AGE), False
        if not endpoint.sandbox:
            self._store.add_page(url, text)
        return text, True


def _parse(endpoint: Endpoint, text: str) -> list[Model]:
    if endpoint.provider.models_call() is None:
        return parse_directory(text)
    try:
        return endpoint.provider.parse_models(Reply(200, {}, text.encode()))
    except SegmindError:
        return []
