"""A run as a Python script that needs `requests` alone, as one would write it by hand."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, cast

from segmind_widgets.exports.request import ExportRequest, File, request_of

if TYPE_CHECKING:
    from segmind_widgets.planning.plan import Plan

_WIDTH = 88
_SHORT_ESCAPES = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}
_MODULES = ("base64", "json", "mimetypes", "os", "re", "time")

_BEGIN = '''API = <<api>>
KEY = {"<<header>>": <<bearer>>os.environ["<<key>>"]}

session = requests.Session()  # repeats what is free; the POST is billed, and sent once
retry = Retry(8, backoff_factor=1, status_forcelist=[429, 500, 502, 503, 504])
session.mount("<<scheme>>://", HTTPAdapter(max_retries=retry))


def call(method, url, headers=KEY, **body):
    """One call, with the key by default. Stops with the service's own words."""
    follow = headers is not KEY  # the key goes nowhere else
    reply = session.request(
        method, url, headers=headers, timeout=<<timeout>>, allow_redirects=follow, **body
    )
<<again>>    if reply.status_code != 200:
        raise SystemExit(f"{reply.status_code} from {url}: {reply.text}")
    return reply
'''
_AGAIN = """\
    if reply.status_code == 401 and "x-api-key" in KEY:  # some workflows want it so
        KEY["Authorization"] = f"Bearer {KEY.pop('x-api-key')}"
        return call(method, url, **body)
"""
_UPLOADS = {
    "Segmind": '''

def upload(path, media_type):
    """Put a file into Segmind's storage; its URL."""
    data = base64.b64encode(Path(path).read_bytes()).decode()
    body = {"data_urls": [f"data:{media_type};base64,{data}"]}
    reply = call("POST", <<upload>>, json=body).json()
    return (reply.get("urls") or reply["file_urls"])[0]
''',
    "APIMart": '''

def upload(path, media_type):
    """Put a picture into APIMart's storage; its URL, which lives for 72 hours."""
    file = (Path(path).name, Path(path).read_bytes(), media_type)
    reply = call("POST", <<upload>>, files={"file": file}).json()
    return reply.get("data", reply)["url"]
''',
}
_ENCODED = '''

def encoded(path):
    """A file's content as base64."""
    return base64.b64encode(Path(path).read_bytes()).decode()
