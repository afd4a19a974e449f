"""Every sample of the services' pages runs on the sandbox as it stands, but for address and key."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from segmind_widgets.sandbox import Sandbox
from tests.shells import picture, quick

SAMPLES = Path(__file__).parent / "samples"
AXIOS = """\
exports.post = async (url, data, { headers }) => {
  const reply = await fetch(url, { method: "POST", body: JSON.stringify(data), headers });
  const body = await reply.json();
  if (!reply.ok) throw Object.assign(new Error(reply.status), { response: { data: body } });
  return { data: body, status: reply.status };
};
"""
BROWSER = """\
const fs = require("node:fs");
const fileInput = { files: [new File([fs.readFileSync("image.jpg")], "image.jpg", { type: "image/jpeg" })] };
(async () => {
%s
console.log(genResponse.status, await genResponse.text());
})();
"""  # noqa: E501
SLEEP = "import time\nsleep = time.sleep\ntime.sleep = lambda s: sleep(min(s, 0.05))\n"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(speed=500, artist=quick) as running:
        yield running


def text_of(name: str, sandbox: Sandbox) -> str:
    """Return a sample with the sandbox's addresses and keys."""
    text = (SAMPLES / f"{name}.txt").read_text("utf-8")
    if name.startswith("workflow"):  # the page numbers its lines
        code = text.partition("\nAPI Endpoint")[0]
        text = re.sub(r"^ *\d+ ?", "", code, flags=re.MULTILINE)
    addresses = {
        "https://workflows-api.segmind.com": sandbox.url("segmind"),
        "https://api.segmind.com": sandbox.url("segmind"),
        "https://api.apimart.ai": sandbox.url("apimart"),
    }
    for address, local in addresses.items():
        text = text.replace(address, local)
    apimart = sandbox.environ["APIMART_API_KEY"]
    for key in ("SG_YOUR_API_KEY_HERE", "YOUR-API-KEY", "YOUR_API_KEY"):
        text = text.replace(key, sandbox.environ["SEGMIND_API_KEY"])
    return text.replace("<token>", apimart).replace("your-Apimart-key", apimart)


@pytest.fixture
def run(tmp_path: Path, sandbox: Sandbox):
    """Run a sample in a folder with the pictures that it names; return its output."""
    for name in ("image.jpg", "reference.jpg"):
        (tmp_path / name).write_bytes(picture())
    (tmp_path / "sitecustomize.py").write_text(SLEEP)
    (tmp_path / "node_modules" / "axios").mkdir(parents=True)
    (tmp_path / "node_modules" / "axios" / "index.js").write_text(AXIOS)

    def run(name: str, program: str, suffix: str, template: str = "%s") -> str:
        for command in (program, "curl"):
            assert shutil.which(command), f"this test needs {command}"
        script = tmp_path / f"sample.{suffix}"
        text = text_of(name, sandbox).replace("/path/to/your/image.jpg", "image.jpg")
        script.write_text(template.replace("%s", text), "utf-8")
        done = subprocess.run(
            [program, str(script)],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.mark.statement("S-16")
def test_storage_in_python(run) -> None:
    assert re.search(
        r"Asset uploaded successfully: http\S+/assets/", run("storage-python", sys.executable, "py")
    )


@pytest.mark.statement("S-15")
def test_storage_in_curl(run, sandbox: Sandbox) -> None:
    run("storage-curl", "sh", "sh")  # its base64 is cut off, which the sandbox says
    (record,) = sandbox.log.requests("POST")
    assert record.path == "/upload-asset"
    assert set(record.json) == {"data_urls"}


@pytest.mark.statement("S-17")
def test_storage_in_node(run) -> None:
    output = run("storage-node", "node", "js")
    assert re.search(r"Asset uploaded successfully: http\S+/assets/", output)


@pytest.mark.statement("A-67")
def test_apimart_upload_in_curl(run) -> None:
    assert '"url"' in run("apimart-upload-curl", "sh", "sh")


@pytest.mark.statement("A-68")
def test_apimart_upload_and_generation_in_python(run, sandbox: Sandbox) -> None:
    assert "Image URL: http" in run("apimart-python", sys.executable, "py")
    record = sandbox.log.requests("POST", path_contains="generations")[0]
    assert record.status == 200
    assert list(record.json["image_urls"][0]) == ["url"]


@pytest.mark.statement("A-69")
def test_apimart_upload_and_generation_in_a_browser(run) -> None:
    assert "\n200 " in run("apimart-browser", "node", "js", BROWSER)


@pytest.mark.statement("A-101")
def test_apimarts_full_example(run) -> None:
    output = run("apimart-full", sys.executable, "py")
    assert "Task created: task_" in output
    assert re.search(r"Generation complete: http\S+", output)


@pytest.mark.statement("R-105")
def test_a_model_without_inputs_in_curl(run, sandbox: Sandbox) -> None:
    run("v1-curl", "sh", "sh")
    (record,) = sandbox.log.requests("POST")
    assert (record.path, record.json, record.status) == ("/v1/instantid", {}, 422)


@pytest.mark.statement("R-107")
def test_a_model_without_inputs_in_python(run, sandbox: Sandbox) -> None:
    assert "<Response [422]>" in run("v1-python", sys.executable, "py")
    (record,) = sandbox.log.requests("POST")
    assert (record.path, record.json) == ("/v1/face-to-sticker", {})


@pytest.mark.statement("W-157")
def test_a_workflow_in_python(run) -> None:
    output = run("workflow-python", sys.executable, "py")
    assert "Request queued:" in output
    assert "Generation complete: [{'keyname'" in output
