from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from IPython.core.completer import provisionalcompleter

from segmind_widgets.providers import PROVIDERS
from segmind_widgets.sandbox import Sandbox
from tests.shells import open_shell, quick

Completed = Callable[[str], dict[str, str]]


@pytest.fixture(scope="module")
def completed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Completed]:
    """What IPython offers at the `|` in a cell: each word with the text it replaces."""
    home = tmp_path_factory.mktemp("home")
    with Sandbox(artist=quick) as sandbox, open_shell(home, sandbox) as shell:
        completer = shell.ip.Completer
        assert completer is not None

        def complete(cell: str) -> dict[str, str]:
            cursor = cell.index("|")
            text = cell.replace("|", "")
            with provisionalcompleter():
                found = list(completer.completions(text, cursor))
            return {one.text: text[one.start : one.end] for one in found}

        yield complete


@pytest.mark.parametrize("start", ["%", "%%", "x = %", "import os\nx, y = %", "a = 1\n%"])
def test_models_on_a_line_and_on_a_cells_first(completed: Completed, start: str) -> None:
    assert completed(f"{start}segmind_run fast-f|") == {"fast-flux-schnell": "fast-f"}
    assert "seedream-4.5" in completed(f"{start}segmind_run |")


def test_options(completed: Completed) -> None:
    assert set(completed("%segmind_run flux-dev --s|")) == {"--seed", "--save", "--sweep"}
    assert set(completed("%%segmind_run flux-dev --d|\na fox")) == {"--dry-run"}
    assert set(completed("%segmind_jobs --l|")) == {"--last"}
    assert {"--resume", "--stop", "--clean"} <= set(completed("%segmind_jobs --|"))
    assert "--api" not in completed("%segmind_workflow x --|")


def test_values_of_options(completed: Completed) -> None:
    assert set(completed("%segmind_run --api |")) == {"auto", "v1", "v2"}
    assert set(completed("%segmind_run x --export c|")) == {"cell", "client", "curl"}
    assert set(completed("%segmind_jobs --status f|")) == {"failed"}
    assert set(completed("%segmind_spend --by |")) == {"model", "day", "notebook", "job"}
    assert completed("%segmind_run flux-dev -p api|") == {"apimart": "api"}
    assert {"image", "video", "audio", "text", "edit"} <= set(
        completed("%segmind_models --modality |")
    )
    assert completed("%segmind_models cat --modality vid|") == {"video": "vid"}
    assert set(completed("%segmind_login |")) == {"segmind", "apimart"} == set(PROVIDERS)
    assert set(completed("%segmind_run flux-dev -p |")) == {*PROVIDERS, "sandbox"}


def test_files_are_offered_where_a_file_is_named(
    completed: Completed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder := tmp_path / "pictures").mkdir()
    monkeypatch.chdir(folder)
    for name in ("photo.jpg", "photo two.png", "other.png", ".photo", "phone/a.png"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).touch()
    body = {"file:phone/", "file:photo.jpg", "file:photo two.png"}
    line = {"file:phone/", "file:photo.jpg", '"file:photo two.png"'}
    for cell in ("%%segmind_run kling-2.1\nimage: ", "%%segmind_workflow x\nimages:\n  - "):
        assert set(completed(f"{cell}file:pho|")) == body
    for cell in ("%segmind_run kling-2.1 image=", "%%segmind_workflow x image="):
        assert completed(f"{cell}file:pho|") == dict.fromkeys(line, "file:pho")
    assert completed("%segmind_run kling-2.1 image=file:phone/|").keys() == {"file:phone/a.png"}
    uploads = {"phone/", "photo.jpg", '"photo two.png"'}
    assert set(completed("%segmind_upload pho|")) == uploads
    assert set(completed("%segmind_upload other.png pho|")) == uploads
    assert set(completed("%segmind_upload -p apimart phone/|")) == {"phone/a.png"}


