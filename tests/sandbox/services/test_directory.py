"""The model directory: the table, a model's page, the console's list."""

from __future__ import annotations

import re


def test_table_has_the_known_form_and_the_times_of_the_sandbox(start, calling):
    sandbox = start(speed=10)
    text = calling(sandbox, headers={}).get("/llms.txt").text
    assert "| Model | Slug | Description | Modality | Avg Cost | Avg Latency | API Docs |" in text
    [row] = [line for line in text.splitlines() if "| seedream-4.5 |" in line]
    name, slug, _, modality, cost, latency, docs = (c.strip() for c in row.strip("|").split(" | "))
    assert (name, slug) == ("Seedream 4.5", "seedream-4.5")
    assert modality == "Image-to-Image Transformation"
    assert float(cost.removeprefix("$")) == 0.04
    assert float(latency.removesuffix("s")) == 3.2
    assert docs == f"[llms.txt]({sandbox.url('segmind')}/models/seedream-4.5/llms.txt)"
    assert f"## {modality}" in text


def test_every_model_of_the_data_file_is_in_it(segmind):
    slugs = set(re.findall(r"/models/([^/]+)/llms\.txt", segmind.get("/llms.txt").text))
    listed = {entry["slug"] for entry in segmind.get("/inference-model-information/list").json()}
    assert slugs == listed
    assert {"seedream-4.5", "veo-3.1", "gpt-4o"} <= slugs


def test_a_models_page_tells_its_parameters(segmind):
    text = segmind.get("/models/flux-schnell/llms.txt").text
    assert "| prompt | yes | string |" in text
    assert "| steps | no | integer | 4 | 1 to 8 |" in text
    assert "| image_input | no | string (uri)[] |" in (
        segmind.get("/models/seedream-4.5/llms.txt").text
    )
    assert segmind.get("/models/none/llms.txt").status_code == 404


def test_more_models_may_be_given(start, calling):
    schema = {
        "type": "object",
        "required": ["prompt"],
        "properties": {"prompt": {"type": "string"}},
    }
    models = {"segmind": {"my-model": {"modality": "Text-to-Image Generation", "schema": schema}}}
    segmind = calling(start(models=models))
    assert segmind.post("/v1/my-model", json={"prompt": "x"}).headers["x-cost"] == "0.05"
    assert segmind.post("/v1/my-model", json={}).status_code == 422
