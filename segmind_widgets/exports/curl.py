"""A run as a shell script that needs curl, and python3 only for JSON."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from segmind_widgets.exports.python import fill
from segmind_widgets.exports.request import ExportRequest, File, request_of
from segmind_widgets.nested import transform

if TYPE_CHECKING:
    from segmind_widgets.planning.plan import Plan

_BEGIN = """\
#!/bin/sh
# Run <<name>> at <<service>> once, and save what it makes here.
set -eu
api=<<api>>
key="<<header>>$<<key>>"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

call() {  # one call with the key, its reply in a file; stops with the service's own words
    code=$(curl -sS -o "$tmp/reply" -w '%{http_code}' -H "$key" "$@")
<<again>>    if [ "$code" != 200 ]; then
        cat "$tmp/reply" >&2
        exit 1
    fi
}
"""
_AGAIN = """\
    if [ "$code" = 401 ] && [ "$key" = "x-api-key: $SEGMIND_API_KEY" ]; then
        key="Authorization: Bearer $SEGMIND_API_KEY"  # some workflows want it so
        call "$@"
        return
    fi
"""
_FIELD = """
field() {  # a field of the reply
    python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' \\
        "$tmp/reply" "$1"
}
"""
_TASK_FIELD = """
field() {  # the first of these fields that the reply has, or the `data` in it
    python3 -c '
import json, sys
reply = json.load(open(sys.argv[1]))
reply = reply.get("data") or reply
reply = reply[0] if isinstance(reply, list) else reply
print(next((reply[name] for name in sys.argv[2:] if name in reply), ""))' "$tmp/reply" "$@"
}
"""
_FIELDS = {"v1": "", "v2": _FIELD, "workflow": _FIELD, "task": _TASK_FIELD}
_UPLOADS = {
    "Segmind": """
upload() {  # put a file into Segmind's storage; prints its URL
    python3 -c '
import base64, json, sys
data = base64.b64encode(open(sys.argv[1], "rb").read()).decode()
print(json.dumps({"data_urls": [f"data:{sys.argv[2]};base64,{data}"]}))
' "$1" "$2" >"$tmp/body"
    call -H 'content-type: application/json' --data-binary @"$tmp/body" \\
        <<upload>>
    python3 -c '
import json, sys
reply = json.load(open(sys.argv[1]))
print((reply.get("urls") or reply["file_urls"])[0])' "$tmp/reply"
}
""",
    "APIMart": """
upload() {  # put a picture into APIMart's storage; prints its URL, which lives for 72 hours
    call -F "file=@-;filename=picture;type=$2" <<upload>> <"$1"
    python3 -c '
import json, sys
reply = json.load(open(sys.argv[1]))
print(reply.get("data", reply)["url"])' "$tmp/reply"
}
""",
}
_ENCODED = """
encoded() {  # a file's content as base64
    python3 -c '
import base64, sys
print(base64.b64encode(open(sys.argv[1], "rb").read()).decode())' "$1"
}
"""
_POST = """
# The POST is billed, and sent once. To ask after it is free.
call -H 'content-type: application/json' --data-binary @"$tmp/inputs" \\
    <<more>>"$api<<path>>"
"""
_POLL = """
while :; do
    case $(field status) in
        <<done>>) break ;;
        <<failed>>) cat "$tmp/reply" >&2; exit 1 ;;
    esac
    sleep <<pause>>
    call --retry 8 "$poll_url"
done
"""
_SAVE_ALL = r"""
python3 -c '
import json, re, sys
from os.path import splitext

job = json.load(open(sys.argv[1]))
<<result>>
found = re.findall(r"\x22(https?://[^\x22\s\\]+)\\?\x22", json.dumps(result, ensure_ascii=False))
for number, url in enumerate(dict.fromkeys(found), 1):
    print(f"<<name>>-{number}" + splitext(url.partition("?")[0])[1], url)
<<otherwise>>' "$tmp/reply" >"$tmp/urls"
"""
_FETCH = """
while read -r name url; do
    curl -sSfL --retry 8 -o "$name" "$url"
    echo "$name"
done <"$tmp/urls"
"""
_RUNS = {
    "v1": """
