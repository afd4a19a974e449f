"""A real Jupyter server and a real browser, for the tests that look at what a person sees."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.lab import ARGUMENTS, CHROMIUM, Lab, start_lab

collect_ignore_glob = [] if CHROMIUM or os.environ.get("CI") else ["test_*.py"]


def pytest_report_header() -> str:
    """Say loudly where the browser tests do not run."""
    if CHROMIUM:
        return f"browser: {CHROMIUM}"
    return "browser: NO CHROMIUM HERE, THE BROWSER TESTS DO NOT RUN (apt-get install chromium)"


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """A light JupyterLab."""
    yield from start_lab(tmp_path)


@pytest.fixture
def dark_lab(tmp_path: Path) -> Iterator[Lab]:
    """A dark JupyterLab."""
    yield from start_lab(tmp_path, dark=True)


@pytest.fixture
def browser() -> Iterator[object]:
    """Debian's Chromium, driven by Playwright."""
    from playwright.sync_api import sync_playwright

    if CHROMIUM is None:
        pytest.fail("There is no chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()
