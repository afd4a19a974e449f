"""Each sample of the services' pages, pasted as it stands with a key in it.

A server that answers what the pages say judges the requests; afterwards the key is searched for in
everything that was written or shown.
"""

from __future__ import annotations

import base64
import io
import json
import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import ipywidgets
import pytest
from PIL import Image

from segmind_widgets.client import SegmindClient
from segmind_widgets.errors import InputError, SegmindError
from segmind_widgets.notebook.run_arguments import FORMS
from segmind_widgets.panels.run import RunPanel
from segmind_widgets.panels.upload import UploadPanel
from segmind_widgets.panels.workflow import WorkflowPanel
from tests.comms import Page
from tests.shells import (
    Shell,
    environment,
    execute,
    notebook,
    open_shell,
    picture,
    set_environment,
)


def jpeg() -> bytes:
    """Return a picture in the samples' own format."""
    out = io.BytesIO()
    Image.new("RGB", (48, 32), "teal").save(out, "JPEG")
    return out.getvalue()


SAMPLES = Path(__file__).parent / "samples"
KEYS = {"segmind": "SG_5a8f0c1d2e3b4a59", "apimart": "sk-4fK2mWq81xTzLr90BvNc"}
FOREIGN = "live-77c1e0ab54d9e2f3"  # a key of another account, in no known form
PLACEHOLDERS = (
    "SG_YOUR_API_KEY_HERE", "<token>", "your-Apimart-key", "YOUR-API-KEY", "YOUR_API_KEY",
)  # fmt: skip
WORKFLOW = "65c9c7f641c340d7ef2f7134-v1"
SHOE = "https://images.segmind.com/inputs/0603aa80-8c3a-4058-a624-465275e27b44.jpg"
JPEG = jpeg()


