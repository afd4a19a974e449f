"""Segmind's models over v1 and v2: replies, states over time, seeds, inputs that are files."""

from __future__ import annotations

import base64
import io
import json
import re

import pytest
from PIL import Image

from tests.sandbox.conftest import picture

SLUG, INPUTS = "seedream-4.5", {"prompt": "a red boat"}


def test_v1_reply_is_the_picture_with_its_accounting(segmind, sandbox):
    reply = segmind.post(f"/v1/{SLUG}", json={**INPUTS, "seed": 7})
    assert reply.status_code == 200
    assert reply.headers["content-type"] == "image/png"
    assert Image.open(io.BytesIO(reply.content)).getpixel((0, 0)) == (7, 40, 80)
    assert reply.headers["x-cost"] == "0.04"
    assert float(reply.headers["x-remaining-credits"]) == sandbox.credits == 9.96
    assert float(reply.headers["x-generation-time"]) > 0
    assert reply.headers["x-seed-value"] == "7"
    assert re.fullmatch(r"[0-9a-f-]{36}", reply.headers["x-request-id"])
    assert json.loads(reply.headers["x-output-metadata"])["size"] == len(reply.content)
    assert reply.headers["x-sandbox"] == "segmind-widgets"


def test_v1_with_base64_is_json(segmind):
    reply = segmind.post("/v1/fast-flux-schnell", json={**INPUTS, "base64": True, "seed": 3})
    assert base64.b64decode(reply.json()["image"]) == picture(3)


def test_v2_goes_submit_status_result(segmind, sandbox, anyone):
    submitted = segmind.post(f"/v2/{SLUG}", json=INPUTS).json()
    job = submitted["request_id"]
    assert submitted == {
        "request_id": job,
        "status": "QUEUED",
        "poll_url": f"{sandbox.url('segmind')}/v1/requests/{job}",
        "status_url": f"{sandbox.url('segmind')}/v2/requests/{job}/status",
        "response_url": f"{sandbox.url('segmind')}/v2/requests/{job}",
    }
    status = segmind.until(submitted["status_url"], "COMPLETED").json()
    assert "output" not in status
    assert status["metrics"]["cost"] == 0.04
    result = segmind.get(submitted["response_url"]).json()
    assert result["metrics"].keys() == {
        "cost",
        "remaining_credits",
        "inference_time",
        "queue_time",
        "total_time",
    }
    assert result["prompt"] == INPUTS["prompt"]
    assert result["output"] == result["images"][0]["url"]
    assert result["images"][0]["content_type"] == "image/png"
    downloaded = anyone.get(result["output"])
    assert downloaded.content == picture(int(result["seed"]))
    assert result["images"][0]["file_size"] == str(len(downloaded.content))
    assert segmind.get(submitted["poll_url"]).json() == result


def test_states_follow_each_other_and_queueing_is_short(start, calling):
    segmind = calling(start(speed=50))  # some 0.6 s
    submitted = segmind.post(f"/v2/{SLUG}", json=INPUTS).json()
    seen: list[str] = []
    while not seen or seen[-1] != "COMPLETED":
        body = segmind.get(submitted["status_url"]).json()
        if [body["status"]] != seen[-1:]:
            seen.append(body["status"])
    assert seen == ["QUEUED", "PROCESSING", "COMPLETED"]
    metrics = body["metrics"]
    assert 0.1 < metrics["queue_time"] / metrics["total_time"] < 0.25
    assert 0.25 < metrics["total_time"] < 1.5


def test_the_same_content_takes_the_same_time(start, calling):
    def seconds(prompt: str) -> float:
        reply = segmind.post("/v1/flux-dev", json={"prompt": prompt, "seed": 1})
        return float(reply.headers["x-generation-time"])

    segmind = calling(start(speed=100))  # some 0.2 s
    times = [seconds("one"), seconds("one"), seconds("two")]
    assert abs(times[0] - times[1]) < 0.03
    assert abs(times[0] - times[2]) > 0.005


def test_result_before_the_end_has_no_output(start, calling):
    segmind = calling(start(speed=1))
    submitted = segmind.post(f"/v2/{SLUG}", json=INPUTS).json()
    body = segmind.get(submitted["response_url"]).json()
    assert body["status"] == "QUEUED"
    assert "output" not in body
    assert "cost" not in body["metrics"]


