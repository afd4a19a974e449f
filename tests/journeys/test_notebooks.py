"""The notebooks run from top to bottom, as a reader runs them: no key, no network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbconvert import HTMLExporter

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
LARGEST = 200_000  # bytes of a notebook as it is committed


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_committed_without_outputs(path: Path) -> None:
    notebook = nbformat.read(path, 4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert code
    assert not any(cell.outputs or cell.execution_count for cell in code)
    assert "widgets" not in notebook.metadata
    assert path.stat().st_size < LARGEST


GROUPED = [  # a notebook runs once: its tests share a process
    pytest.param(path, id=path.stem, marks=pytest.mark.xdist_group(path.stem)) for path in NOTEBOOKS
]


@pytest.fixture(scope="module", params=GROUPED)
def executed(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A notebook after its cells ran, in a folder and with a home of its own."""
    folder = tmp_path_factory.mktemp("notebook")
    notebook = nbformat.read(request.param, 4)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(folder))
        patch.setenv("SEGMIND_WIDGETS_HOME", str(folder / "home"))
        patch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
        for name in ("SEGMIND_API_KEY", "APIMART_API_KEY", "SEGMIND_WIDGETS_PROVIDER"):
            patch.delenv(name, raising=False)
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
        assert len(shown) == 1, cell.source
        assert "<img src=" in shown[0]
        assert "sandbox" in shown[0]


def test_nothing_is_printed_to_stderr_and_no_image_is_in_the_widgets(executed: Any) -> None:
    assert [o.text for o in outputs(executed) if o.get("name") == "stderr"] == []
    assert "data:image" not in str(executed.metadata.get("widgets", ""))


def test_it_shows_as_html_without_a_kernel(executed: Any) -> None:
    page, _ = HTMLExporter().from_notebook_node(executed)
    assert page.count("data:image/") >= (0 if "%segmind_panel" in page else 4)


def test_it_stays_small(executed: Any) -> None:
    assert len(nbformat.writes(executed)) < 1_500_000
