"""The error tree, and how errors show."""

from __future__ import annotations

import pickle

import pytest

from segmind_widgets import errors
from segmind_widgets.errors import SegmindError
from segmind_widgets.providers._errors import from_reply


def test_a_notebook_shows_a_line_and_a_hint() -> None:
    error = errors.Rejected("`steps` is 99; at most 8.", hint="Give 1 to 8.", field="steps")
    assert error._render_traceback_() == [
        "\x1b[0;31mRejected\x1b[0m: `steps` is 99; at most 8.",
        "  → Give 1 to 8.",
    ]
    assert errors.InputError("No.")._render_traceback_() == ["\x1b[0;31mInputError\x1b[0m: No."]


def test_errors_are_also_what_python_calls_them() -> None:
    assert issubclass(errors.InputError, ValueError)
    assert issubclass(errors.Unreachable, ConnectionError)
    assert issubclass(errors.StillRunning, TimeoutError)
    assert str(errors.Unreachable("It is silent.")) == "It is silent."


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    drawn = errors.__doc__ or ""
    classes = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, SegmindError)
    ]
    assert len(classes) > 25
    for kind in classes:
        assert kind.__name__ in drawn


def test_an_error_survives_another_process() -> None:
    error = from_reply(422, {"x-request-id": "r"}, b'{"error": "`size` is bad"}')
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.status, again.field, again.hint) == (
        str(error), 422, "size", error.hint,
    )  # fmt: skip


@pytest.mark.parametrize("status", [400, 406, 415, 422])
def test_a_refusal_says_what_to_do(status: int) -> None:
    error = from_reply(status, {}, b'{"error": "No."}')
    assert error.hint.startswith("Nothing was billed.")