@pytest.mark.parametrize("asked", [{}, {"seed": -1}])
def test_random_seed_comes_back_and_repeats_the_picture(segmind, asked):
    slug = "flux-schnell"
    first = segmind.post(f"/v1/{slug}", json={**INPUTS, **asked})
    second = segmind.post(f"/v1/{slug}", json={**INPUTS, **asked})
    assert first.headers["x-seed-value"] != second.headers["x-seed-value"]
    seed = int(first.headers["x-seed-value"])
    assert segmind.post(f"/v1/{slug}", json={**INPUTS, "seed": seed}).content == first.content


def test_several_pictures_are_listed_and_output_is_the_first(segmind):
    submitted = segmind.post("/v2/flux-schnell", json={**INPUTS, "samples": 3}).json()
    segmind.until(submitted["status_url"], "COMPLETED")
    result = segmind.get(submitted["response_url"]).json()
    assert len({image["url"] for image in result["images"]}) == 3
    assert result["output"] == result["images"][0]["url"]


@pytest.mark.parametrize(
    ("slug", "inputs", "kind"),
    [("veo-3.1", INPUTS, "video"), ("chatterbox-tts", {"text": "hello"}, "audio")],
)
def test_video_and_sound_have_their_own_field(segmind, anyone, slug, inputs, kind):
    submitted = segmind.post(f"/v2/{slug}", json=inputs).json()
    segmind.until(submitted["status_url"], "COMPLETED")
    result = segmind.get(submitted["response_url"]).json()
    assert result[kind]["url"] == result["output"]
    assert anyone.get(result["output"]).headers["content-type"].startswith(f"{kind}/")


def test_language_models_answer_in_their_makers_form(segmind):
    messages = [{"role": "user", "content": "Name a colour."}]
    said = segmind.post("/v1/gpt-4o", json={"messages": messages}).json()
    assert "Name a colour." in said["choices"][0]["message"]["content"]
    submitted = segmind.post("/v2/gpt-4o", json={"prompt": "Name a colour."}).json()
    segmind.until(submitted["status_url"], "COMPLETED")
    output = segmind.get(submitted["response_url"]).json()["output"]
    assert "Name a colour." in json.loads(output)["choices"][0]["message"]["content"]


def test_defaults_are_filled_in_and_unknown_parameters_ignored(segmind, artist):
    assert segmind.post("/v1/flux-schnell", json={**INPUTS, "mood": "calm"}).status_code == 200
    assert artist.asked[0]["inputs"]["steps"] == 4
    assert artist.asked[0]["modality"] == "Text-to-Image Generation"


def test_own_addresses_data_urls_and_base64_reach_the_artist(segmind, artist):
    cat, dog = picture(1), picture(2)
    data_url = "data:image/png;base64," + base64.b64encode(cat).decode()
    [address] = segmind.post("/upload-asset", json={"data_urls": [data_url]}).json()["urls"]
    inputs = {**INPUTS, "image_input": [address, data_url]}
    assert segmind.post(f"/v1/{SLUG}", json=inputs).status_code == 200
    assert artist.asked[-1]["media"] == {"image_input": [cat, cat]}
    bare = base64.b64encode(dog).decode()
    inputs = {**INPUTS, "image": bare, "mask": bare}
    assert segmind.post("/v1/sd1.5-inpainting", json=inputs).status_code == 200
    assert artist.asked[-1]["media"] == {"image": [dog], "mask": [dog]}


def test_foreign_addresses_have_a_stand_in_that_depends_on_them(segmind, artist):
    for name in ("a", "a", "b"):
        inputs = {**INPUTS, "image_input": [f"https://example.com/{name}.jpg"]}
        assert segmind.post(f"/v1/{SLUG}", json=inputs).status_code == 200
    first, again, other = (asked["media"]["image_input"][0] for asked in artist.asked)
    assert first == again != other
    assert Image.open(io.BytesIO(first)).size == (512, 512)


def test_what_the_artist_raises_fails_the_job_unbilled(start, calling):
    def broken(*_):
        raise RuntimeError("no paint")

    sandbox = start(artist=broken)
    segmind = calling(sandbox)
    submitted = segmind.post(f"/v2/{SLUG}", json=INPUTS).json()
    body = segmind.until(submitted["status_url"], "FAILED").json()
    assert "no paint" in body["error"]
    assert sandbox.credits == 10
