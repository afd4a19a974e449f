"""A stranger's table sends no file from outside its own folder unless a person allows it."""

from __future__ import annotations

import builtins
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from segmind_widgets.errors import InputError
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
