"""The models as the services list them, read at most once a day and kept for when offline."""

from __future__ import annotations

import time

from segmind_widgets.catalog.catalog import Catalog, parse_directory
from segmind_widgets.errors import SegmindError
from segmind_widgets.network.endpoints import Endpoint
from segmind_widgets.storage.store import Store
from segmind_widgets.types import Model, Reply

_FOREVER = 24.0 * 365 * 100  # hours
_PATIENCE = 600.0  # seconds before a directory that did not answer is asked again


class Directory:
    """Catalogues by place. Asking never fails: without an answer the last one serves."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: dict[tuple[str, bool, str], tuple[float, Catalog]] = {}

    def catalog(self, endpoint: Endpoint) -> Catalog:
        """All models of a place's provider that are known, fetched when the last list is old."""
        known = endpoint.provider.name, endpoint.sandbox, endpoint.address
        until, catalog = self._kept.get(known, (0.0, Catalog()))
        if time.monotonic() >= until:
            rows, fresh = self._rows(endpoint)
            catalog = Catalog(rows)
            until = time.monotonic() + (86400.0 if fresh else _PATIENCE)
            self._kept[known] = until, catalog
        return catalog

    def find(self, slug: str, endpoint: Endpoint) -> Model | None:
        """A model by its slug, or None."""
        return self.catalog(endpoint).find(slug, endpoint.provider.name)

    def _rows(self, endpoint: Endpoint) -> tuple[list[Model], bool]:
        """The live rows, and whether they are of today."""
        url = self._url(endpoint)
        text = None if endpoint.sandbox else self._store.page(url)
        fresh = True
        if text is None:
            text, fresh = self._fetched(endpoint, url)
        if not text:
            return [], fresh
        return _parsed(endpoint, text), fresh

    def _fetched(self, endpoint: Endpoint, url: str) -> tuple[str | None, bool]:
        call = endpoint.provider.models_call()
        try:
            if call is None:
                text = endpoint.transport.page(url)
            else:
                reply = endpoint.transport.send(call)
                endpoint.provider.parse_models(reply)  # raises what is no list
                text = reply.body.decode("utf-8", "replace")
        except SegmindError:
            return self._store.page(url, _FOREVER), False
        if not endpoint.sandbox:
            self._store.add_page(url, text)
        return text, True

    def _url(self, endpoint: Endpoint) -> str:
        call = endpoint.provider.models_call()
        return call.url if call else f"{endpoint.site}/llms.txt"


def _parsed(endpoint: Endpoint, text: str) -> list[Model]:
    if endpoint.provider.models_call() is None:
        return parse_directory(text)
    try:
        return endpoint.provider.parse_models(Reply(200, {}, text.encode()))
    except SegmindError:
        return []
