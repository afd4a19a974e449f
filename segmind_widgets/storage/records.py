"""Conversions between rows of the journal and values."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from segmind_widgets.assets.asset import Asset
from segmind_widgets.errors import JobCancelled, JobFailed, StillRunning, SubmitUnknown
from segmind_widgets.formatting import date_and_time
from segmind_widgets.types import Call, JobState, Output, Reply, Status


def outputs_from_row(row: dict[str, Any]) -> tuple[Output, ...]:
    """Return the outputs in a row that are still to be fetched."""
    names = {field.name for field in dataclasses.fields(Output)}
    return tuple(Output(**{k: v for k, v in o.items() if k in names}) for o in row["outputs"])


def assets_from_row(row: Mapping[str, Any]) -> tuple[Asset, ...]:
    """Return the files of a finished row."""
    return tuple(
        Asset(
            path=Path(o["path"]),
            url=o.get("url"),
            name=o.get("name"),
            expires_at=o.get("expires_at"),
            declared_type=o.get("media_type"),
        )
        for o in row["outputs"]
        if o.get("path") and os.path.isfile(o["path"])  # noqa: PTH113 - a third of the time
    )


def call_from_row(row: dict[str, Any]) -> Call | None:
    """Return the call that continues a row's job, or None."""
    stored = row["next"]
    return Call(**(json.loads(stored) if isinstance(stored, str) else stored)) if stored else None


def output_to_row(output: Output) -> dict[str, Any]:
    """Return an output that is not yet fetched as JSON values, without bytes."""
    return {k: v for k, v in dataclasses.asdict(output).items() if v is not None and k != "data"}


def asset_to_row(asset: Asset) -> dict[str, Any]:
    """Return a fetched output as JSON values."""
    columns = {"path": str(asset.path), "url": asset.url, "media_type": asset.media_type}
    return {**columns, "name": asset.name, "expires_at": asset.expires_at}


def state_to_columns(state: JobState, reply: Reply) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a state as columns of the row and as traits of the job."""
    columns: dict[str, Any] = {"status": str(state.status)}
    traits: dict[str, Any] = {"provider_status": state.provider_status, "message": ""}
    for name in ("id", "cost", "seed", "credits"):
        value = getattr(state, name)
        if value is not None:
            traits[name] = columns[name] = value
    if state.progress is not None:
        traits |= {"progress": state.progress, "estimated": False, "indeterminate": False}
    if state.expected:
        traits["expected_seconds"] = state.expected
    if "x-sandbox" in reply.headers:
        traits["sandbox"] = columns["sandbox"] = True
    return columns, traits


def traits_from_row(row: Mapping[str, Any], *, watching: bool) -> dict[str, Any]:
    """Return the traits of a job from its row."""
    status = Status(row["status"])
    traits: dict[str, Any] = {
        "id": row["id"] or row["key"],
        "created": row["created"],
        "status": status,
        "cost": row["cost"],
        "seed": row["seed"],
        "credits": row["credits"],
        "sandbox": bool(row["sandbox"]),
        "elapsed": row["seconds"] or 0.0,
        "watching": watching,
    }
    if watching and status.final:  # it is searched for in the service's history, or fetched again
        unknown = status is Status.UNKNOWN
        traits["status"] = Status.SUBMITTING if unknown else Status.DOWNLOADING
    elif status is Status.COMPLETED:
        traits |= {**results_from_row(row), "progress": 1.0}
    elif row["error"] and not watching:
        traits["error"] = _RECALLED.get(status, StillRunning)(row["error"])
    return traits


def results_from_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the traits `outputs` and, where files are missing, `note` of a completed row."""
    traits: dict[str, Any] = {"outputs": assets_from_row(row)}
    if len(traits["outputs"]) < len(row["outputs"]):
        traits["note"] = _REMOVED.format(row["id"] or row["key"])
    elif row["deleted"]:
        whole = "One of its results" if row["outputs"] else "Its result"
        traits["note"] = f"{whole} was deleted on {date_and_time(row['deleted'])}."
    return traits


_REMOVED = (
    "Some of its files were removed from this disk. %segmind_jobs --resume {} fetches them "
    "again if the service still has them."
)
_RECALLED = {
    Status.FAILED: JobFailed,
    Status.CANCELLED: JobCancelled,
    Status.UNKNOWN: SubmitUnknown,
}
