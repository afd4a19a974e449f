"""APIMart: image uploads, image and video generations, tasks, balance and models.

Sources: docs.apimart.ai (upload, generation and task pages), and public client code.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import re
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from segmind_widgets.sandbox.http.exchange import Answer, Refusal, Request, phrase
from segmind_widgets.sandbox.http.multipart import file_part
from segmind_widgets.sandbox.services.apimart_models import APIMartModels
from segmind_widgets.sandbox.services.service import Context, Route, Service, aside, check_interval
from segmind_widgets.sandbox.services.studio import Media, image_format, used_seed
from segmind_widgets.sandbox.state.account import utc
from segmind_widgets.sandbox.state.jobs import Job
from segmind_widgets.sandbox.state.models import Model, invalid_field, missing_field

_UPLOAD_BYTES = 20_971_520
_UPLOAD_TYPES = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "GIF": "image/gif",
    "WEBP": "image/webp",
}
_RESULT_HOURS = 24
_ULID = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_STATUS = {
    "QUEUED": "submitted",
    "PROCESSING": "processing",
    "COMPLETED": "completed",
    "FAILED": "failed",
}
_ERROR_TYPES = {
    401: "authentication_error",
    402: "payment_required",
    403: "permission_error",
    429: "rate_limit_error",
}


class APIMart(Service):
    """The service `apimart`. It accepts keys only as Bearer tokens."""

    name = "apimart"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._answered: dict[str, _Submitted] = {}  # by Idempotency-Key
        self._one_at_a_time = (
            asyncio.Lock()
        )  # requests with the same Idempotency-Key may be concurrent

    def routes(self) -> Sequence[Route]:
        """Return the endpoints; the addresses of polls depend on `apimart_form`."""
        key = self._check_key
        addresses = {"both": "tasks|(?:images|videos)/generations", "seed": "images/generations"}
        poll_path = addresses.get(self.context.settings.apimart_form, "tasks")
        return (
            Route("POST", r"/v1/uploads/images", self._upload, key),
            Route("POST", r"/v1/(images|videos)/generations", self._generate, key),
            Route("GET", rf"/v1/(?:{poll_path})/([^/]+)", self._poll, key),
            Route("GET", r"(?:/v1)?/(?:user/)?balance", self._balance),
            *APIMartModels(self.context, key).routes(),
        )

    def error(self, status: int, words: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Return an error as APIMart does."""
        kind = _ERROR_TYPES.get(
            status, "server_error" if status >= 500 else "invalid_request_error"
        )
        error: dict[str, Any] = {"message": words or phrase(status), "type": kind}
        if status not in (400, 413, 500):  # the upload page shows these without a code
            error["code"] = status
        return Answer({"error": error}, status, headers=headers or {})

    def _knows(self, request: Request) -> bool:
        """Return whether the request has the right key."""
        expected = f"Bearer {self.context.settings.apimart_key}"
        return request.headers.get("Authorization") == expected

    def _check_key(self, request: Request) -> None:
        """Refuse a missing or wrong key with 401."""
        if not self._knows(request):
            raise Refusal(401, "Authentication failed, please check your API key")

    # uploads

    async def _upload(self, request: Request) -> Answer:
        """Store an image of at most 20 MiB."""
        content_type = request.headers.get("Content-Type", "")
        part = await aside(file_part, request.body, content_type, "file", _UPLOAD_BYTES)
        if part is None:
            raise Refusal(400, "missing or invalid file field: http: no such file")
        if part.data is None:
            raise Refusal(413, f"file size {part.size} exceeds maximum {_UPLOAD_BYTES} bytes")
        kind = _UPLOAD_TYPES.get(await aside(image_format, part.data) or "")
        if kind is None:
            raise Refusal(
                400,
                f"unsupported image type: {_sniffed(part.data)}, allowed: jpeg, png, gif, webp",
            )
        safe = re.sub(r"[^\w.-]+", "_", part.filename.rpartition("/")[2]) or "image"
        name = f"{random.randrange(10**12, 10**13)}-{secrets.token_hex(4)}-{safe}"
        file = await aside(self.context.files.add, [part.data], kind, "f/image", name)
        return Answer(
            {
                "url": file.url,
                "filename": part.filename,
                "content_type": kind,
                "bytes": part.size,
                "created_at": int(time.time()),
            }
        )

    # generations

    async def _generate(self, request: Request) -> Answer:
        """Submit a task, or return the earlier task of the same Idempotency-Key."""
        inputs = request.json_object()
        idempotency = request.headers.get("Idempotency-Key", "")
        digest = hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()
        async with self._one_at_a_time:
            earlier = self._answered.get(idempotency) if idempotency else None
            if earlier and earlier.digest != digest:
                raise Refusal(409, "Idempotency-Key was already used for a different request")
            job = earlier.job if earlier else await self._accept(request, inputs)
            if idempotency:
                self._answered[idempotency] = _Submitted(digest, job)
        return Answer(self._submitted(job))

    async def _accept(self, request: Request, inputs: dict[str, Any]) -> Job:
        """Check a generation, reserve its cost, and start the job."""
        model = self._model(inputs, request.args[0])
        parameters = {name: value for name, value in inputs.items() if name != "model"}
        self._check_form(parameters.get("image_urls"))
        if isinstance(parameters.get("image_urls"), list):
            parameters["image_urls"] = [_address(item) for item in parameters["image_urls"]]
        media = await aside(self._checked, model, parameters)
        parameters = model.with_defaults(parameters)
        cost = round(model.cost * max(1, int(parameters.get("n") or 1)), 6)
        if not self.account.reserve(cost):
            raise Refusal(402, "Insufficient account balance, please top up and try again")
        seed = used_seed(parameters)
        fault = request.failing("job_failed")
        jobs = self.context.jobs
        job = Job(
            kind="task",
            model=model.slug,
            inputs=parameters,
            seed=seed,
            cost=cost,
            seconds=jobs.duration(model.seconds, [model.slug, parameters, seed]),
            failing=fault.words if fault else "",
            id="task_" + "".join(random.choices(_ULID, k=26)),
        )
        request.billed = True
        work = self.context.studio.run(model, parameters, seed, media)
        return jobs.start(job, self.account, work)

    def _check_form(self, images: object) -> None:
        """Refuse `image_urls` in a form that `image_form` does not allow."""
        form = self.context.settings.image_form
        item_type = {"strings": str, "objects": dict}.get(form)
        if (
            item_type
            and isinstance(images, list)
            and not all(isinstance(i, item_type) for i in images)
        ):
            raise Refusal(400, f"'image_urls' must be a list of {form}")

    def _model(self, inputs: Mapping[str, Any], route: str) -> Model:
        """Find the requested model, and check that the address is right for it."""
        slug = inputs.get("model")
        if not isinstance(slug, str) or not slug:
            raise Refusal(400, "'model' is required")
        model = self.context.models.get("apimart", slug)
        if model is None:
            raise Refusal(404, f"The model '{slug}' does not exist")
        if (model.kind == "video") != (route == "videos"):
            raise Refusal(400, f"The model '{slug}' is not supported by /v1/{route}/generations")
        return model

    def _checked(self, model: Model, inputs: Mapping[str, Any]) -> Media:
        """Validate the inputs, and return the files among them."""
        missing = missing_field(model.schema, inputs)
        if missing:
            raise Refusal(400, f"'{missing}' is required")
        for value in inputs.get("image_urls") or []:
            if not isinstance(value, str) or not value.startswith(("http://", "https://")):
                raise Refusal(
                    400,
                    "'image_urls' takes URLs only: base64 image data is no longer supported,"
                    " upload the image with /v1/uploads/images first",
                )
        problem = invalid_field(model.schema, inputs)
        if problem:
            raise Refusal(500, f"build_request_failed: {problem}")
        return self.context.studio.media(model.schema, inputs)

    def _submitted(self, job: Job) -> dict[str, Any]:
        """Build the reply to a submission in the form of `apimart_form`."""
        form = self.context.settings.apimart_form
        if form == "seed":
            return {"id": job.id}
        if form == "info":
            info = {"can_cancel": False, "estimated_time": round(job.seconds, 1)}
            return {"data": {"id": job.id, "status": "submitted", "task_info": info}}
        task = {"code": 200, "data": [{"status": "submitted", "task_id": job.id}]}
        return task if form == "task" else {"id": job.id, **task}

    # tasks

    def _poll(self, request: Request) -> Answer:
        """Return the state of a task, with its result after completion."""
        expired = request.failing("expired")
        job = None if expired else self.context.jobs.get("task", request.args[0])
        if job is None:
            raise Refusal(404, f"Task {request.args[0]} not found")
        check_interval(self.context, job)
        if request.path.rpartition("/")[0].endswith("/generations"):
            return Answer(_seed_form(job))
        return Answer({"code": 200, "data": _task_form(job)})

    # account

    def _balance(self, request: Request) -> Answer:
        """Return the balance; a wrong key gives `success: false` with status 200."""
        if not self._knows(request):
            return Answer({"success": False, "message": "Invalid API key"})
        return Answer(
            {
                "success": True,
                "remain_balance": self.account.balance,
                "used_balance": self.account.used,
                "unlimited_quota": False,
            }
        )


