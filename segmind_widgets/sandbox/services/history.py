"""Segmind's request history, which remains after the record of a request expires."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from segmind_widgets.sandbox.http.exchange import Answer, Refusal, Request
from segmind_widgets.sandbox.services.service import CheckKey, Context, Route
from segmind_widgets.sandbox.state.account import utc
from segmind_widgets.sandbox.state.jobs import Job

_PATH = "/inference-request/request-history"


class History:
    """Serves one request by its id, and a list with a row per output. Source: SDK 1.3.0."""

    def __init__(self, context: Context, check_key: CheckKey) -> None:
        self._context, self._check_key = context, check_key

    def routes(self) -> Sequence[Route]:
        """Return the endpoints."""
        key = self._check_key
        return (
            Route("GET", _PATH, self._list, key),
            Route("GET", rf"{_PATH}/([^/]+)", self._one, key),
        )

    def _one(self, request: Request) -> Answer:
        """Return the first row of a request."""
        job = self._context.jobs.find("model", request.args[0])
        if job is None:
            raise Refusal(404, f"Request {request.args[0]} not found")
        return Answer(_rows(job)[0])

    def _list(self, request: Request) -> Answer:
        """Return a page of rows, filtered by date, model and status."""
        query = request.query
        page = _number(query, "page", 1, 1_000_000)
        per_page = _number(query, "per_page", 20, 100)
        first = _day(query, "from_date", utc().date() - timedelta(days=7))
        last = _day(query, "to_date", utc().date())
        rows = [
            (job, number)
            for job in self._context.jobs.all("model")
            if first <= job.created.date() <= last
            and query.get("model_name", "") in job.model
            and query.get("status", _status(job)) == _status(job)
            for number in range(max(1, len(job.outputs)))
        ]
        return Answer(
            {
                "data": [
                    _rows(job)[number]
                    for job, number in rows[(page - 1) * per_page : page * per_page]
                ],
                "page": page,
                "per_page": per_page,
                "total": len(rows),
                "total_pages": math.ceil(len(rows) / per_page),
            }
        )


def _rows(job: Job) -> list[dict[str, Any]]:
    """Return a row per output, each with the whole cost; a single row without outputs."""
    status = _status(job)
    row = {
        "request_id": job.id,
        "model_name": job.model,
        "model_status": status,
        "model_created": job.created.isoformat(),
        "credits_deduction": job.cost if status == "COMPLETED" else 0.0,
        "request_body": dict(job.inputs),
        "generation_url": None,
        "latency_ms": round(1000 * job.elapsed) if job.ended else None,
        "error": job.error or None,
    }
    return [
        {**row, "generation_url": output.file.url if output.file else None}
        for output in job.outputs
    ] or [row]


def _status(job: Job) -> str:
    return job.status if job.status in ("COMPLETED", "FAILED") else "PENDING"


def _number(query: Any, name: str, default: int, largest: int) -> int:
    """Read a number from 1 to `largest` from the query."""
    text = query.get(name, str(default))
    if not text.isdigit() or not 1 <= int(text) <= largest:
        raise Refusal(400, f"'{name}' must be a number from 1 to {largest}")
    return int(text)


def _day(query: Any, name: str, default: date) -> date:
    """Read a date from the query."""
    try:
        return date.fromisoformat(query[name]) if name in query else default
    except ValueError:
        raise Refusal(400, f"'{name}' must be a date such as 2025-01-31") from None
