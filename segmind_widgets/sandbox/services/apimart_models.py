"""APIMart's models: the list, the schema of one, and its documentation page.

Sources: docs.apimart.ai (models list metadata), and the contract that the vendor's own client
checks: `/v1/model-schema?model=&operation=` and `/v1/model-docs?model=`.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote

from segmind_widgets.sandbox.http.exchange import Answer, Refusal, Request
from segmind_widgets.sandbox.services.model_pages import model_page
from segmind_widgets.sandbox.services.service import CheckKey, Context, Route
from segmind_widgets.sandbox.state.models import Model

_PAGES = "https://docs.apimart.ai/en"
_TTL_SECONDS = 3600


class APIMartModels:
    """Serves the models of APIMart; every endpoint needs a key."""

    def __init__(self, context: Context, check_key: CheckKey) -> None:
        self._context, self._check_key = context, check_key

    def routes(self) -> Sequence[Route]:
        """Return the endpoints; a schema has two addresses."""
        key = self._check_key
        return (
            Route("GET", r"/v1/models", self._list, key),
            Route("GET", r"/v1/models/([^/]+)/schema", self._schema, key),
            Route("GET", r"/v1/model-schema", self._schema, key),
            Route("GET", r"/v1/model-docs", self._docs, key),
        )

    def _list(self, request: Request) -> Answer:
        """List the models, with their input schemas for `expand=parameters`."""
        records = [_record(model) for model in self._context.models.of("apimart")]
        if request.query.get("expand") != "parameters":
            for record in records:
                del record["parameters"]
        return Answer({"object": "list", "data": records})

    def _schema(self, request: Request) -> Answer:
        """Return the schema of a model's inputs, if it has the operation that is asked for."""
        model = self._model(request)
        operation = request.query.get("operation", "")
        if operation and operation != _operation(model):
            raise Refusal(400, f"The model '{model.slug}' does not support {operation}")
        return Answer({"object": "model.schema", "model": model.slug, **_parameters(model)})

    def _docs(self, request: Request) -> Answer:
        """Return the documentation of a model as Markdown."""
        model = self._model(request)
        endpoint = f"{self._context.origins['apimart']}{_endpoint(model)}"
        seconds = model.seconds / self._context.settings.speed
        page = f"{_PAGES}/api-reference/{model.slug}"
        return Answer(
            {
                "object": "model.documentation",
                "model": model.slug,
                "doc_url": page,
                "markdown_url": f"{page}.md",
                "markdown": model_page(model, endpoint, seconds, "table"),
                "fetched_at": int(time.time()),
                "cache_ttl_seconds": _TTL_SECONDS,
                "stale": False,
            }
        )

    def _model(self, request: Request) -> Model:
        slug = unquote(request.args[0]) if request.args else request.query.get("model", "")
        model = self._context.models.get("apimart", slug)
        if model is None:
            raise Refusal(404 if slug else 400, f"The model '{slug}' does not exist")
        return model


def _operation(model: Model) -> str:
    return f"{model.kind}_generation"


def _endpoint(model: Model) -> str:
    return f"/v1/{model.kind}s/generations"


def _parameters(model: Model) -> dict[str, Any]:
    return {
        "operation": _operation(model),
        "endpoint": _endpoint(model),
        "input_schema": model.schema,
    }


def _record(model: Model) -> dict[str, Any]:
    return {
        "id": model.slug,
        "object": "model",
        "category": model.kind,
        "parameters": _parameters(model),
    }
