"""Tables of models, their parameters, jobs, uploads, and what was spent."""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from segmind_widgets.assets.asset import Asset
from segmind_widgets.assets.base64_codec import base64_codec
from segmind_widgets.catalog.validation import types
from segmind_widgets.errors import AssetError
from segmind_widgets.formatting import age, money, seconds
from segmind_widgets.jobs.job import Job
from segmind_widgets.notebook.tables import Table
from segmind_widgets.types import Model

_SPENDERS = 40  # rows of a ledger that a notebook keeps
_SUMMED = ("jobs", "completed", "usd", "unpriced")
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


def jobs(
    found: Sequence[Job],
    preview: Preview = Asset.preview,
    total: int = 0,
    *,
    narrowed: bool = False,
) -> Table:
    """Jobs, with a small picture of the first output, which `preview` makes.

    `total` is how many there are in all; `narrowed` tells that a filter chose them.
    """
    more = f"{len(found)} of {total} jobs; --last shows more. " if total > len(found) else ""
    none = "No job fits." if narrowed else "No jobs yet."
    return Table(
        found,
        {
            "picture": lambda job: _picture(job, preview),
            "model": lambda job: job.model,
            "status": lambda job: str(job.status) + (" (sandbox)" if job.sandbox else ""),
            "begun": lambda job: age(job.created),
            "took": lambda job: seconds(job.elapsed) if job.elapsed else "",
            "cost": lambda job: money(job.cost) if job.cost is not None else "",
            "id": lambda job: job.id,
        },
        f"{more}%segmind_jobs ID shows one; --resume goes on with what is unfinished."
        if found
        else none,
        pictures=["picture"],
    )


def job(one: Job, again: str) -> Table:
    """All that is known of a job. `again` is the text of a cell that makes it again, or why not."""
    where = "sandbox" if one.sandbox else one.provider
    facts = {
        one.kind: one.model,
        "status": " · ".join(
            dict.fromkeys(filter(None, [str(one.status), one.provider_status.lower()]))
        ),
        "error": _said(one.error),
        "at": where,
        "id": one.id,
        "begun": f"{age(one.created)} ({one.created})",
        "took": seconds(one.elapsed) if one.elapsed else "",
        "cost": money(one.cost) if one.cost is not None else "not told",
        "credits left": f"{one.credits:.2f} USD" if one.credits is not None else "",
        "seed": str(one.seed) if one.seed is not None else "",
        **{f"input {name}": _plain(value) for name, value in one.inputs.items()},
    }
    rows = [(name, text) for name, text in facts.items() if text]
    for number, asset in enumerate(one.outputs, 1):
        until = f" until {asset.expires_at}" if asset.expires_at else ""
        where = [str(asset.path or "in memory"), f"{asset.url}{until}" if asset.url else ""]
        rows.append((f"output {number}", " · ".join([*asset.facts[1:], *filter(None, where)])))
    rows += [("note", one.note)] if one.note else []
    rows.append(("again", again.strip()))
    return Table(
        rows,
        {"": lambda row: row[0], " ": lambda row: row[1]},
        'job.rerun(prompt="…") makes it again with changes; job.export("python") is a program.',
        whole=True,
    )


def spend(
    found: Sequence[Any],
    by: str,
    sessions: Mapping[bool, Any],
    budget: float,
    newest: Job | None,
    *,
    narrowed: bool = False,
) -> Table:
    """What jobs cost: `spending.SpendRow` rows, with a total for each kind of money.

    Args:
        found: the rows.
        by: what a row adds up: model, day, notebook or job.
        sessions: what this session spent (`budget.Session`), by whether it is play money.
        budget: USD that this session may spend; 0 for no limit.
        newest: the newest job that was told what is left of the credits.
        narrowed: only the last days are asked for.
    """
    kinds = [[row for row in found if row.sandbox == play] for play in (False, True)]
    totals = [_total(rows) for rows in kinds if len(rows) > 1]
    said = [_session(sessions[False], "This session")]
    if sessions[True].spent or sessions[True].in_flight:
        said.append(_session(sessions[True], "In play money"))
    if budget:
        said.append(f"Its budget is {money(budget)}.")
    if newest is not None:
        what = "play money" if newest.sandbox else "credits"
        said.append(f"The newest job left {newest.credits:.2f} USD of {what}.")
    return Table(
        found,
        {
            by: lambda row: row.key or f"no {by}",
            "jobs": lambda row: str(row.jobs),
            "completed": lambda row: str(row.completed),
            "cost": _cost,
            "money": lambda row: "play (sandbox)" if row.sandbox else "real",
        },
        " ".join(said if found else [f"Nothing was run {'then' if narrowed else 'yet'}.", *said]),
        totals=totals,
        most=_SPENDERS,
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
    if shown.kind != "image":
        return ""
    try:
        data, kind = preview(shown, 64)
    except AssetError:  # the file was damaged since
        return ""
    alt = html.escape(said, quote=True)
    source = f"data:{kind};base64,{base64_codec().b64encode(data).decode()}"
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


def _total(rows: Sequence[Any]) -> Any:
    sums = {name: sum(getattr(r, name) for r in rows) for name in _SUMMED}
    return replace(rows[0], key="in all", **sums)


def _cost(row: Any) -> str:
    unknown = f" and {row.unpriced} not told" if row.unpriced else ""
    return f"{money(row.usd)}{unknown}"


def _session(session: Any, name: str) -> str:
    flying = f", {money(session.in_flight)} in flight" if session.in_flight else ""
    return f"{name}: {money(session.spent)} spent{flying}."


def _said(error: Any) -> str:
    return "" if error is None else f"{error} {getattr(error, 'hint', '')}".strip()


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
