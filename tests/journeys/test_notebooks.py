"""The notebooks run from top to bottom, as a reader runs them: no key, no network."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbconvert import HTMLExporter, MarkdownExporter

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
LARGEST = 200_000  # bytes of a notebook as it is committed


PROMISE = "At the end of this notebook you will have "
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
CLOSED = "http://127.0.0.1:9"  # a proxy that answers nothing
each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


@each_notebook
def test_a_notebook_is_committed_without_outputs(path: Path) -> None:
    notebook = nbformat.read(path, 4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert code
    assert not any(cell.outputs or cell.execution_count for cell in code)
    assert path.stat().st_size < LARGEST


@each_notebook
def test_a_notebook_is_committed_without_metadata(path: Path) -> None:
    notebook = nbformat.read(path, 4)
    assert notebook.metadata == {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    assert not any(cell.metadata or cell.get("attachments") for cell in notebook.cells)
    names = [cell.id for cell in notebook.cells]
    assert len(set(names)) == len(names)


@each_notebook
def test_a_notebook_begins_with_what_the_reader_will_have(path: Path) -> None:
    first = nbformat.read(path, 4).cells[0]
    assert first.cell_type == "markdown"
    title, promise, *_ = re.split(r"\n{2,}", first.source)
    assert re.fullmatch(r"# \S.*", title)
    assert promise.startswith(PROMISE)
    assert len(re.findall(r"[.!?](?=\s|$)", promise)) <= 2  # sentences
    assert "*sandbox*" in first.source  # what it runs on, and that nothing is billed


@each_notebook
def test_a_notebook_ends_with_where_to_go(path: Path) -> None:
    last = nbformat.read(path, 4).cells[-1]
    assert last.cell_type == "markdown"
    *_, following = re.split(r"^## ", last.source, flags=re.MULTILINE)
    assert following.startswith("Next\n")
    assert re.search(r"\]\([^)]+\)", following)


@each_notebook
def test_the_links_of_a_notebook_lead_to_files(path: Path) -> None:
    texts = [c.source for c in nbformat.read(path, 4).cells if c.cell_type == "markdown"]
    links = re.findall(r"\]\(([^)]+)\)", "\n".join(texts))
    assert links
    assert [link for link in links if not (path.parent / link).is_file()] == []


def test_the_quickstart_names_all_notebooks_and_shows_a_panel() -> None:
    cells = nbformat.read(NOTEBOOKS[0].with_name("quickstart.ipynb"), 4).cells
    for path in NOTEBOOKS:
        assert path.stem == "quickstart" or f"]({path.name})" in cells[-1].source
    panels = [c for c in cells if c.cell_type == "code" and "%segmind_panel" in c.source]
    assert len(panels) == 1


GROUPED = [  # a notebook runs once: its tests share a process
    pytest.param(path, id=path.stem, marks=pytest.mark.xdist_group(path.stem)) for path in NOTEBOOKS
]


@pytest.fixture(scope="module", params=GROUPED)
def executed(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A notebook after its cells ran without a network, in a folder and with a home of its own."""
    folder = tmp_path_factory.mktemp("notebook")
    notebook = nbformat.read(request.param, 4)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(folder))
        patch.setenv("SEGMIND_WIDGETS_HOME", str(folder / "home"))
        patch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
        for name in ("SEGMIND_API_KEY", "APIMART_API_KEY", "SEGMIND_WIDGETS_PROVIDER"):
            patch.delenv(name, raising=False)
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
            patch.setenv(name, CLOSED)
        for name in ("NO_PROXY", "no_proxy"):
            patch.setenv(name, "127.0.0.1,localhost")
        resources = {"metadata": {"path": str(folder)}}
        NotebookClient(notebook, timeout=60, resources=resources).execute()
    return notebook


def outputs(notebook: Any) -> list[Any]:
    return [o for cell in notebook.cells if cell.cell_type == "code" for o in cell.outputs]


def test_every_run_leaves_one_static_picture(executed: Any) -> None:
    runs = [c for c in executed.cells if c.source.startswith(("%%segmind_run", "%%segmind_work"))]
    assert runs or "%segmind_panel" in str(executed.cells)
    for cell in runs:
        shown = [o.data["text/html"] for o in cell.outputs if "text/html" in o.get("data", {})]
        shown = [html for html in shown if ">Note: " not in html]
        assert len(shown) == 1, cell.source
        assert "<img src=" in shown[0]
        assert "sandbox" in shown[0]


def test_nothing_is_printed_to_stderr_and_no_image_is_in_the_widgets(executed: Any) -> None:
    assert [o.text for o in outputs(executed) if o.get("name") == "stderr"] == []
    assert "data:image" not in str(executed.metadata.get("widgets", ""))


def test_it_shows_as_html_without_a_kernel(executed: Any) -> None:
    page, _ = HTMLExporter().from_notebook_node(executed)
    runs = sum(c.source.startswith(("%%segmind_run", "%%segmind_work")) for c in executed.cells)
    assert page.count("data:image/") >= runs
    text, _ = MarkdownExporter().from_notebook_node(executed)
    assert text.count("data:image/") >= runs


def test_it_stays_small(executed: Any) -> None:
    assert len(nbformat.writes(executed)) < 1_500_000
