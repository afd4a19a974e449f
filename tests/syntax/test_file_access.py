"""A stranger's table or code sends no file from outside its folder unless a person allows it."""

from __future__ import annotations

import builtins
import json
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from segmind_widgets.assets.recipes import Recipe, write
from segmind_widgets.errors import InputError, SegmindError
from segmind_widgets.panels.run import RunPanel
from segmind_widgets.panels.upload import UploadPanel
from segmind_widgets.sandbox import Sandbox
from tests.shells import Shell, open_shell, picture

CELL = "%segmind_run bg-removal-v2 --rows"
FORMS = ["absolute", "home", "up", "link"]


@pytest.fixture
def shell(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    for name in ("work", "elsewhere", "home"):
        (tmp_path / name).mkdir(exist_ok=True)
        (tmp_path / name / "cat.png").write_bytes(picture(color=(len(name), 2, 3)))
    monkeypatch.chdir(tmp_path / "work")
    with open_shell(tmp_path, sandbox) as opened:
        monkeypatch.setenv("HOME", str(tmp_path / "home"))
        monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
        yield opened


def named(form: str, folder: Path) -> str:
    """The text of a file outside the folder of the table."""
    if form == "link":
        if sys.platform == "win32":
            pytest.skip("links need a privilege there")
        (folder / "inside.png").symlink_to(folder.parent / "elsewhere" / "cat.png")
    texts = {
        "absolute": str(folder.parent / "elsewhere" / "cat.png"),
        "home": "~/cat.png",
        "up": "../elsewhere/cat.png",
        "link": "inside.png",
    }
    return f"file:{texts[form]}"


def table(form: str, kind: str, shell: Shell) -> Any:
    """A table of two rows, of which one names a file from elsewhere, as `--rows` takes it."""
    rows = [{"image": "file:cat.png"}, {"image": named(form, Path.cwd())}]
    if kind == "memory":
        shell.names["rows"] = rows
        return "$rows"
    text = "\n".join(["image", *(row["image"] for row in rows)])
    if kind == "jsonl":
        text = "\n".join(map(json.dumps, rows))
    Path(f"rows.{kind}").write_text(text)
    return f"rows.{kind}"


@pytest.mark.parametrize("kind", ["csv", "jsonl", "memory"])
@pytest.mark.parametrize("form", FORMS)
def test_it_is_refused_where_nobody_can_be_asked(
    shell: Shell, sandbox: Sandbox, form: str, kind: str
) -> None:
    rows = table(form, kind, shell)
    calls = [lambda: shell.run(f"{CELL} {rows} --yes")]
    if kind != "memory":
        calls.append(lambda: shell.client.map("bg-removal-v2", rows))
        calls.append(lambda: shell.client.plan_map("bg-removal-v2", rows))
    for call in calls:
        with pytest.raises(InputError, match="names a file outside its own folder, in ") as caught:
            call()
        assert "allow_files=True" in caught.value.hint
        assert "home" in str(caught.value) or "elsewhere" in str(caught.value) or form == "home"
    assert not sandbox.requests("POST")


def test_a_person_is_asked_once_for_the_whole_table(
    shell: Shell, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = ["image", *(named(form, Path.cwd()) for form in ("absolute", "home")), "file:cat.png"]
    Path("rows.csv").write_text("\n".join(text))
    asked: list[str] = []
    for answer in ("n", "y"):
        monkeypatch.setattr(builtins, "input", lambda text, a=answer: asked.append(text) or a)
        if answer == "n":
            with pytest.raises(InputError, match="2 files outside its own folder"):
                shell.run(f"{CELL} rows.csv")
            assert not sandbox.requests("POST")
        else:
            shell.run(f"{CELL} rows.csv")
    assert len(asked) == 2
    assert "rows.csv names 2 files outside its own folder, in " in asked[0]
    assert "elsewhere" in asked[0]
    assert len(sandbox.billed_posts) == 3


@pytest.mark.parametrize("kind", ["csv", "memory"])
def test_the_option_allows_it(shell: Shell, sandbox: Sandbox, kind: str) -> None:
    shell.run(f"{CELL} {table('up', kind, shell)} --allow-files")
    assert len(sandbox.billed_posts) == 2
    if kind == "csv":
        batch = shell.client.map("bg-removal-v2", "rows.csv", allow_files=True, again=True)
        assert batch.wait(30).failed == 0


def test_a_file_that_changes_after_it_was_checked_sends_nothing_else(
    shell: Shell, sandbox: Sandbox
) -> None:
    Path("rows.csv").write_text("image\nfile:cat.png\n")
    prepared = shell.client.prepared("bg-removal-v2", "rows.csv")
    Path("rows.csv").write_text(f"image\n{named('absolute', Path.cwd())}\n")
    batch = shell.client.batches.start(prepared, again=False, max_cost=None).wait(30)
    assert batch.failed == 1
    assert not sandbox.requests("POST")


# pasted code

CODE = {
    "python": """
import requests
requests.post("https://api.segmind.com/v1/bg-removal-v2", json={{"image": open({name!r}, "rb")}})
""",
    "helper": """
import base64, requests
def b64(path):
    with open(path, "rb") as file:
        return base64.b64encode(file.read()).decode()
data = {{"image": b64({name!r})}}
requests.post("https://api.segmind.com/v1/bg-removal-v2", json=data)
""",
    "curl": "curl https://api.segmind.com/v1/bg-removal-v2 -F image=@{name}",
    "upload": """
import base64, requests
data = "data:image/png;base64," + base64.b64encode(open({name!r}, "rb").read()).decode()
requests.post("https://workflows-api.segmind.com/upload-asset", json={{"data_urls": [data]}})
""",
}


def code(form: str, language: str) -> str:
    name = named(form, Path.cwd()).removeprefix("file:")
    return CODE[language].format(name=name)


def magic(language: str) -> str:
    return "%%segmind_upload" if language == "upload" else "%%segmind_run"


@pytest.mark.parametrize("language", CODE)
@pytest.mark.parametrize("form", FORMS)
def test_code_that_names_other_files_is_refused_where_nobody_can_be_asked(
    shell: Shell, sandbox: Sandbox, form: str, language: str
) -> None:
    text = code(form, language)
    for call in (
        lambda: shell.run(f"{magic(language)}\n{text}"),
        lambda: shell.client.read(text),
    ):
        with pytest.raises(
            InputError, match="names a file outside the notebook's folder"
        ) as caught:
            call()
        assert "allow_files=True" in caught.value.hint
        assert "--allow-files" in caught.value.hint
    assert not sandbox.requests("POST")
    assert shell.client.read(text, allow_files=True)


@pytest.mark.parametrize("language", CODE)
def test_a_person_is_asked_once_for_all_files_of_code(
    shell: Shell, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    asked: list[str] = []
    cell = f"{magic(language)}\n{code('absolute', language)}"
    for answer in ("n", "y"):
        monkeypatch.setattr(builtins, "input", lambda text, a=answer: asked.append(text) or a)
        if answer == "n":
            with pytest.raises(InputError, match="outside the notebook's folder"):
                shell.run(cell)
            assert not sandbox.requests("POST")
        else:
            shell.run(cell)
    assert len(asked) == 2
    assert "The code names a file outside the notebook's folder, in " in asked[0]
    assert sandbox.requests("POST")


@pytest.mark.parametrize("language", CODE)
def test_the_option_allows_the_files_of_code_and_those_beside_need_none(
    shell: Shell, sandbox: Sandbox, language: str
) -> None:
    shell.run(f"{magic(language)} --allow-files\n{code('up', language)}")
    sent = len(sandbox.requests("POST"))
    assert sent
    shell.run(f"{magic(language)}\n{CODE[language].format(name='cat.png')}")
    assert len(sandbox.requests("POST")) > sent


@pytest.mark.parametrize("language", ["python", "helper"])
def test_a_panel_leaves_other_files_out_until_they_are_chosen(
    shell: Shell, sandbox: Sandbox, language: str
) -> None:
    panel = RunPanel(client=shell.client, names={})
    with pytest.raises(InputError, match="outside the notebook's folder") as caught:
        panel.read(code("absolute", language))
    assert "Choose these files in the form" in caught.value.hint
    assert panel.form.files["image"].value is None
    panel.read(CODE[language].format(name="cat.png"))
    assert panel.form.files["image"].value.path == Path("cat.png").resolve()
    panel.close()
    assert not sandbox.requests("POST")


def test_an_upload_panel_takes_no_other_files_from_code(shell: Shell, sandbox: Sandbox) -> None:
    panel = UploadPanel(client=shell.client, names={})
    with pytest.raises(InputError, match="outside the notebook's folder"):
        panel._add_code(shell.client.read(code("home", "upload"), allow_files=True))
    assert panel.assets == []
    panel.close()
    assert not sandbox.requests("POST")


# texts that look like files

TEXTS = ["file:{path}", "{path}", "~/cat.png", "../elsewhere/cat.png", "cat.png"]


@pytest.mark.filterwarnings("ignore::UserWarning")  # that they are no addresses
@pytest.mark.parametrize("text", TEXTS)
def test_a_text_in_a_recipe_or_in_pasted_inputs_is_no_file(
    shell: Shell, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    text = text.format(path=Path("../elsewhere/cat.png").resolve())
    shell.client.check_inputs = "warn"
    path = Path("shared.png")
    path.write_bytes(picture())
    monkeypatch.setattr(Recipe, "shortened", lambda self, _: self)  # a stranger's is as it is
    assert write(path, Recipe("bg-removal-v2", inputs={"image": text}))
    for run in (
        lambda: shell.client.from_image(path).rerun().wait(30),
        lambda: shell.run(f"%segmind_run --from {path} --again"),
        lambda: shell.run(f"%%segmind_run bg-removal-v2 --paste\n{json.dumps({'image': text})}"),
    ):
        with suppress(SegmindError):  # the sandbox refuses such a text
            run()
    assert [record.json["image"] for record in sandbox.requests("POST")] == [text] * 3
    panel = RunPanel("bg-removal-v2", client=shell.client, names={})
    with pytest.raises(ValueError, match="no address"):
        panel.form.files["image"].value = text
    with suppress(InputError):
        panel.read(json.dumps({"image": text}))
    assert panel.form.files["image"].value is None
    panel.close()
