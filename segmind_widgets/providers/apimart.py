"""APIMart: image uploads, image and video generations, tasks, balance, models.

Facts: docs.apimart.ai (upload page) and public code that runs against it; see the README's table.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any, ClassVar
from urllib.parse import quote

from segmind_widgets.assets.asset import Asset
from segmind_widgets.catalog.catalog import parse_parameters
from segmind_widgets.errors import (
    AssetError,
    InputError,
    JobFailed,
    ReplyError,
    SubmitUnknown,
    Unauthorized,
)
from segmind_widgets.providers._base import (
    Body,
    Provider,
    checked,
    excerpt,
    json_object,
    number,
    status_of,
)
from segmind_widgets.providers._errors import words
from segmind_widgets.providers._outputs import collect
from segmind_widgets.types import (
    Call,
    Credits,
    JobState,
    Model,
    Reply,
    RunRequest,
    Status,
    Uploaded,
)

UPLOAD_BYTES = 20_971_520
UPLOAD_HOURS = 72.0
UPLOAD_TYPES = ("jpeg", "png", "gif", "webp")
_WORDS = {
    "submitted": Status.QUEUED,
    "pending": Status.QUEUED,
    "queued": Status.QUEUED,
    "completed": Status.COMPLETED,
    "succeeded": Status.COMPLETED,
    "success": Status.COMPLETED,
    "failed": Status.FAILED,
    "failure": Status.FAILED,
    "error": Status.FAILED,
    "cancelled": Status.CANCELLED,
    "canceled": Status.CANCELLED,
}


class APIMart(Provider):
    """The provider `apimart`. `image_objects` sends `image_urls` as `[{"url": u}]`."""

    name = "apimart"
    title = "APIMart"
    settings: ClassVar = {"APIMART_API_URL": "https://api.apimart.ai"}

    def __init__(
        self, urls: Mapping[str, str] | None = None, *, image_objects: bool = False
    ) -> None:
        super().__init__(urls)
        self._image_objects = image_objects

    @property
    def _base(self) -> str:
        return f"{self.urls['APIMART_API_URL']}/v1"

    @property
    def upload_url(self) -> str:
        """Return the address of uploads."""
        return f"{self._base}/uploads/images"

    def authorize(self, call: Call, key: str) -> dict[str, str]:  # noqa: ARG002 - one way for every call
        """Return the headers that carry the key."""
        return {"Authorization": f"Bearer {key}"}

    # jobs

    def submit(self, request: RunRequest) -> Call:
        """Return the first call of a job."""
        if request.kind == "workflow":
            raise InputError("APIMart has no workflows.", hint="Run it with -p segmind.")
        if request.api != "auto":
            raise InputError("--api v1|v2 applies only to Segmind. Leave it out for APIMart.")
        inputs = {"model": request.target, **request.inputs}
        urls = inputs.get("image_urls")
        if self._image_objects and isinstance(urls, list):
            inputs["image_urls"] = [{"url": u} if isinstance(u, str) else u for u in urls]
        kind = "videos" if "video" in request.modality.lower() else "images"
        return Call(
            "POST",
            f"{self._base}/{kind}/generations",
            inputs,
            headers={"Idempotency-Key": str(uuid.uuid4())},
            billed=True,
        )

    def parse(self, call: Call, reply: Reply) -> JobState:
        """Return the state that a reply means."""
        if reply.status == 404 and "/tasks/" in call.url:
            task = call.url.rpartition("/")[2]
            older = Call("GET", f"{self._base}/images/generations/{task}")  # the upload page's form
            return JobState(Status.QUEUED, older, now=True)
        body = json_object(call, checked(call, reply))
        _refused(body, reply)
        data = body.get("data")
        data = data[0] if isinstance(data, list) and data else data
        data = data if isinstance(data, dict) else body
        return self._submitted(data, reply) if call.billed else self._polled(call, data, reply)

    def find(self, job_id: str) -> Call:
        """Return the call that polls a job by its id."""
        return Call("GET", f"{self._base}/tasks/{quote(job_id, safe='')}")

    def _submitted(self, data: Mapping[str, Any], reply: Reply) -> JobState:
        task = data.get("task_id") or data.get("id")
        if not isinstance(task, (str, int)) or isinstance(task, bool) or not str(task):
            raise SubmitUnknown(
                "APIMart took the request, but its reply names no task.",
                body=excerpt(reply.body),
            )
        info = data["task_info"] if isinstance(data.get("task_info"), dict) else data
        return JobState(
            Status.QUEUED,
            self.find(str(task)),
            id=str(task),
            provider_status=str(data.get("status") or ""),
            expected=number(info.get("estimated_time")),
        )

    def _polled(self, call: Call, data: Mapping[str, Any], reply: Reply) -> JobState:
        status = status_of(data.get("status"), _WORDS)
        progress = number(data.get("progress"))
        state = JobState(
            status,
            id=str(data.get("id") or data.get("task_id") or call.url.rpartition("/")[2]),
            provider_status=str(data.get("status") or ""),
            progress=min(1.0, max(0.0, progress / 100)) if progress is not None else None,
            expected=number(data.get("estimated_time")),
            cost=number(data.get("cost")),
        )
        if status is Status.FAILED:
            return replace(state, error=_failure(data, reply, state.id))
        if status is not Status.COMPLETED:
            return state if status.final else replace(state, next=call)
        result = data.get("result") or data.get("url")
        outputs = _result_outputs(result)
        if not outputs:
            raise ReplyError(
                "The task is completed, but the reply holds no result.",
                body=excerpt(reply.body),
                request_id=state.id,
            )
        return replace(state, outputs=tuple(outputs))

    # files, account

    def check_upload(self, asset: Asset) -> None:
        """Raise AssetError for a file that APIMart would refuse."""
        kind = asset.media_type.removeprefix("image/")
        if not asset.media_type.startswith("image/") or kind not in UPLOAD_TYPES:
            raise AssetError(
                f"{asset.filename}: unsupported image type: {asset.media_type},"
                f" allowed: {', '.join(UPLOAD_TYPES)}",
                hint="Save it as PNG or JPEG; APIMart takes no other files.",
            )
        if (asset.size or 0) > UPLOAD_BYTES:
            raise AssetError(
                f"{asset.filename}: file size {asset.size} exceeds maximum {UPLOAD_BYTES} bytes",
                hint="Make it smaller: fewer pixels, or JPEG or WebP.",
            )

    def upload_calls(
        self, assets: Sequence[Asset], progress: Callable[[int], None] | None = None
    ) -> Iterator[tuple[Call, int]]:
        """Yield the calls that upload the assets."""
        for asset in assets:
            yield self._upload(asset, progress), 1

    def _upload(self, asset: Asset, progress: Callable[[int], None] | None) -> Call:
        edge = uuid.uuid4().hex
        name = asset.filename.replace('"', "").replace("\r", "").replace("\n", "")
        head = (
            f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
            f"Content-Type: {asset.media_type}\r\n\r\n"
        ).encode("utf-8", "replace")
        tail = f"\r\n--{edge}--\r\n".encode()
        parts = [(len(head), head), (asset.size or 0, asset.pieces), (len(tail), tail)]
        headers = {"Content-Type": f"multipart/form-data; boundary={edge}"}
        body = Body(parts, progress)
        return Call("POST", self.upload_url, headers=headers, timeout=300.0, body=body)

    def parse_upload(self, reply: Reply, count: int = 1) -> list[Uploaded]:  # noqa: ARG002 - one file a call
        """Return the addresses of the uploaded files."""
        call = Call("POST", self.upload_url)
        body = json_object(call, checked(call, reply))
        _refused(body, reply)
        data = body["data"] if isinstance(body.get("data"), dict) else body
        if not isinstance(data.get("url"), str) or not data["url"]:
            raise ReplyError(
                "APIMart's upload answered without a URL.", body=json.dumps(body)[:2000]
            )
        now = time.time()
        made = min(now, max(0.0, number(data.get("created_at")) or now))
        until = datetime.fromtimestamp(made, timezone.utc) + timedelta(hours=UPLOAD_HOURS)
        return [Uploaded(data["url"], until.isoformat(timespec="seconds"))]

    def credits_call(self) -> Call:
        """Return the call that asks for the balance."""
        return Call("GET", f"{self._base}/balance")

    def parse_credits(self, reply: Reply) -> Credits:
        """Return the balance."""
        body = json_object(self.credits_call(), checked(self.credits_call(), reply))
        if body.get("success") is False:
            said, _ = words(reply.body.decode("utf-8", "replace"))
            raise Unauthorized(said or "APIMart refused the key.")
        left = number(body.get("remain_balance"))
        unlimited = body.get("unlimited_quota") is True
        if left is None and not unlimited:
            raise ReplyError("APIMart told no balance.", body=json.dumps(body)[:2000])
        return Credits(left or 0.0, used=number(body.get("used_balance")), unlimited=unlimited)

    def models_call(self) -> Call:
        """Return the call that lists the models."""
        return Call("GET", f"{self._base}/models?expand=parameters")

    def parse_models(self, reply: Reply) -> list[Model]:
        """Return the models with their schemas."""
        body = json_object(self.models_call(), checked(self.models_call(), reply))
        records = body.get("data")
        if not isinstance(records, list):
            raise ReplyError("APIMart listed no models.", body=json.dumps(body)[:2000])
        found = [parse_parameters(record) for record in records if isinstance(record, dict)]
        return [model for model in found if model]


def _refused(body: Mapping[str, Any], reply: Reply) -> None:
    """Raise an error under HTTP 200: `{"code": 4xx, …}` or `{"error": {…}}` without data."""
    code = body.get("code")
    bad = isinstance(code, int) and code >= 400
    if bad or (body.get("error") and not body.get("data") and "status" not in body):
        fake = code if bad and isinstance(code, int) else 400
        checked(Call("GET", reply.url), replace(reply, status=fake))


def _failure(data: Mapping[str, Any], reply: Reply, task: str | None) -> JobFailed:
    said, field = words(json.dumps({k: data.get(k) for k in ("error", "fail_reason", "message")}))
    return JobFailed(
        said or "The task failed; the service gave no reason.",
        body=excerpt(reply.body),
        request_id=task,
        field=field,
    )


def _result_outputs(result: object) -> list[Any]:
    """`{"images": [{"url": ["…"], "expires_at": …}]}`, `{"url": …}`: files with their expiry."""
    if isinstance(result, dict):
        records = [r for v in result.values() if isinstance(v, list) for r in v]
        found = []
        for record in records:
            if isinstance(record, dict):
                when = _moment(record.get("expires_at"))
                outputs = collect(record.get("url") or record)
                found += [replace(o, expires_at=when, name=None) for o in outputs if o.url]
        if found:
            return found
    return [replace(o, name=None) for o in collect(result) if o.url or o.data]


def _moment(value: object) -> str | None:
    """UTC ISO 8601 from epoch seconds or from such text; None for anything else."""
    seconds = number(value)
    if seconds is None:
        return value if isinstance(value, str) and value else None
    seconds /= 1000 if seconds > 1e11 else 1  # milliseconds
    try:
        return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="seconds")
    except (ValueError, OverflowError, OSError):
        return None
