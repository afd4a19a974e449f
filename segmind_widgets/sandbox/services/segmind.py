"""Segmind: models (v1 and v2), Storage, credits, workflows, model directory, history.

Sources: docs.segmind.com (API reference, async inference, authentication, Storage) and the official
SDK 1.3.0. One origin serves all of Segmind's hosts, since their paths do not collide.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

from segmind_widgets.sandbox.http.exchange import Answer, Refusal, Request, phrase
from segmind_widgets.sandbox.services.data_urls import keep_data_urls
from segmind_widgets.sandbox.services.directory import Directory
from segmind_widgets.sandbox.services.history import History
from segmind_widgets.sandbox.services.segmind_requests import inputs_of, job_of, reserve
from segmind_widgets.sandbox.services.service import Route, Service, aside
from segmind_widgets.sandbox.services.studio import Media, used_seed
from segmind_widgets.sandbox.services.workflows import Workflows
from segmind_widgets.sandbox.state.jobs import Job, Output
from segmind_widgets.sandbox.state.models import Model, invalid_field, missing_field

_NOT_ALLOWED = """<!doctype html>
<html lang=en>
<title>405 Method Not Allowed</title>
<h1>Method Not Allowed</h1>
<p>The method is not allowed for the requested URL.</p>
"""
_NO_KEY = "Missing Authorization or x-api-key in header"
_BAD_KEY = "Unauthorized. API key is invalid or may have expired."


class Segmind(Service):
    """The service `segmind`."""

    name = "segmind"

    def routes(self) -> Sequence[Route]:
        """Return the endpoints, including those of workflows, directory and history."""
        key = self.check_key
        return (
            Route("GET", r"/v1/get-user-credits", self._credits, key),
            Route("GET", r"/v1/requests/([^/]+)", self._followed, key),
            Route("POST", r"/v1/([^/]+)", self._run, key),
            Route("GET", r"/v2/requests/([^/]+)/status", self._status, key),
            Route("GET", r"/v2/requests/([^/]+)", self._result, key),
            Route("POST", r"/v2/([^/]+)", self._submit, key),
            Route("POST", r"/upload-asset", self._upload, key),
            *Workflows(self.context, self.check_workflow_key).routes(),
            *Directory(self.context, key).routes(),
            *History(self.context, key).routes(),
        )

    def error(self, status: int, words: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Return an error as Segmind does: JSON, or an HTML page for 405."""
        headers = headers or {}
        if status == 405:
            return Answer(_NOT_ALLOWED, 405, "text/html; charset=utf-8", headers)
        return Answer({"error": words or phrase(status)}, status, headers=headers)

    # keys

    def check_key(self, request: Request) -> None:
        """Check the key in `x-api-key`; a Bearer token is not accepted.

        Raises:
            Refusal: 401, the key is missing or wrong.
        """
        self._compare(request.headers.get("x-api-key"), request.headers.get("Authorization"))

    def check_workflow_key(self, request: Request) -> None:
        """Check the key in `x-api-key` or a Bearer token, as `workflow_auth` allows.

        Raises:
            Refusal: 401, the key is missing or wrong.
        """
        allowed = self.context.settings.workflow_auth
        key = request.headers.get("x-api-key") if allowed != "bearer" else None
        bearer = request.headers.get("Authorization", "")
        if not key and allowed != "x-api-key" and bearer.startswith("Bearer "):
            key = bearer.removeprefix("Bearer ")
        self._compare(key, bearer or request.headers.get("x-api-key"))

    def _compare(self, key: str | None, other: str | None) -> None:
        """Compare the key; `other` is a key in another header."""
        if not key and not other:
            raise Refusal(401, _NO_KEY)
        if key != self.context.settings.segmind_key:
            raise Refusal(401, _BAD_KEY)

    # models

    async def _run(self, request: Request) -> Answer:
        """Run a model by v1: the reply is the result, sent when the job is done."""
        job = await self._accept(request)
        await job.done.wait()
        if job.error:
            return self.error(500, job.error, {"x-request-id": job.id})
        output = job.outputs[0]
        headers = self._accounting(job, output)
        if output.file is None:
            return Answer(openai_reply(job, output.text), headers=headers)
        if job.inputs.get("base64") is True:
            data = await aside(output.file.path.read_bytes)
            kind = output.file.media_type.partition("/")[0]
            return Answer({kind: base64.b64encode(data).decode()}, headers=headers)
        return Answer(output.file.path, 200, output.file.media_type, headers)

    def _accounting(self, job: Job, output: Output) -> dict[str, str]:
        """Return the headers of a v1 reply with id, cost, time and metadata."""
        metadata = {"type": output.file.media_type, "size": output.file.size} if output.file else {}
        return {
            "x-request-id": job.id,
            "x-cost": str(job.cost),
            "x-remaining-credits": str(self.account.balance),
            "x-generation-time": str(job.times["inference_time"]),
            "x-seed-value": str(job.seed),
            "x-output-metadata": json.dumps(metadata),
        }

    async def _submit(self, request: Request) -> Answer:
        """Submit a model run by v2."""
        job = await self._accept(request)
        return Answer(
            {
                "request_id": job.id,
                "status": "QUEUED",
                "poll_url": f"{self.origin}/v1/requests/{job.id}",
                "status_url": f"{self.origin}/v2/requests/{job.id}/status",
                "response_url": f"{self.origin}/v2/requests/{job.id}",
            }
        )

    async def _accept(self, request: Request) -> Job:
        """Check a run in the order of the real gateway, reserve its cost, and start the job."""
        slug, settings = request.args[0], self.context.settings
        model = self.context.models.get("segmind", slug)
        v2 = request.path.startswith("/v2/")
        if model is None or slug in (settings.v1_models if v2 else settings.v2_models):
            raise Refusal(404, f"Model {slug} not found")
        inputs = inputs_of(request)
        if settings.enum_types == "loose":
            inputs = model.with_enum_types(inputs)
        if model.kind == "text" and "messages" not in inputs and inputs.get("prompt"):
            inputs["messages"] = [{"role": "user", "content": inputs["prompt"]}]
        media = await aside(self.checked, model, inputs)
        reserve(self.context, model.cost)
        seed = used_seed(inputs)
        fault = request.failing("job_failed")
        jobs, studio = self.context.jobs, self.context.studio
        job = Job(
            kind="model",
            model=slug,
            inputs=inputs,
            seed=seed,
            cost=model.cost,
            seconds=jobs.duration(model.seconds, [slug, inputs, seed]),
            failing=fault.words if fault else "",
        )
        request.billed = True
        return jobs.start(
            job, self.account, studio.run(model, model.with_defaults(inputs), seed, media)
        )

    def checked(self, model: Model, inputs: Mapping[str, Any]) -> Media:
        """Validate the inputs, and return the files among them.

        Slow: call it in a thread.

        Raises:
            Refusal: 422 for a missing or invalid input; see also `Studio.media`.
        """
        missing = missing_field(model.schema, inputs)
        if missing:
            raise Refusal(422, f"'{missing}' is a required field")
        problem = invalid_field(model.schema, inputs)
        if problem:
            raise Refusal(422, problem)
        return self.context.studio.media(model.schema, inputs)

    # status and result of a job

    def _status(self, request: Request) -> Answer:
        """Return the status of a v2 job."""
        job = job_of(self.context, request)
        return self._state(job, {})

    def _result(self, request: Request) -> Answer:
        """Return the status of a v2 job, with its result after completion."""
        job = job_of(self.context, request)
        return self._state(job, _results(job) if job.status == "COMPLETED" else {})

    def _followed(self, request: Request) -> Answer:
        """Return status and result by the v1 address, which replies 200 even for a failed job."""
        answer = self._result(request)
        return Answer(answer.body, 200)

    def _state(self, job: Job, results: Mapping[str, Any]) -> Answer:
        """Build the reply with status, metrics and results; its code may be `failed_code`."""
        body = {"status": job.status, "request_id": job.id, **results, "metrics": job.times}
        if job.status == "COMPLETED":
            money = {"cost": job.cost, "remaining_credits": self.account.balance}
            body["metrics"] = {**money, **job.times}
        if job.status == "FAILED":
            return Answer({**body, "error": job.error}, int(self.context.settings.failed_code))
        return Answer(body)

    # account and Storage

    def _credits(self, request: Request) -> Answer:
        """Return the balance."""
        del request
        return Answer({"credits": self.account.balance, "free-credits": 0.0})

    async def _upload(self, request: Request) -> Answer:
        """Store uploads in Segmind Storage."""
        urls = await aside(keep_data_urls, request.body, self.context.files)
        form = self.context.settings.storage_form
        body: dict[str, Any] = {} if form == "file_urls" else {"urls": urls}
        if form != "urls":
            body |= {"file_urls": urls, "message": "Files uploaded successfully"}
        return Answer(body)


