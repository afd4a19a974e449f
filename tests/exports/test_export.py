"""Exports are run: what they submit, what they save, what they refuse, and that they read well."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple
from urllib.request import urlopen

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from segmind_widgets.assets.asset import Asset
from segmind_widgets.client import SegmindClient
from segmind_widgets.errors import AssetError, CellError, InputError
from segmind_widgets.exports import export
from segmind_widgets.exports.curl import document
from segmind_widgets.exports.python import literal
from segmind_widgets.jobs.job import Job
from segmind_widgets.planning.plan import Plan
from segmind_widgets.sandbox import Fault, Sandbox
from segmind_widgets.syntax.cells import parse_body
from tests.gateways import relay
from tests.shells import picture, quick
from tests.wire import wire

NASTY = (
    'it\'s a "cat" for $5 `id` $(id) \\n ${HOME} %s {x} <<name>> é 🐈\n\nINPUTS\n\t\u2028\x00end'
)
WORKFLOW = "66b2f0a9d8e14c7b93a50d21-v1"
SCRIPTS = ("python", "curl", "javascript")
SUFFIXES = {"python": "py", "curl": "sh", "javascript": "mjs"}


class Run(NamedTuple):
    """How a script ended, and the files it left."""

    code: int
    said: str
    files: Mapping[str, bytes]


@pytest.fixture
def run(tmp_path: Path, sandbox: Sandbox) -> Any:
    """Runs a script's text in an empty folder, in which sleeping is short."""
    for program in ("curl", "node"):
        assert shutil.which(program), f"these tests need {program}"
    short = tmp_path / "short"
    short.mkdir()
    (short / "sleep").write_text(f"#!/bin/sh\nexec {shutil.which('sleep')} 0.05\n")
    (short / "sleep").chmod(0o755)
    (short / "sitecustomize.py").write_text(
        "import time\nsleep = time.sleep\ntime.sleep = lambda s: sleep(min(s, 0.05))\n"
    )

    (short / "sleep.cjs").write_text(
        "const timers = require('node:timers/promises');\n"
        "const sleep = timers.setTimeout;\n"
        "timers.setTimeout = (time) => sleep(Math.min(time, 50));\n"
        "require('node:module').syncBuiltinESMExports();\n"
    )

    def run(form: str, text: str, **variables: str) -> Run:
        folder = tmp_path / f"out-{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        script = tmp_path / f"{folder.name}.{SUFFIXES[form]}"
        script.write_text(text, encoding="utf-8")
        keys = {name: key for name, key in sandbox.environ.items() if name.endswith("_KEY")}
        path = f"{short}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            [{"python": sys.executable, "curl": "sh", "javascript": "node"}[form], str(script)],
            cwd=folder,
            env={
                **os.environ,
                **keys,
                "PATH": path,
                "PYTHONPATH": str(short),
                "NODE_OPTIONS": f"--require={short / 'sleep.cjs'}",
                **variables,
            },
            capture_output=True,
            text=True,
            timeout=60,
        )
        files = {file.name: file.read_bytes() for file in folder.rglob("*.*")}
        return Run(done.returncode, done.stdout + done.stderr, files)

    return run


def is_picture(data: bytes, tmp_path: Path) -> bool:
    path = tmp_path / "one.png"
    path.write_bytes(data)
    with Image.open(path) as found:
        return found.size == (1600, 1200)


PLANS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "v2": ("seedream-4.5", {"prompt": NASTY, "size": "2K"}, {}),
    "v1": ("flux-dev", {"prompt": NASTY, "seed": 7, "steps": 25}, {"api": "v1"}),
    "workflow": (WORKFLOW, {"subject": NASTY}, {"kind": "workflow"}),
    "slug": ("poster-with-caption", {}, {"kind": "workflow"}),
    "task": ("gemini-3-pro-image-preview", {"prompt": NASTY, "n": 1}, {"provider": "apimart"}),
}
SAVED = {
    "v2": {"seedream-4.5-1.png"},
    "v1": {"flux-dev.png"},
    "workflow": {"Poster-1.png", "Large-poster-2.png", "Caption-3.txt"},
    "slug": {"Poster-1.png", "Large-poster-2.png", "Caption-3.txt"},
    "task": {"gemini-3-pro-image-preview-1.png"},
}


