"""What runs leave in a notebook that nbclient saves, as papermill and `jupyter execute` do."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from PIL import Image
from table import Row, show

MANY = 20
AIM = 20.0  # kB of widget state
_TEXT_RUN = '%segmind_run fast-flux-schnell prompt="a fox" seed={number}'
_FILE_RUN = "%segmind_run bg-removal-v2 image=file:{number}.png type=white"


def rows(*, tiny: bool = False) -> list[Row]:
    """kB of widget state and of the whole file, beside IPython's own display of the pictures."""
    count = 3 if tiny else MANY
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        runs = [_run(home, number) for number in range(count)]
        ours = _executed(home, "%load_ext segmind_widgets", *runs)
        found = (home / "store" / "results").glob("*/*.*")
        files = sorted(path for path in found if path.suffix != ".json")  # of the replies
        plain = [f"from IPython.display import Image\nImage({str(file)!r})" for file in files]
        theirs = _executed(home, *plain)
    _check(ours, theirs, count)
    what, peer = f"runs saved by nbclient, {count}", "IPython.display.Image"
    return [
        Row(f"{what}: widget state", "kB", _state(ours), peer, _state(theirs), AIM),
        Row(f"{what}: the whole file", "kB", _whole(ours), peer, _whole(theirs)),
    ]


def _run(folder: Path, number: int) -> str:
    """Return a cell; every second one uploads a file of its own."""
    if number % 2 == 0:
        return _TEXT_RUN.format(number=number)
    Image.linear_gradient("L").rotate(number).save(folder / f"{number}.png")
    return _FILE_RUN.format(number=number)


def _executed(home: Path, *cells: str) -> nbformat.NotebookNode:
    """Run the cells on the built-in sandbox, in a kernel without keys."""
    foreign = ("SEGMIND_", "APIMART_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    own = {
        "SEGMIND_WIDGETS_HOME": str(home / "store"),
        "IPYTHONDIR": str(home / "ipython"),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
    }
    code = [nbformat.v4.new_code_cell(cell) for cell in cells]
    book = nbformat.v4.new_notebook(cells=code)
    client = NotebookClient(book, timeout=60, kernel_name="python3")
    return client.execute(env={**kept, **own}, cwd=str(home))


def _check(ours: nbformat.NotebookNode, theirs: nbformat.NotebookNode, count: int) -> None:
    """A figure counts only where both notebooks show all pictures."""
    shown = sum("<img" in str(cell.outputs) for cell in ours.cells)
    plain = sum("image/" in str(cell.outputs) for cell in theirs.cells)
    if (shown, plain) != (count, count):
        raise RuntimeError(f"{shown} and {plain} of {count} pictures are in the notebooks.")


def _state(book: nbformat.NotebookNode) -> float:
    widgets = book.metadata.get("widgets")
    return len(json.dumps(widgets)) / 1000 if widgets else 0.0


def _whole(book: nbformat.NotebookNode) -> float:
    return len(nbformat.writes(book)) / 1000


if __name__ == "__main__":
    show(rows())
