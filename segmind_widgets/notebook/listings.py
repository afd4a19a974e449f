"""Tables of models, their parameters, jobs, uploads, and costs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from segmind_widgets.assets.asset import Asset
from segmind_widgets.assets.base64_codec import base64_codec
from segmind_widgets.assets.preview import backdrop
from segmind_widgets.catalog.validation import types
from segmind_widgets.errors import AssetError
from segmind_widgets.formatting import (
    PREMIUM,
    abbreviate_home,
    count_text,
    date_and_time,
    money,
    prompt_text,
    seconds,
)
from segmind_widgets.jobs.job import Job
from segmind_widgets.markup import element
from segmind_widgets.notebook.tables import CAPTION, Table
from segmind_widgets.types import Model

_HINT = "They are read from the model's page, and may be incomplete."
MAX_SPEND_ROWS = 40  # shown in a notebook
_PROMPT = 48  # characters of a prompt in a table
SUM_COLUMNS = ("jobs", "completed", "usd", "unpriced")
Preview = Callable[
    [Asset, int], tuple[bytes, str]
]  # (file, longest side in pixels) → (data, media type)


def models(matches: Sequence[Model], most: int = 40) -> Table:
    """Make a table of models with their usual costs and times."""
    rest = len(matches) - most
    more = f"{rest} more models: add words or use --modality. " if rest > 0 else ""
    return Table(
        matches[:most],
        {
            "model": lambda model: model.slug,
            "name": lambda model: model.name + " (premium)" * model.premium,
            **_provider_column(matches),
            "type": lambda model: model.modality,
            "typical cost": lambda model: money(model.cost) if model.cost is not None else "?",
            "typical time": lambda model: seconds(model.seconds) if model.seconds else "?",
        },
        f"{more}%segmind_models NAME shows a model's parameters, if they are known.",
    )


def parameters(model: Model, cost: str, usual: float | None, page: str = "") -> Table:
    """Make a table of a model's inputs: type, range, default and meaning.

    Args:
        model: any model; without a schema the table is empty, and its caption says so.
        cost: of a run, as text.
        usual: seconds of a run, None where unknown.
        page: the address of the model's page.
    """
    schema: Mapping[str, Any] = model.schema or {}
    required = set(schema.get("required", ()))
    facts = [model.name or model.slug, model.modality, cost]
    facts += [f"about {seconds(usual)}"] if usual else []
    facts = list(filter(None, facts))
    more = ["* = required."] if required else []
    more += [] if schema else ["Its parameters are not known: inputs are sent as written."]
    more += [_HINT] if model.schema_source == "hint" else []
    more += [model.description.strip()] if model.description else []
    more += [PREMIUM] if model.premium else []
    more += [] if model.listed else ["It is not in the provider's current list."]
    more += [f"Page: {page}"] if page else []
    return Table(
        list(schema.get("properties", {}).items()),
        {
            "input": lambda row: row[0] + (" *" if row[0] in required else ""),
            "type": lambda row: _takes(row[1]),
            "default": lambda row: str(row[1].get("default", "")),
            "description": lambda row: row[1].get("description", ""),
        },
        " ".join([f"{' · '.join(facts)}.", *more]),
        links=[CAPTION],
    )


def jobs(
    rows: Sequence[Job],
    preview: Preview = Asset.preview,
    total: int = 0,
    *,
    filtered: bool = False,
) -> Table:
    """Make a table of jobs with small pictures of their first outputs.

    Args:
        rows: the jobs.
        preview: makes the pictures.
        total: the number of matching jobs in the journal, counted up to `formatting.MANY`.
        filtered: whether a filter chose the jobs.
    """
    more = (
        f"{len(rows):,} of {count_text(total)} jobs; --last N shows more. "
        if total > len(rows)
        else ""
    )
    none = "No jobs match." if filtered else "No jobs yet."
    return Table(
        rows,
        {
            "preview": lambda job: _picture(job, preview),
            "model": lambda job: job.model,
            "status": lambda job: str(job.status) + (" (sandbox)" if job.sandbox else ""),
            "started": lambda job: date_and_time(job.created),
            "duration": lambda job: seconds(job.elapsed) if job.elapsed else "",
            "cost": lambda job: money(job.cost) if job.cost is not None else "",
            "id": lambda job: job.id,
        },
        f"{more}%segmind_jobs ID shows a job in full; --resume resumes unfinished jobs."
        if rows
        else none,
        pictures=["preview"],
    )


def job(one: Job, cell: str) -> Table:
    """Make a table of a job's properties; `cell` is code to rerun it, or why there is none."""
    where = "sandbox" if one.sandbox else one.provider
    facts = {
        one.kind: one.model,
        "status": " · ".join(
            dict.fromkeys(filter(None, [str(one.status), one.provider_status.lower()]))
        ),
        "error": _error_text(one.error),
        "provider": where,
        "id": one.id,
        "started": date_and_time(one.created),
        "duration": seconds(one.elapsed) if one.elapsed else "",
        "cost": money(one.cost) if one.cost is not None else "unknown",
        "credits left": f"{one.credits:.2f} USD" if one.credits is not None else "",
        "seed": str(one.seed) if one.seed is not None else "",
        **{f"input {name}": _plain(value) for name, value in one.inputs.items()},
    }
    rows = [(name, text) for name, text in facts.items() if text]
    for number, asset in enumerate(one.outputs, 1):
        until = f" until {asset.expires_at}" if asset.expires_at else ""
        place = abbreviate_home(asset.path) if asset.path else "in memory"
        where = [place, f"{asset.url}{until}" if asset.url else ""]
        rows.append((f"output {number}", " · ".join([*asset.facts[1:], *filter(None, where)])))
    rows += [("note", one.note)] if one.note else []
    rows.append(("run again", cell.strip()))
    return Table(
        rows,
        {"": lambda row: row[0], " ": lambda row: row[1]},
        'job.rerun(prompt="…") runs it with changes; job.export("python") returns a program.',
        whole=True,
    )


