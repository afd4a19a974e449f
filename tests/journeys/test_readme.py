"""A reader of the README can run what it shows, with nothing but what it shows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from segmind_widgets.sandbox import Sandbox
from segmind_widgets.settings import Settings
from tests.shells import open_shell

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")


def section(title: str) -> str:
    """Return the text below a heading, up to the next one of the same or a higher level."""
    (level,) = re.findall(rf"^(#+) {re.escape(title)}$", README, re.MULTILINE)
    text = README.partition(f"{level} {title}\n")[2]
    return re.split(rf"^#{{1,{len(level)}}} ", text, maxsplit=1, flags=re.MULTILINE)[0]


def cells(text: str) -> list[str]:
    """Return the blocks of code of a text."""
    return re.findall(r"^```\w*\n(.*?)\n```$", text, re.MULTILINE | re.DOTALL)


def test_the_first_cells_run_in_an_empty_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    monkeypatch.chdir(folder)
    load, *others = cells(section("First cells"))
    assert load == "%load_ext segmind_widgets"
    assert len(others) == 3
    with Sandbox(speed=50) as sandbox, open_shell(tmp_path, sandbox) as shell:
        jobs = [shell.run(cell) for cell in others]
        assert [job.status for job in jobs] == ["completed"] * len(jobs)
        shell.run("%segmind_jobs --unfinished")
        shell.run("%segmind_jobs --resume")
        assert shell.run(f"%segmind_jobs {jobs[0].id[:8]}").id == jobs[0].id
        assert shell.client.resume(jobs[0].id).id == jobs[0].id


def test_the_inputs_of_all_cells_are_known_to_their_models(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.csv").write_text("prompt\na red fox\n")
    runs = [cell for cell in cells(README) if cell.startswith("%%segmind_run")]
    with Sandbox(speed=50) as sandbox, open_shell(tmp_path, sandbox) as shell:
        shell.run(runs[0])
        for cell in runs:
            first, _, body = cell.partition("\n")
            assert not shell.run(f"{first} --dry-run\n{body}").notes, cell
    assert len(runs) > 3


def test_the_first_cells_name_no_file_and_no_undefined_variable() -> None:
    text = "\n".join(cells(section("First cells")))
    assert re.findall(r"\w\.(?:jpe?g|png|webp|gif|mp4|csv|py)\b|file:", text) == []
    assigned = re.findall(r"-o (\w+)", text)
    assert set(re.findall(r"\$\{?(\w+)", text)) <= set(assigned)


def test_the_settings_of_the_readme_exist() -> None:
    rows = re.findall(r"^\| (`.+?`) \|", section("Keys and settings"), re.MULTILINE)
    names = re.findall(r"`(\w+)`", " ".join(rows))
    assert "live" in names
    assert set(names) <= set(Settings.class_trait_names(config=True))
    named = set(re.findall(r"%config SegmindClient\.(\w+)", README))
    assert named <= set(Settings.class_trait_names(config=True))
    (row,) = [line for line in README.splitlines() if line.startswith("| `live` |")]
    assert set(re.findall(r'`"(\w+)"`', row)) == set(Settings.live.values or ())


def test_links_within_the_readme_lead_to_headings() -> None:
    headings = re.findall(r"^#+ (.+)$", README, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}
    links = set(re.findall(r"\]\(#([^)]+)\)", README))
    assert links
    assert links <= anchors
