"""Segmind: models (v1 and v2), PixelFlow workflows, Storage, credits.

Facts: docs.segmind.com (API reference, Storage, workflow pages) and the official SDK 1.3.0.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any, ClassVar
from urllib.parse import quote, urlencode

from segmind_widgets.assets.asset import Asset
from segmind_widgets.assets.base64_codec import base64_codec
from segmind_widgets.errors import AssetError, InputError, JobFailed, ReplyError, SubmitUnknown
from segmind_widgets.providers._base import (
    Body,
    Provider,
    checked,
    excerpt,
    json_object,
    number,
    status_of,
    whole,
)
from segmind_widgets.providers._errors import words
from segmind_widgets.providers._outputs import collect, from_json
from segmind_widgets.types import (
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
_TOGETHER = 8 * 1024 * 1024  # bytes of files sent in one upload
_HISTORY = "/inference-request/request-history/"
_URL_KEYS = ("urls", "file_urls")


class Segmind(Provider):
    """The provider `segmind`. Keys are sent as `x-api-key`; workflows may want Bearer."""

    name = "segmind"
    title = "Segmind"
    settings: ClassVar = {
        "SEGMIND_API_URL": "https://api.segmind.com",
        "SEGMIND_STORAGE_URL": "https://workflows-api.segmind.com",
        "SEGMIND_CONSOLE_URL": "https://api.spotprod.segmind.com",
    }
    public_settings: ClassVar = {"SEGMIND_SITE_URL": "https://www.segmind.com"}

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

    # jobs

    def submit(self, request: RunRequest) -> Call:
        """Return the first call of a job."""
        base = self.urls["SEGMIND_API_URL"]
        inputs = dict(request.inputs)
        if request.kind == "workflow":
            return Call(
                "POST", f"{base}/workflows/{_workflow(request.target)}", inputs, billed=True
            )
        slug = _slug(request.target)
        if not _SLUG.fullmatch(slug):
            raise InputError(
                f"{request.target!r} is not a model's slug.", hint="Find it with %segmind_models."
            )
        if request.api == "v1":
            return Call("POST", f"{base}/v1/{slug}", inputs, billed=True, timeout=_V1_TIMEOUT)
        return Call("POST", f"{base}/v2/{slug}", inputs, billed=True)

    def parse(self, call: Call, reply: Reply) -> JobState:
        """Return the state that a reply means."""
        if reply.status == 401 and "/workflows/" in call.url and not call.auth:
            return JobState(Status.SUBMITTING, replace(call, auth="bearer"), now=True)
        if reply.status == 401 and call.method == "GET" and not call.auth:
            # a poll_url that wants Bearer although the submit took x-api-key
            return JobState(Status.QUEUED, replace(call, auth="bearer"), now=True)
        if call.billed and call.url.startswith(f"{self.urls['SEGMIND_API_URL']}/v1/"):
            return self._ran(checked(call, reply))
        known = _id_in(call)
        if reply.status == 404 and known and call.method == "GET":
            # the record of a request lives for an hour, its history for long
            return JobState(Status.PROCESSING, self._history(known), now=True)
        if reply.status == 200 and call.url.startswith(self.urls["SEGMIND_CONSOLE_URL"] + _HISTORY):
            return self._parse_history_row(call, reply)
        return self._asynchronous(call, reply)

    def find(self, job_id: str) -> Call:
        """Return the call that polls a job by its id."""
        known = quote(job_id, safe="")
        return Call("GET", f"{self.urls['SEGMIND_API_URL']}/v2/requests/{known}/status")

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
        if not isinstance(rows, list):
            raise ReplyError("The history holds no list.", body=excerpt(reply.body))
        found = [_dict(row) for row in rows]
        return [self._past(row, reply) for row in found if _text(row.get("request_id"))]

    def _past(self, row: dict[str, Any], reply: Reply) -> HistoryEntry:
        known = _text(row["request_id"])
        state = self._state_of(row, reply)
        if not (state.status.final and (state.outputs or state.error)):
            # it runs, or its results are texts, which the history leaves out
            state = replace(state, status=Status.PROCESSING, next=self.find(known), now=True)
        return HistoryEntry(
            known, _dict(row.get("request_body")), _moment(row.get("model_created")), state
        )

    def _parse_history_row(self, call: Call, reply: Reply) -> JobState:
        """Return the state of a request in the history."""
        state = self._state_of(json_object(call, reply), reply)
        if state.status is Status.COMPLETED and not state.outputs:
            raise _empty("The history says completed, and names no file.", reply, state.id)
        return state if state.status.final else replace(state, next=call)

    def _state_of(self, body: Mapping[str, Any], reply: Reply) -> JobState:
        """Return the state of a row of the history (fields as in the SDK 1.3.0)."""
        word = _text(body.get("model_status"))
        found = collect(body.get("generation_url"))
        state = JobState(
            status_of(word, _WORDS),
            id=_text(body.get("request_id")) or None,
            provider_status=word,
            cost=number(body.get("credits_deduction")),
        )
        if state.status is Status.FAILED or (body.get("error") and not found):
            error = _failure(body, reply, state.id)
            return replace(state, status=Status.FAILED, error=error)
        if found:
            return replace(state, status=Status.COMPLETED, outputs=tuple(found))
        return state

    def _ran(self, reply: Reply) -> JobState:
        """v1: the reply is the result."""
        headers = reply.headers
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        text = kind.endswith("json") or kind.startswith("text/")
        sniffed = Asset(data=reply.body).media_type
        if sniffed.partition("/")[0] in ("image", "video", "audio"):
            outputs = [Output(data=reply.body, media_type=sniffed)]
        elif kind == "text/html":  # somebody's page, under a code of success
            outputs = []
        elif text or reply.body[:1] in (b"{", b"["):
            outputs = _from_v1_json(reply.body)
        else:
            outputs = [Output(data=reply.body, media_type=kind or sniffed)] if reply.body else []
        if not outputs:
            raise SubmitUnknown(
                "The answer says success, but holds no result.",
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
        )

    def _asynchronous(self, call: Call, reply: Reply) -> JobState:
        """v2 and workflows: submit, status, result. FAILED comes under 422: body before code."""
        if reply.status != 422 or not _says_failed(reply.body):
            checked(call, reply)
        body = json_object(call, reply)
        status = status_of(body.get("status"), _WORDS)
        metrics = body["metrics"] if isinstance(body.get("metrics"), dict) else {}
        state = JobState(
            status,
            id=_text(body.get("request_id")) or _id_in(call),
            provider_status=str(body.get("status") or ""),
            cost=number(metrics.get("cost")),
            credits=number(metrics.get("remaining_credits")),
            seed=whole(body.get("seed")),
        )
        if status is Status.FAILED:  # a cost here is what was reserved, and given back
            return replace(state, cost=None, error=_failure(body, reply, state.id))
        if status is Status.CANCELLED:
            return state
        if status is Status.COMPLETED:
            outputs = _result_outputs(body)
            if outputs:
                return replace(state, outputs=tuple(outputs))
            if call.method == "GET" and not call.url.endswith("/status"):
                raise _empty(
                    "The job is completed, but the reply holds no output.", reply, state.id
                )
        following = self._next_call(call, body, status)
        now = status is Status.COMPLETED  # the result is one call away
        return replace(state, status=Status.PROCESSING if now else status, next=following, now=now)

    def _next_call(self, call: Call, body: Mapping[str, Any], status: Status) -> Call:
        """Return the next call: poll_url for a workflow, status and then result in v2."""
        if call.method == "GET":
            done = status is Status.COMPLETED
            return replace(call, url=call.url.removesuffix("/status")) if done else call
        poll = _text(body.get("poll_url" if "/workflows/" in call.url else "status_url"))
        known = _text(body.get("request_id"))
        if not poll and known and "/workflows/" not in call.url:
            poll = self.find(known).url
        if not poll:
            raise SubmitUnknown(
                "Segmind took the request, but its reply names no address to poll.",
                body=json.dumps(body)[:2000],
                request_id=known or None,
            )
        return Call("GET", poll, auth=call.auth)

    # files, account

    def upload_calls(
        self, assets: Sequence[Asset], progress: Callable[[int], None] | None = None
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
        urls = next((body[key] for key in _URL_KEYS if isinstance(body.get(key), list)), None)
        if not urls or len(urls) != count or not all(isinstance(u, str) and u for u in urls):
            raise ReplyError(
                "Segmind's storage answered without URLs.", body=json.dumps(body)[:2000]
            )
        return [Uploaded(url) for url in urls]

    def credits_call(self) -> Call:
        """Return the call that asks for the balance."""
        return Call("GET", f"{self.urls['SEGMIND_API_URL']}/v1/get-user-credits")

    def parse_credits(self, reply: Reply) -> Credits:
        """Return the balance."""
        body = json_object(self.credits_call(), checked(self.credits_call(), reply))
        left = number(body.get("credits"))
        if left is None:
            raise ReplyError("Segmind told no credits.", body=json.dumps(body)[:2000])
        return Credits(left, free=number(body.get("free-credits")))


def _slug(target: str) -> str:
    """Return a model's slug, from itself or from its page's URL."""
    page = target.strip().partition("?")[0].rstrip("/")
    return re.sub(r"/api$", "", page).rpartition("/")[2]


def _workflow(text: str) -> str:
    """Return the path of a workflow from its id, slug, page's URL or API's URL."""
    text = text.strip().partition("?")[0].rstrip("/")
    found = _WORKFLOW_ID.search(text)
    if found:
        return found[0]
    slug = re.sub(r"/api$", "", text).rpartition("/")[2]
    if not _SLUG.fullmatch(slug):
        raise InputError(
            f"{text!r} is not a workflow's id, slug or URL.",
            hint="It looks like 65c9c7f641c340d7ef2f7134-v1; the workflow's API page shows it.",
        )
    return f"v2/{slug}"


def _base64(asset: Asset) -> Callable[[], Iterator[bytes]]:
    return lambda: (base64_codec().b64encode(piece) for piece in asset.pieces())


def _from_v1_json(body: bytes) -> list[Output]:
    """`{"image": base64 or URL}` of `base64: true`, or a language model's own reply."""
    try:
        value = from_json(body)
    except ValueError:
        return [Output(data=body, media_type="text/plain")] if body.strip() else []
    for key in ("image", "video", "audio"):
        inner = value.get(key) if isinstance(value, dict) else None
        many = inner if isinstance(inner, list) else [inner]
        found = [_encoded(item) for item in many if isinstance(item, str) and item]
        if found:
            return found
    return collect(value)


