"""Conversions between rows of the journal and values."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from segmind_widgets.assets.asset import Asset
from segmind_widgets.errors import (
    JobCancelled,
    JobFailed,
    SegmindError,
    StillRunning,
    SubmitUnknown,
)
from segmind_widgets.formatting import date_and_time
from segmind_widgets.types import Call, JobState, Output, Reply, Status


def outputs_from_row(row: dict[str, Any]) -> tuple[Output, ...]:
    """Return the outputs in a row that are still to be fetched."""
    names = {field.name for field in dataclasses.fields(Output)}
    return tuple(Output(**{k: v for k, v in o.items() if k in names}) for o in row["outputs"])


def assets_from_row(row: Mapping[str, Any]) -> tuple[Asset, ...]:
    """Return the files of a finished row."""
    return tuple(files_from_row(row).values())


def files_from_row(row: Mapping[str, Any]) -> dict[int, Asset]:
    """Return the files of a row that are on this disk, by the index of the output."""
    return {
        index: Asset(
            path=Path(o["path"]),
            url=o.get("url"),
            name=o.get("name"),
            expires_at=o.get("expires_at"),
            declared_type=o.get("media_type"),
        )
        for index, o in enumerate(row["outputs"])
        if o.get("path") and os.path.isfile(o["path"])  # noqa: PTH113 - a third of the time
    }


def partial_to_row(
    outputs: Sequence[Output], files: Mapping[int, Asset], missing: Mapping[int, SegmindError]
) -> list[dict[str, Any]]:
    """Return outputs of which some are not fetched as JSON values, with the reason for each."""
    return [
        asset_to_row(files[index])
        if index in files
        else {**output_to_row(output), "missing": str(missing.get(index, ""))}
        for index, output in enumerate(outputs)
    ]


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
    reasons = missing_outputs(row["outputs"])
    if reasons:
        traits["note"] = f"{reasons} {ASK_AGAIN.format(row['id'] or row['key'])}"
    elif len(traits["outputs"]) < len(row["outputs"]):
        traits["note"] = _REMOVED.format(row["id"] or row["key"])
    elif row["deleted"]:
        whole = "One of its results" if row["outputs"] else "Its result"
        traits["note"] = f"{whole} was deleted on {date_and_time(row['deleted'])}."
    return traits


def missing_outputs(outputs: Iterable[Mapping[str, Any]]) -> str:
    """Return a sentence for each output of a row that was not fetched."""
    return " ".join(
        f"Output {number}{_named(output)} is missing: {output['missing']}"
        for number, output in enumerate(outputs, 1)
        if "missing" in output
    )


def _named(output: Mapping[str, Any]) -> str:
    return f" ({output['name']})" if output.get("name") else ""


ASK_AGAIN = "%segmind_jobs --resume {} asks for it alone."
_REMOVED = (
    "Some of its files were removed from this disk. %segmind_jobs --resume {} fetches them "
    "again if the service still has them."
)
_RECALLED = {
    Status.FAILED: JobFailed,
    Status.CANCELLED: JobCancelled,
    Status.UNKNOWN: SubmitUnknown,
}
