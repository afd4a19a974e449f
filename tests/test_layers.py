"""Who may import whom, and what only one layer may touch: read from the source of every module."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import segmind_widgets

ROOT = Path(segmind_widgets.__file__).parent
NAME = "segmind_widgets"

LAYERS = {
    "values": {"errors", "types"},
    "assets": {"assets", "containers", "exif", "media", "provenance"},
    "catalog": {"catalog", "inputs", "listings", "literals", "samples", "schemas", "snippets"},
    "cells": {"cells", "expressions", "yaml12"},
    "providers": {"providers"},
    "running": {
        "background", "batchrows", "cache", "claims", "cleaning", "database", "filters",
        "folders", "jobs", "kernels", "keys", "ledger", "limits", "lines", "migrations", "pacing",
        "preparing", "ratelimit", "recovery", "results", "rows", "scheduler", "store",
        "transport", "watch",
    },
    "client": {
        "batch", "batches", "batchplans", "batchresults", "budget", "client", "crew", "directory",
        "estimates", "export_curl", "export_python", "export_request", "exports", "feeding",
        "journal", "origins", "parts", "places", "plans", "remote", "sheets", "sources", "sweeps",
        "tally", "targets", "thumbnails", "uploads",
    },
    "panels": {"panels"},
    "magics": {
        "arguments", "completion", "extension", "listing", "login", "magics", "runs", "stage",
        "sweeping", "tables",
    },
    "sandbox": {"sandbox"},
}  # fmt: skip
BELOW = {
    "values": set(),
    "assets": {"values"},
    "catalog": {"values"},
    "cells": {"values", "assets"},
    "providers": {"values", "assets", "catalog"},
    "running": {"values", "assets", "catalog", "providers"},
    "client": {"values", "assets", "catalog", "cells", "providers", "running", "sandbox"},
    "panels": {"values", "assets", "catalog", "cells", "client", "running"},
    "magics": {"values", "assets", "catalog", "cells", "client", "panels", "running"},
    "sandbox": set(),
}
ONLY = {  # a library or a module of the standard library → where alone it may be imported
    "requests": {"transport"},
    "urllib3": {"transport"},
    "sqlite3": {"batchrows", "cache", "database", "ledger", "limits", "migrations", "store"},
    "filelock": {"database", "kernels"},
    "tornado": {"sandbox"},
    "PIL": {"assets", "media", "sandbox", "sheets"},
    "ipywidgets": {"panels"},
    "anywidget": {"panels"},
    "IPython": LAYERS["magics"] | {"__init__"},  # the two functions that %load_ext calls
    "keyring": {"keys"},
    "yaml": {"yaml12", "cells", "expressions"},
    "jsonschema": set(),  # slow to import
    "fastjsonschema": {"sandbox"},
    "platformdirs": {"store"},
    "queue": {"scheduler"},
    "concurrent": {"background", "client", "crew", "batch", "sandbox"},
    "multiprocessing": set(),
    "subprocess": set(),
}
THREADS = {"background", "batch", "jobs", "watch", "scheduler", "keys", "sandbox", "tally"}
LOCKS = {"budget", "crew", "database", "journal", "kernels", "ratelimit", "transport", "uploads"}
VIEWS_ONLY = {"jobs", "watch"}  # what panels and magics may know of the running layer
FORBIDDEN = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "engine"}


@cache
def modules() -> dict[str, ast.Module]:
    """Every module's tree by its dotted name inside the package."""
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts)] = ast.parse(path.read_text(encoding="utf-8"), str(path))
    return found


def top(module: str) -> str:
    """The first part of a dotted name: what the rules speak of."""
    return module.partition(".")[0]


def layer(module: str) -> str | None:
    """The layer of a module; None for the package itself."""
    if top(module) == "__init__":
        return None
    return next((name for name, members in LAYERS.items() if top(module) in members), "?")


def imports(module: str, *, typing: bool = True) -> Iterator[tuple[str, str]]:
    """(module, name) of every import, also those inside functions; without a name: ""."""
    tree = modules()[module]
    skipped = set() if typing else {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for inner in ast.walk(node)
    }  # fmt: skip
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            home = [NAME, *module.split(".")][: -node.level] if node.level else []
            source = ".".join([*home, node.module] if node.module else home)
            yield from ((source, alias.name) for alias in node.names)


