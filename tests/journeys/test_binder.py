"""Binder: what repo2docker makes of our files, and where the README's links lead."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config.loader import PyFileConfigLoader

from segmind_widgets import unload_ipython_extension
from tests.binder.image import Image

ROOT = Path(__file__).parents[2]
PAGES = (
    "lab/tree/notebooks/quickstart.ipynb",
    "lab/tree/notebooks/01_panels.ipynb",
    "voila/render/notebooks/01_panels.ipynb",
)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    folder = tmp_path_factory.mktemp("image")
    shutil.copytree(ROOT / "binder", folder / "binder")
    shutil.copy(ROOT / "pyproject.toml", folder)
    return Image(folder)


@pytest.mark.xdist_group("binder")
def test_the_dockerfile_installs_the_copied_repository_and_runs_our_scripts(image: Image) -> None:
    assert image.python == (ROOT / "binder" / "runtime.txt").read_text().strip()[len("python-") :]
    install, *scripts = [step for step in image.steps if not step.startswith("chmod")]
    assert install.endswith('/bin/pip install --no-cache-dir -r "binder/requirements.txt"')
    assert scripts == ["./binder/postBuild"]
    assert image.entry == "${REPO_DIR}/binder/start"


@pytest.mark.xdist_group("binder")
def test_repo2docker_pins_what_our_users_see(image: Image) -> None:
    assert {"jupyterlab", "notebook", "ipywidgets", "jupyter-server"} <= set(image.wanted)
    assert set(image.wanted) | {"ipykernel", "ipython"} <= set(image.pins)
    assert all(re.fullmatch(r"[\d.]+\w*", version) for version in image.pins.values())


def test_post_build_makes_every_kernel_load_the_extension(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = ROOT / "binder" / "postBuild"
    environ = {**os.environ, "NB_PYTHON_PREFIX": str(tmp_path)}
    subprocess.run([str(script)], env=environ, check=True)
    config = PyFileConfigLoader("ipython_config.py", str(tmp_path / "etc" / "ipython"))
    shell = InteractiveShell.instance()
    try:
        for line in config.load_config().InteractiveShellApp.exec_lines:
            shell.run_cell(line).raise_error()
        shell.run_cell("%load_ext segmind_widgets").raise_error()
        assert "segmind_run" in shell.magics_manager.magics["cell"]
        assert "segmind_widgets" not in shell.user_ns
        assert capsys.readouterr().out == ""  # nothing of an extension that is loaded already
    finally:
        unload_ipython_extension(shell)
        InteractiveShell.clear_instance()
    settings = tmp_path / "share" / "jupyter" / "lab" / "settings" / "overrides.json"
    (notifications,) = json.loads(settings.read_text()).values()
    assert notifications["fetchNews"] == "false"


def test_start_turns_the_sandbox_on_and_becomes_the_server(tmp_path: Path) -> None:
    ask = "import os; print(os.environ['SEGMIND_WIDGETS_PROVIDER'], os.getpid())"
    started = subprocess.Popen(
        [str(ROOT / "binder" / "start"), "python3", "-c", ask],
        env={**os.environ, "HOME": str(tmp_path)},
        stdout=subprocess.PIPE,
        text=True,
    )
    said, _ = started.communicate(timeout=30)
    assert said.split() == ["sandbox", str(started.pid)]  # its own id: signals reach the server


@pytest.mark.parametrize("page", PAGES)
def test_the_readme_launches_our_repository(page: str) -> None:
    pyproject = (ROOT / "pyproject.toml").read_text()
    urls = re.findall(r'^Repository = "https://github\.com/([^"]+)"$', pyproject, re.MULTILINE)
    address = f"https://mybinder.org/v2/gh/{urls[0]}/HEAD?urlpath={page}"
    assert f"]({address})" in (ROOT / "README.md").read_text()
    assert (ROOT / page[page.index("notebooks/") :]).is_file()


def test_the_readme_launches_nothing_else() -> None:
    found = re.findall(r"\?urlpath=([^)\s]+)", (ROOT / "README.md").read_text())
    assert sorted(found) == sorted(PAGES)
