"""The facts that come with a reply: ids, costs, seeds and times, under each of their names.

Sources of the names: the services' pages, the official SDK 1.3.0 and public readers of the services
(protocol.md, sections 1, 2, 6 and 10, kept with the project's notes).
"""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any, TypedDict

from segmind_widgets.schemas import is_list, is_mapping

HEADERS: Mapping[str, tuple[str, ...]] = {
    "id": ("x-request-id", "x-segmind-request-id", "x-apimart-request-id", "x-oneapi-request-id",
           "request-id", "x-requestid"),
    "cost": ("x-cost", "x-response-cost", "x-request-cost", "x-segmind-cost"),
    "credits": ("x-remaining-credits", "x-credits-remaining", "x-segmind-remaining-credits"),
    "seconds": ("x-generation-time", "x-inference-time"),
    "seed": ("x-seed-value", "x-seed", "x-segmind-seed"),
    "metadata": ("x-output-metadata",),
    "reset": ("retry-after", "x-rate-limit-reset-at-utc", "x-ratelimit-reset-at-utc",
              "x-rate-limit-reset", "x-ratelimit-reset", "ratelimit-reset",
              "x-ratelimit-reset-requests"),
}  # fmt: skip
ID_NAMES = ("request_id", "requestId", "task_id", "taskId", "job_id", "jobId", "generation_id",
            "prediction_id", "id")  # fmt: skip
_SEED_NAMES = ("seed", "seeds", "seed_used", "used_seed")
_MAX_ID = 500  # characters
_MAX_SEED_DIGITS = 100


class Facts(TypedDict, total=False):
    """The fields of a `JobState` that are not about its progress."""

    cost: float | None
    credits: float | None
    seconds: float | None
    seed: int | None


def header(headers: Mapping[str, str], fact: str) -> str | None:
    """Return the header of a fact of `HEADERS` that has a value, or None."""
    return next((headers[name] for name in HEADERS[fact] if headers.get(name)), None)


def id_of(body: Mapping[str, Any]) -> str:
    """Return the service's id of a job, or ""."""
    for name in ID_NAMES:
        value = body.get(name)
        if isinstance(value, (str, int)) and not isinstance(value, bool) and str(value).strip():
            return str(value).strip()[:_MAX_ID]
    return ""


def facts_of(body: Mapping[str, Any], headers: Mapping[str, str]) -> Facts:
    """Return the cost (USD), credits, seconds and seed in a reply: its body before its headers."""
    inner = body.get("metrics")
    metrics: Mapping[str, Any] = inner if is_mapping(inner) else {}

    def first(fact: str, *values: object) -> float | None:
        known = map(number, (*values, header(headers, fact)))
        return next((value for value in known if value is not None), None)

    return {
        "cost": first("cost", metrics.get("cost"), body.get("cost")),
        "credits": first("credits", metrics.get("remaining_credits")),
        "seconds": first(
            "seconds",
            metrics.get("total_time") or metrics.get("inference_time"),
            body.get("actual_time"),
        ),
        "seed": _seed(body, headers),
    }


def _seed(body: Mapping[str, Any], headers: Mapping[str, str]) -> int | None:
    """Return the seed that was used, the first of several, exactly."""
    places = [body, *(body[name] for name in ("data", "result") if is_mapping(body.get(name)))]
    values = [place[name] for place in places for name in _SEED_NAMES if name in place]
    values.append(header(headers, "seed"))
    metadata = _metadata(header(headers, "metadata") or "")
    values += [metadata[name] for name in _SEED_NAMES if name in metadata]
    firsts = (value[0] if is_list(value) and value else value for value in values)
    return next((seed for seed in map(whole, firsts) if seed is not None), None)


def _metadata(text: str) -> Mapping[str, Any]:
    """Return the mapping in `x-output-metadata`, which is JSON or sometimes a Python literal."""
    for read in (json.loads, ast.literal_eval):
        try:
            value: object = read(text[:10_000])
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            continue
        value = value[0] if is_list(value) and value else value
        if is_mapping(value):
            return value
    return {}


def utc_text(value: object) -> str | None:
    """Return UTC ISO 8601 from epoch seconds or ISO 8601 text; None for anything else."""
    seconds = number(value)
    if seconds is None:
        return value if isinstance(value, str) and value else None
    seconds /= 1000 if seconds > 1e11 else 1  # milliseconds
    try:
        return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="seconds")
    except (ValueError, OverflowError, OSError):
        return None


def number(value: object) -> float | None:
    """Return a finite number, also from a string; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        figure = float(str(value).strip().lstrip("$"))
    except ValueError:
        return None
    return figure if abs(figure) < float("inf") else None


def whole(value: object) -> int | None:
    """Return a whole number exactly, also from a string; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    if isinstance(value, str):
        value = value.strip()[: _MAX_SEED_DIGITS + 1]
    try:
        exact = int(value) if isinstance(value, (int, str)) else None
    except ValueError:
        exact = None
    if exact is None:
        near = number(value)
        exact = int(near) if near is not None else None
    return exact if exact is not None and abs(exact) < 10**_MAX_SEED_DIGITS else None
