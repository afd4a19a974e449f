"""The catalog of models: parameters, usual cost and time, search.

The package's `models.json` has the parameters of some models; the services' directories have name,
kind, cost and time of all. `Catalog` joins the two. Pure: this module fetches nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from segmind_widgets.catalog.listings import parse_directory, parse_parameters
from segmind_widgets.catalog.validation import (
    InputNote,
    ValidationResult,
    check,
    media_type,
    with_seed,
)
from segmind_widgets.likeness import letters, nearest
from segmind_widgets.types import Model

__all__ = [
    "MODALITIES",
    "Catalog",
    "InputNote",
    "ValidationResult",
    "check",
    "kinds",
    "media_type",
    "parse_directory",
    "parse_parameters",
    "with_seed",
]  # fmt: skip


class Catalog:
    """All models, immutable: the built-in ones, then those that only the live directory has.

    If both have a model, the fields of the live row are used, except for empty ones. `is_live` is
    whether there is a live directory.
    """

    def __init__(self, live: Iterable[Model] = ()) -> None:
        live = list(live)
        self.is_live = bool(live)
        models = {(model.provider, model.slug): model for model in _built_in()}
        for row in live:
            key = row.provider, row.slug
            models[key] = _join(models[key], row) if key in models else row
        self._models = models
        self._by_name: dict[str, list[Model]] = {}
        for model in models.values():
            self._by_name.setdefault(model.slug.lower(), []).append(model)

    def __iter__(self) -> Iterator[Model]:
        return iter(self._models.values())

    def __len__(self) -> int:
        return len(self._models)

    def find(self, slug: str, provider: str | None = None) -> Model | None:
        """Return the model with this slug; without a provider, the first provider's."""
        models = (m for m in self.matching(slug) if provider in (None, m.provider))
        return next(models, None)

    def matching(self, slug: str) -> Iterator[Model]:
        """Yield the model with this slug from each provider that has it."""
        return iter(self._by_name.get(slug.strip().lower(), ()))

    def search(
        self, query: str = "", modality: str | None = None, provider: str | None = None
    ) -> list[Model]:
        """Return the listed models that match, best first; all of them for an empty query.

        Args:
            query: words of the slug, name or description, or what the model does ("cutout").
            modality: one of `kinds` ("image", "video", "edit", …) or a part of the service's own
                text.
            provider: only the models of this provider.
        """
        models = [
            model
            for model in self
            if model.listed
            and provider in (None, model.provider)
            and (not modality or _is_of(model, modality))
        ]
        words = _words(query)
        if not words:
            return models
        ranked = [(_rank(model, words), len(model.slug), i) for i, model in enumerate(models)]
        matches = [models[i] for rank, _, i in sorted(ranked) if rank < _UNRELATED]
        return matches or _nearest(query, models)

    def suggest(self, slug: str, provider: str | None = None) -> list[str]:
        """Return up to three similar slugs, the most similar first."""
        models = [m for m in self if m.listed and provider in (None, m.provider)]
        near = _nearest(slug, models) or self.search(slug, provider=provider)
        return [model.slug for model in near[:3]]


@cache
def _built_in() -> tuple[Model, ...]:
    models = {
        (provider, slug): Model(slug=slug, provider=provider, **fields)
        for provider, entries in _data("models.json").items()
        for slug, fields in entries.items()
    }
    premium = _data("premium.json")
    for slug in premium["names"]:
        model = models.get(("segmind", slug)) or Model(
            slug, modality=premium["modality"], schema=premium["schema"]
        )
        models["segmind", slug] = replace(model, premium=True, listed=False)
    return tuple(models.values())


def _data(name: str) -> dict[str, Any]:
    return json.loads(Path(__file__).with_name(name).read_text(encoding="utf-8"))


def _join(built_in: Model, row: Model) -> Model:
    names = (
        "name", "modality", "description", "cost", "seconds", "schema", "endpoint", "operation",
    )  # fmt: skip
    fields = {name: getattr(row, name) for name in names if getattr(row, name) not in (None, "")}
    source = row.schema_source if row.schema else built_in.schema_source
    return replace(built_in, schema_source=source, listed=True, **fields)


