"""APIMart: image uploads, image and video generations, tasks, balance, models.

Sources: docs.apimart.ai (upload page) and public code that uses it; see the README's table.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar
from urllib.parse import quote

from segmind_widgets.assets.asset import Asset
from segmind_widgets.catalog.catalog import parse_parameters
from segmind_widgets.errors import InputError, ReplyError, SegmindError, SubmitUnknown, Unauthorized
from segmind_widgets.providers import _apimart_uploads as uploads
from segmind_widgets.providers._apimart_routes import CHAT, body_for, route
from segmind_widgets.providers._base import Provider, reads_of
from segmind_widgets.providers._completion import failure, outputs_of, unwrapped
from segmind_widgets.providers._errors import from_reply
from segmind_widgets.providers._facts import facts_of, id_of, number
from segmind_widgets.providers._reasons import excerpt, words
from segmind_widgets.providers._replies import (
    check_envelope,
    checked,
    hidden_submit,
    json_object,
    media_in,
    refusal,
)
from segmind_widgets.providers._statuses import status_of, word_of
from segmind_widgets.providers._submits import Answer, Service, answer_of
from segmind_widgets.providers._texts import from_stream, is_stream
from segmind_widgets.schemas import is_list, is_mapping
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

_VERSION = "2026-07-27"  # of replies; without it `data` is a list in some of them
_IMAGES = "image_urls"
_EXAMPLES = {"strings": '["https://…"]', "objects": '[{"url": "https://…"}]'}


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
    upload_limits: ClassVar = uploads.LIMITS
    picture_types: ClassVar = frozenset(f"image/{name}" for name in uploads.TYPES)
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
        return {"Authorization": f"Bearer {key}", "X-APIMart-Response-Version": _VERSION}

    # jobs

    def submit(self, request: RunRequest) -> Call:
        """Return the first call of a job."""
        if request.kind == "workflow":
            raise InputError("APIMart has no workflows.", hint="Run it with -p segmind.")
        if request.api != "auto":
            raise InputError("--api v1|v2 applies only to Segmind. Remove it for APIMart.")
        path = route(request, self.urls["APIMART_API_URL"])
        inputs = {"model": request.target, **body_for(path, request.inputs)}
        call = Call(
            "POST",
            f"{self.urls['APIMART_API_URL']}{path}",
            inputs,
            headers=_new_key(),
            billed=True,
            reads="text" if path == CHAT else reads_of(request.modality),
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
            older = f"{self._base}/images/generations/{task}"  # the upload page's form
            return JobState(Status.QUEUED, replace(call, url=older), now=True)
        if call.billed and answer_of(reply) is Answer.HIDDEN:
            raise hidden_submit(reply)
        if call.billed and reply.status == 400 and _IMAGES in (refusal(reply) or ""):
            return self._other_images(call, reply)
        checked(call, reply)
        if call.billed and (outputs := media_in(reply)):  # speech
            facts = facts_of({}, reply.headers)
            return JobState(Status.COMPLETED, outputs=tuple(outputs), **facts)
        if call.billed and is_stream(reply.body, reply.headers.get("content-type", "")):
            reply = replace(reply, body=json.dumps(from_stream(reply.body)).encode())
        body = json_object(call, reply)
        check_envelope(body, reply)
        data = unwrapped(body)
        return (
            self._submitted(call, data, reply) if call.billed else self._polled(call, data, reply)
        )

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

    def _submitted(self, call: Call, data: Mapping[str, Any], reply: Reply) -> JobState:
        """Return the state of an accepted request: its task, or its result at once.

        Raises:
            SubmitUnknown: the reply has neither.
        """
        state = _state(data, reply)
        if state.status.final or not word_of(data):
            ended = self._ended(call, data, reply, state)
            if ended:
                return ended
        if not state.id:
            raise SubmitUnknown(
                "APIMart accepted the request, but its reply has no task id.",
                body=excerpt(reply.body),
            )
        status = Status.PROCESSING if state.status.final else state.status
        following = replace(self.find(state.id), reads=call.reads)
        return replace(state, status=status, next=following, progress=None)

    def _polled(self, call: Call, data: Mapping[str, Any], reply: Reply) -> JobState:
        state = _state(data, reply)
        state = replace(state, id=state.id or call.url.rpartition("/")[2])
        if not state.status.final:
            return replace(state, next=call)
        ended = self._ended(call, data, reply, state)
        if ended:
            return ended
        raise ReplyError(
            "The task is completed, but the reply has no result.",
            body=excerpt(reply.body),
            request_id=state.id,
        )

    def _ended(
        self, call: Call, data: Mapping[str, Any], reply: Reply, state: JobState
    ) -> JobState | None:
        """Return the state of an ended task with its outputs or its error; None without either."""
        if state.status is Status.FAILED:
            return replace(state, error=failure(data, reply, state.id), cost=None)
        if state.status is Status.CANCELLED:
            return state
        is_open = not word_of(data)
        try:
            outputs = outputs_of(
                data, reply, call.reads, is_whole=False, is_last=not is_open, has_words=not is_open
            )
        except SegmindError as error:  # of a language model that wrote nothing
            return replace(state, status=Status.FAILED, error=error)
        return replace(state, status=Status.COMPLETED, outputs=outputs) if outputs else None

    # files, account

    def check_upload(self, asset: Asset) -> None:
        """Raise AssetError for a file that APIMart would refuse."""
        uploads.check(asset)

    def upload_calls(
        self, assets: Iterable[Asset], progress: Callable[[int], None] | None = None
    ) -> Iterator[tuple[Call, int]]:
        """Yield the calls that upload the assets."""
        for asset in assets:
            yield uploads.upload_call(self.upload_url, asset, progress), 1

    def parse_upload(self, reply: Reply, count: int = 1) -> list[Uploaded]:  # noqa: ARG002 - one file a call
        """Return the address of the uploaded file."""
        return [uploads.parse(self.upload_url, reply)]

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
            raise ReplyError("APIMart's reply has no balance.", body=excerpt(reply.body))
        return Credits(balance or 0.0, used=number(body.get("used_balance")), unlimited=unlimited)

    def models_call(self) -> Call:
        """Return the call that lists the models."""
        return Call("GET", f"{self._base}/models?expand=parameters")

    def parse_models(self, reply: Reply) -> list[Model]:
        """Return the models with their schemas."""
        body = json_object(self.models_call(), checked(self.models_call(), reply))
        records = body.get("data")
        if not is_list(records):
            raise ReplyError("APIMart listed no models.", body=excerpt(reply.body))
        models = [parse_parameters(record) for record in records if is_mapping(record)]
        return [model for model in models if model]


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


def _state(data: Mapping[str, Any], reply: Reply) -> JobState:
    """Return the facts of a task; an unknown word keeps polling."""
    word = word_of(data)
    info = data["task_info"] if is_mapping(data.get("task_info")) else data
    progress = number(str(data.get("progress", "")).rstrip("%"))
    return JobState(
        status_of(word) if word else Status.QUEUED,
        id=id_of(data) or None,
        provider_status=word,
        progress=min(1.0, max(0.0, progress / 100)) if progress is not None else None,
        expected=number(info.get("estimated_time")),
        **facts_of(data, reply.headers),
    )
