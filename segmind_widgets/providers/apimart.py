"""APIMart: image uploads, image and video generations, tasks, balance, models.

Sources: docs.apimart.ai (upload page) and public code that uses it; see the README's table.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any, ClassVar
from urllib.parse import quote

from segmind_widgets.assets import media_types
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
    hidden_submit,
    json_object,
    number,
    refusal,
    status_of,
    whole,
)
from segmind_widgets.providers._errors import from_reply, words
from segmind_widgets.providers._outputs import collect
from segmind_widgets.providers._submits import Answer, Service, answer_of
from segmind_widgets.schemas import is_list, is_mapping
from segmind_widgets.types import (
    Call,
    Credits,
    JobState,
    Model,
    Output,
    Reply,
    RunRequest,
    Status,
    Uploaded,
)

UPLOAD_BYTES = 20_971_520
UPLOAD_HOURS = 72.0
UPLOAD_TYPES = ("jpeg", "png", "gif", "webp")
_IMAGES = "image_urls"
_EXAMPLES = {"strings": '["https://…"]', "objects": '[{"url": "https://…"}]'}
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
    """The provider `apimart`.

    The upload page gives `image_urls` as `[{"url": u}]`, other pages as `[u]`. Lists in the user's
    inputs are sent unchanged; for uploads, `image_objects` chooses which form is tried first, and
    the form that the account accepts is remembered.
    """

    name = "apimart"
    title = "APIMart"
    settings: ClassVar = {"APIMART_API_URL": "https://api.apimart.ai"}
    takes_data_urls: ClassVar = False  # the upload page's warning
    upload_limits: ClassVar = (
        f"APIMart takes JPEG, PNG, WebP and GIF of at most {UPLOAD_BYTES >> 20} MB; their URLs are"
        f" valid for {UPLOAD_HOURS:.0f} hours."
    )
    picture_types: ClassVar = frozenset(f"image/{name}" for name in UPLOAD_TYPES)
    keys_url: ClassVar = "https://apimart.ai/keys"

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
            raise InputError("--api v1|v2 applies only to Segmind. Remove it for APIMart.")
        inputs = {"model": request.target, **request.inputs}
        kind = "videos" if "video" in request.modality.lower() else "images"
        call = Call(
            "POST",
            f"{self._base}/{kind}/generations",
            inputs,
            headers=_new_key(),
            billed=True,
        )
        if _IMAGES not in request.file_lists or _IMAGES not in inputs:
            return call
        form = self.forms.get(self._question, by_account=True) or self._default_form
        return replace(_with_images(call, form), form="first")

    @property
    def _question(self) -> str:
        # the accepted form is stored per setting
        return f"{_IMAGES}, first as {self._default_form}"

    @property
    def _default_form(self) -> str:
        return "objects" if self._image_objects else "strings"

    def submit_service(self, call: Call) -> Service:
        """Return the column of the table of submits, if the call has its Idempotency-Key."""
        return Service.KEY if "Idempotency-Key" in call.headers else Service.NOTHING

    def learn(self, call: Call) -> None:
        """Record the form of `image_urls` that the account accepted."""
        form = _images_form(call)
        accepted = self.forms.get(self._question, by_account=True) or self._default_form
        if form != accepted:
            self.forms.set(self._question, form, by_account=True)

    def poll_interval(self, call: Call) -> float:  # noqa: ARG002 - the same for every task
        """Return the seconds between two polls, from the program on the upload page."""
        return 2.0

    def normalize(self, request: RunRequest) -> RunRequest:
        """Return the request without the input `model`, which becomes the target.

        Raises:
            InputError: the target is another model.
        """
        target, inputs = request.target.strip(), dict(request.inputs)
        model = inputs.pop("model", None)
        if model is None:
            return replace(request, target=target)
        if not isinstance(model, str) or (target and model.strip().lower() != target.lower()):
            raise InputError(
                f"`model` is {model!r}, but the run is for {target}. To run two models, write a"
                " cell for each.",
                hint="Nothing was sent. Remove `model`, or run that model.",
                field="model",
            )
        return replace(request, target=target or model.strip(), inputs=inputs)

    def parse(self, call: Call, reply: Reply) -> JobState:
        """Return the state that a reply means."""
        if reply.status == 404 and "/tasks/" in call.url:
            task = call.url.rpartition("/")[2]
            older = Call("GET", f"{self._base}/images/generations/{task}")  # the upload page's form
            return JobState(Status.QUEUED, older, now=True)
        if call.billed and answer_of(reply) is Answer.HIDDEN:
            raise hidden_submit(reply)
        if call.billed and reply.status == 400 and _IMAGES in (refusal(reply) or ""):
            return self._other_images(call, reply)
        body = json_object(call, checked(call, reply))
        _refused(body, reply)
        data = body.get("data")
        data = data[0] if is_list(data) and data else data
        data = data if is_mapping(data) else body
        return self._submitted(data, reply) if call.billed else self._polled(call, data, reply)

    def _other_images(self, call: Call, reply: Reply) -> JobState:
        """Return the submit with `image_urls` in the other form.

        Raises:
            Rejected: the other form was already tried, or the list is from the user's inputs.
        """
        other = "strings" if _images_form(call) == "objects" else "objects"
        if call.form == "first":
            again = _with_images(call, other)
            again = replace(again, headers=_new_key(), form="second", repeats=0)
            return JobState(Status.SUBMITTING, again, now=True)
        error = from_reply(reply.status, reply.headers, reply.body)
        if call.form == "second":
            raise error
        raise error.with_hint(
            f"Nothing was billed. `{_IMAGES}` has a second documented form: {_EXAMPLES[other]}. "
            "For your"
            " files, %config SegmindClient.image_objects = True|False chooses the first to try."
        ).with_field(_IMAGES)

    def find(self, job_id: str) -> Call:
        """Return the call that polls a job by its id."""
        return Call("GET", f"{self._base}/tasks/{quote(job_id, safe='')}")

    def _submitted(self, data: Mapping[str, Any], reply: Reply) -> JobState:
        task = data.get("task_id") or data.get("id")
        if not isinstance(task, (str, int)) or isinstance(task, bool) or not str(task):
            raise SubmitUnknown(
                "APIMart accepted the request, but its reply has no task id.",
                body=excerpt(reply.body),
            )
        info = data["task_info"] if is_mapping(data.get("task_info")) else data
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
            seconds=number(data.get("actual_time")),
        )
        if status is Status.FAILED:
            return replace(state, error=_failure(data, reply, state.id))
        if status is not Status.COMPLETED:
            return state if status.final else replace(state, next=call)
        result = data.get("result") or data.get("url")
        outputs = _result_outputs(result)
        if not outputs:
            raise ReplyError(
                "The task is completed, but the reply has no result.",
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
                hint="Save the image as JPEG, PNG, WebP or GIF."
                if asset.kind == "image"
                else "APIMart only stores images. Give a URL of the file, if there is one.",
            )
        if (asset.size or 0) > UPLOAD_BYTES:
            raise AssetError(
                f"{asset.filename}: file size {asset.size} exceeds maximum {UPLOAD_BYTES} bytes",
                hint="Make it smaller: fewer pixels, or JPEG or WebP.",
            )

    def upload_calls(
        self, assets: Iterable[Asset], progress: Callable[[int], None] | None = None
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
        data = body["data"] if is_mapping(body.get("data")) else body
        if not isinstance(data.get("url"), str) or not data["url"]:
            raise ReplyError(
                "APIMart's reply to the upload has no URL.", body=json.dumps(body)[:2000]
            )
        now = time.time()
        created = min(now, max(0.0, number(data.get("created_at")) or now))
        until = datetime.fromtimestamp(created, timezone.utc) + timedelta(hours=UPLOAD_HOURS)
        return [
            Uploaded(
                data["url"],
                until.isoformat(timespec="seconds"),
                filename=_optional_text(data.get("filename")),
                media_type=media_types.parse(data.get("content_type")),
                size=whole(data.get("bytes")),
            )
        ]

    def credits_call(self) -> Call:
        """Return the call that asks for the balance."""
        return Call("GET", f"{self._base}/balance")

    def parse_credits(self, reply: Reply) -> Credits:
        """Return the balance."""
        body = json_object(self.credits_call(), checked(self.credits_call(), reply))
        if body.get("success") is False:
            message, _ = words(reply.body.decode("utf-8", "replace"))
            raise Unauthorized(message or "APIMart refused the key.")
        balance = number(body.get("remain_balance"))
        unlimited = body.get("unlimited_quota") is True
        if balance is None and not unlimited:
            raise ReplyError("APIMart's reply has no balance.", body=json.dumps(body)[:2000])
        return Credits(balance or 0.0, used=number(body.get("used_balance")), unlimited=unlimited)

    def models_call(self) -> Call:
        """Return the call that lists the models."""
        return Call("GET", f"{self._base}/models?expand=parameters")

    def parse_models(self, reply: Reply) -> list[Model]:
        """Return the models with their schemas."""
        body = json_object(self.models_call(), checked(self.models_call(), reply))
        records = body.get("data")
        if not is_list(records):
            raise ReplyError("APIMart listed no models.", body=json.dumps(body)[:2000])
        models = [parse_parameters(record) for record in records if is_mapping(record)]
        return [model for model in models if model]


def _optional_text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _new_key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid.uuid4())}


def _with_images(call: Call, form: str) -> Call:
    """Return a call whose `image_urls` are strings, or objects with a `url`."""
    urls = [entry["url"] if is_mapping(entry) else entry for entry in call.json[_IMAGES]]
    images = urls if form == "strings" else [{"url": url} for url in urls]
    return replace(call, json={**call.json, _IMAGES: images})


def _images_form(call: Call) -> str:
    """Return "objects" or "strings", depending on the first of a call's `image_urls`."""
    images = call.json.get(_IMAGES)
    is_object = is_list(images) and bool(images) and is_mapping(images[0])
    return "objects" if is_object else "strings"