def planned(client: SegmindClient, name: str) -> Plan:
    target, inputs, options = PLANS[name]
    return client.plan(target, inputs, **options)


@pytest.mark.parametrize("form", SCRIPTS)
@pytest.mark.parametrize("name", PLANS)
def test_a_script_submits_once_and_saves_the_outputs(
    client: SegmindClient, sandbox: Sandbox, tmp_path: Path, run: Any, name: str, form: str
) -> None:
    plan = planned(client, name)
    done = run(form, export.export(plan, form))
    assert done.code == 0, done.said
    assert set(done.files) == SAVED[name]
    for file, data in done.files.items():
        assert data.decode() if file.endswith(".txt") else is_picture(data, tmp_path)
    (post,) = sandbox.log.billed_posts
    call = plan.endpoint.provider.submit(
        type(plan.request)(plan.request.target, plan.inputs, plan.request.kind, plan.request.api)
    )
    assert call.url.endswith(post.path)
    assert post.json == call.json
    assert [record.path for record in sandbox.log.requests("POST")] == [post.path]
    assert not any(r.key_seen for r in sandbox.log.requests(service="files"))


@pytest.mark.parametrize("form", SCRIPTS)
def test_a_language_models_words_are_saved(client: SegmindClient, run: Any, form: str) -> None:
    plan = client.plan("gpt-4o", {"messages": [{"role": "user", "content": "Hello?"}]})
    done = run(form, export.export(plan, form))
    assert set(done.files) == {"gpt-4o-1.txt"}, done.said
    assert done.files["gpt-4o-1.txt"].strip()


@pytest.mark.parametrize("form", SCRIPTS)
@pytest.mark.parametrize("provider", ["segmind", "apimart"])
def test_files_are_uploaded_first(
    client: SegmindClient, sandbox: Sandbox, tmp_path: Path, run: Any, form: str, provider: str
) -> None:
    path = tmp_path / 'it\'s a "cat" $x; @`é.png'
    path.write_bytes(picture())
    kept = client.upload(picture(color="red"), provider=provider)
    inputs = {"prompt": f"{NASTY} @@file_1@", "IN": [path, Asset.of(path), kept, path]}
    name = "image_urls" if provider == "apimart" else "image_input"
    inputs[name] = inputs.pop("IN")
    model = "gemini-3-pro-image-preview" if provider == "apimart" else "seedream-4.5"
    plan = client.plan(model, inputs, provider=provider)
    before = len(sandbox.log.requests("POST", "upload"))
    done = run(form, export.export(plan, form))
    assert done.code == 0, done.said
    assert set(done.files) == {f"{model}-1.png"}
    (post,) = sandbox.log.billed_posts
    sent = post.json[name]
    assert post.json["prompt"] == inputs["prompt"]
    assert len(sent) == 4
    assert sent[2] == kept.url
    for url in (sent[0], sent[1], sent[3]):
        with urlopen(url) as there:
            assert there.read() == picture()
    assert len(sandbox.log.requests("POST", "upload")) > before


@pytest.mark.parametrize("form", SCRIPTS)
def test_older_models_get_base64(
    client: SegmindClient, sandbox: Sandbox, tmp_path: Path, run: Any, form: str
) -> None:
    path = tmp_path / "cat.png"
    path.write_bytes(picture())
    inputs = {"image": path, "mask": path, "prompt": "$x \\ `"}
    done = run(form, export.export(client.plan("sd1.5-inpainting", inputs), form))
    assert done.code == 0, done.said
    (post,) = sandbox.log.requests("POST")
    assert post.billed
    assert Asset.of(f"data:image/png;base64,{post.json['image']}").content == picture()
    assert post.json["mask"] == post.json["image"]
    assert post.json["prompt"] == inputs["prompt"]


