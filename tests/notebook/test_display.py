"""What a cell shows: in real kernels run by programs, when stopped, and in a terminal."""

from __future__ import annotations

import base64
import io
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import papermill
import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager
from nbclient.exceptions import CellExecutionError
from nbconvert import HTMLExporter, MarkdownExporter
from PIL import Image

from segmind_widgets.notebook.live_output import EMPTY
from segmind_widgets.sandbox import Sandbox
from tests.page import text_of
from tests.shells import environment, execute, notebook, open_shell, quick, set_environment

WIDGET = "application/vnd.jupyter.widget-view+json"
STATE = "application/vnd.jupyter.widget-state+json"
RUN = "%segmind_run fast-flux-schnell --seed 3 prompt='a fox'"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(speed=100, artist=quick) as running:
        yield running


def embedded(html: str) -> list[Image.Image]:
    """The pictures in some HTML."""
    found = re.findall(r'<img\b[^>]*? src="data:image/\w+;base64,([^"]+)"', html)
    return [Image.open(io.BytesIO(base64.b64decode(data))) for data in found]


def assert_right(cell: Any, sandbox: Sandbox) -> None:
    """One output, a static picture with its caption, and nothing that needs a kernel."""
    (output,) = cell.outputs
    assert output.output_type == "display_data"
    assert set(output.data) == {"text/plain", "text/html"}
    (picture,) = embedded(output.data["text/html"])
    assert picture.size == (1024, 768)
    text = text_of(output.data["text/html"])
    for fact in ("sandbox", "fast-flux-schnell", "$0.0055", "seed 3", "fast-flux-schnell-"):
        assert fact in text
    (record,) = sandbox.billed_posts
    assert sandbox.requests("GET", "/v2/requests/")[0].path.split("/")[3] in text
    assert record.json == {"prompt": "a fox", "seed": 3}


def assert_free_of_pictures_and_keys(book: Any, sandbox: Sandbox) -> None:
    """The widgets' state holds no picture, and the file no key."""
    text = nbformat.writes(book)
    assert sandbox.environ["SEGMIND_API_KEY"] not in text
    assert sandbox.environ["APIMART_API_KEY"] not in text
    state = json.dumps(book.metadata.get("widgets", {}))
    assert "base64" not in state
    assert "data:image" not in state


def test_nbclient_ends_with_the_right_outputs(sandbox: Sandbox, tmp_path: Path) -> None:
    cells = (RUN, "_.status.name", "j = _", "j", "%segmind_status")
    book = execute(notebook(*cells), tmp_path, sandbox)
    load, run, value, _, shown, _ = book.cells
    assert load.outputs == []
    assert_right(run, sandbox)
    assert value.outputs[0].data["text/plain"] == "'COMPLETED'"
    assert [output.output_type for output in shown.outputs] == ["execute_result"]
    assert_free_of_pictures_and_keys(book, sandbox)


