"""A run as a shell script that needs curl, and python3 only for JSON."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from segmind_widgets.exports.request import ExportRequest, File, fill, request_of, with_marks

if TYPE_CHECKING:
    from segmind_widgets.planning.plan import Plan

_BEGIN = """\
#!/bin/sh
# Run <<name>> at <<service>> once, and save its results here.
set -eu
<<origin>>api=<<api>>
key="<<header>>"
<<other>>tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

call() {  # one call with the key, its reply in a file; else exits with the service's message
    code=$(curl -sS -o "$tmp/reply" -w '%{http_code}' -H "$key" "$@")
<<again>>    if [ "$code" != 200 ]; then
        cat "$tmp/reply" >&2
        exit 1
    fi
}
"""
_AGAIN = """\
    if [ "$code" = 401 ] && [ -n "$other_key" ]; then  # workflows take one of two headers
        key=$other_key
        other_key=
        call "$@"
        return
    fi
"""
_HEADERS = {"Authorization": "Authorization: Bearer ", "x-api-key": "x-api-key: "}
_FIELD = """
field() {  # the first of these fields that the reply has, or the `data` in it
    python3 -c '
import json, sys
reply = json.load(open(sys.argv[1]))
reply = reply.get("data") or reply
reply = reply[0] if isinstance(reply, list) else reply
print(next((reply[name] for name in sys.argv[2:] if reply.get(name)), ""))' "$tmp/reply" "$@"
}
"""
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
# The POST is billed and sent once. Polling is free.
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
_RESULTS = r"""
cat >"$tmp/results.py" <<'END'
import base64, json, mimetypes, os, re, sys
from urllib.parse import urlsplit


def results(value, name="<<name>>"):  # each URL or text in a reply, and its name
    if isinstance(value, str) and value[:1] in ("[", "{", '"'):
        try:
            value = json.loads(value)
        except ValueError:
            pass
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


job = json.load(open(sys.argv[1]))
<<result>>
for number, (value, name) in enumerate(dict(results(result)).items(), 1):
    path = re.sub(r"[^\w.-]+", "-", f"{name}-{number}")
    if value.startswith(("http://", "https://")):
        print(path + os.path.splitext(urlsplit(value).path)[1], value)
        continue
    head, _, text = value.partition(",")
    if head.startswith("data:"):
        path += mimetypes.guess_extension(head[5:].partition(";")[0]) or ".bin"
        data = base64.b64decode(text)
    else:
        path, data = f"{path}.txt", value.encode()
    open(path, "wb").write(data)
    print(path, file=sys.stderr)
END
python3 "$tmp/results.py" "$tmp/reply" >"$tmp/urls"

while read -r name url; do
    echo "$url"
    curl -sSfL --retry 8 -o "$name" "$url"
    echo "$name"
done <"$tmp/urls"
"""
_QUEUE = (
    """\
request=$(field request_id id)
poll_url=$(field poll_url)
echo "request $request $poll_url"
<<poll>>
case $poll_url in
    "$api"/*) ;;
    *)
        echo "$poll_url is not at $api; the key was not sent there:" >&2
        cat "$tmp/reply" >&2
        exit 1
        ;;
esac
"""
    + _POLL
    + """\
case $poll_url in */status) call --retry 8 "${poll_url%/status}" ;; esac
"""
    + _RESULTS
)
_TASK = (
    """\
task=$(field task_id id)
if [ -z "$task" ]; then
    cat "$tmp/reply" >&2
    exit 1
fi
poll_url=$api/v1/tasks/$task
if [ "$(curl -s -o "$tmp/look" -w '%{http_code}' -H "$key" "$poll_url")" = 404 ]; then
    poll_url=$api/v1/images/generations/$task  # the older address
