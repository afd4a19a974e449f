"""Payloads that programs send to the services, and that no list of parameters may refuse."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from segmind_widgets.client import SegmindClient
from segmind_widgets.errors import InputError
from segmind_widgets.planning.checks import check_by_setting
from segmind_widgets.sandbox import Sandbox
from segmind_widgets.types import Model

PICTURE = "https://example.com/a.png"
REPAINT = {"prompt": "a fox", "image": PICTURE, "mask": PICTURE}
PAYLOADS = {
    "K5a": ("sd1.5-inpainting", {**REPAINT, "img_width": 626, "img_height": 626}),
    "K5c": ("seedance-2.0", {"prompt": "a fox", "duration": 7}),
    "K5c-resolution": ("seedance-2.0", {"prompt": "a fox", "resolution": "4k"}),
    "K5d": ("kling-2.1", {"prompt": "a fox", "image_url": PICTURE}),
    "a word less": ("kling-3-pro-image2video", {"prompt": "a fox", "start_image": PICTURE}),
}


@pytest.mark.parametrize("name", PAYLOADS)
def test_a_payload_in_use_is_sent_as_it_is(
    client: SegmindClient, sandbox: Sandbox, name: str
) -> None:
    slug, payload = PAYLOADS[name]
    plan = client.plan(slug, payload, as_written=True)
    assert plan.inputs == payload
    assert sandbox.requests("POST") == []


def test_nulls_of_optional_inputs_are_not_sent(client: SegmindClient) -> None:
    payload = {"prompt": "a fox", "last_frame_url": None, "seed": None}
    plan = client.plan("seedance-2.0", payload, as_written=True)
    assert plan.inputs == {"prompt": "a fox"}
    assert client.plan("seedance-2.0", payload).inputs["seed"] == -1


@pytest.mark.parametrize(
    "inputs",
    [{"promt": "a"}, {"prompt": 5, "size": "9K"}, {"sizes": "2K"}, {"prompt": "a", "n": 99}, {}],
)
def test_a_hint_refuses_nothing_unless_the_check_is_strict(inputs: dict[str, Any]) -> None:
    properties = {
        "prompt": {"type": "string", "maxLength": 3},
        "size": {"type": "string", "enum": ["1K", "2K"]},
        "n": {"type": "integer", "maximum": 4},
    }
    schema = {"type": "object", "required": ["prompt"], "properties": properties}
    hint = Model("new", schema=schema, schema_source="hint")
    sent, notes = check_by_setting(inputs, hint, "schema")
    assert set(sent) == set(inputs)
    assert bool(notes) == (inputs != {"prompt": "abc"})
    with pytest.raises(InputError):
        check_by_setting(inputs, replace(hint, schema_source="service"), "schema")


def test_a_hint_names_the_near_parameter() -> None:
    schema = {"type": "object", "properties": {"prompt": {"type": "string"}}}
    hint = Model("new", schema=schema, schema_source="hint")
    _, (note,) = check_by_setting({"promt": "a"}, hint, "schema")
    assert "did you mean `prompt`? It is sent unchanged." in note
    with pytest.raises(InputError, match="did you mean `prompt`"):
        check_by_setting({"promt": "a"}, hint, "strict")
