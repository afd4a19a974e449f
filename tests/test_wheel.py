"""The wheel has what a user needs and nothing else, and its page has links that work anywhere."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from email.message import Message
from email.parser import BytesParser
from pathlib import Path
from zipfile import ZipFile

import pytest

from segmind_widgets import __version__

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.xdist_group("wheel")  # it is built once


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ZipFile]:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (path,) = folder.glob("*.whl")
    with ZipFile(path) as archive:
        yield archive


def metadata(wheel: ZipFile) -> Message:
    """Return the package's description, as an index shows it."""
    data = wheel.read(f"segmind_widgets-{__version__}.dist-info/METADATA")
    return BytesParser().parsebytes(data)


def test_it_has_the_files_of_the_package_and_no_others(wheel: ZipFile) -> None:
    package = ROOT / "segmind_widgets"
    files = {path for path in package.rglob("*") if path.is_file() and path.suffix != ".pyc"}
    names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert names == {path.relative_to(ROOT).as_posix() for path in files}
    assert {"segmind_widgets/catalog/models.json", "segmind_widgets/py.typed"} <= names
    assert any(name.startswith("segmind_widgets/widgets/static/") for name in names)


def test_it_carries_its_licence(wheel: ZipFile) -> None:
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in wheel.namelist())
    assert metadata(wheel)["License-Expression"] == "Apache-2.0"


def test_links_and_pictures_of_its_page_are_absolute(wheel: ZipFile) -> None:
    page = metadata(wheel).get_payload()
    assert isinstance(page, str)
    links = re.findall(r"\]\(([^)]+)\)", page)
    assert [link for link in links if not link.startswith(("https://", "#"))] == []
    release = rf"segmind-widgets/segmind-widgets/(?:blob/)?v{re.escape(__version__)}/(.+)"
    local = [match[1] for link in links if (match := re.search(release, link))]
    readme = (ROOT / "README.md").read_text("utf-8")
    assert local == re.findall(r"\]\((?!https?:|#)([^)]+)\)", readme)
    assert all((ROOT / path).exists() for path in local)
    pictures = re.findall(r"!\[[^]]*\]\(([^)]+)\)", page)
    hosts = {link.split("/")[2] for link in pictures}
    assert hosts <= {"raw.githubusercontent.com", "mybinder.org", "colab.research.google.com"}


def test_its_python_versions_are_those_that_ci_runs(wheel: ZipFile) -> None:
    classifiers = metadata(wheel).get_all("Classifier", [])
    prefix = "Programming Language :: Python :: 3."
    versions = [f"3.{one.removeprefix(prefix)}" for one in classifiers if one.startswith(prefix)]
    script = (ROOT / ".ci" / "pythons.py").read_text("utf-8")
    assert re.search(r"VERSIONS = \(([^)]+)\)", script)[1].replace('"', "") == ", ".join(versions)
    workflow = (ROOT / ".github" / "workflows" / "tests.yml").read_text("utf-8")
    assert all(f'"{version}"' in workflow for version in versions)


def test_extras_are_these(wheel: ZipFile) -> None:
    extras = metadata(wheel).get_all("Provides-Extra", [])
    assert set(extras) == {
        "all",
        "browser",
        "dask",
        "demo",
        "fsspec",
        "heic",
        "lint",
        "paste",
        "peers",
        "test",
    }