_KINDS = {  # kind: pattern for the letters of a modality, in lower case
    "image": "toimage|inpaint|^image$",
    "video": "tovideo|^video$",
    "audio": "toaudio|^audio$|voice|speech|music",
    "text": "totext|llm|chat|^text$",
    "3d": "to3d",
    "embed": "embed",
    "edit": "imagetoimage|inpaint",
    "inpaint": "inpaint",
    "animate": "imagetovideo",
    "vision": "imagetotext",
    "transcribe": "audiototext",
    "llm": "llm|chat",
}
MODALITIES = tuple(_KINDS)  # what `search` takes, and also any part of a service's own term
_ALIASES = {
    "picture": "image", "photo": "image", "film": "video", "sound": "audio", "speech": "audio",
    "voice": "audio", "music": "audio", "chat": "llm", "embedding": "embed",
}  # fmt: skip


@lru_cache(1024)  # of few texts: one for each way to write a modality
def kinds(modality: str) -> frozenset[str]:
    """Return the kinds in a service's modality text: its output and its operations.

    "Image-to-Video Generation" is {"video", "animate"}, "imageTOImage" is {"image", "edit"}.
    """
    text = letters(modality)
    return frozenset(kind for kind, pattern in _KINDS.items() if re.search(pattern, text))


def _is_of(model: Model, modality: str) -> bool:
    kind = letters(modality).removesuffix("s")
    kind = _ALIASES.get(kind, kind)
    if kind in _KINDS:
        return kind in kinds(model.modality)
    return kind in letters(model.modality)


_TASK, _TASK_OF_TEXT = 2, 5  # the ranks of models that do what a query says: by name, by text
_UNRELATED = 6  # the rank of a model that lacks the words of a query


def _words(text: str) -> list[str]:
    return re.findall(r"[\w.+]+", text.lower().replace("_", " "))


def _rank(model: Model, words: list[str]) -> int:
    """Return 0 for the slug itself, 1 for its start, 2 and 3 for its words, then other text."""
    query = " ".join(words)
    slug, name = " ".join(_words(model.slug)), " ".join(_words(model.name))
    if query in (slug, name):
        return 0
    if slug.startswith(query) or name.startswith(query):
        return 1
    if _is_reversed(words, f"{slug} {name}"):
        return _UNRELATED
    title = f"{slug} {name}".split()
    if all(any(part.startswith(word) for part in title) for word in words):
        return 2
    task_rank = _task_rank(model, words)
    if task_rank == _TASK:
        return task_rank
    if all(word in f"{slug} {name}" for word in words):
        return 3
    rest = f"{slug} {name} {model.description} {model.modality}".lower()
    return 4 if all(word in rest for word in words) else task_rank


def _task_rank(model: Model, words: list[str]) -> int:
    """Return 2 for a model whose name says the task of a query, 5 for one whose text says it.

    Words beside those of the task must stand in the model's text, or be a modality of it.
    """
    from segmind_widgets.catalog import synonyms

    query = synonyms.stems(" ".join(words))
    title = synonyms.stems(f"{model.slug} {model.name}")
    text = synonyms.stems(model.description)
    own = kinds(model.modality)
    best = _UNRELATED
    for task, used in synonyms.named(query):
        others = [word for word in query if word not in used]
        in_title = all(word in title or _kind(word) in own for word in others)
        if not task.kinds & own or not (
            in_title or all(word in (*title, *text) or _kind(word) in own for word in others)
        ):
            continue
        if in_title and task.in_title(title):
            return _TASK
        if task.is_kind or task.in_title(title) or task.in_text(text):
            best = _TASK_OF_TEXT
    return min(best, _TASK_OF_TEXT) if synonyms.says(query, title + text) else best


def _is_reversed(words: list[str], title: str) -> bool:
    """Return whether a query says "speech to text" and a name only "text to speech"."""
    pairs = [(a, b) for a, to, b in zip(words, words[1:], words[2:], strict=False) if to == "to"]
    return any(f"{b} to {a}" in title and f"{a} to {b}" not in title for a, b in pairs)


def _kind(word: str) -> str:
    """Return the modality of a word: image of photo."""
    return _ALIASES.get(word, word)


def _nearest(text: str, models: list[Model]) -> list[Model]:
    by_slug = {model.slug: model for model in models}
    return [by_slug[slug] for slug in nearest(text, by_slug, 8)]
