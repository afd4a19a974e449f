"""Nothing on the screen has a word of `banned_words`: panels, magics, errors, labels of browsers.

Panels are taken through all states that the sandbox can bring about; the state of each of their
models is what the browser shows. Errors that no test meets are found in the source.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import ipywidgets as widgets
import pytest
from IPython.core.oinspect import getdoc

from segmind_widgets import Sweep
from segmind_widgets.client import SegmindClient
from segmind_widgets.errors import SegmindError
from segmind_widgets.notebook.arguments import PARSERS
from segmind_widgets.panels import find, names
from segmind_widgets.panels._batch import BatchView
from segmind_widgets.panels.gallery import GalleryPanel
from segmind_widgets.panels.jobs import JobsPanel
from segmind_widgets.panels.run import RunPanel
from segmind_widgets.panels.upload import UploadPanel
from segmind_widgets.panels.workflow import WorkflowPanel
from segmind_widgets.sandbox import Sandbox
from tests.banned_words import LABELS, PHRASES, faults
from tests.comms import Page
from tests.panels.test_jobs import add
from tests.shells import Shell, open_shell, picture
from tests.waits import until

PACKAGE = Path(__file__).parents[2] / "segmind_widgets"
FAST = "fast-flux-schnell"
ID = "65c9c7f641c340d7ef2f7134-v1"
MODELS = (PACKAGE / "catalog" / "models.json").read_text(encoding="utf-8")
NOT_SHOWN = re.compile(
    r"_(?!options_labels).*|layout|style|comm|keys|look|values"
)  # of a model's state


def texts(value: Any) -> Iterator[str]:
    """All text in a value, without tags; texts of the services' own are left out."""
    if isinstance(value, widgets.Widget):
        for name, part in value.get_state().items():
            if not NOT_SHOWN.fullmatch(name) and name != "children":
                yield from texts(part)
        for child in getattr(value, "children", ()):
            yield from texts(child)
    elif isinstance(value, Mapping):
        for name, part in value.items():
            yield from () if name in ("actions", "name") else texts(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from texts(part)
    elif isinstance(value, str) and json.dumps(value, ensure_ascii=False) not in MODELS:
        yield from filter(None, re.split(r"<[^>]*>", value))


class Screen:
    """What was seen on the screen so far."""

    def __init__(self) -> None:
        self.seen: set[str] = set()

    def look(self, *things: Any) -> None:
        """Note all text of these widgets."""
        for thing in things:
            self.seen |= set(texts(thing))

    def check(self, *expected: str) -> None:
        """Find no banned word; and these, so that the states were really reached."""
        assert list(faults(sorted(self.seen))) == []
        assert {word for word in expected if not any(word in one for one in self.seen)} == set()


@pytest.fixture
def screen() -> Screen:
    return Screen()


def idle(panel: Any) -> None:
    """Wait until the Run button can be pressed again."""
    until(lambda: not panel.go.disabled)


def test_the_run_panel(client: SegmindClient, sandbox: Sandbox, screen: Screen) -> None:
    panel = RunPanel("", client=client)
    screen.look(panel)
    panel.modality.value = "video"
    panel.search.value = "nothing like it"
    screen.look(panel)
    panel.search.value = panel.modality.value = ""
    for slug in ("flux-schnell", "seedream-4.5", "kling-2.1", "esrgan", FAST):
        panel.choose(slug)
        screen.look(panel)
    panel.choose("not-a-model")
    screen.look(panel)
    panel.choose(FAST)
    panel.go.click()  # without a prompt
    screen.look(panel)
    panel.form.inputs = {"prompt": "x", "steps": 400}
    panel.go.click()
    screen.look(panel)
    panel.form.inputs = {"prompt": "x"}
    panel.as_cell()
    screen.look(panel)
    panel.as_python()
    screen.look(panel)
    panel.go.click()
    until(lambda: len(panel.outputs.items) == 1 and "Done." in panel.line.value)
    screen.look(panel)
    sandbox.faults.add("POST /v2/.*", 422, times=None)
    idle(panel)
    panel.form.inputs = {"prompt": "y"}
    panel.go.click()
    until(lambda: "refused" in panel.line.value or "failed" in panel.line.value)
    screen.look(panel)
    Page(panel.source).says(type="text", text="SG_0123456789abcdef0123")
    screen.look(panel)
    panel.close()
    screen.check("Output type", "Number of runs", "Provider", "any", "Run", "Done.", "Find a model")


def test_the_workflow_panel(client: SegmindClient, screen: Screen) -> None:
    panel = WorkflowPanel("", client=client)
    screen.look(panel)
    Page(panel.source).says(type="text", text="no id")
    screen.look(panel)
    Page(panel.source).says(type="text", text=ID)
    screen.look(panel)
    panel.go.click()
    until(lambda: panel.outputs.items)
    screen.look(panel)
    panel.close()
    screen.check("Run a workflow", "The inputs of this workflow are not known")


def test_the_upload_panel(
    client: SegmindClient, sandbox: Sandbox, screen: Screen, tmp_path: Path
) -> None:
    names: dict[str, Any] = {"taken": 1}
    panel = UploadPanel("", client=client, names=names)
    screen.look(panel)
    (tmp_path / "cat.png").write_bytes(picture())
    (tmp_path / "empty.png").write_bytes(b"")
    sandbox.faults.add("POST .*upload.*", 500, times=1)
    panel.add([tmp_path / "cat.png", tmp_path / "empty.png", "https://example.com/cat.png"])
    until(lambda: len(panel.list.items) == 3 and not any(i.get("busy") for i in panel.list.items))
    screen.look(panel)
    for name in ("again", "remove"):
        panel._act(name, panel.list.items[-1]["key"])
        until(lambda: not any(item.get("busy") for item in panel.list.items))
        screen.look(panel)
    panel.show_recent()
    for wrong in (
        "nothing.png",
        f"import requests; requests.post('{sandbox.url('segmind')}/v1/x')",
    ):
        with suppress(SegmindError):
            panel.add_text(wrong)
        screen.look(panel)
    for name in ("1x", "taken", "cats"):
        panel.variable.value = name
        screen.look(panel)
    panel.close()
    screen.check("Earlier uploads", "Variable name", "Remove")


def test_the_jobs_panel_and_the_gallery(
    client: SegmindClient, sandbox: Sandbox, screen: Screen
) -> None:
    jobs, gallery = JobsPanel("", client=client), GalleryPanel("", client=client)
    screen.look(jobs, gallery)
    done = client.run(FAST, {"prompt": "x"})
    add(client, status="failed", error=json.dumps({"type": "JobFailed", "message": "x"}))
    add(client, status="processing", id="lost", next=None)
    sandbox.faults.add("GET /v2/.*/status", "silence", times=None)
    running = client.submit(FAST, {"prompt": "y"})
    jobs.earlier.value = True
    until(lambda: len(jobs.table.content["rows"]) == 4)
    screen.look(jobs)
    for row in jobs.table.content["rows"]:
        for name in row["actions"]:
            jobs.table._receive(None, {"type": "act", "name": name, "key": row["key"]}, [])
            screen.look(jobs)
    jobs.details.show(done)
    jobs.details._confirm_rerun()
    until(lambda: jobs.details.confirm.layout.display == "")
    jobs.details._on_copy(done=False)
    jobs.details._on_copy(done=True)
    screen.look(jobs)
    for words in ("nothing like it", ""):
        jobs.search.text.value = gallery.search.text.value = words
        until(lambda: bool(gallery.pictures.items) != bool(words))  # noqa: B023
        screen.look(jobs, gallery)
    gallery.pictures.selected = gallery.pictures.items[0]["key"]
    screen.look(gallery)
    gallery._zip_page()
    until(lambda: "Packing" not in gallery.line.value)
    screen.look(gallery)
    running.stop()
    sandbox.faults.clear()
    jobs.close()
    gallery.close()
    screen.check("Include earlier sessions", "Status", "The sandbox is free.", "Cancel", "Save to")


def test_a_batch(client: SegmindClient, sandbox: Sandbox, screen: Screen) -> None:
    sandbox.faults.add("POST /v2/.*", 422, times=1)
    batch = client.map(FAST, Sweep({"prompt": "x"}, {"seed": [1, 2], "steps": [3, 4]}))
    view = BatchView(batch)
    screen.look(view)
    batch.wait(30)
    view.show()
    screen.look(view)
    for item in view.pictures.items:
        view._open(item["key"])
        screen.look(view)
    view.close()
    screen.seen |= {str(batch.plan), batch.caption, *batch.remarks, *texts(batch.to_html())}
    screen.check("Stop", "3 of 4 done", "1 failed")


def test_the_panels_are_all_looked_at() -> None:
    assert set(names()) == {"run", "workflow", "upload", "jobs", "gallery"}
    assert all(find(name).title for name in names())


LINES = (
    f"%segmind_run {FAST} --dry-run prompt=x",
    f"%segmind_run {FAST} prompt=x",
    f"%segmind_run {FAST} --reuse prompt=x seed=3",
    f"%segmind_run {FAST} --max-cost 0.000001 prompt=x",
    f"%segmind_run {FAST} --export cell prompt=x",
    f"%segmind_run {FAST} --sweep seed=1,2 --dry-run prompt=x",
    f"%segmind_run {FAST} --sweep seed=1,2 prompt=x",
    f"%segmind_run {FAST} --sweep seed prompt=x",
    f"%segmind_run {FAST} steps=500 prompt=x",
    f"%segmind_run {FAST} spets=4 --dry-run prompt=x",
    "%segmind_run not-a-model prompt=x",
    f"%segmind_workflow {ID}",
    "%segmind_upload nothing.png",
    "%segmind_upload https://example.com/cat.png",
    "%segmind_models",
    "%segmind_models flux",
    f"%segmind_models {FAST}",
    "%segmind_models nothing-like-it",
    "%segmind_jobs",
    "%segmind_jobs --model nothing",
    "%segmind_jobs --resume",
    "%segmind_jobs --stop",
    "%segmind_jobs --clean --older 3",
    "%segmind_jobs --clean",
    "%segmind_jobs ${jobs[0]}",
    "%segmind_spend",
    "%segmind_spend --by day --since 3",
    "%segmind_status",
    "%segmind_login --forget",
    "%segmind_login SG_0123456789abcdef",
    "%segmind_panel nothing",
    "%segmind_panel run",
)


def outcome(shell: Shell, line: str) -> set[str]:
    """What a line shows: its value, or its error."""
    shell.names["jobs"] = shell.client.jobs()
    try:
        value = shell.run(line)
    except SegmindError as error:
        return {error.message, error.hint}
    return {str(value), *texts(html_of(value))}


def test_the_magics(
    sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str], screen: Screen
) -> None:
    with open_shell(tmp_path, sandbox) as shell:
        for line in LINES:
            screen.seen |= outcome(shell, line)
        for name in PARSERS:
            screen.seen.add(getdoc(shell.ip.find_magic(name)) or "")
        screen.seen.add(capsys.readouterr().out)
    screen.check("typical cost", "typical time", "Nothing was sent", "list only unfinished jobs")


