"""Each export of a run, pasted back, is the same run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from segmind_widgets.client import SegmindClient
from segmind_widgets.nested import transform
from segmind_widgets.notebook.run_arguments import FORMS
from tests.shells import picture

WORKFLOW = "66b2f0a9d8e14c7b93a50d21-v1"


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("target", "inputs", "options"),
    [
        ("flux-dev", {"prompt": 'it\'s a "fox"\nfor $x `y`', "steps": 3, "seed": 7}, {}),
        ("seedream-4.5", {"prompt": "a", "image_input": [Path("cat.png")]}, {}),
        ("instantid", {"prompt": "a", "face_image": Path("cat.png"), "seed": 7}, {"api": "v1"}),
        (WORKFLOW, {"background": Path("cat.png"), "product_prompt": "x"}, {"kind": "workflow"}),
        (
            "gemini-3-pro-image-preview",
            {"prompt": "a", "image_urls": [Path("cat.png")]},
            {"provider": "apimart"},
        ),
    ],
)
def test_an_export_is_read_back(
    form: str,
    target: str,
    inputs: dict[str, Any],
    options: Any,
    client: SegmindClient,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("cat.png").write_bytes(picture())
    text = client.export(client.plan(target, inputs, **options), form)
    found = client.read(text)
    assert (found.target, found.kind) == (target, options.get("kind", "model"))
    assert transform(found.inputs, _file_name) == transform(inputs, _file_name)
    assert not found.unread


def _file_name(value: Any) -> Any:
    return value.name if isinstance(value, Path) else value
