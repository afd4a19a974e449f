"""Rules about the source that import contracts (`pyproject.toml`) cannot say."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import segmind_widgets

ROOT = Path(segmind_widgets.__file__).parent
NAME = "segmind_widgets"
ONLY = {  # a library or a module of the standard library → the modules that may import it
    "PIL": {"assets", "sandbox", "batches.contact_sheet", "jobs.job"},  # a job: for a type
    "keyring": {"network.keys"},
    "yaml": {"syntax.yaml_loader"},
    "jsonschema": set(),  # slow to import
    "platformdirs": {"storage.store"},
    "queue": {"jobs.scheduler", "network.socket_facts"},  # the latter: for its exceptions
    "concurrent": {"background", "client", "network.at_once", "workers", "sandbox"},
    "multiprocessing": set(),
    "subprocess": set(),
}
THREADS = {  # may start threads, and wait for them
    "background", "batches.batch", "batches.progress", "jobs.job", "jobs.run_state",
    "jobs.scheduler", "network.account", "network.keys", "notebook.startup", "sandbox",
    "storage.file_lock", "storage.texts", "waiting",
}  # fmt: skip
LOCKS = {  # may make locks
    "batches.registry", "client", "jobs.registry", "jobs.submission", "network.directory",
    "network.endpoints", "network.model_pages", "network.rate_limit", "network.socket_facts",
    "network.transport", "network.uploads", "notebook.live_output",
    "panels.upload", "planning.budget", "session_parts", "storage.database",
    "storage.file_lock", "storage.locks", "storage.texts", "widgets.served",
    "workers.pool",
}  # fmt: skip
FORBIDDEN = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "engine"}


@cache
def modules() -> dict[str, ast.Module]:
    """Every module's tree by its dotted name inside the package."""
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts)] = ast.parse(path.read_text(encoding="utf-8"), str(path))
    return found


def within(module: str, folders: set[str]) -> bool:
    """Whether a module is one of these, or in one of these folders."""
    return any(module == one or module.startswith(f"{one}.") for one in folders)


def imports(module: str) -> Iterator[tuple[str, str]]:
    """(module, name) of every absolute import, also those inside functions; without a name: ""."""
    for node in ast.walk(modules()[module]):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield from ((node.module or "", alias.name) for alias in node.names)


@pytest.mark.parametrize("library", ONLY)
def test_a_library_is_imported_by_its_modules_alone(library: str) -> None:
    users = {
        module
        for module in modules()
        for source, _ in imports(module)
        if source.partition(".")[0] == library
    }
    assert {module for module in users if not within(module, ONLY[library])} == set()


def test_threads_locks_and_sleeping_have_their_modules() -> None:
    for module, tree in modules().items():
        names = {
            f"{node.value.id}.{node.attr}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
        }
        from_imports = {f"{source}.{name}" for source, name in imports(module) if name}
        used = {name for name in names | from_imports if name.startswith("threading.")}
        if within(module, LOCKS):
            assert used <= {"threading.Lock", "threading.RLock"}, module
        elif not within(module, THREADS):
            assert not used, module
        sleeping = {"time.sleep", "asyncio.sleep"} & (names | from_imports)
        assert not sleeping or within(module, THREADS), module


def test_the_lists_of_modules_name_modules_that_exist() -> None:
    listed = THREADS | LOCKS | {module for users in ONLY.values() for module in users}
    assert [
        name for name in listed if not any(within(module, {name}) for module in modules())
    ] == []


def test_only_notebook_displays_and_sees_the_users_names() -> None:
    for module, tree in modules().items():
        if within(module, {"notebook"}):
            continue
        for node in ast.walk(tree):
            assert not (isinstance(node, ast.Attribute) and node.attr == "user_ns"), module
            assert not (isinstance(node, ast.Name) and node.id in ("display", "get_ipython")), (
                module
            )
            called = node.func if isinstance(node, ast.Call) else None
            printing = isinstance(called, ast.Name) and called.id == "print"
            assert not printing or within(module, {"sandbox"}), module


def test_names_and_statements_that_are_not_wanted() -> None:
    for module, tree in modules().items():
        assert not FORBIDDEN & set(module.strip("_").split(".")), module
        assert not any(isinstance(node, ast.Global) for node in ast.walk(tree)), module


PENDING_OVERWRITES = {  # to be mended with their folders: remove the entries then
    ("assets.containers", "_Jpeg", "_block"), ("assets.containers", "_Jpeg", "_fixed"),
    ("assets.containers", "_Webp", "_block"), ("assets.containers", "_Webp", "_fixed"),
    ("workers.pool", "RowJobRunner", "_results"),
}  # fmt: skip


def private(name: str) -> bool:
    """Whether a name is private; `__init__` and IPython's `_repr_html_` are not."""
    return name.startswith("_") and not name.endswith("_")


def private_members(body: ast.ClassDef) -> set[str]:
    """The private names that a class defines, or sets on `self`."""
    names = {
        node.attr
        for node in ast.walk(body)
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
    }
    for statement in body.body:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
            names.add(statement.name)
        elif isinstance(statement, (ast.Assign, ast.AnnAssign)):
            names |= {node.id for node in ast.walk(statement) if stored_name(node)}
    return {name for name in names if private(name)}


def stored_name(node: ast.AST) -> bool:
    """Whether a node is a plain name that is assigned to."""
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)


@cache
def classes() -> dict[tuple[str, str], ast.ClassDef]:
    """Every class of the package by its module and its name."""
    return {
        (module, node.name): node
        for module, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }


def bases(module: str, body: ast.ClassDef) -> Iterator[tuple[str, ast.ClassDef]]:
    """All base classes of a class that are the package's own, with their modules."""
    sources = {name: source.removeprefix(f"{NAME}.") for source, name in imports(module) if name}
    for base in body.bases:
        name = ast.unparse(base).partition("[")[0]
        key = (sources.get(name, module), name)
        if key in classes():
            yield key[0], classes()[key]
            yield from bases(key[0], classes()[key])


def test_no_subclass_overwrites_a_private_attribute_of_its_base() -> None:
    overwrites = {
        (module, name, member)
        for (module, name), body in classes().items()
        for _, base in bases(module, body)
        for member in private_members(body) & private_members(base)
    }
    assert overwrites - PENDING_OVERWRITES == set()


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
