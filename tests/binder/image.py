"""What repo2docker would build of a folder, read from the Dockerfile it writes. Needs no docker."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from escapism import unescape

_COPIED = "src/ ${REPO_DIR}/\n"  # the end of the line that copies the whole repository


class Image:
    """The recipe for a folder's image.

    Args:
        folder: a copy of the repository.

    Raises:
        RuntimeError: repo2docker found a fault in the folder.
    """

    def __init__(self, folder: Path) -> None:
        options = ["--no-build", "--debug", "--user-id", "1000", "--user-name", "jovyan"]
        command = [sys.executable, "-m", "repo2docker", *options, str(folder)]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        if ran.returncode or _COPIED not in ran.stdout:
            raise RuntimeError(f"repo2docker wrote no Dockerfile: {ran.stderr}")
        self._before, self._after = ran.stdout.split(_COPIED)

    @property
    def python(self) -> str:
        """The Python of the image, such as 3.11."""
        return self._found(r"environment\.py-([\d.]+)-", self._lock.name)

    @property
    def steps(self) -> list[str]:
        """The shell lines that run in the copied repository, in their order."""
        return re.findall(r"^RUN (.+)$", self._after, re.MULTILINE)

    @property
    def entry(self) -> str:
        """The program that starts the server's command; with `${REPO_DIR}` in it."""
        return self._found(r'R2D_ENTRYPOINT="(.+)"', self._after)

    @property
    def wanted(self) -> list[str]:
        """The packages that repo2docker asks for itself."""
        text = self._lock.with_name(f"environment.py-{self.python}.yml").read_text("utf-8")
        names = re.findall(r"^ *- ([\w-]+)", text.partition("dependencies:")[2], re.MULTILINE)
        programs = {"python", "nodejs"}  # no packages of Python's
        return [_plain(name) for name in names if name not in programs]

    @property
    def pins(self) -> dict[str, str]:
        """The version of every Python package in the image before the repository's own."""
        text = self._lock.read_text("utf-8")
        # a line ends in /NAME-VERSION-BUILD.conda, and the BUILD of a Python package begins with py
        found = dict(re.findall(r"/([^/]+)-([^-/]+)-py[^-/]+\.(?:conda|tar\.bz2)", text))
        return {_plain(name): version for name, version in found.items() if "_abi" not in name}

    @staticmethod
    def _found(pattern: str, text: str) -> str:
        found = re.search(pattern, text)
        if found is None:
            raise RuntimeError(f"The Dockerfile has no {pattern}.")
        return found[1]

    @property
    def _lock(self) -> Path:
        # the build's copy of a file is named after its path, escaped and in lower case, and a part
        # of its hash: the name of the file is what can be trusted
        copied = r"build_script_files/(\S+)-[0-9a-f]{6} /tmp/env/environment\.lock"
        path = Path(unescape(self._found(copied, self._before), escape_char="-"))
        spec = find_spec("repo2docker")  # importing it warns
        assert spec
        assert spec.origin
        return Path(spec.origin).parent / "buildpacks" / "conda" / path.name


def _plain(name: str) -> str:
    """A package's own name: conda-forge ships some of them in parts."""
    parts = {"jupyterhub-base", "jupyterhub-singleuser", "nbconvert-core"}
    return (name.partition("-")[0] if name in parts else name).replace("_", "-").lower()
