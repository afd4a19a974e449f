"""Segmind: models (v1 and v2), PixelFlow workflows, Storage, credits.

Sources: docs.segmind.com (API reference, Storage, workflow pages) and the official SDK 1.3.0.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any, ClassVar, cast
from urllib.parse import quote, urlencode

from segmind_widgets.assets import media_types
from segmind_widgets.assets.asset import Asset
from segmind_widgets.assets.base64_codec import base64_codec
from segmind_widgets.errors import (
    AssetError,
    InputError,
    JobFailed,
    NotFound,
    ReplyError,
    SegmindError,
    SubmitUnknown,
)
from segmind_widgets.providers._base import (
    Body,
    Provider,
    checked,
    excerpt,
    hidden_submit,
    json_object,
    number,
    page_hint,
    refusal,
    status_of,
    whole,
)
from segmind_widgets.providers._errors import from_reply, words
from segmind_widgets.providers._outputs import address_of, collect, from_json
from segmind_widgets.providers._submits import Answer, Service, answer_of
from segmind_widgets.schemas import is_list, is_mapping
from segmind_widgets.types import (
    Api,
    Call,
    Credits,
    HistoryEntry,
    JobState,
    Output,
    Reply,
    RunRequest,
    Status,
    Uploaded,
)

_WORDS = {
    "queued": Status.QUEUED,
    "processing": Status.PROCESSING,
    "completed": Status.COMPLETED,
    "failed": Status.FAILED,
    "cancelled": Status.CANCELLED,
    "canceled": Status.CANCELLED,
}
_WORKFLOW_ID = re.compile(r"[0-9a-f]{24}-v\d+", re.IGNORECASE)
_SLUG = re.compile(r"[\w][\w.-]*")
_V1_TIMEOUT = 600.0  # seconds; the run itself happens within this one call
_API_HOURS = 24.0  # a model that is only on v1 may later be added to v2
_API_ADDRESS = re.compile(r"://[^/]+/(v[12])/[^/]+$", re.IGNORECASE)
_TOGETHER = 8 * 1024 * 1024  # bytes of files sent in one upload
_HISTORY = "/inference-request/request-history/"
_V1_KEYS = {"image": "image/png", "video": "video/mp4", "audio": "audio/mpeg"}
_URL_KEYS = ("urls", "file_urls")


class Segmind(Provider):
    """The provider `segmind`. Keys are sent as `x-api-key`; workflows accept that header or Bearer.

    The workflow's API page has Bearer for `/workflows/{id}-v{n}`; newer pages and the SDK 1.3.0
    send `x-api-key`, for `/workflows/v2/{slug}` always. The models' pages say that v2 serves every
    model, but list some that are only on v1.
    """

    name = "segmind"
    title = "Segmind"
    settings: ClassVar = {
        "SEGMIND_API_URL": "https://api.segmind.com",
        "SEGMIND_STORAGE_URL": "https://workflows-api.segmind.com",
        "SEGMIND_CONSOLE_URL": "https://api.spotprod.segmind.com",
    }
    public_settings: ClassVar = {"SEGMIND_SITE_URL": "https://www.segmind.com"}
    upload_limits: ClassVar = (
        "Segmind takes JPEG, PNG, WebP, and other files that the models support."
    )
    keys_url: ClassVar = "https://cloud.segmind.com/console/api-keys"
    pages: ClassVar = {
        "usage": "API Usage Dashboard (Monitoring, docs.segmind.com); the latest data may take two"
        " hours to appear",
        "pricing": "https://docs.segmind.com/readme/pricing-and-billing#billing-on-api-errors",
        "rate limits": "Rate Limits (docs.segmind.com)",
        "dedicated endpoints": "Dedicated Endpoints (docs.segmind.com); SEGMIND_API_URL sets the"
        " address",
    }

    @property
    def upload_url(self) -> str:
        """Return the address of uploads."""
        return f"{self.urls['SEGMIND_STORAGE_URL']}/upload-asset"

    def authorize(self, call: Call, key: str) -> dict[str, str]:
        """Return the headers that carry the key."""
        return {"Authorization": f"Bearer {key}"} if call.auth == "bearer" else {"x-api-key": key}

    @property
    def directory_url(self) -> str:
        """Return the address of Segmind's llms.txt."""
        return f"{self.urls['SEGMIND_SITE_URL']}/llms.txt"

    @staticmethod
    def model_page(slug: str) -> str:
        """Return the address of a model's parameter page, in the form of the API reference."""
        return f"https://www.segmind.com/models/{slug}/api"

    # jobs

    def submit(self, request: RunRequest) -> Call:
        """Return the first call of a job."""
        base = self.urls["SEGMIND_API_URL"]
        inputs = dict(request.inputs)
        if request.kind == "workflow":
            path = _workflow(request.target)
            header = self.forms.get(_header_question(path)) or _default_header(path)
            auth = "bearer" if header == "bearer" else ""
            url = f"{base}/workflows/{path}"
            return Call("POST", url, inputs, auth=auth, form="first", billed=True)
        request = self.normalize(request)
        forced = request.api != "auto"
        api = request.api if forced else self.forms.get(_api_question(request.target)) or "v2"
        call = Call("POST", "", inputs, form="" if forced else "first", billed=True)
        return self._at_api(call, api, request.target)

    def _at_api(self, call: Call, api: str, slug: str) -> Call:
        """Return the call of a model at v1 (whose reply is the result) or at v2."""
        url = f"{self.urls['SEGMIND_API_URL']}/{api}/{slug}"
        return replace(call, url=url, timeout=_V1_TIMEOUT if api == "v1" else Call.timeout)

    def normalize(self, request: RunRequest) -> RunRequest:
        """Return the request with a model's slug; an API address also selects v1 or v2.

        Raises:
            InputError: the target is not a model's slug, address or page.
        """
        if request.kind == "workflow":
            return replace(request, target=request.target.strip())
        target = request.target.strip().partition("?")[0].partition("#")[0].rstrip("/")
        if "/workflows/" in target or _WORKFLOW_ID.fullmatch(target):
            raise InputError(
                f"{request.target} is a workflow, not a model.",
                hint=f"Run it with %%segmind_workflow {target.rpartition('/')[2]}",
            )
        slug = _slug(target)
        if not _SLUG.fullmatch(slug):
            raise InputError(
                f"{request.target!r} is not a model's slug.", hint="Find it with %segmind_models."
            )
        address = _API_ADDRESS.search(target)
        api = address[1].lower() if address and request.api == "auto" else request.api
        return replace(request, target=slug, api=cast("Api", api))

    def submit_service(self, call: Call) -> Service:
        """Return the column of the table of submits; workflows are in no history."""
        return Service.NOTHING if "/workflows/" in call.url else Service.HISTORY

    def learn(self, call: Call) -> None:
        """Record the accepted header of workflows, and the API version of a model for a day."""
        path = call.url.removeprefix(f"{self.urls['SEGMIND_API_URL']}/")
        root, _, name = path.partition("/")
        if root == "workflows":
            header = call.auth or "x-api-key"
            if header != (self.forms.get(_header_question(name)) or _default_header(name)):
                self.forms.set(_header_question(name), header)
        elif root != (self.forms.get(_api_question(name)) or "v2"):
            self.forms.set(_api_question(name), root, hours=_API_HOURS)

    def poll_interval(self, call: Call) -> float:
        """Return the seconds between two polls; 7 for workflows, from their API page."""
        return 7.0 if "/workflows/" in call.url else 1.0

    def _other_form(self, call: Call, reply: Reply) -> Call | None:
        """Return the call in its other documented form, if the reply may ask for that form."""
        if call.form != "first":
            return None
        base = self.urls["SEGMIND_API_URL"]
        path = call.url.removeprefix(f"{base}/")
        api, _, slug = path.partition("/")
        if reply.status == 401 and (call.method == "GET" or api == "workflows"):
            return replace(call, auth="" if call.auth else "bearer", form="second")
        if reply.status == 404 and call.billed and api in ("v1", "v2") and refusal(reply):
            return self._at_api(replace(call, form="second"), "v1" if api == "v2" else "v2", slug)
        return None

    def parse(self, call: Call, reply: Reply) -> JobState:
        """Return the state that a reply means."""
        if call.billed and answer_of(reply) is Answer.HIDDEN:
            raise hidden_submit(reply)
        other = self._other_form(call, reply)
        if other:
            return JobState(Status.SUBMITTING if call.billed else Status.QUEUED, other, now=True)
        if call.billed and reply.status == 404:
            raise _not_found(call, reply)
        if call.billed and call.url.startswith(f"{self.urls['SEGMIND_API_URL']}/v1/"):
            return self._ran(checked(call, reply))
        job_id = _id_in(call)
        if reply.status == 404 and job_id and call.method == "GET":
            # the record of a request is kept for an hour, the history for longer
            return JobState(Status.PROCESSING, self._history(job_id), now=True)
        if reply.status == 200 and call.url.startswith(self.urls["SEGMIND_CONSOLE_URL"] + _HISTORY):
            return self._parse_history_row(call, reply)
        return self._asynchronous(call, reply)

    def find(self, job_id: str) -> Call:
        """Return the call that polls a job by its id."""
        quoted_id = quote(job_id, safe="")
        url = f"{self.urls['SEGMIND_API_URL']}/v2/requests/{quoted_id}/status"
        return Call("GET", url, form="first")

    def _history(self, job_id: str) -> Call:
        return Call("GET", f"{self.urls['SEGMIND_CONSOLE_URL']}{_HISTORY}{job_id}")

    def history_call(
        self, target: str, since: datetime, until: datetime, *, page: int = 1
    ) -> Call | None:
        """Return the call for a page of a model's history."""
        query = {
            "page": page,
            "per_page": 100,
            "model_name": _slug(target),
            "from_date": since.astimezone(timezone.utc).date().isoformat(),
            "to_date": until.astimezone(timezone.utc).date().isoformat(),
        }
        address = f"{self.urls['SEGMIND_CONSOLE_URL']}{_HISTORY}".rstrip("/")
        return Call("GET", f"{address}?{urlencode(query)}", timeout=30.0)

    def parse_history(self, reply: Reply) -> list[HistoryEntry]:
        """Return the requests on a page of the history."""
        call = Call("GET", reply.url)
        rows = json_object(call, checked(call, reply)).get("data")
        if not is_list(rows):
            raise ReplyError("The reply has no list of requests.", body=excerpt(reply.body))
        entries = [_dict(row) for row in rows]
        return [self._past(row, reply) for row in entries if _text(row.get("request_id"))]

    def _past(self, row: dict[str, Any], reply: Reply) -> HistoryEntry:
        job_id = _text(row["request_id"])
        state = self._state_of(row, reply)
        if not (state.status.final and (state.outputs or state.error)):
            # it is running, or its results are texts, which the history omits
            state = replace(state, status=Status.PROCESSING, next=self.find(job_id), now=True)
        return HistoryEntry(
            job_id, _dict(row.get("request_body")), _moment(row.get("model_created")), state
        )

    def _parse_history_row(self, call: Call, reply: Reply) -> JobState:
        """Return the state of a request in the history."""
        state = self._state_of(json_object(call, reply), reply)
        if state.status is Status.COMPLETED and not state.outputs:
            raise _empty(
                "The request is completed in the history, but no file is listed.", reply, state.id
            )
        return state if state.status.final else replace(state, next=call)

    def _state_of(self, body: Mapping[str, Any], reply: Reply) -> JobState:
        """Return the state of a row of the history (fields as in the SDK 1.3.0)."""
        word = _text(body.get("model_status"))
        outputs = collect(body.get("generation_url"))
        state = JobState(
            status_of(word, _WORDS),
            id=_text(body.get("request_id")) or None,
            provider_status=word,
            cost=number(body.get("credits_deduction")),
        )
        if state.status is Status.FAILED or (body.get("error") and not outputs):
            error = _failure(body, reply, state.id)
            return replace(state, status=Status.FAILED, error=error)
        if outputs:
            return replace(state, status=Status.COMPLETED, outputs=tuple(outputs))
        return state

    def _ran(self, reply: Reply) -> JobState:
        """Return the state of a v1 run, whose reply is the result."""
        headers = reply.headers
        kind = media_types.parse(headers.get("content-type")) or ""
        text = kind.endswith("json") or kind.startswith("text/")
        content = Output(data=None if reply.file else reply.body, file=reply.file)
        sniffed = Asset(content.file, data=content.data).media_type
        if sniffed.partition("/")[0] in ("image", "video", "audio"):
            outputs = [replace(content, media_type=sniffed)]
        elif kind == "text/html":  # a page of a proxy or a portal, with a code of success
            outputs = []
        elif text or reply.body[:1] in (b"{", b"["):
            outputs = _from_v1_json(reply.body, is_json=kind.endswith("json"))
        else:
            outputs = [replace(content, media_type=kind or sniffed)] if reply.body else []
        if not outputs:
            raise SubmitUnknown(
                "The reply reports success, but has no result.",
                hint=page_hint(reply, SubmitUnknown),
                status=reply.status,
                body=excerpt(reply.body),
                request_id=headers.get("x-request-id"),
            )
        return JobState(
            Status.COMPLETED,
            id=headers.get("x-request-id"),
            outputs=tuple(outputs),
            cost=number(headers.get("x-cost")),
            seed=whole(headers.get("x-seed-value")),
            credits=number(headers.get("x-remaining-credits")),
            seconds=number(headers.get("x-generation-time")),
        )

    def _asynchronous(self, call: Call, reply: Reply) -> JobState:
        """Return the state of a v2 run or a workflow; FAILED comes with 422."""
        if reply.status != 422 or not _says_failed(reply.body):
            checked(call, reply)
        body = json_object(call, reply)
        # the reply to a workflow's submit may contain only a poll_url; the API page shows "Request
        # queued"
        first = "QUEUED" if call.method == "POST" else None
        status = status_of(body.get("status") or first, _WORDS)
        metrics = _dict(body.get("metrics"))
        state = JobState(
            status,
            id=_text(body.get("request_id")) or _id_in(call),
            provider_status=str(body.get("status") or ""),
            cost=number(metrics.get("cost")),
            credits=number(metrics.get("remaining_credits")),
            seconds=number(metrics.get("total_time") or metrics.get("inference_time")),
            seed=_seed(body, reply),
        )
        if status is Status.FAILED:  # the cost of a failed job was only reserved and is refunded
            return replace(state, cost=None, error=_failure(body, reply, state.id))
        if status is Status.CANCELLED:
            return state
        if status is Status.COMPLETED:
            outputs = _result_outputs(body)
            if outputs:
                return replace(state, outputs=tuple(outputs))
            if call.method == "GET" and not call.url.endswith("/status"):
                raise _empty("The job is completed, but the reply has no output.", reply, state.id)
        following = self._next_call(call, body, status)
        now = status is Status.COMPLETED  # the result is one call away
        return replace(state, status=Status.PROCESSING if now else status, next=following, now=now)

    def _next_call(self, call: Call, body: Mapping[str, Any], status: Status) -> Call:
        """Return the next call: poll_url for a workflow, status and then result in v2."""
        if call.method == "GET":
            done = status is Status.COMPLETED
            return replace(call, url=call.url.removesuffix("/status")) if done else call
        poll = _text(body.get("poll_url" if "/workflows/" in call.url else "status_url"))
        job_id = _text(body.get("request_id"))
        if not poll and job_id and "/workflows/" not in call.url:
            poll = self.find(job_id).url
        if not poll:
            raise SubmitUnknown(
                "Segmind accepted the request, but its reply has no address to poll.",
                body=json.dumps(body)[:2000],
                request_id=job_id or None,
            )
        return Call("GET", poll, auth=call.auth, form="first")

    # files, account

    def upload_calls(
        self, assets: Iterable[Asset], progress: Callable[[int], None] | None = None
    ) -> Iterator[tuple[Call, int]]:
        """Yield the calls that upload the assets."""
        group: list[Asset] = []
        for asset in assets:
            if group and sum(a.size or 0 for a in group) + (asset.size or 0) > _TOGETHER:
                yield self._upload(group, progress), len(group)
                group = []
            group.append(asset)
        if group:
            yield self._upload(group, progress), len(group)

    def _upload(self, assets: list[Asset], progress: Callable[[int], None] | None) -> Call:
        parts: list[tuple[int, bytes | Callable[[], Iterator[bytes]]]] = []
        for asset in assets:
            head = f'{"," if parts else ""}"data:{asset.media_type};base64,'.encode()
            head = head if parts else b'{"data_urls":[' + head
            parts += [
                (len(head), head),
                (-(-(asset.size or 0) // 3) * 4, _base64(asset)),
                (1, b'"'),
            ]
        parts.append((2, b"]}"))
        headers = {
            "accept": "application/json, text/plain, */*",
            "content-type": "application/json",
        }
        body = Body(parts, progress)
        return Call("POST", self.upload_url, headers=headers, timeout=300.0, body=body)

    def parse_upload(self, reply: Reply, count: int = 1) -> list[Uploaded]:
        """Return the addresses of the uploaded files."""
        call = Call("POST", self.upload_url)
        body = json_object(call, checked(call, reply))
        urls = next((body[key] for key in _URL_KEYS if is_list(body.get(key))), None)
        if not urls or len(urls) != count or not all(isinstance(u, str) and u for u in urls):
            raise ReplyError(
                "The reply of Segmind's storage has no URLs.", body=json.dumps(body)[:2000]
            )
        return [Uploaded(url) for url in urls]

    def credits_call(self) -> Call:
        """Return the call that asks for the balance."""
        return Call("GET", f"{self.urls['SEGMIND_API_URL']}/v1/get-user-credits")

    def parse_credits(self, reply: Reply) -> Credits:
        """Return the balance."""
        body = json_object(self.credits_call(), checked(self.credits_call(), reply))
        balance = number(body.get("credits"))
        if balance is None:
            raise ReplyError("Segmind's reply has no credits.", body=json.dumps(body)[:2000])
        return Credits(balance, free=number(body.get("free-credits")))


def _slug(target: str) -> str:
    """Return a model's slug, given the slug, `owner/name`, the URL of its page or of its API.

    All slugs of Segmind's directory are in lower case.
    """
    page = target.strip().partition("?")[0].rstrip("/")
    return re.sub(r"/api$", "", page).rpartition("/")[2].lower()


def _api_question(slug: str) -> str:
    return f"api of {slug}"


def _header_question(path: str) -> str:
    """Return the key in `forms` for a workflow's authorization header, by its address."""
    return f"header of workflows/{'v2' if path.startswith('v2/') else 'id'}"


def _default_header(path: str) -> str:
    return "x-api-key" if path.startswith("v2/") else "bearer"


def _not_found(call: Call, reply: Reply) -> SegmindError:
    """Return the error for a 404 of a submit."""
    error = from_reply(reply.status, reply.headers, reply.body)
    if call.form != "second" or "/workflows/" in call.url:
        return error
    return NotFound(
        f"Unknown model {call.url.rpartition('/')[2]}, on v1 and on v2: {error.message}",
        status=404,
        body=error.body,
        request_id=error.request_id,
    )


def _seed(body: Mapping[str, Any], reply: Reply) -> int | None:
    """Return the seed that was used, from the body, else from the header that v1 sends."""
    seed = whole(body.get("seed"))
    return whole(reply.headers.get("x-seed-value")) if seed is None else seed


def _workflow(text: str) -> str:
    """Return the path of a workflow, given its id, slug, or the URL of its page or of its API."""
    text = text.strip().partition("?")[0].rstrip("/")
    match = _WORKFLOW_ID.search(text)
    if match:
        return match[0]
    slug = re.sub(r"/api$", "", text).rpartition("/")[2]
    if not _SLUG.fullmatch(slug):
        raise InputError(
            f"{text!r} is not a workflow's id, slug or URL.",
            hint="An id looks like 65c9c7f641c340d7ef2f7134-v1; the workflow's API page shows it.",
        )
    return f"v2/{slug}"


def _base64(asset: Asset) -> Callable[[], Iterator[bytes]]:
    return lambda: (base64_codec().b64encode(piece) for piece in asset.pieces())


def _from_v1_json(body: bytes, *, is_json: bool) -> list[Output]:
    """Return the outputs from `{"image": base64 or URL}`, or from a language model's reply.

    There are none in a text that `is_json` by its Content-Type and is cut off.
    """
    try:
        value = from_json(body)
    except ValueError:
        is_text = body.strip() and not is_json
        return [Output(data=body, media_type="text/plain")] if is_text else []
    for key, kind in _V1_KEYS.items():
        inner = value.get(key) if is_mapping(value) else None
        many = inner if is_list(inner) else [inner]
        outputs = [_encoded(item, kind) for item in many if isinstance(item, str) and item]
        if outputs:
            return outputs
    return collect(value)


def _encoded(text: str, kind: str) -> Output:
    """Return the file that is a URL or base64; what is neither has the type of its key."""
    if address := address_of(text):
        return Output(url=address)
    uri = text if text.startswith("data:") else f"data:application/octet-stream;base64,{text}"
    try:
        asset = Asset.of(uri)
    except AssetError:  # the run is paid for: the check of results keeps the bytes
        return Output(data=text.encode("utf-8", "replace"), media_type=kind)
    is_unknown = asset.recognised is None and kind.startswith("image/")
    return Output(data=asset.content, media_type=kind if is_unknown else asset.media_type)


def _result_outputs(body: Mapping[str, Any]) -> list[Output]:
    """Return the files of `output`, `images: [{url, content_type}]`, `video` and `audio`."""
    outputs = collect(body.get("output"))
    listed: dict[str, Output] = {}
    for key in ("images", "video", "audio"):
        many = body.get(key)
        for item in many if is_list(many) else [many]:
            if is_mapping(item):
                kind = media_types.parse(item.get("content_type"))
                for output in collect(item.get("url")):
                    if output.url:
                        listed[output.url] = replace(output, media_type=kind)
    if not listed:
        return outputs
    files: dict[str, Output] = {output.url: output for output in outputs if output.url}
    for url, output in listed.items():
        files[url] = replace(files.get(url, output), media_type=output.media_type)
    return list(files.values())


def _failure(body: Mapping[str, Any], reply: Reply, job_id: str | None) -> JobFailed:
    message, field = words(
        json.dumps({**body, "error": body.get("error") or body.get("error_message")})
    )
    return JobFailed(
        message or "The job failed; the service gave no reason.",
        status=reply.status if reply.status != 200 else None,
        body=excerpt(reply.body),
        request_id=job_id,
        field=field,
    )


def _says_failed(body: bytes) -> bool:
    """Return whether the reply is about a failed job, and not about the request."""
    try:
        value = from_json(body)
    except ValueError:
        return False
    return is_mapping(value) and status_of(value.get("status"), _WORDS) is Status.FAILED


def _empty(message: str, reply: Reply, job_id: str | None) -> ReplyError:
    return ReplyError(message, status=reply.status, body=excerpt(reply.body), request_id=job_id)


def _id_in(call: Call) -> str | None:
    match = re.search(r"/requests/([^/?]+)", call.url)
    return match[1] if match else None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _dict(value: object) -> dict[str, Any]:
    """Return an object, also from its JSON text; empty for anything else."""
    try:
        parsed = from_json(value) if isinstance(value, (str, bytes)) else value
    except ValueError:
        return {}
    return dict(parsed) if is_mapping(parsed) else {}


def _moment(value: object) -> datetime | None:
    """Return the time of an ISO 8601 text, in UTC without a zone, or None."""
    try:
        moment = datetime.fromisoformat(_text(value).replace("Z", "+00:00"))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
