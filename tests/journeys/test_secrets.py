"""The key in nothing that is written or shown: everything is run, and everything is searched."""

from __future__ import annotations

import base64
import contextlib
import json
import logging
import pickle
import re
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from segmind_widgets.errors import SegmindError
from segmind_widgets.jobs.job import Job
from segmind_widgets.sandbox import Sandbox
from tests.shells import Shell, execute, notebook, open_shell, picture

WORKFLOW = "65c9c7f641c340d7ef2f7134-v1"
FORMS = ("cell", "client", "python", "curl")
SENT = re.compile(r"\b(GET|POST) ")

WELL = (
    "%segmind_status",
    "%segmind_status -p apimart",
    "%segmind_upload cat.png -o cat",
    "%segmind_upload cat.png -p apimart",
    "%segmind_models seedream",
    "%%segmind_run seedream-4.5 -o one\nprompt: a fox\nimage_input: [$cat]",
    "%segmind_run fast-flux-schnell --api v1 -o two --seed 3 prompt=fox --save saved",
    "%segmind_run instantid face_image=file:cat.png prompt=x -o three",
    f"%segmind_workflow {WORKFLOW} background=$cat -o four",
    "%segmind_run -p apimart gemini-3-pro-image-preview prompt=fox -o five",
    "%segmind_run flux-dev --sweep seed=1,2 --yes prompt=fox -o many",
    "%segmind_run flux-dev --dry-run prompt=fox",
    "%segmind_jobs",
    "%segmind_jobs $one",
    "%segmind_jobs --resume",
    "%segmind_jobs --clean --older 0",
    "%segmind_spend",
    "%segmind_run --from $two -q prompt=dog",
    "two.rerun(prompt='cat').wait(20)",
    "%config SegmindClient",
    "many",
    *(f"print({name}.export({form!r}))" for name in ("two", "four", "five") for form in FORMS),
)
BADLY: tuple[tuple[str, str | int, str], ...] = (  # what fails, how, and the cell
    ("POST /v2/.*", 400, "%segmind_run flux-dev prompt=a"),
    ("POST /v2/.*", 401, "%segmind_run flux-dev prompt=b"),
    ("POST /v2/.*", 500, "%segmind_run flux-dev prompt=c"),
    ("POST /v1/.*", "reset_after", "%segmind_run fast-flux-schnell --api v1 prompt=d"),
    ("POST /v1/.*", "bad_json", "%segmind_run fast-flux-schnell --api v1 prompt=e"),
    ("POST /workflows/.*", "redirect", f"%segmind_workflow {WORKFLOW}"),
    ("POST /workflows/.*", "cut", f"%segmind_workflow {WORKFLOW} --again"),
    ("POST /v2/.*", "job_failed", "%segmind_run flux-dev prompt=f"),
    ("GET /outputs/.*", "expired", "%segmind_run flux-dev prompt=g"),
    ("GET /v2/.*", "redirect", "%segmind_run flux-dev prompt=h --timeout 3"),
    ("POST /v1/uploads/images", 413, "%segmind_upload -p apimart --force cat.png"),
    ("POST /v1/images/generations", 400, "%segmind_run -p apimart gemini-x prompt=i"),
    ("GET .*credits", "html_502", "%segmind_login segmind --wrong"),
)