def own(module: str, *, typing: bool = True) -> Iterator[str]:
    """The package's modules that a module imports, as dotted names inside the package."""
    for source, name in imports(module, typing=typing):
        if source == NAME:
            yield name if name in modules() or f"{name}.__init__" in modules() else "__init__"
        elif source.startswith(f"{NAME}."):
            inside = source.removeprefix(f"{NAME}.")
            yield f"{inside}.{name}" if f"{inside}.{name}" in modules() else inside


@pytest.mark.parametrize("module", modules())
def test_a_module_has_a_layer_and_imports_only_what_is_below(module: str) -> None:
    mine = layer(module)
    assert mine != "?", f"{module} is in no layer: name it in LAYERS"
    if mine is None:
        return
    for other in own(module):
        theirs = layer(other)
        if theirs is None:  # the package itself gives its version, and nothing else
            assert mine in ("running", "client", "magics"), f"{module} imports the package"
            continue
        types_errors = (top(module), top(other)) == ("types", "errors")
        allowed = theirs == mine or theirs in BELOW[mine] or types_errors
        assert allowed, f"{module} ({mine}) imports {other} ({theirs})"
        if mine in ("panels", "magics") and theirs == "running":
            assert top(other) in VIEWS_ONLY, f"{module} imports {other}"


def test_values_import_nothing() -> None:
    assert not list(own("errors"))
    assert not list(own("types", typing=False))


def test_nothing_points_back() -> None:
    graph = {
        module: {other for other in own(module, typing=False) if other in modules()}
        for module in modules()
        if module != "__init__"
    }
    order = TopologicalSorter({module: graph[module] - {"__init__"} for module in graph})
    assert list(order.static_order())


@pytest.mark.parametrize("library", ONLY)
def test_a_library_is_touched_by_its_layer_alone(library: str) -> None:
    users = {
        top(module)
        for module in modules()
        for source, _ in imports(module)
        if source.partition(".")[0] == library
    }
    assert users <= ONLY[library]


def test_threads_and_sleeping_have_their_place() -> None:
    for module, tree in modules().items():
        names = {
            f"{node.value.id}.{node.attr}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
        }
        from_imports = {f"{source}.{name}" for source, name in imports(module) if name}
        used = {name for name in names | from_imports if name.startswith("threading.")}
        if top(module) in LOCKS:
            assert used <= {"threading.Lock", "threading.RLock"}, module
        elif top(module) not in THREADS:
            assert not used, module
        sleeping = {"time.sleep", "asyncio.sleep"} & (names | from_imports)
        assert not sleeping or top(module) in THREADS, module


def test_only_magics_display_and_see_the_users_names() -> None:
    for module, tree in modules().items():
        if layer(module) == "magics":
            continue
        for node in ast.walk(tree):
            assert not (isinstance(node, ast.Attribute) and node.attr == "user_ns"), module
            assert not (isinstance(node, ast.Name) and node.id in ("display", "get_ipython")), (
                module
            )
            called = node.func if isinstance(node, ast.Call) else None
            printing = isinstance(called, ast.Name) and called.id == "print"
            assert not printing or top(module) == "sandbox", module


def test_names_and_statements_that_are_not_wanted() -> None:
    for module, tree in modules().items():
        assert not FORBIDDEN & set(module.strip("_").split(".")), module
        assert not any(isinstance(node, ast.Global) for node in ast.walk(tree)), module


HEAVY = (
    "requests", "PIL", "ipywidgets", "tornado", "jsonschema", "yaml", "sqlite3", "keyring",
    "traitlets", "IPython", "pybase64", "platformdirs",
)  # fmt: skip


def imported(statement: str) -> set[str]:
    """The heavy modules that a statement brings into a fresh interpreter."""
    code = f"import sys\n{statement}\nprint([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(ast.literal_eval(done.stdout))


def test_importing_the_package_imports_nothing_heavy() -> None:
    assert imported(f"import {NAME}") == set()


def test_a_job_and_its_values_need_no_network_no_pictures_no_widgets() -> None:
    needed = imported(f"import {NAME}.jobs.job, {NAME}.syntax.cells")
    assert not needed & {"requests", "PIL", "ipywidgets", "tornado", "sqlite3", "keyring"}