@pytest.mark.parametrize("form", SCRIPTS)
@pytest.mark.parametrize(
    "fault",
    [
        Fault(r"GET .*/(status|requests?/.*|tasks/.*)", 502),
        Fault(r"GET .*/(status|requests?/.*|tasks/.*)", 429, headers={"Retry-After": "0"}),
    ],
    ids=["502", "429"],
)
@pytest.mark.parametrize("name", ["v2", "workflow", "task"])
def test_a_poll_that_fails_is_repeated_and_the_submit_never(
    client: SegmindClient, sandbox: Sandbox, run: Any, form: str, fault: Fault, name: str
) -> None:
    sandbox.faults.add(fault)
    done = run(form, export.export(planned(client, name), form))
    assert set(done.files) == SAVED[name], done.said
    assert len([r for r in sandbox.log.requests("GET") if r.status == fault.kind]) == fault.times
    assert len(sandbox.log.requests("POST")) == 1


@pytest.mark.parametrize("form", SCRIPTS)
@pytest.mark.parametrize("kind", [429, 502, 503, "reset_after", "bad_json", "redirect"])
def test_a_submit_is_never_repeated(
    client: SegmindClient, sandbox: Sandbox, run: Any, form: str, kind: Any
) -> None:
    sandbox.faults.add(Fault(r"POST /v2/.*", kind, times=None, headers={"Retry-After": "0"}))
    done = run(form, export.export(planned(client, "v2"), form))
    assert done.code != 0
    assert not done.files
    assert len(sandbox.log.requests("POST")) == 1


@pytest.mark.parametrize("form", ["python", "curl"])  # fetch of Node.js uses no proxy
def test_a_submit_that_a_proxy_loses_is_never_repeated(
    client: SegmindClient, sandbox: Sandbox, run: Any, form: str
) -> None:
    """urllib3 repeats a POST whose reply a proxy lost, whatever methods a `Retry` allows."""
    with wire(relay(lose=True)) as proxy:
        nowhere = {"no_proxy": "", "NO_PROXY": ""}
        done = run(
            form, export.export(planned(client, "v2"), form), http_proxy=proxy.url, **nowhere
        )
        assert done.code != 0
        assert [request.method for request in proxy.received] == ["POST"], done.said
    assert len(sandbox.log.requests("POST")) == 1


@pytest.mark.parametrize("form", SCRIPTS)
@pytest.mark.parametrize("name", ["v1", "v2", "workflow", "task"])
def test_a_failure_is_told_in_the_services_words(
    client: SegmindClient, sandbox: Sandbox, run: Any, form: str, name: str
) -> None:
    sandbox.faults.add(Fault(r"POST .*", "job_failed", words="No cats today."))
    done = run(form, export.export(planned(client, name), form))
    assert done.code == 1
    assert "No cats today." in done.said
    assert not done.files


@pytest.mark.parametrize("form", SCRIPTS)
def test_a_refusal_under_200_is_told(
    client: SegmindClient, sandbox: Sandbox, run: Any, form: str
) -> None:
    body = {"code": 402, "message": "Please top up."}
    sandbox.faults.add(Fault(r"POST .*", 200, body=body))
    done = run(form, export.export(planned(client, "task"), form))
    assert done.code == 1
    assert "Please top up." in done.said
    assert len(sandbox.log.requests("POST")) == 1
    assert not sandbox.log.requests(path_contains="/tasks/")


@pytest.mark.parametrize("form", SCRIPTS)
@pytest.mark.parametrize("name", ["v1", "v2", "workflow", "task"])
def test_a_wrong_key_is_told(
    client: SegmindClient, sandbox: Sandbox, run: Any, form: str, name: str
) -> None:
    text = export.export(planned(client, name), form)
    wrong = {"SEGMIND_API_KEY": "SG_0000", "APIMART_API_KEY": "sk-0000"}
    done = run(form, text, **wrong)
    assert done.code == 1
    assert "key" in done.said.lower()
    assert "SG_0000" not in done.said
    assert not sandbox.log.billed_posts


