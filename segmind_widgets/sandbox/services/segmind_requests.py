"""Steps common to Segmind's models and workflows: read inputs, reserve costs, find jobs."""

from __future__ import annotations

from typing import Any

from segmind_widgets.sandbox.http.exchange import Refusal, Request
from segmind_widgets.sandbox.services.service import Context, check_interval
from segmind_widgets.sandbox.state.jobs import Job


def inputs_of(request: Request) -> dict[str, Any]:
    """Read the inputs of a run from the body.

    Raises:
        Refusal: 406 for another content type, 400 for a body that is not a JSON object.
    """
    kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Refusal(406, "Invalid content type")
    return request.json_object()


def reserve(context: Context, cost: float) -> None:
    """Reserve the cost of a run in USD.

    Raises:
        Refusal: 406, the balance is too small.
    """
    account = context.accounts["segmind"]
    if not account.reserve(cost):
        raise Refusal(
            406,
            f"Insufficient credits. Your balance is {account.balance} and this request needs"
            f" {cost}.",
        )


def job_of(context: Context, request: Request, kind: str = "model") -> Job:
    """Find the job by the id in the address.

    Raises:
        Refusal: 404, the job does not exist, or its record has expired; 429, polled too often.
    """
    job = None if request.failing("expired") else context.jobs.get(kind, request.args[0])
    if job is None:
        raise Refusal(404, f"Request {request.args[0]} not found")
    check_interval(context, job)
    return job
