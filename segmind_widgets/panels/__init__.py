"""Complete panels over the client and its jobs: traits and layout, no protocol code.

To add a panel, write a file with one class of the same name: `panels/run.py` has `RunPanel`, which
`%segmind_panel run` shows. Instructions are in `_base.py`. Panels are imported on first use.
"""

from __future__ import annotations

import re
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segmind_widgets.errors import InputError, NotFound
from segmind_widgets.likeness import did_you_mean

if TYPE_CHECKING:
    from segmind_widgets.panels._base import Panel


def names() -> list[str]:
    """Return the names of all panels: the files of this folder."""
    folder = Path(__file__).parent
    return sorted(path.stem for path in folder.glob("[!_]*.py"))


def find(name: str) -> type[Panel]:
    """Return the panel class of that name, or the one in your own file, such as `tile.py`.

    Raises:
        NotFound: there is no such panel or file.
        InputError: the file has no class with the name of the file.
    """
    if name.endswith(".py"):
        return _in_file(Path(name).expanduser())
    if name not in names():
        raise NotFound(
            f"There is no panel {name!r}.{did_you_mean(name, names())}",
            hint=f"The panels are {', '.join(names())}; or give FILE.py.",
        )
    return _panel_of(import_module(f"{__name__}.{name}"), name)


def _in_file(path: Path) -> type[Panel]:
    if not path.is_file():
        from segmind_widgets.assets.folders import no_file

        raise NotFound(no_file(str(path)), hint="Check the name.")
    spec = spec_from_file_location(f"{__name__}.{path.stem}_file", path)
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return _panel_of(module, path.stem)


def _panel_of(module: Any, name: str) -> type[Panel]:
    class_name = f"{re.sub('[^a-z0-9]', '', name.lower())}panel"
    for attribute, value in vars(module).items():
        if attribute.lower() == class_name:
            return value
    class_name = "".join(part.capitalize() for part in re.split("[^A-Za-z0-9]+", name)) + "Panel"
    raise InputError(
        f"{module.__file__} has no class {class_name}.", hint="Give the class the name of the file."
    )


def __getattr__(name: str) -> Any:
    if name == "BatchView":
        return import_module(f"{__name__}._batch").BatchView
    if name == "Panel":
        return import_module(f"{__name__}._base").Panel
    if name.endswith("Panel") and name[:-5].lower() in names():
        return find(name[:-5].lower())
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [
        "BatchView",
        "Panel",
        *(f"{name.capitalize()}Panel" for name in names()),
        "find",
        "names",
    ]