@pytest.mark.parametrize("form", SCRIPTS)
@pytest.mark.parametrize("settings_", [
    {"workflow_auth": "bearer"}, {"workflow_auth": "x-api-key"},
    {"workflow_output": "dict"}, {"workflow_output": "url"},
])  # fmt: skip
def test_every_form_of_a_workflow(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, form: str, settings_: Any, request: Any
) -> None:
    with Sandbox(speed=500, artist=quick, **settings_) as sandbox:
        _in(sandbox, monkeypatch)
        run = request.getfixturevalue("run")
        text = export.export(planned(SegmindClient.instance(), "workflow"), form)
        done = run(form, text, **sandbox.environ)
        assert done.code == 0, done.said
        assert any(
            is_picture(data, tmp_path) for data in done.files.values() if data[:1] == b"\x89"
        )
        assert len(sandbox.log.billed_posts) == 1


@pytest.mark.parametrize("form", SCRIPTS)
@pytest.mark.parametrize("apimart_form", ["info", "seed"])
def test_every_form_of_a_task(
    monkeypatch: pytest.MonkeyPatch, form: str, apimart_form: Any, request: Any
) -> None:
    with Sandbox(speed=500, artist=quick, apimart_form=apimart_form) as sandbox:
        _in(sandbox, monkeypatch)
        run = request.getfixturevalue("run")
        text = export.export(planned(SegmindClient.instance(), "task"), form)
        done = run(form, text, **sandbox.environ)
        assert set(done.files) == SAVED["task"], done.said
        assert len(sandbox.log.billed_posts) == 1


_FORMS: dict[str, Any] = {
    "a URL": lambda url: url,
    "a JSON string of a URL": json.dumps,
    "a list of URLs": lambda url: [url],
    "a JSON string of a list of URLs": lambda url: json.dumps([url]),
    "a list of objects": lambda url: [{"url": url, "content_type": "image/png"}],
    "a mapping": lambda url: {"image": url},
    "a mapping of values": lambda url: {"Poster": {"data": url, "type": "image"}},
    "a JSON string of values": lambda url: json.dumps({"Poster": {"data": url}}),
    "a list of values": lambda url: [{"keyname": "Poster", "value": {"data": url}}],
    "a list of lists": lambda url: [{"keyname": "Poster", "value": {"data": [url]}}],
    "a data URL": lambda url: f"data:image/png;base64,{b64encode(picture()).decode()}",
}
_SUBMITS: dict[str, Any] = {
    "poll_url alone": lambda url: {"poll_url": url},
    "request_id alone": lambda url: {"request_id": "r-1"},
    "id alone": lambda url: {"id": "r-1", "status": "QUEUED"},
    "both": lambda url: {"poll_url": url, "request_id": "r-1", "status": "QUEUED"},
}


@pytest.mark.parametrize("form", SCRIPTS)
@pytest.mark.parametrize("name", ["v2", "workflow"])
@pytest.mark.parametrize(
    ("submit", "output"),
    [("both", output) for output in _FORMS] + [(submit, "a URL") for submit in _SUBMITS],
)
def test_every_form_of_a_reply(
    client: SegmindClient,
    sandbox: Sandbox,
    run: Any,
    form: str,
    name: str,
    submit: str,
    output: str,
) -> None:
    poll_url = f"{sandbox.url('segmind')}/workflows/request/r-1"
    result = _FORMS[output](client.upload(picture()).url)
    body = {"status": "COMPLETED", "output": result}
    sandbox.faults.add(Fault(r"POST /(v2|workflows)/.*", 200, body=_SUBMITS[submit](poll_url)))
    sandbox.faults.add(Fault(r"GET .*/(request|requests)/.*", 200, times=None, body=body))
    done = run(form, export.export(planned(client, name), form))
    assert done.code == 0, done.said
    assert list(done.files.values()) == [picture()]
    first = done.said.splitlines()[0]
    assert "r-1" in first
    assert first.startswith("request")
    paths = [record.path for record in sandbox.log.requests("POST")]
    assert len([path for path in paths if "upload" not in path]) == 1


