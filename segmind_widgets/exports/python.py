"""A run as a Python script that needs only `requests`, written in the usual style."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from segmind_widgets.exports.python_literals import literal, quoted
from segmind_widgets.exports.request import ExportRequest, fill, request_of

if TYPE_CHECKING:
    from segmind_widgets.planning.plan import Plan

_MODULES = ("base64", "json", "mimetypes", "os", "re", "time")

_BEGIN = '''<<origin>>API = <<api>>
<<keys>>

session = requests.Session()  # repeats each GET; a POST is billed, and sent once
retry = Retry(8, backoff_factor=1, status_forcelist=[429, 500, 502, 503, 504])
session.mount("<<scheme>>://", HTTPAdapter(max_retries=retry))


def call(method, url, headers=KEY, **body):
    """Send one request, with the key by default; exit with the reply on an error."""
    follow = headers is not KEY  # the key goes nowhere else
    send = session.request if method == "GET" else requests.request
    reply = send(
        method, url, headers=headers, timeout=<<timeout>>, allow_redirects=follow, **body
    )
<<again>>    if reply.status_code != 200:
        raise SystemExit(f"{reply.status_code} from {url}: {reply.text}")
    return reply
'''
_AGAIN = """\
    if reply.status_code == 401 and OTHER_KEYS:  # workflows take one of two headers
        KEY.clear()
        KEY.update(OTHER_KEYS.pop())
        return call(method, url, **body)
"""
_HEADERS = {
    "Authorization": '{{"Authorization": "Bearer " + os.environ["{}"]}}',
    "x-api-key": '{{"x-api-key": os.environ["{}"]}}',
}
_UPLOADS = {
    "Segmind": '''

def upload(path, media_type):
    """Upload a file to Segmind's storage; return its URL."""
    data = base64.b64encode(Path(path).read_bytes()).decode()
    body = {"data_urls": [f"data:{media_type};base64,{data}"]}
    reply = call("POST", <<upload>>, json=body).json()
    return (reply.get("urls") or reply["file_urls"])[0]
''',
    "APIMart": '''

def upload(path, media_type):
    """Upload a picture to APIMart; return its URL, which is valid for 72 hours."""
    file = (Path(path).name, Path(path).read_bytes(), media_type)
    reply = call("POST", <<upload>>, files={"file": file}).json()
    return reply.get("data", reply)["url"]
''',
}
_ENCODED = '''

def encoded(path):
    """Return a file's content as base64."""
    return base64.b64encode(Path(path).read_bytes()).decode()
'''
_RESULTS = '''

def results(value, name="<<name>>"):
    """Yield each result in a reply: its URL or text, and its name."""
    if isinstance(value, str) and value[:1] in ("[", "{", '"'):
        with suppress(ValueError):
            value = json.loads(value)
    if isinstance(value, list):
        for item in value:
            yield from results(item, name)
    elif isinstance(value, dict):
        texts = [value.get(key) for key in ("choices", "candidates", "content")]
        if any(isinstance(text, list) for text in texts):  # of a language model
            yield json.dumps(value, ensure_ascii=False), name
            return
        name = value.get("keyname", name)
        keys = [key for key in ("value", "data") if key in value][:1]
        if not keys:
            keys = [key for key in value if "url" not in value or key.endswith("url")]
        for key in keys:
            plain = key in ("value", "data", "url", "images")
            yield from results(value[key], name if plain else key)
    elif value is not None:
        yield str(value), name
