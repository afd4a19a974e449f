"""The values that travel between layers are plain, frozen and free of secrets."""

from __future__ import annotations

import dataclasses
import json

import pytest

from segmind_widgets import types
from segmind_widgets.types import Call, JobState, Output, Reply, RunRequest, Status

VALUES = [
    kind
    for kind in vars(types).values()
    if dataclasses.is_dataclass(kind) and isinstance(kind, type)
]


@pytest.mark.parametrize("kind", VALUES)
def test_every_value_is_frozen(kind: type) -> None:
    assert kind.__dataclass_params__.frozen  # type: ignore[attr-defined]


def test_a_call_survives_the_journal() -> None:
    call = Call("GET", "https://a.example/x", {"a": [1]}, {"b": "c"}, "bearer", False, 7.5)
    assert Call(**json.loads(json.dumps(call.to_dict()))) == call


def test_the_journal_keeps_every_part_of_a_call_but_the_body() -> None:
    call = Call("POST", "https://a.example", body=[b"stream"], repeats=2, reads="text")
    names = {field.name for field in dataclasses.fields(Call)}
    assert set(call.to_dict()) == names - {"body"}
    assert call == Call("POST", "https://a.example", repeats=2, reads="text")
    assert "stream" not in repr(call)


def test_bytes_of_an_output_are_not_shown() -> None:
    assert "secret" not in repr(Output(data=b"secret"))


@pytest.mark.parametrize("status", list(Status))
def test_a_status_is_its_word(status: Status) -> None:
    assert f"{status}" == str(status) == status.value
    assert Status(status.value) is status


def test_final_is_what_nothing_follows() -> None:
    assert {status for status in Status if status.final} == {
        Status.COMPLETED, Status.FAILED, Status.CANCELLED, Status.UNKNOWN,
    }  # fmt: skip


def test_defaults_are_not_shared() -> None:
    assert RunRequest("a").inputs is not RunRequest("b").inputs
    assert Reply(200).headers == {}
    assert JobState(Status.QUEUED).next is None