@pytest.mark.parametrize("form", SCRIPTS)
@pytest.mark.parametrize("result", ["url", "list of URLs", "images", "text"])
def test_every_form_of_a_result(
    client: SegmindClient, sandbox: Sandbox, run: Any, form: str, result: str
) -> None:
    url = client.upload(picture(), provider="apimart").url
    body: dict[str, Any] = {
        "url": {"url": url},
        "list of URLs": {"url": [url]},
        "images": {"result": {"images": [{"url": [url], "expires_at": 1_800_000_000}]}},
        "text": {"result": {"text": "A fox."}},
    }[result]
    sandbox.faults.add(Fault(r"POST .*/generations", 200, body={"id": "t-1"}))
    polled = Fault(r"GET .*/t-1", 200, times=None, body={"status": "completed", **body})
    sandbox.faults.add(polled)
    done = run(form, export.export(planned(client, "task"), form))
    assert done.code == 0, done.said
    assert list(done.files.values()) == [b"A fox." if result == "text" else picture()]
    assert done.said.splitlines()[0].startswith("task t-1 http")


def _in(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in sandbox.environ.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("form", SCRIPTS)
def test_the_key_follows_no_poll_url_elsewhere(
    client: SegmindClient, sandbox: Sandbox, run: Any, form: str
) -> None:
    reply = {"poll_url": f"{sandbox.url('apimart')}/x", "request_id": "1", "status": "QUEUED"}
    sandbox.faults.add(Fault(r"POST /workflows/.*", 200, body=reply))
    done = run(form, export.export(planned(client, "workflow"), form))
    assert done.code == 1
    assert "key was not sent" in done.said
    assert not sandbox.log.requests(service="apimart")


@pytest.mark.parametrize("form", export.FORMS)
@pytest.mark.parametrize("name", PLANS)
def test_no_key_is_in_any_text(
    client: SegmindClient, sandbox: Sandbox, name: str, form: Any
) -> None:
    text = export.export(planned(client, name), form)
    assert not any(v in text for k, v in sandbox.environ.items() if k.endswith("_KEY"))
    if form in SCRIPTS:
        assert f"{'APIMART' if name == 'task' else 'SEGMIND'}_API_KEY" in text


@pytest.mark.parametrize("form", export.FORMS)
@pytest.mark.parametrize(
    ("value", "said"),
    [
        (picture(), "only in memory"),
        (Image.new("RGB", (4, 4)), "only in memory"),
        ("https://a.b/c.png?X-Amz-Signature=0123", "signature"),
        ("https://a.b/c.png?a=1&token=0123#x", "signature"),
        ("https://user:word@a.b/c.png", "signature"),
        (Asset(url="https://a.b/c.png?sig=1"), "signature"),
        (f"<cat.png, sha256 {'0' * 64}>", "only the name"),
    ],
)
def test_what_a_text_cannot_hold_is_refused(
    client: SegmindClient, form: Any, value: Any, said: str
) -> None:
    client.check_inputs = "warn"
    inputs = {"prompt": "x", "image_input": [{"deep": value}]}
    with pytest.raises(InputError, match=said) as raised:
        export.export(client.plan("seedream-4.5", inputs), form)
    assert raised.value.field == "image_input"
    assert raised.value.hint
    assert "0123" not in str(raised.value)


def test_what_the_provider_would_refuse_is_refused(client: SegmindClient, tmp_path: Path) -> None:
    path = tmp_path / "x.pdf"
    path.write_bytes(b"%PDF-1.4")
    inputs = {"prompt": "x", "image_urls": [path]}
    client.check_inputs = "warn"
    with pytest.raises(AssetError, match="unsupported image type"):
        client.plan("gemini-3-pro-image-preview", inputs, provider="apimart")


def test_a_job_is_exported_with_the_seed_it_had(client: SegmindClient) -> None:
    job = client.run("flux-dev", {"prompt": NASTY})
    assert job.seed not in (None, -1)
    for form in export.FORMS:
        assert str(job.seed) in export.export(job, form, client.plan)
    with pytest.raises(ValueError, match=r"client\.plan"):
        export.export(job, "curl")
    with pytest.raises(ValueError, match="no form 'perl'"):
        export.export(job, "perl")  # type: ignore[arg-type]


@pytest.mark.parametrize("form", ["client"])
def test_the_code_with_our_client_runs(
    client: SegmindClient, sandbox: Sandbox, tmp_path: Path, run: Any, form: Any
) -> None:
    path = tmp_path / "cat.png"
    path.write_bytes(picture())
    plan = client.plan("seedream-4.5", {"prompt": NASTY, "image_input": [path]}, api="v1")
    root = str(Path(export.__file__).parents[2])
    text = f"import sys; sys.path.insert(0, {root!r})\n{export.export(plan, form)}"
    done = run("python", text, **sandbox.environ)
    assert done.code == 0, done.said
    (post,) = sandbox.log.billed_posts
    assert post.path == "/v1/seedream-4.5"
    assert post.json["prompt"] == NASTY


def test_client_code_reads_well() -> None:
    with TemporaryDirectory(dir="/tmp") as folder:  # short: a long path would be wrapped
        path = Path(folder) / "cat.png"
        path.write_bytes(picture())
        text = export.client_code("a-model", {"prompt": "x", "image": path}, provider="apimart")
    assert text == (
        "from pathlib import Path\n\n"
        "from segmind_widgets import SegmindClient\n\n"
        f'inputs = {{\n    "prompt": "x",\n    "image": Path("{path}"),\n}}\n\n'
        "client = SegmindClient.instance()\n"
        'job = client.run("a-model", inputs, provider="apimart")\n'
        'print(job.save("outputs"))\n'
    )
    assert "Path" not in export.client_code("w", {"a": 'Path("x")'[:4]}, "workflow").split("=")[0]
    assert 'kind="workflow"' in export.client_code("w", {}, "workflow")


def test_a_cell_says_where_it_ran(client: SegmindClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def line(**options: Any) -> str:
        target = (
            "gemini-3-pro-image-preview" if options.get("provider") == "apimart" else "flux-dev"
        )
        return export.export(client.plan(target, {"prompt": "x"}, **options), "cell").split("\n")[0]

    assert line() == "%%segmind_run flux-dev"
    assert line(api="v1") == "%%segmind_run flux-dev --api v1"
    assert line(provider="apimart") == "%%segmind_run gemini-3-pro-image-preview -p apimart"
    assert line(provider="sandbox") == "%%segmind_run flux-dev -p sandbox"
    assert export.cell(WORKFLOW, {}, "workflow", "-b") == f"%%segmind_workflow {WORKFLOW} -b\n"
    with pytest.raises(InputError, match="contains spaces"):
        export.cell("two words", {})


def test_a_cells_files_are_its_paths(tmp_path: Path) -> None:
    path = tmp_path / 'a "cat" $x.png'
    path.write_bytes(picture())
    kept = Asset.of(path).at("https://storage.segmind.com/assets/1.png")
    inputs = {"prompt": NASTY, "image": [kept, path, Asset(url="https://a.b/c.png")], "n": 3}
    head, body = export.cell("m", inputs).split("\n", 1)
    assert head == "%%segmind_run m"
    read = parse_body(body, {})
    assert read["prompt"] == NASTY
    assert [str(getattr(v, "path", v)) for v in read["image"]] == [
        str(path),
        str(path),
        "https://a.b/c.png",
    ]
    with pytest.raises(CellError):
        export.cell("m", {"image": object()})


_TEXT = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from([NASTY, "INPUTS", "@"])
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=10,
)  # fmt: skip
_INPUTS = st.dictionaries(_TEXT, _JSON, max_size=4)


@given(_INPUTS)
def test_python_reads_the_same_inputs(inputs: dict[str, Any]) -> None:
    assert ast.literal_eval(literal(inputs)) == inputs


def test_python_reads_half_characters() -> None:
    assert ast.literal_eval(literal({"a": "\ud800 🐈"}).encode().decode()) == {"a": "\ud800 🐈"}


@given(inputs=_INPUTS, with_file=st.booleans())
@settings(max_examples=60)
def test_the_shell_writes_the_same_inputs(
    tmp_path_factory: pytest.TempPathFactory, inputs: dict[str, Any], *, with_file: bool
) -> None:
    from segmind_widgets.exports.request import File
    from segmind_widgets.nested import walk

    folder = tmp_path_factory.getbasetemp()
    path = folder / "a 'b\".png"
    path.write_bytes(b"x")
    if with_file:
        inputs = {**inputs, "file": [File.of(Asset(path=path), "upload")]}
    files = {(str(f), f.use): f for _, f in walk(inputs) if isinstance(f, File)}
    script = f'upload() {{ printf "%s" "http://x/$2"; }}\ntmp={folder}\n{document(inputs, files)}'
    subprocess.run(["sh", "-euc", script], check=True)
    read = json.loads((folder / "inputs").read_text(encoding="utf-8"))
    expected = {**inputs, "file": ["http://x/image/png"]} if with_file else inputs
    assert read == expected


@given(_INPUTS.filter(lambda inputs: all(inputs)))
@settings(max_examples=50)
def test_a_cell_reads_the_same_inputs(inputs: dict[str, Any]) -> None:
    assert parse_body(export.cell("m", inputs).split("\n", 1)[1], {}) == inputs


FILE_PLANS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "v2 with files": ("seedream-4.5", {"prompt": "x" * 70, "image_input": ["", ""]}, {}),
    "v2 with a file": ("seedream-4.5", {"prompt": "狐 " * 90, "image_input": [""]}, {}),
    "base64": ("sd1.5-inpainting", {"prompt": "x", "image": "", "mask": ""}, {}),
    "task with files": (
        "gemini-3-pro-image-preview",
        {"prompt": "word " * 40 + "x" * 200, "image_urls": ["", ""]},
        {"provider": "apimart"},
    ),
    "words": ("gpt-4o", {"messages": [{"role": "user", "content": "Hello? " * 30}]}, {}),
}  # "" stands for a file