'''
_QUEUE = """
job = call("POST", <<url>>, json=inputs).json()
request, poll_url = job.get("request_id") or job.get("id"), job.get("poll_url")
print("request", request, poll_url)
<<poll>>
if not str(poll_url).startswith(f"{API}/"):
    raise SystemExit(f"{poll_url} is not at {API}; the key was not sent there: {job}")
while job.get("status") not in ("COMPLETED", "FAILED", "CANCELLED"):
    time.sleep(<<pause>>)
    job = call("GET", poll_url).json()
if job["status"] != "COMPLETED":
    raise SystemExit(job.get("error") or job.get("error_message") or job["status"])

if poll_url.endswith("/status"):
    job = call("GET", poll_url.removesuffix("/status")).json()
result = [job.get(key) for key in ("output", "images", "video", "audio")]"""
_TASK = """
job = call("POST", <<url>>, json=inputs).json()
answer = job
job = job.get("data") or job
job = job[0] if isinstance(job, list) else job
task = job.get("task_id") or job.get("id")
if not task:
    raise SystemExit(f"APIMart's reply names no task: {answer}")
poll_url = f"{API}/v1/tasks/{task}"
if session.get(poll_url, headers=KEY, timeout=<<timeout>>).status_code == 404:
    poll_url = f"{API}/v1/images/generations/{task}"  # the older address
print("task", task, poll_url)

while job.get("status") not in ("completed", "succeeded", "success"):
    if job.get("status") in ("failed", "failure", "error", "cancelled", "canceled"):
        raise SystemExit(job.get("error") or job.get("fail_reason") or job["status"])
    time.sleep(<<pause>>)
    job = call("GET", poll_url).json()
    job = job.get("data") or job

result = job.get("result") or job.get("url")"""
_SAVE = r"""
for number, (value, name) in enumerate(dict(results(result)).items(), 1):
    path = re.sub(r"[^\w.-]+", "-", f"{name}-{number}")
    if value.startswith(("http://", "https://")):
        print(value)
        path += Path(value.partition("?")[0]).suffix
        data = call("GET", value, headers=None).content
    elif value.startswith("data:"):
        head, _, text = value.partition(",")
        path += mimetypes.guess_extension(head[5:].partition(";")[0]) or ".bin"
        data = base64.b64decode(text)
    else:
        path, data = f"{path}.txt", value.encode()
    Path(path).write_bytes(data)
    print(path)
"""
_ONCE = """
reply = call("POST", <<url>>, json=inputs)  # the reply is the result
print("request", reply.headers.get("x-request-id"))
media_type = reply.headers["Content-Type"].partition(";")[0]
path = Path("<<name>>" + (mimetypes.guess_extension(media_type) or ".bin"))
path.write_bytes(reply.content)
print(path)
"""
_RUNS = {
    "v1": ("", _ONCE),
    "v2": (_RESULTS, _QUEUE + _SAVE),
    "workflow": (_RESULTS, _QUEUE + _SAVE),
    "task": (_RESULTS, _TASK + _SAVE),
}
_MADE_URL = 'f"{API}/v2/requests/{request}/status"'
_POLL = {
    "v2": f"if request:\n    poll_url = {_MADE_URL}",
    "workflow": f"if not poll_url:\n    poll_url = {_MADE_URL}",
}


def python(plan: Plan) -> str:
    """Return a script that submits a plan once, waits, and saves the outputs.

    The script takes the key from the environment; its addresses are those of the plan's endpoint.

    Raises:
        InputError: a file is only in memory, or an address is signed; `field` names it.
    """
    request = request_of(plan)
    functions, run = _RUNS[request.protocol]
    code = "".join(
        [
            _BEGIN,
            _UPLOADS[request.service] if request.uses("upload") else "",
            _ENCODED if request.uses("encoded") else "",
            functions,
            "\n\ninputs = <<inputs>>\n",
            run,
        ]
    )
    title = f'"""Run {request.name} at {request.service} once, and save its results here."""'
    text = fill(code, _values(request))
    return f"{title}\n\n{_imports(code)}\n\n{text}"


def _imports(code: str) -> str:
    """Return the imports that the code needs, in the usual order."""
    whole = code.replace("<<keys>>", "os.environ")
    modules = [f"import {name}" for name in _MODULES if re.search(rf"\b{name}\.", whole)]
    modules += ["from contextlib import suppress"] if "suppress(" in code else []
    modules.append("from pathlib import Path")
    more = ["", "import requests", "from requests.adapters import HTTPAdapter, Retry"]
    return "\n".join([*modules, *more])


def _values(request: ExportRequest) -> Mapping[str, str]:
    first, *others = (_HEADERS[header].format(request.key) for header in request.headers)
    keys = [f"KEY = {first}", *(f"OTHER_KEYS = [{other}]" for other in others)]
    return {
        "origin": request.origin("#"),
        "api": quoted(request.api),
        "scheme": request.api.partition(":")[0].lower(),
        "keys": "\n".join(keys),
        "again": _AGAIN if others else "",
        "timeout": "600" if request.protocol == "v1" else "300",
        "upload": _address(request),
        "url": f'f"{{API}}{request.path}"',
        "inputs": literal(request.inputs),
        "pause": str(request.pause),
        "poll": _POLL.get(request.protocol, ""),
        "name": request.name,
    }


def _address(request: ExportRequest) -> str:
    """Return the address of uploads as an expression."""
    base, separator, rest = request.upload_url.partition(f"{request.api}/")
    return f'f"{{API}}/{rest}"' if separator and not base else quoted(request.upload_url)