def test_papermill_ends_with_the_right_outputs(sandbox: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "in.ipynb"
    nbformat.write(notebook(RUN), path)
    with set_environment(environment(tmp_path, sandbox)):
        papermill.execute_notebook(path, tmp_path / "out.ipynb", progress_bar=False)
    book = nbformat.read(tmp_path / "out.ipynb", 4)
    assert_right(book.cells[1], sandbox)
    assert_free_of_pictures_and_keys(book, sandbox)


def test_a_background_job_ends_in_its_own_cell(sandbox: Sandbox, tmp_path: Path) -> None:
    cells = (f"{RUN} -b -o job", "job.wait()", "x = 1")
    book = execute(notebook(*cells), tmp_path, sandbox)
    assert_right(book.cells[1], sandbox)
    (value,) = book.cells[2].outputs
    assert value.output_type == "execute_result", "another cell's value is shown as any value"
    assert_free_of_pictures_and_keys(book, sandbox)


@pytest.mark.parametrize("stop", [f"{RUN} -b -o job\njob.stop()", f"{RUN} -o job"])
def test_a_job_that_was_left_and_is_resumed_ends_in_its_own_cell(
    sandbox: Sandbox, tmp_path: Path, stop: str
) -> None:
    sandbox.faults.add("GET /v2/.*", "silence", times=1, seconds=3)
    watch = "import segmind_widgets as s, threading\nc = s.SegmindClient.instance()"
    soon = "threading.Timer(1, lambda: [j.stop() for j in c.jobs(9)]).start()"
    cells = (watch, "" if "-b" in stop else soon, stop, "_ = c.resume(job.id).wait(30)")
    book = notebook(*cells)
    book.cells[3].metadata["tags"] = ["raises-exception"]
    execute(book, tmp_path, sandbox)
    book.cells[3].outputs = book.cells[3].outputs[:1]  # without the cell's error
    assert_right(book.cells[3], sandbox)
    assert len(sandbox.billed_posts) == 1


def test_an_upload_leaves_one_picture(sandbox: Sandbox, tmp_path: Path) -> None:
    Image.effect_noise((1500, 1500), 90).save(tmp_path / "cat.png")
    cells = ("%segmind_run bg-removal-v2 image=file:cat.png", "%segmind_upload cat.png --force")
    book = execute(notebook(*cells), tmp_path, sandbox)
    (output,) = book.cells[1].outputs
    assert set(output.data) == {"text/plain", "text/html"}
    assert "completed" in output.data["text/plain"]
    line, asset = book.cells[2].outputs
    assert line.data["text/plain"].startswith("Uploaded in ")
    assert "cat.png · 1500×1500" in asset.data["text/plain"]
    (kept,) = embedded(asset.data["text/html"])
    assert 160 <= kept.width == kept.height < 1024  # grain: few bytes need few pixels


def test_nbconvert_shows_the_picture(sandbox: Sandbox, tmp_path: Path) -> None:
    book = execute(notebook(RUN), tmp_path, sandbox)
    html, _ = HTMLExporter().from_notebook_node(book)
    assert [picture.size for picture in embedded(html)] == [(1024, 768)]
    assert "Stop watching" not in re.sub(r"(?s)<script.*?</script>", "", html)


def test_a_failed_job_fails_the_run_in_a_line_and_a_hint(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.faults.add("POST /v2/.*", "job_failed", words="It is <too> dark.")
    book = notebook(f"{RUN} -o job", "1 / 0")
    with pytest.raises(CellExecutionError, match="JobFailed"):
        execute(book, tmp_path, sandbox)
    shown, error = book.cells[1].outputs
    assert WIDGET not in shown.data
    assert "failed" in shown.data["text/plain"]
    assert "<too>" not in shown.data["text/html"]
    assert (error.ename, error.evalue.startswith("It is <too> dark.")) == ("JobFailed", True)
    assert len(error.traceback) == 2
    assert error.traceback[1].strip().startswith("→")
    assert book.cells[2].outputs == []


def test_a_background_job_that_fails_says_why_in_its_own_cell(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    sandbox.faults.add("POST /v2/.*", "job_failed", words="It is <too> dark.")
    book = execute(notebook(f"{RUN} -b -o job", "_ = job.wait()"), tmp_path, sandbox)
    (output,) = book.cells[1].outputs
    assert WIDGET not in output.data
    assert "It is &lt;too&gt; dark." in output.data["text/html"]
    assert "It is <too> dark." in output.data["text/plain"]


def test_a_job_that_runs_when_the_file_is_saved_says_so(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.faults.add("GET /v2/.*", "silence", times=None)
    book = execute(notebook(f"{RUN} -b"), tmp_path, sandbox)
    (output,) = book.cells[1].outputs
    assert set(output.data) == {"text/plain", "text/html"}
    for text in output.data.values():
        assert re.search(r"%segmind_jobs --resume [\w-]{12,}", text)
    assert_free_of_pictures_and_keys(book, sandbox)


class Kernel:
    """A kernel whose cells can be interrupted."""

    def __init__(self, home: Path, sandbox: Sandbox) -> None:
        self.manager = KernelManager(kernel_name="python3")
        self.manager.start_kernel(env=environment(home, sandbox), cwd=str(home))
        self.client: BlockingKernelClient = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)
        self.run("%load_ext segmind_widgets")

    def run(self, code: str) -> list[dict[str, Any]]:
        """What a cell published."""
        messages: list[dict[str, Any]] = []
        self.client.execute_interactive(code, timeout=60, output_hook=messages.append)
        return messages

    def run_cell(self, cell: str, code: str) -> None:
        """Run a cell as JupyterLab does, which tells its id; other runs come after it."""
        content = {"code": code, "silent": False, "store_history": True}
        session = self.client.session
        message = session.msg("execute_request", content, metadata={"cellId": cell})
        self.client.shell_channel.send(message)

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


@pytest.fixture
def kernel(sandbox: Sandbox, tmp_path: Path) -> Iterator[Kernel]:
    opened = Kernel(tmp_path, sandbox)
    yield opened
    opened.close()


@pytest.mark.alone
@pytest.mark.parametrize("options", ["", "-q"])
def test_stop_leaves_soon_and_the_job_goes_on(
    kernel: Kernel, sandbox: Sandbox, options: str
) -> None:
    sandbox.faults.add("GET /v2/.*", "silence")
    sent = kernel.client.execute(f"%segmind_run fast-flux-schnell {options} -o job prompt=fox")
    sandbox.wait_for(lambda log: log.requests("GET", "/v2/requests/"), 30)
    known = sandbox.requests("GET", "/v2/requests/")[0].path.split("/")[3]
    began = time.monotonic()
    kernel.manager.interrupt_kernel()
    reply = kernel.client.get_shell_msg(timeout=20)
    took = time.monotonic() - began
    assert reply["parent_header"]["msg_id"] == sent
    assert took < 0.5
    content = reply["content"]
    assert content["ename"] == "StillRunning"
    assert content["evalue"] == f"You stopped waiting; the job {known} continues."
    (line,) = content["traceback"]
    assert line == f"{content['evalue']} Fetch its result with %segmind_jobs --resume {known}"
    assert "\x1b" not in line, "no failure, so it is not red"
    sandbox.faults.clear()
    said = kernel.run("print(job.wait(20).status, job.image.size)")
    texts = [m["content"].get("text", "") for m in said if m["header"]["msg_type"] == "stream"]
    assert "".join(texts) == "completed (1600, 1200)\n"
    assert len(sandbox.billed_posts) == 1


def test_await_gives_the_job(kernel: Kernel) -> None:
    kernel.run(f"{RUN} -b -q -o job")
    said = kernel.run("print((await job).status)")
    assert "completed" in "".join(m["content"].get("text", "") for m in said)


def test_a_cell_that_runs_again_frees_the_panels_it_showed(kernel: Kernel) -> None:
    models = "from ipywidgets.widgets.widget import _instances\nprint(len(_instances))"

    def count() -> int:
        said = [m["content"]["text"] for m in kernel.run(models) if m["msg_type"] == "stream"]
        return int(said[0])

    kernel.run_cell("one", "%segmind_panel upload\n%segmind_panel upload")
    two = count()
    assert two > 20
    kernel.run_cell("one", "%segmind_panel upload\n%segmind_panel upload")
    assert count() == two
    kernel.run_cell("other", "%segmind_panel upload")
    assert count() == two * 3 // 2


STOP = """
import threading, time, segmind_widgets
def stop():
    client = segmind_widgets.SegmindClient.instance()
    while not (jobs := client.jobs(1)) or jobs[0].id.startswith("local"):
        time.sleep(0.02)
    jobs[0].stop()
threading.Thread(target=stop).start()
"""


@pytest.mark.parametrize("background", ["", "-b"])
def test_a_job_that_is_no_longer_watched_reads_as_one_that_continues(
    kernel: Kernel, sandbox: Sandbox, background: str
) -> None:
    sandbox.faults.add("GET /v2/requests/.*", "silence", times=None)
    more = "\njob.wait();" if background else ""
    said = kernel.run(f"{STOP}\n{RUN} {background} -o job{more}")
    shown = [m["content"]["data"] for m in said if "display_data" in m["header"]["msg_type"]]
    text = text_of(shown[-1]["text/html"])
    assert "continues" in text
    errors = [m["content"] for m in said if m["header"]["msg_type"] == "error"]
    if background:
        assert "%segmind_jobs --resume" in text
        assert errors == []
        return
    (error,) = errors
    assert error["ename"] == "StillRunning"
    (line,) = error["traceback"]
    assert line.startswith("You stopped watching; the job ")
    assert "%segmind_jobs --resume" in line


def test_quiet_shows_nothing(kernel: Kernel) -> None:
    said = kernel.run(f"{RUN} -q --api v1")
    kinds = {m["header"]["msg_type"] for m in said}
    assert kinds <= {"status", "execute_input"}


def test_a_note_stands_above_the_result(kernel: Kernel) -> None:
    said = kernel.run(f"{RUN} --api v1 sparkle=<b>")
    note, *results = shown(said)
    assert note["text/plain"].startswith("Note: `sparkle` is not a known parameter")
    assert [set(data) for data in results] == [{"text/plain", "text/html"}]


def shown(messages: list[dict[str, Any]]) -> list[dict[str, str]]:
    """The outputs that a cell has at its end, as a front end shows them."""
    outputs: dict[str, dict[str, str]] = {}
    for message in messages:
        if message["header"]["msg_type"] == "clear_output":
            outputs.clear()
        elif "display_data" in message["header"]["msg_type"]:  # or its update
            key = message["content"].get("transient", {}).get("display_id") or len(outputs)
            outputs[str(key)] = message["content"]["data"]
    return list(outputs.values())


def assert_exported(bundles: list[dict[str, str]]) -> None:
    """Nbconvert shows each output; it would warn of one that has no form it knows."""
    outputs = [nbformat.v4.new_output("display_data", bundle) for bundle in bundles]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("...", outputs=outputs)])
    for exporter in (HTMLExporter, MarkdownExporter):
        exporter().from_notebook_node(book)


@pytest.mark.alone
@pytest.mark.parametrize(
    ("cell", "words"),
    [
        (f"{RUN} -o job", ["completed"]),
        (f"{RUN} --sweep steps=1,2", ["2 of 2 done", None]),
        ("%%segmind_run flux-dev --yes\na fox", []),
        ("%segmind_run flux-dev --yes prompt=fox", [None]),
        (f"{RUN} --dry-run", []),
    ],
    ids=["run", "sweep", "refused", "line-refused", "dry-run"],
)
def test_the_first_run_of_a_kernel_shows_a_line_at_once(
    kernel: Kernel, cell: str, words: list[str | None]
) -> None:
    """Before modules are loaded; what the run shows takes its place."""
    messages = kernel.run(cell)
    dates = {m["header"]["msg_type"]: m["header"]["date"] for m in reversed(messages)}
    if "--dry-run" not in cell:
        first = next(m for m in messages if m["header"]["msg_type"] == "display_data")
        assert first["content"]["data"]["text/plain"].startswith("starting")
        assert (dates["display_data"] - dates["execute_input"]).total_seconds() < 0.5
    for output, word in zip(shown(messages), words, strict=True):
        assert (word in output["text/plain"]) if word else output == EMPTY
    assert_exported(shown(messages))
    again = shown(kernel.run(f"{RUN} --again"))
    assert len(again) == 1, "there is no line in later runs"


# a terminal


def test_a_terminal_has_one_line_that_rewrites_itself(
    sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_shell(tmp_path, sandbox) as shell:
        job = shell.run(RUN)
    said = capsys.readouterr().out
    progress, _, result = said.rpartition("\r")
    lines = [line.strip() for line in progress.split("\r") if line.strip()]
    assert "\n" not in progress
    assert lines[0].startswith("submitting · fast-flux-schnell · 0.0 s of about")
    assert lines[-1].startswith("completed")
    assert " of about" not in lines[-1]
    assert str(job.outputs[0].path) in result


def test_a_value_is_shown_once_a_cell_and_again_in_another(
    sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_shell(tmp_path, sandbox) as shell:
        shell.run(f"{RUN} --api v1 -q -o job")
        quiet = capsys.readouterr().out
        shell.run("job")
        loud = capsys.readouterr().out
    assert "completed" not in quiet
    assert "completed" in loud
