"""A server that answers only what the services' pages say, as a second judge beside the sandbox.

The pages are the upload page of APIMart, and Segmind's Storage page, API reference and workflow
API page. Whatever a page does not name is refused.
"""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.shells import picture

SEGMIND_KEY = "SG_0123456789abcdef"
APIMART_KEY = "sk-abcdef0123456789"
WORKFLOW = "65c9c7f641c340d7ef2f7134-v1"
TYPES = ("image/jpeg", "image/png", "image/gif", "image/webp")
MAX_BYTES = 20_971_520


@dataclass(frozen=True)
class Request:
    """A request as it arrived."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """Return the body's JSON."""
        return json.loads(self.body)

    @property
    def parts(self) -> list[Any]:
        """Return the parts of a multipart body, each an `email.message.EmailMessage`."""
        head = f"Content-Type: {self.headers['content-type']}\r\n\r\n".encode()
        return list(BytesParser(policy=HTTP).parsebytes(head + self.body).iter_parts())


Answer = tuple[int, Any] | tuple[int, bytes, str]


@dataclass
class Pages:
    """The state of the services.

    Attributes:
        v1: models that are on v1 alone.
        v2: models that are on v2 alone.
        workflow_header: the header that workflows take.
        image_form: the form of `image_urls` that generations take, or "" for both.
        polls: polls of a job before it has ended.
        output: of a workflow, as JSON in the reply's string; {url} stands for a file's address.
        created_at: of an upload, in the page's example by default.
        upload_status: the code of the reply to an upload.
        failure: the reason why jobs fail, if they do.
        refusals: replies that come before the right ones, each once: (part of the path, status,
            body, headers).
        headers: of every other reply.
        requests: all that arrived.
    """

    v1: frozenset[str] = frozenset()
    v2: frozenset[str] = frozenset({"v2-only"})
    workflow_header: str = "authorization"
    image_form: str = ""
    polls: int = 1
    output: str = '[{"keyname": "Poster", "value": {"data": "{url}", "type": "image"}}]'
    failure: str = ""
    upload_status: int = 200
    created_at: int = 1743436800
    refusals: list[tuple[str, int, Any, dict[str, str]]] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    base: str = ""
    polled: dict[str, int] = field(default_factory=dict)
    arrived: threading.Condition = field(default_factory=threading.Condition)

    @property
    def environ(self) -> dict[str, str]:
        """Return the variables that lead a client here."""
        names = ("SEGMIND_API_URL", "SEGMIND_STORAGE_URL", "SEGMIND_CONSOLE_URL")
        keys = {"SEGMIND_API_KEY": SEGMIND_KEY, "APIMART_API_KEY": APIMART_KEY}
        urls = dict.fromkeys((*names, "SEGMIND_SITE_URL", "APIMART_API_URL"), self.base)
        return {**urls, **keys, "SEGMIND_WIDGETS_PROVIDER": "segmind"}

    def posts(self, path: str = "") -> list[Request]:
        """Return the POST requests whose path holds a text."""
        return [r for r in self.requests if r.method == "POST" and path in r.path]

    def wait_for_post(self, path: str = "") -> Request:
        """Return the first POST request whose path holds a text, as soon as it is there."""
        with self.arrived:
            assert self.arrived.wait_for(lambda: self.posts(path), timeout=20)
            return self.posts(path)[0]

    def next_refusal(self, request: Request) -> tuple[str, int, Any, dict[str, str]] | None:
        """Take the next scripted reply for a request, or return None."""
        for refusal in self.refusals:
            if refusal[0] in request.path:
                self.refusals.remove(refusal)
                return refusal
        return None

    def answer(self, request: Request) -> Answer:
        """Return status and body for a request."""
        if self.upload_status != 200 and "upload" in request.path:
            return self.upload_status, _refusal("refused")
        for method, pattern, handler in _ROUTES:
            match = re.fullmatch(pattern, request.path)
            if match and request.method == method:
                return handler(self, request, *match.groups())
        return 404, {"error": "Not Found"}

    # Segmind

    def upload_asset(self, request: Request) -> Answer:
        headers = request.headers
        if headers.get("x-api-key") != SEGMIND_KEY:
            return 401, {"error": "Unauthorized"}
        if (headers.get("accept"), headers.get("content-type")) != (
            "application/json, text/plain, */*",
            "application/json",
        ):
            return 400, {"error": "headers"}
        body = request.json
        if set(body) != {"data_urls"} or not isinstance(body["data_urls"], list):
            return 400, {"error": "data_urls"}
        for url in body["data_urls"]:
            head, _, text = url.partition(";base64,")
            if not re.fullmatch(r"data:[\w.+-]+/[\w.+-]+", head):
                return 400, {"error": "not a data URL"}
            base64.b64decode(text, validate=True)
        count = len(body["data_urls"])
        return 200, {"urls": [f"{self.base}/files/asset-{n}.png" for n in range(count)]}

    def balance(self, request: Request) -> Answer:
        if request.headers.get("x-api-key") != SEGMIND_KEY:
            return 401, {"error": "Unauthorized"}
        return 200, {"credits": 1.0, "free-credits": 0.02}

    def model(self, request: Request, api: str, slug: str) -> Answer:
        if request.headers.get("x-api-key") != SEGMIND_KEY:
            return 401, {"error": "Unauthorized"}
        if slug in (self.v2 if api == "v1" else self.v1):
            return 404, {"error": "Model not found"}
        if self.failure:
            return 422, {"error": self.failure}
        if api == "v1":
            return 200, picture(), "image/png"
        links = {"status_url": f"{self.base}/v2/requests/r-1/status"}
        return 200, {"request_id": "r-1", "status": "QUEUED", **links}

    def model_status(self, request: Request) -> Answer:
        return 200, {"request_id": "r-1", "status": self._status("r-1")}

    def model_result(self, request: Request) -> Answer:
        return 200, {"request_id": "r-1", "status": "COMPLETED", "output": self._file}

    def workflow(self, request: Request, path: str) -> Answer:
        value = request.headers.get(self.workflow_header, "")
        if value.removeprefix("Bearer ") != SEGMIND_KEY:
            return 401, {"error": "Unauthorized"}
        return 200, {"poll_url": f"{self.base}/workflows/polls/w-1"}

    def workflow_status(self, request: Request) -> Answer:
        value = request.headers.get(self.workflow_header, "")
        if value.removeprefix("Bearer ") != SEGMIND_KEY:
            return 401, {"error": "Unauthorized"}
        status = self._status("w-1")
        if status == "FAILED":
            return 200, {"status": status, "error": self.failure}
        if status != "COMPLETED":
            return 200, {"status": status}
        return 200, {"status": status, "output": self.output.replace("{url}", self._file)}

    # APIMart

    def upload_image(self, request: Request) -> Answer:
        if request.headers.get("authorization") != f"Bearer {APIMART_KEY}":
            return 401, _refusal("Unauthorized")
        files = [p for p in request.parts if p.get_param("name", header=_DISPOSITION) == "file"]
        if not files:
            return 400, _refusal("missing or invalid file field: http: no such file")
        (file,) = files
        data, kind = file.get_payload(decode=True), file.get_content_type()
        if kind not in TYPES:
            text = f"unsupported image type: {kind}, allowed: jpeg, png, gif, webp"
            return 400, _refusal(text)
        if len(data) > MAX_BYTES:
            return 413, _refusal(f"file size {len(data)} exceeds maximum {MAX_BYTES} bytes")
        return 200, {
            "url": f"{self.base}/files/upload.png",
            "filename": file.get_filename(),
            "content_type": kind,
            "bytes": len(data),
            "created_at": self.created_at,
        }

    def generation(self, request: Request) -> Answer:
        if request.headers.get("authorization") != f"Bearer {APIMART_KEY}":
            return 401, _refusal("Unauthorized")
        body = request.json
        if "base64," in json.dumps(body):
            return 400, _refusal("base64 images are no longer supported")
        images = body.get("image_urls", [])
        are = {"objects" if isinstance(image, dict) else "strings" for image in images}
        if images and self.image_form and are != {self.image_form}:
            return 400, _refusal(f"image_urls: {self.image_form} expected")
        return 200, {"id": "t-1"}

    def generation_status(self, request: Request) -> Answer:
        status = self._status("t-1").lower().replace("processing", "in_progress")
        if status == "failed":
            return 200, {"status": status, "fail_reason": self.failure}
        return 200, {"status": status, **({"url": self._file} if status == "completed" else {})}

    # both

    def file(self, request: Request) -> Answer:
        return 200, picture(), "image/png"

    @property
    def _file(self) -> str:
        return f"{self.base}/files/result.png"

    def _status(self, job: str) -> str:
        self.polled[job] = self.polled.get(job, 0) + 1
        if self.polled[job] <= self.polls:
            return "PROCESSING"
        return "FAILED" if self.failure else "COMPLETED"


