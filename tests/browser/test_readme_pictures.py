"""The pictures of the README can be made at any time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PIL import Image

from tests.browser.lab import Lab
from tests.browser.readme_pictures import PICTURES, make_all


def test_the_pictures_of_the_readme_are_made(browser: Any, lab: Lab, tmp_path: Path) -> None:
    make_all(browser, lab, tmp_path)
    assert {path.stem for path in tmp_path.glob("*.jpg")} == set(PICTURES)
    for path in tmp_path.glob("*.jpg"):
        with Image.open(path) as picture:
            assert picture.width == 1200