'''
_SAVE_ALL = r"""
urls = re.findall(r'"(https?://[^"\s\\]+)\\?"', json.dumps(result, ensure_ascii=False))
for number, url in enumerate(dict.fromkeys(urls), 1):
    suffix = Path(url.partition("?")[0]).suffix
    path = Path(f"<<name>>-{number}{suffix}")
    path.write_bytes(call("GET", url, headers=None).content)
    print(path)
"""
_RUNS = {
    "v1": """
reply = call("POST", <<url>>, json=inputs)  # the reply is the result
media_type = reply.headers["Content-Type"].partition(";")[0]
path = Path("<<name>>" + (mimetypes.guess_extension(media_type) or ".bin"))
path.write_bytes(reply.content)
print(path)
""",
    "v2": """
job = call("POST", <<url>>, json=inputs).json()
print("request", job["request_id"])
request = f"{API}/v2/requests/{job['request_id']}"
while job["status"] not in ("COMPLETED", "FAILED", "CANCELLED"):
    time.sleep(<<pause>>)
    job = call("GET", f"{request}/status").json()
if job["status"] != "COMPLETED":
    raise SystemExit(job.get("error") or job["status"])

job = call("GET", request).json()
result = [job.get(key) for key in ("output", "images", "video", "audio")]"""
    + _SAVE_ALL
    + """\
if not urls:  # a language model's words
    Path("<<name>>.txt").write_text(str(job["output"]), encoding="utf-8")
""",
    "workflow": """
job = call("POST", <<url>>, json=inputs).json()
print("request", job["request_id"])
poll_url = job["poll_url"]
if not poll_url.startswith(f"{API}/"):
    raise SystemExit(f"{poll_url} is elsewhere; the key was not sent there.")
while job["status"] not in ("COMPLETED", "FAILED", "CANCELLED"):
    time.sleep(<<pause>>)
    job = call("GET", poll_url).json()
if job["status"] != "COMPLETED":
    raise SystemExit(job.get("error") or job.get("error_message") or job["status"])

output = job["output"]
if isinstance(output, str) and output[:1] in ("[", "{"):
    output = json.loads(output)
if isinstance(output, list):
    outputs = [(item["keyname"], item["value"]["data"]) for item in output]
else:
    outputs = output.items() if isinstance(output, dict) else [("output", output)]
for number, (name, value) in enumerate(outputs, 1):
    name = f"{number}-" + re.sub(r"[^\\w.-]+", "-", name)
    if str(value).startswith("http"):
        path = Path(name + Path(value.partition("?")[0]).suffix)
        path.write_bytes(call("GET", value, headers=None).content)
    else:
        path = Path(f"{name}.txt")
        path.write_text(str(value), encoding="utf-8")
    print(path)
""",
    "task": """
job = call("POST", <<url>>, json=inputs).json()
job = job.get("data") or job
job = job[0] if isinstance(job, list) else job
task = job.get("task_id") or job.get("id")
if not task:
    raise SystemExit(f"APIMart refused: {job}")
print("task", task)

poll_url = f"{API}/v1/tasks/{task}"
if session.get(poll_url, headers=KEY, timeout=<<timeout>>).status_code == 404:
    poll_url = f"{API}/v1/images/generations/{task}"  # the older address
while job.get("status") not in ("completed", "succeeded", "success"):
    if job.get("status") in ("failed", "failure", "error", "cancelled", "canceled"):
        raise SystemExit(job.get("error") or job.get("fail_reason") or job["status"])
    time.sleep(<<pause>>)
    job = call("GET", poll_url).json()
    job = job.get("data") or job

result = job.get("result") or job.get("url")"""
    + _SAVE_ALL,
}


def python(plan: Plan) -> str:
    """Return a script that submits a plan once, waits, and saves the outputs.

    The script takes the key from the environment; its addresses are those of the plan's endpoint.

    Raises:
        InputError: a file is only in memory, or an address is signed; `field` names it.
    """
    request = request_of(plan)
    code = "".join(
        [
            _BEGIN,
            _UPLOADS[request.service] if request.uses("upload") else "",
            _ENCODED if request.uses("encoded") else "",
            "\n\ninputs = <<inputs>>\n",
            _RUNS[request.protocol],
        ]
    )
    title = f'"""Run {request.name} at {request.service} once, and save what it makes here."""'
    return f"{title}\n\n{_imports(code)}\n\n{fill(code, _values(request))}"


def _imports(code: str) -> str:
    """Return the imports that the code needs, in the usual order."""
    modules = [f"import {name}" for name in _MODULES if re.search(rf"\b{name}\.", code)]
    modules.append("from pathlib import Path")
    more = ["", "import requests", "from requests.adapters import HTTPAdapter, Retry"]
    return "\n".join([*modules, *more])


def _values(request: ExportRequest) -> Mapping[str, str]:
    bearer = request.service == "APIMart"
    return {
        "api": quoted(request.api),
        "scheme": request.api.partition(":")[0].lower(),
        "header": "Authorization" if bearer else "x-api-key",
        "bearer": '"Bearer " + ' if bearer else "",
        "key": request.key,
        "again": _AGAIN if request.protocol == "workflow" else "",
        "timeout": "600" if request.protocol == "v1" else "300",
        "upload": _address(request),
        "url": f'f"{{API}}{request.path}"',
        "inputs": literal(request.inputs),
        "pause": str(request.pause),
        "name": request.name,
    }


def _address(request: ExportRequest) -> str:
    """Return the address of uploads as an expression."""
    base, separator, rest = request.upload_url.partition(f"{request.api}/")
    return f'f"{{API}}/{rest}"' if separator and not base else quoted(request.upload_url)


def fill(template: str, values: Mapping[str, str]) -> str:
    """Replace each `<<name>>` of a template, in one pass: values are not templates."""
    return re.sub(r"<<(\w+)>>", lambda match: values[match[1]], template)


def literal(value: object, indent: str = "", column: int = 0) -> str:
    """Return a value as Python source, as a formatter lays it out. A File is a call.

    Args:
        value: JSON, with a File for each file. A mapping at column 0 has a line for each item.
        indent: of the line on which the value begins.
        column: the columns in front of the value on that line.
    """
    whole: object = value  # `isinstance` below narrows `value` to unknown elements
    line = _on_one_line(value)
    fits = column + _width(line) < _WIDTH  # a comma follows
    if not value or (fits and not (isinstance(value, Mapping) and column == 0)):
        return line
    inner = f"{indent}    "
    if isinstance(value, Mapping):
        keys = ((f"{inner}{quoted(str(key))}: ", item) for key, item in _items(whole))
        items = [f"{key}{literal(item, inner, _width(key))}" for key, item in keys]
        return _on_lines("{", items, "}", indent)
    if isinstance(value, (list, tuple)):
        items = [f"{inner}{literal(item, inner, len(inner))}" for item in _elements(whole)]
        return _on_lines("[", items, "]", indent)
    if isinstance(value, File):
        return _call_on_lines(value, indent)
    if isinstance(value, str) and len(pieces := _pieces(value, _WIDTH - len(inner))) > 1:
        return "\n".join(["(", *(f"{inner}{piece}" for piece in pieces), f"{indent})"])
    return line


def _on_one_line(value: object) -> str:
    whole: object = value
    if isinstance(value, Mapping):
        items = (f"{quoted(str(key))}: {_on_one_line(item)}" for key, item in _items(whole))
        return f"{{{', '.join(items)}}}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_on_one_line, _elements(whole)))}]"
    if isinstance(value, File):
        return f"{value.use}({', '.join(_arguments(value))})"
    return quoted(value) if isinstance(value, str) else repr(value)


def _elements(values: object) -> Iterable[object]:
    return cast("Iterable[object]", values)


def _items(mapping: object) -> Iterable[tuple[object, object]]:
    return cast("Mapping[object, object]", mapping).items()


def _on_lines(start: str, items: list[str], end: str, indent: str) -> str:
    return "\n".join([start, *(f"{item}," for item in items), f"{indent}{end}"])


def _arguments(file: File) -> list[str]:
    return [quoted(file), *([quoted(file.media_type)] if file.use == "upload" else [])]


def _call_on_lines(file: File, indent: str) -> str:
    """Return a call with its arguments on a line of their own, or on a line each."""
    inner = f"{indent}    "
    line = f"{inner}{', '.join(_arguments(file))}"
    if _width(line) <= _WIDTH:
        return f"{file.use}(\n{line}\n{indent})"
    path, *others = _arguments(file)
    pieces = _pieces(file, _WIDTH - len(inner) - 1)
    path = f"\n{inner}".join(pieces)
    return _on_lines(f"{file.use}(", [f"{inner}{item}" for item in (path, *others)], ")", indent)


def _pieces(text: str, width: int) -> list[str]:
    """Return quoted pieces of a text, which Python joins; cut behind spaces where possible."""
    pieces = [""]
    for word in re.findall(r"\S+\s*|\s+", text):
        if _width(quoted(pieces[-1] + word)) <= width:
            pieces[-1] += word
        elif _width(quoted(word)) <= width:
            pieces.append(word)
        else:
            for character in word:
                if _width(quoted(pieces[-1] + character)) > width:
                    pieces.append("")
                pieces[-1] += character
    return [quoted(piece) for piece in pieces if piece]


def _width(text: str) -> int:
    """Return the columns that a text takes in a fixed-width font."""
    if text.isascii():
        return len(text)
    return sum(1 + (unicodedata.east_asian_width(c) in "WF") for c in text)


def quoted(text: str) -> str:
    """Return a string as Python source, in the quotes that need fewer escapes."""
    quote = "'" if text.count('"') > text.count("'") else '"'
    return quote + "".join(_escaped(character, quote) for character in text) + quote


def _escaped(character: str, quote: str) -> str:
    if character in "\"'":
        return f"\\{character}" if character == quote else character
    if character.isprintable():
        return json.dumps(character, ensure_ascii=False)[1:-1]
    return _SHORT_ESCAPES.get(character) or _escape(character)


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