def _results(job: Job) -> dict[str, Any]:
    """Return the result fields of a completed v2 job: `output`, and the files by kind."""
    first = job.outputs[0]
    if first.file is None:
        return {"output": json.dumps(openai_reply(job, first.text))}
    files = [_media(output) for output in job.outputs if output.file]
    kind = first.file.media_type.partition("/")[0]
    body: dict[str, Any] = {"output": first.value, "seed": str(job.seed)}
    if job.inputs.get("prompt"):
        body["prompt"] = job.inputs["prompt"]
    return {**body, **({"images": files} if kind == "image" else {kind: files[0]})}


def _media(output: Output) -> dict[str, str]:
    """Describe a file of a result."""
    file = output.file
    assert file is not None
    return {
        "url": file.url,
        "content_type": file.media_type,
        "file_name": file.name,
        "file_size": str(file.size),
    }


def openai_reply(job: Job, text: str) -> dict[str, Any]:
    """Return the reply of a language model in OpenAI's form, with estimated token counts."""
    prompt_tokens, completion_tokens = (
        len(json.dumps(job.inputs.get("messages"))) // 4,
        len(text) // 4,
    )
    return {
        "id": f"chatcmpl-{job.id}",
        "object": "chat.completion",
        "created": int(job.created.timestamp()),
        "model": job.model,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text},
                "finish_reason": "stop",
            }
        ],
        "usage": {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": completion_tokens,
            "total_tokens": prompt_tokens + completion_tokens,
        },
    }
