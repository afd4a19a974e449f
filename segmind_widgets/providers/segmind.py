"""Segmind: models (v1 and v2), PixelFlow workflows, Storage, credits.

Sources: docs.segmind.com (API reference, Storage, workflow pages) and the official SDK 1.3.0.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timezone
from typing import ClassVar, cast
from urllib.parse import quote, urlencode

from segmind_widgets.assets.asset import Asset
from segmind_widgets.errors import InputError, NotFound, ReplyError, SegmindError
from segmind_widgets.providers import _segmind_storage as storage
from segmind_widgets.providers._base import Provider, reads_of
from segmind_widgets.providers._errors import from_reply
from segmind_widgets.providers._facts import number
from segmind_widgets.providers._reasons import excerpt
from segmind_widgets.providers._replies import (
    checked,
    hidden_submit,
    json_object,
    refusal,
)
from segmind_widgets.providers._segmind_replies import (
    Ways,
    id_in,
    read_history,
    read_history_row,
    read_job,
    read_run,
)
from segmind_widgets.providers._segmind_targets import (
    API_ADDRESS,
    SLUG,
    WORKFLOW_ID,
    model_slug,
    plain,
    workflow_path,
)
from segmind_widgets.providers._submits import Answer, Service, answer_of
from segmind_widgets.types import (
    Api,
    Call,
    Credits,
    HistoryEntry,
    JobState,
    Reply,
    RunRequest,
    Status,
    Uploaded,
)

_V1_TIMEOUT = 600.0  # seconds; the run itself happens within this one call
_API_HOURS = 24.0  # a model that is only on v1 may later be added to v2
_HISTORY = "/inference-request/request-history/"


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

    def parameters_url(self, slug: str) -> str:
        """Return the address of a model's llms.txt, as the directory names it."""
        name = slug if re.fullmatch(r"[\w.-]{1,200}", slug, re.ASCII) else ""
        return f"{self.urls['SEGMIND_SITE_URL']}/models/{name}/llms.txt" if name.strip(".") else ""

    # jobs

    def submit(self, request: RunRequest) -> Call:
        """Return the first call of a job."""
        if request.endpoint:
            raise InputError(
                "--endpoint is for APIMart. Segmind has --api v1|v2.", field="endpoint"
            )
        base = self.urls["SEGMIND_API_URL"]
        inputs = dict(request.inputs)
        if request.kind == "workflow":
            path = workflow_path(request.target)
            header = self.forms.get(_header_question(path)) or _default_header(path)
            auth = "bearer" if header == "bearer" else ""
            url = f"{base}/workflows/{path}"
            call = Call("POST", url, inputs, auth=auth, form="first", billed=True)
            return replace(call, reads="files")
        request = self.normalize(request)
        forced = request.api != "auto"
        api = request.api if forced else self.forms.get(_api_question(request.target)) or "v2"
        call = Call("POST", "", inputs, form="" if forced else "first", billed=True)
        call = replace(call, reads=reads_of(request.modality))
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
        target = plain(request.target)
        if "/workflows/" in target or WORKFLOW_ID.fullmatch(target):
            raise InputError(
                f"{request.target} is a workflow, not a model.",
                hint=f"Run it with %%segmind_workflow {target.rpartition('/')[2]}",
            )
        slug = model_slug(target)
        if not SLUG.fullmatch(slug):
            raise InputError(
                f"{request.target!r} is not a model's slug.", hint="Find it with %segmind_models."
            )
        address = API_ADDRESS.search(target)
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
        ways = Ways(self.find, self.origins)
        if call.billed and call.url.startswith(f"{self.urls['SEGMIND_API_URL']}/v1/"):
            return read_run(call, checked(call, reply), ways)
        job_id = id_in(call.url)
        if reply.status == 404 and job_id and call.method == "GET":
            # the record of a request is kept for an hour, the history for longer
            history = replace(self._history(job_id), reads=call.reads)
            return JobState(Status.PROCESSING, history, now=True)
        if reply.status == 200 and call.url.startswith(self.urls["SEGMIND_CONSOLE_URL"] + _HISTORY):
            return read_history_row(call, reply)
        return read_job(call, reply, ways)

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
            "model_name": model_slug(target),
            "from_date": since.astimezone(timezone.utc).date().isoformat(),
            "to_date": until.astimezone(timezone.utc).date().isoformat(),
        }
        address = f"{self.urls['SEGMIND_CONSOLE_URL']}{_HISTORY}".rstrip("/")
        return Call("GET", f"{address}?{urlencode(query)}", timeout=30.0)

    def parse_history(self, reply: Reply) -> list[HistoryEntry]:
        """Return the requests on a page of the history."""
        return read_history(reply, self.find)

    # files, account

    def upload_calls(
        self, assets: Iterable[Asset], progress: Callable[[int], None] | None = None
    ) -> Iterator[tuple[Call, int]]:
        """Yield the calls that upload the assets."""
        return storage.upload_calls(self.upload_url, assets, progress)

    def parse_upload(self, reply: Reply, count: int = 1) -> list[Uploaded]:
        """Return the addresses of the uploaded files."""
        return storage.parse_upload(self.upload_url, reply, count)

    def credits_call(self) -> Call:
        """Return the call that asks for the balance."""
        return Call("GET", f"{self.urls['SEGMIND_API_URL']}/v1/get-user-credits")

    def parse_credits(self, reply: Reply) -> Credits:
        """Return the balance: 0 of an account for which the service has no entry."""
        call = self.credits_call()
        try:
            body = json_object(call, checked(call, reply))
        except NotFound as error:  # "No credits found for the user": the key is right
            if "credits" not in error.message.lower():
                raise
            return Credits(0.0)
        balance = number(body.get("credits"))
        if balance is None:
            raise ReplyError("Segmind's reply has no credits.", body=excerpt(reply.body))
        return Credits(balance, free=number(body.get("free-credits")))


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