@dataclass(frozen=True)
class _Submitted:
    """A task that was submitted with an Idempotency-Key."""

    digest: str  # digest of the body; the Idempotency-Key is valid only for the same body
    job: Job


def _address(item: Any) -> Any:
    """Return the address of an item of `image_urls`: a string or `{"url": address}`."""
    return item.get("url") if isinstance(item, Mapping) else item


def _seed_form(job: Job) -> dict[str, Any]:
    """Return the state of a task in the form of APIMart's upload page."""
    body: dict[str, Any] = {"id": job.id, "status": _STATUS[job.status]}
    if job.status == "COMPLETED":
        urls = [output.value for output in job.outputs]
        body["url"] = urls[0] if len(urls) == 1 else urls
    if job.status == "FAILED":
        body["fail_reason"] = job.error
    return body


def _task_form(job: Job) -> dict[str, Any]:
    """Return the state of a task in the form of APIMart's task page."""
    body: dict[str, Any] = {
        "id": job.id,
        "status": _STATUS[job.status],
        "progress": job.progress,
        "created": int(job.created.timestamp()),
        "estimated_time": round(job.seconds, 1),
    }
    if job.status == "COMPLETED":
        files = [output.file for output in job.outputs if output.file]
        kind = "videos" if files[0].media_type.startswith("video/") else "images"
        ended = utc(-(time.monotonic() - (job.ended or 0)))
        body["cost"] = job.cost
        body["actual_time"] = round(job.elapsed, 3)
        body["completed"] = int(ended.timestamp())
        body["result"] = {
            kind: [
                {
                    "url": [file.url for file in files],
                    "expires_at": int(ended.timestamp()) + _RESULT_HOURS * 3600,
                }
            ]
        }
    if job.status == "FAILED":
        body["cost"] = 0
        body["error"] = {
            "code": "generation_failed",
            "message": job.error,
            "type": "generation_error",
        }
    return body


def _sniffed(data: bytes) -> str:
    """Guess the media type of a rejected upload from its first bytes."""
    for start, kind in (
        (b"%PDF-", "application/pdf"),
        (b"BM", "image/bmp"),
        (b"PK", "application/zip"),
    ):
        if data.startswith(start):
            return kind
    try:
        data[:512].decode()
    except UnicodeDecodeError:
        return "application/octet-stream"
    return "text/plain; charset=utf-8"