_DISPOSITION = "content-disposition"
_ROUTES: list[tuple[str, str, Callable[..., Answer]]] = [
    ("GET", r"/v1/get-user-credits", Pages.balance),
    ("POST", r"/upload-asset", Pages.upload_asset),
    ("GET", r"/v2/requests/r-1/status", Pages.model_status),
    ("GET", r"/v2/requests/r-1", Pages.model_result),
    ("POST", r"/v1/uploads/images", Pages.upload_image),
    ("POST", r"/v1/(?:images|videos)/generations", Pages.generation),
    ("GET", r"/v1/images/generations/t-1", Pages.generation_status),
    ("POST", r"/(v[12])/([\w.-]+)", Pages.model),
    ("GET", r"/workflows/polls/w-1", Pages.workflow_status),
    ("POST", r"/workflows/(v2/[\w-]+|[0-9a-f]{24}-v\d+)", Pages.workflow),
    ("GET", r"/files/[\w.-]+", Pages.file),
]


def _refusal(message: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": "invalid_request_error"}}


@contextmanager
def serve(pages: Pages) -> Iterator[Pages]:
    """Serve the pages on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length", 0)))
            request = Request(self.command, self.path.partition("?")[0], headers, body)
            with pages.arrived:
                pages.requests.append(request)
                pages.arrived.notify_all()
            refusal = pages.next_refusal(request)
            status, value, *kind = refusal[1:3] if refusal else pages.answer(request)
            data = value if isinstance(value, bytes) else json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", kind[0] if kind else "application/json")
            self.send_header("Content-Length", str(len(data)))
            for name, text in (refusal[3] if refusal else pages.headers).items():
                self.send_header(name, text)
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    pages.base = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield pages
    finally:
        server.shutdown()
        server.server_close()
