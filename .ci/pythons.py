"""Run the unit tests on every supported Python of this machine: `python .ci/pythons.py`.

Each one gets an environment with the newest packages; the oldest one a second environment with the
lowest versions that pyproject.toml permits. Needs uv.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

VERSIONS = ("3.10", "3.11", "3.12", "3.13")
ROOT = Path(__file__).parents[1]
# the folders of unit tests; journeys, browser tests, kernels and Binder run on CI's own Python
UNIT_TESTS = (
    "tests/test_background.py",
    "tests/test_client.py",
    "tests/test_errors.py",
    "tests/test_nested.py",
    "tests/test_schemas.py",
    "tests/test_session.py",
    "tests/assets",
    "tests/catalog",
    "tests/jobs",
    "tests/network",
    "tests/planning",
    "tests/providers",
    "tests/storage",
    "tests/syntax",
    "tests/widgets",
)
# repo2docker brings the newest chardet, of which older versions of requests warn
LOWEST_CONSTRAINTS = "chardet<6\n"


def find_python(version: str) -> Path | None:
    """Return a working interpreter of a version: on PATH, of pyenv, of uv; None where none is."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    managed = ["uv", "python", "find", "-q", "--managed-python", "--no-python-downloads", version]
    candidates = [
        shutil.which(f"python{version}"),  # may be a shim of pyenv that only fails
        *sorted(pyenv.glob(f"{version}.*/bin/python")),
        subprocess.run(managed, capture_output=True, text=True, check=False).stdout.strip(),
    ]
    code = "import sys, venv; print('%d.%d' % sys.version_info[:2])"
    for candidate in filter(None, candidates):
        probe = subprocess.run([candidate, "-c", code], capture_output=True, text=True, check=False)
        if probe.stdout.strip() == version:
            return Path(candidate)
    return None


def make_environment(python: Path, folder: Path, *, lowest: bool) -> Path:
    """Install the package and its tests; return the environment's interpreter."""
    subprocess.run(["uv", "venv", "-q", "--clear", "-p", python, folder], check=True)
    own = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    install = ["uv", "pip", "install", "-q", "-p", own]
    if lowest:
        constraints = folder / "constraints.txt"
        constraints.write_text(LOWEST_CONSTRAINTS, "utf-8")
        install += ["--resolution", "lowest-direct", "-c", constraints]
    subprocess.run([*install, "-e", ".[test]"], cwd=ROOT, check=True)
    return own


def run_tests(python: Path, folder: Path) -> tuple[bool, str]:
    """Run the unit tests; return whether they passed, and pytest's last line."""
    command = [
        python, "-m", "pytest", "-q", "--no-header", "-p", "no:cacheprovider",
        f"--basetemp={folder}", "-n", "2", "-m", "not alone", *UNIT_TESTS,
    ]  # fmt: skip
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stdout[-20_000:], done.stderr[-5_000:], flush=True)
    return done.returncode == 0, done.stdout.strip().rpartition("\n")[2]


def check(name: str, python: Path, folder: Path, *, lowest: bool) -> bool:
    """Run the unit tests in a new environment and print one line of the result."""
    began = time.monotonic()
    own = make_environment(python, folder / f"venv-{name}", lowest=lowest)
    passed, result = run_tests(own, folder / f"tests-{name}")
    minutes = (time.monotonic() - began) / 60
    packages = "lowest direct versions" if lowest else "newest packages"
    print(f"Python {name}, {packages}: {result} ({minutes:.1f} minutes)", flush=True)
    return passed


def main() -> int:
    """Check every Python that is named; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--skip", action="append", default=[], help="a version that ran already")
    parser.add_argument("--only", choices=["newest", "lowest"], help="one kind of packages")
    parser.add_argument("versions", nargs="*", default=VERSIONS)
    options = parser.parse_args()
    failures = 0
    print("Unit tests:", *UNIT_TESTS, flush=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
        folder = Path(temporary)
        for version in options.versions:
            python = find_python(version)
            if python is None:
                print(f"Python {version}: not tried, as it is not on this machine", flush=True)
                continue
            if version not in options.skip and options.only != "lowest":
                failures += not check(version, python, folder, lowest=False)
            if version == VERSIONS[0] and options.only != "newest":
                failures += not check(version, python, folder, lowest=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