@dataclass
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes = field(repr=False)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Service(BaseHTTPRequestHandler):
    """Both services, as far as the five pages describe them."""

    protocol_version = "HTTP/1.1"
    server: Judge

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, self.path, headers, body)
        self.server.requests.append(request)
        status, reply = self.server.reply(request)
        data = reply if isinstance(reply, bytes) else json.dumps(reply).encode()
        self.send_response(status)
        is_picture = isinstance(reply, bytes)
        self.send_header("Content-Type", "image/png" if is_picture else "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        pass


class Judge(ThreadingHTTPServer):
    """Keeps all requests."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Service)
        self.requests: list[Request] = []
        self.url = f"http://127.0.0.1:{self.server_port}"

    @property
    def environ(self) -> dict[str, str]:
        names = ("SEGMIND_API", "SEGMIND_STORAGE", "SEGMIND_CONSOLE", "SEGMIND_SITE", "APIMART_API")
        urls = {f"{name}_URL": self.url for name in names}
        return {**urls, **{f"{name.upper()}_API_KEY": key for name, key in KEYS.items()}}

    @property
    def runs(self) -> list[Request]:
        """The requests that cost money, without those that were refused for their header."""
        posts = [r for r in self.requests if r.method == "POST" and "upload" not in r.path]
        return [r for r in posts if not ("/workflows/" in r.path and not self.has_bearer(r))]

    @property
    def uploads(self) -> list[Request]:
        return [r for r in self.requests if r.method == "POST" and "upload" in r.path]

    @staticmethod
    def has_bearer(request: Request) -> bool:
        return request.headers.get("authorization", "").startswith("Bearer ")

    def reply(self, request: Request) -> tuple[int, Any]:
        path = request.path
        if path.startswith("/workflows/") and not self.has_bearer(request):
            return 401, {"error": "unauthorized"}
        if request.method == "POST" and path.startswith("/workflows/"):
            return 200, {"poll_url": f"{self.url}/workflows/request/r1"}
        if path == "/workflows/request/r1":
            output = [{"keyname": "Photo", "value": {"data": f"{self.url}/out.png"}}]
            return 200, {"status": "COMPLETED", "output": json.dumps(output)}
        if path == "/upload-asset":
            return 200, {"urls": [f"{self.url}/assets/1.jpg"]}
        if path == "/v1/uploads/images":
            return 200, {"url": f"{self.url}/f/1.jpg", "created_at": 1743436800}
        if path == "/v1/images/generations":
            return 200, {"id": "t1"}
        if path == "/v1/images/generations/t1":
            return 200, {"status": "completed", "url": f"{self.url}/out.png"}
        if request.method == "POST" and path.startswith("/v1/"):
            return 200, picture()
        return (200, picture()) if path == "/out.png" else (404, {"error": "not found"})


@dataclass
class Sample:
    """A sample, the magic and provider that it is for, and the request that it sends itself."""

    name: str
    magic: str
    path: str
    body: Any
    provider: str = "segmind"
    upload: str = ""  # the path of the upload before it
    line: str = ""  # the inputs that a browser's file field would give

    def text(self, key: str) -> str:
        text = (SAMPLES / f"{self.name}.txt").read_text(encoding="utf-8")
        for placeholder in PLACEHOLDERS:
            text = text.replace(placeholder, key)
        data = base64.b64encode(JPEG).decode()
        return text.replace("/path/to/your/", "").replace("/9j/4AAQSkZJRg...", data)


def image_body(prompt: str, **more: Any) -> dict[str, Any]:
    return {
        "model": "gemini-3-pro-image-preview",
        "prompt": prompt,
        "image_urls": [{"url": "URL/f/1.jpg"}],
        **more,
    }


VARIATION = image_body("Create a variation based on this image")
GHIBLI = image_body("Transform this photo into Ghibli anime style", size="16:9")
SHOES = {"background": SHOE, "product_prompt": "A detailed image of a sleek, modern running shoe"}
IMAGES, FILES = "/v1/images/generations", "/v1/uploads/images"
RUNS = [
    Sample("v1-curl", "run", "/v1/instantid", {}),
    Sample("v1-python", "run", "/v1/face-to-sticker", {}),
    Sample("workflow-python", "workflow", f"/workflows/{WORKFLOW}", SHOES),
    Sample("workflow-page", "workflow", f"/workflows/{WORKFLOW}", SHOES),
    Sample("apimart-python", "run", IMAGES, VARIATION, "apimart", FILES),
    Sample("apimart-full", "run", IMAGES, GHIBLI, "apimart", FILES),
    Sample("apimart-browser", "run", IMAGES, VARIATION, "apimart", FILES,
           "image_urls=[{url: file:image.jpg}]"),
]  # fmt: skip
UPLOADS = [
    Sample("storage-curl", "upload", "/upload-asset", None),
    Sample("storage-python", "upload", "/upload-asset", None),
    Sample("storage-node", "upload", "/upload-asset", None),
    Sample("apimart-upload-curl", "upload", FILES, None, "apimart"),
]
EVERY = pytest.mark.parametrize("sample", [*RUNS, *UPLOADS], ids=lambda sample: sample.name)
EVERY_RUN = pytest.mark.parametrize("sample", RUNS, ids=lambda sample: sample.name)
EVERY_KEY = pytest.mark.parametrize("own", [True, False], ids=["own key", "foreign key"])


@pytest.fixture
def judge() -> Iterator[Judge]:
    with Judge() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join(10)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    ipywidgets.Widget.close_all()  # those of other tests: the state of all is searched
    monkeypatch.chdir(tmp_path)
    for name in ("image.jpg", "reference.jpg"):
        (tmp_path / name).write_bytes(JPEG)
    return tmp_path


@pytest.fixture
def shell(judge: Judge, folder: Path) -> Iterator[Shell]:
    with open_shell(folder, judge) as opened:
        yield opened


@pytest.fixture
def client(judge: Judge, folder: Path) -> Iterator[SegmindClient]:
    with set_environment(environment(folder, judge)):
        opened = SegmindClient()
        yield opened
        opened.close()


def key_of(sample: Sample, *, own: bool) -> str:
    return KEYS[sample.provider] if own else FOREIGN


def check_request(sample: Sample, judge: Judge) -> None:
    """Compare the request with the sample's own: path, body and header."""
    if sample.magic == "upload":
        (request,) = judge.uploads
        check_upload(request)
        assert (request.path, judge.runs) == (sample.path, [])
    else:
        (request,) = judge.runs
        assert request.path == sample.path
        expected = json.loads(json.dumps(sample.body).replace("URL/", f"{judge.url}/"))
        sent = request.json
        if sample.magic == "workflow":
            sent["product_prompt"] = sent["product_prompt"][: len(SHOES["product_prompt"])]
        assert sent == expected
        assert [upload.path for upload in judge.uploads] == [sample.upload] * bool(sample.upload)
    key = KEYS[sample.provider]
    bearer = sample.provider == "apimart" or sample.magic == "workflow"
    assert request.headers["authorization" if bearer else "x-api-key"].endswith(key)
    assert FOREIGN not in repr(request.headers)


def check_upload(request: Request) -> None:
    if request.path == FILES:
        assert b'name="file"' in request.body
        assert JPEG in request.body
    else:
        encoded = base64.b64encode(JPEG).decode()
        assert request.json == {"data_urls": [f"data:image/jpeg;base64,{encoded}"]}


def check_no_key(key: str, folder: Path, client: SegmindClient, *texts: str) -> None:
    """Search the journal, all files, jobs, exports, widget state and these texts."""
    for path in folder.rglob("*"):
        assert not path.is_file() or key.encode() not in path.read_bytes(), path
    for job in client.jobs(100):
        assert key not in repr(job.inputs) + job.to_html() + repr(job.trait_values())
        for form in FORMS:
            assert key not in job.export(form)
    for text in texts:
        assert key not in text
    assert key not in repr(ipywidgets.Widget.get_manager_state())


@pytest.mark.statement("S-18", "A-102", "R-108", "W-160")
@EVERY_KEY
@EVERY
def test_a_sample_pasted_into_a_cell(
    sample: Sample,
    own: bool,
    shell: Shell,
    judge: Judge,
    folder: Path,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    key = key_of(sample, own=own)
    shell.run(f"%%segmind_{sample.magic} {sample.line}\n{sample.text(key)}")
    check_request(sample, judge)
    shown = capsys.readouterr().out
    assert "Read from" in shown
    if key in sample.text(key):
        assert "IPython's history" in shown
    check_no_key(key, folder, shell.client, shown, caplog.text)


@EVERY_KEY
@EVERY_RUN
@pytest.mark.filterwarnings("ignore::UserWarning")  # about inputs that the samples leave out
def test_a_sample_read_by_the_client(
    sample: Sample, own: bool, client: SegmindClient, judge: Judge, folder: Path
) -> None:
    key = key_of(sample, own=own)
    found = client.read(sample.text(key))
    assert found.had_key == (key in sample.text(key))
    if sample.line:
        assert list(found.unread) == ["image_urls"]
        found = found.with_inputs({"image_urls": [{"url": Path("image.jpg")}]})
    found.check()
    client.run(found.target, found.inputs, kind=found.kind, provider=found.provider, api=found.api)
    check_request(sample, judge)
    check_no_key(key, folder, client, repr(found), found.summary)


@pytest.mark.statement("W-158")
@EVERY_KEY
@EVERY_RUN
def test_a_sample_pasted_into_a_panel(
    sample: Sample, own: bool, client: SegmindClient, judge: Judge, folder: Path
) -> None:
    key = key_of(sample, own=own)
    panel = (RunPanel if sample.magic == "run" else WorkflowPanel)(client=client)
    Page(panel.source).says(type="text", text=sample.text(key))
    check_no_key(key, folder, client)
    assert panel.form is not None, panel.line.value
    if sample.line:
        assert "image_urls" in panel.line.value or "field" in panel.line.value
        panel.form.inputs = {**panel.form.inputs, "image_urls": [{"url": Path("image.jpg")}]}
    ended = threading.Event()
    panel.observe(lambda _: ended.set(), "results")
    panel.go.click()
    assert ended.wait(30), panel.line.value
    check_request(sample, judge)
    check_no_key(key, folder, client)
    panel.close()


@EVERY_KEY
@pytest.mark.parametrize("sample", UPLOADS, ids=lambda sample: sample.name)
def test_a_sample_pasted_into_the_upload_panel(
    sample: Sample, own: bool, client: SegmindClient, judge: Judge, folder: Path
) -> None:
    key = key_of(sample, own=own)
    panel = UploadPanel(client=client)
    ended = threading.Event()
    panel.list.observe(lambda _: panel.assets and ended.set(), "items")
    Page(panel.source).says(type="text", text=sample.text(key))
    assert ended.wait(30), panel.line.value
    check_request(sample, judge)
    check_no_key(key, folder, client)
    panel.close()


@pytest.mark.statement("S-28", "S-29")
def test_the_samples_leave_no_key_in_a_saved_notebook(judge: Judge, folder: Path) -> None:
    cells = [
        f"%%segmind_{s.magic} {'' if s in UPLOADS else '--again'} {s.line}\n"
        + s.text(KEYS[s.provider])
        for s in (*RUNS, *UPLOADS)
    ]
    book = notebook(*cells, "%segmind_panel run")
    done = execute(book, folder, judge, store_widget_state=True)
    assert len(judge.runs) == len(RUNS)
    for cell in done.cells:
        cell.source = ""
    for key in KEYS.values():
        assert key not in json.dumps(done)
        for path in folder.rglob("*"):
            assert not path.is_file() or key.encode() not in path.read_bytes(), path


REFUSED = [
    ("%%segmind_run\n", "workflow-python", "%%segmind_workflow 65c9"),
    ("%%segmind_run flux-dev\n", "workflow-python", "%%segmind_workflow 65c9"),
    ("%%segmind_workflow\n", "v1-python", "%%segmind_run face-to-sticker"),
    ("%%segmind_run flux-dev\n", "v1-python", "Remove flux-dev"),
    ("%%segmind_run -p apimart\n", "v1-python", "-p segmind"),
    ("%%segmind_run\n", "storage-python", "%%segmind_upload"),
    ("%%segmind_upload\n", "v1-python", "%%segmind_run"),
    ("%%segmind_run\n", "apimart-browser", "image_urls="),
]


@pytest.mark.parametrize(("line", "name", "hint"), REFUSED)
def test_code_in_another_cell_is_refused_with_the_right_one(
    line: str, name: str, hint: str, shell: Shell, judge: Judge, folder: Path
) -> None:
    text = Sample(name, "", "", None).text(FOREIGN)
    with pytest.raises(InputError) as caught:
        shell.run(line + text)
    assert hint in caught.value.hint
    assert FOREIGN not in f"{caught.value} {caught.value.hint} {vars(caught.value)}"
    assert (judge.runs, judge.uploads, shell.client.jobs()) == ([], [], [])


@pytest.mark.parametrize("name", ["apimart-python", "apimart-full", "storage-python"])
def test_a_missing_file_is_refused_by_its_name(
    name: str, shell: Shell, judge: Judge, folder: Path
) -> None:
    for path in folder.glob("*.jpg"):
        path.unlink()
    magic = "upload" if name.startswith("storage") else "run"
    with pytest.raises(InputError, match=r"`(image|reference)\.jpg` does not exist"):
        shell.run(f"%%segmind_{magic}\n{Sample(name, '', '', None).text(FOREIGN)}")
    assert judge.requests == []


def test_code_in_a_prompt_is_a_prompt(shell: Shell, judge: Judge) -> None:
    text = Sample("v1-python", "", "", None).text("x").replace("\n", "\n  ")
    shell.run(f"%%segmind_run some-model --api v1\nprompt: |\n  {text}")
    assert judge.runs[0].json["prompt"].startswith("import requests")


@pytest.mark.parametrize(
    "cell",
    [
        """%segmind_run curl https://api.segmind.com/v1/x -H 'key: KEY' -d '{"prompt": "a"}'""",
        "%segmind_run --api v1 --paste x prompt=a",
        "%%segmind_run --paste --api v1 x\n{ prompt: 'a', // of KEY\n}",
        "%%segmind_run --paste --api v1 x\npayload = {'prompt': 'a', 'api_key': 'KEY'}",
    ],
)
def test_what_is_said_to_be_pasted_is_read(cell: str, shell: Shell, judge: Judge) -> None:
    if cell.endswith("prompt=a"):
        with pytest.raises(InputError, match="Nothing was pasted"):
            shell.run(cell)
        return
    shell.run(cell.replace("KEY", FOREIGN))
    (request,) = judge.runs
    assert (request.path, request.json) == ("/v1/x", {"prompt": "a"})


@pytest.mark.parametrize(
    "cell",
    [
        "%segmind_upload KEY.png",
        "%segmind_run KEY prompt=a",
        "%segmind_run x -p KEY prompt=a",
        "%segmind_run x --seed KEY",
        "%%segmind_run x\nprompt: a: KEY",
        "%segmind_jobs KEY",
        "%segmind_panel KEY",
        "%segmind_models KEY",
    ],
)
def test_no_error_repeats_a_key(cell: str, shell: Shell, judge: Judge) -> None:
    key = KEYS["segmind"]
    with pytest.raises(SegmindError) as caught:
        shell.run(cell.replace("KEY", key))
    assert key not in f"{caught.value!r} {caught.value} {caught.value.hint} {vars(caught.value)}"
    assert judge.runs == []


@pytest.mark.parametrize("name", KEYS)
@pytest.mark.parametrize(
    "inputs",
    [
        {"prompt": "a fox KEY"},
        {"prompt": "a", "deep": [{"x": "KEY"}]},
        {"prompt": "a", "deep": {"KEY": 1}},
    ],
)
def test_an_input_with_a_key_is_refused_by_its_name(
    name: str, inputs: dict[str, Any], client: SegmindClient, judge: Judge, folder: Path
) -> None:
    key = KEYS[name]
    inputs = json.loads(json.dumps(inputs).replace("KEY", key))
    field = "deep" if "deep" in inputs else "prompt"
    for run in (
        lambda: client.run("flux-dev", inputs),
        lambda: client.map("flux-dev", [inputs]),
        lambda: client.plan(f"flux-{key}", {"prompt": "x"}),
    ):
        with pytest.raises(SegmindError) as caught:
            run()
        assert key not in f"{caught.value} {caught.value.hint}"
        assert field in str(caught.value) or "name of the model" in str(caught.value)
    assert judge.runs == []
    check_no_key(key, folder, client)


def test_a_key_typed_into_any_field_is_cut_before_it_is_a_trait(
    client: SegmindClient, folder: Path
) -> None:
    key = KEYS["segmind"]
    panel = RunPanel("flux-dev", client=client)
    panel.form._toggle.value = True
    fields = [panel.search, panel.form._yaml]
    seen: list[str] = []
    for box in fields:
        box.observe(lambda change: seen.append(repr(change)))
        Page(box).says(type="text", text=f"prompt: a {key}")
        assert "An API key was removed from the text." in box.note
    controls = panel.form._rest
    controls.observe(lambda change: seen.append(repr(change)))
    Page(controls).says(type="values", changes={"prompt": f"a {key}", "": [["x", key]]})
    assert seen
    assert key not in repr(seen)
    check_no_key(key, folder, client)
    panel.close()


@pytest.mark.parametrize("kind", [RunPanel, WorkflowPanel, UploadPanel])
@pytest.mark.parametrize("text", ["KEY", "x KEY y", "http://a.b/?key=KEY", "{KEY", "no/KEY.png"])
def test_a_key_in_a_paste_box_is_in_no_trait(
    kind: Any, text: str, client: SegmindClient, folder: Path
) -> None:
    key = KEYS["apimart"]
    panel = kind(client=client)
    Page(panel.source).says(type="text", text=text.replace("KEY", key))
    check_no_key(key, folder, client)
    panel.close()


def test_no_free_text_of_a_panel_is_an_ipywidget() -> None:
    """Their `value` is a trait that the browser sets."""
    package = Path(SegmindClient.__module__.replace(".", "/")).parent
    sources = Path(__file__).parents[2].joinpath(package).rglob("*.py")
    names = ("widgets.Text(", "widgets.Textarea(", "widgets.Combobox(", "widgets.Password(")
    assert [path for path in sources if any(n in path.read_text("utf-8") for n in names)] == []
