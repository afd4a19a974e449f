"""Segmind's model directory: llms.txt, a page per model, and the console's list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from segmind_widgets.sandbox.http.exchange import Answer, Refusal, Request
from segmind_widgets.sandbox.services.model_pages import model_page
from segmind_widgets.sandbox.services.service import CheckKey, Context, Route
from segmind_widgets.sandbox.state.models import Model

_HEAD = "| Model | Slug | Description | Modality | Avg Cost | Avg Latency | API Docs |"


class Directory:
    """Serves the directory in the form of www.segmind.com/llms.txt, with the sandbox's times."""

    def __init__(self, context: Context, check_key: CheckKey) -> None:
        self._context, self._check_key = context, check_key

    def routes(self) -> Sequence[Route]:
        """Return the endpoints; only the console's list needs a key."""
        return (
            Route("GET", r"/llms\.txt", self._table),
            Route("GET", r"/models/([^/]+)/llms\.txt", self._page),
            Route(
                "GET",
                r"/inference-model-information/list",
                self._list,
                self._check_key,
            ),
        )

    def _models(self) -> list[Model]:
        """Return the models by modality and name."""
        models = self._context.models.of("segmind")
        return sorted(models, key=lambda model: (model.modality, model.name))

    def _seconds(self, model: Model) -> float:
        """Return the usual duration of a run at the sandbox's speed."""
        return model.seconds / self._context.settings.speed

    def _table(self, request: Request) -> Answer:
        """Return llms.txt."""
        del request
        return _markdown("\n".join(self._lines()) + "\n")

    def _lines(self) -> Iterator[str]:
        """Yield the lines of llms.txt: a table per modality."""
        origin = self._context.origins["segmind"]
        yield "# Segmind API — Model Directory"
        yield ""
        yield "> This is the sandbox of segmind-widgets. It imitates Segmind's replies and is free."
        yield ""
        yield f"- **Base URL**: `{origin}/v1/{{model_slug}}`"
        for modality, models in groupby(self._models(), key=lambda model: model.modality):
            yield from ("", f"## {modality}", "", _HEAD, f"|{' --- |' * 7}")
            for model in models:
                yield (
                    f"| {model.name} | {model.slug} | {model.description} | {modality} |"
                    f" ${model.cost:.10g} | {self._seconds(model):.5f}s |"
                    f" [llms.txt]({origin}/models/{model.slug}/llms.txt) |"
                )

    def _page(self, request: Request) -> Answer:
        """Return the page of a model with its parameters."""
        model = self._context.models.get("segmind", request.args[0])
        if model is None:
            raise Refusal(404, f"Model {request.args[0]} not found")
        endpoint = f"{self._context.origins['segmind']}/v1/{model.slug}"
        form = self._context.settings.page_form
        return _markdown(model_page(model, endpoint, self._seconds(model), form))

    def _list(self, request: Request) -> Answer:
        """Return the console's list; the form of the real one is not documented."""
        del request
        return Answer(
            [
                {
                    "model_name": model.name,
                    "slug": model.slug,
                    "description": model.description,
                    "modality": model.modality,
                    "cost": model.cost,
                    "latency": self._seconds(model),
                }
                for model in self._models()
            ]
        )


def _markdown(text: str) -> Answer:
    """Make a Markdown reply."""
    return Answer(text, media_type="text/markdown; charset=utf-8")