RULES = "E,F,I,UP,B,S,SIM,PTH"
IGNORED = "S108"  # the tests' own files are in a temporary folder
RUFF = [
    [sys.executable, "-m", "ruff", "check", "--isolated", f"--extend-select={RULES}"],
    [sys.executable, "-m", "ruff", "format", "--isolated", "--check", "--diff"],
]
RUFF[0].append(f"--ignore={IGNORED}")


@pytest.fixture(params=["short", "long", "very long, with spaces"])
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A picture whose path has fewer or more columns than a line."""
    length = {"short": 0, "long": 60}.get(request.param, 120)
    name = "cat" if length == 0 else "a long " * 20 if length > 60 else "x" * length
    path = tmp_path / f"{name[:length] or name}.png"
    path.write_bytes(picture())
    return path


def planned_with(client: SegmindClient, name: str, file: Path) -> Plan:
    if name in PLANS:
        return planned(client, name)
    target, inputs, options = FILE_PLANS[name]
    values = {
        key: file if value == "" else [item or file for item in value]
        if isinstance(value, list) else value
        for key, value in inputs.items()
    }  # fmt: skip
    return client.plan(target, values, **options)


@pytest.mark.parametrize("form", export.FORMS)
@pytest.mark.parametrize("name", [*PLANS, *FILE_PLANS])
def test_linters_and_formatters_have_nothing_to_say(
    client: SegmindClient, tmp_path: Path, file: Path, name: str, form: Any
) -> None:
    text = export.export(planned_with(client, name, file), form)
    script = tmp_path / f"script.{SUFFIXES.get(form, 'py')}"
    script.write_text(text, encoding="utf-8")
    shellcheck = [str(Path(sys.executable).with_name("shellcheck")), "--shell=sh"]
    commands = {"cell": [], "curl": [shellcheck], "javascript": [["node", "--check"]]}
    for command in commands.get(form, RUFF):
        done = subprocess.run([*command, str(script)], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    if form == "cell":
        head, body = text.split("\n", 1)
        assert head.startswith(("%%segmind_run ", "%%segmind_workflow "))
        assert isinstance(parse_body(body, {}), dict)


def test_scripts_read_as_if_written_by_hand(
    client: SegmindClient, tmp_path: Path, file: Path
) -> None:
    inputs = {"model": {"prompt": "a cat"}, "workflow": {"subject": "a cat"}}
    plans = [
        client.plan(target, inputs[options.get("kind", "model")], **options)
        for target, _, options in PLANS.values()
    ]
    for plan in plans:
        lines = {form: export.export(plan, form).count("\n") for form in SCRIPTS}
        assert lines["python"] <= 100
        assert lines["curl"] <= 120
        assert lines["javascript"] <= 125
    plans.append(client.plan("seedream-4.5", {"prompt": "x" * 70, "image_input": [file, file]}))
    plans.append(client.plan("sd1.5-inpainting", {"prompt": "x", "image": file, "mask": file}))
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    for number, plan in enumerate(plans):
        for form in ("python", "client"):
            (scripts / f"{form}_{number}.py").write_text(export.export(plan, form))
        curl = export.export(plan, "curl").replace(str(file), "cat.png")
        assert not [line for line in curl.split("\n") if len(line) > 100]
    for command in RUFF:
        done = subprocess.run([*command, str(scripts)], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("form", SCRIPTS)
def test_an_unknown_provider_is_refused(
    client: SegmindClient, monkeypatch: pytest.MonkeyPatch, form: Any
) -> None:
    plan = planned(client, "v2")
    monkeypatch.setattr(type(plan.endpoint.provider), "name", "another")
    with pytest.raises(InputError, match="at another cannot be exported") as raised:
        export.export(plan, form)
    assert "client code" in raised.value.hint


def test_a_job_and_a_plan_are_told_apart(client: SegmindClient) -> None:
    job = Job(id="1", provider="segmind", model=WORKFLOW, kind="workflow", inputs={"subject": "x"})
    plan = client.plan(WORKFLOW, {"subject": "x"}, kind="workflow")
    for form in export.FORMS:
        assert export.export(job, form, client.plan) == export.export(plan, form)


@pytest.mark.parametrize("form", SCRIPTS)
@pytest.mark.parametrize(
    ("where", "target", "kind", "address"),
    [
        ("sandbox", "seedream-4.5", "model", "https://api.segmind.com"),
        ("sandbox", WORKFLOW, "workflow", "https://api.segmind.com"),
        ("sandbox/apimart", "gemini-3-pro-image-preview", "model", "https://api.apimart.ai"),
    ],
)
def test_a_script_made_on_the_sandbox_has_the_real_address_and_says_so(
    client: SegmindClient,
    tmp_path: Path,
    form: Any,
    where: str,
    target: str,
    kind: Any,
    address: str,
) -> None:
    path = tmp_path / "cat.png"
    path.write_bytes(picture())
    plan = client.plan(target, {"prompt": "x", "image_urls": [path]}, kind=kind, provider=where)
    text = export.export(plan, form)
    assert address in text
    assert "127.0.0.1" not in text
    assert "localhost" not in text
    assert "Made from a run on the sandbox." in text


@pytest.mark.parametrize("form", SCRIPTS)
def test_a_script_for_an_address_that_was_set_keeps_it(
    client: SegmindClient, sandbox: Sandbox, form: Any
) -> None:
    text = export.export(client.plan("seedream-4.5", {"prompt": "x"}), form)
    assert sandbox.url("segmind") in text
    assert "Made from a run on the sandbox." not in text
