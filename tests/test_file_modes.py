"""Files that only their owner may use: how they are made, and that nothing else makes any."""

from __future__ import annotations

import ast
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmind_widgets.file_modes import PRIVATE, SHARED, protect
from tests.test_layers import modules

posix = pytest.mark.skipif(sys.platform == "win32", reason="modes have no effect there")


@pytest.fixture
def umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@posix
@pytest.mark.parametrize("modes", [PRIVATE, SHARED], ids=["private", "shared"])
@given(mask=st.sampled_from([0o000, 0o002, 0o022, 0o027, 0o077]))
def test_all_that_is_made_has_the_modes(
    tmp_path_factory: pytest.TempPathFactory, modes: type[PRIVATE], mask: int
) -> None:
    root = tmp_path_factory.mktemp("modes")
    before = os.umask(mask)
    try:
        folder = modes.make_folder(root / "a" / "b" / "c")
        modes.make_folder(folder)
        modes.touch(folder / "touched")
        modes.create(folder / "created").close()
        modes.write(folder / "written", b"one")
        modes.write(folder / "written", b"two")
    finally:
        os.umask(before)
    assert (folder / "written").read_bytes() == b"two"
    assert sorted(path.name for path in folder.iterdir()) == ["created", "touched", "written"]
    for path in root.rglob("*"):
        assert mode(path) == (modes.folder if path.is_dir() else modes.file) & ~mask


def test_an_old_file_is_emptied_and_an_exclusive_one_is_not_taken(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old\r\n")
    PRIVATE.touch(path)
    assert path.read_bytes() == b"old\r\n"
    with pytest.raises(FileExistsError):
        PRIVATE.create(path, os.O_EXCL)
    with PRIVATE.create(path) as file:
        file.write(b"n\n")
    assert path.read_bytes() == b"n\n"


def test_a_failed_write_leaves_the_old_file_alone(tmp_path: Path) -> None:
    PRIVATE.write(tmp_path / "file", b"old")
    (tmp_path / "folder").mkdir()
    with pytest.raises(TypeError):
        PRIVATE.write(tmp_path / "file", "text")  # pyright: ignore[reportArgumentType]
    with pytest.raises(OSError):  # noqa: PT011 - a system's own: it is a folder
        PRIVATE.write(tmp_path / "folder", b"new")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder", "home"]
    assert (tmp_path / "file").read_bytes() == b"old"


@posix
def test_a_home_that_others_may_read_is_closed_and_what_is_not_ours_stays(
    tmp_path: Path, umask: None
) -> None:
    home, other = tmp_path / "home", tmp_path / "other"
    for folder in (home / "results" / "day", home / "mine", other):
        folder.mkdir(parents=True)
        (folder / "file").write_text("x")
    (home / "results" / "link").symlink_to(other)
    (home / "journal.sqlite").write_text("x")
    protect(home, ("journal*", "results", "missing"))
    assert {mode(home / name) for name in (".", "results", "results/day")} == {0o700}
    assert {mode(home / name) for name in ("journal.sqlite", "results/day/file")} == {0o600}
    assert (mode(home / "mine"), mode(home / "mine" / "file")) == (0o777, 0o666)
    assert (mode(other), mode(other / "file")) == (0o777, 0o666)
    protect(tmp_path / "nowhere", ("journal*",))


# the source

MAKERS = {  # calls that make files or folders, by the last part of their name
    *("mkdir", "makedirs", "touch", "write_bytes", "write_text", "mkstemp", "mkdtemp"),
    *("NamedTemporaryFile", "TemporaryFile", "TemporaryDirectory"),
    *("copyfile", "copy", "copy2", "copytree", "symlink_to", "hardlink_to", "symlink", "link"),
}
OF_OTHERS = {  # modules that write where a person or the system's own mode says
    "file_modes": "the one place",
    "assets.asset": "save: into a folder that a person names",
    "jobs.job": "save: into a folder that a person names",
    "notebook.run_command": "--save: a folder that a person names",
    "network.transport": "the caller has made the file",
    "sandbox.http.exchange": "a temporary file without a name",
    "sandbox.server": "a temporary folder: 0700",
    "widgets.archive": "a temporary file: 0600",
    "workers.shared_folder": "a temporary folder: 0700",
}
VALUES = {"copy", "link"}  # also methods of values: counted only as functions of these modules


def makes_a_file(call: ast.Call) -> str:
    """The name of a call that may make a file or a folder; "" for any other."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    owner = ast.unparse(call.func.value) if isinstance(call.func, ast.Attribute) else ""
    if owner == "PRIVATE" or owner.endswith("modes") or owner == "wave":  # a sound in memory
        return ""
    if name in VALUES:
        return name if owner in ("shutil", "os") else ""
    if ast.unparse(call).endswith("PRIVATE.file)"):
        return ""
    if name in ("open", "fdopen"):
        texts = [ast.unparse(one) for one in [*call.args, *(k.value for k in call.keywords)]]
        modes = {text.strip("'") for text in texts if len(text) <= 5 and text[:1] == "'"}
        return name if owner == "os" or any(set(m) & set("wax") for m in modes) else ""
    return name if name in MAKERS else ""


def test_no_other_call_makes_files_in_the_home() -> None:
    found = {
        (module, made)
        for module, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and (made := makes_a_file(node))
    }
    assert {(module, made) for module, made in found if module not in OF_OTHERS} == set()
    assert {module for module, _ in found} == set(OF_OTHERS), "a module that no longer needs it"