def is_sentence(text: str) -> bool:
    """Whether a text has two words, and is no SQL."""
    return " " in text.strip() and not re.match(r"\s*[A-Z]+ (TABLE|INDEX|INTO|FROM)\b", text)


def html_of(value: Any) -> str:
    """The HTML of a cell's value."""
    return getattr(value, "_repr_html_", lambda: "")() or ""


def literals(path: Path) -> Iterator[str]:
    """The texts of a module in its source, without docstrings; "{…}" for each expression."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            skipped.add(id(node.value))
        elif isinstance(node, ast.JoinedStr):
            skipped |= {id(part) for part in node.values}
            yield "".join(p.value if isinstance(p, ast.Constant) else "{…}" for p in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value if id(node) not in skipped and is_sentence(node.value) else ""


FOLDERS = sorted(
    {path.parent for path in PACKAGE.rglob("*.py")}
    - {PACKAGE / "exports"}  # programs
    - {PACKAGE / "sandbox" / "services", PACKAGE / "sandbox" / "artist"}
    - set((PACKAGE / "sandbox" / "artist").rglob("*"))
)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_messages_in_the_source(folder: Path) -> None:
    """Errors and labels, also those that no test meets; the sandbox speaks as the services do."""
    found = [
        f"{path.name}: {fault}"
        for path in folder.glob("*.py")
        if path.name not in ("synonyms.py", "_names.py")  # words of people and of services
        for fault in faults(literals(path))
    ]
    assert found == []


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.js")), ids=lambda path: path.name)
def test_the_labels_in_the_browser(path: Path) -> None:
    code = re.sub(r"^\s*//.*$|\s//\s.*$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    strings = re.findall(r"'[^'\n]*'|\"[^\"\n]*\"|`[^`]*`", code)
    labels = [
        text[1:-1]
        for text in strings
        if re.search(r"[a-z] [a-z]|^.[A-Z]", text) and "change:" not in text
    ]
    assert list(faults(labels)) == []


@pytest.mark.parametrize("phrase", sorted(PHRASES))
def test_the_list_has_a_better_word(phrase: str) -> None:
    assert PHRASES[phrase], "a banned phrase comes with the usual words"
    assert not re.search(rf"\b(?:{phrase})\b", PHRASES[phrase], re.IGNORECASE)


@pytest.mark.parametrize("label", sorted(LABELS))
def test_labels_are_found_as_a_whole(label: str) -> None:
    assert list(faults([label.title()])) != []
    assert LABELS[label].lower() not in LABELS
