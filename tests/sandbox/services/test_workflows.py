"""PixelFlow workflows: ids and slugs, keys, the forms of the output, failures."""

from __future__ import annotations

import json

import pytest

from tests.sandbox.conftest import picture

PRODUCT, POSTER = "65c9c7f641c340d7ef2f7134-v1", "66b2f0a9d8e14c7b93a50d21-v1"


@pytest.mark.parametrize(
    "path",
    [
        f"/workflows/{PRODUCT}",
        "/workflows/product-photo",
        "/workflows/v2/product-photo",
        f"/workflows/v2/{PRODUCT}",
    ],
)
def test_every_address_runs_it_with_defaults(segmind, sandbox, artist, anyone, path):
    submitted = segmind.post(path, json={}).json()
    job = submitted["request_id"]
    assert submitted == {
        "message": "Workflow request queued",
        "poll_url": f"{sandbox.url('segmind')}/workflows/request/{job}",
        "request_id": job,
        "status": "QUEUED",
    }
    done = segmind.until(submitted["poll_url"], "COMPLETED").json()
    assert isinstance(done["output"], str)
    [output] = json.loads(done["output"])
    assert output["keyname"] == "Product photo"
    assert output["value"]["type"] == "image"
    assert anyone.get(output["value"]["data"]).content.startswith(b"\x89PNG")
    [asked] = artist.asked
    assert "running shoe" in asked["inputs"]["prompt"]
    assert len(asked["media"]["image_input"]) == 1  # a stand-in for the default background


def test_steps_feed_each_other_and_outputs_keep_their_names(segmind, sandbox, artist):
    submitted = segmind.post(f"/workflows/{POSTER}", json={"subject": "a fox", "seed": 9}).json()
    done = segmind.until(submitted["poll_url"], "COMPLETED").json()
    outputs = json.loads(done["output"])
    assert [output["keyname"] for output in outputs] == ["Poster", "Large poster", "Caption"]
    assert [output["value"]["type"] for output in outputs] == ["image", "image", "text"]
    assert "a fox" in outputs[2]["value"]["data"]
    poster, larger = artist.asked
    assert (poster["model"], larger["model"]) == ("nano-banana", "esrgan")
    assert larger["media"] == {"image": [picture(9)]}
    assert sandbox.credits == round(10 - 0.036 - 0.0047 - 0.0075, 6)


def test_output_as_a_mapping_and_as_one_address(start, calling):
    segmind = calling(start(workflow_output="dict"))
    submitted = segmind.post(f"/workflows/{POSTER}", json={}).json()
    output = segmind.until(submitted["poll_url"], "COMPLETED").json()["output"]
    assert list(output) == ["Poster", "Large poster", "Caption"]
    segmind = calling(start(workflow_output="url"))
    submitted = segmind.post(f"/workflows/{POSTER}", json={}).json()
    output = segmind.until(submitted["poll_url"], "COMPLETED").json()["output"]
    assert output.startswith("http://127.0.0.1:")


@pytest.mark.parametrize(
    ("setting", "bearer", "own"),
    [("either", 200, 200), ("bearer", 200, 401), ("x-api-key", 401, 200)],
)
def test_keys_as_the_setting_has_it(start, calling, setting, bearer, own):
    sandbox = start(workflow_auth=setting)
    key = sandbox.environ["SEGMIND_API_KEY"]
    for headers, code in (
        ({"Authorization": f"Bearer {key}"}, bearer),
        ({"x-api-key": key}, own),
        ({"Authorization": "Bearer SG_0"}, 401),
        ({}, 401),
    ):
        caller = calling(sandbox, headers=headers)
        reply = caller.post(f"/workflows/{PRODUCT}", json={})
        assert reply.status_code == code
        if code == 200:
            assert caller.get(reply.json()["poll_url"]).status_code == 200
    assert len(sandbox.billed_posts) == [bearer, own].count(200)


def test_unknown_workflow_is_404(segmind):
    reply = segmind.post("/workflows/000000000000000000000000-v1", json={})
    assert (reply.status_code, reply.json()) == (404, {"error": "Workflow not found"})


@pytest.mark.parametrize(
    ("name", "inputs", "field"),
    [
        (PRODUCT, {"product_prompt": 5}, "product_prompt"),
        (POSTER, {"aspect_ratio": "5:1"}, "aspect_ratio"),
    ],
)
def test_bad_value_is_400_and_named(segmind, sandbox, name, inputs, field):
    reply = segmind.post(f"/workflows/{name}", json=inputs)
    assert reply.status_code == 400
    assert reply.json()["error"].startswith(f"'{field}'")
    assert sandbox.billed_posts == []


def test_failure_is_told_under_200_and_not_billed(segmind, sandbox):
    sandbox.faults.add("POST /workflows/.*", "job_failed", words="A node broke.")
    submitted = segmind.post(f"/workflows/{PRODUCT}", json={}).json()
    reply = segmind.until(submitted["poll_url"], "FAILED")
    assert reply.status_code == 200
    assert reply.json()["error"] == reply.json()["error_message"] == "A node broke."
    assert sandbox.credits == 10


def test_a_models_request_is_no_workflow(segmind):
    job = segmind.post("/v2/seedream-4.5", json={"prompt": "x"}).json()["request_id"]
    assert segmind.get(f"/workflows/request/{job}").status_code == 404


@pytest.mark.parametrize("form", ["poll_url", "request_id"])
def test_the_reply_to_a_submit_may_be_short(start, calling, form):
    segmind = calling(start(workflow_reply=form))
    reply = segmind.post("/workflows/65c9c7f641c340d7ef2f7134-v1", json={}).json()
    assert reply.keys() == {form}
