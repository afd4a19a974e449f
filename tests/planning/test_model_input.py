"""An input `model`: the target itself, another model, several, or an input of the target."""

from __future__ import annotations

from typing import Any

import pytest

from segmind_widgets.errors import InputError
from segmind_widgets.planning.model_input import refuse_swept_model, without_model
from segmind_widgets.types import Model

SCHEMA = {"type": "object", "properties": {"model": {"type": "string"}}}
KNOWN = ("flux-dev", "flux-schnell")


@pytest.mark.parametrize("model", [None, Model("tts"), Model("tts", schema={"properties": {}})])
def test_a_sweep_over_models_is_refused(model: Model | None) -> None:
    with pytest.raises(InputError, match="each row would run tts"):
        refuse_swept_model("tts", ["seed", "model"], model)
    refuse_swept_model("tts", ["seed"], model)


def test_a_parameter_of_that_name_is_an_input_like_any_other() -> None:
    model = Model("tts", schema=SCHEMA)
    refuse_swept_model("tts", ["model"], model)
    for value in ("flux-dev", "tts", ["flux-dev"], "turbo"):
        inputs = {"model": value}
        assert without_model("tts", inputs, model, KNOWN.__contains__) == inputs


@pytest.mark.parametrize(
    ("value", "left"),
    [("tts", {}), (" TTS ", {}), ("turbo", {"model": "turbo"}), (3, {"model": 3})],
)
def test_what_is_left_of_one_value(value: Any, left: dict[str, Any]) -> None:
    assert without_model("tts", {"model": value}, None, KNOWN.__contains__) == left


@pytest.mark.parametrize("value", ["flux-dev", ["tts"], ["a", "b"], ("tts", "flux-dev"), []])
def test_another_model_and_several_are_refused(value: Any) -> None:
    with pytest.raises(InputError) as raised:
        without_model("tts", {"model": value, "prompt": "x"}, None, KNOWN.__contains__)
    assert "To run two models" in raised.value.message
    assert raised.value.field == "model"
