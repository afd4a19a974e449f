"""Control characters of a service are escapes in every text: errors, reprs, tables, captions."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmind_widgets import Sweep, errors
from segmind_widgets.assets.answers import to_markdown
from segmind_widgets.assets.asset import Asset
from segmind_widgets.assets.media_types import suffix_of_address
from segmind_widgets.catalog.listings import parse_directory, parse_parameters
from segmind_widgets.client import SegmindClient
from segmind_widgets.errors import JobFailed, SegmindError
from segmind_widgets.jobs.job import Job
from segmind_widgets.markup import element
from segmind_widgets.notebook import listings
from segmind_widgets.printable import printable
from segmind_widgets.providers._errors import from_reply
from segmind_widgets.sandbox import Sandbox
from segmind_widgets.types import Model, Status
from segmind_widgets.widgets.base import error_text
from segmind_widgets.widgets.job_table import facts
from segmind_widgets.widgets.job_view import job_line
from segmind_widgets.widgets.pictures import Pictures
from tests.shells import Shell, open_shell

CONTROLS = "\x00\x07\x08\x0b\x1b\x7f\x80\x9b\x9f\u202a\u202e\u2066\u2069\u2028\ud800"
ESCAPE = "\x1b]0;title\x07\x1b[2J\x9b31m\u202egnp.exe\r"
HOSTILE = st.text(st.sampled_from([*CONTROLS, "a", "[", "]", "$", "<", "\\", "é", " "]), min_size=1)


def assert_inert(*texts: str) -> None:
    """No character that a terminal or a page acts on; none is lost without an escape."""
    for text in texts:
        acted_on = [c for c in text if c not in "\n\t" and unicodedata.category(c) in ("Cc", "Cs")]
        assert acted_on == [], ascii(text)
        assert not set(CONTROLS) & set(text), ascii(text)


@given(st.text(st.characters(codec=None)) | HOSTILE)
def test_a_printable_text_has_no_control_characters(text: str) -> None:
    shown = printable(text)
    assert_inert(shown)
    shown.encode()
    assert printable(shown) == shown


@pytest.mark.parametrize(
    "text", ["plain", "two\nlines\tand a tab", "é 漢字 👩‍👩‍👧 שלום\u200f مرحبا می\u200cخواهم"]
)
def test_other_texts_stay(text: str) -> None:
    assert printable(text) == text
    assert printable("a\r\nb") == "a\nb"


def job(text: str, **traits: Any) -> Job:
    inputs = {"prompt": text, f"name {text}": text}
    texts = dict.fromkeys(("id", "model", "provider_status", "message", "note"), text)
    return Job(**texts, observer_error=text, inputs=inputs, **traits)


def of_errors(text: str) -> list[str]:
    bodies = (
        json.dumps({"error": {"message": text, "type": text, "param": text}}),
        json.dumps({"detail": [{"loc": ["body", text], "msg": text}]}),
        f"<html><title>{text}</title><p>{text}</html>",
        text,
    )
    shown: list[str] = []
    for status, body in ((code, body) for code in (400, 406, 429, 502) for body in bodies):
        data = body.encode("utf-8", "surrogatepass")
        error = from_reply(status, {"x-request-id": text}, data)
        lines = error._render_traceback_()
        colored = f"\x1b[0;31m{type(error).__name__}\x1b[0m: "
        assert lines[0].startswith(colored)
        shown += [str(error), error.message, error.hint, error_text(error), repr(error)]
        shown += [lines[0].removeprefix(colored), *lines[1:], str(error.with_hint(text))]
    return shown


def of_every_error(text: str) -> list[str]:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    made = [
        kind(text, hint=text, request_id=text, type=text)
        for kind in kinds
        if issubclass(kind, SegmindError)
    ]
    assert len(made) > 20
    return [text for one in made for text in (str(one), one.hint, error_text(one), repr(one))]


def of_jobs(text: str) -> list[str]:
    answer = Asset(data=text.encode("utf-8", "replace"), declared_type="text/plain", name=text)
    jobs = (
        job(text),
        job(text, status=Status.COMPLETED, outputs=(answer,)),
        job(text, status=Status.COMPLETED, outputs=(answer, Asset(data=b"?", name=text))),
        job(text, status=Status.FAILED, error=JobFailed(text)),
    )
    shown: list[str] = []
    for one in jobs:
        line = job_line(one)
        shown += [repr(one), one.caption, one.line, *one._repr_mimebundle_().values()]
        shown += [line.text, line.sentence, one.to_html()]
        shown += [str(value) for value in facts(one).values()]
    return shown


def of_tables(text: str) -> list[str]:
    failed = job(text, status=Status.FAILED, error=JobFailed(text))
    schema = {"properties": {text: {"type": "string", "default": text, "description": text}}}
    model = Model(slug=text, name=text, modality=text, description=text, schema=schema)
    tables = (
        listings.jobs([failed]),
        listings.job(failed, text),
        listings.models([model, replace(model, provider="apimart")]),
        listings.parameters(model, text, 2.0, text),
        listings.uploads([Asset(url=f"https://a.example/{text}", name=text, note=text)]),
    )
    return [
        shown for table in tables for shown in (repr(table), *table._repr_mimebundle_().values())
    ]


def of_files(text: str) -> list[str]:
    address = f"https://a.example/{text}.{text}"
    assets = [Asset(url=address, name=text, note=text), Asset(data=b"?", name=text)]
    shown = [text for asset in assets for text in asset._repr_mimebundle_().values()]
    names = [*(asset.filename for asset in assets), suffix_of_address(address)]
    assert not any("\\" in name or "/" in name for name in names)
    return [*shown, *names, to_markdown(text), element("p", text, title=text)]


def of_lists(text: str) -> list[str]:
    record = {"id": "a", "name": text, "category": text, "description": text}
    row = f"| {text} | slug | {text} | {text} | 1 | 2 | x |"
    models = [parse_parameters(record), *parse_directory(row)]
    return [t for m in models if m for t in (m.name, m.modality, m.description)]


def of_widgets(text: str) -> list[str]:
    item = {"key": "k", "alt": text, "caption": text, "badge": text, "note": text, "name": text}
    pictures = Pictures(lambda _key, _side: (b"", ""), [item])
    try:
        pictures.say(text)
        shown = [*pictures.items[0].values(), pictures.note]
        pictures.say(text, error=True)
        return [*shown, pictures.error]
    finally:
        pictures.close()


SHOWN: tuple[Callable[[str], list[str]], ...] = (
    of_errors, of_every_error, of_jobs, of_tables, of_files, of_lists, of_widgets,
)  # fmt: skip


@pytest.mark.parametrize("shown", SHOWN, ids=lambda shown: shown.__name__)
@settings(max_examples=15)
@given(text=HOSTILE)
def test_no_text_holds_a_control_character(shown: Callable[[str], list[str]], text: str) -> None:
    assert_inert(*shown(text))
    assert any("\\x1b" in one or "</span>x1b" in one for one in shown("a\x1bb"))


def test_batches_and_plans_hold_none(client: SegmindClient) -> None:
    plan = client.plan("fast-flux-schnell", {"prompt": ESCAPE})
    rows = Sweep({}, {"prompt": [f"1{ESCAPE}", f"2{ESCAPE}"]})
    batch = client.map("fast-flux-schnell", rows, name=ESCAPE)
    batch.wait(30)
    batch.observer_error = ESCAPE
    texts = [str(plan), plan._repr_html_(), repr(batch), *batch._repr_mimebundle_().values()]
    assert_inert(*texts, repr(batch.failures), repr(batch.outputs), str(batch.plan))


@pytest.fixture
def shell(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    monkeypatch.chdir(tmp_path)
    with open_shell(tmp_path, sandbox) as opened:
        yield opened


@pytest.mark.parametrize("kind", ["job_failed", "refused"])
def test_a_terminal_shows_escapes_of_a_service(
    shell: Shell, sandbox: Sandbox, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    if kind == "job_failed":
        sandbox.faults.add("POST /v2/.*", "job_failed", words=ESCAPE)
    else:
        sandbox.faults.add("POST /v2/.*", 400, body={"error": ESCAPE})
    with pytest.raises(SegmindError) as caught:
        shell.run("%segmind_run fast-flux-schnell prompt=a")
    shell.run("%segmind_jobs")
    shell.run("print(get_ipython().run_line_magic('segmind_jobs', ''))")
    told = capsys.readouterr().out
    assert "\\x1b]0;title\\x07" in str(caught.value)
    assert_inert(str(caught.value))
    assert not set(ESCAPE) & set(CONTROLS) - {"\x1b"} & set(told)  # IPython colors with \x1b
    assert "\x1b]" not in told
    assert "\x1b[2J" not in told