def spend(
    rows: Sequence[Any],
    by: str,
    sessions: Mapping[bool, Any],
    budget: float,
    newest: Job | None,
    *,
    filtered: bool = False,
    sums: Sequence[Any] | None = None,
) -> Table:
    """Make a table of the cost of jobs, with totals of real money and of sandbox credits.

    Args:
        rows: `storage.spending.SpendRow` rows.
        by: the key of a row: model, day, notebook or job.
        sessions: the `SessionSpend` of real money (False) and of sandbox credits (True).
        budget: the USD that this session may spend; 0 for no limit.
        newest: the newest job whose reply included the remaining credits.
        filtered: whether the rows are limited to the last days.
        sums: rows for the totals, where `rows` are only the newest; None: `rows` themselves.
    """
    if sums is None:
        sums = rows
    groups = [[row for row in sums if row.sandbox == sandbox] for sandbox in (False, True)]
    sentences = [*_spend_sentences(sessions, budget, newest)]
    if not rows:
        sentences.insert(0, f"No jobs were run {'in that time' if filtered else 'yet'}.")
    if sums is not rows and len(rows) == MAX_SPEND_ROWS:
        sentences.append(f"These are the newest {len(rows)}; client.spend({by!r}) returns all.")
    return Table(
        rows,
        {
            by: lambda row: row.key or f"no {by}",
            **(_JOB_COLUMNS if by == "job" else {}),
            **_provider_column(rows),
            **_SPEND_COLUMNS,
        },
        " ".join(sentences),
        totals=[_total(group) for group in groups if len(group) > 1],
        most=MAX_SPEND_ROWS,
    )


def _spend_sentences(
    sessions: Mapping[bool, Any], budget: float, newest: Job | None
) -> Iterator[str]:
    yield _session(sessions[False], "This session")
    if sessions[True].spent or sessions[True].in_flight:
        yield _session(sessions[True], "In sandbox credits")
    if budget:
        yield f"The budget of this session is {money(budget)}."
    if newest is not None:
        kind = "sandbox credits" if newest.sandbox else "credits"
        yield f"The last balance that a job reported: {newest.credits:.2f} USD of {kind}."


def uploads(assets: Sequence[Asset], preview: Preview = Asset.preview) -> Table:
    """Make a table of uploaded files with their URLs."""
    return Table(
        assets,
        {
            "preview": lambda asset: _small(asset, asset.filename, preview) if asset.local else "",
            "file": lambda asset: " · ".join(asset.facts),
            "url": lambda asset: asset.url or "",
            "valid until": lambda asset: asset.expires_at or "",
        },
        pictures=["preview"],
    )


def _picture(job: Job, preview: Preview) -> str:
    image = next((asset for asset in job.outputs if asset.kind == "image"), None)
    if image is None:
        return ""
    description = prompt_text(job.inputs) or f"{job.model} · {image.filename}"
    return _small(image, description, preview)


def _small(image: Asset, description: str, preview: Preview) -> str:
    if image.kind != "image":
        return ""
    try:
        data, kind = preview(image, 64)
    except AssetError:  # the file is damaged
        return ""
    source = f"data:{kind};base64,{base64_codec().b64encode(data).decode()}"
    style = f"width:48px;max-width:none;border-radius:4px{backdrop(source)}"
    return element("img", src=source, alt=description, style=style)


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
    sums = {name: sum(getattr(r, name) for r in rows) for name in SUM_COLUMNS}
    return replace(rows[0], key="total", provider="", model="", prompt="", last="", **sums)


def _cost(row: Any) -> str:
    unknown = f" and {row.unpriced} unknown" if row.unpriced else ""
    return f"{money(row.usd)}{unknown}"


_JOB_COLUMNS: dict[str, Callable[[Any], str]] = {
    "model": lambda row: row.model,
    "prompt": lambda row: _shortened(row.prompt),
    "day": lambda row: (
        str(datetime.fromisoformat(row.last).astimezone().date()) if row.last else ""
    ),
}
_SPEND_COLUMNS: dict[str, Callable[[Any], str]] = {
    "jobs": lambda row: str(row.jobs),
    "completed": lambda row: str(row.completed),
    "cost": _cost,
    "billed in": lambda row: "sandbox credits" if row.sandbox else "USD",
}


def _provider_column(rows: Sequence[Any]) -> dict[str, Callable[[Any], str]]:
    """Return the column of providers, where the rows have several."""
    several = len({row.provider for row in rows}) > 1
    return {"provider": lambda row: row.provider} if several else {}


def _session(session: Any, name: str) -> str:
    in_flight = (
        f", {money(session.in_flight)} reserved for running jobs" if session.in_flight else ""
    )
    return f"{name}: {money(session.spent)} spent{in_flight}."


def _shortened(prompt: str) -> str:
    line = " ".join(prompt.split())
    return line if len(line) <= _PROMPT else f"{line[: _PROMPT - 1].rstrip()}…"


def _error_text(error: Any) -> str:
    return "" if error is None else f"{error} {getattr(error, 'hint', '')}".strip()


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
