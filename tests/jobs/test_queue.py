"""The order of steps that wait for the rate limit."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from segmind_widgets.jobs.queue import StepQueue


def test_in_a_line_results_go_before_polls_and_polls_as_they_are_due() -> None:
    found: StepQueue[Any] = StepQueue()
    stubs = [SimpleNamespace(is_submit=False) for _ in range(6)]
    late, early, result, *submits = stubs
    for stub in submits:
        stub.is_submit = True
        found.add(stub, 0.0)
    found.add(late, 9.0)
    found.add(early, 5.0)
    found.add(result, 10.0, immediate=True)
    assert len(found) == 6
    assert [found.pop() for _ in range(6)] == [
        submits[0], result, early, submits[1], late, submits[2]
    ]  # fmt: skip
    with pytest.raises(IndexError):
        found.pop()