fi
echo "task $task $poll_url"
call --retry 8 "$poll_url"
"""
    + _POLL
    + _RESULTS
)
_ONCE = """
name=<<name>>$(python3 -c '
import mimetypes, sys
lines = open(sys.argv[1]).read().lower().splitlines()
kind = next(line.split()[1] for line in lines if line.startswith("content-type:"))
print(mimetypes.guess_extension(kind.strip(";")) or ".bin")' "$tmp/head")
grep -i '^x-request-id' "$tmp/head" || true
mv "$tmp/reply" "$name"  # the reply is the result
echo "$name"
"""
_RUNS = {"v1": _ONCE, "v2": _QUEUE, "workflow": _QUEUE, "task": _TASK}
_POLLS = {
    "v2": '[ -z "$request" ] || poll_url=$api/v2/requests/$request/status',
    "workflow": '[ -n "$poll_url" ] || poll_url=$api/v2/requests/$request/status',
}
_RESULT = {
    "queue": 'result = [job.get(key) for key in ("output", "images", "video", "audio")]',
    "task": 'job = job.get("data") or job\nresult = job.get("result") or job.get("url")',
}
_DONE = {"task": "completed | succeeded | success"}
_FAILED = {"task": "failed | failure | error | cancelled | canceled"}


def curl(plan: Plan) -> str:
    """Return a script for sh that submits a plan once, waits, and saves the outputs.

    The script takes the key from the environment; its addresses are those of the plan's endpoint.

    Raises:
        InputError: a file is only in memory, or an address is signed; `field` names it.
    """
    request = request_of(plan)
    blocks = [
        _BEGIN,
        _FIELD if request.protocol != "v1" else "",
        _UPLOADS[request.service] if request.uses("upload") else "",
        _ENCODED if request.uses("encoded") else "",
        "\n<<inputs>>",
        _POST,
        _RUNS[request.protocol],
    ]
    return fill("".join(blocks), _values(request))


def _values(request: ExportRequest) -> Mapping[str, str]:
    protocol = request.protocol
    first, *others = (f"{_HEADERS[header]}${request.key}" for header in request.headers)
    return {
        "name": request.name,
        "service": request.service,
        "origin": request.origin("#"),
        "api": shlex.quote(request.api),
        "header": first,
        "other": "".join(f'other_key="{other}"\n' for other in others),
        "again": _AGAIN if others else "",
        "upload": _address(request),
        "inputs": document(request.inputs, request.files),
        "more": '-D "$tmp/head" --max-time 600 ' if protocol == "v1" else "",
        "path": request.path,
        "pause": str(request.pause),
        "poll": _POLLS.get(protocol, ""),
        "done": _DONE.get(protocol, "COMPLETED"),
        "failed": _FAILED.get(protocol, "FAILED | CANCELLED"),
        "result": _RESULT["task" if protocol == "task" else "queue"],
    }


def _address(request: ExportRequest) -> str:
    """Return the address of uploads, quoted for the shell."""
    base, separator, rest = request.upload_url.partition(f"{request.api}/")
    return f'"$api/{rest}"' if separator and not base else shlex.quote(request.upload_url)


def document(inputs: Mapping[str, Any], files: Mapping[tuple[str, str], File]) -> str:
    """Return shell code that writes the inputs as JSON to `$tmp/inputs`.

    Each file becomes a variable with its URL or its base64.
    """
    names = {key: f"file_{number}" for number, key in enumerate(files, 1)}
    text, mark = with_marks(inputs, names)
    if names:
        text = re.sub(r"[\\$`]", r"\\\g<0>", text)
        text = re.sub(rf"{mark}(file_\d+){mark}", r"$\1", text)
    assignments = "".join(f"{name}=$({_command(files[key])})\n" for key, name in names.items())
    end = "INPUTS" if names else "'INPUTS'"
    return f'{assignments}cat >"$tmp/inputs" <<{end}\n{text}\nINPUTS\n'


def _command(file: File) -> str:
    kind = f" {shlex.quote(file.media_type)}" if file.use == "upload" else ""
    return f"{file.use} {shlex.quote(file)}{kind}"