@pytest.mark.parametrize("flag", ["-p sandbox/apimart", "-papimart", "--provider=sandbox/apimart"])
def test_a_line_names_its_provider_also_on_the_sandbox(completed: Completed, flag: str) -> None:
    found = completed(f"%segmind_run {flag} gemini-3|")
    assert "gemini-3-pro-image-preview" in found
    assert completed(f"%segmind_run {flag} kling-2|") == {}


def test_tables_after_rows(
    completed: Completed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder := tmp_path / "tables").mkdir()
    monkeypatch.chdir(folder)
    for name in ("rows.csv", "rows.jsonl", "rows.txt", ".rows.csv", "data/more.TSV"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).touch()
    first = "segmind_run flux-dev --rows"
    assert set(completed(f"%%{first} |\nprompt: x")) == {"data/", "rows.csv", "rows.jsonl"}
    assert set(completed(f"%%{first} ro|\n")) == {"rows.csv", "rows.jsonl"}
    assert completed(f"%{first} data/m|") == {"data/more.TSV": "data/m"}
    assert set(completed("%segmind_workflow x --rows d|")) == {"data/"}


@pytest.mark.parametrize("magic", ["%%segmind_run flux-dev", "x = %segmind_workflow id"])
def test_tables_with_spaces_are_put_in_quotes(
    completed: Completed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, magic: str
) -> None:
    (folder := tmp_path / "spaces").mkdir()
    monkeypatch.chdir(folder)
    for name in ("my rows.csv", "my data/all of it.csv", 'a "b" c.csv'):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).touch()
    both = {'"my data/', '"my rows.csv"'}
    assert set(completed(f"{magic} --rows my|")) == both
    assert completed(f'{magic} --rows "my r|') == {'"my rows.csv"': '"my r'}
    assert completed(f"{magic} --rows 'my r|") == {"'my rows.csv'": "'my r"}
    assert completed(f'{magic} --rows="my data/a|') == {'"my data/all of it.csv"': '"my data/a'}
    assert set(completed(f"{magic} --rows a|")) == {"'a \"b\" c.csv'"}


def test_inputs_on_the_line(completed: Completed) -> None:
    assert completed("%segmind_run flux-dev asp|") == {"aspect_ratio=": "asp"}
    assert completed("%segmind_run flux-dev -o x --seed 3 prompt=fox gui|") == {"guidance=": "gui"}
    assert completed("%segmind_run flux-dev aspect_ratio=16|") == {"16:9": "16"}
    assert set(completed("%segmind_run fast-flux-schnell base64=|")) == {"true", "false"}


def test_inputs_in_the_cell(completed: Completed) -> None:
    first = "%%segmind_run fast-flux-schnell -o fox\n"
    assert completed(f"{first}asp|") == {"aspect_ratio: ": "asp"}
    assert completed(f"{first}prompt: fox\naspect_ratio: 4|\nsteps: 3") == {"4:3": "4"}
    assert set(completed(f"{first}base64: |")) == {"true", "false"}
    there = completed(f"{first}prompt: fox\n|")
    assert "steps: " in there
    assert "prompt: " not in there
    assert "steps: " not in completed(f"{first}prompt: a fox with ste|")


def test_other_cells_are_pythons(completed: Completed) -> None:
    assert "path" in completed("import os\n# %segmind_run flux-dev\nos.pat|")
    assert "flux-dev" not in completed("flux|")
    assert "fast-flux-schnell" not in completed("%timeit fast-f|")


def test_models_to_look_up(completed: Completed) -> None:
    assert completed("%segmind_models bg-r|") == {"bg-removal-v2": "bg-r"}


def test_where_the_services_cannot_be_reached_the_built_in_models_complete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_shell(tmp_path) as shell:
        monkeypatch.setenv("SEGMIND_API_KEY", "SG_0123456789abcdef")
        monkeypatch.setenv("SEGMIND_SITE_URL", "http://127.0.0.1:9")
        assert shell.ip.Completer is not None
        text = "%segmind_run fast-f"
        with provisionalcompleter():
            found = list(shell.ip.Completer.completions(text, len(text)))
        assert [one.text for one in found] == ["fast-flux-schnell"]
