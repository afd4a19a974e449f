"""Real Jupyter servers and a real browser, for the tests that look at what a person sees.

A server starts once, since all of these tests run in one process. Each test finds it empty.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.lab import ARGUMENTS, CHROMIUM, Lab, start_lab, start_notebook, start_voila

collect_ignore_glob = [] if CHROMIUM or os.environ.get("CI") else ["test_*.py"]


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the tests in one process, beside the others: they wait for pages more than they work."""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("browser"))
            item.add_marker(pytest.mark.no_cover)


def pytest_report_header() -> str:
    """Say loudly where the browser tests do not run."""
    if CHROMIUM:
        return f"browser: {CHROMIUM}"
    return "browser: NO CHROMIUM HERE, THE BROWSER TESTS DO NOT RUN (apt-get install chromium)"


@pytest.fixture(scope="package")
def _light(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with start_lab(tmp_path_factory.mktemp("lab")) as running:
        yield running


@pytest.fixture(scope="package")
def _dark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with start_lab(tmp_path_factory.mktemp("dark"), dark=True) as running:
        yield running


@pytest.fixture(scope="package")
def _notebook(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with start_notebook(tmp_path_factory.mktemp("notebook")) as running:
        yield running


@pytest.fixture(scope="package")
def _voila(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with start_voila(tmp_path_factory.mktemp("voila")) as running:
        yield running


@pytest.fixture(scope="package")
def _chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    if CHROMIUM is None:
        pytest.fail("There is no chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def lab(_light: Lab) -> Iterator[Lab]:
    """A light JupyterLab."""
    yield _light
    _light.clear()


@pytest.fixture
def dark_lab(_dark: Lab) -> Iterator[Lab]:
    """A dark JupyterLab."""
    yield _dark
    _dark.clear()


@pytest.fixture
def notebook7(_notebook: Lab) -> Iterator[Lab]:
    """A Notebook 7."""
    yield _notebook
    _notebook.clear()


@pytest.fixture
def voila(_voila: Lab) -> Iterator[Lab]:
    """A Voilà; its kernels end with their pages."""
    yield _voila
    for path in _voila.folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


@pytest.fixture
def browser(_chromium: Any) -> Iterator[Any]:
    """Debian's Chromium, driven by Playwright."""
    yield _chromium
    for context in _chromium.contexts:
        context.close()
