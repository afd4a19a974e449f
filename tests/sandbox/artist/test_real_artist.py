"""Every model of the data file with the real artist, through the whole server."""

from __future__ import annotations

import base64
import io

import pytest
from PIL import Image

from segmind_widgets.sandbox.state.models import Models
from tests.sandbox.conftest import picture

SEGMIND = [model.slug for model in Models().of("segmind")]
SIGNATURES = {"image": ("JPEG", "PNG", "WEBP"), "video": (b"\x1aE\xdf\xa3",), "audio": (b"RIFF",)}


@pytest.fixture(scope="module")
def real():
    """One sandbox for all: it is the artist that takes the time here."""
    from segmind_widgets.sandbox import Sandbox

    with Sandbox(speed=1000, credits=100) as sandbox:
        yield sandbox


def least(model) -> dict:
    """The required inputs, a small size where there is one, and a picture for inpainting."""
    properties, required = model.schema.get("properties", {}), model.schema.get("required", ())
    inputs = {name: value_of(name, properties[name]) for name in required}
    for name in ("width", "height", "img_width", "img_height"):
        if name in properties and name not in inputs:
            inputs[name] = max(512, properties[name].get("minimum", 0))
    media = [name for name, field in properties.items() if "contentMediaType" in field]
    if model.modality == "Image Inpainting" and not {*media} & {*inputs}:
        inputs[media[0]] = value_of(media[0], properties[media[0]])
    return inputs


def value_of(name: str, field: dict) -> object:
    if field.get("type") == "array" and name != "messages":
        return [value_of(name, field.get("items", {}))]
    if "contentMediaType" in field:
        data = base64.b64encode(picture(90, size=64)).decode()
        bare = field.get("contentEncoding") == "base64"
        return data if bare else f"data:image/png;base64,{data}"
    if name == "messages":
        return [{"role": "user", "content": "Name a colour."}]
    return field["enum"][0] if "enum" in field else "a red boat on a lake"


@pytest.mark.parametrize("slug", SEGMIND)
def test_every_model_runs_with_its_required_inputs(real, calling, slug):
    model = Models().get("segmind", slug)
    assert model
    reply = calling(real).post(f"/v1/{slug}", json=least(model), timeout=60)
    assert reply.status_code == 200, reply.text
    if model.kind == "text":
        assert reply.json()["choices"][0]["message"]["content"]
        return
    assert reply.headers["content-type"].startswith(f"{model.kind}/")
    if model.kind == "image":
        assert Image.open(io.BytesIO(reply.content)).format in SIGNATURES["image"]
    else:
        assert reply.content.startswith(SIGNATURES[model.kind])


def test_the_seed_repeats_the_picture_and_samples_differ(real, calling):
    segmind = calling(real)
    run = {"prompt": "a fox", "width": 512, "height": 512, "seed": 11}
    first, again = (segmind.post("/v1/flux-schnell", json=run).content for _ in range(2))
    other = segmind.post("/v1/flux-schnell", json={**run, "seed": 12}).content
    assert first == again != other
    submitted = segmind.post("/v2/flux-schnell", json={**run, "samples": 2}).json()
    segmind.until(submitted["status_url"], "COMPLETED")
    images = segmind.get(submitted["response_url"]).json()["images"]
    assert len({segmind.get(image["url"]).content for image in images}) == 2


def test_apimart_and_both_workflows_draw(real, calling):
    apimart, segmind = calling(real, "apimart"), calling(real)
    run = {"model": "gemini-3-pro-image-preview", "prompt": "a fox", "size": "16:9", "n": 2}
    task = apimart.post("/v1/images/generations", json=run).json()["data"][0]["task_id"]
    data = apimart.until(f"/v1/tasks/{task}", "completed", "failed").json()["data"]
    urls = data["result"]["images"][0]["url"]
    wide = Image.open(io.BytesIO(segmind.get(urls[1]).content))
    assert len(urls) == 2
    assert wide.width / wide.height == pytest.approx(16 / 9, rel=0.05)
    for name in ("product-photo", "poster-with-caption"):
        poll_url = segmind.post(f"/workflows/{name}", json={}).json()["poll_url"]
        done = segmind.until(poll_url, "COMPLETED", "FAILED").json()
        assert done["status"] == "COMPLETED", done