def _refused(body: Mapping[str, Any], reply: Reply) -> None:
    """Raise an error sent as HTTP 200: `{"code": 4xx, …}` or `{"error": {…}}` without data."""
    code = body.get("code")
    bad = isinstance(code, int) and code >= 400
    if bad or (body.get("error") and not body.get("data") and "status" not in body):
        fake = code if bad and isinstance(code, int) else 400
        checked(Call("GET", reply.url), replace(reply, status=fake))


def _failure(data: Mapping[str, Any], reply: Reply, task: str | None) -> JobFailed:
    message, field = words(
        json.dumps({k: data.get(k) for k in ("error", "fail_reason", "message")})
    )
    return JobFailed(
        message or "The task failed; the service gave no reason.",
        body=excerpt(reply.body),
        request_id=task,
        field=field,
    )


def _result_outputs(result: object) -> list[Output]:
    """Return the files, with their expiry, from `{"images": [{"url": ["…"], "expires_at": …}]}`."""
    if is_mapping(result):
        records = [r for v in result.values() if is_list(v) for r in v]
        outputs_of_records: list[Output] = []
        for record in records:
            if is_mapping(record):
                when = _moment(record.get("expires_at"))
                outputs = collect(record.get("url") or record)
                outputs_of_records += [
                    replace(o, expires_at=when, name=None) for o in outputs if o.url
                ]
        if outputs_of_records:
            return outputs_of_records
    return [replace(o, name=None) for o in collect(result) if o.url or o.data]


def _moment(value: object) -> str | None:
    """Return UTC ISO 8601 from epoch seconds or ISO 8601 text; None for anything else."""
    seconds = number(value)
    if seconds is None:
        return value if isinstance(value, str) and value else None
    seconds /= 1000 if seconds > 1e11 else 1  # milliseconds
    try:
        return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="seconds")
    except (ValueError, OverflowError, OSError):
        return None