@pytest.fixture
def shell(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cat.png").write_bytes(picture())
    with open_shell(tmp_path, sandbox) as opened:
        yield opened


class Search:
    """The keys of a sandbox, as they might be written somewhere."""

    def __init__(self, sandbox: Sandbox) -> None:
        keys = [value for name, value in sandbox.environ.items() if name.endswith("_KEY")]
        assert len(keys) == 2
        self.keys = keys
        forms = {form for key in keys for form in (key, quote(key, safe=""), key[:-4], key[4:])}
        forms |= {base64.b64encode(key.encode()).decode().rstrip("=")[:-1] for key in keys}
        self._signs = [form.encode() for form in forms]

    def holds(self, data: str | bytes) -> bool:
        """A key, or most of one, is in it."""
        data = data.encode("utf-8", "replace") if isinstance(data, str) else data
        return any(sign in data for sign in self._signs)

    def leaks(self, folder: Path) -> list[str]:
        """The files with a key in them, or in their names."""
        files = [path for path in folder.rglob("*") if path.is_file()]
        assert files
        return [str(p) for p in files if self.holds(p.read_bytes()) or self.holds(str(p))]


@pytest.fixture
def search(sandbox: Sandbox) -> Search:
    return Search(sandbox)


def told(error: BaseException) -> str:
    """All that a traceback can show of an error, with every variable on its way."""
    assert error.__traceback__
    ours = error.__traceback__.tb_next  # without the test's own variables
    shown = traceback.TracebackException(type(error), error, ours, capture_locals=True)
    facts = [repr(error), str(error), repr(vars(error)), repr(error.__dict__)]
    return "\n".join([*facts, *shown.format()])


def values(shell: Shell) -> Iterator[str | bytes]:
    """What the objects that a person can get hold of say of themselves, and as a pickle."""
    client, session = shell.client, shell.client.session
    jobs = client.jobs(100)
    things = [client, *jobs, *session.store.jobs(100), session, session.keys, session.endpoints,
              session.jobs,
              client.plan("flux-dev", {"prompt": "x"}), *client.spend(), client.credits(),
              session.endpoints.choose("segmind"), session.endpoints.choose("segmind").transport,
              *(asset for job in jobs for asset in job.outputs),
              *(job.error for job in jobs if job.error)]  # fmt: skip
    pickled = 0
    for thing in things:
        yield f"{thing!r} {thing!s} {getattr(thing, 'hint', '')}"
        yield repr(getattr(thing, "trait_values", dict)())
        for name in ("_repr_html_", "_repr_mimebundle_"):
            if hasattr(thing, name):
                yield str(getattr(thing, name)())
        with contextlib.suppress(Exception):  # what has threads and locks is no pickle
            yield pickle.dumps(thing)
            pickled += 1
    assert pickled > len(jobs)


def test_the_search_finds_what_is_hidden(search: Search, tmp_path: Path) -> None:
    for number, key in enumerate(search.keys):
        (tmp_path / f"{number}").write_bytes(b"\0\xff" + key.encode() + b"!")
        assert search.holds(base64.b64encode(key.encode()))
        assert search.holds(json.dumps({"Authorization": f"Bearer {key}"}))
    assert len(search.leaks(tmp_path)) == len(search.keys)
    assert not search.holds("SG_ and …abc are no keys")


def test_the_key_is_nowhere(
    shell: Shell,
    sandbox: Sandbox,
    search: Search,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    shell.run("%xmode Verbose")
    for cell in WELL:
        shell.run(cell)
    failed: list[str] = []
    for match, kind, cell in BADLY:
        # a service may repeat its key in its words or in a header
        key = sandbox.environ["APIMART_API_KEY" if "apimart" in cell else "SEGMIND_API_KEY"]
        repeated = {"body": {"error": f"no: {key}"}, "headers": {"X-Request-Id": key}}
        more: dict[str, Any] = repeated if isinstance(kind, int) else {}
        sandbox.faults.clear()
        sandbox.faults.add(match, kind, times=None, **more)
        try:
            shell.run(cell)
        except SegmindError as error:
            failed.append(told(error))
    sandbox.faults.clear()
    assert len(failed) >= len(BADLY) - 2, "one or two are found in the history"
    assert any("[key]" in text for text in failed), "what was repeated is left out"
    shown = capsys.readouterr()
    assert SENT.search(caplog.text), "the log of urllib3 is searched, too"
    assert not search.holds(caplog.text + repr([record.args for record in caplog.records]))
    assert not search.holds(shown.out + shown.err)
    assert [text for text in failed if search.holds(text)] == []
    assert [text for text in values(shell) if search.holds(text)] == []
    assert isinstance(shell.names["one"], Job)
    assert search.leaks(tmp_path) == []
    assert (tmp_path / "widgets" / "journal.sqlite").exists()
    assert list((tmp_path / "saved").iterdir())


def test_a_saved_notebook_has_no_key_in_it(
    sandbox: Sandbox, search: Search, tmp_path: Path
) -> None:
    book = notebook(
        "%segmind_status",
        "%segmind_run flux-dev prompt=fox -o fox",
        "%segmind_panel run flux-dev",
        "%segmind_panel workflow",
        "%segmind_panel jobs",
        "%segmind_panel gallery",
        "from segmind_widgets import SegmindClient\nSegmindClient.instance()",
        "fox.rerun().wait(20)",
    )
    done = execute(book, tmp_path, sandbox, store_widget_state=True)
    assert done.metadata["widgets"], "the panels' state is in it"
    assert not search.holds(json.dumps(done))
    assert search.leaks(tmp_path) == []


def test_a_key_that_was_typed_is_nowhere_either(
    sandbox: Sandbox, search: Search, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setattr("getpass.getpass", lambda *_, **__: search.keys[0])
    with open_shell(tmp_path, sandbox) as shell:
        monkeypatch.delenv("SEGMIND_API_KEY")
        shell.run("%segmind_login")
        shell.run("%segmind_status")
        shell.run("%segmind_run flux-dev prompt=fox")
        assert [text for text in values(shell) if search.holds(text)] == []
        assert not search.holds(repr(shell.names["In"]))
    assert len(sandbox.billed_posts) == 1
    assert not search.holds("".join(capsys.readouterr()))
    assert search.leaks(tmp_path) == []
