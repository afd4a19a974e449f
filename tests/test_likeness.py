"""What "did you mean" offers, and what it does not."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import segmind_widgets
from segmind_widgets.likeness import misspelt, nearest

OPTIONS = ["--seed", "--sweep", "--save", "--output", "-o", "--yes", "--dry-run", "--max-cost"]
INPUTS = ["prompt", "negative_prompt", "num_images", "aspect_ratio", "guidance_scale", "seed"]


@pytest.mark.parametrize(
    ("text", "names", "meant"),
    [
        ("--sede", OPTIONS, ["--seed"]),
        ("--Sweeps", OPTIONS, ["--sweep"]),
        ("--dryrun", OPTIONS, ["--dry-run"]),
        ("--maxcost", OPTIONS, ["--max-cost"]),
        ("promt", INPUTS, ["prompt"]),
        ("aspectRatio", INPUTS, ["aspect_ratio"]),
        ("images", INPUTS, ["num_images"]),
        ("negative", INPUTS, ["negative_prompt"]),
        ("guidance", INPUTS, ["guidance_scale"]),
        ("fux.png", ["fox.png", "hat.jpg"], ["fox.png"]),
        ("17:9", ["1:1", "4:3", "3:4", "16:9", "9:16", "21:9"], ["16:9"]),
    ],
)
def test_a_misspelt_name_is_found(text: str, names: list[str], meant: list[str]) -> None:
    assert nearest(text, names) == meant


@pytest.mark.parametrize("text", ["--nonsense", "--", "-x", "", "--verbose", "--help-me", "--no"])
def test_nothing_is_offered_for_what_is_like_none(text: str) -> None:
    assert nearest(text, OPTIONS) == []


MODELS = ["seedream-4.5", "fast-flux-schnell", "kling-2.1", "wan2.2-t2v-fast", "nano-banana"]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("seedram-4.5", "seedream-4.5"),
        ("seed-ream-4-5", "seedream-4.5"),
        ("fast-flux-shcnell", "fast-flux-schnell"),
        ("KLING-21", "kling-2.1"),
        ("nano_bananna", "nano-banana"),
        ("kling-3.0", ""),
        ("kling-2.1-master", ""),
        ("wan2.2-i2v-fast", ""),
        ("fast-flux-dev", ""),
        ("", ""),
    ],
)
def test_a_misspelling_is_told_from_a_new_name(text: str, meant: str) -> None:
    assert misspelt(text, MODELS) == meant


@given(st.lists(st.text("abcdeXY_- ", max_size=8)), st.integers(0, 4))
def test_each_name_is_like_itself_and_no_more_are_returned_than_asked(
    names: list[str], count: int
) -> None:
    for name in names:
        found = nearest(name, names, count + 1)
        assert len(found) <= count + 1
        assert set(found) <= set(names)
        assert not any(c.isalnum() for c in name) or found


def test_one_module_alone_compares_words() -> None:
    folder = Path(segmind_widgets.__file__).parent
    users = [
        path.stem
        for path in folder.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import) and "difflib" in [alias.name for alias in node.names]
    ]
    assert set(users) == {"likeness"}