def _encoded(text: str) -> Output:
    if text.startswith(("http://", "https://")):
        return Output(url=text)
    uri = text if text.startswith("data:") else f"data:application/octet-stream;base64,{text}"
    try:
        asset = Asset.of(uri)
    except AssetError:  # paid for, so it is kept as it came
        return Output(data=text.encode("utf-8", "replace"), media_type="text/plain")
    return Output(data=asset.content, media_type=asset.media_type)


def _result_outputs(body: Mapping[str, Any]) -> list[Output]:
    """Return the files of `output`, `images: [{url, content_type}]`, `video` and `audio`."""
    found = collect(body.get("output"))
    listed: dict[str, Output] = {}
    for key in ("images", "video", "audio"):
        many = body.get(key)
        for item in many if isinstance(many, list) else [many]:
            if isinstance(item, dict):
                kind = _text(item.get("content_type")) or None
                for output in collect(item.get("url")):
                    if output.url:
                        listed[output.url] = replace(output, media_type=kind)
    if not listed:
        return found
    files: dict[str, Output] = {output.url: output for output in found if output.url}
    for url, output in listed.items():
        files[url] = replace(files.get(url, output), media_type=output.media_type)
    return list(files.values())


def _failure(body: Mapping[str, Any], reply: Reply, job_id: str | None) -> JobFailed:
    said, field = words(
        json.dumps({**body, "error": body.get("error") or body.get("error_message")})
    )
    return JobFailed(
        said or "The job failed; the service gave no reason.",
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
    return isinstance(value, dict) and status_of(value.get("status"), _WORDS) is Status.FAILED


def _empty(said: str, reply: Reply, job_id: str | None) -> ReplyError:
    return ReplyError(said, status=reply.status, body=excerpt(reply.body), request_id=job_id)


def _id_in(call: Call) -> str | None:
    match = re.search(r"/requests/([^/?]+)", call.url)
    return match[1] if match else None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _dict(value: object) -> dict[str, Any]:
    """Return an object, also from its JSON text; empty for anything else."""
    try:
        found = from_json(value) if isinstance(value, (str, bytes)) else value
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _moment(value: object) -> datetime | None:
    """Return the time of an ISO 8601 text, in UTC without a zone, or None."""
    try:
        found = datetime.fromisoformat(_text(value).replace("Z", "+00:00"))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=timezone.utc)
