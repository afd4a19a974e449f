"""The README says what is so, and CI runs what the README says."""

from __future__ import annotations

import re
from pathlib import Path

import segmind_widgets
from segmind_widgets.notebook.arguments import PARSERS
from tests.browser.pages import README as PICTURES

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def test_the_two_commands_are_in_the_readme_as_they_stand() -> None:
    lines = README.splitlines()
    assert 'pip install -e ".[demo]" && jupyter lab notebooks/quickstart.ipynb' in lines
    assert 'pip install -e ".[test]" && pytest' in lines


def test_ci_takes_the_readmes_own_test_command() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    pattern = re.search(r"grep -oE '([^']+)' README.md", script)
    assert pattern
    assert re.search(pattern[1].replace(r"\.", "."), 'pip install -e ".[test]" && pytest')
    assert "chromium" in script


def test_every_magic_is_in_the_readme() -> None:
    assert set(re.findall(r"`%{1,2}(segmind_\w+)", README)) >= set(PARSERS)


def test_pictures_and_links_of_the_readme_exist() -> None:
    local = [link for link in re.findall(r"\]\(([^)]+)\)", README) if "://" not in link]
    assert local
    assert [link for link in local if not (ROOT / link).exists()] == []


def test_the_browser_tests_make_the_pictures_of_the_readme() -> None:
    """`UPDATE_README_PICTURES=1 pytest tests/browser` writes them."""
    linked = set(re.findall(r"\]\(docs/images/(\w+)\.jpg\)", README))
    assert linked == set(PICTURES.values())
    assert {path.stem for path in (ROOT / "docs" / "images").iterdir()} == linked
    tests = "".join(path.read_text() for path in (ROOT / "tests" / "browser").glob("test_*.py"))
    for name in PICTURES:
        assert re.search(rf'"{re.sub(r"-[0-9]+$", "", name)}[-"]', tests), name


def test_the_public_names_are_these() -> None:
    names = {"Asset", "Job", "Sandbox", "SegmindClient", "Sweep", "__version__", "errors"}
    assert set(segmind_widgets.__all__) == names
    assert all(getattr(segmind_widgets, name) is not None for name in names)


def test_no_registry_host_is_named_in_what_is_committed() -> None:
    registries = ("pypi", "pythonhosted", "npmjs", "debian")
    hosts = re.compile(rf"\b({'|'.join(registries)})\.(org|com|net)\b")
    texts = [
        p for p in ROOT.rglob("*") if p.suffix in {".py", ".md", ".toml", ".ipynb", ".yml", ""}
    ]
    tracked = [p for p in texts if p.is_file() and not {".git", ".venv"} & set(p.parts)]
    assert [str(p) for p in tracked if hosts.search(p.read_text("utf-8", "ignore"))] == []
