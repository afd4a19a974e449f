"""The types that the wheel publishes, as pyright and mypy see them in an environment of users."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
USES = Path(__file__).with_name("uses.py")


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the built wheel, and with this one's packages beside it."""
    folder = tmp_path_factory.mktemp("typing")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=120)
    (wheel,) = folder.glob("*.whl")
    venv.create(folder / "venv", symlinks=True)
    places = {"base": str(folder / "venv"), "platbase": str(folder / "venv")}
    packages = Path(sysconfig.get_path("purelib", "venv", places))
    with zipfile.ZipFile(wheel) as file:  # which is all that installing it would do
        file.extractall(packages)
    (packages / "beside.pth").write_text(sysconfig.get_path("purelib"))
    return folder / "venv"


def faults(output: str) -> list[str]:
    """The lines and messages of both checkers' output that no `# expect-error` announces."""
    lines = USES.read_text(encoding="utf-8").splitlines()
    expected = {n for n, line in enumerate(lines, 1) if line.endswith("# expect-error")}
    reported = {int(n) for n in re.findall(r"uses\.py:(\d+)(?::\d+)?(?: -|:) error", output)}
    return [f"line {n}: {lines[n - 1].strip()}" for n in sorted(reported ^ expected)]


@pytest.mark.timeout(300)
def test_pyright_infers_the_types_of_real_uses(environment: Path, tmp_path: Path) -> None:
    shutil.copy(USES, tmp_path)
    settings = {
        "venvPath": str(environment.parent),
        "venv": environment.name,
        "typeCheckingMode": "strict",
    }
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings))
    command = [sys.executable, "-m", "pyright", "-p", str(tmp_path)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=280)
    assert faults(done.stdout) == [], done.stdout


@pytest.mark.timeout(300)
def test_mypy_infers_the_types_of_real_uses(environment: Path, tmp_path: Path) -> None:
    python = environment / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    command = [sys.executable, "-m", "mypy", "--strict", "--python-executable", str(python)]
    command += ["--cache-dir", str(tmp_path / "cache"), "--config-file", "", str(USES)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=280)
    assert faults(done.stdout) == [], done.stdout + done.stderr


def test_the_wheel_says_that_it_is_typed(environment: Path) -> None:
    (mark,) = environment.rglob("segmind_widgets/py.typed")
    assert mark.read_bytes() == b""
    (metadata,) = environment.rglob("segmind_widgets-*.dist-info/METADATA")
    assert "Classifier: Typing :: Typed" in metadata.read_text(encoding="utf-8")
