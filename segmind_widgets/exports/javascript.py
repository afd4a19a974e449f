"""A run as a JavaScript program for Node.js 18 or newer, without packages."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from segmind_widgets.exports.request import ExportRequest, File, fill, request_of, with_marks

if TYPE_CHECKING:
    from segmind_widgets.planning.plan import Plan

_MODULES = {
    "fs/promises": ("readFile", "writeFile"),
    "path": ("basename", "extname"),
    "timers/promises": ("setTimeout as sleep",),
}
_BEGIN = """\
// Run <<name>> at <<service>> once, and save its results here: node run.mjs (Node.js 18 or newer)
<<imports>>

<<origin>>const API = <<api>>;
const KEYS = [<<keys>>];

// Send one request, with the key by default; stop with the service's own words. A GET is free and
// is repeated; the POST is billed, and sent once.
async function call(method, url, { key = true, headers = {}, body } = {}) {
  const tries = method === "GET" ? 8 : 1;
  for (let number = 1; ; number++) {
    const reply = await fetch(url, {
      method,
      body,
      headers: { ...headers, ...(key ? KEYS[0] : {}) },
      redirect: key ? "manual" : "follow", // the key goes nowhere else
    }).catch((error) => (number < tries ? null : Promise.reject(error)));
    if (reply?.status === 401 && key && KEYS.length > 1) {
      KEYS.shift(); // workflows take one of two headers
      return call(method, url, { key, headers, body });
    }
    if (reply?.status === 200 || (key === null && reply)) return reply;
    if (reply && !(number < tries && [429, 500, 502, 503, 504].includes(reply.status))) {
      console.error(`${reply.status} from ${url}: ${await reply.text()}`);
      process.exit(1);
    }
    const seconds = Number(reply?.headers.get("retry-after") ?? 2 ** number / 2);
    await sleep(1000 * Math.min(seconds || 0, 60));
  }
}

function fail(words) {
  console.error(typeof words === "string" ? words : JSON.stringify(words));
  process.exit(1);
}
"""
_UPLOADS = {
    "Segmind": """
// Upload a file to Segmind's storage; return its URL.
async function upload(path, type) {
  const data = await readFile(path, "base64");
  const body = JSON.stringify({ data_urls: [`data:${type};base64,${data}`] });
  const accept = "application/json, text/plain, */*";
  const headers = { accept, "content-type": "application/json" };
  const reply = await (await call("POST", <<upload>>, { headers, body })).json();
  return (reply.urls ?? reply.file_urls)[0];
}
""",
    "APIMart": """
// Upload a picture to APIMart; return its URL, which is valid for 72 hours.
async function upload(path, type) {
  const body = new FormData();
  body.append("file", new Blob([await readFile(path)], { type }), basename(path));
  const reply = await (await call("POST", <<upload>>, { body })).json();
  return (reply.data ?? reply).url;
}
""",
}
_ENCODED = """
// Return a file's content as base64.
async function encoded(path) {
  return readFile(path, "base64");
}
"""
_RESULTS = """
// Give each result in a reply: its URL or text, and its name.
function* results(value, name = "<<name>>") {
  if (typeof value === "string" && ["[", "{", '"'].includes(value[0])) {
    try {
      value = JSON.parse(value);
    } catch {
      // a text
    }
  }
  if (value === null || value === undefined) return;
  if (Array.isArray(value)) {
    for (const item of value) yield* results(item, name);
  } else if (typeof value === "object") {
    if ([value.choices, value.candidates, value.content].some(Array.isArray)) {
      yield [JSON.stringify(value), name]; // of a language model
      return;
    }
    name = value.keyname ?? name;
    let keys = ["value", "data"].filter((key) => key in value).slice(0, 1);
    if (!keys.length) {
      keys = Object.keys(value).filter((key) => !("url" in value) || key.endsWith("url"));
    }
    for (const key of keys) {
      yield* results(value[key], ["value", "data", "url", "images"].includes(key) ? name : key);
    }
  } else {
    yield [String(value), name];
  }
}
"""
_POST = """
const inputs = <<inputs>>;
const headers = { "content-type": "application/json" };
"""
_SUBMIT = """\
let job = await (await call("POST", <<url>>, { headers, body: JSON.stringify(inputs) })).json();
"""
_QUEUE = (
    _SUBMIT
    + """\
const request = job.request_id ?? job.id;
console.log("request", request, job.poll_url);
const pollUrl = <<poll>>;
if (!pollUrl?.startsWith(`${API}/`)) {
  fail(`${pollUrl} is not at ${API}; the key was not sent there: ${JSON.stringify(job)}`);
}
while (!["COMPLETED", "FAILED", "CANCELLED"].includes(job.status)) {
  await sleep(<<pause>>);
  job = await (await call("GET", pollUrl)).json();
}
if (job.status !== "COMPLETED") fail(job.error ?? job.error_message ?? job.status);

if (pollUrl.endsWith("/status")) job = await (await call("GET", pollUrl.slice(0, -7))).json();
const result = [job.output, job.images, job.video, job.audio];
"""
)
_TASK = (
    _SUBMIT
    + """\