name=<<name>>$(python3 -c '
import mimetypes, sys
lines = open(sys.argv[1]).read().lower().splitlines()
kind = next(line.split()[1] for line in lines if line.startswith("content-type:"))
print(mimetypes.guess_extension(kind.strip(";")) or ".bin")' "$tmp/head")
mv "$tmp/reply" "$name"  # the reply is the result
echo "$name"
""",
    "v2": """\
request=$api/v2/requests/$(field request_id)
echo "$request"
poll_url=$request/status
"""
    + _POLL
    + """\
call --retry 8 "$request"
"""
    + _SAVE_ALL
    + _FETCH,
    "workflow": """\
poll_url=$(field poll_url)
echo "$poll_url"
case $poll_url in
    "$api"/*) ;;
    *) echo "It is elsewhere; the key was not sent there." >&2; exit 1 ;;
esac
"""
    + _POLL
    + """
python3 -c '
import json, re, sys
from os.path import splitext

output = json.load(open(sys.argv[1]))["output"]
if isinstance(output, str) and output[:1] in ("[", "{"):
    output = json.loads(output)
if isinstance(output, list):
    outputs = [(item["keyname"], item["value"]["data"]) for item in output]
else:
    outputs = output.items() if isinstance(output, dict) else [("output", output)]
for number, (name, value) in enumerate(outputs, 1):
    name = f"{number}-" + re.sub(r"[^\\w.-]+", "-", name)
    if str(value).startswith("http"):
        print(name + splitext(value.partition("?")[0])[1], value)
    else:
        open(f"{name}.txt", "w", encoding="utf-8").write(str(value))
' "$tmp/reply" >"$tmp/urls"
"""
    + _FETCH,
    "task": """\
task=$(field task_id id)
if [ -z "$task" ]; then
    cat "$tmp/reply" >&2
    exit 1
fi
echo "task $task"
poll_url=$api/v1/tasks/$task
if [ "$(curl -s -o "$tmp/look" -w '%{http_code}' -H "$key" "$poll_url")" = 404 ]; then
    poll_url=$api/v1/images/generations/$task  # the older address
fi
call --retry 8 "$poll_url"
"""
    + _POLL
    + _SAVE_ALL
    + _FETCH,
}
_RESULTS = {
    "v2": 'result = [job.get(key) for key in ("output", "images", "video", "audio")]',
    "task": 'job = job.get("data") or job\nresult = job.get("result") or job.get("url")',
}
_DONE = {"task": "completed | succeeded | success"}
_FAILED = {"task": "failed | failure | error | cancelled | canceled"}
_WORDS = """\
if not found:  # a language model, which gives words
    open("{}.txt", "w", encoding="utf-8").write(str(job["output"]))
"""


def curl(plan: Plan) -> str:
    """Return a script for sh that submits a plan once, waits, and saves the outputs.

    The script takes the key from the environment; its addresses are those of the plan's endpoint.

    Raises:
        InputError: a file is only in memory, or an address is signed; `field` names it.
    """
    request = request_of(plan)
    blocks = [
        _BEGIN,
        _FIELDS[request.protocol],
        _UPLOADS[request.service] if request.uses("upload") else "",
        _ENCODED if request.uses("encoded") else "",
        "\n<<inputs>>",
        _POST,
        _RUNS[request.protocol],
    ]
    return fill("".join(blocks), _values(request))


def _values(request: ExportRequest) -> Mapping[str, str]:
    return {
        "name": request.name,
        "service": request.service,
        "api": shlex.quote(request.api),
        "header": "Authorization: Bearer " if request.service == "APIMart" else "x-api-key: ",
        "key": request.key,
        "again": _AGAIN if request.protocol == "workflow" else "",
        "upload": _address(request),
        "inputs": document(request.inputs, request.files),
        "more": '-D "$tmp/head" --max-time 600 ' if request.protocol == "v1" else "",
        "path": request.path,
        "pause": str(request.pause),
        "done": _DONE.get(request.protocol, "COMPLETED"),
        "failed": _FAILED.get(request.protocol, "FAILED | CANCELLED"),
        "result": _RESULTS.get(request.protocol, ""),
        "otherwise": _WORDS.format(request.name) if request.protocol == "v2" else "",
    }


def _address(request: ExportRequest) -> str:
    """Return the address of uploads as a word of the shell."""
    base, separator, rest = request.upload_url.partition(f"{request.api}/")
    return f'"$api/{rest}"' if separator and not base else shlex.quote(request.upload_url)


def document(inputs: Mapping[str, Any], files: Mapping[tuple[str, str], File]) -> str:
    """Return shell code that writes the inputs as JSON to `$tmp/inputs`.

    Files become variables, which hold their URL or their base64.
    """
    names = {key: f"file_{number}" for number, key in enumerate(files, 1)}
    mark = "@"  # longer than any run of it in the inputs
    while mark in _json(inputs):
        mark += "@"

    def with_marks(value: object) -> object:
        if isinstance(value, File):
            return f"{mark}{names[str(value), value.use]}{mark}"
        return value

    text = _json(transform(inputs, with_marks))
    if names:
        text = re.sub(r"[\\$`]", r"\\\g<0>", text)
        text = re.sub(rf"{mark}(file_\d+){mark}", r"$\1", text)
    assignments = "".join(f"{name}=$({_command(files[key])})\n" for key, name in names.items())
    end = "INPUTS" if names else "'INPUTS'"
    return f'{assignments}cat >"$tmp/inputs" <<{end}\n{text}\nINPUTS\n'


def _command(file: File) -> str:
    kind = f" {shlex.quote(file.media_type)}" if file.use == "upload" else ""
    return f"{file.use} {shlex.quote(file)}{kind}"


def _json(value: object) -> str:
    """Return indented JSON, with escapes for characters that are not printable."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)
