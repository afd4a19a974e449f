"""The pages of models for programs: fetched when a model is first chosen, kept for a day.

Only models whose parameters are not known otherwise have theirs read. No run waits for a page:
the last one serves while it is fetched.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field

from segmind_widgets.background import NotYet, Result, run_in_background
from segmind_widgets.catalog.model_page import MAX_PAGE, ModelPage, parse_model_page
from segmind_widgets.errors import NotFound, SegmindError
from segmind_widgets.network.endpoints import Endpoint
from segmind_widgets.storage.store import Store
from segmind_widgets.types import Model

PATIENCE = 3.0  # seconds that a question about a model waits for its page; a run waits for none
_ANY_AGE = 24.0 * 365 * 100  # hours
_MAX_AGE = 86400.0  # seconds
_RETRY_AFTER = 600.0  # seconds before a page is requested again after a failure
_MAX_BYTES = 4 * MAX_PAGE


@dataclass
class _Entry:
    """The facts of a page, and the fetch of it that is running."""

    page: ModelPage = field(default_factory=ModelPage)
    expires: float = 0.0  # by the monotonic clock
    fetch: Result[None] | None = None


class ModelPages:
    """The facts of the models' pages, by their addresses."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._entries: dict[str, _Entry] = {}
        self._lock = threading.Lock()

    def complete(self, model: Model, endpoint: Endpoint, *, patience: float | None = 0.0) -> Model:
        """Return a model with what its page says beyond; an old page is fetched beside the caller.

        Args:
            model: any model of the endpoint's provider.
            endpoint: where it would run.
            patience: the most seconds to wait for an old page; None waits for its end.
        """
        url = endpoint.provider.parameters_url(model.slug)
        if model.schema is not None or not url or model.provider != endpoint.provider.name:
            return model
        entry = self._entry(url, endpoint)
        page = entry.page
        if time.monotonic() >= entry.expires:
            wait = self._fetch_aside(url, endpoint, entry)
            if patience != 0:
                with suppress(NotYet):
                    wait(patience)
                page = entry.page
        return page.complete(model)

    def _entry(self, url: str, endpoint: Endpoint) -> _Entry:
        """Return what is known of a page: at first, its last text in the store."""
        with self._lock:
            if url not in self._entries:
                self._entries[url] = _Entry() if endpoint.sandbox else self._stored(url)
            return self._entries[url]

    def _stored(self, url: str) -> _Entry:
        text = self._store.page(url)
        expires = 0.0 if text is None else time.monotonic() + _MAX_AGE
        text = self._store.page(url, _ANY_AGE) if text is None else text
        return _Entry(parse_model_page(text or ""), expires)

    def _fetch_aside(self, url: str, endpoint: Endpoint, entry: _Entry) -> Result[None]:
        with self._lock:
            if entry.fetch is None:
                entry.fetch = run_in_background(lambda: self._renew(url, endpoint, entry))
            return entry.fetch

    def _renew(self, url: str, endpoint: Endpoint, entry: _Entry) -> None:
        pause = _RETRY_AFTER
        try:
            entry.page, pause = parse_model_page(self._fetch(url, endpoint)), _MAX_AGE
        except SegmindError:
            pass  # the page before it serves
        finally:
            with self._lock:
                entry.expires, entry.fetch = time.monotonic() + pause, None

    def _fetch(self, url: str, endpoint: Endpoint) -> str:
        """Return the text of a page, "" if there is no such page. Raises SegmindError."""
        try:
            text = endpoint.transport.page(url, _MAX_BYTES)[:MAX_PAGE]
        except NotFound:
            text = ""
        if not endpoint.sandbox:
            self._store.add_page(url, text)
        return text