const answer = job;
job = [job.data ?? job].flat()[0];
const task = job.task_id ?? job.id;
if (!task) fail(answer);
let pollUrl = `${API}/v1/tasks/${task}`;
if ((await call("GET", pollUrl, { key: null, headers: KEYS[0] })).status === 404) {
  pollUrl = `${API}/v1/images/generations/${task}`; // the older address
}
console.log("task", task, pollUrl);

while (!["completed", "succeeded", "success"].includes(job.status)) {
  if (["failed", "failure", "error", "cancelled", "canceled"].includes(job.status)) {
    fail(job.error ?? job.fail_reason ?? job.status);
  }
  await sleep(<<pause>>);
  job = await (await call("GET", pollUrl)).json();
  job = job.data ?? job;
}
const result = job.result ?? job.url;
"""
)
_SAVE = r"""
let number = 0;
for (const [value, name] of new Map(results(result))) {
  let path = `${name}-${++number}`.replace(/[^\p{L}\p{N}_.-]+/gu, "-");
  let data = value;
  if (/^https?:/.test(value)) {
    console.log(value);
    path += extname(new URL(value).pathname);
    data = Buffer.from(await (await call("GET", value, { key: false })).arrayBuffer());
  } else if (value.startsWith("data:")) {
    path += `.${value.slice(5).split(/[;,]/)[0].split("/")[1] ?? "bin"}`;
    data = Buffer.from(value.slice(value.indexOf(",") + 1), "base64");
  } else {
    path += ".txt";
  }
  await writeFile(path, data);
  console.log(path);
}
"""
_ONCE = """\
// the reply is the result
const reply = await call("POST", <<url>>, { headers, body: JSON.stringify(inputs) });
console.log("request", reply.headers.get("x-request-id"));
const type = reply.headers.get("content-type").split(";")[0];
const suffix = { "audio/mpeg": "mp3", "image/jpeg": "jpg" }[type] ?? type.split("/")[1];
await writeFile(`<<name>>.${suffix}`, Buffer.from(await reply.arrayBuffer()));
console.log(`<<name>>.${suffix}`);
"""
_RUNS = {
    "v1": ("", _ONCE),
    "v2": (_RESULTS, _QUEUE + _SAVE),
    "workflow": (_RESULTS, _QUEUE + _SAVE),
    "task": (_RESULTS, _TASK + _SAVE),
}
_MADE_URL = "`${API}/v2/requests/${request}/status`"
_POLLS = {
    "v2": f"request ? {_MADE_URL} : job.poll_url",
    "workflow": f"job.poll_url ?? {_MADE_URL}",
}
_HEADERS = {
    "Authorization": "{{ Authorization: `Bearer ${{process.env.{}}}` }}",
    "x-api-key": '{{ "x-api-key": process.env.{} }}',
}


def javascript(plan: Plan) -> str:
    """Return a program for Node.js that submits a plan once, waits, and saves the outputs.

    The program takes the key from the environment; its addresses are those of the plan's
    endpoint. It is an ES module: its file is named `….mjs`.

    Raises:
        InputError: a file is only in memory, or an address is signed; `field` names it.
    """
    request = request_of(plan)
    functions, run = _RUNS[request.protocol]
    blocks = [
        _BEGIN,
        _UPLOADS[request.service] if request.uses("upload") else "",
        _ENCODED if request.uses("encoded") else "",
        functions,
        _POST,
        run,
    ]
    code = "".join(blocks)
    return fill(code, {**_values(request), "imports": _imports(code)})


def _imports(code: str) -> str:
    """Return the imports that the code needs."""
    lines: list[str] = []
    for module, functions in _MODULES.items():
        names = [name for name in functions if f"{name.rpartition(' ')[2]}(" in code]
        lines += [f'import {{ {", ".join(names)} }} from "node:{module}";'] if names else []
    return "\n".join(lines)


def _values(request: ExportRequest) -> Mapping[str, str]:
    return {
        "name": request.name,
        "service": request.service,
        "origin": request.origin("//"),
        "api": json.dumps(request.api),
        "keys": ", ".join(_HEADERS[header].format(request.key) for header in request.headers),
        "upload": _address(request),
        "url": f"`${{API}}{request.path}`",
        "inputs": document(request.inputs, request.files),
        "poll": _POLLS.get(request.protocol, ""),
        "pause": str(1000 * request.pause),
    }


def _address(request: ExportRequest) -> str:
    """Return the address of uploads as an expression."""
    base, separator, rest = request.upload_url.partition(f"{request.api}/")
    return f"`${{API}}/{rest}`" if separator and not base else json.dumps(request.upload_url)


def document(inputs: Mapping[str, Any], files: Mapping[tuple[str, str], File]) -> str:
    """Return the inputs as a JavaScript object; a file becomes a call that returns it."""
    names = {key: f"file_{number}" for number, key in enumerate(files, 1)}
    calls = {name: _call(files[key]) for key, name in names.items()}
    text, mark = with_marks(inputs, names)
    # a key `__proto__` would set the object's prototype
    text = re.sub(r'^( *)"__proto__":', r'\1["__proto__"]:', text, flags=re.MULTILINE)
    return re.sub(rf'"{mark}(file_\d+){mark}"', lambda match: calls[match[1]], text)


def _call(file: File) -> str:
    kind = f", {json.dumps(file.media_type)}" if file.use == "upload" else ""
    return f"await {file.use}({json.dumps(str(file), ensure_ascii=False)}{kind})"
