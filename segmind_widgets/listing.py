"""Tables of models, their parameters, and jobs."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from segmind_widgets.assets import Asset
from segmind_widgets.errors import AssetError
from segmind_widgets.jobs import Job, money, seconds
from segmind_widgets.schemas import types
from segmind_widgets.tables import Table
from segmind_widgets.types import Model

Preview = Callable[[Asset, int], tuple[bytes, str]]  # a picture of at most so many pixels


def models(found: Sequence[Model], most: int = 40) -> Table:
    """Models with what they usually cost and take."""
    more = f"{len(found) - most} more: add words, or --modality. " if len(found) > most else ""
    return Table(
        found[:most],
        {
            "model": lambda model: model.slug,
            "name": lambda model: model.name,
            "what": lambda model: model.modality,
            "usually": lambda model: money(model.cost) if model.cost is not None else "?",
            "takes": lambda model: seconds(model.seconds) if model.seconds else "?",
        },
        f"{more}%segmind_models NAME shows a model's parameters, where they are known.",
    )


def parameters(model: Model) -> Table:
    """A model's inputs: type, range, default and meaning."""
    schema: Mapping[str, Any] = model.schema or {}
    required = set(schema.get("required", ()))
    facts = [model.name, model.modality]
    facts += [money(model.cost)] if model.cost is not None else []
    facts += [f"about {seconds(model.seconds)}"] if model.seconds else []
    return Table(
        list(schema.get("properties", {}).items()),
        {
            "input": lambda row: row[0] + (" *" if row[0] in required else ""),
            "takes": lambda row: _takes(row[1]),
            "default": lambda row: str(row[1].get("default", "")),
            "meaning": lambda row: row[1].get("description", ""),
        },
        f"{' · '.join(facts)}. * is required. {model.description}",
    )


def jobs(found: Sequence[Job], preview: Preview = Asset.preview) -> Table:
    """Jobs, with a small picture of the first output, which `preview` makes."""
    return Table(
        found,
        {
            "picture": lambda job: _picture(job, preview),
            "model": lambda job: job.model,
            "status": lambda job: str(job.status) + (" (sandbox)" if job.sandbox else ""),
            "took": lambda job: seconds(job.elapsed) if job.elapsed else "",
            "cost": lambda job: money(job.cost) if job.cost is not None else "",
            "id": lambda job: job.id,
        },
        "%segmind_jobs ID shows one; --resume goes on with what is unfinished."
        if found
        else "No jobs yet.",
        pictures=["picture"],
    )


def uploads(found: Sequence[Asset], preview: Preview = Asset.preview) -> Table:
    """Uploaded files with their URLs."""
    return Table(
        found,
        {
            "picture": lambda asset: _small(asset, asset.filename, preview) if asset.local else "",
            "file": lambda asset: " · ".join(asset.facts),
            "url": lambda asset: asset.url or "",
            "until": lambda asset: asset.expires_at or "",
        },
        pictures=["picture"],
    )


def _picture(job: Job, preview: Preview) -> str:
    shown = next((asset for asset in job.outputs if asset.kind == "image"), None)
    return _small(shown, str(job.inputs.get("prompt") or job.model), preview) if shown else ""


def _small(shown: Asset, said: str, preview: Preview) -> str:
    import pybase64

    if shown.kind != "image":
        return ""
    try:
        data, kind = preview(shown, 64)
    except AssetError:  # the file was damaged since
        return ""
    alt = html.escape(said, quote=True)
    source = f"data:{kind};base64,{pybase64.b64encode(data).decode()}"
    return f'<img src="{source}" alt="{alt}" style="width:48px;border-radius:4px">'


def _takes(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return ", ".join(map(str, schema["enum"]))
    many = "array" in types(schema)
    inner = schema.get("items", {}) if many else schema
    plain = {"string": "text", "integer": "whole number"}
    media = inner.get("contentMediaType", "").partition("/")[0]
    text = media or " or ".join(plain.get(kind, kind) for kind in types(inner) if kind != "null")
    low, high = schema.get("minimum"), schema.get("maximum")
    bounds = f" {low} to {high}" if None not in (low, high) else ""
    return f"{'list of ' if many else ''}{text}{bounds}"
