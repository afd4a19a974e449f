"""Models of a copy of the directory; the tables here have the form of the real one."""

from __future__ import annotations

from pathlib import Path

import pytest

from segmind_widgets.catalog.catalog import parse_directory
from segmind_widgets.sandbox.state.directory_file import read_directory

TEXT = """# Segmind API — Model Directory

- **Base URL**: `https://api.segmind.com/v1/{model_slug}`

## Text-to-Image Generation

| Model | Slug | Description | Modality | Avg Cost | Avg Latency | API Docs |
| --- | --- | --- | --- | --- | --- | --- |
| One (fast) | one-1.5 | It has a line
break and a | pipe. | Text-to-Image Generation | $0.035 | 12.5s | [llms.txt](https://www.segmind.com/models/one-1.5/llms.txt) |
| Two | two | Short. | videoToVideo | $1.0625 | - | [llms.txt](https://www.segmind.com/models/two/llms.txt) |
"""  # noqa: E501 - a row of the directory is one line


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "llms.txt"
    path.write_text(TEXT, encoding="utf-8")
    return path


def test_the_rows_are_read(path: Path) -> None:
    models = read_directory(path)
    assert list(models) == ["one-1.5", "two"]
    assert models["one-1.5"]["description"] == "It has a line break and a | pipe."
    assert (models["two"]["cost"], models["two"]["seconds"]) == (1.0625, None)


def test_it_reads_what_the_client_reads(path: Path) -> None:
    models = read_directory(path)
    for model in parse_directory(TEXT):
        entry = models[model.slug]
        assert (entry["name"], entry["cost"]) == (model.name, model.cost)
        assert (entry["modality"], entry["seconds"]) == (model.modality, model.seconds)


def test_each_model_of_the_file_runs(start, calling, path: Path) -> None:
    segmind = calling(start(directory=path))
    assert "| one-1.5 |" in segmind.get("/llms.txt").text
    assert "| prompt | no | string |" in segmind.get("/models/two/llms.txt").text
    for slug in read_directory(path):
        reply = segmind.post(f"/v1/{slug}", json={"prompt": "x", "anything": 1})
        assert reply.status_code == 200, slug
    assert segmind.post("/v1/flux-dev", json={"prompt": "x"}).status_code == 200


def test_a_file_without_models_is_refused(start, tmp_path: Path) -> None:
    (tmp_path / "other.txt").write_text("# Nothing")
    with pytest.raises(ValueError, match="has no table of models"):
        start(directory=tmp_path / "other.txt")
    with pytest.raises(OSError, match=r"none\.txt"):
        start(directory=tmp_path / "none.txt")
